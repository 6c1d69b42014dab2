//! A managed policy's attachment to a user.

use super::{Setting, no_such_change};
use crate::ids::Arn;
use crate::mount::{AwsError, Clients};

pub(super) async fn read(clients: &Clients, user: &str, policy: &Arn) -> Result<Setting, AwsError> {
    let mut pages = clients
        .iam
        .list_attached_user_policies()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(attached) = pages.next().await {
        let attached = attached.map_err(|error| AwsError::of("iam:ListAttachedUserPolicies", error))?;
        if attached.policy_arn() == Some(policy.as_str()) {
            return Ok(Setting::Present);
        }
    }
    Ok(Setting::Absent)
}

pub(super) async fn write(clients: &Clients, user: &str, policy: &Arn, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Present => clients
            .iam
            .attach_user_policy()
            .user_name(user)
            .policy_arn(policy.as_str())
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:AttachUserPolicy", error)),
        Setting::Absent => clients
            .iam
            .detach_user_policy()
            .user_name(user)
            .policy_arn(policy.as_str())
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DetachUserPolicy", error)),
        _ => Err(no_such_change("iam:AttachUserPolicy")),
    }
}
