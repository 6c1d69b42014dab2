//! The rules over a trail: "did any of this happen before we noticed?"

use super::caller::{At, Caller, is_at_a_glance};
use super::fitted::Fitted;
use super::glimpse::Glimpse;
use super::matching::{Members, is_one_of};
use super::rule::{Is, Level, Records, Row, Rule, Shape, Within};
use super::rules::RULES;
use crate::time::Moment;
use crate::trail::{Glance, Sieve};
use rapidhash::fast::RandomState;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// The rule.
    pub rule: Cow<'static, str>,
    /// What it finds.
    pub title: Cow<'static, str>,
    /// The row that it is of.
    pub row: Row,
    /// How much it means.
    pub level: Level,
    /// When first.
    pub first: Moment,
    /// When last.
    pub last: Moment,
    /// The credential.
    pub key: String,
    /// Whose it is, as the records tell.
    pub who: String,
    /// What was done.
    pub what: String,
    /// From where.
    pub addresses: BTreeSet<String>,
    /// `eventID`s, where single records tell it; the first twenty.
    pub events: Vec<String>,
}

/// So many events of a hit are named.
const NAMED: usize = 20;

/// A part of a rule that reads records themselves: which rule, which part, which records.
type Part = (usize, usize, Records<'static>);

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

/// A record that matched a part of a rule.
#[derive(Debug, Clone)]
struct Fact {
    rule: u8,
    /// 0 for the earlier record of two, else 1.
    part: u8,
    at: Moment,
    id: Box<str>,
    /// The members by which it is counted or joined.
    joined: Box<[Box<str>]>,
    key: Box<str>,
    who: Box<str>,
    call: Box<str>,
    address: Box<str>,
}

/// When a caller was seen from an address in one hour.
type Sightings = HashMap<(u64, u64, i64), (Moment, Moment), RandomState>;

/// Looks at every record; several can work side by side and are brought together at the end.
#[derive(Debug, Default)]
pub struct Detector {
    callers: HashMap<u64, Option<Caller>, RandomState>,
    addresses: HashMap<u64, Box<str>, RandomState>,
    sightings: Sightings,
    facts: Vec<Fact>,
    records: u64,
}

const HOUR_SECONDS: i64 = 3_600;

impl Sieve for Detector {
    fn glance(&mut self, glance: &Glance<'_>) -> bool {
        self.records += 1;
        let address = rapidhash::v3::rapidhash_v3(glance.address.as_bytes());
        let hour = glance.at.seconds().div_euclid(HOUR_SECONDS);
        match self.sightings.entry((glance.caller, address, hour)) {
            Entry::Occupied(mut seen) => {
                let (first, last) = seen.get_mut();
                *first = glance.at.min(*first);
                *last = glance.at.max(*last);
            }
            Entry::Vacant(place) => {
                let caller = self.callers.entry(glance.caller);
                if caller.or_insert_with(|| Caller::of(glance.identity)).is_some() {
                    place.insert((glance.at, glance.at));
                    self.addresses.entry(address).or_insert_with(|| glance.address.into());
                }
            }
        }
        let Some(parts) = PARTS.get(glance.name) else {
            return false;
        };
        let caller = self.callers.get(&glance.caller).and_then(Option::as_ref);
        match caller.and_then(|caller| Glimpse::of(glance, caller)) {
            Some(glimpse) => {
                self.facts.extend(facts(parts, &glimpse));
                false
            }
            // Whoever called without a key, and what isn't as CloudTrail writes it, is read in full.
            None => true,
        }
    }

    fn record(&mut self, record: &Value) {
        let name = record.text("eventName").unwrap_or_default();
        if let Some(parts) = PARTS.get(&*name) {
            self.facts.extend(facts(parts, record));
        }
    }
}

/// What a record is to rules.
fn facts(parts: &[Part], record: &impl Members) -> Vec<Fact> {
    let matched = parts.iter().filter(|(_, _, records)| is_one_of(records, record));
    let facts = matched.filter_map(|(n, part, _)| Fact::of(*n, *part, RULES.get(*n)?, record));
    facts.collect()
}

impl Fact {
    fn of(n: usize, part: usize, rule: &Rule<'_>, record: &impl Members) -> Option<Fact> {
        let text = |field: &str| record.text(field).unwrap_or_default().into_owned().into_boxed_str();
        let joined: Vec<&str> = match rule.shape {
            Shape::One(_) => Vec::new(),
            Shape::Count { by, .. } | Shape::Several { by, .. } => by.to_vec(),
            Shape::Then { joined, .. } => {
                let side = joined.iter().map(|(one, two)| if part == 0 { *one } else { *two });
                side.collect()
            }
        };
        // What isn't there joins nothing.
        let joined: Option<Box<[Box<str>]>> = joined
            .into_iter()
            .map(|field| record.text(field).map(|text| text.into_owned().into_boxed_str()))
            .collect();
        Some(Fact {
            rule: u8::try_from(n).ok()?,
            part: u8::try_from(part).ok()?,
            at: text("eventTime").parse().ok()?,
            id: text("eventID"),
            joined: joined?,
            key: text("userIdentity.accessKeyId"),
            who: text("userIdentity.arn"),
            call: text("eventName"),
            address: text("sourceIPAddress"),
        })
    }
}

/// What several detectors found together, the gravest first, and how many records they saw. Of `fitted` those count that caller and address
/// tell.
pub fn found(detectors: Vec<Detector>, fitted: &[&Fitted]) -> (Vec<Hit>, u64) {
    let mut all = Detector::default();
    for one in detectors {
        all.callers.extend(one.callers);
        all.addresses.extend(one.addresses);
        all.facts.extend(one.facts);
        all.records += one.records;
        for (place, (first, last)) in one.sightings {
            let seen = all.sightings.entry(place).or_insert((first, last));
            *seen = (seen.0.min(first), seen.1.max(last));
        }
    }
    // A record that comes twice counts once, and the order of files makes no difference.
    all.facts
        .sort_by(|one, two| (one.rule, one.part, one.at, &one.id).cmp(&(two.rule, two.part, two.at, &two.id)));
    all.facts
        .dedup_by(|one, two| (one.rule, one.part, &one.id) == (two.rule, two.part, &two.id));
    let mut hits: Vec<Hit> = RULES
        .iter()
        .enumerate()
        .flat_map(|(n, rule)| all.hits(n, rule))
        .collect();
    let fitted = fitted.iter().filter(|rule| rule.is_of_places());
    hits.extend(fitted.flat_map(|rule| all.elsewhere(rule)));
    hits.sort_by(|one, two| {
        (Reverse(one.level), &one.rule, one.first, &one.key).cmp(&(Reverse(two.level), &two.rule, two.first, &two.key))
    });
    (hits, all.records)
}

impl Detector {
    fn facts(&self, n: usize, part: u8) -> impl Iterator<Item = &Fact> {
        let of_rule = move |fact: &&Fact| usize::from(fact.rule) == n && fact.part == part;
        self.facts.iter().filter(of_rule)
    }

    fn hits(&self, n: usize, rule: &'static Rule<'static>) -> Vec<Hit> {
        match rule.shape {
            Shape::One(_) => self
                .facts(n, 0)
                .map(|fact| hit(rule, &[fact], fact.call.to_string()))
                .collect(),
            Shape::Count { at_least, seconds, .. } => {
                let mut groups: BTreeMap<&[Box<str>], Vec<&Fact>> = BTreeMap::new();
                self.facts(n, 0)
                    .for_each(|fact| groups.entry(&fact.joined).or_default().push(fact));
                let each = groups.into_values().filter_map(|facts| {
                    let close = close(&facts, at_least, seconds);
                    let on = close.first()?.joined.last().cloned().unwrap_or_default();
                    Some(hit(
                        rule,
                        &close,
                        format!("{} times {} of {on}", close.len(), close.first()?.call),
                    ))
                });
                each.collect()
            }
            Shape::Several { of, by, within, .. } => self.several(rule, of, by, within),
            Shape::Then {
                then, joined, seconds, ..
            } => match is_at_a_glance(then) {
                true => self.then_seen(n, rule, then, joined, seconds),
                false => self.then_done(n, rule, seconds),
            },
        }
    }

    /// Callers with the times at which they were seen, from addresses that are looked for.
    fn seen(&self, of: Records<'_>) -> impl Iterator<Item = (&Caller, &str, i64, Moment, Moment)> {
        self.sightings
            .iter()
            .filter_map(move |((caller, address, hour), (first, last))| {
                let caller = self.callers.get(caller)?.as_ref()?;
                let address = self.addresses.get(address)?;
                is_one_of(of, &At(caller, address)).then_some((caller, &**address, *hour, *first, *last))
            })
    }

    /// Callers at places that a rule for this account looks for, by their keys.
    fn elsewhere(&self, rule: &Fitted) -> Vec<Hit> {
        let mut groups: BTreeMap<String, Hit> = BTreeMap::new();
        for ((caller, address, _), (first, last)) in &self.sightings {
            let caller = self.callers.get(caller).and_then(Option::as_ref);
            let (Some(caller), Some(address)) = (caller, self.addresses.get(address)) else {
                continue;
            };
            if !rule.tells(&At(caller, address)) {
                continue;
            }
            let text = |field: &str| caller.text(field).unwrap_or_default().into_owned();
            let found = groups.entry(text("userIdentity.accessKeyId")).or_insert_with(|| Hit {
                rule: rule.written.id.clone().into(),
                title: rule.written.title.clone().into(),
                row: rule.written.row,
                level: rule.written.level,
                first: *first,
                last: *last,
                key: text("userIdentity.accessKeyId"),
                who: text("userIdentity.arn"),
                what: "used from a place that is new".to_owned(),
                addresses: BTreeSet::new(),
                events: Vec::new(),
            });
            found.first = found.first.min(*first);
            found.last = found.last.max(*last);
            found.addresses.insert(address.to_string());
        }
        groups.into_values().collect()
    }

    fn several(&self, rule: &'static Rule<'static>, of: Records<'_>, by: &[&str], within: Within) -> Vec<Hit> {
        let mut groups: BTreeMap<(Vec<String>, i64), Hit> = BTreeMap::new();
        for (caller, address, hour, first, last) in self.seen(of) {
            let common: Option<Vec<String>> = by.iter().map(|field| Some(caller.text(field)?.into_owned())).collect();
            let Some(common) = common else { continue };
            let hour = if within == Within::SameHour { hour } else { 0 };
            let found = groups
                .entry((common, hour))
                .or_insert_with(|| of_caller(rule, caller, first, last));
            found.first = found.first.min(first);
            found.last = found.last.max(last);
            found.addresses.insert(address.to_owned());
        }
        let several = groups.into_values().filter(|hit| hit.addresses.len() > 1);
        several
            .map(|hit| Hit {
                what: format!("used from {} public addresses", hit.addresses.len()),
                ..hit
            })
            .collect()
    }

    /// What callers did after a record that is joined to them.
    fn then_seen(
        &self,
        n: usize,
        rule: &'static Rule<'static>,
        then: Records<'_>,
        joined: &[(&str, &str)],
        seconds: i64,
    ) -> Vec<Hit> {
        let mut earlier: HashMap<&[Box<str>], Vec<&Fact>> = HashMap::new();
        self.facts(n, 0)
            .for_each(|fact| earlier.entry(&fact.joined).or_default().push(fact));
        if earlier.is_empty() {
            return Vec::new();
        }
        let mut hits: BTreeMap<(&str, String), Hit> = BTreeMap::new();
        for (caller, address, _, first, last) in self.seen(then) {
            let own: Option<Vec<Box<str>>> = joined
                .iter()
                .map(|(_, field)| Some(caller.text(field)?.into_owned().into_boxed_str()))
                .collect();
            let Some(own) = own else { continue };
            for fact in earlier.get(own.as_slice()).into_iter().flatten() {
                if last <= fact.at || first > fact.at.plus_seconds(seconds) {
                    continue;
                }
                let key = caller.text("userIdentity.accessKeyId").unwrap_or_default().into_owned();
                let found = hits
                    .entry((&fact.id, key))
                    .or_insert_with(|| of_caller(rule, caller, last, last));
                found.first = found.first.min(first.max(fact.at));
                found.last = found.last.max(last);
                found.addresses.insert(address.to_owned());
                found.what = format!("used after {} at {}", fact.call, fact.at.whole_second());
                found.events = vec![fact.id.to_string()];
            }
        }
        hits.into_values().collect()
    }

    /// Records that come after others that they are joined to.
    fn then_done(&self, n: usize, rule: &'static Rule<'static>, seconds: i64) -> Vec<Hit> {
        let mut earlier: HashMap<&[Box<str>], Vec<&Fact>> = HashMap::new();
        self.facts(n, 0)
            .for_each(|fact| earlier.entry(&fact.joined).or_default().push(fact));
        let mut hits: BTreeMap<(&str, &str), Vec<&Fact>> = BTreeMap::new();
        for later in self.facts(n, 1) {
            for fact in earlier.get(&*later.joined).into_iter().flatten() {
                if later.at > fact.at && later.at <= fact.at.plus_seconds(seconds) {
                    let both = hits.entry((&fact.id, &later.key)).or_insert_with(|| vec![fact]);
                    both.push(later);
                }
            }
        }
        let each = hits.into_values().filter_map(|facts| {
            let later = facts.last()?;
            let on = later.joined.last().cloned().unwrap_or_default();
            Some(hit(rule, &facts, format!("{} of {on}, the role before", later.call)))
        });
        each.collect()
    }
}

/// The records that stand in a row of `at_least` within so many seconds.
fn close<'f>(facts: &[&'f Fact], at_least: usize, seconds: i64) -> Vec<&'f Fact> {
    let mut is_in = vec![false; facts.len()];
    for (n, row) in facts.windows(at_least).enumerate() {
        if let (Some(first), Some(last)) = (row.first(), row.last())
            && last.at <= first.at.plus_seconds(seconds)
        {
            is_in.iter_mut().skip(n).take(at_least).for_each(|one| *one = true);
        }
    }
    facts
        .iter()
        .zip(is_in)
        .filter(|(_, is_in)| *is_in)
        .map(|(fact, _)| *fact)
        .collect()
}

fn hit(rule: &'static Rule<'static>, facts: &[&Fact], what: String) -> Hit {
    let epoch = Moment::from_millis(0);
    let last = facts.last();
    Hit {
        rule: rule.id.into(),
        title: rule.title.into(),
        row: rule.row,
        level: rule.level,
        first: facts.first().map_or(epoch, |fact| fact.at),
        last: last.map_or(epoch, |fact| fact.at),
        key: last.map(|fact| fact.key.to_string()).unwrap_or_default(),
        who: last.map(|fact| fact.who.to_string()).unwrap_or_default(),
        what,
        addresses: facts.iter().map(|fact| fact.address.to_string()).collect(),
        events: facts.iter().take(NAMED).map(|fact| fact.id.to_string()).collect(),
    }
}

fn of_caller(rule: &'static Rule<'static>, caller: &Caller, first: Moment, last: Moment) -> Hit {
    let text = |field: &str| caller.text(field).unwrap_or_default().into_owned();
    Hit {
        key: text("userIdentity.accessKeyId"),
        who: text("userIdentity.arn"),
        first,
        last,
        addresses: BTreeSet::new(),
        events: Vec::new(),
        ..hit(rule, &[], String::new())
    }
}
