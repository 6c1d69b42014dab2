//! Command lines as a responder types them: what is said, what is done, which code comes back.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};

const OUST: &str = env!("CARGO_BIN_EXE_oust");
const STOLEN: &str = "AKIARZPUZDIKJA7PRP33";

/// An environment full of traps: whoever follows one of these leaves the twin.
fn poisoned(args: &[&str]) -> Output {
    Command::new(OUST)
        .args(args)
        .env_clear()
        .env("AWS_PROFILE", "production")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:1")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_ACCESS_KEY_ID", "AKIATRAPTRAPTRAPTRAP")
        .env("AWS_SECRET_ACCESS_KEY", "trap")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .env("COLUMNS", "80")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs, and checks the exit code and that each part is said.
fn expect(args: &[&str], code: i32, parts: &[&str]) -> String {
    let output = poisoned(args);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    for part in parts {
        assert!(text.contains(part), "{args:?} doesn't say `{part}`: {text}");
    }
    text
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Law 10: on the twin no call leaves the process, whatever the environment says.
#[test]
fn the_story_is_played_in_a_poisoned_environment_and_ends_with_everybody_out() {
    let text = expect(
        &["tabletop", "run", "stolen-key"],
        0,
        &[
            "STILL IN after 5 steps: B, D3",
            "OUT: nothing that the attacker holds works",
        ],
    );
    insta::assert_snapshot!("tabletop", text);
    let json = poisoned(&["tabletop", "run", "stolen-key", "--format", "json", "--end", "delete"]);
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(told["contained"], true);
    assert_eq!(told["still_in"], serde_json::json!([]));
}

#[test]
fn trace_and_plan_are_readable_at_80_columns() {
    insta::assert_snapshot!(
        "trace",
        expect(
            &["trace", STOLEN, "--scenario", "stolen-key"],
            0,
            &["owner      user `support-user`"]
        )
    );
    insta::assert_snapshot!(
        "plan",
        expect(&["plan", STOLEN, "--scenario", "stolen-key", "--end", "delete"], 0, &[])
    );
    insta::assert_snapshot!("help", expect(&["--help"], 0, &["Exit codes:"]));
    insta::assert_snapshot!("help_run", expect(&["run", "--help"], 0, &[]));
    for line in expect(&["plan", STOLEN, "--scenario", "stolen-key"], 0, &[]).lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_session_is_walked_back_to_the_key_that_it_comes_from() {
    let traced = poisoned(&["trace", STOLEN, "--scenario", "stolen-key", "--format", "json"]);
    let traced: serde_json::Value = serde_json::from_slice(&traced.stdout).unwrap();
    let session = traced["lineage"]["credentials"][2]["key"].as_str().unwrap().to_owned();
    assert!(session.starts_with("ASIA"));
    expect(
        &["trace", &session, "--scenario", "stolen-key"],
        0,
        &[&format!("A  {STOLEN}"), "Family: 3 credentials"],
    );
    expect(
        &["run", &session, "--scenario", "stolen-key", "--dry-run"],
        0,
        &[&format!("deactivate access key {STOLEN}")],
    );
}

#[test]
fn without_a_terminal_and_without_yes_it_is_a_dry_run_and_no_case_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases");
    expect(
        &[
            "run",
            STOLEN,
            "--scenario",
            "stolen-key",
            "--cases",
            cases.to_str().unwrap(),
        ],
        0,
        &["this is a dry run", "nothing was changed", "Who is still in"],
    );
    assert!(!cases.exists());
}

#[test]
fn a_run_leaves_a_case_that_tells_it_and_holds_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().to_str().unwrap();
    expect(
        &["run", STOLEN, "--scenario", "stolen-key", "--yes", "--cases", cases],
        0,
        &["CONTAINED", "done, and read back"],
    );
    let case = std::fs::read_dir(cases).unwrap().next().unwrap().unwrap();
    let name = case.file_name().into_string().unwrap();
    for file in [
        "plan.json",
        "rehearsal.jsonl",
        "evidence.json",
        "journal.jsonl",
        "outcome.json",
    ] {
        let text = std::fs::read_to_string(case.path().join(file)).unwrap();
        for word in [
            "secret_access_key",
            "SecretAccessKey",
            "sessionToken",
            "\"session_token\":",
            "twin//",
        ] {
            assert!(!text.contains(word), "{file} holds `{word}`");
        }
    }
    expect(&["cases", "--cases", cases], 0, &[&name, "CONTAINED, by the look of"]);
    expect(
        &["report", &name, "--cases", cases],
        0,
        &[
            "iam:PutUserPolicy UserName=support-user PolicyName=OustDenyAll",
            "every step is settled",
        ],
    );
    let journal = case.path().join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("Inactive", "Active", 1)).unwrap();
    expect(&["report", &name, "--cases", cases], 7, &["it was changed or cut"]);
}

