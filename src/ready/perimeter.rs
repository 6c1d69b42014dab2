//! What the organization keeps shut whatever the account's own policies say: its roles to strangers, and its root user.

use super::{Check, Facts, State};
use crate::account::{Account, Organization};
use crate::harden::{by_root, only_ours, taken_by_stranger, without_root};
use crate::policy::Outcome;
use crate::time::Moment;
use std::collections::BTreeSet;

/// Rows where there is an organization whose policies bind the account.
pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    let Some(organization) = &facts.account.organization else {
        return Vec::new();
    };
    if organization.management_account == facts.account.id {
        return Vec::new();
    }
    vec![strangers(facts, organization), root(facts)]
}

/// Whether an RCP keeps strangers out of a role whose trust policy lets everybody in, as an intruder would write it.
fn strangers(facts: Facts<'_>, organization: &Organization) -> Check {
    let id = "organization.perimeter";
    let fix = format!(
        "attach an RCP, with those of other accounts who are meant to excepted by aws:PrincipalAccount: {}",
        only_ours(&organization.id, &BTreeSet::new())
    );
    let Some(guards) = &facts.account.guards else {
        let found = "whether an RCP keeps strangers out of roles was not read";
        return Check::new(id, State::Unknown, found, fix);
    };
    let (state, found) = match taken_by_stranger(facts.account, guards) {
        Some(Outcome::ExplicitDeny(by)) => (
            State::Ready,
            format!("nobody outside of the organization can take a role, whatever its trust policy says: {by}"),
        ),
        Some(Outcome::Allowed(_) | Outcome::ImplicitDeny(_)) => (
            State::NotReady,
            "whoever may write a role's trust policy lets in any account of the world: no RCP keeps strangers out"
                .to_owned(),
        ),
        Some(Outcome::Unknown(_)) | None => (
            State::Unknown,
            "whether an RCP keeps strangers out of roles hangs on what nobody can know now".to_owned(),
        ),
    };
    let beside = "an RCP on sts:AssumeRole says nothing of providers' tokens: hold sts:AssumeRoleWithWebIdentity to your claims by another statement";
    Check::new(id, state, found, fix).with([beside.to_owned()])
}

/// Calls by which root would undo or go round a containment.
const BY_ROOT: [&str; 3] = [
    "iam:CreateAccessKey",
    "iam:DeleteUserPolicy",
    "iam:UpdateAssumeRolePolicy",
];

/// Whether an SCP denies the root user, so that its credentials, if somebody has them, are of no use.
fn root(facts: Facts<'_>) -> Check {
    let id = "organization.root";
    let fix = format!(
        "let the organization keep root's credentials (`aws iam enable-organizations-root-credentials-management`), delete those that are there, and attach an SCP: {}",
        without_root()
    );
    if facts.account.guards.is_none() {
        return Check::new(
            id,
            State::Unknown,
            "whether an SCP denies the root user was not read",
            fix,
        );
    }
    let states = BY_ROOT.map(|call| denied_to_root(facts.account, call, facts.now));
    let state = State::worst(states);
    let found = match state {
        State::Ready => "the root user is denied by an SCP: its password and keys, if somebody has them, open nothing",
        State::Unknown => "whether an SCP denies the root user hangs on what nobody can know now",
        State::NotReady => {
            "who has the root user's password or key may do everything, and takes off every quarantine: no SCP denies it"
        }
    };
    Check::new(id, state, found, fix)
}

fn denied_to_root(account: &Account, call: &str, now: Moment) -> State {
    match by_root(account, call, now) {
        Some(Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_)) => State::Ready,
        Some(Outcome::Unknown(_)) | None => State::Unknown,
        Some(Outcome::Allowed(_)) => State::NotReady,
    }
}
