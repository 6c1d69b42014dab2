//! What would have stopped the story: each measure put onto the twin, where the incident and the day of legitimate use are played again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/incidents.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod incidents;
#[path = "support/records.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod records;
mod support;

use incidents::WEAK;
use oust::account::{Account, Guards, KeyStatus, LastUsed, MfaDevice, ServiceSpecificCredential, Snapshot};
use oust::harden::{Call, Finding, Measure, Prevention, RULES, Row, Sample, Usage, prevention};
use oust::lineage::trace;
use oust::policy::PolicyText;
use oust::tabletop::{Scenario, Stage};
use oust::time::ManualClock;
use oust::trail::{Glance, Sieve};
use oust::twin::Twin;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;
use support::story;

fn calls(stage: &Stage, by_family: bool, family: &BTreeSet<String>) -> Vec<Call> {
    let trail = stage.twin.trail();
    let calls = trail
        .iter()
        .filter_map(Call::of)
        .filter(|call| call.event.error.is_none());
    let is_family = |call: &Call| {
        call.event
            .identity
            .key
            .as_ref()
            .is_some_and(|key| family.contains(key.as_str()))
    };
    calls.filter(|call| is_family(call) == by_family).collect()
}

fn told() -> Prevention {
    told_after(|_| {})
}

/// What is told of the story when this was done to the account since.
fn told_after(since: impl Fn(&mut Account)) -> Prevention {
    let stage = story::played();
    let lineage = trace(&story::evidence(&stage.twin), std::slice::from_ref(&stage.names["A"]));
    let family = lineage
        .credentials
        .iter()
        .map(|member| member.key.to_string())
        .collect();
    let mut account = stage.twin.account();
    since(&mut account);
    prevention(
        &account,
        &lineage,
        &calls(&stage, false, &family),
        &calls(&stage, true, &family),
        Some(&stage.names["responder-key"]),
        stage.twin.now(),
        Sample::default(),
    )
}

/// Gives a user an MFA device of this serial number.
fn enrol(account: &mut Account, user: &str, serial: &str) {
    let user = account.users.get_mut(user).unwrap();
    let enabled = user.created;
    let devices = &mut user.credentials.as_mut().unwrap().mfa_devices;
    devices.push(MfaDevice {
        serial: serial.to_owned(),
        enabled,
    });
}

/// Gives the story's user one.
fn enrolled(serial: &'static str) -> impl Fn(&mut Account) {
    move |account| enrol(account, "support-user", serial)
}

const CODES: &str = "arn:aws:iam::123456789012:mfa/phone";
const PASSKEY: &str = "arn:aws:iam::123456789012:u2f/user/support-user/key-ABC";

/// Puts a measure there by hand.
fn put(account: &mut Account, measure: &Measure) {
    let text = |document: &Value| PolicyText::new(document.to_string());
    match measure {
        Measure::Trust { role, document } => account.roles.get_mut(role).unwrap().trust = text(document),
        Measure::UserPolicy { user, name, document } => {
            let user = account.users.get_mut(user).unwrap();
            user.inline.insert((*name).to_owned(), text(document));
        }
        Measure::RolePolicy { role, name, document } => {
            let role = account.roles.get_mut(role).unwrap();
            role.inline.insert((*name).to_owned(), text(document));
        }
        Measure::KeyInactive { user, key } => {
            let held = account.users.get_mut(user).unwrap().credentials.as_mut().unwrap();
            held.access_keys.iter_mut().find(|held| held.id == *key).unwrap().status = KeyStatus::Inactive;
        }
        other => panic!("the story has no {other:?}"),
    }
}

/// A stage with these measures in force, before its first move.
fn hardened(scenario: &Scenario, measures: &[&Measure]) -> Stage {
    let mut stage = Stage::set(scenario, scenario.start()).unwrap();
    let mut state = stage.twin.state();
    measures.iter().for_each(|measure| put(&mut state.account, measure));
    let clock = ManualClock::starting_at(scenario.start());
    stage.twin = Twin::on_manual_clock(state, clock.clone());
    stage.clock = clock;
    stage
}

/// Plays the moves of one side; gives when and what is the first that is refused.
fn first_refused(measures: &[&Measure], innocent: bool) -> Option<(String, String)> {
    let mut scenario = story::scenario();
    // What is refused anyhow proves nothing.
    scenario.moves.retain(|made| made.innocent == innocent && !made.fails);
    let mut stage = hardened(&scenario, measures);
    match stage.play(&scenario) {
        Ok(()) => None,
        Err(error) => {
            let last = stage.told.last().unwrap();
            let minute = (last.at.seconds() - scenario.start().seconds()) / 60;
            assert!(
                error.to_string().contains("AccessDenied") || error.to_string().contains("not authorized"),
                "{error}"
            );
            Some((format!("09:{minute:02}"), last.by.clone()))
        }
    }
}

fn measure(finding: &Finding) -> &Measure {
    finding.measure.as_ref().unwrap()
}

#[test]
fn each_row_has_a_finding_a_ready_document_and_a_rule() {
    // A key is held to MFA only where its owner has a device.
    let told = told_after(enrolled(CODES));
    for row in [Row::PermanentKey, Row::RoleSession, Row::SessionToken] {
        let of_row = |finding: &&Finding| finding.row == row && finding.is_ready();
        let ready = told.findings.iter().filter(of_row);
        let stops = ready.filter(|finding| {
            let proof = finding.proof.as_ref().unwrap();
            measure(finding).document().is_some() && !proof.cut.is_empty()
        });
        assert!(stops.count() > 0, "{row:?}");
        assert!(RULES.iter().any(|rule| rule.row == row));
    }
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    let named = told.findings.iter().flat_map(|finding| &finding.rules);
    assert!(named.copied().all(|rule| rules.contains(rule)));
}

/// One measure of the table in "Securing AWS Temporary Tokens": which finding it is, whether its document can be put there as it is, what the
/// document must say, whose call it stops at which minute, whom it cuts, and which rules tell of such a thing.
struct Named {
    row: Row,
    kind: &'static str,
    about: &'static str,
    ready: bool,
    says: &'static [&'static str],
    stops: Option<(&'static str, &'static str)>,
    cut: &'static [&'static str],
    rules: &'static [&'static str],
}

/// The measures that the table names for the story's account. That of instances needs an account with one: `tests/hardened.rs`.
const TABLE: [Named; 7] = [
    Named {
        row: Row::PermanentKey,
        kind: "mfa-not-required",
        about: "support-user",
        ready: false,
        says: &["aws:MultiFactorAuthPresent", "aws:ViaAWSService"],
        stops: Some(("A", "09:06")),
        cut: &["B", "C"],
        rules: &["key-exposed", "key-from-two-addresses"],
    },
    // The addresses are other people's: nobody but the intruder was seen to use it.
    Named {
        row: Row::PermanentKey,
        kind: "address-free-user",
        about: "support-user",
        ready: false,
        says: &["aws:SourceIp", "198.51.100.7", "aws:ViaAWSService"],
        stops: Some(("A", "09:06")),
        cut: &["B", "C"],
        rules: &["key-from-elsewhere-support-user"],
    },
    Named {
        row: Row::PermanentKey,
        kind: "address-free-user",
        about: "alice",
        ready: true,
        says: &["aws:SourceIp", "198.51.100.7"],
        stops: None,
        cut: &[],
        rules: &["key-from-elsewhere-alice"],
    },
    Named {
        row: Row::RoleSession,
        kind: "trust-too-wide",
        about: "MyBucketRole",
        ready: true,
        says: &["user/alice"],
        stops: Some(("A", "09:06")),
        cut: &["B", "C"],
        rules: &["assume-role-burst", "role-juggling"],
    },
    Named {
        row: Row::RoleSession,
        kind: "address-free-role",
        about: "MyBucketRole",
        ready: true,
        says: &["aws:SourceIp", "198.51.100.7"],
        stops: Some(("C", "09:07")),
        cut: &["C"],
        rules: &["session-from-elsewhere-MyBucketRole"],
    },
    // A session of a user can't be prevented: it is worth nothing.
    Named {
        row: Row::SessionToken,
        kind: "token-without-mfa",
        about: "support-user",
        ready: true,
        says: &["aws:TokenIssueTime", "aws:MultiFactorAuthPresent"],
        stops: None,
        cut: &["B"],
        rules: &[
            "session-token",
            "session-token-without-mfa",
            "session-token-assumes-role",
        ],
    },
    Named {
        row: Row::SessionToken,
        kind: "token-without-mfa",
        about: "alice",
        ready: true,
        says: &["aws:TokenIssueTime"],
        stops: None,
        cut: &[],
        rules: &["session-outlives-key"],
    },
];

#[test]
fn each_measure_that_the_table_names_is_found_proven_and_told_of() {
    let told = told();
    for named in &TABLE {
        let what = format!("{} of {}", named.kind, named.about);
        let finding = about(&told, named.kind, named.about);
        let proof = finding.proof.as_ref().unwrap();
        assert_eq!((finding.row, finding.is_ready()), (named.row, named.ready), "{what}");
        let document = measure(finding).document().unwrap().to_string();
        PolicyText::new(document.clone()).parse().unwrap();
        assert!(
            named.says.iter().all(|text| document.contains(text)),
            "{what}: {document}"
        );
        // The proof, and the moves of the intruder played again on the hardened twin.
        let stops = named.stops.map(|(by, minute)| (minute.to_owned(), by.to_owned()));
        assert_eq!(first_refused(&[measure(finding)], false), stops, "{what}");
        let is_said = match (named.stops, &proof.stops_at) {
            (Some((by, minute)), Some(said)) => said.contains(&format!(" by {by} at 2026-03-24T{minute}")),
            (None, None) => true,
            _ => false,
        };
        assert!(is_said, "{what}: {:?}", proof.stops_at);
        assert_eq!(proof.cut, named.cut, "{what}");
        assert_eq!(
            first_refused(&[measure(finding)], true),
            None,
            "{what}: the day of legitimate use"
        );
        assert!(proof.broken.is_empty(), "{what}");
        let fitted = finding.fitted.iter().map(|rule| rule.written.id.as_str());
        let rules: BTreeSet<&str> = finding.rules.iter().copied().chain(fitted).collect();
        assert!(named.rules.iter().all(|rule| rules.contains(rule)), "{what}: {rules:?}");
    }
    // GetSessionToken itself is stopped by nothing.
    let minted = |finding: &Finding| finding.proof.as_ref()?.stops_at.clone();
    let mut stops = told.findings.iter().filter_map(minted);
    assert!(!stops.any(|said| said.contains("sts:GetSessionToken")));
}

