//! Reading evidence: files and folders, gzipped or not, in every shape that CloudTrail's records are met in.
//!
//! `{"Records":[…]}` as CloudTrail delivers, a bare array, one record a line, LookupEvents output, and wrappers with `_raw` or `_source`.

use super::Evidence;
use super::cut::Cutter;
use super::shape::Reading;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// How many gzip wrappings are opened: files that were fetched with their content encoding have two.
const WRAPPINGS: u8 = 2;

/// Reads a file or a folder with all that is in it. What can't be read is noted and passed over.
pub fn read_path(path: &Path, evidence: &mut Evidence) {
    // What a person names is opened whatever it is, such as a pipe; in folders only files are.
    if path.is_dir() {
        walk(path, evidence, &mut BTreeSet::new());
    } else {
        read_file(path, evidence);
    }
}

/// Names of files beside the records that hold no calls, as CloudTrail writes them: `ACCOUNT_CloudTrail-Digest_REGION_…`.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>
fn is_passed_over(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.contains("_CloudTrail-Digest_") || name.contains("_CloudTrail-Insight_")
}

/// `seen` holds folders by their real path, so that a loop of links ends.
fn walk(folder: &Path, evidence: &mut Evidence, seen: &mut BTreeSet<PathBuf>) {
    let name = folder.display().to_string();
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    if !seen.insert(real) {
        return;
    }
    let inside = match fs::read_dir(folder) {
        Ok(inside) => inside,
        Err(error) => return evidence.damaged(&name, None, error.to_string()),
    };
    let mut paths = Vec::new();
    for entry in inside {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(error) => evidence.damaged(&name, None, error.to_string()),
        }
    }
    paths.sort();
    for path in paths {
        match fs::metadata(&path) {
            Ok(what) if what.is_dir() => walk(&path, evidence, seen),
            Ok(what) if what.is_file() => read_file(&path, evidence),
            // Pipes, sockets and devices could keep the reader waiting for ever.
            Ok(_) => evidence.damaged(&path.display().to_string(), None, "neither a file nor a folder"),
            Err(error) => evidence.damaged(&path.display().to_string(), None, error.to_string()),
        }
    }
}

fn read_file(path: &Path, evidence: &mut Evidence) {
    if is_passed_over(path) {
        evidence.passed_over += 1;
        return;
    }
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => read_stream(&name, file, evidence),
        Err(error) => evidence.damaged(&name, None, error.to_string()),
    }
}

/// Reads one stream of records called `name`, gzipped or not by its first bytes.
pub fn read_stream(name: &str, stream: impl Read, evidence: &mut Evidence) {
    evidence.files += 1;
    let mut reading = Reading::of(name, evidence);
    Cutter::new(unpacked(Box::new(stream), WRAPPINGS)).walk(&mut reading);
    reading.finish();
}

/// The stream without its gzip wrapping, if it has one. Several members one behind the other are one file.
fn unpacked<'a>(mut stream: Box<dyn Read + 'a>, wrappings: u8) -> Box<dyn Read + 'a> {
    let mut head = Vec::new();
    let read = (&mut stream).take(2).read_to_end(&mut head);
    let packed = head == [0x1f, 0x8b] && wrappings > 0;
    let whole = io::Cursor::new(head).chain(Broken(read.err())).chain(stream);
    if packed {
        // The decoder reads in small steps, so the file is read ahead of it.
        let decoder = flate2::read::MultiGzDecoder::new(BufReader::new(whole));
        unpacked(Box::new(decoder), wrappings - 1)
    } else {
        Box::new(whole)
    }
}

/// Gives an error that came up early at the place where it belongs, and nothing else.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
