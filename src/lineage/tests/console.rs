//! Sessions of the console and of `aws login`, whose keys no record names when they are given.

use super::*;

/// Synthetic: the record of somebody's sign-in, and a call of the console or of `aws login`.
fn by_user(
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
fn by_role(id: &str, at: &str, call: &str, role: &str, by: &AccessKeyId, created: &str, agent: &str) -> Value {
    let mut record = by_user(id, at, "iam", call, "u", Some(by), None);
    record["userAgent"] = json!(agent);
    record["userIdentity"] = json!({"type": "AssumedRole", "principalId": format!("AROA{role}:s"),
        "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/s"), "accountId": "123456789012", "accessKeyId": by,
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": format!("AROA{role}"),
            "arn": format!("arn:aws:iam::123456789012:role/{role}"), "accountId": "123456789012", "userName": role},
            "attributes": {"creationDate": created, "mfaAuthenticated": "false"}}});
    record
}

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64)";
const SWITCH: &str = "AWS Signin, aws-internal/3 aws-sdk-java/1.12";

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
fn read_at_once(records: &[Value], asked: &AccessKeyId) -> (Lineage, bool) {
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
fn signed(mut record: Value, sign_in: &str) -> Value {
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

/// What a session of the entanglement below is: whose, and from which minute on. The first is a user's long-term key.
fn entangled(place: usize, minutes: &[u32]) -> (AccessKeyId, Option<&'static str>, Option<String>) {
    let roles = [None, None, Some("X"), Some("Y"), Some("Y"), Some("Z"), None, Some("X")];
    let created = (place > 0).then(|| format!("2026-03-24T09:{:02}:00Z", minutes[place]));
    let key = match place {
        0 => key("AKIAQ"),
        _ => key(&format!("ASIAENT{place}")),
    };
    (key, roles[place], created)
}

fn entangling(
    n: usize,
    minutes: &[u32],
    (by, what, gives, minute, sign_in): (usize, usize, usize, u32, usize),
) -> Value {
    let at = format!("2026-03-24T09:{minute:02}:30Z");
    let id = format!("n{n}");
    let (own, role, created) = entangled(by, minutes);
    let agent = if what % 2 == 0 { BROWSER } else { "aws-cli/2.31" };
    let mut record = match role {
        Some(role) => by_role(&id, &at, "ListUsers", role, &own, created.as_deref().unwrap(), agent),
        None => by_user(&id, &at, "iam", "ListUsers", "u", Some(&own), created.as_deref()),
    };
    record["userAgent"] = json!(agent);
    if by > 0 && sign_in < 2 {
        record = signed(record, ["s", "t"][sign_in]);
    }
    let (given, into, since) = entangled(gives, minutes);
    match what {
        0..=3 | 14 if gives > 0 => {
            let arn = format!("arn:aws:sts::123456789012:assumed-role/{}/s", into.unwrap_or("none"));
            record["eventSource"] = json!("sts.amazonaws.com");
            record["eventName"] = json!(if into.is_some() {
                "AssumeRole"
            } else {
                "GetSessionToken"
            });
            record["eventTime"] = json!(since);
            record["responseElements"] = json!({"credentials": {"accessKeyId": given}});
            if let Some(role) = into {
                record["responseElements"]["assumedRoleUser"] =
                    json!({"assumedRoleId": format!("AROA{role}:s"), "arn": arn});
            }
        }
        4 | 12 => {
            record["eventName"] = json!("UpdateLoginProfile");
            record["requestParameters"] = json!({"userName": "u"});
        }
        5 | 13 => {
            record["eventSource"] = json!("signin.amazonaws.com");
            record["eventName"] = json!("CreateOAuth2Token");
        }
        15 if into.is_some() => {
            record = by_role(&id, "", "ConsoleLogin", into.unwrap(), &given, "", BROWSER);
            record["eventSource"] = json!("signin.amazonaws.com");
            record["eventTime"] = json!(since);
            record["userIdentity"]["sessionContext"]["attributes"] = Value::Null;
            record["responseElements"] = json!({"ConsoleLogin": "Success"});
        }
        6 => {
            let mut login = by_user(&id, "", "signin", "ConsoleLogin", "u", None, None);
            login["eventTime"] = json!(entangled(6, minutes).2);
            login["responseElements"] = json!({"ConsoleLogin": "Success"});
            record = login;
        }
        7 if gives > 0 => {
            record["eventSource"] = json!("signin.amazonaws.com");
            record["eventName"] = json!("GetSigninToken");
            record["responseElements"] = json!({"credentials": {"accessKeyId": given}});
        }
        _ => {}
    }
    // Records leave the caller's key out at times.
    if what >= 12 {
        record["userIdentity"]["accessKeyId"] = Value::Null;
    }
    record
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// However sessions are entangled by mints, moments, sign-ins and passwords: reading an archive for what the first pass follows tells what reading
    /// everything tells, and follows every member.
    #[test]
    fn what_the_first_pass_follows_is_enough(
        calls in proptest::collection::vec((0usize..8, 0usize..18, 0usize..8, 0u32..40, 0usize..6), 1..14),
        minutes in proptest::collection::vec(proptest::prop_oneof![0u32..4, 0u32..30], 8),
        asked in 0usize..8,
    ) {
        let records: Vec<Value> = calls.iter().enumerate().map(|(n, call)| entangling(n, &minutes, *call)).collect();
        let asked = entangled(asked, &minutes).0;
        let expected = trace(&evidence(&records), &asked);
        let (found, is_all) = read_at_once(&records, &asked);
        proptest::prop_assert_eq!(found.credentials, expected.credentials);
        proptest::prop_assert!(is_all);
    }
}
