//! Revoking older sessions: a deny on every session that was issued before a moment.
//!
//! AWS has no call that ends a session. The console's "Revoke active sessions" writes this inline policy with a time some 30 s
//! ahead, to cover propagation: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>.

use super::{Change, Member, Setting, read};
use crate::mount::{AwsError, Clients};
use crate::policy::PolicyText;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// The name that AWS's console gives the policy.
pub const POLICY_NAME: &str = "AWSRevokeOlderSessions";

/// Whose sessions are revoked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Issuer {
    /// A role: its sessions.
    Role(String),
    /// A user: its GetSessionToken and federation sessions, never its long-term keys.
    User(String),
}

impl Issuer {
    /// In words: "role `R`".
    pub fn describe(&self) -> String {
        match self {
            Issuer::Role(name) => format!("role `{name}`"),
            Issuer::User(name) => format!("user `{name}`"),
        }
    }

    /// The inline policy that holds the deny.
    pub fn member(&self) -> Member {
        let name = POLICY_NAME.to_owned();
        match self {
            Issuer::Role(role) => Member::RolePolicy {
                role: role.clone(),
                name,
            },
            Issuer::User(user) => Member::UserPolicy {
                user: user.clone(),
                name,
            },
        }
    }
}

/// The document that denies everything to sessions issued before `cut`, as the console writes it.
pub fn document(cut: Moment) -> PolicyText {
    PolicyText::new(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{}"}}}}}}]}}"#,
        cut.whole_second()
    ))
}

/// The cut of a revocation document; `None` when it is another document.
pub fn cut_of(document: &PolicyText) -> Option<Moment> {
    let json: serde_json::Value = serde_json::from_str(document.as_str()).ok()?;
    let statement = json.get("Statement")?;
    let statement = statement.get(0).unwrap_or(statement);
    let cut = statement.pointer("/Condition/DateLessThan/aws:TokenIssueTime")?;
    cut.as_str()?.parse().ok()
}

/// The change that revokes the sessions issued up to `margin_seconds` from now. A cut that stands later already is kept:
/// it is never moved back.
///
/// # Errors
/// The present policy could not be read.
pub async fn resolve(clients: &Clients, issuer: &Issuer, margin_seconds: u32) -> Result<Change, AwsError> {
    let member = issuer.member();
    let standing = match read(clients, &member).await? {
        Setting::Document(document) => cut_of(&document).map(|cut| (cut, document)),
        _ => None,
    };
    let wanted = clients.now().plus_seconds(i64::from(margin_seconds)).whole_second();
    let document = match standing {
        Some((cut, standing)) if cut >= wanted => standing,
        _ => document(wanted),
    };
    Ok(Change {
        member,
        to: Setting::Document(document),
    })
}
