//! Sessions of the console and of `aws login`, whose keys no record names when they are given.

use super::*;

/// Synthetic: the record of somebody's sign-in, and a call of the console or of `aws login`.
pub(super) fn by_user(
    id: &str,
    at: &str,
    service: &str,
    call: &str,
    user: &str,
    by: Option<&AccessKeyId>,
    created: Option<&str>,
) -> Value {
    // In the order in which CloudTrail writes, so that an archive of them is scanned and not parsed.
    json!({
        "eventVersion": "1.10",
        "userIdentity": {"type": "IAMUser", "principalId": format!("AIDA{}", user.to_uppercase()),
            "arn": format!("arn:aws:iam::123456789012:user/{user}"), "accountId": "123456789012", "accessKeyId": by, "userName": user,
            "sessionContext": {"attributes": {"creationDate": created, "mfaAuthenticated": "false"}}},
        "eventTime": at, "eventSource": format!("{service}.amazonaws.com"), "eventName": call, "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.9", "userAgent": "x", "requestParameters": null, "responseElements": null, "requestID": "r", "eventID": id,
        "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": "123456789012", "eventCategory": "Management",
    })
}

/// A sets the password of `backdoor`, who signs in two seconds before its sessions were issued, and assumes a role from there.
fn password(set_at: &str) -> (Vec<Value>, [AccessKeyId; 4]) {
    let keys = [key("AKIAQ"), key("ASIACONSOLE"), key("ASIACONSOLF"), key("ASIAROLE")];
    let [a, one, two, role] = &keys;
    let mut set = by_user("p1", set_at, "iam", "CreateLoginProfile", "u", Some(a), None);
    set["requestParameters"] = json!({"userName": "backdoor", "passwordResetRequired": false});
    let mut login = by_user(
        "p2",
        "2026-03-24T10:00:00Z",
        "signin",
        "ConsoleLogin",
        "backdoor",
        None,
        None,
    );
    login["responseElements"] = json!({"ConsoleLogin": "Success"});
    let issued = Some("2026-03-24T10:00:02Z");
    let mut assume = mint("p5", "2026-03-24T10:10:00Z", two, "backdoor", "AssumeRole", role);
    assume["userIdentity"] = by_user("", "", "", "", "backdoor", Some(two), issued)["userIdentity"].clone();
    let records = vec![
        set,
        login,
        by_user(
            "p3",
            "2026-03-24T10:01:00Z",
            "s3",
            "ListBuckets",
            "backdoor",
            Some(one),
            issued,
        ),
        by_user(
            "p4",
            "2026-03-24T10:02:00Z",
            "iam",
            "ListUsers",
            "backdoor",
            Some(two),
            issued,
        ),
        assume,
        use_by_role("p6", role, "2026-03-24T10:10:00Z"),
    ];
    (records, keys)
}

#[test]
fn who_signs_in_with_a_password_that_the_family_set_is_of_the_family() {
    let (records, [a, one, two, role]) = password("2026-03-24T09:30:00Z");
    let lineage = trace(&evidence(&records), &a);
    let told: Vec<(&AccessKeyId, Kind, Option<&AccessKeyId>)> = lineage
        .credentials
        .iter()
        .map(|one| (&one.key, one.kind, one.minted.as_ref().map(|mint| &mint.by)))
        .collect();
    let expected = [
        (&a, Kind::LongTerm, None),
        (&one, Kind::Console, Some(&a)),
        (&two, Kind::Console, Some(&one)),
        (&role, Kind::RoleSession, Some(&two)),
    ];
    assert_eq!(told, expected);
    let joined = lineage.member(&one).unwrap().minted.as_ref().unwrap().joined.as_deref();
    assert!(joined.is_some_and(|how| how.contains("the password that CreateLoginProfile set at 2026-03-24T09:30:00Z")));
    assert_eq!(lineage.member(&role).unwrap().uses.len(), 1);
    assert!(lineage.unresolved.is_empty());
    // Who set a password is not where a session comes from: it may have been done rightly, years ago.
    let from_inside = trace(&evidence(&records), &one);
    assert_eq!(from_inside.root().unwrap().key, one);
    // The other key of the same session is of the family, and what was minted with it too.
    let beside = from_inside.member(&two).unwrap().minted.clone().unwrap();
    assert_eq!((&beside.by, beside.call.as_str()), (&one, "the same session"));
    assert!(from_inside.member(&role).is_some() && from_inside.unresolved.is_empty());
}

