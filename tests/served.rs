//! The program against its own served twin: the live world on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use std::process::Command;

use support::served::{OUST, Served, said};

#[test]
fn credentials_that_do_not_work_are_told_apart_from_missing_permissions() {
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap();
    let wrong = served.oust(
        "responder-key",
        Some("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        &["run", stolen, "--yes"],
    );
    assert_eq!(wrong.status.code(), Some(6), "{}", said(&wrong));
    assert!(
        said(&wrong).contains("aws.credentials") && said(&wrong).contains("SignatureDoesNotMatch"),
        "{}",
        said(&wrong)
    );
    let weak = served.oust("alice-key", None, &["run", stolen, "--yes"]);
    assert_eq!(weak.status.code(), Some(6), "{}", said(&weak));
    assert!(said(&weak).contains("aws.access_denied"), "{}", said(&weak));
}

#[test]
fn a_plan_from_a_file_is_carried_out_once_and_refused_on_the_account_that_it_has_changed() {
    let served = Served::start(&["--played"]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (plan, cases, quick) = (path("plan.json"), path("cases"), path("quick.toml"));
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    std::fs::write(&quick, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    let stolen = served.key("A")["access_key_id"].as_str().unwrap();
    let made = served.oust(
        "responder-key",
        None,
        &["plan", stolen, "--playbook", &quick, "--out", &plan],
    );
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let run = served.oust(
        "responder-key",
        None,
        &["run", &plan, "--yes", "--cases", &cases, "--trace-calls"],
    );
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    assert!(said(&run).contains("IAM:PutRolePolicy  200"), "{}", said(&run));
    let again = served.oust("responder-key", None, &["run", &plan, "--yes", "--cases", &cases]);
    assert_eq!(again.status.code(), Some(4), "{}", said(&again));
    assert!(
        said(&again).contains("users.support-user.inline.OustDenyAll"),
        "{}",
        said(&again)
    );
    // A new plan finds everything done already, and says so.
    let anew = served.oust(
        "responder-key",
        None,
        &["run", stolen, "--yes", "--playbook", &quick, "--cases", &cases],
    );
    assert_eq!(anew.status.code(), Some(0), "{}", said(&anew));
    assert!(
        said(&anew).contains("already so: nothing was called"),
        "{}",
        said(&anew)
    );
    // And the first case can be turned round, but for what would let the intruder in.
    let mut names: Vec<String> = std::fs::read_dir(&cases)
        .unwrap()
        .map(|case| case.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let undo = served.oust("responder-key", None, &["undo", &names[0], "--yes", "--cases", &cases]);
    assert_eq!(undo.status.code(), Some(0), "{}", said(&undo));
    for left in [
        "is leaked",
        "it is a deny, and a credential of the lineage is still alive by itself",
    ] {
        assert!(said(&undo).contains(left), "{}", said(&undo));
    }
    let still = served.oust("responder-key", None, &["trace", stolen]);
    assert!(
        said(&still).contains("the key is inactive") && said(&still).contains("denied everything"),
        "{}",
        said(&still)
    );
}

#[test]
fn a_served_snapshot_is_the_account_that_was_written() {
    let served = Served::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let first = served.oust("responder-key", None, &["twin", "snapshot", "--out", &path("one.json")]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    let same = Command::new(OUST)
        .args(["twin", "diff", &path("one.json"), &path("one.json")])
        .output()
        .unwrap();
    assert!(said(&same).contains("no difference"));
}

#[test]
fn without_enforcement_anybody_may_do_anything() {
    let served = Served::start(&["--no-enforce"]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("one.json");
    let weak = served.oust(
        "alice-key",
        Some("wrong"),
        &["twin", "snapshot", "--out", out.to_str().unwrap()],
    );
    assert_eq!(weak.status.code(), Some(0), "{}", said(&weak));
    assert!(std::fs::read_to_string(out).unwrap().contains("MyBucketRole"));
}
