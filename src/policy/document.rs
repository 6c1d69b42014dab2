//! Policy documents: the text that AWS stores, and what it says.

use super::condition::Condition;
use super::pattern::{ActionPattern, ResourcePattern};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A policy document as text, byte for byte as AWS stores it. Snapshot files may also hold it as a JSON object.
///
/// It is parsed once, however often it is asked what it says and wherever a copy of it stands.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "serde_json::Value", into = "String")]
pub struct PolicyText(Arc<Text>);

struct Text {
    written: String,
    parsed: OnceLock<Result<Arc<Document>, PolicyError>>,
}

impl PolicyText {
    /// The document as it was written.
    pub fn new(text: impl Into<String>) -> Self {
        PolicyText(Arc::new(Text {
            written: text.into(),
            parsed: OnceLock::new(),
        }))
    }

    /// Whether a statement denies everything on everything, whatever its conditions; a document that cannot be read denies nothing that is known.
    pub fn denies_everything_somewhere(&self) -> bool {
        self.parse().is_ok_and(|parsed| {
            parsed
                .statements
                .iter()
                .any(super::Statement::denies_everything_but_for_conditions)
        })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0.written
    }

    /// Its size as IAM counts it against quotas: characters without white space.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    pub fn counted_size(&self) -> usize {
        self.as_str().chars().filter(|c| !c.is_whitespace()).count()
    }

    /// What the document says.
    ///
    /// # Errors
    /// The document is none.
    pub fn parse(&self) -> Result<Arc<Document>, PolicyError> {
        let parse = || Document::parse(self.as_str()).map(Arc::new);
        self.0.parsed.get_or_init(parse).clone()
    }
}

impl PartialEq for PolicyText {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.as_str() == other.as_str()
    }
}

impl Eq for PolicyText {}

impl std::hash::Hash for PolicyText {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for PolicyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<PolicyText> for String {
    fn from(text: PolicyText) -> String {
        text.as_str().to_owned()
    }
}

impl From<serde_json::Value> for PolicyText {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => PolicyText::new(text),
            other => PolicyText::new(other.to_string()),
        }
    }
}

/// A document that IAM would refuse, with the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed policy at line {line}, column {column}: {message}")]
pub struct PolicyError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
    /// Whether it is an element that this program doesn't know, and not a mistake in one that it does: then the document may be
    /// a sound one in a newer language, and what it says is not known.
    pub unknown_element: bool,
}

/// What a policy document says.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// `Version`, as written: policy variables are replaced with 2012-10-17 only; without a version the older one holds.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
    pub version: Option<Version>,
    /// `Id`, as written.
    pub id: Option<String>,
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// The versions of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, without policy variables.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// A list that a statement names, or names the complement of.
#[derive(Debug, Clone, PartialEq)]
pub enum Listed<T> {
    /// `Action`, `Resource`, `Principal`: these.
    These(T),
    /// `NotAction`, `NotResource`, `NotPrincipal`: all but these.
    AllBut(T),
}

impl Document {
    /// Whom its statements name that allow something, as a trust policy does; `None` where one allows all but some, or names nobody at all.
    pub fn allowed(&self) -> Option<Vec<Named>> {
        let mut all = Vec::new();
        for statement in self.statements.iter().filter(|one| one.effect == Effect::Allow) {
            match &statement.principal {
                Some(Listed::These(named)) => all.extend(named.iter().cloned()),
                _ => return None,
            }
        }
        Some(all)
    }
}

/// One entry of a `Principal` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// `"*"`, everybody.
    Everybody,
    /// `AWS`: an account, an ARN, a unique ID, or `*`.
    Aws(String),
    /// `Service`.
    Service(String),
    /// `Federated`: a SAML or OIDC provider.
    Federated(String),
    /// `CanonicalUser`, of S3.
    CanonicalUser(String),
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its `Sid`, where it has one.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it is about; `None` in identity policies.
    pub principal: Option<Listed<Vec<Named>>>,
    /// Which actions.
    pub actions: Listed<Vec<ActionPattern>>,
    /// Which resources; `None` in trust policies.
    pub resources: Option<Listed<Vec<ResourcePattern>>>,
    /// Under which conditions, all of which must hold.
    pub conditions: Vec<Condition>,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}
