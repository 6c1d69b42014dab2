//! What would have shown the incident, and what would have stopped it: detections and measures for this account.
//!
//! A detection is a [`Rule`], data; its EventBridge pattern, its Sigma rule, its query for Athena and the run over a trail ([`Detector`]) are
//! written of the same value.
//!
//! Rules that are fitted to an account are written of the places that its users and roles came from.
//!
//! A measure is proven by asking the trail's calls again of the account with it, with the judgement that the twin authorizes by: everybody
//! else's must go through as before, and the intruder's are stopped somewhere, or honestly aren't.

mod athena;
mod before;
mod caller;
mod denied;
mod detect;
mod eventbridge;
mod finding;
mod fitted;
mod given;
mod glimpse;
mod keys;
mod let_in;
mod matching;
mod measure;
mod networks;
mod once;
mod ours;
mod outsider;
mod perimeter;
mod places;
mod prevention;
mod proof;
mod replacement;
mod replay;
mod rule;
mod rules;
mod seen;
mod sigma;
mod theirs;
mod trust;
mod trusted;
mod usage;
mod written;

pub use athena::athena;
pub use denied::Denied;
pub use detect::{Aside, Counted, Detections, Detector, Hit, MOST_HITS, MakeAside, found};
pub use eventbridge::{Pattern, pattern};
pub use finding::Finding;
pub use fitted::{Fitted, Whose, from_elsewhere};
pub use measure::Measure;
pub use once::Once;
pub use perimeter::{by_root, only_ours, taken_by_stranger, without_root};
pub use places::TABLE;
pub use prevention::{Prevention, Sample, prevention};
pub use proof::Proof;
pub use rule::{Is, Level, Row, Rule, Shape, Test, Until, Within};
pub use rules::RULES;
pub use seen::{Seen, Used};
pub use sigma::sigma;
pub use usage::{Call, Gathered, Usage};
pub use written::{Written, written};
