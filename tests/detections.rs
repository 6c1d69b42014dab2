//! Each detection finds what it is there to find and nothing else, in every form that is written of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/incidents.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod incidents;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/records.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod records;

use incidents::LOOPS;
use oust::harden::{
    Detector, Hit, Pattern, RULES, Rule, Shape, Used, Whose, Written, found, from_elsewhere, pattern, written,
};
use oust::trail::{Sift, Window};
use records::cases;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the rules find in a text.
fn hits(texts: &[String]) -> Vec<Hit> {
    let sift = Sift::of(Window::default(), Box::new(Detector::default));
    for (n, text) in texts.iter().enumerate() {
        sift.feed(&format!("{n}.json"), text.as_bytes());
    }
    let (sieves, _, damage) = sift.finish();
    assert!(damage.is_empty(), "{damage:?}");
    found(sieves, &[]).unwrap().hits
}

fn as_cloudtrail(trail: &[Value]) -> String {
    json!({"Records": trail}).to_string()
}

fn as_lines(trail: &[Value]) -> String {
    trail.iter().map(|record| format!("{record:#}\n")).collect()
}

#[test]
fn each_rule_has_trails_that_it_finds_and_that_it_does_not() {
    let tried: BTreeSet<&str> = cases().iter().map(|case| case.rule).collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(tried, rules);
    assert_eq!(rules.len(), RULES.len(), "each name stands once");
    assert!(
        cases()
            .iter()
            .all(|case| !case.found.is_empty() && !case.not.is_empty())
    );
}

#[test]
fn a_run_over_a_trail_finds_what_it_must_whatever_its_shape() {
    for case in cases() {
        let is_found = |text: String| hits(&[text]).iter().any(|hit| hit.rule == case.rule);
        for (is_expected, trails) in [(true, &case.found), (false, &case.not)] {
            for trail in trails {
                assert_eq!(is_found(as_cloudtrail(trail)), is_expected, "{}: {trail:#?}", case.rule);
                assert_eq!(
                    is_found(as_lines(trail)),
                    is_expected,
                    "{}, as lines: {trail:#?}",
                    case.rule
                );
            }
        }
    }
}

#[test]
fn copies_count_once_and_the_order_of_files_makes_no_difference() {
    for case in cases() {
        for trail in case.found.iter().chain(&case.not) {
            let once = hits(&[as_cloudtrail(trail)]);
            assert_eq!(hits(&[as_lines(trail)]), once, "{}, as lines", case.rule);
            let mut files: Vec<String> = trail
                .iter()
                .map(|record| as_lines(std::slice::from_ref(record)))
                .collect();
            files.reverse();
            files.push(as_cloudtrail(trail));
            assert_eq!(hits(&files), once, "{}", case.rule);
        }
    }
}

/// A node whose pods have addresses of their own and use its role, all day, through the endpoints of three services: nothing of it is told. Its
/// credential in another VPC is, once for each service.
#[test]
fn a_node_at_work_is_not_told_and_its_credential_in_another_vpc_is() {
    const ADDRESSES: [&str; 6] = [
        "10.0.1.5",
        "10.0.1.6",
        "10.0.2.7",
        "10.0.2.8",
        "10.1.9.9",
        "192.168.4.4",
    ];
    let node = || records::role("Node", "i-0123456789abcdef0", "ASIANNNNNNNNNNNNNNNN");
    let services = [
        ("ec2", "DescribeInstances", "vpce-ec2"),
        ("sqs", "ListQueues", "vpce-sqs"),
        ("ecr", "GetAuthorizationToken", "vpce-ecr"),
    ];
    let mut day = Vec::new();
    for (n, address) in ADDRESSES.iter().cycle().take(300).enumerate() {
        let (service, name, endpoint) = services[n % services.len()];
        day.push(
            records::call(node(), "09:00:00", service, name)
                .through(endpoint, address)
                .record(n),
        );
    }
    assert_eq!(hits(&[as_cloudtrail(&day)]), []);
    for (n, (service, name, _)) in services.iter().take(2).enumerate() {
        let away = records::call(node(), "10:00:00", service, name).through("vpce-away", "10.0.1.5");
        day.push(away.record(1_000 + n));
    }
    let told = hits(&[as_cloudtrail(&day)]);
    let what: Vec<&str> = told.iter().map(|hit| hit.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "through 2 endpoints of ec2.amazonaws.com",
            "through 2 endpoints of sqs.amazonaws.com"
        ]
    );
    assert!(told.iter().all(|hit| hit.rule == "instance-credential-other-network"));
}

