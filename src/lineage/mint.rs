//! Which events give a new credential, and to whom.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>

use super::{Kind, Mint};
use crate::account::Holder;
use crate::ids::{AccessKeyId, AccountId, Arn, PrincipalArn};
use crate::policy::PolicyText;
use crate::time::Moment;
use crate::trail::Event;
use serde_json::Value;

/// A credential that an event gave.
#[derive(Debug, Clone, PartialEq)]
pub struct MintedKey {
    /// Its access key ID.
    pub key: AccessKeyId,
    /// What it is.
    pub kind: Kind,
    /// Whose permissions it carries.
    pub holder: Option<Holder>,
    /// The account of its holder.
    pub account: Option<AccountId>,
    /// When it ends.
    pub expires: Option<Moment>,
    /// The call.
    pub mint: Mint,
}

/// The calls that give a credential: source, name, default lifetime in seconds.
const CALLS: [(&str, &str, i64); 8] = [
    ("sts", "GetSessionToken", 43_200),
    ("sts", "GetFederationToken", 43_200),
    ("sts", "AssumeRole", 3_600),
    ("sts", "AssumeRoleWithSAML", 3_600),
    ("sts", "AssumeRoleWithWebIdentity", 3_600),
    ("sts", "AssumeRoot", 900),
    ("signin", "GetSigninToken", 43_200),
    ("iam", "CreateAccessKey", 0),
];

/// Whether the event is a call that would give a credential, whether it succeeded or not.
pub(super) fn is_mint(event: &Event) -> bool {
    CALLS
        .iter()
        .any(|(source, name, _)| event.service() == *source && event.name == *name)
}

/// The credential that the event gave; `None` when it is no mint, was refused, or names no key.
pub fn mint_of(event: &Event) -> Option<MintedKey> {
    let (.., seconds) = CALLS
        .iter()
        .find(|(source, name, _)| event.service() == *source && event.name == *name)?;
    if event.error.is_some() {
        return None;
    }
    let by = event.identity.key.clone()?;
    let key: AccessKeyId = event
        .answered("/credentials/accessKeyId")
        .or_else(|| event.answered("/accessKey/accessKeyId"))?
        .parse()
        .ok()?;
    if key == by {
        return None; // GetSigninToken without a duration gives back the key that asked.
    }
    let (kind, holder, account) = who(event);
    let asked = event.request.get("durationSeconds").and_then(Value::as_i64);
    let logged = event
        .answered("/credentials/expiration")
        .and_then(|text| text.parse().ok());
    let reckoned = (kind != Kind::LongTerm).then(|| event.at.plus_seconds(asked.unwrap_or(*seconds)));
    let policy_arns = event
        .request
        .get("policyArns")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    Some(MintedKey {
        key,
        kind,
        holder,
        account,
        expires: logged.or(reckoned),
        mint: Mint {
            at: event.at,
            by,
            call: event.name.clone(),
            event: event.id.clone(),
            source_ip: event.source_ip.clone(),
            mfa: event.asked("/serialNumber").is_some(),
            policy: event.asked("/policy").map(PolicyText::new),
            policy_arns: policy_arns
                .filter_map(|one| one.get("arn")?.as_str()?.parse().ok())
                .collect(),
            source_identity: event
                .asked("/sourceIdentity")
                .or_else(|| event.identity.source_identity.clone()),
        },
    })
}

type Who = (Kind, Option<Holder>, Option<AccountId>);

fn who(event: &Event) -> Who {
    let identity = &event.identity;
    let caller = || {
        Some(Holder::User {
            name: identity.user_name.clone()?,
            id: identity.principal_id.clone()?,
        })
    };
    let here = identity.account.clone();
    match event.name.as_str() {
        "GetSessionToken" if identity.kind.as_deref() == Some("Root") => (Kind::SessionToken, Some(Holder::Root), here),
        "GetSessionToken" => (Kind::SessionToken, caller(), here),
        "GetFederationToken" => {
            let name = event
                .answered("/federatedUser/federatedUserId")
                .and_then(|id| Some(id.split_once(':')?.1.to_owned()));
            let holder = name.or_else(|| event.asked("/name")).and_then(|name| {
                let (user, user_id) = (identity.user_name.clone()?, identity.principal_id.clone()?);
                Some(Holder::FederatedUser { user, user_id, name })
            });
            (Kind::FederationToken, holder, here)
        }
        "CreateAccessKey" => {
            let name = event
                .answered("/accessKey/userName")
                .or_else(|| event.asked("/userName"));
            let own = identity.user_name.as_deref() == name.as_deref();
            let id = if own { identity.principal_id.clone() } else { None };
            (
                Kind::LongTerm,
                name.map(|name| Holder::User {
                    name,
                    id: id.unwrap_or_default(),
                }),
                here,
            )
        }
        "GetSigninToken" => (Kind::Console, holder_of(event), here),
        "AssumeRoot" => (
            Kind::RoleSession,
            Some(Holder::Root),
            event.asked("/targetPrincipal").and_then(|text| text.parse().ok()),
        ),
        _ => role_session(event),
    }
}

/// The holder of the session that made the call.
pub(super) fn holder_of(event: &Event) -> Option<Holder> {
    let identity = &event.identity;
    match (identity.kind.as_deref()?, &identity.arn) {
        ("Root", _) => Some(Holder::Root),
        ("IAMUser", _) => Some(Holder::User {
            name: identity.user_name.clone()?,
            id: identity.principal_id.clone()?,
        }),
        ("FederatedUser", Some(arn)) => {
            let issuer = identity.issuer.as_ref()?;
            Some(Holder::FederatedUser {
                user: issuer.name.clone()?,
                user_id: issuer.principal_id.clone()?,
                name: arn.name().to_owned(),
            })
        }
        ("AssumedRole", Some(arn)) => match PrincipalArn::of(arn)? {
            PrincipalArn::RoleSession { role, session } => {
                let id = identity.principal_id.as_deref()?.split(':').next()?.to_owned();
                Some(Holder::Role {
                    name: role,
                    id,
                    session,
                })
            }
            _ => None,
        },
        _ => None,
    }
}

fn role_session(event: &Event) -> Who {
    let arn: Option<Arn> = event
        .answered("/assumedRoleUser/arn")
        .and_then(|text| text.parse().ok());
    let id = event
        .answered("/assumedRoleUser/assumedRoleId")
        .and_then(|id| Some(id.split_once(':')?.0.to_owned()));
    let chained = event.identity.kind.as_deref() == Some("AssumedRole");
    let kind = if chained {
        Kind::ChainedRoleSession
    } else {
        Kind::RoleSession
    };
    let Some(arn) = arn else {
        let asked: Option<Arn> = event.asked("/roleArn").and_then(|text| text.parse().ok());
        return (kind, None, asked.and_then(|arn| arn.account()));
    };
    let holder = match PrincipalArn::of(&arn) {
        Some(PrincipalArn::RoleSession { role, session }) => Some(Holder::Role {
            name: role,
            id: id.unwrap_or_default(),
            session,
        }),
        _ => None,
    };
    (kind, holder, arn.account())
}
