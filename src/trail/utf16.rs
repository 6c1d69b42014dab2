//! Text in UTF-16, as PowerShell writes it, read as the same text in UTF-8.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

/// So many bytes are turned at a time.
const STEP: usize = 8 << 10;

/// Whether a text begins as one in UTF-16 does that says so.
/// <https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_character_encoding>
pub(super) fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

/// So many stretches are remembered: the last ones, for places are asked for soon behind where they were read.
const STRETCHES: usize = 64 << 10;

/// Where the letters of a text stand in its file, shared by who turns it and who tells of places in it. Empty for a text that was not turned: then they are one.
pub(super) type Places = Rc<RefCell<Turned>>;

/// The same, by stretches of letters that are equally long.
#[derive(Default)]
pub(super) struct Turned(VecDeque<Stretch>);

/// Letters that have so many bytes each in UTF-8 and in UTF-16, from these places on.
struct Stretch {
    text: u64,
    file: u64,
    letter: (u64, u64),
}

impl Turned {
    /// The place in the file of a place in the text.
    pub(super) fn place(&self, at: u64) -> u64 {
        let place = self.0.partition_point(|stretch| stretch.text <= at);
        let stretch = place.checked_sub(1).and_then(|place| self.0.get(place));
        stretch.map_or(at, |stretch| {
            stretch.file + (at - stretch.text) / stretch.letter.0 * stretch.letter.1
        })
    }

    /// Takes in a letter that begins at these places.
    fn add(&mut self, text: u64, file: u64, letter: (u64, u64)) {
        if self.0.back().is_some_and(|last| last.letter == letter) {
            return;
        }
        if self.0.len() == STRETCHES {
            self.0.pop_front();
        }
        self.0.push_back(Stretch { text, file, letter });
    }
}

/// A stream of UTF-16, turned as it is read. What is no text is a replacement character.
pub(super) struct Utf16<R> {
    inner: R,
    is_big_endian: bool,
    /// Bytes that were read and not turned: a half unit, or the first half of a pair.
    rest: Vec<u8>,
    /// What was turned, and how much of it was given.
    text: String,
    given: usize,
    is_at_end: bool,
    /// What went wrong behind the text that is not given yet.
    failed: Option<io::Error>,
    /// How far the text and the file were turned.
    at: (u64, u64),
    places: Places,
}

impl<R: Read> Utf16<R> {
    /// The text behind the mark that the stream began with.
    pub(super) fn of(inner: R, is_big_endian: bool, places: Places) -> Self {
        Utf16 {
            inner,
            is_big_endian,
            rest: Vec::new(),
            text: String::new(),
            given: 0,
            is_at_end: false,
            failed: None,
            at: (0, 2),
            places,
        }
    }

    /// Turns the next bytes.
    fn turn(&mut self) {
        let mut bytes = std::mem::take(&mut self.rest);
        let read = (&mut self.inner).take(STEP as u64).read_to_end(&mut bytes);
        self.is_at_end = matches!(read, Ok(0));
        let pairs = bytes.chunks_exact(2);
        let half = pairs.remainder().to_vec();
        let units = pairs.filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
        let mut units: Vec<u16> = units
            .map(|pair| match self.is_big_endian {
                true => u16::from_be_bytes(pair),
                false => u16::from_le_bytes(pair),
            })
            .collect();
        // The first half of a pair waits for the second one.
        let open = units.pop_if(|last| !self.is_at_end && (0xd800..0xdc00).contains(last));
        if let Some(unit) = open {
            let kept = if self.is_big_endian {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            };
            self.rest.extend(kept);
        }
        match self.is_at_end {
            false => self.rest.extend(half),
            true if !half.is_empty() => units.push(0xfffd),
            true => {}
        }
        self.text.clear();
        self.given = 0;
        let mut places = self.places.borrow_mut();
        for letter in char::decode_utf16(units) {
            let (letter, units) = match letter {
                Ok(letter) => (letter, letter.len_utf16()),
                Err(_) => (char::REPLACEMENT_CHARACTER, 1),
            };
            let length = (letter.len_utf8() as u64, 2 * units as u64);
            places.add(self.at.0, self.at.1, length);
            self.at = (self.at.0 + length.0, self.at.1 + length.1);
            self.text.push(letter);
        }
        drop(places);
        self.failed = read.err();
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.is_at_end {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            self.turn();
        }
        let mut left = self.text.as_bytes().get(self.given..).unwrap_or_default();
        let count = left.read(room)?;
        self.given += count;
        Ok(count)
    }
}

/// A text as it stands in such a file.
#[cfg(test)]
pub(super) fn written(text: &str, is_big_endian: bool) -> Vec<u8> {
    let of = |unit: u16| match is_big_endian {
        true => unit.to_be_bytes(),
        false => unit.to_le_bytes(),
    };
    text.encode_utf16().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    /// Gives a byte or a few at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(room.len());
            self.0.read(room.get_mut(..most).unwrap())
        }
    }

    #[test]
    fn a_text_is_the_same_however_it_comes() {
        // What a text begins with for a mark is a letter like others within it.
        let text = format!("{{\"k\":\"{} \u{1f511}\"}}", "\u{43a}\u{1f511}a\u{feff}".repeat(5_000));
        for is_big_endian in [true, false] {
            let bytes = written(&text, is_big_endian);
            for step in [1, 3, 4_096, usize::MAX] {
                let mut read = String::new();
                Utf16::of(Slow(&bytes, step), is_big_endian, Places::default())
                    .read_to_string(&mut read)
                    .unwrap();
                assert_eq!(read, text, "{step}");
            }
            // Cut off within a letter, it ends with one that is none.
            let mut read = String::new();
            Utf16::of(&bytes[..bytes.len() - 5], is_big_endian, Places::default())
                .read_to_string(&mut read)
                .unwrap();
            assert!(read.ends_with('\u{fffd}'), "{read}");
        }
    }

    #[test]
    fn a_place_is_told_where_the_file_has_it() {
        let text = format!("{}\u{1f511}x\u{43a}", "ab\u{43a}\u{43a}\u{1f511}".repeat(3_000));
        let places = Places::default();
        let bytes = written(&text, false);
        let mut read = String::new();
        Utf16::of(Slow(&bytes, 4_095), false, places.clone())
            .read_to_string(&mut read)
            .unwrap();
        let mut file = 2;
        for (at, letter) in text.char_indices() {
            assert_eq!(places.borrow().place(at as u64), file, "{at}");
            file += 2 * letter.len_utf16() as u64;
        }
        // What was not turned stands where it stands.
        assert_eq!(Turned::default().place(7), 7);
    }
}