#[test]
fn a_sign_in_is_not_joined_to_what_came_later_or_failed_or_was_another_users() {
    let alone = |records: &[Value]| trace(&evidence(records), &key("AKIAQ")).credentials.len() == 1;
    assert!(
        alone(&password("2026-03-24T10:00:01Z").0),
        "the password was set after the sign-in"
    );
    let changed = |place: usize, pointer: &str, value: Value| {
        let mut records = password("2026-03-24T09:30:00Z").0;
        *records[place].pointer_mut(pointer).unwrap() = value;
        records
    };
    assert!(!alone(&changed(1, "/eventTime", json!("2026-03-24T10:00:04Z"))));
    assert!(alone(&changed(1, "/eventTime", json!("2026-03-24T10:00:05Z"))));
    assert!(alone(&changed(1, "/responseElements/ConsoleLogin", json!("Failure"))));
    assert!(alone(&changed(0, "/requestParameters/userName", json!("somebody"))));
    assert!(alone(&changed(0, "/userIdentity/accountId", json!("210987654321"))));
    let mut refused = password("2026-03-24T09:30:00Z").0;
    refused[0]["errorCode"] = json!("AccessDenied");
    assert!(alone(&refused));
}

/// Somebody renames `from` at that moment.
fn rename(at: &str, from: &str, to: &str) -> Value {
    let mut rename = by_user(
        &format!("n-{from}"),
        at,
        "iam",
        "UpdateUser",
        "boss",
        Some(&key("AKIABOSS")),
        None,
    );
    rename["requestParameters"] = json!({"userName": from, "newUserName": to});
    rename
}

/// A user keeps his password under another name, whoever renames him; and whoever bears his old name then has none of it.
#[test]
fn who_was_renamed_signs_in_with_the_password_that_the_family_set_under_his_new_name() {
    let traced = |of: &str, renamed: &[Value]| {
        let (mut records, [a, ..]) = password("2026-03-24T09:30:00Z");
        records[0]["requestParameters"]["userName"] = json!(of);
        records.extend(renamed.iter().cloned());
        let evidence = evidence(&records);
        let lineage = trace(&evidence, &a);
        let names: Vec<String> = let_in(&evidence, &lineage).into_keys().collect();
        (lineage.credentials.len(), names)
    };
    let (members, names) = traced("Alice", &[]);
    assert_eq!((members, names.as_slice()), (1, ["Alice".to_owned()].as_slice()));
    let twice = [
        rename("2026-03-24T09:40:00Z", "alice", "al"),
        rename("2026-03-24T09:50:00Z", "al", "backdoor"),
    ];
    let (members, names) = traced("Alice", &twice);
    assert_eq!(members, 4);
    assert!(
        ["Alice", "al", "backdoor"]
            .iter()
            .all(|name| names.contains(&(*name).to_owned())),
        "{names:?}"
    );
    // He was called so before the password was set for another, and is called so behind the sign-in.
    assert_eq!(
        traced("alice", &[rename("2026-03-24T09:29:00Z", "alice", "backdoor")]).0,
        1
    );
    assert_eq!(
        traced("alice", &[rename("2026-03-24T10:00:01Z", "alice", "backdoor")]).0,
        1
    );
    // In the very second it may be either.
    assert_eq!(
        traced("alice", &[rename("2026-03-24T10:00:00Z", "alice", "backdoor")]).0,
        4
    );
    assert_eq!(
        traced("alice", &[rename("2026-03-24T09:30:00Z", "alice", "backdoor")]).0,
        4
    );
    // Another has the name by then.
    assert_eq!(
        traced("backdoor", &[rename("2026-03-24T09:40:00Z", "backdoor", "alice")]).0,
        1
    );
    let mut refused = rename("2026-03-24T09:40:00Z", "alice", "backdoor");
    refused["errorCode"] = json!("AccessDenied");
    assert_eq!(traced("alice", &[refused]).0, 1);
}

