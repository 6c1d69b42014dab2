//! Records that come after others of their group. A group can be large, and each of its records be followed by all later ones: so those pairs that can be
//! told are found by their places, and of the rest it is counted how many there are.

use super::fact::Fact;
use super::hits::Growing;
use super::joined::ends;
use super::kept::Kept;
use crate::harden::rule::{Rule, Within};
use crate::time::Moment;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// The later records of one key, by their places: all, and by the address that they come from.
#[derive(Default)]
struct OfKey<'f> {
    all: Vec<usize>,
    from: BTreeMap<&'f str, Vec<usize>>,
}

/// The later records of a group, in the order of their times.
struct Later<'f> {
    all: Vec<&'f Fact>,
    /// Of each the place of the one before that is of the same key.
    before: Vec<Option<usize>>,
    keys: HashMap<&'f str, OfKey<'f>>,
}

/// Those of some places, which are in order, that lie between two.
fn among(places: &[usize], span: &Range<usize>) -> Range<usize> {
    let before = |end: usize| places.partition_point(|place| *place < end);
    before(span.start)..before(span.end)
}

impl<'f> Later<'f> {
    fn of(group: &'f [Fact]) -> Self {
        let mut all: Vec<&Fact> = group.iter().filter(|fact| fact.part == 1).collect();
        all.sort_by_key(|fact| fact.at);
        let mut keys: HashMap<&str, OfKey<'_>> = HashMap::new();
        let mut before = Vec::with_capacity(all.len());
        for (place, fact) in all.iter().enumerate() {
            let of_key = keys.entry(fact.key()).or_default();
            before.push(of_key.all.last().copied());
            of_key.all.push(place);
            of_key.from.entry(fact.address()).or_default().push(place);
        }
        Later { all, before, keys }
    }

    /// The places of those that come after a moment, up to another.
    fn span(&self, after: Moment, end: Option<Moment>) -> Range<usize> {
        let until = |moment: Moment| self.all.partition_point(|fact| fact.at <= moment);
        let from = until(after);
        from..end.map_or(self.all.len(), until).max(from)
    }

    /// The first of each key within a span.
    fn firsts(&self, span: &Range<usize>) -> impl Iterator<Item = &'f Fact> {
        let from = span.start;
        let is_first = move |before: &Option<usize>| before.is_none_or(|before| before < from);
        let all = self.all.iter().zip(&self.before);
        all.skip(from)
            .take(span.len())
            .filter_map(move |(fact, before)| is_first(before).then_some(*fact))
    }

    /// What a record and those of a key that follow it within a span are together, and the last of them.
    fn told(
        &self,
        first: &'f Fact,
        key: &str,
        span: &Range<usize>,
        rule: &'static Rule<'static>,
    ) -> Option<(Growing, &'f Fact)> {
        let of_key = self.keys.get(key)?;
        let places = of_key.all.get(among(&of_key.all, span))?;
        let fact = |place: &usize| -> Option<&'f Fact> { self.all.get(*place).copied() };
        let last = fact(places.last()?)?;
        let named = places.iter().take(Growing::NAMED).filter_map(fact);
        let unnamed = (places.len() > Growing::NAMED).then_some(last);
        let mut both = Growing::whole(rule, [first].into_iter().chain(named).chain(unnamed))?;
        let from = of_key.from.iter().filter(|(_, places)| !among(places, span).is_empty());
        both.hit
            .addresses
            .extend(from.map(|(address, _)| (*address).to_owned()));
        Some((both, last))
    }
}

/// How many keys there are within each of some spans over places, of which `before` tells the one before of the same key.
fn keys_within(before: &[Option<usize>], spans: &[Range<usize>]) -> u64 {
    let mut by_end: Vec<&Range<usize>> = spans.iter().collect();
    by_end.sort_by_key(|span| span.end);
    // The last place of each key so far is marked. Sums over marks are kept in a tree, as by Fenwick.
    let mut tree = vec![0_i64; before.len() + 1];
    let mark = |place: usize, by: i64, tree: &mut [i64]| {
        let mut n = place + 1;
        while let Some(sum) = tree.get_mut(n) {
            *sum += by;
            n += n & n.wrapping_neg();
        }
    };
    let sum = |end: usize, tree: &[i64]| {
        let below = |n: &usize| Some(n & (n - 1)).filter(|n| *n > 0);
        let places = std::iter::successors(Some(end).filter(|n| *n > 0), below);
        places.filter_map(|n| tree.get(n)).sum::<i64>()
    };
    let (mut done, mut count) = (0, 0);
    for span in by_end {
        while done < span.end {
            if let Some(earlier) = before.get(done).copied().flatten() {
                mark(earlier, -1, &mut tree);
            }
            mark(done, 1, &mut tree);
            done += 1;
        }
        count += sum(span.end, &tree) - sum(span.start, &tree);
    }
    u64::try_from(count).unwrap_or_default()
}