/// The table's column of what shows it, on the trail of the story; and alerting on every AssumeRole isn't offered.
#[test]
fn what_the_table_says_would_show_it_shows_it() {
    let args = [
        "harden",
        "--detect",
        "--scenario",
        "stolen-key",
        "--format",
        "json",
        "--quiet",
    ];
    let (code, said) = oust(&args);
    assert_eq!(code, 0, "{said}");
    let told: Value = serde_json::from_str(&said).unwrap();
    let stage = story::played();
    let hits: BTreeSet<(&str, &str)> = told["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| (hit["rule"].as_str().unwrap(), hit["key"].as_str().unwrap()))
        .collect();
    let key = |name: &str| stage.names[name].as_str();
    let wanted = [
        ("session-token", key("A")),
        ("session-token-without-mfa", key("A")),
        ("key-from-elsewhere-support-user", key("A")),
        ("key-from-elsewhere-support-user", key("B")),
        ("session-from-elsewhere-MyBucketRole", key("C")),
    ];
    // Neither alice's AssumeRole nor the intruder's is told of for its own sake.
    assert_eq!(hits, wanted.into());
}

/// The table's column of what ends it: the plan does each of it.
#[test]
fn the_plan_does_what_the_table_says_ends_it() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stage = story::played();
    let (_, _, plan) = runtime.block_on(story::planned(&stage, oust::playbook::End::Contain));
    let calls: Vec<&str> = plan.steps.iter().map(|step| step.api.as_str()).collect();
    for wanted in [
        "iam:UpdateAccessKey UserName=support-user",
        "iam:PutUserPolicy UserName=support-user PolicyName=OustDenyAll",
        "iam:PutRolePolicy RoleName=MyBucketRole PolicyName=AWSRevokeOlderSessions",
    ] {
        assert!(calls.iter().any(|call| call.starts_with(wanted)), "{wanted}: {calls:?}");
    }
}

#[test]
fn the_incident_stops_on_the_twin_where_the_finding_says() {
    let told = told_after(enrolled(CODES));
    let mut stopped = 0;
    for finding in told.findings.iter().filter(|finding| finding.is_ready()) {
        let proof = finding.proof.as_ref().unwrap();
        let refused = first_refused(&[measure(finding)], false);
        match (&proof.stops_at, refused) {
            (None, None) => {}
            (Some(said), Some((minute, by))) => {
                assert!(
                    said.contains(&minute) && said.contains(&format!(" by {by} ")),
                    "{said}, and on the twin {by} at {minute}"
                );
                stopped += 1;
            }
            (said, refused) => panic!("{}: said {said:?}, and on the twin {refused:?}", finding.title),
        }
    }
    assert!(stopped >= 4, "{stopped}");
}

#[test]
fn the_day_of_legitimate_use_is_untouched_on_the_twin() {
    let told = told();
    let ready: Vec<&Finding> = told.findings.iter().filter(|finding| finding.is_ready()).collect();
    assert!(ready.len() >= 6);
    for finding in &ready {
        assert_eq!(first_refused(&[measure(finding)], true), None, "{}", finding.title);
    }
    // Of two trust policies of one role the later one stands: each was played by itself above.
    let all: Vec<&Measure> = ready.iter().map(|finding| measure(finding)).collect();
    assert_eq!(first_refused(&all, true), None);
    assert!(first_refused(&all, false).is_some());
    assert!(told.together.broken.is_empty() && told.together.stops_at.is_some());
}

#[test]
fn a_token_that_was_kept_in_reserve_is_worth_nothing_with_its_measure() {
    let told = told();
    let finding = told
        .findings
        .iter()
        .find(|finding| finding.kind == "token-without-mfa" && measure(finding).about() == ("user", "support-user"));
    let finding = finding.unwrap();
    assert_eq!(finding.proof.as_ref().unwrap().cut, ["B"]);
    let scenario = story::scenario();
    let mut stage = hardened(&scenario, &[measure(finding)]);
    stage.play(&scenario).unwrap();
    let reaction = scenario.reaction.as_ref().unwrap();
    let minted = stage.attack(&reaction.by, &reaction.call, &reaction.params, None);
    assert_eq!(minted.unwrap_err().code, "AccessDenied");
    // Without it B goes on minting.
    let stage = story::played();
    assert!(
        stage
            .attack(&reaction.by, &reaction.call, &reaction.params, None)
            .is_ok()
    );
}

#[test]
fn what_would_break_legitimate_use_is_said_and_is_not_ready() {
    let stage = story::played();
    let lineage = trace(
        &story::evidence(&stage.twin),
        std::slice::from_ref(&stage.names["alice-key"]),
    );
    // Alice is taken for the intruder, and the one who was is taken for honest: he never brings MFA.
    let family: BTreeSet<String> = lineage
        .credentials
        .iter()
        .map(|member| member.key.to_string())
        .collect();
    let (honest, mut intruder) = (calls(&stage, false, &family), calls(&stage, true, &family));
    let mut own: Vec<Call> = intruder.clone();
    own.iter_mut().for_each(|call| call.event.id.push('x'));
    intruder.retain(|call| call.event.name != "GetCallerIdentity");
    let mut legitimate = honest;
    legitimate.extend(own);
    let told = prevention(
        &stage.twin.account(),
        &lineage,
        &legitimate,
        &intruder,
        None,
        stage.twin.now(),
        Sample::default(),
    );
    let finding = told
        .findings
        .iter()
        .find(|finding| finding.kind == "mfa-not-required" && measure(finding).about() == ("user", "alice"));
    let finding = finding.unwrap();
    let proof = finding.proof.as_ref().unwrap();
    assert!(!proof.broken.is_empty() && !finding.is_ready(), "{proof:?}");
    assert!(told.together.broken.is_empty(), "{:?}", told.together.broken);
}

/// Everything that contains the incident came after it: it would have been as possible without.
#[test]
fn what_contains_the_incident_does_not_count_as_what_stopped_it() {
    let deny = || {
        PolicyText::new(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#.to_owned(),
        )
    };
    let allow = || deny().as_str().replace("Deny", "Allow");
    let organized = |account: &mut Account| {
        let level = [("FullAWSAccess".to_owned(), PolicyText::new(allow()))];
        account.guards = Some(Guards {
            scps: vec![level.into()],
            ..Guards::default()
        });
    };
    let before = told_after(organized);
    assert!(before.together.asked > 0 && before.together.stopped > 0);
    let denies_all = oust::account::deny_all_arn("aws").unwrap();
    let contained = told_after(|account| {
        organized(account);
        let scps = &mut account.guards.as_mut().unwrap().scps;
        scps[0].insert("OustQuarantine-123456789012-AKIAIOSFODNN7EXAMPLE".to_owned(), deny());
        let user = account.users.get_mut("support-user").unwrap();
        user.inline.insert("OustDenyAll".to_owned(), deny());
        let quarantine = "arn:aws:iam::123456789012:policy/oust/OustQuarantine".parse().unwrap();
        user.attached.extend([denies_all.clone(), quarantine]);
        user.boundary = Some(denies_all.clone());
    });
    assert_eq!(contained.together, before.together);
    assert_eq!(contained.findings, before.findings);
    // A boundary of the account's own stays.
    let own = told_after(|account| {
        let boundary = "arn:aws:iam::123456789012:policy/AWSDenyAll".parse().unwrap();
        account.users.get_mut("support-user").unwrap().boundary = Some(boundary);
    });
    assert_ne!(own.together.asked, before.together.asked);
}

fn oust(args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_oust"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

#[test]
fn the_command_tells_it() {
    let (code, said) = oust(&["harden", "--scenario", "stolen-key"]);
    assert_eq!(code, 0, "{said}");
    insta::assert_snapshot!("story", said);
    let (code, said) = oust(&["harden", "--scenario", "stolen-key", "--format", "json", "--quiet"]);
    assert_eq!(code, 0, "{said}");
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["together"]["cut"], serde_json::json!(["B", "C"]));
    let (code, said) = oust(&["harden", "--detect", "--scenario", "stolen-key"]);
    assert_eq!(code, 0, "{said}");
    insta::assert_snapshot!("story_detected", said);
}

#[test]
fn documents_and_rules_are_written_where_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("measures");
    let (code, said) = oust(&["harden", "--scenario", "stolen-key", "--out", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    let files: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        PolicyText::new(std::fs::read_to_string(file).unwrap()).parse().unwrap();
    }
    // Two trust policies of one role: put one behind the other, the first would be gone.
    let whole = std::fs::read_to_string(path.join("role-MyBucketRole-trust-together.json")).unwrap();
    assert!(
        whole.contains("user/alice") && whole.contains("sts:RoleSessionName"),
        "{whole}"
    );
    let taken = folder.path().join("taken");
    std::fs::write(&taken, "").unwrap();
    let (code, said) = oust(&["harden", "--rules", taken.to_str().unwrap()]);
    assert_eq!(code, 7, "{said}");
    assert!(said.contains("error[harden.unwritable]"), "{said}");
    let (code, said) = oust(&["harden", "--detect"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("error[harden.nothing]"), "{said}");
    // What comes through stdin can't be read for the incident and for everybody else.
    for detect in [&["--detect"][..], &[]] {
        let args = [
            "harden",
            "AKIAIOSFODNN7EXAMPLE",
            "--scenario",
            "stolen-key",
            "--logs",
            "-",
        ];
        let (code, said) = oust(&[&args[..], detect].concat());
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("error[harden.stdin]"), "{said}");
    }
}

/// What is told of the weak account, used so.
fn told_of_weak(used: Vec<Value>) -> (Account, Prevention) {
    let scenario = Scenario::parse(WEAK).unwrap();
    let stage = Stage::set(&scenario, scenario.start()).unwrap();
    let mut account = stage.twin.account();
    account.roles.get_mut("Loop").unwrap().max_session_seconds = Some(43_200);
    enrol(&mut account, "ann", CODES);
    let calls: Vec<Call> = used.iter().filter_map(Call::of).collect();
    assert_eq!(calls.len(), used.len());
    let lineage = trace(&Default::default(), &[]);
    let told = prevention(
        &account,
        &lineage,
        &calls,
        &[],
        None,
        stage.twin.now(),
        Sample::default(),
    );
    (account, told)
}