#[test]
fn sessions_of_aws_login_are_joined_by_their_sign_in() {
    let sign_in = "arn:aws:signin:us-east-1:123456789012:session/6d4e";
    let (mut records, [a, one, two, _]) = password("2026-03-24T09:30:00Z");
    let mut login = by_user(
        "l1",
        "2026-03-24T10:20:00Z",
        "signin",
        "CreateOAuth2Token",
        "backdoor",
        Some(&one),
        Some("2026-03-24T10:00:02Z"),
    );
    let fresh = [key("ASIALOGIN"), key("ASIALOGIO")];
    let mut used = vec![];
    for (n, fresh) in fresh.iter().enumerate() {
        let at = format!("2026-03-24T10:{}0:00Z", n + 2);
        // Only the first of its calls says which sign-in it is of.
        for call in 0..2 {
            let mut record = by_user(
                &format!("l{n}{call}"),
                &at,
                "s3",
                "ListBuckets",
                "backdoor",
                Some(fresh),
                Some(&at),
            );
            if call == 0 {
                record["userIdentity"]["sessionContext"]["signInSessionArn"] = json!(sign_in);
            }
            used.push(record);
        }
    }
    records.extend(used);
    // Without the call that began it, nothing joins it, and it is shown.
    let lineage = trace(&evidence(&records), &a);
    assert!(lineage.member(&fresh[0]).is_none());
    assert_eq!(lineage.unresolved.len(), 2);
    assert!(lineage.unresolved[0].why.contains(sign_in), "{:?}", lineage.unresolved);
    records.push(login.clone());
    let untold = evidence(&records);
    let doubts = unjoined(&untold, &trace(&untold, &a));
    assert!(
        doubts.len() == 1 && doubts[0].contains(one.as_str()) && doubts[0].contains("user/backdoor"),
        "{doubts:?}"
    );
    records.pop();
    login["userIdentity"]["sessionContext"]["signInSessionArn"] = json!(sign_in);
    records.push(login);
    let told = evidence(&records);
    let expected = trace(&told, &a);
    assert_eq!(unjoined(&told, &expected), Vec::<String>::new());
    for fresh in &fresh {
        let member = expected.member(fresh).unwrap();
        let mint = member.minted.as_ref().unwrap();
        assert_eq!((&mint.by, mint.call.as_str()), (&one, "CreateOAuth2Token"));
        assert_eq!(
            mint.joined.as_deref(),
            Some(format!("joined by the sign-in {sign_in}").as_str())
        );
        assert_eq!(member.uses.iter().map(|used| used.count).sum::<u64>(), 2);
    }
    assert!(expected.member(&two).is_some() && expected.unresolved.is_empty());
    records.reverse();
    assert_eq!(trace(&evidence(&records), &a), expected);
    // From a key of `aws login` the walk goes back to the console session that began it.
    assert_eq!(trace(&evidence(&records), &fresh[1]).root().unwrap().key, one);
    // Reading in two passes finds what reading everything finds.
    let folder = tempfile::tempdir().unwrap();
    for (n, record) in records.iter().enumerate() {
        let text = json!({"Records": [record]}).to_string();
        std::fs::write(folder.path().join(format!("{n}.json")), text).unwrap();
    }
    let window = crate::trail::Window::default();
    let paths = [folder.path().to_owned()];
    let read = crate::trail::search(
        &paths,
        std::slice::from_ref(&a),
        window,
        &crate::trail::Progress::default(),
    );
    assert_eq!(trace(&read, &a).credentials, expected.credentials);
}

#[test]
fn a_sign_in_that_failed_explains_no_session() {
    let why = |outcome: &str| {
        let (mut records, keys) = story();
        let mut login = by_user("f1", "2026-03-24T11:00:00Z", "signin", "ConsoleLogin", "u", None, None);
        login["responseElements"] = json!({"ConsoleLogin": outcome});
        let at = Some("2026-03-24T11:00:00Z");
        let mut used = by_user(
            "f2",
            "2026-03-24T11:05:00Z",
            "s3",
            "ListBuckets",
            "u",
            Some(&key("ASIAZ")),
            at,
        );
        for record in [&mut login, &mut used] {
            record["userIdentity"]["principalId"] = json!("AIDAX");
        }
        records.extend([login, used]);
        trace(&evidence(&records), &keys[0]).unresolved[0].why.clone()
    };
    assert!(why("Success").contains("ConsoleLogin at"), "{}", why("Success"));
    assert!(!why("Failure").contains("ConsoleLogin at"), "{}", why("Failure"));
}

