//! The parts of rules that read records themselves, by the calls that they are about.

use crate::harden::caller::{Caller, is_at_a_glance, is_read, may_call, members_named};
use crate::harden::rule::{Is, Records, Rule, Shape, Test};
use crate::harden::rules::RULES;
use rapidhash::fast::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// A part of a rule: which rule, which part, which records.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) rule: usize,
    pub(super) part: usize,
    pub(super) records: Records<'static>,
    /// The members by which its records are counted or joined, and those that they may lack.
    pub(super) joined: Vec<&'static str>,
    pub(super) same: Vec<&'static str>,
    /// How many of them records have in common that count together.
    pub(super) shared: usize,
}

/// The parts that are about calls of one name.
#[derive(Debug)]
pub(super) struct Named {
    /// Which of all names it is.
    pub(super) n: usize,
    /// Whether no part is about calls that were refused.
    pub(super) are_done: bool,
    pub(super) parts: Vec<Part>,
}

impl Named {
    /// Which of them a record of this caller may be of, as bits.
    pub(super) fn may(&self, caller: &Caller) -> u64 {
        let each = self.parts.iter().enumerate();
        let may = each.filter(|(_, part)| may_call(part.records, caller));
        may.fold(0, |all, (n, _)| all | bit(n))
    }
}

/// The bit of a part. There are hardly so many of one name; those that share a bit are looked at where one of them is.
pub(super) fn bit(n: usize) -> u64 {
    1 << (n % 64)
}

fn part(n: usize, rule: &Rule<'static>, part: usize, records: Records<'static>) -> Part {
    let (joined, same) = members(rule, part);
    let shared = match rule.shape {
        Shape::One(_) | Shape::Ring { .. } => 0,
        Shape::Count { by, .. } | Shape::Several { by, .. } => by.len(),
        Shape::Then { joined, .. } => joined.len(),
    };
    Part {
        rule: n,
        part,
        records,
        joined,
        same,
        shared,
    }
}

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

/// Every part that caller and address don't tell alone.
fn all() -> impl Iterator<Item = Part> {
    let parts = RULES.iter().enumerate().flat_map(|(n, rule)| {
        let records = rule.shape.records().into_iter().enumerate();
        records.map(move |(which, records)| part(n, rule, which, records))
    });
    parts.filter(|part| !is_at_a_glance(part.records))
}

/// Whether records are of calls that weren't refused alone.
fn is_done(records: Records<'_>) -> bool {
    let done = |test: &Test<'_>| test.field == "errorCode" && test.is == Is::Absent;
    records.iter().all(|tests| tests.iter().any(done))
}

/// The names of the calls that records are of.
fn names(records: Records<'static>) -> BTreeSet<&'static str> {
    let named = records
        .iter()
        .flat_map(|tests| tests.iter())
        .filter_map(|test| match test.is {
            Is::Any(names) if test.field == "eventName" => Some(names),
            _ => None,
        });
    named.flatten().copied().collect()
}

/// Parts by the names of the calls that they are about.
static NAMED: LazyLock<HashMap<&'static [u8], Named, RandomState>> = LazyLock::new(|| {
    let mut named: HashMap<&'static [u8], Named, RandomState> = HashMap::default();
    for part in all() {
        for name in names(part.records) {
            let n = named.len();
            let of_name = named.entry(name.as_bytes()).or_insert_with(|| Named {
                n,
                are_done: true,
                parts: Vec::new(),
            });
            of_name.are_done &= is_done(part.records);
            of_name.parts.push(part.clone());
        }
    }
    named
});

/// The parts that are about calls of this name.
pub(super) fn parts(name: &[u8]) -> Option<&'static Named> {
    NAMED.get(name)
}

/// Those parts that are about calls of any name.
static UNNAMED: LazyLock<Vec<Part>> = LazyLock::new(|| {
    let is_named = |records: Records<'_>| {
        records
            .iter()
            .all(|tests| tests.iter().any(|test| test.field == "eventName"))
    };
    all().filter(|part| !is_named(part.records)).collect()
});

/// The parts that are about calls of any name.
pub(super) fn unnamed() -> &'static [Part] {
    &UNNAMED
}

/// What a record must name, to be of such a part; `None` where there is one that any record may be of.
pub(super) fn named_by_unnamed() -> Option<BTreeSet<&'static str>> {
    let members: Option<Vec<_>> = unnamed().iter().map(|part| members_named(part.records)).collect();
    Some(members?.into_iter().flatten().collect())
}

/// Whether these parts tell the same of all records of one caller, one address and one service that have the same texts in these members.
pub(super) fn are_told_by(parts: &[Part], names: &BTreeSet<&'static str>) -> bool {
    let is_told = |field: &str| is_read(field) || field == "eventSource" || names.contains(field);
    parts.iter().all(|part| {
        let mut tests = part.records.iter().flat_map(|tests| tests.iter());
        let is_told_by = |is: &Is<'_>| match is {
            Is::SameAs(other) | Is::OtherThan(other) => is_told(other),
            _ => true,
        };
        tests.all(|test| is_told(test.field) && is_told_by(&test.is))
            && part.joined.iter().chain(&part.same).all(|field| is_told(field))
    })
}
