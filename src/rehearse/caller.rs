//! The caller in the twin: the same principal, with a key that the twin can check.

use crate::account::{AccessKey, Credentials, Holder, KeyStatus, Session, SessionKind};
use crate::collect::Caller;
use crate::ids::{AccessKeyId, PrincipalArn};
use crate::time::Moment;
use crate::twin::State;

/// Who signs in the rehearsal.
#[derive(Debug, Clone)]
pub struct Standin {
    /// The key that signs.
    pub key: AccessKeyId,
    /// Why the caller's permissions are not checked, if they aren't: nothing is known of the principal.
    pub unchecked: Option<String>,
}

/// Gives the caller a credential in the twin.
pub fn stand_in(state: &mut State, caller: &Caller, signing_key: Option<&AccessKeyId>, now: Moment) -> Standin {
    if let Some(key) = signing_key.filter(|key| state.account.owner_of_key(key).is_some()) {
        return Standin {
            key: key.clone(),
            unchecked: None,
        };
    }
    let account = state.account.id.clone();
    let own = |prefix: &str, state: &mut State| -> AccessKeyId {
        signing_key
            .cloned()
            .unwrap_or_else(|| state.mint.access_key_id(prefix, &account))
    };
    match PrincipalArn::of(&caller.arn) {
        Some(PrincipalArn::User(name)) if state.account.users.contains_key(&name) => {
            let temporary = signing_key.is_some_and(|key| key.as_str().starts_with("ASIA"));
            let key = own("AKIA", state);
            let Some(user) = state.account.users.get_mut(&name) else {
                return unknown(state, "the user is gone", now);
            };
            if temporary {
                let holder = Holder::User {
                    name,
                    id: user.id.clone(),
                };
                state
                    .mint
                    .sessions
                    .push(session(key.clone(), now, holder, SessionKind::GetSessionToken));
            } else {
                // Where the user's keys were not read, putting one there doesn't make them known.
                let held = user.credentials.get_or_insert_with(|| Credentials {
                    unread: ["access_keys".to_owned()].into(),
                    ..Credentials::default()
                });
                held.access_keys.push(AccessKey {
                    id: key.clone(),
                    status: KeyStatus::Active,
                    created: now,
                    last_used: None,
                });
            }
            Standin { key, unchecked: None }
        }
        Some(PrincipalArn::RoleSession { role, session: label }) => {
            match state.account.roles.get(&role).map(|known| known.id.clone()) {
                Some(id) => {
                    let key = own("ASIA", state);
                    let holder = Holder::Role {
                        name: role,
                        id,
                        session: label,
                    };
                    state
                        .mint
                        .sessions
                        .push(session(key.clone(), now, holder, SessionKind::AssumeRole));
                    Standin { key, unchecked: None }
                }
                None => unknown(state, &format!("role `{role}` was not read"), now),
            }
        }
        Some(PrincipalArn::Root) if caller.account == account => {
            let key = own("ASIA", state);
            state
                .mint
                .sessions
                .push(session(key.clone(), now, Holder::Root, SessionKind::Console));
            Standin { key, unchecked: None }
        }
        _ => unknown(state, &format!("the account knows no principal `{}`", caller.arn), now),
    }
}

/// Gives a credential to who acts for the organization, where that is another than the caller: of his rights nothing is known, so what he
/// asks of Organizations is granted.
pub fn stand_in_for_organization(state: &mut State, caller: &Caller, now: Moment) -> Option<AccessKeyId> {
    let responder = state.account.organization.as_ref()?.responder.as_ref()?;
    let caller = state.account.principal_arn(&caller.arn);
    if caller.as_ref() == Some(&responder.in_organization) {
        return None;
    }
    let account = state.account.id.clone();
    let key = state.mint.access_key_id("ASIA", &account);
    let organizer = session(key.clone(), now, Holder::Root, SessionKind::Console);
    state.mint.sessions.push(organizer);
    state.mint.organizer = Some(key.clone());
    Some(key)
}

/// A caller of whom nothing is known: the rehearsal goes on as root and says so.
fn unknown(state: &mut State, why: &str, now: Moment) -> Standin {
    let account = state.account.id.clone();
    let key = state.mint.access_key_id("ASIA", &account);
    state
        .mint
        .sessions
        .push(session(key.clone(), now, Holder::Root, SessionKind::Console));
    Standin {
        key,
        unchecked: Some(why.to_owned()),
    }
}

/// A session that lives as long as the rehearsal could last, with MFA: what is rehearsed is the plan, not the caller's way of signing in.
fn session(key: AccessKeyId, now: Moment, holder: Holder, kind: SessionKind) -> Session {
    Session {
        key,
        holder,
        kind,
        issued: now,
        expires: now.plus_seconds(43_200),
        mfa: Some(true),
        policy: None,
        policy_arns: Vec::new(),
        source_identity: None,
        tags: Default::default(),
        is_untold: false,
        minted_by: None,
    }
}
