//! A set of events, with what is known about how complete it is.

use super::shape::Taker;
use super::{Event, EventError, Recorder, Seen, fold};
use crate::ids::{AccessKeyId, AccountId};
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A place that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// The byte at which it begins, in the unpacked file; `None` when the file could not be opened at all.
    pub offset: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} at byte {offset}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// Events with their coverage. Whatever the order in which things are added, the same things give an equal evidence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// By the event that a record tells of, so that a correction meets what it corrects.
    events: BTreeMap<String, Event>,
    /// Distinct events that were read and not kept, because they can't matter for the keys that were asked for.
    beside: u64,
    /// Whether the number of events is an estimate: there are too many to tell copies apart.
    pub is_estimate: bool,
    /// Times, accounts, Regions and hours of all events, kept or not.
    seen: Seen,
    /// Regions whose Event history was asked, and for which keys.
    pub(crate) looked_up: BTreeMap<String, BTreeSet<AccessKeyId>>,
    /// Files that were read.
    pub files: u64,
    /// Files of digests and Insights, which hold no calls and were passed over.
    pub passed_over: u64,
    /// Records beyond the first that tell of the same event: copies, and what a correction took the place of.
    pub duplicates: u64,
    /// What could not be read, sorted.
    pub damage: Vec<Damage>,
    /// Remarks on what the evidence covers.
    pub notes: BTreeSet<String>,
    /// What tables that rows came from don't tell of a record, by the names of columns and fields.
    pub lacks: BTreeSet<String>,
}

/// Which of two records of one event is to be believed: a correction before what it corrects, then the later, then any order that is
/// the same whichever came first.
fn by_authority(one: &Event, two: &Event) -> Ordering {
    let rank = |event: &Event| (event.addendum.is_some(), event.at);
    rank(one)
        .cmp(&rank(two))
        .then_with(|| one.id.cmp(&two.id))
        .then_with(|| fold::kind(one).cmp(&fold::kind(two)))
        .then_with(|| format!("{one:?}").cmp(&format!("{two:?}")))
}

impl Evidence {
    /// Adds a record. A copy counts once; an addendum takes the place of what it corrects.
    ///
    /// # Errors
    /// The record lacks what every event has; nothing is added.
    pub fn add_record(&mut self, record: &Value) -> Result<(), super::EventError> {
        self.add(Event::parse(record)?);
        Ok(())
    }

    /// Adds a record that was sought by its key: unlike those of a file it says nothing of what else was recorded in its hour.
    ///
    /// # Errors
    /// As [`Evidence::add_record`].
    pub fn add_sought(&mut self, record: &Value) -> Result<(), super::EventError> {
        let event = Event::parse(record)?;
        self.seen.add_sought(&event);
        self.keep(event);
        Ok(())
    }

    /// Remembers that the Event history of a Region was asked for these keys.
    pub fn looked_up(&mut self, region: &str, keys: impl IntoIterator<Item = AccessKeyId>) {
        self.looked_up.entry(region.to_owned()).or_default().extend(keys);
    }

    fn add(&mut self, event: Event) {
        self.seen.add(&event);
        self.keep(event);
    }

    /// Keeps an event that was counted before.
    pub(super) fn keep(&mut self, event: Event) {
        match self.events.entry(event.tells_of().to_owned()) {
            Entry::Vacant(place) => {
                place.insert(event);
            }
            Entry::Occupied(mut known) => {
                self.duplicates += 1;
                if *known.get() != event && by_authority(known.get(), &event) == Ordering::Less {
                    known.insert(event);
                }
            }
        }
    }

    /// Counts what was read of an archive whose events were kept only where they can matter.
    pub(super) fn covers(&mut self, records: u64, distinct: u64, is_exact: bool, seen: &Seen) {
        self.beside = distinct.saturating_sub(self.kept());
        self.duplicates = records.saturating_sub(distinct);
        self.is_estimate = !is_exact;
        self.seen.merge(seen);
    }

    /// Adds a remark on coverage.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.insert(note.into());
    }

    /// Adds a place that could not be read.
    pub fn damaged(&mut self, file: &str, offset: Option<u64>, what: impl Into<String>) {
        let damage = Damage {
            file: file.to_owned(),
            offset,
            what: what.into(),
        };
        if let Err(place) = self.damage.binary_search(&damage) {
            self.damage.insert(place, damage);
        }
    }

    /// The IDs of the events that the kept records tell of.
    pub(super) fn told_of(&self) -> impl Iterator<Item = &str> {
        self.events.keys().map(String::as_str)
    }

    /// The events by time, then by ID.
    pub fn events(&self) -> Vec<&Event> {
        let mut events: Vec<&Event> = self.events.values().collect();
        events.sort_by(|one, two| (one.at, &one.id).cmp(&(two.at, &two.id)));
        events
    }

    /// How many distinct events were read.
    pub fn len(&self) -> u64 {
        self.kept() + self.beside
    }

    fn kept(&self) -> u64 {
        self.events.values().map(|event| event.times).sum()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Times, accounts, Regions and hours of all events.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Takes in everything of `other`.
    pub fn merge(&mut self, other: Evidence) {
        self.files += other.files;
        self.passed_over += other.passed_over;
        self.duplicates += other.duplicates;
        self.beside += other.beside;
        self.is_estimate |= other.is_estimate;
        self.seen.merge(&other.seen);
        other
            .looked_up
            .into_iter()
            .for_each(|(region, keys)| self.looked_up(&region, keys));
        other.events.into_values().for_each(|event| self.keep(event));
        other
            .damage
            .into_iter()
            .for_each(|damage| self.damaged(&damage.file, damage.offset, damage.what));
        self.notes.extend(other.notes);
        self.lacks.extend(other.lacks);
    }

    /// The first and the last moment that an event speaks of.
    pub fn span(&self) -> Option<(Moment, Moment)> {
        Some((self.seen.first?, self.seen.last?))
    }

    /// Regions and accounts that recorded events.
    pub fn regions_and_accounts(&self) -> (BTreeSet<String>, BTreeSet<AccountId>) {
        let recorders = || self.seen.recorders.keys();
        let regions = recorders()
            .map(|(_, region)| region.clone())
            .filter(|region| !region.is_empty());
        (
            regions.collect(),
            recorders()
                .filter_map(|(account, _): &Recorder| account.clone())
                .collect(),
        )
    }
}

impl Taker for Evidence {
    fn record(&mut self, record: &Value) -> Result<(), EventError> {
        self.add_record(record)
    }

    fn damaged(&mut self, file: &str, offset: Option<u64>, what: String) {
        Evidence::damaged(self, file, offset, what);
    }

    fn lacks(&mut self, what: &str) {
        if !self.lacks.contains(what) {
            self.lacks.insert(what.to_owned());
        }
    }
}
