//! The detections name what an independent count finds, and nothing more: on a trail that a seed makes, and on any folder of files that
//! `OUST_TRAILS` names.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/archive.rs"]
#[allow(dead_code, reason = "only its numbers are used")]
mod archive;
#[path = "support/peers.rs"]
mod peers;

use archive::Dice;
use oust::harden::{Detections, Detector, MOST_HITS, MakeAside, RULES, found};
use oust::time::Moment;
use oust::trail::{Progress, Sift, Window};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Write};
use std::path::Path;
use std::process::Command;

/// What tells the hits of each rule from one another.
type Hits = BTreeMap<String, BTreeSet<Vec<String>>>;

const USERS: [&str; 4] = ["ann", "bob", "cid", "dan"];
const ROLES: [&str; 6] = ["Read", "Work", "Web", "Ops", "Log", "Net"];
const ADDRESSES: [&str; 11] = [
    "203.0.113.66",
    "198.51.100.7",
    "198.51.100.8",
    "10.0.0.5",
    "172.20.0.1",
    "192.168.1.1",
    "2001:db8::1",
    "fd00:ec2::254",
    "172.32.0.1",
    "cloudformation.amazonaws.com",
    "AWS Internal",
];
const CALLS: [(&str, &str); 41] = [
    ("sts", "GetSessionToken"),
    ("sts", "GetFederationToken"),
    ("sts", "AssumeRole"),
    ("sts", "AssumeRole"),
    ("sts", "AssumeRole"),
    ("sts", "AssumeRole"),
    ("sts", "GetCallerIdentity"),
    ("ec2", "DescribeInstances"),
    ("s3", "ListBuckets"),
    ("iam", "AttachUserPolicy"),
    ("iam", "PutUserPolicy"),
    ("iam", "DeleteUserPolicy"),
    ("iam", "DetachUserPolicy"),
    ("iam", "DetachRolePolicy"),
    ("iam", "DeleteGroupPolicy"),
    ("iam", "PutGroupPolicy"),
    ("iam", "PutGroupPolicy"),
    ("iam", "CreatePolicy"),
    ("iam", "CreatePolicyVersion"),
    ("iam", "DetachGroupPolicy"),
    ("iam", "DeleteUserPermissionsBoundary"),
    ("iam", "PutUserPermissionsBoundary"),
    ("iam", "PutUserPermissionsBoundary"),
    ("iam", "PutUserPolicy"),
    ("iam", "PutRolePolicy"),
    ("iam", "PutRolePolicy"),
    ("iam", "PutRolePolicy"),
    ("iam", "AttachRolePolicy"),
    ("iam", "DeleteRolePolicy"),
    ("iam", "PutRolePermissionsBoundary"),
    ("iam", "DeleteRolePermissionsBoundary"),
    ("iam", "RemoveUserFromGroup"),
    ("iam", "UpdateAccessKey"),
    ("iam", "DeleteAccessKey"),
    ("iam", "CreateAccessKey"),
    ("iam", "UpdateLoginProfile"),
    ("iam", "EnableMFADevice"),
    ("organizations", "DetachPolicy"),
    ("organizations", "DisablePolicyType"),
    // A service that has a call of the same name.
    ("quicksight", "DeleteUserPolicy"),
    ("workmail", "AssumeRole"),
];
const POLICIES: [&str; 4] = ["OustDenyAll", "AWSRevokeOlderSessions", "Mine", "ReallyNotOustDenyAll"];
/// What a statement says: everything, everything to older sessions, and less.
const STATEMENTS: [&str; 8] = [
    r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#,
    r#"{"Resource":["*"],"Action":["*"],"Sid":"No","Effect":"Deny"}"#,
    r#"{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-03T00:00:00Z"}}}"#,
    r#"{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"Bool":{"aws:ViaAWSService":"false"}}}"#,
    r#"{"Effect":"Deny","Action":["*","s3:*"],"Resource":["*"]}"#,
    r#"{"Effect":"Deny","NotAction":["iam:Get*","iam:List*"],"Resource":"*"}"#,
    r#"{"Effect":"Deny","NotAction":"*","Resource":"*"}"#,
    r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#,
];
/// Managed policies that are made in the trail.
const MADE: [&str; 2] = [
    "arn:aws:iam::123456789012:policy/One",
    "arn:aws:iam::123456789012:policy/Two",
];
const ARNS: [&str; 6] = [
    "arn:aws:iam::aws:policy/AWSDenyAll",
    "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3",
    "arn:aws:iam::123456789012:policy/oust/OustQuarantine",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    MADE[0],
    MADE[1],
];

