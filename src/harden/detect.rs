//! The rules over a trail: "did any of this happen before we noticed?"

mod fact;
mod hits;
mod joined;
mod sighting;

use super::caller::{At, Caller, is_at_a_glance, may_be};
use super::fitted::Fitted;
use super::glimpse::Glimpse;
use super::matching::{Members, is_one_of};
use super::rule::{Level, Records, Row, Shape};
use super::rules::RULES;
use crate::time::Moment;
use crate::trail::{Glance, Sieve};
use rapidhash::fast::RandomState;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use fact::{Fact, facts, may_be_unnamed, parts, unnamed};
use sighting::{HOUR_SECONDS, Sighting};

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

/// When a caller was seen from an address in one hour.
type Sightings = HashMap<(u64, u64, i64), Sighting, RandomState>;

/// By what they have in common, the first and the last of facts that calls of any name tell.
type Followed = HashMap<u64, (Fact, Fact), RandomState>;

/// What callers look like that come after something: of those each second counts.
static LATER: LazyLock<Vec<Records<'static>>> = LazyLock::new(|| {
    let later = RULES.iter().filter_map(|rule| match rule.shape {
        Shape::Then { then, .. } if is_at_a_glance(then) => Some(then),
        _ => None,
    });
    later.collect()
});

/// Looks at every record; several can work side by side and are brought together at the end.
#[derive(Debug, Default)]
pub struct Detector {
    callers: HashMap<u64, Option<Caller>, RandomState>,
    addresses: HashMap<u64, Box<str>, RandomState>,
    sightings: Sightings,
    facts: Vec<Fact>,
    followed: Followed,
    records: u64,
}

impl Sieve for Detector {
    fn glance(&mut self, glance: &Glance<'_>) -> bool {
        self.records += 1;
        let address = rapidhash::v3::rapidhash_v3(glance.address.as_bytes());
        let hour = glance.at.seconds().div_euclid(HOUR_SECONDS);
        let is_followed = match self.sightings.entry((glance.caller, address, hour)) {
            Entry::Occupied(mut seen) => {
                seen.get_mut().add(glance.at);
                seen.get().is_followed
            }
            Entry::Vacant(place) => {
                let caller = self.callers.entry(glance.caller);
                match caller.or_insert_with(|| Caller::of(glance.identity)) {
                    Some(caller) => {
                        let is_counted = LATER.iter().any(|then| is_one_of(then, caller));
                        let seen = place.insert(Sighting::at(glance.at, is_counted));
                        let at = At(caller, glance.address);
                        seen.is_followed = unnamed().iter().any(|(.., records)| may_be(records, &at));
                        self.addresses.entry(address).or_insert_with(|| glance.address.into());
                        seen.is_followed
                    }
                    None => false,
                }
            }
        };
        let is_followed = is_followed && may_be_unnamed(glance.text);
        let parts = parts(glance.name).unwrap_or_default();
        if parts.is_empty() && !is_followed {
            return false;
        }
        let caller = self.callers.get(&glance.caller).and_then(Option::as_ref);
        match caller.and_then(|caller| Glimpse::of(glance, caller)) {
            Some(glimpse) => {
                self.facts.extend(facts(parts, &glimpse));
                if is_followed {
                    follow(&mut self.followed, facts(unnamed(), &glimpse));
                }
                false
            }
            // Whoever called without a key, and what isn't as CloudTrail writes it, is read in full.
            None => true,
        }
    }

    fn record(&mut self, record: &Value) {
        let name = record.text("eventName").unwrap_or_default();
        if let Some(parts) = parts(&name) {
            self.facts.extend(facts(parts, record));
        }
        follow(&mut self.followed, facts(unnamed(), record));
    }
}

/// Keeps of facts that tell the same again the first and the last: of a machine at work there are as many as it makes calls.
fn follow(followed: &mut Followed, facts: impl IntoIterator<Item = Fact>) {
    for fact in facts {
        match followed.entry(fact.likeness()) {
            Entry::Vacant(place) => drop(place.insert((fact.clone(), fact))),
            Entry::Occupied(mut kept) => {
                let (first, last) = kept.get_mut();
                let when = |fact: &Fact| (fact.at, fact.id.clone());
                if when(&fact) < when(first) {
                    *first = fact;
                } else if when(&fact) > when(last) {
                    *last = fact;
                }
            }
        }
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
        let followed = one.followed.into_values().flat_map(|(first, last)| [first, last]);
        follow(&mut all.followed, followed);
        for (place, seen) in one.sightings {
            match all.sightings.entry(place) {
                Entry::Occupied(mut all) => all.get_mut().merge(&seen),
                Entry::Vacant(place) => drop(place.insert(seen)),
            }
        }
    }
    let followed = std::mem::take(&mut all.followed);
    all.facts
        .extend(followed.into_values().flat_map(|(first, last)| [first, last]));
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
