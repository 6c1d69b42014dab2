//! What sessions did in records that leave the caller's key out, or under a key that never called.

use super::console::{BROWSER, by_role, by_user, read_at_once, signed};
use super::*;

/// A key that was given and never called leads to the other keys of its session, and what its session did under no key at all is the family's too:
/// a password that it set, a sign-in that it began, a role that it took.
#[test]
fn a_session_whose_own_key_never_called_is_followed() {
    let [a, b, console, browser, login, role] =
        ["AKIAQ", "ASIAB", "ASIACONSOLE", "ASIABROWSER", "ASIALOGIN", "ASIAROLE"].map(key);
    let issued = "2026-03-24T09:06:00Z";
    let mut assume = mint("k1", issued, &a, "u", "AssumeRole", &b);
    assume["userAgent"] = json!("aws-cli/2.31");
    assume["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    let keyless = |id: &str, at: &str, service: &str, call: &str| {
        let mut record = by_role(id, at, call, "X", &b, issued, "aws-cli/2.31");
        record["eventSource"] = json!(format!("{service}.amazonaws.com"));
        record["userIdentity"]["accessKeyId"] = Value::Null;
        record
    };
    let silent = by_role(
        "k2",
        "2026-03-24T09:10:00Z",
        "ListRoles",
        "X",
        &console,
        issued,
        BROWSER,
    );
    let mut set = keyless("k3", "2026-03-24T09:20:00Z", "iam", "CreateLoginProfile");
    set["requestParameters"] = json!({"userName": "backdoor"});
    let moment = "2026-03-24T10:00:00Z";
    let mut entered = by_user("k4", moment, "signin", "ConsoleLogin", "backdoor", None, None);
    entered["responseElements"] = json!({"ConsoleLogin": "Success"});
    let by_backdoor = by_user(
        "k5",
        "2026-03-24T10:01:00Z",
        "s3",
        "ListBuckets",
        "backdoor",
        Some(&browser),
        Some(moment),
    );
    let began = signed(
        keyless("k6", "2026-03-24T09:30:00Z", "signin", "CreateOAuth2Token"),
        "k",
    );
    let logged = "2026-03-24T09:31:00Z";
    let by_login = signed(
        by_role("k7", logged, "ListRoles", "X", &login, logged, "aws-cli/2.31"),
        "k",
    );
    let mut took = keyless("k8", "2026-03-24T09:40:00Z", "sts", "AssumeRole");
    took["responseElements"] = json!({"credentials": {"accessKeyId": role},
        "assumedRoleUser": {"assumedRoleId": "AROAY:s", "arn": "arn:aws:sts::123456789012:assumed-role/Y/s"}});
    for (records, told, by) in [
        (vec![&assume, &silent], &console, &a),
        (vec![&assume, &set, &entered, &by_backdoor], &browser, &b),
        (vec![&assume, &began, &by_login], &login, &b),
        (vec![&assume, &took], &role, &b),
    ] {
        let records: Vec<Value> = records.into_iter().cloned().collect();
        for asked in [&a, &b, told] {
            let expected = trace(&evidence(&records), asked);
            // From whom a password let in nobody goes back to who set it.
            let is_alone = asked == &browser;
            let minted = expected
                .member(told)
                .unwrap_or_else(|| panic!("{told}, asked for {asked}"))
                .minted
                .clone();
            assert_eq!(
                minted.map(|mint| mint.by),
                (!is_alone).then(|| by.clone()),
                "{told}, asked for {asked}"
            );
            let (found, is_all) = read_at_once(&records, asked);
            assert_eq!(found.credentials, expected.credentials, "{told}, asked for {asked}");
            assert!(is_all, "{told}, asked for {asked}");
        }
    }
    // Another key of the session that called is who asked, as well.
    let records = [assume, silent, set, entered, by_backdoor];
    let minted = trace(&evidence(&records), &a).member(&browser).unwrap().minted.clone();
    assert_eq!(minted.map(|mint| mint.by), Some(console));
}

