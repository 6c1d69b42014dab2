//! What the holder of a credential can become in an account: other users and roles, by assuming, by making or re-activating
//! credentials, by writing or lifting policies, by joining groups, and by handing roles to services that run code.
//!
//! All principals are numbered, and what one may do to all others is one row of bits, so a whole account is gone through at once.
//! A hop is *sure* where every condition is known to hold, else it is *possible*; both are told with the statement that opens it.
//!
//! Not covered: other accounts, principals of AWS's services beyond [`services`], Identity Center, resources' own policies as a way to
//! a role (a function's or a bucket's).

mod bits;
mod chosen;
mod compute;
mod gained;
mod graph;
mod hop;
mod index;
mod moves;
mod names;
mod rights;
mod somewhere;
mod spread;
mod targets;
mod trust;

use crate::account::Account;
use crate::ids::Arn;
use crate::time::Moment;
use crate::verdict::Standing;
use gained::{Closures, Gained};
use graph::Graph;
use serde::{Deserialize, Serialize};
use spread::{Spread, What};
use std::collections::BTreeSet;

pub(crate) use compute::runs_code;
pub use hop::Hop;

/// Somebody whom the holder of a credential can become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reachable {
    /// The user, role or group; a made-up name for one that would be new.
    pub arn: Arn,
    /// Whether its policies can be made to say anything.
    pub any_policy: bool,
    /// Whether it is certain, or hangs on what isn't known.
    pub sure: bool,
    /// A shortest way there.
    pub path: Vec<Hop>,
}

/// What the holder of one credential can become.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Everybody, the certain and the near first.
    pub principals: Vec<Reachable>,
    /// Whether he can write or lift his own policies, and by which call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_policies: Option<Hop>,
}

impl Reached {
    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.principals.is_empty() && self.own_policies.is_none()
    }
}

/// An account made ready for the question. Policies are compiled once.
pub struct Reach<'a> {
    graph: Graph<'a>,
    /// What everybody can come by, surely and perhaps, as far as it was asked for.
    sure: Closures,
    maybe: Closures,
}

impl<'a> Reach<'a> {
    /// Makes `account` ready; roles are judged by sessions that are issued at `now`.
    pub fn of(account: &'a Account, now: Moment) -> Self {
        Reach::with(Graph::of(account, now, None))
    }

    /// The same, where a name decides: who would be new bears one that was thought up, or one that no user or role has and that some condition of a
    /// policy speaks of.
    pub fn by_names(account: &'a Account, now: Moment) -> Self {
        let named = names::free(account);
        Reach::with(Graph::of(account, now, Some(&named)))
    }

    fn with(graph: Graph<'a>) -> Self {
        let size = graph.targets.len();
        Reach {
            graph,
            sure: Closures::new(size, true),
            maybe: Closures::new(size, false),
        }
    }

    /// Users and roles that aren't there and could be made, as policies see them: they may do everything that nothing but the organization keeps
    /// from them.
    pub fn newcomers(&self) -> Vec<(Arn, Standing<'a>)> {
        let targets = &self.graph.targets;
        let new = targets.new_users.clone().chain(targets.new_roles.clone());
        new.filter_map(|n| Some((targets.arn(n)?.clone(), self.graph.standing(n)?)))
            .collect()
    }

    /// What the holder of the credential with that standing can become, with ways.
    pub fn from(&mut self, standing: &Standing<'_>) -> Reached {
        let number = self.number(standing);
        let spread = Spread::from(&mut self.graph, standing, number);
        let mut principals: Vec<Reachable> = Vec::new();
        for n in spread.held().iter() {
            // To come back to oneself is no gain.
            if Some(n) == number {
                continue;
            }
            principals.extend(self.reachable(&spread, standing, n));
        }
        principals.sort_by(|one, two| {
            let rank = |one: &Reachable| (!one.sure, one.path.len());
            rank(one).cmp(&rank(two)).then_with(|| one.arn.cmp(&two.arn))
        });
        let own = number.and_then(|n| {
            let what = [What::Edit(n), What::Free(n)]
                .into_iter()
                .find(|what| spread.ways.contains_key(what))?;
            hop::hop(&mut self.graph, standing, what, spread.ways.get(&what)?)
        });
        Reached {
            principals,
            own_policies: own,
        }
    }

