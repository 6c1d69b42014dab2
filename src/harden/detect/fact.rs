//! Records that matched a part of a rule: what is kept of them.

use super::packed::{Packing, Unpacking};
use super::runs::Lays;
use crate::harden::caller::{is_at_a_glance, members_named};
use crate::harden::matching::{Members, is_one_of};
use crate::harden::rule::{Is, Records, Rule, Shape};
use crate::harden::rules::RULES;
use crate::time::Moment;
use memchr::memmem::Finder;
use rapidhash::fast::RandomState;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read, Write};
use std::sync::LazyLock;

/// A part of a rule that reads records themselves: which rule, which part, which records.
type Part = (usize, usize, Records<'static>);

/// Those parts that are about calls of any name.
static UNNAMED: LazyLock<Vec<Part>> = LazyLock::new(|| {
    let parts = RULES.iter().enumerate().flat_map(|(n, rule)| {
        let records = rule.shape.records().into_iter().enumerate();
        records.map(move |(part, records)| (n, part, records))
    });
    let is_named = |records: Records<'_>| {
        records
            .iter()
            .all(|tests| tests.iter().any(|test| test.field == "eventName"))
    };
    let unnamed = parts.filter(|(.., records)| !is_at_a_glance(records) && !is_named(records));
    unnamed.collect()
});

/// The parts that are about calls of any name.
pub(super) fn unnamed() -> &'static [Part] {
    &UNNAMED
}

/// What a record must name, with its quotes, to be of such a part; `None` where there is one that any record may be of.
static NAMED: LazyLock<Option<Vec<Finder<'static>>>> = LazyLock::new(|| {
    let members: Option<Vec<_>> = unnamed().iter().map(|(.., records)| members_named(records)).collect();
    let all: BTreeSet<&str> = members?.into_iter().flatten().collect();
    let quoted = all.into_iter().map(|member| format!("\"{member}\""));
    Some(quoted.map(|member| Finder::new(&member).into_owned()).collect())
});

/// Whether a record's text may be of a part that is about calls of any name. Of one that was parsed there is no text.
pub(super) fn may_be_unnamed(text: &[u8]) -> bool {
    let named = NAMED.as_ref().filter(|_| !text.is_empty());
    named.is_none_or(|members| members.iter().any(|member| member.find(text).is_some()))
}

/// Those parts by the names of the calls that they are about.
static PARTS: LazyLock<HashMap<&'static str, Vec<Part>, RandomState>> = LazyLock::new(|| {
    let mut parts: HashMap<&'static str, Vec<Part>, RandomState> = HashMap::default();
    for (n, rule) in RULES.iter().enumerate() {
        for (part, records) in rule.shape.records().into_iter().enumerate() {
            if is_at_a_glance(records) {
                continue;
            }
            let named = records
                .iter()
                .flat_map(|tests| tests.iter())
                .filter_map(|test| match test.is {
                    Is::Any(names) if test.field == "eventName" => Some(names),
                    _ => None,
                });
            let names: BTreeSet<&'static str> = named.flatten().copied().collect();
            for name in names {
                parts.entry(name).or_default().push((n, part, records));
            }
        }
    }
    parts
});

/// The parts that are about calls of this name.
pub(super) fn parts(name: &str) -> Option<&'static [Part]> {
    PARTS.get(name).map(Vec::as_slice)
}

/// A record that matched a part of a rule.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) rule: u8,
    /// 0 for the earlier record of two, 2 for what takes it back, else 1.
    pub(super) part: u8,
    pub(super) at: Moment,
    pub(super) id: Box<str>,
    /// The hash of what it has in common with those that it is counted with or joined to, and how many of its members that is.
    pub(super) group: u64,
    pub(super) shared: u8,
    /// The members by which it is counted or joined.
    pub(super) joined: Box<[Box<str>]>,
    /// Members that it may lack, then empty.
    pub(super) same: Box<[Box<str>]>,
    pub(super) key: Box<str>,
    pub(super) who: Box<str>,
    pub(super) call: Box<str>,
    pub(super) address: Box<str>,
}

/// What a record is to rules.
pub(super) fn facts(parts: &[Part], record: &impl Members) -> Vec<Fact> {
    let matched = parts.iter().filter(|(_, _, records)| is_one_of(records, record));
    let facts = matched.filter_map(|(n, part, _)| Fact::of(*n, *part, RULES.get(*n)?, record));
    facts.collect()
}