#[test]
fn a_plan_is_refused_when_the_account_has_drifted() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json").to_str().unwrap().to_owned();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    expect(&["plan", STOLEN, "--scenario", "stolen-key", "--out", &plan], 0, &[]);
    expect(
        &["run", &plan, "--scenario", "stolen-key", "--yes", "--cases", &cases],
        0,
        &["CONTAINED"],
    );
    let text = std::fs::read_to_string(&plan).unwrap();
    write(
        folder.path(),
        "plan.json",
        &text.replace("AssumeBucketRole", "AssumeOtherRole"),
    );
    expect(
        &["run", &plan, "--scenario", "stolen-key", "--yes", "--cases", &cases],
        4,
        &["refused.drift", "users.support-user.inline"],
    );
    write(folder.path(), "plan.json", "{\n \"oust_plan\": 1,\n}");
    expect(&["run", &plan, "--scenario", "stolen-key"], 7, &["line 3, column 1"]);
}

/// Without credentials anything that is asked of AWS would fail otherwise, and first.
#[test]
fn a_garbled_store_or_workgroup_is_told_before_anything_is_asked() {
    for command in ["trace", "plan", "run"] {
        let with = |more: &[&'static str]| [&[command, "AKIARZPUZDIKJA7PRP33"], more].concat();
        expect(
            &with(&["--lake", "not an id"]),
            2,
            &["lake.garbled", "nothing was asked"],
        );
        let garbled = ["--athena", "a b", "--table", "t"];
        expect(&with(&garbled), 2, &["athena.garbled", "nothing was asked"]);
    }
}

#[test]
fn bad_keys_get_a_clear_error_and_no_call() {
    for key in ["", "hello", "akiarzpuzdikja7prp33", "AKIA"] {
        expect(
            &["trace", key, "--scenario", "stolen-key"],
            2,
            &["key.garbled", "nothing was asked"],
        );
    }
    expect(
        &["trace", "AIDAYVP4CIPPJ5M54LRCY", "--scenario", "stolen-key"],
        2,
        &["the unique ID of an IAM user"],
    );
    let yes = ["--scenario", "stolen-key", "--yes", "--cases", "/nonexistent/cases"];
    let with = |key: &'static str| [vec!["run", key], yes.to_vec()].concat();
    expect(
        &with("AKIAYVP4CIPPERUVIFXG"),
        4,
        &["belongs to account 595918472158", "nothing was changed"],
    );
    // Carries the account's number and is nobody's: deleted, or made up.
    expect(
        &with("AKIARZPUZDIKAAAAAAAA"),
        4,
        &["nobody in the account has AKIARZPUZDIKAAAAAAAA"],
    );
}

#[test]
fn a_key_that_may_be_root_s_is_refused_with_what_to_do_instead() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("s.json").to_str().unwrap().to_owned();
    expect(
        &["twin", "snapshot", "--scenario", "stolen-key", "--out", &snapshot],
        0,
        &[],
    );
    let text = std::fs::read_to_string(&snapshot).unwrap();
    write(
        folder.path(),
        "s.json",
        &text.replace("\"access_keys\": 0", "\"access_keys\": 1"),
    );
    let args = [
        "run",
        "AKIARZPUZDIKAAAAAAAA",
        "--snapshot",
        &snapshot,
        "--yes",
        "--cases",
        "/nonexistent/x",
    ];
    expect(
        &args,
        4,
        &["refused.root_key", "nothing was changed", "sign in as root"],
    );
}

#[test]
fn a_key_that_is_deleted_already_leaves_its_sessions_to_be_ended() {
    let folder = tempfile::tempdir().unwrap();
    let scenario =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/scenarios/stolen-key.toml"))
            .unwrap();
    let deleted = scenario.replace(
        "[reaction]",
        &format!("[[move]]\nminute = 13\nby = \"responder-key\"\ncall = \"iam:DeleteAccessKey\"\nparams = {{ UserName = \"support-user\", AccessKeyId = \"{STOLEN}\" }}\ninnocent = true\nsays = \"the key is deleted\"\n\n[reaction]"),
    );
    let file = write(folder.path(), "deleted.toml", &deleted);
    let cases = folder.path().join("cases");
    let args = [
        "run",
        STOLEN,
        "--scenario",
        &file,
        "--yes",
        "--cases",
        cases.to_str().unwrap(),
    ];
    let text = expect(
        &args,
        0,
        &["OustDenyAll", "revoke the sessions of role `MyBucketRole`", "CONTAINED"],
    );
    assert!(!text.contains("deactivate access key"), "{text}");
}

