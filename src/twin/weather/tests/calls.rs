//! What calls meet: too many of them, faults, clocks that differ, time that passes, somebody else.

use super::*;

const LIST: &[(&str, &str)] = &[];

fn throttled(rate: &str) -> Place {
    let mut weather = Weather::seeded(7);
    weather.throttle = Some(rate.parse().unwrap());
    weather.latency_millis = Some(0);
    Place::in_weather(weather)
}

fn faulty(faults: &str) -> Place {
    let mut weather = Weather::seeded(7);
    weather.faults = faults.parse().unwrap();
    Place::in_weather(weather)
}

#[test]
fn everybody_draws_from_one_bucket_for_each_operation() {
    let place = throttled("5");
    for who in [&place.boss, &place.ann, &place.boss, &place.ann, &place.boss] {
        assert_eq!(place.code(who, "ListUsers", LIST), "ok");
    }
    let fault = place.by(&place.ann, "ListUsers", LIST).unwrap_err();
    assert_eq!(
        (fault.status, fault.code, fault.message.as_str()),
        (400, "Throttling", "Rate exceeded")
    );
    assert_eq!(place.code(&place.boss, "ListUsers", LIST), "Throttling");
    assert_eq!(place.code(&place.boss, "ListRoles", LIST), "ok");
    // Who is not recognized takes nothing from the account.
    let stranger = Keys {
        secret: "wrong".into(),
        ..place.ann.clone()
    };
    place.clock.advance_millis(200);
    assert_eq!(place.code(&stranger, "ListUsers", LIST), "SignatureDoesNotMatch");
    assert_eq!(place.code(&place.ann, "ListUsers", LIST), "ok");
    assert_eq!(place.code(&place.ann, "ListUsers", LIST), "Throttling");
    // A refused change is not made, and the trail tells of it.
    let put = [ANN, ("PolicyName", "Deny"), ("PolicyDocument", DENY)];
    let codes: Vec<&str> = (0..6).map(|_| place.code(&place.boss, "PutUserPolicy", &put)).collect();
    assert_eq!(codes, ["ok", "ok", "ok", "ok", "ok", "Throttling"]);
    assert_eq!(place.twin.trail().last().unwrap()["errorCode"], "Throttling");
}

#[test]
fn sts_and_lookup_events_have_their_own_rates() {
    let place = throttled("1");
    let answered = (0..700)
        .filter(|_| place.sts(&place.ann, "GetCallerIdentity", &[]).is_ok())
        .count();
    assert_eq!(answered, 600);
    let fault = place.sts(&place.ann, "GetSessionToken", &[]).unwrap_err();
    assert_eq!(fault.code, "Throttling");
    let mut throttle: Throttle = "1".parse().unwrap();
    let mut at = |millis| throttle.admits("cloudtrail", "LookupEvents", "us-east-1", NOW.plus_millis(millis));
    assert_eq!(
        [at(0), at(0), at(1), at(499), at(500), at(501)],
        [true, true, false, false, true, false]
    );
}

#[test]
fn a_scripted_fault_meets_the_call_that_it_names_and_no_other() {
    let place = faulty("DeleteUserPolicy:1=500,DeleteUserPolicy:2=503,DeleteUserPolicy:3=timeout-lost,*:5=throttle");
    let gone = [ANN, ("PolicyName", "Admin")];
    let delete = || {
        place
            .by(&place.boss, "DeleteUserPolicy", &gone)
            .map_err(|fault| (fault.status, fault.code))
    };
    assert_eq!(delete(), Err((500, "ServiceFailure")));
    assert_eq!(delete(), Err((503, "ServiceUnavailable")));
    assert_eq!(delete(), Err((504, "NoAnswer")));
    assert_eq!(place.code(&place.boss, "ListUsers", LIST), "ok");
    assert_eq!(place.code(&place.boss, "ListUsers", LIST), "Throttling");
    assert!(place.twin.account().users["ann"].inline.contains_key("Admin"));
    assert_eq!(delete(), Ok(Node::empty()));
}

#[test]
fn some_faults_leave_the_change_made() {
    for (fault, code) in [("timeout-done", "NoAnswer"), ("500-done", "ServiceFailure")] {
        let place = faulty(&format!("DeleteUserPolicy:1={fault}"));
        let gone = [ANN, ("PolicyName", "Admin")];
        assert_eq!(place.code(&place.boss, "DeleteUserPolicy", &gone), code);
        assert!(place.twin.account().users["ann"].inline.is_empty());
        // The trail of the service knows that it was done.
        let trail = place.twin.trail();
        assert_eq!(trail.last().unwrap()["eventName"], "DeleteUserPolicy");
        assert_eq!(trail.last().unwrap().get("errorCode"), None);
    }
}

