//! What the organization puts over the account: service and resource control policies from the root down to the account.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
//!
//! Only the management account and delegated administrators may ask. What isn't told stays unknown, which is never "none"; it
//! is a note and not a gap, because these policies can only take away.

use super::collected::Collected;
use crate::account::{Guards, Organization, Responder};
use crate::ids::{AccountId, Arn};
use crate::mount::{AwsError, Clients, Trouble};
use crate::policy::PolicyText;
use aws_sdk_organizations::types::{ParentType, PolicyType, PolicyTypeStatus};
use std::collections::BTreeMap;

/// Reads the organization over the account that was collected.
pub async fn organization(clients: &Clients, collected: &mut Collected) {
    let read = match described(clients).await {
        Ok(None) => Ok((Guards::default(), None)),
        Ok(Some((id, management))) if management == collected.account.id => {
            let guards = Guards {
                management_account: true,
                ..Guards::default()
            };
            Ok((guards, Some(nothing_above(id, management))))
        }
        Ok(Some((id, management))) => above(clients, &collected.account, nothing_above(id, management))
            .await
            .map(|(guards, organization)| (guards, Some(organization))),
        Err(error) => Err(error),
    };
    match read {
        Ok((guards, organization)) => {
            collected.account.guards = Some(guards);
            collected.account.organization = organization;
        }
        Err(error) => collected.notes.push(format!(
            "the organization's policies over the account (SCPs, RCPs) were not read and are unknown; they can only deny more: {error}"
        )),
    }
}

/// The policy by which the organization lets other accounts act for it; `None` where there is none. The management account and delegated
/// administrators may ask.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeResourcePolicy.html>
///
/// # Errors
/// It could not be asked, or its text is missing.
pub async fn delegation(clients: &Clients) -> Result<Option<PolicyText>, AwsError> {
    let operation = "organizations:DescribeResourcePolicy";
    let found = clients.organizations().describe_resource_policy().send().await;
    let found = match found.map_err(|error| AwsError::of(operation, error)) {
        Err(error) if error.code.as_deref() == Some("ResourcePolicyNotFoundException") => return Ok(None),
        other => other?,
    };
    let text = found.resource_policy().and_then(|policy| policy.content());
    text.map(|text| Some(PolicyText::new(text)))
        .ok_or_else(|| rubbish(operation, "policy"))
}

fn nothing_above(id: String, management_account: AccountId) -> Organization {
    Organization {
        id,
        management_account,
        scps_enabled: false,
        targets: Vec::new(),
        policy_ids: BTreeMap::new(),
        unattached: BTreeMap::new(),
        responder: None,
    }
}

fn rubbish(operation: &str, what: &str) -> AwsError {
    AwsError {
        operation: operation.to_owned(),
        trouble: Trouble::Rubbish,
        code: None,
        message: format!("the answer has no {what}: something else than Organizations answers there"),
    }
}

/// The organization's ID and management account; `None` where there is no organization. Every account in it may ask.
async fn described(clients: &Clients) -> Result<Option<(String, AccountId)>, AwsError> {
    let operation = "organizations:DescribeOrganization";
    let found = clients.organizations().describe_organization().send().await;
    let found = match found.map_err(|error| AwsError::of(operation, error)) {
        Err(error) if error.code.as_deref() == Some("AWSOrganizationsNotInUseException") => return Ok(None),
        other => other?,
    };
    let told = found.organization();
    let id = told
        .and_then(|told| told.id())
        .ok_or_else(|| rubbish(operation, "ID"))?;
    let management = told
        .and_then(|told| told.master_account_id()?.parse().ok())
        .ok_or_else(|| rubbish(operation, "management account"))?;
    Ok(Some((id.to_owned(), management)))
}

/// Everything between the root and the account.
async fn above(
    clients: &Clients,
    account: &crate::account::Account,
    mut organization: Organization,
) -> Result<(Guards, Organization), AwsError> {
    organization.targets = path(clients, &account.id).await?;
    organization.scps_enabled = scps_enabled(clients).await?;
    let mut guards = Guards::default();
    let mut read = BTreeMap::new();
    for target in &organization.targets {
        if organization.scps_enabled {
            let level = attached(clients, target, PolicyType::ServiceControlPolicy, &mut read).await?;
            guards.scps.push(named(level, &mut organization.policy_ids));
        }
        let rcps = attached(clients, target, PolicyType::ResourceControlPolicy, &mut read).await?;
        guards.rcps.extend(named(rcps, &mut organization.policy_ids));
    }
    organization.responder = responder(clients, account).await?;
    Ok((guards, organization))
}

