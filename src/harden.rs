//! What would have shown the incident, and what would have stopped it: detections and measures for this account.
//!
//! A detection is a [`Rule`], data; its EventBridge pattern, its Sigma rule, its query for Athena and the run over a trail ([`Detector`]) are
//! written of the same value.

mod athena;
mod caller;
mod detect;
mod eventbridge;
mod matching;
mod rule;
mod rules;
mod sigma;
mod written;

pub use athena::athena;
pub use detect::{Detector, Hit, found};
pub use eventbridge::{Pattern, pattern};
pub use rule::{Is, Level, Row, Rule, Shape, Test, Within};
pub use rules::RULES;
pub use sigma::sigma;
pub use written::{Written, written};
