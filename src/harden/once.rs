//! Which calls were counted already: copies of a record count once, whoever of those that read side by side meets them.

use rapidhash::fast::RandomState;
use rapidhash::v3::rapidhash_v3;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// So many of the calls that were counted are known again by each of its parts: copies of one count once. A table of 65,536 places, of nine bytes each, is
/// full with them, so that all parts together take 38 MB at most.
const MOST_ONCE: usize = 7 << 13;

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    /// However many there are: no part's table grows beyond 65,536 places, and whoever was remembered is known again.
    #[test]
    fn memory_has_a_bound() {
        let once = Once::default();
        for n in 0..4_200_000_u64 {
            once.is_first(&n.to_le_bytes());
        }
        for part in &once.0 {
            let part = part.lock().unwrap();
            assert_eq!((part.len(), part.capacity()), (MOST_ONCE, MOST_ONCE));
        }
        assert!(!once.is_first(&0_u64.to_le_bytes()));
        let later = 4_199_999_u64.to_le_bytes();
        assert!(
            once.is_first(&later) && once.is_first(&later),
            "what found no room counts each time"
        );
    }
}
