//! Who else could let the intruder out again: every user and role that may take off what a plan puts on a user, or can become one who may.

use super::check::few;
use super::organization::kept;
use super::{Check, Facts, State};
use crate::account::{Account, deny_all_arn};
use crate::ids::Arn;
use crate::policy::{Context, Effect, Outcome};
use crate::reach::Reach;
use crate::time::Moment;
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

/// Decisions that are made for one principal and call at most: a large account is answered by its first users, which is said.
const MOST_TRIED: usize = 500;

/// Everybody in the account but the responder and the roles that belong to AWS's services, as policies see them, MFA given or not.
pub(super) fn others<'a>(account: &'a Account, responder: &Arn, now: Moment) -> Vec<(Arn, Standing<'a>)> {
    let users = account.users.values().map(|user| {
        let mut standing = Standing::of_user(account, user);
        for key in ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"] {
            standing.context.unset(key);
        }
        (account.user_arn(user), standing)
    });
    let roles = account
        .roles
        .values()
        .filter(|role| !role.path.starts_with("/aws-service-role/"));
    let roles = roles.map(|role| (account.role_arn(role), Standing::of_fresh_role(account, role, now)));
    let all = users.chain(roles);
    all.filter(|(arn, _)| arn != responder).collect()
}

/// Whether some policy of its own allows the call at all: most principals need no further look.
pub(super) fn is_granted(standing: &Standing<'_>, action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    let documents = standing.policies.identity.iter().map(|placed| &placed.document);
    let mut statements = documents.flat_map(|document| &document.statements);
    let granted = statements.any(|statement| statement.effect == Effect::Allow && statement.is_about(&lower));
    // What was not read may grant anything.
    granted || !standing.policies.gaps.is_empty()
}

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
    /// Who can become the responder, surely or perhaps, and is none of the sure ones.
    responder: BTreeSet<Arn>,
}

/// Ways over other users and roles: by their keys and passwords, by assuming them, by code that runs as them, by their policies.
fn ways(facts: Facts<'_>, sure: &BTreeSet<Arn>, perhaps: &BTreeSet<Arn>) -> Ways {
    let mut reach = Reach::of(facts.account, facts.now);
    let mut ways = Ways::default();
    let is_service = |arn: &Arn| arn.resource().starts_with("role/aws-service-role/");
    let is_other = |arn: &Arn| arn != facts.responder && !is_service(arn);
    for (arn, surely) in reach.who_becomes(sure, true) {
        match surely {
            _ if sure.contains(&arn) || !is_other(&arn) => {}
            true => drop(ways.surely.insert(arn)),
            false => drop(ways.perhaps.insert(arn)),
        }
    }
    for (arn, _) in reach.who_becomes(perhaps, false) {
        if is_other(&arn) && ![sure, perhaps, &ways.surely].iter().any(|known| known.contains(&arn)) {
            ways.perhaps.insert(arn);
        }
    }
    ways.perhaps.retain(|arn| !perhaps.contains(arn));
    let become_him = reach
        .who_becomes(&BTreeSet::from([facts.responder.clone()]), false)
        .into_iter();
    let known = |arn: &Arn| sure.contains(arn) || ways.surely.contains(arn);
    let become_him = become_him.filter(|(arn, _)| is_other(arn) && !known(arn));
    ways.responder = become_him.map(|(arn, _)| arn).collect();
    let responder = &ways.responder;
    ways.perhaps.retain(|arn| !responder.contains(arn));
    ways
}

pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    let id = "quarantine.removers";
    let account = facts.account;
    let users: Vec<String> = account
        .users
        .values()
        .map(|user| account.user_arn(user).to_string())
        .collect();
    let (sure, perhaps) = openers(facts, &users);
    let by_way = ways(facts, &sure, &perhaps);
    let named =
        |arns: &BTreeSet<Arn>| -> Vec<String> { arns.iter().map(|arn| format!("`{}`", arn.resource())).collect() };
    let (sure, mut perhaps) = (named(&sure), named(&perhaps));
    perhaps.extend(named(&by_way.perhaps));
    let others = named(&by_way.surely);
    let mut details = vec!["root can take off whatever an SCP does not keep on".to_owned()];
    if account.guards.is_none() {
        details.push("the organization's policies were not read: they may keep some of these from it".to_owned());
    }
    if users.len() > MOST_TRIED {
        details.push(format!("tried on {MOST_TRIED} of {} users", users.len()));
    }
    let kept: Vec<String> = kept(account, facts.now)
        .iter()
        .map(|policy| format!("`{policy}`"))
        .collect();
    if !perhaps.is_empty() {
        details.push(format!(
            "perhaps, if conditions hold that nobody can know now: {}",
            few(&perhaps)
        ));
    }
    if !by_way.responder.is_empty() {
        details.push(format!(
            "can become the responder, surely or if conditions hold that nobody can know now: {}",
            few(&named(&by_way.responder))
        ));
    }
    let fix = "take these rights from whoever does not need them, and attach an SCP that keeps a quarantine on: `oust ready --template cloudformation`";
    let check = match (
        sure.is_empty() && others.is_empty(),
        perhaps.is_empty(),
        kept.is_empty(),
    ) {
        (_, _, false) => {
            let all: Vec<String> = sure.iter().chain(&others).cloned().collect();
            if !all.is_empty() {
                details.push(format!(
                    "inline deny and boundary of a plan can be taken off by {}",
                    few(&all)
                ));
            }
            let found = format!(
                "attached beside the plan's deny, {} can be taken off by nobody but the responder",
                few(&kept)
            );
            Check::new(id, State::Ready, found, fix)
        }
        (false, _, _) => {
            let mut found = "inline deny and boundary of a plan can be taken off by others too".to_owned();
            if !sure.is_empty() {
                found.push_str(&format!(
                    ", at once or by rights that they may give themselves ({}): {}",
                    sure.len(),
                    few(&sure)
                ));
            }
            if !others.is_empty() {
                let joined = if sure.is_empty() { ',' } else { ';' };
                found.push_str(&format!(
                    "{joined} by becoming one who may ({}): {}",
                    others.len(),
                    few(&others)
                ));
            }
            Check::new(id, State::NotReady, found, fix)
        }
        (true, false, _) => Check::new(
            id,
            State::Unknown,
            "nobody else surely can take off what a plan puts on a user",
            fix,
        ),
        (true, true, _) => Check::new(
            id,
            State::Ready,
            "nobody else can take off what a plan puts on a user, nor give itself the right to, nor become one who may",
            fix,
        ),
    };
    vec![check.with(details)]
}