/// The attacker makes a key for somebody else and a chain of roles: all of it is found and ended, and that somebody keeps her own key.
#[test]
fn keys_made_for_others_and_chained_roles_are_part_of_the_family() {
    let folder = tempfile::tempdir().unwrap();
    let scenario =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/scenarios/stolen-key.toml"))
            .unwrap();
    let deeper = scenario
        .replace(
            "\"s3:GetObject\",\"s3:ListBucket\"",
            "\"iam:CreateAccessKey\",\"sts:AssumeRole\",\"s3:GetObject\",\"s3:ListBucket\"",
        )
        .replace(
            "{\"AWS\":\"arn:aws:iam::123456789012:user/alice\"}",
            "{\"AWS\":\"arn:aws:iam::123456789012:role/MyBucketRole\"}",
        )
        .replace(
            "[reaction]",
            r#"[[move]]
minute = 14
by = "C"
call = "iam:CreateAccessKey"
params = { UserName = "alice" }
gives = "E"
says = "C makes a key for alice"

[[move]]
minute = 15
by = "E"
call = "sts:GetSessionToken"
gives = "F"
says = "which mints a session"

[[move]]
minute = 16
by = "C"
call = "sts:AssumeRole"
params = { RoleArn = "arn:aws:iam::123456789012:role/DeployRole", RoleSessionName = "chain" }
gives = "G"
says = "and C goes on to another role"

[reaction]"#,
        );
    let file = write(folder.path(), "deeper.toml", &deeper);
    let cases = folder.path().join("cases");
    let plan = expect(
        &["plan", STOLEN, "--scenario", &file],
        0,
        &["revoke the sessions of role `DeployRole`"],
    );
    assert!(plan.contains("revoke the sessions of user `alice`"), "{plan}");
    assert!(!plan.contains("innocent, and hit"), "{plan}");
    let args = [
        "run",
        STOLEN,
        "--scenario",
        &file,
        "--yes",
        "--cases",
        cases.to_str().unwrap(),
        "--format",
        "json",
        "-q",
    ];
    let run = poisoned(&args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let outcome: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(outcome["verdicts"].as_array().unwrap().len(), 6);
    let case = std::fs::read_dir(&cases).unwrap().next().unwrap().unwrap().path();
    let journal = std::fs::read_to_string(case.join("journal.jsonl")).unwrap();
    assert_eq!(
        journal.matches("\"to\":{\"status\":\"Inactive\"}").count(),
        2,
        "A and E, and not alice's own"
    );
}

#[test]
fn a_key_that_was_never_used_is_contained_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let scenario =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/scenarios/stolen-key.toml"))
            .unwrap();
    let quiet = scenario.split("# --- what happened before").next().unwrap();
    let file = write(folder.path(), "quiet.toml", quiet);
    let cases = folder.path().join("cases");
    expect(
        &["trace", STOLEN, "--scenario", &file],
        0,
        &["last used  never", "Family: 1 credential"],
    );
    let args = [
        "run",
        STOLEN,
        "--scenario",
        &file,
        "--yes",
        "--cases",
        cases.to_str().unwrap(),
    ];
    expect(&args, 0, &["deactivate access key", "OustDenyAll", "CONTAINED"]);
}

#[test]
fn missing_permissions_are_found_in_rehearsal_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let scenario =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/scenarios/stolen-key.toml"))
            .unwrap();
    let weak = scenario.replace(
        "attached = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]",
        "[user.inline]\nRead = '''{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"iam:Get*\",\"iam:List*\",\"sts:Get*\",\"cloudtrail:LookupEvents\"],\"Resource\":\"*\"}]}'''",
    );
    let file = write(folder.path(), "weak.toml", &weak);
    let cases = folder.path().join("cases");
    let args = [
        "run",
        STOLEN,
        "--scenario",
        &file,
        "--yes",
        "--cases",
        cases.to_str().unwrap(),
    ];
    let text = expect(&args, 6, &["rehearsal.missing_permissions", "nothing was changed"]);
    for permission in ["iam:UpdateAccessKey", "iam:PutUserPolicy", "iam:PutRolePolicy"] {
        assert!(text.contains(permission), "{text}");
    }
    assert!(!cases.exists());
}

#[test]
fn who_signs_is_never_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let scenario =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/scenarios/stolen-key.toml"))
            .unwrap();
    let own = scenario
        .replace("responder = \"responder\"", "responder = \"support-user\"")
        .replace(
            "groups = [\"Support\"]\n[user.inline]",
            "groups = [\"Support\"]\nattached = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]\n[user.inline]",
        );
    let file = write(folder.path(), "own.toml", &own);
    expect(
        &["run", STOLEN, "--scenario", &file, "--yes", "--cases", "/nonexistent/x"],
        4,
        &["refused.own_credentials", "your key is the one that this is about"],
    );
}

