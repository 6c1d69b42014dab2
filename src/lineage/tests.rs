mod abroad;
mod ambiguous;
mod carried;
mod console;
mod entangled;
mod federated;
mod keyless;
mod lent;
mod opened;
mod revived;
mod switch;
mod token;
mod unjudged;
mod unresolved;

use super::*;
use crate::ids::AccessKeyId;
use crate::trail::Evidence;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The family of one key.
fn trace(evidence: &Evidence, asked: &AccessKeyId) -> Lineage {
    super::trace(evidence, std::slice::from_ref(asked))
}

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

fn fixture() -> Evidence {
    let mut evidence = Evidence::default();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/trail");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "md") {
            crate::trail::read_path(&path, &mut evidence);
        }
    }
    evidence
}

const A: &str = "AKIARZPUZDIKCEIRCEIR";
const C: &str = "ASIARZPUZDIKGMZTGMZT";

/// The story from files of every shape, with everything beside it that must not be taken for it.
#[test]
fn the_fixture_tells_the_story() {
    let evidence = fixture();
    assert_eq!(
        (
            evidence.len(),
            evidence.duplicates,
            evidence.files,
            evidence.passed_over
        ),
        (17, 1, 4, 1)
    );
    assert!(evidence.damage.is_empty(), "{:?}", evidence.damage);
    let lineage = trace(&evidence, &A.parse().unwrap());
    let names: Vec<&str> = labels(&lineage).into_iter().map(|(label, _)| label).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E1", "E2", "E3"]);
    assert_eq!(lineage.user(), Some("support-user"));
    let c = lineage.member(&C.parse().unwrap()).unwrap();
    let uses: Vec<(&str, u64)> = c.uses.iter().map(|used| (used.action.as_str(), used.count)).collect();
    assert_eq!(uses, [("GetObject", 2)]);
    assert_eq!(c.first_use(), Some("2026-03-24T09:07:00Z".parse().unwrap()));
    assert_eq!(c.alive("2026-03-24T10:05:59Z".parse().unwrap()), None);
    assert_eq!(c.alive("2026-03-24T10:06:00Z".parse().unwrap()), Some(false));
    assert_eq!(
        lineage.root().unwrap().alive("2030-01-01T00:00:00Z".parse().unwrap()),
        None
    );
    assert_eq!(
        lineage.attempts[0].target.as_deref(),
        Some("arn:aws:iam::123456789012:role/Admin")
    );
    assert_eq!(
        lineage.made.iter().map(|made| made.what.as_str()).collect::<Vec<_>>(),
        ["support-user bedrock.amazonaws.com ACCAEXAMPLEEXAMPLE00"]
    );
    assert_eq!(
        (lineage.collisions, lineage.ambiguous.len(), lineage.ambiguous[0].calls),
        (1, 1, 1)
    );
    assert_eq!(
        (lineage.on_behalf.len(), lineage.on_behalf[0].by.as_str()),
        (1, "AWS Internal")
    );
    assert_eq!(
        lineage.unresolved.len(),
        1,
        "one console session, two keys: {:?}",
        lineage.unresolved
    );
    assert_eq!(lineage.unresolved[0].more_keys.len(), 1);
    assert_eq!(
        lineage.unresolved[0].why,
        "a console session: ConsoleLogin at 2026-03-24T10:00:00Z"
    );
    let reached: Vec<String> = lineage
        .reached()
        .into_iter()
        .map(|role| format!("{:?} {} {}", role.account, role.name, role.id))
        .collect();
    assert_eq!(reached, ["Some(123456789012) MyBucketRole AROAMYBUCKETROLEEXAMPL"]);
    let others = bystanders(&evidence, &lineage);
    let sessions: Vec<&str> = others.iter().filter_map(|other| other.session.as_deref()).collect();
    assert_eq!(sessions, ["alice"]);
    assert_eq!(lineage.coverage.regions.len(), 2);
}

