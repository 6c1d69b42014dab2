//! Files and folders through both passes, on all cores.

use super::index::Version;
use super::read::Broken;
use super::survey::{Facts, lock};
use super::walk::{Met, Walk};
use super::window::Reach;
use super::{Evidence, Harvest, Index, Survey, Window, read};
use crate::ids::AccessKeyId;
use std::io::{self, Read};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// An object of S3 of more packed bytes is read while it comes in and not held.
const HELD: u64 = 16 << 20;

/// How far one pass is, for whoever shows it. Bytes are those of the files, packed as they are.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    files: AtomicU64,
    total: AtomicU64,
    spared: AtomicU64,
}

impl Progress {
    /// Bytes that were read so far, and files that were opened for it.
    pub fn done(&self) -> (u64, u64) {
        (self.bytes.load(Ordering::Relaxed), self.files.load(Ordering::Relaxed))
    }

    /// Bytes that the pass will read, once [`Progress::count`] has counted them.
    pub fn total(&self) -> Option<u64> {
        let total = self.total.load(Ordering::Relaxed);
        (total > 0).then(|| total.saturating_sub(self.spared.load(Ordering::Relaxed)))
    }

    /// Counts the bytes that a pass over `paths` will read, where `wanted` says that it reads a file. With many files that takes a moment:
    /// call it beside the reading.
    pub fn count(&self, paths: &[PathBuf], window: &Window, wanted: impl Fn(&str) -> bool) {
        let sizes = Walk::over(paths, window).map(|met| match met {
            Met::File(path) if wanted(&name(&path)) => read::size(&path),
            _ => 0,
        });
        self.total.store(sizes.sum(), Ordering::Relaxed);
    }

    /// Counts a source that was opened.
    pub fn opened(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes that need not be read.
    pub(super) fn spare(&self, bytes: u64) {
        self.spared.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The stream, whose bytes are counted as they are read.
    pub fn watch<R: Read>(&self, stream: R) -> Watched<'_, R> {
        Watched { stream, progress: self }
    }
}

/// A stream whose bytes are counted.
#[derive(Debug)]
pub struct Watched<'a, R> {
    stream: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(into)?;
        self.progress.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Reads `paths` for the families of `asked`: everything that can matter for them, and the coverage of all of it.
pub fn search(paths: &[PathBuf], asked: &[AccessKeyId], window: Window, progress: &Progress) -> Evidence {
    let survey = Survey::of(asked, window);
    survey.read_paths(paths, progress, None);
    let harvest = survey.close();
    harvest.read_paths(paths, progress);
    harvest.finish()
}

impl Survey {
    /// Feeds files and folders, on all cores. With an index only those files are opened that it doesn't know as they are.
    pub fn read_paths(&self, paths: &[PathBuf], progress: &Progress, index: Option<&Index>) {
        on_all_cores(Walk::over(paths, self.window()), |met| match met {
            Met::File(path) if index.is_some_and(|index| index.is_itself(&path)) => {}
            Met::File(path) if index.is_some_and(|index| self.is_known(&path, progress, index)) => {}
            Met::File(path) => {
                let read = read::open(&path).and_then(|file| {
                    progress.opened();
                    match index {
                        None => self.feed(&name(&path), progress.watch(file)),
                        Some(index) => {
                            let opened = Version::opened(&file);
                            self.feed_into(&path, progress.watch(file), opened, index)?
                        }
                    }
                    Ok(())
                });
                if let Err(error) = read {
                    self.damaged(&name(&path), error.to_string());
                }
            }
            Met::PassedOver => self.passed_over(),
            Met::Trouble(path, what) => self.damaged(&name(&path), what),
        });
    }

    /// Counts a file without opening it, if the index knows enough of it.
    fn is_known(&self, path: &Path, progress: &Progress, index: &Index) -> bool {
        let Some((facts, size)) = index.facts(path) else {
            return false;
        };
        match self.window().reach(&facts.seen) {
            Reach::All => self.feed_known(&name(path), facts),
            Reach::Nothing => self.feed_known(&name(path), Facts::default()),
            // What of it counts, its facts don't tell.
            Reach::Part => return false,
        }
        progress.spare(size);
        true
    }

    /// Counts an object of S3 without reading it, if the index knows enough of it. `etag` is what its listing says.
    pub fn knows_object(&self, name: &str, bytes: u64, etag: Option<&str>, index: Option<&Index>) -> bool {
        let known = index.zip(etag);
        let known = known.and_then(|(index, etag)| index.facts_as(name, Version::object(bytes, etag)));
        let Some((facts, _)) = known else { return false };
        match self.window().reach(&facts.seen) {
            Reach::All => self.feed_known(name, facts),
            Reach::Nothing => self.feed_known(name, Facts::default()),
            Reach::Part => return false,
        }
        true
    }

    /// Feeds an object of S3. With an index all of it is read, so that the index knows it; and if only a part of it counts, again from memory: a large one is
    /// not kept there, and not in the index.
    pub fn feed_object(
        &self,
        name: &str,
        bytes: u64,
        etag: Option<&str>,
        mut stream: impl Read,
        index: Option<&Index>,
    ) {
        let Some((index, etag)) = index.zip(etag).filter(|_| bytes <= HELD) else {
            return self.feed(name, stream);
        };
        let mut held = Vec::new();
        if let Err(error) = stream.read_to_end(&mut held) {
            return self.feed(name, held.as_slice().chain(Broken(Some(error))));
        }
        let is_counted = self.feed_whole(name, held.as_slice(), |facts| {
            index.keep_as(name, Version::object(bytes, etag), facts);
            self.window().reach(&facts.seen) == Reach::All
        });
        if !is_counted {
            self.feed(name, held.as_slice());
        }
    }

    /// Reads all of a file, so that the index knows it; and again, if a part of it counts.
    fn feed_into(&self, path: &Path, file: impl Read, opened: Option<Version>, index: &Index) -> io::Result<()> {
        let is_counted = self.feed_whole(&name(path), file, |facts| {
            index.keep(path, opened, facts);
            self.window().reach(&facts.seen) == Reach::All
        });
        if !is_counted {
            self.feed(&name(path), read::open(path)?);
        }
        Ok(())
    }
}

impl Harvest {
    /// Feeds those of the files that are wanted, on all cores.
    pub fn read_paths(&self, paths: &[PathBuf], progress: &Progress) {
        if self.wanted() == 0 {
            return;
        }
        on_all_cores(Walk::over(paths, self.window()), |met| {
            if let Met::File(path) = met
                && self.wants(&name(&path))
            {
                match read::open(&path) {
                    Ok(file) => {
                        progress.opened();
                        self.feed(&name(&path), progress.watch(file));
                    }
                    Err(error) => self.damaged(&name(&path), format!("it went away while it was read: {error}")),
                }
            }
        });
    }
}

pub(super) fn name(path: &Path) -> String {
    path.to_str().map_or_else(|| path.display().to_string(), str::to_owned)
}

/// Does `work` with every item, in no order.
pub(super) fn on_all_cores<T>(items: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let items = Mutex::new(items);
    let run = || {
        loop {
            let Some(item) = lock(&items).next() else { return };
            work(item);
        }
    };
    thread::scope(|scope| {
        (1..cores).for_each(|_| {
            scope.spawn(run);
        });
        run();
    });
}
