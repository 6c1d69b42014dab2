//! A user's membership in a group.

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients};

pub(super) async fn read(clients: &Clients, user: &str, group: &str) -> Result<Setting, AwsError> {
    let mut pages = clients
        .iam
        .list_groups_for_user()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    while let Some(found) = pages.next().await {
        let found = found.map_err(|error| AwsError::of("iam:ListGroupsForUser", error))?;
        if found.group_name() == group {
            return Ok(Setting::Present);
        }
    }
    Ok(Setting::Absent)
}

pub(super) async fn write(clients: &Clients, user: &str, group: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Present => clients
            .iam
            .add_user_to_group()
            .user_name(user)
            .group_name(group)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:AddUserToGroup", error)),
        Setting::Absent => clients
            .iam
            .remove_user_from_group()
            .user_name(user)
            .group_name(group)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:RemoveUserFromGroup", error)),
        _ => Err(no_such_change("iam:AddUserToGroup")),
    }
}
