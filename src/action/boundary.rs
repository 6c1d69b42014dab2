//! The permissions boundary of a user or a role.

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients, Trouble};
use aws_sdk_iam::types::AttachedPermissionsBoundary;

pub(super) async fn read(clients: &Clients, user: &str) -> Result<Setting, AwsError> {
    let found = clients.iam.get_user().user_name(user).send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetUser", error))?;
    let boundary = found.user().and_then(|user| user.permissions_boundary());
    told("iam:GetUser", boundary)
}

pub(super) async fn read_of_role(clients: &Clients, role: &str) -> Result<Setting, AwsError> {
    let found = clients.iam.get_role().role_name(role).send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetRole", error))?;
    let boundary = found.role().and_then(|role| role.permissions_boundary());
    told("iam:GetRole", boundary)
}

fn told(operation: &str, boundary: Option<&AttachedPermissionsBoundary>) -> Result<Setting, AwsError> {
    match boundary.and_then(AttachedPermissionsBoundary::permissions_boundary_arn) {
        None => Ok(Setting::Absent),
        Some(arn) => arn.parse().map(Setting::Policy).map_err(|error| AwsError {
            operation: operation.to_owned(),
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

/// The boundary of a role binds its sessions, those that were issued before too.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html>
pub(super) async fn write_of_role(clients: &Clients, role: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Policy(policy) => clients
            .iam
            .put_role_permissions_boundary()
            .role_name(role)
            .permissions_boundary(policy.as_str())
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:PutRolePermissionsBoundary", error)),
        Setting::Absent => clients
            .iam
            .delete_role_permissions_boundary()
            .role_name(role)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteRolePermissionsBoundary", error)),
        _ => Err(no_such_change("iam:PutRolePermissionsBoundary")),
    }
}
