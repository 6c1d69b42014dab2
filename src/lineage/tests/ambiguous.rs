//! Sessions that bear the same: what one of them did under no key may be any of theirs, and is said to be.

use super::console::{BROWSER, by_role, by_user, read_at_once, signed};
use super::*;

const ISSUED: &str = "2026-03-24T09:06:00Z";

/// A mint of a session of role X, whose name is always the same.
fn assume(id: &str, at: &str, by: &AccessKeyId, user: &str, gives: &AccessKeyId) -> Value {
    let mut record = mint(id, at, by, user, "AssumeRole", gives);
    record["userAgent"] = json!("aws-cli/2.31");
    record["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    record
}

/// A call in such a session, whose record leaves the key out.
fn keyless(id: &str, at: &str, service: &str, call: &str, created: &str) -> Value {
    let mut record = by_role(id, at, call, "X", &key("ASIANONE"), created, "aws-cli/2.31");
    record["eventSource"] = json!(format!("{service}.amazonaws.com"));
    record["userIdentity"]["accessKeyId"] = Value::Null;
    record
}

/// Whom the two trails of a test differ in nowhere.
fn both_ways(records: &[Value], asked: &AccessKeyId) -> Lineage {
    let expected = trace(&evidence(records), asked);
    let (found, is_all) = read_at_once(records, asked);
    assert_eq!(found.credentials, expected.credentials, "asked for {asked}");
    assert!(is_all, "asked for {asked}");
    expected
}

fn by(lineage: &Lineage, key: &AccessKeyId) -> Option<(AccessKeyId, Vec<AccessKeyId>)> {
    let minted = lineage.member(key)?.minted.clone()?;
    Some((minted.by, minted.or_by.into_iter().collect()))
}

/// Two sessions of one name that were issued in one second: what a call without a key gave is of both, whichever key is the lower and whichever called,
/// and whoever asks for what it gave is told of both origins.
#[test]
fn what_one_of_two_sessions_of_one_second_did_is_of_both() {
    let [a, owner, one, two, role, made] = ["AKIAQ", "AKIAOWNER", "ASIAZ", "ASIAB", "ASIAROLE", "AKIAMADE"].map(key);
    let mut took = keyless("w3", "2026-03-24T09:20:00Z", "sts", "AssumeRole", ISSUED);
    took["responseElements"] = json!({"credentials": {"accessKeyId": role},
        "assumedRoleUser": {"assumedRoleId": "AROAY:s", "arn": "arn:aws:sts::123456789012:assumed-role/Y/s"}});
    let mut created = keyless("w4", "2026-03-24T09:21:00Z", "iam", "CreateAccessKey", ISSUED);
    created["requestParameters"] = json!({"userName": "backdoor"});
    created["responseElements"] = json!({"accessKey": {"accessKeyId": made, "userName": "backdoor"}});
    let mints = [
        assume("w1", ISSUED, &a, "u", &one),
        assume("w2", ISSUED, &owner, "v", &two),
        took,
        created,
    ];
    let call =
        |n: &str, by: &AccessKeyId| by_role(n, "2026-03-24T09:10:00Z", "ListRoles", "X", by, ISSUED, "aws-cli/2");
    let [by_one, by_two] = [call("w5", &one), call("w6", &two)];
    for called in [vec![], vec![&by_one], vec![&by_two], vec![&by_one, &by_two]] {
        let records: Vec<Value> = mints.iter().chain(called).cloned().collect();
        for (asked, mine, other) in [
            (&a, &one, &two),
            (&owner, &two, &one),
            (&one, &one, &two),
            (&two, &two, &one),
        ] {
            let lineage = both_ways(&records, asked);
            let expected = Some((mine.clone(), vec![other.clone()]));
            assert_eq!(by(&lineage, &role), expected, "{asked}");
            assert_eq!(by(&lineage, &made), expected, "{asked}");
            assert!(lineage.member(other).is_none(), "{asked}");
        }
        let lineage = both_ways(&records, &role);
        let roots: BTreeSet<&AccessKeyId> = lineage.roots().map(|root| &root.key).collect();
        assert_eq!(roots, [&a, &owner].into());
        assert!(by(&lineage, &role).is_some_and(|(_, or_by)| or_by.len() == 1));
    }
}

/// Of two sessions the one whose moment a call bears made it, and a key of the console is one of many of its session.
#[test]
fn what_is_certain_is_not_told_as_ambiguous() {
    let [a, owner, one, two, role] = ["AKIAQ", "AKIAOWNER", "ASIAZ", "ASIAB", "ASIAROLE"].map(key);
    let mut took = keyless("c3", "2026-03-24T09:20:00Z", "sts", "AssumeRole", ISSUED);
    took["responseElements"] = json!({"credentials": {"accessKeyId": role},
        "assumedRoleUser": {"assumedRoleId": "AROAY:s", "arn": "arn:aws:sts::123456789012:assumed-role/Y/s"}});
    let mine = assume("c1", ISSUED, &a, "u", &one);
    let others = assume("c2", "2026-03-24T09:06:03Z", &owner, "v", &two);
    let lineage = both_ways(&[mine.clone(), others, took.clone()], &a);
    assert_eq!(by(&lineage, &role), Some((one.clone(), vec![])));
    let call = |n: &str, by: &AccessKeyId| by_role(n, "2026-03-24T09:10:00Z", "ListRoles", "X", by, ISSUED, BROWSER);
    let [first, second] = ["ASIAFIRST", "ASIASECOND"].map(key);
    let lineage = both_ways(&[mine, call("c4", &first), call("c5", &second), took], &a);
    assert_eq!(by(&lineage, &role), Some((first, vec![])));
}

/// What lets somebody in counts too, whichever of the two did it.
#[test]
fn whom_one_of_two_sessions_of_one_second_let_in_is_of_both() {
    let [a, owner, one, two, browser, login] =
        ["AKIAQ", "AKIAOWNER", "ASIAZ", "ASIAB", "ASIABROWSER", "ASIALOGIN"].map(key);
    let mut set = keyless("p3", "2026-03-24T09:20:00Z", "iam", "CreateLoginProfile", ISSUED);
    set["requestParameters"] = json!({"userName": "backdoor"});
    let moment = "2026-03-24T10:00:00Z";
    let mut entered = by_user("p4", moment, "signin", "ConsoleLogin", "backdoor", None, None);
    entered["responseElements"] = json!({"ConsoleLogin": "Success"});
    let later = "2026-03-24T10:01:00Z";
    let by_backdoor = by_user(
        "p5",
        later,
        "s3",
        "ListBuckets",
        "backdoor",
        Some(&browser),
        Some(moment),
    );
    let mut began = keyless("p6", "2026-03-24T09:30:00Z", "signin", "CreateOAuth2Token", ISSUED);
    began = signed(began, "k");
    let logged = "2026-03-24T09:31:00Z";
    let by_login = signed(
        by_role("p7", logged, "ListRoles", "X", &login, logged, "aws-cli/2.31"),
        "k",
    );
    let records = [
        assume("p1", ISSUED, &a, "u", &one),
        assume("p2", ISSUED, &owner, "v", &two),
        set,
        entered,
        by_backdoor,
    ];
    let begun = [&records[..2], &[began, by_login]].concat();
    for (asked, mine, other) in [(&a, &one, &two), (&owner, &two, &one)] {
        let expected = Some((mine.clone(), vec![other.clone()]));
        let evidence = evidence(&records);
        let lineage = both_ways(&records, asked);
        assert_eq!(by(&lineage, &browser), expected, "{asked}");
        assert!(let_in(&evidence, &lineage).contains_key("backdoor"), "{asked}");
        // A call that bears a sign-in is of the console, of which both may be one.
        assert_eq!(by(&both_ways(&begun, asked), &login), expected, "{asked}");
    }
}

/// Keys of the console that bear what two mints of one second gave come of either.
#[test]
fn a_console_session_of_one_of_two_mints_is_of_both() {
    let [a, owner, one, two, console] = ["AKIAQ", "AKIAOWNER", "ASIAZ", "ASIAB", "ASIACONSOLE"].map(key);
    let records = [
        assume("k1", ISSUED, &a, "u", &one),
        assume("k2", ISSUED, &owner, "v", &two),
        by_role(
            "k3",
            "2026-03-24T09:10:00Z",
            "ListRoles",
            "X",
            &console,
            ISSUED,
            BROWSER,
        ),
    ];
    for (asked, other) in [(&a, &owner), (&owner, &a)] {
        let lineage = both_ways(&records, asked);
        assert_eq!(by(&lineage, &console), Some((asked.clone(), vec![other.clone()])));
    }
    let lineage = both_ways(&records, &console);
    let roots: BTreeSet<&AccessKeyId> = lineage.roots().map(|root| &root.key).collect();
    assert_eq!(roots, [&a, &owner].into());
}

/// By which of several addresses somebody signed in that were asked for, nothing tells: any of those who asked may have.
#[test]
fn a_sign_in_by_one_of_several_addresses_is_of_whoever_asked_for_one() {
    let (origins, sessions) = ([key("AKIAQ"), key("AKIAR")], [key("ASIAONE"), key("ASIATWO")]);
    let console = key("ASIACONSOLE");
    let mut records = Vec::new();
    for (n, (origin, session)) in origins.iter().zip(&sessions).enumerate() {
        let issued = format!("2026-03-24T09:0{}:00Z", 4 + n);
        records.push(assume(&format!("a{n}"), &issued, origin, "u", session));
        let at = format!("2026-03-24T09:2{n}:00Z");
        let mut sign = by_role(
            &format!("s{n}"),
            &at,
            "GetSigninToken",
            "X",
            session,
            &issued,
            "python-requests",
        );
        sign["eventSource"] = json!("signin.amazonaws.com");
        sign["responseElements"] = json!({"credentials": {"accessKeyId": key(&format!("ASIASIGN{}", ["A", "B"][n]))}});
        records.push(sign);
    }
    let entered = "2026-03-24T09:25:00Z";
    let mut login = by_role("l", entered, "ConsoleLogin", "X", &console, entered, BROWSER);
    login["eventSource"] = json!("signin.amazonaws.com");
    login["userIdentity"]["accessKeyId"] = Value::Null;
    login["userIdentity"]["sessionContext"]["attributes"] = Value::Null;
    login["responseElements"] = json!({"ConsoleLogin": "Success"});
    records.push(login);
    records.push(by_role(
        "c",
        "2026-03-24T09:26:00Z",
        "ListUsers",
        "X",
        &console,
        entered,
        BROWSER,
    ));
    for (asked, own, other) in [(0, 0, 1), (1, 1, 0)] {
        let lineage = both_ways(&records, &origins[asked]);
        let minted = lineage.member(&console).unwrap().minted.clone().unwrap();
        assert_eq!(
            (&minted.by, minted.or_by),
            (&sessions[own], [sessions[other].clone()].into())
        );
    }
    assert_eq!(both_ways(&records, &console).roots().count(), 2);
}
