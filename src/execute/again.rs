//! Trying again: throttling, a lost network and a service's own faults pass; a responder's run must outlast them.
//!
//! AWS asks for exponential back-off with jitter: <https://docs.aws.amazon.com/general/latest/gr/api-retries.html>. The intruder shares IAM's
//! request rate with the responder, so being throttled is to be expected.

use crate::mount::{AwsError, Clients, Trouble};
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// How often a call is made before its trouble is reported: with the waits between, half a minute.
pub(super) const TRIES: u32 = 9;

/// The first wait is about so long, and each further one twice as long, up to the last.
const FIRST_MILLIS: u64 = 200;
const LONGEST_MILLIS: u64 = 6000;

/// Whether a call that failed so had no effect and may succeed a moment later.
pub(super) fn sent_nothing(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::Throttled | Trouble::Unreachable)
}

/// How long to wait before try number `n` (from 1) of the call about `what`: between half of the time and all of it, so that calls which were
/// refused together don't come back together. The same call waits as long in every run.
pub(super) fn pause(what: &impl Hash, n: u32) -> Duration {
    let whole = FIRST_MILLIS.saturating_mul(1 << n.min(10)).min(LONGEST_MILLIS);
    let mut noise = rapidhash::fast::RapidHasher::default_const();
    (what, n).hash(&mut noise);
    Duration::from_millis(whole / 2 + noise.finish() % (whole / 2).max(1))
}

/// Makes a read until it succeeds or its trouble is one that doesn't pass.
pub(super) async fn patiently<T>(
    clients: &Clients,
    what: &impl Hash,
    read: impl AsyncFn() -> Result<T, AwsError>,
) -> Result<T, AwsError> {
    let mut n = 1;
    loop {
        match read().await {
            Err(error) if error.trouble.passes() && n < TRIES => clients.rest(pause(what, n)).await,
            other => return other,
        }
        n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_differ_and_end() {
        let waits: Vec<u128> = (1..TRIES).map(|n| pause(&"a", n).as_millis()).collect();
        assert!(waits.iter().sum::<u128>() < 40_000, "{waits:?}");
        assert!(waits[0] >= 200 && waits[0] <= 400 && waits[5] > waits[0], "{waits:?}");
        assert_ne!(pause(&"a", 3), pause(&"b", 3));
    }
}