/// A call into another account stands in two records. Which of them tells who asked doesn't hang on their order, although neither has the caller's key.
#[test]
fn a_mint_into_another_account_is_joined_by_its_session_whichever_record_is_the_last() {
    let [a, b, child] = ["AKIAQ", "ASIAB", "ASIACHILD"].map(key);
    let issued = "2026-03-24T09:06:00Z";
    let mut assume = mint("m1", issued, &a, "u", "AssumeRole", &b);
    assume["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    let mut here = by_role(
        "m2",
        "2026-03-24T09:20:00Z",
        "AssumeRole",
        "X",
        &b,
        issued,
        "aws-cli/2.31",
    );
    here["eventSource"] = json!("sts.amazonaws.com");
    here["userIdentity"]["accessKeyId"] = Value::Null;
    here["sharedEventID"] = json!("both");
    here["responseElements"] = json!({"credentials": {"accessKeyId": child},
        "assumedRoleUser": {"assumedRoleId": "AROAF:s", "arn": "arn:aws:sts::999999999999:assumed-role/F/s"}});
    let mut there = here.clone();
    there["recipientAccountId"] = json!("999999999999");
    there["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AROAX:s", "accountId": "123456789012"});
    for id in ["m1z", "m3"] {
        there["eventID"] = json!(id);
        for asked in [&a, &child] {
            let lineage = trace(&evidence(&[assume.clone(), here.clone(), there.clone()]), asked);
            let by = lineage.member(&child).unwrap().minted.clone().map(|mint| mint.by);
            assert_eq!((lineage.credentials.len(), by), (3, Some(b.clone())), "{id}, {asked}");
        }
    }
}

/// What a call without a key gave is no candidate for who made the call, whatever its letters, and whether it called.
#[test]
fn a_key_that_a_call_gave_did_not_make_the_call() {
    let (a, parent) = (key("AKIAQ"), key("ASIAPARENT"));
    let issued = "2026-03-24T09:06:00Z";
    let mut assume = mint("g1", issued, &a, "u", "AssumeRole", &parent);
    assume["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    for given in [key("ASIAAAA"), key("ASIAZZZ")] {
        let mut token = by_role(
            "g2",
            "2026-03-24T09:20:00Z",
            "GetSigninToken",
            "X",
            &parent,
            issued,
            BROWSER,
        );
        token["eventSource"] = json!("signin.amazonaws.com");
        token["userIdentity"]["accessKeyId"] = Value::Null;
        token["responseElements"] = json!({"credentials": {"accessKeyId": given}, "GetSigninToken": "Success"});
        let called = by_role("g3", "2026-03-24T09:30:00Z", "ListRoles", "X", &given, issued, BROWSER);
        for records in [vec![assume.clone(), token.clone()], vec![assume.clone(), token, called]] {
            let lineage = trace(&evidence(&records), &a);
            let minted = lineage.member(&given).unwrap().minted.clone();
            assert_eq!(minted.map(|mint| mint.by), Some(parent.clone()), "{given}");
        }
    }
}

/// Whom a call without a key let in is asked for by name, as whom one with a key did.
#[test]
fn whom_a_session_let_in_without_naming_its_key_is_asked_for() {
    let [a, b] = ["AKIAQ", "ASIAB"].map(key);
    let issued = "2026-03-24T09:06:00Z";
    let mut assume = mint("l1", issued, &a, "u", "AssumeRole", &b);
    assume["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    let mut set = by_role(
        "l2",
        "2026-03-24T09:20:00Z",
        "CreateLoginProfile",
        "X",
        &b,
        issued,
        "aws-cli/2.31",
    );
    set["userIdentity"]["accessKeyId"] = Value::Null;
    set["requestParameters"] = json!({"userName": "backdoor"});
    let set = signed(set, "l");
    let evidence = evidence(&[assume, set]);
    let lineage = trace(&evidence, &a);
    assert!(let_in(&evidence, &lineage).contains_key("backdoor"));
    assert_eq!(sign_ins(&evidence, &lineage).len(), 1);
}

