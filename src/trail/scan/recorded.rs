//! The hours of one source, counted without parsing a time that tells nothing new.

use super::days::Days;
use super::{Found, Sure, Unsure};
use crate::ids::AccountId;
use crate::time::Moment;
use crate::trail::seen::Hours;
use crate::trail::survey::Facts;

/// The times of one source.
#[derive(Default)]
pub(super) struct Recorded<'t> {
    places: Vec<Place<'t>>,
    /// The place of the record before: the next is mostly of the same.
    before: usize,
    days: Days,
    span: Option<(Moment, Moment)>,
}

/// Who recorded, and when.
struct Place<'t> {
    account: Option<u64>,
    region: &'t [u8],
    hours: Hours,
    /// Those of the last 64 hours that are in it, so that few have to be looked for.
    block: i64,
    bits: u64,
}

impl Place<'_> {
    fn is_of(&self, found: &Found<'_>) -> bool {
        self.account == found.tail.account && self.region == found.region
    }

    fn add(&mut self, at: Moment) {
        let hour = at.seconds().div_euclid(3_600);
        let (block, bit) = (hour.div_euclid(64), 1 << hour.rem_euclid(64));
        if self.block != block {
            (self.block, self.bits) = (block, 0);
        }
        if self.bits & bit == 0 {
            self.bits |= bit;
            self.hours.add(at);
        }
    }
}

impl<'t> Recorded<'t> {
    pub(super) fn add(&mut self, found: &Found<'t>) -> Sure<()> {
        let at = self.days.moment(found.time).map_or_else(|| found.at(), Ok)?;
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        if !self.places.get(self.before).is_some_and(|place| place.is_of(found)) {
            let known = self.places.iter().position(|place| place.is_of(found));
            self.before = known.unwrap_or(self.places.len());
            if known.is_none() {
                self.places.push(Place {
                    account: found.tail.account,
                    region: found.region,
                    hours: Hours::default(),
                    block: 0,
                    bits: 0,
                });
            }
        }
        if let Some(place) = self.places.get_mut(self.before) {
            place.add(at);
        }
        Ok(())
    }

    pub(super) fn hand_over(self, facts: &mut Facts) -> Sure<()> {
        if let Some((first, last)) = self.span {
            facts.seen.span(first, last);
        }
        for place in self.places {
            let region = std::str::from_utf8(place.region).map_err(|_| Unsure)?.to_owned();
            let recorder = (place.account.and_then(AccountId::from_number), region);
            facts.seen.recorders.entry(recorder).or_default().merge(&place.hours);
        }
        Ok(())
    }
}
