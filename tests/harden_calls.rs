//! Whose calls are whose, and what is kept of them, when the incident and everybody else's use are read of the same files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/records.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod records;
mod support;

use oust::account::Snapshot;
use oust::harden::{Gathered, Usage};
use oust::lineage::trace;
use oust::tabletop::Stage;
use oust::trail::{Sift, Window};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use support::story;

/// What `oust harden` tells of an account and files of a trail.
fn told(folder: &Path, stage: &Stage, trail: &[Value], args: &[&str]) -> Value {
    let (snapshot, logs) = (folder.join("snap.json"), folder.join("logs.json"));
    let kept = Snapshot::new(stage.twin.now(), stage.twin.account(), Vec::new());
    std::fs::write(&snapshot, kept.to_json().unwrap()).unwrap();
    std::fs::write(&logs, json!({"Records": trail}).to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_oust"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .args(["harden", "--format", "json", "--quiet", "--snapshot"])
        .arg(&snapshot)
        .arg("--logs")
        .arg(&logs)
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A call that the files tell counts once, be it found by the trace too or not.
#[test]
fn calls_that_the_trace_finds_too_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let stage = story::played();
    let mut trail = stage.twin.trail();
    // Somebody else's session of the role does the same again and again.
    let again = trail.iter().find(|record| {
        let session = record["userIdentity"]["arn"].as_str().unwrap_or_default();
        session.contains(":assumed-role/MyBucketRole/alice")
    });
    let again = again.unwrap().clone();
    trail.extend((0..5).map(|n| {
        let mut record = again.clone();
        record["eventID"] = format!("again-{n}").into();
        record["eventTime"] = again["eventTime"]
            .as_str()
            .unwrap()
            .replace(":00Z", &format!(":0{n}Z"))
            .into();
        record
    }));
    let lineage = trace(&story::evidence(&stage.twin), std::slice::from_ref(&stage.names["A"]));
    let is_others = |record: &&Value| {
        let key = record["userIdentity"]["accessKeyId"].as_str();
        record.get("errorCode").is_none()
            && key.is_some_and(|key| !lineage.credentials.iter().any(|member| member.key.as_str() == key))
    };
    let others = trail.iter().filter(is_others).count();
    assert!(others > 1);
    let told = told(folder.path(), &stage, &trail, &[stage.names["A"].as_str()]);
    assert_eq!(told["legitimate"], others);
}

/// What the owner of the key did before it was stolen is told whole: the endpoint that he came through too; so is what the intruder did.
#[test]
fn calls_of_a_stolen_key_keep_the_endpoint_that_they_came_through() {
    let folder = tempfile::tempdir().unwrap();
    let stage = story::played();
    let key = stage.names["A"].as_str();
    let used = |id: usize, at: &'static str, endpoint: &str| {
        let mut who = records::user("support-user", key);
        who["principalId"] = stage.twin.account().users["support-user"].id.clone().into();
        let request = json!({"roleArn": records::role_arn("MyBucketRole"), "roleSessionName": "s"});
        let call = records::call(who, at, "sts", "AssumeRole")
            .sent(request)
            .from("10.0.0.5");
        let mut record = call.gave(&format!("ASIARZPUZDIKAAAAAAA{id}")).record(id);
        record["vpcEndpointId"] = endpoint.into();
        record
    };
    let trail = [used(1, "09:00:00", "vpce-home"), used(2, "12:00:00", "vpce-strange")];
    let told = told(
        folder.path(),
        &stage,
        &trail,
        &[key, "--stolen", "2026-11-02T10:00:00Z"],
    );
    assert_eq!(told["legitimate"], 1);
    let findings = told["findings"].as_array().unwrap();
    let is_about = |finding: &&Value| {
        finding["kind"] == "address-free-user" && finding["title"].to_string().contains("support-user")
    };
    let finding = findings.iter().find(is_about).unwrap();
    let endpoint = &finding["measure"]["document"]["Statement"][0]["Condition"]["StringNotEquals"]["aws:SourceVpce"];
    assert_eq!(*endpoint, json!(["vpce-home"]));
    // The intruder's came through another one: that one is stopped.
    assert_eq!(finding["proof"]["stopped"], 1, "{finding:#}");
}

/// Beyond what fits, the first call of each caller and role is kept, and it is told how many were not.
#[test]
fn who_takes_which_role_is_told_however_many_calls_there_are() {
    let take = |name: &str, role: &str, id: usize| {
        let request = json!({"roleArn": records::role_arn(role), "roleSessionName": "s"});
        let who = records::user(
            name,
            if name == "ann" {
                "AKIAAAAAAAAAAAAAAAAA"
            } else {
                "AKIABBBBBBBBBBBBBBBB"
            },
        );
        records::call(who, "09:00:00", "sts", "AssumeRole")
            .sent(request)
            .record(id)
    };
    let mut trail: Vec<Value> = (0..8).map(|id| take("ann", "Often", id)).collect();
    trail.extend([
        take("bob", "Often", 8),
        take("ann", "Seldom", 9),
        take("ann", "Seldom", 10),
    ]);
    let kept = |text: String| -> Gathered {
        let sift = Sift::of(Window::default(), Box::new(|| Usage::default().of_mints(4)));
        sift.feed("trail", text.as_bytes());
        Usage::gathered(sift.finish().0)
    };
    let told = kept(json!({"Records": trail}).to_string());
    let ids: Vec<&str> = told.calls.iter().map(|call| call.event.id.as_str()).collect();
    assert_eq!(ids, ["event-0", "event-1", "event-2", "event-3", "event-8", "event-9"]);
    assert_eq!(told.left_out, 5);
}
