//! The account: one call for all principals and policies, and further calls for what it lacks.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use super::collected::{Collected, Scope, Unread, moment};
use super::credentials::credentials;
use super::details;
use super::owner::Caller;
use crate::account::{Account, ManagedPolicy, PolicyVersion, Root, aws_managed};
use crate::ids::Arn;
use crate::mount::{AwsError, Clients};
use crate::policy::PolicyText;
use crate::time::Moment;
use aws_sdk_iam::types::AssignmentStatusType;
use std::collections::BTreeSet;

/// Reads the account.
///
/// # Errors
/// The caller's own credentials do not work, or the account as a whole cannot be read.
pub async fn account(clients: &Clients, scope: Scope) -> Result<Collected, AwsError> {
    let caller = super::caller(clients).await?;
    let mut account = Account::empty(caller.account);
    account.partition = caller.arn.partition().to_owned();
    let mut collected = Collected {
        account,
        unread: Vec::new(),
        notes: Vec::new(),
    };
    details::read(clients, &mut collected).await?;
    let names: Vec<String> = collected
        .account
        .users
        .keys()
        .filter(|name| scope.user(name))
        .cloned()
        .collect();
    for name in names {
        let held = credentials(clients, &name, &mut collected.unread).await;
        if let Some(user) = collected.account.users.get_mut(&name) {
            user.credentials = Some(held);
        }
    }
    let names: Vec<String> = collected
        .account
        .roles
        .keys()
        .filter(|name| scope.role(name))
        .cloned()
        .collect();
    for name in names {
        durations(clients, &name, &mut collected).await;
    }
    missing_policies(clients, &mut collected).await;
    unassigned_devices(clients, &mut collected).await;
    root(clients, &mut collected).await;
    Ok(collected)
}

/// An account of which nothing could be read but whose it is.
pub fn unread(caller: &Caller, error: AwsError) -> Collected {
    let mut account = Account::empty(caller.account.clone());
    account.partition = caller.arn.partition().to_owned();
    Collected {
        account,
        unread: vec![Unread {
            what: "the account's users, groups, roles and policies".to_owned(),
            error,
        }],
        notes: Vec::new(),
    }
}

/// Notes a failure; what is not there is no failure.
fn noted<T>(unread: &mut Vec<Unread>, what: String, read: Result<T, AwsError>) -> Option<T> {
    read.map_err(|error| unread.push(Unread { what, error })).ok()
}

/// Only GetRole tells how long a role's sessions may be.
async fn durations(clients: &Clients, name: &str, collected: &mut Collected) {
    let found = clients
        .iam
        .get_role()
        .role_name(name)
        .send()
        .await
        .map_err(|error| AwsError::of("iam:GetRole", error));
    let found = noted(
        &mut collected.unread,
        format!("the session duration of role `{name}`"),
        found,
    );
    let seconds = found.and_then(|found| found.role()?.max_session_duration());
    if let Some(role) = collected.account.roles.get_mut(name) {
        role.max_session_seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    }
}

/// Policies that are used and that the details left out: AWS's own, on some peers.
async fn missing_policies(clients: &Clients, collected: &mut Collected) {
    let account = &collected.account;
    let users = account
        .users
        .values()
        .flat_map(|user| user.attached.iter().chain(&user.boundary));
    let groups = account.groups.values().flat_map(|group| &group.attached);
    let roles = account
        .roles
        .values()
        .flat_map(|role| role.attached.iter().chain(&role.boundary));
    let used: BTreeSet<Arn> = users.chain(groups).chain(roles).cloned().collect();
    let missing: Vec<Arn> = used
        .into_iter()
        .filter(|arn| !account.policies.contains_key(arn))
        .collect();
    for arn in missing {
        match managed_policy(clients, &arn).await {
            Ok(policy) => drop(collected.account.policies.insert(arn, policy)),
            Err(_) if aws_managed(&arn).is_some() => {
                collected.notes.push(format!(
                    "`{arn}` is in use and cannot be read; its published document is taken"
                ));
            }
            Err(error) => collected.unread.push(Unread {
                what: format!("managed policy `{arn}`"),
                error,
            }),
        }
    }
}

async fn managed_policy(clients: &Clients, arn: &Arn) -> Result<ManagedPolicy, AwsError> {
    let found = clients.iam.get_policy().policy_arn(arn.as_str()).send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetPolicy", error))?;
    let policy = found.policy();
    let version = policy
        .and_then(|policy| policy.default_version_id())
        .unwrap_or("v1")
        .to_owned();
    let document = clients
        .iam
        .get_policy_version()
        .policy_arn(arn.as_str())
        .version_id(&version)
        .send()
        .await;
    let document = document.map_err(|error| AwsError::of("iam:GetPolicyVersion", error))?;
    let text = document
        .policy_version()
        .and_then(|version| version.document())
        .unwrap_or_default();
    let created = policy
        .and_then(|policy| policy.create_date())
        .map_or(Moment::from_millis(0), moment);
    let held = PolicyVersion {
        document: PolicyText::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy()),
        created,
    };
    Ok(ManagedPolicy {
        name: arn.name().to_owned(),
        path: policy.and_then(|policy| policy.path()).unwrap_or("/").to_owned(),
        id: policy
            .and_then(|policy| policy.policy_id())
            .unwrap_or_default()
            .to_owned(),
        created,
        default_version: version.clone(),
        versions: [(version, held)].into(),
    })
}

async fn unassigned_devices(clients: &Clients, collected: &mut Collected) {
    let request = clients
        .iam
        .list_virtual_mfa_devices()
        .assignment_status(AssignmentStatusType::Unassigned);
    let devices = request
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let devices = devices.map_err(|error| AwsError::of("iam:ListVirtualMFADevices", error));
    let devices = noted(
        &mut collected.unread,
        "MFA devices that are assigned to nobody".to_owned(),
        devices,
    );
    let serials = devices.into_iter().flatten().filter(|device| device.user().is_none());
    collected.account.unassigned_mfa = serials.map(|device| device.serial_number().to_owned()).collect();
}

async fn root(clients: &Clients, collected: &mut Collected) {
    let found = clients
        .iam
        .get_account_summary()
        .send()
        .await
        .map_err(|error| AwsError::of("iam:GetAccountSummary", error));
    let found = noted(&mut collected.unread, "what the root user holds".to_owned(), found);
    let number = |name: &str| -> Option<i32> {
        let map = found.as_ref()?.summary_map()?;
        map.iter()
            .find(|(key, _)| key.as_str() == name)
            .map(|(_, value)| *value)
    };
    if let (Some(keys), Some(mfa)) = (number("AccountAccessKeysPresent"), number("AccountMFAEnabled")) {
        collected.account.root = Some(Root {
            access_keys: u32::try_from(keys).unwrap_or_default(),
            mfa: mfa > 0,
        });
    }
}
