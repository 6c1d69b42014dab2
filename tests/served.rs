//! The program against its own served twin: the live world on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use serde_json::Value;
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

/// Who may not read the account gets the table all the same: what hangs on it is unknown, and the right that he lacks is told.
#[test]
fn readiness_is_told_where_the_account_may_not_be_read() {
    let served = Served::start(&[]);
    for args in [
        &["ready", "--format", "json"][..],
        &["ready", "--format", "json", "--responder", "role/Nobody"],
    ] {
        let weak = served.oust("alice-key", None, args);
        assert_eq!(weak.status.code(), Some(3), "{}", said(&weak));
        let table: Value = serde_json::from_slice(&weak.stdout).unwrap();
        let rows = table["checks"].as_array().unwrap();
        let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
        for id in [
            "contain.exempt",
            "organization.quarantine",
            "quarantine.removers",
            "break_glass.administrator",
        ] {
            assert_eq!(row(id)["state"], "unknown", "{table:#}");
        }
        for id in ["trace.permissions", "contain.permissions", "contain.undo"] {
            assert_ne!(row(id)["state"], "ready", "{table:#}");
        }
        let lacking = row("trace.permissions").to_string();
        assert!(lacking.contains("iam:GetAccountAuthorizationDetails"), "{lacking}");
    }
    let nobody = served.oust("alice-key", None, &["ready", "--responder", "group/x"]);
    assert_eq!(nobody.status.code(), Some(2), "{}", said(&nobody));
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
    assert_eq!(undo.status.code(), Some(4), "{}", said(&undo));
    for left in ["is leaked", "it is a deny, and without it B (ASIA"] {
        assert!(said(&undo).contains(left), "{}", said(&undo));
    }
    let still = served.oust("responder-key", None, &["trace", stolen]);
    assert!(
        said(&still).contains("the key is inactive") && said(&still).contains("denied everything"),
        "{}",
        said(&still)
    );
}

/// The story's playbook without its hold, in this folder.
fn quick_playbook(folder: &std::path::Path) -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    let quick = folder.join("quick.toml");
    std::fs::write(&quick, text.replace("seconds = 30", "seconds = 1")).unwrap();
    quick.to_str().unwrap().to_owned()
}