/// A call in a session of a role, as the console makes it or any other.
pub(super) fn by_role(
    id: &str,
    at: &str,
    call: &str,
    role: &str,
    by: &AccessKeyId,
    created: &str,
    agent: &str,
) -> Value {
    let mut record = by_user(id, at, "iam", call, "u", Some(by), None);
    record["userAgent"] = json!(agent);
    record["userIdentity"] = json!({"type": "AssumedRole", "principalId": format!("AROA{role}:s"),
        "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/s"), "accountId": "123456789012", "accessKeyId": by,
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": format!("AROA{role}"),
            "arn": format!("arn:aws:iam::123456789012:role/{role}"), "accountId": "123456789012", "userName": role},
            "attributes": {"creationDate": created, "mfaAuthenticated": "false"}}});
    record
}

pub(super) const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64)";
pub(super) const SWITCH: &str = "AWS Signin, aws-internal/3 aws-sdk-java/1.12";

/// A takes a role, makes it a session of the console, and switches to another role there: the console calls under keys of its own all the way.
fn switched(switch: &str) -> (Vec<Value>, [AccessKeyId; 8]) {
    let keys = [
        "AKIAQ", "ASIAB", "ASIASIGN", "ASIACALL", "ASIAROLE", "ASIAONE", "ASIATWO", "AKIAMADE",
    ]
    .map(key);
    let [a, b, sign, call, role, one, two, made] = &keys;
    let (first, second) = ("2026-03-24T09:06:00Z", "2026-03-24T09:30:00Z");
    let mut assume = mint("s1", first, a, "u", "AssumeRole", b);
    assume["userAgent"] = json!("aws-cli/2.31");
    assume["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    let mut console = by_role(
        "s2",
        "2026-03-24T09:20:00Z",
        "GetSigninToken",
        "X",
        b,
        first,
        "python-requests",
    );
    console["eventSource"] = json!("signin.amazonaws.com");
    console["responseElements"] = json!({"credentials": {"accessKeyId": sign}});
    let mut switching = by_role("s4", second, "AssumeRole", "X", call, first, switch);
    switching["eventSource"] = json!("sts.amazonaws.com");
    switching["responseElements"] = json!({"credentials": {"accessKeyId": role, "expiration": "Mar 24, 2026, 10:30:00 AM"},
        "assumedRoleUser": {"assumedRoleId": "AROAY:s", "arn": "arn:aws:sts::123456789012:assumed-role/Y/s"}});
    let mut making = by_role(
        "s6",
        "2026-03-24T09:33:00Z",
        "CreateAccessKey",
        "Y",
        two,
        second,
        BROWSER,
    );
    making["requestParameters"] = json!({"userName": "u"});
    making["responseElements"] = json!({"accessKey": {"accessKeyId": made, "userName": "u", "status": "Active"}});
    let records = vec![
        assume,
        console,
        by_role("s3", "2026-03-24T09:21:00Z", "ListRoles", "X", call, first, BROWSER),
        switching,
        by_role("s5", "2026-03-24T09:32:00Z", "ListUsers", "Y", one, second, BROWSER),
        making,
    ];
    (records, keys)
}

/// What reading in two passes finds.
fn read(records: &[Value], asked: &AccessKeyId) -> Lineage {
    let folder = tempfile::tempdir().unwrap();
    for (n, record) in records.iter().enumerate() {
        let text = json!({"Records": [record]}).to_string();
        std::fs::write(folder.path().join(format!("{n}.json")), text).unwrap();
    }
    let (window, progress) = (crate::trail::Window::default(), crate::trail::Progress::default());
    let read = crate::trail::search(
        &[folder.path().to_owned()],
        std::slice::from_ref(asked),
        window,
        &progress,
    );
    trace(&read, asked)
}

#[test]
fn a_role_that_is_switched_to_in_the_console_is_of_the_family() {
    for switch in [BROWSER, SWITCH] {
        let (mut records, keys) = switched(switch);
        let expected = trace(&evidence(&records), &keys[0]);
        let members: BTreeSet<&AccessKeyId> = expected.credentials.iter().map(|one| &one.key).collect();
        assert_eq!(members, keys.iter().collect(), "{switch}");
        let roles: Vec<String> = expected.reached().into_iter().map(|role| role.name).collect();
        assert_eq!(roles, ["X", "Y"]);
        assert!(expected.made.iter().any(|made| made.call == "CreateAccessKey"));
        assert!(expected.unresolved.is_empty());
        // Whichever key is asked for, of the console or given by a record.
        for asked in &keys[..7] {
            for lineage in [trace(&evidence(&records), asked), read(&records, asked)] {
                assert_eq!(lineage.credentials, expected.credentials, "{switch}, asked for {asked}");
            }
        }
        records.reverse();
        assert_eq!(trace(&evidence(&records), &keys[0]), expected);
    }
}

