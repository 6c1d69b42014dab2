//! Reads the facts of records without parsing them, where the text is exactly as CloudTrail writes it.
//!
//! CloudTrail writes `{"Records":[` and then records of one line, each of which begins `{"eventVersion":"…","userIdentity":{…},"eventTime":"…",
//! "eventSource":"…","eventName":"…","awsRegion":"…"` and has its `eventID` near its end. Every record has one `eventTime`, so a search for
//! that member's name meets every record. Around each the text must be just so, the caller's identity must parse as JSON by
//! itself (it is parsed once for each text that it is met with), and there must be one `eventID`. Whatever differs in the least (another
//! order, white space, an escape in a name or in a text that counts) makes the scan [`Unsure`], and the source is read record by
//! record. A quote inside a text is escaped in JSON, so none of these names can be met inside a text.

use super::enters::is_entrance;
use super::facts::{GIVERS, Gave, Who, number, number_of};
use super::giving;
use super::harvest::{Closure, Kept};
use super::identity;
use super::seen::Hours;
use super::shape::Taker;
use super::sift::{Glance, Sieve, without_secrets};
use super::survey::Facts;
use super::window::Window;
use crate::ids::AccountId;
use crate::time::Moment;
use memchr::memmem::Finder;
use memchr::{memchr, memchr2};
use rapidhash::v3::rapidhash_v3;
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// The text is not exactly as CloudTrail writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsure;

type Sure<T> = Result<T, Unsure>;

const HEAD: &[u8] = b"{\"Records\":[";
const VERSION: &[u8] = b"{\"eventVersion\":\"";
const IDENTITY: &[u8] = b"\",\"userIdentity\":";
const TIME: &[u8] = b",\"eventTime\":\"";
const SOURCE: &[u8] = b"Z\",\"eventSource\":\"";
const NAME: &[u8] = b"\",\"eventName\":\"";
const REGION: &[u8] = b"\",\"awsRegion\":\"";
const ADDRESS: &[u8] = b"\",\"sourceIPAddress\":\"";
const ID: &[u8] = b"\"eventID\":\"";

/// How far before an `eventTime` its record's beginning is looked for first, and before a record's end its `eventID`.
const NEAR: usize = 1_000;

/// So many texts are remembered before the memory of them is begun anew.
const REMEMBERED: usize = 65_536;

/// Longer than this a record's end is not remembered.
const LONG_TAIL: usize = 420;

struct Finders {
    time: Finder<'static>,
    version: Finder<'static>,
    id: Finder<'static>,
    account: Finder<'static>,
    addendum: Finder<'static>,
    /// Of members that hold a new key or join two records.
    gives: [Finder<'static>; 3],
}

static FIND: LazyLock<Finders> = LazyLock::new(|| Finders {
    time: Finder::new(TIME),
    version: Finder::new(VERSION),
    id: Finder::new(ID),
    account: Finder::new(b"\"recipientAccountId\":\""),
    addendum: Finder::new(b"\"addendum\""),
    gives: [
        Finder::new(b"\"accessKeyId\""),
        Finder::new(b"\"sharedEventID\""),
        Finder::new(b"\"serviceSpecificCredentialId\""),
    ],
});

/// What a thread works with, kept between sources.
#[derive(Default)]
pub(super) struct Scratch {
    /// Buffers, and how much of each is filled: they stay as large as they had to be.
    pub(super) packed: Vec<u8>,
    pub(super) packed_length: usize,
    pub(super) text: Vec<u8>,
    pub(super) text_length: usize,
    pub(super) unpacker: Option<libdeflater::Decompressor>,
    memory: Memory,
}

impl Scratch {
    /// The unpacked text.
    pub(super) fn text(&self) -> &[u8] {
        self.text.get(..self.text_length).unwrap_or_default()
    }
}

/// Texts that were looked into before.
#[derive(Default)]
struct Memory {
    identities: HashMap<u64, Known, Hashed>,
    /// The number of the text that is scanned.
    scan: u64,
    tails: HashMap<u64, Tail, Hashed>,
    /// Lengths from a record's beginning to its `eventTime`, and from its `eventID` to its end, the last that were right.
    heads: Guesses,
    ends: Guesses,
}

/// What is looked up by a hash isn't hashed again.
type Hashed = BuildHasherDefault<AsItIs>;

#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = rapidhash_v3(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A caller who was met before.
struct Known {
    who: Who,
    /// The text that they were met in last.
    scan: u64,
}

/// The distances that were right the last times.
#[derive(Default)]
struct Guesses {
    last: [usize; 8],
    next: usize,
}

impl Guesses {
    fn right(&mut self, distance: usize) {
        if !self.last.contains(&distance) {
            self.last[self.next % 8] = distance;
            self.next += 1;
        }
    }
}

/// What stands behind a record's `eventID`.
#[derive(Clone, Copy, Default)]
struct Tail {
    account: Option<u64>,
    is_data: bool,
    reads: bool,
    corrects: bool,
}

/// One record, by places in the text.
struct Found<'t> {
    who: Who,
    /// Whether they call for the first time in this text.
    is_new: bool,
    /// The whole record.
    text: &'t [u8],
    /// The caller's identity.
    identity: &'t [u8],
    time: &'t [u8],
    source: &'t [u8],
    name: &'t [u8],
    region: &'t [u8],
    id: &'t [u8],
    /// What stands behind the Region.
    body: &'t [u8],
    tail: Tail,
}

