//! Read an account and its trail through a mount.
//!
//! What cannot be read is `None` in the account and listed beside it with the reason. Missing permissions are found all at
//! once, not one by one.

mod account;
mod collected;
mod credentials;
mod details;
mod holders;
mod iam_calls;
mod kept;
mod last_used;
mod lookup;
mod organization;
mod owner;
mod queried;
mod region;
mod regions;
mod renamings;
mod s3;
mod search;
mod simulate;
mod trails;

pub use account::{account, unread};
pub use collected::{Collected, Scope, Unread};
pub use credentials::credentials;
pub use details::DETAILS;
pub use holders::{Held, among_all_users, holders};
pub use iam_calls::iam_calls;
pub use kept::{Kept, kept};
pub use last_used::last_used;
pub use lookup::{Found, comings, sign_ins, trail};
pub use organization::{delegation, organization};
pub use owner::{Caller, caller, origin, user_of};
pub use queried::{Athena, NameError, Queried, Store, StoreError, Table, checked, whole_query};
pub use renamings::{renaming_records, renamings};
pub use s3::{Location, LocationError, Object, Piped, Read, Reader, s3};
pub use simulate::{MOST_TRIED, Simulated, simulated};
pub use trails::{Trails, trails};
