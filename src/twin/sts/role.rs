//! AssumeRole. <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use super::{Asked, Call, Caller, Fault, Issue, Node, Params, duration, issue, mfa, session_policies};
use crate::account::{Account, Holder, SessionKind, Tags};
use crate::ids::{Arn, PrincipalArn};
use crate::policy::PrincipalKind;

/// Role chaining is capped at one hour: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html>
const CHAINED_SECONDS: u32 = 3600;

pub(super) fn asks(_: &Account, _: &Caller, params: &Params) -> Asked {
    let mut asked = Asked::on(params.get("RoleArn").unwrap_or("*"));
    for (key, parameter) in [
        ("sts:RoleSessionName", "RoleSessionName"),
        ("sts:ExternalId", "ExternalId"),
        ("sts:SourceIdentity", "SourceIdentity"),
    ] {
        if let Some(value) = params.get(parameter) {
            asked.context.set(key, value);
        }
    }
    // MFA in the call itself counts for the trust policy; whether it is right is checked by the handler.
    if params.get("SerialNumber").is_some() && params.get("TokenCode").is_some() {
        asked.context.set("aws:MultiFactorAuthPresent", "true");
        asked.context.set("aws:MultiFactorAuthAge", "0");
    }
    let tags = params.list("Tags");
    for tag in &tags {
        asked.context.set(
            &format!("aws:RequestTag/{}", tag.get("Key").unwrap_or_default()),
            tag.get("Value").unwrap_or_default(),
        );
    }
    if !tags.is_empty() {
        asked.also.push("sts:TagSession".to_owned());
    }
    if params.get("SourceIdentity").is_some() {
        asked.also.push("sts:SetSourceIdentity".to_owned());
    }
    asked
}

pub(super) fn assume(call: &mut Call<'_>) -> Result<Node, Fault> {
    let text = call.params.need("RoleArn")?;
    let arn: Arn = text
        .parse()
        .map_err(|_| Fault::validation(format!("{text} is invalid")))?;
    let name = checked_session_name(call.params)?;
    if call.caller.principal.kind == PrincipalKind::Root {
        return Err(Fault::new(
            403,
            "AccessDenied",
            "Roles may not be assumed by root accounts.",
        ));
    }
    let role = match PrincipalArn::of(&arn) {
        Some(PrincipalArn::Role(role)) => call.account.roles.get(&role),
        _ => None,
    };
    let role = role
        .filter(|role| call.account.role_arn(role) == arn)
        .cloned()
        .ok_or_else(|| {
            let caller = call
                .caller
                .principal
                .session_arn
                .as_ref()
                .unwrap_or(&call.caller.principal.arn);
            Fault::new(
                403,
                "AccessDenied",
                format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}"),
            )
        })?;
    let chained = call.caller.principal.kind == PrincipalKind::RoleSession;
    let longest = role.max_session_seconds.unwrap_or(3600);
    let asked = duration(call.params, 43200, 3600)?;
    if chained && asked > CHAINED_SECONDS {
        return Err(Fault::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if asked > longest {
        return Err(Fault::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let (policy, policy_arns) = session_policies(call.params)?;
    let identity = call.params.get("SourceIdentity").map(str::to_owned);
    let inherited = call
        .caller
        .session
        .as_ref()
        .and_then(|session| session.source_identity.clone());
    let credentials = issue(
        call,
        Issue {
            holder: Holder::Role {
                name: role.name.clone(),
                id: role.id.clone(),
                session: name.clone(),
            },
            kind: if chained {
                SessionKind::ChainedAssumeRole
            } else {
                SessionKind::AssumeRole
            },
            seconds: asked,
            mfa: mfa(call)?,
            policy,
            policy_arns,
            source_identity: inherited.or(identity.clone()),
            tags: tags(call.params)?,
        },
    )?;
    let resource = format!("assumed-role/{}/{name}", role.name);
    let session_arn = Arn::sts(&call.account.partition, &call.account.id, &resource);
    let mut answer = vec![
        ("Credentials", credentials),
        (
            "AssumedRoleUser",
            Node::Struct(vec![
                ("AssumedRoleId", format!("{}:{name}", role.id).into()),
                ("Arn", session_arn.as_str().into()),
            ]),
        ),
    ];
    answer.extend(identity.map(|identity| ("SourceIdentity", identity.into())));
    Ok(Node::Struct(answer))
}

fn checked_session_name(params: &Params) -> Result<String, Fault> {
    let name = params.need("RoleSessionName")?;
    let fits = (2..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    fits.then(|| name.to_owned()).ok_or_else(|| {
        Fault::validation(format!(
            "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        ))
    })
}

fn tags(params: &Params) -> Result<Tags, Fault> {
    let tags = params.list("Tags");
    if tags.len() > 50 {
        return Err(Fault::validation("At most 50 session tags can be passed."));
    }
    tags.iter()
        .map(|tag| {
            Ok((
                tag.need("Key")?.to_owned(),
                tag.get("Value").unwrap_or_default().to_owned(),
            ))
        })
        .collect()
}
