//! A credential as policies see it.

use crate::account::{Account, Session};
use crate::ids::AccessKeyId;
use crate::policy::{Context, Decision, Principal};
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// Why a credential is refused before any policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dead {
    /// No such credential is in the account.
    NoSuchKey,
    /// The key's status is not Active.
    Inactive,
    /// The session has run out.
    Expired,
    /// The user or role is gone, or its name now belongs to another (the unique ID differs).
    HolderGone,
}

/// A credential as policies see it.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The account that it was read from.
    pub account: &'a Account,
    /// Who it makes the caller.
    pub principal: Principal,
    /// The condition keys that every request with it has; all others are free (the context is open).
    pub context: Context,
    /// The session, for a temporary credential.
    pub session: Option<&'a Session>,
}

impl<'a> Standing<'a> {
    /// The standing of `key` at `now`, or why it has none.
    pub fn of(account: &'a Account, sessions: &'a [Session], key: &AccessKeyId, now: Moment) -> Result<Self, Dead> {
        let _ = (account, sessions, key, now);
        Err(Dead::NoSuchKey)
    }

    /// Decides one real request: the fixed keys and `extra` together, every other key absent.
    pub fn decide(&self, action: &str, resource: &str, extra: &Context) -> Decision {
        let request = crate::policy::Request {
            principal: &self.principal,
            action,
            resource,
            resource_account: None,
            context: extra,
        };
        crate::policy::decide(&request, &crate::policy::PolicySet::default())
    }
}