fn one<'t>(dice: &mut Dice, of: &[&'t str]) -> &'t str {
    of[dice.below(of.len())]
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

fn caller(dice: &mut Dice) -> Value {
    let number = dice.below(3);
    let mfa = one(dice, &["true", "false", "false"]);
    let issued = format!("2026-11-{:02}T{:02}:00:00Z", 1 + dice.below(5), dice.below(24));
    let attributes = json!({"creationDate": issued, "mfaAuthenticated": mfa});
    let user = one(dice, &USERS);
    let letter = user[..1].to_uppercase();
    match dice.below(8) {
        0 | 1 => json!({
            "type": "IAMUser", "principalId": format!("AIDA{user}"), "arn": format!("arn:aws:iam::123456789012:user/{user}"),
            "userName": user, "accessKeyId": format!("AKIA{}", letter.repeat(15) + &number.to_string())
        }),
        2 => json!({
            "type": "IAMUser", "principalId": format!("AIDA{user}"), "arn": format!("arn:aws:iam::123456789012:user/{user}"),
            "userName": user, "accessKeyId": format!("ASIA{}", letter.repeat(15) + &number.to_string()),
            "sessionContext": {"attributes": attributes}
        }),
        3..6 => {
            let name = one(dice, &ROLES);
            let session = one(dice, &["i-0123456789abcdef0", "job"]);
            let key = format!(
                "ASIA{}",
                name.to_uppercase() + &"X".repeat(12 - name.len()) + session[..2].to_uppercase().as_str()
            );
            json!({
                "type": "AssumedRole", "principalId": format!("AROA{name}:{session}"),
                "arn": format!("arn:aws:sts::123456789012:assumed-role/{name}/{session}"),
                "accessKeyId": format!("{key}{number}").replace('-', "Z"),
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role(name), "userName": name}, "attributes": attributes}
            })
        }
        6 => json!({
            "type": "FederatedUser", "principalId": format!("123456789012:{user}-console"),
            "arn": format!("arn:aws:sts::123456789012:federated-user/{user}-console"),
            "accessKeyId": format!("ASIAF{}", letter.repeat(14) + &number.to_string()),
            "sessionContext": {
                "sessionIssuer": {"type": "IAMUser", "arn": format!("arn:aws:iam::123456789012:user/{user}"), "userName": user},
                "attributes": attributes
            }
        }),
        _ => json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
    }
}

fn request(dice: &mut Dice, name: &str) -> Value {
    let mut sent = json!({});
    let mut may = |dice: &mut Dice, field: &str, value: Value| {
        if dice.below(8) > 0 {
            sent[field] = value;
        }
    };
    match name {
        "AssumeRole" => {
            let arn = role(one(dice, &ROLES));
            may(dice, "roleArn", arn.into());
            may(dice, "roleSessionName", "job".into());
        }
        "GetSessionToken" if dice.below(2) == 0 => {
            may(dice, "serialNumber", "arn:aws:iam::123456789012:mfa/ann".into());
        }
        "GetSessionToken" => return Value::Null,
        _ => {
            let user = one(dice, &USERS);
            match (name.contains("Role"), name.contains("Group")) {
                (true, _) => {
                    let role = one(dice, &ROLES);
                    may(dice, "roleName", role.into());
                }
                (_, true) => {
                    let group = one(dice, &["Staff", "Guests"]);
                    may(dice, "groupName", group.into());
                }
                _ => may(dice, "userName", user.into()),
            }
            let (policy, arn) = (one(dice, &POLICIES), one(dice, &ARNS));
            // A call names inline policies or managed ones, if any.
            match name.starts_with("Attach") || name.starts_with("Detach") || name == "CreatePolicyVersion" {
                true => may(dice, "policyArn", arn.into()),
                false if name.ends_with("Policy") => may(dice, "policyName", policy.into()),
                false => {}
            }
            may(dice, "permissionsBoundary", arn.into());
            let statement = one(dice, &STATEMENTS);
            let document = match dice.below(2) {
                0 => format!("{{\"Version\": \"2012-10-17\", \"Statement\": {statement}}}"),
                _ => format!(
                    "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}},{statement}]}}"
                ),
            };
            may(dice, "policyDocument", document.into());
            let key = one(dice, &["AKIAAAAAAAAAAAAAAAA0", "AKIAAAAAAAAAAAAAAAA1"]);
            may(dice, "accessKeyId", key.into());
            let status = one(dice, &["Active", "Inactive"]);
            may(dice, "status", status.into());
        }
    }
    sent
}

