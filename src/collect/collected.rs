//! How much is read, and what comes of it.

use crate::account::{Account, is_same_name};
use crate::mount::AwsError;
use crate::time::Moment;
use std::collections::BTreeSet;

/// How much is read beside the principals and policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The credentials of every user, the session duration of every role.
    Everything,
    /// Those of these alone.
    Around {
        /// Users.
        users: BTreeSet<String>,
        /// Roles.
        roles: BTreeSet<String>,
    },
}

impl Scope {
    pub(super) fn user(&self, name: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Around { users, .. } => users.iter().any(|known| is_same_name(known, name)),
        }
    }

    pub(super) fn role(&self, name: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Around { roles, .. } => roles.iter().any(|known| is_same_name(known, name)),
        }
    }
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What: "the MFA devices of user `ann`".
    pub what: String,
    /// Why.
    pub error: AwsError,
}

/// An account as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// The account.
    pub account: Account,
    /// What is missing in it.
    pub unread: Vec<Unread>,
    /// Where the other side answered otherwise than AWS would: gaps of a peer, not of the account.
    pub notes: Vec<String>,
}

/// A time of the SDK's as ours.
pub(super) fn moment(time: &aws_sdk_iam::primitives::DateTime) -> Moment {
    Moment::from_millis(time.to_millis().unwrap_or_default())
}
