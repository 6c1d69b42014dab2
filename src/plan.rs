//! Playbook x lineage x account -> ordered concrete steps, preconditions, digest.

mod step;

pub use step::{Step, Undo};