/// Whoever hears that nothing happened must hear of what that is told.
#[test]
fn nothing_is_told_of_what_was_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let said = |text: &str| {
        std::fs::write(folder.path().join("trail.json"), text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_oust"))
            .env_clear()
            .env("HOME", "/nonexistent")
            .args(["harden", "--detect", "--quiet", "--logs"])
            .arg(folder.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let mut record = cases()[0].found[0][0].clone();
    record["eventName"] = "GetCallerIdentity".into();
    let quiet = as_cloudtrail(&[record]);
    let found = as_cloudtrail(&cases()[0].found[0]);
    for (text, code, expected) in [
        (
            "{\"Records\":[]}",
            3,
            "not proven: no record was looked at, so nothing is told",
        ),
        ("no JSON", 3, "not proven: no record was looked at, so nothing is told"),
        (quiet.as_str(), 0, "none of it happened, as far as these records tell\n"),
        (
            &format!("{quiet} and no JSON"),
            3,
            "not proven: none of it is in what was read, and what could not be read may tell otherwise",
        ),
        (&found, 0, "GetSessionToken"),
        (&format!("{found} and no JSON"), 3, "not proven that this is all"),
    ] {
        let (exit, said) = said(text);
        assert!(said.contains(expected), "{text}: {said}");
        assert_eq!(exit, Some(code), "{text}: {said}");
        assert_eq!(said.contains("not proven"), code == 3, "{text}: {said}");
    }
}

#[test]
fn no_secret_comes_out() {
    for case in cases() {
        for trail in &case.found {
            assert!(!format!("{:?}", hits(&[as_cloudtrail(trail)])).contains("SECRET"));
        }
    }
}

/// EventBridge's rules, as its documentation tells them: all members must match, a member by any of its matchers, `$or` by any of its parts.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
fn matches(pattern: &Value, event: Option<&Value>) -> bool {
    let Value::Object(members) = pattern else {
        panic!("no pattern: {pattern}")
    };
    members.iter().all(|(name, inner)| match inner {
        Value::Array(parts) if name == "$or" => parts.iter().any(|part| matches(part, event)),
        Value::Array(matchers) => {
            let value = event
                .and_then(|event| event.get(name))
                .filter(|value| !value.is_object());
            matchers.iter().any(|matcher| fits(matcher, value))
        }
        inner => matches(inner, event.and_then(|event| event.get(name))),
    })
}

fn fits(matcher: &Value, value: Option<&Value>) -> bool {
    let Value::Object(operator) = matcher else {
        return value == Some(matcher);
    };
    let (name, operand) = operator.iter().next().unwrap();
    if name == "exists" {
        // A member that is null is there to EventBridge.
        return value.is_some() == operand.as_bool().unwrap();
    }
    let Some(text) = value.and_then(Value::as_str) else {
        return false;
    };
    let all = |operand: &Value| match operand {
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    };
    match (name.as_str(), operand) {
        ("prefix", front) => text.starts_with(front.as_str().unwrap()),
        ("wildcard", parts) => all(parts).iter().any(|part| like(text.as_bytes(), part.as_bytes())),
        ("anything-but", Value::Object(inner)) => {
            let (name, operand) = inner.iter().next().unwrap();
            !all(operand).iter().any(|one| fits(&json!({name: one}), value))
        }
        ("anything-but", texts) => !all(texts).iter().any(|one| one == text),
        (other, _) => panic!("the operator {other} isn't tried"),
    }
}

/// A star stands for any text.
fn like(text: &[u8], pattern: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, _) => text.is_empty(),
        (Some(b'*'), _) => like(text, &pattern[1..]) || !text.is_empty() && like(&text[1..], pattern),
        (Some(wanted), Some(letter)) => wanted == letter && like(&text[1..], &pattern[1..]),
        (Some(_), None) => false,
    }
}

fn delivered(record: &Value) -> Value {
    json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.sts", "detail": record})
}

#[test]
fn patterns_of_eventbridge_match_what_they_must() {
    for case in cases() {
        let rule = RULES.iter().find(|rule| rule.id == case.rule).unwrap();
        let pattern = pattern(rule);
        let (Pattern::Same(value) | Pattern::Wider(value, _)) = &pattern else {
            continue;
        };
        let is_found = |trail: &Vec<Value>| trail.iter().any(|record| matches(value, Some(&delivered(record))));
        assert!(case.found.iter().all(is_found), "{}: {value:#}", case.rule);
        let not = case.not.iter().filter(|trail| is_found(trail)).count();
        match pattern {
            Pattern::Same(_) => assert_eq!(not, 0, "{}: {value:#}", case.rule),
            _ => assert!(
                not < case.not.len(),
                "{}: it lets more through, but not everything",
                case.rule
            ),
        }
    }
}

/// A call that was refused, for this reason.
fn refused(who: Value, why: &str) -> Value {
    let mut record = records::call(who, "09:00:00", "ec2", "DescribeInstances")
        .refused()
        .record(0);
    record["errorMessage"] = format!(
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: ec2:DescribeInstances with {why}"
    )
    .into();
    record
}

const INSTANCE: &str = "i-0123456789abcdef0";

const PLAIN: &str =
    "aws-cli/2.15.0 Python/3.11.6 Linux/6.5.0-generic exe/x86_64.ubuntu.22 prompt/off command/ec2.describe-instances";

