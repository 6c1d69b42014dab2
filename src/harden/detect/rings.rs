//! Records of which each is made with what the one before gave, and the last leads back to where the first came from. They come in the order of their
//! times, and a session lives no longer than a rule says: what was given before that leads nowhere any more, and is let go.

use super::Hit;
use super::fact::{Fact, number};
use super::hits::Growing;
use super::joined::ring_of;
use crate::harden::rule::Rule;
use crate::time::Moment;
use rapidhash::fast::RandomState;
use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::rc::Rc;

/// A record that gave something, and those that led to it, the last first: no more of them than a ring has.
struct Link {
    fact: Rc<Fact>,
    before: Vec<Rc<Fact>>,
}

/// What was given within the time that it lives, by the hash of its name.
#[derive(Default)]
pub(super) struct Rings {
    given: HashMap<u64, Link, RandomState>,
    /// The same in the order of time.
    order: VecDeque<(Moment, u64)>,
}

impl Rings {
    /// Takes a record in, and gives the ring that it closes. A credential is given once: of several records that seem to give it while it lives, the first
    /// counts.
    pub(super) fn take(
        &mut self,
        fact: Fact,
        rule: &'static Rule<'static>,
        length: &RangeInclusive<usize>,
        seconds: i64,
    ) -> Option<Hit> {
        self.let_go(fact.at, seconds);
        let fact = Rc::new(fact);
        let before = self.before(&fact, length.end().saturating_sub(1));
        let hit = closed(&fact, &before, rule, length);
        if let Some(given) = fact.same().next().filter(|given| !given.is_empty()) {
            let given = number(given);
            self.given.entry(given).or_insert_with(|| {
                self.order.push_back((fact.at, given));
                Link {
                    fact: fact.clone(),
                    before,
                }
            });
        }
        hit
    }

    /// What led to a record, the last first.
    fn before(&self, fact: &Fact, most: usize) -> Vec<Rc<Fact>> {
        let own = fact.joined().next().unwrap_or_default();
        let giver = self.given.get(&number(own));
        // What is given in the same second was not used yet.
        let giver = giver.filter(|link| link.fact.at < fact.at && link.fact.same().next() == Some(own));
        giver.map_or_else(Vec::new, |link| {
            let before = std::iter::once(&link.fact).chain(&link.before);
            before.take(most).cloned().collect()
        })
    }

    /// Lets go what lives no more.
    fn let_go(&mut self, now: Moment, seconds: i64) {
        while let Some((_, given)) = self.order.pop_front_if(|(at, _)| at.plus_seconds(seconds) < now) {
            self.given.remove(&given);
        }
    }
}

/// The ring that a record closes with what led to it.
fn closed(
    last: &Fact,
    before: &[Rc<Fact>],
    rule: &'static Rule<'static>,
    length: &RangeInclusive<usize>,
) -> Option<Hit> {
    let [_, _, back] = ring_of(last)?;
    let chain = || std::iter::once(last).chain(before.iter().map(Rc::as_ref));
    let begins = chain().position(|fact| ring_of(fact).is_some_and(|[_, from, _]| from == back))?;
    if !length.contains(&(begins + 1)) {
        return None;
    }
    let what = format!("{} of {back} after {begins} others that began with it", last.call());
    let mut ring: Vec<&Fact> = chain().take(begins + 1).collect();
    ring.reverse();
    Some(Growing::whole(rule, ring)?.told(what))
}
