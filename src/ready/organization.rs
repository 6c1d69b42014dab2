//! What nobody in the account can take away: rights in Organizations, and a standing policy that makes a quarantine irremovable but for the responder.

use super::check::few;
use super::delegation::allows;
use super::kept_on::KeptOn;
use super::{Check, Facts, State};
use crate::action::service_control::is_quarantine_name;
use crate::collect::Simulated;
use crate::ids::Arn;
use std::collections::BTreeMap;

/// The calls that attach, change and take away a policy of an organization.
pub const CALLS: [&str; 5] = [
    "organizations:CreatePolicy",
    "organizations:UpdatePolicy",
    "organizations:AttachPolicy",
    "organizations:DetachPolicy",
    "organizations:DeletePolicy",
];

/// As many as surely fit on one target, as the plan counts them.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const MOST_ATTACHED: usize = 5;

pub(super) fn checks(facts: Facts<'_>, kept: &KeptOn) -> Vec<Check> {
    vec![place(facts), rights(facts), quarantine(facts, kept)]
}

/// Whether a policy of the organization could bind the account at all.
fn place(facts: Facts<'_>) -> Check {
    let id = "organization.policies";
    let ready = |found: String| Check::new(id, State::Ready, found, "");
    let not = |found: &str, fix: &str| Check::new(id, State::NotReady, found, fix);
    let Some(guards) = &facts.account.guards else {
        let fix = "name who may act for the organization with --organizations-profile: of the management account, or of a delegated administrator";
        return Check::new(
            id,
            State::Unknown,
            "the policies of the organization over the account were not read",
            fix,
        );
    };
    if guards.management_account {
        let fix = "move users and workloads out of the management account: nothing but IAM can hold an intruder there";
        return not("this is the management account, which no SCP binds", fix);
    }
    let Some(organization) = &facts.account.organization else {
        let fix = "put the account into an organization: without an SCP an intruder with rights in IAM takes away every deny while it still spreads";
        return not("the account is in no organization", fix);
    };
    if !organization.scps_enabled {
        let fix = "enable service control policies in the organization: `aws organizations enable-policy-type`";
        return not("service control policies are not enabled in the organization", fix);
    }
    match guards.scps.iter().any(|level| level.len() < MOST_ATTACHED) {
        true => ready(format!(
            "SCPs bind the account in organization {}, and one more can be attached",
            organization.id
        )),
        false => not(
            "no place for one more SCP is left at the account or above it",
            "detach an SCP that matters less, or bring several into one",
        ),
    }
}

/// Whether who acts for the organization may attach and take away.
fn rights(facts: Facts<'_>) -> Check {
    let id = "organization.rights";
    let fix = format!(
        "allow who signs for Organizations {}; a delegated administrator by the organization's delegation policy too",
        CALLS.join(", ")
    );
    let acting = facts
        .account
        .organization
        .as_ref()
        .and_then(|organization| organization.responder.as_ref());
    let Some(acting) = acting else {
        return Check::new(
            id,
            State::NotReady,
            "nobody is known who may act for the organization",
            fix,
        );
    };
    let who = &acting.in_organization;
    let (own, mut details) = match facts.organizer {
        Ok(said) => simulated(said),
        Err(why) => (
            State::Unknown,
            vec![format!("AWS's simulator was not asked of {who}: {why}")],
        ),
    };
    let (given, why) = delegated(facts, who);
    details.extend(why);
    let state = own.max(given);
    let by = match facts.delegation {
        None => "AWS's simulator",
        Some(_) => "AWS's simulator and the organization's delegation policy",
    };
    let found = match state {
        State::Ready => format!("{who} may attach and take away SCPs, by {by}"),
        State::Unknown => {
            format!("{who} reads the organization's policies; whether it may attach and take away SCPs is not known")
        }
        State::NotReady => format!("{who} may not attach and take away SCPs, by {by}"),
    };
    Check::new(id, state, found, fix).with(details)
}