/// How the CLI and the SDKs tell of systems that are made for attacks.
fn toolboxes() -> [&'static str; 4] {
    [
        "aws-cli/2.12.0 Python/3.11.4 Linux/6.1.0-kali9-amd64 exe/x86_64.kali.2023 prompt/off command/sts.get-caller-identity",
        "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.6.9-kali1-amd64 md/arch#x86_64 lang/python#3.11.8",
        "aws-cli/1.29.0 Python/3.9.2 Linux/6.1.0-1parrot1-amd64 botocore/1.31.0",
        "aws-cli/1.18.0 Python/3.7.9 Linux/5.6.7-pentoo botocore/1.16.0",
    ]
}

/// A call by a program that says this of itself.
fn by_program(who: Value, agent: &str) -> Value {
    let mut record = records::call(who, "09:00:00", "ec2", "DescribeInstances").record(0);
    record["userAgent"] = agent.into();
    record
}

/// Of rules that need several events: what one event tells, and what it must not.
fn parts() -> Vec<(&'static str, Vec<Value>, Vec<Value>)> {
    let ann = || records::user("ann", "AKIAAAAAAAAAAAAAAAAA");
    let web = |session: &str| records::role("Web", session, "ASIAWWWWWWWWWWWWWWWW");
    let guest = || records::federated("ann", "guest", "ASIAFFFFFFFFFFFFFFFF");
    let assume = |who: Value| {
        records::call(who, "09:00:00", "sts", "AssumeRole")
            .sent(json!({"roleArn": records::role_arn("R"), "roleSessionName": "s"}))
    };
    let named = |who: Value, session: &str| {
        records::call(who, "09:00:00", "sts", "AssumeRole")
            .sent(json!({"roleArn": records::role_arn("R"), "roleSessionName": session}))
    };
    let chained = |session: &str| named(web("job"), session);
    let console = |who: Value, name: &'static str| records::call(who, "09:00:00", "signin", name);
    let iam = |name: &'static str, request: Value| records::call(ann(), "09:00:00", "iam", name).sent(request);
    let by_policy = "an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/Stop";
    let by_boundary = "an explicit deny in a permissions boundary";
    let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
    let inline = |member: &str, kind: &'static str| -> (Vec<Value>, Vec<Value>) {
        let calls: [&'static str; 2] = match kind {
            "User" => ["DeleteUserPolicy", "PutUserPolicy"],
            "Role" => ["DeleteRolePolicy", "PutRolePolicy"],
            _ => ["DeleteGroupPolicy", "PutGroupPolicy"],
        };
        let sent = |policy: &str, document: &str| {
            let mut request = json!({"policyName": policy});
            request[member] = "x".into();
            if !document.is_empty() {
                request["policyDocument"] = document.into();
            }
            request
        };
        let yes = vec![
            iam(calls[0], sent("Incident-DenyAll", "")).record(0),
            iam(calls[0], sent("quarantine", "")).record(1),
            iam(calls[1], sent("deny-everything", allow)).record(2),
        ];
        let no = vec![
            iam(calls[0], sent("ReadTickets", "")).record(0),
            iam(calls[0], sent("Incident-DenyAll", "")).refused().record(1),
            iam(calls[1], sent("deny-everything", deny)).record(2),
            iam(calls[1], sent("ReadTickets", allow)).record(3),
            iam("ListUserPolicies", sent("Incident-DenyAll", "")).record(4),
        ];
        (yes, no)
    };
    let managed = |name: &'static str, policy: &str| {
        iam(
            name,
            json!({"policyArn": format!("arn:aws:iam::123456789012:policy/{policy}"), "userName": "x", "policyDocument": allow}),
        )
    };
    let (users, no_users) = inline("userName", "User");
    let (roles, no_roles) = inline("roleName", "Role");
    let (groups, no_groups) = inline("groupName", "Group");
    vec![
        (
            "assume-role-spread",
            vec![
                assume(ann()).refused().record(0),
                assume(web("job")).refused().record(1),
            ],
            vec![
                assume(ann()).record(0),
                assume(json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}))
                    .refused()
                    .record(1),
            ],
        ),
        (
            "role-juggling",
            vec![chained("juggle").record(0), chained("juggle").refused().record(1)],
            vec![
                chained("s").record(0),
                assume(ann()).record(1),
                named(ann(), "juggle").record(2),
            ],
        ),
        (
            "instance-credential-other-network",
            vec![
                by_program(
                    web(INSTANCE),
                    "aws-cli/2.13.5 Python/3.11.4 Linux/4.14.255 exec-env/CloudShell exe/x86_64.amzn.2",
                ),
                by_program(
                    web(INSTANCE),
                    "Boto3/1.26.1 Python/3.9.15 Linux/4.14.255 exec-env/AWS_Lambda_python3.9 Botocore/1.29.1",
                ),
                by_program(
                    web(INSTANCE),
                    "aws-sdk-go/1.44.0 (go1.19; linux; amd64) exec-env/AWS_ECS_FARGATE",
                ),
            ],
            vec![
                by_program(
                    web(INSTANCE),
                    "aws-cli/2.13.5 Python/3.11.4 Linux/4.14.255 exe/x86_64.amzn.2",
                ),
                by_program(
                    web(INSTANCE),
                    "aws-sdk-go/1.44.0 (go1.19; linux; amd64) exec-env/AWS_ECS_EC2",
                ),
                by_program(
                    web("job"),
                    "aws-sdk-go/1.44.0 (go1.19; linux; amd64) exec-env/AWS_ECS_FARGATE",
                ),
                by_program(ann(), "aws-cli/2.13.5 exec-env/CloudShell"),
            ],
        ),
        (
            "session-from-two-addresses",
            toolboxes().iter().map(|agent| by_program(web("job"), agent)).collect(),
            vec![by_program(ann(), toolboxes()[0]), by_program(web("job"), PLAIN)],
        ),
        (
            "key-from-two-addresses",
            toolboxes().iter().map(|agent| by_program(ann(), agent)).collect(),
            vec![by_program(web("job"), toolboxes()[0]), by_program(ann(), PLAIN)],
        ),
        (
            "session-outlives-revocation",
            vec![
                refused(
                    web("job"),
                    "an explicit deny in an identity-based policy: arn:aws:iam::aws:policy/AWSDenyAll",
                ),
                refused(
                    web("job"),
                    "an explicit deny in a permissions boundary: arn:aws:iam::123456789012:policy/oust/OustQuarantine",
                ),
            ],
            vec![
                refused(web("job"), by_policy),
                refused(web("job"), by_boundary),
                refused(
                    ann(),
                    "an explicit deny in an identity-based policy: arn:aws:iam::aws:policy/AWSDenyAll",
                ),
                records::call(web("job"), "09:00:00", "ec2", "DescribeInstances").record(0),
            ],
        ),
        (
            "instance-credential-away",
            vec![
                console(web(INSTANCE), "GetSigninToken").record(0),
                console(web(INSTANCE), "ConsoleLogin").record(1),
            ],
            vec![
                console(web("ann"), "ConsoleLogin").record(0),
                console(ann(), "ConsoleLogin").record(1),
                records::call(web(INSTANCE), "09:00:00", "ec2", "DescribeInstances").record(2),
            ],
        ),
        (
            "use-after-containment",
            vec![refused(ann(), by_policy), refused(ann(), by_boundary)],
            vec![
                refused(ann(), "no identity-based policy that allows it"),
                refused(ann(), "an explicit deny in a service control policy"),
                refused(guest(), by_policy),
                refused(web("job"), by_policy),
                records::call(ann(), "09:00:00", "ec2", "DescribeInstances").record(0),
            ],
        ),
        (
            "federation-outlives-containment",
            vec![refused(guest(), by_policy), refused(guest(), by_boundary)],
            vec![
                refused(guest(), "an explicit deny in a session policy"),
                refused(ann(), by_policy),
            ],
        ),
        ("users-deny-removed", users, no_users),
        ("roles-deny-removed", roles, no_roles),
        ("groups-deny-removed", groups, no_groups),
        (
            "managed-deny-removed",
            vec![
                managed("DetachUserPolicy", "incidents/DenyMost").record(0),
                managed("CreatePolicyVersion", "Quarantine").record(1),
            ],
            vec![
                managed("DetachUserPolicy", "ReadOnly").record(0),
                managed("AttachUserPolicy", "incidents/DenyMost").record(1),
                managed("DetachRolePolicy", "incidents/DenyMost").refused().record(2),
            ],
        ),
    ]
}

