//! Policy documents: the text that AWS stores, and what it says.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A policy document as text, byte for byte as AWS stores it. Snapshot files may also hold it as a JSON object.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "serde_json::Value", into = "String")]
pub struct PolicyText(String);

impl PolicyText {
    /// The document as it was written.
    pub fn new(text: impl Into<String>) -> Self {
        PolicyText(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its size as IAM counts it against quotas: characters without white space.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    pub fn counted_size(&self) -> usize {
        self.0.chars().filter(|c| !c.is_whitespace()).count()
    }

    /// What the document says.
    ///
    /// # Errors
    /// The document is one that IAM would refuse.
    pub fn parse(&self) -> Result<Document, PolicyError> {
        Document::parse(&self.0)
    }
}

impl fmt::Debug for PolicyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<PolicyText> for String {
    fn from(text: PolicyText) -> String {
        text.0
    }
}

impl From<serde_json::Value> for PolicyText {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => PolicyText(text),
            other => PolicyText(other.to_string()),
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
}

/// What a policy document says.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Whether policy variables are replaced: with version 2012-10-17 only; without a version the older one holds.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
    pub variables: bool,
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// A list that a statement names, or names the complement of.
#[derive(Debug, Clone, PartialEq)]
pub enum Listed<T> {
    /// `Action`, `Resource`, `Principal`: these.
    These(T),
    /// `NotAction`, `NotResource`, `NotPrincipal`: all but these.
    AllBut(T),
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
    /// `Federated` or `CanonicalUser`, which no credential of IAM or STS is.
    Other(String),
}

/// One condition: an operator, a key, and the values that it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The operator as written, such as `ForAllValues:StringLikeIfExists`.
    pub operator: String,
    /// The key as written.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
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
    pub actions: Listed<Vec<String>>,
    /// Which resources; `None` in trust policies.
    pub resources: Option<Listed<Vec<String>>>,
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
