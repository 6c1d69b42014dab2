//! What a run must not do: cut off what was rightly made, go by a clock that is wrong, begin to cut before its arguments are understood, and be silent about secrets.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use aws_sdk_iam::Client;
use std::path::Path;
use support::served::{Served, said, wait};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#;

/// A run against the stolen key, with a short hold: its exit code and what it said.
fn run(served: &Served, folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    let quick = folder.join("quick.toml");
    std::fs::write(&quick, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    let cases = folder.join("cases");
    let key = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let (quick, cases) = (quick.to_str().unwrap(), cases.to_str().unwrap());
    let mut args = vec!["run", &key, "--yes", "--playbook", quick, "--cases", cases];
    args.extend(more);
    let run = served.oust("responder-key", None, &args);
    (run.status.code(), said(&run))
}

async fn makes(iam: &Client) {
    iam.create_user().user_name("svc").send().await.unwrap();
    let role = iam.create_role().role_name("App").assume_role_policy_document(TRUST);
    role.send().await.unwrap();
}

async fn role_policies(iam: &Client, role: &str) -> Vec<String> {
    let listed = iam.list_role_policies().role_name(role).send().await.unwrap();
    listed.policy_names
}

#[test]
fn what_was_rightly_made_with_the_stolen_key_is_left_alone_where_a_person_says_so() {
    for (more, is_cut) in [
        (vec![], true),
        (vec!["--innocent", "user/svc", "--innocent", "role/App"], false),
    ] {
        let served = Served::of("fights-back", &["--played"]);
        let folder = tempfile::tempdir().unwrap();
        wait(makes(&served.mount("A").clients().iam));
        let (_, told) = run(&served, folder.path(), &more);
        let responder = served.mount("responder-key");
        let of_role = wait(role_policies(&responder.clients().iam, "App"));
        let of_user = served.user_policies("svc");
        assert_eq!(
            of_role.contains(&"OustDenyAll".to_owned()),
            is_cut,
            "{of_role:?}: {told}"
        );
        assert_eq!(
            of_user.contains(&"OustDenyAll".to_owned()),
            is_cut,
            "{of_user:?}: {told}"
        );
        assert_eq!(told.contains("called innocent, and left alone"), !is_cut, "{told}");
    }
}

#[test]
fn a_cut_goes_by_aws_s_clock() {
    // The machine's clock is behind: what was issued in the last minutes lies behind its own present.
    let served = Served::of("fights-back", &["--played", "--skew", "4m"]);
    let folder = tempfile::tempdir().unwrap();
    let stolen = served.mount("A");
    wait(async {
        let iam = &stolen.clients().iam;
        iam.create_role()
            .role_name("App")
            .assume_role_policy_document(TRUST)
            .send()
            .await
            .unwrap();
        let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
        iam.attach_role_policy()
            .role_name("App")
            .policy_arn(admin)
            .send()
            .await
            .unwrap();
    });
    let session = served.assume_role("App", "A");
    assert!(served.can_list_users(&session));
    let (code, told) = run(&served, folder.path(), &["--innocent", "role/App"]);
    assert!(told.contains("s behind AWS's"), "{told}");
    assert!(!served.can_list_users(&session), "{told}");
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn nothing_is_cut_before_the_arguments_are_understood() {
    let served = Served::of("fights-back", &["--played"]);
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("notes.txt");
    std::fs::write(&foreign, "shopping: milk, bread, an index of refraction\n").unwrap();
    for more in [
        ["--since", "soon"],
        ["--until", "5m"],
        ["--accounts", "12"],
        ["--logs", "/there/is/nothing"],
        ["--logs", "s3://x/y"],
        ["--index", foreign.to_str().unwrap()],
    ] {
        let (code, told) = run(&served, folder.path(), &more);
        assert!(matches!(code, Some(2 | 7)), "{more:?}: {code:?}: {told}");
        assert!(served.is_active("deploy-bot", "A"), "{more:?}: {told}");
    }
}

#[test]
fn the_end_of_a_run_says_which_secrets_the_family_knows() {
    let served = Served::of("fights-back", &["--played"]);
    let folder = tempfile::tempdir().unwrap();
    let key = served.key("A")["access_key_id"].as_str().unwrap();
    let record = serde_json::json!({"eventVersion": "1.11", "userIdentity": {"type": "IAMUser", "principalId": "AIDAQEXAMPLEEXAMPLE1A",
        "arn": "arn:aws:iam::123456789012:user/deploy-bot", "accountId": "123456789012", "accessKeyId": key, "userName": "deploy-bot"},
        "eventTime": "2026-11-10T09:00:30Z", "eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue", "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.9", "requestParameters": {"secretId": "prod/ci-aws-keys"}, "responseElements": null, "eventID": "e1",
        "readOnly": true, "eventType": "AwsApiCall", "recipientAccountId": "123456789012"});
    let logs = folder.path().join("logs.json");
    std::fs::write(&logs, serde_json::json!({"Records": [&record]}).to_string()).unwrap();
    let (_, told) = run(&served, folder.path(), &["--logs", logs.to_str().unwrap()]);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("change them (prod/ci-aws-keys;"), "{told}");
    // What comes to light later a watch tells once.
    let mut later = record.clone();
    later["requestParameters"]["secretId"] = "prod/db".into();
    later["eventID"] = "e2".into();
    std::fs::write(&logs, serde_json::json!({"Records": [record, later]}).to_string()).unwrap();
    let cases = folder.path().join("cases");
    let names = std::fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let case = names
        .filter_map(|name| name.into_string().ok())
        .find(|name| name.contains("AKIA"));
    let watch = || {
        let args = [
            "watch",
            case.as_deref().unwrap(),
            "--once",
            "--yes",
            "--cases",
            cases.to_str().unwrap(),
        ];
        let told = said(&served.oust("responder-key", None, &args));
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let first = watch();
    assert!(
        first.contains("the family read more secrets") && first.contains("change them (prod/db;"),
        "{first}"
    );
    let second = watch();
    assert!(!second.contains("secrets") && second.contains("look"), "{second}");
}