/// What one event tells of a rule that needs several, by this evaluator and by another's.
#[test]
fn parts_of_rules_are_told_by_one_event() {
    let tried: BTreeSet<&str> = parts().iter().map(|(rule, ..)| *rule).collect();
    let are_parts = RULES.iter().filter(|rule| matches!(pattern(rule), Pattern::Part(..)));
    assert_eq!(tried, are_parts.map(|rule| rule.id).collect());
    let (mut tasks, mut expected) = (Vec::new(), Vec::new());
    for (id, yes, no) in parts() {
        let rule = RULES.iter().find(|rule| rule.id == id).unwrap();
        let pattern = pattern(rule);
        let value = pattern.value().unwrap();
        for (is_expected, some) in [(true, yes), (false, no)] {
            for record in some {
                assert_eq!(
                    matches(value, Some(&delivered(&record))),
                    is_expected,
                    "{id}: {record:#}"
                );
                tasks.push(json!({"text": value.to_string(), "records": [record]}));
                expected.push(is_expected);
            }
        }
    }
    let Some(python) = peers::python() else { return };
    assert_eq!(said_by(&python, "eventbridge", &tasks), expected);
}

/// One member in one alternative stands once: a pattern is an object.
#[test]
fn a_pattern_holds_every_test_of_its_rule() {
    for rule in RULES.iter().filter(|rule| pattern(rule).value().is_some()) {
        for records in rule.shape.records() {
            for tests in records {
                let fields: BTreeSet<&str> = tests.iter().map(|test| test.field).collect();
                assert_eq!(fields.len(), tests.len(), "{}", rule.id);
            }
        }
    }
}

