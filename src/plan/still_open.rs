//! What of a plan is still to be done, on an account where much of it is done already.

use super::door::SPREADS_SECONDS;
use super::{NotTouched, Plan, Step};
use crate::account::Account;
use crate::action::revoke::{Issuer, cut_of};
use crate::action::{Action, Change, Member, Setting, known};
use crate::ids::{AccessKeyId, StepId};
use crate::lineage::Credential;
use crate::time::Moment;
use std::collections::BTreeSet;

/// The steps of `plan` that would change something on `account`, with a hold and a sweep behind them as the plan has them; none where there is nothing.
///
/// What was `given_up` (declined, or refused for good) is left; so are the denies of somebody whose deletion was, and what was `made` and can't be told
/// from the account. Sessions are revoked anew only where none stands, one of the family is `alive` that the one that stands doesn't reach, or a role that
/// the family opened was shut behind it: everybody else's sessions of the role end with each one. Each step gets an ID that begins with `lead`.
pub fn still_open(
    plan: &Plan,
    account: &Account,
    made: &[Change],
    given_up: &[Action],
    alive: &BTreeSet<AccessKeyId>,
    lead: &str,
) -> Vec<Step> {
    let is_given_up = |action: &Action| given_up.iter().any(|given_up| given_up.has_aim_of(action));
    let open = |step: &Step| match &step.action {
        action if is_given_up(action) || lifts_for_nothing(action, plan, given_up) => false,
        // Its cut lies at each plan's own time: what counts is that it is there.
        Action::Change { change } if matches!(change.member, Member::ServiceControlPolicy { .. }) => {
            let set = made.iter().any(|made| made.member == change.member);
            !(set && is_attached(&change.member, account))
        }
        Action::Change { change } => {
            let so = known(account, &change.member).map(|now| now.same_as(&change.to));
            !so.unwrap_or_else(|| made.contains(change))
        }
        Action::RevokeOlderSessions { issuer, .. } => {
            let standing = standing_cut(issuer, account);
            let members = plan.lineage.credentials.iter();
            let members = members.filter(|member| hangs_on(member, issuer));
            let mut beyond = members.filter(|member| alive.contains(&member.key) && !is_reached(member, standing));
            standing.is_none() || beyond.next().is_some() || is_shut_behind(plan, issuer, standing)
        }
        Action::Evidence => false,
        Action::Hold { .. } | Action::Sweep { .. } => true,
    };
    let left: Vec<&Step> = plan.steps.iter().filter(|step| open(step)).collect();
    if !left.iter().any(|step| step.action.changes()) {
        return Vec::new();
    }
    let named = left.into_iter().filter_map(|step| {
        Some(Step {
            id: format!("{lead}{}", step.id).parse().ok()?,
            ..step.clone()
        })
    });
    named.collect()
}

/// The plan without a step that cannot be done, and without those that would lift a deny for its sake; `why` tells why it cannot be.
#[must_use]
pub fn without(mut plan: Plan, step: &Step, why: &str) -> Plan {
    let given_up = std::slice::from_ref(&step.action);
    let kept = plan.steps.iter().filter(|one| one.id != step.id);
    let kept = kept.filter(|one| !lifts_for_nothing(&one.action, &plan, given_up));
    plan.steps = kept.cloned().collect();
    plan.not_touched.push(NotTouched {
        what: step.title.clone(),
        why: format!("it cannot be done: {why}"),
    });
    plan
}

/// So many revocations for the same members are tried: the clocks of AWS's services may lie apart, so that the first may not have reached them.
const TRIED: usize = 2;

/// Revocations of `plan` that would do nothing: those that were made for the same members twice by `earlier` plans of the case, as far as those steps are
/// `done`, and that stand. Whoever is alive all the same is out of their reach, and everybody else's sessions would end with each.
pub fn without_effect(plan: &Plan, account: &Account, earlier: &[Plan], done: &BTreeSet<StepId>) -> Vec<Step> {
    let tried = |plan_then: &&Plan, issuer: &Issuer| {
        let same =
            |step: &&Step| matches!(&step.action, Action::RevokeOlderSessions { issuer: of, .. } if of == issuer);
        let mut steps = plan_then.steps.iter().filter(same);
        let members = |plan: &Plan| {
            let of = plan
                .lineage
                .credentials
                .iter()
                .filter(|member| hangs_on(member, issuer));
            of.map(|member| member.key.clone()).collect::<BTreeSet<_>>()
        };
        steps.any(|step| done.contains(&step.id)) && members(plan_then) == members(plan)
    };
    let is_vain = |step: &&Step| match &step.action {
        Action::RevokeOlderSessions { issuer, .. } => {
            let times = earlier.iter().filter(|plan_then| tried(plan_then, issuer)).count();
            times >= TRIED && standing_cut(issuer, account).is_some()
        }
        _ => false,
    };
    plan.steps.iter().filter(is_vain).cloned().collect()
}

/// Whether the member is a credential of the user or role.
fn hangs_on(member: &Credential, issuer: &Issuer) -> bool {
    match issuer {
        Issuer::Role(role) => member.role() == Some(role),
        Issuer::User(user) => member.user() == Some(user),
    }
}

/// Whether the action would lift a deny of the plan's own from somebody whose deletion was given up, which it was to be lifted for.
fn lifts_for_nothing(action: &Action, plan: &Plan, given_up: &[Action]) -> bool {
    let Some(member) = action.removed() else { return false };
    let is_its_deny = |action: &Action| match action {
        Action::Change { change } => change.member == *member && change.is_cut(),
        Action::RevokeOlderSessions { issuer, .. } => issuer.member() == *member,
        _ => false,
    };
    plan.steps.iter().any(|step| is_its_deny(&step.action))
        && given_up.iter().any(|action| {
            action
                .removed()
                .is_some_and(|gone| member.denied().as_ref() == Some(gone))
        })
}

/// The clock of the service that issues tokens may be off by so much, in seconds.
const ISSUED_DOUBT_SECONDS: i64 = 5;

/// Up to when sessions are revoked as the account stands.
fn standing_cut(issuer: &Issuer, account: &Account) -> Option<Moment> {
    match known(account, &issuer.member())? {
        Setting::Document(standing) => cut_of(&standing),
        _ => None,
    }
}

/// Whether the revocation that stands is one of this member. What lasts has no moment of issue, and a further one does nothing to it.
fn is_reached(member: &Credential, standing: Option<Moment>) -> bool {
    let Some(cut) = standing else { return false };
    match member.session() {
        Some(session) => session.issued.plus_seconds(ISSUED_DOUBT_SECONDS) < cut,
        None => member.kind.is_permanent(),
    }
}

/// Whether the role was still open to somebody from outside when the revocation that stands was made: whoever came in later isn't reached by it.
fn is_shut_behind(plan: &Plan, issuer: &Issuer, standing: Option<Moment>) -> bool {
    let Issuer::Role(role) = issuer else { return false };
    let shut = plan.lineage.shut.get(role);
    shut.is_some_and(|shut| standing.is_none_or(|cut| cut < shut.plus_seconds(SPREADS_SECONDS)))
}

/// Whether a service control policy of this name stands over the account, as far as that was read.
fn is_attached(member: &Member, account: &Account) -> bool {
    let (Member::ServiceControlPolicy { name, .. }, Some(guards)) = (member, &account.guards) else {
        return true;
    };
    guards.scps.iter().any(|level| level.contains_key(name))
}
