//! What happened: entries, an append-only hash-chained file, its reader, the comparison of two runs.
//!
//! The journal is the only vocabulary of what happened. Console, report, undo and comparison are readings of it. One entry is one line
//! of JSON; each carries the SHA-256 of the line before it, so that a changed or missing line is recognized; a head beside the file tells how many lines there are, so that a journal that was cut at its end is recognized too. Each line
//! is on disk (fsync) before the next thing is done. There are no secrets in it.

mod compare;
mod entry;
mod file;
mod given_up;
mod head;
mod path;
mod progress;
mod state;
mod turned;

pub use compare::{Difference, compare, same_but_for_time};
pub use entry::{Agreement, Entry, Event, Finish, Judgement};
pub use file::{Journal, JournalError, load, read};
pub use given_up::given_up;
pub use path::{CriticalPath, critical_path, path_of_cuts};
pub use progress::{Progress, acted_until, contested_until, progress, proven_since};
pub use state::{State, state};
pub use turned::{Turned, turned_round};

#[cfg(test)]
mod tests;
