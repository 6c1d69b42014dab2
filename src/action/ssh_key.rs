//! A user's SSH public key for CodeCommit.

use super::{Setting, body, no_such_change};
use crate::mount::{AwsError, Clients, Trouble};
use aws_sdk_iam::types::{EncodingType, SshPublicKey, StatusType};

async fn get(clients: &Clients, user: &str, id: &str) -> Result<Option<SshPublicKey>, AwsError> {
    let request = clients.iam.get_ssh_public_key().user_name(user).ssh_public_key_id(id);
    let found = request.encoding(EncodingType::Ssh).send().await;
    match found.map_err(|error| AwsError::of("iam:GetSSHPublicKey", error)) {
        Ok(found) => Ok(found.ssh_public_key),
        Err(error) if error.trouble == Trouble::NoSuchEntity => Ok(None),
        Err(error) => Err(error),
    }
}

/// The key that `id` names, by its ID or by its body.
async fn find(clients: &Clients, user: &str, id: &str) -> Result<Option<SshPublicKey>, AwsError> {
    if !body::by_body(id) {
        return get(clients, user, id).await;
    }
    let mut pages = clients
        .iam
        .list_ssh_public_keys()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(listed) = pages.next().await {
        let listed = listed.map_err(|error| AwsError::of("iam:ListSSHPublicKeys", error))?;
        let real = listed.ssh_public_key_id();
        let held = get(clients, user, real).await?;
        if let Some(held) = held.filter(|held| body::names(id, real, held.ssh_public_key_body())) {
            return Ok(Some(held));
        }
    }
    Ok(None)
}

pub(super) async fn read(clients: &Clients, user: &str, id: &str) -> Result<Setting, AwsError> {
    let found = find(clients, user, id).await?;
    Ok(found.map_or(Setting::Absent, |found| {
        body::setting(found.ssh_public_key_body(), *found.status() == StatusType::Active)
    }))
}

pub(super) async fn write(clients: &Clients, user: &str, id: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => {
            let id = match body::by_body(id) {
                true => match find(clients, user, id).await? {
                    Some(found) => found.ssh_public_key_id().to_owned(),
                    None => return Ok(()),
                },
                false => id.to_owned(),
            };
            let request = clients
                .iam
                .delete_ssh_public_key()
                .user_name(user)
                .ssh_public_key_id(id);
            let sent = request.send().await;
            sent.map(drop)
                .map_err(|error| AwsError::of("iam:DeleteSSHPublicKey", error))
        }
        Setting::Body(body) => upload(clients, user, body).await.map(drop),
        Setting::Dormant(body) => {
            let id = upload(clients, user, body).await?;
            let request = clients
                .iam
                .update_ssh_public_key()
                .user_name(user)
                .ssh_public_key_id(id);
            let sent = request.status(StatusType::Inactive).send().await;
            sent.map(drop)
                .map_err(|error| AwsError::of("iam:UpdateSSHPublicKey", error))
        }
        _ => Err(no_such_change("iam:UploadSSHPublicKey")),
    }
}

/// Uploads it, and gives its ID.
async fn upload(clients: &Clients, user: &str, body: &str) -> Result<String, AwsError> {
    let request = clients
        .iam
        .upload_ssh_public_key()
        .user_name(user)
        .ssh_public_key_body(body);
    let made = request.send().await;
    let made = made.map_err(|error| AwsError::of("iam:UploadSSHPublicKey", error))?;
    let id = made.ssh_public_key().map(|made| made.ssh_public_key_id().to_owned());
    Ok(id.unwrap_or_default())
}
