//! Texts that were looked into before: callers, and calls with the ends of their records.

use super::tail::Ends;
use super::{IDENTITY, NAME, REGION, TIME, VERSION, plain};
use crate::trail::enters::is_entrance;
use crate::trail::facts::{GIVERS, Who};
use crate::trail::identity;
use memchr::memmem::Finder;
use rapidhash::v3::{RapidSecrets, rapidhash_v3_micro_inline};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// So many callers, kinds of calls and lengths are remembered; each has one place, and two that share a place take turns.
const CALLERS: usize = 8_192;
const CALLS: usize = 1_024;
const LENGTHS: usize = 256;

/// No identity is longer.
const LONGEST: usize = 16_384;

static FIND_TIME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(TIME));

/// What a thread remembers, in bounded room.
pub(super) struct Memory {
    /// Where a caller stands among those that are known. Who is met at one time was met one behind the other, and lies together.
    places: Box<[u16]>,
    known: Vec<Known>,
    calls: Box<[Option<Box<Call>>]>,
    /// Lengths of identities, by how they begin.
    lengths: [u16; LENGTHS],
    /// The beginning of the last record, up to its caller.
    version: Vec<u8>,
    /// The number of the text that is scanned.
    scan: u64,
    /// Other ones each time: whoever names sessions must not be able to choose two identities that are taken for one.
    secrets: RapidSecrets,
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            places: vec![0; 2 * CALLERS].into_boxed_slice(),
            known: Vec::new(),
            calls: (0..CALLS).map(|_| None).collect(),
            lengths: [0; LENGTHS],
            version: Vec::new(),
            scan: 0,
            secrets: RapidSecrets::seed(RandomState::new().build_hasher().finish()),
        }
    }
}

/// A caller who was met before.
struct Known {
    hash: u64,
    who: Who,
    /// The text that they were met in last.
    scan: u64,
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

    /// Who calls by the identity that begins at `from`, where it ends, and whether they call for the first time in this text; `None` where it isn't followed by
    /// the record's time, or can't be read.
    pub(super) fn caller(&mut self, text: &[u8], from: usize) -> Option<(Who, usize, bool)> {
        let end = self.identity_end(text, from)?;
        let identity = text.get(from..end)?;
        let hash = rapidhash_v3_micro_inline::<true, false>(identity, &self.secrets);
        let place = self.places.get_mut(hash as usize % (2 * CALLERS))?;
        if let Some(known) = self
            .known
            .get_mut(usize::from(*place))
            .filter(|known| known.hash == hash)
        {
            let is_new = std::mem::replace(&mut known.scan, self.scan) != self.scan;
            return Some((known.who, end, is_new));
        }
        let who = identity::who(identity).ok()?;
        if self.known.len() >= CALLERS {
            self.known.clear();
        }
        *place = u16::try_from(self.known.len()).ok()?;
        let scan = self.scan;
        self.known.push(Known { hash, who, scan });
        Some((who, end, true))
    }

    fn identity_end(&mut self, text: &[u8], from: usize) -> Option<usize> {
        let place = word(text, from + 40)? ^ word(text, from + 57)?.rotate_left(17);
        let length = self.lengths.get_mut(spread(place) % LENGTHS)?;
        let guess = from + usize::from(*length);
        if *length > 0 && text.get(guess..)?.starts_with(TIME) {
            return Some(guess);
        }
        let rest = text.get(from..)?;
        let found = FIND_TIME.find(rest.get(..LONGEST).unwrap_or(rest))?;
        *length = u16::try_from(found).ok()?;
        Some(from + found)
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
