//! Entanglements of sessions: the first pass follows all that a reading of everything finds.

use super::console::read_at_once;
use super::*;
use records::{KINDS, SESSIONS, Trail};

// The tests of the whole program draw the same trails.
#[path = "../../../tests/support/entangled.rs"]
mod records;

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// However sessions are entangled by mints, moments, sign-ins and passwords: reading an archive for what the first pass follows tells what reading
    /// everything tells, and follows every member.
    #[test]
    fn what_the_first_pass_follows_is_enough(
        calls in proptest::collection::vec((0usize..SESSIONS, 0usize..KINDS, 0usize..SESSIONS, 0u32..40, 0usize..6), 1..14),
        times in proptest::collection::vec(proptest::prop_oneof![0u32..5, 0u32..90], 8),
        asked in 0usize..8,
    ) {
        let trail = Trail { case: 0, times: &times };
        let records = trail.records(&calls);
        let asked: AccessKeyId = trail.key(asked).parse().unwrap();
        let expected = trace(&evidence(&records), &asked);
        let (found, is_all) = read_at_once(&records, &asked);
        proptest::prop_assert_eq!(found.credentials, expected.credentials);
        proptest::prop_assert!(is_all);
    }
}

/// Somebody signed in by an address that was asked for under no key: half a minute later, and under another one.
#[test]
fn a_sign_in_by_an_address_that_nobody_s_key_asked_for_is_followed() {
    let trail = Trail {
        case: 0,
        times: &[0, 0, 0, 0, 0, 0, 27, 0],
    };
    let records = trail.records(&[(0, 21, 4, 8, 0), (0, 6, 0, 0, 0), (6, 0, 0, 0, 0)]);
    let asked: AccessKeyId = trail.key(4).parse().unwrap();
    let (found, is_all) = read_at_once(&records, &asked);
    assert_eq!(found.credentials.len(), 2);
    assert!(is_all);
}
