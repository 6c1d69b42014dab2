//! A trust policy as it would be with a change.

use crate::account::{Account, Role};
use crate::policy::{Condition, Effect, Listed, Named, Statement};
use serde_json::{Map, Value, json};

/// The statements of a trust policy as JSON, each with what it says.
pub(super) fn statements(role: &Role) -> Option<(Value, Vec<Statement>)> {
    let parsed = role.trust.parse().ok()?;
    Some((parsed.to_json(), parsed.statements.clone()))
}

/// The document with each statement that allows changed; `None` where none was.
pub(super) fn changed(
    role: &Role,
    mut change: impl FnMut(&Statement, &mut Map<String, Value>) -> bool,
) -> Option<Value> {
    let (mut document, parsed) = statements(role)?;
    let all = document.get_mut("Statement")?.as_array_mut()?;
    let mut is_changed = false;
    for (json, statement) in all.iter_mut().zip(&parsed) {
        if let Some(object) = json.as_object_mut().filter(|_| statement.effect == Effect::Allow) {
            is_changed |= change(statement, object);
        }
    }
    all.iter_mut().for_each(leave_dead_out);
    // What names nobody any more goes.
    all.retain(|statement| {
        statement
            .get("Principal")
            .is_none_or(|principal| *principal != json!({}))
    });
    (is_changed && !all.is_empty()).then_some(document)
}

/// Whether a principal is the unique ID that stands in the place of a user or role that was deleted. IAM refuses a policy that names it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
pub(super) fn is_dead(name: &str) -> bool {
    let is_kind = name.starts_with("AIDA") || name.starts_with("AROA");
    is_kind && name.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

/// Takes unique IDs of who was deleted out of a statement.
fn leave_dead_out(statement: &mut Value) {
    let Some(kinds) = statement.get_mut("Principal").and_then(Value::as_object_mut) else {
        return;
    };
    let is_empty = match kinds.get_mut("AWS") {
        Some(Value::Array(names)) => {
            names.retain(|name| !name.as_str().is_some_and(is_dead));
            names.is_empty()
        }
        Some(Value::String(name)) => is_dead(name),
        _ => false,
    };
    if is_empty {
        kinds.remove("AWS");
    }
}

/// The principal of a statement whose names of kind `AWS` are `aws`, and that names who else the statement named.
pub(super) fn principal(statement: &Statement, aws: &[String]) -> Value {
    let mut kinds: Map<String, Value> = Map::new();
    let mut push = |kind: &str, name: &str| {
        if let Value::Array(names) = kinds.entry(kind).or_insert_with(|| json!([])) {
            names.push(name.into());
        }
    };
    aws.iter().for_each(|name| push("AWS", name));
    for named in named(statement) {
        match named {
            Named::Service(name) => push("Service", name),
            Named::Federated(name) => push("Federated", name),
            Named::CanonicalUser(name) => push("CanonicalUser", name),
            Named::Aws(_) | Named::Everybody => {}
        }
    }
    Value::Object(kinds)
}

pub(super) fn named(statement: &Statement) -> &[Named] {
    match &statement.principal {
        Some(Listed::These(named)) => named,
        _ => &[],
    }
}

/// Whether the name stands for everybody of this account.
pub(super) fn is_whole_account(account: &Account, named: &Named) -> bool {
    matches!(named, Named::Aws(name) if *name == account.id.as_str() || name.ends_with(&format!("::{}:root", account.id)))
}

/// Whether the name stands for everybody at all.
pub(super) fn is_everybody(named: &Named) -> bool {
    match named {
        Named::Everybody => true,
        Named::Aws(name) => *name == "*",
        _ => false,
    }
}

/// Whether the name stands for everybody of this account, or everybody at all.
pub(super) fn is_wide(account: &Account, named: &Named) -> bool {
    is_everybody(named) || is_whole_account(account, named)
}

/// Whether it is a user or role of this account.
pub(super) fn is_own(account: &Account, named: &Named) -> bool {
    matches!(named, Named::Aws(name) if is_of(account, name) && !is_wide(account, named))
}

/// Whether an ARN is of this account.
pub(super) fn is_of(account: &Account, arn: &str) -> bool {
    arn.contains(&format!("::{}:", account.id))
}

/// Adds a condition to a statement, beside those that are there; `false` where the key is compared so already, which stays as it is.
pub(super) fn condition(object: &mut Map<String, Value>, operator: &str, key: &str, values: Value) -> bool {
    let conditions = object.entry("Condition").or_insert_with(|| json!({}));
    let Some(conditions) = conditions.as_object_mut() else {
        return false;
    };
    let operator = conditions.entry(operator).or_insert_with(|| json!({}));
    let Some(keys) = operator.as_object_mut() else {
        return false;
    };
    if keys.keys().any(|there| there.eq_ignore_ascii_case(key)) {
        return false;
    }
    keys.insert(key.to_owned(), values);
    true
}

/// Keys by which a condition holds a statement to some of those that it names.
const WHO: [&str; 9] = [
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principaltype",
    "aws:sourceidentity",
    "aws:userid",
    "aws:username",
    "sts:externalid",
];

/// Whether a condition holds the statement to some of those that it names, as far as its words tell: a name, a tag, an organization.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub(super) fn is_held(statement: &Statement) -> bool {
    let is_of_who = |condition: &Condition| {
        let key = condition.key().to_ascii_lowercase();
        WHO.contains(&&*key) || key.starts_with("aws:principaltag/")
    };
    let is_held_to = |condition: &Condition| {
        let operator = condition.operator().to_ascii_lowercase();
        let compares = operator.contains("string") || operator.contains("arn");
        let is_anything = |value: &String| value.chars().all(|letter| letter == '*');
        compares && !operator.contains("not") && !condition.values().iter().any(is_anything)
    };
    let mut conditions = statement.conditions.iter();
    conditions.any(|condition| is_of_who(condition) && is_held_to(condition))
}

pub(super) fn has_condition(statement: &Statement, keys: &[&str]) -> bool {
    let is = |key: &str| keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted));
    statement.conditions.iter().any(|condition| is(condition.key()))
}
