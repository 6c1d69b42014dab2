//! Conditions: one operator on one key against the context.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//!
//! Each family of operators has its own file, and [`FAMILIES`] lists them. A family says only what a value of the policy is
//! and whether a value of the context fits it; several values, negation, absent keys, `IfExists` and the set operators are here.

mod address;
mod date;
mod numeric;
mod text;

use super::pattern::Parts;
use super::truth::Truth;
use super::variable::Text;
use super::{Context, Gap};
use crate::time::Moment;
pub(crate) use address::Range;

/// A condition, compiled.
#[derive(Debug, Clone)]
pub struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
    lower: String,
    test: Test,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        (&self.operator, &self.key, &self.values) == (&other.operator, &other.key, &other.values)
    }
}

/// What its operator does.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    /// `Null`: whether the key must be absent, for each value; `None` for a value that is neither true nor false.
    Null(Vec<Option<bool>>),
    /// Compares.
    Compare {
        operator: &'static Operator,
        quantity: Quantity,
        if_exists: bool,
        values: Vec<Value>,
    },
    /// An operator that this program doesn't know.
    Unsupported,
}

/// One operator without prefix and suffix.
#[derive(Debug)]
pub(crate) struct Operator {
    name: &'static str,
    /// Whether it is the negation of its test: no value of the policy fits.
    pub(crate) negated: bool,
    /// Reads a value of the policy; the flag says whether `${...}` is a variable.
    read: fn(&str, bool) -> Value,
    /// Whether a value of the context fits one of the policy.
    fits: fn(&Value, Held<'_>) -> Truth,
}

/// One row of a family's table.
const fn op(
    name: &'static str,
    negated: bool,
    read: fn(&str, bool) -> Value,
    fits: fn(&Value, Held<'_>) -> Truth,
) -> Operator {
    Operator {
        name,
        negated,
        read,
        fits,
    }
}

/// A value of a policy as its operator reads it.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Text),
    Arn(Text, Option<Box<Parts>>),
    Number(f64),
    Date(Moment),
    Range(Range),
    /// None that the operator can compare with.
    Odd(String),
}

/// A value of the context, beside what is needed to compare it.
#[derive(Clone, Copy)]
struct Held<'a> {
    text: &'a str,
    context: &'a Context,
}

const FAMILIES: [&[Operator]; 4] = [text::OPERATORS, numeric::OPERATORS, date::OPERATORS, address::OPERATORS];

/// How several values of one key are taken together.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantity {
    Single,
    All,
    Any,
}

impl Condition {
    /// The condition that a statement writes; `variables` says whether `${...}` in it is a variable.
    pub fn new(operator: String, key: String, values: Vec<String>, variables: bool) -> Self {
        Condition {
            test: test(&operator, &values, variables),
            lower: key.to_ascii_lowercase(),
            operator,
            key,
            values,
        }
    }

    /// The operator as written, such as `ForAllValues:StringLikeIfExists`.
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// The key as written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The values as written.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// The key in lower case.
    pub(crate) fn lower_key(&self) -> &str {
        &self.lower
    }

    /// What the operator does.
    pub(crate) fn test(&self) -> &Test {
        &self.test
    }

    /// Whether it holds in `context`.
    pub(super) fn holds(&self, context: &Context) -> Truth {
        let values = context.get_lower(&self.lower);
        let free = || Truth::unknown(Gap::FreeKey(self.key.clone()));
        match &self.test {
            Test::Unsupported => Truth::unsupported(format!("condition operator `{}`", self.operator)),
            Test::Null(wanted) => match values {
                Some(values) => null(wanted, values.iter().all(String::is_empty)),
                None if context.is_untold(&self.lower) => null(wanted, false),
                None => free(),
            },
            Test::Compare {
                operator,
                quantity,
                if_exists,
                values: wanted,
            } => {
                let Some(values) = values else {
                    return free();
                };
                let mut each = values.iter().map(|held| one_value(operator, wanted, held, context));
                let is_null = || values.iter().all(String::is_empty);
                match (quantity, values) {
                    (_, []) if *if_exists => Truth::True,
                    (Quantity::Single, []) => operator.negated.into(),
                    (Quantity::Single, [_]) => each.next().unwrap_or(Truth::False),
                    (Quantity::Single, _) => self.of_several(operator, each),
                    // A key that holds nothing but empty texts is a null data set, as an absent one is.
                    (Quantity::All, _) if is_null() => Truth::True,
                    (Quantity::Any, _) if is_null() => Truth::False,
                    (Quantity::All, _) => Truth::all(each),
                    (Quantity::Any, _) => Truth::any(each),
                }
            }
        }
    }

    /// A multivalued key wants `ForAllValues` or `ForAnyValue`, and what happens without is not said. Where no value of the request
    /// fits, it doesn't hold however they are taken together; of a negated operator even that isn't known.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    fn of_several(&self, operator: &Operator, mut each: impl Iterator<Item = Truth>) -> Truth {
        if !operator.negated && each.all(|truth| truth.is_false()) {
            return Truth::False;
        }
        Truth::unsupported(format!(
            "`{}` without ForAllValues or ForAnyValue on the multivalued key `{}`",
            self.operator, self.key
        ))
    }
}

fn test(written: &str, values: &[String], variables: bool) -> Test {
    let (quantity, rest) = match written.split_once(':') {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAllValues") => (Quantity::All, rest),
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("ForAnyValue") => (Quantity::Any, rest),
        _ => (Quantity::Single, written),
    };
    if rest.eq_ignore_ascii_case("Null") && quantity == Quantity::Single {
        let wanted = values.iter().map(|value| match value.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        });
        return Test::Null(wanted.collect());
    }
    let (name, if_exists) = match strip_if_exists(rest) {
        Some(name) => (name, true),
        None => (rest, false),
    };
    let mut operators = FAMILIES.iter().copied().flatten();
    let Some(operator) = operators.find(|operator| operator.name.eq_ignore_ascii_case(name)) else {
        return Test::Unsupported;
    };
    Test::Compare {
        operator,
        quantity,
        if_exists,
        values: values.iter().map(|value| (operator.read)(value, variables)).collect(),
    }
}

fn strip_if_exists(name: &str) -> Option<&str> {
    let (front, suffix) = name.split_at_checked(name.len().checked_sub("IfExists".len())?)?;
    suffix.eq_ignore_ascii_case("IfExists").then_some(front)
}

/// `Null`: `"true"` wants the key absent, `"false"` wants it there and not empty.
fn null(wanted: &[Option<bool>], absent: bool) -> Truth {
    Truth::any(wanted.iter().map(|wanted| match wanted {
        Some(wanted) => (*wanted == absent).into(),
        None => Truth::unsupported("`Null` with a value that is neither true nor false"),
    }))
}

/// One value of the context against all of the policy: one must fit or, for a negated operator, none may.
fn one_value(operator: &Operator, wanted: &[Value], held: &str, context: &Context) -> Truth {
    let held = Held { text: held, context };
    let fits = Truth::any(wanted.iter().map(|wanted| match wanted {
        Value::Odd(text) => Truth::unsupported(format!("the value `{text}` with `{}`", operator.name)),
        wanted => (operator.fits)(wanted, held),
    }));
    if operator.negated { !fits } else { fits }
}
