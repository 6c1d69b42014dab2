//! Facts as bytes: numbers in little-endian order.

use super::facts::{Gave, Who};

/// Appends a number.
pub(super) fn put(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Appends somebody.
pub(super) fn put_who(out: &mut Vec<u8>, who: &Who) {
    let session = u64::from(who.sign_in) << 32 | u64::from(who.since);
    [who.key, who.id, who.name, session]
        .into_iter()
        .for_each(|number| put(out, number));
}

/// Appends a key that was given.
pub(super) fn put_gave(out: &mut Vec<u8>, gave: &Gave) {
    let marks = [gave.names_role, gave.is_long_term, gave.is_of_console, gave.is_switch];
    let marks = marks.iter().rev().fold(0, |marks, mark| marks << 1 | u64::from(*mark));
    put_who(out, &gave.new);
    [gave.by, gave.shared, marks | u64::from(gave.by_since) << 32]
        .into_iter()
        .for_each(|number| put(out, number));
}

/// What is left to read.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    pub(super) fn half(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub(super) fn who(&mut self) -> Option<Who> {
        let (key, id, name, session) = (self.number()?, self.number()?, self.number()?, self.number()?);
        Some(Who {
            key,
            id,
            name,
            sign_in: (session >> 32) as u32,
            since: session as u32,
        })
    }

    pub(super) fn gave(&mut self) -> Option<Gave> {
        let (new, by, shared, marks) = (self.who()?, self.number()?, self.number()?, self.number()?);
        Some(Gave {
            by,
            by_since: (marks >> 32) as u32,
            new,
            shared,
            names_role: marks & 1 == 1,
            is_long_term: marks & 2 == 2,
            is_of_console: marks & 4 == 4,
            is_switch: marks & 8 == 8,
        })
    }
}
