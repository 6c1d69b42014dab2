//! A user's console password. It can be removed; nobody but its owner can bring it back.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html>

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients};

pub(super) async fn read(clients: &Clients, user: &str) -> Result<Setting, AwsError> {
    let found = clients.iam.get_login_profile().user_name(user).send().await;
    found
        .map(|_| Setting::Present)
        .map_err(|error| AwsError::of("iam:GetLoginProfile", error))
}

pub(super) async fn write(clients: &Clients, user: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => clients
            .iam
            .delete_login_profile()
            .user_name(user)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteLoginProfile", error)),
        _ => Err(no_such_change("iam:CreateLoginProfile")),
    }
}