/// The root user has no unique ID; a password that it set under no key leads on all the same.
#[test]
fn what_root_did_under_no_key_is_followed() {
    let [root, browser] = ["ASIAROOT", "ASIABROWSER"].map(key);
    let issued = "2026-03-24T09:06:00Z";
    let by_root = |id: &str, at: &str, call: &str| {
        let mut record = by_user(id, at, "iam", call, "u", Some(&root), None);
        record["userIdentity"] = json!({"type": "Root", "principalId": "123456789012", "accountId": "123456789012",
            "arn": "arn:aws:iam::123456789012:root", "accessKeyId": root,
            "sessionContext": {"attributes": {"creationDate": issued, "mfaAuthenticated": "false"}}});
        record
    };
    let listed = by_root("r1", "2026-03-24T09:10:00Z", "ListUsers");
    let mut set = by_root("r2", "2026-03-24T09:20:00Z", "UpdateLoginProfile");
    set["userIdentity"]["accessKeyId"] = Value::Null;
    set["requestParameters"] = json!({"userName": "backdoor"});
    let moment = "2026-03-24T10:00:00Z";
    let mut entered = by_user("r3", moment, "signin", "ConsoleLogin", "backdoor", None, None);
    entered["responseElements"] = json!({"ConsoleLogin": "Success"});
    let later = "2026-03-24T10:01:00Z";
    let by_backdoor = by_user(
        "r4",
        later,
        "s3",
        "ListBuckets",
        "backdoor",
        Some(&browser),
        Some(moment),
    );
    let records = [listed, set, entered, by_backdoor];
    assert!(trace(&evidence(&records), &root).member(&browser).is_some());
    let (found, is_all) = read_at_once(&records, &root);
    assert!(found.member(&browser).is_some() && is_all);
}

/// A call with a long-term key whose record leaves that out names its user alone: each of his keys may have called, and none of another's.
#[test]
fn what_a_user_minted_with_a_long_term_key_that_no_record_names_is_followed() {
    let [a, second, others, role, made, deep] =
        ["AKIAQ", "AKIAR", "AKIAS", "ASIAROLE", "AKIAMADE", "ASIADEEP"].map(key);
    let call = |id: &str, minute: u32, user: &str, by: Option<&AccessKeyId>| {
        let at = format!("2026-03-24T09:{minute:02}:00Z");
        let mut record = by_user(id, &at, "iam", "ListUsers", user, by, None);
        record["userIdentity"]["sessionContext"] = Value::Null;
        record
    };
    let assumed = |mut record: Value, gives: &AccessKeyId| {
        record["eventSource"] = json!("sts.amazonaws.com");
        record["eventName"] = json!("AssumeRole");
        record["responseElements"] = json!({"credentials": {"accessKeyId": gives},
            "assumedRoleUser": {"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"}});
        record
    };
    let mut create = call("n4", 20, "u", None);
    create["eventName"] = json!("CreateAccessKey");
    create["requestParameters"] = json!({"userName": "backdoor"});
    create["responseElements"] =
        json!({"accessKey": {"accessKeyId": made, "userName": "backdoor", "status": "Active"}});
    let own = call("n1", 0, "u", Some(&a));
    let stranger = call("n2", 1, "v", Some(&others));
    let assume = assumed(call("n3", 10, "u", None), &role);
    // The key that was made never calls with its name; what its user does without one is its doing.
    let deeper = assumed(call("n5", 30, "backdoor", None), &deep);
    let before = assumed(call("n6", 15, "backdoor", None), &key("ASIABEFORE"));
    let records = vec![own, stranger, assume, create, deeper, before];
    for asked in [&a, &role, &deep] {
        let expected = trace(&evidence(&records), asked);
        let members: BTreeSet<&AccessKeyId> = expected.credentials.iter().map(|one| &one.key).collect();
        let all: BTreeSet<&AccessKeyId> = match asked == &deep {
            // A long-term key is its own origin.
            true => [&made, &deep].into(),
            false => [&a, &role, &made, &deep].into(),
        };
        assert_eq!(members, all, "asked for {asked}");
        let minted = |key: &AccessKeyId| expected.member(key).and_then(|member| member.minted.clone());
        let by = |key: &AccessKeyId| minted(key).map(|mint| (mint.by, mint.or_by.len(), mint.joined.is_some()));
        if asked != &deep {
            assert_eq!(by(&role), Some((a.clone(), 0, true)));
        }
        assert_eq!(by(&deep), Some((made.clone(), 0, true)));
        let (found, is_all) = read_at_once(&records, asked);
        assert_eq!(found.credentials, expected.credentials, "asked for {asked}");
        assert!(is_all, "asked for {asked}");
    }
    // Where he has another key, it may have been that.
    let records = [&records[..], &[call("n7", 40, "u", Some(&second))]].concat();
    let lineage = trace(&evidence(&records), &a);
    let mint = lineage.member(&role).unwrap().minted.clone().unwrap();
    assert_eq!((mint.by, mint.or_by), (a, [second].into()));
}

