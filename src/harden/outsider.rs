//! Who takes a role and is nobody of the account: another account, or somebody with a provider's token. Of his own policies nothing is known
//! here but that they let him; whether the role's trust policy lets him in can be asked again.

use super::perimeter::resource_controls;
use super::replay::Went;
use crate::account::{Account, Role};
use crate::ids::{AccountId, Arn};
use crate::policy::{
    Context, Effect, Listed, Named, OnResource, Placed, PolicyKind, PolicySet, Principal, PrincipalKind, Request,
    Source, decide,
};
use crate::trail::Event;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the role's trust policy says to the call; `None` where it is no such call.
pub(super) fn asks(account: &Account, event: &Event, told: &Context, outside: &BTreeSet<AccountId>) -> Option<Went> {
    let action = format!("sts:{}", event.name);
    let arn = event.asked("/roleArn").filter(|_| event.service() == "sts")?;
    let role = account
        .roles
        .values()
        .find(|role| account.role_arn(role).as_str() == arn)?;
    // What the record doesn't tell isn't absent.
    let mut context = told.clone().into_open();
    let principal = match (event.identity.kind.as_deref()?, event.name.as_str()) {
        ("AWSAccount", "AssumeRole") => {
            let principal = account_of(event.identity.account.as_ref()?);
            principal.put_keys(&mut context);
            for unknown in ["aws:PrincipalArn", "aws:PrincipalType", "aws:userid", "aws:username"] {
                context.set_free(unknown);
            }
            if outside.contains(&principal.account) {
                context.set_absent("aws:PrincipalOrgID");
            }
            context.set("aws:PrincipalIsAWSService", "false");
            if event.asked("/externalId").is_none() {
                context.set_absent("sts:ExternalId");
            }
            principal
        }
        ("WebIdentityUser", "AssumeRoleWithWebIdentity") => {
            let provider = provider(role, event)?;
            let principal = Principal::outside(PrincipalKind::Federated, &provider, &account.id);
            principal.put_keys(&mut context);
            let host = provider
                .split_once("oidc-provider/")
                .map_or(&*provider, |(_, host)| host);
            for (claim, value) in [
                ("sub", event.identity.user_name.clone()),
                ("aud", event.answered("/audience")),
            ] {
                value
                    .into_iter()
                    .for_each(|value| context.set(&format!("{host}:{claim}"), value));
            }
            principal
        }
        _ => return None,
    };
    let trust = match role.trust.parse() {
        Ok(document) => Placed {
            source: Source {
                kind: PolicyKind::Resource,
                name: Arc::from(format!("trust policy of role `{}`", role.name)),
            },
            document,
        },
        Err(error) => return Some(Went::Unknown(error.to_string())),
    };
    let request = Request {
        principal: &principal,
        action: &action,
        resource: &arn,
        resource_account: Some(&account.id),
        context: &context,
    };
    let on = OnResource {
        policies: vec![trust],
        must_allow: true,
        gaps: Vec::new(),
    };
    // The resource's account is bound by RCPs, whoever calls; SCPs are those of the caller's, which nobody knows here.
    let guards = account.guards.as_ref().filter(|guards| !guards.management_account);
    let Some(resource_control) = guards.map_or(Some(Vec::new()), resource_controls) else {
        return Some(Went::Unknown("a resource control policy can't be read".to_owned()));
    };
    let policies = PolicySet {
        resource_control,
        ..PolicySet::default()
    };
    Some(decide(&request, &policies, &on).into())
}

/// Somebody of another account: the record tells no more of him, and what his own policies allow he was allowed.
fn account_of(account: &AccountId) -> Principal {
    Principal {
        kind: PrincipalKind::Root,
        account: account.clone(),
        arn: Arn::iam("aws", account, "root", "", ""),
        session_arn: None,
        user_id: account.to_string(),
        issuer_arn: None,
    }
}

/// The provider whose token it was, as the answer tells; else the only one that the role trusts.
fn provider(role: &Role, event: &Event) -> Option<String> {
    let told = event
        .answered("/provider")
        .filter(|name| name.contains("oidc-provider/"));
    told.or_else(|| {
        let trust = role.trust.parse().ok()?;
        let allows = trust.statements.iter().filter(|one| one.effect == Effect::Allow);
        let named = allows.filter_map(|one| match &one.principal {
            Some(Listed::These(named)) => Some(named.iter()),
            _ => None,
        });
        let providers: BTreeSet<&String> = named
            .flatten()
            .filter_map(|named| match named {
                Named::Federated(name) => Some(name),
                _ => None,
            })
            .collect();
        let mut providers = providers.into_iter();
        let only = providers.next()?;
        providers.next().is_none().then(|| only.clone())
    })
}
