//! Conditions: one table of operators, one file for each family.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

mod address;
mod scalar;
mod text;

use super::document::Condition;
use super::truth::Truth;
use super::variable::{Unresolved, resolve};
use super::{Context, Gap};

/// Compares one value of the context with one of the policy. `None`: the policy's value is none of this type.
type Compare = fn(policy: &str, context: &str) -> Option<bool>;

/// One operator.
struct Operator {
    name: &'static str,
    /// Whether it is the negation of `compare`.
    negated: bool,
    /// Whether variables are replaced in its values.
    variables: bool,
    compare: Compare,
}

const fn op(name: &'static str, negated: bool, variables: bool, compare: Compare) -> Operator {
    Operator {
        name,
        negated,
        variables,
        compare,
    }
}

const OPERATORS: [Operator; 26] = [
    op("StringEquals", false, true, text::equals),
    op("StringNotEquals", true, true, text::equals),
    op("StringEqualsIgnoreCase", false, true, text::equals_ignoring_case),
    op("StringNotEqualsIgnoreCase", true, true, text::equals_ignoring_case),
    op("StringLike", false, true, text::like),
    op("StringNotLike", true, true, text::like),
    op("ArnEquals", false, true, text::arn),
    op("ArnNotEquals", true, true, text::arn),
    op("ArnLike", false, true, text::arn),
    op("ArnNotLike", true, true, text::arn),
    op("NumericEquals", false, false, scalar::number_eq),
    op("NumericNotEquals", true, false, scalar::number_eq),
    op("NumericLessThan", false, false, scalar::number_lt),
    op("NumericLessThanEquals", false, false, scalar::number_le),
    op("NumericGreaterThan", false, false, scalar::number_gt),
    op("NumericGreaterThanEquals", false, false, scalar::number_ge),
    op("DateEquals", false, false, scalar::date_eq),
    op("DateNotEquals", true, false, scalar::date_eq),
    op("DateLessThan", false, false, scalar::date_lt),
    op("DateLessThanEquals", false, false, scalar::date_le),
    op("DateGreaterThan", false, false, scalar::date_gt),
    op("DateGreaterThanEquals", false, false, scalar::date_ge),
    op("Bool", false, true, scalar::boolean),
    op("BinaryEquals", false, false, scalar::binary),
    op("IpAddress", false, false, address::within),
    op("NotIpAddress", true, false, address::within),
];

/// How several values of one key are taken together.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[derive(Clone, Copy, PartialEq)]
enum Quantifier {
    Single,
    ForAll,
    ForAny,
}

/// Whether `condition` holds in `context`; `variables` says whether its document replaces them.
pub(super) fn holds(condition: &Condition, context: &Context, variables: bool) -> Truth {
    let written = condition.operator.as_str();
    let (quantifier, bare) = match written.split_once(':') {
        Some((prefix, bare)) if prefix.eq_ignore_ascii_case("ForAllValues") => (Quantifier::ForAll, bare),
        Some((prefix, bare)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (Quantifier::ForAny, bare),
        _ => (Quantifier::Single, written),
    };
    let found = context.get(&condition.key);
    if bare.eq_ignore_ascii_case("Null") {
        return null(condition, found);
    }
    let (name, if_exists) = match strip_if_exists(bare) {
        Some(name) => (name, true),
        None => (bare, false),
    };
    let unsupported = || Truth::unknown(Gap::Unsupported(format!("condition operator `{written}`")));
    let Some(operator) = OPERATORS
        .iter()
        .find(|operator| operator.name.eq_ignore_ascii_case(name))
    else {
        return unsupported();
    };
    let Some(values) = found else {
        return Truth::unknown(Gap::FreeKey(condition.key.clone()));
    };
    if values.is_empty() {
        // Missing key: a negated operator holds, ForAllValues holds, ForAnyValue doesn't.
        let holds =
            if_exists || quantifier == Quantifier::ForAll || (operator.negated && quantifier == Quantifier::Single);
        return holds.into();
    }
    match wanted(condition, context, variables && operator.variables) {
        Ok(wanted) => quantified(operator, quantifier, &wanted, values).unwrap_or_else(unsupported),
        Err(gap) => Truth::unknown(gap),
    }
}

fn strip_if_exists(name: &str) -> Option<&str> {
    let cut = name.len().checked_sub("IfExists".len())?;
    let suffix = name.get(cut..)?;
    suffix
        .eq_ignore_ascii_case("IfExists")
        .then(|| name.get(..cut))
        .flatten()
}

/// `Null`: `"true"` wants the key absent, `"false"` wants it present.
fn null(condition: &Condition, found: Option<&[String]>) -> Truth {
    let Some(values) = found else {
        return Truth::unknown(Gap::FreeKey(condition.key.clone()));
    };
    let absent = values.is_empty();
    Truth::any(
        condition
            .values
            .iter()
            .map(|wanted| match wanted.to_ascii_lowercase().as_str() {
                "true" => Truth::from(absent),
                "false" => Truth::from(!absent),
                _ => Truth::unknown(Gap::Unsupported(format!("`Null` with the value `{wanted}`"))),
            }),
    )
}

/// The policy's values with variables replaced; one that has no value is left out, so that it matches nothing.
fn wanted(condition: &Condition, context: &Context, variables: bool) -> Result<Vec<String>, Gap> {
    if !variables {
        return Ok(condition.values.clone());
    }
    let mut wanted = Vec::new();
    for value in &condition.values {
        match resolve(value, context) {
            Ok(value) => wanted.push(value),
            Err(Unresolved::Absent) => {}
            Err(Unresolved::Free(gap)) => return Err(gap),
        }
    }
    Ok(wanted)
}

/// `None` when a policy value is none of the operator's type.
fn quantified(operator: &Operator, quantifier: Quantifier, wanted: &[String], values: &[String]) -> Option<Truth> {
    let one = |value: &String| -> Option<bool> {
        let mut hit = false;
        for wanted in wanted {
            hit |= (operator.compare)(wanted, value)?;
        }
        Some(hit != operator.negated)
    };
    let each: Vec<bool> = values.iter().map(one).collect::<Option<_>>()?;
    let holds = match quantifier {
        Quantifier::ForAll => each.iter().all(|hit| *hit),
        Quantifier::ForAny => each.iter().any(|hit| *hit),
        // A single-valued operator on a key with several values: negated means none of them, else any of them.
        Quantifier::Single if operator.negated => each.iter().all(|hit| *hit),
        Quantifier::Single => each.iter().any(|hit| *hit),
    };
    Some(holds.into())
}
