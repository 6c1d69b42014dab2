//! `oust` puts an intruder out of an AWS account. One access key ID goes in. Out come: whose key it is, every
//! credential that was minted from it, the ordered plan that ends all of them, a rehearsal of that plan on a mocked
//! IAM which proves credential by credential that it works, and the execution with a person's consent at each step.
//!
//! Modules stand in the order in which they may see each other: a module imports only from modules above it.

pub mod ids;
pub mod time;

pub mod policy;

pub mod account;

pub mod verdict;

pub mod trail;

pub mod origin;

pub mod lineage;

pub mod mount;

pub mod collect;

pub mod action;

pub mod playbook;

pub mod plan;

pub mod journal;

pub mod undo;

pub mod execute;

pub mod twin;

pub mod rehearse;

pub mod live;

pub mod tabletop;

pub mod report;

pub mod cli;
