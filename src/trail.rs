//! CloudTrail events: typed view over raw JSON, streaming readers for every known file shape.
//!
//! Evidence is a set: the order of files and of records makes no difference, a record that comes twice counts once. What cannot be read is
//! named with its file and place, and the rest is read. Session tokens stand in mint events; they are dropped on reading and never leave.
//!
//! A stream is cut into records by `cut`, which never holds more than one of them; `shape` opens the wrappers that records are met in.

mod cut;
mod event;
mod evidence;
mod layout;
mod read;
mod redact;
mod shape;
mod window;

pub use event::{Addendum, Event, EventError, Identity, Issuer};
pub use evidence::{Damage, Evidence};
pub use read::{read_path, read_stream};
pub use window::Window;

#[cfg(test)]
mod tests;
