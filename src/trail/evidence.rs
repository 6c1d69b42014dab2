//! A set of events, with what is known about how complete it is.

use super::Event;
use crate::ids::AccountId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
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

/// Events with their coverage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    events: BTreeMap<String, Event>,
    corrected: BTreeSet<String>,
    /// Files that were read.
    pub files: u64,
    /// Records that came more than once.
    pub duplicates: u64,
    /// What could not be read.
    pub damage: Vec<Damage>,
    /// Remarks on what the evidence covers.
    pub notes: BTreeSet<String>,
}

impl Evidence {
    /// Adds a record. A copy counts once; an addendum takes the place of what it corrects.
    pub fn add_record(&mut self, record: &Value) -> Result<(), super::EventError> {
        let event = Event::parse(record)?;
        if let Some(original) = event.corrects.clone() {
            self.events.remove(&original);
            self.corrected.insert(original);
        }
        let outdated = self.corrected.contains(&event.id) && event.corrects.is_none();
        if outdated || self.events.insert(event.id.clone(), event).is_some() {
            self.duplicates += 1;
        }
        Ok(())
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
        if !self.damage.contains(&damage) {
            self.damage.push(damage);
            self.damage.sort();
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
        self.corrected.extend(other.corrected);
        for (id, event) in other.events {
            if !self.corrected.contains(&id) || event.corrects.is_some() {
                self.events.insert(id, event);
            }
        }
        self.events
            .retain(|id, event| !self.corrected.contains(id) || event.corrects.is_some());
        self.files += other.files;
        self.duplicates += other.duplicates;
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