/// Records leave the caller's key out at times: what it minted is of the session all the same.
#[test]
fn a_mint_without_its_caller_s_key_is_joined_by_the_session() {
    for left_out in [Value::Null, json!("")] {
        let (mut records, keys) = switched(SWITCH);
        records[3]["userIdentity"]["accessKeyId"] = left_out;
        for asked in [&keys[0], &keys[3]] {
            for lineage in [trace(&evidence(&records), asked), read(&records, asked)] {
                let members: BTreeSet<&AccessKeyId> = lineage.credentials.iter().map(|one| &one.key).collect();
                assert_eq!(members, keys.iter().collect(), "asked for {asked}");
            }
        }
    }
}

/// What reading in two passes finds, and whether the first one followed all of it.
pub(super) fn read_at_once(records: &[Value], asked: &AccessKeyId) -> (Lineage, bool) {
    let folder = tempfile::tempdir().unwrap();
    for (n, record) in records.iter().enumerate() {
        let text = json!({"Records": [record]}).to_string();
        std::fs::write(folder.path().join(format!("{n}.json")), text).unwrap();
    }
    let (paths, progress) = ([folder.path().to_owned()], crate::trail::Progress::default());
    let survey = crate::trail::Survey::of(std::slice::from_ref(asked), crate::trail::Window::default());
    survey.read_paths(&paths, &progress, None);
    let harvest = survey.close();
    harvest.read_paths(&paths, &progress);
    let followed = harvest.followed();
    let found = trace(&harvest.finish(), asked);
    let all = found.credentials.iter().all(|member| followed.has(&member.key));
    (found, all)
}

/// A finding names one key of a console session that nobody's key asked for: the others did what the intruder did.
#[test]
fn all_keys_of_a_console_session_are_one_family() {
    let (records, keys) = switched(BROWSER);
    let [_, _, _, call, role, one, two, made] = &keys;
    let records = &records[2..];
    for asked in [call, role, one, two] {
        for lineage in [trace(&evidence(records), asked), read(records, asked)] {
            let members: BTreeSet<&AccessKeyId> = lineage.credentials.iter().map(|one| &one.key).collect();
            assert_eq!(members, [call, role, one, two, made].into(), "asked for {asked}");
        }
    }
}

/// Two keys of one session both begin a sign-in, and what they begin renews itself: each is a member once, and comes from the mint of the session.
#[test]
fn a_sign_in_that_several_keys_began_makes_no_circle() {
    let (mut records, keys) = switched(BROWSER);
    let [a, b, _, call, ..] = &keys;
    let first = "2026-03-24T09:06:00Z";
    let (other, login) = (key("ASIAOTHER"), key("ASIALOGIN"));
    for (n, (by, created, minute)) in [
        (call, first, 22),
        (&other, first, 23),
        (&login, "2026-03-24T09:23:00Z", 25),
    ]
    .into_iter()
    .enumerate()
    {
        let at = format!("2026-03-24T09:{minute}:00Z");
        let mut record = by_role(&format!("c{n}"), &at, "CreateOAuth2Token", "X", by, created, BROWSER);
        record["eventSource"] = json!("signin.amazonaws.com");
        record["userIdentity"]["sessionContext"]["signInSessionArn"] =
            json!("arn:aws:signin:us-east-1:123456789012:session/s");
        records.push(record);
    }
    for asked in [a, call, &other, &login] {
        for lineage in [trace(&evidence(&records), asked), read(&records, asked)] {
            let by = |key: &AccessKeyId| {
                let mut members = lineage.credentials.iter().filter(|one| one.key == *key);
                let (first, second) = (members.next(), members.next());
                assert!(second.is_none(), "{key} is there twice, asked for {asked}");
                first.and_then(|one| one.minted.as_ref()).map(|mint| mint.by.clone())
            };
            assert_eq!(
                (by(b), by(call), by(&other)),
                (Some(a.clone()), Some(a.clone()), Some(a.clone())),
                "{asked}"
            );
            assert!([call, &other].contains(&&by(&login).unwrap()), "{asked}");
            assert_eq!(lineage.credentials.len(), keys.len() + 2);
        }
    }
}