#[test]
fn sessions_for_a_twin_carry_what_its_policies_see() {
    let lineage = trace(&fixture(), &A.parse().unwrap());
    let sessions = lineage.sessions();
    assert_eq!(sessions.len(), 5);
    let b = &sessions[0];
    assert_eq!(
        b.holder,
        crate::account::Holder::User {
            name: "support-user".into(),
            id: "AIDASUPPORTUSEREXAMPLE".into()
        }
    );
    assert_eq!(
        (b.issued, b.expires),
        (
            "2026-03-24T09:04:00Z".parse().unwrap(),
            "2026-03-25T21:04:00Z".parse().unwrap()
        )
    );
    let d = &sessions[4];
    assert_eq!(
        d.kind,
        crate::account::SessionKind::AssumeRole,
        "a user's session in front is no role chaining"
    );
    assert_eq!(d.minted_by.as_ref(), Some(&b.key));
    assert_eq!(
        d.holder,
        crate::account::Holder::Role {
            name: "MyBucketRole".into(),
            id: "AROAMYBUCKETROLEEXAMPL".into(),
            session: "again".into()
        }
    );
}

#[test]
fn a_lineage_is_read_back_as_it_was_written() {
    let lineage = trace(&fixture(), &A.parse().unwrap());
    let text = serde_json::to_string(&lineage).unwrap();
    assert!(!text.contains("SYNTHETIC-SESSION-TOKEN"));
    assert_eq!(serde_json::from_str::<Lineage>(&text).unwrap(), lineage);
}

/// A token whose mint no key asked for is its own origin, and what is known of its making is told.
#[test]
fn a_session_that_no_key_asked_for_says_where_it_came_from() {
    let session = key("ASIASAML");
    let child = key("ASIACHILD");
    let mut saml = mint(
        "1",
        "2026-03-24T09:06:00Z",
        &key("AKIAX"),
        "u",
        "AssumeRoleWithSAML",
        &session,
    );
    saml["userIdentity"] = json!({"type": "SAMLUser", "principalId": "x:bob", "userName": "bob"});
    let mut chained = mint("2", "2026-03-24T09:10:00Z", &session, "u", "AssumeRole", &child);
    chained["userIdentity"] = use_by_role("x", &session, "2026-03-24T09:06:00Z")["userIdentity"].clone();
    let lineage = trace(&evidence(&[saml, chained]), &child);
    assert_eq!(labels(&lineage), [("A", session.as_str()), ("B", child.as_str())]);
    let root = lineage.root().unwrap();
    assert_eq!(
        root.provenance.as_deref(),
        Some("AssumeRoleWithSAML at 2026-03-24T09:06:00Z by SAMLUser bob")
    );
    assert_eq!(root.issued, Some("2026-03-24T09:06:00Z".parse().unwrap()));
    assert_eq!(root.kind, Kind::RoleSession);
    assert_eq!(lineage.credentials[1].kind, Kind::ChainedRoleSession);
}

/// A key that only services called with was in nobody's hands, and that is what is told of it.
#[test]
fn a_forward_access_key_that_is_asked_for_is_explained() {
    let lineage = trace(&fixture(), &"ASIARZPUZDIKKVKVKVKV".parse().unwrap());
    assert_eq!((lineage.credentials.len(), lineage.root().unwrap().forwarded), (1, 1));
    let told = lineage.root().unwrap().provenance.clone().unwrap();
    assert!(
        told.starts_with("a forward-access session: AWS Internal called with it for arn:aws:sts::123456789012"),
        "{told}"
    );
}

/// A call into another account stands in both trails; the record without a key neither hides nor doubles the child.
#[test]
fn a_role_of_another_account_is_one_child_and_named_as_foreign() {
    let (a, child) = (key("AKIAQ"), key("ASIAFOREIGN"));
    let mut here = mint("1", "2026-03-24T09:06:00Z", &a, "u", "AssumeRole", &child);
    here["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAF:s", "arn": "arn:aws:sts::999999999999:assumed-role/F/s"});
    here["sharedEventID"] = json!("both");
    let mut there = here.clone();
    there["eventID"] = json!("2");
    there["recipientAccountId"] = json!("999999999999");
    there["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AIDAX", "accountId": "123456789012"});
    for records in [vec![here.clone(), there.clone()], vec![there.clone(), here]] {
        let lineage = trace(&evidence(&records), &child);
        assert_eq!(labels(&lineage), [("A", a.as_str()), ("B", child.as_str())]);
        let foreign = lineage.reached().pop_first().unwrap();
        assert_eq!(foreign.account.unwrap().as_str(), "999999999999");
        assert!(lineage.roles(&"123456789012".parse().unwrap()).is_empty());
    }
    // With the other account's trail alone the token is its own origin.
    let lineage = trace(&evidence(&[there]), &child);
    assert_eq!(lineage.credentials.len(), 1);
    assert!(
        lineage
            .root()
            .unwrap()
            .provenance
            .as_deref()
            .unwrap()
            .contains("account 123456789012")
    );
}

