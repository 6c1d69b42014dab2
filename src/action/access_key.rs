//! The status of an access key.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html>

use super::{Setting, no_such_change};
use crate::account::KeyStatus;
use crate::ids::AccessKeyId;
use crate::mount::{AwsError, Clients};
use aws_sdk_iam::types::StatusType;

pub(super) async fn read(clients: &Clients, user: &str, key: &AccessKeyId) -> Result<Setting, AwsError> {
    let mut pages = clients
        .iam
        .list_access_keys()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(held) = pages.next().await {
        let held = held.map_err(|error| AwsError::of("iam:ListAccessKeys", error))?;
        if held.access_key_id() == Some(key.as_str()) {
            let status = held.status().map(StatusType::as_str).and_then(KeyStatus::from_aws);
            return Ok(status.map_or(Setting::Present, Setting::Status));
        }
    }
    Ok(Setting::Absent)
}

pub(super) async fn write(clients: &Clients, user: &str, key: &AccessKeyId, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Status(status) => clients
            .iam
            .update_access_key()
            .user_name(user)
            .access_key_id(key.as_str())
            .status(StatusType::from(status.as_str()))
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:UpdateAccessKey", error)),
        Setting::Absent => clients
            .iam
            .delete_access_key()
            .user_name(user)
            .access_key_id(key.as_str())
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteAccessKey", error)),
        _ => Err(no_such_change("iam:UpdateAccessKey")),
    }
}
