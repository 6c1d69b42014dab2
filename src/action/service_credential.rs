//! A user's service-specific credential: a CodeCommit or Keyspaces password, a Bedrock API key.

use super::{Setting, no_such_change};
use crate::account::KeyStatus;
use crate::mount::{AwsError, Clients};
use aws_sdk_iam::types::StatusType;

pub(super) async fn read(clients: &Clients, user: &str, id: &str) -> Result<Setting, AwsError> {
    let mut marker: Option<String> = None;
    loop {
        let request = clients
            .iam
            .list_service_specific_credentials()
            .user_name(user)
            .set_marker(marker);
        let page = request.send().await;
        let page = page.map_err(|error| AwsError::of("iam:ListServiceSpecificCredentials", error))?;
        let mut held = page.service_specific_credentials().iter();
        if let Some(held) = held.find(|held| held.service_specific_credential_id() == id) {
            let status = KeyStatus::from_aws(held.status().as_str());
            return Ok(status.map_or(Setting::Present, Setting::Status));
        }
        match page.marker() {
            Some(next) if page.is_truncated() => marker = Some(next.to_owned()),
            _ => return Ok(Setting::Absent),
        }
    }
}

pub(super) async fn write(clients: &Clients, user: &str, id: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => clients
            .iam
            .delete_service_specific_credential()
            .user_name(user)
            .service_specific_credential_id(id)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteServiceSpecificCredential", error)),
        Setting::Status(status) => clients
            .iam
            .update_service_specific_credential()
            .user_name(user)
            .service_specific_credential_id(id)
            .status(StatusType::from(status.as_str()))
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:UpdateServiceSpecificCredential", error)),
        _ => Err(no_such_change("iam:UpdateServiceSpecificCredential")),
    }
}
