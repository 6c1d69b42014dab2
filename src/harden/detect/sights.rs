//! What caller and address alone tell: key by key, from stays that come in the order of keys.

use super::Hit;
use super::fact::{self, Fact};
use super::joined::Earlier;
use super::kept::Kept;
use super::stay::Stay;
use crate::harden::caller::{At, Caller, is_at_a_glance, is_from, may_call, of_caller};
use crate::harden::fitted::Fitted;
use crate::harden::matching::{Members, is_one_of};
use crate::harden::rule::{Records, Rule, Shape, Within};
use crate::harden::rules::RULES;
use crate::time::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

/// A caller, counted by what it has in common with others, at several addresses.
struct Several {
    caller: Rc<Stay>,
    first: Moment,
    last: Moment,
    addresses: BTreeSet<Arc<str>>,
}

/// The rules that caller and address alone tell, or of which they tell the later part.
static GLANCED: LazyLock<Vec<(usize, &'static Rule<'static>)>> = LazyLock::new(|| {
    let is_glanced = |rule: &Rule<'static>| match rule.shape {
        Shape::Several { of: records, .. } | Shape::Then { then: records, .. } => is_at_a_glance(records),
        _ => false,
    };
    RULES.iter().enumerate().filter(|(_, rule)| is_glanced(rule)).collect()
});

/// What was seen of one key so far.
#[derive(Default)]
struct OfKey {
    key: Option<String>,
    stays: Vec<Rc<Stay>>,
    /// By rule, the hash of what is common, and the hour where that counts.
    several: BTreeMap<(usize, u64, i64), Several>,
    /// By rule and the record that came before.
    later: BTreeMap<(usize, Box<str>), Hit>,
    elsewhere: BTreeMap<usize, Hit>,
}

/// The rules that are told so.
pub(super) struct Sights<'r> {
    /// By their places among all, what came before, where they have that.
    earlier: BTreeMap<usize, Earlier>,
    fitted: &'r [&'r Fitted],
    now: OfKey,
    hits: Kept,
}

/// What a caller has in common with another.
fn common<'f>(caller: &Caller, fields: impl Iterator<Item = &'f str>) -> Option<Vec<Box<str>>> {
    fields.map(|field| Some(caller.text(field)?.into())).collect()
}

/// Its hash.
fn number(caller: &Caller, fields: &[&str]) -> Option<u64> {
    let mix = |hash: u64, text: &str| hash.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ fact::number(text);
    fields
        .iter()
        .try_fold(0, |hash, field| Some(mix(hash, &caller.text(field)?)))
}