/// What the delegation policy gives who acts for the organization from another account than the management account.
fn delegated(facts: Facts<'_>, who: &Arn) -> (State, Vec<String>) {
    let policy = match facts.delegation {
        None => return (State::Ready, Vec::new()),
        Some(Err(why)) => {
            let why = format!("the organization's delegation policy was not read: {why}");
            return (State::Unknown, vec![why]);
        }
        Some(Ok(None)) => {
            let why = "the organization has no delegation policy, and only its management account may attach policies";
            return (State::NotReady, vec![why.to_owned()]);
        }
        Some(Ok(Some(policy))) => policy,
    };
    let each = CALLS.map(|call| {
        let (state, why) = allows(policy, who, facts.account, call);
        (state, format!("{} {call}: {why}", state.describe()))
    });
    let state = State::worst(each.iter().map(|(state, _)| *state));
    let open = each.into_iter().filter(|(state, _)| *state != State::Ready);
    (state, open.map(|(_, why)| why).collect())
}

fn simulated(said: &BTreeMap<String, Simulated>) -> (State, Vec<String>) {
    let each = CALLS.map(|call| match said.get(call) {
        Some(Simulated::Allowed) => (State::Ready, String::new()),
        Some(Simulated::Denied(how)) => (State::NotReady, format!("{call}: {how}")),
        Some(Simulated::Hangs(keys)) => {
            let keys: Vec<String> = keys.iter().cloned().collect();
            (State::Unknown, format!("{call}: depends on {}", few(&keys)))
        }
        None => (State::Unknown, format!("{call}: the simulator said nothing")),
    });
    let state = State::worst(each.iter().map(|(state, _)| *state));
    (
        state,
        each.into_iter()
            .map(|(_, why)| why)
            .filter(|why| !why.is_empty())
            .collect(),
    )
}

/// Whether a standing policy keeps a quarantine on, and whether the responder himself is spared by it.
fn quarantine(facts: Facts<'_>, kept: &KeptOn) -> Check {
    let id = "organization.quarantine";
    let fix = "attach the SCP that `oust ready --template cloudformation` (or terraform) writes: it lets nobody but the responder take the quarantine policy off";
    let Some(guards) = &facts.account.guards else {
        return Check::new(
            id,
            State::Unknown,
            "whether an SCP keeps a quarantine on was not read",
            fix,
        );
    };
    let names = guards
        .scps
        .iter()
        .flatten()
        .map(|(name, _)| name)
        .filter(|name| is_quarantine_name(name));
    let incident: Vec<String> = names
        .map(|name| format!("`{name}` of an incident is attached"))
        .collect();
    if kept.policies.is_empty() {
        let found = "no SCP keeps a quarantine on: whoever has rights in IAM takes any deny off again";
        return Check::new(id, State::NotReady, found, fix).with(incident);
    }
    let named = few(&kept.named());
    let for_him = "name the responder in the exception of that SCP (ArnNotLike aws:PrincipalArn)";
    let for_nobody_else = "name nobody but the responder in the exceptions of that SCP, and see `quarantine.removers`";
    let (spared, takers) = (kept.spares(facts), kept.takers.state());
    let (found, fix) = match (spared, takers) {
        (State::NotReady, _) => (
            format!("{named} is kept on, and the responder himself cannot take it off either"),
            for_him,
        ),
        (_, State::NotReady) => (
            format!("{named} is kept on, and others than the responder can take it off a user all the same"),
            for_nobody_else,
        ),
        (State::Unknown, _) => (
            format!("{named} is kept on, and whether the responder is spared is not known"),
            for_him,
        ),
        (State::Ready, State::Unknown) => (
            format!("{named} is kept on, and whether others than the responder can take it off a user is not known"),
            for_nobody_else,
        ),
        (State::Ready, State::Ready) => (format!("nobody but the responder can take {named} off a user"), for_him),
    };
    let state = spared.max(takers);
    Check::new(id, state, found, fix)
        .with(incident)
        .with(kept.takers.told())
}