fn record(dice: &mut Dice, id: usize) -> Value {
    let (service, name) = CALLS[dice.below(CALLS.len())];
    let mut who = caller(dice);
    // Users of one name are in another account too: what happened to the one did not to the other.
    who["accountId"] = one(dice, &["123456789012", "210987654321"]).into();
    let (day, hour, minute, second) = (2 + dice.below(4), dice.below(24), dice.below(60), dice.below(60));
    let mut record = json!({
        "eventVersion": "1.10", "userIdentity": who,
        "eventTime": format!("2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": one(dice, &ADDRESSES), "userAgent": "aws-cli/2.31.0",
        "requestParameters": request(dice, name), "responseElements": null, "eventID": format!("event-{id}"),
        "eventType": "AwsApiCall", "recipientAccountId": "123456789012", "eventCategory": "Management"
    });
    // What comes from within a network comes through an endpoint.
    if record["sourceIPAddress"].as_str().unwrap().starts_with('1') && dice.below(2) == 0 {
        record["vpcEndpointId"] = one(dice, &["vpce-1", "vpce-2", "vpce-3"]).into();
    }
    if dice.below(6) == 0 {
        record["errorCode"] = "AccessDenied".into();
    } else if name == "CreatePolicy" {
        record["responseElements"] = json!({"policy": {"arn": one(dice, &MADE)}});
    } else if name == "AssumeRole" {
        // Sessions that are met again: of those that callers have.
        let again = caller(dice);
        record["responseElements"] = json!({"credentials": {"accessKeyId": again["accessKeyId"]}});
    }
    record
}

/// Files of a trail, in which some records come twice, and one credential takes a role in bursts.
fn written(folder: &Path, seed: u64) {
    let mut dice = Dice::new(seed);
    let mut records: Vec<Value> = (0..3_000).map(|id| record(&mut dice, id)).collect();
    for burst in 0..30 {
        let mut first = record(&mut dice, 0);
        (first["eventSource"], first["eventName"]) = ("sts.amazonaws.com".into(), "AssumeRole".into());
        first["requestParameters"] = json!({"roleArn": role(one(&mut dice, &ROLES)), "roleSessionName": "job"});
        let (hour, apart) = (dice.below(24), 60 + dice.below(120));
        for n in 0..5 {
            let mut next = first.clone();
            let at = n * apart;
            next["eventTime"] = format!("2026-11-10T{hour:02}:{:02}:{:02}Z", at / 60, at % 60).into();
            next["eventID"] = format!("burst-{burst}-{n}").into();
            // Some of one role again and again, some of one role after the other.
            if burst % 3 == 0 {
                next["requestParameters"]["roleArn"] = role(ROLES[n % ROLES.len()]).into();
            }
            records.push(next);
        }
    }
    // Chains of role sessions that lead back, or not.
    for chain in 0..40 {
        let names: Vec<&str> = (0..5).map(|_| one(&mut dice, &ROLES)).collect();
        let key = |n: usize| format!("ASIACHAIN{chain:02}0000000A{n}");
        for (n, pair) in names.windows(2).enumerate() {
            records.push(json!({
                "eventVersion": "1.10",
                "userIdentity": {"type": "AssumedRole", "principalId": format!("AROA{}:chain", pair[0]), "accountId": "123456789012",
                    "arn": format!("arn:aws:sts::123456789012:assumed-role/{}/chain", pair[0]), "accessKeyId": key(n),
                    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role(pair[0]), "userName": pair[0]}}},
                "eventTime": format!("2026-11-12T{:02}:{:02}:00Z", 2 * n + chain % 3, chain), "eventSource": "sts.amazonaws.com",
                "eventName": "AssumeRole", "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.66", "userAgent": "aws-cli/2.31.0",
                "requestParameters": {"roleArn": role(pair[1]), "roleSessionName": "chain"},
                "responseElements": {"credentials": {"accessKeyId": key(n + 1)}}, "eventID": format!("chain-{chain}-{n}"),
                "eventType": "AwsApiCall", "recipientAccountId": "123456789012", "eventCategory": "Management"
            }));
        }
    }
    for n in 0..40 {
        let twice = records[n * 7].clone();
        records.push(twice);
    }
    for (n, part) in records.chunks(500).enumerate() {
        std::fs::write(folder.join(format!("{n}.json")), json!({"Records": part}).to_string()).unwrap();
    }
}

