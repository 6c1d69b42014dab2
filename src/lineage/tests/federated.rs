//! Sessions of the console that nobody's key asked for: whoever signs in through SAML has one.

use super::console::{BROWSER, by_role, by_user, read_at_once, signed};
use super::*;

const ISSUED: &str = "2026-03-24T09:06:00Z";

/// The record of a sign-in through SAML. It names a key that the console doesn't sign with.
fn saml(id: &str, gives: &AccessKeyId) -> Value {
    let mut record = by_user(id, ISSUED, "sts", "AssumeRoleWithSAML", "u", None, None);
    record["userIdentity"] = json!({"type": "SAMLUser", "principalId": "provider:somebody", "userName": "somebody",
        "identityProvider": "provider"});
    record["userAgent"] = json!("AWS Signin, aws-internal/3 aws-sdk-java/1.12");
    record["responseElements"] = json!({"credentials": {"accessKeyId": gives, "expiration": "Mar 24, 2026, 10:06:00 AM"},
        "assumedRoleUser": {"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"}});
    record
}

/// The keys of the console are tied to the one that was given, although that never called: whichever is asked for, the family is one.
#[test]
fn a_console_session_is_of_the_key_that_its_sign_in_gave() {
    let [given, first, second, role] = ["ASIAGIVEN", "ASIAFIRST", "ASIASECOND", "ASIAROLE"].map(key);
    let mut login = by_role("f2", ISSUED, "ConsoleLogin", "X", &given, ISSUED, BROWSER);
    login["eventSource"] = json!("signin.amazonaws.com");
    login["userIdentity"]["accessKeyId"] = Value::Null;
    login["userIdentity"]["sessionContext"] = Value::Null;
    login["responseElements"] = json!({"ConsoleLogin": "Success"});
    let call = |id: &str, at: &str, by: &AccessKeyId| by_role(id, at, "ListRoles", "X", by, ISSUED, BROWSER);
    let mut took = call("f5", "2026-03-24T09:30:00Z", &second);
    took["eventSource"] = json!("sts.amazonaws.com");
    took["eventName"] = json!("AssumeRole");
    took["responseElements"] = json!({"credentials": {"accessKeyId": role},
        "assumedRoleUser": {"assumedRoleId": "AROAY:s", "arn": "arn:aws:sts::123456789012:assumed-role/Y/s"}});
    let records = [
        saml("f1", &given),
        login,
        call("f3", "2026-03-24T09:10:00Z", &first),
        call("f4", "2026-03-24T09:11:00Z", &second),
        took,
    ];
    for asked in [&given, &first, &second, &role] {
        let lineage = trace(&evidence(&records), asked);
        let by = |key: &AccessKeyId| {
            lineage
                .member(key)
                .and_then(|one| one.minted.clone())
                .map(|mint| mint.by)
        };
        assert_eq!(lineage.root().unwrap().key, given, "{asked}");
        let told = [by(&first), by(&second), by(&role)];
        assert_eq!(
            told,
            [Some(given.clone()), Some(given.clone()), Some(second.clone())],
            "{asked}"
        );
        let mint = lineage.member(&first).unwrap().minted.clone().unwrap();
        assert_eq!(
            (mint.beside.as_ref(), mint.call.as_str()),
            (Some(&given), "the same session")
        );
        let (found, is_all) = read_at_once(&records, asked);
        assert_eq!(found.credentials, lineage.credentials, "{asked}");
        assert!(is_all, "{asked}");
    }
    // Of two sign-ins of one name in one second, either may be its own.
    let other = key("ASIAOTHER");
    let two = [&records[..], &[saml("f6", &other)]].concat();
    for (asked, rival) in [(&given, &other), (&other, &given)] {
        let lineage = trace(&evidence(&two), asked);
        let mint = lineage.member(&first).unwrap().minted.clone().unwrap();
        assert_eq!((&mint.by, mint.or_by), (asked, [rival.clone()].into()));
        assert_eq!(read_at_once(&two, asked).0.credentials, lineage.credentials, "{asked}");
    }
}

/// The sign-in that a call bears whose record leaves the key out is its session's, also where no mint gave that: other sessions of the sign-in are of it.
#[test]
fn a_sign_in_is_a_session_s_whichever_record_tells_of_it() {
    let [one, two] = ["ASIAONE", "ASIATWO"].map(key);
    let later = "2026-03-24T09:30:00Z";
    let mut bearing = signed(
        by_role(
            "s2",
            "2026-03-24T09:11:00Z",
            "ListRoles",
            "X",
            &one,
            ISSUED,
            "aws-cli/2.31",
        ),
        "s",
    );
    bearing["userIdentity"]["accessKeyId"] = Value::Null;
    let records = [
        by_role(
            "s1",
            "2026-03-24T09:10:00Z",
            "ListRoles",
            "X",
            &one,
            ISSUED,
            "aws-cli/2.31",
        ),
        bearing,
        signed(
            by_role(
                "s3",
                "2026-03-24T09:31:00Z",
                "ListRoles",
                "Y",
                &two,
                later,
                "aws-cli/2.31",
            ),
            "s",
        ),
    ];
    for asked in [&one, &two] {
        let lineage = trace(&evidence(&records), asked);
        let by = lineage.member(&two).unwrap().minted.clone().map(|mint| mint.by);
        assert_eq!(by, Some(one.clone()), "{asked}");
        let (found, is_all) = read_at_once(&records, asked);
        assert_eq!(found.credentials, lineage.credentials, "{asked}");
        assert!(is_all, "{asked}");
    }
}

/// However far a moment of issue, a sign-in and the call that made the session one of the console lie apart, the first pass follows what is joined.
#[test]
fn the_first_pass_follows_a_console_session_from_as_early_as_it_is_joined() {
    let [b, given, console] = ["ASIAB", "ASIAGIVEN", "ASIACONSOLE"].map(key);
    let created = "2026-03-24T09:30:00Z";
    let mut login = by_role(
        "e2",
        "2026-03-24T09:30:02Z",
        "ConsoleLogin",
        "X",
        &console,
        created,
        BROWSER,
    );
    login["eventSource"] = json!("signin.amazonaws.com");
    login["userIdentity"]["accessKeyId"] = Value::Null;
    login["responseElements"] = json!({"ConsoleLogin": "Success"});
    for (at, is_joined) in [
        ("2026-03-24T09:30:07Z", true),
        ("2026-03-24T09:30:08Z", false),
        ("2026-03-24T09:14:57Z", true),
        ("2026-03-24T09:14:56Z", false),
    ] {
        let mut token = by_role("e1", at, "GetSigninToken", "X", &b, ISSUED, BROWSER);
        token["eventSource"] = json!("signin.amazonaws.com");
        token["responseElements"] = json!({"credentials": {"accessKeyId": given}});
        let records = [
            token,
            login.clone(),
            by_role(
                "e3",
                "2026-03-24T09:40:00Z",
                "ListRoles",
                "X",
                &console,
                created,
                BROWSER,
            ),
        ];
        let lineage = trace(&evidence(&records), &console);
        assert_eq!(lineage.member(&b).is_some(), is_joined, "{at}");
        let (found, is_all) = read_at_once(&records, &console);
        assert_eq!(found.credentials, lineage.credentials, "{at}");
        assert!(is_all, "{at}");
    }
}
