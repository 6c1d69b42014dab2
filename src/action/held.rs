//! What a user or role holds that signs or grants: while any of it is there its denies must stay, and IAM does not delete it.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>, <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>

use super::Member;
use crate::ids::Arn;
use crate::mount::{AwsError, Clients, Trouble};

/// Calls that tell what a user holds.
pub(super) const OF_USER: [&str; 4] = [
    "iam:ListAccessKeys",
    "iam:ListAttachedUserPolicies",
    "iam:ListGroupsForUser",
    "iam:ListUserPolicies",
];

/// Calls that tell what a role holds.
pub(super) const OF_ROLE: [&str; 2] = ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];

/// The access keys, policies and groups of a user, the policies of a role; nothing of any other member, and of who is gone.
///
/// # Errors
/// A list could not be read.
pub async fn held_by(clients: &Clients, member: &Member) -> Result<Vec<Member>, AwsError> {
    let held = match member {
        Member::User { user } => of_user(clients, user).await,
        Member::Role { role } => of_role(clients, role).await,
        _ => return Ok(Vec::new()),
    };
    match held {
        Err(error) if error.trouble == Trouble::NoSuchEntity => Ok(Vec::new()),
        other => other,
    }
}

async fn of_user(clients: &Clients, user: &str) -> Result<Vec<Member>, AwsError> {
    let own = || user.to_owned();
    let mut held = Vec::new();
    let mut keys = clients
        .iam
        .list_access_keys()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(key) = keys.next().await {
        let key = key.map_err(|error| AwsError::of(OF_USER[0], error))?;
        let id = key.access_key_id().and_then(|id| id.parse().ok());
        held.extend(id.map(|key| Member::AccessKey { user: own(), key }));
    }
    let attached = clients.iam.list_attached_user_policies().user_name(user);
    let mut attached = attached.into_paginator().items().send();
    while let Some(policy) = attached.next().await {
        let policy = policy.map_err(|error| AwsError::of(OF_USER[1], error))?;
        let arn: Option<Arn> = policy.policy_arn().and_then(|arn| arn.parse().ok());
        held.extend(arn.map(|policy| Member::Attachment { user: own(), policy }));
    }
    let mut groups = clients
        .iam
        .list_groups_for_user()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(group) = groups.next().await {
        let group = group.map_err(|error| AwsError::of(OF_USER[2], error))?;
        let group = group.group_name().to_owned();
        held.push(Member::GroupMembership { user: own(), group });
    }
    let mut inline = clients
        .iam
        .list_user_policies()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(name) = inline.next().await {
        let name = name.map_err(|error| AwsError::of(OF_USER[3], error))?;
        held.push(Member::UserPolicy { user: own(), name });
    }
    Ok(held)
}

async fn of_role(clients: &Clients, role: &str) -> Result<Vec<Member>, AwsError> {
    let own = || role.to_owned();
    let mut held = Vec::new();
    let attached = clients.iam.list_attached_role_policies().role_name(role);
    let mut attached = attached.into_paginator().items().send();
    while let Some(policy) = attached.next().await {
        let policy = policy.map_err(|error| AwsError::of(OF_ROLE[0], error))?;
        let arn: Option<Arn> = policy.policy_arn().and_then(|arn| arn.parse().ok());
        held.extend(arn.map(|policy| Member::RoleAttachment { role: own(), policy }));
    }
    let mut inline = clients
        .iam
        .list_role_policies()
        .role_name(role)
        .into_paginator()
        .items()
        .send();
    while let Some(name) = inline.next().await {
        let name = name.map_err(|error| AwsError::of(OF_ROLE[1], error))?;
        held.push(Member::RolePolicy { role: own(), name });
    }
    Ok(held)
}
