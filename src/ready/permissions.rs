//! Containing: each permission of the playbooks and of undo, tried by the policy evaluator on every user, role and group of the account and on such as could
//! still be made, and by AWS's simulator where it may be asked.

use super::check::few;
use super::{Check, Facts, State};
use crate::account::Account;
use crate::action::Permission;
use crate::collect::Simulated;
use crate::ids::PrincipalArn;
use crate::permissions::{ForAnybody, for_anybody};
use crate::policy::{Context, Outcome, PolicyKind};
use crate::verdict::{Standing, anybody_new, session_forbids};
use std::collections::{BTreeMap, BTreeSet};

/// What is asked of the simulator: each action with the things of this account that it would be asked on.
pub fn asked(account: &Account) -> Vec<(String, Vec<String>)> {
    let ForAnybody { read, write, undo } = for_anybody(&account.partition, &account.id);
    let all = read.iter().chain(&write).chain(&undo);
    all.map(|one| (one.action.clone(), targets(account, one))).collect()
}

/// The things of this account that a permission is needed on, and names that nobody has: whoever fights back makes himself such. Those come first, since the
/// simulator tries a handful.
fn targets(account: &Account, permission: &Permission) -> Vec<String> {
    let kind = |kind: &str| permission.resource.ends_with(&format!(":{kind}/*"));
    let found: Vec<String> = if kind("user") {
        account
            .users
            .values()
            .map(|user| account.user_arn(user).to_string())
            .collect()
    } else if kind("role") {
        let roles = account.roles.values().filter(|role| role.unmodifiable().is_none());
        roles.map(|role| account.role_arn(role).to_string()).collect()
    } else if kind("group") {
        account
            .groups
            .values()
            .map(|group| account.group_arn(group).to_string())
            .collect()
    } else {
        Vec::new()
    };
    let mut all = anybody_new(&permission.resource);
    if all.is_empty() {
        all.push(permission.resource.clone());
    }
    all.extend(found);
    all
}

/// What every request of the responder brings, whatever else is free: `region` where it is a regional service's.
fn context(standing: &Standing<'_>, region: &str) -> Context {
    let mut known = Context::closed();
    known.set("aws:SecureTransport", "true");
    known.set("aws:ViaAWSService", "false");
    known.set("aws:PrincipalIsAWSService", "false");
    known.set_absent("aws:CalledVia");
    known.set("aws:RequestedRegion", region);
    standing.context.clone().with(&known)
}

/// IAM's control plane. <https://docs.aws.amazon.com/IAM/latest/UserGuide/disaster-recovery-resiliency.html>
fn home(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}

/// What one decision means, in words where it is no plain yes.
fn judged(outcome: &Outcome) -> (State, String) {
    match outcome {
        Outcome::Allowed(_) => (State::Ready, String::new()),
        Outcome::ExplicitDeny(by) => (State::NotReady, format!("denied by {by}")),
        Outcome::ImplicitDeny(kind) => (State::NotReady, format!("no {} allows it", kind.describe())),
        Outcome::Unknown(gaps) => {
            let gaps: Vec<String> = gaps.iter().map(ToString::to_string).collect();
            (State::Unknown, few(&gaps))
        }
    }
}

fn decided(facts: Facts<'_>, action: &str, resource: &str, region: &str) -> Result<Outcome, String> {
    let standing = facts.standing.map_err(str::to_owned)?;
    if let Some(why) = standing.session.and_then(|session| session_forbids(session, action)) {
        return Err(why.to_owned());
    }
    Ok(standing.decide_given(action, resource, &context(standing, region)))
}

/// Where guards were not read, a policy of the organization may still deny what everything else allows.
fn under_unread_guards(facts: Facts<'_>, state: State, why: String) -> (State, String) {
    match state {
        State::Ready if facts.account.guards.is_none() => (
            State::Unknown,
            "allowed, unless a policy of the organization denies it, which was not read".to_owned(),
        ),
        _ => (state, why),
    }
}

