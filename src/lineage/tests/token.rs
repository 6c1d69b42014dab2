//! Who asks for the console and is given no other key for it, and who signs in with a password that he changed.

use super::console::{BROWSER, by_role, by_user, read_at_once};
use super::*;

const GIVEN: &str = "2026-03-24T09:06:00Z";

/// A console session of X at `at`, signed in by a link that the session of `by` asked for, or by the sign-in's own record where `asked` is none.
fn signs_in(by: &AccessKeyId, asked: Option<(&str, Value)>, signed: Option<&AccessKeyId>) -> Vec<Value> {
    let at = "2026-03-24T09:20:00Z";
    let mut login = by_role("t2", at, "ConsoleLogin", "X", by, GIVEN, "x");
    login["eventSource"] = json!("signin.amazonaws.com");
    login["userIdentity"]["accessKeyId"] = json!(signed);
    login["responseElements"] = json!({"ConsoleLogin": "Success"});
    let token = asked.map(|(at, answer)| {
        let mut token = by_role("t1", at, "GetSigninToken", "X", by, GIVEN, "x");
        token["eventSource"] = json!("signin.amazonaws.com");
        token["responseElements"] = answer;
        token
    });
    let console = key("ASIACONSOLE");
    let used = by_role("t3", "2026-03-24T09:21:00Z", "ListUsers", "X", &console, at, BROWSER);
    let mut made = by_role(
        "t4",
        "2026-03-24T09:22:00Z",
        "CreateAccessKey",
        "X",
        &console,
        at,
        BROWSER,
    );
    made["requestParameters"] = json!({"userName": "bob"});
    made["responseElements"] =
        json!({"accessKey": {"accessKeyId": key("AKIAMADE"), "userName": "bob", "status": "Active"}});
    let mut first = mint("t0", GIVEN, &key("AKIAQ"), "u", "AssumeRole", by);
    first["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    [first].into_iter().chain(token).chain([login, used, made]).collect()
}

#[test]
fn a_sign_in_without_a_key_of_its_own_is_of_who_asked_for_it() {
    let [a, asker, console, made] = [key("AKIAQ"), key("ASIAASKS"), key("ASIACONSOLE"), key("AKIAMADE")];
    let own = || json!({"credentials": {"accessKeyId": asker}, "GetSigninToken": "Success"});
    let none = || json!({"GetSigninToken": "Success"});
    let shortly = "2026-03-24T09:19:00Z";
    let all = [
        signs_in(&asker, Some((shortly, own())), Some(&asker)),
        signs_in(&asker, Some((shortly, none())), Some(&asker)),
        signs_in(&asker, Some((shortly, own())), None),
        signs_in(&asker, Some((shortly, none())), None),
        signs_in(&asker, None, Some(&asker)),
    ];
    for (n, records) in all.iter().enumerate() {
        for asked in [&a, &asker, &console] {
            let lineage = trace(&evidence(records), asked);
            let member = lineage.member(&console).unwrap_or_else(|| panic!("{n} {asked}"));
            assert_eq!(member.kind, Kind::Console);
            assert_eq!(member.minted.as_ref().map(|mint| &mint.by), Some(&asker), "{n}");
            assert!(lineage.member(&made).is_some() && lineage.unresolved.is_empty(), "{n}");
            assert_eq!(lineage.root().unwrap().key, a, "{n} {asked}");
            let (read, followed) = read_at_once(records, asked);
            assert_eq!(read.credentials, lineage.credentials, "{n} {asked}");
            assert!(followed, "{n} {asked}");
        }
    }
}

#[test]
fn a_sign_in_long_behind_the_question_or_by_another_is_nobodys() {
    let [a, asker, console] = [key("AKIAQ"), key("ASIAASKS"), key("ASIACONSOLE")];
    let none = || json!({"GetSigninToken": "Success"});
    let is_member = |records: &[Value]| trace(&evidence(records), &a).member(&console).is_some();
    assert!(is_member(&signs_in(
        &asker,
        Some(("2026-03-24T09:05:00Z", none())),
        None
    )));
    assert!(!is_member(&signs_in(
        &asker,
        Some(("2026-03-24T09:04:00Z", none())),
        None
    )));
    assert!(!is_member(&signs_in(
        &asker,
        Some(("2026-03-24T09:20:06Z", none())),
        None
    )));
    let mut other = signs_in(&asker, Some(("2026-03-24T09:19:00Z", none())), None);
    other[1]["userIdentity"]["principalId"] = json!("AROAX:somebody");
    assert!(!is_member(&other));
    // Of two that asked, either may have signed in.
    let rival = key("ASIARIVAL");
    let mut two = signs_in(&asker, Some(("2026-03-24T09:18:00Z", none())), None);
    let mut again = two[1].clone();
    again["eventID"] = json!("t9");
    again["eventTime"] = json!("2026-03-24T09:19:00Z");
    again["userIdentity"]["accessKeyId"] = json!(rival);
    two.push(again);
    let mint = trace(&evidence(&two), &a)
        .member(&console)
        .unwrap()
        .minted
        .clone()
        .unwrap();
    assert_eq!((&mint.by, mint.or_by), (&asker, [rival].into()));
}

#[test]
fn who_signs_in_with_a_password_that_the_family_changed_is_of_the_family() {
    let [a, console] = [key("AKIAQ"), key("ASIACONSOLE")];
    let at = "2026-03-24T10:00:00Z";
    let mut login = by_user("c2", at, "signin", "ConsoleLogin", "u", None, None);
    login["responseElements"] = json!({"ConsoleLogin": "Success"});
    let mut records = vec![
        by_user(
            "c1",
            "2026-03-24T09:30:00Z",
            "iam",
            "ChangePassword",
            "u",
            Some(&a),
            None,
        ),
        login,
        by_user(
            "c3",
            "2026-03-24T10:01:00Z",
            "s3",
            "ListBuckets",
            "u",
            Some(&console),
            Some(at),
        ),
    ];
    let lineage = trace(&evidence(&records), &a);
    let mint = lineage.member(&console).and_then(|one| one.minted.clone()).unwrap();
    assert!(mint.joined.unwrap().contains("the password that ChangePassword set"));
    let (read, followed) = read_at_once(&records, &a);
    assert_eq!((read.credentials, followed), (lineage.credentials, true));
    // A change of which nobody tells who made it hides no password that the family set before.
    records[0]["eventName"] = json!("UpdateLoginProfile");
    records[0]["requestParameters"] = json!({"userName": "u"});
    let mut changed = by_user(
        "c4",
        "2026-03-24T09:50:00Z",
        "iam",
        "ChangePassword",
        "u",
        None,
        Some(at),
    );
    changed["userIdentity"]["principalId"] = json!("AIDAELSE");
    records.push(changed);
    assert!(trace(&evidence(&records), &a).member(&console).is_some());
}
