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

    /// What is known and what can't be, in sentences: first of the ID, then of the account, then of the owner.
    pub fn explain(&self) -> Vec<String> {
        let mut told = vec![format!("{} is {}", self.key, self.kind)];
        told.push(self.explain_account());
        told.extend(self.explain_owner());
        told.extend(self.unknown.iter().cloned());
        told
    }

    fn explain_account(&self) -> String {
        match (&self.account, &self.decoded_account) {
            (Some(named), Some(carried)) if named != carried => {
                format!("AWS names account {named}, though the ID carries {carried}: trust AWS")
            }
            (Some(named), _) => format!("it belongs to account {named}, as AWS says"),
            (None, Some(carried)) => {
                format!("its ID carries account {carried}: a hint, since an ID has no checksum and need not exist")
            }
            (None, None) => "its ID carries no account: it is of the older generation, or not genuine".to_owned(),
        }
    }

    fn explain_owner(&self) -> Option<String> {
        let told = match (self.key.kind(), &self.user, self.status) {
            (KeyKind::NotAKey(_), ..) => return None,
            (KeyKind::Temporary, ..) => {
                "whose session it is and what minted it stands in CloudTrail alone: AWS keeps no list of sessions"
                    .to_owned()
            }
            (_, Some(user), Some(status)) => format!("user `{user}` holds it, and it is {}", status.as_str()),
            (_, Some(user), None) => format!("user `{user}` holds it; whether it is active was not read"),
            _ if self.may_be_root() => {
                "no user of the account holds it and the root user has keys: it may be the root user's".to_owned()
            }
            _ => "who holds it the ID does not tell: only the account can, and of a deleted key only its trail"
                .to_owned(),
        };
        let last = self.last_used.as_ref();
        let last = last.map(|last| format!("; last used {} with {} in {}", last.at, last.service, last.region));
        Some(told + &last.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
