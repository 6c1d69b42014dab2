//! CloudTrail events: typed view over raw JSON, streaming readers for every known file shape.
//!
//! Evidence is a set: the order of files and of records makes no difference, a record that comes twice counts once. What cannot be read is
//! named with its file and place, and the rest is read. Session tokens stand in mint events; they are dropped on reading and never leave.
//!
//! An archive is read in two passes ([`Survey`], [`Harvest`]): the first keeps who called and which key gave which, the second reads again in full
//! what can matter for the keys that were asked for. Where the text is exactly as CloudTrail writes it, `scan` finds these facts without
//! parsing; everything else goes record by record.
//!
//! What the first pass found in files can be kept ([`Index`]), so that the next question opens only what is new and what can matter for it.
//!
//! A stream is cut into records by `cut`, which never holds more than one of them; `shape` opens the wrappers that records are met in.

pub(crate) mod apart;
mod closure;
mod console;
mod cut;
mod distinct;
mod enters;
mod event;
mod evidence;
mod facts;
mod fold;
mod giving;
mod growth;
mod harvest;
mod identity;
mod index;
mod layout;
mod members;
mod ocsf;
mod packed;
mod pages;
mod read;
mod redact;
mod reveals;
mod row;
mod scan;
mod search;
mod seen;
mod shape;
mod sift;
mod spool;
mod survey;
mod table;
mod utf16;
mod walk;
mod window;

pub use event::{Addendum, Event, EventError, Identity, Issuer};
pub use evidence::{Damage, Evidence};
pub use harvest::{Followed, Harvest};
pub use index::{Index, IndexError};
pub(crate) use members::{member, members};
pub use read::{read_path, read_stream};
pub use row::{COLUMNS, CREDENTIAL, Column, LACKS, RESOURCE, SIGN_IN, SWITCHED_FROM, record_of_row};
pub use search::{Progress, search};
pub use seen::{Hours, Recorder, Seen};
pub use sift::{Glance, Make, Sieve, Sift};
pub use spool::Spool;
pub use survey::Survey;
pub use window::Window;

#[cfg(test)]
mod tests;
