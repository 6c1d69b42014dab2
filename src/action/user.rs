//! The user itself. DeleteUser is refused while any of nine kinds of things is left:
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>

use super::{Setting, no_such_change};
use crate::mount::{AwsError, Clients};
use aws_sdk_iam::types::Tag;

pub(super) async fn read(clients: &Clients, user: &str) -> Result<Setting, AwsError> {
    let found = clients.iam.get_user().user_name(user).send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetUser", error))?;
    let Some(found) = found.user() else {
        return Ok(Setting::Absent);
    };
    let tags = found
        .tags()
        .iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
    Ok(Setting::Identity {
        path: found.path().to_owned(),
        tags: tags.collect(),
    })
}

pub(super) async fn write(clients: &Clients, user: &str, to: &Setting) -> Result<(), AwsError> {
    match to {
        Setting::Absent => clients
            .iam
            .delete_user()
            .user_name(user)
            .send()
            .await
            .map(drop)
            .map_err(|error| AwsError::of("iam:DeleteUser", error)),
        Setting::Identity { path, tags } => {
            let tags: Result<Vec<Tag>, _> = tags
                .iter()
                .map(|(key, value)| Tag::builder().key(key).value(value).build())
                .collect();
            let tags = tags.map_err(|_| no_such_change("iam:CreateUser"))?;
            let request = clients.iam.create_user().user_name(user).path(path);
            let request = if tags.is_empty() {
                request
            } else {
                request.set_tags(Some(tags))
            };
            request
                .send()
                .await
                .map(drop)
                .map_err(|error| AwsError::of("iam:CreateUser", error))
        }
        _ => Err(no_such_change("iam:CreateUser")),
    }
}