#[test]
fn a_damaged_log_among_good_ones_is_named_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = folder.path().join("s.json").to_str().unwrap().to_owned();
    expect(
        &["twin", "snapshot", "--scenario", "stolen-key", "--out", &snapshot],
        0,
        &[],
    );
    let snapshot: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&snapshot).unwrap()).unwrap();
    assert!(
        !snapshot.to_string().contains("twin//"),
        "a snapshot holds no session token"
    );
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let good = serde_json::json!({"Records": snapshot["trail"]}).to_string();
    write(&logs, "a-good.json", &good);
    write(&logs, "b-cut.json", &good[..good.len() / 2]);
    write(&logs, "c-none.json", "this is no JSON");
    let logs = logs.to_str().unwrap();
    let text = expect(
        &["trace", STOLEN, "--logs", logs, "--offline"],
        0,
        &["b-cut.json at byte", "c-none.json at byte 0", "Family: 3 credentials"],
    );
    assert!(text.contains("whether it still works only the account can tell"));
    // Of what can't be read at all nobody knows what it would have told.
    let none = write(folder.path(), "none.json", "this is no JSON");
    expect(
        &["trace", STOLEN, "--logs", &none, "--offline"],
        3,
        &["none.json at byte 0"],
    );
    let empty = write(folder.path(), "empty.json", r#"{"Records": []}"#);
    expect(&["trace", STOLEN, "--logs", &empty, "--offline"], 0, &[]);
    expect(
        &["trace", STOLEN, "--logs", "/nonexistent/logs", "--offline"],
        7,
        &["is not there"],
    );
}

#[test]
fn malformed_files_point_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let bad = write(
        folder.path(),
        "bad.toml",
        "name = \"x\"\ntitle = \"x\"\n[[step]]\nverb = \"explode\"\nend = \"contain\"\nwhy = \"w\"\n",
    );
    expect(
        &["playbook", "check", &bad],
        7,
        &[
            "line 4, column 8",
            "there is no verb `explode`",
            "playbook::unknown_verb",
        ],
    );
    let naive = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/exercises/naive-order.toml");
    expect(
        &["playbook", "check", naive.to_str().unwrap()],
        7,
        &["playbook::order", "deny the user before"],
    );
    let snapshot = write(folder.path(), "s.json", "{\"oust_snapshot\": 1,\n \"taken_at\": 5}");
    expect(&["trace", STOLEN, "--snapshot", &snapshot], 7, &["line 2"]);
    let policy = r#"{"oust_snapshot":1,"taken_at":"2026-01-01T00:00:00Z","account":{"id":"123456789012","partition":"aws","roles":{"R":{"name":"R","path":"/","id":"A","created":"2026-01-01T00:00:00Z","trust":{"Statement":[]}}}}}"#;
    let snapshot = write(folder.path(), "p.json", policy);
    expect(
        &["trace", STOLEN, "--snapshot", &snapshot],
        7,
        &["trust policy of role `R`", "malformed policy"],
    );
    expect(&["tabletop", "run", "no-such-story"], 7, &["stolen-key"]);
}

#[test]
fn a_case_folder_that_cannot_be_written_stops_before_any_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "not-a-folder", "");
    expect(
        &["run", STOLEN, "--scenario", "stolen-key", "--yes", "--cases", &file],
        8,
        &["case.unwritable", "nothing further was done"],
    );
}

#[test]
fn an_endpoint_that_nobody_listens_on_is_unreachable() {
    let args = [
        "run",
        STOLEN,
        "--yes",
        "--region",
        "us-east-1",
        "--endpoint-url",
        "http://127.0.0.1:1",
        "--cases",
        "/nonexistent/x",
    ];
    expect(&args, 6, &["aws.unreachable", "nothing was sent"]);
}

#[test]
fn a_closed_pipe_ends_quietly_with_its_own_code() {
    let mut child = Command::new(OUST)
        .args(["plan", STOLEN, "--scenario", "stolen-key"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(10));
}

/// Every exit code of the program is in the README, with the same words.
#[test]
fn the_readme_tells_every_exit_code() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let help = expect(&["--help"], 0, &[]);
    let rows: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit())
        .collect();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let (code, meaning) = (cells.next().unwrap(), cells.next().unwrap());
        let squeezed = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(&format!("{code} {meaning}")), "{row}");
    }
}