/// A long-term key that a member made is a child, with all that comes of it; labels go on.
#[test]
fn a_key_that_the_family_made_is_of_the_family() {
    let (mut records, keys) = story();
    let made = key("AKIAMADE");
    let mut creation = mint("30", "2026-03-24T09:40:00Z", &keys[0], "u", "CreateAccessKey", &made);
    creation["eventSource"] = json!("iam.amazonaws.com");
    creation["responseElements"] =
        json!({"accessKey": {"accessKeyId": &made, "userName": "backdoor", "status": "Active"}});
    records.push(creation);
    let mut own = mint(
        "31",
        "2026-03-25T09:41:00Z",
        &made,
        "backdoor",
        "GetSessionToken",
        &key("ASIALATE"),
    );
    own["userIdentity"]["principalId"] = json!("AIDABACKDOOR");
    records.push(own);
    let lineage = trace(&evidence(&records), &keys[0]);
    assert_eq!(
        &labels(&lineage)[3..],
        [
            ("D", made.as_str()),
            ("E1", keys[3].as_str()),
            ("E2", keys[4].as_str()),
            ("F1", key("ASIALATE").as_str())
        ]
    );
    let member = lineage.member(&made).unwrap();
    assert_eq!((member.kind, member.expires), (Kind::LongTerm, None));
    assert_eq!(
        member.holder,
        Some(crate::account::Holder::User {
            name: "backdoor".into(),
            id: "AIDABACKDOOR".into()
        })
    );
    assert!(
        lineage
            .made
            .iter()
            .any(|one| one.call == "CreateAccessKey" && one.what.contains(made.as_str()))
    );
}

/// Signing in with a token may give a new key, whose calls bear either moment.
#[test]
fn a_console_session_made_of_a_token_is_a_child() {
    for created in ["2026-03-24T09:06:00Z", "2026-03-24T09:15:00Z"] {
        let (mut records, keys) = story();
        let console = key("ASIACONSOLE");
        let mut sign_in = mint("40", "2026-03-24T09:15:00Z", &keys[2], "u", "GetSigninToken", &console);
        sign_in["eventSource"] = json!("signin.amazonaws.com");
        sign_in["userIdentity"] = use_by_role("x", &keys[2], "2026-03-24T09:06:00Z")["userIdentity"].clone();
        records.push(sign_in);
        records.push(use_by_role("41", &console, created));
        for asked in [&keys[0], &console] {
            let lineage = trace(&evidence(&records), asked);
            assert_eq!(lineage.root().unwrap().key, keys[0], "{created}");
            let member = lineage.member(&console).unwrap();
            assert_eq!((member.kind, member.uses.len()), (Kind::Console, 1), "{created}");
        }
    }
}

#[test]
fn a_mint_without_an_expiration_ends_when_its_call_ends_by_default() {
    let ends = |call: &str, kind: &str, seconds: Value| {
        let mut record = mint("1", "2026-03-24T09:00:00Z", &key("AKIAQ"), "u", call, &key("ASIAB"));
        record["userIdentity"]["type"] = json!(kind);
        record["requestParameters"] = if seconds.is_null() {
            Value::Null
        } else {
            json!({"durationSeconds": seconds})
        };
        record["responseElements"]["credentials"] = json!({"accessKeyId": key("ASIAB")});
        let lineage = trace(&evidence(&[record]), &key("AKIAQ"));
        let ends = lineage.credentials[1].expires.unwrap();
        ends.seconds() - "2026-03-24T09:00:00Z".parse::<crate::time::Moment>().unwrap().seconds()
    };
    assert_eq!(ends("GetSessionToken", "IAMUser", Value::Null), 43_200);
    assert_eq!(ends("GetSessionToken", "Root", Value::Null), 3_600);
    assert_eq!(ends("GetFederationToken", "IAMUser", json!(900)), 900);
    assert_eq!(ends("AssumeRole", "IAMUser", Value::Null), 3_600);
    assert_eq!(ends("AssumeRole", "IAMUser", json!("7200")), 7_200);
}

