//! What a survey found in files on disk and objects in S3, kept in a file of its own, so that the next question over the same archive needn't read it all again.
//!
//! For each file: its path, size and time of change, and the facts that [`Survey`](super::Survey) works with: hashes of who called and of which
//! key gave which, of event IDs, and the hours with events. No event is in it, no key ID in clear, and nothing that lets anybody in. A file that is new or
//! changed is read again, one that is gone is dropped. Everything is behind a checksum: of a damaged index nothing is believed.

mod entry;

use super::facts::number;
use super::survey::{Facts, lock};
use entry::Head;
pub(super) use entry::Version;
use rapidhash::v3::rapidhash_v3;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::NamedTempFile;

/// What every index begins with.
const MARK: &str = "oust index ";

/// Counted up whenever the facts or their form change.
const FORMAT: u32 = 13;

/// What names of objects in S3 begin with; those of files begin at the root.
const OBJECT: &str = "s3://";

/// Nothing larger than this is an entry.
const LARGEST: u32 = 1 << 30;

/// The first line. Another version of the program may find other facts in the same file.
fn heading() -> String {
    format!("{MARK}{FORMAT} of {}\n", env!("CARGO_PKG_VERSION"))
}

/// Why an index can't be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Some other file is there; it is left as it is.
    #[error("`{0}` is no index of oust's; it was left as it is, and nothing was read")]
    Foreign(PathBuf),
    /// It can't be read.
    #[error("the index `{0}` cannot be read: {1}; nothing was read")]
    Unreadable(PathBuf, io::Error),
    /// It can't be written.
    #[error("the index `{0}` cannot be written: {1}")]
    Unwritable(PathBuf, io::Error),
}

/// Where an entry lies, and of which state of its file it is.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: u64,
    size: u32,
    version: Version,
}

/// An index while a survey goes on: what an earlier one left, and what this one adds. Nothing of it takes effect before [`Index::save`].
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    old: Option<Mutex<File>>,
    /// By the number of the file's path.
    places: HashMap<u64, Place>,
    met: Mutex<HashSet<u64>>,
    /// A nameless file: whoever breaks off leaves nothing behind.
    new: Mutex<BufWriter<File>>,
    trouble: Mutex<Option<io::Error>>,
    /// Its own path, which is no evidence.
    own: Option<String>,
    note: Option<String>,
}

impl Index {
    /// Opens the index at `path`, or begins one there. One that is damaged or of another version is begun anew, see [`Index::note`].
    ///
    /// # Errors
    /// Another file is there, it can't be read, or its folder can't be written to.
    pub fn open(path: &Path) -> Result<Index, IndexError> {
        let new = tempfile::tempfile_in(folder_of(path));
        let unwritable = |error| IndexError::Unwritable(path.to_owned(), error);
        let new = new.map_err(unwritable)?;
        let (places, old, note) = match headed(path)? {
            None => (HashMap::new(), None, None),
            Some((file, first)) => {
                let mut text = BufReader::with_capacity(1 << 20, &file);
                let places = match first == heading().as_bytes() {
                    true => places(&mut text, first.len() as u64),
                    false if first.is_empty() => Ok(HashMap::new()),
                    false => Err("is of another version".to_owned()),
                };
                match places {
                    Ok(places) => (places, Some(Mutex::new(file)), None),
                    Err(why) => {
                        let note = format!("the index `{}` {why}: every file is read again", path.display());
                        (HashMap::new(), None, Some(note))
                    }
                }
            }
        };
        let own = absolute(path);
        let mut new = BufWriter::new(new);
        new.write_all(heading().as_bytes()).map_err(unwritable)?;
        Ok(Index {
            path: path.to_owned(),
            old,
            places,
            met: Mutex::default(),
            new: Mutex::new(new),
            trouble: Mutex::default(),
            own,
            note,
        })
    }

