//! Which roles can lie on a ring: of all steps from role to role those that lead back. There are as many steps as pairs of roles, however many
//! sessions go them.

use super::fact::{Fact, number};
use super::joined::ring_of;
use super::packed::{Packing, Unpacking};
use super::runs::Lays;
use crate::harden::rule::Shape;
use crate::harden::rules::RULES;
use rapidhash::fast::RandomState;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Read, Write};

/// A key that somebody in a role was given, or called with, as hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hop {
    key: u64,
    is_used: bool,
    role: u64,
}

impl Lays for Hop {
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn write(&self, into: &mut impl Write) -> io::Result<()> {
        let mut out = Packing(into);
        out.number(self.key)?;
        out.byte(u8::from(self.is_used))?;
        out.number(self.role)
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut rest = Unpacking(from);
        Ok(Hop {
            key: rest.number()?,
            is_used: rest.byte()? == 1,
            role: rest.number()?,
        })
    }
}

/// The hops of a record that may be of a ring: what it was called with, and what it gave.
pub(super) fn hops(fact: &Fact) -> impl Iterator<Item = Hop> {
    let role = step(fact).map(|(role, _)| role);
    let hop = |key: &str, is_used| {
        let key = number(key);
        role.map(|role| Hop { key, is_used, role })
    };
    let used = fact.joined().next().and_then(|key| hop(key, true));
    let given = fact.same().next().filter(|given| !given.is_empty());
    let given = given.and_then(|key| hop(key, false));
    used.into_iter().chain(given)
}

/// Steps from one role to another, as hashes.
#[derive(Debug, Default)]
pub(super) struct Steps {
    all: HashSet<(u64, u64), RandomState>,
    /// The key of the hops that are being read, and in which roles it was given.
    key: u64,
    givers: BTreeSet<u64>,
}

/// The step of a record that may be of a ring.
fn step(fact: &Fact) -> Option<(u64, u64)> {
    let rule = RULES.get(usize::from(fact.rule))?;
    if !matches!(rule.shape, Shape::Ring { .. }) {
        return None;
    }
    let [_, from, to] = ring_of(fact)?;
    Some((number(from), number(to)))
}

impl Steps {
    /// Takes the step of a record in; says whether it is new.
    pub(super) fn add(&mut self, fact: &Fact) -> bool {
        step(fact).is_some_and(|(from, to)| self.insert(from, to))
    }

    /// A role that takes itself leads to no other.
    fn insert(&mut self, from: u64, to: u64) -> bool {
        from != to && self.all.insert((from, to))
    }

    /// Takes a hop in, those of one key after one another: a session can be of another role than its giver's record names.
    pub(super) fn hop(&mut self, hop: &Hop) {
        if hop.key != self.key {
            self.key = hop.key;
            self.givers.clear();
        }
        match hop.is_used {
            false => drop(self.givers.insert(hop.role)),
            true => {
                let givers = std::mem::take(&mut self.givers);
                for giver in &givers {
                    self.insert(*giver, hop.role);
                }
                self.givers = givers;
            }
        }
    }

    pub(super) fn extend(&mut self, others: Steps) {
        self.all.extend(others.all);
    }

    /// The roles that are left when all are taken away, again and again, from which no step leads on or to which none leads.
    pub(super) fn back(&self) -> Back {
        let mut left: HashMap<u64, (Vec<u64>, Vec<u64>), RandomState> = HashMap::default();
        for (from, to) in &self.all {
            left.entry(*from).or_default().0.push(*to);
            left.entry(*to).or_default().1.push(*from);
        }
        let mut degrees: HashMap<u64, (usize, usize), RandomState> = left
            .iter()
            .map(|(role, (on, back))| (*role, (on.len(), back.len())))
            .collect();
        let is_end = |degrees: &(usize, usize)| degrees.0 == 0 || degrees.1 == 0;
        let mut ends: Vec<u64> = degrees
            .iter()
            .filter(|(_, all)| is_end(all))
            .map(|(role, _)| *role)
            .collect();
        while let Some(role) = ends.pop() {
            if degrees.remove(&role).is_none() {
                continue;
            }
            let Some((on, back)) = left.get(&role) else { continue };
            for next in on {
                if let Some(all) = degrees.get_mut(next) {
                    all.1 = all.1.saturating_sub(1);
                    ends.extend(is_end(all).then_some(*next));
                }
            }
            for before in back {
                if let Some(all) = degrees.get_mut(before) {
                    all.0 = all.0.saturating_sub(1);
                    ends.extend(is_end(all).then_some(*before));
                }
            }
        }
        Back(degrees.into_keys().collect())
    }
}

/// Roles that can lie on a ring.
#[derive(Debug)]
pub(super) struct Back(HashSet<u64, RandomState>);

impl Back {
    /// Whether a record can be of a ring.
    pub(super) fn may_lead(&self, fact: &Fact) -> bool {
        step(fact).is_some_and(|(from, _)| self.0.contains(&from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_back_is_left() {
        let steps = |all: &[(u64, u64)]| {
            let mut steps = Steps::default();
            for (from, to) in all {
                steps.insert(*from, *to);
            }
            let back = steps.back();
            let mut left: Vec<u64> = back.0.into_iter().collect();
            left.sort_unstable();
            left
        };
        assert!(steps(&[(1, 2), (2, 3), (1, 4), (4, 3)]).is_empty());
        assert_eq!(steps(&[(0, 1), (1, 2), (2, 3), (3, 1), (3, 4), (4, 5)]), [1, 2, 3]);
        // What lies between two rings can't be told from them so, and costs a look.
        assert_eq!(
            steps(&[(1, 2), (2, 1), (2, 3), (3, 4), (4, 5), (5, 4)]),
            [1, 2, 3, 4, 5]
        );
    }

    /// Whom a key was given in one role and who calls with it in another are a step, whatever the record of its giving names.
    #[test]
    fn a_key_leads_from_role_to_role() {
        let hop = |key, is_used, role| Hop { key, is_used, role };
        let mut steps = Steps::default();
        let mut hops = [
            hop(7, true, 2),
            hop(7, false, 1),
            hop(8, true, 3),
            hop(9, false, 2),
            hop(9, true, 1),
        ];
        hops.sort_by(Hop::order);
        hops.iter().for_each(|hop| steps.hop(hop));
        let mut all: Vec<(u64, u64)> = steps.all.into_iter().collect();
        all.sort_unstable();
        assert_eq!(all, [(1, 2), (2, 1)]);
    }
}
