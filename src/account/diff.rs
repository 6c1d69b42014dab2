//! The structural difference between two accounts, in words that name the entity and the member.

use super::Account;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Where: `users.ann.inline.Deny`, in the words of the snapshot file.
    pub path: String,
    /// What was there; `None` when it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there now; `None` when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Every difference between two accounts, ordered by path. Empty when they are equal.
pub fn diff(before: &Account, after: &Account) -> Vec<Change> {
    let as_value = |account: &Account| serde_json::to_value(account).unwrap_or(Value::Null);
    let mut changes = Vec::new();
    walk("", &as_value(before), &as_value(after), &mut changes);
    changes
}

fn walk(path: &str, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            changes.push(Change {
                path: path.to_owned(),
                before: Some(before.clone()),
                after: Some(after.clone()),
            });
        }
        return;
    };
    let mut members: Vec<&String> = old.keys().chain(new.keys()).collect();
    members.sort();
    members.dedup();
    for member in members {
        let inner = match path {
            "" => member.clone(),
            _ => format!("{path}.{member}"),
        };
        match (old.get(member), new.get(member)) {
            (Some(old), Some(new)) => walk(&inner, old, new, changes),
            (old, new) => changes.push(Change {
                path: inner,
                before: old.cloned(),
                after: new.cloned(),
            }),
        }
    }
}
