//! Records that come one after the other.

use super::Hit;
use super::fact::Fact;
use super::hits::Growing;
use crate::harden::rule::{Rule, Within};
use crate::time::Moment;
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

/// Earlier records by what they are joined by, and until when they count.
pub(super) type Earlier = HashMap<Box<[Box<str>]>, Vec<(Fact, Option<Moment>)>>;

/// Until when the earlier ones of a group count, by their places in it.
fn ends(group: &[Fact], within: Within) -> Vec<(&Fact, Option<Moment>)> {
    let of_part = |part: u8| group.iter().filter(move |fact| fact.part == part);
    let same = |fact: &'_ Fact| fact.same().map(str::to_owned).collect::<Vec<_>>();
    let mut back: HashMap<Vec<String>, Vec<Moment>> = HashMap::new();
    of_part(2).for_each(|fact| back.entry(same(fact)).or_default().push(fact.at));
    let each = of_part(0).map(|fact| {
        let back = back.get(&same(fact)).into_iter().flatten();
        let back = back.filter(|at| **at > fact.at).min().copied();
        let over = match within {
            Within::Seconds(seconds) => Some(fact.at.plus_seconds(seconds)),
            Within::SameHour | Within::Life => None,
        };
        (fact, [back, over].into_iter().flatten().min())
    });
    each.collect()
}

/// Keeps the earlier records of a group, after which callers are looked for.
pub(super) fn keep(group: &[Fact], within: Within, into: &mut Earlier) {
    for (fact, end) in ends(group, within) {
        into.entry(fact.joined().map(Box::from).collect())
            .or_default()
            .push((fact.clone(), end));
    }
}

/// Records of a group that come after others of it.
pub(super) fn then_done(group: &[Fact], rule: &'static Rule<'static>, within: Within) -> Vec<Hit> {
    let earlier = ends(group, within);
    let mut hits: BTreeMap<(&str, &str), Vec<&Fact>> = BTreeMap::new();
    for later in group.iter().filter(|fact| fact.part == 1) {
        for (fact, end) in &earlier {
            if later.at > fact.at && end.is_none_or(|end| later.at <= end) {
                let both = hits.entry((fact.id(), later.key())).or_insert_with(|| vec![*fact]);
                both.push(later);
            }
        }
    }
    let each = hits.into_values().filter_map(|facts| {
        let (first, later) = (facts.first()?, facts.last()?);
        let on = later.joined().next_back().unwrap_or_default();
        let what = match later.call() == first.call() && later.call().starts_with("AssumeRole") {
            true => format!("{} of {on}, the role before", later.call()),
            false => format!("{} after that at {}", later.call(), first.at.whole_second()),
        };
        Some(Growing::whole(rule, facts.iter().copied())?.told(what))
    });
    each.collect()
}

/// The key that a record of a ring was made with, where it comes from and where it leads.
pub(super) fn ring_of(fact: &Fact) -> Option<[&str; 3]> {
    let mut joined = fact.joined();
    Some([joined.next()?, joined.next()?, joined.next()?])
}

/// Records of which each is made with what the one before gave, and the last leads back to where the first came from. A credential is given
/// once: of several records that seem to, the first counts.
pub(super) fn rings(
    facts: &[Fact],
    rule: &'static Rule<'static>,
    length: &RangeInclusive<usize>,
    seconds: i64,
) -> Vec<Hit> {
    let mut givers: HashMap<&str, &Fact> = HashMap::new();
    for fact in facts {
        if let Some(given) = fact.same().next().filter(|given| !given.is_empty()) {
            givers.entry(given).or_insert(fact);
        }
    }
    let each = facts.iter().filter_map(|last| {
        let [_, _, back] = ring_of(last)?;
        let mut ring = vec![last];
        loop {
            let first = *ring.last()?;
            let [own, from, _] = ring_of(first)?;
            if from == back {
                break;
            }
            let giver = givers.get(own)?;
            let is_near = giver.at < first.at && first.at <= giver.at.plus_seconds(seconds);
            if !is_near || ring.len() == *length.end() {
                return None;
            }
            ring.push(giver);
        }
        ring.reverse();
        let what = format!(
            "{} of {back} after {} others that began with it",
            last.call(),
            ring.len() - 1
        );
        if !length.contains(&ring.len()) {
            return None;
        }
        Some(Growing::whole(rule, ring)?.told(what))
    });
    each.collect()
}
