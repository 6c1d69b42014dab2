//! What is asked of an account itself, over HTTP.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use serde_json::Value;
use support::served::{Served, said};

/// When a key was last used IAM tells, and a snapshot keeps it: so a key that nobody uses can be called ready to be deactivated.
#[test]
fn an_account_tells_when_its_keys_were_last_used() {
    let twin = Served::start(&[]);
    let output = twin.oust("responder-key", None, &["harden", "--format", "json", "--quiet"]);
    assert!(output.status.success(), "{}", said(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = told["findings"].as_array().unwrap();
    let unused: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["kind"] == "key-unused")
        .collect();
    let ready = |finding: &&&Value| finding.get("doubt").is_none();
    assert!(
        !unused.is_empty() && unused.iter().filter(ready).count() == unused.len(),
        "{unused:#?}"
    );
    let output = twin.oust("responder-key", None, &["twin", "snapshot"]);
    let snapshot: Value = serde_json::from_slice(&output.stdout).unwrap();
    let users = snapshot["account"]["users"].as_object().unwrap().values();
    let keys: Vec<&Value> = users
        .flat_map(|user| user["credentials"]["access_keys"].as_array().unwrap())
        .filter(|key| key["status"] == "Active")
        .collect();
    let is_told = |key: &&&Value| key["last_used"]["at"].is_string();
    assert!(
        keys.len() > 2 && keys.iter().filter(is_told).count() == keys.len(),
        "{keys:#?}"
    );
    // A twin of that snapshot knows as much, and no more.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("snap.json");
    for is_known in [true, false] {
        let mut kept = snapshot.clone();
        for user in kept["account"]["users"].as_object_mut().unwrap().values_mut() {
            for key in user["credentials"]["access_keys"].as_array_mut().unwrap() {
                if !is_known {
                    key.as_object_mut().unwrap().remove("last_used");
                }
            }
        }
        std::fs::write(&path, kept.to_string()).unwrap();
        let output = std::process::Command::new(support::served::OUST)
            .env_clear()
            .args(["harden", "--format", "json", "--quiet", "--snapshot"])
            .arg(&path)
            .output()
            .unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = told["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["kind"] == "key-unused").unwrap();
        assert_eq!(finding.get("doubt").is_none(), is_known, "{finding:#}");
    }
}
