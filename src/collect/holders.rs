//! Who holds long-term keys by now: a user may have been renamed since the trail told of him, and another may bear his name.

use super::owner::user_of;
use crate::account::{Account, User};
use crate::ids::AccessKeyId;
use crate::mount::{AwsError, Clients, Trouble};
use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// How many requests are under way at once.
const AT_ONCE: usize = 8;

/// So many users are asked for their keys, one by one, where nothing else tells whose a key is.
const USERS: usize = 1_000;

/// What is known of who holds a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// The user of this name.
    By(String),
    /// Nobody: it was deleted.
    ByNobody,
    /// That was not told.
    Untold,
}

/// Asks for each key whose it is. Whom AWS answers with a name holds it; what a refusal means is not documented, but for "no such entity".
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>
pub async fn holders(clients: &Clients, keys: &BTreeSet<AccessKeyId>) -> BTreeMap<AccessKeyId, Held> {
    let asked = keys.iter().map(|key| async move {
        let held = match user_of(clients, key).await {
            Ok(Some(user)) => Held::By(user),
            Err(error) if error.trouble == Trouble::NoSuchEntity => Held::ByNobody,
            _ => Held::Untold,
        };
        (key.clone(), held)
    });
    stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}

/// Looks for keys among all users of the account, where nothing else tells whose they are. Those that aren't found when every user was asked are nobody's.
///
/// # Errors
/// Not every user could be asked, or there are too many: nothing is known then.
pub async fn among_all_users(
    clients: &Clients,
    account: &Account,
    keys: &BTreeSet<AccessKeyId>,
) -> Result<BTreeMap<AccessKeyId, Held>, String> {
    if account.users.len() > USERS {
        return Err(format!("the account has more than {USERS} users"));
    }
    let unread = account.users.values().filter(|user| !User::access_keys_were_read(user));
    let asked = unread.map(|user| async move { (user.name.clone(), keys_of(clients, &user.name).await) });
    let mut answers = stream::iter(asked).buffer_unordered(AT_ONCE);
    let mut held: BTreeMap<AccessKeyId, Held> = keys.iter().map(|key| (key.clone(), Held::ByNobody)).collect();
    while let Some((user, answer)) = answers.next().await {
        for key in answer.map_err(|error| error.to_string())? {
            if let Some(held) = held.get_mut(&key) {
                *held = Held::By(user.clone());
            }
        }
    }
    Ok(held)
}

async fn keys_of(clients: &Clients, user: &str) -> Result<Vec<AccessKeyId>, AwsError> {
    let listed = clients.iam.list_access_keys().user_name(user);
    let mut listed = listed.into_paginator().items().send();
    let mut keys = Vec::new();
    while let Some(key) = listed.next().await {
        match key.map_err(|error| AwsError::of("iam:ListAccessKeys", error)) {
            Ok(key) => keys.extend(key.access_key_id().and_then(|id| id.parse().ok())),
            // He went away meanwhile, and his keys before him.
            Err(error) if error.trouble == Trouble::NoSuchEntity => break,
            Err(error) => return Err(error),
        }
    }
    Ok(keys)
}
