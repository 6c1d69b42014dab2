//! Hits, of which the first of each rule are kept and the rest is counted: a trail can have as many as records.

use super::Hit;
use crate::harden::rule::Rule;
use crate::time::Moment;
use serde::Serialize;
use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

/// So many hits of each rule are told in full: the first by their times.
pub const MOST_HITS: usize = 1_000;

/// So many addresses of a hit are named.
const MOST_ADDRESSES: usize = 100;

/// A rule that found more than is told in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The rule.
    pub rule: Cow<'static, str>,
    /// How many hits it has.
    pub hits: u64,
    /// How many of them are told: the first ones.
    pub told: usize,
    /// When the last of all ends.
    pub last: Moment,
}

/// What one rule found.
#[derive(Debug)]
struct OfRule {
    hits: Vec<Hit>,
    count: u64,
    last: Moment,
}

/// What all rules found.
#[derive(Debug)]
pub(super) struct Kept {
    most: usize,
    rules: BTreeMap<Cow<'static, str>, OfRule>,
}

impl Default for Kept {
    fn default() -> Self {
        Kept::with(MOST_HITS)
    }
}

/// The gravest first, then by rule and time: the order of files makes no difference.
fn order(one: &Hit, two: &Hit) -> Ordering {
    fn by(hit: &Hit) -> impl Ord + '_ {
        (Reverse(hit.level), &hit.rule, hit.first)
    }
    fn rest(hit: &Hit) -> impl Ord + '_ {
        (&hit.key, &hit.events, &hit.what)
    }
    by(one).cmp(&by(two)).then_with(|| rest(one).cmp(&rest(two)))
}

impl Kept {
    /// Keeps so many of each rule.
    pub(super) fn with(most: usize) -> Self {
        Kept {
            most,
            rules: BTreeMap::new(),
        }
    }

    /// How many of each rule are told.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Counts hits of a rule that aren't told, because so many begin before them; `last` is when the last of them ends.
    pub(super) fn count(&mut self, rule: &Rule<'static>, hits: u64, last: Moment) {
        if let Some(of_rule) = self.rules.get_mut(rule.id) {
            of_rule.count += hits;
            of_rule.last = of_rule.last.max(last);
        }
    }

    pub(super) fn push(&mut self, mut hit: Hit) {
        hit.more_addresses = hit.addresses.len().saturating_sub(MOST_ADDRESSES);
        if hit.more_addresses > 0 {
            hit.addresses = hit.addresses.into_iter().take(MOST_ADDRESSES).collect();
        }
        let most = self.most;
        let of_rule = self.rules.entry(hit.rule.clone()).or_insert_with(|| OfRule {
            hits: Vec::new(),
            count: 0,
            last: hit.last,
        });
        of_rule.count += 1;
        of_rule.last = of_rule.last.max(hit.last);
        of_rule.hits.push(hit);
        if of_rule.hits.len() >= 2 * most {
            of_rule.cut(most);
        }
    }

    /// What is told, in order, and of which rules more is counted.
    pub(super) fn finish(self) -> (Vec<Hit>, Vec<Counted>) {
        let (mut hits, mut counted) = (Vec::new(), Vec::new());
        for (rule, mut of_rule) in self.rules {
            of_rule.cut(self.most);
            let told = of_rule.hits.len();
            counted.extend((of_rule.count > told as u64).then_some(Counted {
                rule,
                hits: of_rule.count,
                told,
                last: of_rule.last,
            }));
            hits.append(&mut of_rule.hits);
        }
        hits.sort_by(order);
        (hits, counted)
    }
}

impl OfRule {
    fn cut(&mut self, most: usize) {
        self.hits.sort_by(order);
        self.hits.truncate(most);
    }
}

impl Extend<Hit> for Kept {
    fn extend<I: IntoIterator<Item = Hit>>(&mut self, hits: I) {
        hits.into_iter().for_each(|hit| self.push(hit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harden::rule::{Level, Row};

    fn hit(rule: &'static str, second: i64, addresses: usize) -> Hit {
        let at = Moment::from_millis(1_700_000_000_000).plus_seconds(second);
        Hit {
            rule: rule.into(),
            title: rule.into(),
            row: Row::RoleSession,
            level: Level::High,
            first: at,
            last: at.plus_seconds(1),
            key: String::new(),
            who: String::new(),
            what: String::new(),
            addresses: (0..addresses).map(|n| format!("{n:04}")).collect(),
            more_addresses: 0,
            events: Vec::new(),
        }
    }

    /// Whatever order they come in, the first by time stay, and all are counted.
    #[test]
    fn the_first_are_kept_and_all_are_counted() {
        let mut kept = Kept::with(10);
        (0..997).for_each(|n| kept.push(hit("many", n * 613 % 997, 1)));
        kept.extend((0..10).map(|n| hit("few", n, 1)));
        let (hits, counted) = kept.finish();
        let many: Vec<Hit> = (0..10).map(|n| hit("many", n, 1)).collect();
        let few: Vec<Hit> = (0..10).map(|n| hit("few", n, 1)).collect();
        assert_eq!(hits, [few, many].concat());
        let last = hit("many", 996, 1).last;
        let (rule, told) = ("many".into(), 10);
        let hits = 997;
        assert_eq!(counted, [Counted { rule, hits, told, last }]);
    }

    #[test]
    fn the_first_addresses_are_named_and_all_are_counted() {
        let mut kept = Kept::default();
        kept.extend([hit("one", 0, 100), hit("one", 1, 250)]);
        let (hits, counted) = kept.finish();
        assert!(counted.is_empty());
        let told: Vec<_> = hits
            .iter()
            .map(|hit| (hit.addresses.len(), hit.more_addresses))
            .collect();
        assert_eq!(told, [(100, 0), (100, 150)]);
    }
}
