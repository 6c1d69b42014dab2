//! Read an account and its trail through a mount.
//!
//! What cannot be read is `None` in the account and listed beside it with the reason. Missing permissions are found all at
//! once, not one by one.

mod account;
mod collected;
mod credentials;
mod details;
mod owner;
mod trail;

pub use account::account;
pub use collected::{Collected, Scope, Unread};
pub use owner::{Caller, caller, origin};
pub use trail::trail;
