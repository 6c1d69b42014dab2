//! An inline policy of a role.

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients};
use crate::policy::PolicyText;

pub(super) async fn read(clients: &Clients, role: &str, name: &str) -> Result<Setting, AwsError> {
    let found = clients
        .iam
        .get_role_policy()
        .role_name(role)
        .policy_name(name)
        .send()
        .await;
    let found = found.map_err(|error| AwsError::of("iam:GetRolePolicy", error))?;
    // Documents come URL-encoded: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
    let text = percent_encoding::percent_decode_str(found.policy_document()).decode_utf8_lossy();
    Ok(Setting::Document(PolicyText::new(text)))
}

pub(super) async fn write(clients: &Clients, role: &str, name: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Document(document) => clients
            .iam
            .put_role_policy()
            .role_name(role)
            .policy_name(name)
            .policy_document(document.as_str())
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:PutRolePolicy", error)),
        Setting::Absent => clients
            .iam
            .delete_role_policy()
            .role_name(role)
            .policy_name(name)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteRolePolicy", error)),
        _ => Err(no_such_change("iam:PutRolePolicy")),
    }
}
