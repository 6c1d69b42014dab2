//! What is deployed before an incident, as CloudFormation and as Terraform: the responder's role with its policies, the quarantine policy, the SCP that
//! keeps it on, and the detections. Both are written from one set of documents, so that they cannot differ.

mod cloudformation;
mod documents;
mod parameters;
mod rules;
mod terraform;

pub use cloudformation::{cloudformation, queries_of_cloudformation};
pub use terraform::terraform;