/// What `oust harden --detect` finds.
fn named(folder: &Path) -> Hits {
    let output = Command::new(env!("CARGO_BIN_EXE_oust"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .args(["harden", "--detect", "--format", "json", "--quiet", "--logs"])
        .arg(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut hits = Hits::new();
    for hit in told["hits"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (rule, key) = (text(&hit["rule"]), text(&hit["key"]));
        let tells = match rule.as_str() {
            "assume-role-burst" | "instance-credential-other-network" => {
                vec![key, text(&hit["what"]).split(" of ").last().unwrap().to_owned()]
            }
            "use-after-containment"
            | "federation-outlives-containment"
            | "session-outlives-key"
            | "session-outlives-revocation"
            | "users-deny-removed"
            | "roles-deny-removed"
            | "groups-deny-removed"
            | "managed-deny-removed"
            | "role-juggling"
            | "role-ring"
            | "boundary-replaced" => vec![text(&hit["events"][0]), key],
            "assume-role-spread" => vec![key],
            _ if rule.contains("-two-addresses") || rule.starts_with("instance-credential-") => {
                let addresses = hit["addresses"].as_array().unwrap().iter().map(text);
                std::iter::once(key).chain(addresses).collect()
            }
            _ => vec![text(&hit["events"][0])],
        };
        hits.entry(rule).or_default().insert(tells);
    }
    hits
}

fn counted(python: &Path, folder: &Path) -> Hits {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/counted.py");
    let output = Command::new(python).arg(script).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn agree(python: &Path, folder: &Path) -> Hits {
    let (named, counted) = (named(folder), counted(python, folder));
    for rule in RULES.iter().map(|rule| rule.id) {
        let of = |hits: &Hits| hits.get(rule).cloned().unwrap_or_default();
        let (named, counted) = (of(&named), of(&counted));
        let only = |one: &BTreeSet<Vec<String>>, other| one.difference(other).take(3).cloned().collect::<Vec<_>>();
        assert!(
            named == counted,
            "{rule}: named {}, counted {}; named alone {:?}, counted alone {:?}",
            named.len(),
            counted.len(),
            only(&named, &counted),
            only(&counted, &named)
        );
    }
    assert_eq!(named, counted);
    named
}

#[test]
fn what_is_named_is_what_an_independent_count_finds() {
    let Some(python) = peers::python() else { return };
    let mut met = BTreeSet::new();
    for seed in 1..4 {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), seed);
        met.extend(agree(&python, folder.path()).into_keys());
    }
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(met, rules, "each rule is met");
}

/// Trails of one's own, which the repository can't hold: each folder in `OUST_TRAILS`, separated as in `PATH`.
#[test]
fn on_other_trails_too() {
    let (Some(python), Some(trails)) = (peers::python(), std::env::var_os("OUST_TRAILS")) else {
        return;
    };
    for folder in std::env::split_paths(&trails) {
        for (rule, hits) in agree(&python, &folder) {
            // Straight to the stream: the test harness keeps what macros print of tests that pass.
            let _ = writeln!(std::io::stderr(), "{}: {rule}: {}", folder.display(), hits.len());
        }
    }
}

/// What detectors find that hold so much in memory.
fn with_room(folder: &Path, room: usize, aside: MakeAside) -> Detections {
    let sift = Sift::of(Window::default(), Box::new(move || Detector::laying(room, aside)));
    sift.read_paths(&[folder.to_owned()], &Progress::default());
    found(sift.finish().0, &[]).unwrap()
}

/// However little is held, and wherever the room ends, the same is found: first and last, names of events and addresses among it.
#[test]
fn what_is_laid_aside_is_found_as_what_is_held() {
    for seed in [3, 11] {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), seed);
        let held = with_room(folder.path(), usize::MAX, || Err(io::ErrorKind::Unsupported.into()));
        assert!(held.hits.len() > 500, "{}", held.hits.len());
        let rules: BTreeSet<&str> = held.hits.iter().map(|hit| &*hit.rule).collect();
        assert_eq!(rules.len(), RULES.len(), "each rule finds something");
        for room in [0, 5_000, 200_000] {
            let laid = with_room(folder.path(), room, || Ok(Box::new(Cursor::new(Vec::new()))));
            assert!(laid == held, "with room for {room} bytes");
            let crowded = with_room(folder.path(), room, || Err(io::ErrorKind::StorageFull.into()));
            assert!(crowded.is_crowded && crowded.hits == held.hits, "with no room aside");
        }
    }
}

