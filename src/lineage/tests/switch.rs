//! Switches to a role in the console.

use super::console::{BROWSER, by_role, by_user, read_at_once};
use super::*;

const SIGNED_IN: &str = "2026-03-24T09:06:00Z";
const SWITCHED: &str = "2026-03-24T09:30:00Z";

/// The console session of a user, the switch of it to role Y as sign-in records it, and what was called there. In the shape of public records, where the role's
/// account has the switch and both have the mint: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
fn switched() -> (Vec<Value>, [AccessKeyId; 2]) {
    let keys = ["ASIACONSOLE", "ASIASWITCHED"].map(key);
    let [console, fresh] = &keys;
    let mut call = by_user(
        "s1",
        "2026-03-24T09:10:00Z",
        "s3",
        "ListBuckets",
        "u",
        Some(console),
        Some(SIGNED_IN),
    );
    call["userAgent"] = json!(BROWSER);
    let mut switch = by_role("s2", SWITCHED, "SwitchRole", "Y", fresh, SWITCHED, BROWSER);
    switch["eventSource"] = json!("signin.amazonaws.com");
    switch["eventType"] = json!("AwsConsoleSignIn");
    switch["userIdentity"] = json!({"type": "AssumedRole", "principalId": "AROAY:s",
        "arn": "arn:aws:sts::123456789012:assumed-role/Y/s", "accountId": "123456789012"});
    switch["responseElements"] = json!({"SwitchRole": "Success"});
    switch["additionalEventData"] =
        json!({"SwitchFrom": "arn:aws:iam::123456789012:user/u", "RedirectTo": "https://console.aws.amazon.com/"});
    let records = vec![
        call,
        switch,
        by_role("s3", "2026-03-24T09:32:00Z", "ListRoles", "Y", fresh, SWITCHED, BROWSER),
    ];
    (records, keys)
}

fn both_ways(records: &[Value], asked: &AccessKeyId) -> Lineage {
    let expected = trace(&evidence(records), asked);
    let (found, is_all) = read_at_once(records, asked);
    assert_eq!(found.credentials, expected.credentials, "asked for {asked}");
    assert_eq!(found.unresolved, expected.unresolved, "asked for {asked}");
    assert!(is_all, "asked for {asked}");
    expected
}

fn by(lineage: &Lineage, key: &AccessKeyId) -> Option<(AccessKeyId, BTreeSet<AccessKeyId>)> {
    let minted = lineage.member(key)?.minted.clone()?;
    Some((minted.by, minted.or_by))
}

/// Without the mint the record of the switch says who switched.
#[test]
fn a_switch_joins_the_session_whose_mint_is_not_in_the_evidence() {
    let (mut records, [console, fresh]) = switched();
    for asked in [&console, &fresh] {
        let lineage = both_ways(&records, asked);
        assert_eq!(
            by(&lineage, &fresh),
            Some((console.clone(), BTreeSet::new())),
            "{asked}"
        );
        let mint = lineage.member(&fresh).unwrap().minted.clone().unwrap();
        assert_eq!(mint.call, "SwitchRole");
        assert!(
            mint.joined
                .is_some_and(|how| how.contains("its mint is not in the evidence") && how.contains("user/u"))
        );
    }
    // Of two sessions of that user either may have switched.
    let other = key("ASIAOTHER");
    let issued = Some("2026-03-24T09:20:00Z");
    records.push(by_user(
        "s4",
        "2026-03-24T09:21:00Z",
        "s3",
        "ListBuckets",
        "u",
        Some(&other),
        issued,
    ));
    for (asked, rival) in [(&console, &other), (&other, &console)] {
        let lineage = both_ways(&records, asked);
        assert_eq!(
            by(&lineage, &fresh),
            Some((asked.clone(), [rival.clone()].into())),
            "{asked}"
        );
    }
    assert_eq!(both_ways(&records, &fresh).roots().count(), 2);
    // A token of GetSessionToken is no session of the console.
    let mut token = mint(
        "s5",
        "2026-03-24T09:20:00Z",
        &key("AKIAQ"),
        "u",
        "GetSessionToken",
        &other,
    );
    token["userIdentity"] = by_user("", "", "", "", "u", Some(&key("AKIAQ")), None)["userIdentity"].clone();
    records.push(token);
    assert_eq!(
        by(&both_ways(&records, &console), &fresh),
        Some((console.clone(), BTreeSet::new()))
    );
    assert!(both_ways(&records, &other).member(&fresh).is_none());
}

