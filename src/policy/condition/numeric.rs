//! `NumericEquals`, `NumericLessThan` and their kin, on integers and decimals.

use super::{Held, Operator, Value, op};
use crate::policy::truth::Truth;
use std::cmp::Ordering;

pub(super) const OPERATORS: &[Operator] = &[
    op("NumericEquals", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_eq)
    }),
    op("NumericNotEquals", true, read, |wanted, held| {
        compare(wanted, held, Ordering::is_eq)
    }),
    op("NumericLessThan", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_lt)
    }),
    op("NumericLessThanEquals", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_le)
    }),
    op("NumericGreaterThan", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_gt)
    }),
    op("NumericGreaterThanEquals", false, read, |wanted, held| {
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