/// A record with something about it that is seldom met.
fn odd(dice: &mut Dice, record: &Value) -> Value {
    let mut record = record.clone();
    match dice.below(12) {
        0 => record["requestParameters"]["userName"] = json!(5),
        1 => record["requestParameters"]["userName"] = json!({"name": "ann"}),
        2 => record["requestParameters"]["more"] = json!([{"userName": "ann", "vpcEndpointId": "vpce-9"}]),
        3 => record["requestParameters"]["vpcEndpointId"] = json!("vpce-9"),
        4 => {
            record["requestParameters"]["policyDocument"] =
                json!("{\"Statement\": [{\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}]}")
        }
        5 => record["responseElements"] = json!({"credentials": [1], "policy": {"arn": MADE[0], "more": {"arn": "x"}}}),
        6 => {
            record["responseElements"]["credentials"] =
                json!({"accessKeyId": "ASIAJOBXXXXXXXXXXJO0", "sessionToken": "\\ and \" and \u{e9}"})
        }
        7 => record["errorCode"] = json!(null),
        8 => record["vpcEndpointId"] = json!(null),
        9 => record["resources"] = json!([{"vpcEndpointId": "vpce-1", "ARN": "arn:x"}]),
        10 => record["userIdentity"]["userName"] = json!("a \"quoted\" name"),
        _ => record["userIdentity"]["invokedBy"] = json!("s3.amazonaws.com"),
    }
    record
}

/// As CloudTrail orders members: what the call was refused with before what it was sent, and the place where it came in at the end.
fn in_order(record: &Value) -> Value {
    let first = [
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
        "userAgent",
        "errorCode",
        "requestParameters",
        "responseElements",
        "eventID",
        "resources",
        "eventType",
        "recipientAccountId",
        "vpcEndpointId",
    ];
    let members = record.as_object().unwrap();
    let known = first
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), members.get(*name)?.clone())));
    let rest = members.iter().filter(|(name, _)| !first.contains(&name.as_str()));
    Value::Object(
        known
            .chain(rest.map(|(name, value)| (name.clone(), value.clone())))
            .collect(),
    )
}