/// Gathers the facts of the scratch's text.
///
/// # Errors
/// The text isn't just as CloudTrail writes it; what was gathered must be dropped.
pub(super) fn survey(scratch: &mut Scratch, window: &Window, facts: &mut Facts) -> Sure<()> {
    let mut hours = Recorded::default();
    let is_open = window.is_open();
    let text = scratch.text.get(..scratch.text_length).unwrap_or_default();
    scratch.memory.scan += 1;
    records(text, &mut scratch.memory, |found| {
        if !is_open && !found.is_in(window)? {
            return Ok(());
        }
        // Who called first outside of the window isn't new any more within it.
        if found.is_new || !is_open {
            facts.callers.push(found.who);
        }
        facts.gave.extend(found.gave()?);
        facts.events.push(found.tells_of()?);
        facts.seen.data |= found.tail.is_data;
        facts.seen.reads |= found.tail.reads && found.name != b"AssumeRole";
        hours.add(&found)
    })?;
    // Within an open window they come once each already.
    if !is_open {
        facts.settle();
    }
    hours.hand_over(facts)
}

/// Reads those records in full that can matter.
///
/// # Errors
/// As [`survey`].
pub(super) fn harvest(scratch: &mut Scratch, closure: &Closure, kept: &mut Kept<'_>) -> Sure<()> {
    let text = scratch.text.get(..scratch.text_length).unwrap_or_default();
    records(text, &mut scratch.memory, |found| {
        let matters = closure.calls(found.who) || found.gave()?.is_some_and(|gave| closure.gives(&gave));
        if matters || found.tail.corrects {
            let record: Value = serde_json::from_slice(found.text).map_err(|_| Unsure)?;
            kept.record(&record).map_err(|_| Unsure)?;
        }
        Ok(())
    })
}

/// Shows each record to a sieve, and reads those in full that it wants.
///
/// # Errors
/// As [`survey`].
pub(super) fn sift(scratch: &mut Scratch, window: &Window, sieve: &mut impl Sieve) -> Sure<()> {
    let is_open = window.is_open();
    let text = scratch.text.get(..scratch.text_length).unwrap_or_default();
    records(text, &mut scratch.memory, |found| {
        if !is_open && !found.is_in(window)? {
            return Ok(());
        }
        let told = |text| std::str::from_utf8(text).map_err(|_| Unsure);
        // CloudTrail writes the address behind the Region; a record that has none goes on otherwise.
        let address = match found.body.strip_prefix(ADDRESS) {
            Some(rest) => plain(rest, 0)?,
            None => return Err(Unsure),
        };
        let glance = Glance {
            at: found.at()?,
            source: told(found.source)?,
            name: told(found.name)?,
            address: told(address)?,
            identity: found.identity,
            caller: rapidhash_v3(found.identity),
            text: found.text,
        };
        if sieve.glance(&glance) {
            let record: Value = serde_json::from_slice(found.text).map_err(|_| Unsure)?;
            sieve.record(&without_secrets(&record));
        }
        Ok(())
    })
}

