//! What queries cost so far.

/// It.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Bytes that were scanned.
    pub(super) bytes: u64,
    /// In how many queries.
    pub(super) queries: u32,
    /// How many rows came.
    pub(super) rows: u64,
}

impl Tally {
    /// Counts a query.
    pub(super) fn add(&mut self, bytes: u64, rows: usize) {
        self.bytes += bytes;
        self.queries += 1;
        self.rows += rows as u64;
    }
}