#[test]
fn nobody_is_alerted_on_every_assume_role() {
    let plain = records::call(
        records::user("ann", "AKIAAAAAAAAAAAAAAAAA"),
        "09:00:00",
        "sts",
        "AssumeRole",
    )
    .sent(json!({"roleArn": records::role_arn("R"), "roleSessionName": "s"}))
    .record(0);
    let chained = records::call(
        records::role("Q", "s", "ASIAAAAAAAAAAAAAAAAA"),
        "09:00:00",
        "sts",
        "AssumeRole",
    )
    .sent(json!({"roleArn": records::role_arn("R"), "roleSessionName": "s"}))
    .record(1);
    assert_eq!(hits(&[as_cloudtrail(&[plain, chained])]), []);
}

fn peer(python: &Path, script: &str, args: &[&str], input: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script);
    let mut command = Command::new(python);
    command
        .arg(script)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether Sigma lets more of a rule through than the other forms: it can neither say that something didn't happen between nor compare times.
fn is_wider_in_sigma(rule: &Rule<'_>) -> bool {
    matches!(rule.shape, Shape::Then { until, began, .. } if until.is_some() || began.is_some())
}

/// What one form says of many trails.
fn said_by(python: &Path, form: &str, tasks: &[Value]) -> Vec<bool> {
    let said = peer(python, "detections.py", &[form], &Value::from(tasks).to_string());
    serde_json::from_str(&said).unwrap()
}

/// The places of all texts in a record.
fn leaves(value: &Value, place: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, inner)| leaves(inner, &format!("{place}/{name}"), into)),
        Value::String(_) => into.push(place.to_owned()),
        _ => {}
    }
}

/// The trail with one text of one record changed, or away, of those that the rule speaks of.
fn spoiled(rule: &Rule<'_>, trail: &[Value]) -> Vec<Vec<Value>> {
    let told = format!("{rule:?}");
    let mut all = Vec::new();
    // Of a long trail the records between are like the first.
    let is_tried = |n: &usize| trail.len() < 4 || *n == 0 || n + 1 == trail.len();
    for n in (0..trail.len()).filter(is_tried) {
        let mut places = Vec::new();
        leaves(&trail[n], "", &mut places);
        for place in places
            .iter()
            .filter(|place| told.contains(&place[1..].replace('/', ".")))
        {
            let mut other = trail.to_vec();
            *other[n].pointer_mut(place).unwrap() = json!("something-else");
            all.push(other);
            // Every event has these.
            if ["/eventSource", "/eventName"].contains(&place.as_str()) {
                continue;
            }
            let mut without = trail.to_vec();
            let (parent, name) = place.rsplit_once('/').unwrap();
            let parent = without[n].pointer_mut(parent).unwrap();
            parent.as_object_mut().unwrap().remove(name);
            all.push(without);
        }
        let mut fewer = trail.to_vec();
        fewer.remove(n);
        all.extend((!fewer.is_empty()).then_some(fewer));
    }
    all
}

/// Every rule on trails that it finds, and on each of them with one text changed or away: all forms find the same, and what EventBridge can
/// say it says alike.
#[test]
fn all_forms_find_the_same_of_spoiled_trails() {
    let Some(python) = peers::python() else { return };
    let (mut queries, mut sigmas, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut expected, mut of_patterns, mut own) = (Vec::new(), Vec::new(), Vec::new());
    let mut of_sigmas = Vec::new();
    let mut lost = BTreeSet::new();
    for case in cases() {
        let rule = RULES.iter().find(|rule| rule.id == case.rule).unwrap();
        let form = written(rule, "cloudtrail");
        let short = case.found.iter().filter(|trail| trail.len() < 6);
        for trail in short.flat_map(|trail| spoiled(rule, trail)) {
            let is_found = hits(&[as_cloudtrail(&trail)]).iter().any(|hit| hit.rule == case.rule);
            if !is_found {
                lost.insert(case.rule);
            }
            let task = |text: &str| json!({"rule": case.rule, "text": text, "records": trail});
            queries.push(task(&form.athena));
            if let Some(sigma) = form.sigma.as_ref().filter(|_| is_found || !is_wider_in_sigma(rule)) {
                sigmas.push(task(sigma));
                of_sigmas.push(is_found);
            }
            expected.push(is_found);
            if let Pattern::Same(value) = pattern(rule) {
                patterns.push(task(&value.to_string()));
                own.push(trail.iter().any(|record| matches(&value, Some(&delivered(record)))));
                of_patterns.push(is_found);
            }
        }
    }
    assert_eq!(lost.len(), RULES.len(), "{lost:?}");
    let differing = |said: Vec<bool>, expected: &[bool], tasks: &[Value]| {
        let each = said.iter().zip(expected).zip(tasks);
        let differing: Vec<String> = each
            .filter(|((said, expected), _)| said != expected)
            .map(|((said, _), task)| format!("{said}: {task}"))
            .collect();
        assert!(differing.is_empty(), "{} differ: {}", differing.len(), differing[0]);
    };
    differing(own, &of_patterns, &patterns);
    differing(said_by(&python, "eventbridge", &patterns), &of_patterns, &patterns);
    differing(said_by(&python, "sigma", &sigmas), &of_sigmas, &sigmas);
    differing(said_by(&python, "sql", &queries), &expected, &queries);
}

