//! Records that matched a part of a rule: what is kept of them.

use super::packed::{Packing, Unpacking};
use super::parts::Part;
use super::runs::Lays;
use crate::harden::matching::{Members, is_one_of};
use crate::time::Moment;
use rapidhash::v3::rapidhash_v3;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::io::{self, Read, Write};

/// What is told of every record: its ID, the key, whose it is, the call, from where.
const TOLD: [&str; 5] = [
    "eventID",
    "userIdentity.accessKeyId",
    "userIdentity.arn",
    "eventName",
    "sourceIPAddress",
];

/// A fact has no more texts than these.
const MOST: usize = 12;

/// A record that matched a part of a rule. A trail has many: its texts are one.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) rule: u8,
    /// 0 for the earlier record of two, 2 for what takes it back, else 1.
    pub(super) part: u8,
    pub(super) at: Moment,
    /// The hash of what it has in common with those that it is counted with or joined to, and how many of its members that is.
    pub(super) group: u64,
    shared: u8,
    /// How many members it is counted or joined by, and behind them how many that it may lack, then empty.
    joined: u8,
    same: u8,
    /// All of them, and then what is told of every record; and where each ends.
    text: Box<str>,
    ends: [u32; MOST],
}

/// What a record is to rules: to those of these parts that `may` says. Where it tells no time, to none.
pub(super) fn facts<'p>(
    parts: &'p [Part],
    may: impl Fn(usize) -> bool + 'p,
    record: &'p impl Members,
    at: Moment,
) -> impl Iterator<Item = Fact> + 'p {
    let matched = parts
        .iter()
        .enumerate()
        .filter(move |(n, part)| may(*n) && is_one_of(part.records, record));
    matched.filter_map(move |(_, part)| Fact::of(part, record, at))
}

/// A hash of a text.
pub(super) fn number(text: &str) -> u64 {
    rapidhash_v3(text.as_bytes())
}

impl Lays for Fact {
    /// By rule, then those together that count together, by their time.
    fn order(&self, other: &Self) -> Ordering {
        let place = |fact: &Fact| (fact.rule, fact.group);
        let when = |fact: &Fact| (fact.part, fact.at);
        place(self)
            .cmp(&place(other))
            .then_with(|| self.common().cmp(other.common()))
            .then_with(|| when(self).cmp(&when(other)))
            .then_with(|| self.id().cmp(other.id()))
    }

    fn write(&self, into: &mut impl Write) -> io::Result<()> {
        let mut out = Packing(into);
        for byte in [self.rule, self.part, self.shared, self.joined, self.same] {
            out.byte(byte)?;
        }
        out.signed(self.at.millis())?;
        out.number(self.group)?;
        out.text(&self.text)?;
        let count = self.count();
        self.ends
            .iter()
            .take(count)
            .try_for_each(|end| out.length(*end as usize))
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut rest = Unpacking(from);
        let mut fact = Fact {
            rule: rest.byte()?,
            part: rest.byte()?,
            shared: rest.byte()?,
            joined: rest.byte()?,
            same: rest.byte()?,
            at: Moment::from_millis(rest.signed()?),
            group: rest.number()?,
            text: rest.text()?,
            ends: [0; MOST],
        };
        let count = fact.count();
        for end in fact.ends.iter_mut().take(count) {
            *end = u32::try_from(rest.length()?).map_err(|_| io::ErrorKind::InvalidData)?;
        }
        Ok(fact)
    }
}