/// A user that was deleted comes back with everything that can come back; by name even a deny goes, and what somebody changed since is refused.
#[test]
fn a_deleted_user_comes_back_and_what_drifted_is_refused() {
    let served = Served::start(&["--played"]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (cases, quick) = (path("cases"), quick_playbook(folder.path()));
    let oust = |code: i32, args: &[&str]| -> String {
        let output = served.oust("responder-key", None, args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", said(&output));
        said(&output)
    };
    let stolen = served.key("A")["access_key_id"].as_str().unwrap();
    oust(0, &["twin", "snapshot", "--out", &path("before.json")]);
    oust(
        0,
        &[
            "run",
            stolen,
            "--yes",
            "--end",
            "delete",
            "--playbook",
            &quick,
            "--cases",
            &cases,
        ],
    );
    let case = std::fs::read_dir(&cases).unwrap().next().unwrap().unwrap();
    let name = case.file_name().into_string().unwrap();
    let undo = ["undo", &name, "--cases", &cases];
    for file in ["rebuild.cloudformation.json", "rebuild.tf"] {
        let text = std::fs::read_to_string(case.path().join(file)).unwrap();
        assert!(
            text.contains("support-user") && text.contains("AssumeBucketRole"),
            "{text}"
        );
    }
    let journal = std::fs::read_to_string(case.path().join("journal.jsonl")).unwrap();
    // Without a terminal it only tells, what is lost and by what to build it again included.
    let told = oust(0, &undo);
    for part in [
        "lost for good",
        "its unique ID",
        "rebuild.tf builds again",
        "a deleted access key cannot be restored",
        "nothing was changed",
    ] {
        assert!(told.contains(part), "`{part}`: {told}");
    }
    let unknown = oust(2, &[&undo[..], &["--step", "99"]].concat());
    assert!(
        unknown.contains("step.unknown") && unknown.contains("these can be named: f-1, f-2, 3"),
        "{unknown}"
    );
    // A member of a user that is gone cannot be undone by itself.
    let alone = oust(4, &[&undo[..], &["--step", "3", "--yes"]].concat());
    assert!(
        alone.contains("refused.undo") && alone.contains("undo that first"),
        "{alone}"
    );
    assert_eq!(
        std::fs::read_to_string(case.path().join("journal.jsonl")).unwrap(),
        journal,
        "nothing was done"
    );
    let done = oust(0, &[&undo[..], &["--yes"]].concat());
    assert!(done.contains("undo is done"), "{done}");
    oust(0, &["twin", "snapshot", "--out", &path("after.json")]);
    let diff = Command::new(OUST)
        .args(["twin", "diff", &path("before.json"), &path("after.json")])
        .output();
    let diff = said(&diff.unwrap());
    assert!(diff.contains("users.support-user.id"), "{diff}");
    for line in diff
        .lines()
        .filter(|line| line.contains("users.") || line.contains("roles."))
    {
        let declared = [
            "created",
            "credentials",
            "id",
            "roles.MyBucketRole.inline.AWSRevokeOlderSessions",
        ];
        assert!(declared.iter().any(|part| line.contains(part)), "{line}: {diff}");
        assert!(!line.contains("users.alice"), "{diff}");
    }
    // The role's revocation stays while C lives behind it. Undone by name, and by others: refused, with what was expected and what is there.
    let told = oust(4, &undo);
    assert!(
        told.contains("AWSRevokeOlderSessions") && told.contains("without it C (ASIA"),
        "{told}"
    );
    let journal = std::fs::read_to_string(case.path().join("journal.jsonl")).unwrap();
    let step = journal
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|entry| entry["event"] == "intended" && entry["change"]["member"]["member"] == "role_policy")
        .unwrap()["step"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    served.put_role_policy("MyBucketRole", "AWSRevokeOlderSessions", other);
    let drifted = oust(4, &[&undo[..], &["--step", &step, "--yes"]].concat());
    for part in [
        "refused.drift",
        "nothing was done",
        "DateLessThan",
        "\"s3:*\"",
        "hint: look at who changed it",
    ] {
        assert!(drifted.contains(part), "`{part}`: {drifted}");
    }
    assert_eq!(
        std::fs::read_to_string(case.path().join("journal.jsonl")).unwrap(),
        journal
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

/// Keys that lie about in the environment must not decide in whose account somebody is cut off, where a profile was named.
#[test]
fn a_named_profile_signs_whatever_the_environment_holds() {
    let served = Served::start(&["--played"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    served.write_profile(&file, "alice", "alice-key");
    let stolen = served.key("A")["access_key_id"].as_str().unwrap();
    let as_profile = |profile: &str| {
        let mut command = served.command("responder-key", None, &["trace", stolen, "--profile", profile]);
        command.env("AWS_SHARED_CREDENTIALS_FILE", &file);
        command.env("AWS_CONFIG_FILE", folder.path().join("config"));
        command.output().unwrap()
    };
    let alice = as_profile("alice");
    assert!(
        said(&alice).contains("signing as arn:aws:iam::123456789012:user/alice"),
        "{}",
        said(&alice)
    );
    let nobody = as_profile("nope");
    assert_eq!(nobody.status.code(), Some(6), "{}", said(&nobody));
    assert!(said(&nobody).contains("profile `nope`"), "{}", said(&nobody));
}

/// What `oust cases` says.
fn listed(cases: &str) -> String {
    said(&Command::new(OUST).args(["cases", "--cases", cases]).output().unwrap())
}

/// Evidence that was given and could not be read may be the one that tells of the way in.
#[test]
fn evidence_that_cannot_be_read_keeps_the_end_from_being_called_contained() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let quick = path("quick.toml");
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    std::fs::write(&quick, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    std::fs::write(path("cut.json"), "{\"Records\":[{\"eventVersion\":\"1.08\",\"even").unwrap();
    std::fs::create_dir(path("empty")).unwrap();
    for (n, (logs, why)) in [("cut.json", "could not be read"), ("empty", "holds no record")]
        .into_iter()
        .enumerate()
    {
        let served = Served::start(&["--played"]);
        let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
        let (logs, cases) = (path(logs), path(&format!("cases-{n}")));
        let args = [
            "run",
            &stolen,
            "--yes",
            "--playbook",
            &quick,
            "--cases",
            &cases,
            "--logs",
            &logs,
        ];
        let run = served.oust("responder-key", None, &args);
        assert_eq!(run.status.code(), Some(3), "{}", said(&run));
        assert!(
            said(&run).contains("in doubt") && said(&run).contains(why),
            "{}",
            said(&run)
        );
        // What was not proven is not listed as done.
        assert!(listed(&cases).contains("NOT CONTAINED"), "{}", listed(&cases));
    }
}

/// A case whose steps somebody else undid: that nothing is left to undo is not the news.
#[test]
fn an_undoing_tells_what_others_undid_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (quick, cases) = (path("quick.toml"), path("cases"));
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    std::fs::write(&quick, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let args = ["run", &stolen, "--yes", "--playbook", &quick, "--cases", &cases];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let case = std::fs::read_dir(&cases).unwrap().next().unwrap().unwrap();
    let case = case.file_name().into_string().unwrap();
    assert!(
        listed(&cases).contains("CONTAINED, by the look of"),
        "{}",
        listed(&cases)
    );
    let undo = || served.oust("responder-key", None, &["undo", &case, "--yes", "--cases", &cases]);
    let kept = undo();
    assert_eq!(kept.status.code(), Some(4), "{}", said(&kept));
    assert!(said(&kept).contains("changes stay"), "{}", said(&kept));
    let boss = served.mount("responder-key");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let iam = &boss.clients().iam;
        for policy in ["OustDenyAll", "AWSRevokeOlderSessions"] {
            let delete = iam.delete_user_policy().user_name("support-user").policy_name(policy);
            drop(delete.send().await);
        }
        let open = iam.delete_user_permissions_boundary().user_name("support-user");
        open.send().await.unwrap();
        let role = iam.delete_role_policy().role_name("MyBucketRole");
        role.policy_name("AWSRevokeOlderSessions").send().await.unwrap();
    });
    let told = undo();
    assert_eq!(told.status.code(), Some(3), "{}", said(&told));
    assert!(
        said(&told).contains("undone by somebody else") && said(&told).contains("case.undone_by_others"),
        "{}",
        said(&told)
    );
}

/// What could not be looked at is no result: whoever reads the exit code alone must see it.
#[test]
fn a_trace_that_was_refused_everything_ends_as_refused() {
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let refused = served.oust("alice-key", None, &["trace", &stolen]);
    assert_eq!(refused.status.code(), Some(6), "{}", said(&refused));
    assert!(
        said(&refused).contains("neither trail nor account could be looked at"),
        "{}",
        said(&refused)
    );
    // Half of it is a result that leaves the rest unsaid.
    let allow = |action: &str| {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
        );
        let put = served.iam("responder-key").put_user_policy().user_name("alice");
        support::served::wait(put.policy_name("Reads").policy_document(document).send()).unwrap();
    };
    for half in ["cloudtrail:*", "iam:*"] {
        allow(half);
        let told = served.oust("alice-key", None, &["trace", &stolen]);
        assert_eq!(told.status.code(), Some(3), "{half}: {}", said(&told));
    }
    allow("*");
    let whole = served.oust("alice-key", None, &["trace", &stolen]);
    assert_eq!(whole.status.code(), Some(0), "{}", said(&whole));
}