/// The same caller in another account of the organization.
fn of_another_account(who: Value) -> Value {
    serde_json::from_str(&who.to_string().replace("123456789012", "999988887777")).unwrap()
}

/// Names that ids of rules can't hold as they are get ids, and so files and Sigma rules, of their own.
#[test]
fn names_that_look_alike_get_rules_of_their_own() {
    let account = "123456789012".parse().unwrap();
    let used = Used {
        addresses: ["198.51.100.7".to_owned()].into(),
        ..Used::default()
    };
    let rule = |name: &str| from_elsewhere(Whose::User(name, &account), &used, "cloudtrail").written;
    let all = ["ci-prod", "ci@prod", "ci+prod", "ci=prod"].map(rule);
    let ids: BTreeSet<&str> = all.iter().map(|rule| rule.id.as_str()).collect();
    let of_sigma = |rule: &Written| {
        let text = rule.sigma.clone().unwrap();
        text.lines().find(|line| line.starts_with("id: ")).unwrap().to_owned()
    };
    let of_sigma: BTreeSet<String> = all.iter().map(of_sigma).collect();
    assert_eq!((ids.len(), of_sigma.len()), (4, 4), "{ids:?}");
    assert_eq!(all[0].id, "key-from-elsewhere-ci-prod", "a plain name stays as it is");
    // EventBridge takes it as the name of a rule.
    // <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    assert!(ids.iter().all(|id| id.chars().all(is_plain)), "{ids:?}");
}

/// Rules for one account: every form tells who comes from another place, and nobody else.
#[test]
fn rules_that_are_fitted_tell_who_comes_from_elsewhere() {
    let Some(python) = peers::python() else { return };
    let from = |addresses: &[&str], endpoints: &[&str]| Used {
        addresses: addresses.iter().map(|text| (*text).to_owned()).collect(),
        endpoints: endpoints.iter().map(|text| (*text).to_owned()).collect(),
        ..Used::default()
    };
    let look = |who: Value, from: &'static str| {
        records::call(who, "09:00:00", "ec2", "DescribeInstances")
            .from(from)
            .record(0)
    };
    let key = "AKIAAAAAAAAAAAAAAAAA";
    let ann = |from| look(records::user("ann", key), from);
    let web = |from| {
        look(
            records::role("Web", "i-0123456789abcdef0", "ASIABBBBBBBBBBBBBBBB"),
            from,
        )
    };
    let arn = records::role_arn("Web");
    let (at_home, in_network) = (from(&["198.51.100.7", "2001:db8::1"], &[]), from(&[], &["vpce-1"]));
    let account = "123456789012".parse().unwrap();
    let of_ann = from_elsewhere(Whose::User("ann", &account), &at_home, "cloudtrail").written;
    let of_web = from_elsewhere(Whose::Role("Web", &arn), &in_network, "cloudtrail").written;
    assert_eq!(
        (of_ann.id.as_str(), of_web.id.as_str()),
        ("key-from-elsewhere-ann", "session-from-elsewhere-Web")
    );
    // One of the same name in another account.
    let mut abroad = records::user("ann", key);
    abroad["accountId"] = "210987654321".into();
    let tried = [
        (&of_ann, ann("203.0.113.66"), true),
        (&of_ann, ann("2001:db8::2"), true),
        (&of_ann, ann("10.0.0.5"), true),
        (&of_ann, ann("198.51.100.77"), true),
        (&of_ann, ann("198.51.100.7"), false),
        (&of_ann, ann("2001:db8::1"), false),
        (&of_ann, ann("cloudformation.amazonaws.com"), false),
        (&of_ann, ann("AWS Internal"), false),
        (&of_ann, look(records::user("bob", key), "203.0.113.66"), false),
        (&of_ann, look(abroad, "203.0.113.66"), false),
        (&of_ann, web("203.0.113.66"), false),
        (&of_web, web("203.0.113.66"), true),
        (&of_web, web("10.0.0.5"), false),
        (&of_web, web("172.20.0.1"), false),
        (&of_web, web("ec2.amazonaws.com"), false),
        (&of_web, ann("203.0.113.66"), false),
    ];
    let expected: Vec<bool> = tried.iter().map(|(.., is_found)| *is_found).collect();
    let tasks = |text: &dyn Fn(&Written) -> String| -> Vec<Value> {
        let each = tried
            .iter()
            .map(|(rule, record, _)| json!({"text": text(rule), "records": [record]}));
        each.collect()
    };
    let pattern = |rule: &Written| rule.eventbridge.clone().unwrap();
    let own: Vec<bool> = tried
        .iter()
        .map(|(rule, record, _)| matches(&pattern(rule), Some(&delivered(record))))
        .collect();
    assert_eq!(own, expected);
    assert_eq!(
        said_by(&python, "eventbridge", &tasks(&|rule| pattern(rule).to_string())),
        expected
    );
    assert_eq!(
        said_by(&python, "sigma", &tasks(&|rule| rule.sigma.clone().unwrap())),
        expected
    );
    assert_eq!(said_by(&python, "sql", &tasks(&|rule| rule.athena.clone())), expected);
}

