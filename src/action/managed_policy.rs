//! A managed policy of the account. It goes once nothing has it attached any more; its other versions go with it, before it:
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html>

use super::{Setting, no_such_change};
use crate::ids::Arn;
use crate::mount::{AwsError, Clients};

pub(super) async fn read(clients: &Clients, policy: &Arn) -> Result<Setting, AwsError> {
    let found = clients.iam.get_policy().policy_arn(policy.as_str()).send().await;
    found
        .map(|_| Setting::Present)
        .map_err(|error| AwsError::of("iam:GetPolicy", error))
}

pub(super) async fn write(clients: &Clients, policy: &Arn, to: &Setting) -> Result<(), AwsError> {
    if *to != Setting::Absent {
        return Err(no_such_change("iam:CreatePolicy"));
    }
    let request = clients.iam.list_policy_versions().policy_arn(policy.as_str());
    let mut versions = request.into_paginator().items().send();
    while let Some(version) = versions.next().await {
        let version = version.map_err(|error| AwsError::of("iam:ListPolicyVersions", error))?;
        if !version.is_default_version() {
            let request = clients.iam.delete_policy_version().policy_arn(policy.as_str());
            let deleted = request
                .set_version_id(version.version_id().map(str::to_owned))
                .send()
                .await;
            deleted.map_err(|error| AwsError::of("iam:DeletePolicyVersion", error))?;
        }
    }
    let deleted = clients.iam.delete_policy().policy_arn(policy.as_str()).send().await;
    deleted
        .map(drop)
        .map_err(|error| AwsError::of("iam:DeletePolicy", error))
}
