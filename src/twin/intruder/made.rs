//! What the intruder made, and what of it stands.

use super::purse::Identity;
use crate::account::{Account, KeyStatus};
use crate::ids::AccessKeyId;
use serde::Serialize;
use std::fmt;

/// One thing of the intruder's making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// A user or a role, with its unique ID.
    Entity {
        /// Which.
        identity: Identity,
        /// The unique ID that IAM gave it.
        id: String,
    },
    /// An inline policy.
    Policy {
        /// On whom.
        on: Identity,
        /// Its name.
        name: String,
    },
    /// An access key.
    Key {
        /// Whose.
        user: String,
        /// Which.
        key: AccessKeyId,
    },
    /// A key that was made active again.
    Activated {
        /// Whose.
        user: String,
        /// Which.
        key: AccessKeyId,
    },
    /// A trust policy that lets the account in.
    Trust {
        /// The role.
        role: String,
        /// The document that was put there.
        document: String,
    },
}

impl Made {
    /// Whether it is in `account` as the intruder made it.
    pub(super) fn stands(&self, account: &Account) -> bool {
        let key_in = |user: &str, key: &AccessKeyId| {
            let user = account.users.get(user);
            user.and_then(|user| user.credentials.as_ref())
                .and_then(|held| held.access_keys.iter().find(|known| known.id == *key))
                .map(|known| known.status)
        };
        match self {
            Made::Entity { identity, id } => match identity {
                Identity::User(name) => account.users.get(name).is_some_and(|user| user.id == *id),
                Identity::Role(name) => account.roles.get(name).is_some_and(|role| role.id == *id),
            },
            Made::Policy { on, name } => match on {
                Identity::User(on) => account.users.get(on).is_some_and(|user| user.inline.contains_key(name)),
                Identity::Role(on) => account.roles.get(on).is_some_and(|role| role.inline.contains_key(name)),
            },
            Made::Key { user, key } => key_in(user, key).is_some(),
            Made::Activated { user, key } => key_in(user, key) == Some(KeyStatus::Active),
            Made::Trust { role, document } => account
                .roles
                .get(role)
                .is_some_and(|role| role.trust.as_str() == document),
        }
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Made::Entity { identity, .. } => write!(f, "{identity}"),
            Made::Policy { on, name } => write!(f, "inline policy `{name}` on {on}"),
            Made::Key { user, key } => write!(f, "access key {key} of user `{user}`"),
            Made::Activated { user, key } => write!(f, "access key {key} of user `{user}`, active again"),
            Made::Trust { role, .. } => write!(f, "the trust policy of role `{role}`"),
        }
    }
}

/// A credential of the intruder that works, and the call that showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Works {
    /// The credential.
    pub key: AccessKeyId,
    /// Whose rights it has, in words.
    pub whose: String,
    /// The first call that succeeded.
    pub call: String,
}

/// What the intruder has at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Grip {
    /// Credentials that work, each by a call of its own.
    pub works: Vec<Works>,
    /// Things of its making that stand in the account, in words.
    pub made: Vec<String>,
    /// How many calls it has made.
    pub calls: u64,
    /// Whether it has given up.
    pub gave_up: bool,
}

impl Grip {
    /// Whether any of its credentials works.
    pub fn has_access(&self) -> bool {
        !self.works.is_empty()
    }
}
