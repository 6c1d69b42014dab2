//! Reading evidence: files and folders, gzipped or not, in every shape that CloudTrail's records are met in.
//!
//! `{"Records":[…]}` as CloudTrail delivers, a bare array, one record a line, LookupEvents output, and wrappers with `_raw` or `_source`.

use super::Evidence;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Reads a file or a folder with all that is in it. What can't be read is noted and passed over.
pub fn read_path(path: &Path, evidence: &mut Evidence) {
    walk(path, evidence, &mut BTreeSet::new());
}

/// Names of files beside the records: digests, insights, and what isn't a log at all.
fn is_passed_over(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.contains("CloudTrail-Digest") || text.contains("CloudTrail-Insight")
}

/// `seen` holds folders by their real path, so that a loop of links ends.
fn walk(path: &Path, evidence: &mut Evidence, seen: &mut BTreeSet<PathBuf>) {
    let name = path.display().to_string();
    if !path.is_dir() {
        if !is_passed_over(path) {
            match File::open(path) {
                Ok(file) => read_stream(&name, file, evidence),
                Err(error) => evidence.damaged(&name, None, error.to_string()),
            }
        }
        return;
    }
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if !seen.insert(real) {
        return;
    }
    match fs::read_dir(path) {
        Err(error) => evidence.damaged(&name, None, error.to_string()),
        Ok(inside) => {
            let mut inside: Vec<PathBuf> = inside.filter_map(|entry| Some(entry.ok()?.path())).collect();
            inside.sort();
            inside.iter().for_each(|path| walk(path, evidence, seen));
        }
    }
}

/// Reads one stream of records called `name`, gzipped or not by its first bytes.
pub fn read_stream(name: &str, mut stream: impl Read, evidence: &mut Evidence) {
    let mut packed = Vec::new();
    if let Err(error) = stream.read_to_end(&mut packed) {
        evidence.damaged(name, Some(packed.len() as u64), error.to_string());
    }
    evidence.files += 1;
    let (text, torn) = unpack(packed);
    if let Some(error) = torn {
        evidence.damaged(
            name,
            Some(text.len() as u64),
            format!("the gzip data ends or breaks here: {error}"),
        );
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    read_text(name, &text, evidence);
}

/// What can be unpacked, and the error that ended it early. Several members one behind the other are one file.
fn unpack(packed: Vec<u8>) -> (Vec<u8>, Option<io::Error>) {
    if !packed.starts_with(&[0x1f, 0x8b]) {
        return (packed, None);
    }
    let mut text = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(packed.as_slice());
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match decoder.read(&mut chunk) {
            Ok(0) => return (text, None),
            Ok(count) => text.extend(chunk.iter().take(count)),
            Err(error) => return (text, Some(error)),
        }
    }
}

/// Reads the JSON values in `text` one after the other; a file that is cut off gives the records before the cut.
fn read_text(name: &str, text: &[u8], evidence: &mut Evidence) {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
    while let Some(value) = values.next() {
        match value {
            Ok(value) => take(name, &value, evidence),
            Err(error) => {
                let offset = values.byte_offset();
                let rest = text.get(offset..).unwrap_or_default();
                let saved = salvage(name, rest, evidence);
                let what = if error.is_eof() {
                    "the file is cut off"
                } else {
                    "not JSON"
                };
                evidence.damaged(name, Some((offset + saved) as u64), format!("{what}: {error}"));
                return;
            }
        }
    }
}

/// The whole records in a `{"Records":[…` or `[…` that breaks off. Gives the place behind the last of them.
fn salvage(name: &str, text: &[u8], evidence: &mut Evidence) -> usize {
    let Some(start) = text.iter().position(|byte| *byte == b'[') else {
        return 0;
    };
    let mut place = start + 1;
    loop {
        let rest = text.get(place..).unwrap_or_default();
        let skip = rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace() || **byte == b',')
            .count();
        let rest = rest.get(skip..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                place += skip + values.byte_offset();
                take(name, &value, evidence);
            }
            _ => return place,
        }
    }
}

/// Takes in a value: a record, or something that holds records.
fn take(name: &str, value: &Value, evidence: &mut Evidence) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| take(name, item, evidence)),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(inner)) => take(name, &Value::Object(inner), evidence),
            _ => evidence.damaged(name, None, "a text that holds no record"),
        },
        Value::Object(members) => {
            let inner = ["Records", "Events", "CloudTrailEvent", "_raw", "_source"]
                .iter()
                .find_map(|member| members.get(*member));
            match inner {
                Some(inner) => take(name, inner, evidence),
                None => {
                    if let Err(error) = evidence.add_record(value) {
                        evidence.damaged(name, None, error.to_string());
                    }
                }
            }
        }
        _ => evidence.damaged(name, None, "a value that is no record"),
    }
}
