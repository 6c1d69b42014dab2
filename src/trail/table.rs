//! Tables: exports as comma-separated values, one record a line, whole as JSON in one of the columns (Splunk's `_raw`, the `@message` of
//! CloudWatch Logs, the `CloudTrailEvent` of a look-up). A table that took the records apart holds no answers, and so no mints.

use super::shape::{Reading, Taker};
use serde_json::Value;
use std::io::Read;

/// How much is looked at to tell a table from JSON.
pub(super) const LOOKED_AT: usize = 4096;

/// Columns that hold whole records.
const COLUMNS: [&str; 6] = ["_raw", "@message", "message", "cloudtrailevent", "event", "record"];

/// The column that holds the records; `None` where the first line is not the head of such a table.
pub(super) fn column(head: &[u8]) -> Option<usize> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    // A line without an end is no head of a table, and JSON is none.
    let line = head.get(..memchr::memchr(b'\n', head)?)?;
    if line.trim_ascii_start().starts_with(b"{") || line.trim_ascii_start().starts_with(b"[") {
        return None;
    }
    let names = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line)
        .records()
        .next()?
        .ok()?;
    let is_column = |name: &str| COLUMNS.contains(&name.trim().to_lowercase().as_str());
    names.iter().position(is_column)
}

/// Reads a table whose records stand in this column.
pub(super) fn read<T: Taker>(reading: &mut Reading<'_, T>, stream: impl Read, column: usize) {
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(stream);
    let mut row = csv::StringRecord::new();
    loop {
        let offset = rows.position().byte();
        match rows.read_record(&mut row) {
            Ok(false) => return,
            Ok(true) => reading.cell(offset, row.get(column).unwrap_or_default()),
            Err(error) => {
                reading.unreadable(offset, error.to_string());
                if matches!(error.kind(), csv::ErrorKind::Io(_)) {
                    return;
                }
            }
        }
    }
}

impl<T: Taker> Reading<'_, T> {
    fn cell(&mut self, offset: u64, text: &str) {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => {
                self.whole(offset, &value);
            }
            Err(error) => self.unreadable(offset, format!("a row without a record: {error}")),
        }
    }
}