/// What the responder's policies say of a call in a Region, on all resources.
pub(super) fn in_region(facts: Facts<'_>, action: &str, region: &str) -> (State, String) {
    let (state, why) = match decided(facts, action, "*", region) {
        Ok(outcome) => judged(&outcome),
        Err(why) => (State::Unknown, why),
    };
    under_unread_guards(facts, state, why)
}

/// The same for one resource, in the Region of IAM.
pub(super) fn on(facts: Facts<'_>, action: &str, resource: &str) -> (State, String) {
    let (state, why) = match decided(facts, action, resource, home(&facts.account.partition)) {
        Ok(outcome) => judged(&outcome),
        Err(why) => (State::Unknown, why),
    };
    under_unread_guards(facts, state, why)
}

/// What was found of one permission.
#[derive(Debug)]
struct Tried {
    state: State,
    why: String,
    refused_by: BTreeSet<PolicyKind>,
}

fn tried(facts: Facts<'_>, permission: &Permission) -> Tried {
    let region = home(&facts.account.partition);
    let mut by_why: BTreeMap<(State, String), Vec<String>> = BTreeMap::new();
    let mut refused_by = BTreeSet::new();
    let mut targets = targets(facts.account, permission);
    if let Ok(standing) = facts.standing {
        targets.extend(standing.newcomers(&permission.action, &permission.resource));
        targets.sort_unstable();
        targets.dedup();
    }
    for resource in &targets {
        let (state, why) = match decided(facts, &permission.action, resource, region) {
            Ok(outcome) => {
                refused_by.extend(refusing(&outcome));
                judged(&outcome)
            }
            Err(why) => (State::Unknown, why),
        };
        if state != State::Ready {
            by_why.entry((state, why)).or_default().push(resource.clone());
        }
    }
    let worst = by_why.keys().map(|(state, _)| *state).max().unwrap_or(State::Ready);
    let each = by_why.iter().map(|((_, why), on)| match on.len() == targets.len() {
        true => why.clone(),
        false => format!("{why} on {}", few(on)),
    });
    let why = each.collect::<Vec<_>>().join("; ");
    let (state, why) = under_unread_guards(facts, worst, why);
    let (state, why) = with_simulator(facts, permission, state, why);
    Tried { state, why, refused_by }
}

fn refusing(outcome: &Outcome) -> Option<PolicyKind> {
    match outcome {
        Outcome::ExplicitDeny(by) => Some(by.source.kind),
        Outcome::ImplicitDeny(kind) => Some(*kind),
        _ => None,
    }
}

/// The simulator can take a yes away. It makes none of what is unknown: it tries a handful of resources, and not every condition.
fn with_simulator(facts: Facts<'_>, permission: &Permission, state: State, why: String) -> (State, String) {
    let said = facts.simulated.ok().and_then(|all| all.get(&permission.action));
    let join = |more: String| if why.is_empty() { more } else { format!("{why}; {more}") };
    match said {
        None => (state, why.clone()),
        Some(Simulated::Allowed) if state == State::Ready => (state, why.clone()),
        Some(Simulated::Allowed) => (state, join("AWS's simulator allows it".to_owned())),
        Some(Simulated::Denied(how)) => (State::NotReady, join(format!("AWS's simulator: {how}"))),
        Some(Simulated::Hangs(keys)) => {
            let keys: Vec<String> = keys.iter().cloned().collect();
            let more = format!("AWS's simulator refuses it, perhaps for want of {}", few(&keys));
            (state.max(State::Unknown), join(more))
        }
    }
}

/// What else reads of the account show: what was refused to the responder himself.
fn refused_reads(facts: Facts<'_>) -> impl Iterator<Item = (State, String)> {
    facts.unread.iter().map(move |unread| {
        (
            facts.meaning(&unread.error),
            format!("{}: {}", unread.what, unread.error),
        )
    })
}

