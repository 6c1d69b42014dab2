//! CloudTrail events: typed view over raw JSON, streaming readers for every known file shape.
//!
//! Evidence is a set: the order of files and of records makes no difference, a record that comes twice counts once. What cannot be read is
//! named with its file and place, and the rest is read. Session tokens stand in mint events; they are dropped on reading and never leave.

mod event;
mod evidence;
mod read;

pub use event::{Event, EventError, Identity, Issuer};
pub use evidence::{Damage, Evidence};
pub use read::{read_path, read_stream};

#[cfg(test)]
mod tests;
