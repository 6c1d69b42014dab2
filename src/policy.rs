//! The policy language: parse, match, decide, explain. Knows no users and makes no calls.
//!
//! A [`PolicyText`] is what AWS stores; [`Document`] is what it means. A statement says whether it matches a request; [`decide`]
//! combines statements by the documented logic (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>)
//! into an [`Outcome`] that names the statement that decided. What this program cannot evaluate is a [`Gap`], a third outcome that never becomes
//! allowed or denied.

mod condition;
mod context;
mod decide;
mod decision;
mod document;
mod glob;
mod matching;
mod parse;
mod principal;
mod truth;
mod variable;

pub use context::Context;
pub use decide::decide;
pub use decision::{Gap, Outcome, Placed, PolicyKind, PolicySet, Request, Source, StatementRef};
pub use document::{Condition, Document, Effect, Listed, Named, PolicyError, PolicyText, Statement};
pub use principal::{Principal, PrincipalKind};
pub use truth::Truth;

/// Whether an action pattern of a policy matches an action.
pub fn action_matches(pattern: &str, action: &str) -> bool {
    glob::glob_ignoring_case(pattern, action)
}

/// Whether a resource pattern of a policy, without variables, matches an ARN.
pub fn resource_matches(pattern: &str, arn: &str) -> bool {
    glob::glob_arn(pattern, arn)
}

#[cfg(test)]
mod tests;