/// Walks over the records of a text.
fn records<'t>(text: &'t [u8], memory: &mut Memory, mut each: impl FnMut(Found<'t>) -> Sure<()>) -> Sure<()> {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b"]}").ok_or(Unsure)?;
    if text == HEAD {
        return Ok(());
    }
    if !text.starts_with(HEAD) || !text.ends_with(b"}") {
        return Err(Unsure);
    }
    let mut time = FIND.time.find(text).ok_or(Unsure)?;
    let mut start = beginning(text, HEAD.len(), time, memory)?;
    if start.record != HEAD.len() {
        return Err(Unsure);
    }
    loop {
        let behind = time + TIME.len();
        let next = FIND.time.find(text.get(behind..).ok_or(Unsure)?).map(|at| behind + at);
        let (end, following) = match next {
            None => (text.len(), None),
            Some(next) => {
                let following = beginning(text, behind, next, memory)?;
                let end = following
                    .record
                    .checked_sub(1)
                    .filter(|end| text.get(*end) == Some(&b','))
                    .ok_or(Unsure)?;
                (end, Some((next, following)))
            }
        };
        let record = text
            .get(start.record..end)
            .filter(|record| record.ends_with(b"}"))
            .ok_or(Unsure)?;
        each(found(record, behind - start.record, &start, memory)?)?;
        match following {
            None => return Ok(()),
            Some((next, following)) => (time, start) = (next, following),
        }
    }
}

/// Where a record begins, and who called.
struct Beginning {
    record: usize,
    who: Who,
    is_new: bool,
}

/// The beginning of the record whose `eventTime` is at `time`; it lies behind `floor`.
fn beginning(text: &[u8], floor: usize, time: usize, memory: &mut Memory) -> Sure<Beginning> {
    for distance in memory.heads.last {
        if let Some(record) = time
            .checked_sub(distance)
            .filter(|record| *record >= floor && distance > 0)
            && text.get(record..).is_some_and(|rest| rest.starts_with(VERSION))
            && let Ok((who, is_new)) = caller(text, record, time, memory)
        {
            return Ok(Beginning { record, who, is_new });
        }
    }
    for reach in [NEAR, usize::MAX] {
        let from = floor.max(time.saturating_sub(reach));
        let part = text.get(from..time).ok_or(Unsure)?;
        if let Some(record) = FIND.version.find_iter(part).last().map(|at| from + at) {
            let (who, is_new) = caller(text, record, time, memory)?;
            memory.heads.right(time - record);
            return Ok(Beginning { record, who, is_new });
        }
    }
    Err(Unsure)
}

/// Who called, where between the record's beginning and `time` stand its version and its caller's identity and nothing else; and whether
/// they call for the first time in this text.
fn caller(text: &[u8], record: usize, time: usize, memory: &mut Memory) -> Sure<(Who, bool)> {
    let identity_text = identity_in(text.get(record + VERSION.len()..time).ok_or(Unsure)?)?;
    let hash = rapidhash_v3(identity_text);
    if let Some(known) = memory.identities.get_mut(&hash) {
        let is_new = std::mem::replace(&mut known.scan, memory.scan) != memory.scan;
        return Ok((known.who, is_new));
    }
    let who = identity::who(identity_text).map_err(|_| Unsure)?;
    if memory.identities.len() >= REMEMBERED {
        memory.identities.clear();
    }
    let scan = memory.scan;
    memory.identities.insert(hash, Known { who, scan });
    Ok((who, true))
}

