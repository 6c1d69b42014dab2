//! Records that come one after the other.

use super::fact::Fact;
use super::hits::{hit, of_caller};
use super::{Detector, Hit};
use crate::harden::matching::Members;
use crate::harden::rule::{Records, Rule, Within};
use crate::time::Moment;
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

/// Texts by which records are joined.
type Joined<'f> = &'f [Box<str>];

/// Earlier records by what they are joined by, and until when they count.
type Earlier<'f> = HashMap<Joined<'f>, Vec<(&'f Fact, Option<Moment>)>>;

impl Detector {
    fn earlier(&self, n: usize, within: Within) -> Earlier<'_> {
        let mut back: HashMap<(Joined<'_>, Joined<'_>), Vec<Moment>> = HashMap::new();
        for fact in self.facts(n, 2) {
            back.entry((&fact.joined, &fact.same)).or_default().push(fact.at);
        }
        let mut earlier = Earlier::new();
        for fact in self.facts(n, 0) {
            let back = back.get(&(&*fact.joined, &*fact.same)).into_iter().flatten();
            let back = back.filter(|at| **at > fact.at).min().copied();
            let over = match within {
                Within::Seconds(seconds) => Some(fact.at.plus_seconds(seconds)),
                Within::SameHour | Within::Life => None,
            };
            let end = [back, over].into_iter().flatten().min();
            earlier.entry(&fact.joined).or_default().push((fact, end));
        }
        earlier
    }

    /// What callers did after a record that is joined to them.
    pub(super) fn then_seen(
        &self,
        n: usize,
        rule: &'static Rule<'static>,
        then: Records<'_>,
        joined: &[(&str, &str)],
        began: Option<&str>,
        within: Within,
    ) -> Vec<Hit> {
        let earlier = self.earlier(n, within);
        if earlier.is_empty() {
            return Vec::new();
        }
        let mut hits: BTreeMap<(&str, String), Hit> = BTreeMap::new();
        for (caller, address, _, seen) in self.seen(then) {
            let own: Option<Vec<Box<str>>> = joined
                .iter()
                .map(|(_, field)| Some(caller.text(field)?.into_owned().into_boxed_str()))
                .collect();
            let Some(own) = own else { continue };
            let began = began.map(|field| caller.text(field)?.parse::<Moment>().ok());
            for (fact, end) in earlier.get(own.as_slice()).into_iter().flatten() {
                // Of what doesn't tell when it began it isn't known that it began before.
                if began.is_some_and(|began| began.is_none_or(|began| began > fact.at)) {
                    continue;
                }
                let Some((first, last)) = seen.between(fact.at, *end) else {
                    continue;
                };
                let key = caller.text("userIdentity.accessKeyId").unwrap_or_default().into_owned();
                let found = hits
                    .entry((&fact.id, key))
                    .or_insert_with(|| of_caller(rule, caller, first, last));
                found.first = found.first.min(first);
                found.last = found.last.max(last);
                found.addresses.insert(address.to_owned());
                found.what = format!("used after {} at {}", fact.call, fact.at.whole_second());
                found.events = vec![fact.id.to_string()];
            }
        }
        hits.into_values().collect()
    }

    /// Records that come after others that they are joined to.
    pub(super) fn then_done(&self, n: usize, rule: &'static Rule<'static>, within: Within) -> Vec<Hit> {
        let earlier = self.earlier(n, within);
        let mut hits: BTreeMap<(&str, &str), Vec<&Fact>> = BTreeMap::new();
        for later in self.facts(n, 1) {
            for (fact, end) in earlier.get(&*later.joined).into_iter().flatten() {
                if later.at > fact.at && end.is_none_or(|end| later.at <= end) {
                    let both = hits.entry((&fact.id, &later.key)).or_insert_with(|| vec![fact]);
                    both.push(later);
                }
            }
        }
        let each = hits.into_values().filter_map(|facts| {
            let (first, later) = (facts.first()?, facts.last()?);
            let on = later.joined.last().cloned().unwrap_or_default();
            let what = match later.call == first.call && later.call.starts_with("AssumeRole") {
                true => format!("{} of {on}, the role before", later.call),
                false => format!("{} after that at {}", later.call, first.at.whole_second()),
            };
            Some(hit(rule, &facts, what))
        });
        each.collect()
    }

    /// Records of which each is made with what the one before gave, and the last leads back to where the first came from. A credential is given
    /// once: of several records that seem to, the first counts.
    pub(super) fn rings(
        &self,
        n: usize,
        rule: &'static Rule<'static>,
        length: RangeInclusive<usize>,
        seconds: i64,
    ) -> Vec<Hit> {
        let mut givers: HashMap<&str, &Fact> = HashMap::new();
        for fact in self.facts(n, 0) {
            if let Some(given) = fact.same.first().filter(|given| !given.is_empty()) {
                givers.entry(given).or_insert(fact);
            }
        }
        let each = self.facts(n, 0).filter_map(|last| {
            let [_, _, back] = &*last.joined else { return None };
            let mut ring = vec![last];
            loop {
                let first = *ring.last()?;
                let [own, from, _] = &*first.joined else { return None };
                if from == back {
                    break;
                }
                let giver = givers.get(&**own)?;
                let is_near = giver.at < first.at && first.at <= giver.at.plus_seconds(seconds);
                if !is_near || ring.len() == *length.end() {
                    return None;
                }
                ring.push(giver);
            }
            ring.reverse();
            let what = format!(
                "{} of {back} after {} others that began with it",
                last.call,
                ring.len() - 1
            );
            length.contains(&ring.len()).then(|| hit(rule, &ring, what))
        });
        each.collect()
    }
}