proptest::proptest! {
    /// The order of files and of records, and copies, make no difference to the lineage.
    #[test]
    fn shuffled_evidence_gives_the_same_lineage(seed in proptest::prelude::any::<u64>(), asked in 0usize..8, copies in 0usize..6) {
        let mut records = raw_fixture();
        let of = |records: &[Value]| {
            let mut found = evidence(records);
            found.duplicates = 0;
            let keys: Vec<AccessKeyId> = records.iter().filter_map(|one| one["userIdentity"]["accessKeyId"].as_str()?.parse().ok()).collect();
            (found, keys.into_iter().collect::<std::collections::BTreeSet<_>>())
        };
        let (expected, keys) = of(&records);
        let asked = keys.iter().nth(asked % keys.len()).unwrap();
        for n in 0..copies {
            let copy = records[n * 3 % records.len()].clone();
            records.push(copy);
        }
        let mut state = seed | 1;
        for place in (1..records.len()).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            records.swap(place, (state >> 33) as usize % (place + 1));
        }
        let (shuffled, _) = of(&records);
        proptest::prop_assert_eq!(bystanders(&shuffled, &trace(&shuffled, asked)), bystanders(&expected, &trace(&expected, asked)));
        proptest::prop_assert_eq!(trace(&shuffled, asked), trace(&expected, asked));
    }

    /// Mints and uses of few keys in any entanglement end, and every member but the origin has a parent that is told before it.
    #[test]
    fn any_entanglement_ends(calls in proptest::collection::vec((0usize..5, 0usize..5, 0u32..40, proptest::prelude::any::<bool>()), 0..25), asked in 0usize..5) {
        let keys = [key("AKIAQ"), key("ASIAB"), key("ASIAC"), key("ASIAD"), key("ASIAE")];
        let records: Vec<Value> = calls.iter().enumerate().map(|(n, (by, gives, minute, as_role))| {
            let at = format!("2026-03-24T09:{minute:02}:00Z");
            let mut record = mint(&n.to_string(), &at, &keys[*by], "u", if n % 3 == 0 { "GetSessionToken" } else { "AssumeRole" }, &keys[*gives]);
            if *as_role {
                record["userIdentity"] = use_by_role("x", &keys[*by], &at)["userIdentity"].clone();
            }
            record
        }).collect();
        let lineage = trace(&evidence(&records), &keys[asked]);
        for (place, member) in lineage.credentials.iter().enumerate().skip(1) {
            let by = &member.minted.as_ref().unwrap().by;
            proptest::prop_assert!(lineage.credentials[..place].iter().any(|parent| parent.key == *by));
        }
        let labels: std::collections::BTreeSet<&str> = labels(&lineage).into_iter().map(|(label, _)| label).collect();
        proptest::prop_assert_eq!(labels.len(), lineage.credentials.len());
    }
}

/// The records of the fixture that stand in plain files, and the story's.
fn raw_fixture() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/trail");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let mut records: Vec<Value> = read("eu-west-1.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let file: Value = serde_json::from_str(&read(
        "123456789012_CloudTrail_us-east-1_20260324T0915Z_synthetic0000002.json",
    ))
    .unwrap();
    records.extend(file["Records"].as_array().unwrap().iter().cloned());
    let looked_up: Value = serde_json::from_str(&read("lookup-events.json")).unwrap();
    records.extend(
        looked_up["Events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| serde_json::from_str(one["CloudTrailEvent"].as_str().unwrap()).unwrap()),
    );
    records.extend(story().0);
    records
}

