//! Our IAM and STS: authenticate, authorize, operate, answer, write its trail.
//!
//! The twin is a function: [`handle`] takes the [`State`], one HTTP request and the time, and gives the reply. It does no I/O. Two thin
//! doors lead to it: the SDK connector (`connector`) and the HTTP server (`serve`). One table of operations says for each its name,
//! its IAM action, the resource it asks permission for, and its handler; a handler can't run without a decision.

mod iam;
mod node;
pub(crate) mod operation;
mod state;

pub use node::{Fault, Node};
pub use operation::{Call, Caller, Operation, Params};
pub use state::State;
