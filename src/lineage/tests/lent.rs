//! What services made on behalf of a family, and what its own console made.

use super::console::{by_user, read_at_once};

use super::*;

const FROM: &str = "2026-03-24T09:00:00Z";

/// The same from all events at once and from an archive that is read in two passes.
fn both_ways(records: &[Value], asked: &AccessKeyId) -> Lineage {
    let expected = trace(&evidence(records), asked);
    let (found, is_all) = read_at_once(records, asked);
    assert_eq!(found.credentials, expected.credentials, "asked for {asked}");
    assert_eq!(found.made, expected.made, "asked for {asked}");
    assert!(is_all, "asked for {asked}");
    expected
}

/// `call` of IAM, made by `by` at this time for the user `u`; by a service, where one is named.
fn of_iam(id: &str, at: &str, call: &str, by: &AccessKeyId, service: Option<&str>) -> Value {
    let since = (by.kind() == crate::ids::KeyKind::Temporary).then_some("2026-03-24T09:59:00Z");
    let mut record = by_user(id, at, "iam", call, "u", Some(by), since);
    if let Some(service) = service {
        record["userIdentity"]["invokedBy"] = json!(service);
    }
    record
}

fn new_key(mut record: Value, made: &AccessKeyId) -> Value {
    record["requestParameters"] = json!({"userName": "eve"});
    record["responseElements"] = json!({"accessKey": {"accessKeyId": made, "userName": "eve", "status": "Active"}});
    record
}

fn calls(lineage: &Lineage) -> Vec<(&str, &AccessKeyId)> {
    lineage.made.iter().map(|made| (made.call.as_str(), &made.by)).collect()
}

/// CloudFormation goes on with the caller's permissions under a key that nobody holds: the user and the key that it makes are the intruder's.
#[test]
fn what_a_service_made_on_behalf_is_left_by_the_family_and_its_keys_are_followed() {
    let [a, lent, eve, token] = ["AKIAQ", "ASIALENT", "AKIAEVE", "ASIAOFEVE"].map(key);
    let service = Some("cloudformation.amazonaws.com");
    let mut user = of_iam("l2", "2026-03-24T10:00:00Z", "CreateUser", &lent, service);
    user["requestParameters"] = json!({"userName": "eve"});
    let mut next = by_user(
        "l4",
        "2026-03-24T11:00:00Z",
        "sts",
        "GetSessionToken",
        "eve",
        Some(&eve),
        None,
    );
    next["responseElements"] = json!({"credentials": {"accessKeyId": token}});
    let records = [
        by_user("l1", FROM, "cloudcontrolapi", "CreateResource", "u", Some(&a), None),
        user,
        new_key(
            of_iam("l3", "2026-03-24T10:00:01Z", "CreateAccessKey", &lent, service),
            &eve,
        ),
        next,
    ];
    let lineage = both_ways(&records, &a);
    let keys: Vec<&AccessKeyId> = lineage.credentials.iter().map(|one| &one.key).collect();
    assert_eq!(keys, [&a, &eve, &token], "and the service's own key is no member");
    assert_eq!(lineage.member(&eve).unwrap().minted.as_ref().unwrap().by, a);
    assert_eq!(calls(&lineage), [("CreateUser", &a), ("CreateAccessKey", &a)]);
}

/// The same where the service's record bears the family's own key.
#[test]
fn what_a_service_made_with_the_familys_own_key_is_left_by_it() {
    let [a, eve] = ["AKIAQ", "AKIAEVE"].map(key);
    let service = Some("cloudformation.amazonaws.com");
    let made = new_key(of_iam("l1", FROM, "CreateAccessKey", &a, service), &eve);
    let lineage = both_ways(&[made], &a);
    assert!(lineage.member(&eve).is_some());
    assert_eq!(calls(&lineage), [("CreateAccessKey", &a)]);
}

/// A session of a role: what was made under another session of it is not the family's.
#[test]
fn what_a_service_made_for_another_session_of_the_role_is_not_the_familys() {
    let (mut records, keys) = story();
    let mut of_role = use_by_role("l1", &key("ASIALENT"), "2026-03-24T09:19:00Z");
    of_role["eventSource"] = json!("iam.amazonaws.com");
    of_role["eventName"] = json!("CreateRole");
    of_role["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    records.push(of_role.clone());
    let lineage = trace(&evidence(&records), &keys[0]);
    assert_eq!(calls(&lineage), [("CreateRole", &keys[2])]);
    of_role["userIdentity"]["principalId"] = json!("AROAR:other");
    of_role["userIdentity"]["arn"] = json!("arn:aws:sts::123456789012:assumed-role/R/other");
    records.pop();
    records.push(of_role);
    assert_eq!(calls(&trace(&evidence(&records), &keys[0])), []);
}

/// What somebody does in the console may be recorded as by the service of the sign-in: it is his own call, and so is what it gave.
#[test]
fn a_call_by_way_of_the_sign_in_service_is_the_persons_own() {
    for by in ["signin.amazonaws.com", "AWS Internal"] {
        let [a, console, made] = ["ASIAQ", "ASIACONSOLE", "AKIAMADE"].map(key);
        let mut sign_in = by_user(
            "c1",
            "2026-03-24T10:00:00Z",
            "signin",
            "GetSigninToken",
            "u",
            Some(&a),
            Some("2026-03-24T09:59:00Z"),
        );
        sign_in["responseElements"] = json!({"credentials": {"accessKeyId": console}});
        let created = new_key(
            of_iam("c2", "2026-03-24T10:05:00Z", "CreateAccessKey", &console, Some(by)),
            &made,
        );
        let lineage = both_ways(&[sign_in, created], &a);
        assert!(lineage.member(&made).is_some(), "{by}");
        assert_eq!(calls(&lineage), [("CreateAccessKey", &console)], "{by}");
        let own = lineage.member(&console).unwrap();
        let is_own = by == "signin.amazonaws.com";
        assert_eq!((own.forwarded == 0, own.uses.len() == 1), (is_own, is_own), "{by}");
    }
}
