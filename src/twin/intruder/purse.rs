//! The credentials that the intruder holds, and which of them it tries first.

use super::super::door::Keys;
use crate::ids::AccessKeyId;
use crate::time::Moment;
use std::cmp::Reverse;

/// A credential that has been refused for so long is tried no more, but in the regular check, in milliseconds.
const STALE_MILLIS: i64 = 30_000;

/// What has policies: a user or a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// A user, by name.
    User(String),
    /// A role, by name.
    Role(String),
}

impl Identity {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Identity::User(name) | Identity::Role(name) => name,
        }
    }

    /// `User` or `Role`, as the names of operations and parameters have it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Identity::User(_) => "User",
            Identity::Role(_) => "Role",
        }
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Identity::User(name) => write!(f, "user `{name}`"),
            Identity::Role(name) => write!(f, "role `{name}`"),
        }
    }
}

/// A credential that the intruder holds.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) keys: Keys,
    /// Whose rights it has; `None` until it has asked.
    pub(super) whose: Option<Identity>,
    /// Since when.
    pub(super) got: Moment,
    /// When a call with it last succeeded.
    worked: Option<Moment>,
    /// Whether the last call with it was refused.
    refused: bool,
    /// Whether it was seen to be cut off, and answered already.
    pub(super) lost: bool,
}

impl Held {
    /// A session that was minted by GetSessionToken: it may not call IAM.
    fn is_token(&self) -> bool {
        self.keys.token.is_some() && matches!(self.whose, Some(Identity::User(_)))
    }

    /// A session of a role.
    pub(super) fn is_session_of(&self, role: &str) -> bool {
        self.keys.token.is_some() && matches!(&self.whose, Some(Identity::Role(name)) if name == role)
    }

    /// A long-term key of a user.
    pub(super) fn is_key_of(&self, user: &str) -> bool {
        self.keys.token.is_none() && matches!(&self.whose, Some(Identity::User(name)) if name == user)
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused
    }
}

/// All of them. Nothing is ever thrown away: what is dead today may be made active tomorrow.
#[derive(Debug, Clone, Default)]
pub(super) struct Purse(pub(super) Vec<Held>);

impl Purse {
    pub(super) fn put(&mut self, keys: Keys, whose: Option<Identity>, now: Moment) {
        self.0.push(Held {
            keys,
            whose,
            got: now,
            worked: None,
            refused: false,
            lost: false,
        });
    }

    pub(super) fn get_mut(&mut self, key: &AccessKeyId) -> Option<&mut Held> {
        self.0.iter_mut().find(|held| held.keys.key == *key)
    }

    pub(super) fn keys(&self, key: &AccessKeyId) -> Option<&Keys> {
        self.0.iter().map(|held| &held.keys).find(|keys| keys.key == *key)
    }

    /// Notes how a call with `key` went.
    pub(super) fn went(&mut self, key: &AccessKeyId, well: bool, now: Moment) {
        if let Some(held) = self.get_mut(key) {
            held.refused = !well;
            if well {
                held.worked = Some(now);
            }
        }
    }

    /// The credential to try next for a call to `service`: what worked last, then what is new, then what was refused.
    pub(super) fn best(&self, service: &str, tried: &[AccessKeyId], now: Moment) -> Option<&Keys> {
        let fits = |held: &&Held| {
            let since = held.worked.unwrap_or(held.got);
            let stale = held.refused && now.millis() - since.millis() > STALE_MILLIS;
            let barred = service == "iam" && held.is_token();
            !stale && !barred && !tried.contains(&held.keys.key)
        };
        let order = |held: &&Held| {
            let class = match (held.refused, held.worked) {
                (false, Some(_)) => 0,
                (false, None) => 1,
                (true, _) => 2,
            };
            (class, Reverse(held.worked.unwrap_or(held.got)))
        };
        self.0.iter().filter(fits).min_by_key(order).map(|held| &held.keys)
    }
}
