//! What a decision is about, and how it explains itself.

use super::{Context, Document, PolicyText, Principal};
use crate::ids::AccountId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// One question: may this principal do this action on this resource, in this context?
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// `service:Action`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for actions without one.
    pub resource: &'a str,
    /// The account that owns the resource; `None` for the principal's own.
    pub resource_account: Option<&'a AccountId>,
    /// Condition keys.
    pub context: &'a Context,
}

/// The kinds of policies that take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// Of a user, a group or a role.
    Identity,
    /// On the resource, a role's trust policy included.
    Resource,
    /// A permissions boundary.
    Boundary,
    /// Passed when the session was issued.
    Session,
    /// A service control policy.
    ServiceControl,
    /// A resource control policy.
    ResourceControl,
}

impl PolicyKind {
    /// The kind in AWS's words, as its AccessDenied messages use them.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
    pub fn describe(self) -> &'static str {
        match self {
            PolicyKind::Identity => "identity-based policy",
            PolicyKind::Resource => "resource-based policy",
            PolicyKind::Boundary => "permissions boundary",
            PolicyKind::Session => "session policy",
            PolicyKind::ServiceControl => "service control policy",
            PolicyKind::ResourceControl => "resource control policy",
        }
    }
}

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Its kind.
    pub kind: PolicyKind,
    /// In words: "inline policy `Deny` of user `ann`".
    pub name: Arc<str>,
}

/// A document with its place.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Where it stands.
    pub source: Source,
    /// What it says.
    pub document: Arc<Document>,
}

impl Placed {
    /// A policy's text with its place; `None` where it can't be read.
    pub fn read(kind: PolicyKind, name: &str, text: &PolicyText) -> Option<Placed> {
        let document = text.parse().ok()?;
        let name = Arc::from(name);
        Some(Placed {
            source: Source { kind, name },
            document,
        })
    }
}

/// Every policy that bears on one request.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    /// Of the user and its groups, or of the role.
    pub identity: Vec<Placed>,
    /// The permissions boundary; `None` where there is none.
    pub boundary: Option<Vec<Placed>>,
    /// Session policies; `None` where none were passed.
    pub session: Option<Vec<Placed>>,
    /// SCPs by level: each level must allow.
    pub service_control: Vec<Vec<Placed>>,
    /// RCPs of all levels.
    pub resource_control: Vec<Placed>,
    /// What is known to be missing from this set, such as a document that was not read.
    pub gaps: Vec<Gap>,
}

impl PolicySet {
    /// Every document in it.
    pub fn all(&self) -> impl Iterator<Item = &Placed> {
        self.identity
            .iter()
            .chain(self.boundary.iter().flatten())
            .chain(self.session.iter().flatten())
            .chain(self.service_control.iter().flatten())
            .chain(&self.resource_control)
    }
}

/// What stands on the resource that a request is about.
#[derive(Debug, Clone, Default)]
pub struct OnResource {
    /// Its resource-based policies.
    pub policies: Vec<Placed>,
    /// Whether they must allow by themselves, as trust policies and key policies must.
    pub must_allow: bool,
    /// What is known to be missing, such as a policy that was not read.
    pub gaps: Vec<Gap>,
}

/// One statement of one policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StatementRef {
    /// The policy.
    pub source: Source,
    /// The statement's place in the document, from 1.
    pub number: usize,
    /// Its `Sid`, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sid {
            Some(sid) => write!(f, "statement `{sid}` of {}", self.source.name),
            None => write!(f, "statement {} of {}", self.number, self.source.name),
        }
    }
}

/// Why an answer is neither yes nor no.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// A condition hangs on a key whose value is free.
    #[error("depends on the condition key `{0}`")]
    FreeKey(String),
    /// A construct that this program does not evaluate, with its place.
    #[error("not evaluated: {0}")]
    Unsupported(String),
    /// Something that was not read, such as the policy on a bucket.
    #[error("not read: {0}")]
    Unread(String),
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Allowed, by this statement; `None` for the root user, whom no statement needs to allow.
    Allowed(Option<StatementRef>),
    /// Denied by this statement.
    ExplicitDeny(StatementRef),
    /// Denied because no policy of this kind allows it.
    ImplicitDeny(PolicyKind),
    /// Neither can be said.
    Unknown(Vec<Gap>),
}

impl Outcome {
    /// Whether the answer is a plain yes.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Outcome::Allowed(_))
    }
}
