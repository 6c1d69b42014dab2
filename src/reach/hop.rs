//! Ways told for people: each hop with its call and the statement that opens it.

use super::compute::RUNNERS;
use super::graph::Graph;
use super::moves::{ASSUME, Gives, MOVES, On, PASS};
use super::rights::{Powers, may_somewhere};
use super::somewhere::changed;
use super::spread::{From, Spread, Step, What};
use crate::ids::Arn;
use crate::policy::{Gap, Outcome, PolicyKind, StatementRef};
use crate::verdict::Standing;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One hop of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// From whom; `None` for the credential that is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Arn>,
    /// To whom, or whose policies.
    pub to: Arn,
    /// The call: `sts:AssumeRole`, `iam:PassRole to lambda.amazonaws.com`, ...
    pub call: String,
    /// Whether it is certain.
    pub sure: bool,
    /// The statements that open it, or what it hangs on.
    pub by: String,
}

/// The hops from the start to a principal that is held, each behind what it needs.
pub(super) fn path(graph: &mut Graph<'_>, spread: &Spread, start: &Standing<'_>, n: usize) -> Vec<Hop> {
    let mut way = Way {
        spread,
        start,
        hops: Vec::new(),
        seen: BTreeSet::new(),
    };
    way.to(graph, What::Hold(n));
    way.hops
}

struct Way<'s> {
    spread: &'s Spread,
    start: &'s Standing<'s>,
    hops: Vec<Hop>,
    seen: BTreeSet<What>,
}

impl Way<'_> {
    fn to(&mut self, graph: &mut Graph<'_>, what: What) {
        let Some(step) = self.spread.ways.get(&what).copied().filter(|_| self.seen.insert(what)) else {
            return;
        };
        let number = match step.from {
            From::Principal(n) => {
                self.to(graph, What::Hold(n));
                Some(n)
            }
            From::Start => graph.targets.number(&self.start.principal.arn),
        };
        // What the hop's beginning may do beyond its policies must be come by before.
        if let Some(n) = number {
            if step.own.any_policy {
                self.to(graph, What::Edit(n));
            }
            if step.own.freed {
                self.to(graph, What::Free(n));
            }
        }
        self.hops.extend(hop(graph, self.start, what, &step));
    }
}

/// One hop, with the call that makes it: the certain ones are tried first.
pub(super) fn hop(graph: &mut Graph<'_>, start: &Standing<'_>, what: What, step: &Step) -> Option<Hop> {
    let standing = match step.from {
        From::Start => start.clone(),
        From::Principal(n) => graph.standing(n)?,
    };
    let from = match step.from {
        From::Start => None,
        From::Principal(n) => graph.targets.arn(n).cloned(),
    };
    let (to, gives) = match what {
        What::Hold(n) if graph.targets.groups.contains(&n) => (n, Gives::Join),
        What::Hold(n) => (n, Gives::Become),
        What::Edit(n) => (n, Gives::Edit),
        What::Free(n) => (n, Gives::Free),
        What::Join(n) => (n, Gives::Join),
    };
    let to_arn = graph.targets.arn(to)?.clone();
    // Where nothing else opens it, it hangs on what is chosen of the session.
    let chosen = match step.from {
        From::Start => None,
        From::Principal(n) => graph.chosen(n),
    };
    let mut standings = std::iter::once(standing).chain(chosen);
    let (call, by) = standings.find_map(|standing| {
        let powers = Powers {
            standing: &standing,
            made: &changed(&standing, step.own),
            any_policy: step.own.any_policy,
            freed: step.own.freed,
        };
        opened(graph, &powers, to, gives)
    })?;
    Some(Hop {
        from,
        to: to_arn,
        call,
        sure: step.sure,
        by,
    })
}

