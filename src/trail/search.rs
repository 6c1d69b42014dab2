//! Files and folders through both passes, on all cores.

use super::survey::lock;
use super::walk::{Met, Walk};
use super::{Evidence, Harvest, Survey, Window, read};
use crate::ids::AccessKeyId;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// How far the reading is, for whoever shows it. Bytes are those of the files, packed as they are.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    files: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Bytes and files that were read so far, in both passes.
    pub fn done(&self) -> (u64, u64) {
        (self.bytes.load(Ordering::Relaxed), self.files.load(Ordering::Relaxed))
    }

    /// Bytes that the first pass will read, once [`Progress::count`] has counted them.
    pub fn total(&self) -> Option<u64> {
        Some(self.total.load(Ordering::Relaxed)).filter(|total| *total > 0)
    }

    /// Counts the bytes that the first pass over `paths` will read. With many files that takes a moment: call it beside the reading.
    pub fn count(&self, paths: &[PathBuf], window: &Window) {
        let sizes = Walk::over(paths, window).map(|met| match met {
            Met::File(path) => read::size(&path),
            _ => 0,
        });
        self.total.store(sizes.sum(), Ordering::Relaxed);
    }

    /// Counts a source of so many bytes.
    pub fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.files.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads `paths` for the families of `asked`: everything that can matter for them, and the coverage of all of it.
pub fn search(paths: &[PathBuf], asked: &[AccessKeyId], window: Window, progress: &Progress) -> Evidence {
    let survey = Survey::of(asked, window);
    survey.read_paths(paths, progress);
    let harvest = survey.close();
    harvest.read_paths(paths, progress);
    harvest.finish()
}

impl Survey {
    /// Feeds files and folders, on all cores.
    pub fn read_paths(&self, paths: &[PathBuf], progress: &Progress) {
        on_all_cores(Walk::over(paths, self.window()), |met| match met {
            Met::File(path) => match read::open(&path) {
                Ok((file, size)) => {
                    self.feed(&name(&path), file);
                    progress.add(size);
                }
                Err(error) => self.damaged(&name(&path), error.to_string()),
            },
            Met::PassedOver => self.passed_over(),
            Met::Trouble(path, what) => self.damaged(&name(&path), what),
        });
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
                    Ok((file, size)) => {
                        self.feed(&name(&path), file);
                        progress.add(size);
                    }
                    Err(error) => self.damaged(&name(&path), format!("it went away while it was read: {error}")),
                }
            }
        });
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Does `work` with every item, in no order.
fn on_all_cores<T>(items: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
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