/// Every code that an error can carry stands once in the README's table, and nothing else does.
#[test]
fn the_readme_tells_every_error_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = std::collections::BTreeSet::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let literals = text.split('"').skip(1).step_by(2).map(str::to_owned);
            let families = [
                "aws.",
                "refused.",
                "playbook::",
                "key.",
                "finding.",
                "stdin.",
                "window.",
                "s3.",
                "athena.",
                "lake.",
                "logs.",
                "file.",
                "output.",
                "index.",
                "plan.",
                "playbook.",
                "scenario.",
                "innocent.",
                "intruder.",
                "odds.",
                "snapshot.",
                "twin.",
                "case.",
                "journal.",
                "step.",
                "evidence.",
                "ready.",
                "rehearsal.",
                "request.",
                "harden.",
                "ready.",
            ];
            let code = |text: &String| {
                families.iter().any(|family| {
                    text.strip_prefix(family).is_some_and(|rest| {
                        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                    })
                })
            };
            let files = [
                "plan.json",
                "evidence.json",
                "journal.jsonl",
                "run.json",
                "innocent.json",
                "rehearsal.jsonl",
                "twin.rs",
                // Sources of EventBridge.
                "aws.iam",
                "aws.organizations",
                "aws.sts",
            ];
            used.extend(literals.filter(|text| code(text) && !files.contains(&text.as_str())));
        }
    }
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| {
        line.strip_prefix("| `")?
            .split_once("` |")
            .map(|(code, _)| code.to_owned())
    });
    let told: Vec<String> = rows.collect();
    let unique: std::collections::BTreeSet<String> = told.iter().cloned().collect();
    assert_eq!(told.len(), unique.len(), "a code stands twice");
    assert_eq!(unique, used);
}

#[test]
fn an_index_is_made_used_and_never_believed_when_it_is_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("trail.index");
    let index = index.to_str().unwrap();
    let trail = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/trail");
    let key = "AKIARZPUZDIKCEIRCEIR";
    let ask = ["trace", key, "--logs", trail, "--offline", "--index", index];
    let first = expect(&ask, 0, &["Family: 7 credentials"]);
    assert_eq!(expect(&ask, 0, &[]), first);
    assert_eq!(expect(&ask[..5], 0, &[]), first);
    let known = std::fs::read(index).unwrap();
    std::fs::write(index, &known[..known.len() - 1]).unwrap();
    expect(
        &ask,
        0,
        &[
            "is damaged at byte",
            "every file is read again",
            "Family: 7 credentials",
        ],
    );
    assert_eq!(expect(&ask, 0, &[]), first);
    std::fs::write(index, "my notes").unwrap();
    expect(&ask, 7, &["error[index.foreign]", "left as it is"]);
    assert_eq!(std::fs::read(index).unwrap(), b"my notes");
    let nowhere = folder.path().join("no/trail.index");
    let mut ask = ask;
    ask[6] = nowhere.to_str().unwrap();
    expect(&ask, 7, &["error[index.unwritable]"]);
    ask[6] = folder.path().to_str().unwrap();
    expect(&ask, 7, &["error[index.unreadable]"]);
}

#[test]
fn two_stolen_keys_are_one_incident_and_both_users_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().to_str().unwrap();
    let keys = ["AKIARZPUZDIKJA7PRP33", "AKIARZPUZDIKDY7OUSA7"];
    let base = [
        "run",
        "--scenario",
        "stolen-key",
        "--yes",
        "--format",
        "json",
        "-q",
        "--cases",
        cases,
    ];
    let told = expect(&[&base[..], &keys].concat(), 0, &[]);
    let outcome: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(outcome["contained"], true, "{told}");
    let verdicts = outcome["verdicts"].as_array().unwrap();
    let dead = |key: &str| {
        verdicts
            .iter()
            .any(|judged| judged["key"] == key && judged["verdict"].to_string().contains("dead"))
    };
    assert!(keys.iter().all(|key| dead(key)), "{told}");
    // The family is that of both: what either minted is judged.
    assert_eq!(verdicts.len(), 5, "{told}");
}

/// Whoever leaves a part of the trail out does not get to hear that everything is contained.
#[test]
fn what_a_window_leaves_out_is_a_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().to_str().unwrap();
    let base = [
        "run",
        "AKIARZPUZDIKJA7PRP33",
        "--scenario",
        "stolen-key",
        "--yes",
        "-q",
        "--cases",
        cases,
    ];
    for more in [
        ["--since", "2026-03-24T09:05:00Z"],
        ["--until", "2026-03-24T09:05:00Z"],
        ["--regions", "us-east-1"],
        ["--accounts", "123456789012"],
    ] {
        let told = expect(&[&base[..], &more].concat(), 3, &[]);
        assert!(told.contains("NOT CONTAINED") && told.contains(more[0]), "{told}");
    }
}

