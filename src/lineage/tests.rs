use super::*;
use crate::ids::AccessKeyId;
use crate::trail::Evidence;
use serde_json::{Value, json};

fn key(text: &str) -> AccessKeyId {
    format!("{text:A<20}").parse().unwrap()
}

/// Synthetic, in the shape of the user guide's samples.
fn mint(id: &str, at: &str, by: &AccessKeyId, user: &str, call: &str, gives: &AccessKeyId) -> Value {
    let temporary = by.as_str().starts_with("ASIA");
    json!({
        "eventVersion": "1.08", "eventID": id, "eventTime": at, "eventSource": "sts.amazonaws.com", "eventName": call, "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.9",
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAX", "arn": format!("arn:aws:iam::123456789012:user/{user}"),
            "accountId": "123456789012", "accessKeyId": by, "userName": user,
            "sessionContext": if temporary { json!({"attributes": {"creationDate": "2026-03-24T09:04:00Z", "mfaAuthenticated": "false"}}) } else { json!({}) }},
        "requestParameters": {"roleArn": "arn:aws:iam::123456789012:role/R", "roleSessionName": "s"},
        "responseElements": {"credentials": {"accessKeyId": gives, "expiration": "Mar 24, 2026, 10:06:00 AM"},
            "assumedRoleUser": {"assumedRoleId": "AROAR:s", "arn": "arn:aws:sts::123456789012:assumed-role/R/s"}},
        "recipientAccountId": "123456789012",
    })
}

fn use_by_role(id: &str, by: &AccessKeyId, created: &str) -> Value {
    json!({
        "eventID": id, "eventTime": "2026-03-24T09:20:00Z", "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "awsRegion": "us-east-1",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAR:s", "arn": "arn:aws:sts::123456789012:assumed-role/R/s",
            "accountId": "123456789012", "accessKeyId": by,
            "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAR", "arn": "arn:aws:iam::123456789012:role/R", "userName": "R"},
                "attributes": {"creationDate": created, "mfaAuthenticated": "false"}}},
    })
}

fn evidence(records: &[Value]) -> Evidence {
    let mut evidence = Evidence::default();
    records.iter().for_each(|record| evidence.add_record(record).unwrap());
    evidence
}

fn story() -> (Vec<Value>, [AccessKeyId; 5]) {
    let keys = [key("AKIAQ"), key("ASIAB"), key("ASIAC"), key("ASIAD"), key("ASIAE")];
    let [a, b, c, d, e] = &keys;
    let records = vec![
        mint("1", "2026-03-24T09:04:00Z", a, "u", "GetSessionToken", b),
        mint("2", "2026-03-24T09:06:00Z", a, "u", "AssumeRole", c),
        mint("3", "2026-03-24T09:10:00Z", b, "u", "AssumeRole", d),
        mint("4", "2026-03-24T09:12:00Z", b, "u", "AssumeRole", e),
        use_by_role("5", c, "2026-03-24T09:06:00Z"),
    ];
    (records, keys)
}

#[test]
fn labels_follow_the_story_from_whichever_key_is_asked() {
    let (records, keys) = story();
    for asked in &keys {
        let lineage = trace(&evidence(&records), asked);
        let labels: Vec<(&str, &AccessKeyId)> = lineage
            .credentials
            .iter()
            .map(|one| (one.label.as_str(), &one.key))
            .collect();
        let expected: Vec<(&str, &AccessKeyId)> = ["A", "B", "C", "D1", "D2"].into_iter().zip(&keys).collect();
        assert_eq!(labels, expected, "asked for {asked}");
        assert_eq!(lineage.user(), Some("u"));
    }
}

#[test]
fn the_order_of_records_and_copies_make_no_difference() {
    let (records, keys) = story();
    let expected = trace(&evidence(&records), &keys[0]);
    let mut other = records.clone();
    other.reverse();
    assert_eq!(trace(&evidence(&other), &keys[0]), expected);
    other.extend(records);
    let twice = trace(&evidence(&other), &keys[0]);
    assert_eq!(twice.credentials, expected.credentials);
    assert_eq!(twice.coverage.duplicates, 5);
}

#[test]
fn a_key_id_that_comes_again_for_another_session_is_not_joined() {
    let (mut records, keys) = story();
    records.push(use_by_role("6", &keys[2], "2026-03-01T00:00:00Z"));
    let lineage = trace(&evidence(&records), &keys[0]);
    assert_eq!(lineage.collisions, 1);
    assert_eq!(
        lineage
            .member(&keys[2])
            .unwrap()
            .uses
            .iter()
            .map(|used| used.count)
            .sum::<u64>(),
        1
    );
}

