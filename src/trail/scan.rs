//! Reads the facts of records without parsing them, where the text is exactly as CloudTrail writes it.
//!
//! CloudTrail writes `{"Records":[` and then records one behind the other, each of which begins `{"eventVersion":"…","userIdentity":{…},"eventTime":"…",
//! "eventSource":"…","eventName":"…","awsRegion":"…"` and has `"eventID":"…"` near its end, with few and known members behind it. So the scan goes from record to
//! record: its head is compared with heads that were met before, the one search is for the next name that begins with `event`, and its end is compared with
//! ends that were met before. What was not met before is looked into once: a caller's identity must be JSON by itself, an end is stepped through member by member.
//!
//! A quote inside a text is escaped in JSON, so none of these names can be met inside a text. A record that differs in the least (another order, white space,
//! an escape in a name or in a text that counts) is parsed by itself. Where that isn't possible either, or what stands between two records is more than a comma,
//! the scan is [`Unsure`], and the whole source is read record by record.

mod days;
mod memory;
mod mould;
mod recorded;
pub(super) mod step;
mod tail;

use super::Event;
use super::closure::Closure;
use super::console::is_of_console;
use super::facts::{Gave, Who, number, number_of};
use super::giving;
use super::harvest::Kept;
use super::shape::{Taker, is_wrapper};
use super::sift::{self, Glance, Sieve, without_secrets};
use super::survey::Facts;
use super::window::Window;
use crate::ids::AccountId;
use crate::time::Moment;
use days::Days;
use memchr::memmem::Finder;
use memory::Memory;
use rapidhash::v3::rapidhash_v3;
use recorded::Recorded;
use serde_json::Value;
use std::sync::LazyLock;
use step::quote;
use tail::Tail;

/// The text is not exactly as CloudTrail writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unsure;

type Sure<T> = Result<T, Unsure>;

const HEAD: &[u8] = b"{\"Records\":[";
const END: &[u8] = b"]}";
const VERSION: &[u8] = b"{\"eventVersion\":\"";
const IDENTITY: &[u8] = b"\",\"userIdentity\":";
const TIME: &[u8] = b",\"eventTime\":\"";
const SOURCE: &[u8] = b"Z\",\"eventSource\":\"";
const NAME: &[u8] = b"\",\"eventName\":\"";
const REGION: &[u8] = b"\",\"awsRegion\":\"";
const ADDRESS: &[u8] = b",\"sourceIPAddress\":\"";
const NO_ANSWER: &[u8] = b",\"responseElements\":null";
const REQUEST: &[u8] = b",\"requestID\":\"";
const ID: &[u8] = b",\"eventID\":\"";

/// Names that begin with `event` and belong to the record itself: met before its `eventID`, they are of another record, or it goes on otherwise.
const OWN: [&[u8]; 7] = [
    b"ID\"",
    b"Version\"",
    b"Time\"",
    b"Source\"",
    b"Name\"",
    b"Type\"",
    b"Category\"",
];

/// What all names begin with that every record has: those of its event.
static EVENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"event"));

/// Names of members that hold a new key, or join two records.
struct Gives {
    key: Finder<'static>,
    shared: Finder<'static>,
    specific: Finder<'static>,
}