#[test]
fn a_plan_takes_no_further_keys() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    let plan = plan.to_str().unwrap();
    let finding = write(folder.path(), "finding.txt", "AKIARZPUZDIKJA7PRP33");
    let twin = ["--scenario", "stolen-key"];
    expect(
        &[&["plan", "--finding", &finding, "--out", plan][..], &twin].concat(),
        0,
        &[],
    );
    let both = [&["run", plan, "--finding", &finding, "--yes"][..], &twin].concat();
    expect(&both, 2, &["plan.and_finding"]);
}

#[test]
fn an_intruder_who_cannot_be_played_is_refused_before_anything_is_served() {
    let serve = ["twin", "serve", "--scenario", "fights-back", "--intruder"];
    let with = |more: &[&str], exit: i32, expected: &[&str]| {
        expect(&[&serve[..], more].concat(), exit, expected);
    };
    let missing = ["error[file.unreadable]", "that the program carries are: notyet"];
    with(&["nobody.toml"], 7, &missing);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow.toml");
    let script = include_str!("../playbooks/intruders/notyet.toml");
    std::fs::write(&path, script.replace("every = \"500ms\"", "every = \"soon\"")).unwrap();
    let wrong = [
        "error[intruder.malformed]",
        "line 13, column 9",
        "`soon` is no length of time",
    ];
    with(&[path.to_str().unwrap()], 7, &wrong);
    let unknown = [
        "error[intruder.key]",
        "no credential `Z`",
        "A, alice-key, responder-key",
    ];
    with(&["notyet", "--intruder-key", "Z"], 2, &unknown);
    let snapshot = folder.path().join("one.json");
    let snapshot = snapshot.to_str().unwrap();
    expect(
        &["twin", "snapshot", "--scenario", "fights-back", "--out", snapshot],
        0,
        &[],
    );
    expect(
        &["twin", "serve", "--snapshot", snapshot, "--intruder"],
        2,
        &["error[intruder.key]", "doesn't tell which credential"],
    );
}

#[test]
fn a_plan_file_s_playbook_and_end_are_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    let plan = plan.to_str().unwrap();
    let twin = ["--scenario", "stolen-key"];
    let made = [&["plan", STOLEN, "--odds", "0", "--out", plan][..], &twin].concat();
    // What carries it out is told with the world that it was made in.
    expect(
        &made,
        0,
        &[&format!("`oust run {plan} --scenario stolen-key` carries it out")],
    );
    for given in [
        &["--end", "delete"][..],
        &["--end", "contain"],
        &["--playbook", "user-key"],
    ] {
        let run = [&["run", plan, "--yes"][..], given, &twin].concat();
        expect(&run, 2, &["plan.and_choice", given[0], "nothing was done"]);
    }
    let two = [&["run", plan, plan, "--yes"][..], &twin].concat();
    expect(&two, 2, &["plan.not_alone", "nothing was done"]);
    expect(
        &["run", "nope.json"],
        7,
        &["key.no_file", "there is no file `nope.json`"],
    );
    expect(&["plan", plan], 2, &["is a file", "--finding"]);
}

#[test]
fn a_table_that_nobody_would_ask_is_refused() {
    for command in ["trace", "plan", "run"] {
        expect(
            &[command, STOLEN, "--scenario", "stolen-key", "--table", "cloudtrail"],
            2,
            &["athena.unasked", "`cloudtrail`", "--athena"],
        );
    }
    let detect = [
        "harden",
        "--detect",
        "--scenario",
        "stolen-key",
        "--table",
        "cloudtrail",
    ];
    expect(&detect, 2, &["athena.unasked"]);
    let store = "0a1b2c3d-0000-0000-0000-000000000000";
    let lake = ["trace", STOLEN, "--lake", store, "--table", "cloudtrail"];
    expect(&lake, 2, &["athena.unasked", "--lake"]);
    expect(
        &["trace", STOLEN, "--print-sql", "--table", "cloudtrail"],
        0,
        &["SELECT"],
    );
    expect(&["harden", "--rules", "--table", "mine"], 0, &[]);
    // Rules that are fitted to an account are queries of it.
    let fitted = [
        "harden",
        "--scenario",
        "stolen-key",
        "--table",
        "sec.mine",
        "--format",
        "json",
    ];
    let told = expect(&fitted, 0, &["FROM sec.mine", "was not asked"]);
    assert!(!told.contains("FROM cloudtrail"), "{told}");
}