/// Signing in has neither key nor session yet: no long-term key does that.
#[test]
fn a_sign_in_is_no_call_of_a_long_term_key() {
    let (a, console) = (key("AKIAQ"), key("ASIACONSOLE"));
    let mut own = by_user("s1", "2026-03-24T09:00:00Z", "iam", "ListUsers", "u", Some(&a), None);
    let mut began = by_user(
        "s2",
        "2026-03-24T09:10:00Z",
        "signin",
        "GetSigninToken",
        "u",
        None,
        None,
    );
    for record in [&mut own, &mut began] {
        record["userIdentity"]["sessionContext"] = Value::Null;
    }
    began["responseElements"] = json!({"credentials": {"accessKeyId": console}});
    assert_eq!(trace(&evidence(&[own, began]), &a).credentials.len(), 1);
}

/// What a member made in a call whose record leaves the key out is left by it, and so is what a service made for it; what another session made isn't.
#[test]
fn what_was_made_under_no_key_is_left_by_whoever_may_have_made_it() {
    let [a, b] = ["AKIAQ", "ASIAB"].map(key);
    let issued = "2026-03-24T09:06:00Z";
    let mut assume = mint("l1", issued, &a, "u", "AssumeRole", &b);
    assume["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    let makes = |id: &str, created: &str, by: Option<&str>| {
        let mut record = by_role(
            id,
            "2026-03-24T09:20:00Z",
            "CreateUser",
            "X",
            &b,
            created,
            "aws-cli/2.31",
        );
        record["eventSource"] = json!("iam.amazonaws.com");
        record["requestParameters"] = json!({"userName": id});
        record["readOnly"] = json!(false);
        record["userIdentity"]["accessKeyId"] = Value::Null;
        record["userIdentity"]["invokedBy"] = json!(by);
        record
    };
    let own = by_user("mine", "2026-03-24T09:30:00Z", "iam", "CreateGroup", "u", None, None);
    let mut own = own;
    own["requestParameters"] = json!({"groupName": "mine"});
    own["userIdentity"]["principalId"] = assume["userIdentity"]["principalId"].clone();
    own["userIdentity"]["sessionContext"] = Value::Null;
    let records = [
        assume,
        makes("session", issued, None),
        makes("service", issued, Some("cloudformation.amazonaws.com")),
        makes("other", "2026-03-24T08:00:00Z", None),
        own,
    ];
    let lineage = trace(&evidence(&records), &a);
    let made: Vec<(&str, &AccessKeyId)> = lineage.made.iter().map(|made| (made.what.as_str(), &made.by)).collect();
    assert_eq!(made, [("service", &b), ("session", &b), ("mine", &a)]);
    assert_eq!(read_at_once(&records, &a).0.made, lineage.made);
}
