//! Reading evidence: files and folders, gzipped or not, in every shape that CloudTrail's records are met in.
//!
//! `{"Records":[…]}` as CloudTrail delivers, a bare array, one record a line, LookupEvents output, and wrappers with `_raw` or `_source`.

use super::scan::Scratch;
use super::shape::Reading;
use super::utf16::{Places, Utf16, is_utf16};
use super::walk::{Met, Walk};
use super::{Evidence, Window};
use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::num::NonZero;
use std::path::Path;
use std::sync::LazyLock;
use std::thread::available_parallelism;

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

/// Up to this size a source is unpacked as a whole, which every core does with one at once: together they hold no more than 48 MiB of text.
static WHOLE: LazyLock<usize> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, NonZero::get);
    ((48 << 20) / cores).clamp(1 << 20, 24 << 20)
});

/// Room for the beginning of a source: most files fit.
const FIRST: usize = 256 << 10;

/// Takes in a source as a whole, where it is small enough and sound.
pub(super) fn bytes_of<'a>(mut stream: impl Read + 'a, scratch: &mut Scratch) -> Bytes<'a> {
    let read = take_in(&mut stream, scratch);
    let is_all = read.is_ok() && scratch.packed_length < *WHOLE;
    if is_all && unpack(scratch).is_some() {
        return Bytes::Whole;
    }
    let mut head = std::mem::take(&mut scratch.packed);
    head.truncate(scratch.packed_length);
    let head = io::Cursor::new(head);
    Bytes::Stream(Box::new(head.chain(Broken(read.err())).chain(stream)))
}

/// Reads the beginning of a stream, mostly all of it. The buffer only grows: nothing is cleared for the next source.
fn take_in(stream: &mut impl Read, scratch: &mut Scratch) -> io::Result<()> {
    scratch.packed_length = 0;
    while scratch.packed_length < *WHOLE {
        if scratch.packed_length == scratch.packed.len() {
            let room = (2 * scratch.packed.len()).clamp(FIRST, *WHOLE);
            scratch.packed.resize(room, 0);
        }
        let room = scratch.packed.get_mut(scratch.packed_length..).unwrap_or_default();
        match stream.read(room) {
            Ok(0) => return Ok(()),
            Ok(count) => scratch.packed_length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Unpacks one gzip member, which is what CloudTrail writes; its checksum vouches for the text. `None` for everything else.
fn unpack(scratch: &mut Scratch) -> Option<()> {
    let packed = scratch.packed.get(..scratch.packed_length)?;
    if !packed.starts_with(&GZIP) {
        // Nothing vouches for it: whether it is JSON at all must be seen first.
        serde_json::from_slice::<serde::de::IgnoredAny>(packed).ok()?;
        std::mem::swap(&mut scratch.packed, &mut scratch.text);
        scratch.text_length = scratch.packed_length;
        return Some(());
    }
    let size = packed
        .last_chunk::<4>()
        .map(|size| u32::from_le_bytes(*size) as usize)?;
    if size > *WHOLE {
        return None;
    }
    if scratch.text.len() < size {
        scratch.text.resize(size, 0);
    }
    scratch.text_length = size;
    let text = scratch.text.get_mut(..size)?;
    let unpacker = scratch.unpacker.get_or_insert_with(libdeflater::Decompressor::new);
    let written = unpacker.gzip_decompress(packed, text).ok()?;
    // Where another member follows, the decoder that knows about members takes over.
    (written == size && !text.starts_with(&GZIP) && !is_utf16(text) && !is_followed(packed, size)).then_some(())
}

/// Whether another member stands behind the first one, which is of this size unpacked: a member ends with its size.
fn is_followed(packed: &[u8], size: usize) -> bool {
    let ends = |at: usize| {
        let end = at.checked_sub(4).and_then(|from| packed.get(from..at));
        end.is_some_and(|end| end == (size as u32).to_le_bytes())
    };
    memchr::memmem::find_iter(packed, &GZIP).any(ends)
}

const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

/// The stream without its gzip wrapping, if it has one, and in UTF-8; where its letters stood then `places` says. Several members one behind the other are one file.
pub(super) fn unpacked<'a>(mut stream: Box<dyn Read + 'a>, wrappings: u8, places: &Places) -> Box<dyn Read + 'a> {
    let mut head = Vec::new();
    let read = (&mut stream).take(2).read_to_end(&mut head);
    let packed = head == [0x1f, 0x8b] && wrappings > 0;
    if is_utf16(&head) {
        let is_big_endian = head.starts_with(&[0xfe]);
        let text = Broken(read.err()).chain(stream);
        return Box::new(Utf16::of(text, is_big_endian, places.clone()));
    }
    let whole = io::Cursor::new(head).chain(Broken(read.err())).chain(stream);
    if packed {
        // The decoder reads in small steps, so the file is read ahead of it.
        let members = Members(Some(GzDecoder::new(BufReader::new(whole))));
        unpacked(Box::new(members), wrappings - 1, places)
    } else {
        Box::new(whole)
    }
}

/// Members of gzip one behind the other, as one text. Zeros behind a member are padding, as of a tape, and no damage.
struct Members<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let count = member.read(room)?;
            if count > 0 || room.is_empty() {
                return Ok(count);
            }
            let rest = self.0.take().map(GzDecoder::into_inner);
            self.0 = rest.map(behind_zeros).transpose()?.flatten().map(GzDecoder::new);
        }
        Ok(0)
    }
}

/// What stands behind the zeros that a stream goes on with; `None` at its end.
fn behind_zeros<R: BufRead>(mut stream: R) -> io::Result<Option<R>> {
    loop {
        let held = match stream.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            held => held?,
        };
        let (zeros, all) = (held.iter().take_while(|byte| **byte == 0).count(), held.len());
        stream.consume(zeros);
        if all == 0 {
            return Ok(None);
        }
        if zeros < all {
            return Ok(Some(stream));
        }
    }
}

/// Gives an error that came up early at the place where it belongs, and nothing else.
pub(super) struct Broken(pub(super) Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::is_followed;

    #[test]
    fn another_member_follows_only_where_a_size_stands_before_it() {
        let packed = |size: [u8; 4]| [b"\x1f\x8b\x08 packed, crc ".as_slice(), &size, b"\x1f\x8b\x08 more"].concat();
        assert!(is_followed(&packed([7, 1, 0, 0]), 263));
        // By chance three bytes in sixteen million are those that a member begins with.
        assert!(!is_followed(&packed([7, 1, 0, 9]), 263));
        assert!(!is_followed(b"\x1f\x8b\x08 packed", 263));
    }
}
