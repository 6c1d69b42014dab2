//! Other implementations against ours: boto3 and the AWS CLI play the attacker on the served twin, `oust run` the responder; and
//! the same run against another mock.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/archive.rs"]
#[allow(dead_code, reason = "shared with the bench")]
mod archive;
mod support;

use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::peers;
use support::process::{Server, clean};

const OUST: &str = env!("CARGO_BIN_EXE_oust");

/// Serves a fresh twin of the story; gives its endpoint and the credentials by name.
fn serve() -> (Server, String, Map<String, Value>) {
    let mut child = clean(OUST)
        .args(["twin", "serve", "--scenario", "stolen-key", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    while !text.ends_with("\n}\n") {
        assert!(out.read_line(&mut text).unwrap() > 0, "the twin ended: {text}");
    }
    let served: Value = serde_json::from_str(&text).unwrap();
    let named = served["credentials"].as_array().unwrap().iter();
    let named = named.map(|one| (one["name"].as_str().unwrap().to_owned(), one.clone()));
    (
        Server(child),
        served["endpoint"].as_str().unwrap().to_owned(),
        named.collect(),
    )
}

fn script(python: &Path, name: &str, args: &[&str], input: &Value) -> Output {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name);
    let mut child = clean(python)
        .arg(path)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.to_string().as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn sign_as(command: &mut Command, keys: &Value) {
    command
        .env("AWS_ACCESS_KEY_ID", keys["access_key_id"].as_str().unwrap())
        .env("AWS_SECRET_ACCESS_KEY", keys["secret_access_key"].as_str().unwrap())
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1");
    if let Some(token) = keys["session_token"].as_str() {
        command.env("AWS_SESSION_TOKEN", token);
    }
}

/// `oust` signing as `keys` against `endpoint`.
fn oust(endpoint: &str, keys: &Value, args: &[&str]) -> Output {
    let mut command = clean(OUST);
    sign_as(&mut command, keys);
    command.args(args).args(["--endpoint-url", endpoint]).output().unwrap()
}

/// A playbook that waits a second only, so that the test needn't wait for propagation that the twin doesn't have.
fn quick_playbook(folder: &Path) -> PathBuf {
    let path = folder.join("quick.toml");
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/user-key.toml")).unwrap();
    std::fs::write(&path, text.replace("seconds = 30", "seconds = 1")).unwrap();
    path
}

#[test]
fn boto3_finds_the_intruder_out_and_everybody_else_in() {
    let Some(python) = peers::python() else { return };
    for end in ["contain", "delete"] {
        let (_server, endpoint, mut keys) = serve();
        let attacked = script(&python, "attack.py", &["attack", &endpoint], &json!(keys));
        assert!(attacked.status.success(), "{}", text(&attacked));
        keys.extend(serde_json::from_slice::<Map<String, Value>>(&attacked.stdout).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let playbook = quick_playbook(folder.path());
        let stolen = keys["A"]["access_key_id"].as_str().unwrap().to_owned();
        let args = [
            "run",
            &stolen,
            "--yes",
            "--end",
            end,
            "--playbook",
            playbook.to_str().unwrap(),
            "--cases",
            folder.path().to_str().unwrap(),
        ];
        let run = oust(&endpoint, &keys["responder-key"], &args);
        assert_eq!(run.status.code(), Some(0), "{}", text(&run));
        assert!(text(&run).contains("CONTAINED"), "{}", text(&run));
        let checked = script(&python, "attack.py", &["check", &endpoint, end], &json!(keys));
        assert!(checked.status.success(), "{end}: {}", text(&checked));
        // Nothing that could let anybody in is in the case folder.
        for case in std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
        {
            for file in std::fs::read_dir(case.unwrap().path()).unwrap() {
                let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                for one in keys.values() {
                    assert!(!text.contains(one["secret_access_key"].as_str().unwrap()));
                    assert!(one["session_token"].as_str().is_none_or(|token| !text.contains(token)));
                }
            }
        }
    }
}

/// The family of `key` in the files of `folder` as another program reckons it, and as `oust trace` does: each key with its own calls.
fn families(python: &Path, folder: &Path, key: &str) -> (Value, Value) {
    let folder = folder.to_str().unwrap();
    let reckoned = script(python, "family.py", &[folder, key], &Value::Null);
    assert!(reckoned.status.success(), "{}", text(&reckoned));
    let traced = clean(OUST)
        .args(["trace", key, "--logs", folder, "--offline", "--format", "json"])
        .output()
        .unwrap();
    assert!(traced.status.success(), "{}", text(&traced));
    let traced: Value = serde_json::from_slice(&traced.stdout).unwrap();
    let members = traced["lineage"]["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| {
            let uses = member["uses"].as_array().into_iter().flatten();
            let calls: u64 = uses.map(|used| used["count"].as_u64().unwrap()).sum();
            (member["key"].as_str().unwrap().to_owned(), json!(calls))
        });
    (
        serde_json::from_slice(&reckoned.stdout).unwrap(),
        members.collect::<Map<_, _>>().into(),
    )
}

#[test]
fn an_independent_reckoning_finds_the_same_family() {
    let Some(python) = peers::python() else { return };
    for (seed, family) in [(1, 3), (2, 12), (3, 60)] {
        let folder = tempfile::tempdir().unwrap();
        let recipe = archive::Recipe {
            seed,
            files: 20,
            records: 80,
            family,
            level: 1,
        };
        let truth = archive::write(folder.path(), &recipe);
        for key in truth.calls.keys().step_by(5) {
            let (reckoned, traced) = families(&python, folder.path(), key);
            assert_eq!(reckoned, traced, "{key} of {seed}");
            assert_eq!(traced, json!(truth.calls), "{key} of {seed}");
        }
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trail");
    let (reckoned, traced) = families(&python, &fixtures, "AKIARZPUZDIKCEIRCEIR");
    assert_eq!(reckoned, traced);
    assert!(traced.as_object().unwrap().len() > 3, "{traced}");
}

#[test]
fn the_aws_cli_can_tell_nothing_odd_about_the_twin() {
    let Some(python) = peers::python() else { return };
    let aws = python.with_file_name("aws");
    let (_server, endpoint, keys) = serve();
    let run = |name: &str, args: &[&str]| {
        let mut command = clean(&python);
        sign_as(&mut command, &keys[name]);
        let output = command
            .arg(&aws)
            .args(args)
            .args(["--endpoint-url", &endpoint, "--output", "json"])
            .output()
            .unwrap();
        (output.status.success(), text(&output))
    };
    let (fine, said) = run("A", &["sts", "get-caller-identity"]);
    assert!(fine && said.contains("user/support-user"), "{said}");
    let (fine, said) = run("A", &["iam", "list-users"]);
    assert!(!fine && said.contains("AccessDenied"), "{said}");
    let (fine, said) = run("responder-key", &["iam", "get-account-authorization-details"]);
    assert!(fine && said.contains("\"RoleName\": \"MyBucketRole\""), "{said}");
    let (fine, said) = run(
        "responder-key",
        &[
            "cloudtrail",
            "lookup-events",
            "--lookup-attributes",
            "AttributeKey=EventName,AttributeValue=GetCallerIdentity",
        ],
    );
    assert!(fine && said.contains("GetCallerIdentity"), "{said}");
    let (fine, said) = run("alice-key", &["s3api", "list-buckets"]);
    assert!(fine && said.contains("production-data"), "{said}");
    let (fine, said) = run("alice-key", &["ec2", "describe-instances"]);
    assert!(!fine && said.contains("AccessDenied"), "{said}");
}

#[test]
fn who_is_about_to_be_cut_off_is_refused_before_anything_else() {
    let (_server, endpoint, keys) = serve();
    let stolen = keys["A"]["access_key_id"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases");
    let run = oust(
        &endpoint,
        &keys["A"],
        &["run", stolen, "--yes", "--cases", cases.to_str().unwrap()],
    );
    assert_eq!(run.status.code(), Some(4), "{}", text(&run));
    assert!(text(&run).contains("refused.own_credentials"), "{}", text(&run));
    assert!(!cases.exists());
}

#[test]
fn another_mock_is_left_in_the_state_that_the_plan_said() {
    let Some(python) = peers::python() else { return };
    for end in ["contain", "strip", "delete"] {
        let mut moto = clean(&python);
        let mut child = moto
            .args(["-c", MOTO])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        let _server = Server(child);
        let endpoint = format!("http://127.0.0.1:{}", port.trim());
        let set = script(&python, "moto_story.py", &["set", &endpoint], &Value::Null);
        assert!(set.status.success(), "{}", text(&set));
        let story: Value = serde_json::from_slice(&set.stdout).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("trail.json");
        std::fs::write(&logs, story["trail"].to_string()).unwrap();
        let playbook = quick_playbook(folder.path());
        let keys = json!({"access_key_id": "AKIARESPONDERRESPOND", "secret_access_key": "x"});
        let cases = folder.path().join("cases");
        let args = [
            "run",
            story["key"].as_str().unwrap(),
            "--yes",
            "--end",
            end,
            "--logs",
            logs.to_str().unwrap(),
            "--playbook",
            playbook.to_str().unwrap(),
            "--cases",
            cases.to_str().unwrap(),
        ];
        let run = oust(&endpoint, &keys, &args);
        let said = text(&run);
        // Its gaps are named, they end nothing, and nothing is called contained that could not be looked at.
        assert_eq!(run.status.code(), Some(3), "{end}: {said}");
        assert!(said.contains("PutUserPermissionsBoundary"), "{said}");
        let checked = script(&python, "moto_story.py", &["check", &endpoint, end], &Value::Null);
        assert!(checked.status.success(), "{end}: {}\n{said}", text(&checked));
    }
}

/// Starts moto's server on a free port and prints the port.
const MOTO: &str = "
import socket, sys
from werkzeug.serving import make_server
from moto.server import DomainDispatcherApplication, create_backend_app
server = make_server('127.0.0.1', 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
";

#[test]
fn an_endpoint_that_answers_rubbish_is_named_as_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
        }
    });
    let keys = json!({"access_key_id": "AKIARESPONDERRESPOND", "secret_access_key": "x"});
    let run = oust(
        &endpoint,
        &keys,
        &["run", "AKIAQQQQQQQQQQQQQQQQ", "--yes", "--cases", "/nonexistent/cases"],
    );
    assert_eq!(run.status.code(), Some(6), "{}", text(&run));
    assert!(text(&run).contains("aws.rubbish"), "{}", text(&run));
}
