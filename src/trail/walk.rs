//! A lazy walk through files and folders: a folder of a million files needs no memory for their names.

use super::Window;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

/// What the walk meets.
pub(super) enum Met {
    /// A file to read.
    File(PathBuf),
    /// A file that holds no calls by its name.
    PassedOver,
    /// Something that can't be read, and why.
    Trouble(PathBuf, String),
}

/// The walk. Folders outside of the window are not entered.
pub(super) struct Walk<'a> {
    named: std::slice::Iter<'a, PathBuf>,
    window: &'a Window,
    open: Vec<Folder>,
    /// Folders by their real path, so that a loop of links ends and what is named twice is read once.
    seen: HashSet<PathBuf>,
}

/// A folder that is walked through.
struct Folder {
    path: PathBuf,
    rest: ReadDir,
    /// What comes next, the last first. Neighbours by name are neighbours in time and speak of the same callers.
    next: Vec<io::Result<DirEntry>>,
}

/// So many entries of a folder are put in order at once.
const ORDERED: usize = 4_096;

impl Folder {
    fn next(&mut self) -> Option<io::Result<DirEntry>> {
        if self.next.is_empty() {
            self.next.extend(self.rest.by_ref().take(ORDERED));
            self.next
                .sort_by_cached_key(|entry| Reverse(entry.as_ref().map(DirEntry::file_name).unwrap_or_default()));
        }
        self.next.pop()
    }
}

/// Names of files beside the records that hold no calls, as CloudTrail writes them: `ACCOUNT_CloudTrail-Digest_REGION_…`.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>
fn is_passed_over(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.contains("_CloudTrail-Digest_") || name.contains("_CloudTrail-Insight_")
}

impl<'a> Walk<'a> {
    /// A walk over `paths`.
    pub(super) fn over(paths: &'a [PathBuf], window: &'a Window) -> Self {
        Walk {
            named: paths.iter(),
            window,
            open: Vec::new(),
            seen: HashSet::new(),
        }
    }

    fn enter(&mut self, folder: PathBuf) -> Option<Met> {
        if !self.window.admits_path(&folder.to_string_lossy()) {
            return None;
        }
        let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        if !self.seen.insert(real) {
            return None;
        }
        match fs::read_dir(&folder) {
            Ok(inside) => {
                self.open.push(Folder {
                    path: folder,
                    rest: inside,
                    next: Vec::new(),
                });
                None
            }
            Err(error) => Some(Met::Trouble(folder, error.to_string())),
        }
    }

    fn file(&self, path: PathBuf) -> Option<Met> {
        match is_passed_over(&path) {
            true => Some(Met::PassedOver),
            // As Security Lake keeps them: https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html
            false
                if path
                    .extension()
                    .is_some_and(|name| name.eq_ignore_ascii_case("parquet")) =>
            {
                Some(Met::Trouble(
                    path,
                    "Parquet is not read: export it as JSON lines".to_owned(),
                ))
            }
            false => self
                .window
                .admits_path(&path.to_string_lossy())
                .then_some(Met::File(path)),
        }
    }

    /// What a folder holds: links are followed.
    fn entry(&mut self, entry: &DirEntry) -> Option<Met> {
        let path = entry.path();
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => fs::metadata(&path).map(|what| what.file_type()),
            kind => kind,
        };
        match kind {
            Ok(kind) if kind.is_dir() => self.enter(path),
            Ok(kind) if kind.is_file() => self.file(path),
            // Pipes, sockets and devices could keep the reader waiting for ever.
            Ok(_) => Some(Met::Trouble(path, "neither a file nor a folder".to_owned())),
            Err(error) => Some(Met::Trouble(path, error.to_string())),
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Met;

    fn next(&mut self) -> Option<Met> {
        loop {
            let met = match self.open.last_mut() {
                // What a person names is opened whatever it is, such as a pipe; in folders only files are.
                None => match self.named.next()? {
                    path if path.is_dir() => self.enter(path.clone()),
                    path => self.file(path.clone()),
                },
                Some(folder) => match folder.next() {
                    Some(Ok(entry)) => self.entry(&entry),
                    Some(Err(error)) => Some(Met::Trouble(folder.path.clone(), error.to_string())),
                    None => {
                        self.open.pop();
                        None
                    }
                },
            };
            if met.is_some() {
                return met;
            }
        }
    }
}
