//! What a credential can still do in an account: allowed, denied (by which statement), unknown; and why.
//!
//! [`Standing`] is a credential as policies see it: its principal, its fixed condition keys, the policies in force for it. The twin
//! authorizes with it, and the verdict asks it about everything, so the two cannot disagree.

mod examples;
mod gather;
mod limits;
mod standing;

pub use limits::{needs_no_permission, session_forbids};
pub use standing::{Dead, Standing, root_principal};

use crate::account::{Account, Session};
use crate::ids::AccessKeyId;
use crate::policy::{Effect, Gap, Outcome, StatementRef, Truth};
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

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

    /// The verdict in one word, for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Dead(_) => "dead",
            Verdict::DeniedEverything(_) => "denied",
            Verdict::NothingAllowed => "powerless",
            Verdict::Allowed { .. } => "ALIVE",
            Verdict::Unknown(_) => "UNKNOWN",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Dead(dead) => write!(f, "dead: {dead}"),
            Verdict::DeniedEverything(by) => write!(f, "denied everything by {by}"),
            Verdict::NothingAllowed => f.write_str("no policy allows it anything"),
            Verdict::Allowed { action, resource, by } => {
                write!(f, "still allowed, for example {action} on {resource}")?;
                match by {
                    Some(by) => write!(f, " (by {by})"),
                    None => f.write_str(" (root needs no policy)"),
                }
            }
            Verdict::Unknown(gaps) => {
                let gaps: BTreeSet<String> = gaps.iter().map(Gap::to_string).collect();
                let gaps: Vec<String> = gaps.into_iter().collect();
                write!(f, "unknown: {}", gaps.join("; "))
            }
        }
    }
}

/// The verdict on the credential `key`, a long-term key of `account` or one of `sessions`, at `now`.
pub fn verdict(account: &Account, sessions: &[Session], key: &AccessKeyId, now: Moment) -> Verdict {
    match Standing::of(account, sessions, key, now) {
        Err(Dead::NoSuchKey) if !account.credentials_were_read() => {
            Verdict::Unknown(vec![Gap::Unread("the credentials of every user".to_owned())])
        }
        Err(dead) => Verdict::Dead(dead),
        Ok(standing) => judge(&standing),
    }
}

/// The verdict on a long-term key that is known to be nobody's but `owner`'s: when that user's credentials were read, or the user
/// is gone, a key that isn't found there is dead, whatever else was not read.
pub fn verdict_on_key_of(account: &Account, owner: &str, key: &AccessKeyId, now: Moment) -> Verdict {
    let read = account
        .users
        .get(owner)
        .is_none_or(crate::account::User::access_keys_were_read);
    match Standing::of(account, &[], key, now) {
        Err(Dead::NoSuchKey) if !read => {
            Verdict::Unknown(vec![Gap::Unread(format!("the credentials of user `{owner}`"))])
        }
        Err(dead) => Verdict::Dead(dead),
        Ok(standing) => judge(&standing),
    }
}

/// The verdict on a standing.
fn judge(standing: &Standing<'_>) -> Verdict {
    if let Some(statement) = denies_everything(standing) {
        return Verdict::DeniedEverything(statement);
    }
    if standing.principal.kind == crate::policy::PrincipalKind::Root {
        return Verdict::Allowed {
            action: "iam:CreateAccessKey".to_owned(),
            resource: "*".to_owned(),
            by: None,
        };
    }
    let mut doubts = standing.policies.gaps.clone();
    let mut denied_examples = false;
    for Candidate {
        action,
        resource,
        exact,
    } in requests(standing)
    {
        let forbidden = standing.session.and_then(|session| session_forbids(session, &action));
        if forbidden.is_some() || needs_no_permission(&action) {
            continue;
        }
        match standing.decide_whatever_else(&action, &resource) {
            Outcome::Allowed(by) => return Verdict::Allowed { action, resource, by },
            Outcome::Unknown(gaps) => doubts.extend(gaps),
            Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => denied_examples |= !exact,
        }
    }
    if denied_examples && doubts.is_empty() {
        // Examples that are all denied prove nothing about what they are examples of.
        doubts.push(Gap::Unsupported(
            "statements that allow something are there, and every example tried is denied".to_owned(),
        ));
    }
    if standing.account.resources.is_none() {
        doubts.push(Gap::Unread(
            "resource-based policies that may name this principal".to_owned(),
        ));
    }
    if doubts.is_empty() {
        Verdict::NothingAllowed
    } else {
        Verdict::Unknown(doubts)
    }
}

/// The statement in force that denies every action on every resource, whatever else a request brings.
fn denies_everything(standing: &Standing<'_>) -> Option<StatementRef> {
    standing.policies.all().find_map(|placed| {
        let statements = placed.document.statements.iter().enumerate();
        let mut denying = statements.filter(|(_, statement)| {
            statement.denies_everything(&placed.document, &standing.principal, &standing.context) == Truth::True
        });
        denying.next().map(|(n, statement)| StatementRef {
            source: placed.source.clone(),
            number: n + 1,
            sid: statement.sid.clone(),
        })
    })
}

/// A request that some allow may cover.
struct Candidate {
    action: String,
    resource: String,
    /// Whether it is the whole of what it stands for, and not an example of a wildcard.
    exact: bool,
}

/// Requests that some allow in force may cover: of its own policies, of resources, and of trust policies.
fn requests(standing: &Standing<'_>) -> Vec<Candidate> {
    let own = standing
        .policies
        .identity
        .iter()
        .chain(standing.policies.session.iter().flatten());
    let statements: Vec<&crate::policy::Statement> = own.flat_map(|placed| &placed.document.statements).collect();
    let on_resources = standing
        .account
        .resources
        .iter()
        .flat_map(|resources| resources.values());
    let documents: Vec<crate::policy::Document> = on_resources
        .filter_map(|resource| resource.policy.as_ref()?.parse().ok())
        .collect();
    let statements = statements
        .into_iter()
        .chain(documents.iter().flat_map(|document| &document.statements));
    let allowing = statements.filter(|statement| statement.effect == Effect::Allow);
    let examples = allowing.flat_map(|statement| examples::of(statement, standing.account));
    let examples = examples.map(|(action, resource)| Candidate {
        action,
        resource,
        exact: false,
    });
    let roles = standing.account.roles.values().map(|role| Candidate {
        action: "sts:AssumeRole".to_owned(),
        resource: standing.account.role_arn(role).to_string(),
        exact: true,
    });
    examples.chain(roles).collect()
}

/// What everybody else can do: every user by an active key and every role by a fresh session. Compared before and after, it
/// tells whether innocents are hit.
pub fn bystanders(account: &Account, now: Moment) -> BTreeMap<String, Verdict> {
    let users = account.users.values().map(|user| {
        let verdict = judge(&Standing::of_user(account, user));
        (account.user_arn(user).to_string(), verdict)
    });
    let roles = account.roles.values().map(|role| {
        let verdict = judge(&Standing::of_fresh_role(account, role, now));
        (account.role_arn(role).to_string(), verdict)
    });
    users.chain(roles).collect()
}

#[cfg(test)]
mod tests;
