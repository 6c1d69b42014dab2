//! What facts and sightings say together, by the shape of each rule.

use super::fact::Fact;
use super::sighting::Sighting;
use super::{Detector, Hit};
use crate::harden::caller::{At, Caller, is_at_a_glance};
use crate::harden::fitted::Fitted;
use crate::harden::matching::{Members, is_one_of};
use crate::harden::rule::{Records, Rule, Shape, Within};
use crate::time::Moment;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many events of a hit are named.
const NAMED: usize = 20;

impl Detector {
    pub(super) fn facts(&self, n: usize, part: u8) -> impl Iterator<Item = &Fact> {
        let of_rule = move |fact: &&Fact| usize::from(fact.rule) == n && fact.part == part;
        self.facts.iter().filter(of_rule)
    }

    pub(super) fn hits(&self, n: usize, rule: &'static Rule<'static>) -> Vec<Hit> {
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
            Shape::Several {
                of,
                by,
                at_least,
                within,
                ..
            } => match is_at_a_glance(of) {
                true => self.several_seen(rule, of, by, at_least, within),
                false => self.several_done(n, rule, by, at_least, within),
            },
            Shape::Then {
                then,
                joined,
                began,
                within,
                ..
            } => match is_at_a_glance(then) {
                true => self.then_seen(n, rule, then, joined, began, within),
                false => self.then_done(n, rule, within),
            },
            Shape::Ring {
                at_least,
                at_most,
                seconds,
                ..
            } => self.rings(n, rule, at_least..=at_most, seconds),
        }
    }

    /// Callers with the times at which they were seen, from addresses that are looked for.
    pub(super) fn seen(&self, of: Records<'_>) -> impl Iterator<Item = (&Caller, &str, i64, &Sighting)> {
        self.sightings
            .iter()
            .filter_map(move |((caller, address, hour), sighting)| {
                let caller = self.callers.get(caller)?.as_ref()?;
                let address = self.addresses.get(address)?;
                is_one_of(of, &At(caller, address)).then_some((caller, &**address, *hour, sighting))
            })
    }

    /// Callers at places that a rule for this account looks for, by their keys.
    pub(super) fn elsewhere(&self, rule: &Fitted) -> Vec<Hit> {
        let mut groups: BTreeMap<String, Hit> = BTreeMap::new();
        for ((caller, address, _), seen) in &self.sightings {
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
                first: seen.first,
                last: seen.last,
                key: text("userIdentity.accessKeyId"),
                who: text("userIdentity.arn"),
                what: "used from a place that is new".to_owned(),
                addresses: BTreeSet::new(),
                events: Vec::new(),
            });
            found.first = found.first.min(seen.first);
            found.last = found.last.max(seen.last);
            found.addresses.insert(address.to_string());
        }
        groups.into_values().collect()
    }

    /// Callers at several addresses.
    fn several_seen(
        &self,
        rule: &'static Rule<'static>,
        of: Records<'_>,
        by: &[&str],
        at_least: usize,
        within: Within,
    ) -> Vec<Hit> {
        let mut groups: BTreeMap<(Vec<String>, i64), Hit> = BTreeMap::new();
        for (caller, address, hour, seen) in self.seen(of) {
            let common: Option<Vec<String>> = by.iter().map(|field| Some(caller.text(field)?.into_owned())).collect();
            let Some(common) = common else { continue };
            let hour = if within == Within::SameHour { hour } else { 0 };
            let found = groups
                .entry((common, hour))
                .or_insert_with(|| of_caller(rule, caller, seen.first, seen.last));
            found.first = found.first.min(seen.first);
            found.last = found.last.max(seen.last);
            found.addresses.insert(address.to_owned());
        }
        let several = groups.into_values().filter(|hit| hit.addresses.len() >= at_least);
        several
            .map(|hit| Hit {
                what: format!("used from {} addresses", hit.addresses.len()),
                ..hit
            })
            .collect()
    }

    /// Records that have all in common but the last of their members, of which there are several.
    fn several_done(
        &self,
        n: usize,
        rule: &'static Rule<'static>,
        by: &[&str],
        at_least: usize,
        within: Within,
    ) -> Vec<Hit> {
        let mut groups: BTreeMap<&[Box<str>], Vec<(&Fact, &str)>> = BTreeMap::new();
        for fact in self.facts(n, 0) {
            if let Some((what, common)) = fact.joined.split_last() {
                groups.entry(common).or_default().push((fact, what));
            }
        }
        let each = groups.into_values().filter_map(|facts| {
            let near = several_near(&facts, at_least, within);
            let several: BTreeSet<&str> = near.iter().map(|(_, what)| *what).collect();
            let near: Vec<&Fact> = near.into_iter().map(|(fact, _)| fact).collect();
            let what = match by.last() {
                Some(&"eventSource") => {
                    let (_, by) = near.first()?.joined.split_last()?;
                    format!("through {} endpoints of {}", several.len(), by.last()?)
                }
                _ => format!("{} of {} roles", near.first()?.call, several.len()),
            };
            Some(hit(rule, &near, what))
        });
        each.collect()
    }
}

/// The records that stand where so many texts are within the time.
fn several_near<'f>(facts: &[(&'f Fact, &'f str)], at_least: usize, within: Within) -> Vec<(&'f Fact, &'f str)> {
    let Within::Seconds(seconds) = within else {
        let several: BTreeSet<&str> = facts.iter().map(|(_, what)| *what).collect();
        return if several.len() >= at_least {
            facts.to_vec()
        } else {
            Vec::new()
        };
    };
    let mut is_in = vec![false; facts.len()];
    let mut counted: HashMap<&str, usize> = HashMap::new();
    let mut from = 0;
    for (n, (fact, what)) in facts.iter().enumerate() {
        *counted.entry(what).or_default() += 1;
        while let Some((early, what)) = facts
            .get(from)
            .filter(|(early, _)| early.at.plus_seconds(seconds) < fact.at)
        {
            debug_assert!(early.at <= fact.at);
            if let Some(count) = counted.get_mut(what) {
                *count -= 1;
                if *count == 0 {
                    counted.remove(what);
                }
            }
            from += 1;
        }
        if counted.len() >= at_least {
            is_in.iter_mut().take(n + 1).skip(from).for_each(|one| *one = true);
        }
    }
    let near = facts.iter().zip(is_in).filter(|(_, is_in)| *is_in);
    near.map(|(fact, _)| *fact).collect()
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

pub(super) fn hit(rule: &'static Rule<'static>, facts: &[&Fact], what: String) -> Hit {
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

pub(super) fn of_caller(rule: &'static Rule<'static>, caller: &Caller, first: Moment, last: Moment) -> Hit {
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