/// What is found where each record is looked at in its text is what is found where each is parsed, whatever is odd about it.
#[test]
fn what_texts_tell_is_what_whole_records_tell() {
    for seed in [5, 23, 71] {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), seed);
        let mut dice = Dice::new(seed);
        let mut trails: Vec<Vec<Value>> = Vec::new();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let told: Value = serde_json::from_str(&text).unwrap();
            let mut trail = told["Records"].as_array().unwrap().clone();
            for record in &mut trail {
                if dice.below(4) == 0 {
                    *record = odd(&mut dice, record);
                }
                if dice.below(8) > 0 {
                    *record = in_order(record);
                }
            }
            trails.push(trail);
        }
        let at_once = Sift::of(Window::default(), Box::new(Detector::default));
        for (n, trail) in trails.iter().enumerate() {
            let text = json!({"Records": trail}).to_string();
            at_once.feed(&n.to_string(), text.as_bytes());
        }
        let each = Sift::of(Window::default(), Box::new(Detector::default));
        trails.iter().flatten().for_each(|record| each.take(record).unwrap());
        let [at_once, each] = [at_once, each].map(|sift| found(sift.finish().0, &[]).unwrap());
        assert!(each.hits.len() > 400, "{}", each.hits.len());
        for (one, other) in at_once.hits.iter().zip(&each.hits) {
            assert_eq!(one, other);
        }
        assert_eq!(at_once, each);
    }
}

/// Files of `count` tokens that were asked for without MFA, and as many sessions of three roles that mint each other's, a second apart.
fn many_hits(folder: &Path, count: usize) {
    const ARN: &str = "arn:aws:iam::123456789012";
    let begin = Moment::from_millis(1_793_491_200_000);
    let record = |n: usize, who: String, name: &str, asked: String, given: &str, id: &str| {
        format!(
            "{{\"eventVersion\":\"1.10\",\"userIdentity\":{who},\"eventTime\":\"{}\",\"eventSource\":\"sts.amazonaws.com\",\"eventName\":\"{name}\",\"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"198.51.100.7\",\"userAgent\":\"aws-cli/2\",\"requestParameters\":{asked},\"responseElements\":{{\"credentials\":{{\"accessKeyId\":\"{given}\"}}}},\"eventID\":\"{id}-{n:012}\",\"eventType\":\"AwsApiCall\",\"recipientAccountId\":\"123456789012\"}}",
            begin.plus_seconds(n as i64).whole_second()
        )
    };
    for from in (0..count).step_by(1_000) {
        let mut records = Vec::new();
        for n in from..count.min(from + 1_000) {
            let user = format!(
                "{{\"type\":\"IAMUser\",\"principalId\":\"AIDAANNANNANNANNAANNA\",\"arn\":\"{ARN}:user/ann\",\"accountId\":\"123456789012\",\"accessKeyId\":\"AKIAANNANNANNANNANNA\",\"userName\":\"ann\"}}"
            );
            records.push(record(
                n,
                user,
                "GetSessionToken",
                "null".to_owned(),
                &format!("ASIAT{n:015}"),
                "token",
            ));
            let (own, next) = (n % 3, (n + 1) % 3);
            let role = format!(
                "{{\"type\":\"AssumedRole\",\"principalId\":\"AROARINGRINGRINGRIN{own}:s\",\"arn\":\"arn:aws:sts::123456789012:assumed-role/R{own}/s\",\"accountId\":\"123456789012\",\"accessKeyId\":\"ASIAR{n:015}\",\"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"AROARINGRINGRINGRIN{own}\",\"arn\":\"{ARN}:role/R{own}\",\"accountId\":\"123456789012\",\"userName\":\"R{own}\"}},\"attributes\":{{\"mfaAuthenticated\":\"false\"}}}}}}"
            );
            let asked = format!("{{\"roleArn\":\"{ARN}:role/R{next}\",\"roleSessionName\":\"s\"}}");
            records.push(record(
                n,
                role,
                "AssumeRole",
                asked,
                &format!("ASIAR{:015}", n + 1),
                "ring",
            ));
        }
        let text = format!("{{\"Records\":[{}]}}", records.join(","));
        std::fs::write(
            folder.join(format!("{from:09}.json.gz")),
            archive::packed(text.as_bytes(), 1),
        )
        .unwrap();
    }
}

