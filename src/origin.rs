//! What one key ID tells: kind, account, owner, first facts.

use crate::account::{KeyStatus, LastUsed};
use crate::ids::{AccessKeyId, AccountId, KeyKind};
use serde::{Deserialize, Serialize};

/// What is known of a key beside its family: from the ID itself, and from what the account was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The key.
    pub key: AccessKeyId,
    /// What the prefix says.
    pub kind: String,
    /// The account that the ID carries: a hint, since there is no checksum.
    pub decoded_account: Option<AccountId>,
    /// The account that AWS names (GetAccessKeyInfo).
    pub account: Option<AccountId>,
    /// The account that was asked.
    pub asked_account: Option<AccountId>,
    /// The user who holds it.
    pub user: Option<String>,
    /// Whether it can be used.
    pub status: Option<KeyStatus>,
    /// Its last use.
    pub last_used: Option<LastUsed>,
    /// Whether the root user of the asked account has keys, so that this may be one.
    pub root_has_keys: Option<bool>,
    /// What could not be found out, and why.
    pub unknown: Vec<String>,
}

impl Origin {
    /// What the ID alone tells.
    pub fn of(key: &AccessKeyId) -> Self {
        Origin {
            key: key.clone(),
            kind: key.kind().describe().to_owned(),
            decoded_account: key.account(),
            account: None,
            asked_account: None,
            user: None,
            status: None,
            last_used: None,
            root_has_keys: None,
            unknown: Vec::new(),
        }
    }

    /// Why nothing can be done about this key in the asked account, if nothing can.
    pub fn out_of_reach(&self) -> Option<String> {
        if let KeyKind::NotAKey(what) = self.key.kind() {
            return Some(format!("{} is {what}", self.key));
        }
        let asked = self.asked_account.as_ref()?;
        match &self.account {
            Some(account) if account != asked => Some(format!(
                "{} belongs to account {account}, and these credentials are of account {asked}",
                self.key
            )),
            _ => None,
        }
    }

    /// Whether the key may be root's: a long-term key that no user of the account holds, where root has keys.
    pub fn may_be_root(&self) -> bool {
        self.key.kind() == KeyKind::LongTerm && self.user.is_none() && self.root_has_keys == Some(true)
    }
}

#[cfg(test)]
mod tests;
