//! Who calls, and whose a key is. Every question that fails becomes something unknown, and the next is asked.

use crate::account::{KeyStatus, LastUsed};
use crate::ids::{AccessKeyId, AccountId, Arn, KeyKind};
use crate::mount::{AwsError, Clients, Trouble};
use crate::origin::Origin;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Who signs our calls, as GetCallerIdentity tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The ARN: of a user, a role session, a federated user, or root.
    pub arn: Arn,
    /// The unique ID.
    pub user_id: String,
}

/// Who signs our calls.
///
/// # Errors
/// The credentials do not work, or the endpoint does not answer.
pub async fn caller(clients: &Clients) -> Result<Caller, AwsError> {
    let found = clients.sts.get_caller_identity().send().await;
    let found = found.map_err(|error| AwsError::of("sts:GetCallerIdentity", error))?;
    let rubbish = |what: &str| AwsError {
        operation: "sts:GetCallerIdentity".to_owned(),
        trouble: Trouble::Rubbish,
        code: None,
        message: format!("the answer has no {what}: something else than STS answers there"),
    };
    let caller = Caller {
        account: found
            .account()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| rubbish("account"))?,
        arn: found
            .arn()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| rubbish("ARN"))?,
        user_id: found.user_id().unwrap_or_default().to_owned(),
    };
    clients.are_of(&caller.arn);
    Ok(caller)
}

/// Everything that the account tells about `key`, in the order of cost: account, owner, status, last use, root.
///
/// # Errors
/// The caller's own credentials do not work.
pub async fn origin(clients: &Clients, key: &AccessKeyId) -> Result<Origin, AwsError> {
    let mut origin = Origin::of(key);
    origin.asked_account = Some(caller(clients).await?.account);
    match clients
        .sts
        .get_access_key_info()
        .access_key_id(key.as_str())
        .send()
        .await
    {
        Ok(found) => origin.account = found.account().and_then(|text| text.parse().ok()),
        Err(error) => {
            let error = AwsError::of("sts:GetAccessKeyInfo", error);
            origin.unknown.push(format!("the key's account: {error}"));
        }
    }
    if key.kind() == KeyKind::LongTerm && origin.out_of_reach().is_none() {
        owner(clients, &mut origin).await;
    }
    Ok(origin)
}

/// The user that a long-term key belongs to, in one call: all that a first cut needs. `None` where no user of this account has it.
///
/// # Errors
/// The call was refused or not answered: the account may not be this one.
pub async fn user_of(clients: &Clients, key: &AccessKeyId) -> Result<Option<String>, AwsError> {
    let found = clients.iam.get_access_key_last_used().access_key_id(key.as_str());
    let found = found.send().await;
    let found = found.map_err(|error| AwsError::of("iam:GetAccessKeyLastUsed", error))?;
    let name = found.user_name().filter(|name| !name.is_empty() && *name != "root");
    Ok(name.map(str::to_owned))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>
async fn owner(clients: &Clients, origin: &mut Origin) {
    let key = origin.key.as_str();
    let found = clients.iam.get_access_key_last_used().access_key_id(key).send().await;
    match found {
        Ok(found) => {
            origin.user = found.user_name().filter(|name| !name.is_empty()).map(str::to_owned);
            origin.last_used = found.access_key_last_used().and_then(|used| {
                Some(LastUsed {
                    at: Moment::from_millis(used.last_used_date()?.to_millis().ok()?),
                    service: used.service_name().to_owned(),
                    region: used.region().to_owned(),
                })
            });
        }
        Err(error) => {
            let error = AwsError::of("iam:GetAccessKeyLastUsed", error);
            origin.unknown.push(format!("the key's owner: {error}"));
        }
    }
    match origin.user.clone() {
        Some(user) => status(clients, origin, &user).await,
        None => root(clients, origin).await,
    }
}

async fn status(clients: &Clients, origin: &mut Origin, user: &str) {
    let keys = clients
        .iam
        .list_access_keys()
        .user_name(user)
        .into_paginator()
        .items()
        .send();
    match keys.collect::<Result<Vec<_>, _>>().await {
        Ok(keys) => {
            let mut keys = keys.iter();
            let held = keys.find(|held| held.access_key_id() == Some(origin.key.as_str()));
            origin.status = held.and_then(|held| KeyStatus::from_aws(held.status()?.as_str()));
            if origin.status.is_none() {
                origin.unknown.push(format!(
                    "the key's status: user `{user}` does not list it; it may be deleted"
                ));
            }
        }
        Err(error) => {
            let error = AwsError::of("iam:ListAccessKeys", error);
            origin.unknown.push(format!("the key's status: {error}"));
        }
    }
}

/// No user has it: it is deleted, another account's, or root's.
async fn root(clients: &Clients, origin: &mut Origin) {
    match clients.iam.get_account_summary().send().await {
        Ok(found) => {
            let keys = found.summary_map().and_then(|map| {
                let mut rows = map.iter();
                rows.find(|(name, _)| name.as_str() == "AccountAccessKeysPresent")
                    .map(|(_, count)| *count)
            });
            origin.root_has_keys = keys.map(|keys| keys > 0);
        }
        Err(error) => {
            let error = AwsError::of("iam:GetAccountSummary", error);
            origin.unknown.push(format!("whether root has keys: {error}"));
        }
    }
}
