//! Texts that were looked into before: callers, and calls with the ends of their records.

use super::days::Days;
use super::mould::{Fit, Mould, is_key, seconds};
use super::tail::Ends;
use super::{IDENTITY, NAME, REGION, TIME, VERSION, plain};
use crate::trail::enters::is_entrance;
use crate::trail::facts::{GIVERS, Who};
use crate::trail::identity;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// So many moulds of callers, identities of one text and kinds of calls are remembered; each has one place and one beside it, and those that share them take turns.
const MOULDS: usize = 4_096;
const KNOWN: usize = 512;
const CALLS: usize = 1_024;

/// No identity is longer.
const LONGEST: usize = 16_384;

static FIND_TIME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(TIME));

/// An identity that was met in the text that is scanned: where it stands there, with what it is followed by. Who calls more than once isn't looked into again.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// The number of the text.
    scan: u64,
    from: u32,
    length: u32,
    /// Its place among the callers.
    caller: u32,
}

impl Known {
    /// Where an identity is looked for: these words tell sessions of one role apart.
    #[inline]
    fn place(text: &[u8]) -> Option<usize> {
        let text = text.first_chunk::<80>()?;
        let [one, two, three] = [44, 60, 68].map(|at| word(text, at));
        Some(spread(one? ^ two?.rotate_left(19) ^ three?.rotate_left(43)) % KNOWN)
    }

    /// The same identity where it was met.
    #[inline]
    fn same<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        text.get(self.from as usize..)?.get(..self.length as usize)
    }
}

/// What a thread remembers, in bounded room.
pub(super) struct Memory {
    moulds: Box<[Option<Box<Mould>>]>,
    known: Box<[Known]>,
    /// Who called in the text that is scanned.
    callers: Vec<Who>,
    /// Days on which sessions were issued.
    days: Days,
    calls: Box<[Option<Box<Call>>]>,
    /// The beginning of the last record, up to its caller.
    version: Vec<u8>,
    /// The number of the text that is scanned.
    scan: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            moulds: (0..MOULDS).map(|_| None).collect(),
            known: vec![Known::default(); KNOWN].into_boxed_slice(),
            callers: Vec::new(),
            days: Days::default(),
            calls: (0..CALLS).map(|_| None).collect(),
            version: Vec::new(),
            scan: 0,
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
        self.callers.clear();
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

    /// Who calls by the identity that begins at `from`, where it ends, its number in this text, and whether it may not have been met in this text before; `None` where it isn't followed by the record's time, or can't be read.
    #[inline]
    pub(super) fn caller(&mut self, text: &[u8], from: usize) -> Option<(Who, usize, usize, bool)> {
        let rest = text.get(from..)?;
        let place = Known::place(rest)?;
        for place in [place, place ^ 1] {
            let known = self.known.get(place)?;
            // Identities of one session differ at their ends.
            if known.scan == self.scan
                && let Some(same) = known.same(text)
                && rest.get(..same.len()).is_some_and(|rest| rest.ends_with(TIME))
                && rest.starts_with(same)
            {
                let who = self.callers.get(known.caller as usize)?;
                return Some((*who, from + same.len() - TIME.len(), known.caller as usize, false));
            }
        }
        let (who, length) = self.new_caller(rest)?;
        self.known.swap(place, place ^ 1);
        *self.known.get_mut(place)? = Known {
            scan: self.scan,
            from: u32::try_from(from).ok()?,
            length: (length + TIME.len()) as u32,
            caller: self.callers.len() as u32,
        };
        self.callers.push(who);
        Some((who, from + length, self.callers.len() - 1, true))
    }

    /// Who calls by the identity that a text begins with, and its length.
    #[inline(never)]
    fn new_caller(&mut self, text: &[u8]) -> Option<(Who, usize)> {
        let Fit {
            mut who,
            length,
            key,
            since,
        } = self.identity(text)?;
        if let Some(since) = since {
            let moment = self.days.moment(since).map(|moment| moment.seconds());
            who.since = moment.map_or_else(|| seconds(since), |moment| u32::try_from(moment).ok())?;
        }
        key.is_none_or(is_key).then_some((who, length))
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
        let rest = text.get(from..)?;
        let head = rest.first_chunk::<64>()?;
        let pair = |one: usize, two: usize| Some(word(head, one)? ^ word(head, two)?.rotate_left(23));
        let place = spread(pair(0, 24)?) ^ spread(pair(32, 40)?).rotate_left(1) ^ spread(pair(48, 56)?).rotate_left(2);
        let place = place % CALLS;
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
