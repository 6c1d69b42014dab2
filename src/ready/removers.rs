//! Who else could let the intruder out again: every user and role that may take off what a plan puts on a user, or can become one who may.

use super::check::few;
use super::kept_on::KeptOn;
use super::others::{MOST_TRIED, is_granted, let_in, others};
use super::takers::named;
use super::{Check, Facts, State};
use crate::account::{Account, deny_all_arn};
use crate::ids::Arn;
use crate::policy::{Context, Outcome};
use crate::reach::Reach;
use crate::verdict::Standing;
use std::collections::BTreeSet;

/// A lock that a plan puts on a user, and the calls that open it.
struct Lock {
    what: &'static str,
    calls: [&'static str; 2],
}

const LOCKS: [Lock; 2] = [
    Lock {
        what: "the inline deny",
        calls: ["iam:DeleteUserPolicy", "iam:PutUserPolicy"],
    },
    Lock {
        what: "the boundary",
        calls: ["iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"],
    },
];

/// Calls by which who may make them on itself gives itself any right, those that open the locks among them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
const RAISING: [&str; 4] = [
    "iam:PutUserPolicy",
    "iam:AttachUserPolicy",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
];

/// What a principal may do on some user: surely, perhaps, or not.
fn may(standing: &Standing<'_>, action: &str, users: &[String], context: &Context) -> State {
    if !is_granted(standing, action) {
        return State::Ready;
    }
    let mut perhaps = false;
    for user in users.iter().take(MOST_TRIED) {
        match standing.decide_given(action, user, context) {
            Outcome::Allowed(_) => return State::NotReady,
            Outcome::Unknown(_) => perhaps = true,
            Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => {}
        }
    }
    if perhaps { State::Unknown } else { State::Ready }
}

/// Whether a principal can open every lock: as little as it can of any.
fn opens(account: &Account, standing: &Standing<'_>, users: &[String]) -> Vec<(State, &'static str)> {
    let mut context = standing.context.clone();
    let boundary = deny_all_arn(&account.partition);
    if let Some(policy) = boundary {
        context.set("iam:PermissionsBoundary", policy.as_str());
    }
    let each = LOCKS.iter().map(|lock| {
        let ways = lock.calls.iter().map(|call| may(standing, call, users, &context));
        (State::worst(ways), lock.what)
    });
    each.collect()
}

/// Whether a principal may give itself rights.
fn raises(standing: &Standing<'_>, arn: &Arn) -> State {
    let own = [arn.to_string()];
    let of_kind = |call: &&&str| call.contains("User") == arn.resource().starts_with("user/");
    State::worst(
        RAISING
            .iter()
            .filter(of_kind)
            .map(|call| may(standing, call, &own, &standing.context)),
    )
}

/// Who else can open a lock or give himself the right to: surely, and perhaps.
fn openers(facts: Facts<'_>, users: &[String]) -> (BTreeSet<Arn>, BTreeSet<Arn>) {
    let (mut sure, mut perhaps) = (BTreeSet::new(), BTreeSet::new());
    for (arn, standing) in others(facts.account, facts.responder, facts.now) {
        let opened = opens(facts.account, &standing, users);
        let opened = opened.iter().map(|(state, _)| *state).min();
        match opened.map(|state| State::worst([state, raises(&standing, &arn)])) {
            Some(State::NotReady) => drop(sure.insert(arn)),
            Some(State::Unknown) => drop(perhaps.insert(arn)),
            _ => {}
        }
    }
    (sure, perhaps)
}

/// Who can't himself, and can become somebody who can.
#[derive(Default)]
struct Ways {
    surely: BTreeSet<Arn>,
    perhaps: BTreeSet<Arn>,
    /// Who can become the responder, surely or perhaps.
    responder: BTreeSet<Arn>,
}

/// Ways over other users and roles: by their keys and passwords, by assuming them, by code that runs as them, by their policies; and over the
/// responder, but for those whom its own trust policy names.
fn ways(facts: Facts<'_>, reach: &mut Reach<'_>, sure: &BTreeSet<Arn>, perhaps: &BTreeSet<Arn>) -> Ways {
    let mut ways = Ways::default();
    let is_service = |arn: &Arn| arn.resource().starts_with("role/aws-service-role/");
    let is_other = |arn: &Arn| arn != facts.responder && !is_service(arn);
    let own = let_in(facts.account, facts.responder);
    let him = BTreeSet::from([facts.responder.clone()]);
    let become_him = reach.who_becomes(&him, false).into_iter();
    let become_him: Vec<(Arn, bool)> = become_him.filter(|(arn, _)| is_other(arn)).collect();
    let of_others = become_him.iter().filter(|(arn, _)| !own.contains(arn)).cloned();
    for (arn, surely) in reach.who_becomes(sure, true).into_iter().chain(of_others) {
        match surely {
            _ if sure.contains(&arn) || !is_other(&arn) => {}
            true => drop(ways.surely.insert(arn)),
            false => drop(ways.perhaps.insert(arn)),
        }
    }
    for (arn, _) in reach.who_becomes(perhaps, false) {
        if is_other(&arn) && !sure.contains(&arn) {
            ways.perhaps.insert(arn);
        }
    }
    let surely = &ways.surely;
    ways.perhaps
        .retain(|arn| !perhaps.contains(arn) && !surely.contains(arn));
    ways.responder = become_him.into_iter().map(|(arn, _)| arn).collect();
    ways
}

/// Who takes off inline deny and boundary of a plan.
struct Found {
    sure: Vec<String>,
    others: Vec<String>,
    perhaps: Vec<String>,
}

pub(super) fn checks(facts: Facts<'_>, kept: &KeptOn, reach: &mut Reach<'_>) -> Vec<Check> {
    let account = facts.account;
    let users: Vec<String> = account
        .users
        .values()
        .map(|user| account.user_arn(user).to_string())
        .collect();
    let (sure, perhaps) = openers(facts, &users);
    let by_way = ways(facts, reach, &sure, &perhaps);
    let mut found = Found {
        sure: named(&sure),
        others: named(&by_way.surely),
        perhaps: named(&perhaps),
    };
    found.perhaps.extend(named(&by_way.perhaps));
    let mut details = vec!["root can take off whatever an SCP does not keep on".to_owned()];
    if account.guards.is_none() {
        details.push("the organization's policies were not read: they may keep some of these from it".to_owned());
    }
    if users.len() > MOST_TRIED {
        details.push(format!("tried on {MOST_TRIED} of {} users", users.len()));
    }
    if !found.perhaps.is_empty() {
        details.push(format!(
            "perhaps, if conditions hold that nobody can know now: {}",
            few(&found.perhaps)
        ));
    }
    if !by_way.responder.is_empty() {
        details.push(format!(
            "can become the responder, surely or if conditions hold that nobody can know now: {}",
            few(&named(&by_way.responder))
        ));
    }
    let check = match kept.policies.is_empty() {
        true => plain(&found),
        false => {
            let all: Vec<String> = found.sure.iter().chain(&found.others).cloned().collect();
            if !all.is_empty() {
                details.push(format!(
                    "inline deny and boundary of a plan can be taken off by {}",
                    few(&all)
                ));
            }
            with_policy(facts, kept)
        }
    };
    vec![check.with(details)]
}

const ID: &str = "quarantine.removers";
const FIX: &str = "take these rights from whoever does not need them, and attach an SCP that keeps a quarantine on: `oust ready --template cloudformation`";

/// Where a quarantine is kept on by the organization.
fn with_policy(facts: Facts<'_>, kept: &KeptOn) -> Check {
    let policies = few(&kept.named());
    let (state, who) = (kept.takers.state(), kept.takers.told());
    let found = match state {
        State::Ready if kept.spares(facts) == State::NotReady => {
            format!("attached beside the plan's deny, {policies} can be taken off by nobody")
        }
        State::Ready => {
            format!("attached beside the plan's deny, {policies} can be taken off by nobody but the responder")
        }
        State::Unknown => {
            format!("{policies} is kept on by an SCP, and it is not known whether others take it off all the same")
        }
        State::NotReady => {
            format!("{policies} is kept on by an SCP, and others than the responder take it off all the same")
        }
    };
    let fix = "let the SCP spare nobody but the responder, and let nobody in the account become whom it spares: who takes the responder's role is best of another account";
    Check::new(ID, state, found, fix).with(who)
}

/// Where nothing is kept on.
fn plain(of: &Found) -> Check {
    let (sure, others) = (&of.sure, &of.others);
    match (sure.is_empty() && others.is_empty(), of.perhaps.is_empty()) {
        (false, _) => {
            let mut found = "inline deny and boundary of a plan can be taken off by others too".to_owned();
            if !sure.is_empty() {
                found.push_str(&format!(
                    ", at once or by rights that they may give themselves ({}): {}",
                    sure.len(),
                    few(sure)
                ));
            }
            if !others.is_empty() {
                let joined = if sure.is_empty() { ',' } else { ';' };
                found.push_str(&format!(
                    "{joined} by becoming one who may ({}): {}",
                    others.len(),
                    few(others)
                ));
            }
            Check::new(ID, State::NotReady, found, FIX)
        }
        (true, false) => Check::new(
            ID,
            State::Unknown,
            "nobody else surely can take off what a plan puts on a user",
            FIX,
        ),
        (true, true) => Check::new(
            ID,
            State::Ready,
            "nobody else can take off what a plan puts on a user, nor give itself the right to, nor become one who may",
            FIX,
        ),
    }
}