fn about<'p>(told: &'p Prevention, kind: &str, name: &str) -> &'p Finding {
    let is = |finding: &&Finding| finding.kind == kind && finding.title.contains(&format!("`{name}`"));
    let found = told.findings.iter().find(is);
    found.unwrap_or_else(|| panic!("{kind} of {name}: {:#?}", told.findings))
}

/// The weak account's user, by its key or by a session with MFA.
fn ann(account: &Account, mfa: bool) -> Value {
    let key = account.users["ann"].credentials.as_ref().unwrap().access_keys[0]
        .id
        .to_string();
    match mfa {
        true => records::with_mfa(records::user("ann", "ASIAAAAAAAAAAAAAAAAA")),
        false => records::user("ann", &key),
    }
}

fn look(account: &Account, mut who: Value, from: &'static str, id: usize) -> Value {
    // Unique IDs are the twin's own.
    let name = who["sessionContext"]["sessionIssuer"]["userName"]
        .as_str()
        .map(str::to_owned);
    let session = who["principalId"]
        .as_str()
        .unwrap()
        .split(':')
        .nth(1)
        .map(str::to_owned);
    who["principalId"] = match (name, session) {
        (Some(role), Some(session)) => Value::from(format!("{}:{session}", account.roles[&role].id)),
        _ => Value::from(account.users["ann"].id.clone()),
    };
    records::call(who, "09:00:00", "ec2", "DescribeInstances")
        .from(from)
        .record(id)
}

/// CloudFormation's own linter finds nothing in a template.
fn lint(template: &Value) {
    let Some(python) = support::peers::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("role.json");
    std::fs::write(&path, template.to_string()).unwrap();
    let lint = Command::new(&python)
        .arg(python.with_file_name("cfn-lint"))
        .args(["--regions", "us-east-1", "--"])
        .arg(path)
        .output()
        .unwrap();
    assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
}

/// Where AWS hands out credentials by itself no key is needed: the SDK's user agent tells where one is used.
#[test]
fn a_key_that_compute_of_aws_uses_is_replaceable() {
    let (account, _) = told_of_weak(Vec::new());
    let by = |agent: &str| {
        let mut call = look(&account, ann(&account, false), "198.51.100.7", 1);
        call["userAgent"] = agent.into();
        told_of_weak(vec![call]).1
    };
    let on_lambda = by("Boto3/1.34.42 md/Botocore#1.34.42 ua/2.0 exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy");
    let finding = about(&on_lambda, "key-replaceable", "ann");
    assert!(
        finding.title.contains("a Lambda function") && !finding.is_ready(),
        "{finding:#?}"
    );
    let doubt = finding.doubt.as_ref().unwrap();
    assert!(doubt.contains("`Loop` trusts the user by name"), "{doubt}");
    // Where nothing names the user, nobody is in its way.
    let mut call = look(&account, ann(&account, false), "198.51.100.7", 1);
    call["userAgent"] = "Boto3/1.34.42 exec-env/AWS_Lambda_python3.12".into();
    let statement = serde_json::json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let elsewhere = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
    let free = told_with("Loop", &elsewhere, &[call]);
    assert!(about(&free, "key-replaceable", "ann").is_ready());
    let template = measure(finding).document().unwrap();
    let role = &template["Resources"]["Role"]["Properties"];
    let trust = &role["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Principal"]["Service"], "lambda.amazonaws.com");
    let user = &account.users["ann"];
    for (name, text) in &user.inline {
        let policies = role["Policies"].as_array().unwrap();
        let policy = policies
            .iter()
            .find(|policy| policy["PolicyName"] == name.as_str())
            .unwrap();
        let document: Value = serde_json::from_str(text.as_str()).unwrap();
        assert_eq!(policy["PolicyDocument"], document);
    }
    for arn in &user.attached {
        assert!(
            role["ManagedPolicyArns"]
                .as_array()
                .unwrap()
                .contains(&arn.as_str().into())
        );
    }
    assert!(!(user.inline.is_empty() && user.attached.is_empty()));
    assert!(finding.call.as_ref().unwrap().contains("--stack-name role-for-ann"));
    lint(template);
    let on_ecs = by("Boto3/1.34.42 ua/2.0 exec-env/AWS_ECS_FARGATE cfg/retry-mode#standard");
    let template = measure(about(&on_ecs, "key-replaceable", "ann")).document().unwrap();
    assert!(template.to_string().contains("aws:SourceAccount"));
    lint(template);
    // Nobody takes a role in CloudShell.
    let in_shell = by("aws-cli/2.31.0 exec-env/CloudShell");
    assert!(about(&in_shell, "key-replaceable", "ann").measure.is_none());
    assert!(finding.evidence[0].contains("AWS_Lambda_python3.12"));
    let elsewhere = by("aws-cli/2.31.0 exec-env/grimoire_095724e3");
    assert!(
        !elsewhere
            .findings
            .iter()
            .any(|finding| finding.kind == "key-replaceable")
    );
}

/// What CloudFormation would act on isn't handed to it, and no policy takes the place of another.
#[test]
fn a_role_in_the_place_of_a_key_carries_no_text_that_cloudformation_acts_on() {
    let with = |change: &dyn Fn(&mut Account)| {
        let scenario = Scenario::parse(WEAK).unwrap();
        let stage = Stage::set(&scenario, scenario.start()).unwrap();
        let mut account = stage.twin.account();
        // No role trusts her by name.
        let elsewhere = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        account.roles.get_mut("Loop").unwrap().trust = PolicyText::new(elsewhere);
        change(&mut account);
        let mut call = look(&account, ann(&account, false), "198.51.100.7", 1);
        call["userAgent"] = "Boto3/1.34.42 exec-env/AWS_Lambda_python3.12".into();
        let calls: Vec<Call> = [call].iter().filter_map(Call::of).collect();
        let lineage = trace(&Default::default(), &[]);
        let now = stage.twin.now();
        let told = prevention(&account, &lineage, &calls, &[], None, now, Sample::default());
        about(&told, "key-replaceable", "ann").clone()
    };
    let policy = |resource: &str| {
        let resource = format!("arn:aws:s3:::{resource}");
        let statement = serde_json::json!({"Effect": "Allow", "Action": "s3:*", "Resource": resource});
        PolicyText::new(serde_json::json!({"Version": "2012-10-17", "Statement": statement}).to_string())
    };
    let acted_on = with(&|account| {
        let inline = &mut account.users.get_mut("ann").unwrap().inline;
        inline.insert("Hers".to_owned(), policy("{{resolve:ssm:/x}}"));
    });
    let doubt = acted_on.doubt.as_deref().unwrap();
    assert!(doubt.contains("`Hers`") && !acted_on.is_ready(), "{acted_on:#?}");
    let template = measure(&acted_on).document().unwrap();
    assert!(!template.to_string().contains("{{resolve"), "{template:#}");
    // Groups whose policies have long names, and names that are hers already.
    let named = with(&|account| {
        let mut group = account.groups.values().next().cloned().unwrap_or_else(|| {
            let group = serde_json::json!({"name": "g", "path": "/", "id": "AGPAG", "created": "2026-10-01T00:00:00Z"});
            serde_json::from_value(group).unwrap()
        });
        group.name = "g".repeat(100);
        group.attached.clear();
        group.inline = ["p", "q"].map(|letter| (letter.repeat(60), policy(letter))).into();
        let mut short = group.clone();
        short.name = "short".to_owned();
        short.inline = [("Own".to_owned(), policy("of-the-group"))].into();
        let ann = account.users.get_mut("ann").unwrap();
        ann.groups = [group.name.clone(), short.name.clone()].into();
        ann.inline.insert("short-Own".to_owned(), policy("of-hers"));
        for group in [group, short] {
            account.groups.insert(group.name.clone(), group);
        }
    });
    let template = measure(&named).document().unwrap();
    let policies = template["Resources"]["Role"]["Properties"]["Policies"]
        .as_array()
        .unwrap();
    let names: BTreeSet<&str> = policies.iter().map(|one| one["PolicyName"].as_str().unwrap()).collect();
    assert!(
        names.len() == policies.len() && names.iter().all(|name| name.len() <= 128),
        "{names:?}"
    );
    for resource in ["p", "q", "of-the-group", "of-hers"] {
        let arn = format!("arn:aws:s3:::{resource}");
        let is_there = |one: &Value| one["PolicyDocument"]["Statement"]["Resource"] == arn.as_str();
        assert_eq!(policies.iter().filter(|one| is_there(one)).count(), 1, "{resource}");
    }
    assert!(named.is_ready(), "{named:#?}");
    lint(template);
}

