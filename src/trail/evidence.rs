//! A set of events, with what is known about how complete it is.

use super::Event;
use crate::ids::AccountId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

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

/// Events with their coverage. Whatever the order in which things are added, the same things give an equal evidence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// By the event that a record tells of, so that a correction meets what it corrects.
    events: BTreeMap<String, Event>,
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
}

/// Which of two records of one event is to be believed: a correction before what it corrects, then the later, then any order that is
/// the same whichever came first.
fn by_authority(one: &Event, two: &Event) -> Ordering {
    let rank = |event: &Event| (event.addendum.is_some(), event.at);
    rank(one)
        .cmp(&rank(two))
        .then_with(|| one.id.cmp(&two.id))
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

    fn add(&mut self, event: Event) {
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

    /// The events by time, then by ID.
    pub fn events(&self) -> Vec<&Event> {
        let mut events: Vec<&Event> = self.events.values().collect();
        events.sort_by(|one, two| (one.at, &one.id).cmp(&(two.at, &two.id)));
        events
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Takes in everything of `other`.
    pub fn merge(&mut self, other: Evidence) {
        self.files += other.files;
        self.passed_over += other.passed_over;
        self.duplicates += other.duplicates;
        other.events.into_values().for_each(|event| self.add(event));
        other
            .damage
            .into_iter()
            .for_each(|damage| self.damaged(&damage.file, damage.offset, damage.what));
        self.notes.extend(other.notes);
    }

    /// The first and the last moment that an event speaks of.
    pub fn span(&self) -> Option<(Moment, Moment)> {
        let times = || self.events.values().map(|event| event.at);
        Some((times().min()?, times().max()?))
    }

    /// Regions and accounts that recorded events.
    pub fn regions_and_accounts(&self) -> (BTreeSet<String>, BTreeSet<AccountId>) {
        let regions = self
            .events
            .values()
            .map(|event| event.region.clone())
            .filter(|region| !region.is_empty());
        let accounts = self.events.values().filter_map(|event| event.recipient.clone());
        (regions.collect(), accounts.collect())
    }
}
