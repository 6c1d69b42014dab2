//! How fast a run cuts, what it outlasts, and how a case is watched.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stdout, reason = "round trips are what is measured")]

mod support;

use oust::journal::{Entry, Event, critical_path, load, path_of_cuts};
use oust::mount::ApiCall;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use support::peers;
use support::served::{self, OUST, Served, said};

/// A playbook that waits a second in the place of half a minute.
fn quick(folder: &Path) -> String {
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    let path = folder.join("quick.toml");
    std::fs::write(&path, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The story with ten roles that the stolen key took sessions of.
fn ten_roles(folder: &Path) -> String {
    let story = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/playbooks/scenarios/stolen-key.toml"
    ));
    let mut text = story.unwrap();
    let (mut roles, mut moves) = (String::new(), String::new());
    for n in 0..10 {
        let arn = format!("arn:aws:iam::123456789012:role/Role{n}");
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/support-user"},"Action":"sts:AssumeRole"}]}"#;
        roles += &format!(
            "[[role]]\nname = \"Role{n}\"\ntrust = \'\'\'{trust}\'\'\'\n[role.inline]\nRead = \'\'\'{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}]}}\'\'\'\n\n"
        );
        moves += &format!(
            "[[move]]\nminute = 5\nby = \"A\"\ncall = \"sts:AssumeRole\"\nparams = {{ RoleArn = \"{arn}\", RoleSessionName = \"s{n}\" }}\ngives = \"R{n}\"\nsays = \"another role\"\n\n"
        );
    }
    text = text.replacen("[[bucket]]", &format!("{roles}[[bucket]]"), 1);
    // Moves stand in the order of their minutes.
    text = text.replacen("[[move]]\nminute = 6", &format!("{moves}[[move]]\nminute = 6"), 1);
    let path = folder.join("ten-roles.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn only_case(cases: &str) -> (String, PathBuf) {
    let entry = std::fs::read_dir(cases).unwrap().next().unwrap().unwrap();
    (entry.file_name().into_string().unwrap(), entry.path())
}

fn journal(case: &Path) -> (Vec<Entry>, Vec<ApiCall>) {
    let (entries, _) = load(&case.join("journal.jsonl")).unwrap();
    let calls = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::Closed { calls, .. } => Some(calls.clone()),
        _ => None,
    });
    (entries, calls.unwrap())
}

fn report(case: &str, cases: &str) -> String {
    let report = std::process::Command::new(OUST)
        .args(["report", case, "--cases", cases])
        .output();
    said(&report.unwrap())
}

