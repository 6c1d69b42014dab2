//! What records say together, by the shape of each rule: they come group by group, in the order of their times, and are let go as soon as nothing
//! that comes can be counted with them.

use super::Hit;
use super::fact::Fact;
use super::followed::Followed;
use super::hits::Growing;
use super::joined::{Earlier, keep};
use super::kept::Kept;
use super::loops::Back;
use super::pairs::pairs;
use super::rings::Rings;
use crate::harden::caller::is_at_a_glance;
use crate::harden::rule::{Rule, Shape, Within};
use crate::harden::rules::RULES;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// What is known of the group that is being read.
#[derive(Default)]
struct Group {
    /// Records that can still be counted with what comes, and how many were let go before the first of them.
    near: VecDeque<Fact>,
    gone: usize,
    /// Up to this one, counted from the first of the group, they count.
    counted: usize,
    /// How often each text is among them.
    several: HashMap<Box<str>, usize>,
    told: BTreeSet<Box<str>>,
    growing: Option<Growing>,
    followed: Followed,
    all: Vec<Fact>,
}

/// Reads records.
pub(super) struct Groups {
    back: Back,
    last: Option<Fact>,
    group: Group,
    rings: Rings,
    earlier: BTreeMap<usize, Earlier>,
    hits: Kept,
}

impl Groups {
    /// `back` are the roles that can lie on a ring.
    pub(super) fn with(back: Back) -> Self {
        Groups {
            back,
            last: None,
            group: Group::default(),
            rings: Rings::default(),
            earlier: BTreeMap::new(),
            hits: Kept::default(),
        }
    }

    pub(super) fn take(&mut self, fact: Fact) {
        if !self.last.as_ref().is_some_and(|last| last.is_with(&fact)) {
            self.turn();
        } else if self.last.as_ref().is_some_and(|last| last.is_copy_of(&fact)) {
            // A record that comes twice counts once.
            return;
        }
        self.last = Some(fact.clone());
        let Some(rule) = RULES.get(usize::from(fact.rule)) else {
            return;
        };
        match rule.shape {
            Shape::One(_) => {
                let call = fact.call().to_owned();
                self.hits
                    .extend(Growing::whole(rule, [&fact]).map(|one| one.told(call)));
            }
            Shape::Count { at_least, seconds, .. } => self.group.count(rule, fact, at_least, seconds),
            Shape::Several {
                at_least,
                within: Within::Seconds(seconds),
                ..
            } => self.group.several(rule, fact, at_least, seconds),
            Shape::Several { .. } => drop(self.group.followed.fold(fact)),
            Shape::Ring {
                at_least,
                at_most,
                seconds,
                ..
            } if self.back.may_lead(&fact) => {
                let hit = self.rings.take(fact, rule, &(at_least..=at_most), seconds);
                self.hits.extend(hit);
            }
            Shape::Ring { .. } => {}
            Shape::Then { .. } => self.group.all.push(fact),
        }
    }

    /// All records of a group were seen.
    fn turn(&mut self) {
        let Some(last) = self.last.take() else { return };
        let n = usize::from(last.rule);
        let Some(rule) = RULES.get(n) else { return };
        let mut group = std::mem::take(&mut self.group);
        match rule.shape {
            Shape::One(_) | Shape::Ring { .. } => {}
            Shape::Count { .. } => {
                group.let_all_go(rule);
                let told = group.growing.map(|one| {
                    let what = format!("{} times {} of {}", one.count, one.call, one.on);
                    one.told(what)
                });
                self.hits.extend(told);
            }
            Shape::Several {
                by,
                within: Within::Seconds(_),
                ..
            } => {
                group.let_all_go(rule);
                self.hits
                    .extend(group.growing.map(|one| of_several(one, by, group.told.len(), &last)));
            }
            Shape::Several { by, at_least, .. } => {
                let mut facts: Vec<Fact> = group.followed.into_facts().collect();
                facts.sort_by(|one, two| (one.at, one.id()).cmp(&(two.at, two.id())));
                facts.dedup_by(|one, two| one.is_copy_of(two));
                let several: BTreeSet<_> = facts.iter().filter_map(|fact| fact.joined().next_back()).collect();
                if several.len() >= at_least {
                    let whole = Growing::whole(rule, &facts);
                    self.hits
                        .extend(whole.map(|one| of_several(one, by, several.len(), &last)));
                }
            }
            Shape::Then { then, within, .. } if is_at_a_glance(then) => {
                let earlier = self.earlier.entry(n).or_default();
                keep(&group.all, within, earlier);
                if earlier.is_empty() {
                    self.earlier.remove(&n);
                }
            }
            Shape::Then { within, .. } => pairs(&group.all, rule, within, &mut self.hits),
        }
    }

    /// What single records and groups tell, and what came before what callers are looked for.
    pub(super) fn finish(mut self) -> (Kept, BTreeMap<usize, Earlier>) {
        self.turn();
        (self.hits, self.earlier)
    }
}

fn of_several(one: Growing, by: &[&str], several: usize, last: &Fact) -> Hit {
    let what = match by.last() {
        Some(&"eventSource") => {
            let service = last.common().next_back().unwrap_or_default();
            format!("through {several} endpoints of {service}")
        }
        _ => format!("{} of {several} roles", one.call),
    };
    one.told(what)
}

impl Group {
    /// Records that stand in a row of `at_least` within so many seconds count.
    fn count(&mut self, rule: &Rule<'static>, fact: Fact, at_least: usize, seconds: i64) {
        self.near.push_back(fact);
        if self.near.len() < at_least {
            return;
        }
        if let (Some(first), Some(last)) = (self.near.front(), self.near.back())
            && last.at <= first.at.plus_seconds(seconds)
        {
            self.counted = self.gone + self.near.len();
        }
        self.let_go(rule);
    }

    /// Records count that stand where so many texts are within the time.
    fn several(&mut self, rule: &Rule<'static>, fact: Fact, at_least: usize, seconds: i64) {
        let at = fact.at;
        let what = fact.joined().next_back().unwrap_or_default().into();
        *self.several.entry(what).or_default() += 1;
        self.near.push_back(fact);
        while self
            .near
            .front()
            .is_some_and(|early| early.at.plus_seconds(seconds) < at)
        {
            self.let_go(rule);
        }
        if self.several.len() >= at_least {
            self.counted = self.gone + self.near.len();
        }
    }

    /// Lets the first record go, which counts or doesn't.
    fn let_go(&mut self, rule: &Rule<'static>) {
        let Some(fact) = self.near.pop_front() else { return };
        let what = fact.joined().next_back();
        if let Some(what) = what
            && let Some(count) = self.several.get_mut(what)
        {
            *count -= 1;
            if *count == 0 {
                self.several.remove(what);
            }
        }
        if self.gone < self.counted {
            self.told.extend(what.map(Box::from));
            Growing::add(&mut self.growing, rule, &fact);
        }
        self.gone += 1;
    }

    fn let_all_go(&mut self, rule: &Rule<'static>) {
        while !self.near.is_empty() {
            self.let_go(rule);
        }
    }
}
