//! Cuts a stream of JSON into the values that may be records, one at a time, and finds its feet again behind a damaged place.
//!
//! `{"Records":[…` and its like are walked through, never held: memory is bounded by the longest record, not by the file. Behind a
//! place that is no JSON the structure is not trusted any more: from there every `{` is tried as the beginning of a record.

mod piece;

use crate::time::Moment;
use piece::{Ended, Piece};
use serde_json::Value;
use std::io::{self, Read};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// The depth that the JSON parser goes along with.
const DEEPEST: usize = 120;

/// The letters of a moment to the millisecond.
const LONGEST_MOMENT: usize = 24;

/// What takes in the values.
pub(super) trait Sink {
    /// A value that begins at `offset`. Says whether there was a record in it; `guessed` is true where the structure was lost before.
    fn value(&mut self, offset: u64, value: &Value, guessed: bool) -> bool;

    /// A place that is no JSON.
    fn broken(&mut self, offset: u64, what: String);
}

/// Something that was opened and walked into.
enum Level {
    /// A list: `[`.
    List,
    /// An object that holds a list, and how many closing brackets end it.
    Envelope(usize),
}

/// How far the structure is trusted.
#[derive(Clone, Copy, PartialEq)]
enum Trust {
    /// All of it so far.
    Whole,
    /// Lost, and the break was told.
    Lost,
    /// Lost, and there were records since: the next break is a new one.
    Found,
}

/// The walk through one stream.
pub(super) struct Cutter<R> {
    source: R,
    buffer: Vec<u8>,
    /// The first byte of the buffer that is still needed.
    start: usize,
    /// The byte that is looked at next.
    at: usize,
    /// The offset of the buffer's first byte in the stream.
    base: u64,
    end: Option<Option<io::Error>>,
    levels: Vec<Level>,
    trust: Trust,
}

impl<R: Read> Cutter<R> {
    /// A walk through `source`.
    pub(super) fn new(source: R) -> Self {
        Cutter {
            source,
            buffer: Vec::new(),
            start: 0,
            at: 0,
            base: 0,
            end: None,
            levels: Vec::new(),
            trust: Trust::Whole,
        }
    }

    /// Walks to the end and gives everything to `sink`.
    pub(super) fn walk(mut self, sink: &mut impl Sink) {
        loop {
            self.start = self.at;
            match self.look() {
                None if self.trust != Trust::Whole || !self.end_is_early() => return,
                None => {
                    let what = self.early_end();
                    self.broke(self.base + self.at as u64, what, sink);
                    return;
                }
                Some(byte) => self.step(byte, sink),
            }
        }
    }

    fn step(&mut self, byte: u8, sink: &mut impl Sink) {
        let lost = self.trust != Trust::Whole;
        match byte {
            b'{' => self.piece(sink),
            _ if lost => self.at += 1,
            _ if matches!(self.levels.last(), Some(Level::Envelope(_))) => self.close(sink),
            b'"' => self.piece(sink),
            b'[' if self.levels.len() < DEEPEST => {
                self.levels.push(Level::List);
                self.at += 1;
            }
            b']' if matches!(self.levels.last(), Some(Level::List)) => {
                self.levels.pop();
                self.at += 1;
            }
            // U+FEFF, which editors on Windows put first.
            0xef | 0xbb | 0xbf if self.base + (self.at as u64) < 3 => self.at += 1,
            b',' | 0x1e => self.at += 1,
            byte if byte.is_ascii_whitespace() => self.at += 1,
            byte if byte.is_ascii_digit() && self.levels.is_empty() && self.is_moment() => {}
            _ => {
                let what = if matches!(byte, 0xff | 0xfe | 0) {
                    "not JSON in UTF-8 (UTF-16, or no text at all)"
                } else {
                    "not JSON"
                };
                self.broke(self.base + self.at as u64, what.to_owned(), sink);
                self.at += 1;
            }
        }
    }

