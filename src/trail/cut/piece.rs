//! The walk through one value.

use super::{Cutter, DEEPEST, Level, Trust};
use std::io::Read;

/// Longer than this no record is: CloudTrail writes 256 KB at most, wrappers repeat it a few times.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
const LONGEST: usize = 16 * 1024 * 1024;

/// Members of an outermost object that hold a list of records.
const LISTS: [&[u8]; 3] = [b"Records", b"Events", b"events"];

/// How a piece ended.
pub(super) enum Ended {
    /// Behind its last byte.
    Whole,
    /// It holds a list that is walked into.
    Opened,
    /// It is no JSON.
    Broken(&'static str),
}

/// The walk through one value: brackets and quotes, no more grammar than is needed to notice early that it is broken.
#[derive(Default)]
pub(super) struct Piece {
    depth: usize,
    /// The last byte outside quotes that wasn't white space.
    before: u8,
    /// Where the last two members' names stand, by depth: from, to, counted from the piece's start.
    names: [(usize, usize); 2],
}

impl Piece {
    /// Walks from the cutter's place to the end of the value.
    pub(super) fn run<R: Read>(&mut self, cutter: &mut Cutter<R>) -> Ended {
        while let Some(byte) = cutter.look() {
            if cutter.at - cutter.start > LONGEST {
                return Ended::Broken("longer than any record");
            }
            let opens = matches!(self.before, 0 | b'{' | b'[' | b',' | b':');
            match byte {
                b'"' if opens => {
                    if let Some(trouble) = self.text(cutter) {
                        return Ended::Broken(trouble);
                    }
                }
                b'{' | b'[' if opens && self.before != b'{' => {
                    if byte == b'[' && self.holds_records(cutter) {
                        cutter.at += 1;
                        cutter.levels.push(Level::Envelope(self.depth));
                        cutter.levels.push(Level::List);
                        return Ended::Opened;
                    }
                    self.depth += 1;
                    if self.depth > DEEPEST {
                        return Ended::Broken("nested deeper than any record");
                    }
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b',' | b':' => {}
                byte if byte.is_ascii_whitespace() => {
                    cutter.at += 1;
                    continue;
                }
                byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
                    if !opens && !self.before.is_ascii_alphanumeric() && !matches!(self.before, b'-' | b'+' | b'.') {
                        return Ended::Broken("not JSON");
                    }
                }
                _ => return Ended::Broken("not JSON"),
            }
            self.before = byte;
            cutter.at += 1;
            if self.depth == 0 {
                return Ended::Whole;
            }
        }
        Ended::Broken("cut off")
    }

    /// Passes over a text, up to its closing quote; says what is wrong with it, if anything is.
    fn text<R: Read>(&mut self, cutter: &mut Cutter<R>) -> Option<&'static str> {
        let from = cutter.at - cutter.start + 1;
        cutter.at += 1;
        loop {
            match cutter.look() {
                None => return Some("cut off"),
                Some(b'"') => break,
                Some(byte) if byte < 0x20 => return Some("a text that is not closed"),
                Some(b'\\') => {
                    cutter.at += 1;
                    cutter.look();
                    cutter.at += 1;
                }
                Some(_) => cutter.at += 1,
            }
            if cutter.at - cutter.start > LONGEST {
                return Some("longer than any record");
            }
        }
        let is_name = matches!(self.before, b'{' | b',');
        let place = self.depth.checked_sub(1).and_then(|depth| self.names.get_mut(depth));
        if let Some(name) = place.filter(|_| is_name) {
            *name = (from, cutter.at - cutter.start);
        }
        None
    }

    /// Whether the `[` that comes now begins a list of records: CloudTrail's files, LookupEvents, exports of CloudWatch Logs at the first
    /// depth; Elastic's `hits.hits` at the second. Where the structure was lost the whole is taken as a piece.
    fn holds_records<R: Read>(&self, cutter: &Cutter<R>) -> bool {
        if self.before != b':' || cutter.trust != Trust::Whole || cutter.levels.len() >= DEEPEST {
            return false;
        }
        let name = |place: (usize, usize)| {
            let range = cutter.start + place.0..cutter.start + place.1;
            cutter.buffer.get(range).unwrap_or_default()
        };
        let [first, second] = self.names;
        match self.depth {
            1 => LISTS.contains(&name(first)),
            2 => name(first) == b"hits" && name(second) == b"hits",
            _ => false,
        }
    }
}
