//! From one credential to everybody whom its holder can become: in rounds, so that the first way found is a shortest one. What surely
//! can be done comes first, then what may be.

use super::bits::Bits;
use super::gained::{Fresh, Gained};
use super::graph::{Graph, Own};
use crate::verdict::Standing;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Where a hop begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// At the end: all that may be come by.
    gained: Gained,
}

impl Spread {
    /// Spreads from `standing`, a credential of the principal `number` where that is one of the account's.
    pub(super) fn from(graph: &mut Graph<'_>, standing: &Standing<'_>, number: Option<usize>) -> Spread {
        let mut spread = Spread {
            ways: BTreeMap::new(),
            gained: Gained::nothing(graph.targets.len()),
        };
        for sure in [true, false] {
            spread.gained = spread.gained.unfollowed();
            spread.rounds(graph, standing, number, sure);
        }
        spread
    }

    /// The principals whose credential may be had.
    pub(super) fn held(&self) -> &Bits {
        &self.gained.hold
    }

    /// Whether a principal's policies may be made to say anything.
    pub(super) fn may_edit(&self, n: usize) -> bool {
        self.gained.edit.has(n)
    }

    fn rounds(&mut self, graph: &mut Graph<'_>, standing: &Standing<'_>, number: Option<usize>, sure: bool) {
        let own_user = number.is_some_and(|n| graph.users.has(n));
        let mut started: Option<Own> = None;
        loop {
            let own = number.map(|n| self.gained.own(n)).unwrap_or_default();
            let open = self.gained.open();
            if (open.is_empty() && started == Some(own)) || self.gained.is_everything(graph) {
                return;
            }
            if started != Some(own) {
                started = Some(own);
                let edges = graph.edges_of(standing, number, true, own);
                let step = Step {
                    from: From::Start,
                    own,
                    sure,
                };
                let fresh = self.gained.take(&edges, sure);
                self.note(&fresh, step);
            }
            for n in open.iter() {
                let own = self.gained.own(n);
                self.gained.follow(n, own);
                let edges = graph.edges(n, own);
                let step = Step {
                    from: From::Principal(n),
                    own,
                    sure,
                };
                let fresh = self.gained.take(&Rc::clone(&edges), sure);
                self.note(&fresh, step);
                if self.gained.is_everything(graph) {
                    return;
                }
            }
            for group in self.gained.join_groups(graph, own_user).iter() {
                if let Some(step) = self.ways.get(&What::Join(group)).copied() {
                    self.ways.entry(What::Hold(group)).or_insert(step);
                }
            }
        }
    }

    fn note(&mut self, fresh: &Fresh, step: Step) {
        let mut keep = |bits: &Bits, what: fn(usize) -> What| {
            for n in bits.iter() {
                self.ways.entry(what(n)).or_insert(step);
            }
        };
        keep(&fresh.hold, What::Hold);
        keep(&fresh.edit, What::Edit);
        keep(&fresh.free, What::Free);
        keep(&fresh.join, What::Join);
    }
}