static GIVES: LazyLock<Gives> = LazyLock::new(|| Gives {
    key: Finder::new(b"\"accessKeyId\""),
    shared: Finder::new(b"\"sharedEventID\""),
    specific: Finder::new(b"\"serviceSpecificCredentialId\""),
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

/// A record that the walk met.
enum Met<'f, 't> {
    /// Just as CloudTrail writes it.
    Plain(&'f Found<'t>),
    /// Any other, parsed.
    Other(Value),
}

/// One record, by places in the text.
struct Found<'t> {
    who: Who,
    /// The number of this identity in this text: each has one, and seldom several.
    caller: usize,
    /// Whether this identity may not have been met in this text before.
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
    /// What stands between the Region and the ID.
    body: &'t [u8],
    /// What stands behind the ID, and behind the Region.
    behind: &'t [u8],
    rest: &'t [u8],
    tail: Tail,
    gives: bool,
    enters: bool,
}

/// Gathers the facts of the scratch's text.
///
/// # Errors
/// The text isn't just as CloudTrail writes it; what was gathered must be dropped.
pub(super) fn survey(scratch: &mut Scratch, window: &Window, facts: &mut Facts) -> Sure<()> {
    let mut hours = Recorded::default();
    let is_open = window.is_open();
    let text = scratch.text.get(..scratch.text_length).unwrap_or_default();
    records(text, &mut scratch.memory, |met| {
        let found = match met {
            Met::Plain(found) => found,
            Met::Other(record) => {
                let event = Event::parse(&record).map_err(|_| Unsure)?;
                if window.admits(&event) {
                    facts.add(&event);
                }
                return Ok(());
            }
        };
        if !is_open && !found.is_in(window)? {
            return Ok(());
        }
        // Who was met first outside of the window isn't new any more within it.
        if found.is_new || !is_open {
            facts.callers.push(found.who);
        }
        facts.gave.extend(found.gave()?);
        facts.events.push(found.tells_of()?);
        facts.seen.data |= found.tail.is_data;
        facts.seen.reads |= found.tail.reads == Some(true) && found.name != b"AssumeRole";
        hours.add(found)
    })?;
    facts.settle();
    hours.hand_over(facts)
}

/// Reads those records in full that can matter.
///
/// # Errors
/// As [`survey`].
pub(super) fn harvest(scratch: &mut Scratch, closure: &Closure, kept: &mut Kept<'_>) -> Sure<()> {
    let text = scratch.text.get(..scratch.text_length).unwrap_or_default();
    records(text, &mut scratch.memory, |met| {
        let found = match met {
            Met::Plain(found) => found,
            Met::Other(record) => return kept.record(&record).map_err(|_| Unsure),
        };
        let matters = closure.calls(found.who) || found.gave()?.is_some_and(|gave| closure.gives(&gave));
        if matters || found.tail.corrects {
            kept.take(Event::read(found.text).map_err(|_| Unsure)?);
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
    let mut days = Days::default();
    let mut hashes = Vec::new();
    let text = scratch.text.get(..scratch.text_length).unwrap_or_default();
    records(text, &mut scratch.memory, |met| {
        let found = match met {
            Met::Plain(found) => found,
            Met::Other(record) => return sift::show(&record, window, sieve).map_err(|_| Unsure),
        };
        if !is_open && !found.is_in(window)? {
            return Ok(());
        }
        let told = |text: &'_ [u8]| text.is_ascii() || std::str::from_utf8(text).is_ok();
        // CloudTrail writes the address behind the Region; a record that has none goes on otherwise.
        let address = match found.body.strip_prefix(ADDRESS) {
            Some(rest) => plain(rest, 0).ok_or(Unsure)?,
            None => return Err(Unsure),
        };
        if ![found.source, found.name, address, found.id].into_iter().all(told) {
            return Err(Unsure);
        }
        let glance = Glance {
            at: days.moment(found.time).map_or_else(|| found.at(), Ok)?,
            source: found.source,
            name: found.name,
            address,
            identity: found.identity,
            caller: hash_of(found, &mut hashes),
            text: found.text,
            rest: found.rest,
            id: found.id,
            behind: found.behind,
        };
        if sieve.glance(&glance) {
            let record: Value = serde_json::from_slice(found.text).map_err(|_| Unsure)?;
            sieve.record(&without_secrets(&record));
        }
        Ok(())
    })
}

/// The hash of the caller's identity, which is worked out once.
#[inline]
fn hash_of(found: &Found<'_>, hashes: &mut Vec<Option<u64>>) -> u64 {
    if found.caller >= hashes.len() {
        hashes.resize(found.caller + 1, None);
    }
    match hashes.get_mut(found.caller) {
        Some(known) => *known.get_or_insert_with(|| rapidhash_v3(found.identity)),
        None => rapidhash_v3(found.identity),
    }
}

/// Walks over the records of a text.
fn records<'t>(text: &'t [u8], memory: &mut Memory, mut each: impl FnMut(Met<'_, 't>) -> Sure<()>) -> Sure<()> {
    let text = text.trim_ascii();
    if !text.starts_with(HEAD) || !text.ends_with(END) {
        return Err(Unsure);
    }
    memory.begin();
    let mut at = HEAD.len();
    if text.len() == at + END.len() {
        return Ok(());
    }
    loop {
        let is_end = |end: usize| {
            text.get(end..)
                .is_some_and(|rest| rest.starts_with(b",{") || rest == END)
        };
        let end = match found(text, at, memory) {
            Some(found) if is_end(at + found.text.len()) => {
                each(Met::Plain(&found))?;
                at + found.text.len()
            }
            _ => {
                let (record, end) = parsed(text.get(at..).ok_or(Unsure)?)?;
                if !is_end(at + end) || is_wrapper(&record) {
                    return Err(Unsure);
                }
                each(Met::Other(record))?;
                at + end
            }
        };
        if text.get(end) != Some(&b',') {
            return Ok(());
        }
        at = end + 1;
    }
}

/// The value that a text begins with, and its length.
fn parsed(text: &[u8]) -> Sure<(Value, usize)> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
    let value = values.next().ok_or(Unsure)?.map_err(|_| Unsure)?;
    Ok((value, values.byte_offset()))
}

/// The record that begins at `start`; `None` where it isn't just as CloudTrail writes it.
#[inline(always)]
fn found<'t>(text: &'t [u8], start: usize, memory: &mut Memory) -> Option<Found<'t>> {
    let from = start + memory.version(text.get(start..)?)?;
    let (who, identity_end, caller, is_new) = memory.caller(text, from)?;
    let time = identity_end + TIME.len();
    if !text.get(time + 19..)?.starts_with(SOURCE) {
        return None;
    }
    let call_at = time + 19 + SOURCE.len();
    let call = memory.call(text, call_at)?;
    let body = call_at + call.len();
    let id_at = body + id(text.get(body..)?)?;
    let id_from = id_at + ID.len();
    let id = uuid(text, id_from).or_else(|| plain(text, id_from))?;
    let behind = id_from + id.len() + 1;
    if text.get(behind) != Some(&b',') {
        return None;
    }
    let (tail, end) = call.ends.tail(text, behind + 1)?;
    let of_call = |from: usize, to: usize| text.get(call_at + from..call_at + to);
    Some(Found {
        who,
        caller,
        is_new,
        text: text.get(start..end)?,
        identity: text.get(from..identity_end)?,
        time: text.get(time..time + 20)?,
        source: of_call(0, call.source)?,
        name: of_call(call.name.0, call.name.1)?,
        region: of_call(call.region, call.len() - 1)?,
        id,
        body: text.get(body..id_at)?,
        behind: text.get(behind + 1..end)?,
        rest: text.get(body..end)?,
        tail,
        gives: call.gives,
        enters: call.enters,
    })
}