    /// Passes over the moment that an export of CloudWatch Logs has before each event: `2026-11-20T09:00:00.000Z `.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html>
    fn is_moment(&mut self) -> bool {
        let is_part = |byte: u8| byte.is_ascii_digit() || b"-:.TZ".contains(&byte);
        while self.at - self.start < LONGEST_MOMENT && self.look().is_some_and(is_part) {
            self.at += 1;
        }
        let text = self.buffer.get(self.start..self.at).unwrap_or_default();
        let is_moment = |text: &str| text.ends_with('Z') && text.parse::<Moment>().is_ok();
        if !std::str::from_utf8(text).is_ok_and(is_moment) || self.look() != Some(b' ') {
            self.at = self.start;
            return false;
        }
        true
    }

    /// The byte that is next; `None` at the end of what can be read.
    fn look(&mut self) -> Option<u8> {
        while self.at >= self.buffer.len() && self.end.is_none() {
            self.fill();
        }
        self.buffer.get(self.at).copied()
    }

    fn fill(&mut self) {
        self.buffer.drain(..self.start);
        self.base += self.start as u64;
        self.at -= self.start;
        self.start = 0;
        let held = self.buffer.len();
        self.buffer.resize(held + CHUNK, 0);
        let room = self.buffer.get_mut(held..).unwrap_or_default();
        let count = match self.source.read(room) {
            Ok(0) => {
                self.end = Some(None);
                0
            }
            Ok(count) => count.min(CHUNK),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => {
                self.end = Some(Some(error));
                0
            }
        };
        self.buffer.truncate(held + count);
    }

    fn end_is_early(&self) -> bool {
        !self.levels.is_empty() || matches!(self.end, Some(Some(_)))
    }

    fn early_end(&self) -> String {
        match &self.end {
            Some(Some(error)) => format!("the data ends or breaks here: {error}"),
            _ => "the file is cut off".to_owned(),
        }
    }

    /// From here on the structure isn't trusted. A break is told once, until there are records again.
    fn broke(&mut self, offset: u64, what: String, sink: &mut impl Sink) {
        if self.trust != Trust::Lost {
            sink.broken(offset, what);
        }
        self.trust = Trust::Lost;
    }

    /// Takes the value that begins here.
    fn piece(&mut self, sink: &mut impl Sink) {
        let ended = Piece::default().run(self);
        let offset = self.base + self.start as u64;
        let trouble = match ended {
            Ended::Opened => return,
            Ended::Broken(what) if self.look().is_some() => what.to_owned(),
            Ended::Broken(_) => self.early_end(),
            Ended::Whole => {
                let text = self.buffer.get(self.start..self.at).unwrap_or_default();
                match serde_json::from_slice::<Value>(text) {
                    Ok(value) => {
                        let found = sink.value(offset, &value, self.trust != Trust::Whole);
                        if found && self.trust == Trust::Lost {
                            self.trust = Trust::Found;
                        }
                        return;
                    }
                    Err(error) => format!("not JSON: {error} of what begins here"),
                }
            }
        };
        self.broke(offset, trouble, sink);
        self.at = self.start + 1;
    }

    /// Passes over what stands behind the list in an envelope, up to the envelope's end.
    fn close(&mut self, sink: &mut impl Sink) {
        let Some(Level::Envelope(behind)) = self.levels.pop() else {
            return;
        };
        let (mut open, mut lowest, mut quoted, mut before) = (behind, behind, false, b']');
        while let Some(byte) = self.look() {
            self.start = self.at;
            match byte {
                // Only a member's value may begin here: this is a record that stands outside its list.
                b'{' | b'[' if !quoted && open == lowest && before != b':' => {
                    self.broke(self.base + self.at as u64, "not JSON".to_owned(), sink);
                    return;
                }
                b'\\' if quoted => {
                    self.at += 1;
                    self.look();
                }
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => open += 1,
                b'}' | b']' if !quoted => open -= 1,
                _ => {}
            }
            lowest = lowest.min(open);
            self.at += 1;
            if open == 0 {
                return;
            }
            if !byte.is_ascii_whitespace() {
                before = byte;
            }
        }
        let what = self.early_end();
        self.broke(self.base + self.at as u64, what, sink);
    }
}
