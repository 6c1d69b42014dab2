//! `DateEquals`, `DateLessThan` and their kin: ISO 8601 or seconds since the epoch, without wildcards and variables.

use super::{Held, Operator, Value, op};
use crate::policy::truth::Truth;
use crate::time::Moment;
use std::cmp::Ordering;

pub(super) const OPERATORS: &[Operator] = &[
    op("DateEquals", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_eq)
    }),
    op("DateNotEquals", true, read, |wanted, held| {
        compare(wanted, held, Ordering::is_eq)
    }),
    op("DateLessThan", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_lt)
    }),
    op("DateLessThanEquals", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_le)
    }),
    op("DateGreaterThan", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_gt)
    }),
    op("DateGreaterThanEquals", false, read, |wanted, held| {
        compare(wanted, held, Ordering::is_ge)
    }),
];

fn read(text: &str, _: bool) -> Value {
    text.trim()
        .parse()
        .map_or_else(|_| Value::Odd(text.to_owned()), Value::Date)
}

fn compare(wanted: &Value, held: Held<'_>, fits: fn(Ordering) -> bool) -> Truth {
    match (wanted, held.text.trim().parse::<Moment>()) {
        (Value::Date(wanted), Ok(date)) => fits(date.cmp(wanted)).into(),
        (Value::Date(_), Err(_)) => Truth::unsupported(format!("the value `{}` as a date", held.text)),
        _ => Truth::False,
    }
}
