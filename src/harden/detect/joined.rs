//! Records that come one after the other.

use super::fact::Fact;
use crate::harden::rule::Within;
use crate::time::Moment;
use std::collections::HashMap;

/// Earlier records by what they are joined by, and until when they count.
pub(super) type Earlier = HashMap<Box<[Box<str>]>, Vec<(Fact, Option<Moment>)>>;

/// Until when the earlier ones of a group count, by their places in it.
pub(super) fn ends(group: &[Fact], within: Within) -> Vec<(&Fact, Option<Moment>)> {
    let of_part = |part: u8| group.iter().filter(move |fact| fact.part == part);
    let same = |fact: &'_ Fact| fact.same().map(str::to_owned).collect::<Vec<_>>();
    let mut back: HashMap<Vec<String>, Vec<Moment>> = HashMap::new();
    of_part(2).for_each(|fact| back.entry(same(fact)).or_default().push(fact.at));
    back.values_mut().for_each(|back| back.sort_unstable());
    let each = of_part(0).map(|fact| {
        let back = back.get(&same(fact));
        let back = back.and_then(|back| back.get(back.partition_point(|at| *at <= fact.at)).copied());
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

/// The key that a record of a ring was made with, where it comes from and where it leads.
pub(super) fn ring_of(fact: &Fact) -> Option<[&str; 3]> {
    let mut joined = fact.joined();
    Some([joined.next()?, joined.next()?, joined.next()?])
}