#[test]
fn chance_takes_its_share_and_one_seed_gives_one_storm() {
    let codes =
        |place: &Place| -> Vec<&str> { (0..1000).map(|_| place.code(&place.boss, "ListRoles", LIST)).collect() };
    let (one, same) = (codes(&faulty("5%")), codes(&faulty("5%")));
    assert_eq!(one, same);
    let struck = one.iter().filter(|code| **code != "ok").count();
    assert!((25..=85).contains(&struck), "{struck}");
    for code in ["ServiceFailure", "ServiceUnavailable", "NoAnswer"] {
        assert!(one.contains(&code), "{code}");
    }
    assert!(codes(&faulty("0%")).iter().all(|code| *code == "ok"));
}

#[test]
fn clocks_may_differ_by_a_quarter_of_an_hour() {
    let skewed = |minutes: i64| {
        let mut weather = Weather::seeded(7);
        weather.skew_millis = minutes * 60_000;
        Place::in_weather(weather)
    };
    for minutes in [-14, 14] {
        assert_eq!(skewed(minutes).code(&skewed(minutes).boss, "ListUsers", LIST), "ok");
    }
    for (minutes, words) in [(16, "Signature expired: "), (-16, "Signature not yet current: ")] {
        let place = skewed(minutes);
        let fault = place.by(&place.boss, "ListUsers", LIST).unwrap_err();
        assert_eq!(fault.code, "SignatureDoesNotMatch");
        assert!(fault.message.starts_with(words), "{}", fault.message);
    }
    // What IAM writes down is by IAM's clock.
    let place = skewed(10);
    place.boss("CreateUser", &[("UserName", "bob")]);
    let created = place.twin.account().users["bob"].created;
    assert_eq!(created, place.twin.service_now().whole_second());
    assert_eq!(place.twin.service_now(), place.twin.now().plus_seconds(600));
}

#[test]
fn latency_moves_a_manual_clock() {
    let mut weather = Weather::seeded(7);
    weather.latency_millis = Some(75);
    let place = Place::in_weather(weather);
    place.code(&place.boss, "ListUsers", LIST);
    place.code(&place.boss, "ListUsers", LIST);
    assert_eq!(place.twin.now(), NOW.plus_millis(150));
}

#[test]
fn somebody_else_changes_the_account_at_a_call_or_a_time() {
    let gone = [ANN, ("PolicyName", "Admin")];
    let weather = Weather::seeded(7)
        .with_drift(Drift::new(When::Call(3), "DeleteUserPolicy", &gone))
        .with_drift(Drift::new(
            When::At(NOW.plus_seconds(60)),
            "CreateUser",
            &[("UserName", "bob")],
        ));
    let place = Place::in_weather(weather);
    assert_eq!(place.code(&place.ann, "ListUsers", LIST), "ok");
    assert_eq!(place.code(&place.ann, "ListUsers", LIST), "ok");
    assert_eq!(place.code(&place.ann, "ListUsers", LIST), "AccessDenied");
    let trail = place.twin.trail();
    assert_eq!(trail[2]["userIdentity"]["type"], "Root");
    assert_eq!(trail[2]["eventName"], "DeleteUserPolicy");
    assert!(!place.twin.account().users.contains_key("bob"));
    place.clock.advance_millis(60_000);
    assert_eq!(place.code(&place.boss, "ListUsers", LIST), "ok");
    assert!(place.twin.account().users.contains_key("bob"));
}

#[test]
fn weather_that_cannot_be_understood_says_how_it_is_written() {
    let error = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
    for (text, words) in [
        ("105%", "no share"),
        ("PutUserPolicy", "PutUserPolicy:1=timeout-done"),
        ("PutUserPolicy:0=500", "PutUserPolicy:1=timeout-done"),
        ("PutUserPolicy:1=404", "timeout-lost"),
    ] {
        assert!(error(text).contains(words), "{}", error(text));
    }
    for text in ["", "4", "4h", "5s..3s", "-1s", "4s,kee=1s", "1e3s", "9999m"] {
        assert!(text.parse::<Lag>().is_err(), "{text}");
    }
    for text in ["0", "-1", "x", "NaN", "inf"] {
        assert!(text.parse::<Throttle>().is_err(), "{text}");
    }
    assert_eq!("-90s".parse::<Length>().unwrap().millis(), -90_000);
    assert_eq!("4s".parse::<Lag>().unwrap().longest(), 5_000);
}
