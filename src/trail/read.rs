//! Reading evidence: files and folders, gzipped or not, in every shape that CloudTrail's records are met in.
//!
//! `{"Records":[…]}` as CloudTrail delivers, a bare array, one record a line, LookupEvents output, and wrappers with `_raw` or `_source`.

use super::scan::Scratch;
use super::shape::Reading;
use super::walk::{Met, Walk};
use super::{Evidence, Window};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// How many gzip wrappings are opened: files that were fetched with their content encoding have two.
pub(super) const WRAPPINGS: u8 = 2;

/// Reads a file or a folder with all that is in it, every record in full. What can't be read is noted and passed over.
pub fn read_path(path: &Path, evidence: &mut Evidence) {
    for met in Walk::over(&[path.to_owned()], &Window::default()) {
        match met {
            Met::File(path) => match File::open(&path) {
                Ok(file) => read_stream(&path.display().to_string(), file, evidence),
                Err(error) => evidence.damaged(&path.display().to_string(), None, error.to_string()),
            },
            Met::PassedOver => evidence.passed_over += 1,
            Met::Trouble(path, what) => evidence.damaged(&path.display().to_string(), None, what),
        }
    }
}

/// Reads one stream of records called `name`, gzipped or not by its first bytes.
pub fn read_stream(name: &str, stream: impl Read, evidence: &mut Evidence) {
    evidence.files += 1;
    Reading::read(name, stream, evidence);
}

/// A file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The size of a file in bytes; 0 where it can't be told.
pub(super) fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |what| what.len())
}

/// A source, ready to be read.
pub(super) enum Bytes<'a> {
    /// The scratch has all of its text.
    Whole,
    /// It is large, damaged or packed otherwise, and must be read as a stream.
    Stream(Box<dyn Read + 'a>),
}

/// Up to this size a source is unpacked as a whole.
const WHOLE: usize = 24 << 20;

/// Takes in a source as a whole, where it is small enough and sound.
pub(super) fn bytes_of<'a>(mut stream: impl Read + 'a, scratch: &mut Scratch) -> Bytes<'a> {
    scratch.packed.clear();
    let read = (&mut stream).take(WHOLE as u64).read_to_end(&mut scratch.packed);
    let is_all = read.is_ok() && scratch.packed.len() < WHOLE;
    if is_all && unpack(scratch).is_some() {
        return Bytes::Whole;
    }
    let head = io::Cursor::new(std::mem::take(&mut scratch.packed));
    Bytes::Stream(Box::new(head.chain(Broken(read.err())).chain(stream)))
}

/// Unpacks one gzip member, which is what CloudTrail writes; its checksum vouches for the text. `None` for everything else.
fn unpack(scratch: &mut Scratch) -> Option<()> {
    let packed = scratch.packed.as_slice();
    if !packed.starts_with(&GZIP) {
        // Nothing vouches for it: whether it is JSON at all must be seen first.
        serde_json::from_slice::<serde::de::IgnoredAny>(packed).ok()?;
        std::mem::swap(&mut scratch.packed, &mut scratch.text);
        return Some(());
    }
    // Where another member may follow, the decoder that knows about members takes over.
    if memchr::memmem::find(packed.get(3..)?, &GZIP).is_some() {
        return None;
    }
    let size = packed
        .last_chunk::<4>()
        .map(|size| u32::from_le_bytes(*size) as usize)?;
    if size > WHOLE {
        return None;
    }
    scratch.text.resize(size, 0);
    let unpacker = scratch.unpacker.get_or_insert_with(libdeflater::Decompressor::new);
    let written = unpacker.gzip_decompress(packed, &mut scratch.text).ok()?;
    (written == size && !scratch.text.starts_with(&GZIP)).then_some(())
}

const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// The stream without its gzip wrapping, if it has one. Several members one behind the other are one file.
pub(super) fn unpacked<'a>(mut stream: Box<dyn Read + 'a>, wrappings: u8) -> Box<dyn Read + 'a> {
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
pub(super) struct Broken(pub(super) Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
