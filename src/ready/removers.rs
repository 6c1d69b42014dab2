//! Who else could let the intruder out again: every user and role that may take off what a plan puts on a user.

use super::check::few;
use super::organization::kept;
use super::{Check, Facts, State};
use crate::account::{Account, deny_all_arn};
use crate::ids::Arn;
use crate::policy::{Context, Effect, Outcome};
use crate::time::Moment;
use crate::verdict::Standing;

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

pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    let id = "quarantine.removers";
    let account = facts.account;
    let users: Vec<String> = account
        .users
        .values()
        .map(|user| account.user_arn(user).to_string())
        .collect();
    let mut sure = Vec::new();
    let mut perhaps = Vec::new();
    for (arn, standing) in others(account, facts.responder, facts.now) {
        let opened = opens(account, &standing, &users);
        let opened = opened.iter().map(|(state, _)| *state).min();
        match opened.map(|state| State::worst([state, raises(&standing, &arn)])) {
            Some(State::NotReady) => sure.push(format!("`{}`", arn.resource())),
            Some(State::Unknown) => perhaps.push(format!("`{}`", arn.resource())),
            _ => {}
        }
    }
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
    let fix = "take these rights from whoever does not need them, and attach an SCP that keeps a quarantine on: `oust ready --template cloudformation`";
    let check = match (sure.is_empty(), perhaps.is_empty(), kept.is_empty()) {
        (_, _, false) => {
            if !sure.is_empty() {
                details.push(format!(
                    "inline deny and boundary of a plan can be taken off by {}",
                    few(&sure)
                ));
            }
            let found = format!(
                "attached beside the plan's deny, {} can be taken off by nobody but the responder",
                few(&kept)
            );
            Check::new(id, State::Ready, found, fix)
        }
        (false, _, _) => {
            let found = format!(
                "inline deny and boundary of a plan can be taken off by others too, at once or by rights that they may give themselves ({}): {}",
                sure.len(),
                few(&sure)
            );
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
            "nobody else can take off what a plan puts on a user, nor give itself the right to",
            fix,
        ),
    };
    vec![check.with(details)]
}
