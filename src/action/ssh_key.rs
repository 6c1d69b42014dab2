//! A user's SSH public key for CodeCommit.

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients};
use aws_sdk_iam::types::EncodingType;

pub(super) async fn read(clients: &Clients, user: &str, id: &str) -> Result<Setting, AwsError> {
    let request = clients.iam.get_ssh_public_key().user_name(user).ssh_public_key_id(id);
    let found = request.encoding(EncodingType::Ssh).send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetSSHPublicKey", error))?;
    let body = found.ssh_public_key().map(|key| key.ssh_public_key_body().to_owned());
    Ok(body.map_or(Setting::Present, Setting::Body))
}

pub(super) async fn write(clients: &Clients, user: &str, id: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => clients
            .iam
            .delete_ssh_public_key()
            .user_name(user)
            .ssh_public_key_id(id)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteSSHPublicKey", error)),
        Setting::Body(body) => clients
            .iam
            .upload_ssh_public_key()
            .user_name(user)
            .ssh_public_key_body(body)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:UploadSSHPublicKey", error)),
        _ => Err(no_such_change("iam:UploadSSHPublicKey")),
    }
}
