//! What a credential can still do in an account: allowed, denied (by which statement), unknown; and why.
//!
//! [`Standing`] is a credential as policies see it: its principal, its fixed condition keys, the policies in force for it. The twin
//! authorizes with it, and the verdict asks it about everything, so the two cannot disagree.

mod standing;

pub use standing::{Dead, Standing};

use crate::account::{Account, Session};
use crate::ids::AccessKeyId;
use crate::policy::{Gap, StatementRef};
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// What a credential can still do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is refused before any policy is asked.
    Dead(Dead),
    /// Every action on every resource is denied, by this statement.
    DeniedEverything(StatementRef),
    /// No statement allows anything, and all policies that could were read.
    NothingAllowed,
    /// Something is still allowed.
    Allowed {
        /// `service:Action` of an example.
        action: String,
        /// Its resource.
        resource: String,
        /// The statement that allows it; `None` for the root user.
        by: Option<StatementRef>,
    },
    /// It cannot be said, for these reasons.
    Unknown(Vec<Gap>),
}

impl Verdict {
    /// Whether the credential is proven useless. Unknown never is.
    pub fn is_contained(&self) -> bool {
        matches!(
            self,
            Verdict::Dead(_) | Verdict::DeniedEverything(_) | Verdict::NothingAllowed
        )
    }
}

/// The verdict on the credential `key`, a long-term key of `account` or one of `sessions`, at `now`.
pub fn verdict(account: &Account, sessions: &[Session], key: &AccessKeyId, now: Moment) -> Verdict {
    let _ = (account, sessions, key, now);
    Verdict::Unknown(Vec::new())
}