/// A user with ten reached roles under 50 ms of latency: the owner, the first cuts, everything else, each read back.
#[test]
fn ten_roles_are_contained_in_six_round_trips_and_the_first_cut_is_the_second_call() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::of(&ten_roles(folder.path()), &["--played", "--latency", "50ms"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let playbook = quick(folder.path());
    let run = served.oust(
        "responder-key",
        None,
        &["run", &stolen, "--yes", "--playbook", &playbook, "--cases", &cases],
    );
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let (_, case) = only_case(&cases);
    let (entries, calls) = journal(&case);
    let path = path_of_cuts(&entries, &calls);
    // The owner is asked for before the case is opened, beside who calls.
    assert!(path.round_trips < 6, "{path:?}");
    assert_eq!(path.to_first_change, Some(1), "{path:?}");
    let place = |operation: &str| calls.iter().position(|call| call.operation == operation).unwrap();
    let (cut, deny) = (place("UpdateAccessKey"), place("PutUserPolicy"));
    let until = |place: usize| critical_path(&calls[..=place], calls[0].at).round_trips;
    // Nothing but whose the key is and who calls was waited for; what was there is looked at beside the cut, and the deny waits for that look.
    assert_eq!((until(cut), until(deny)), (2, 3), "{calls:?}");
    let answered = |call: &&ApiCall| {
        let in_time = |millis| call.at.plus_millis(millis) <= calls[cut].at;
        call.millis.is_some_and(in_time)
    };
    let before: Vec<&str> = calls
        .iter()
        .filter(answered)
        .map(|call| call.operation.as_str())
        .collect();
    assert_eq!(before.len(), 2, "{before:?}");
    assert!(calls[1].at.millis() - calls[0].at.millis() < 40, "they go out together");
    let revoked = entries.iter().filter(|entry| match &entry.event {
        Event::Verified { step } => entries.iter().any(|other| match &other.event {
            Event::Intended { step: of, change, .. } => of == step && change.operation() == "iam:PutRolePolicy",
            _ => false,
        }),
        _ => false,
    });
    assert_eq!(revoked.count(), 11);
    let told = report(&only_case(&cases).0, &cases);
    let counted = format!("cutting took {} one after another", path.round_trips);
    assert!(told.contains(&counted), "{counted}: {told}");
}

/// The same account by hand, as AWS's playbook has it, with boto3: each call waits for the one before. Counted are the calls that look at and change
/// IAM. Looking through the trail is no part of it for either: AWS answers two lookups a second, and by hand one Region is looked at.
#[test]
fn a_run_takes_a_fraction_of_the_round_trips_of_the_playbook_by_hand() {
    let Some(python) = peers::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenario = ten_roles(folder.path());
    let serve = || Served::of(&scenario, &["--played", "--latency", "50ms"]);
    let served = serve();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/playbook.py");
    let mut by_hand = support::process::clean(&python)
        .args([
            script,
            &served.endpoint,
            served.key("A")["access_key_id"].as_str().unwrap(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(by_hand.stdin.take().unwrap(), "{}", served.key("responder-key")).unwrap();
    let by_hand = by_hand.wait_with_output().unwrap();
    let mut by_hand: Vec<ApiCall> = serde_json::from_slice(&by_hand.stdout).unwrap();
    by_hand.retain(|call| call.operation != "LookupEvents");
    let revoked = by_hand.iter().filter(|call| call.operation == "PutRolePolicy");
    assert_eq!(revoked.count(), 11, "{by_hand:?}");
    let path = critical_path(&by_hand, by_hand[0].at);
    assert_eq!(path.round_trips, by_hand.len(), "each waits for the one before");

    let served = serve();
    let (cases, playbook) = (folder.path().join("cases"), quick(folder.path()));
    let (cases, stolen) = (
        cases.to_str().unwrap(),
        served.key("A")["access_key_id"].as_str().unwrap(),
    );
    let args = ["run", stolen, "--yes", "--playbook", &playbook, "--cases", cases];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let (entries, calls) = journal(&only_case(cases).1);
    // The owner is asked for before the case is opened.
    let ours = path_of_cuts(&entries, &calls).round_trips + 1;
    println!("by hand {path:?}, oust {ours}");
    assert!(ours <= 6, "{ours}");
    assert!(path.round_trips >= 5 * ours, "{ours}, by hand {path:?}");
    assert!(path.to_first_change > Some(2), "{path:?}");
}

const FAULTS: [&str; 6] = ["500", "503", "throttle", "timeout-lost", "timeout-done", "500-done"];

/// The changes of a run that deletes the user, and its reads.
const CHANGES: [&str; 9] = [
    "UpdateAccessKey",
    "PutUserPolicy",
    "PutUserPermissionsBoundary",
    "PutRolePolicy",
    "DeleteUserPolicy",
    "DetachUserPolicy",
    "DeleteAccessKey",
    "DeleteUserPermissionsBoundary",
    "DeleteUser",
];
const READS: [&str; 9] = [
    "GetUserPolicy",
    "ListAccessKeys",
    "GetRolePolicy",
    "GetUser",
    "GetAccessKeyLastUsed",
    "GetCallerIdentity",
    "GetAccountAuthorizationDetails",
    "LookupEvents",
    "ListUserPolicies",
];

/// A run to `end` in which the calls of `faults` fail: contained all the same.
fn outlasts(folder: &Path, end: &str, faults: &[String]) {
    let served = Served::start(&["--played", "--faults", &faults.join(",")]);
    let cases = tempfile::tempdir_in(folder).unwrap();
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let playbook = quick(folder);
    let args = ["run", &stolen, "--yes", "--end", end, "--playbook", &playbook];
    let cases = cases.path().to_str().unwrap();
    let run = served.oust("responder-key", None, &[&args[..], &["--cases", cases]].concat());
    assert_eq!(run.status.code(), Some(0), "{end}, {faults:?}: {}", said(&run));
    assert!(said(&run).contains("CONTAINED"), "{}", said(&run));
}

/// Every kind of fault: it comes to the same end, and says so. Another fault for each operation, so that all of them are met without hundreds of runs;
/// `OUST_FAULTS=all` lets each operation by itself fail in each way, and again where it is repeated.
#[test]
fn a_run_outlasts_a_fault_of_every_kind_at_every_call() {
    let folder = tempfile::tempdir().unwrap();
    if std::env::var("OUST_FAULTS").is_ok_and(|what| what == "all") {
        return each_by_itself(folder.path());
    }
    for n in 0..FAULTS.len() {
        let operations = CHANGES.iter().take(4).chain(READS.iter().take(4)).enumerate();
        let pairs = operations.map(|(k, operation)| format!("{operation}:1={}", FAULTS[(n + k) % FAULTS.len()]));
        outlasts(folder.path(), "contain", &pairs.collect::<Vec<_>>());
    }
}

fn each_by_itself(folder: &Path) {
    let operations = CHANGES.iter().chain(&READS);
    let pairs = operations.flat_map(|operation| FAULTS.iter().map(move |fault| (operation, fault)));
    let pairs: Vec<(&&str, &&str)> = pairs.collect();
    std::thread::scope(|scope| {
        for lane in 0..4 {
            let pairs = &pairs;
            scope.spawn(move || {
                for (operation, fault) in pairs.iter().skip(lane).step_by(4) {
                    let again = [1, 2, 4].map(|n| format!("{operation}:{n}={fault}"));
                    outlasts(folder, "delete", &again);
                }
            });
        }
    });
}

/// What is turned round after a run has ended is seen, told, and made again where somebody agreed to it.
#[test]
fn a_watched_case_tells_and_makes_again_what_is_turned_round() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let playbook = quick(folder.path());
    let args = ["run", &stolen, "--yes", "--playbook", &playbook, "--cases", &cases];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let (case, _) = only_case(&cases);
    let watch = |more: &[&str]| {
        let args = [&["watch", &case, "--once", "--cases", &cases], more].concat();
        served.oust("responder-key", None, &args)
    };
    let calm = watch(&[]);
    assert_eq!(calm.status.code(), Some(0), "{}", said(&calm));
    // This trail tells at once who made a new user: it was not the family.
    served.create_user("newcomer");
    let told = watch(&[]);
    assert_eq!(told.status.code(), Some(0), "{}", said(&told));
    let since = "since: user `newcomer` was made at";
    assert!(said(&told).contains(since), "{}", said(&told));
    served.delete_user("newcomer");
    let harmless = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:Nothing","Resource":"*"}]}"#;
    served.put_role_policy("MyBucketRole", "AWSRevokeOlderSessions", harmless);
    let told = watch(&[]);
    assert_eq!(told.status.code(), Some(3), "{}", said(&told));
    assert!(
        said(&told).contains("called for: revoke the sessions of role `MyBucketRole`"),
        "{}",
        said(&told)
    );
    assert!(said(&told).contains("NOT CONTAINED"), "{}", said(&told));
    let again = watch(&["--yes"]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    let told = report(&case, &cases);
    assert!(told.contains("wave 3"), "{told}");
    // All its waves are looked at to be turned round, and none of them may be while a session lives.
    let undone = served.oust("responder-key", None, &["undo", &case, "--yes", "--cases", &cases]);
    assert_eq!(undone.status.code(), Some(4), "{}", said(&undone));
    let told = said(&undone);
    assert!(told.contains("5 changes stay") && told.contains("step w3-4"), "{told}");
}

/// The story, in which the stolen key may take sessions of `DeployRole`, too, which may list the users.
fn another_role(folder: &Path) -> String {
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/scenarios/stolen-key.toml");
    let text = std::fs::read_to_string(story).unwrap();
    let text = text.replacen(
        r#""Resource":"arn:aws:iam::123456789012:role/MyBucketRole""#,
        r#""Resource":"*""#,
        1,
    );
    let text = text.replacen(
        r#""AWS":"arn:aws:iam::123456789012:user/alice""#,
        r#""AWS":"arn:aws:iam::123456789012:root""#,
        1,
    );
    let text = text.replacen("lambda:UpdateFunctionCode", "iam:ListUsers", 1);
    let path = folder.join("another-role.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// CloudTrail is late, and the stolen key takes a session of a role that the trail doesn't tell of before the run is over. Nothing that can be seen by
/// then speaks of it; so nothing is called contained, until a look from behind the delay finds and ends it.
#[test]
fn what_the_trail_does_not_tell_yet_is_waited_for_before_anything_is_called_contained() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let late = ["--played", "--lag", "trail=24s..25s"];
    let served = Served::of(&another_role(folder.path()), &late);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let session = served.assume_role("DeployRole", "A");
    assert!(served.can_list_users(&session));
    let playbook = quick(folder.path());
    let args = ["run", &stolen, "--yes", "--playbook", &playbook, "--cases", &cases];
    let run = served.oust("responder-key", None, &args);
    let told = said(&run);
    assert_eq!(run.status.code(), Some(3), "{told}");
    assert!(
        !told.contains(session.access_key_id()),
        "the trail told too early: {told}"
    );
    assert!(
        told.contains("NOT PROVEN YET") && told.contains("--until-contained"),
        "{told}"
    );
    let (case, _) = only_case(&cases);
    // A deny is not lifted either, while somebody may be behind it whom nobody knows yet.
    let undo = ["undo", &case, "--yes", "--cases", &cases];
    let undone = said(&served.oust("responder-key", None, &undo));
    assert!(undone.contains("CloudTrail may be late"), "{undone}");
    let watch = [
        "watch",
        &case,
        "--yes",
        "--until-contained",
        "--every",
        "1",
        "--cases",
        &cases,
    ];
    let watched = served.oust("responder-key", None, &watch);
    let told = said(&watched);
    assert_eq!(watched.status.code(), Some(0), "{told}");
    assert!(told.contains("revoke the sessions of role `DeployRole`"), "{told}");
    assert!(!served.can_list_users(&session), "{told}");
}

/// A network that goes away for a while ends no watch: the look is told as failed, and made again.
#[test]
fn a_watch_outlasts_a_look_that_nobody_answers() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let playbook = quick(folder.path());
    let args = ["run", &stolen, "--yes", "--playbook", &playbook, "--cases", &cases];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let (case, _) = only_case(&cases);
    let args = ["watch", &case, "--every", "1", "--cases", &cases];
    let mut watch = served
        .command("responder-key", None, &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (out, err) = (watch.stdout.take().unwrap(), watch.stderr.take().unwrap());
    let mut looks = std::io::BufReader::new(out).lines();
    assert!(looks.any(|line| line.unwrap().contains("contained")));
    drop(served);
    let mut told = std::io::BufReader::new(err).lines().map_while(Result::ok);
    assert!(told.any(|line| line.contains("this look failed")));
    assert_eq!(watch.try_wait().unwrap(), None);
    watch.kill().unwrap();
    watch.wait().unwrap();
}

/// Whose doing a new user is a late trail may tell later: until then nobody can say that it isn't the intruder's, unless somebody knows it better, which
/// the case remembers.
#[test]
fn somebody_new_is_in_doubt_until_the_trail_would_tell_of_him() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played", "--lag", "trail=60m..60m"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let playbook = quick(folder.path());
    let args = ["run", &stolen, "--yes", "--playbook", &playbook, "--cases", &cases];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(3), "{}", said(&run));
    let (case, _) = only_case(&cases);
    let watch = |more: &[&str]| {
        let args = [&["watch", &case, "--once", "--cases", &cases], more].concat();
        served.oust("responder-key", None, &args)
    };
    served.create_user("newcomer");
    let doubt = "in doubt: user `newcomer` was made at";
    assert!(said(&watch(&[])).contains(doubt));
    let garbled = watch(&["--innocent", "newcomer"]);
    assert_eq!(garbled.status.code(), Some(2), "{}", said(&garbled));
    for known in [&["--innocent", "user/newcomer"][..], &[]] {
        assert!(!said(&watch(known)).contains("newcomer"));
    }
}

/// A member that only the evidence of the run told of is judged for ever after: stdin is read once, and nothing else knows of it.
#[test]
fn a_watched_case_remembers_whom_only_stdin_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let unheard = "ASIARZPUZDIKUNHEARD2";
    let record = serde_json::json!({"Records": [{
        "eventVersion": "1.11", "eventID": "0d6a2f6e-0000-4000-8000-000000000001", "eventType": "AwsApiCall",
        "eventTime": oust::time::Clock::now(&oust::time::SystemClock).whole_second().to_string(),
        "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "awsRegion": "us-east-1",
        "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli", "recipientAccountId": "123456789012",
        "userIdentity": {"type": "IAMUser", "accountId": "123456789012", "accessKeyId": stolen, "userName": "support-user",
            "principalId": "AIDARZPUZDIKHNUDRHKVF", "arn": "arn:aws:iam::123456789012:user/support-user"},
        "requestParameters": {"roleArn": "arn:aws:iam::123456789012:role/DeployRole", "roleSessionName": "quiet"},
        "responseElements": {"credentials": {"accessKeyId": unheard, "expiration": "Dec 30, 2030, 11:00:00 AM"},
            "assumedRoleUser": {"assumedRoleId": "AROARZPUZDIKNYGEUK5TS:quiet",
                "arn": "arn:aws:sts::123456789012:assumed-role/DeployRole/quiet"}}}]});
    let playbook = quick(folder.path());
    let args = [
        "run",
        &stolen,
        "--yes",
        "--playbook",
        &playbook,
        "--cases",
        &cases,
        "--logs",
        "-",
    ];
    let mut run = served
        .command("responder-key", None, &args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    run.stdin
        .take()
        .unwrap()
        .write_all(record.to_string().as_bytes())
        .unwrap();
    let run = run.wait_with_output().unwrap();
    assert!(said(&run).contains(unheard), "{}", said(&run));
    let (case, _) = only_case(&cases);
    // Its revocation is taken away: the case is only as safe as this one session.
    let harmless = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:Nothing","Resource":"*"}]}"#;
    served.put_role_policy("DeployRole", "AWSRevokeOlderSessions", harmless);
    let told = served.oust("responder-key", None, &["watch", &case, "--once", "--cases", &cases]);
    assert_eq!(told.status.code(), Some(3), "{}", said(&told));
    assert!(said(&told).contains(unheard), "{}", said(&told));
    assert!(
        said(&told).contains("called for: revoke the sessions of role `DeployRole`"),
        "{}",
        said(&told)
    );
}

/// A trail in which somebody else reads something.
const RECORD: &str = r#"{"Records":[{"eventVersion":"1.08","eventID":"00000000-0000-4000-8000-000000000001","eventTime":"2026-03-24T09:00:00Z",
    "eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"us-east-1","recipientAccountId":"123456789012","readOnly":true,
    "userIdentity":{"type":"IAMUser","principalId":"AIDAEXAMPLE","arn":"arn:aws:iam::123456789012:user/bob","accountId":"123456789012","userName":"bob",
    "accessKeyId":"AKIAIOSFODNN7EXAMPLE"}}]}"#;