#[test]
fn an_account_of_many_weaknesses_gets_a_document_for_each() {
    let (account, _) = told_of_weak(Vec::new());
    let web = records::role("Web", "i-0123456789abcdef0", "ASIABBBBBBBBBBBBBBBB");
    let mut through = look(&account, web, "10.0.0.5", 1);
    through["vpcEndpointId"] = Value::from("vpce-1");
    let job = records::role("Job", "nightly", "ASIACCCCCCCCCCCCCCCC");
    let job = look(&account, job, "198.51.100.9", 2);
    let mut pushed = records::call(Value::Null, "09:00:00", "sts", "AssumeRoleWithWebIdentity")
        .sent(serde_json::json!({"roleArn": records::role_arn("Deploy"), "roleSessionName": "ci"}))
        .record(3);
    pushed["userIdentity"] =
        serde_json::json!({"type": "WebIdentityUser", "userName": "repo:our/code:ref:refs/heads/main"});
    pushed["responseElements"] = serde_json::json!({"audience": "sts.amazonaws.com"});
    let mut partner = records::call(Value::Null, "09:00:00", "sts", "AssumeRole")
        .sent(serde_json::json!({"roleArn": records::role_arn("Partner"), "roleSessionName": "p", "externalId": "our-number"}))
        .record(4);
    partner["userIdentity"] =
        serde_json::json!({"type": "AWSAccount", "accountId": "210987654321", "principalId": "AIDAX"});
    let taken = records::call(ann(&account, false), "09:00:00", "sts", "AssumeRole")
        .sent(serde_json::json!({"roleArn": records::role_arn("Loop"), "roleSessionName": "ann"}))
        .record(5);
    let (_, told) = told_of_weak(vec![through, job, pushed, partner, taken]);
    let holds = |kind: &str, name: &str, texts: &[&str]| {
        let document = measure(about(&told, kind, name)).document().unwrap().to_string();
        PolicyText::new(document.clone()).parse().unwrap();
        assert!(texts.iter().all(|text| document.contains(text)), "{kind}: {document}");
    };
    holds(
        "instance-unbound",
        "Web",
        &[
            "aws:Ec2InstanceSourceVpc",
            "${aws:SourceVpc}",
            "aws:Ec2InstanceSourcePrivateIPv4",
        ],
    );
    holds("imdsv1", "Web", &["ec2:RoleDelivery"]);
    holds("address-free-role", "Web", &["vpce-1"]);
    holds("function-unbound", "Job", &["function:nightly"]);
    holds(
        "oidc-subject-free",
        "Deploy",
        &["repo:our/code:*", "token.actions.githubusercontent.com:aud"],
    );
    holds("external-id-missing", "Partner", &["our-number", "210987654321"]);
    assert!(matches!(
        measure(about(&told, "session-long", "Loop")),
        Measure::MaxSession { seconds: 3_600, .. }
    ));
    let narrowed = measure(about(&told, "trust-too-wide", "Loop"))
        .document()
        .unwrap()
        .to_string();
    assert!(
        narrowed.contains("user/ann") && !narrowed.contains("role/Loop"),
        "{narrowed}"
    );
    // Whether those from outside still come in is asked of the trust policy.
    for (kind, role) in [("external-id-missing", "Partner"), ("oidc-subject-free", "Deploy")] {
        let finding = about(&told, kind, role);
        let proof = finding.proof.as_ref().unwrap();
        assert_eq!((proof.tried, proof.untried), (1, 0), "{kind}: {proof:?}");
        assert!(finding.is_ready(), "{kind}: {finding:#?}");
    }
    // A function's address is whatever the service has at the time.
    let of_job = |finding: &Finding| finding.kind == "address-free-role" && finding.title.contains("`Job`");
    assert!(!told.findings.iter().any(of_job));
    // What an instance runs on is in no record: it isn't said that the instance goes on working.
    for kind in ["instance-unbound", "imdsv1"] {
        let proof = about(&told, kind, "Web").proof.as_ref().unwrap();
        assert!(
            proof.doubtful > 0 && proof.untouched + proof.untold + proof.doubtful == told.legitimate,
            "{kind}: {proof:?}"
        );
        assert!(!about(&told, kind, "Web").is_ready());
    }
}

/// The weak account with another trust policy on one of its roles, used so.
fn told_with(role: &str, trust: &Value, used: &[Value]) -> Prevention {
    let scenario = Scenario::parse(WEAK).unwrap();
    let stage = Stage::set(&scenario, scenario.start()).unwrap();
    let mut account = stage.twin.account();
    account.roles.get_mut(role).unwrap().trust = PolicyText::new(trust.to_string());
    let calls: Vec<Call> = used.iter().filter_map(Call::of).collect();
    assert_eq!(calls.len(), used.len());
    let lineage = trace(&Default::default(), &[]);
    prevention(
        &account,
        &lineage,
        &calls,
        &[],
        None,
        stage.twin.now(),
        Sample::default(),
    )
}

fn trusting(principals: &[Value]) -> Value {
    let each = principals.iter().map(
        |principal| serde_json::json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}),
    );
    serde_json::json!({"Version": "2012-10-17", "Statement": each.collect::<Vec<_>>()})
}

const OWN_ROOT: &str = "arn:aws:iam::123456789012:root";

fn taking(who: Value, role: &str, name: &str, gives: &str, id: usize) -> Value {
    records::call(who, "09:00:00", "sts", "AssumeRole")
        .sent(serde_json::json!({"roleArn": records::role_arn(role), "roleSessionName": name}))
        .gave(gives)
        .record(id)
}

/// A trail that lacks who took a session says nothing of who takes the role: whoever did would be cut off.
#[test]
fn a_trust_stays_as_it_is_where_sessions_were_used_that_nobody_was_seen_to_take() {
    let (account, _) = told_of_weak(Vec::new());
    let trust = trusting(&[OWN_ROOT.into()]);
    let by_ann = taking(ann(&account, false), "Partner", "ann", "ASIADDDDDDDDDDDDDDDD", 1);
    let of_ann = look(
        &account,
        records::role("Partner", "ann", "ASIADDDDDDDDDDDDDDDD"),
        "198.51.100.7",
        2,
    );
    let told = told_with("Partner", &trust, &[by_ann.clone(), of_ann.clone()]);
    assert!(about(&told, "trust-too-wide", "Partner").is_ready());
    // A later session of hers bears her name, though the record of its taking is lost.
    let lost = look(
        &account,
        records::role("Partner", "ann", "ASIAEEEEEEEEEEEEEEEE"),
        "198.51.100.7",
        3,
    );
    let told = told_with("Partner", &trust, &[by_ann.clone(), of_ann.clone(), lost]);
    assert!(about(&told, "trust-too-wide", "Partner").is_ready());
    let unseen = look(
        &account,
        records::role("Partner", "bob", "ASIAFFFFFFFFFFFFFFFF"),
        "198.51.100.7",
        4,
    );
    let told = told_with("Partner", &trust, &[by_ann, of_ann, unseen]);
    for kind in ["trust-too-wide", "session-name-free", "trust-without-mfa"] {
        let finding = about(&told, kind, "Partner");
        assert!(!finding.is_ready(), "{finding:#?}");
        assert!(finding.doubt.as_ref().unwrap().contains("(bob)"), "{finding:#?}");
    }
}

fn from_partner(account: &str, external: Option<&str>, id: usize) -> Value {
    let mut sent = serde_json::json!({"roleArn": records::role_arn("Partner"), "roleSessionName": "p"});
    if let Some(external) = external {
        sent["externalId"] = external.into();
    }
    let mut record = records::call(Value::Null, "09:00:00", "sts", "AssumeRole")
        .sent(sent)
        .record(id);
    record["userIdentity"] = serde_json::json!({"type": "AWSAccount", "accountId": account, "principalId": "AIDAX"});
    record
}

/// A narrower policy lets nobody in by a statement that wasn't about him.
#[test]
fn another_account_comes_in_by_no_statement_about_this_one() {
    let (account, _) = told_of_weak(Vec::new());
    let other = "arn:aws:iam::210987654321:root";
    let mut trust = trusting(&[OWN_ROOT.into(), other.into()]);
    trust["Statement"][1]["Condition"] = serde_json::json!({"StringEquals": {"sts:ExternalId": "our-number"}});
    let used = [
        from_partner("210987654321", Some("our-number"), 1),
        taking(ann(&account, false), "Partner", "ann", "ASIADDDDDDDDDDDDDDDD", 2),
    ];
    let told = told_with("Partner", &trust, &used);
    let document = measure(about(&told, "trust-too-wide", "Partner")).document().unwrap();
    let statements = document["Statement"].as_array().unwrap();
    let ann = "arn:aws:iam::123456789012:user/ann";
    assert_eq!(statements[0]["Principal"], serde_json::json!({"AWS": [ann]}));
    assert_eq!(statements[1]["Principal"], serde_json::json!({"AWS": [other]}));
    assert_eq!(
        statements[1]["Condition"],
        serde_json::json!({"StringEquals": {"sts:ExternalId": ["our-number"]}})
    );
    // Everybody is narrowed to whoever came, others' accounts as a whole.
    let told = told_with("Partner", &trusting(&["*".into()]), &used);
    let document = measure(about(&told, "trust-too-wide", "Partner")).document().unwrap();
    assert_eq!(
        document["Statement"][0]["Principal"],
        serde_json::json!({"AWS": [ann, other]})
    );
}

/// Who is trusted by the ARN of a session, and took the role, stays; who isn't there any more can't be named.
#[test]
fn sessions_and_users_that_are_gone_are_named_as_iam_takes_them() {
    let (account, _) = told_of_weak(Vec::new());
    let session = "arn:aws:sts::123456789012:assumed-role/Web/i-0123456789abcdef0";
    let web = records::role("Web", "i-0123456789abcdef0", "ASIABBBBBBBBBBBBBBBB");
    let gone = records::user("gone", "AKIAGGGGGGGGGGGGGGGG");
    let used = [
        taking(web, "Partner", "web", "ASIACCCCCCCCCCCCCCCC", 1),
        taking(gone, "Partner", "gone", "ASIADDDDDDDDDDDDDDDD", 2),
        taking(ann(&account, false), "Partner", "ann", "ASIAEEEEEEEEEEEEEEEE", 3),
    ];
    let told = told_with("Partner", &trusting(&[serde_json::json!([OWN_ROOT, session])]), &used);
    let document = measure(about(&told, "trust-too-wide", "Partner")).document().unwrap();
    let kept = document["Statement"][0]["Principal"]["AWS"].to_string();
    assert!(
        kept.contains(session) && kept.contains("user/ann") && !kept.contains("user/gone"),
        "{kept}"
    );
}

