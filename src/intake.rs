//! Findings: what names the compromised key, in the place of the key itself.
//!
//! GuardDuty, Security Hub and AWS Health tell of a key in JSON, each in several forms: as its API answers, as EventBridge wraps it, as SNS wraps
//! that. Names of members are compared without case and separators, because the API writes `AccessKeyId` where EventBridge writes `accessKeyId`.
//! What is in none of the known forms is searched for everything that looks like a key ID; those are candidates, and a person must choose.

mod form;
mod written;

use crate::ids::{AccessKeyId, KeyKind};
use serde_json::Value;

pub use written::text;

/// How deep JSON within a JSON text is opened: EventBridge within SNS within SQS is three.
const WRAPPINGS: u8 = 4;

/// A key that a finding names at the place that is meant for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The key.
    pub key: AccessKeyId,
    /// What names it: "GuardDuty finding `UnauthorizedAccess:IAMUser/TorIPCaller`".
    pub by: String,
}

/// What a text tells of compromised keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intake {
    /// Keys that are named, in their order, each once.
    pub named: Vec<Named>,
    /// What looks like a key ID somewhere in the text; only where none is named.
    pub candidates: Vec<AccessKeyId>,
    /// What a finding says in the place of a key, such as the made-up name in a sample finding.
    pub remarks: Vec<String>,
}

/// Why a text names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// It is no text that can be read.
    #[error("it is no text in UTF-8, nor in UTF-16 behind the mark that says so")]
    NotText,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// Nothing in it looks like a key ID.
    #[error("nothing in it looks like an access key ID{}", said(.0))]
    NoKey(Vec<String>),
}

fn said(remarks: &[String]) -> String {
    remarks.iter().map(|remark| format!("; {remark}")).collect()
}

/// Reads a finding, a list of findings, one finding a line, key IDs one a line, or any text that key IDs stand in.
///
/// # Errors
/// The text names no key and nothing in it looks like one.
pub fn read(text: &str) -> Result<Intake, IntakeError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(IntakeError::Empty);
    }
    let mut intake = Intake::default();
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    match values {
        Ok(values) => values.iter().for_each(|value| intake.open(value, WRAPPINGS)),
        Err(_) => intake.lines(text),
    }
    if intake.named.is_empty() {
        intake.candidates = candidates(text);
    }
    match intake.named.is_empty() && intake.candidates.is_empty() {
        true => Err(IntakeError::NoKey(intake.remarks)),
        false => Ok(intake),
    }
}

/// Whether the ID is one of a key that signs requests.
fn signs(key: &AccessKeyId) -> bool {
    matches!(key.kind(), KeyKind::LongTerm | KeyKind::Temporary)
}

impl Intake {
    /// Takes in what a finding says in the place of a key.
    fn name(&mut self, text: &str, by: &str) {
        match text.parse::<AccessKeyId>().ok().filter(signs) {
            Some(key) if self.named.iter().any(|known| known.key == key) => {}
            Some(key) => self.named.push(Named { key, by: by.to_owned() }),
            None if text.is_empty() => self.remarks.push(format!("the {by} leaves its key ID empty")),
            None => self
                .remarks
                .push(format!("the {by} names `{text}`, which is no key ID")),
        }
    }

    /// Looks for findings in `value` and in what it wraps.
    fn open(&mut self, value: &Value, wrappings: u8) {
        match value {
            Value::Object(_) if form::take(value, self) => {}
            Value::Object(members) => members.values().for_each(|inner| self.open(inner, wrappings)),
            Value::Array(items) => items.iter().for_each(|item| self.open(item, wrappings)),
            Value::String(text) if wrappings > 0 && text.trim_start().starts_with(['{', '[']) => {
                if let Ok(inner) = serde_json::from_str::<Value>(text) {
                    self.open(&inner, wrappings - 1);
                }
            }
            _ => {}
        }
    }

    /// Key IDs one a line, and nothing else.
    fn lines(&mut self, text: &str) {
        let words = text.split_whitespace().map(str::parse::<AccessKeyId>);
        if let Ok(keys) = words.collect::<Result<Vec<_>, _>>() {
            keys.iter()
                .filter(|key| signs(key))
                .for_each(|key| self.name(key.as_str(), "list of keys"));
        }
    }
}

/// Everything that looks like the ID of a key, in its order, each once.
fn candidates(text: &str) -> Vec<AccessKeyId> {
    let mut found: Vec<AccessKeyId> = Vec::new();
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    for key in words.filter_map(|word| word.parse().ok()).filter(signs) {
        if !found.contains(&key) {
            found.push(key);
        }
    }
    found
}

#[cfg(test)]
mod tests;
