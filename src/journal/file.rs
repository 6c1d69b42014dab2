//! The journal file: one line an entry, chained by hash, on disk before anything else happens.

use super::head::{self, Head};
use super::{Entry, Event};
use crate::time::Moment;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It could not be written; nothing further may be done.
    #[error("the journal cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// A line is no entry.
    #[error("line {line} of the journal is damaged: {message}")]
    Damaged {
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A line does not follow from the one before it: something was changed or removed.
    #[error("line {line} of the journal does not follow from the line before: it was changed or cut")]
    Broken {
        /// Line, from 1.
        line: usize,
    },
    /// Lines are missing at the end.
    #[error("the journal was cut: {there} lines are there, and {told} were written")]
    Cut {
        /// Lines that are there.
        there: usize,
        /// Lines that the head beside the journal tells of.
        told: usize,
    },
}

/// A journal that is being written, to a file or, in a rehearsal, to memory alone.
#[derive(Debug)]
pub struct Journal {
    file: Option<(File, Head)>,
    entries: Vec<Entry>,
    last_hash: String,
}

impl Journal {
    /// A journal in memory.
    pub fn in_memory() -> Self {
        Journal {
            file: None,
            entries: Vec::new(),
            last_hash: String::new(),
        }
    }

    /// A new journal file. The folder is synced too, so that the file's name survives a crash.
    ///
    /// # Errors
    /// The file exists already, or cannot be created.
    pub fn create(path: &Path) -> Result<Self, JournalError> {
        let file = OpenOptions::new().create_new(true).append(true).open(path)?;
        file.sync_all()?;
        let head = Head::open(path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Journal {
            file: Some((file, head)),
            ..Journal::in_memory()
        })
    }

    /// Goes on writing the journal at `path`. A last line that was torn, because whoever wrote it was killed, is taken off: what it announces was
    /// not done yet.
    ///
    /// # Errors
    /// The file cannot be opened, is damaged, or was cut.
    pub fn reopen(path: &Path) -> Result<Self, JournalError> {
        let (entries, whole) = load(path)?;
        let text = std::fs::read(path)?;
        let last_hash = text
            .get(..whole)
            .unwrap_or_default()
            .split(|byte| *byte == b'\n')
            .rev()
            .nth(1);
        let last_hash = last_hash
            .map(|line| hash(&String::from_utf8_lossy(line)))
            .unwrap_or_default();
        let file = OpenOptions::new().append(true).open(path)?;
        file.set_len(whole as u64)?;
        file.sync_all()?;
        Ok(Journal {
            file: Some((file, Head::open(path)?)),
            entries,
            last_hash,
        })
    }

    /// Appends an event and returns once it is on disk.
    ///
    /// # Errors
    /// It could not be written: nothing further may be done.
    pub fn append(&mut self, at: Moment, event: Event) -> Result<&Entry, JournalError> {
        let written = self.append_all(at, vec![event])?;
        written
            .first()
            .ok_or_else(|| std::io::Error::other("the entry is not there").into())
    }

    /// Appends events that happened together and returns once all of them are on disk: they are written and synced as one. Whoever is killed in the
    /// midst of it leaves some of the first.
    ///
    /// # Errors
    /// They could not be written: nothing further may be done.
    pub fn append_all(&mut self, at: Moment, events: Vec<Event>) -> Result<&[Entry], JournalError> {
        let place = self.entries.len();
        let (mut text, mut new, mut last_hash) = (String::new(), Vec::new(), self.last_hash.clone());
        for event in events {
            let entry = Entry {
                seq: (place + new.len()) as u64,
                at,
                prev: last_hash,
                event,
            };
            let line = serde_json::to_string(&entry).map_err(std::io::Error::from)?;
            last_hash = hash(&line);
            text += &line;
            text.push('\n');
            new.push(entry);
        }
        if let Some((file, head)) = &mut self.file
            && let Some(last) = new.last()
        {
            file.write_all(text.as_bytes())?;
            file.sync_data()?;
            head.set(last.seq, &last_hash)?;
        }
        self.last_hash = last_hash;
        self.entries.extend(new);
        Ok(self.entries.get(place..).unwrap_or_default())
    }

    /// Every entry so far.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The journal as it stands in a file.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let lines: Result<Vec<String>, _> = self.entries.iter().map(serde_json::to_string).collect();
        Ok(lines?.into_iter().map(|line| line + "\n").collect())
    }
}

fn hash(line: &str) -> String {
    let digest = Sha256::digest(line.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads the journal at `path` with its head. A torn last line is left out; gives the entries, and the length of the whole lines in bytes.
///
/// # Errors
/// It cannot be read, a line is damaged or doesn't follow from the one before, or lines are missing at the end.
pub fn load(path: &Path) -> Result<(Vec<Entry>, usize), JournalError> {
    let bytes = std::fs::read(path)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |place| place + 1);
    let text = String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default());
    let entries = read(&text)?;
    let hashes: Vec<String> = text.lines().map(hash).collect();
    if let Ok(told) = std::fs::read_to_string(head::path(path)) {
        head::check(&told, &entries, &hashes)?;
    }
    Ok((entries, whole))
}

/// Reads a journal and checks its chain.
///
/// # Errors
/// The first line that is damaged, or that doesn't follow from the one before.
pub fn read(text: &str) -> Result<Vec<Entry>, JournalError> {
    let mut last_hash = String::new();
    let mut entries = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let entry: Entry = serde_json::from_str(&as_written_now(line)).map_err(|error| JournalError::Damaged {
            line: n + 1,
            message: error.to_string(),
        })?;
        if entry.prev != last_hash || entry.seq != n as u64 {
            return Err(JournalError::Broken { line: n + 1 });
        }
        last_hash = hash(line);
        entries.push(entry);
    }
    Ok(entries)
}

/// The line with the step at which a run ended by the name that it has now: it was `at` once, as the entry's own moment is.
fn as_written_now(line: &str) -> Cow<'_, str> {
    let ended = ["failed", "diverged"].map(|how| format!("\"event\":\"closed\",\"finish\":\"{how}\",\"at\":"));
    match ended.iter().find(|ended| line.contains(*ended)) {
        Some(ended) => Cow::Owned(line.replacen(ended, &ended.replace("\"at\":", "\"step\":"), 1)),
        None => Cow::Borrowed(line),
    }
}
