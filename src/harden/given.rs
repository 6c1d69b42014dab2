//! The session that a call gave, be it signed by a key or not: another account's call bears none that is ours to see, and a provider's token is
//! no key. Who traces a key needs those that are signed; who asks what a role is used for needs all.

use crate::account::{Holder, Session, SessionKind};
use crate::ids::AccessKeyId;
use crate::lineage::{Kind, mint_of};
use crate::time::Moment;
use crate::trail::Event;

/// No session lives longer.
pub(super) const LONGEST_SECONDS: i64 = 129_600;

/// The key that a call gave.
pub(super) fn given(event: &Event) -> Option<AccessKeyId> {
    match mint_of(event) {
        Some(minted) => Some(minted.key),
        None => unsigned(event),
    }
}

/// When what a call gave ends.
pub(super) fn expires(event: &Event) -> Option<Moment> {
    let told = || event.answered("/credentials/expiration")?.parse().ok();
    mint_of(event).and_then(|minted| minted.expires).or_else(told)
}

/// The key of a role session that no key asked for.
fn unsigned(event: &Event) -> Option<AccessKeyId> {
    let is_role = event.service() == "sts" && event.name.starts_with("AssumeRole");
    let is_unsigned = event.identity.key.is_none() && event.error.is_none();
    event.given_key().filter(|_| is_role && is_unsigned)?.parse().ok()
}

/// The session as a call gave it.
pub(super) fn session(event: &Event) -> Option<Session> {
    let Some(minted) = mint_of(event) else {
        return unsigned(event).and_then(|key| of_role(event, key));
    };
    let kind = match minted.kind {
        Kind::SessionToken => SessionKind::GetSessionToken,
        Kind::FederationToken => SessionKind::GetFederationToken,
        Kind::ChainedRoleSession => SessionKind::ChainedAssumeRole,
        Kind::RoleSession if event.name != "AssumeRole" => SessionKind::FederatedAssumeRole,
        Kind::RoleSession => SessionKind::AssumeRole,
        Kind::LongTerm | Kind::Console | Kind::ServiceSpecific | Kind::Unknown => return None,
    };
    Some(Session {
        key: minted.key,
        holder: minted.holder?,
        kind,
        issued: event.at,
        expires: minted.expires.unwrap_or(event.at.plus_seconds(LONGEST_SECONDS)),
        mfa: Some(minted.mint.mfa),
        policy: minted.mint.policy,
        policy_arns: minted.mint.policy_arns,
        source_identity: minted.mint.source_identity,
        tags: minted.mint.tags,
        is_untold: false,
        minted_by: Some(minted.mint.by),
    })
}

/// A role session by another account's call or a provider's token, as its answer tells.
fn of_role(event: &Event, key: AccessKeyId) -> Option<Session> {
    let id = event.answered("/assumedRoleUser/assumedRoleId")?;
    let (role_id, session) = id.split_once(':')?;
    let arn = event.answered("/assumedRoleUser/arn")?;
    let name = arn.split(":assumed-role/").nth(1)?.split('/').next()?;
    Some(Session {
        key,
        holder: Holder::Role {
            name: name.to_owned(),
            id: role_id.to_owned(),
            session: session.to_owned(),
        },
        kind: match event.name.as_str() {
            "AssumeRole" => SessionKind::AssumeRole,
            _ => SessionKind::FederatedAssumeRole,
        },
        issued: event.at,
        expires: expires(event).unwrap_or(event.at.plus_seconds(LONGEST_SECONDS)),
        mfa: Some(false),
        policy: None,
        policy_arns: Vec::new(),
        source_identity: event.asked("/sourceIdentity"),
        tags: Default::default(),
        is_untold: false,
        minted_by: None,
    })
}
