//! One pass over a trail for whoever looks at every record at a glance and reads few in full.
//!
//! It is as fast as the first pass of a trace: where the text is as CloudTrail writes it, nothing is parsed but what is asked for.

use super::read::{self, Bytes, bytes_of};
use super::scan::{self, Scratch};
use super::search::{name, on_all_cores};
use super::shape::{Reading, Taker};
use super::survey::lock;
use super::walk::{Met, Walk};
use super::{Damage, Event, EventError, Progress, Window};
use crate::time::Moment;
use rapidhash::v3::rapidhash_v3;
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Mutex;

/// What is seen of a record without parsing it. Its texts are UTF-8.
#[derive(Debug, Clone, Copy)]
pub struct Glance<'t> {
    /// When.
    pub at: Moment,
    /// `eventSource`.
    pub source: &'t [u8],
    /// `eventName`.
    pub name: &'t [u8],
    /// `sourceIPAddress`; empty where there is none.
    pub address: &'t [u8],
    /// The JSON of `userIdentity`.
    pub identity: &'t [u8],
    /// Its hash.
    pub caller: u64,
    /// The whole record's JSON, secrets among it, where it is at hand; else empty, and so is all that follows.
    pub text: &'t [u8],
    /// Its members behind the Region, each behind a comma, up to the record's closing bracket.
    pub rest: &'t [u8],
    /// `eventID`.
    pub id: &'t [u8],
    /// The part of the rest that stands behind the ID.
    pub behind: &'t [u8],
}

impl<'t> Glance<'t> {
    /// Such a text as one.
    pub fn text_of(text: &'t [u8]) -> &'t str {
        std::str::from_utf8(text).unwrap_or_default()
    }
}

/// Whoever looks. A source that turns out to be damaged, or not as CloudTrail writes it, may be looked at twice: what is kept must bear that.
pub trait Sieve {
    /// Sees a record; says whether it is to be read in full.
    fn glance(&mut self, glance: &Glance<'_>) -> bool;

    /// Takes a record in, without secrets.
    fn record(&mut self, record: &Value);
}

/// Makes a sieve.
pub type Make<S> = Box<dyn Fn() -> S + Send + Sync>;

/// Reads sources for sieves, one for each thread that reads.
pub struct Sift<S> {
    window: Window,
    make: Make<S>,
    desks: Mutex<Vec<(Scratch, S)>>,
    told: Mutex<(u64, Vec<Damage>)>,
}

impl<S: Sieve + Send> Sift<S> {
    /// A pass over what `window` admits; `make` makes a sieve.
    pub fn of(window: Window, make: Make<S>) -> Self {
        Sift {
            window,
            make,
            desks: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// What counts.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Reads the source called `name`, gzipped or not by its first bytes, in any shape.
    pub fn feed(&self, name: &str, stream: impl Read) {
        let desk = lock(&self.desks).pop();
        let (mut scratch, mut sieve) = desk.unwrap_or_else(|| (Scratch::default(), (self.make)()));
        let mut damage = Vec::new();
        let rest = match bytes_of(stream, &mut scratch) {
            Bytes::Whole => scan::sift(&mut scratch, &self.window, &mut sieve).err().map(|_| None),
            Bytes::Stream(rest) => Some(Some(rest)),
        };
        if let Some(rest) = rest {
            let mut full = Full {
                window: &self.window,
                sieve: &mut sieve,
                damage: &mut damage,
            };
            match rest {
                Some(rest) => Reading::read(name, rest, &mut full),
                None => Reading::read(name, scratch.text(), &mut full),
            }
        }
        let mut told = lock(&self.told);
        told.0 += 1;
        told.1.extend(damage);
        drop(told);
        lock(&self.desks).push((scratch, sieve));
    }

    /// Takes one record in.
    ///
    /// # Errors
    /// It lacks what every event has.
    pub fn take(&self, record: &Value) -> Result<(), EventError> {
        let desk = lock(&self.desks).pop();
        let (scratch, mut sieve) = desk.unwrap_or_else(|| (Scratch::default(), (self.make)()));
        let mut damage = Vec::new();
        let taken = Full {
            window: &self.window,
            sieve: &mut sieve,
            damage: &mut damage,
        }
        .record(record);
        lock(&self.desks).push((scratch, sieve));
        taken
    }

    /// Remembers something that could not be read at all.
    pub fn damaged(&self, name: &str, what: impl Into<String>) {
        lock(&self.told).1.push(Damage {
            file: name.to_owned(),
            offset: None,
            what: what.into(),
        });
    }

    /// Feeds files and folders, on all cores.
    pub fn read_paths(&self, paths: &[PathBuf], progress: &Progress) {
        on_all_cores(Walk::over(paths, &self.window), |met| match met {
            Met::File(path) => match read::open(&path) {
                Ok(file) => {
                    progress.opened();
                    self.feed(&name(&path), progress.watch(file));
                }
                Err(error) => self.damaged(&name(&path), error.to_string()),
            },
            Met::PassedOver => {}
            Met::Trouble(path, what) => self.damaged(&name(&path), what),
        });
    }

    /// The sieves, how many sources were read, and what could not be.
    pub fn finish(self) -> (Vec<S>, u64, Vec<Damage>) {
        let desks = self
            .desks
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let (files, mut damage) = self
            .told
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        damage.sort();
        damage.dedup();
        (desks.into_iter().map(|(_, sieve)| sieve).collect(), files, damage)
    }
}

struct Full<'a, S> {
    window: &'a Window,
    sieve: &'a mut S,
    damage: &'a mut Vec<Damage>,
}

/// Shows a record that was parsed.
///
/// # Errors
/// It lacks what every event has.
pub(super) fn show(record: &Value, window: &Window, sieve: &mut impl Sieve) -> Result<(), EventError> {
    let event = Event::parse(record)?;
    if !window.admits(&event) {
        return Ok(());
    }
    let identity = record.get("userIdentity").unwrap_or(&Value::Null).to_string();
    let glance = Glance {
        at: event.at,
        source: event.source.as_bytes(),
        name: event.name.as_bytes(),
        address: event.source_ip.as_deref().unwrap_or_default().as_bytes(),
        identity: identity.as_bytes(),
        caller: rapidhash_v3(identity.as_bytes()),
        text: &[],
        rest: &[],
        id: &[],
        behind: &[],
    };
    if sieve.glance(&glance) {
        sieve.record(&without_secrets(record));
    }
    Ok(())
}

impl<S: Sieve> Taker for Full<'_, S> {
    fn record(&mut self, record: &Value) -> Result<(), EventError> {
        show(record, self.window, self.sieve)
    }

    fn damaged(&mut self, file: &str, offset: Option<u64>, what: String) {
        self.damage.push(Damage {
            file: file.to_owned(),
            offset,
            what,
        });
    }
}

/// The record without session tokens.
pub(super) fn without_secrets(record: &Value) -> Value {
    let mut record = record.clone();
    for member in ["requestParameters", "responseElements", "errorMessage"] {
        if let Some(inner) = record.get_mut(member) {
            super::redact::redact(inner);
        }
    }
    record
}
