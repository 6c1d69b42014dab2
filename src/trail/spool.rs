//! A stream that comes once, such as stdin, kept so that it can be read twice.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// What a stream held, in a file without a name that goes when this does.
#[derive(Debug)]
pub struct Spool(File);

impl Spool {
    /// Takes in all of `stream`.
    ///
    /// # Errors
    /// The stream breaks, or there is no room for it in the folder for temporary files.
    pub fn of(mut stream: impl Read) -> io::Result<Spool> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut stream, &mut file)?;
        Ok(Spool(file))
    }

    /// Its bytes from the beginning. One reader at a time: they share their place.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn reader(&self) -> io::Result<impl Read + use<>> {
        let mut file = self.0.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}
