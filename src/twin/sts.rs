//! STS: what it issues, to whom, for how long.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>

mod federation;
mod role;

use super::operation::Asked;
use super::{Call, Caller, Fault, Node, Operation, Params};
use crate::account::{Account, Holder, Session, SessionKind, Tags};
use crate::ids::{AccessKeyId, Arn};
use crate::policy::{PolicyText, PrincipalKind};

/// Every STS operation that the twin models.
pub(super) fn operations() -> impl Iterator<Item = Operation> {
    let on_all = |_: &Account, _: &Caller, _: &Params| Asked::on("*");
    [
        // CloudTrail marks AssumeRole read-only, the other two not.
        Operation {
            name: "AssumeRole",
            read_only: true,
            asks: role::asks,
            handler: role::assume,
        },
        Operation {
            name: "GetSessionToken",
            read_only: false,
            asks: on_all,
            handler: federation::session_token,
        },
        Operation {
            name: "GetFederationToken",
            read_only: false,
            asks: federation::asks,
            handler: federation::federation_token,
        },
        Operation {
            name: "GetCallerIdentity",
            read_only: true,
            asks: on_all,
            handler: caller_identity,
        },
        Operation {
            name: "GetAccessKeyInfo",
            read_only: true,
            asks: on_all,
            handler: access_key_info,
        },
    ]
    .into_iter()
}

fn caller_identity(call: &mut Call<'_>) -> Result<Node, Fault> {
    let principal = &call.caller.principal;
    let arn = principal.session_arn.as_ref().unwrap_or(&principal.arn);
    Ok(Node::Struct(vec![
        ("Arn", arn.as_str().into()),
        ("UserId", principal.user_id.clone().into()),
        ("Account", principal.account.as_str().into()),
    ]))
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html>
fn access_key_info(call: &mut Call<'_>) -> Result<Node, Fault> {
    let text = call.params.need("AccessKeyId")?;
    let key: AccessKeyId = text.parse().map_err(|_| Fault::validation(format!("Value '{text}' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16")))?;
    let ours =
        call.account.owner_of_key(&key).is_some() || call.issue.sessions.iter().any(|session| session.key == key);
    let account = if ours {
        Some(call.account.id.clone())
    } else {
        key.account()
    };
    match account {
        Some(account) => Ok(Node::Struct(vec![("Account", account.as_str().into())])),
        None => Err(Fault::validation("The access key ID does not exist.")),
    }
}

/// The duration that is asked for, within its limits.
fn duration(params: &Params, longest: u32, default: u32) -> Result<u32, Fault> {
    let text = match params.get("DurationSeconds") {
        None => return Ok(default),
        Some(text) => text,
    };
    match text.parse::<u32>() {
        Ok(seconds) if (900..=longest).contains(&seconds) => Ok(seconds),
        _ => Err(Fault::validation(format!(
            "1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and {longest}"
        ))),
    }
}

/// Whether MFA is given in the call: the caller's own device, and six digits. The twin knows no seeds: any six do.
fn mfa(call: &Call<'_>) -> Result<bool, Fault> {
    let (Some(serial), Some(code)) = (call.params.get("SerialNumber"), call.params.get("TokenCode")) else {
        return Ok(false);
    };
    let user = call
        .caller
        .user_name
        .as_ref()
        .and_then(|name| call.account.users.get(name));
    let devices = user
        .iter()
        .filter_map(|user| user.credentials.as_ref())
        .flat_map(|held| &held.mfa_devices);
    let known = devices.into_iter().any(|device| device.serial == serial);
    if known && code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
        Ok(true)
    } else {
        Err(Fault::new(
            403,
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
        ))
    }
}

/// The session policies that are passed, checked.
fn session_policies(params: &Params) -> Result<(Option<PolicyText>, Vec<Arn>), Fault> {
    let policy = match params.get("Policy") {
        None => None,
        Some(text) if text.len() > 2048 => {
            return Err(Fault::new(
                400,
                "PackedPolicyTooLarge",
                "Packed size of the session policy exceeds the limit.",
            ));
        }
        Some(text) => {
            let text = PolicyText::new(text);
            text.parse()
                .map_err(|error| Fault::new(400, "MalformedPolicyDocument", error.to_string()))?;
            Some(text)
        }
    };
    let arns = params.list("PolicyArns").into_iter().map(|one| {
        let text = one.need("arn")?.to_owned();
        text.parse()
            .map_err(|_| Fault::validation(format!("ARN {text} is not valid.")))
    });
    let arns: Vec<Arn> = arns.collect::<Result<_, Fault>>()?;
    if arns.len() > 10 {
        return Err(Fault::validation("At most 10 managed session policies can be passed."));
    }
    Ok((policy, arns))
}

/// A session on its way: what differs from one way of issuing to the next.
struct Issue {
    holder: Holder,
    kind: SessionKind,
    seconds: u32,
    mfa: bool,
    policy: Option<PolicyText>,
    policy_arns: Vec<Arn>,
    source_identity: Option<String>,
    tags: Tags,
}

/// Issues it: remembers the session, and answers with its credentials.
fn issue(call: &mut Call<'_>, made: Issue) -> Result<Node, Fault> {
    let key = call.issue.access_key_id("ASIA", &call.account.id);
    let issued = call.now.whole_second();
    let expires = issued.plus_seconds(i64::from(made.seconds));
    call.issue.sessions.push(Session {
        key: key.clone(),
        holder: made.holder,
        kind: made.kind,
        issued,
        expires,
        mfa: Some(made.mfa),
        policy: made.policy,
        policy_arns: made.policy_arns,
        source_identity: made.source_identity,
        tags: made.tags,
        is_untold: false,
        minted_by: Some(call.caller.key.clone()),
    });
    Ok(Node::Struct(vec![
        ("AccessKeyId", key.as_str().into()),
        ("SecretAccessKey", call.issue.secret(&key).into()),
        ("SessionToken", call.issue.token(&key).into()),
        ("Expiration", expires.into()),
    ]))
}

/// Only a long-term key of a user or of root may ask.
fn by_long_term_key(call: &Call<'_>, operation: &str) -> Result<(), Fault> {
    let kind = call.caller.principal.kind;
    if call.caller.session.is_none() && matches!(kind, PrincipalKind::User | PrincipalKind::Root) {
        Ok(())
    } else {
        Err(Fault::new(
            403,
            "AccessDenied",
            format!("Cannot call {operation} with session credentials"),
        ))
    }
}