/// Records of a group that come after others of it: for each of these by key.
pub(super) fn pairs(group: &[Fact], rule: &'static Rule<'static>, within: Within, into: &mut Kept) {
    let mut firsts = ends(group, within);
    firsts.sort_by_key(|(first, _)| first.at);
    let later = Later::of(group);
    let (mut told, mut told_before, mut at) = (0, 0, None);
    let mut untold = Vec::new();
    for (first, end) in firsts {
        let span = later.span(first.at, end);
        if at.replace(first.at) != Some(first.at) {
            told_before = told;
        }
        // Of a rule the first are told: those that begin later than so many are counted.
        if told_before >= into.most() {
            untold.push(span);
            continue;
        }
        for key in later.firsts(&span).map(Fact::key) {
            if let Some((both, last)) = later.told(first, key, &span, rule) {
                told += 1;
                into.push(both.told(what(first, last)));
            }
        }
    }
    let ends = untold.iter().filter(|span| !span.is_empty()).map(|span| span.end);
    if let Some(last) = ends.max().and_then(|end| later.all.get(end - 1)) {
        into.count(rule, keys_within(&later.before, &untold), last.at);
    }
}

fn what(first: &Fact, later: &Fact) -> String {
    let on = later.joined().next_back().unwrap_or_default();
    match later.call() == first.call() && later.call().starts_with("AssumeRole") {
        true => format!("{} of {on}, the role before", later.call()),
        false => format!("{} after that at {}", later.call(), first.at.whole_second()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::super::fact::facts;
    use super::super::kept::Kept;
    use super::super::parts::parts;
    use super::*;
    use crate::harden::detect::Hit;
    use crate::harden::rules::RULES;
    use proptest::prelude::*;
    use serde_json::json;
    use std::time::{Duration, Instant};

    const RULE: &str = "users-deny-removed";

    fn rule() -> &'static Rule<'static> {
        RULES.iter().find(|rule| rule.id == RULE).unwrap()
    }

    /// A deny that is written at a second, or taken off by one of the keys, from one of the addresses.
    fn fact(n: usize, second: i64, is_taken: bool, key: u8, address: u8) -> Fact {
        let call = if is_taken { "DeleteUserPolicy" } else { "PutUserPolicy" };
        let document = r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
        let record = json!({
            "eventSource": "iam.amazonaws.com", "eventName": call, "eventID": format!("e{n:06}"), "recipientAccountId": "1",
            "sourceIPAddress": format!("192.0.2.{address}"), "userIdentity": {"accessKeyId": format!("AKIA{key}"), "arn": "arn"},
            "requestParameters": {"userName": "u", "policyName": "p", "policyDocument": document}
        });
        let at = Moment::from_millis(1_700_000_000_000).plus_seconds(second);
        let all = facts(&parts(call.as_bytes()).unwrap().parts, |_| true, &record, at);
        let is_part = u8::from(is_taken);
        all.into_iter()
            .find(|fact| RULES[usize::from(fact.rule)].id == RULE && fact.part == is_part)
            .unwrap()
    }

    /// The same pair by pair.
    fn plainly(group: &[Fact], within: Within, into: &mut Kept) {
        for (first, end) in ends(group, within) {
            let mut hits: BTreeMap<&str, (Option<Growing>, &Fact)> = BTreeMap::new();
            for later in group.iter().filter(|fact| fact.part == 1) {
                if later.at > first.at && end.is_none_or(|end| later.at <= end) {
                    let both = hits
                        .entry(later.key())
                        .or_insert_with(|| (Growing::whole(rule(), [first]), later));
                    Growing::add(&mut both.0, rule(), later);
                    both.1 = later;
                }
            }
            let told = hits
                .into_values()
                .map(|(both, later)| both.unwrap().told(what(first, later)));
            into.extend(told);
        }
    }

    proptest! {
        #[test]
        fn pairs_are_told_and_counted_as_one_by_one(
            all in prop::collection::vec((0_i64..40, any::<bool>(), 0_u8..4, 0_u8..4), 0..120),
            most in 1_usize..12,
            within in prop_oneof![Just(Within::Life), (0_i64..20).prop_map(Within::Seconds)],
        ) {
            let facts = all.into_iter().enumerate();
            let mut group: Vec<Fact> = facts.map(|(n, (at, is_taken, key, address))| fact(n, at, is_taken, key, address)).collect();
            group.sort_by(|one, two| (one.part, one.at, one.id()).cmp(&(two.part, two.at, two.id())));
            let (mut told, mut expected) = (Kept::with(most), Kept::with(most));
            pairs(&group, rule(), within, &mut told);
            plainly(&group, within, &mut expected);
            prop_assert_eq!(told.finish(), expected.finish());
        }
    }

    /// Each deny is followed by all that come later, by hundreds of keys: pair by pair this would take hours.
    #[test]
    fn a_large_group_takes_no_time_to_speak_of() {
        const MANY: i64 = 10_000;
        let mut group: Vec<Fact> = (0..MANY).map(|n| fact(0, n, false, 0, 0)).collect();
        group.extend((0..MANY).map(|n| fact(1, n + 1, true, (n % 200) as u8, (n % 7) as u8)));
        let began = Instant::now();
        let mut kept = Kept::default();
        pairs(&group, rule(), Within::Life, &mut kept);
        let (hits, counted): (Vec<Hit>, _) = kept.finish();
        assert_eq!((hits.len(), counted.len()), (1_000, 1));
        // All keys come later but for the last denies.
        assert_eq!(counted[0].hits, (MANY as u64 - 199) * 200 + 199 * 200 / 2);
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    }
}
