//! What was read, counted: times, accounts, Regions and hours of all events, kept or not.

use super::Event;
use crate::ids::AccountId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600;

/// Who recorded: an account, where the records say it, and a Region.
pub type Recorder = (Option<AccountId>, String);

/// Hours since 1970, as bits of blocks of 64: a year is 137 blocks, however many events it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours(BTreeMap<i64, u64>);

impl Hours {
    /// Counts the hour of `at`.
    pub fn add(&mut self, at: Moment) {
        let hour = at.seconds().div_euclid(HOUR);
        *self.0.entry(hour.div_euclid(64)).or_default() |= 1 << hour.rem_euclid(64);
    }

    /// Whether the hour of `at` has an event.
    pub fn has(&self, at: Moment) -> bool {
        let hour = at.seconds().div_euclid(HOUR);
        let bits = self.0.get(&hour.div_euclid(64)).copied().unwrap_or_default();
        bits >> hour.rem_euclid(64) & 1 == 1
    }

    /// How many hours have events.
    pub fn count(&self) -> u64 {
        self.0.values().map(|bits| u64::from(bits.count_ones())).sum()
    }

    /// The beginning of the first and of the last hour with events.
    pub fn span(&self) -> Option<(Moment, Moment)> {
        let (first, last) = (self.0.first_key_value()?, self.0.last_key_value()?);
        let hour = |block: i64, bit: u32| Moment::from_millis((block * 64 + i64::from(bit)) * HOUR * 1000);
        Some((
            hour(*first.0, first.1.trailing_zeros()),
            hour(*last.0, 63 - last.1.leading_zeros()),
        ))
    }

    /// Runs of hours without an event between `from` and `to`: the beginning of each, and how many hours.
    pub fn silences(&self, from: Moment, to: Moment) -> Vec<(Moment, u64)> {
        let start = |at: Moment| at.seconds().div_euclid(HOUR);
        let mut silences: Vec<(Moment, u64)> = Vec::new();
        let mut open = false;
        for hour in start(from)..=start(to) {
            let at = Moment::from_millis(hour * HOUR * 1000);
            match (self.has(at), open, silences.last_mut()) {
                (false, true, Some(run)) => run.1 += 1,
                (false, ..) => silences.push((at, 1)),
                (true, ..) => {}
            }
            open = !self.has(at);
        }
        silences
    }

    pub(super) fn merge(&mut self, other: &Hours) {
        for (block, bits) in &other.0 {
            *self.0.entry(*block).or_default() |= bits;
        }
    }
}

/// What was read, kept or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The earliest event.
    pub first: Option<Moment>,
    /// The latest event.
    pub last: Option<Moment>,
    /// The hours with events, by who recorded them.
    pub recorders: BTreeMap<Recorder, Hours>,
    /// Whether there are data events.
    pub data: bool,
    /// Whether there are calls that only read; a trail of write events alone has none.
    pub reads: bool,
}

impl Seen {
    /// Counts an event.
    pub(super) fn add(&mut self, event: &Event) {
        self.span(event.at, event.at);
        self.data |= event.data;
        self.reads |= event.read_only == Some(true) && event.name != "AssumeRole";
        let recorder = (event.recipient.clone(), event.region.clone());
        self.recorders.entry(recorder).or_default().add(event.at);
    }

    /// Counts an event that was sought: that its hour has others is not known, and that another has none neither.
    pub(super) fn add_sought(&mut self, event: &Event) {
        self.span(event.at, event.at);
        self.data |= event.data;
        let recorder = (event.recipient.clone(), event.region.clone());
        self.recorders.entry(recorder).or_default();
    }

    pub(super) fn span(&mut self, first: Moment, last: Moment) {
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
    }

    /// Takes in what `other` saw.
    pub(super) fn merge(&mut self, other: &Seen) {
        if let (Some(first), Some(last)) = (other.first, other.last) {
            self.span(first, last);
        }
        self.data |= other.data;
        self.reads |= other.reads;
        for (recorder, hours) in &other.recorders {
            self.recorders.entry(recorder.clone()).or_default().merge(hours);
        }
    }
}
