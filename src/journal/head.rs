//! The head beside a journal: number and hash of its last line, so that lines cut off its end are missed.
//!
//! The chain alone shows what was changed or taken out; a journal that simply ends early looks whole. The head is written after the line is on
//! disk, so it never tells of a line that isn't there.

use super::{Entry, JournalError};
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

/// The file that is being written.
#[derive(Debug)]
pub(super) struct Head(File);

/// The head's file beside the journal at `journal`.
pub(super) fn path(journal: &Path) -> PathBuf {
    journal.with_extension("head")
}

impl Head {
    /// Begins or goes on writing the head of the journal at `journal`.
    pub(super) fn open(journal: &Path) -> std::io::Result<Head> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path(journal))?;
        Ok(Head(file))
    }

    /// Tells that line number `seq` with `hash` is on disk.
    pub(super) fn set(&mut self, seq: u64, hash: &str) -> std::io::Result<()> {
        self.0.rewind()?;
        self.0.write_all(format!("{seq:>20} {hash}\n").as_bytes())
    }
}

/// Whether the journal goes at least as far as its head tells. No head, or one that cannot be read, tells nothing.
///
/// # Errors
/// Lines are missing at the end, or the line that the head tells of is another.
pub(super) fn check(head: &str, entries: &[Entry], hashes: &[String]) -> Result<(), JournalError> {
    let mut words = head.split_whitespace();
    let (Some(seq), Some(hash)) = (words.next().and_then(|seq| seq.parse::<usize>().ok()), words.next()) else {
        return Ok(());
    };
    match hashes.get(seq) {
        Some(there) if there == hash => Ok(()),
        Some(_) => Err(JournalError::Broken { line: seq + 1 }),
        None => Err(JournalError::Cut {
            there: entries.len(),
            told: seq + 1,
        }),
    }
}