/// What is no name of a table is refused before it stands in a query.
#[test]
fn no_query_is_written_for_what_is_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules").to_str().unwrap().to_owned();
    let table = "a; DROP TABLE x--";
    expect(&["harden", "--rules", &rules, "--table", table], 2, &["athena.garbled"]);
    assert!(!std::path::Path::new(&rules).exists());
    expect(&["harden", "--rules", "--table", table], 2, &["athena.garbled"]);
    expect(
        &["harden", "--scenario", "stolen-key", "--table", table],
        2,
        &["athena.garbled"],
    );
    // A name that SQL doesn't take as it is stands in quotes.
    let quoted = ["harden", "--rules", "--table", "sec-lake.trail", "--format", "json"];
    expect(&quoted, 0, &[r#"FROM \"sec-lake\".\"trail\""#]);
}

#[test]
fn what_can_be_told_at_the_door_is_told_before_anything_is_read() {
    let twin = ["plan", STOLEN, "--endpoint-url", "http://127.0.0.1:1"];
    let with = |more: &[&'static str], code: i32, parts: &[&str]| {
        let said = expect(&[&twin[..], more].concat(), code, parts);
        assert!(!said.contains("aws.unreachable"), "{said}");
    };
    with(&["--odds-lag", "x"], 2, &["odds.lag", "nothing was asked"]);
    with(&["--against", "nope"], 7, &["file.unreadable", "notyet"]);
    with(&["--out", "/nope/x.json"], 7, &["plan.unwritable", "nothing was asked"]);
    for url in ["foo", "http://", "ftp://x", "127.0.0.1:4566"] {
        let said = expect(&["trace", STOLEN, "--endpoint-url", url], 2, &["it is no URL"]);
        assert!(!said.contains("aws.credentials"), "{said}");
    }
    for command in ["trace", "plan", "run"] {
        expect(&[command], 2, &["--finding FILE"]);
    }
}

#[test]
fn a_place_in_a_file_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let plan = write(folder.path(), "plan.json", "{\"oust_plan\": }");
    let said = expect(
        &["run", &plan, "--scenario", "stolen-key"],
        7,
        &["plan.malformed", "nothing was done"],
    );
    assert_eq!(said.matches("line 1").count(), 1, "{said}");
    let snapshot = write(folder.path(), "s.json", "nonsense");
    let said = expect(&["trace", STOLEN, "--snapshot", &snapshot], 7, &["snapshot.malformed"]);
    assert_eq!(said.matches("line 1").count(), 1, "{said}");
}

/// The key alone wins nothing against somebody who fights back, and each order ends with a verdict.
#[test]
fn an_exercise_with_a_fight_shows_that_the_key_alone_wins_nothing() {
    let text = expect(&["tabletop", "run", "fights-back"], 3, &["LEFT BEHIND"]);
    let (naive, playbook) = text.split_once("2. The playbook").unwrap();
    assert!(
        naive.contains("STILL IN after 2 steps: A") && !naive.contains("OUT:"),
        "{naive}"
    );
    assert!(
        playbook.contains("OUT: nothing that the attacker holds works"),
        "{playbook}"
    );
}

#[test]
fn the_columns_of_an_exercise_stand_apart() {
    let text = expect(
        &["tabletop", "run", "stolen-key", "--end", "delete"],
        0,
        &["hit, as the plan said (1)"],
    );
    assert!(
        text.contains("nothing denied") && !text.contains("powerlessdenied"),
        "{text}"
    );
}

#[test]
fn a_session_is_not_said_to_be_never_used() {
    let twin = ["--scenario", "stolen-key"];
    let story = expect(&[&["trace", STOLEN][..], &twin].concat(), 0, &["last used"]);
    let session = story.split_whitespace().find(|word| word.starts_with("ASIA")).unwrap();
    let text = expect(
        &[&["trace", session][..], &twin].concat(),
        0,
        &["a temporary credential"],
    );
    assert!(!text.contains("never"), "{text}");
}

#[test]
fn a_statement_over_a_place_without_trails_is_refused_and_tells_its_regions() {
    let with = |place: &'static str| ["trace", "--table", "t", "--print-ddl", place];
    for place in [
        "s3://my-trail",
        "s3://my-trail/logs/",
        "s3://my-trail/AWSLogs/123456789012/",
    ] {
        expect(
            &with(place),
            2,
            &["s3.no_trail", "AWSLogs/o-ORGID/", "nothing was printed"],
        );
    }
    for place in ["s3://my-trail/AWSLogs", "s3://my-trail/mine/AWSLogs/o-example/"] {
        let text = expect(&with(place), 0, &["-- not in this table", "ap-east-1", "--regions"]);
        assert_eq!(
            text.matches("ap-east-1").count(),
            2,
            "once on stderr, once beside the statement: {text}"
        );
    }
    let named = [&with("s3://my-trail/AWSLogs/")[..], &["--regions", "ap-east-1"]].concat();
    let text = expect(&named, 0, &["'projection.region.values'='ap-east-1'"]);
    assert!(!text.contains("not in this table"), "{text}");
}