    /// Whether there is an index at `path`, or one can be begun there, without reading it.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn look(path: &Path) -> Result<(), IndexError> {
        headed(path)?;
        let new = tempfile::tempfile_in(folder_of(path));
        new.map(drop)
            .map_err(|error| IndexError::Unwritable(path.to_owned(), error))
    }

    /// Why the index that was there is not used, if it isn't.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether the file is the index, which may lie among the files of the archive.
    pub(super) fn is_itself(&self, path: &Path) -> bool {
        let path = absolute(path);
        path.is_some() && path == self.own
    }

    /// What is known of a file that is as it was when it was surveyed, and its size.
    pub(super) fn facts(&self, path: &Path) -> Option<(Facts, u64)> {
        self.facts_as(&absolute(path)?, Version::now(path)?)
    }

    /// The same of whatever has this name, if it is known in this state.
    pub(super) fn facts_as(&self, name: &str, version: Version) -> Option<(Facts, u64)> {
        let place = self.places.get(&number(name))?;
        if version != place.version {
            return None;
        }
        let bytes = self.entry(place).ok()?;
        let (head, facts) = Head::read(&bytes)?;
        let facts = entry::facts(facts).filter(|_| head.path == name)?;
        self.write(name, &bytes);
        Some((facts, place.version.size))
    }

    /// Keeps the facts of a file, if it is still as it was when it was opened. Damage is found anew each time, so a damaged file is not kept.
    pub(super) fn keep(&self, path: &Path, opened: Option<Version>, facts: &Facts) {
        let Some((name, version)) = absolute(path).zip(opened) else {
            return;
        };
        if Version::now(path) == Some(version) {
            self.keep_as(&name, version, facts);
        }
    }

    /// Keeps the facts of whatever has this name, in this state.
    pub(super) fn keep_as(&self, name: &str, version: Version, facts: &Facts) {
        if facts.is_sound() {
            let path = name.to_owned();
            self.write(name, &entry::bytes(&Head { path, version }, facts));
        }
    }

    fn entry(&self, place: &Place) -> io::Result<Vec<u8>> {
        let Some(old) = &self.old else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut bytes = vec![0; place.size as usize];
        let mut file = lock(old);
        file.seek(SeekFrom::Start(place.at))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn write(&self, name: &str, entry: &[u8]) {
        if !lock(&self.met).insert(number(name)) {
            return;
        }
        let Some(size) = u32::try_from(entry.len()).ok().filter(|size| *size <= LARGEST) else {
            return;
        };
        let mut new = lock(&self.new);
        let written = new
            .write_all(&size.to_le_bytes())
            .and_then(|()| new.write_all(&rapidhash_v3(entry).to_le_bytes()))
            .and_then(|()| new.write_all(entry));
        if let Err(error) = written {
            lock(&self.trouble).get_or_insert(error);
        }
    }

    /// Puts the index in the place of the old one. Files that this survey didn't meet stay in it as long as they are as they were; of objects in S3 their
    /// listing tells when they are met again.
    ///
    /// # Errors
    /// It can't be written; the old one is still there.
    pub fn save(self) -> Result<(), IndexError> {
        let unwritable = |error| IndexError::Unwritable(self.path.clone(), error);
        let met = lock(&self.met).clone();
        for (_, place) in self.places.iter().filter(|(name, _)| !met.contains(name)) {
            let Ok(bytes) = self.entry(place) else { continue };
            let Some((head, _)) = Head::read(&bytes) else { continue };
            if head.path.starts_with(OBJECT) || Version::now(Path::new(&head.path)) == Some(head.version) {
                self.write(&head.path, &bytes);
            }
        }
        if let Some(error) = lock(&self.trouble).take() {
            return Err(unwritable(error));
        }
        let new = self.new.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let unwritable = |error| IndexError::Unwritable(self.path.clone(), error);
        let mut file = new.into_inner().map_err(|error| unwritable(error.into_error()))?;
        // Only now it has a name, and only for as long as it takes to copy it.
        let mut named = NamedTempFile::new_in(folder_of(&self.path)).map_err(unwritable)?;
        file.seek(SeekFrom::Start(0))
            .and_then(|_| io::copy(&mut file, &mut named))
            .map_err(unwritable)?;
        named.persist(&self.path).map_err(|error| unwritable(error.error))?;
        Ok(())
    }
}

/// Where the entries lie in the rest of an index, of which `at` bytes were read; or what is wrong with it.
fn places(text: &mut impl Read, mut at: u64) -> Result<HashMap<u64, Place>, String> {
    let damaged = |at: u64| format!("is damaged at byte {at}");
    let mut places = HashMap::new();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = text.by_ref().take(12).read_to_end(&mut bytes);
        let front: [u8; 12] = match (read, <[u8; 12]>::try_from(bytes.as_slice())) {
            (Ok(0), _) => return Ok(places),
            (Ok(_), Ok(front)) => front,
            _ => return Err(damaged(at)),
        };
        let [a, b, c, d, check @ ..] = front;
        let (size, check) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(check));
        bytes.clear();
        let read = text.by_ref().take(u64::from(size.min(LARGEST))).read_to_end(&mut bytes);
        let is_sound = read.is_ok() && bytes.len() == size as usize && rapidhash_v3(&bytes) == check;
        let Some((head, _)) = Head::read(&bytes).filter(|_| is_sound) else {
            return Err(damaged(at));
        };
        let place = Place {
            at: at + 12,
            size,
            version: head.version,
        };
        places.insert(number(&head.path), place);
        at += 12 + u64::from(size);
    }
}

/// The folder that a file lies in.
fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// The path from the root; `None` where it isn't UTF-8: such a file is read each time.
fn absolute(path: &Path) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    Some(path.to_str()?.to_owned())
}

impl Version {
    /// The state of an object in S3: its ETag is another whenever its content is.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>
    pub(super) fn object(size: u64, etag: &str) -> Version {
        Version::marked(size, number(etag).cast_signed())
    }

    /// The state of the file that is at `path` now; `None` where none is, or something that is no file.
    fn now(path: &Path) -> Option<Version> {
        told(&fs::metadata(path).ok()?)
    }

    /// The state of an open file.
    pub(super) fn opened(file: &File) -> Option<Version> {
        told(&file.metadata().ok()?)
    }
}

/// What is at `path` and how it begins, read up to there; nothing where nothing is.
fn headed(path: &Path) -> Result<Option<(File, Vec<u8>)>, IndexError> {
    let unreadable = |error| IndexError::Unreadable(path.to_owned(), error);
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(unreadable)?,
    };
    let mut first = Vec::new();
    (&file)
        .take(heading().len() as u64)
        .read_to_end(&mut first)
        .map_err(unreadable)?;
    match first.is_empty() || first.starts_with(MARK.as_bytes()) {
        true => Ok(Some((file, first))),
        false => Err(IndexError::Foreign(path.to_owned())),
    }
}

fn told(what: &fs::Metadata) -> Option<Version> {
    let changed = what.modified().ok().filter(|_| what.is_file())?;
    Version::of(what.len(), changed)
}

#[cfg(test)]
mod tests;