    fn reachable(&mut self, spread: &Spread, standing: &Standing<'_>, n: usize) -> Option<Reachable> {
        let path = hop::path(&mut self.graph, spread, standing, n);
        Some(Reachable {
            arn: self.graph.targets.arn(n)?.clone(),
            any_policy: spread.may_edit(n),
            sure: path.iter().all(|hop| hop.sure),
            path,
        })
    }

    fn number(&self, standing: &Standing<'_>) -> Option<usize> {
        // A federated user is none of the account's entities.
        let is_entity = matches!(
            standing.principal.kind,
            crate::policy::PrincipalKind::User | crate::policy::PrincipalKind::RoleSession
        );
        self.graph.targets.number(&standing.principal.arn).filter(|_| is_entity)
    }

    /// How many others each user and role of the account can become, by ARN: surely, and perhaps.
    pub fn everybody(&mut self) -> Vec<(Arn, usize, usize)> {
        let all = self.graph.targets.users.clone().chain(self.graph.targets.roles.clone());
        let numbers: Vec<usize> = all.collect();
        let counted = numbers.into_iter().filter_map(|n| {
            let sure = self.sure.of(&mut self.graph, n).hold.count();
            let maybe = self.maybe.of(&mut self.graph, n).hold.count();
            Some((self.graph.targets.arn(n)?.clone(), sure - 1, maybe - 1))
        });
        counted.collect()
    }

    /// Which users and roles can become one of those, or, with `or_writable`, somebody else whose policies they can make say anything; each with
    /// whether that is certain.
    pub fn who_becomes(&mut self, wanted: &BTreeSet<Arn>, or_writable: bool) -> Vec<(Arn, bool)> {
        let wanted = self.numbers(wanted);
        self.who(|gained, n, _| {
            let mut held = gained.hold.iter().filter(|one| *one != n);
            held.any(|one| wanted.contains(&one) || or_writable && gained.edit.has(one))
        })
    }

    /// Which users and roles are one of those, or can become one, and can make its policies say anything; perhaps also who can only take away what
    /// limits it. Each with whether that is certain.
    pub fn who_empowers(&mut self, wanted: &BTreeSet<Arn>) -> Vec<(Arn, bool)> {
        let wanted = self.numbers(wanted);
        self.who(|gained, _, sure| {
            let mut held = wanted.iter().filter(|one| gained.hold.has(**one));
            held.any(|one| gained.edit.has(*one) || !sure && gained.free.has(*one))
        })
    }

    fn numbers(&self, arns: &BTreeSet<Arn>) -> BTreeSet<usize> {
        arns.iter().filter_map(|arn| self.graph.targets.number(arn)).collect()
    }

    /// Of which users and roles something holds, by what each can come by, perhaps and surely.
    fn who(&mut self, is_it: impl Fn(&Gained, usize, bool) -> bool) -> Vec<(Arn, bool)> {
        let all = self.graph.targets.users.clone().chain(self.graph.targets.roles.clone());
        let numbers: Vec<usize> = all.collect();
        let told = numbers.into_iter().filter_map(|n| {
            let perhaps = is_it(&self.maybe.of(&mut self.graph, n), n, false);
            let surely = perhaps && is_it(&self.sure.of(&mut self.graph, n), n, true);
            Some((self.graph.targets.arn(n)?.clone(), surely)).filter(|_| perhaps)
        });
        told.collect()
    }

    /// Roles that anybody in any AWS account may assume, with whether that is certain.
    pub fn open_doors(&self) -> Vec<(Arn, bool)> {
        let open = self.graph.trust.open_to_everybody().into_iter();
        open.filter_map(|(n, truth)| Some((self.graph.targets.arn(n)?.clone(), truth.is_true())))
            .collect()
    }

    /// Principals of other accounts that each role's trust policy names.
    pub fn foreign_doors(&self) -> Vec<(Arn, Vec<String>)> {
        let doors = self.graph.trust.foreign().iter();
        doors
            .filter_map(|(n, named)| Some((self.graph.targets.arn(*n)?.clone(), named.iter().cloned().collect())))
            .collect()
    }
}

/// The services that run code under a role, as far as reach covers them.
pub fn services() -> impl Iterator<Item = &'static str> {
    compute::covered()
}

#[cfg(test)]
mod tests;
