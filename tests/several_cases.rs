//! Several incidents of one account: what one case has cut another counts on.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::path::Path;
use support::served::{Served, said, wait};

/// Two keys of one user were stolen, each a case of its own. The first of them left nothing alive; a token of the second lives behind the deny that the first
/// case put there, and that the second found.
#[test]
fn undoing_one_case_lets_nobody_of_another_in() {
    let served = Served::of("fights-back", &["--played"]);
    let folder = tempfile::tempdir().unwrap();
    let made = served.iam("responder-key").create_access_key().user_name("deploy-bot");
    let second = wait(made.send()).unwrap().access_key.unwrap();
    let signing = aws_credential_types::Credentials::from_keys(&second.access_key_id, &second.secret_access_key, None);
    let mount = served.mount_as(signing);
    let token = wait(mount.clients().sts.get_session_token().send()).unwrap();
    let token = token.credentials.unwrap();
    let token = aws_credential_types::Credentials::from_keys(
        token.access_key_id,
        token.secret_access_key,
        Some(token.session_token),
    );
    assert!(acts(&served, &token));
    let first = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let of_first = run(&served, folder.path(), &first);
    let of_second = run(&served, folder.path(), &second.access_key_id);
    let undo = |case: &str, more: &[&str]| {
        let cases = folder.path().join("cases");
        let args = [&["undo", case, "--yes", "--cases", cases.to_str().unwrap()], more].concat();
        let undone = served.oust("responder-key", None, &args);
        let words = said(&undone).split_whitespace().collect::<Vec<_>>().join(" ");
        (undone.status.code(), words)
    };
    let (_, told) = undo(&of_first, &[]);
    assert!(!acts(&served, &token), "{told}");
    assert!(told.contains(&format!("without it B of case {of_second}")), "{told}");
    // What is named is done, and whom it lets in is said.
    let (code, told) = undo(&of_first, &["--step", "f-2", "--step", "3"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(&format!("B of case {of_second}")), "{told}");
    assert!(acts(&served, &token), "{told}");
}

/// Whether a token can do something: IAM takes none without MFA.
fn acts(served: &Served, token: &aws_credential_types::Credentials) -> bool {
    let mount = served.mount_as(token.clone());
    wait(mount.clients().cloudtrail.lookup_events().send()).is_ok()
}

/// Contains what was done with a key; gives the case.
fn run(served: &Served, folder: &Path, key: &str) -> String {
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    let quick = folder.join("quick.toml");
    std::fs::write(&quick, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    let cases = folder.join("cases");
    let args = [
        "run",
        key,
        "--yes",
        "--playbook",
        quick.to_str().unwrap(),
        "--cases",
        cases.to_str().unwrap(),
    ];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let names = std::fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut names = names.filter_map(|name| name.into_string().ok());
    names.find(|name| name.ends_with(key)).unwrap()
}
