//! `String…` and `Arn…` operators.

use crate::policy::glob::glob;
use crate::policy::variable::literal;

pub(super) fn equals(policy: &str, context: &str) -> Option<bool> {
    Some(literal(policy) == literal(context))
}

pub(super) fn equals_ignoring_case(policy: &str, context: &str) -> Option<bool> {
    Some(literal(policy).to_lowercase() == literal(context).to_lowercase())
}

pub(super) fn like(policy: &str, context: &str) -> Option<bool> {
    Some(glob(policy, &literal(context)))
}

/// ARNs are compared part by part, wildcards allowed, with ArnEquals as with ArnLike.
pub(super) fn arn(policy: &str, context: &str) -> Option<bool> {
    let context = literal(context);
    let wanted: Vec<&str> = policy.splitn(6, ':').collect();
    let parts: Vec<&str> = context.splitn(6, ':').collect();
    if policy == "*" {
        return Some(true);
    }
    let alike = wanted.len() == parts.len() && wanted.iter().zip(&parts).all(|(wanted, part)| glob(wanted, part));
    Some(alike)
}