/// The members by which records of a part are counted or joined, and those that they may lack.
fn members(rule: &Rule<'static>, part: usize) -> (Vec<&'static str>, Vec<&'static str>) {
    match rule.shape {
        Shape::One(_) => Default::default(),
        Shape::Count { by, .. } => (by.to_vec(), Vec::new()),
        Shape::Several { by, field, .. } => (by.iter().copied().chain([field]).collect(), Vec::new()),
        Shape::Then { joined, until, .. } => {
            let side = joined.iter().map(|(one, two)| if part == 1 { *two } else { *one });
            let same = until.filter(|_| part != 1).map(|until| until.same.to_vec());
            (side.collect(), same.unwrap_or_default())
        }
        Shape::Ring { link, step, .. } => (vec![link.1, step.0, step.1], vec![link.0]),
    }
}

/// How many of those members records have in common that count together.
fn shared(rule: &Rule<'static>) -> usize {
    match rule.shape {
        Shape::One(_) | Shape::Ring { .. } => 0,
        Shape::Count { by, .. } | Shape::Several { by, .. } => by.len(),
        Shape::Then { joined, .. } => joined.len(),
    }
}

/// A hash of texts.
pub(super) fn number(texts: &[Box<str>]) -> u64 {
    match texts {
        [] => 0,
        texts => rapidhash::v3::rapidhash_v3(texts.join("\n").as_bytes()),
    }
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
            .then_with(|| self.id.cmp(&other.id))
    }

    fn write(&self, into: &mut impl Write) -> io::Result<()> {
        let mut out = Packing(into);
        out.byte(self.rule)?;
        out.byte(self.part)?;
        out.byte(self.shared)?;
        out.signed(self.at.millis())?;
        out.number(self.group)?;
        out.text(&self.id)?;
        out.texts(&self.joined)?;
        out.texts(&self.same)?;
        [&self.key, &self.who, &self.call, &self.address]
            .into_iter()
            .try_for_each(|text| out.text(text))
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut rest = Unpacking(from);
        Ok(Fact {
            rule: rest.byte()?,
            part: rest.byte()?,
            shared: rest.byte()?,
            at: Moment::from_millis(rest.signed()?),
            group: rest.number()?,
            id: rest.text()?,
            joined: rest.texts()?,
            same: rest.texts()?,
            key: rest.text()?,
            who: rest.text()?,
            call: rest.text()?,
            address: rest.text()?,
        })
    }
}

impl Fact {
    /// What it has in common with those that it is counted with or joined to.
    pub(super) fn common(&self) -> &[Box<str>] {
        self.joined.get(..usize::from(self.shared)).unwrap_or_default()
    }

    /// Whether it tells of the same record as another of its group.
    pub(super) fn is_copy_of(&self, other: &Fact) -> bool {
        (self.part, &self.id) == (other.part, &other.id)
    }

    /// About how many bytes it takes: each text has a head and what the allocator adds.
    pub(super) fn size(&self) -> usize {
        const HEAD: usize = 32;
        let lists = self.joined.iter().chain(&*self.same);
        let texts = lists.chain([&self.id, &self.key, &self.who, &self.call, &self.address]);
        // A list that grows is half empty at times.
        2 * size_of::<Fact>() + texts.map(|text| text.len() + HEAD).sum::<usize>()
    }

    /// What it has in common with others that tell the same again.
    pub(super) fn likeness(&self) -> u64 {
        let mut text = format!("{} {} {}", self.rule, self.part, self.address);
        self.joined.iter().for_each(|one| {
            text.push('\n');
            text.push_str(one);
        });
        rapidhash::v3::rapidhash_v3(text.as_bytes())
    }

    fn of(n: usize, part: usize, rule: &Rule<'static>, record: &impl Members) -> Option<Fact> {
        let text = |field: &str| record.text(field).unwrap_or_default().into_owned().into_boxed_str();
        let shared = shared(rule);
        let (joined, same) = members(rule, part);
        // What isn't there joins nothing.
        let joined: Option<Box<[Box<str>]>> = joined
            .into_iter()
            .map(|field| record.text(field).map(|text| text.into_owned().into_boxed_str()))
            .collect();
        let joined = joined?;
        Some(Fact {
            rule: u8::try_from(n).ok()?,
            part: u8::try_from(part).ok()?,
            at: text("eventTime").parse().ok()?,
            id: text("eventID"),
            group: number(joined.get(..shared)?),
            shared: u8::try_from(shared).ok()?,
            joined,
            same: same.into_iter().map(text).collect(),
            key: text("userIdentity.accessKeyId"),
            who: text("userIdentity.arn"),
            call: text("eventName"),
            address: text("sourceIPAddress"),
        })
    }
}
