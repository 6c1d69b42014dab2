//! What is kept of records as bytes: numbers in little-endian order, texts behind their length.

use std::io::{self, Read, Write};

/// Writes what is kept, one after the other.
pub(super) struct Packing<'w, W>(pub(super) &'w mut W);

impl<W: Write> Packing<'_, W> {
    pub(super) fn number(&mut self, number: u64) -> io::Result<()> {
        self.0.write_all(&number.to_le_bytes())
    }

    pub(super) fn signed(&mut self, number: i64) -> io::Result<()> {
        self.0.write_all(&number.to_le_bytes())
    }

    pub(super) fn short(&mut self, number: u16) -> io::Result<()> {
        self.0.write_all(&number.to_le_bytes())
    }

    pub(super) fn byte(&mut self, number: u8) -> io::Result<()> {
        self.0.write_all(&[number])
    }

    pub(super) fn length(&mut self, length: usize) -> io::Result<()> {
        let length = u32::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?;
        self.0.write_all(&length.to_le_bytes())
    }

    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.length(text.len())?;
        self.0.write_all(text.as_bytes())
    }
}

/// Reads it back.
pub(super) struct Unpacking<'r, R>(pub(super) &'r mut R);

impl<R: Read> Unpacking<'_, R> {
    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn number(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    pub(super) fn signed(&mut self) -> io::Result<i64> {
        Ok(i64::from_le_bytes(self.bytes()?))
    }

    pub(super) fn short(&mut self) -> io::Result<u16> {
        Ok(u16::from_le_bytes(self.bytes()?))
    }

    pub(super) fn byte(&mut self) -> io::Result<u8> {
        Ok(u8::from_le_bytes(self.bytes()?))
    }

    pub(super) fn length(&mut self) -> io::Result<usize> {
        let length = u32::from_le_bytes(self.bytes()?);
        usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    pub(super) fn text(&mut self) -> io::Result<Box<str>> {
        let length = self.length()?;
        let mut bytes = Vec::new();
        (&mut *self.0).take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(text.into_boxed_str())
    }
}
