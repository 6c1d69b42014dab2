//! Which key gave which, and which keys nothing gave.

use crate::trail::apart::ISSUE_SECONDS;
use crate::trail::closure::{Numbers, edges};
use crate::trail::facts::Who;
use crate::trail::pages::Page;

/// Keys that some pages say were given, to whom and when; a zero where that isn't told. One that another page says of is taken for one that nobody gave: that makes a
/// family larger, never smaller.
pub(super) struct Given(Vec<(u64, u64, u32)>);

impl Given {
    pub(super) fn of(pages: &[&Page]) -> Self {
        // What gives a caller its own key back gives none.
        let others = edges(pages).filter(|gave| gave.by != gave.new.key);
        let mut given: Vec<_> = others.map(|gave| (gave.new.key, gave.new.id, gave.new.since)).collect();
        given.sort_unstable();
        Given(given)
    }

    /// Whether nothing gave this caller its key. Key IDs of sessions recur: what was given to it at another moment is another's.
    pub(super) fn lack(&self, who: &Who) -> bool {
        let may_be = |holder| {
            let begin = self.0.partition_point(|given| *given < (who.key, holder, 0));
            let rest = self.0.get(begin..).unwrap_or_default().iter();
            let mut same = rest.take_while(|(key, to, _)| (*key, *to) == (who.key, holder));
            same.any(|(.., since)| *since == 0 || who.since == 0 || since.abs_diff(who.since) <= ISSUE_SECONDS)
        };
        !may_be(0) && !may_be(who.id)
    }
}

/// What leads to what, sorted.
pub(super) struct Links(Vec<(u64, u64)>);

impl Links {
    /// Links from the first of each to the two others; zero is nothing.
    pub(super) fn of(links: impl Iterator<Item = (u64, u64, u64)>) -> Self {
        let each = links.flat_map(|(from, to, also)| [(from, to), (from, also)]);
        let mut links: Vec<_> = each.filter(|(from, to)| *from != 0 && *to != 0).collect();
        links.sort_unstable();
        links.dedup();
        Links(links)
    }

    pub(super) fn from(&self, from: u64) -> impl Iterator<Item = u64> {
        let begin = self.0.partition_point(|(other, _)| *other < from);
        let rest = self.0.get(begin..).unwrap_or_default();
        rest.iter()
            .take_while(move |(other, _)| *other == from)
            .map(|(_, to)| *to)
    }

    /// Adds everything that can be reached from what is known.
    pub(super) fn follow(&self, known: &mut Numbers) {
        let first = self
            .0
            .iter()
            .filter(|(from, to)| known.contains(from) && !known.contains(to));
        let mut next: Vec<u64> = first.map(|(_, to)| *to).collect();
        known.extend(&next);
        while let Some(from) = next.pop() {
            for to in self.from(from) {
                if known.insert(to) {
                    next.push(to);
                }
            }
        }
    }
}