/// Rules for the loops and the incident of one account say of a single record what general rules need several for: every form alike.
#[test]
fn rules_for_loops_and_for_the_incident_are_told_by_one_record() {
    let Some(python) = peers::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loops.toml");
    std::fs::write(&path, LOOPS).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_oust"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .args(["harden", "--format", "json", "--quiet", "--scenario"])
        .arg(&path)
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fitted = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["fitted"]);
    let all: Vec<&Value> = fitted
        .chain(told["watch"].as_array().unwrap())
        .filter(|rule| !rule.is_null())
        .collect();
    for (n, one) in all.iter().enumerate() {
        let others = all.iter().skip(n).filter(|other| other["id"] == one["id"]);
        assert!(
            others.into_iter().all(|other| other == one),
            "one name, one rule: {one}"
        );
    }
    let rule = |id: &str| {
        *all.iter()
            .find(|rule| rule["id"] == id)
            .unwrap_or_else(|| panic!("{id}: {all:#?}"))
    };
    let take = |who: Value, onto: &str| {
        records::call(who, "09:00:00", "sts", "AssumeRole")
            .sent(json!({"roleArn": records::role_arn(onto), "roleSessionName": "s"}))
            .record(0)
    };
    let of = |name: &str| records::role(name, "s", "ASIACCCCCCCCCCCCCCCC");
    let refused = |mut record: Value| {
        record["errorCode"] = "AccessDenied".into();
        record
    };
    let (key, token) = ("AKIAAAAAAAAAAAAAAAAA", "ASIABBBBBBBBBBBBBBBB");
    let look = |who: Value| records::call(who, "09:00:00", "ec2", "DescribeInstances").record(0);
    let tried = [
        ("loop-into-Ping", take(of("Pong"), "Ping"), true),
        ("loop-into-Ping", refused(take(of("Pong"), "Ping")), false),
        ("loop-into-Ping", take(of("Ping"), "Pong"), false),
        ("loop-into-Ping", take(records::user("ann", key), "Ping"), false),
        ("loop-into-Pong", take(of("Ping"), "Pong"), true),
        ("loop-into-Pong", take(of("Pong"), "Ping"), false),
        ("loop-into-Self", take(of("Self"), "Self"), true),
        ("loop-into-Self", take(of("Ping"), "Self"), false),
        // One that trusts itself and lies in a loop with another has a rule for each, and each its name.
        ("itself-into-Both", take(of("Both"), "Both"), true),
        ("itself-into-Both", take(of("Other"), "Both"), false),
        ("loop-into-Both", take(of("Other"), "Both"), true),
        ("used-again-ann", look(records::user("ann", key)), true),
        ("used-again-ann", look(records::user("ann", token)), true),
        ("used-again-ann", refused(look(records::user("ann", token))), true),
        ("used-again-ann", look(records::user("bob", key)), false),
        (
            "used-again-ann",
            look(of_another_account(records::user("ann", key))),
            false,
        ),
        ("used-again-ann", look(of("Ping")), false),
        ("used-again-ann", look(records::federated("ann", "x", token)), false),
        ("federated-again-ann", look(records::federated("ann", "x", token)), true),
        (
            "federated-again-ann",
            look(records::federated("bob", "ann", token)),
            false,
        ),
        (
            "federated-again-ann",
            look(of_another_account(records::federated("ann", "x", token))),
            false,
        ),
        ("federated-again-ann", look(records::user("ann", token)), false),
        (
            "revoked-again-Ping",
            look(records::issued(of("Ping"), "07:59:59")),
            true,
        ),
        (
            "revoked-again-Ping",
            refused(look(records::issued(of("Ping"), "00:00:00"))),
            true,
        ),
        (
            "revoked-again-Ping",
            look(records::issued(of("Ping"), "09:00:01")),
            false,
        ),
        (
            "revoked-again-Ping",
            look(records::issued(of("Pong"), "07:59:59")),
            false,
        ),
    ];
    let expected: Vec<bool> = tried.iter().map(|(.., is_found)| *is_found).collect();
    let own: Vec<bool> = tried
        .iter()
        .map(|(id, record, _)| matches(&rule(id)["eventbridge"], Some(&delivered(record))))
        .collect();
    assert_eq!(own, expected);
    for form in ["eventbridge", "sigma", "athena"] {
        let tasks: Vec<Value> = tried
            .iter()
            .map(|(id, record, _)| {
                let text = match &rule(id)[form] {
                    Value::String(text) => text.clone(),
                    pattern => pattern.to_string(),
                };
                json!({"text": text, "records": [record]})
            })
            .collect();
        let form = if form == "athena" { "sql" } else { form };
        assert_eq!(said_by(&python, form, &tasks), expected, "{form}");
    }
    // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
    assert!(all.iter().all(|rule| rule["eventbridge"].to_string().len() <= 2_048));
}