/// Where nothing is known of the session that switched, the other one is shown all the same, and who switched.
#[test]
fn a_session_that_an_unknown_one_switched_to_is_shown() {
    let (records, [_, fresh]) = switched();
    let a = key("AKIAQ");
    let long = by_user("l", "2026-03-24T09:00:00Z", "s3", "ListBuckets", "u", Some(&a), None);
    let lineage = both_ways(&[long, records[1].clone(), records[2].clone()], &a);
    let shown: Vec<(&AccessKeyId, &str)> = lineage
        .unresolved
        .iter()
        .map(|one| (&one.key, one.why.as_str()))
        .collect();
    assert!(
        shown.len() == 1 && shown[0].0 == &fresh && shown[0].1.contains("SwitchRole") && shown[0].1.contains("user/u"),
        "{shown:?}"
    );
}

/// The console's own mint for that switch, by and of these keys.
fn console_mint(internal: &AccessKeyId, given: &AccessKeyId) -> Value {
    let mut assume = mint("i", SWITCHED, internal, "u", "AssumeRole", given);
    assume["userIdentity"] = by_user("", "", "", "", "u", Some(internal), Some(SIGNED_IN))["userIdentity"].clone();
    assume["userIdentity"]["invokedBy"] = json!("AWS Internal");
    assume["userAgent"] = json!("AWS Internal");
    assume["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAY:s", "arn": "arn:aws:sts::123456789012:assumed-role/Y/s"});
    assume
}

/// The console's own mint for a switch says that a service asked, `AWS Internal`. The switch says that it didn't ask for itself.
#[test]
fn a_mint_for_a_switch_is_no_service_s() {
    let (mut records, [console, fresh]) = switched();
    let (internal, given) = (key("ASIAINTERNAL"), key("ASIAGIVEN"));
    records.push(console_mint(&internal, &given));
    for asked in [&console, &internal, &given, &fresh] {
        let lineage = both_ways(&records, asked);
        assert_eq!(
            by(&lineage, &given).map(|(by, _)| by),
            Some(internal.clone()),
            "{asked}"
        );
        assert!(
            [&console, &fresh].iter().all(|one| lineage.member(one).is_some()),
            "{asked}"
        );
        assert_eq!(lineage.root().unwrap().key, console, "{asked}");
    }
    // Without the switch it is a service's, as what services mint for themselves is.
    records.remove(1);
    assert!(both_ways(&records, &console).member(&given).is_none());
}

/// The console's own mint may be the first that is seen of a session, whose other keys are no service's for that.
#[test]
fn the_keys_of_a_session_that_a_mint_of_the_console_opens_belong_together() {
    let (records, [console, fresh]) = switched();
    let (internal, given, other) = (key("ASIAINTERNAL"), key("ASIAGIVEN"), key("ASIAOTHER"));
    let assume = console_mint(&internal, &given);
    let later =
        |id: &str, at: &str, by: &AccessKeyId| by_user(id, at, "s3", "ListBuckets", "u", Some(by), Some(SIGNED_IN));
    let calls = [
        later("c1", "2026-03-24T09:40:00Z", &console),
        later("c2", "2026-03-24T09:41:00Z", &other),
    ];
    let opened = [&[assume.clone(), records[1].clone()], &calls[..]].concat();
    assert!(both_ways(&opened, &console).member(&other).is_some());
    // Without the switch it is a service's mint, and the keys of the role's session belong together all the same.
    let second = key("ASIASECOND");
    let mut again = records[2].clone();
    again["eventID"] = json!("s4");
    again["eventTime"] = json!("2026-03-24T09:33:00Z");
    again["userIdentity"]["accessKeyId"] = json!(second);
    let apart = [assume, records[2].clone(), again];
    assert!(both_ways(&apart, &fresh).member(&second).is_some());
}