/// Whoever signed in at that very moment signed in: a mint a few seconds apart is another's.
#[test]
fn a_console_session_is_of_the_nearest_beginning() {
    let (mut records, keys) = switched("aws-cli/2.31");
    let second = "2026-03-24T09:30:03Z";
    for place in [4, 5] {
        records[place]["userIdentity"]["sessionContext"]["attributes"]["creationDate"] = json!(second);
    }
    assert!(trace(&evidence(&records), &keys[0]).member(&keys[5]).is_some());
    let mut login = by_role("l", second, "ConsoleLogin", "Y", &keys[5], second, BROWSER);
    login["eventSource"] = json!("signin.amazonaws.com");
    login["userIdentity"]["accessKeyId"] = Value::Null;
    login["responseElements"] = json!({"ConsoleLogin": "Success"});
    records.push(login);
    assert!(trace(&evidence(&records), &keys[0]).member(&keys[5]).is_none());
    // An owner's console session is not what a thief's GetSessionToken of the same second gave.
    let (one, two) = (key("ASIATOKEN"), key("ASIAOWNER"));
    let at = "2026-03-24T10:00:00Z";
    let owner = by_user(
        "o",
        "2026-03-24T10:05:00Z",
        "iam",
        "ListUsers",
        "x",
        Some(&two),
        Some(at),
    );
    let mut token = mint("t", at, &keys[0], "x", "GetSessionToken", &one);
    token["userAgent"] = json!(BROWSER);
    let lineage = trace(&evidence(&[token, owner]), &keys[0]);
    assert!(lineage.member(&one).is_some() && lineage.member(&two).is_none());
}

/// Two sessions of one principal are two, unless their moments of issue agree and something says that they are of the console.
#[test]
fn sessions_that_only_resemble_each_other_are_not_joined() {
    let (mut records, keys) = switched("aws-cli/2.31");
    let later = "2026-03-24T09:30:30Z";
    records[4]["userIdentity"]["sessionContext"]["attributes"]["creationDate"] = json!(later);
    records[5]["userAgent"] = json!("aws-cli/2.31");
    let lineage = trace(&evidence(&records), &keys[0]);
    for (place, is_member) in [(4, true), (5, false), (6, false), (7, false)] {
        assert_eq!(lineage.member(&keys[place]).is_some(), is_member, "{}", keys[place]);
    }
    assert_eq!(lineage.unresolved.len(), 2, "{:?}", lineage.unresolved);
}

/// The record with the sign-in that its session began with.
pub(super) fn signed(mut record: Value, sign_in: &str) -> Value {
    record["userIdentity"]["sessionContext"]["signInSessionArn"] =
        json!(format!("arn:aws:signin:us-east-1:123456789012:session/{sign_in}"));
    record
}

/// A session of role Z that nothing announced, which bears a sign-in on its first call alone; it mints one of X.
fn bearing(at: &str, sign_in: &str) -> (Vec<Value>, [AccessKeyId; 2]) {
    let [one, two] = ["ASIAOTHER", "ASIAFURTHER"].map(key);
    let call = |id: &str, minute: u32| {
        let at = format!("2026-03-24T10:{minute}:00Z");
        by_role(id, &at, "ListUsers", "Z", &one, "2026-03-24T10:12:00Z", "aws-cli/2.31")
    };
    let mut first = signed(call("b1", 13), sign_in);
    first["eventTime"] = json!(at);
    let mut assume = mint("b2", "2026-03-24T10:20:00Z", &one, "u", "AssumeRole", &two);
    assume["userIdentity"] = call("", 20)["userIdentity"].clone();
    let records = vec![first, assume, use_by_role("b3", &two, "2026-03-24T10:20:00Z")];
    (records, [one, two])
}

