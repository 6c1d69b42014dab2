//! Whose calls count as use of an account: an organization's trail tells of many accounts, and each may have a user or a role of the same name.

use super::given::given;
use super::usage::Call;
use crate::ids::{AccessKeyId, AccountId, Arn};
use crate::trail::{Event, Identity};
use std::collections::HashSet;

/// Whether a caller is of the account, as far as the record tells: one that tells no account is whoever it says.
pub(super) fn is_of(who: &Identity, account: &AccountId) -> bool {
    account_of(who).is_none_or(|of| of == *account)
}

fn account_of(who: &Identity) -> Option<AccountId> {
    let of_arn = || who.arn.as_ref().and_then(Arn::account);
    who.account.clone().or_else(of_arn)
}

/// The account of the role that a call asks for.
fn asked_of(event: &Event) -> Option<AccountId> {
    let arn = event.asked("/roleArn")?;
    arn.split(':').nth(4)?.parse().ok()
}

/// The calls that are use of the account: by who is of it, and by whoever else takes its roles. Who takes one from another account stays
/// somebody of that account, by whichever of the two his call was recorded; a call that both recorded counts once.
pub(super) fn of_account(account: &AccountId, calls: Vec<Call>) -> Vec<Call> {
    let is_recorded_here = |event: &Event| event.recipient.as_ref().is_none_or(|by| by == account);
    let (mut ours, rest): (Vec<Call>, Vec<Call>) = calls.into_iter().partition(|call| {
        let event = &call.event;
        match account_of(&event.identity) {
            Some(of) if of == *account => true,
            Some(_) => is_recorded_here(event) && is_taking_of(event, account) && event.identity.key.is_none(),
            // Tokens and assertions are of no account: the role is, or else who recorded it.
            None => match asked_of(event) {
                Some(of) => of == *account,
                None => is_recorded_here(event),
            },
        }
    });
    let told: HashSet<String> = ours.iter().filter_map(|call| call.event.shared_id.clone()).collect();
    let gave: HashSet<AccessKeyId> = ours.iter().filter_map(|call| given(&call.event)).collect();
    let is_told = |event: &Event| {
        let is_shared = event.shared_id.as_ref().is_some_and(|id| told.contains(id));
        is_shared || given(event).is_some_and(|key| gave.contains(&key))
    };
    let theirs = rest
        .into_iter()
        .filter(|call| is_taking_of(&call.event, account) && !is_told(&call.event));
    ours.extend(theirs.map(from_elsewhere));
    ours
}

/// Whether a call takes a role of the account.
fn is_taking_of(event: &Event, account: &AccountId) -> bool {
    event.service() == "sts" && event.name.starts_with("AssumeRole") && asked_of(event).as_ref() == Some(account)
}

/// The call as the role's own account records it: of who comes from elsewhere it tells the account alone.
fn from_elsewhere(mut call: Call) -> Call {
    let who = &mut call.event.identity;
    *who = Identity {
        kind: Some("AWSAccount".to_owned()),
        principal_id: who.principal_id.take(),
        account: account_of(who),
        ..Identity::default()
    };
    call
}