/// The identity in what stands between the beginning of a record's version and its time.
fn identity_in(head: &[u8]) -> Sure<&[u8]> {
    let version = memchr(b'"', head.get(..12).unwrap_or(head)).ok_or(Unsure)?;
    let plain = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let (version, rest) = head.split_at(version);
    rest.strip_prefix(IDENTITY)
        .filter(|_| version.iter().all(plain))
        .ok_or(Unsure)
}

/// A text that begins at `from` and ends before the next quote; none that counts has an escape.
fn plain(record: &[u8], from: usize) -> Sure<&[u8]> {
    let rest = record.get(from..).ok_or(Unsure)?;
    let end = memchr2(b'"', b'\\', rest).ok_or(Unsure)?;
    match rest.get(end) {
        Some(b'"') if end > 0 => rest.get(..end).ok_or(Unsure),
        _ => Err(Unsure),
    }
}

/// The record's parts. `time` is where its `eventTime`'s value begins.
fn found<'t>(record: &'t [u8], time: usize, start: &Beginning, memory: &mut Memory) -> Sure<Found<'t>> {
    let follows = |at: usize, name: &[u8]| match record.get(at..).is_some_and(|rest| rest.starts_with(name)) {
        true => Ok(at + name.len()),
        false => Err(Unsure),
    };
    let at = follows(time + 19, SOURCE)?;
    let source = plain(record, at)?;
    let at = follows(at + source.len(), NAME)?;
    let name = plain(record, at)?;
    let at = follows(at + name.len(), REGION)?;
    let region = plain(record, at)?;
    let id_at = id(record, at + region.len(), memory)?;
    let id = plain(record, id_at)?;
    let tail = record.get(id_at + id.len()..).ok_or(Unsure)?;
    Ok(Found {
        who: start.who,
        is_new: start.is_new,
        text: record,
        identity: identity_in(record.get(VERSION.len()..time - TIME.len()).ok_or(Unsure)?)?,
        time: record.get(time..time + 20).ok_or(Unsure)?,
        source,
        name,
        region,
        id,
        body: record.get(at + region.len()..).unwrap_or_default(),
        tail: tail_of(tail, memory)?,
    })
}

/// Where the record's `eventID` begins.
fn id(record: &[u8], floor: usize, memory: &mut Memory) -> Sure<usize> {
    for distance in memory.ends.last {
        if let Some(at) = record
            .len()
            .checked_sub(distance)
            .filter(|at| *at >= floor && distance > 0)
            && record.get(at..).is_some_and(|rest| rest.starts_with(ID))
        {
            return Ok(at + ID.len());
        }
    }
    for reach in [NEAR, usize::MAX] {
        let from = floor.max(record.len().saturating_sub(reach));
        if let Some(at) = FIND.id.find(record.get(from..).ok_or(Unsure)?) {
            memory.ends.right(record.len() - from - at);
            return Ok(from + at + ID.len());
        }
    }
    Err(Unsure)
}

fn tail_of(tail: &[u8], memory: &mut Memory) -> Sure<Tail> {
    let hash = if tail.len() < LONG_TAIL { rapidhash_v3(tail) } else { 0 };
    if let Some(known) = memory.tails.get(&hash).filter(|_| tail.len() < LONG_TAIL) {
        return Ok(*known);
    }
    // Another one further on: which is the record's own can't be said.
    if FIND.id.find(tail).is_some() {
        return Err(Unsure);
    }
    let mut told = Tail {
        corrects: FIND.addendum.find(tail).is_some(),
        reads: tail.starts_with(b"\",\"readOnly\":true,"),
        ..Tail::default()
    };
    if let Some(at) = FIND.account.find(tail) {
        let before = tail.get(..at).unwrap_or_default();
        let account = tail.get(at + 22..at + 35).ok_or(Unsure)?;
        let (digits, quote) = account.split_at(12);
        if quote != b"\"" || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Unsure);
        }
        told.account = Some(digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')));
        told.is_data = before.ends_with(b"\"managementEvent\":false,");
    }
    // Those that name resources hardly come again.
    if tail.len() < LONG_TAIL {
        if memory.tails.len() >= REMEMBERED {
            memory.tails.clear();
        }
        memory.tails.insert(hash, told);
    }
    Ok(told)
}