#[test]
fn an_external_id_is_asked_of_who_always_sends_it() {
    let other = Value::from("arn:aws:iam::210987654321:root");
    let third = Value::from("arn:aws:iam::333333333333:root");
    let trust = trusting(&[other.clone(), third.clone()]);
    let both = [
        from_partner("210987654321", Some("our-number"), 1),
        from_partner("333333333333", None, 2),
    ];
    let told = told_with("Partner", &trust, &both);
    let document = measure(about(&told, "external-id-missing", "Partner"))
        .document()
        .unwrap();
    let condition = |n: usize| document["Statement"][n]["Condition"].clone();
    assert_eq!(
        condition(0),
        serde_json::json!({"StringEquals": {"sts:ExternalId": ["our-number"]}})
    );
    assert!(condition(1).is_null(), "who sends none would be cut off: {document}");
    // In one statement too: who always sends one gets a statement of his own, and each his.
    let one = trusting(&[Value::from(vec![other.clone(), third.clone()])]);
    let principal = |name: &Value| serde_json::json!({"AWS": [name]});
    let asked = |id: &str| serde_json::json!({"StringEquals": {"sts:ExternalId": [id]}});
    let told = told_with("Partner", &one, &both);
    let finding = about(&told, "external-id-missing", "Partner");
    let statements = measure(finding).document().unwrap()["Statement"].clone();
    assert_eq!(statements[0]["Principal"], principal(&third), "{statements}");
    assert!(statements[0]["Condition"].is_null(), "{statements}");
    assert_eq!(statements[1]["Principal"], principal(&other), "{statements}");
    assert_eq!(statements[1]["Condition"], asked("our-number"), "{statements}");
    assert!(finding.is_ready() && finding.advice.as_ref().unwrap().contains("account 333333333333"));
    let different = [
        from_partner("210987654321", Some("our-number"), 1),
        from_partner("333333333333", Some("their-number"), 2),
    ];
    let told = told_with("Partner", &one, &different);
    let statements = measure(about(&told, "external-id-missing", "Partner"))
        .document()
        .unwrap()["Statement"]
        .clone();
    for (n, (name, id)) in [(&other, "our-number"), (&third, "their-number")]
        .into_iter()
        .enumerate()
    {
        assert_eq!(statements[n]["Principal"], principal(name), "{statements}");
        assert_eq!(statements[n]["Condition"], asked(id), "{statements}");
    }
    assert_eq!(statements.as_array().unwrap().len(), 2);
    // Who sends it now and then can't be held to it.
    let now_and_then = [
        from_partner("210987654321", Some("our-number"), 1),
        from_partner("210987654321", None, 2),
    ];
    let told = told_with("Partner", &trusting(&[other]), &now_and_then);
    assert!(about(&told, "external-id-missing", "Partner").measure.is_none());
}

/// Who comes from outside is asked for again too: the trust policy says whether he comes in.
#[test]
fn a_trust_policy_is_proven_on_other_accounts_and_on_providers_tokens() {
    let scenario = Scenario::parse(WEAK).unwrap();
    let stage = Stage::set(&scenario, scenario.start()).unwrap();
    let calls = |records: &[Value]| records.iter().filter_map(Call::of).collect::<Vec<Call>>();
    let told = |own: &[Value], intruder: &[Value]| {
        let lineage = trace(&Default::default(), &[]);
        let (own, intruder) = (calls(own), calls(intruder));
        prevention(
            &stage.twin.account(),
            &lineage,
            &own,
            &intruder,
            None,
            stage.twin.now(),
            Sample::default(),
        )
    };
    let pushed = |subject: &str, id| {
        let mut record = records::call(Value::Null, "09:00:00", "sts", "AssumeRoleWithWebIdentity")
            .sent(serde_json::json!({"roleArn": records::role_arn("Deploy"), "roleSessionName": "ci"}))
            .record(id);
        record["userIdentity"] = serde_json::json!({"type": "WebIdentityUser", "userName": subject});
        record["responseElements"] = serde_json::json!({
            "audience": "sts.amazonaws.com",
            "provider": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
        });
        record
    };
    let ours = [
        from_partner("210987654321", Some("our-number"), 1),
        pushed("repo:our/code:ref:refs/heads/main", 2),
        pushed("repo:our/code:environment:prod", 3),
    ];
    let theirs = [
        from_partner("210987654321", None, 4),
        pushed("repo:their/code:ref:refs/heads/main", 5),
    ];
    let told = told(&ours, &theirs);
    for (kind, role, tried, stops) in [
        ("external-id-missing", "Partner", 1, "role/Partner"),
        ("oidc-subject-free", "Deploy", 2, "role/Deploy"),
    ] {
        let finding = about(&told, kind, role);
        let proof = finding.proof.as_ref().unwrap();
        assert!(finding.is_ready() && proof.tried == tried, "{kind}: {proof:?}");
        assert_eq!((proof.asked, proof.stopped), (2, 1), "{kind}: {proof:?}");
        assert!(proof.stops_at.as_ref().unwrap().contains(stops), "{kind}: {proof:?}");
    }
    assert_eq!(told.together.stopped, 2);
}

/// Calls that a measure is about and that can't be asked again prove nothing.
#[test]
fn a_measure_that_nothing_could_be_tried_on_is_not_ready() {
    let (account, _) = told_of_weak(Vec::new());
    let mut record = look(&account, ann(&account, true), "198.51.100.7", 1);
    let told = |record: &Value| told_of_weak(vec![record.clone()]).1;
    assert!(about(&told(&record), "address-free-user", "ann").is_ready());
    record["eventName"] = "SomethingNew".into();
    let told = told(&record);
    let finding = about(&told, "address-free-user", "ann");
    let proof = finding.proof.as_ref().unwrap();
    assert_eq!((proof.tried, proof.untried), (0, 1), "{proof:?}");
    assert!(!finding.is_ready());
}

/// What the record tells of the metadata service and of functions is what decides.
#[test]
fn instances_and_functions_are_judged_by_what_the_records_tell() {
    let (account, _) = told_of_weak(Vec::new());
    let by = |version: Option<&str>| {
        let mut record = look(
            &account,
            records::role("Web", "i-0123456789abcdef0", "ASIABBBBBBBBBBBBBBBB"),
            "198.51.100.9",
            1,
        );
        if let Some(version) = version {
            record["userIdentity"]["sessionContext"]["ec2RoleDelivery"] = version.into();
        }
        let (_, told) = told_of_weak(vec![record]);
        let finding = about(&told, "imdsv1", "Web");
        (
            finding.is_ready(),
            finding.proof.as_ref().unwrap().broken.len(),
            finding.doubt.is_some(),
        )
    };
    assert_eq!(by(Some("2.0")), (true, 0, false));
    assert_eq!(
        by(Some("1.0")),
        (false, 1, false),
        "an instance that uses version 1 would stand still"
    );
    assert_eq!(by(None), (false, 0, true));
    // Addresses of instances leave out what goes through gateway endpoints.
    let mut record = look(
        &account,
        records::role("Web", "i-0123456789abcdef0", "ASIABBBBBBBBBBBBBBBB"),
        "198.51.100.9",
        1,
    );
    let (_, told) = told_of_weak(vec![record.clone()]);
    assert!(!about(&told, "address-free-role", "Web").is_ready());
    // A function is known by whom its credential was issued to.
    record = look(
        &account,
        records::role("Job", "nightly", "ASIACCCCCCCCCCCCCCCC"),
        "198.51.100.9",
        2,
    );
    let (_, told) = told_of_weak(vec![record.clone()]);
    assert!(!about(&told, "function-unbound", "Job").is_ready());
    let function = "arn:aws:lambda:us-east-1:123456789012:function:nightly";
    record["userIdentity"]["inScopeOf"] = serde_json::json!({
        "issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": function
    });
    let (_, told) = told_of_weak(vec![record]);
    let finding = about(&told, "function-unbound", "Job");
    assert!(finding.is_ready(), "{finding:#?}");
    let document = measure(finding).document().unwrap().to_string();
    assert!(
        document.contains(function) && document.contains("ec2:CreateNetworkInterface"),
        "{document}"
    );
}

/// A federation token never has MFA: its user's sessions can't be held to it.
#[test]
fn who_federates_people_is_not_held_to_mfa() {
    let (account, _) = told_of_weak(Vec::new());
    let mut who = records::user("ann", "ASIAAAAAAAAAAAAAAAAA");
    who["type"] = "FederatedUser".into();
    who["principalId"] = "123456789012:guest".into();
    who["arn"] = "arn:aws:sts::123456789012:federated-user/guest".into();
    who.as_object_mut().unwrap().remove("userName");
    who["sessionContext"]["sessionIssuer"] = serde_json::json!({
        "type": "IAMUser", "principalId": account.users["ann"].id.clone(), "arn": "arn:aws:iam::123456789012:user/ann", "userName": "ann"
    });
    let record = records::call(who, "09:00:00", "ec2", "DescribeInstances")
        .from("198.51.100.7")
        .record(1);
    let (_, told) = told_of_weak(vec![record]);
    let kinds: Vec<&str> = told.findings.iter().map(|finding| finding.kind).collect();
    assert!(
        !kinds.contains(&"token-without-mfa") && !kinds.contains(&"mfa-not-required"),
        "{kinds:?}"
    );
    assert!(kinds.contains(&"address-free-user"), "{kinds:?}");
}

/// Where its owner was never seen, other people's addresses are a guess, and what was seen of nobody is said to be untried.
#[test]
fn a_guess_is_not_ready_and_thin_evidence_is_said() {
    let told = told();
    let guessed = about(&told, "address-free-user", "support-user");
    assert!(!guessed.is_ready() && !guessed.proof.as_ref().unwrap().cut.is_empty());
    let untried = about(&told, "mfa-not-required", "support-user");
    assert_eq!(untried.proof.as_ref().unwrap().tried, 0);
    let args = |since| ["harden", "--scenario", "stolen-key", "--seen-since", since];
    let (_, said) = oust(&args("30d"));
    let thin = "not yet: legitimate use was to be seen since";
    assert!(said.contains(thin) && !said.contains("   ready"), "{said}");
    assert!(said.contains("None is ready"), "{said}");
    let (_, said) = oust(&args("2026-03-24T09:00:00Z"));
    assert!(!said.contains(thin) && said.contains("All 7 that are ready"), "{said}");
    let (_, said) = oust(&["harden", "--scenario", "stolen-key"]);
    assert!(said.contains("3 legitimate calls were seen in 12 minutes"), "{said}");
    assert!(
        said.contains("ready, but untried: no legitimate call that it is about was seen in 12"),
        "{said}"
    );
    assert!(
        said.contains("ready, resting on 2 legitimate calls in 12 minutes"),
        "{said}"
    );
}

