//! `oust policy eval` as people and other programs use it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

struct Ran {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

fn run(args: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_oust"))
        .args(["policy", "eval"])
        .args(args)
        .env("COLUMNS", "80")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Whoever doesn't read it all, such as --help, is no failure of the writer.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    Ran {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

fn answers(ran: &Ran) -> Vec<Value> {
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn request() -> Value {
    json!({
        "id": 7, "principal": "arn:aws:iam::123456789012:user/ann", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k",
        "policies": {"identity": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}},
    })
}

fn with(path: &str, value: Value) -> String {
    let mut changed = request();
    *changed.pointer_mut(path).unwrap() = value;
    changed.to_string()
}

fn beside(member: &str, value: Value) -> String {
    let mut changed = request();
    changed[member] = value;
    changed.to_string()
}

#[test]
fn the_example_of_the_help_works_when_it_is_pasted() {
    let help = run(&["--help"], b"").stdout;
    insta::assert_snapshot!("help", help);
    let (_, example) = help.split_once("oust policy eval --request - <<'EOF'\n").unwrap();
    let (json, _) = example.split_once("\nEOF").unwrap();
    let told = run(&["--request", "-"], json.as_bytes());
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    insta::assert_snapshot!("example", told.stdout);
    let line: Value = serde_json::from_str(json).unwrap();
    let told = answers(&run(&[], line.to_string().as_bytes()));
    assert_eq!(told[0]["decision"], "allowed");
    assert_eq!(
        told[0]["by"],
        json!({"kind": "identity", "policy": "read reports", "statement": 1, "sid": "Read"})
    );
}

#[test]
fn a_person_is_told_what_decided_and_what_nearly_did() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.json");
    let asked = json!({
        "principal": {"arn": "arn:aws:sts::123456789012:assumed-role/app/s1", "id": "AROAEXAMPLE"},
        "action": "s3:GetObject", "resource": "arn:aws:s3:::reports/q1.csv",
        "context": {"aws:SourceIp": "198.51.100.9"},
        "policies": {
            "identity": [
                {"name": "inline policy `read` of role `app`", "policy": {"Version": "2012-10-17", "Statement": [
                    {"Sid": "FromOffice", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},
                    {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::other/*"},
                    {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringSoundsLike": {"aws:userid": "x"}}}
                ]}}
            ],
            "resource": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:role/other"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}]}
        }
    });
    std::fs::write(&file, serde_json::to_string_pretty(&asked).unwrap()).unwrap();
    let told = run(&["--request", file.to_str().unwrap()], b"");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    insta::assert_snapshot!("explained", told.stdout);
    assert!(
        told.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        told.stdout
    );
    let json = run(&["--request", file.to_str().unwrap(), "--format", "json"], b"");
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["decision"], "implicit_deny");
    assert_eq!(json["not_allowed_by"], "identity");
    let missed = &json["near_misses"][0]["missed_by"]["condition"];
    assert_eq!(missed["wanted"], json!(["203.0.113.0/24"]));
    assert_eq!(missed["found"], json!(["198.51.100.9"]));
}

/// Each fault with its line, its column and a word of what is said; the other lines are decided all the same.
#[test]
fn a_line_that_cannot_be_understood_is_answered_with_its_place() {
    let bad_policy = r#"{"principal":"arn:aws:iam::123456789012:user/ann","action":"s3:GetObject","resource":"*","policies":{"scp":[[{"Statement":[{"Effect":"Permit"}]}]]}}"#;
    let faults = [
        ("{".to_owned(), 1, "EOF"),
        ("[]".to_owned(), 1, "a request must be an object"),
        ("null".to_owned(), 1, "a request must be an object"),
        (beside("principle", json!("x")), 0, "unknown field `principle`"),
        (
            with("/policies", json!({"identities": []})),
            0,
            "unknown field `identities`",
        ),
        (with("/principal", json!("ann")), 0, "`ann` is no principal"),
        (
            with(
                "/principal",
                json!({"arn": "arn:aws:iam::123456789012:user/ann", "name": "x"}),
            ),
            0,
            "unknown field `name`",
        ),
        (with("/principal", json!({})), 0, "one of `arn`, `service`, `federated`"),
        (
            with(
                "/principal",
                json!({"arn": "arn:aws:iam::123456789012:user/ann", "session": "s"}),
            ),
            0,
            "of a role only",
        ),
        (
            with(
                "/principal",
                json!({"arn": "arn:aws:sts::123456789012:assumed-role/app/s", "role": "arn:aws:iam::123456789012:role/x/other"}),
            ),
            0,
            "is not the role of",
        ),
        (with("/action", json!("s3:Get*")), 0, "without wildcards"),
        (with("/resource", json!("bucket")), 0, "neither an ARN nor `*`"),
        (beside("resource_account", json!("12")), 0, "twelve digits"),
        (beside("context", json!({"k": null})), 0, "unknown_keys"),
        (beside("context", json!({"k": [["a"]]})), 0, "the value of `k`"),
        (beside("context", json!({"k": "a", "K": "b"})), 0, "is there twice"),
        (with("/policies/identity", json!([1])), 0, "must be an object"),
        (
            with("/policies/identity", json!("{")),
            0,
            "line 1, column 1 of its text",
        ),
        (
            with(
                "/policies",
                json!({"boundary": [request()["policies"]["identity"], request()["policies"]["identity"]]}),
            ),
            0,
            "one permissions boundary",
        ),
        (
            with("/policies", json!({"scp": [request()["policies"]["identity"]]})),
            0,
            "list of levels",
        ),
        (bad_policy.to_owned(), 134, "`Effect` cannot be `Permit`"),
        (r#"{"id":7,"id":8}"#.to_owned(), 0, "duplicate field `id`"),
    ];
    let mut input = String::new();
    for (line, _, _) in &faults {
        input += &format!("{line}\r\n\n{}\n", request());
    }
    let ran = run(&[], input.as_bytes());
    assert_eq!(ran.code, Some(7), "{}", ran.stderr);
    assert!(
        ran.stderr
            .starts_with("error[request.malformed]: 22 of the 66 lines of stdin"),
        "{}",
        ran.stderr
    );
    let told = answers(&ran);
    assert_eq!(told.len(), 2 * faults.len());
    for (n, ((line, column, part), pair)) in faults.iter().zip(told.chunks(2)).enumerate() {
        let error = &pair[0]["error"];
        assert_eq!(error["code"], "request.malformed");
        assert_eq!(error["line"], 3 * n + 1, "{line}: {error}");
        assert!(error["message"].as_str().unwrap().contains(part), "{line}: {error}");
        let said = error["column"].as_u64().unwrap();
        assert!(
            if *column == 0 {
                (1..=line.len() as u64 + 1).contains(&said)
            } else {
                said == *column
            },
            "{line}: {error}"
        );
        assert_eq!(
            pair[1],
            json!({"id": 7, "decision": "allowed", "by": {"kind": "identity", "policy": "identity-based policy 1", "statement": 1},
            "reason": "statement 1 of identity-based policy 1 allows it", "near_misses": []})
        );
    }
    // The ID comes back where the line is JSON at all.
    assert_eq!(told[6]["id"], 7);
    assert!(told[0].get("id").is_none());
}

#[test]
fn a_policy_written_over_lines_is_placed_in_the_file() {
    let text = "{\n  \"principal\": \"123456789012\",\n  \"action\": \"s3:GetObject\", \"resource\": \"*\",\n  \"policies\": {\n    \"identity\": {\n      \"Statement\": [{\"Effect\": \"Allow\",\n        \"Action\": 7}]}}}";
    let ran = run(&["--request", "-"], text.as_bytes());
    assert_eq!(ran.code, Some(7));
    assert!(
        ran.stderr.contains(
            "line 7, column 19: identity-based policy 1 is malformed: an action must be a text; nothing was decided"
        ),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_not_text_or_not_there_is_an_error() {
    let mut input = vec![0xff, 0xfe, b'\n'];
    input.extend(request().to_string().into_bytes());
    let ran = run(&[], &input);
    let told = answers(&ran);
    assert_eq!((ran.code, told.len()), (Some(7), 2));
    assert_eq!(told[0]["error"]["message"], "this is not UTF-8");
    let ran = run(&["/nonexistent/requests.jsonl"], b"");
    assert_eq!(ran.code, Some(7));
    assert!(ran.stderr.starts_with("error[file.unreadable]"), "{}", ran.stderr);
    let ran = run(&["--request", "/nonexistent/request.json"], b"");
    assert_eq!(ran.code, Some(7));
    let ran = run(&[], b"");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "no lines are no fault");
}

#[test]
fn a_file_of_lines_is_read_and_its_last_line_needs_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("requests.jsonl");
    std::fs::write(
        &file,
        format!("{}\n{}", request(), with("/action", json!("ec2:RunInstances"))),
    )
    .unwrap();
    let ran = run(&[file.to_str().unwrap()], b"");
    let told = answers(&ran);
    assert_eq!(ran.code, Some(0));
    assert_eq!(told[0]["decision"], "allowed");
    assert_eq!(told[1]["decision"], "implicit_deny");
}

/// Another program asks, waits for the answer, and asks again.
#[test]
fn each_line_is_answered_before_the_next_is_asked() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_oust"))
        .args(["policy", "eval"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        writeln!(stdin, "{}", request()).unwrap();
        stdin.flush().unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.contains("\"allowed\""), "{line}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is read, each line is answered by one line of JSON, and the exit code is one that is documented.
    #[test]
    fn any_lines_are_survived(lines in prop::collection::vec(prop_oneof![
        "\\PC{0,40}",
        (any::<prop::sample::Index>(), "\\PC{0,3}").prop_map(|(at, with)| {
            let text: Vec<char> = request().to_string().chars().collect();
            let (front, back) = text.split_at(at.index(text.len()));
            front.iter().copied().chain(with.chars()).chain(back.iter().copied().skip(1)).collect()
        }),
    ], 1..40)) {
        let ran = run(&[], lines.join("\n").as_bytes());
        let asked = lines.iter().filter(|line| !line.bytes().all(|b| b.is_ascii_whitespace())).count();
        prop_assert_eq!(answers(&ran).len(), asked);
        prop_assert!(matches!(ran.code, Some(0 | 7)), "{}", ran.stderr);
    }
}
