//! Whether a record is what a rule looks for.

use super::denied::BOTH;
use super::rule::{Is, Records, Test};
use serde_json::Value;
use std::borrow::Cow;

/// Something that has members by their place.
pub trait Members {
    /// The text of the member; `None` where it isn't there.
    fn text(&self, field: &str) -> Option<Cow<'_, str>>;
}

impl Members for Value {
    fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        let found = field.split('.').try_fold(self, |value, name| value.get(name))?;
        match found {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Bool(_) | Value::Number(_) => Some(Cow::Owned(found.to_string())),
            _ => None,
        }
    }
}

/// Whether the record is one of these.
pub fn is_one_of(records: Records<'_>, record: &impl Members) -> bool {
    records.iter().any(|tests| tests.iter().all(|test| holds(test, record)))
}

/// Whether one thing holds of a record.
pub(super) fn holds(test: &Test<'_>, record: &impl Members) -> bool {
    let Some(text) = record.text(test.field) else {
        return test.is == Is::Absent;
    };
    let other = |field| record.text(field);
    match test.is {
        Is::Any(texts) => texts.contains(&&*text),
        Is::Begins(fronts) => fronts.iter().any(|front| text.starts_with(front)),
        Is::Holds(parts) => parts.iter().any(|part| text.contains(part)),
        Is::NotLike(patterns) => !patterns.iter().any(|pattern| is_like(&text, pattern)),
        Is::There => true,
        Is::Absent => false,
        Is::SameAs(field) => other(field).is_some_and(|other| other == text),
        Is::OtherThan(field) => other(field).is_some_and(|other| other != text),
        Is::Denies(what) => what.is_in(&text),
        Is::DeniesNeither => !BOTH.iter().any(|what| what.is_in(&text)),
    }
}

/// Whether a text is as a pattern says, in which a star stands for any text.
pub(super) fn is_like(text: &str, pattern: &str) -> bool {
    // Nearly all patterns are told by their first letter.
    let first = pattern.bytes().next().filter(|letter| *letter != b'*');
    if first.is_some_and(|letter| !text.as_bytes().starts_with(&[letter])) {
        return false;
    }
    let Some((front, rest)) = pattern.split_once('*') else {
        return text == pattern;
    };
    let Some(mut left) = text.strip_prefix(front) else {
        return false;
    };
    let mut rest = rest;
    while let Some((part, after)) = rest.split_once('*') {
        match left.split_once(part) {
            Some((_, behind)) => left = behind,
            None => return false,
        }
        rest = after;
    }
    left.ends_with(rest)
}