/// A run that reads its trail from stdin, which is not there yet.
fn waits_for_logs(served: &Served, key: &str, playbook: &str, cases: &str) -> std::process::Child {
    let args = [
        "run",
        key,
        "--yes",
        "--playbook",
        playbook,
        "--cases",
        cases,
        "--logs",
        "-",
    ];
    let mut command = served.command("responder-key", None, &args);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Whoever fights back turns the first wave round while the trail is still being read, however long that takes: it is made again meanwhile.
#[test]
fn the_first_wave_is_looked_after_while_the_trail_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let mut run = waits_for_logs(&served, &stolen, &quick(folder.path()), &cases);
    let journal = || {
        let cases = std::fs::read_dir(&cases).into_iter().flatten();
        let journals = cases.map(|case| case.unwrap().path().join("journal.jsonl"));
        let texts = journals.filter_map(|path| std::fs::read_to_string(path).ok());
        texts.collect::<String>()
    };
    let until = |what: &str| {
        let began = std::time::Instant::now();
        while !journal().contains(what) {
            assert!(began.elapsed() < Duration::from_secs(60), "no {what}: {}", journal());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    // Not all of the trail is there, and the first wave is over.
    until("\"event\":\"closed\"");
    assert!(served.user_policies("support-user").contains(&"OustDenyAll".to_owned()));
    served.delete_user_policy("support-user", "OustDenyAll");
    until("\"event\":\"contested\"");
    let began = std::time::Instant::now();
    while !served.user_policies("support-user").contains(&"OustDenyAll".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(10), "{}", journal());
    }
    assert!(!journal().contains("widened"), "{}", journal());
    run.stdin.take().unwrap().write_all(RECORD.as_bytes()).unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("contested: step f-"), "{}", said(&output));
}

