//! `NumericEquals`, `NumericLessThan` and their kin, on integers and decimals.

use super::{Held, Operator, Value};
use crate::policy::truth::Truth;
use std::cmp::Ordering;

const fn op(name: &'static str, negated: bool, fits: fn(&Value, Held<'_>) -> Truth) -> Operator {
    Operator {
        name,
        negated,
        read,
        fits,
    }
}

pub(super) const OPERATORS: &[Operator] = &[
    op("NumericEquals", false, |wanted, held| {
        compare(wanted, held, Ordering::is_eq)
    }),
    op("NumericNotEquals", true, |wanted, held| {
        compare(wanted, held, Ordering::is_eq)
    }),
    op("NumericLessThan", false, |wanted, held| {
        compare(wanted, held, Ordering::is_lt)
    }),
    op("NumericLessThanEquals", false, |wanted, held| {
        compare(wanted, held, Ordering::is_le)
    }),
    op("NumericGreaterThan", false, |wanted, held| {
        compare(wanted, held, Ordering::is_gt)
    }),
    op("NumericGreaterThanEquals", false, |wanted, held| {
        compare(wanted, held, Ordering::is_ge)
    }),
];

fn read(text: &str, _: bool) -> Value {
    number(text).map_or_else(|| Value::Odd(text.to_owned()), Value::Number)
}

fn compare(wanted: &Value, held: Held<'_>, fits: fn(Ordering) -> bool) -> Truth {
    match (wanted, number(held.text)) {
        (Value::Number(wanted), Some(number)) => number.partial_cmp(wanted).is_some_and(fits).into(),
        (Value::Number(_), None) => Truth::unsupported(format!("the value `{}` as a number", held.text)),
        _ => Truth::False,
    }
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    number.is_finite().then_some(number)
}
