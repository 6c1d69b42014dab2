//! A user's permissions boundary.

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients, Trouble};

pub(super) async fn read(clients: &Clients, user: &str) -> Result<Setting, AwsError> {
    let found = clients.iam.get_user().user_name(user).send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetUser", error))?;
    let arn = found
        .user()
        .and_then(|user| user.permissions_boundary())
        .and_then(|boundary| boundary.permissions_boundary_arn());
    match arn {
        None => Ok(Setting::Absent),
        Some(arn) => arn.parse().map(Setting::Policy).map_err(|error| AwsError {
            operation: "iam:GetUser".to_owned(),
            trouble: Trouble::Rubbish,
            code: None,
            message: format!("the boundary's ARN: {error}"),
        }),
    }
}

pub(super) async fn write(clients: &Clients, user: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Policy(policy) => clients
            .iam
            .put_user_permissions_boundary()
            .user_name(user)
            .permissions_boundary(policy.as_str())
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:PutUserPermissionsBoundary", error)),
        Setting::Absent => clients
            .iam
            .delete_user_permissions_boundary()
            .user_name(user)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteUserPermissionsBoundary", error)),
        _ => Err(no_such_change("iam:PutUserPermissionsBoundary")),
    }
}
