//! How an eye keeps out of its own way where IAM throttles: looks that are too many get no answer, and whoever then waits longer and longer is blind just when
//! somebody turns a cut round. So an eye that was throttled rests longer between its looks, and only by and by less again.
//!
//! IAM tells no rate; each operation has its own, which everybody in the account shares.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use super::again::pause;
use crate::time::Moment;
use std::hash::Hash;
use std::time::Duration;

/// No eye rests longer than this between two looks for having been throttled.
const LONGEST: Duration = Duration::from_secs(2);

/// So many times as long as it would is the longest that an eye rests.
const MOST: u32 = 16;

/// For how long an eye must not have been throttled before it rests less again, in seconds.
const CALM_SECONDS: i64 = 5;

/// The waits behind a look or a call that was throttled grow so often: a second and a half at most, in half of which somebody's change is seen.
const GROWS: u32 = 3;

/// How an eye is paced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pacing {
    stretch: u32,
    since: Option<Moment>,
}

impl Default for Pacing {
    fn default() -> Self {
        Pacing {
            stretch: 1,
            since: None,
        }
    }
}

impl Pacing {
    /// A look was throttled.
    pub(super) fn throttled(&mut self, now: Moment) {
        self.stretch = (self.stretch * 2).min(MOST);
        self.since = Some(now);
    }

    /// A look was answered: where that was so for some time, the eye rests less.
    pub(super) fn answered(&mut self, now: Moment) {
        if self.since.is_some_and(|since| since.plus_seconds(CALM_SECONDS) <= now) {
            self.stretch = (self.stretch / 2).max(1);
            self.since = Some(now);
        }
    }

    /// How long the eye rests that else would for `usual`.
    pub(super) fn rest(&self, usual: Duration) -> Duration {
        (usual * self.stretch).min(LONGEST.max(usual))
    }
}

/// How long to wait behind a look or a call of a guard that was throttled for the `n`th time in turn.
pub(super) fn soon(what: &impl Hash, n: u32) -> Duration {
    pause(what, n.min(GROWS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The usual rest, in milliseconds, as it is stretched.
    fn rest(pacing: &Pacing) -> u128 {
        pacing.rest(Duration::from_millis(75)).as_millis()
    }

    #[test]
    fn whoever_is_throttled_looks_less_often_for_a_while_and_never_much_less() {
        let at = |second: i64| Moment::from_millis(second * 1000);
        let mut pacing = Pacing::default();
        assert_eq!(rest(&pacing), 75);
        pacing.answered(at(0));
        pacing.throttled(at(1));
        pacing.throttled(at(2));
        assert_eq!(rest(&pacing), 300);
        pacing.answered(at(6));
        assert_eq!(rest(&pacing), 300);
        pacing.answered(at(7));
        assert_eq!(rest(&pacing), 150);
        // Each time it is a while again.
        pacing.answered(at(8));
        assert_eq!(rest(&pacing), 150);
        (0..9).for_each(|second| pacing.throttled(at(20 + second)));
        assert_eq!(rest(&pacing), 1200);
        assert_eq!(pacing.rest(Duration::from_secs(1)), LONGEST);
        assert_eq!(pacing.rest(Duration::from_secs(3)), Duration::from_secs(3));
    }

    #[test]
    fn nobody_waits_for_long_behind_a_look_that_was_throttled() {
        assert!((1..20).all(|n| soon(&"a", n) <= Duration::from_millis(1600)));
    }
}
