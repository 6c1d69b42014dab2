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

/// What the role's trust policy says to the call, which went through as the account `was`; `None` where it is no such call. Of another account the
/// record tells no user and no role: it is one of those whom the policy let in, and where they fare differently it isn't known.
pub(super) fn asks(
    account: &Account,
    was: &Account,
    event: &Event,
    told: &Context,
    outside: &BTreeSet<AccountId>,
) -> Option<Went> {
    let each = |account: &Account, who: &Arn| asks_as(account, who, event, told, outside);
    let candidates = candidates(was, event);
    let [only] = candidates.as_slice() else {
        let may_be = |who: &&Arn| !matches!(each(was, who), Some(Went::Stopped(_)));
        let all: Vec<&Arn> = candidates.iter().filter(may_be).collect();
        let mut went = all.iter().map(|who| each(account, who));
        let Some(first) = went.next() else {
            return each(account, candidates.first()?);
        };
        return match went.all(|other| other.as_ref().map(kind) == first.as_ref().map(kind)) {
            true => first,
            false => Some(Went::Unknown(
                "which user or role of the other account took it isn't told, and the trust policy names some"
                    .to_owned(),
            )),
        };
    };
    each(account, only)
}

fn kind(went: &Went) -> std::mem::Discriminant<Went> {
    std::mem::discriminant(went)
}

/// Who of another account may have made the call: somebody whom the role's trust policy doesn't name, or one whom it does. First the former.
fn candidates(was: &Account, event: &Event) -> Vec<Arn> {
    let Some(account) = event.identity.account.as_ref() else {
        return vec![Arn::iam("aws", &was.id, "outside", "", "")];
    };
    let role = event.asked("/roleArn").and_then(|arn| {
        let mut roles = was.roles.values();
        roles.find(|role| was.role_arn(role).as_str() == arn)
    });
    let named = role.and_then(|role| role.trust.parse().ok());
    let statements = named.iter().flat_map(|document| &document.statements);
    let names = statements.flat_map(|statement| match &statement.principal {
        Some(Listed::These(named) | Listed::AllBut(named)) => named.as_slice(),
        _ => &[],
    });
    let arns = names.filter_map(|named| match named {
        Named::Aws(name) => name.parse::<Arn>().ok(),
        _ => None,
    });
    let theirs = arns.filter(|arn| arn.account().as_ref() == Some(account) && arn.resource() != "root");
    let mut all: Vec<Arn> = theirs.collect();
    all.sort_by(|one, two| one.as_str().cmp(two.as_str()));
    all.dedup();
    all.insert(0, Arn::iam("aws", account, "root", "", ""));
    all
}

/// The same, where it is `who` of the other account.
fn asks_as(account: &Account, who: &Arn, event: &Event, told: &Context, outside: &BTreeSet<AccountId>) -> Option<Went> {
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
            let principal = account_of(event.identity.account.as_ref()?, who);
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

/// Somebody of another account by this name: what his own policies allow he was allowed.
fn account_of(account: &AccountId, who: &Arn) -> Principal {
    Principal {
        kind: PrincipalKind::Root,
        account: account.clone(),
        arn: who.clone(),
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
