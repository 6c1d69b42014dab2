//! The hours of one source, counted without reading a time that tells nothing new.

use super::{Found, Sure, Unsure};
use crate::ids::AccountId;
use crate::trail::seen::Hours;
use crate::trail::survey::Facts;

/// The times of one source.
#[derive(Default)]
pub(super) struct Recorded<'t> {
    places: Vec<Place<'t>>,
    /// The place of the record before: the next is mostly of the same.
    before: usize,
    span: Option<(Written<'t>, Written<'t>)>,
}

/// Who recorded, and when.
struct Place<'t> {
    account: Option<u64>,
    region: &'t [u8],
    hours: Hours,
    /// The hours that are in it, as they are written: few in one source.
    written: Vec<u128>,
}

impl Place<'_> {
    fn is_of(&self, found: &Found<'_>) -> bool {
        self.account == found.tail.account && self.region == found.region
    }
}

/// A time as it is written: `2026-11-10T03:04:05Z`. Texts of one form are in the order of their times, and so are their bytes as numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Written<'t> {
    minute: u128,
    second: u32,
    text: &'t [u8],
}

impl<'t> Written<'t> {
    fn of(text: &'t [u8]) -> Option<Self> {
        let (minute, rest) = text.split_first_chunk::<16>()?;
        let second = rest.first_chunk::<4>()?;
        let two = |two: [u8; 2]| two[0].is_ascii_digit() && two[0] < b'6' && two[1].is_ascii_digit();
        let is_plain = two([minute[14], minute[15]]) && two([second[1], second[2]]);
        is_plain.then_some(Written {
            minute: u128::from_be_bytes(*minute),
            second: u32::from_be_bytes(*second),
            text,
        })
    }

    /// The hour, with all that is before it.
    fn hour(self) -> u128 {
        self.minute >> 24
    }
}

impl<'t> Recorded<'t> {
    pub(super) fn add(&mut self, found: &Found<'t>) -> Sure<()> {
        let time = Written::of(found.time).ok_or(Unsure)?;
        match &mut self.span {
            None => self.span = Some((time, time)),
            Some((first, _)) if time < *first => *first = time,
            Some((_, last)) if time > *last => *last = time,
            Some(_) => {}
        }
        if !self.places.get(self.before).is_some_and(|place| place.is_of(found)) {
            let known = self.places.iter().position(|place| place.is_of(found));
            self.before = known.unwrap_or(self.places.len());
            if known.is_none() {
                self.places.push(Place {
                    account: found.tail.account,
                    region: found.region,
                    hours: Hours::default(),
                    written: Vec::new(),
                });
            }
        }
        if let Some(place) = self.places.get_mut(self.before)
            && !place.written.contains(&time.hour())
        {
            place.hours.add(found.at()?);
            place.written.push(time.hour());
        }
        Ok(())
    }

    pub(super) fn hand_over(self, facts: &mut Facts) -> Sure<()> {
        let moment = |text: &[u8]| {
            std::str::from_utf8(text)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or(Unsure)
        };
        if let Some((first, last)) = self.span {
            facts.seen.span(moment(first.text)?, moment(last.text)?);
        }
        for place in self.places {
            let region = std::str::from_utf8(place.region).map_err(|_| Unsure)?.to_owned();
            let recorder = (place.account.and_then(AccountId::from_number), region);
            facts.seen.recorders.entry(recorder).or_default().merge(&place.hours);
        }
        Ok(())
    }
}
