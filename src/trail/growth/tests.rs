//! The keys that are found, against everything that could be.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::trail::pages::Laid;
use crate::trail::survey::Facts;
use proptest::prelude::*;

const ASKED: &str = "ASIAIOSFODNN7EXAMPLE";

/// Few numbers, so that most meet; 1 stands for the key that is asked for, and 0 for nothing.
fn number_of(small: u64) -> u64 {
    match small {
        0 => 0,
        1 => number(ASKED),
        small => small + 100,
    }
}

fn any_gave(with_sessions: bool) -> impl Strategy<Value = Gave> {
    let numbers = [0_u64..12, 0..12, 0..6, 0..4];
    let most = if with_sessions { 3_u32 } else { 1 };
    let kinds = [any::<bool>(), any::<bool>(), any::<bool>()];
    let sessions = [0..most, 0..most];
    (numbers, kinds, sessions).prop_map(move |([by, key, id, shared], kinds, [since, by_since])| {
        let [is_long_term, is_of_console, is_switch] = kinds;
        let new = Who {
            key: number_of(key),
            id: number_of(id).rotate_left(8),
            name: number_of(id).rotate_left(24),
            since: since * 100,
            ..Who::default()
        };
        let gave = Gave {
            by: number_of(by),
            new,
            shared: number_of(shared).rotate_left(16),
            is_long_term: is_long_term && by % 4 == 0,
            is_of_console: is_of_console && by % 3 == 0,
            ..Gave::default()
        };
        match by % 5 {
            // Somebody switched who is known by name; or the record leaves the key out.
            1 if with_sessions && is_switch => Gave {
                by: !number_of(shared).rotate_left(24),
                new: Who { key: 0, ..new },
                is_switch,
                ..Gave::default()
            },
            2 if by_since > 0 => Gave {
                by: number_of(id).rotate_left(8),
                by_since: by_since * 100,
                ..gave
            },
            _ => gave,
        }
    })
}

fn any_who(with_sessions: bool) -> impl Strategy<Value = Who> {
    let most = if with_sessions { 3_u32 } else { 1 };
    (0_u64..12, 0_u64..6, 0..most, 0..most).prop_map(move |(key, id, sign_in, since)| Who {
        key: number_of(key),
        id: number_of(id).rotate_left(8),
        name: if with_sessions {
            number_of(id).rotate_left(24)
        } else {
            0
        },
        sign_in,
        since: since * 100,
    })
}

fn any_sources(with_sessions: bool) -> impl Strategy<Value = Vec<Facts>> {
    let callers = prop::collection::vec(any_who(with_sessions), 0..4);
    let gave = prop::collection::vec(any_gave(with_sessions), 0..3);
    let facts = (callers, gave).prop_map(|(callers, gave)| Facts {
        callers,
        gave,
        ..Facts::default()
    });
    prop::collection::vec(facts, 0..10)
}

/// What grows of sources that lie in one page, or in a page each that was laid aside.
fn grown(sources: &[Facts], full: usize) -> Numbers {
    let (mut page, mut laid) = (Page::default(), Laid::with_room(full));
    for (n, facts) in sources.iter().enumerate() {
        page.add(&n.to_string(), facts);
        laid.turn(&mut page);
    }
    let seeds = Seeds {
        keys: vec![ASKED.parse().unwrap()],
        ..Seeds::default()
    };
    super::grown(&seeds, &mut Pages::of(vec![page], laid)).unwrap().keys
}

/// A busy role has sessions without end, and records without keys: only what is near to the family's in time is followed.
#[test]
fn of_a_busy_role_only_sessions_of_the_same_moment_are_followed() {
    let role = 700;
    let who = |key, since| Who {
        key,
        id: role,
        since,
        ..Who::default()
    };
    let keyless = |key, since| Gave {
        by: role,
        by_since: since,
        new: Who {
            id: 701,
            ..who(key, since + 60)
        },
        ..Gave::default()
    };
    let own = Gave {
        by: number(ASKED),
        new: who(1_000, 1_000),
        ..Gave::default()
    };
    let others = (1..50).map(|n| keyless(2_000 + n, 1_000 + 10 * n as u32));
    let facts = Facts {
        callers: (1..50).map(|n| who(3_000 + n, 1_000 + 10 * n as u32)).collect(),
        gave: others.chain([own, keyless(1_001, 1_004)]).collect(),
        ..Facts::default()
    };
    let expected: Numbers = [number(ASKED), 1_000, 1_001].into_iter().collect();
    assert_eq!(grown(std::slice::from_ref(&facts), usize::MAX), expected);
}

proptest! {
    #[test]
    fn pages_that_were_laid_aside_make_no_difference(sources in any_sources(false)) {
        prop_assert_eq!(grown(&sources, 1), grown(&sources, usize::MAX));
    }

    #[test]
    fn with_sessions_they_never_make_a_family_smaller(sources in any_sources(true)) {
        prop_assert!(grown(&sources, 1).is_superset(&grown(&sources, usize::MAX)));
    }
}
