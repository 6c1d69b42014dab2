//! Our IAM and STS: authenticate, authorize, operate, answer, write its trail.
//!
//! The twin is a function: [`handle`] takes the [`State`], one HTTP request and the time, and gives the reply. It does no I/O. Two thin
//! doors lead to it: the SDK connector ([`Twin::http_client`]) and the HTTP server ([`serve`]). One table of operations says for each its name,
//! the resource that it asks permission on, and its handler; a handler can't run without a decision.
//!
//! Somebody may live in it who fights back ([`intruder`]): he comes through the same door as everybody else. And it may have [`weather`]:
//! changes that take effect late, throttling, faults, clocks that differ, drift.
//!
//! It models IAM (users, keys, passwords, groups, roles, policies, boundaries, MFA, certificates, SSH keys, service-specific credentials, the
//! account as a whole), STS (AssumeRole, GetSessionToken, GetFederationToken, GetCallerIdentity, GetAccessKeyInfo), CloudTrail's LookupEvents and its trails, the policies
//! of Organizations where the account is in one, and of S3 what an intruder needs. Any other operation is authenticated and authorized, and then answered with `NotModelled`, HTTP 501, which no plan takes for success. A request
//! signed by a key that nobody in the account has is refused and lands in no trail, because no account owns it.

mod audit;
mod authenticate;
mod authorize;
mod cloudtrail;
mod compute;
mod connector;
mod door;
mod handle;
mod iam;
pub mod intruder;
mod node;
pub(crate) mod operation;
mod organizations;
mod regions;
mod request;
mod s3;
pub mod serve;
mod signature;
mod signed;
mod somebody;
mod state;
mod sts;
pub mod weather;
mod xml;

pub use compute::{Compute, Endpoint, IssuedTo};
pub use door::{Keys, Twin};
pub use handle::{Reply, handle, plain};
pub use node::{Fault, Node};
pub use operation::{Call, Caller, Operation, Params};
pub use request::Request;
pub use state::{Mint, State};
pub use weather::Weather;

#[cfg(test)]
mod tests;
