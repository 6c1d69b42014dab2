//! Credentials that the family was given and whose keys no record tells: what their holder made since isn't known either.

use super::foothold::{Foothold, State};
use crate::account::{Account, Holder, KeyStatus};
use crate::lineage::{Lineage, Untold};
use crate::time::Moment;
use crate::verdict::verdict;

/// What a person must look at, one for each mint.
pub(super) fn untold(lineage: &Lineage, account: &Account, now: Moment) -> Vec<Foothold> {
    let all = lineage.untold.iter().map(|one| {
        let of = match &one.holder {
            Some(Holder::Role { name, .. } | Holder::User { name, .. }) => format!(" {name}"),
            _ => String::new(),
        };
        Foothold {
            what: format!("{}{of}, whose record has no answer,", one.call),
            at: one.at,
            state: state(one, lineage, account, now),
        }
    });
    all.collect()
}

fn state(one: &Untold, lineage: &Lineage, account: &Account, now: Moment) -> State {
    if one.call == "CreateAccessKey" {
        return of_key(one, lineage, account);
    }
    let is_elsewhere = one.account.as_ref().is_some_and(|of| *of != account.id);
    let Some(session) = one.session().filter(|_| !is_elsewhere) else {
        return State::Unknown("a key was given that isn't told, and what it may do is not known".to_owned());
    };
    let verdict = verdict(account, std::slice::from_ref(&session), &session.key, now);
    match verdict.is_contained() {
        true => State::Unknown(format!(
            "a key was given that isn't told; its session is {verdict}, but what it did before is not known: look for calls of such a session"
        )),
        false => State::Open(format!("a key was given that isn't told, and its session is {verdict}")),
    }
}

/// A long-term key that was made: one of the user's that nobody of the family is known to hold.
fn of_key(one: &Untold, lineage: &Lineage, account: &Account) -> State {
    let Some(Holder::User { name, .. }) = &one.holder else {
        return State::Unknown("a key was made that isn't told, and for whom isn't either".to_owned());
    };
    let users = lineage.now_called(name, one.at);
    let mut users = users.into_iter().filter_map(|name| account.users.get(name));
    let Some(user) = users.next() else {
        return State::Closed(format!("there is no user `{name}` any more"));
    };
    let Some(held) = user
        .credentials
        .as_ref()
        .filter(|held| !held.unread.contains("access_keys"))
    else {
        return State::Unknown(format!("the keys of user `{name}` were not read"));
    };
    let made_then = |since: Moment| since >= one.at.plus_seconds(-60);
    let active = held.access_keys.iter().filter(|key| key.status == KeyStatus::Active);
    let mut unknown = active.filter(|key| made_then(key.created) && lineage.member(&key.id).is_none());
    match unknown.next() {
        Some(key) => State::Open(format!(
            "key {} of user `{}` was made then, and is active",
            key.id, user.name
        )),
        None => State::Closed("no active key of that time is there".to_owned()),
    }
}