/// Ctrl-C while the trail is read ends it there; what is cut stands.
#[cfg(unix)]
#[test]
fn ctrl_c_while_the_trail_is_read_leaves_a_case_that_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let run = waits_for_logs(&served, &stolen, &quick(folder.path()), &cases);
    let began = std::time::Instant::now();
    while !served.user_policies("support-user").contains(&"OustDenyAll".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let pid = run.id().to_string();
    std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("error[case.interrupted]"), "{}", said(&output));
    let (case, _) = only_case(&cases);
    let resumed = served.oust("responder-key", None, &["resume", &case, "--yes", "--cases", &cases]);
    assert_eq!(resumed.status.code(), Some(0), "{}", said(&resumed));
}

/// What goes wrong behind the first wave is not told as if nothing had been changed. The responder loses his permissions while the trail is read, and what he
/// may not do is seen in the rehearsal before AWS enforces it.
#[test]
fn a_failure_behind_the_first_wave_says_that_something_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played", "--lag", "20s"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let playbook = quick(folder.path());
    let args = ["run", &stolen, "--yes", "--playbook", &playbook, "--cases", &cases];
    let from_stdin = [&args[..], &["--logs", "-"]].concat();
    let mut command = served.command("responder-key", None, &from_stdin);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut run = command.spawn().unwrap();
    let began = std::time::Instant::now();
    let is_over = || {
        let cases = std::fs::read_dir(&cases).into_iter().flatten();
        let journals = cases.map(|case| case.unwrap().path().join("journal.jsonl"));
        let mut texts = journals.filter_map(|path| std::fs::read_to_string(path).ok());
        texts.any(|text| text.contains("\"event\":\"closed\""))
    };
    while !is_over() {
        assert!(began.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    let bound = served.iam("responder-key").put_user_permissions_boundary();
    let bound = bound
        .user_name("responder")
        .permissions_boundary("arn:aws:iam::aws:policy/AWSDenyAll");
    served::wait(bound.send()).unwrap();
    drop(run.stdin.take());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", said(&output));
    assert!(said(&output).contains("nothing more was changed"), "{}", said(&output));
}

/// Whom the plan would cut off is only known when the trail is read; the first wave stands by then.
#[test]
fn a_refusal_behind_the_first_wave_is_not_contained() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let attached = served
        .iam("responder-key")
        .attach_role_policy()
        .role_name("MyBucketRole");
    let attached = attached.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess");
    served::wait(attached.send()).unwrap();
    let session = served.assume_role("MyBucketRole", "responder-key");
    let args = ["run", &stolen, "--yes", "--cases", &cases];
    let mut command = served.command("responder-key", None, &args);
    command
        .env("AWS_ACCESS_KEY_ID", session.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", session.secret_access_key())
        .env("AWS_SESSION_TOKEN", session.session_token().unwrap());
    let output = command.output().unwrap();
    assert!(said(&output).contains("error[refused."), "{}", said(&output));
    assert!(
        said(&output).contains("the first wave is done and stands"),
        "{}",
        said(&output)
    );
    assert!(!said(&output).contains("nothing was changed"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
}