impl Fact {
    fn of(part: &Part, record: &impl Members, at: Moment) -> Option<Fact> {
        let mut texts: [Cow<'_, str>; MOST] = Default::default();
        let mut places = texts.iter_mut();
        for field in &part.joined {
            // What isn't there joins nothing.
            *places.next()? = record.text(field)?;
        }
        for field in part.same.iter().chain(&TOLD) {
            *places.next()? = record.text(field).unwrap_or_default();
        }
        let mut text = String::with_capacity(texts.iter().map(|text| text.len()).sum());
        let mut ends = [0; MOST];
        for (end, one) in ends.iter_mut().zip(&texts) {
            text.push_str(one);
            *end = u32::try_from(text.len()).ok()?;
        }
        let mut fact = Fact {
            rule: u8::try_from(part.rule).ok()?,
            part: u8::try_from(part.part).ok()?,
            at,
            group: 0,
            shared: u8::try_from(part.shared).ok()?,
            joined: u8::try_from(part.joined.len()).ok()?,
            same: u8::try_from(part.same.len()).ok()?,
            text: text.into_boxed_str(),
            ends,
        };
        fact.group = rapidhash_v3(fact.texts(0, usize::from(fact.shared)).as_bytes());
        Some(fact)
    }

    /// How many texts it has.
    fn count(&self) -> usize {
        (usize::from(self.joined) + usize::from(self.same) + TOLD.len()).min(MOST)
    }

    fn end(&self, n: usize) -> usize {
        let before = n.checked_sub(1).and_then(|before| self.ends.get(before));
        before.map_or(0, |end| *end as usize)
    }

    /// The texts from one to another, as one.
    fn texts(&self, from: usize, to: usize) -> &str {
        self.text.get(self.end(from)..self.end(to)).unwrap_or_default()
    }

    fn nth(&self, n: usize) -> &str {
        self.texts(n, n + 1)
    }

    fn told(&self, n: usize) -> &str {
        self.nth(usize::from(self.joined) + usize::from(self.same) + n)
    }

    pub(super) fn id(&self) -> &str {
        self.told(0)
    }

    pub(super) fn key(&self) -> &str {
        self.told(1)
    }

    pub(super) fn who(&self) -> &str {
        self.told(2)
    }

    pub(super) fn call(&self) -> &str {
        self.told(3)
    }

    pub(super) fn address(&self) -> &str {
        self.told(4)
    }

    /// The members by which it is counted or joined.
    pub(super) fn joined(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        (0..usize::from(self.joined)).map(|n| self.nth(n))
    }

    /// Members that it may lack, then empty.
    pub(super) fn same(&self) -> impl Iterator<Item = &str> {
        let from = usize::from(self.joined);
        (from..from + usize::from(self.same)).map(|n| self.nth(n))
    }

    /// What it has in common with those that it is counted with or joined to.
    pub(super) fn common(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.joined().take(usize::from(self.shared))
    }

    /// Whether it is counted with another, or joined to it.
    pub(super) fn is_with(&self, other: &Fact) -> bool {
        (self.rule, self.group) == (other.rule, other.group) && self.common().eq(other.common())
    }

    /// Whether it tells of the same record as another of its group.
    pub(super) fn is_copy_of(&self, other: &Fact) -> bool {
        (self.part, self.id()) == (other.part, other.id())
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        const HEAD: usize = 16;
        // A list that grows is half empty at times.
        2 * size_of::<Fact>() + self.text.len() + HEAD
    }

    /// What it has in common with others that tell the same again.
    pub(super) fn likeness(&self) -> u64 {
        let seed = u64::from(self.rule) << 8 | u64::from(self.part);
        let joined = self.texts(0, usize::from(self.joined)).as_bytes();
        rapidhash_v3(joined).rotate_left(23) ^ rapidhash_v3(self.address().as_bytes()).wrapping_add(seed)
    }

    /// The same of another record.
    pub(super) fn again(&self, at: Moment, id: &str, call: &str) -> Fact {
        let mut fact = Fact {
            at,
            ends: [0; MOST],
            text: Box::default(),
            ..*self
        };
        let mut text = String::with_capacity(self.text.len() + id.len() + call.len());
        let told = usize::from(self.joined) + usize::from(self.same);
        for (n, end) in fact.ends.iter_mut().enumerate() {
            text.push_str(match n {
                _ if n == told => id,
                _ if n == told + 3 => call,
                _ => self.nth(n),
            });
            *end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        }
        fact.text = text.into_boxed_str();
        fact
    }
}
