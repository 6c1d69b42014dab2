//! A responder of two profiles, one for the account and one for its organization, against a served twin.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use oust::playbook::CATALOGUE as PLAYBOOKS;
use oust::tabletop::CATALOGUE as SCENARIOS;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const OUST: &str = env!("CARGO_BIN_EXE_oust");

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The story in an organization, for which another user of the account acts than the responder.
fn scenario() -> String {
    let organization = "[organization]\nid = \"o-exampleorgid\"\nmanagement_account = \"999999999999\"\npath = [\"r-exam\"]\nadministrator = \"org-admin\"\n";
    let admin = "[[user]]\nname = \"org-admin\"\nkeys = [\"org-key\"]\nattached = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n";
    SCENARIOS[0]
        .1
        .replacen("[[user]]", &format!("{organization}\n{admin}\n[[user]]"), 1)
}

fn profile(name: &str, key: &Value) -> String {
    let (id, secret) = (
        key["access_key_id"].as_str().unwrap(),
        key["secret_access_key"].as_str().unwrap(),
    );
    format!("[profile {name}]\nregion = us-east-1\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
}

fn oust(folder: &Path, endpoint: &str, args: &[&str]) -> Output {
    Command::new(OUST)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", folder.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", folder.join("none"))
        .args(args)
        .args(["--profile", "account", "--endpoint-url", endpoint])
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|out| String::from_utf8_lossy(out).into_owned());
    // Lines are folded to the width of the terminal.
    text.concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn with_a_profile_for_the_organization_the_policy_comes_first_and_can_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("scenario.toml"), scenario()).unwrap();
    let quick = PLAYBOOKS[0].1.replace("seconds = 30\n", "seconds = 1\n");
    fs::write(folder.join("quick.toml"), quick).unwrap();
    let serve = [
        "twin",
        "serve",
        "--scenario",
        "scenario.toml",
        "--played",
        "--format",
        "json",
    ];
    let mut child = Command::new(OUST)
        .args(serve)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let _served = Served(child);
    while !text.ends_with("\n}\n") {
        assert!(out.read_line(&mut text).unwrap() > 0, "the twin ended: {text}");
    }
    let told: Value = serde_json::from_str(&text).unwrap();
    let endpoint = told["endpoint"].as_str().unwrap();
    let named = |name: &str| {
        told["credentials"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .unwrap()
    };
    let config = profile("account", named("responder-key")) + &profile("organization", named("org-key"));
    fs::write(folder.join("config"), config).unwrap();
    let stolen = named("A")["access_key_id"].as_str().unwrap();
    let organization = ["--organizations-profile", "organization"];

    // Without the profile there are no rights, and the plan says so.
    let plan = oust(folder, endpoint, &["plan", stolen]);
    assert!(said(&plan).contains("no rights in Organizations"), "{}", said(&plan));
    assert!(!said(&plan).contains("attach service control policy"));

    let args = [
        "run",
        stolen,
        "--playbook",
        "quick.toml",
        "--yes",
        "--cases",
        "cases",
        "--trace-calls",
    ];
    let run = oust(folder, endpoint, &[&args[..], &organization].concat());
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let all = said(&run);
    let place = |text: &str| all.find(text).unwrap_or_else(|| unreachable!("no `{text}` in {all}"));
    assert!(place("attach service control policy `OustQuarantine-123456789012-") < place("deactivate access key"));
    assert!(place("Organizations:AttachPolicy 200") < place("IAM:UpdateAccessKey 200"));
    assert!(all.contains("its effect is looked for at the end of the run"));
    let case = fs::read_dir(folder.join("cases"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name();
    let case = case.to_str().unwrap();
    let report = Command::new(OUST)
        .args(["report", case, "--cases", "cases"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        said(&report).contains("attached, and read back; effect not yet seen"),
        "{}",
        said(&report)
    );

    // While a session of the family may live by itself it is only undone by name.
    let args = ["undo", case, "--cases", "cases", "--yes"];
    let undo = oust(folder, endpoint, &[&args[..], &organization].concat());
    assert!(
        said(&undo).contains("it is a deny, and without it C (ASIA"),
        "{}",
        said(&undo)
    );
    let undo = oust(folder, endpoint, &[&args[..], &["--step", "2"], &organization].concat());
    assert_eq!(undo.status.code(), Some(0), "{}", said(&undo));
    let snapshot = oust(folder, endpoint, &[&["twin", "snapshot"][..], &organization].concat());
    let snapshot: Value = serde_json::from_slice(&snapshot.stdout).unwrap();
    let scps = snapshot["account"]["guards"]["scps"].as_array().unwrap();
    assert_eq!(scps.len(), 2);
    assert!(
        scps.iter()
            .all(|level| level.as_object().unwrap().keys().eq(["FullAWSAccess"]))
    );
}
