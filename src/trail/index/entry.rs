//! One entry of an index as bytes: numbers in little-endian order, lists behind their length.

use crate::ids::AccountId;
use crate::time::Moment;
use crate::trail::facts::{Gave, Who};
use crate::trail::survey::Facts;
use crate::trail::{Hours, Seen};
use std::time::SystemTime;

/// By what a file is taken to be as it was: its size in bytes, and its time of change in nanoseconds since 1970; of an object a hash of its ETag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trail) struct Version {
    pub(super) size: u64,
    changed: i64,
}

impl Version {
    pub(super) fn marked(size: u64, changed: i64) -> Version {
        Version { size, changed }
    }

    pub(super) fn of(size: u64, changed: SystemTime) -> Option<Version> {
        let changed = changed.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Version {
            size,
            changed: i64::try_from(changed.as_nanos()).ok()?,
        })
    }
}

/// Of which file an entry is.
#[derive(Debug, PartialEq)]
pub(super) struct Head {
    pub(super) path: String,
    pub(super) version: Version,
}

impl Head {
    /// The head of an entry, and its facts as bytes.
    pub(super) fn read(bytes: &[u8]) -> Option<(Head, &[u8])> {
        let mut rest = Rest(bytes);
        let length = usize::try_from(rest.number()?).ok()?;
        let path = String::from_utf8(rest.bytes(length)?.to_vec()).ok()?;
        let version = Version {
            size: rest.number()?,
            changed: rest.number()?.cast_signed(),
        };
        Some((Head { path, version }, rest.0))
    }
}

/// An entry.
pub(super) fn bytes(head: &Head, facts: &Facts) -> Vec<u8> {
    let mut out = Vec::new();
    let mut put = |number: u64| out.extend_from_slice(&number.to_le_bytes());
    put(head.path.len() as u64);
    out.extend_from_slice(head.path.as_bytes());
    let mut put = |number: u64| out.extend_from_slice(&number.to_le_bytes());
    put(head.version.size);
    put(head.version.changed.cast_unsigned());
    put(facts.callers.len() as u64);
    for who in &facts.callers {
        let session = u64::from(who.sign_in) << 32 | u64::from(who.since);
        [who.key, who.id, who.name, session].into_iter().for_each(&mut put);
    }
    put(facts.gave.len() as u64);
    for gave in &facts.gave {
        let marks = u64::from(gave.names_role) | u64::from(gave.is_long_term) << 1 | u64::from(gave.is_of_console) << 2;
        [gave.by, gave.new.key, gave.new.id, gave.new.name, gave.shared, marks]
            .into_iter()
            .for_each(&mut put);
    }
    put(facts.events.len() as u64);
    facts.events.iter().copied().for_each(&mut put);
    out.extend(seen_bytes(&facts.seen));
    out
}

/// The facts of an entry; `None` where the bytes are none.
pub(super) fn facts(bytes: &[u8]) -> Option<Facts> {
    let mut rest = Rest(bytes);
    let mut facts = Facts::default();
    for _ in 0..rest.number()? {
        let (who, session) = (rest.who()?, rest.number()?);
        facts.callers.push(Who {
            sign_in: (session >> 32) as u32,
            since: session as u32,
            ..who
        });
    }
    for _ in 0..rest.number()? {
        let (by, new, shared, marks) = (rest.number()?, rest.who()?, rest.number()?, rest.number()?);
        facts.gave.push(Gave {
            by,
            new,
            shared,
            names_role: marks & 1 == 1,
            is_long_term: marks & 2 == 2,
            is_of_console: marks & 4 == 4,
        });
    }
    for _ in 0..rest.number()? {
        facts.events.push(rest.number()?);
    }
    facts.seen = seen(rest.0)?;
    Some(facts)
}

type Recorded = (Option<AccountId>, String, Hours);

fn seen_bytes(seen: &Seen) -> Vec<u8> {
    let recorders = seen.recorders.iter();
    let recorders: Vec<_> = recorders
        .map(|((account, region), hours)| (account, region, hours))
        .collect();
    let span = seen.first.zip(seen.last);
    let span = span.map(|(first, last)| (first.millis(), last.millis()));
    // Writing to memory does not fail; an entry without it could not be read, and the file is surveyed again.
    serde_json::to_vec(&(span, seen.data, seen.reads, recorders)).unwrap_or_default()
}

fn seen(bytes: &[u8]) -> Option<Seen> {
    type Told = (Option<(i64, i64)>, bool, bool, Vec<Recorded>);
    let (span, data, reads, recorders): Told = serde_json::from_slice(bytes).ok()?;
    Some(Seen {
        first: span.map(|(first, _)| Moment::from_millis(first)),
        last: span.map(|(_, last)| Moment::from_millis(last)),
        recorders: recorders
            .into_iter()
            .map(|(account, region, hours)| ((account, region), hours))
            .collect(),
        data,
        reads,
    })
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    fn who(&mut self) -> Option<Who> {
        Some(Who {
            key: self.number()?,
            id: self.number()?,
            name: self.number()?,
            ..Who::default()
        })
    }
}
