//! `Numeric…`, `Date…`, `Bool` and `BinaryEquals`.

use crate::time::Moment;
use std::cmp::Ordering;

fn numbers(policy: &str, context: &str) -> Option<Option<Ordering>> {
    let wanted: f64 = policy.trim().parse().ok()?;
    let found: Option<f64> = context.trim().parse().ok();
    Some(found.and_then(|found| found.partial_cmp(&wanted)))
}

fn dates(policy: &str, context: &str) -> Option<Option<Ordering>> {
    let wanted: Moment = policy.trim().parse().ok()?;
    let found: Option<Moment> = context.trim().parse().ok();
    Some(found.map(|found| found.cmp(&wanted)))
}

pub(super) fn number_eq(policy: &str, context: &str) -> Option<bool> {
    numbers(policy, context).map(|order| order == Some(Ordering::Equal))
}

pub(super) fn number_lt(policy: &str, context: &str) -> Option<bool> {
    numbers(policy, context).map(|order| order == Some(Ordering::Less))
}

pub(super) fn number_le(policy: &str, context: &str) -> Option<bool> {
    numbers(policy, context).map(|order| order.is_some_and(Ordering::is_le))
}

pub(super) fn number_gt(policy: &str, context: &str) -> Option<bool> {
    numbers(policy, context).map(|order| order == Some(Ordering::Greater))
}

pub(super) fn number_ge(policy: &str, context: &str) -> Option<bool> {
    numbers(policy, context).map(|order| order.is_some_and(Ordering::is_ge))
}

pub(super) fn date_eq(policy: &str, context: &str) -> Option<bool> {
    dates(policy, context).map(|order| order == Some(Ordering::Equal))
}

pub(super) fn date_lt(policy: &str, context: &str) -> Option<bool> {
    dates(policy, context).map(|order| order == Some(Ordering::Less))
}

pub(super) fn date_le(policy: &str, context: &str) -> Option<bool> {
    dates(policy, context).map(|order| order.is_some_and(Ordering::is_le))
}

pub(super) fn date_gt(policy: &str, context: &str) -> Option<bool> {
    dates(policy, context).map(|order| order == Some(Ordering::Greater))
}

pub(super) fn date_ge(policy: &str, context: &str) -> Option<bool> {
    dates(policy, context).map(|order| order.is_some_and(Ordering::is_ge))
}

pub(super) fn boolean(policy: &str, context: &str) -> Option<bool> {
    match policy.to_ascii_lowercase().as_str() {
        "true" | "false" => Some(policy.eq_ignore_ascii_case(context)),
        _ => None,
    }
}

/// Both sides are base64 of the same bytes; padding is canonical in both, so the texts are compared.
pub(super) fn binary(policy: &str, context: &str) -> Option<bool> {
    Some(policy == context)
}