/// Two stolen keys, and a third that the first one made: two origins, whatever the order in which they are asked for.
#[test]
fn several_keys_are_one_incident() {
    let keys = [key("AKIAQ"), key("ASIAQ"), key("AKIAR"), key("ASIAR"), key("AKIAS")];
    let mut made = mint("e9", "2026-03-24T09:09:00Z", &keys[0], "u", "CreateAccessKey", &keys[4]);
    made["eventSource"] = json!("iam.amazonaws.com");
    made["requestParameters"] = json!({"userName": "w"});
    made["responseElements"] = json!({"accessKey": {"accessKeyId": keys[4], "userName": "w", "status": "Active"}});
    let records = [
        mint("e1", "2026-03-24T09:04:00Z", &keys[0], "u", "GetSessionToken", &keys[1]),
        mint("e2", "2026-03-24T09:05:00Z", &keys[2], "v", "GetSessionToken", &keys[3]),
        made,
    ];
    let found = evidence(&records);
    for asked in [[0, 2, 4], [4, 3, 1], [2, 4, 1]] {
        let asked = asked.map(|place| keys[place].clone());
        let lineage = super::trace(&found, &asked);
        assert_eq!(lineage.asked, asked);
        let members: BTreeSet<&AccessKeyId> = lineage.credentials.iter().map(|member| &member.key).collect();
        assert_eq!((members.len(), lineage.credentials.len()), (5, 5), "{asked:?}");
        let roots: BTreeSet<&AccessKeyId> = lineage.roots().map(|root| &root.key).collect();
        assert_eq!(roots, [&keys[0], &keys[2]].into(), "{asked:?}");
        assert_eq!(lineage.users(), ["u", "v"].into());
        let labels: BTreeSet<&str> = lineage.roots().map(|root| root.label.as_str()).collect();
        assert_eq!(labels, ["A", "A2"].into());
        assert_eq!(lineage.root_of(&keys[4]).unwrap().key, keys[0]);
        assert_eq!(lineage.root_of(&keys[3]).unwrap().key, keys[2]);
    }
    // One that comes from the other is not two.
    let one = super::trace(&found, &[keys[1].clone(), keys[0].clone()]);
    assert_eq!((one.roots().count(), one.credentials.len()), (1, 3));
    assert_eq!(super::trace(&found, &[]).credentials, []);
}

/// What was looked up by key says nothing of the hours around it, nor of what else a Region recorded.
#[test]
fn of_what_was_looked_up_no_hours_are_told() {
    let full = evidence;
    let (records, keys) = story();
    let mut evidence = Evidence::default();
    records.iter().for_each(|record| evidence.add_sought(record).unwrap());
    evidence.looked_up("us-east-1", keys[..1].iter().cloned());
    let mut more = Evidence::default();
    more.looked_up("us-east-1", keys.clone());
    more.looked_up("eu-west-1", keys[..1].iter().cloned());
    evidence.merge(more);
    let coverage = trace(&evidence, &keys[0]).coverage;
    assert_eq!((coverage.events, coverage.recorders.len()), (5, 0));
    assert!(coverage.first.is_some() && coverage.regions.contains("us-east-1"));
    let asked: Vec<(&str, usize)> = coverage
        .looked_up
        .iter()
        .map(|one| (one.region.as_str(), one.keys.len()))
        .collect();
    assert_eq!(asked, [("eu-west-1", 1), ("us-east-1", 5)]);
    assert!(!coverage.gaps.iter().any(|gap| gap.contains("nothing of us-east-1")));
    // Beside files, the hours are the files' own.
    let mut file = full(&records[..1]);
    file.merge(evidence);
    assert_eq!(trace(&file, &keys[0]).coverage.recorders[0].hours, 1);
}

/// What its own calls say of MFA is so; what the mint asks for tells it where they say nothing; a session may bring along what it had.
#[test]
fn whether_a_session_had_mfa_its_own_calls_say_first() {
    let keys = [key("AKIAQ"), key("ASIAB"), key("ASIAC")];
    let [a, b, c] = &keys;
    let by_key = mint("1", "2026-03-24T09:06:00Z", a, "u", "AssumeRole", c);
    let mut by_session = mint("1", "2026-03-24T09:06:00Z", b, "u", "AssumeRole", c);
    let mut with_mfa = by_key.clone();
    with_mfa["requestParameters"]["serialNumber"] = json!("arn:aws:iam::123456789012:mfa/u");
    by_session["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] = json!("true");
    let called = |says: Value| {
        let mut record = use_by_role("2", c, "2026-03-24T09:06:00Z");
        record["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] = says;
        record
    };
    for (mint, says, expected) in [
        (&by_key, None, Some(false)),
        (&with_mfa, None, Some(true)),
        (&by_session, None, None),
        (&by_session, Some(json!("true")), Some(true)),
        (&by_session, Some(json!("false")), Some(false)),
        (&by_session, Some(Value::Null), None),
        (&by_key, Some(json!("true")), Some(true)),
    ] {
        let mut records = vec![mint.clone()];
        records.extend(says.clone().map(called));
        let lineage = trace(&evidence(&records), c);
        let member = lineage.member(c).unwrap();
        assert_eq!(member.has_mfa(), expected, "{says:?}");
        assert_eq!(member.session().unwrap().mfa, expected, "{says:?}");
    }
}
