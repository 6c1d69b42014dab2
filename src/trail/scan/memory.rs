//! Texts that were looked into before: callers, and calls with the ends of their records.

use super::mould::{Fit, LONG, Mould, is_key, seconds};
use super::tail::Ends;
use super::{IDENTITY, NAME, REGION, TIME, VERSION, plain};
use crate::trail::enters::is_entrance;
use crate::trail::facts::{GIVERS, Who};
use crate::trail::identity;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// So many moulds of callers, callers of one text and kinds of calls are remembered; each has one place and one beside it, and those that share them take turns.
const MOULDS: usize = 4_096;
const CALLERS: usize = 1_024;
const MOMENTS: usize = 1_024;
const CALLS: usize = 1_024;

/// No identity is longer.
const LONGEST: usize = 16_384;

static FIND_TIME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(TIME));

/// What a thread remembers, in bounded room.
pub(super) struct Memory {
    moulds: Box<[Option<Box<Mould>>]>,
    /// Who was met, and in which text last.
    met: Box<[(Who, u64)]>,
    /// Moments of issue, as they are written and in seconds.
    moments: Box<[([u8; LONG], u32)]>,
    calls: Box<[Option<Box<Call>>]>,
    /// The beginning of the last record, up to its caller.
    version: Vec<u8>,
    /// The number of the text that is scanned.
    scan: u64,
    /// Whether somebody who called in this text was forgotten: who calls again may be taken for new.
    pub(super) has_forgotten: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            moulds: (0..MOULDS).map(|_| None).collect(),
            met: vec![(Who::default(), 0); CALLERS].into_boxed_slice(),
            moments: vec![([0; LONG], 0); MOMENTS].into_boxed_slice(),
            calls: (0..CALLS).map(|_| None).collect(),
            version: Vec::new(),
            scan: 0,
            has_forgotten: false,
        }
    }
}

/// A kind of call: its service, its name and its Region.
pub(super) struct Call {
    /// From the service's name to the quote behind the Region's.
    text: Box<[u8]>,
    pub(super) source: usize,
    pub(super) name: (usize, usize),
    pub(super) region: usize,
    /// Whether it may give a key that its record names.
    pub(super) gives: bool,
    /// Whether it lets somebody in without one.
    pub(super) enters: bool,
    pub(super) ends: Ends,
}

impl Call {
    fn of(text: &[u8]) -> Option<Self> {
        let source = plain(text, 0)?;
        let behind = |at: usize, name: &[u8]| text.get(at..)?.starts_with(name).then_some(at + name.len());
        let name_at = behind(source.len(), NAME)?;
        let name = plain(text, name_at)?;
        let region_at = behind(name_at + name.len(), REGION)?;
        let end = region_at + plain(text, region_at)?.len() + 1;
        Some(Call {
            text: text.get(..end)?.into(),
            source: source.len(),
            name: (name_at, name_at + name.len()),
            region: region_at,
            gives: GIVERS.iter().any(|giver| giver.as_bytes() == source),
            enters: is_entrance(name),
            ends: Ends::default(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

impl Memory {
    /// Begins another text.
    pub(super) fn begin(&mut self) {
        self.scan += 1;
        self.has_forgotten = false;
    }

    /// How long the beginning of a record is that has its version and nothing else before its caller.
    pub(super) fn version(&mut self, text: &[u8]) -> Option<usize> {
        if !self.version.is_empty() && text.starts_with(&self.version) {
            return Some(self.version.len());
        }
        let version = plain(text.strip_prefix(VERSION)?, 0)?;
        let is_plain = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        let end = VERSION.len() + version.len();
        if !version.iter().all(is_plain) || !text.get(end..)?.starts_with(IDENTITY) {
            return None;
        }
        self.version = text.get(..end + IDENTITY.len())?.to_vec();
        Some(self.version.len())
    }

    /// Who calls by the identity that begins at `from`, where it ends, and whether they may call for the first time in this text; `None` where it isn't followed by the record's time, or can't be read.
    pub(super) fn caller(&mut self, text: &[u8], from: usize) -> Option<(Who, usize, bool)> {
        let fit = self.identity(text.get(from..)?)?;
        let Fit { mut who, key, .. } = fit;
        if let Some(since) = fit.since {
            who.since = self.since(since)?;
        }
        let session = u64::from(who.sign_in) << 32 | u64::from(who.since);
        let place = spread(who.key ^ who.id.rotate_left(21) ^ who.name.rotate_left(42) ^ session.rotate_left(11));
        let met = self.met.get_mut(place % CALLERS)?;
        let (is_other, is_of_text) = (met.0 != who, met.1 == self.scan);
        // Whoever was met has a key that is one.
        if is_other && !key.is_none_or(is_key) {
            return None;
        }
        *met = (who, self.scan);
        self.has_forgotten |= is_other && is_of_text;
        Some((who, from + fit.length, is_other || !is_of_text))
    }

    fn since(&mut self, text: &[u8; LONG]) -> Option<u32> {
        // Day, hour, minute and second.
        let place = spread(word(text, 8)? ^ word(text, 12)?.rotate_left(29)) % MOMENTS;
        let (known, since) = self.moments.get_mut(place)?;
        if known != text {
            (*known, *since) = (*text, seconds(text)?);
        }
        Some(*since)
    }

    fn identity<'t>(&mut self, text: &'t [u8]) -> Option<Fit<'t>> {
        // Unique IDs begin alike within an account, so that their ends tell more.
        let words = word(text, 36)? ^ word(text, 46)?.rotate_left(17) ^ word(text, 50)?.rotate_left(39);
        let place = spread(words) % MOULDS;
        let beside = place ^ 1;
        for place in [place, beside] {
            if let Some(mould) = self.moulds.get(place)?
                && let Some(fit) = mould.fits(text)
            {
                return Some(fit);
            }
        }
        let end = FIND_TIME.find(text.get(..LONGEST).unwrap_or(text))?;
        let identity = text.get(..end)?;
        let who = identity::who(identity).ok()?;
        self.moulds.swap(place, beside);
        *self.moulds.get_mut(place)? = Some(Box::new(Mould::of(identity, who)));
        Some(Fit {
            who,
            length: end,
            key: None,
            since: None,
        })
    }

    /// The kind of the call whose service's name begins at `from`.
    pub(super) fn call(&mut self, text: &[u8], from: usize) -> Option<&mut Call> {
        let words = [0, 8, 24, 32, 40, 48, 56].map(|at| word(text, from + at));
        let mut hash = 0_u64;
        for word in words {
            hash = (hash.rotate_left(5) ^ word?).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        let rest = text.get(from..)?;
        let place = (hash >> 40) as usize % CALLS;
        let is_it = |call: &Option<Box<Call>>| call.as_ref().is_some_and(|call| rest.starts_with(&call.text));
        // Two that differ further on only have the same place, and one beside it.
        let beside = place ^ 1;
        let found = [place, beside]
            .into_iter()
            .find(|place| self.calls.get(*place).is_some_and(is_it));
        let place = match found {
            Some(place) => place,
            None => {
                let call = Call::of(rest)?;
                self.calls.swap(place, beside);
                *self.calls.get_mut(place)? = Some(Box::new(call));
                place
            }
        };
        self.calls.get_mut(place)?.as_deref_mut()
    }
}

fn word(text: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*text.get(at..)?.first_chunk()?))
}

fn spread(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize
}
