//! From events to the family of credentials: who minted what, what is alive, what the evidence cannot tell.
//!
//! A mint is a call that gives a new credential. From the asked key the mints are walked back to the origin and then forward to the
//! fixpoint. A long-term key is its own origin: whoever created it is not of its family. An event is joined to a temporary credential only
//! if the moment of issue and the principal agree too, whether it is a use or a mint: key IDs of temporary credentials recur.

mod abroad;
mod alike;
mod asker;
mod beyond;
mod bystander;
mod called;
mod carried;
mod cause;
mod coverage;
mod credential;
mod family;
mod given;
mod holder;
mod kin;
mod label;
mod lasting;
mod lent;
mod let_in;
mod login;
mod mint;
mod observe;
mod opened;
mod related;
mod renamed;
mod revived;
mod secret;
mod session;
mod sign_in;
mod stranger;
mod switch;
mod trace;
mod unjudged;
mod unminted;
mod untold;
mod vouched;

pub use bystander::{Bystander, bystanders};
pub use cause::Cause;
pub use coverage::{Coverage, Covered, LookedUp, Silence};
pub use credential::{Credential, Kind, Mint, Use};
pub use let_in::{let_in, opened_roles, passwords_set, sign_ins, unjoined};
pub use mint::{MintedKey, mint_of, minting};
pub use related::{Related, related};
pub use renamed::{Bearer, Renamed};
pub use secret::ReadSecret;
pub use trace::{Ambiguous, Attempt, Lineage, Made, OnBehalf, Reached, RefusedByScp, Unresolved, trace};
pub use unjudged::Unjudged;
pub use untold::Untold;

#[cfg(test)]
mod tests;
