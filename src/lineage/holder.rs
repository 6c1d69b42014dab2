//! Whose permissions a credential carries, by the records that tell of it.

use super::Kind;
use crate::account::Holder;
use crate::ids::{AccountId, Arn, PrincipalArn};
use crate::trail::Event;

/// What a new credential is, its holder and the account of that.
type Who = (Kind, Option<Holder>, Option<AccountId>);

/// What the call gave, and to whom.
pub(super) fn who(event: &Event) -> Who {
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
        "CreateAccessKey"
        | "UpdateAccessKey"
        | "CreateServiceSpecificCredential"
        | "ResetServiceSpecificCredential" => {
            let name = event
                .answered("/accessKey/userName")
                .or_else(|| event.answered("/serviceSpecificCredential/userName"))
                .or_else(|| event.asked("/userName"))
                // Without a name the call is about its caller.
                .or_else(|| identity.user_name.clone());
            let own = identity.user_name.as_deref() == name.as_deref();
            let id = if own { identity.principal_id.clone() } else { None };
            let kind = match event.name.as_str() {
                "CreateAccessKey" | "UpdateAccessKey" => Kind::LongTerm,
                _ => Kind::ServiceSpecific,
            };
            (
                kind,
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
            event.asked("/targetPrincipal").and_then(|text| account_in(&text)),
        ),
        _ => role_session(event),
    }
}

/// The account in an account number or in a root user's ARN: AssumeRoot takes both.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
fn account_in(text: &str) -> Option<AccountId> {
    text.parse().ok().or_else(|| text.parse::<Arn>().ok()?.account())
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

/// The holder of the user's or role's rights that an ARN names, as far as it tells.
pub(super) fn holder_at(arn: &Arn) -> Option<Holder> {
    let id = String::new();
    match PrincipalArn::of(arn)? {
        PrincipalArn::Root => Some(Holder::Root),
        PrincipalArn::User(name) => Some(Holder::User { name, id }),
        PrincipalArn::RoleSession { role, session } => Some(Holder::Role {
            name: role,
            id,
            session,
        }),
        _ => None,
    }
}

/// A member of the role session that the answer tells of.
pub(super) fn role_of(event: &Event, member: &str) -> Option<String> {
    let places = ["/assumedRoleUser", "/credentialSet/0/assumedRoleUser"];
    places
        .iter()
        .find_map(|place| event.answered(&format!("{place}/{member}")))
}

fn role_session(event: &Event) -> Who {
    let arn: Option<Arn> = role_of(event, "arn").and_then(|text| text.parse().ok());
    let id = role_of(event, "assumedRoleId").and_then(|id| Some(id.split_once(':')?.0.to_owned()));
    let of_role = |id: &String| id.starts_with("AROA");
    let chained = event.identity.kind.as_deref() == Some("AssumedRole")
        || event.identity.principal_id.as_ref().is_some_and(of_role);
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
