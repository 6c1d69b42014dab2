//! The policy language: parse, match, decide, explain. Knows no users and makes no calls.
//!
//! A [`PolicyText`] is what AWS stores; [`Document`] is what it means, compiled. [`decide`] combines documents by the documented logic
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>) into an [`Outcome`] that names the
//! statement that decided, and [`explain`] says of every other one why it didn't. What this program cannot evaluate is a [`Gap`], a third outcome that never becomes
//! allowed or denied.

mod atoms;
mod condition;
mod context;
mod decide;
mod decision;
mod document;
mod explain;
mod glob;
mod matching;
mod naming;
mod parse;
mod pattern;
mod principal;
mod print;
mod truth;
mod variable;

pub(crate) use atoms::{Step, Steps, atoms, fits, meet, of_glob, of_parts};
pub use condition::Condition;
pub(crate) use condition::{Quantity, Range, Test, Value};
pub use context::Context;
pub use decide::{decide, resource_must_allow};
pub use decision::{Gap, OnResource, Outcome, Placed, PolicyKind, PolicySet, Request, Source, StatementRef};
pub use document::{Document, Effect, Listed, Named, PolicyError, PolicyText, Statement, Version};
pub use explain::{Considered, Fate, Miss, explain};
pub(crate) use glob::{Glob, Token};
pub(crate) use parse::{Members, place_in};
pub(crate) use pattern::Parts;
pub use pattern::{ActionPattern, ResourcePattern};
pub use principal::{Principal, PrincipalKind};
pub use truth::Truth;
pub(crate) use variable::keys_in;

#[cfg(test)]
mod tests;
