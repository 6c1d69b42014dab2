//! Which calls were counted already: copies of a record count once, whoever of those that read side by side meets them.

use rapidhash::fast::RandomState;
use rapidhash::v3::rapidhash_v3;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// So many of the calls that were counted are known again by each of its parts: copies of one count once.
const MOST_ONCE: usize = 1 << 16;

/// The calls that were counted, by their `eventID`, in parts that several may look into side by side.
#[derive(Debug)]
pub struct Once([Mutex<HashSet<u64, RandomState>>; 64]);

impl Default for Once {
    fn default() -> Self {
        Once(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Once {
    /// Whether a call of that ID wasn't counted, as far as so many can be remembered; it is now.
    pub(super) fn is_first(&self, id: &[u8]) -> bool {
        let hash = rapidhash_v3(id);
        let Some(part) = usize::try_from(hash % 64).ok().and_then(|part| self.0.get(part)) else {
            return true;
        };
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        match part.len() < MOST_ONCE {
            true => part.insert(hash),
            false => !part.contains(&hash),
        }
    }
}