/// Of two sessions of one role that were issued in one second, each under a key of its own, either may have switched.
#[test]
fn a_switch_by_one_of_two_sessions_of_one_second_is_ambiguous() {
    let (mut records, [_, fresh]) = switched();
    let (one, two) = (key("ASIAONE"), key("ASIATWO"));
    let origins = [key("AKIAQ"), key("AKIAR")];
    records.remove(0);
    records[0]["additionalEventData"]["SwitchFrom"] = json!("arn:aws:sts::123456789012:assumed-role/R/s");
    for (n, (session, origin)) in [&one, &two].into_iter().zip(&origins).enumerate() {
        records.push(mint(&format!("m{n}"), SIGNED_IN, origin, "u", "AssumeRole", session));
    }
    // Whether the other one called or not.
    records.push(use_by_role("c1", &one, SIGNED_IN));
    for _ in 0..2 {
        for (asked, own, other) in [(&origins[0], &one, &two), (&origins[1], &two, &one)] {
            let lineage = both_ways(&records, asked);
            assert_eq!(
                by(&lineage, &fresh),
                Some((own.clone(), [other.clone()].into())),
                "{asked}"
            );
        }
        assert_eq!(both_ways(&records, &fresh).roots().count(), 2);
        records.push(use_by_role("c2", &two, SIGNED_IN));
    }
}

/// A mint some seconds away gave another session, perhaps: a switch in the very second counts beside it.
#[test]
fn a_switch_of_the_very_second_counts_beside_a_mint_that_is_further_away() {
    let (mut records, [console, fresh]) = switched();
    let (origin, given) = (key("AKIAQ"), key("ASIAGIVEN"));
    let mut near = mint("m", "2026-03-24T09:30:03Z", &origin, "u", "AssumeRole", &given);
    near["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAY:s", "arn": "arn:aws:sts::123456789012:assumed-role/Y/s"});
    near["userAgent"] = json!(BROWSER);
    records.push(near);
    for (asked, other) in [(&console, &origin), (&origin, &console)] {
        let lineage = both_ways(&records, asked);
        assert_eq!(
            by(&lineage, &fresh),
            Some((asked.clone(), [other.clone()].into())),
            "{asked}"
        );
    }
    // In the same second the mint is the switch's.
    records[3]["eventTime"] = json!(SWITCHED);
    assert_eq!(
        by(&both_ways(&records, &origin), &fresh),
        Some((origin.clone(), BTreeSet::new()))
    );
}

/// The console's own mint may say little of who asked: what the switch tells is no less for it.
#[test]
fn a_mint_of_the_console_that_tells_little_takes_nobody_out_of_the_family() {
    let (records, [console, fresh]) = switched();
    let (internal, given) = (key("ASIAINTERNAL"), key("ASIAGIVEN"));
    let with = |key: Value, created: Value| {
        let mut assume = console_mint(&internal, &given);
        assume["userIdentity"]["accessKeyId"] = key;
        assume["userIdentity"]["sessionContext"]["attributes"]["creationDate"] = created;
        [&records[..], &[assume]].concat()
    };
    for (internal, created) in [
        (Value::Null, json!(SIGNED_IN)),
        (Value::Null, Value::Null),
        (Value::Null, json!("2026-03-24T09:06:03Z")),
        (json!(internal), json!("2026-03-24T09:06:03Z")),
    ] {
        let records = with(internal.clone(), created.clone());
        let lineage = both_ways(&records, &console);
        for member in [&fresh, &given] {
            assert!(lineage.member(member).is_some(), "{member}: {internal} {created}");
        }
        let back = both_ways(&records, &fresh);
        assert!(back.roots().any(|root| root.key == console), "{internal} {created}");
    }
}
