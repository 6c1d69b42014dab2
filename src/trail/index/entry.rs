//! One entry of an index as bytes: lists behind their length.

use crate::ids::AccountId;
use crate::time::Moment;
use crate::trail::packed::{Rest, put, put_gave, put_who};
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
    put(&mut out, head.path.len() as u64);
    out.extend_from_slice(head.path.as_bytes());
    put(&mut out, head.version.size);
    put(&mut out, head.version.changed.cast_unsigned());
    put(&mut out, facts.callers.len() as u64);
    facts.callers.iter().for_each(|who| put_who(&mut out, who));
    put(&mut out, facts.gave.len() as u64);
    facts.gave.iter().for_each(|gave| put_gave(&mut out, gave));
    put(&mut out, facts.events.len() as u64);
    facts.events.iter().for_each(|event| put(&mut out, *event));
    out.extend(seen_bytes(&facts.seen));
    out
}

/// The facts of an entry; `None` where the bytes are none.
pub(super) fn facts(bytes: &[u8]) -> Option<Facts> {
    let mut rest = Rest(bytes);
    let mut facts = Facts::default();
    for _ in 0..rest.number()? {
        facts.callers.push(rest.who()?);
    }
    for _ in 0..rest.number()? {
        facts.gave.push(rest.gave()?);
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
