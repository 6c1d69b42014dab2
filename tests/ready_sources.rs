//! Readiness as AWS's SDK reads it from another mock: trails, how long their files are kept, the table in Athena, and the delegation policy.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/peers.rs"]
mod peers;
#[path = "support/process.rs"]
mod process;

use aws_credential_types::Credentials;
use oust::mount::{Mount, Trouble};
use oust::time::SystemClock;
use process::{Server, clean};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

fn script(python: &Path, name: &str) -> Command {
    let mut command = clean(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name));
    command
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Moto with a table behind Athena.
fn moto(python: &Path) -> (Server, String) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trail");
    let mut child = script(python, "trail_sources.py")
        .arg("serve")
        .arg(fixture)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut port = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let server = Server(child);
    assert!(out.read_line(&mut port).unwrap() > 0, "moto did not start");
    (server, format!("http://127.0.0.1:{}", port.trim()))
}

struct There<'p> {
    python: &'p Path,
    endpoint: String,
    keys: Value,
}

impl There<'_> {
    fn set(&self, args: &[&str]) -> Output {
        let done = script(self.python, "moto_ready.py")
            .arg(args[0])
            .arg(&self.endpoint)
            .args(&args[1..])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", said(&done));
        done
    }

    fn oust(&self, args: &[&str]) -> Output {
        clean(env!("CARGO_BIN_EXE_oust"))
            .env("AWS_ACCESS_KEY_ID", self.keys["key"].as_str().unwrap())
            .env("AWS_SECRET_ACCESS_KEY", self.keys["secret"].as_str().unwrap())
            .args(args)
            .args(["--endpoint-url", &self.endpoint])
            .output()
            .unwrap()
    }

    /// The rows of the table.
    fn rows(&self, more: &[&str]) -> Value {
        let args = ["ready", "--format", "json", "--regions", "us-east-1,eu-west-1"];
        let shown = self.oust(&[&args, more].concat());
        assert_eq!(shown.status.code(), Some(3), "{}", said(&shown));
        serde_json::from_slice(&shown.stdout).unwrap()
    }
}

fn row<'t>(table: &'t Value, id: &str) -> &'t Value {
    let rows = table["checks"].as_array().unwrap();
    rows.iter()
        .find(|row| row["id"] == id)
        .unwrap_or_else(|| panic!("{id}: {table:#}"))
}

#[test]
fn trails_files_and_the_table_are_read_through_the_sdk() {
    let Some(python) = peers::python() else { return };
    let (_server, endpoint) = moto(&python);
    let mut there = There {
        python: &python,
        endpoint,
        keys: Value::Null,
    };
    there.keys = serde_json::from_slice(&there.set(&["set"]).stdout).unwrap();
    let with_table = ["--athena", "primary", "--table", "cloudtrail"];
    for (days, state, word) in [
        ("90", "not_ready", "after 90 days"),
        ("400", "ready", "after 400 days"),
        ("0", "ready", "nothing deletes"),
    ] {
        there.set(&["keep", days]);
        let table = there.rows(&with_table);
        let retention = row(&table, "trace.retention");
        assert_eq!(retention["state"], state, "{retention:#}");
        assert!(retention["found"].as_str().unwrap().contains(word), "{retention:#}");
        assert_eq!(row(&table, "trace.trail")["state"], "ready", "{table:#}");
        // The organization of another mock isn't read, so an SCP may still deny it.
        let athena = row(&table, "trace.athena");
        assert!(athena["found"].as_str().unwrap().contains("answer"), "{athena:#}");
        assert_ne!(athena["state"], "not_ready", "{athena:#}");
    }
    let table = there.rows(&["--athena", "nowhere", "--table", "cloudtrail"]);
    assert_ne!(row(&table, "trace.athena")["state"], "ready", "{table:#}");
    // The same trails are in a snapshot, and are judged from it.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("account.json");
    let file = path.to_str().unwrap();
    let snapshot = there.oust(&["twin", "snapshot", "--out", file]);
    assert_eq!(snapshot.status.code(), Some(0), "{}", said(&snapshot));
    let of_snapshot = || {
        let args = [
            "ready",
            "--snapshot",
            file,
            "--responder",
            "user/responder",
            "--format",
            "json",
        ];
        let shown = clean(env!("CARGO_BIN_EXE_oust")).args(args).output().unwrap();
        serde_json::from_slice::<Value>(&shown.stdout).unwrap_or_else(|_| panic!("{}", said(&shown)))
    };
    let table = of_snapshot();
    assert_eq!(row(&table, "trace.trail")["state"], "ready", "{table:#}");
    there.set(&["blind"]);
    let table = there.rows(&[]);
    let trail = row(&table, "trace.trail");
    assert_eq!(trail["state"], "not_ready", "{trail:#}");
    assert!(trail["details"].to_string().contains("AssumeRole is one"), "{trail:#}");
    there.set(&["stop"]);
    let table = there.rows(&[]);
    assert!(
        row(&table, "trace.trail").to_string().contains("is stopped"),
        "{table:#}"
    );
    let snapshot = there.oust(&["twin", "snapshot", "--out", file]);
    assert_eq!(snapshot.status.code(), Some(0), "{}", said(&snapshot));
    let table = of_snapshot();
    assert!(
        row(&table, "trace.trail").to_string().contains("is stopped"),
        "{table:#}"
    );
}

/// Answers every request with one text; gives where, and what was asked for last.
fn answering(status: &'static str, body: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = vec![0; 8_192];
            let read = stream.read(&mut asked).unwrap();
            let asked = String::from_utf8_lossy(&asked[..read]).into_owned();
            let wanted = asked.contains("AWSOrganizationsV20161128.DescribeResourcePolicy");
            let (status, body) = match wanted {
                true => (status, body.to_string()),
                false => ("500 Wrong", asked),
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\n");
            let reply = format!(
                "{head}content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    endpoint
}

#[test]
fn the_delegation_policy_is_read_through_the_sdk() {
    let read = |endpoint: &str| {
        let credentials = Credentials::from_keys("AKIARESPONDERRESPOND", "x", None);
        let http = aws_smithy_http_client::Builder::new().build_http();
        let mount = Mount::twin_at(endpoint, http, credentials, "us-east-1", Arc::new(SystemClock));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(oust::collect::delegation(mount.clients()))
    };
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let told = json!({"ResourcePolicy": {"ResourcePolicySummary": {"Id": "rp-1"}, "Content": policy}});
    assert_eq!(read(&answering("200 OK", told)).unwrap().unwrap().as_str(), policy);
    let refused = |code: &str| json!({"__type": code, "Message": "no"});
    let none = answering("400 Bad Request", refused("ResourcePolicyNotFoundException"));
    assert_eq!(read(&none).unwrap(), None);
    let denied = answering("400 Bad Request", refused("AccessDeniedException"));
    assert_eq!(read(&denied).unwrap_err().trouble, Trouble::AccessDenied);
    let nothing = answering("200 OK", json!({}));
    assert_eq!(read(&nothing).unwrap_err().trouble, Trouble::Rubbish);
}
