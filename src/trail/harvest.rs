//! The second of two passes: what can matter for a family is read again, in full.

use super::closure::Closure;
use super::facts::number;
use super::growth::Growth;
use super::read::{Bytes, bytes_of};
use super::scan::{self, Scratch};
use super::shape::{Reading, Taker};
use super::survey::{Total, lock};
use super::{Damage, Event, EventError, Evidence, Window};
use crate::ids::AccessKeyId;
use serde_json::Value;
use std::io::Read;
use std::sync::Mutex;

/// Keys, users and sign-ins that may be of the families that were asked for: of whichever of them the evidence turns out to speak, everything was read.
#[derive(Debug, Clone, Default)]
pub struct Followed(Growth);

impl Followed {
    /// Whether the key was among them.
    pub fn has(&self, key: &AccessKeyId) -> bool {
        self.0.keys.contains(&number(key.as_str()))
    }

    /// Whether everybody of this name was.
    pub fn has_name(&self, name: &str) -> bool {
        self.0.has_entered(name)
    }

    /// Whether everybody who bears this sign-in was.
    pub fn has_sign_in(&self, sign_in: &str) -> bool {
        self.0.has_sign_in(sign_in)
    }
}

/// The second pass. As the first it may be fed from any number of threads at once.
pub struct Harvest {
    closure: Closure,
    window: Window,
    scratch: Mutex<Vec<Scratch>>,
    total: Mutex<Total>,
}

impl Harvest {
    pub(super) fn of(closure: Closure, window: Window, total: Total, scratches: Vec<Scratch>) -> Self {
        Harvest {
            closure,
            window,
            scratch: Mutex::new(scratches),
            total: Mutex::new(total),
        }
    }

    /// Whether the source called `name` holds anything that can matter.
    pub fn wants(&self, name: &str) -> bool {
        self.closure.wants(number(name))
    }

    /// What the second pass follows.
    pub fn followed(&self) -> Followed {
        Followed(self.closure.grown().clone())
    }

    /// What counts.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Remembers a source that could not be read again.
    pub fn damaged(&self, name: &str, what: impl Into<String>) {
        lock(&self.total).evidence.damaged(name, None, what);
    }

    /// How many sources are wanted.
    pub fn wanted(&self) -> usize {
        self.closure.wanted()
    }

    /// Reads a source that [`Harvest::wants`] again.
    pub fn feed(&self, name: &str, stream: impl Read) {
        let mut scratch = lock(&self.scratch).pop().unwrap_or_default();
        let mut kept = Kept {
            closure: &self.closure,
            window: &self.window,
            total: &self.total,
            events: Vec::new(),
            damage: Vec::new(),
        };
        match bytes_of(stream, &mut scratch) {
            Bytes::Stream(rest) => Reading::read(name, rest, &mut kept),
            Bytes::Whole => {
                if scan::harvest(&mut scratch, &self.closure, &mut kept).is_err() {
                    kept.events.clear();
                    kept.damage.clear();
                    Reading::read(name, scratch.text(), &mut kept);
                }
            }
        }
        kept.hand_over();
        lock(&self.scratch).push(scratch);
    }

    /// The evidence: every event that can matter, and the coverage of everything that was read.
    pub fn finish(self) -> Evidence {
        let mut total = self
            .total
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut total.fold).finish(&mut total.evidence);
        let (distinct, exact) = total.distinct.count();
        total.evidence.covers(total.records, distinct, exact, &total.seen);
        total.evidence
    }
}

/// What matters in one source.
pub(super) struct Kept<'a> {
    closure: &'a Closure,
    window: &'a Window,
    total: &'a Mutex<Total>,
    events: Vec<Event>,
    damage: Vec<Damage>,
}

/// So many events of one source are held: it may be of any size.
const HELD: usize = 1_024;

impl Kept<'_> {
    /// Hands over what was gathered so far. What is read again afterwards is a copy.
    fn hand_over(&mut self) {
        let mut total = lock(self.total);
        for event in self.events.drain(..) {
            if let Some(event) = total.fold.take(event) {
                total.evidence.keep(event);
            }
        }
        for damage in self.damage.drain(..) {
            total.evidence.damaged(&damage.file, damage.offset, damage.what);
        }
    }

    /// Takes in an event that matters, if it counts.
    pub(super) fn take(&mut self, event: Event) {
        if self.window.admits(&event) && self.closure.matters(&event) {
            self.events.push(event);
        }
        if self.events.len() >= HELD {
            self.hand_over();
        }
    }
}

impl Taker for Kept<'_> {
    fn record(&mut self, record: &Value) -> Result<(), EventError> {
        self.take(Event::parse(record)?);
        Ok(())
    }

    // Mostly the first pass told it, and the same place is told once. But it trusts what a checksum vouches for.
    fn damaged(&mut self, file: &str, offset: Option<u64>, what: String) {
        self.damage.push(Damage {
            file: file.to_owned(),
            offset,
            what,
        });
    }

    fn lacks(&mut self, what: &str) {
        lock(self.total).evidence.lacks.insert(what.to_owned());
    }
}
