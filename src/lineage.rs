//! From events to the family of credentials: who minted what, what is alive, what the evidence cannot tell.
//!
//! A mint is a call that gives a new credential. From the asked key the mints are walked back to the origin and then forward to the
//! fixpoint. A use is joined to a temporary credential only if the moment of issue agrees too: key IDs of temporary credentials recur.

mod bystander;
mod credential;
mod mint;
mod trace;

pub use bystander::{Bystander, bystanders};
pub use credential::{Attempt, Coverage, Credential, Kind, Lineage, Made, Mint, Unresolved, Use};
pub use mint::{MintedKey, mint_of};
pub use trace::trace;

#[cfg(test)]
mod tests;