/// The call that gives `gives` over the target `to`, and what opens it.
fn opened(graph: &Graph<'_>, powers: &Powers<'_>, to: usize, gives: Gives) -> Option<(String, String)> {
    let standing = powers.made;
    let mut possible = None;
    for (m, one) in MOVES.iter().enumerate() {
        if m == PASS
            || one.gives != gives
            || standing
                .session
                .is_some_and(|session| crate::verdict::session_forbids(session, one.action).is_some())
        {
            continue;
        }
        if !graph.makes_sense(m, to) {
            continue;
        }
        for asked in asked_on(graph, one.on, to) {
            match standing.decide_whatever_else(one.action, asked.as_str()) {
                Outcome::Allowed(by) => {
                    return Some((
                        called(one.action, one.on, &asked),
                        opened_by(graph, standing, m, to, by.as_ref()),
                    ));
                }
                Outcome::Unknown(gaps) => {
                    possible.get_or_insert_with(|| (called(one.action, one.on, &asked), hangs_on(&gaps)));
                }
                Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => {}
            }
        }
    }
    if gives == Gives::Become && possible.is_none() {
        possible = by_service(graph, powers, standing, to);
    }
    possible
}

/// The statements that allow a call: for AssumeRole the caller's and the role's.
fn opened_by(graph: &Graph<'_>, standing: &Standing<'_>, m: usize, to: usize, by: Option<&StatementRef>) -> String {
    let own = by.map(ToString::to_string);
    let is_own = by.is_some_and(|by| by.source.kind != PolicyKind::Resource);
    let trust = (m == ASSUME && is_own)
        .then(|| graph.trust.opens(to, standing))
        .flatten();
    let trust = trust.map(|n| format!("statement {n} of the role's trust policy"));
    own.into_iter().chain(trust).collect::<Vec<_>>().join(" and ")
}

fn called(action: &str, on: On, asked: &Arn) -> String {
    match on {
        On::Group | On::Policy | On::Provider => format!("{action} on {asked}"),
        On::User | On::Role => action.to_owned(),
    }
}

/// What a call is asked on to bear on the target: itself, its groups, its policies, its identity providers.
fn asked_on(graph: &Graph<'_>, on: On, to: usize) -> Vec<Arn> {
    let targets = &graph.targets;
    let Some(arn) = targets.arn(to) else {
        return Vec::new();
    };
    let is_user = targets.users.contains(&to) || targets.new_users.contains(&to);
    let is_role = targets.roles.contains(&to) || targets.new_roles.contains(&to);
    let own = |holds: bool| holds.then(|| arn.clone()).into_iter().collect();
    match on {
        On::User => own(is_user),
        On::Role => own(is_role),
        On::Group if targets.groups.contains(&to) => vec![arn.clone()],
        On::Group => graph.groups_of(to),
        On::Policy => graph.policies_of(to),
        On::Provider => graph.providers_of(to),
    }
}

fn hangs_on(gaps: &[Gap]) -> String {
    let each: BTreeSet<String> = gaps.iter().map(ToString::to_string).collect();
    format!("possible: {}", each.into_iter().collect::<Vec<_>>().join("; "))
}

/// By which service a role's rights are had.
fn by_service(graph: &Graph<'_>, powers: &Powers<'_>, standing: &Standing<'_>, to: usize) -> Option<(String, String)> {
    let role = graph.targets.arn(to)?;
    let mut possible = None;
    for runner in RUNNERS.iter().filter(|runner| {
        graph
            .trust
            .of_service(runner.service)
            .is_some_and(|roles| roles.has(to))
    }) {
        let mut context = standing.context.clone();
        context.set("iam:PassedToService", runner.service);
        let passed = standing.decide_given("iam:PassRole", role.as_str(), &context);
        let started: Vec<_> = runner
            .start
            .iter()
            .map(|calls| may_somewhere(powers, calls, graph.account))
            .collect();
        let calls: Vec<&str> = started.iter().filter_map(|(_, call)| *call).collect();
        if calls.len() == started.len() && !matches!(passed, Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_)) {
            let by = match passed {
                Outcome::Allowed(by) => by.map(|by| by.to_string()).unwrap_or_default(),
                Outcome::Unknown(gaps) => hangs_on(&gaps),
                Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => String::new(),
            };
            return Some((
                format!("iam:PassRole to {} with {}", runner.service, calls.join(" and ")),
                by,
            ));
        }
        if let (truth, Some(call)) = may_somewhere(powers, runner.change, graph.account)
            && !truth.is_false()
        {
            let by = format!("possible: where something of {} runs under the role", runner.service);
            possible.get_or_insert((call.to_owned(), by));
        }
    }
    possible
}