impl Found<'_> {
    fn at(&self) -> Sure<Moment> {
        let text = std::str::from_utf8(self.time).map_err(|_| Unsure)?;
        text.parse().map_err(|_| Unsure)
    }

    fn account(&self) -> Option<AccountId> {
        self.tail.account.and_then(AccountId::from_number)
    }

    fn is_in(&self, window: &Window) -> Sure<bool> {
        let region = std::str::from_utf8(self.region).map_err(|_| Unsure)?;
        Ok(window.admits_parts(Some(self.at()?), region, self.account().as_ref()))
    }

    fn gave(&self) -> Sure<Option<Gave>> {
        if is_entrance(self.name) {
            let record: Value = serde_json::from_slice(self.text).map_err(|_| Unsure)?;
            return Ok(Gave::of(&super::Event::parse(&record).map_err(|_| Unsure)?, self.who));
        }
        let gives = GIVERS.iter().any(|giver| giver.as_bytes() == self.source);
        // Only IAM gives credentials for one service.
        let members = &FIND.gives;
        let members = if self.source == b"iam.amazonaws.com" {
            &members[..]
        } else {
            &members[..2]
        };
        if !gives || members.iter().all(|member| member.find(self.body).is_none()) {
            return Ok(None);
        }
        giving::gave(self.text, self.who).map_err(|_| Unsure)
    }

    /// The number of the event that it tells of: the one that it corrects, or itself.
    fn tells_of(&self) -> Sure<u64> {
        if !self.tail.corrects {
            return self.id.is_ascii().then(|| number_of(self.id)).ok_or(Unsure);
        }
        let record: Value = serde_json::from_slice(self.text).map_err(|_| Unsure)?;
        let event = super::Event::parse(&record).map_err(|_| Unsure)?;
        Ok(number(event.tells_of()))
    }
}

/// The times of one source.
#[derive(Default)]
struct Recorded<'t> {
    /// Account, Region and their hours.
    places: Vec<(Option<u64>, &'t [u8], Hours)>,
    /// The place and the hour of the record before: the next is mostly of the same.
    before: Option<(usize, u128)>,
    span: Option<(Written<'t>, Written<'t>)>,
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
    fn add(&mut self, found: &Found<'t>) -> Sure<()> {
        let time = Written::of(found.time).ok_or(Unsure)?;
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        let is_of = |place: &(Option<u64>, &[u8], Hours)| place.0 == found.tail.account && place.1 == found.region;
        if let Some((place, known)) = self.before
            && known == time.hour()
            && self.places.get(place).is_some_and(is_of)
        {
            return Ok(());
        }
        let place = self.places.iter().position(is_of).unwrap_or_else(|| {
            self.places.push((found.tail.account, found.region, Hours::default()));
            self.places.len() - 1
        });
        if let Some((.., hours)) = self.places.get_mut(place) {
            hours.add(found.at()?);
        }
        self.before = Some((place, time.hour()));
        Ok(())
    }

    fn hand_over(self, facts: &mut Facts) -> Sure<()> {
        let moment = |text: &[u8]| {
            std::str::from_utf8(text)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or(Unsure)
        };
        if let Some((first, last)) = self.span {
            facts.seen.span(moment(first.text)?, moment(last.text)?);
        }
        for (account, region, hours) in self.places {
            let region = std::str::from_utf8(region).map_err(|_| Unsure)?.to_owned();
            facts
                .seen
                .recorders
                .insert((account.and_then(AccountId::from_number), region), hours);
        }
        Ok(())
    }
}
