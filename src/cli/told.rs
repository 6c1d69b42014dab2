//! Until when the trail may lack what the family did.
//!
//! CloudTrail tells of a call within about a quarter of an hour. What the family did in the last moments before it was put out (a session that it minted, a trust
//! policy that it changed, a key that it gave to somebody else's user) is only known then, and nothing is called contained before.

use super::world::World;
use crate::journal::{Entry, Event, Judgement, acted_until, contested_until, proven_since};
use crate::plan::{DELIVERY_SECONDS, Foothold};
use crate::time::Moment;
use sha2::{Digest, Sha256};

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

/// How far a clock may be off before AWS refuses its signatures, in seconds.
pub(super) const CLOCK_DOUBT_SECONDS: i64 = 15 * 60;

/// The digest of all that is known of a family, where every credential of it is useless, everything that it left is closed, and nothing is in doubt.
pub(super) fn proven(verdicts: &[Judgement], footholds: &[Foothold], doubts: &[String]) -> Option<String> {
    let dead = !verdicts.is_empty() && verdicts.iter().all(|judged| judged.verdict.is_contained());
    let closed = footholds.iter().all(|foothold| foothold.state.is_closed());
    if !(dead && closed && doubts.is_empty()) {
        return None;
    }
    let mut known: Vec<String> = verdicts.iter().map(|judged| judged.key.to_string()).collect();
    let left = footholds.iter();
    known.extend(left.map(|foothold| format!("{} at {}", foothold.what, foothold.at)));
    known.sort_unstable();
    known.dedup();
    let digest = Sha256::digest(known.join("\n"));
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// From when on a look at the trail, asked at `asked_at`, tells all that the family did while it could: `within` so many seconds behind the last change
/// of the run, and behind the first of the looks that all showed just what is `proven` now. Who came to light since may have acted since. `None` where
/// the look did.
pub(super) fn told_from(within: i64, entries: &[Entry], asked_at: Moment, proven: Option<&str>) -> Option<Moment> {
    // A trail that tells at once has told.
    let acted = acted_until(entries).filter(|_| within > 0)?;
    let since = proven.and_then(|proven| proven_since(entries, proven));
    // Behind the second, because the trail tells whole ones.
    let from = acted.max(since.unwrap_or(asked_at)).plus_seconds(within);
    let from = from.plus_millis(999).whole_second();
    (from > asked_at).then_some(from)
}

/// Why it can't be said before an undoing who is alive, where the trail may lack what the family did last, asked at `asked_at`.
pub(super) fn untold_to_undo(within: i64, entries: &[Entry], asked_at: Moment) -> Option<String> {
    let last = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::Judged {
            after: None, proven, ..
        } => Some(proven.as_deref()),
        _ => None,
    });
    match last.flatten() {
        Some(proven) => told_from(within, entries, asked_at, Some(proven)).map(untold),
        None if within > 0 => Some(
            "the last look at the end did not show everything cut, so that the family may have acted since, and CloudTrail may be late with it".to_owned(),
        ),
        None => None,
    }
}

/// A change that was turned round a moment ago may be on its way still.
pub(super) fn still_contested(entries: &[Entry], asked_at: Moment) -> Option<String> {
    let until = contested_until(entries).filter(|until| *until > asked_at)?;
    Some(format!(
        "somebody turned changes round, and that may take effect until {until}"
    ))
}

/// The same as a doubt.
pub(super) fn untold(from: Moment) -> String {
    format!(
        "CloudTrail may be late with what the family did before it was put out (a session, a trust policy, a key for somebody else): a look from {from} on should show all of it"
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

    fn step(name: &str) -> crate::ids::StepId {
        name.parse().unwrap()
    }

    fn looked(journal: &mut Journal, second: i64, proven: Option<&str>) {
        let judged = Event::Judged {
            after: None,
            verdicts: Vec::new(),
            proven: proven.map(str::to_owned),
            told_from: None,
        };
        journal.append(at(second), judged).unwrap();
    }

    /// The key was made inactive at 100 and a hold saw it left alone until 131; the undoing at 5000 is no act of the family.
    #[test]
    fn the_trail_has_told_a_quarter_of_an_hour_behind_the_last_that_the_family_could_do() {
        let mut journal = Journal::in_memory();
        let asked = |journal: &Journal, within, second| told_from(within, journal.entries(), at(second), Some("all"));
        journal.append(at(100), Event::Done { step: step("1") }).unwrap();
        looked(&mut journal, 101, Some("all"));
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

    /// Nobody knows when it ended what comes to light as ended already, or was ended by somebody else: a quarter of an hour from the first look that showed it.
    #[test]
    fn what_comes_to_light_later_may_have_acted_until_it_did() {
        let mut journal = Journal::in_memory();
        journal.append(at(100), Event::Done { step: step("1") }).unwrap();
        for (second, proven) in [(140, None), (200, Some("A")), (900, Some("A"))] {
            looked(&mut journal, second, proven);
        }
        let asked = |journal: &Journal, second, proven| told_from(900, journal.entries(), at(second), proven);
        assert_eq!(asked(&journal, 1099, Some("A")), Some(at(1100)));
        assert_eq!(asked(&journal, 1100, Some("A")), None);
        // Another credential, that is dead by now.
        assert_eq!(asked(&journal, 1100, Some("A, B")), Some(at(2000)));
        assert_eq!(asked(&journal, 1100, None), Some(at(2000)));
        looked(&mut journal, 1100, Some("A, B"));
        looked(&mut journal, 1200, None);
        looked(&mut journal, 1300, Some("A, B"));
        assert_eq!(asked(&journal, 2100, Some("A, B")), Some(at(2200)));
    }

    /// A trail that tells at once has nothing to wait for; one that is late has, until a look proved that the family can do nothing more.
    #[test]
    fn before_an_undoing_the_trail_has_told_all_or_that_is_said() {
        let mut journal = Journal::in_memory();
        journal.append(at(100), Event::Done { step: step("1") }).unwrap();
        looked(&mut journal, 140, None);
        assert!(untold_to_undo(900, journal.entries(), at(9000)).is_some_and(|why| why.contains("did not show")));
        assert_eq!(untold_to_undo(0, journal.entries(), at(141)), None);
        looked(&mut journal, 150, Some("all"));
        assert!(untold_to_undo(900, journal.entries(), at(1049)).is_some_and(|why| why.contains("a look from")));
        assert_eq!(untold_to_undo(900, journal.entries(), at(1050)), None);
    }

    #[test]
    fn a_change_that_was_just_turned_round_is_on_its_way() {
        let mut journal = Journal::in_memory();
        assert_eq!(still_contested(journal.entries(), at(0)), None);
        let contested = Event::Contested {
            step: step("1"),
            found: crate::action::Setting::Absent,
        };
        journal.append(at(100), contested).unwrap();
        assert!(still_contested(journal.entries(), at(129)).is_some());
        assert_eq!(still_contested(journal.entries(), at(130)), None);
    }

    /// What was found as it should be was made so at a time that nobody knows.
    #[test]
    fn a_cut_that_somebody_else_made_counts_from_when_it_was_seen() {
        let mut journal = Journal::in_memory();
        journal.append(at(100), Event::AlreadySo { step: step("1") }).unwrap();
        looked(&mut journal, 110, Some("all"));
        assert_eq!(told_from(900, journal.entries(), at(200), Some("all")), Some(at(1030)));
    }
}