fn row(facts: Facts<'_>, id: &'static str, what: &str, needed: &BTreeSet<Permission>) -> (Check, BTreeSet<PolicyKind>) {
    let tried: Vec<(&Permission, Tried)> = needed.iter().map(|one| (one, tried(facts, one))).collect();
    let read: Vec<(State, String)> = match id {
        "trace.permissions" => refused_reads(facts).collect(),
        _ => Vec::new(),
    };
    let states = tried
        .iter()
        .map(|(_, one)| one.state)
        .chain(read.iter().map(|(state, _)| *state));
    let state = State::worst(states);
    let open = tried.iter().filter(|(_, one)| one.state != State::Ready);
    let details: Vec<String> = open
        .map(|(permission, one)| format!("{} {}: {}", one.state.describe(), permission.action, one.why))
        .chain(read.into_iter().map(|(_, why)| why))
        .collect();
    let how = match facts.simulated {
        Ok(all) if !all.is_empty() => "by his policies and by AWS's simulator",
        _ => "by his policies alone",
    };
    let ready = tried.iter().filter(|(_, one)| one.state == State::Ready).count();
    let found = format!(
        "{ready} of {} permissions to {what}, for any user, role and group, those that could still be made among them, {how}",
        tried.len()
    );
    let fix = "attach the policies that `oust plan --permissions standing` prints, or deploy `oust ready --template cloudformation`; what limits them (a \
               boundary, an SCP, a condition) must spare the responder";
    let refused = tried.into_iter().flat_map(|(_, one)| one.refused_by).collect();
    (Check::new(id, state, found, fix).with(details), refused)
}

pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    let needed = for_anybody(&facts.account.partition, &facts.account.id);
    let (read, _) = row(facts, "trace.permissions", "read", &needed.read);
    let (write, by_write) = row(facts, "contain.permissions", "contain, strip and delete", &needed.write);
    let (undo, by_undo) = row(facts, "contain.undo", "undo", &needed.undo);
    let simulator = simulator(facts);
    let exempt = exempt(facts, &by_write.union(&by_undo).copied().collect());
    vec![read, write, undo, simulator, exempt]
}

fn simulator(facts: Facts<'_>) -> Check {
    let id = "contain.simulator";
    let fix = "allow the responder iam:SimulatePrincipalPolicy on himself: it knows of policies that nobody in the account may read";
    match facts.simulated {
        Ok(all) => Check::new(
            id,
            State::Ready,
            format!("AWS's simulator was asked of {} actions", all.len()),
            "",
        ),
        Err(why) => {
            let fix = match PrincipalArn::of(facts.responder) {
                Some(PrincipalArn::User(_) | PrincipalArn::Role(_)) => fix,
                _ => "respond as a user or role, whom it can be asked about: --responder names who is to be checked",
            };
            Check::new(id, State::Unknown, format!("AWS's simulator was not asked: {why}"), fix)
        }
    }
}

/// Whether what limits others limits the responder too.
fn exempt(facts: Facts<'_>, refused_by: &BTreeSet<PolicyKind>) -> Check {
    let id = "contain.exempt";
    let fix = "except the responder from the SCPs that refuse him (ArnNotLike aws:PrincipalArn), and take his permissions boundary away or widen it";
    let limits = [
        PolicyKind::ServiceControl,
        PolicyKind::ResourceControl,
        PolicyKind::Boundary,
    ];
    let by: Vec<String> = limits
        .iter()
        .filter(|kind| refused_by.contains(kind))
        .map(|kind| format!("a {}", kind.describe()))
        .collect();
    let Ok(standing) = facts.standing else {
        return Check::new(id, State::Unknown, "what limits the responder is not known", fix);
    };
    if !by.is_empty() {
        return Check::new(
            id,
            State::NotReady,
            format!("{} refuses the responder what he needs", by.join(" and ")),
            fix,
        );
    }
    let boundary = match &standing.policies.boundary {
        Some(_) => "his permissions boundary lets everything through that he needs",
        None => "he has no permissions boundary",
    };
    match &facts.account.guards {
        Some(_) => Check::new(
            id,
            State::Ready,
            format!("no SCP refuses the responder, and {boundary}"),
            "",
        ),
        None => Check::new(
            id,
            State::Unknown,
            format!("{boundary}; whether an SCP refuses him was not read"),
            fix,
        ),
    }
}