/// Whoever bears the sign-in of a member is of the family, whatever their user or role: no record says how they came by their keys.
#[test]
fn a_session_of_another_principal_with_a_member_s_sign_in_is_of_the_family() {
    let (others, [one, two]) = bearing("2026-03-24T10:13:00Z", "s");
    // A user's session of the console, which no mint gave either.
    let first = key("ASIACONSOLE");
    let created = Some("2026-03-24T10:00:00Z");
    let console = by_user(
        "c1",
        "2026-03-24T10:01:00Z",
        "iam",
        "ListRoles",
        "x",
        Some(&first),
        created,
    );
    let mut records = others.clone();
    records.push(signed(console, "s"));
    for asked in [&first, &one, &two] {
        let expected = trace(&evidence(&records), asked);
        let members: Vec<&AccessKeyId> = expected.credentials.iter().map(|member| &member.key).collect();
        assert_eq!(members, [&first, &one, &two], "{asked}");
        assert_eq!(read(&records, asked).credentials, expected.credentials, "{asked}");
    }
    // A session that a member minted.
    let (a, b) = (key("AKIAQ"), key("ASIAB"));
    let issued = "2026-03-24T10:02:00Z";
    let mut assume = mint("m", issued, &a, "u", "AssumeRole", &b);
    assume["responseElements"]["assumedRoleUser"] =
        json!({"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::123456789012:assumed-role/X/s"});
    let used = by_role(
        "u",
        "2026-03-24T10:05:00Z",
        "ListRoles",
        "X",
        &b,
        issued,
        "aws-cli/2.31",
    );
    for (at, sign_in, is_member) in [
        ("2026-03-24T10:13:00Z", "s", true),
        ("2026-03-24T10:13:00Z", "another", false),
        ("2026-03-24T10:04:00Z", "s", false),
    ] {
        let mut records = bearing(at, sign_in).0;
        records.extend([assume.clone(), signed(used.clone(), "s")]);
        let expected = trace(&evidence(&records), &a);
        for key in [&one, &two] {
            assert_eq!(expected.member(key).is_some(), is_member, "{at} {sign_in}");
        }
        assert_eq!(read(&records, &a).credentials, expected.credentials);
        if is_member {
            let mint = expected.member(&one).unwrap().minted.clone().unwrap();
            assert_eq!((&mint.by, mint.beside.as_ref()), (&b, Some(&b)));
            assert!(mint.joined.unwrap().contains("session/s"));
            assert_eq!(trace(&evidence(&records), &two).root().unwrap().key, a);
        }
    }
}

/// Role upon role, each minted by a key that no mint gave: by another one of the session that the last mint gave a key for. One reading in two passes
/// finds the whole chain from its beginning and from its end.
#[test]
fn a_long_chain_through_keys_that_nothing_announced_is_read_once() {
    let mut records = Vec::new();
    let mut by = (key("AKIAQ"), Value::Null);
    let mut told = vec![by.0.clone()];
    for n in 0..12 {
        let at = format!("2026-03-24T{:02}:00:00Z", n + 8);
        let role = format!("ROLE{n}");
        let [given, silent] = ["GIVEN", "SILENT"].map(|kind| key(&format!("ASIA{kind}{n:0>2}")));
        let mut assume = mint(&format!("a{n}"), &at, &by.0, "u", "AssumeRole", &given);
        if !by.1.is_null() {
            assume["userIdentity"] = by.1.clone();
        }
        assume["userAgent"] = json!("aws-cli/2.31");
        assume["responseElements"]["assumedRoleUser"] = json!({"assumedRoleId": format!("AROA{role}:s"),
            "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/s")});
        let call = |id: &str, by: &AccessKeyId, agent: &str| {
            let mut record = by_role(&format!("{id}{n}"), &at, "ListUsers", &role, by, &at, agent);
            record["eventTime"] = json!(format!("2026-03-24T{:02}:10:00Z", n + 8));
            record
        };
        let silently = call("s", &silent, BROWSER);
        told.extend([given.clone(), silent.clone()]);
        by = (silent, silently["userIdentity"].clone());
        records.extend([assume, call("g", &given, "aws-cli/2.31"), silently]);
    }
    for asked in [&told[0], &told[12], &told[24]] {
        let expected = trace(&evidence(&records), asked);
        let members: BTreeSet<&AccessKeyId> = expected.credentials.iter().map(|member| &member.key).collect();
        assert_eq!(members, told.iter().collect(), "{asked}");
        assert_eq!(read(&records, asked).credentials, expected.credentials, "{asked}");
    }
}
