//! Who comes in by a role that the family opened: his record names no key of the account.

use super::console::read_at_once;
use super::*;

const ROLE: &str = "AROAOPEN";

fn opening(id: &str, at: &str, by: &AccessKeyId, call: &str, role: &str, lets_in: &Value) -> Value {
    let document = if call == "CreateRole" {
        "assumeRolePolicyDocument"
    } else {
        "policyDocument"
    };
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": lets_in, "Action": "sts:AssumeRole"}]});
    let mut record = use_by_role(id, by, at);
    record["userIdentity"] = json!({"type": "IAMUser", "principalId": "AIDAX", "arn": "arn:aws:iam::123456789012:user/u", "accountId": "123456789012",
        "accessKeyId": by, "userName": "u"});
    record["eventTime"] = json!(at);
    record["eventSource"] = json!("iam.amazonaws.com");
    record["eventName"] = json!(call);
    record["recipientAccountId"] = json!("123456789012");
    record["requestParameters"] = json!({"roleName": role, document: trust.to_string()});
    record
}

/// Somebody of another account, or a provider's user, comes into the role `Open`.
fn coming(id: &str, at: &str, asker: Value, gives: &AccessKeyId) -> Value {
    let call = match asker["type"].as_str() {
        Some("WebIdentityUser") => "AssumeRoleWithWebIdentity",
        _ => "AssumeRole",
    };
    json!({"eventVersion": "1.10", "userIdentity": asker, "eventTime": at, "eventSource": "sts.amazonaws.com", "eventName": call,
        "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.9", "userAgent": "x",
        "requestParameters": {"roleArn": "arn:aws:iam::123456789012:role/Open", "roleSessionName": "s"},
        "responseElements": {"credentials": {"accessKeyId": gives, "expiration": "2026-03-25T09:00:00Z"}, "provider": asker["identityProvider"],
            "assumedRoleUser": {"assumedRoleId": format!("{ROLE}:s"), "arn": "arn:aws:sts::123456789012:assumed-role/Open/s"}},
        "requestID": "r", "eventID": id, "readOnly": true, "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": "123456789012",
        "eventCategory": "Management"})
}

fn of_account(account: &str) -> Value {
    json!({"type": "AWSAccount", "principalId": "AIDAELSEWHERE", "accountId": account})
}

fn account(id: &str) -> Value {
    json!({"AWS": format!("arn:aws:iam::{id}:root")})
}

/// What the session of `Open` with this key makes: a key for `bob`.
fn makes(id: &str, at: &str, by: &AccessKeyId, issued: &str, made: &AccessKeyId) -> Value {
    let mut record = mint(id, at, by, "bob", "CreateAccessKey", made);
    record["userIdentity"] = json!({"type": "AssumedRole", "principalId": format!("{ROLE}:s"), "accountId": "123456789012", "accessKeyId": by,
        "arn": "arn:aws:sts::123456789012:assumed-role/Open/s", "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": ROLE,
        "arn": "arn:aws:iam::123456789012:role/Open", "accountId": "123456789012", "userName": "Open"}, "attributes": {"creationDate": issued}}});
    record["eventSource"] = json!("iam.amazonaws.com");
    record["requestParameters"] = json!({"userName": "bob"});
    record["responseElements"] = json!({"accessKey": {"accessKeyId": made, "userName": "bob", "status": "Active"}});
    record
}

/// The members, read as one and in two passes.
fn members(records: &[Value], asked: &AccessKeyId) -> Vec<AccessKeyId> {
    let whole = trace(&evidence(records), asked);
    let (read, followed) = read_at_once(records, asked);
    assert!(followed);
    assert_eq!(whole.credentials, read.credentials);
    whole.credentials.into_iter().map(|member| member.key).collect()
}

#[test]
fn who_comes_in_by_a_role_that_the_family_opened_is_of_the_family() {
    let [a, in_by, silent, made] = [key("AKIAQ"), key("ASIACOMES"), key("ASIASILENT"), key("AKIAMADE")];
    let at = |minute: u32| format!("2026-03-24T09:{minute:02}:00Z");
    for (call, role) in [("CreateRole", "Open"), ("UpdateAssumeRolePolicy", "OPEN")] {
        let mut records = vec![
            opening("o1", &at(0), &a, call, role, &account("999999999999")),
            coming("o2", &at(5), of_account("999999999999"), &in_by),
            makes("o3", &at(6), &in_by, &at(5), &made),
            coming("o4", &at(7), of_account("999999999999"), &silent),
        ];
        assert_eq!(
            members(&records, &a),
            [a.clone(), in_by.clone(), silent.clone(), made.clone()],
            "{call}"
        );
        let lineage = trace(&evidence(&records), &a);
        let mint = lineage.member(&in_by).unwrap().minted.clone().unwrap();
        assert_eq!((mint.by, mint.call.as_str()), (a.clone(), "AssumeRole"));
        assert!(mint.joined.unwrap().contains("into role"));
        assert_eq!(
            lineage
                .made
                .iter()
                .filter(|made| made.call == "CreateAccessKey")
                .count(),
            1
        );
        // Shut again, it ends no session, and lets nobody in any more.
        let late = key("ASIALATE");
        records.push(opening(
            "o5",
            &at(8),
            &a,
            "UpdateAssumeRolePolicy",
            "Open",
            &account("123456789012"),
        ));
        records.push(coming("o6", &at(30), of_account("999999999999"), &late));
        assert_eq!(members(&records, &a).len(), 4);
        // Whoever came in is where the walk back ends: who opened a role may have done so rightly.
        assert_eq!(trace(&evidence(&records), &in_by).root().unwrap().key, in_by);
    }
}

