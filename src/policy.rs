//! The policy language: parse, match, decide, explain. Knows no users and makes no calls.
//!
//! A [`PolicyText`] is what AWS stores; [`Document`] is what it means. [`decide`] combines documents by the documented logic
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>) into a [`Decision`] that
//! explains itself as data. What this program cannot evaluate is a [`Gap`], a third outcome that never becomes allowed or denied.

mod context;
mod decision;
mod document;
mod principal;

pub use context::Context;
pub use decision::{Decision, Gap, Outcome, Placed, PolicyKind, PolicySet, Request, Source, StatementRef, decide};
pub use document::{Document, Effect, PolicyError, PolicyText, Statement};
pub use principal::{Principal, PrincipalKind};