/// From the root over each unit to the account itself.
async fn path(clients: &Clients, account: &AccountId) -> Result<Vec<String>, AwsError> {
    let mut path = vec![account.to_string()];
    // Units nest five deep: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    for _ in 0..8 {
        let child = path.last().cloned().unwrap_or_default();
        let found = clients.organizations().list_parents().child_id(child).send().await;
        let found = found.map_err(|error| AwsError::of("organizations:ListParents", error))?;
        let parent = found.parents().first();
        let (Some(id), Some(kind)) = (
            parent.and_then(|parent| parent.id()),
            parent.and_then(|parent| parent.r#type()),
        ) else {
            break;
        };
        path.push(id.to_owned());
        if *kind == ParentType::Root {
            path.reverse();
            return Ok(path);
        }
    }
    Err(rubbish("organizations:ListParents", "root above the account"))
}

async fn scps_enabled(clients: &Clients) -> Result<bool, AwsError> {
    let found = clients.organizations().list_roots().send().await;
    let found = found.map_err(|error| AwsError::of("organizations:ListRoots", error))?;
    let mut types = found.roots().iter().flat_map(|root| root.policy_types());
    Ok(types.any(|kind| {
        kind.r#type() == Some(&PolicyType::ServiceControlPolicy) && kind.status() == Some(&PolicyTypeStatus::Enabled)
    }))
}

/// One policy: name, ID, document.
type Named = (String, String, PolicyText);

/// What is attached to one target; each policy's document is read once, wherever it is attached.
async fn attached(
    clients: &Clients,
    target: &str,
    kind: PolicyType,
    read: &mut BTreeMap<String, PolicyText>,
) -> Result<Vec<Named>, AwsError> {
    let pages = clients
        .organizations()
        .list_policies_for_target()
        .target_id(target)
        .filter(kind)
        .into_paginator()
        .send();
    let listed = pages.collect::<Result<Vec<_>, _>>().await;
    let listed = match listed.map_err(|error| AwsError::of("organizations:ListPoliciesForTarget", error)) {
        Err(error) if error.code.as_deref() == Some("PolicyTypeNotEnabledException") => Vec::new(),
        other => other?,
    };
    let mut found = Vec::new();
    for summary in listed.iter().flat_map(|page| page.policies()) {
        let (Some(id), Some(name)) = (summary.id(), summary.name()) else {
            continue;
        };
        if !read.contains_key(id) {
            let whole = clients.organizations().describe_policy().policy_id(id).send().await;
            let whole = whole.map_err(|error| AwsError::of("organizations:DescribePolicy", error))?;
            let text = whole.policy().and_then(|policy| policy.content());
            let text = text.ok_or_else(|| rubbish("organizations:DescribePolicy", "content"))?;
            read.insert(id.to_owned(), PolicyText::new(text));
        }
        if let Some(text) = read.get(id) {
            found.push((name.to_owned(), id.to_owned(), text.clone()));
        }
    }
    Ok(found)
}

fn named(policies: Vec<Named>, ids: &mut BTreeMap<String, String>) -> BTreeMap<String, PolicyText> {
    let each = policies.into_iter().map(|(name, id, text)| {
        ids.insert(name.clone(), id);
        (name, text)
    });
    each.collect()
}

/// Who signs, for Organizations and in the account: whoever could read all this is in the right account for the first.
async fn responder(clients: &Clients, account: &crate::account::Account) -> Result<Option<Responder>, AwsError> {
    let principal = |arn: Arn| account.principal_arn(&arn).unwrap_or(arn);
    let in_account = principal(super::caller(clients).await?.arn);
    let in_organization = match clients.organizations_sts() {
        None => in_account.clone(),
        Some(sts) => {
            let found = sts.get_caller_identity().send().await;
            let found = found.map_err(|error| AwsError::of("sts:GetCallerIdentity", error))?;
            match found.arn().and_then(|arn| arn.parse().ok()) {
                Some(arn) => principal(arn),
                None => return Ok(None),
            }
        }
    };
    Ok(Some(Responder {
        in_organization,
        in_account,
    }))
}
