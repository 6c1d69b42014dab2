//! The documented logic, case by case, through the door that people use: `oust policy eval`.
//!
//! Each case of `tests/decisions/*.json` names the page that its answer comes from. Expected are the answer, and where it matters the
//! kind of policy that decided (`by`) or that doesn't allow (`not_allowed_by`); `error` is what a refusal says.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

struct Case {
    name: String,
    page: String,
    request: Value,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let read: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        cases.extend(read.into_iter().map(|case| Case {
            name: format!("{stem}: {}", case["name"].as_str().unwrap()),
            page: case["page"].as_str().unwrap().to_owned(),
            request: case["request"].clone(),
            expected: case["expected"].clone(),
        }));
    }
    cases
}

/// The answers to `requests`, and the exit code.
fn answers(requests: &str) -> (Vec<Value>, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_oust"))
        .args(["policy", "eval", "--quiet"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let requests = requests.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(requests.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (lines.collect(), output.status.code())
}

/// What is wrong with an answer, if anything.
fn fault(answer: &Value, expected: &Value) -> Option<String> {
    if let Some(part) = expected.get("error") {
        let said = answer["error"]["message"].as_str();
        let says = said.is_some_and(|said| part.as_str().is_none_or(|part| said.contains(part)));
        let placed = answer["error"]["line"].as_u64() > Some(0) && answer["error"]["column"].as_u64() > Some(0);
        return (!says || !placed).then(|| format!("wants an error that says {part}"));
    }
    if answer["decision"] != expected["decision"] {
        return Some(format!("wants {}", expected["decision"]));
    }
    let by = [
        ("by", &answer["by"]["kind"]),
        ("not_allowed_by", &answer["not_allowed_by"]),
    ];
    let wrong = by
        .into_iter()
        .find(|(member, said)| expected.get(member).is_some_and(|kind| kind != *said));
    wrong.map(|(member, _)| format!("wants {member} {}", expected[member]))
}

#[test]
fn every_case_is_decided_as_its_page_says() {
    let cases = cases();
    let lines: Vec<String> = cases.iter().map(|case| case.request.to_string()).collect();
    let (answers, exit) = answers(&lines.join("\n"));
    assert_eq!(answers.len(), cases.len());
    assert_eq!(exit, Some(7), "some cases are malformed on purpose");
    let faults: Vec<String> = cases
        .iter()
        .zip(&answers)
        .filter_map(|(case, answer)| {
            let fault = fault(answer, &case.expected)?;
            Some(format!(
                "{}\n  {fault}, got {answer}\n  {}\n  {}",
                case.name, case.page, case.request
            ))
        })
        .collect();
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
}

#[test]
fn every_case_has_its_own_name_and_a_page_of_aws() {
    let cases = cases();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
    assert!(
        cases
            .iter()
            .all(|case| case.page.starts_with("https://docs.aws.amazon.com/"))
    );
}

/// The runner finds what it is there to find.
#[test]
fn a_wrong_answer_is_a_fault() {
    let answer = json!({"decision": "allowed", "by": {"kind": "identity"}});
    assert_eq!(fault(&answer, &json!({"decision": "allowed", "by": "identity"})), None);
    for wrong in [
        json!({"decision": "unknown"}),
        json!({"decision": "allowed", "by": "resource"}),
        json!({"error": true}),
    ] {
        assert!(fault(&answer, &wrong).is_some(), "{wrong}");
    }
    let refused = json!({"error": {"message": "no `Effect`", "line": 1, "column": 9}});
    assert_eq!(fault(&refused, &json!({"error": "Effect"})), None);
    assert!(fault(&refused, &json!({"error": "Action"})).is_some());
}
