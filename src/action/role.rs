//! A role: who may assume it, which managed policies are attached to it, and that it is there at all. DeleteRole is refused while it has policies or
//! stands in an instance profile: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>

use super::{Setting, no_such_change};
use crate::ids::Arn;
use crate::mount::{AwsError, Clients};
use crate::policy::PolicyText;

pub(super) async fn read(clients: &Clients, role: &str) -> Result<Setting, AwsError> {
    let found = clients.iam.get_role().role_name(role).send().await;
    found
        .map(|_| Setting::Present)
        .map_err(|error| AwsError::of("iam:GetRole", error))
}

pub(super) async fn write(clients: &Clients, role: &str, to: &Setting) -> Result<(), AwsError> {
    if *to != Setting::Absent {
        return Err(no_such_change("iam:CreateRole"));
    }
    let deleted = clients.iam.delete_role().role_name(role).send().await;
    deleted.map(drop).map_err(|error| AwsError::of("iam:DeleteRole", error))
}

/// Documents come URL-encoded: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
pub(super) async fn read_trust(clients: &Clients, role: &str) -> Result<Setting, AwsError> {
    let found = clients.iam.get_role().role_name(role).send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetRole", error))?;
    let written = found.role().and_then(|role| role.assume_role_policy_document());
    let text = percent_encoding::percent_decode_str(written.unwrap_or_default()).decode_utf8_lossy();
    Ok(Setting::Document(PolicyText::new(text)))
}

pub(super) async fn write_trust(clients: &Clients, role: &str, to: &Setting) -> Result<(), AwsError> {
    let Setting::Document(document) = to else {
        return Err(no_such_change("iam:UpdateAssumeRolePolicy"));
    };
    let request = clients.iam.update_assume_role_policy().role_name(role);
    let updated = request.policy_document(document.as_str()).send().await;
    updated
        .map(drop)
        .map_err(|error| AwsError::of("iam:UpdateAssumeRolePolicy", error))
}

pub(super) async fn read_attachment(clients: &Clients, role: &str, policy: &Arn) -> Result<Setting, AwsError> {
    let request = clients.iam.list_attached_role_policies().role_name(role);
    let mut pages = request.into_paginator().items().send();
    while let Some(attached) = pages.next().await {
        let attached = attached.map_err(|error| AwsError::of("iam:ListAttachedRolePolicies", error))?;
        if attached.policy_arn() == Some(policy.as_str()) {
            return Ok(Setting::Present);
        }
    }
    Ok(Setting::Absent)
}

pub(super) async fn write_attachment(
    clients: &Clients,
    role: &str,
    policy: &Arn,
    to: &Setting,
) -> Result<(), AwsError> {
    match to {
        Setting::Present => {
            let request = clients.iam.attach_role_policy().role_name(role);
            let attached = request.policy_arn(policy.as_str()).send().await;
            attached
                .map(drop)
                .map_err(|error| AwsError::of("iam:AttachRolePolicy", error))
        }
        Setting::Absent => {
            let request = clients.iam.detach_role_policy().role_name(role);
            let detached = request.policy_arn(policy.as_str()).send().await;
            detached
                .map(drop)
                .map_err(|error| AwsError::of("iam:DetachRolePolicy", error))
        }
        _ => Err(no_such_change("iam:AttachRolePolicy")),
    }
}
