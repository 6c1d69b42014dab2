//! Records that come one after the other.

use super::fact::Fact;
use super::hits::Growing;
use super::kept::Kept;
use crate::harden::rule::{Rule, Within};
use crate::time::Moment;
use std::collections::{BTreeMap, HashMap};

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

/// Records of a group that come after others of it: for each of these by key.
pub(super) fn then_done(group: &[Fact], rule: &'static Rule<'static>, within: Within, into: &mut Kept) {
    for (first, end) in ends(group, within) {
        let mut hits: BTreeMap<&str, (Option<Growing>, &Fact)> = BTreeMap::new();
        for later in group.iter().filter(|fact| fact.part == 1) {
            if later.at > first.at && end.is_none_or(|end| later.at <= end) {
                let both = hits.entry(later.key()).or_insert_with(|| {
                    let mut both = None;
                    Growing::add(&mut both, rule, first);
                    (both, later)
                });
                Growing::add(&mut both.0, rule, later);
                both.1 = later;
            }
        }
        into.extend(hits.into_values().filter_map(|(both, later)| {
            let on = later.joined().next_back().unwrap_or_default();
            let what = match later.call() == first.call() && later.call().starts_with("AssumeRole") {
                true => format!("{} of {on}, the role before", later.call()),
                false => format!("{} after that at {}", later.call(), first.at.whole_second()),
            };
            Some(both?.told(what))
        }));
    }
}

/// The key that a record of a ring was made with, where it comes from and where it leads.
pub(super) fn ring_of(fact: &Fact) -> Option<[&str; 3]> {
    let mut joined = fact.joined();
    Some([joined.next()?, joined.next()?, joined.next()?])
}