#[test]
fn who_always_brings_mfa_can_be_held_to_it_and_who_does_not_cannot() {
    let (account, _) = told_of_weak(Vec::new());
    let from = |mfa, from, id| look(&account, ann(&account, mfa), from, id);
    let (_, told) = told_of_weak(vec![from(true, "198.51.100.7", 1)]);
    assert!(about(&told, "mfa-not-required", "ann").is_ready());
    let (_, told) = told_of_weak(vec![from(false, "198.51.100.7", 1)]);
    assert!(!told.findings.iter().any(|finding| finding.kind == "mfa-not-required"));
    // From one place: that one. From nine nothing is proposed. Through a service nothing is broken.
    assert!(about(&told, "address-free-user", "ann").is_ready());
    let nine = [
        "198.51.100.1",
        "198.51.100.2",
        "198.51.100.3",
        "198.51.100.4",
        "198.51.100.5",
        "198.51.100.6",
        "198.51.100.7",
        "198.51.100.8",
        "198.51.100.9",
    ];
    let nine = nine
        .iter()
        .enumerate()
        .map(|(n, place)| from(false, place, n))
        .collect();
    let (_, told) = told_of_weak(nine);
    assert!(!told.findings.iter().any(|finding| finding.kind == "address-free-user"));
    let mut via = from(false, "cloudformation.amazonaws.com", 2);
    via["userIdentity"]["invokedBy"] = Value::from("cloudformation.amazonaws.com");
    let (_, told) = told_of_weak(vec![from(false, "198.51.100.7", 1), via]);
    let finding = about(&told, "address-free-user", "ann");
    assert!(
        finding.is_ready() && finding.proof.as_ref().unwrap().untouched == 2,
        "{finding:#?}"
    );
}

