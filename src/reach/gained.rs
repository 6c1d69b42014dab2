//! What the holder of a credential has come by so far, as sets: the fixpoint is a matter of a few words at a time.

use super::bits::Bits;
use super::graph::{Edges, Graph, Own};
use std::rc::Rc;

/// Sets at one level of certainty.
#[derive(Debug, Clone)]
pub(super) struct Gained {
    /// Principals that are held.
    pub(super) hold: Bits,
    /// Principals whose policies can be written.
    pub(super) edit: Bits,
    /// Principals whose limits can be lifted.
    pub(super) free: Bits,
    /// Groups that a user can be put into.
    pub(super) join: Bits,
    /// Whose edges were followed: as they are, with policies of any kind, with limits lifted.
    followed: [Bits; 3],
}

/// What an expansion added.
pub(super) struct Fresh {
    pub(super) hold: Bits,
    pub(super) edit: Bits,
    pub(super) free: Bits,
    pub(super) join: Bits,
}

impl Gained {
    pub(super) fn nothing(size: usize) -> Self {
        let none = || Bits::none(size);
        Gained {
            hold: none(),
            edit: none(),
            free: none(),
            join: none(),
            followed: [none(), none(), none()],
        }
    }

    /// The same, with nobody followed yet.
    pub(super) fn unfollowed(&self) -> Self {
        let size = self.hold.bound();
        Gained {
            followed: [Bits::none(size), Bits::none(size), Bits::none(size)],
            ..self.clone()
        }
    }

    /// Which powers over its own policies the principal has.
    pub(super) fn own(&self, n: usize) -> Own {
        Own {
            any_policy: self.edit.has(n),
            freed: self.free.has(n),
        }
    }

    /// Principals that are held and not followed yet with all the powers that they have by now.
    pub(super) fn open(&self) -> Bits {
        let [plain, edited, freed] = &self.followed;
        let mut open = self.edit.clone();
        open.without(edited);
        let mut free = self.free.clone();
        free.without(freed);
        open.join(&free);
        open.join(&plain.inverted());
        open.meet(&self.hold);
        open
    }

    /// Notes that the principal's edges were followed under these powers.
    pub(super) fn follow(&mut self, n: usize, own: Own) {
        let [plain, edited, freed] = &mut self.followed;
        plain.put(n);
        if own.any_policy {
            edited.put(n);
        }
        if own.freed {
            freed.put(n);
        }
    }

    /// Whether everybody in the account is held and can be given any policy: there is nothing more to come by.
    pub(super) fn is_everything(&self, graph: &Graph<'_>) -> bool {
        self.hold.holds(&graph.everybody) && self.edit.holds(&graph.everybody)
    }

    /// Adds what edges give, surely or perhaps, and tells what of it is new.
    pub(super) fn take(&mut self, edges: &Edges, sure: bool) -> Fresh {
        let pick = |tri: &super::bits::Tri, known: &mut Bits| {
            let mut fresh = if sure { tri.sure.clone() } else { tri.maybe.clone() };
            fresh.without(known);
            known.join(&fresh);
            fresh
        };
        Fresh {
            hold: pick(&edges.hold, &mut self.hold),
            edit: pick(&edges.edit, &mut self.edit),
            free: pick(&edges.free, &mut self.free),
            join: pick(&edges.join, &mut self.join),
        }
    }

    /// Groups that a user who is held, or is at hand (`own_user`), can be put into; they are held from now on.
    pub(super) fn join_groups(&mut self, graph: &Graph<'_>, own_user: bool) -> Bits {
        let mut fresh = self.join.clone();
        fresh.without(&self.hold);
        let mut users = self.hold.clone();
        users.meet(&graph.users);
        if !own_user && users.is_empty() {
            return Bits::none(self.hold.bound());
        }
        self.hold.join(&fresh);
        fresh
    }

    /// Adds all that another has come by.
    fn merge(&mut self, other: &Gained) {
        self.hold.join(&other.hold);
        self.edit.join(&other.edit);
        self.free.join(&other.free);
        self.join.join(&other.join);
        self.followed
            .iter_mut()
            .zip(&other.followed)
            .for_each(|(one, two)| one.join(two));
    }
}

/// What everybody in the account can come by, each worked out once: who becomes somebody can do all that that one can.
pub(super) struct Closures {
    sure: bool,
    known: Vec<Option<Rc<Gained>>>,
}

impl Closures {
    pub(super) fn new(size: usize, sure: bool) -> Self {
        Closures {
            sure,
            known: vec![None; size],
        }
    }

    pub(super) fn of(&mut self, graph: &mut Graph<'_>, n: usize) -> Rc<Gained> {
        if let Some(known) = self.known.get(n).and_then(Option::as_ref) {
            return Rc::clone(known);
        }
        let size = graph.targets.len();
        let mut gained = Gained::nothing(size);
        gained.hold.put(n);
        let own_user = graph.users.has(n);
        loop {
            let open = gained.open();
            if open.is_empty() || gained.is_everything(graph) {
                break;
            }
            for one in open.iter() {
                let known = self.known.get(one).and_then(Option::clone);
                match known.filter(|_| gained.own(one) == Own::default()) {
                    Some(known) => gained.merge(&known),
                    None => {
                        let own = gained.own(one);
                        gained.follow(one, own);
                        let edges = graph.edges(one, own);
                        gained.take(&edges, self.sure);
                    }
                }
                if gained.is_everything(graph) {
                    break;
                }
            }
            gained.join_groups(graph, own_user);
        }
        let gained = Rc::new(gained);
        if let Some(place) = self.known.get_mut(n) {
            *place = Some(Rc::clone(&gained));
        }
        gained
    }
}
