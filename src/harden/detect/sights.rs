//! What caller and address alone tell: key by key, from stays that come in the order of keys.

use super::Hit;
use super::joined::Earlier;
use super::sighting::Sighting;
use super::stay::Stay;
use crate::harden::caller::{At, Caller, is_at_a_glance};
use crate::harden::fitted::Fitted;
use crate::harden::matching::{Members, is_one_of};
use crate::harden::rule::{Rule, Shape, Within};
use crate::harden::rules::RULES;
use crate::time::Moment;
use std::collections::BTreeMap;

/// What was seen of one key so far.
#[derive(Default)]
struct OfKey {
    key: Option<String>,
    /// By rule, what is common, and the hour where that counts.
    several: BTreeMap<(usize, Vec<String>, i64), Hit>,
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
    pub(super) hits: Vec<Hit>,
}

/// What a caller has in common with another.
fn common<'f>(caller: &Caller, fields: impl Iterator<Item = &'f str>) -> Option<Vec<String>> {
    fields.map(|field| Some(caller.text(field)?.into_owned())).collect()
}

impl<'r> Sights<'r> {
    pub(super) fn after(earlier: BTreeMap<usize, Earlier>, fitted: &'r [&'r Fitted]) -> Self {
        Sights {
            earlier,
            fitted,
            now: OfKey::default(),
            hits: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, stay: &Stay) {
        let key = stay.caller.text("userIdentity.accessKeyId").unwrap_or_default();
        if self.now.key.as_deref() != Some(&*key) {
            self.turn();
            self.now.key = Some(key.into_owned());
        }
        for place in &stay.places {
            let at = At(&stay.caller, &place.address);
            for (n, rule) in RULES.iter().enumerate() {
                match rule.shape {
                    Shape::Several { of, by, within, .. } if is_at_a_glance(of) && is_one_of(of, &at) => {
                        self.now.add(n, rule, by, within, &at, &place.hours);
                    }
                    Shape::Then {
                        then, joined, began, ..
                    } if is_at_a_glance(then) => {
                        let Some(earlier) = self.earlier.get(&n).filter(|_| is_one_of(then, &at)) else {
                            continue;
                        };
                        let own = common(&stay.caller, joined.iter().map(|(_, field)| *field));
                        let own = own.map(|own| own.into_iter().map(String::into_boxed_str).collect::<Vec<_>>());
                        let before = own.and_then(|own| earlier.get(own.as_slice()));
                        let began = began.map(|field| stay.caller.text(field)?.parse::<Moment>().ok());
                        for (fact, end) in before.into_iter().flatten() {
                            // Of what doesn't tell when it began it isn't known that it began before.
                            if began.is_some_and(|began| began.is_none_or(|began| began > fact.at)) {
                                continue;
                            }
                            let spans = place.hours.iter();
                            for (first, last) in spans.filter_map(|(_, seen)| seen.between(fact.at, *end)) {
                                let hit = self.now.later.entry((n, fact.id.clone()));
                                let hit = hit.or_insert_with(|| Hit {
                                    what: format!("used after {} at {}", fact.call, fact.at.whole_second()),
                                    events: vec![fact.id.to_string()],
                                    ..Hit::of_caller(rule, &stay.caller, first, last)
                                });
                                hit.widen(first, last, &place.address);
                            }
                        }
                    }
                    _ => {}
                }
            }
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
        let now = std::mem::take(&mut self.now);
        let several = now.several.into_iter().filter_map(|((n, ..), hit)| {
            let at_least = match RULES.get(n)?.shape {
                Shape::Several { at_least, .. } => at_least,
                _ => return None,
            };
            let count = hit.addresses.len();
            let what = format!("used from {count} addresses");
            (count >= at_least).then_some(Hit { what, ..hit })
        });
        self.hits.extend(several);
        self.hits.extend(now.later.into_values());
        self.hits.extend(now.elsewhere.into_values());
    }

    pub(super) fn finish(mut self) -> Vec<Hit> {
        self.turn();
        self.hits
    }
}

impl OfKey {
    /// A caller at an address that a rule counts.
    fn add(
        &mut self,
        n: usize,
        rule: &Rule<'static>,
        by: &[&str],
        within: Within,
        at: &At<'_>,
        hours: &[(i64, Sighting)],
    ) {
        let Some(common) = common(at.0, by.iter().copied()) else {
            return;
        };
        for (hour, seen) in hours {
            let hour = if within == Within::SameHour { *hour } else { 0 };
            let hit = self.several.entry((n, common.clone(), hour));
            let hit = hit.or_insert_with(|| Hit::of_caller(rule, at.0, seen.first, seen.last));
            hit.widen(seen.first, seen.last, at.1);
        }
    }
}