#[test]
fn who_was_let_in_by_somebody_else_is_not_of_the_family() {
    let [a, admin, in_by] = [key("AKIAQ"), key("AKIAADMIN"), key("ASIACOMES")];
    let both = json!({"AWS": ["111111111111", "999999999999"]});
    let at = |minute: u32| format!("2026-03-24T09:{minute:02}:00Z");
    let open = |id: &str, minute: u32, by: &AccessKeyId, lets_in: &Value| {
        opening(id, &at(minute), by, "UpdateAssumeRolePolicy", "Open", lets_in)
    };
    let vendor =
        |id: &str, minute: u32, gives: &AccessKeyId| coming(id, &at(minute), of_account("111111111111"), gives);
    let asked = |records: &[Value]| members(records, &a).len();
    // The family's own trust policy names another account, or came later; the administrator named it before; it had come before.
    assert_eq!(
        asked(&[open("p1", 0, &a, &account("999999999999")), vendor("p2", 5, &in_by)]),
        1
    );
    assert_eq!(asked(&[vendor("p1", 0, &in_by), open("p2", 5, &a, &both)]), 1);
    assert_eq!(
        asked(&[
            open("p1", 0, &admin, &account("111111111111")),
            open("p2", 5, &a, &both),
            vendor("p3", 10, &in_by)
        ]),
        1
    );
    assert_eq!(
        asked(&[
            vendor("p1", 0, &key("ASIABEFORE")),
            open("p2", 5, &a, &both),
            vendor("p3", 10, &in_by)
        ]),
        1
    );
    assert_eq!(asked(&[open("p2", 5, &a, &both), vendor("p3", 10, &in_by)]), 2);
    // Opened by the family, and again by it: the first time counts.
    assert_eq!(
        asked(&[
            open("p1", 0, &a, &both),
            open("p2", 5, &a, &both),
            vendor("p3", 10, &in_by)
        ]),
        2
    );
    // Opened, shut, and opened again: who had come in by the family's own opening comes in by it again.
    let own = account("123456789012");
    let again = [
        open("p1", 0, &a, &both),
        vendor("p2", 5, &key("ASIAFIRST")),
        open("p3", 10, &a, &own),
        open("p4", 20, &a, &both),
        vendor("p5", 25, &in_by),
    ];
    assert_eq!(asked(&again), 3);
    // What isn't understood may let in anybody.
    let mut garbled = open("p1", 0, &a, &both);
    garbled["requestParameters"]["policyDocument"] = json!("{");
    assert_eq!(asked(&[garbled, vendor("p3", 10, &in_by)]), 2);
    let mut refused = open("p1", 0, &a, &both);
    refused["errorCode"] = json!("AccessDenied");
    assert_eq!(asked(&[refused, vendor("p3", 10, &in_by)]), 1);
}

#[test]
fn a_provider_that_the_family_named_lets_in_its_users() {
    let [a, in_by] = [key("AKIAQ"), key("ASIACOMES")];
    let provider = "arn:aws:iam::123456789012:oidc-provider/token.example.com";
    let asker =
        json!({"type": "WebIdentityUser", "principalId": "x:sub", "userName": "sub", "identityProvider": provider});
    for (named, count) in [
        (provider, 2),
        ("token.example.com", 2),
        ("arn:aws:iam::123456789012:oidc-provider/other.example.com", 1),
    ] {
        let records = [
            opening(
                "q1",
                "2026-03-24T09:00:00Z",
                &a,
                "CreateRole",
                "Open",
                &json!({"Federated": named}),
            ),
            coming("q2", "2026-03-24T09:05:00Z", asker.clone(), &in_by),
        ];
        assert_eq!(members(&records, &a).len(), count, "{named}");
        // A record that doesn't tell the provider may be of any.
        let mut untold = records.clone();
        untold[1]["responseElements"]["provider"] = Value::Null;
        assert_eq!(members(&untold, &a).len(), 2, "{named}");
    }
}
