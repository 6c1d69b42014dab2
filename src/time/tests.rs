use super::*;
use proptest::prelude::*;

#[test]
fn every_form_that_aws_writes_is_read() {
    let expected = Moment::from_millis(1_732_999_397_000);
    for text in [
        "2024-11-30T20:43:17Z",
        "2024-11-30T20:43:17.000Z",
        "2024-11-30T21:43:17+01:00",
        "20241130T204317Z",
        "2024-11-30T20:43:17",
        "Nov 30, 2024, 8:43:17 PM",
        "Nov 30, 2024 8:43:17 PM",
        "Nov 30, 2024, 8:43:17\u{202f}PM",
        "1732999397",
    ] {
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
    assert_eq!(
        "2024-11-30".parse(),
        Ok("2024-11-30T00:00:00Z".parse::<Moment>().unwrap())
    );
    assert_eq!(
        "Jul 30, 2021 12:56:03 AM".parse(),
        "2021-07-30T00:56:03Z".parse::<Moment>()
    );
}

#[test]
fn the_date_header_is_http_s_own() {
    let at: Moment = "2026-03-24T10:15:00Z".parse().unwrap();
    assert_eq!(at.http_date(), "Tue, 24 Mar 2026 10:15:00 GMT");
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "now",
        "Foo 30, 2024, 8:43:17 PM",
        "[policy creation time]",
        "Nov 31, 2024, 8:43:17 PM",
    ] {
        assert!(text.parse::<Moment>().is_err(), "{text}");
    }
}

#[test]
fn a_manual_clock_moves_only_when_told() {
    let clock = ManualClock::starting_at(Moment::from_millis(5));
    let same = clock.clone();
    clock.wait(2);
    assert_eq!(same.now(), Moment::from_millis(2005));
    same.advance_to(Moment::from_millis(10));
    assert_eq!(clock.now(), Moment::from_millis(2005));
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(seconds in -2_000_000_000i64..32_000_000_000) {
        let moment = Moment::from_millis(seconds * 1000);
        prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        prop_assert_eq!(moment.basic().parse(), Ok(moment));
        prop_assert_eq!(moment.cloudtrail_expiration().parse(), Ok(moment));
    }

    #[test]
    fn reading_never_panics(text in ".*") {
        let _ = text.parse::<Moment>();
    }
}