#[test]
fn a_service_s_call_on_behalf_is_nobody_s_token() {
    let (mut records, keys) = story();
    let mut forwarded = use_by_role("7", &key("ASIAFAS"), "2026-03-24T09:20:00Z");
    forwarded["userIdentity"]["invokedBy"] = json!("AWS Internal");
    records.push(forwarded);
    records.push(use_by_role("8", &key("ASIAOTHER"), "2026-03-24T09:15:00Z"));
    let lineage = trace(&evidence(&records), &keys[0]);
    assert_eq!(lineage.credentials.len(), 5);
    let unresolved: Vec<&AccessKeyId> = lineage.unresolved.iter().map(|one| &one.key).collect();
    assert_eq!(unresolved, [&key("ASIAOTHER")]);
    let others = bystanders(&evidence(&records), &lineage);
    assert_eq!(
        others.iter().map(|other| &other.key).collect::<Vec<_>>(),
        [&key("ASIAOTHER")]
    );
}

#[test]
fn a_refused_mint_is_an_attempt_with_its_target_from_the_message() {
    let (mut records, keys) = story();
    let mut refused = mint("9", "2026-03-24T09:30:00Z", &keys[0], "u", "AssumeRole", &key("ASIAX"));
    refused["errorCode"] = json!("AccessDenied");
    refused["errorMessage"] = json!(
        "User: arn:aws:iam::123456789012:user/u is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/Admin"
    );
    refused["requestParameters"] = Value::Null;
    refused["responseElements"] = Value::Null;
    records.push(refused);
    let lineage = trace(&evidence(&records), &keys[0]);
    assert_eq!(lineage.credentials.len(), 5);
    assert_eq!(
        lineage.attempts[0].target.as_deref(),
        Some("arn:aws:iam::123456789012:role/Admin")
    );
}

#[test]
fn a_circle_of_mints_ends() {
    let (one, two) = (key("ASIAONE"), key("ASIATWO"));
    let records = [
        mint("1", "2026-03-24T09:04:00Z", &one, "u", "AssumeRole", &two),
        mint("2", "2026-03-24T09:05:00Z", &two, "u", "AssumeRole", &one),
    ];
    assert!(!trace(&evidence(&records), &one).credentials.is_empty());
}

fn labels(lineage: &Lineage) -> Vec<(&str, &str)> {
    lineage
        .credentials
        .iter()
        .map(|one| (one.label.as_str(), one.key.as_str()))
        .collect()
}

/// An admin who once made the key that leaked is no intruder: a long-term key is its own origin.
#[test]
fn whoever_created_the_leaked_key_is_not_its_family() {
    let (mut records, keys) = story();
    let admin = key("AKIAADMIN");
    let mut creation = mint(
        "0",
        "2026-01-01T09:00:00Z",
        &admin,
        "admin",
        "CreateAccessKey",
        &keys[0],
    );
    creation["eventSource"] = json!("iam.amazonaws.com");
    creation["responseElements"] = json!({"accessKey": {"accessKeyId": &keys[0], "userName": "u", "status": "Active"}});
    records.push(creation);
    records.push(mint(
        "00",
        "2026-03-24T09:00:00Z",
        &admin,
        "admin",
        "AssumeRole",
        &key("ASIAADMIN"),
    ));
    for asked in &keys {
        let lineage = trace(&evidence(&records), asked);
        assert_eq!(lineage.root().unwrap().key, keys[0], "asked for {asked}");
        assert_eq!(lineage.credentials.len(), 5);
    }
}

/// A mint that was made with a key ID of the family, but in another session of it, is not the family's.
#[test]
fn a_mint_of_another_session_with_the_same_key_id_is_not_joined() {
    let (mut records, keys) = story();
    let mut strange = mint(
        "20",
        "2026-03-24T09:30:00Z",
        &keys[2],
        "x",
        "AssumeRole",
        &key("ASIASTRANGE"),
    );
    strange["userIdentity"] = use_by_role("x", &keys[2], "2026-03-01T00:00:00Z")["userIdentity"].clone();
    records.push(strange);
    let lineage = trace(&evidence(&records), &keys[0]);
    assert_eq!(lineage.credentials.len(), 5, "{:?}", labels(&lineage));
    assert_eq!(lineage.collisions, 1);
}

/// A token that a service got on behalf of its caller was never in the intruder's hands.
#[test]
fn a_mint_by_a_service_on_behalf_is_no_member() {
    let (mut records, keys) = story();
    let mut on_behalf = mint(
        "21",
        "2026-03-24T09:30:00Z",
        &keys[0],
        "u",
        "AssumeRole",
        &key("ASIASERVICE"),
    );
    on_behalf["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    records.push(on_behalf);
    assert_eq!(trace(&evidence(&records), &keys[0]).credentials.len(), 5);
}

/// Two roles of one name in two accounts are two roles.
#[test]
fn a_role_of_the_same_name_in_another_account_is_another_role() {
    let (mut records, keys) = story();
    let mut other = use_by_role("22", &key("ASIAFOREIGN"), "2026-03-24T09:20:00Z");
    other["userIdentity"]["accountId"] = json!("999999999999");
    other["userIdentity"]["principalId"] = json!("AROAOTHER:s");
    other["userIdentity"]["arn"] = json!("arn:aws:sts::999999999999:assumed-role/R/s");
    records.push(other);
    let found = evidence(&records);
    let lineage = trace(&found, &keys[0]);
    assert!(lineage.unresolved.is_empty(), "{:?}", lineage.unresolved);
    assert!(bystanders(&found, &lineage).is_empty());
}
