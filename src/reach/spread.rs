//! From one credential to everybody whom its holder can become: in rounds, so that the first way found is a shortest one. What surely
//! can be done comes first, then what may be.

use super::bits::{Bits, Tri};
use super::graph::{Edges, Graph, Own};
use crate::verdict::Standing;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Where a round goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum From {
    /// The credential that is asked about.
    Start,
    /// A principal that was reached.
    Principal(usize),
}

/// How something was come by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) from: From,
    pub(super) own: Own,
    pub(super) sure: bool,
}

/// What can be come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// A credential of a principal.
    Hold(usize),
    /// Power over a principal's policies.
    Edit(usize),
    /// Power over what limits a principal.
    Free(usize),
    /// A place in a group.
    Join(usize),
}

/// Everything that the holder of one credential can come by.
pub(super) struct Spread {
    pub(super) ways: BTreeMap<What, Step>,
    hold: Tri,
    edit: Tri,
    free: Tri,
    join: Tri,
    expanded: BTreeSet<(From, Own, bool)>,
    number: Option<usize>,
}

impl Spread {
    /// Spreads from `standing`, a credential of the principal `number` where that is one of the account's. `edges` are what others may do.
    pub(super) fn from(graph: &mut Graph<'_>, standing: &Standing<'_>, number: Option<usize>) -> Spread {
        let none = || Tri::none(graph.targets.len());
        let mut spread = Spread {
            ways: BTreeMap::new(),
            hold: none(),
            edit: none(),
            free: none(),
            join: none(),
            expanded: BTreeSet::new(),
            number,
        };
        for sure in [true, false] {
            spread.rounds(graph, standing, sure);
        }
        spread
    }

    /// The principals whose credential can be had.
    pub(super) fn held(&self) -> &Tri {
        &self.hold
    }

    /// What a principal's holder can do with its own policies.
    pub(super) fn own(&self, n: Option<usize>, sure: bool) -> Own {
        let has = |tri: &Tri| n.is_some_and(|n| if sure { tri.sure.has(n) } else { tri.maybe.has(n) });
        Own {
            any_policy: has(&self.edit),
            freed: has(&self.free),
        }
    }

    fn rounds(&mut self, graph: &mut Graph<'_>, standing: &Standing<'_>, sure: bool) {
        loop {
            let held = if sure { &self.hold.sure } else { &self.hold.maybe };
            let principals = held.iter().map(From::Principal);
            let open: Vec<(From, Own)> = std::iter::once(From::Start)
                .chain(principals)
                .map(|from| (from, self.own(self.number_of(from), sure)))
                .filter(|(from, own)| !self.expanded.contains(&(*from, *own, sure)))
                .collect();
            if open.is_empty() {
                return;
            }
            for (from, own) in open {
                self.expanded.insert((from, own, sure));
                let edges = match from {
                    From::Start => Rc::new(graph.edges_of(standing, self.number, true, own)),
                    From::Principal(n) => graph.edges(n, own),
                };
                self.take(&edges, Step { from, own, sure });
            }
            self.join_groups(graph, sure);
        }
    }

    fn number_of(&self, from: From) -> Option<usize> {
        match from {
            From::Start => self.number,
            From::Principal(n) => Some(n),
        }
    }

    fn take(&mut self, edges: &Edges, step: Step) {
        let pairs = [
            (&edges.hold, &mut self.hold, What::Hold as fn(usize) -> What),
            (&edges.edit, &mut self.edit, What::Edit),
            (&edges.free, &mut self.free, What::Free),
            (&edges.join, &mut self.join, What::Join),
        ];
        for (new, known, what) in pairs {
            let (new, known_bits) = match step.sure {
                true => (&new.sure, &mut known.sure),
                false => (&new.maybe, &mut known.maybe),
            };
            let mut fresh: Bits = new.clone();
            fresh.without(known_bits);
            known_bits.join(&fresh);
            if step.sure {
                known.maybe.join(&fresh);
            }
            for n in fresh.iter() {
                self.ways.entry(what(n)).or_insert(step);
            }
        }
    }

    /// A group's rights are had by putting a user that is held into it: the one at hand, or any other.
    fn join_groups(&mut self, graph: &Graph<'_>, sure: bool) {
        let join = if sure {
            self.join.sure.clone()
        } else {
            self.join.maybe.clone()
        };
        let own_user = self.number.is_some_and(|n| graph.targets.users.contains(&n));
        let held = if sure { &self.hold.sure } else { &self.hold.maybe };
        let users = graph.targets.users.clone().chain(graph.targets.new_users.clone());
        if !own_user && !users.into_iter().any(|n| held.has(n)) {
            return;
        }
        for group in join.iter() {
            let known = if sure {
                self.hold.sure.has(group)
            } else {
                self.hold.maybe.has(group)
            };
            if known {
                continue;
            }
            if sure {
                self.hold.sure.put(group);
            }
            self.hold.maybe.put(group);
            if let Some(step) = self.ways.get(&What::Join(group)).copied() {
                self.ways.entry(What::Hold(group)).or_insert(step);
            }
        }
    }
}