impl<'r> Sights<'r> {
    /// `hits` are those that were found before.
    pub(super) fn after(hits: Kept, earlier: BTreeMap<usize, Earlier>, fitted: &'r [&'r Fitted]) -> Self {
        Sights {
            earlier,
            fitted,
            now: OfKey::default(),
            hits,
        }
    }

    pub(super) fn take(&mut self, stay: Stay) {
        let key = stay.caller.text("userIdentity.accessKeyId").unwrap_or_default();
        if self.now.key.as_deref() != Some(&*key) {
            let key = key.into_owned();
            self.turn();
            self.now.key = Some(key);
        }
        self.now.stays.push(Rc::new(stay));
    }

    /// What a stay tells; `is_spread` where its key came from several addresses.
    fn look(&mut self, stay: &Rc<Stay>, is_spread: bool) {
        for (n, rule) in &*GLANCED {
            let n = *n;
            match rule.shape {
                Shape::Several {
                    of,
                    by,
                    within,
                    at_least,
                    ..
                } if is_spread || at_least < 2 => {
                    let of: Vec<_> = of_caller(of, &stay.caller).collect();
                    if !of.is_empty() {
                        self.now.add(n, &of, by, within, stay);
                    }
                }
                Shape::Then {
                    then, joined, began, ..
                } => {
                    if let Some(earlier) = self.earlier.get(&n).filter(|_| may_call(then, &stay.caller)) {
                        let own = common(&stay.caller, joined.iter().map(|(_, field)| *field));
                        let before = own.and_then(|own| earlier.get(own.as_slice()));
                        let began = began.map(|field| stay.caller.text(field)?.parse::<Moment>().ok());
                        // Of what doesn't tell when it began it isn't known that it began before.
                        let is_of = |fact: &Fact| began.is_none_or(|began| began.is_some_and(|began| began <= fact.at));
                        let before = before.into_iter().flatten().filter(|(fact, _)| is_of(fact));
                        self.now.come(n, rule, then, stay, before);
                    }
                }
                _ => {}
            }
        }
        for place in &stay.places {
            let at = At(&stay.caller, &place.address);
            for (n, rule) in self.fitted.iter().enumerate().filter(|(_, rule)| rule.tells(&at)) {
                for (_, seen) in &place.hours {
                    let hit = self.now.elsewhere.entry(n);
                    let hit = hit.or_insert_with(|| Hit::of_fitted(rule, &stay.caller, seen.first, seen.last));
                    hit.widen(seen.first, seen.last, &place.address);
                }
            }
        }
    }

    /// All stays of a key were seen.
    fn turn(&mut self) {
        let stays = std::mem::take(&mut self.now.stays);
        let mut from = stays.iter().flat_map(|stay| &stay.places).map(|place| &place.address);
        let first = from.next();
        let is_spread = from.any(|address| Some(address) != first);
        stays.iter().for_each(|stay| self.look(stay, is_spread));
        let now = std::mem::take(&mut self.now);
        let several = now.several.into_iter().filter_map(|((n, ..), one)| {
            let rule = RULES.get(n)?;
            let at_least = match rule.shape {
                Shape::Several { at_least, .. } => at_least,
                _ => return None,
            };
            let count = one.addresses.len();
            (count >= at_least).then(|| Hit {
                what: format!("used from {count} addresses"),
                addresses: one.addresses.iter().map(|address| address.to_string()).collect(),
                ..Hit::of_caller(rule, &one.caller.caller, one.first, one.last)
            })
        });
        self.hits.extend(several);
        self.hits.extend(now.later.into_values());
        self.hits.extend(now.elsewhere.into_values());
    }

    pub(super) fn finish(mut self) -> Kept {
        self.turn();
        self.hits
    }
}

impl OfKey {
    /// A caller at addresses that a rule counts.
    fn add(&mut self, n: usize, of: Records<'_>, by: &[&str], within: Within, stay: &Rc<Stay>) {
        let Some(common) = number(&stay.caller, by) else {
            return;
        };
        for place in &stay.places {
            let at = At(&stay.caller, &place.address);
            if !of.iter().any(|tests| is_from(tests, &at)) {
                continue;
            }
            for (hour, seen) in &place.hours {
                let hour = if within == Within::SameHour { *hour } else { 0 };
                let one = self.several.entry((n, common, hour)).or_insert_with(|| Several {
                    caller: stay.clone(),
                    first: seen.first,
                    last: seen.last,
                    addresses: BTreeSet::new(),
                });
                one.first = one.first.min(seen.first);
                one.last = one.last.max(seen.last);
                if !one.addresses.contains(&place.address) {
                    one.addresses.insert(place.address.clone());
                }
            }
        }
    }

    /// A caller who may come after others of a rule.
    fn come<'f>(
        &mut self,
        n: usize,
        rule: &Rule<'static>,
        then: Records<'static>,
        stay: &Stay,
        before: impl Iterator<Item = &'f (Fact, Option<Moment>)>,
    ) {
        for (fact, end) in before {
            let places = stay.places.iter();
            for place in places.filter(|place| is_one_of(then, &At(&stay.caller, &place.address))) {
                let spans = place.hours.iter();
                for (first, last) in spans.filter_map(|(_, seen)| seen.between(fact.at, *end)) {
                    let hit = self.later.entry((n, fact.id().into()));
                    let hit = hit.or_insert_with(|| Hit {
                        what: format!("used after {} at {}", fact.call(), fact.at.whole_second()),
                        events: vec![fact.id().to_owned()],
                        ..Hit::of_caller(rule, &stay.caller, first, last)
                    });
                    hit.widen(first, last, &place.address);
                }
            }
        }
    }
}