#[test]
fn a_fault_of_a_call_that_nobody_makes_is_refused() {
    let serve = ["twin", "serve", "--scenario", "stolen-key", "--faults", "foo:1=503"];
    expect(&serve, 2, &["twin.faults", "`foo`", "nothing is served"]);
}

#[test]
fn a_snapshot_of_a_snapshot_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one.json", "two.json"].map(|name| folder.path().join(name).display().to_string());
    let snapshot = ["twin", "snapshot", "--out"];
    expect(
        &[&snapshot[..], &[&one, "--scenario", "stolen-key"]].concat(),
        0,
        &["3 users and 2 roles is in"],
    );
    expect(&[&snapshot[..], &[&two, "--snapshot", &one]].concat(), 0, &[]);
    assert_eq!(
        std::fs::read_to_string(one).unwrap(),
        std::fs::read_to_string(two).unwrap()
    );
}

#[test]
fn errors_about_files_say_what_was_not_done_and_what_to_do() {
    expect(
        &["trace", STOLEN, "--logs", "/nope", "--offline"],
        7,
        &["logs.missing", "nothing was read", "hint"],
    );
    expect(
        &["report", "20260101T000000-AKIAAAAAAAAAAAAAAAAA"],
        7,
        &["case.missing", "nothing was done", "hint"],
    );
    expect(&["report", "no/case"], 2, &["case.garbled", "nothing was done", "hint"]);
    let unreadable = ["file.unreadable", "nothing was done", "hint"];
    expect(&["policy", "eval", "/nope"], 7, &unreadable);
    expect(&["policy", "eval", "--request", "/nope"], 7, &unreadable);
    expect(&["plan", "--finding", "/nope"], 7, &unreadable);
    expect(&["playbook", "check", "/nope"], 7, &unreadable);
}

/// A twin of nothing is served by nobody, and what can't be parsed is told by the parser.
#[test]
fn without_an_account_no_twin_is_served() {
    let parts = [
        "error[twin.serve]",
        "--scenario",
        "--snapshot",
        "nothing is served",
        "hint",
    ];
    expect(&["twin", "serve"], 2, &parts);
    let told = expect(&["twin", "serve", "--nonsense"], 2, &[]);
    assert!(told.starts_with("error: "), "{told}");
}

/// Whom AWS doesn't tell who he is is told that nothing was changed.
#[test]
fn who_cannot_sign_in_is_told_that_nothing_was_changed() {
    for args in [
        &["trace", STOLEN][..],
        &["plan", STOLEN],
        &["run", STOLEN],
        &["run", STOLEN, "--yes"],
    ] {
        let parts = [
            "error[aws.unreachable]: sts:GetCallerIdentity",
            "; nothing was changed",
            "hint",
        ];
        expect(args, 6, &parts);
    }
}

/// What a flag names and cannot be written ends as the table of exit codes says, as files that cannot be read do.
#[test]
fn what_a_flag_names_and_cannot_be_written_is_7() {
    let place = ["--out", "/proc/nope.json"];
    let story = ["--scenario", "stolen-key"];
    expect(
        &[&["plan", STOLEN, "--odds", "0"], &story[..], &place].concat(),
        7,
        &["plan.unwritable"],
    );
    expect(
        &[&["twin", "snapshot"], &story[..], &place].concat(),
        7,
        &["snapshot.unwritable"],
    );
    expect(&["harden", "--rules", "/proc/nope"], 7, &["harden.unwritable"]);
    let help = expect(&["--help"], 0, &[]);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        help.contains("or one that --out, --rules or --index names cannot be written"),
        "{help}"
    );
}

/// `--format json` gives JSON of what is shown as text otherwise: a playbook's steps, and templates.
#[test]
fn playbooks_and_templates_are_told_as_json_where_json_is_asked_for() {
    let json = |args: &[&str]| {
        let output = poisoned(&[args, &["--format", "json", "--quiet"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let text = |args: &[&str]| String::from_utf8(poisoned(args).stdout).unwrap();
    let shown = json(&["playbook", "show", "user-key"]);
    assert_eq!(shown["name"], "user-key");
    let steps = shown["steps"].as_array().unwrap().len();
    let listed = json(&["playbook", "list"]);
    assert_eq!(listed[0]["steps"], steps, "{listed}");
    for form in ["cloudformation", "cloudformation-queries"] {
        let args = ["ready", "--template", form];
        let told: serde_json::Value = serde_json::from_str(&text(&args)).unwrap();
        assert_eq!(json(&args), told);
    }
    let args = ["ready", "--template", "terraform"];
    assert_eq!(json(&args).as_str().unwrap().trim_end(), text(&args).trim_end());
}