/// Where the record's `eventID` stands in what follows its Region.
fn id(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + EVENT.find(text.get(from..)?)?;
        if text.get(at.checked_sub(1)?..)?.starts_with(ID) {
            return Some(at - 1);
        }
        from = at + 6;
        let rest = text.get(from..)?;
        if OWN.iter().any(|name| rest.starts_with(name)) {
            return None;
        }
    }
}

/// A text that begins at `from` and ends before the next quote; none that counts has an escape.
fn plain(text: &[u8], from: usize) -> Option<&[u8]> {
    let rest = text.get(from..)?;
    let end = quote(rest).filter(|end| *end > 0)?;
    match rest.get(end) {
        Some(b'"') => rest.get(..end),
        _ => None,
    }
}

/// The same, where it is as long as the IDs of events are.
#[inline]
fn uuid(text: &[u8], from: usize) -> Option<&[u8]> {
    let (id, behind) = text.get(from..)?.split_first_chunk::<36>()?;
    let is_plain = |byte: &u8| (*byte != b'"') & (*byte != b'\\') & byte.is_ascii();
    let (long, rest) = id.split_first_chunk::<32>()?;
    let all = |some: &[u8]| some.iter().fold(true, |all, byte| all & is_plain(byte));
    (behind.first() == Some(&b'"') && all(long) && all(rest)).then_some(id.as_slice())
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

    /// Whether the call was answered with nothing, as far as can be seen from the end of the body: keys stand in answers.
    fn has_no_answer(&self) -> bool {
        let asked = self.body.len().checked_sub(REQUEST.len() + 37);
        asked
            .and_then(|at| self.body.split_at_checked(at))
            .is_some_and(|(before, behind)| {
                before.ends_with(NO_ANSWER) && behind.starts_with(REQUEST) && behind.ends_with(b"\"")
            })
    }

    fn gave(&self) -> Sure<Option<Gave>> {
        if self.enters {
            return Ok(Gave::of(&Event::read(self.text).map_err(|_| Unsure)?, self.who));
        }
        if !self.gives {
            return Ok(None);
        }
        // Most calls of these services give nothing.
        if self.has_no_answer() && !self.tail.is_shared {
            return Ok(None);
        }
        let may = |name: &Finder<'_>| name.find(self.body).is_some();
        // Only IAM gives credentials for one service.
        let is_iam = || self.source == b"iam.amazonaws.com" && may(&GIVES.specific);
        if !(self.tail.is_shared || may(&GIVES.key) || may(&GIVES.shared) || is_iam()) {
            return Ok(None);
        }
        let gave = match giving::plainly(self.body, self.who).filter(|_| !self.tail.is_shared) {
            Some(gave) => gave,
            None => giving::gave(self.text, self.who).map_err(|_| Unsure)?,
        };
        let Some(gave) = gave else { return Ok(None) };
        let gave = Gave {
            is_of_console: is_of_console(self.name, self.text),
            ..gave
        };
        Ok(Some(gave.at(self.at()?)))
    }

    /// The number of the event that it tells of: the one that it corrects, or itself.
    fn tells_of(&self) -> Sure<u64> {
        if !self.tail.corrects {
            return self.id.is_ascii().then(|| number_of(self.id)).ok_or(Unsure);
        }
        let event = Event::read(self.text).map_err(|_| Unsure)?;
        Ok(number(event.tells_of()))
    }
}
