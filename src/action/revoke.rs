//! Revoking older sessions: a deny on every session that was issued before a moment.
//!
//! AWS has no call that ends a session. The console's "Revoke active sessions" writes this inline policy with a time some 30 s
//! ahead, to cover propagation: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>.

use super::{Change, Member, Setting};
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
        self.inline(POLICY_NAME.to_owned())
    }

    /// An inline policy of this name.
    pub fn inline(&self, name: String) -> Member {
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

/// The cut of a revocation document; `None` when it is another document. One that only looks like it, and denies less than everything on
/// everything, is another: an intruder may have put it there to be left standing.
pub fn cut_of(document: &PolicyText) -> Option<Moment> {
    let parsed = document.parse().ok()?;
    let [statement] = parsed.statements.as_slice() else {
        return None;
    };
    let [condition] = statement.conditions.as_slice() else {
        return None;
    };
    let on_issue = condition.key().eq_ignore_ascii_case("aws:TokenIssueTime");
    let [cut] = condition.values() else {
        return None;
    };
    let cut: Moment = cut
        .parse()
        .ok()
        .filter(|_| on_issue && condition.operator() == "DateLessThan")?;
    statement.denies_everything_but_for_conditions().then_some(cut)
}

/// The change that revokes the sessions issued up to `margin_seconds` from `now`, where the policy is `standing` as yet. A cut that stands later
/// already is kept: it is never moved back.
pub fn change(issuer: &Issuer, standing: &Setting, now: Moment, margin_seconds: u32) -> Change {
    let wanted = now.plus_seconds(i64::from(margin_seconds)).whole_second();
    let to = match standing {
        Setting::Document(there) if cut_of(there).is_some_and(|cut| cut >= wanted) => there.clone(),
        _ => document(wanted),
    };
    Change {
        member: issuer.member(),
        to: Setting::Document(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_like_a_revocation_is_none() {
        let cut = Moment::from_millis(1_774_000_000_000);
        assert_eq!(cut_of(&document(cut)), Some(cut));
        let written = document(cut).as_str().to_owned();
        let others = [
            written.replace(r#"["*"],"Resource""#, r#"["s3:GetObject"],"Resource""#),
            written.replace("Deny", "Allow"),
            written.replace(r#""Resource":["*"]"#, r#""Resource":["arn:aws:s3:::b"]"#),
            written.replace("DateLessThan", "DateGreaterThan"),
            written.replace(
                r#""Condition":{"#,
                r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"#,
            ),
        ];
        for other in others {
            assert_ne!(other, written);
            assert_eq!(cut_of(&PolicyText::new(other.clone())), None, "{other}");
        }
    }
}
