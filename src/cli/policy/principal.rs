//! Who makes a request of `oust policy eval`: an ARN, an account, a service, or an object with what an ARN doesn't tell.

use super::door::{Door, Fault};
use crate::ids::{AccountId, Arn, PrincipalArn};
use crate::policy::{Principal, PrincipalKind};
use serde::Deserialize;
use serde_json::value::RawValue;

const FORMS: &str = "the ARN of a user, a role, a role session, a federated user, an account's root or an identity provider; \
                     twelve digits for the root user; a service such as `ec2.amazonaws.com`; `anonymous`";

/// A principal with what its ARN doesn't tell.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    arn: Option<String>,
    service: Option<String>,
    federated: Option<String>,
    /// The unique ID, `AIDA…` of a user, `AROA…` of a role.
    id: Option<String>,
    /// The role's ARN, with its path, of a session.
    role: Option<Arn>,
    /// The name of the session of a role that is given by its own ARN.
    session: Option<String>,
    /// The user, or root, who issued a federated session.
    issuer: Option<Arn>,
}

/// Reads a principal.
///
/// # Errors
/// It is none, or says things that don't go together.
pub(super) fn read<'t>(door: Door<'t>, raw: &'t RawValue) -> Result<Principal, Fault> {
    let written = if raw.get().starts_with('"') {
        short(door.read(raw.get())?)
    } else {
        door.object(raw.get(), "a principal")?
    };
    made(&written).map_err(|message| door.fault(raw.get(), message))
}

/// What a text alone says.
fn short(text: String) -> Written {
    if text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn") {
        return Written {
            service: Some(text),
            ..Written::default()
        };
    }
    Written {
        arn: Some(text),
        ..Written::default()
    }
}

fn made(written: &Written) -> Result<Principal, String> {
    let beside = || AccountId::from_number(0).ok_or_else(|| "there is no account".to_owned());
    match (&written.arn, &written.service, &written.federated) {
        (Some(text), None, None) if text == "anonymous" || text == "*" => {
            Ok(Principal::outside(PrincipalKind::Anonymous, "anonymous", &beside()?))
        }
        (None, Some(service), None) => Ok(Principal::outside(PrincipalKind::Service, service, &beside()?)),
        (None, None, Some(provider)) => Ok(Principal::outside(PrincipalKind::Federated, provider, &beside()?)),
        (Some(text), None, None) => match text.parse::<AccountId>() {
            Ok(account) => Ok(root(&Arn::iam("aws", &account, "root", "", ""), &account)),
            Err(_) => of_arn(text, written),
        },
        _ => Err(format!(
            "a principal has one of `arn`, `service`, `federated`; `arn` is {FORMS}"
        )),
    }
}

fn of_arn(text: &str, written: &Written) -> Result<Principal, String> {
    let arn: Arn = text.parse().map_err(|_| format!("`{text}` is no principal: {FORMS}"))?;
    if arn.service() == "iam"
        && ["saml-provider/", "oidc-provider/"]
            .iter()
            .any(|kind| arn.resource().starts_with(kind))
    {
        let account = arn.account().ok_or_else(|| format!("`{text}` names no account"))?;
        return Ok(Principal::outside(PrincipalKind::Federated, text, &account));
    }
    let named = PrincipalArn::of(&arn).ok_or_else(|| format!("`{text}` is no principal: {FORMS}"))?;
    let account = arn.account().ok_or_else(|| format!("`{text}` names no account"))?;
    let role = matches!(named, PrincipalArn::Role(_) | PrincipalArn::RoleSession { .. });
    if written.issuer.is_some() && !matches!(named, PrincipalArn::FederatedUser(_)) {
        return Err("`issuer` is told of a federated user only".to_owned());
    }
    if (written.session.is_some() || written.role.is_some()) && !role {
        return Err("`role` and `session` are told of a role only".to_owned());
    }
    let id = written.id.as_deref().unwrap_or_default();
    match named {
        PrincipalArn::Root => Ok(root(&arn, &account)),
        PrincipalArn::User(_) => Ok(Principal {
            kind: PrincipalKind::User,
            account,
            arn,
            session_arn: None,
            user_id: id.to_owned(),
            issuer_arn: None,
        }),
        PrincipalArn::FederatedUser(name) => Ok(Principal {
            kind: PrincipalKind::FederatedUser,
            user_id: format!("{account}:{name}"),
            account,
            arn: arn.clone(),
            session_arn: Some(arn),
            issuer_arn: written.issuer.clone(),
        }),
        PrincipalArn::Role(name) => {
            let session = written.session.as_deref();
            let resource = |session: &str| format!("assumed-role/{name}/{session}");
            Ok(Principal {
                kind: PrincipalKind::RoleSession,
                session_arn: session.map(|session| Arn::sts(arn.partition(), &account, &resource(session))),
                user_id: format!("{id}:{}", session.unwrap_or_default()),
                account,
                arn,
                issuer_arn: None,
            })
        }
        PrincipalArn::RoleSession { role, session } => of_session(arn, &role, &session, account, written),
    }
}

fn of_session(arn: Arn, role: &str, session: &str, account: AccountId, written: &Written) -> Result<Principal, String> {
    // The ARN of a session leaves the role's path out.
    let own = match &written.role {
        Some(own) if own.name() == role && own.account().as_ref() == Some(&account) => own.clone(),
        Some(own) => return Err(format!("`{own}` is not the role of `{arn}`")),
        None => Arn::iam(arn.partition(), &account, "role", "/", role),
    };
    Ok(Principal {
        kind: PrincipalKind::RoleSession,
        account,
        arn: own,
        user_id: format!("{}:{session}", written.id.as_deref().unwrap_or_default()),
        session_arn: Some(arn),
        issuer_arn: None,
    })
}

fn root(arn: &Arn, account: &AccountId) -> Principal {
    Principal {
        kind: PrincipalKind::Root,
        account: account.clone(),
        arn: arn.clone(),
        session_arn: None,
        user_id: account.to_string(),
        issuer_arn: None,
    }
}
