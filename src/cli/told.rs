//! Until when the trail may lack what the family did.
//!
//! CloudTrail tells of a call within about a quarter of an hour. What the family did in the last moments before it was put out (a session that it minted, a trust
//! policy that it changed, a key that it gave to somebody else's user) is only known then, and nothing is called contained before.

use super::world::World;
use crate::journal::{Entry, acted_until};
use crate::plan::DELIVERY_SECONDS;
use crate::time::Moment;

impl World {
    /// How late the trail may tell of a call, in seconds: as a twin says, else as AWS documents.
    pub(super) fn told_within(&self) -> i64 {
        match self {
            // Its own trail is read as it is written.
            World::Twin { .. } => 0,
            World::Live { mount, .. } => mount.clients().trail_delay().unwrap_or(DELIVERY_SECONDS),
        }
    }
}

/// From when on a look at the trail tells all that the family did before the run of these entries put it out, if that is after `asked_at`, when the
/// trail was asked, which tells `within` so many seconds.
pub(super) fn told_from(within: i64, entries: &[Entry], asked_at: Moment) -> Option<Moment> {
    // A trail that tells at once has told.
    let from = acted_until(entries).filter(|_| within > 0)?.plus_seconds(within);
    // Behind the second, because the trail tells whole ones.
    let from = from.plus_millis(999).whole_second();
    (from > asked_at).then_some(from)
}

/// The same as a doubt.
pub(super) fn untold(from: Moment) -> String {
    format!(
        "CloudTrail may be late with what the family did before it was put out (a session, a trust policy, a key for somebody else): a look from {from} on shows all of it"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::journal::{Event, Journal};

    fn at(second: i64) -> Moment {
        Moment::from_millis(second * 1000)
    }

    /// The key was made inactive at 100 and a hold saw it left alone until 130; the undoing at 5000 is no act of the family.
    #[test]
    fn the_trail_has_told_a_quarter_of_an_hour_behind_the_last_that_the_family_could_do() {
        let mut journal = Journal::in_memory();
        let step = |name: &str| name.parse().unwrap();
        let asked = |journal: &Journal, within, second| told_from(within, journal.entries(), at(second));
        journal.append(at(100), Event::Done { step: step("1") }).unwrap();
        assert_eq!(asked(&journal, 900, 101), Some(at(100 + 30 + 900)));
        let held = Event::Held {
            step: step("2"),
            seconds: 30,
        };
        journal.append(at(131), held).unwrap();
        journal.append(at(5000), Event::Done { step: step("u1") }).unwrap();
        assert_eq!(asked(&journal, 900, 1030), Some(at(1031)));
        assert_eq!(asked(&journal, 900, 1031), None);
        assert_eq!(asked(&journal, 0, 132), None);
    }

    /// What was found as it should be was made so at a time that nobody knows.
    #[test]
    fn a_cut_that_somebody_else_made_counts_from_when_it_was_seen() {
        let mut journal = Journal::in_memory();
        let step = "1".parse().unwrap();
        journal.append(at(100), Event::AlreadySo { step }).unwrap();
        assert_eq!(told_from(900, journal.entries(), at(200)), Some(at(1030)));
    }
}