/// What was found in `many_hits`: of each rule the first are told, and all are counted.
fn are_counted(told: &Value, count: usize) {
    let hits = told["hits"].as_array().unwrap();
    for (rule, all) in [
        ("session-token", count),
        ("session-token-without-mfa", count),
        ("role-ring", count - 2),
    ] {
        let of_rule: Vec<&Value> = hits.iter().filter(|hit| hit["rule"] == rule).collect();
        assert_eq!(of_rule.len(), MOST_HITS, "{rule}");
        assert!(
            of_rule
                .iter()
                .any(|hit| hit["events"].to_string().contains("-000000000002")),
            "the first: {rule}"
        );
        let counted = told["counted"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["rule"] == rule);
        let last = Moment::from_millis(1_793_491_200_000).plus_seconds(count as i64 - 1);
        let counted = counted.unwrap();
        assert_eq!(counted["hits"], all, "{rule}");
        assert_eq!(counted["told"], MOST_HITS, "{rule}");
        assert!(
            counted["last"].as_str().unwrap().parse::<Moment>().unwrap() == last,
            "{counted}"
        );
    }
    assert_eq!(hits.len(), 3 * MOST_HITS);
}

#[test]
fn of_many_hits_the_first_are_told_and_all_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    many_hits(folder.path(), 3_000);
    let said = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_oust"))
            .env_clear()
            .args(["harden", "--detect", "--quiet", "--logs"])
            .arg(folder.path())
            .args(more)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    are_counted(&serde_json::from_str(&said(&["--format", "json"])).unwrap(), 3_000);
    let text = said(&[]);
    assert!(
        text.contains("(2998, until 2026-11-01T00:49:59Z; the first 1000 are told)"),
        "{text}"
    );
}

/// Five times as many hits take hardly more memory.
#[test]
#[ignore = "makes 40 MB in files: some minutes (`cargo test --release --test counted -- --ignored`)"]
fn memory_has_a_bound_however_many_hits() {
    for count in [60_000, 300_000] {
        let folder = tempfile::tempdir().unwrap();
        many_hits(folder.path(), count);
        let (met, told) = measured(folder.path());
        let _ = writeln!(io::stderr(), "{count} hits of each of three rules: {met} MB");
        are_counted(&told, count);
        assert!(met > 0 && met < 300, "{met} MB");
    }
}

/// The most memory that the program took so far, in MB.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes / 1_024)
}

/// The most memory that the program took over a folder, in MB, and what it told.
fn measured(folder: &Path) -> (u64, Value) {
    let told = tempfile::NamedTempFile::new().unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_oust"))
        .args(["harden", "--detect", "--format", "json", "--quiet", "--logs"])
        .arg(folder)
        .stdout(told.reopen().unwrap())
        .spawn()
        .unwrap();
    let mut met = 0;
    while process.try_wait().unwrap().is_none() {
        met = met.max(peak(process.id()).unwrap_or_default());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    (
        met,
        serde_json::from_str(&std::fs::read_to_string(told.path()).unwrap()).unwrap(),
    )
}

/// Twelve times as many sessions take hardly more memory.
#[test]
#[ignore = "makes 0.9 GB in files: some minutes, of which most make them (`cargo test --release --test counted -- --ignored`)"]
fn memory_has_a_bound_however_many_sessions() {
    for (sessions, most) in [(125_000, 300), (1_500_000, 300)] {
        let folder = tempfile::tempdir().unwrap();
        archive::many_sessions(folder.path(), sessions);
        let started = std::time::Instant::now();
        let (met, told) = measured(folder.path());
        assert_eq!(told["records"], 2 * sessions);
        let hits = told["hits"].as_array().unwrap().len();
        let took = started.elapsed();
        let _ = writeln!(io::stderr(), "{sessions} sessions: {met} MB, {hits} hits, {took:?}");
        assert!(met > 0 && met < most, "{met} MB");
    }
}
