//! What happened: entries, an append-only hash-chained file, its reader, the comparison of two runs.
//!
//! The journal is the only vocabulary of what happened. Console, report, undo and comparison are readings of it. One entry is one line
//! of JSON; each carries the SHA-256 of the line before it, so that a changed or missing line is recognized. Each line
//! is on disk (fsync) before the next thing is done. There are no secrets in it.

mod compare;
mod entry;
mod file;

pub use compare::{Difference, compare, same_but_for_time};
pub use entry::{Agreement, Entry, Event, Finish, Judgement};
pub use file::{Journal, JournalError, read};

#[cfg(test)]
mod tests;
