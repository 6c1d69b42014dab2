//! Whether a record is what a rule looks for.

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
pub fn is_one_of(records: Records, record: &impl Members) -> bool {
    records.iter().any(|tests| tests.iter().all(|test| holds(test, record)))
}

fn holds(test: &Test, record: &impl Members) -> bool {
    let Some(text) = record.text(test.field) else {
        return test.is == Is::Absent;
    };
    let other = |field| record.text(field);
    match test.is {
        Is::Any(texts) => texts.contains(&&*text),
        Is::NotAny(texts) => !texts.contains(&&*text),
        Is::Begins(fronts) => fronts.iter().any(|front| text.starts_with(front)),
        Is::NotBegins(fronts) => !fronts.iter().any(|front| text.starts_with(front)),
        Is::NotEnds(ends) => !ends.iter().any(|end| text.ends_with(end)),
        Is::Holds(parts) => parts.iter().any(|part| text.contains(part)),
        Is::NotHolds(parts) => !parts.iter().any(|part| text.contains(part)),
        Is::There => true,
        Is::Absent => false,
        Is::SameAs(field) => other(field).is_some_and(|other| other == text),
        Is::OtherThan(field) => other(field).is_some_and(|other| other != text),
    }
}
