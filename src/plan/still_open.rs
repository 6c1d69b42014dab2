//! What of a plan is still to be done, on an account where much of it is done already.

use super::{Plan, Step};
use crate::account::Account;
use crate::action::revoke::{Issuer, cut_of};
use crate::action::{Action, Change, Member, Setting, known};
use crate::ids::AccessKeyId;
use crate::lineage::{Credential, Kind};
use crate::time::Moment;
use std::collections::BTreeSet;

/// The steps of `plan` that would change something on `account`, with a hold and a sweep behind them as the plan has them; none where there is nothing.
///
/// What was `given_up` (declined, or refused for good) is left; so are the denies of somebody whose deletion was, and what was `made` and can't be told
/// from the account. Sessions are revoked anew only where none stands, or one of the family is `alive` that the one that stands doesn't reach: everybody
/// else's sessions of the role end with each one. Each step gets an ID that begins with `lead`.
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
            let of_issuer = |member: &&Credential| match issuer {
                Issuer::Role(role) => member.role() == Some(role),
                Issuer::User(user) => member.user() == Some(user),
            };
            let standing = standing_cut(issuer, account);
            let members = plan.lineage.credentials.iter().filter(of_issuer);
            let mut beyond = members.filter(|member| alive.contains(&member.key) && !is_reached(member, standing));
            standing.is_none() || beyond.next().is_some()
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

/// Whether the revocation that stands is one of this member. A long-term key has no moment of issue, and a further one does nothing to it.
fn is_reached(member: &Credential, standing: Option<Moment>) -> bool {
    let Some(cut) = standing else { return false };
    match member.session() {
        Some(session) => session.issued.plus_seconds(ISSUED_DOUBT_SECONDS) < cut,
        None => member.kind == Kind::LongTerm,
    }
}

/// Whether a service control policy of this name stands over the account, as far as that was read.
fn is_attached(member: &Member, account: &Account) -> bool {
    let (Member::ServiceControlPolicy { name, .. }, Some(guards)) = (member, &account.guards) else {
        return true;
    };
    guards.scps.iter().any(|level| level.contains_key(name))
}