/// Where EventBridge has no pattern, it is said why, and what a single event tells instead.
#[test]
fn no_rule_is_without_a_pattern_and_without_a_word() {
    for rule in &RULES {
        let form = written(rule, "cloudtrail");
        let remark = form.eventbridge_remark.unwrap_or_default();
        let is_short = matches!(pattern(rule), Pattern::Part(..) | Pattern::None(_));
        assert_eq!(
            is_short,
            remark.contains("`oust harden`") || remark.contains("on a schedule"),
            "{}",
            rule.id
        );
        assert_eq!(form.eventbridge_is.is_some(), !remark.is_empty());
    }
    let without = RULES.iter().filter(|rule| pattern(rule).value().is_none());
    let without: Vec<&str> = without.map(|rule| rule.id).collect();
    assert_eq!(
        without,
        [
            "assume-role-burst",
            "role-assumes-itself",
            "role-ring",
            "session-outlives-key"
        ]
    );
}

/// Another implementation of EventBridge's semantics.
#[test]
fn anothers_eventbridge_matches_the_same_with_the_patterns() {
    let Some(python) = peers::python() else { return };
    let (mut tasks, mut expected) = (Vec::new(), Vec::new());
    for case in cases() {
        let rule = RULES.iter().find(|rule| rule.id == case.rule).unwrap();
        let Pattern::Same(value) = pattern(rule) else { continue };
        for (is_expected, trails) in [(true, &case.found), (false, &case.not)] {
            for trail in trails {
                tasks.push(json!({"text": value.to_string(), "records": trail}));
                expected.push(is_expected);
            }
        }
    }
    assert_eq!(said_by(&python, "eventbridge", &tasks), expected);
}

/// Every trail with what its rule is to make of it, in the form that the peers' scripts read.
fn tasks(form: impl Fn(&Rule<'_>, bool) -> Option<String>) -> (String, Vec<bool>) {
    let mut tasks = Vec::new();
    let mut expected = Vec::new();
    for case in cases() {
        let rule = RULES.iter().find(|rule| rule.id == case.rule).unwrap();
        for (is_expected, trails) in [(true, &case.found), (false, &case.not)] {
            let Some(text) = form(rule, is_expected) else { continue };
            for trail in trails {
                tasks.push(json!({"rule": case.rule, "text": text, "records": trail}));
                expected.push(is_expected);
            }
        }
    }
    (Value::Array(tasks).to_string(), expected)
}

#[test]
fn another_engine_finds_the_same_with_the_queries() {
    let Some(python) = peers::python() else { return };
    let (tasks, expected) = tasks(|rule, _| Some(written(rule, "cloudtrail").athena));
    let said = peer(&python, "detections.py", &["sql"], &tasks);
    let found: Vec<bool> = serde_json::from_str(&said).unwrap();
    assert_eq!(found, expected);
}

#[test]
fn sigmas_own_reader_finds_the_same_with_the_rules() {
    let Some(python) = peers::python() else { return };
    let (tasks, expected) = tasks(|rule, is_found| {
        written(rule, "cloudtrail")
            .sigma
            .filter(|_| is_found || !is_wider_in_sigma(rule))
    });
    let said = peer(&python, "detections.py", &["sigma"], &tasks);
    let found: Vec<bool> = serde_json::from_str(&said).unwrap();
    assert_eq!(found, expected);
}

#[test]
fn sigmas_own_checker_has_no_issue_with_the_rules() {
    let Some(python) = peers::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_oust"))
        .args(["harden", "--rules"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    // Two of its validators fetch MITRE's lists from the network.
    let check = Command::new(python.with_file_name("sigma"))
        .args(["check", "--fail-on-issues", "-x", "attacktag", "-x", "d3_fendtag"])
        .arg(folder.path().join("sigma"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(
        check.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&check.stderr)
    );
    let count = std::fs::read_dir(folder.path().join("sigma")).unwrap().count();
    let without = RULES.iter().filter(|rule| written(rule, "cloudtrail").sigma.is_none());
    assert_eq!(count, RULES.len() - without.count());
}

/// Where Sigma has no rule it is said why, and where it says more a comment tells.
#[test]
fn no_rule_is_without_sigma_and_without_a_word() {
    let without: Vec<&str> = RULES
        .iter()
        .map(|rule| rule.id)
        .filter(|id| *id == "role-ring")
        .collect();
    for rule in &RULES {
        let form = written(rule, "cloudtrail");
        assert_eq!(form.sigma.is_none(), without.contains(&rule.id), "{}", rule.id);
        assert_eq!(form.sigma.is_none(), form.sigma_remark.is_some());
        let comments = form
            .sigma
            .iter()
            .flat_map(|text| text.lines())
            .filter(|line| line.starts_with("# "));
        assert_eq!(
            comments.count() > 0,
            is_wider_in_sigma(rule) || is_by_the_clock(rule),
            "{}",
            rule.id
        );
    }
}

fn is_by_the_clock(rule: &Rule<'_>) -> bool {
    let ids = [
        "key-from-two-addresses",
        "boundary-replaced",
        "users-deny-removed",
        "roles-deny-removed",
        "groups-deny-removed",
        "managed-deny-removed",
    ];
    ids.contains(&rule.id)
}
