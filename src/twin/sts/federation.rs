//! GetSessionToken and GetFederationToken.

use super::{
    Asked, Call, Caller, Fault, Issue, Node, Params, by_long_term_key, duration, issue, mfa, session_policies,
};
use crate::account::{Account, Holder, SessionKind};
use crate::ids::Arn;
use crate::policy::PrincipalKind;

/// Users: 15 minutes to 36 hours, 12 hours by default. Root: one hour at most.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
fn seconds(call: &Call<'_>) -> Result<u32, Fault> {
    let root = call.caller.principal.kind == PrincipalKind::Root;
    let asked = duration(call.params, 129_600, if root { 3600 } else { 43_200 })?;
    Ok(if root { asked.min(3600) } else { asked })
}

pub(super) fn session_token(call: &mut Call<'_>) -> Result<Node, Fault> {
    by_long_term_key(call, "GetSessionToken")?;
    let holder = match &call.caller.user_name {
        Some(name) => Holder::User {
            name: name.clone(),
            id: call.caller.principal.user_id.clone(),
        },
        None => Holder::Root,
    };
    let made = Issue {
        holder,
        kind: SessionKind::GetSessionToken,
        seconds: seconds(call)?,
        mfa: mfa(call)?,
        policy: None,
        policy_arns: Vec::new(),
        source_identity: None,
        tags: Default::default(),
    };
    Ok(Node::Struct(vec![("Credentials", issue(call, made)?)]))
}

fn federated_arn(account: &Account, name: &str) -> Arn {
    Arn::sts(&account.partition, &account.id, &format!("federated-user/{name}"))
}

pub(super) fn asks(account: &Account, _: &Caller, params: &Params) -> Asked {
    Asked::on_arn(&federated_arn(account, params.get("Name").unwrap_or("*")))
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
pub(super) fn federation_token(call: &mut Call<'_>) -> Result<Node, Fault> {
    by_long_term_key(call, "GetFederationToken")?;
    let name = call.params.need("Name")?.to_owned();
    if !(2..=32).contains(&name.len()) {
        return Err(Fault::validation(format!(
            "Value '{name}' at 'name' failed to satisfy constraint: Member must have length between 2 and 32"
        )));
    }
    let Some(user) = call.caller.user_name.clone() else {
        return Err(Fault::new(
            501,
            "NotModelled",
            "the twin does not model GetFederationToken by the root user",
        ));
    };
    let (policy, policy_arns) = session_policies(call.params)?;
    let made = Issue {
        holder: Holder::FederatedUser {
            user,
            user_id: call.caller.principal.user_id.clone(),
            name: name.clone(),
        },
        kind: SessionKind::GetFederationToken,
        seconds: seconds(call)?,
        mfa: false,
        policy,
        policy_arns,
        source_identity: None,
        tags: Default::default(),
    };
    let credentials = issue(call, made)?;
    let arn = federated_arn(call.account, &name);
    let federated = Node::Struct(vec![
        ("FederatedUserId", format!("{}:{name}", call.account.id).into()),
        ("Arn", arn.as_str().into()),
    ]);
    Ok(Node::Struct(vec![
        ("Credentials", credentials),
        ("FederatedUser", federated),
    ]))
}