/// Documents that fit by themselves aren't all ready where IAM wouldn't take them together.
#[test]
fn what_is_ready_fits_together() {
    let big = |characters: usize| {
        told_after(move |account| {
            enrol(account, "support-user", CODES);
            let user = account.users.get_mut("support-user").unwrap();
            let held: usize = user.inline.values().map(PolicyText::counted_size).sum();
            let text = |name: &str| {
                format!(
                    r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::{name}/*"}}}}"#
                )
            };
            let empty = PolicyText::new(text("")).counted_size();
            let name = "b".repeat(characters - held - empty);
            user.inline.insert("Big".to_owned(), PolicyText::new(text(&name)));
        })
    };
    let of_user = |told: &Prevention| -> Vec<usize> {
        let ready = told.findings.iter().filter(|finding| finding.is_ready());
        let policies = ready.filter_map(|finding| match measure(finding) {
            Measure::UserPolicy { user, document, .. } if user == "support-user" => Some(document.to_string()),
            _ => None,
        });
        policies.map(|text| PolicyText::new(text).counted_size()).collect()
    };
    let sizes = of_user(&told_after(enrolled(CODES)));
    assert_eq!(sizes.len(), 2, "{sizes:?}");
    // All but the last character of both.
    let all: usize = sizes.iter().sum();
    assert_eq!(of_user(&big(2_048 - all)), sizes);
    let told = big(2_048 - all + 1);
    assert_eq!(of_user(&told), sizes[..1]);
    let crowded = told.findings.iter().filter(|finding| finding.too_large.is_some());
    let crowded: Vec<_> = crowded.map(|finding| measure(finding).about()).collect();
    assert_eq!(crowded, [("user", "support-user")]);
    let ready = told.findings.iter().take_while(|finding| finding.is_ready()).count();
    assert_eq!(told.ready, ready);
}

/// One trust policy that holds all that is ready about a role has to fit too.
#[test]
fn trust_policies_that_are_ready_fit_as_one() {
    let padded = |characters: usize| {
        told_after(move |account| {
            let role = account.roles.get_mut("MyBucketRole").unwrap();
            let mut trust: Value = serde_json::from_str(role.trust.as_str()).unwrap();
            trust["Id"] = "i".repeat(characters).into();
            role.trust = PolicyText::new(trust.to_string());
        })
    };
    let ready = |told: &Prevention| {
        let ready = told.findings.iter().filter(|finding| finding.is_ready());
        let trusts = ready.filter(|finding| matches!(measure(finding), Measure::Trust { .. }));
        trusts.map(|finding| finding.kind).collect::<Vec<_>>()
    };
    let whole = |told: &Prevention| {
        let document = told.trusts.first()?.document().unwrap().to_string();
        Some(PolicyText::new(document).counted_size())
    };
    let told = padded(0);
    let (kinds, size) = (ready(&told), whole(&told).unwrap());
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    let full = padded(2_048 - size);
    assert_eq!((ready(&full), whole(&full)), (kinds.clone(), Some(2_048)));
    let told = padded(2_048 - size + 1);
    assert_eq!((ready(&told), whole(&told)), (kinds[..1].to_vec(), None));
    assert_eq!(told.ready, full.ready - 1);
}

/// How long a role's sessions are needed is told by what was given and by how long they were used, not by what was asked for alone.
#[test]
fn sessions_stay_as_long_as_they_are_used() {
    let (account, _) = told_of_weak(Vec::new());
    let long = |used: Vec<Value>| {
        let (_, told) = told_of_weak(used);
        let mut found = told.findings.iter().filter(|finding| finding.kind == "session-long");
        found.next().map(Finding::is_ready)
    };
    let key = "ASIADDDDDDDDDDDDDDDD";
    let taken = taking(ann(&account, false), "Loop", "ann", key, 1);
    assert_eq!(long(vec![taken.clone()]), Some(true));
    // The console asks for no duration, and is given the most.
    let mut switched = taken.clone();
    switched["responseElements"]["credentials"]["expiration"] = "Nov 2, 2026, 9:00:00 PM".into();
    assert_eq!(long(vec![switched]), None);
    // Four hours after it was issued it still works; nobody was seen to take it.
    let used = |at: &str, name: &str| {
        let mut record = look(&account, records::role("Loop", name, key), "198.51.100.7", 2);
        record["eventTime"] = format!("2026-11-02T{at}Z").into();
        record
    };
    assert_eq!(long(vec![used("12:00:00", "saml")]), None);
    assert_eq!(long(vec![taken.clone(), used("12:00:00", "ann")]), None);
    // What a short use asked for isn't known.
    assert_eq!(long(vec![used("08:10:00", "saml")]), Some(false));
    let mut other = used("08:10:00", "saml");
    other["userIdentity"]["accessKeyId"] = "ASIAEEEEEEEEEEEEEEEE".into();
    assert_eq!(long(vec![taken, other]), Some(false));
    assert_eq!(long(Vec::new()), Some(false));
}

/// A credential for one service signs its calls with no key: they are its use all the same.
#[test]
fn a_credential_for_one_service_stays_while_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario::parse(WEAK).unwrap();
    let stage = Stage::set(&scenario, scenario.start()).unwrap();
    let mut account = stage.twin.account();
    let id = "ACCAEXAMPLE123EXAMPLE";
    let held = account.users.get_mut("ann").unwrap().credentials.as_mut().unwrap();
    held.service_specific.push(ServiceSpecificCredential {
        id: id.to_owned(),
        service: "bedrock.amazonaws.com".to_owned(),
        service_user_name: None,
        status: KeyStatus::Active,
        created: scenario.start(),
    });
    let mut record = look(&account, records::user("ann", id), "198.51.100.7", 1);
    let who = record["userIdentity"].as_object_mut().unwrap();
    let id = who.remove("accessKeyId").unwrap();
    who.insert("credentialId".to_owned(), id);
    let (snapshot, logs) = (folder.path().join("snap.json"), folder.path().join("logs.json"));
    let kept = Snapshot::new(stage.twin.now(), account, Vec::new()).to_json().unwrap();
    std::fs::write(&snapshot, kept).unwrap();
    let doubt = |records: Vec<Value>| {
        std::fs::write(&logs, serde_json::json!({"Records": records}).to_string()).unwrap();
        let (snapshot, logs) = (snapshot.to_str().unwrap(), logs.to_str().unwrap());
        let world = ["harden", "--snapshot", snapshot, "--logs", logs];
        let (code, said) = oust(&[&world[..], &["--format", "json", "--quiet"]].concat());
        assert_eq!(code, 0, "{said}");
        let told: Value = serde_json::from_str(&said).unwrap();
        let findings = told["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["kind"] == "service-credential");
        finding.unwrap()["doubt"].as_str().unwrap().to_owned()
    };
    assert_eq!(doubt(vec![record]), "it was used at 2026-11-02T09:00:00Z");
    let silent = doubt(Vec::new());
    assert!(silent.contains("not every service records its use"), "{silent}");
}

/// The weak account's key, created long ago and last used so many days ago.
fn told_of_old_key(used: Option<i64>) -> Prevention {
    let scenario = Scenario::parse(WEAK).unwrap();
    let stage = Stage::set(&scenario, scenario.start()).unwrap();
    let (mut account, now) = (stage.twin.account(), stage.twin.now());
    let days = |days: i64| now.plus_seconds(-days * 86_400);
    let held = account.users.get_mut("ann").unwrap().credentials.as_mut().unwrap();
    held.access_keys[0].created = days(500);
    held.access_keys[0].last_used = used.map(|used| LastUsed {
        at: days(used),
        service: "s3".to_owned(),
        region: "us-east-1".to_owned(),
    });
    let lineage = trace(&Default::default(), &[]);
    prevention(&account, &lineage, &[], &[], None, now, Sample::default())
}

/// A trail's silence doesn't say that a key is unused.
#[test]
fn a_key_whose_last_use_is_not_known_stays() {
    let told = told_of_old_key(None);
    let finding = about(&told, "key-unused", "ann");
    assert!(!finding.is_ready(), "{finding:#?}");
    let doubt = finding.doubt.as_deref().unwrap();
    assert!(doubt.contains("get-access-key-last-used"), "{doubt}");
    assert!(about(&told_of_old_key(Some(200)), "key-unused", "ann").is_ready());
    let told = told_of_old_key(Some(2));
    assert!(!told.findings.iter().any(|finding| finding.kind == "key-unused"));
}

/// A provider's token with this subject takes the role.
fn token(role: &str, subject: &str, id: usize) -> Value {
    let mut record = records::call(Value::Null, "09:00:00", "sts", "AssumeRoleWithWebIdentity")
        .sent(serde_json::json!({"roleArn": records::role_arn(role), "roleSessionName": "ci"}))
        .record(id);
    record["userIdentity"] = serde_json::json!({"type": "WebIdentityUser", "userName": subject});
    record["responseElements"] = serde_json::json!({"audience": "sts.amazonaws.com"});
    record
}

/// Subjects are narrowed in each provider's own way, and what narrows them is never written over by the few that were seen.
#[test]
fn a_subject_that_is_narrowed_is_left_as_it_is() {
    let told = |host: &str, operator: &str, subjects: Value, seen: &str| {
        let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{host}")},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {operator: {format!("{host}:sub"): subjects}}
        }]});
        let told = told_with("Deploy", &trust, &[token("Deploy", seen, 1)]);
        let found = told.findings.into_iter();
        found
            .filter(|finding| finding.kind == "oidc-subject-free")
            .map(|finding| finding.measure.is_some())
            .collect::<Vec<bool>>()
    };
    let eks = "oidc.eks.us-east-1.amazonaws.com/id/ABC";
    let app = "system:serviceaccount:prod:app";
    assert!(told(eks, "StringEquals", app.into(), app).is_empty());
    assert!(told(eks, "StringLike", "system:serviceaccount:prod:*".into(), app).is_empty());
    assert_eq!(
        told(eks, "StringLike", "system:serviceaccount:*:*".into(), app),
        [false]
    );
    let (terraform, plan) = (
        "app.terraform.io",
        "organization:acme:project:net:workspace:vpc:run_phase:plan",
    );
    let all = "organization:acme:project:net:workspace:*:run_phase:*";
    assert!(told(terraform, "StringLike", all.into(), plan).is_empty());
    let (github, main) = (
        "token.actions.githubusercontent.com",
        "repo:our/code:ref:refs/heads/main",
    );
    for open in ["*", "*:*", "repo:*", "repo:our*"] {
        assert_eq!(told(github, "StringLike", open.into(), main), [false], "{open}");
    }
    assert!(told(github, "StringLike", "repo:our/*".into(), main).is_empty());
    assert_eq!(told(github, "StringNotLike", "repo:their/*".into(), main), [false]);
    // Where nothing is compared, the next phase of the run comes in too.
    let trust = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{terraform}")},
        "Action": "sts:AssumeRoleWithWebIdentity"
    }]});
    let told = told_with("Deploy", &trust, &[token("Deploy", plan, 1)]);
    let document = measure(about(&told, "oidc-subject-free", "Deploy")).document().unwrap();
    assert!(document.to_string().contains("workspace:vpc:run_phase:*"), "{document}");
}

/// Who else a statement names sends no external ID and isn't asked for one.
#[test]
fn an_external_id_is_asked_of_the_other_account_alone() {
    let (account, _) = told_of_weak(Vec::new());
    let other = "arn:aws:iam::210987654321:root";
    let ann_arn = "arn:aws:iam::123456789012:user/ann";
    let trust = trusting(&[serde_json::json!([other, ann_arn])]);
    let used = [
        from_partner("210987654321", Some("our-number"), 1),
        taking(ann(&account, false), "Partner", "ann", "ASIADDDDDDDDDDDDDDDD", 2),
    ];
    let told = told_with("Partner", &trust, &used);
    let finding = about(&told, "external-id-missing", "Partner");
    let statements = measure(finding).document().unwrap()["Statement"].clone();
    assert_eq!(statements[0]["Principal"], serde_json::json!({"AWS": [ann_arn]}));
    assert!(statements[0].get("Condition").is_none(), "{statements}");
    assert_eq!(statements[1]["Principal"], serde_json::json!({"AWS": [other]}));
    assert_eq!(
        statements[1]["Condition"],
        serde_json::json!({"StringEquals": {"sts:ExternalId": ["our-number"]}})
    );
    assert!(finding.is_ready(), "{finding:#?}");
}

/// In the place of a user that was deleted his unique ID stands, which IAM takes in no new policy.
#[test]
fn the_id_of_a_user_that_was_deleted_is_left_out_and_said() {
    let (account, _) = told_of_weak(Vec::new());
    let dead = "AIDAAAAAAAAAAAAAAAAAA";
    let trust = trusting(&[serde_json::json!([OWN_ROOT, dead]), dead.into()]);
    let used = [taking(
        ann(&account, false),
        "Partner",
        "ann",
        "ASIADDDDDDDDDDDDDDDD",
        1,
    )];
    let told = told_with("Partner", &trust, &used);
    for kind in ["trust-too-wide", "trust-without-mfa"] {
        let finding = about(&told, kind, "Partner");
        let document = measure(finding).document().unwrap();
        assert!(!document.to_string().contains(dead), "{document}");
        assert_eq!(document["Statement"].as_array().unwrap().len(), 1, "{document}");
        assert!(
            finding.evidence.iter().any(|said| said.contains(dead)),
            "{:?}",
            finding.evidence
        );
    }
}

/// Addresses that were seen hold only for who keeps them: not for instances, what they take, and tokens of a provider.
#[test]
fn addresses_that_change_are_no_place_to_be_held_to() {
    let (account, _) = told_of_weak(Vec::new());
    let partner = |name: &str, key: &str, id| look(&account, records::role("Partner", name, key), "198.51.100.9", id);
    let (key, web) = ("ASIADDDDDDDDDDDDDDDD", "ASIABBBBBBBBBBBBBBBB");
    let told = |mut taking: Value| {
        taking["sourceIPAddress"] = "198.51.100.9".into();
        let trust = trusting(&[OWN_ROOT.into()]);
        let told = told_with("Partner", &trust, &[taking, partner("p", key, 2)]);
        about(&told, "address-free-role", "Partner").clone()
    };
    assert!(told(taking(ann(&account, false), "Partner", "p", key, 1)).is_ready());
    let by_instance = told(taking(
        records::role("Web", "i-0123456789abcdef0", web),
        "Partner",
        "p",
        key,
        1,
    ));
    assert!(!by_instance.is_ready());
    assert!(by_instance.doubt.unwrap().contains("ec2.amazonaws.com takes `Web`"));
    let by_token = told(token("Partner", "repo:our/code:ref:refs/heads/main", 1));
    assert!(!by_token.is_ready() && by_token.doubt.unwrap().contains("tokens of a provider"));
    let by_other = told(from_partner("210987654321", Some("our-number"), 1));
    assert!(!by_other.is_ready() && by_other.doubt.unwrap().contains("account 210987654321"));
    // Nor where the trail lacks who took it: what a provider's tokens take changes anyhow.
    let told = |trust: &Value| {
        let told = told_with("Partner", trust, &[partner("p", key, 2)]);
        about(&told, "address-free-role", "Partner").doubt.clone().unwrap()
    };
    assert!(told(&trusting(&[OWN_ROOT.into()])).contains("nobody was seen to take (p)"));
    let provider = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/ci.example"},
        "Action": "sts:AssumeRoleWithWebIdentity"
    }]});
    assert!(told(&provider).contains("tokens of a provider"));
    // Who was seen through an endpoint only has no address that could be listed.
    let mut through = look(&account, ann(&account, true), "10.1.2.3", 1);
    through["vpcEndpointId"] = "vpce-1".into();
    let (_, told) = told_of_weak(vec![through]);
    let finding = about(&told, "address-free-user", "ann");
    assert!(!finding.is_ready() && finding.doubt.is_some());
    let document = measure(finding).document().unwrap().to_string();
    assert!(
        document.contains("vpce-1") && !document.contains("aws:SourceIp"),
        "{document}"
    );
}

/// Whoever takes a role somewhere uses it there, though only the trail of data events may tell.
#[test]
fn a_role_is_not_held_to_addresses_where_it_was_taken_elsewhere() {
    let (account, _) = told_of_weak(Vec::new());
    let key = "ASIADDDDDDDDDDDDDDDD";
    let own = taking(ann(&account, false), "Partner", "p", key, 1);
    let home = own["sourceIPAddress"].as_str().unwrap().to_owned();
    let used = || {
        let mut used = look(&account, records::role("Partner", "p", key), "198.51.100.9", 2);
        used["sourceIPAddress"] = home.clone().into();
        used
    };
    let told = |place: &str, member: &str, name: &str| {
        let mut other = taking(ann(&account, false), "Partner", name, "ASIAEEEEEEEEEEEEEEEE", 3);
        other[member] = place.into();
        let told = told_with("Partner", &trusting(&[OWN_ROOT.into()]), &[own.clone(), used(), other]);
        about(&told, "address-free-role", "Partner").clone()
    };
    assert!(told(&home, "sourceIPAddress", "p").is_ready());
    for (place, member) in [
        ("203.0.113.50", "sourceIPAddress"),
        ("2001:db8::5", "sourceIPAddress"),
        ("10.0.0.5", "sourceIPAddress"),
        ("cloudformation.amazonaws.com", "sourceIPAddress"),
        ("vpce-0abc", "vpcEndpointId"),
    ] {
        let finding = told(place, member, "p");
        assert!(!finding.is_ready(), "{place}");
        let doubt = finding.doubt.unwrap();
        assert!(doubt.contains(&format!("taken from {place} too")), "{doubt}");
    }
    // The console takes a role itself: what the session did there tells where it is used.
    assert!(told("AWS Internal", "sourceIPAddress", "p").is_ready());
    assert!(!told("AWS Internal", "sourceIPAddress", "silent").is_ready());
}

/// Devices that couldn't be read may be none.
#[test]
fn mfa_is_not_asked_of_whose_devices_were_not_read() {
    let (mut account, _) = told_of_weak(Vec::new());
    let used = [look(&account, ann(&account, true), "198.51.100.7", 1)];
    let calls: Vec<Call> = used.iter().filter_map(Call::of).collect();
    let held = account.users.get_mut("ann").unwrap().credentials.as_mut().unwrap();
    held.mfa_devices.clear();
    held.unread.insert("mfa_devices".to_owned());
    let now = calls[0].last;
    let told = prevention(
        &account,
        &trace(&Default::default(), &[]),
        &calls,
        &[],
        None,
        now,
        Sample::default(),
    );
    let finding = about(&told, "mfa-not-required", "ann");
    assert!(!finding.is_ready());
    assert!(finding.doubt.as_ref().unwrap().contains("was not read"));
    assert!(
        !measure(finding)
            .document()
            .unwrap()
            .to_string()
            .contains("iam:EnableMFADevice")
    );
}

/// Who has no device that gives codes is shut out by a document that asks for MFA, though nothing that was seen is broken by it.
#[test]
fn mfa_is_not_asked_of_who_can_bring_none() {
    let cases = [
        (told(), Some("it has no MFA device: its owner would be shut out")),
        (told_after(enrolled(PASSKEY)), Some("work at the console alone")),
        (told_after(enrolled(CODES)), None),
    ];
    for (told, doubt) in cases {
        let finding = about(&told, "mfa-not-required", "support-user");
        let proof = finding.proof.as_ref().unwrap();
        assert!(proof.broken.is_empty() && proof.cut == ["B", "C"], "{proof:#?}");
        assert_eq!(finding.is_ready(), doubt.is_none());
        match (&finding.doubt, doubt) {
            (None, None) => {}
            (Some(said), Some(wanted)) => assert!(said.contains(wanted), "{said}"),
            other => panic!("{other:?}"),
        }
    }
}

/// The records that a walk over a trail keeps of these.
fn kept(records: &[Value], has_text: bool) -> Vec<Call> {
    let mut usage = Usage::default();
    for record in records {
        let of = |member: &str| record[member].as_str().unwrap();
        let (identity, text) = (record["userIdentity"].to_string(), record.to_string());
        let glance = Glance {
            at: of("eventTime").parse().unwrap(),
            source: of("eventSource").as_bytes(),
            name: of("eventName").as_bytes(),
            address: of("sourceIPAddress").as_bytes(),
            identity: identity.as_bytes(),
            caller: u64::from(
                identity
                    .bytes()
                    .fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))),
            ),
            text: if has_text { text.as_bytes() } else { &[] },
            rest: &[],
            id: &[],
            behind: &[],
        };
        if usage.glance(&glance) {
            usage.record(record);
        }
    }
    Usage::gathered(vec![usage]).calls
}

/// A sign-in of the weak account's user.
fn sign_in(account: &Account, mfa: &str, went: &str, from: &'static str, id: usize) -> Value {
    let mut record = look(account, ann(account, false), from, id);
    record["userIdentity"].as_object_mut().unwrap().remove("accessKeyId");
    record["eventSource"] = "signin.amazonaws.com".into();
    record["eventName"] = "ConsoleLogin".into();
    record["responseElements"] = serde_json::json!({"ConsoleLogin": went});
    record["additionalEventData"] = serde_json::json!({"MFAUsed": mfa});
    record
}

/// A sign-in bears no key, and is use all the same: where from, and whether with MFA.
#[test]
fn a_sign_in_to_the_console_counts() {
    let (account, _) = told_of_weak(Vec::new());
    let told = |last: Value| {
        let records = [
            look(&account, ann(&account, true), "198.51.100.7", 1),
            sign_in(&account, "Yes", "Success", "192.0.2.200", 2),
            last,
        ];
        let calls = kept(&records, true);
        let lineage = trace(&Default::default(), &[]);
        prevention(&account, &lineage, &calls, &[], None, calls[0].last, Sample::default())
    };
    let kinds = |told: &Prevention| told.findings.iter().map(|finding| finding.kind).collect::<Vec<_>>();
    let with = told(sign_in(&account, "No", "Failure", "203.0.113.1", 3));
    let document = measure(about(&with, "address-free-user", "ann")).document().unwrap();
    let addresses = &document["Statement"][0]["Condition"]["NotIpAddress"]["aws:SourceIp"];
    assert_eq!(*addresses, serde_json::json!(["192.0.2.200", "198.51.100.7"]));
    assert!(kinds(&with).contains(&"token-without-mfa") && kinds(&with).contains(&"mfa-not-required"));
    let without = told(sign_in(&account, "No", "Success", "192.0.2.200", 3));
    assert!(!kinds(&without).contains(&"token-without-mfa") && !kinds(&without).contains(&"mfa-not-required"));
}

/// Who is given a token may use it where no record tells: that it is given is use.
#[test]
fn a_token_that_was_given_without_mfa_is_not_made_useless() {
    let (account, _) = told_of_weak(Vec::new());
    let is_found = |name: &'static str, sent: Value| {
        let mut record = records::call(ann(&account, false), "09:00:00", "sts", name)
            .sent(sent)
            .gave("ASIADDDDDDDDDDDDDDDD")
            .record(1);
        record["userIdentity"]["principalId"] = account.users["ann"].id.clone().into();
        let (_, told) = told_of_weak(vec![record]);
        told.findings.iter().any(|finding| finding.kind == "token-without-mfa")
    };
    assert!(!is_found("GetFederationToken", serde_json::json!({"name": "guest"})));
    assert!(!is_found("GetSessionToken", Value::Null));
    let with = serde_json::json!({"serialNumber": "arn:aws:iam::123456789012:mfa/ann", "tokenCode": "-"});
    assert!(is_found("GetSessionToken", with));
}

/// Calls are alike only where they came through the same endpoint.
#[test]
fn each_endpoint_that_was_seen_is_in_the_list() {
    let (account, _) = told_of_weak(Vec::new());
    let through = |endpoint: &str, id| {
        let mut record = look(&account, ann(&account, true), "10.1.2.3", id);
        record["vpcEndpointId"] = endpoint.into();
        record
    };
    let records = [through("vpce-1", 1), through("vpce-2", 2), through("vpce-1", 3)];
    for has_text in [true, false] {
        let calls = kept(&records, has_text);
        let mut counts: Vec<u64> = calls.iter().map(|call| call.count).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 2]);
        let lineage = trace(&Default::default(), &[]);
        let told = prevention(&account, &lineage, &calls, &[], None, calls[0].last, Sample::default());
        let document = measure(about(&told, "address-free-user", "ann")).document().unwrap();
        let endpoints = &document["Statement"][0]["Condition"]["StringNotEquals"]["aws:SourceVpce"];
        assert_eq!(*endpoints, serde_json::json!(["vpce-1", "vpce-2"]));
    }
}

/// The intruder signs in with no key of his: where he alone comes from isn't written among the places of the user.
#[test]
fn a_sign_in_from_where_the_intruder_comes_is_not_its_owners() {
    let (account, _) = told_of_weak(Vec::new());
    let own = [
        look(&account, ann(&account, true), "198.51.100.7", 1),
        sign_in(&account, "No", "Success", "203.0.113.66", 2),
    ];
    let addresses = |intruder: &[Value]| {
        let calls = |records: &[Value]| records.iter().filter_map(Call::of).collect::<Vec<Call>>();
        let (own, intruder) = (calls(&own), calls(intruder));
        let lineage = trace(&Default::default(), &[]);
        let told = prevention(
            &account,
            &lineage,
            &own,
            &intruder,
            None,
            own[0].last,
            Sample::default(),
        );
        let document = measure(about(&told, "address-free-user", "ann")).document().unwrap();
        document["Statement"][0]["Condition"]["NotIpAddress"]["aws:SourceIp"].clone()
    };
    let stolen = records::user("ann", "ASIAEEEEEEEEEEEEEEEE");
    let theirs = look(&account, stolen, "203.0.113.66", 3);
    assert_eq!(addresses(&[]), serde_json::json!(["198.51.100.7", "203.0.113.66"]));
    assert_eq!(addresses(&[theirs]), serde_json::json!(["198.51.100.7"]));
}

/// Where the intruder calls from, too, is in no list: the key may have been his before it was said to be stolen, and so may the device that it enrolled.
#[test]
fn what_may_be_the_intruders_is_not_proposed() {
    let (account, _) = told_of_weak(Vec::new());
    let key = "ASIAAAAAAAAAAAAAAAAA".parse().unwrap();
    let mut enrols = look(&account, ann(&account, true), "198.51.100.7", 3);
    enrols["eventSource"] = "iam.amazonaws.com".into();
    enrols["eventName"] = "EnableMFADevice".into();
    enrols["requestParameters"] = serde_json::json!({"userName": "ann"});
    let before = [
        look(&account, ann(&account, true), "198.51.100.7", 1),
        look(&account, ann(&account, true), "203.0.113.66", 2),
        enrols,
    ];
    let told = |intruder: &[Value]| {
        let calls = |records: &[Value]| records.iter().filter_map(Call::of).collect::<Vec<Call>>();
        let (own, intruder) = (calls(&before), calls(intruder));
        let lineage = trace(&Default::default(), std::slice::from_ref(&key));
        prevention(
            &account,
            &lineage,
            &own,
            &intruder,
            None,
            own[0].last,
            Sample::default(),
        )
    };
    let elsewhere = told(&[look(&account, ann(&account, true), "192.0.2.9", 4)]);
    assert!(about(&elsewhere, "address-free-user", "ann").measure.is_some());
    let there = told(&[look(&account, ann(&account, true), "203.0.113.66", 4)]);
    let finding = about(&there, "address-free-user", "ann");
    assert!(finding.measure.is_none() && finding.fitted.is_none(), "{finding:#?}");
    assert!(
        finding.advice.as_ref().unwrap().contains("203.0.113.66"),
        "{finding:#?}"
    );
    for told in [elsewhere, there] {
        let finding = about(&told, "mfa-not-required", "ann");
        assert!(!finding.is_ready(), "{finding:#?}");
        assert!(
            finding.doubt.as_ref().unwrap().contains("enrolled with the key"),
            "{finding:#?}"
        );
    }
}

/// A twin lists as none what its snapshot says was not read; the command doesn't take it for none.
#[test]
fn what_a_snapshot_says_was_not_read_stays_unread() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    let path = file.to_str().unwrap();
    let (code, said) = oust(&["twin", "snapshot", "--scenario", "stolen-key", "--out", path]);
    assert_eq!(code, 0, "{said}");
    let key = story::played().names["A"].clone();
    let doubt = || {
        let args = [
            "harden",
            key.as_str(),
            "--snapshot",
            path,
            "--format",
            "json",
            "--quiet",
        ];
        let (_, said) = oust(&args);
        let told: Value = serde_json::from_str(&said).unwrap();
        let mut findings = told["findings"].as_array().unwrap().iter();
        let finding = findings.find(|finding| finding["kind"] == "mfa-not-required").unwrap();
        finding["doubt"].as_str().map(str::to_owned)
    };
    assert!(doubt().unwrap().contains("it has no MFA device"));
    let mut snapshot: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    snapshot["account"]["users"]["support-user"]["credentials"]["unread"] = serde_json::json!(["mfa_devices"]);
    std::fs::write(&file, snapshot.to_string()).unwrap();
    assert!(doubt().unwrap().contains("was not read"));
}
