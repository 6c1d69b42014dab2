//! Every source of evidence gives the same lineage: files, S3, Athena, CloudTrail Lake, another engine on the printed SQL, and LookupEvents in all Regions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use support::process::{Server, clean};
use support::{peers, story};

const OUST: &str = env!("CARGO_BIN_EXE_oust");
const A: &str = "AKIARZPUZDIKCEIRCEIR";
const D1: &str = "ASIARZPUZDIKIRCEIRCA";

fn oust(args: &[&str]) -> Output {
    clean(OUST)
        .env("AWS_ACCESS_KEY_ID", "AKIARESPONDERRESPOND")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .args(args)
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

fn told(output: &Output) -> Value {
    assert!(output.status.success(), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The same where nothing was found, and the account's own trail could not be read: that is a doubt.
fn told_of_nothing(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(3), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trail")
}

/// A trace without what the account adds, and without the coverage, which is each source's own.
fn lineage(known: &Value) -> Value {
    let mut lineage = known["lineage"].clone();
    lineage.as_object_mut().unwrap().remove("coverage");
    json!({"lineage": lineage, "bystanders": known["bystanders"]})
}

fn of_files(keys: &[&str], more: &[&str]) -> Value {
    of_folder(&fixture(), keys, more)
}

fn of_folder(folder: &Path, keys: &[&str], more: &[&str]) -> Value {
    let mut args = vec!["trace"];
    args.extend(keys);
    args.extend(["--format", "json", "--offline", "--logs", folder.to_str().unwrap()]);
    args.extend(more);
    told(&oust(&args))
}

/// What a Python program serves on the port that it prints first.
fn served(mut command: Command) -> (Server, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut port = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let server = Server(child);
    assert!(out.read_line(&mut port).unwrap() > 0, "the peer did not start");
    (server, format!("http://127.0.0.1:{}", port.trim()))
}

fn python_script(python: &Path, verb: &str, folder: &Path) -> Command {
    let mut command = clean(python);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/trail_sources.py");
    command.arg(path).arg(verb).arg(folder);
    command
}

/// Moto with the records of a folder in a bucket and behind Athena.
fn moto(python: &Path, folder: &Path) -> (Server, String) {
    served(python_script(python, "serve", folder))
}

/// Moto with the records of a folder in event data stores of CloudTrail Lake.
fn lake(python: &Path, folder: &Path) -> (Server, String) {
    let mut command = clean(python);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/trail_lake.py");
    command.arg(path).arg(folder);
    served(command)
}

/// An event data store of the peer, which says what each is like.
fn store(last: u8) -> String {
    format!("0a1b2c3d-4e5f-6789-abcd-ef012345678{last}")
}

fn of_lake(endpoint: &str, store: &str, keys: &[&str], more: &[&str]) -> Output {
    let args = ["--format", "json", "--endpoint-url", endpoint, "--lake", store];
    oust(&[&["trace"], keys, &args[..], more].concat())
}

/// An event data store gives the same family as the files do, whether it has whole records or only their columns.
#[test]
fn cloudtrail_lake_gives_the_lineage_that_the_files_give() {
    let Some(python) = peers::python() else { return };
    let (_server, endpoint) = lake(&python, &fixture());
    // The first query of all finds no place.
    let waited = said(&of_lake(&endpoint, &store(1), &[A], &[]));
    assert!(waited.contains("trying again in 1 s"), "{waited}");
    for (last, keys) in [(1, &[A][..]), (2, &[A]), (1, &[D1]), (2, &[D1, A])] {
        let output = of_lake(&endpoint, &store(last), keys, &[]);
        let found = told(&output);
        assert_eq!(lineage(&found), lineage(&of_files(keys, &[])), "{last} {keys:?}");
        let status = said(&output);
        assert!(status.contains("4096 bytes scanned"), "{status}");
        let notes = found["lineage"]["coverage"]["notes"].to_string();
        assert!(notes.contains("CloudTrail Lake, event data store"), "{notes}");
    }
    let narrow = ["--since", "2026-03-24T10:00:00Z", "--until", "2026-03-25"];
    let arn = format!("arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/{}", store(1));
    let found = told_of_nothing(&of_lake(&endpoint, &arn, &[A], &narrow));
    assert_eq!(lineage(&found), lineage(&of_files(&[A], &narrow)));
    for (last, code, what) in [
        (3, "aws.refused", "is not active"),
        (4, "aws.refused", "TIMED_OUT"),
        (5, "aws.refused", "FAILED"),
        (9, "aws.no_such_entity", "is not there; its ARN says"),
    ] {
        let output = of_lake(&endpoint, &store(last), &[A], &[]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(6), "{text}");
        assert!(text.contains(code) && text.contains(what), "{text}");
    }
    let bad = of_lake(&endpoint, "0a1b2c3d; DROP", &[A], &[]);
    assert_eq!(bad.status.code(), Some(2), "{}", said(&bad));
    assert!(said(&bad).contains("lake.garbled"), "{}", said(&bad));
}

/// What an addendum corrects counts once, whether a store has whole records or only their columns.
#[test]
fn cloudtrail_lake_tells_of_addenda() {
    let Some(python) = peers::python() else { return };
    let first = called("first", "2026-03-24T14:10:00Z", &support_user(), None);
    let mut corrected = first.clone();
    corrected["eventID"] = json!("second");
    corrected["addendum"] = json!({"reason": "UPDATED_DATA", "updatedFields": "userAgent", "originalRequestID": "r", "originalEventID": "first"});
    let folder = fixture_and(&[first, corrected]);
    let expected = of_folder(folder.path(), &[A], &[]);
    let (_server, endpoint) = lake(&python, folder.path());
    of_lake(&endpoint, &store(1), &[A], &[]);
    for last in [1, 2] {
        let found = told(&of_lake(&endpoint, &store(last), &[A], &[]));
        assert_eq!(lineage(&found), lineage(&expected), "{last}");
    }
}

/// A whole record bears the sign-in that the columns lack; of columns alone the doubt is told.
#[test]
fn cloudtrail_lake_tells_of_sign_ins() {
    let Some(python) = peers::python() else { return };
    let folder = fixture_and(&logged_in(&support_user()));
    let expected = of_folder(folder.path(), &[A], &[]);
    let (_server, endpoint) = lake(&python, folder.path());
    let whole = told(&of_lake(&endpoint, &store(1), &[A], &[]));
    assert_eq!(lineage(&whole), lineage(&expected));
    let columns = told(&of_lake(&endpoint, &store(2), &[A], &[]));
    let keys = keys_of(&columns);
    assert!(keys.contains(&ABYSS) && !keys.contains(&LOGIN), "{keys:?}");
    assert!(columns.to_string().contains("doesn't bear its sign-in"), "{columns}");
    let gaps = |known: &Value| known["lineage"]["coverage"]["gaps"].to_string();
    let lacks = "rows of a table without useridentity.credentialid, useridentity.sessioncontext.signinsessionarn";
    assert!(
        gaps(&columns).contains(lacks) && !gaps(&whole).contains(lacks),
        "{columns}"
    );
}

/// The records of a table, asked with ever new keys until nothing is new, give the same family as the files do.
#[test]
fn athena_gives_the_lineage_that_the_files_give() {
    let Some(python) = peers::python() else { return };
    let (_server, endpoint) = moto(&python, &fixture());
    for keys in [&[A][..], &[D1][..], &[D1, A][..]] {
        let mut args = vec!["trace"];
        args.extend(keys);
        let more = [
            "--format",
            "json",
            "--athena",
            "primary",
            "--table",
            "cloudtrail",
            "--endpoint-url",
            &endpoint,
        ];
        args.extend(more);
        let output = oust(&args);
        let found = told(&output);
        assert_eq!(lineage(&found), lineage(&of_files(keys, &[])), "{keys:?}");
        assert!(
            found["lineage"]["credentials"].as_array().unwrap().len() >= 6,
            "{found}"
        );
        let status = said(&output);
        assert!(
            status.contains("bytes scanned") && status.contains(": about "),
            "{status}"
        );
        assert!(!status.contains("SYNTHETIC-TOKEN"), "{status}");
    }
    // A window prunes: what lies before it isn't known.
    let narrow = ["--since", "2026-03-24T10:00:00Z", "--until", "2026-03-25"];
    let mut args = vec![
        "trace",
        A,
        "--format",
        "json",
        "--athena",
        "primary",
        "--table",
        "default.cloudtrail",
    ];
    args.extend(["--endpoint-url", &endpoint]);
    args.extend(narrow);
    assert_eq!(
        lineage(&told_of_nothing(&oust(&args))),
        lineage(&of_files(&[A], &narrow))
    );
    let bad = oust(&[
        "trace",
        A,
        "--athena",
        "primary",
        "--table",
        "x; DROP",
        "--endpoint-url",
        &endpoint,
    ]);
    assert_eq!(bad.status.code(), Some(2), "{}", said(&bad));
    let missing = oust(&[
        "trace",
        A,
        "--athena",
        "none-such",
        "--table",
        "cloudtrail",
        "--endpoint-url",
        &endpoint,
    ]);
    assert_eq!(missing.status.code(), Some(6), "{}", said(&missing));
}

/// The rows that another engine gives to a query over the records of a folder.
fn queried(python: &Path, folder: &Path, sql: &[u8]) -> String {
    let rows = answer(python, folder, sql);
    assert!(rows.status.success(), "{}", said(&rows));
    String::from_utf8(rows.stdout).unwrap()
}

fn answer(python: &Path, folder: &Path, sql: &[u8]) -> Output {
    let mut engine = python_script(python, "query", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    engine.stdin.take().unwrap().write_all(sql).unwrap();
    engine.wait_with_output().unwrap()
}

#[test]
fn the_printed_query_gives_the_same_lineage_on_another_engine() {
    let Some(python) = peers::python() else { return };
    for keys in [&[A][..], &[D1][..]] {
        let mut args = vec!["trace", "--print-sql", "--table", "cloudtrail"];
        args.extend(keys);
        let printed = oust(&args);
        assert!(printed.status.success(), "{}", said(&printed));
        let text = queried(&python, &fixture(), &printed.stdout);
        // A session token stands in no result.
        assert!(
            text.contains(r#"{\"credentials\":"#) && !text.contains("TOKEN"),
            "{text}"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, text).unwrap();
        let mut args = vec![
            "trace",
            "--format",
            "json",
            "--offline",
            "--logs",
            path.to_str().unwrap(),
        ];
        args.extend(keys);
        assert_eq!(lineage(&told(&oust(&args))), lineage(&of_files(keys, &[])), "{keys:?}");
    }
}

/// However many session tokens a record has, and wherever in it: none leaves, not from an engine that replaces only the first that it finds, and what the
/// record tells beside them does.
#[test]
fn no_query_s_rows_hold_a_session_token() {
    let Some(python) = peers::python() else { return };
    let token = |n: usize| format!("TOKEN{n}/+=");
    let mut many = called(
        "s1",
        "2026-03-24T14:10:00Z",
        &support_user(),
        Some(("NEAR", "ASIARZPUZDIKNEARNEAR")),
    );
    many["responseElements"]["credentials"]["sessionToken"] = json!(token(1));
    many["responseElements"]["more"] =
        json!([{"a": 1, "sessionToken": token(2)}, {"SessionToken": token(3), "b": 2}, {"securityToken": token(4)}]);
    many["requestParameters"]["sessionToken"] = json!(token(5));
    // A text of JSON within.
    many["requestParameters"]["policy"] = json!(
        json!({"Statement": [], "sessionToken": token(6), "x": json!({"sessionToken": token(7)}).to_string()})
            .to_string()
    );
    // More than any call gives, by hand.
    let mut most = called("s2", "2026-03-24T14:11:00Z", &support_user(), None);
    most["requestParameters"] = json!(
        (8..30)
            .map(|n| json!({"sessionToken": token(n)}))
            .collect::<Vec<Value>>()
    );
    // Under other names: in the environment of what is started, in an address, in a text that was cut off.
    let mut other = called("s3", "2026-03-24T14:12:00Z", &support_user(), None);
    other["requestParameters"] = json!({"overrides": {"containerOverrides": [{"environment": [{"name": "AWS_SESSION_TOKEN", "value": token(31)},
        {"name": "PATH", "value": "/bin"}]}]}, "url": format!("https://b/o?X-Amz-Security-Token={}&X-Amz-Signature=5", token(32)),
        "environment": {"aws_session_token": token(33), "REGION": "eu-west-1"}});
    let mut cut = called("s4", "2026-03-24T14:13:00Z", &support_user(), None);
    cut["requestParameters"] = json!(format!("{{\"credentials\":{{\"sessionToken\":\"{}", token(34)));
    let folder = fixture_and(&[many, most, other, cut]);
    let expected = of_folder(folder.path(), &[A], &[]);
    assert!(keys_of(&expected).contains(&"ASIARZPUZDIKNEARNEAR"));
    let printed = oust(&["trace", "--print-sql", "--table", "cloudtrail", A]);
    let text = queried(&python, folder.path(), &printed.stdout);
    assert!(!text.contains("TOKEN"), "{text}");
    let row = |id: &str| -> Value {
        let mut rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.find(|row| row["eventid"] == id).unwrap()
    };
    let inside = |row: &Value, column: &str| serde_json::from_str::<Value>(row[column].as_str().unwrap()).unwrap();
    let answer = inside(&row("s1"), "responseelements");
    assert_eq!(answer["more"], json!([{"a": 1}, {"b": 2}, {}]));
    let asked = inside(&row("s1"), "requestparameters");
    assert_eq!(asked["roleSessionName"], json!("m"));
    let policy: Value = serde_json::from_str(asked["policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy, json!({"Statement": [], "x": "{}"}));
    assert!(inside(&row("s2"), "requestparameters")["keptBack"].is_string());
    let asked = inside(&row("s3"), "requestparameters");
    assert_eq!(
        asked,
        json!({"overrides": {"containerOverrides": [{"environment": [{}, {"name": "PATH", "value": "/bin"}]}]},
            "url": "https://b/o?&X-Amz-Signature=5", "environment": {"REGION": "eu-west-1"}})
    );
    assert!(row("s4")["requestparameters"].as_str().unwrap().contains("keptBack"));
    let rows = tempfile::tempdir().unwrap();
    std::fs::write(rows.path().join("rows.jsonl"), text).unwrap();
    let found = of_folder(rows.path(), &[A], &[]);
    assert_eq!(keys_of(&found), keys_of(&expected));
    // An event data store's rows are looked into by the peer, which refuses to give a token.
    let (_lake, endpoint) = lake(&python, folder.path());
    of_lake(&endpoint, &store(1), &[A], &[]);
    for last in [1, 2] {
        let found = told(&of_lake(&endpoint, &store(last), &[A], &[]));
        assert_eq!(keys_of(&found), keys_of(&expected), "{last}");
    }
}

/// An organization's layout; nothing of other accounts, Regions, days and services is downloaded.
#[test]
fn a_bucket_gives_the_lineage_that_the_files_give() {
    let Some(python) = peers::python() else { return };
    let (_server, endpoint) = moto(&python, &fixture());
    let base = [
        "trace",
        A,
        "--format",
        "json",
        "--trace-calls",
        "--endpoint-url",
        &endpoint,
        "--logs",
    ];
    let run = |place: &str, more: &[&str]| {
        let output = oust(&[&base[..], &[place], more].concat());
        let text = said(&output);
        (told(&output), text)
    };
    let window = [
        "--since",
        "2026-03-24",
        "--until",
        "2026-03-25",
        "--accounts",
        "123456789012",
        "--regions",
        "us-east-1,eu-west-1",
    ];
    for place in [
        "s3://trail",
        "s3://trail/AWSLogs/",
        "s3://trail/AWSLogs/o-example/123456789012/CloudTrail/",
    ] {
        let (found, text) = run(place, &window);
        assert_eq!(lineage(&found), lineage(&of_files(&[A], &window)), "{place}");
        assert_eq!(
            found["lineage"]["coverage"]["damage"],
            json!([]),
            "a decoy was read: {text}"
        );
        assert!(text.contains("read "), "{text}");
    }
    // Without a window everything of CloudTrail is read, and what can't be is named.
    let (found, _) = run("s3://trail", &[]);
    assert_eq!(lineage(&found), lineage(&of_files(&[A], &[])));
    assert_eq!(
        found["lineage"]["coverage"]["damage"].as_array().unwrap().len(),
        4,
        "{found}"
    );
    let missing = oust(&[&base[..], &["s3://no-such-bucket"]].concat());
    assert_eq!(missing.status.code(), Some(6), "{}", said(&missing));
    let garbled = oust(&[&base[..], &["s3://Not_A_Bucket/x"]].concat());
    assert_eq!(garbled.status.code(), Some(2), "{}", said(&garbled));
    let offline = oust(&["trace", A, "--offline", "--logs", "s3://trail"]);
    assert_eq!(offline.status.code(), Some(2), "{}", said(&offline));
}

#[test]
fn a_finding_names_the_keys() {
    let finding = |key: &str| {
        json!({"detail-type": "GuardDuty Finding", "detail": {"schemaVersion": "2.0", "type": "UnauthorizedAccess:IAMUser/TorIPCaller",
            "resource": {"accessKeyDetails": {"accessKeyId": key}}}})
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("finding.json");
    std::fs::write(&path, finding(D1).to_string()).unwrap();
    let path = path.to_str().unwrap();
    let logs = fixture();
    let base = [
        "trace",
        "--format",
        "json",
        "--offline",
        "--logs",
        logs.to_str().unwrap(),
        "--finding",
    ];
    assert_eq!(
        lineage(&told(&oust(&[&base[..], &[path]].concat()))),
        lineage(&of_files(&[D1], &[]))
    );
    // PowerShell writes UTF-16, behind a mark; without one it is no text.
    let units: Vec<u8> = finding(D1)
        .to_string()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(path, [&[0xff, 0xfe], &units[..]].concat()).unwrap();
    assert_eq!(
        lineage(&told(&oust(&[&base[..], &[path]].concat()))),
        lineage(&of_files(&[D1], &[]))
    );
    std::fs::write(path, units).unwrap();
    let no_text = oust(&[&base[..], &[path]].concat());
    assert_eq!(no_text.status.code(), Some(7), "{}", said(&no_text));
    assert!(said(&no_text).contains("save it as UTF-8"), "{}", said(&no_text));
    std::fs::write(path, finding(D1).to_string()).unwrap();
    let both = told(&oust(&[&base[..], &[path, A]].concat()));
    assert_eq!(both["lineage"]["asked"], json!([A, D1]));
    assert_eq!(
        both["lineage"]["credentials"],
        of_files(&[A], &[])["lineage"]["credentials"]
    );
    let stdin = |text: &str| {
        let mut child = clean(OUST)
            .args([&base[..], &["-"]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    assert_eq!(lineage(&told(&stdin(A))), lineage(&of_files(&[A], &[])));
    // What only looks like a key is not acted upon without a person.
    let letter = stdin(&format!("Your key {A} was found in public."));
    assert_eq!(letter.status.code(), Some(7), "{}", said(&letter));
    assert!(
        said(&letter).contains("finding.unknown") && said(&letter).contains(A),
        "{}",
        said(&letter)
    );
    let garbage = stdin("{\"a\": [1, 2");
    assert_eq!(garbage.status.code(), Some(7), "{}", said(&garbage));
    assert!(said(&garbage).contains("finding.no_key"), "{}", said(&garbage));
    let twice = oust(&["trace", "--finding", "-", "--logs", "-", "--offline"]);
    assert_eq!(twice.status.code(), Some(2), "{}", said(&twice));
}

/// A served twin of the story, played; its endpoint, and its credentials by name.
fn twin() -> (Server, String, Vec<Value>) {
    let child = clean(OUST)
        .args(["twin", "serve", "--scenario", "stolen-key", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    let mut text = String::new();
    let mut out = BufReader::new(server.0.stdout.take().unwrap());
    while !text.ends_with("\n}\n") {
        assert!(out.read_line(&mut text).unwrap() > 0, "the twin ended: {text}");
    }
    let served: Value = serde_json::from_str(&text).unwrap();
    let endpoint = served["endpoint"].as_str().unwrap().to_owned();
    (server, endpoint, served["credentials"].as_array().unwrap().clone())
}

fn signed<'a>(command: &'a mut Command, keys: &Value) -> &'a mut Command {
    command
        .env("AWS_ACCESS_KEY_ID", keys["access_key_id"].as_str().unwrap())
        .env("AWS_SECRET_ACCESS_KEY", keys["secret_access_key"].as_str().unwrap())
}

/// The attacker mints in one Region after another, each time with what the last one gave.
const CHAIN: &str = "
import boto3, json, sys
endpoint, role = sys.argv[1], 'arn:aws:iam::123456789012:role/MyBucketRole'
def sts(region, keys=None):
    return boto3.client('sts', endpoint_url=endpoint, region_name=region, **(keys or {}))
def of(given):
    c = given['Credentials']
    return {'aws_access_key_id': c['AccessKeyId'], 'aws_secret_access_key': c['SecretAccessKey'], 'aws_session_token': c['SessionToken']}
b = of(sts('eu-north-1').get_session_token())
c = of(sts('ap-southeast-2', b).assume_role(RoleArn=role, RoleSessionName='chain'))
sts('sa-east-1', c).get_caller_identity()
print(json.dumps([b['aws_access_key_id'], c['aws_access_key_id']]))
";

/// What stands between the program and the twin: one look-up in twelve is throttled, and one Region refuses.
struct Hurdles {
    endpoint: String,
    refusing: &'static str,
}

static LOOKED_UP: AtomicUsize = AtomicUsize::new(0);

impl Hurdles {
    fn before(endpoint: &str, refusing: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = format!("http://{}", listener.local_addr().unwrap());
        let twin = endpoint.trim_start_matches("http://").to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let hurdles = Hurdles {
                    endpoint: twin.clone(),
                    refusing,
                };
                std::thread::spawn(move || hurdles.serve(stream.unwrap()));
            }
        });
        here
    }

    fn serve(&self, stream: TcpStream) {
        let mut from = BufReader::new(stream.try_clone().unwrap());
        let mut to = stream;
        while let Some(request) = message(&mut from) {
            let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
            let answer = match text.contains("lookupevents") {
                true if text.contains(&format!("/{}/cloudtrail/", self.refusing)) => refused("AccessDeniedException"),
                true if LOOKED_UP.fetch_add(1, Ordering::Relaxed) % 12 == 11 => refused("ThrottlingException"),
                _ => {
                    let mut twin = TcpStream::connect(&self.endpoint).unwrap();
                    twin.write_all(&request).unwrap();
                    message(&mut BufReader::new(twin)).unwrap()
                }
            };
            if to.write_all(&answer).is_err() {
                return;
            }
        }
    }
}

fn refused(code: &str) -> Vec<u8> {
    let body = json!({"__type": code, "message": "told by the test"}).to_string();
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// One request or answer with its body.
fn message(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    let mut length = 0;
    loop {
        let begin = whole.len();
        if from.read_until(b'\n', &mut whole).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&whole[begin..]).to_ascii_lowercase();
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let begin = whole.len();
    whole.resize(begin + length, 0);
    from.read_exact(&mut whole[begin..]).ok()?;
    Some(whole)
}

/// Sessions that were minted through other Regions' endpoints are found from any key of the family, although CloudTrail throttles; and a Region
/// that does not answer is told, and nothing is called contained.
#[test]
fn every_region_is_looked_in_and_one_that_fails_is_no_silence() {
    let Some(python) = peers::python() else { return };
    let (_server, endpoint, credentials) = twin();
    let named = |name: &str| credentials.iter().find(|one| one["name"] == name).unwrap();
    let stolen = named("A")["access_key_id"].as_str().unwrap();
    let minted = signed(clean(&python).args(["-c", CHAIN, &endpoint]), named("A"))
        .output()
        .unwrap();
    assert!(minted.status.success(), "{}", said(&minted));
    let minted: Vec<String> = serde_json::from_slice(&minted.stdout).unwrap();
    let hurdles = Hurdles::before(&endpoint, "no-such-region");
    let refusing = Hurdles::before(&endpoint, "eu-west-3");
    for (key, way) in [(stolen, &hurdles), (&minted[0], &endpoint), (&minted[1], &endpoint)] {
        let args = ["trace", key, "--format", "json", "--endpoint-url", way];
        let output = signed(clean(OUST).args(args), named("responder-key")).output().unwrap();
        let found = told(&output);
        let members = found["lineage"]["credentials"].as_array().unwrap().iter();
        let keys: Vec<&str> = members.map(|member| member["key"].as_str().unwrap()).collect();
        assert_eq!(keys, [stolen, &minted[0], &minted[1]], "{}", said(&output));
        let regions = &found["lineage"]["coverage"]["regions"];
        assert!(regions.to_string().contains("sa-east-1"), "{found}");
    }
    let folder = tempfile::tempdir().unwrap();
    let playbook = folder.path().join("quick.toml");
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/user-key.toml")).unwrap();
    std::fs::write(&playbook, text.replace("seconds = 30", "seconds = 1")).unwrap();
    let run = |endpoint: &str, code: i32| {
        let args = [
            "run",
            stolen,
            "--yes",
            "--endpoint-url",
            endpoint,
            "--playbook",
            playbook.to_str().unwrap(),
            "--cases",
        ];
        let output = signed(clean(OUST).args(args).arg(folder.path()), named("responder-key"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        said(&output)
    };
    let doubtful = run(&refusing, 3);
    assert!(
        doubtful.contains("LookupEvents of eu-west-3") && doubtful.contains("NOT CONTAINED"),
        "{doubtful}"
    );
    let certain = run(&hurdles, 0);
    assert!(certain.contains("CONTAINED: every known credential"), "{certain}");
}

fn record(id: &str, at: &str, service: &str, name: &str, who: &Value) -> Value {
    json!({"eventVersion": "1.10", "userIdentity": who, "eventTime": format!("2026-03-24T{at}Z"), "eventSource": format!("{service}.amazonaws.com"),
            "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7", "userAgent": "x", "requestParameters": null,
            "responseElements": null, "requestID": format!("r{id}"), "eventID": format!("let-in-{id}"), "readOnly": false, "eventType": "AwsApiCall",
            "managementEvent": true, "recipientAccountId": "123456789012", "eventCategory": "Management"})
}

/// A member of the family opens a role to another account, from which somebody comes in and makes a key; and somebody comes whom an administrator had let in
/// before.
fn opened(by: &Value) -> Vec<Value> {
    let arn = "arn:aws:sts::123456789012:assumed-role/Door/m";
    let outside = json!({"type": "AssumedRole", "principalId": "AROADOOREXAMPLE:m", "arn": arn, "accountId": "123456789012", "accessKeyId": OUTSIDE,
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROADOOREXAMPLE", "arn": "arn:aws:iam::123456789012:role/Door",
        "accountId": "123456789012", "userName": "Door"}, "attributes": {"creationDate": "2026-03-24T14:05:00Z", "mfaAuthenticated": "false"}}});
    let opens = |id: &str, at: &str, by: &Value, accounts: &[&str]| {
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": accounts}, "Action": "sts:AssumeRole"}]});
        let mut record = record(id, at, "iam", "UpdateAssumeRolePolicy", by);
        record["requestParameters"] = json!({"roleName": "Door", "policyDocument": trust.to_string()});
        record
    };
    let comes = |id: &str, at: &str, account: &str, gives: &str| {
        let asker = json!({"type": "AWSAccount", "principalId": "AIDAELSEWHEREEXAMPLE", "accountId": account});
        let mut record = record(id, at, "sts", "AssumeRole", &asker);
        record["requestParameters"] = json!({"roleArn": "arn:aws:iam::123456789012:role/Door", "roleSessionName": "m"});
        record["responseElements"] = json!({"credentials": {"accessKeyId": gives, "sessionToken": "SYNTHETIC-TOKEN",
            "expiration": "Mar 24, 2026, 3:05:00 PM"}, "assumedRoleUser": {"assumedRoleId": "AROADOOREXAMPLE:m", "arn": arn}});
        record
    };
    let mut makes = record("d4", "14:06:00", "iam", "CreateAccessKey", &outside);
    makes["requestParameters"] = json!({"userName": "bob"});
    makes["responseElements"] = json!({"accessKey": {"accessKeyId": OF_BOB, "userName": "bob", "status": "Active", "createDate": "Mar 24, 2026, 2:06:00 PM"}});
    vec![
        opens("d1", "11:00:00", &administrator(), &["777777777777"]),
        opens("d2", "14:00:00", by, &["777777777777", "666666666666"]),
        comes("d3", "14:05:00", "666666666666", OUTSIDE),
        makes,
        comes("d5", "14:10:00", "777777777777", OF_VENDOR),
    ]
}

/// What a member of the family did for mallory, who could not sign in before, and what mallory did then: the session of his sign-in goes on as a role.
fn let_in(by: &Value) -> Vec<Value> {
    let mallory = json!({"type": "IAMUser", "principalId": "AIDAMALLORYEXAMPLE", "arn": "arn:aws:iam::123456789012:user/mallory",
        "accountId": "123456789012", "userName": "mallory"});
    let mut session = mallory.clone();
    session["accessKeyId"] = json!(MALLORY);
    session["sessionContext"] =
        json!({"attributes": {"creationDate": "2026-03-24T13:00:00Z", "mfaAuthenticated": "false"}});
    let role = "arn:aws:sts::123456789012:assumed-role/Deep/m";
    let deeper = json!({"type": "AssumedRole", "principalId": "AROADEEPEXAMPLE:m", "arn": role, "accountId": "123456789012",
        "accessKeyId": DEEPER, "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROADEEPEXAMPLE",
        "arn": "arn:aws:iam::123456789012:role/Deep", "accountId": "123456789012", "userName": "Deep"},
        "attributes": {"creationDate": "2026-03-24T13:10:00Z", "mfaAuthenticated": "false"}}});
    let mut set = record("1", "12:00:00", "iam", "CreateLoginProfile", by);
    set["requestParameters"] = json!({"userName": "mallory", "passwordResetRequired": false});
    let mut login = record("2", "13:00:00", "signin", "ConsoleLogin", &mallory);
    login["responseElements"] = json!({"ConsoleLogin": "Success"});
    let mut mint = record("4", "13:10:00", "sts", "AssumeRole", &session);
    mint["requestParameters"] = json!({"roleArn": "arn:aws:iam::123456789012:role/Deep", "roleSessionName": "m"});
    mint["responseElements"] = json!({"credentials": {"accessKeyId": DEEPER, "sessionToken": "SYNTHETIC-TOKEN", "expiration": "Mar 24, 2026, 2:10:00 PM"},
        "assumedRoleUser": {"assumedRoleId": "AROADEEPEXAMPLE:m", "arn": role}});
    // Somebody else of that name signed in elsewhere: of another's session with the same name nothing is taken for the family's.
    let alice = json!({"type": "IAMUser", "principalId": "AIDAALICEEXAMPLE", "arn": "arn:aws:iam::123456789012:user/alice",
        "accountId": "123456789012", "userName": "alice"});
    vec![
        set,
        login,
        record("3", "13:05:00", "s3", "ListBuckets", &session),
        mint,
        record("5", "13:15:00", "sts", "GetCallerIdentity", &deeper),
        record("6", "13:20:00", "signin", "ConsoleLogin", &alice),
    ]
}

fn administrator() -> Value {
    json!({"type": "IAMUser", "principalId": "AIDAADMINEXAMPLE", "arn": "arn:aws:iam::123456789012:user/administrator",
        "accountId": "123456789012", "accessKeyId": "AKIARZPUZDIKADMINADM", "userName": "administrator"})
}

const OUTSIDE: &str = "ASIARZPUZDIKOUTSIDEA";
const OF_BOB: &str = "AKIARZPUZDIKOFBOBAAA";
const OF_VENDOR: &str = "ASIARZPUZDIKVENDORAA";

const MALLORY: &str = "ASIARZPUZDIKMALLORYA";
const DEEPER: &str = "ASIARZPUZDIKDEEPERAA";

fn keys_of(found: &Value) -> Vec<&str> {
    let members = found["lineage"]["credentials"].as_array().unwrap().iter();
    members.map(|member| member["key"].as_str().unwrap()).collect()
}

/// The fixture's folder with further records.
fn fixture_and(records: &[Value]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(fixture()).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let text = json!({"Records": records}).to_string();
    std::fs::write(folder.path().join("z.json"), text).unwrap();
    folder
}

/// What A's user is called with in the fixture.
fn support_user() -> Value {
    json!({"type": "IAMUser", "principalId": "AIDASUPPORTUSEREXAMPLE", "arn": "arn:aws:iam::123456789012:user/support-user",
        "accountId": "123456789012", "accessKeyId": A, "userName": "support-user"})
}

/// What the rows of the printed query tell of A.
fn of_rows(python: &Path, folder: &Path, more: &[&str]) -> Value {
    rows_of(A, python, folder, more)
}

fn rows_of(asked: &str, python: &Path, folder: &Path, more: &[&str]) -> Value {
    let printed = oust(&[&["trace", "--print-sql", "--table", "cloudtrail", asked], more].concat());
    let rows = tempfile::tempdir().unwrap();
    let text = queried(python, folder, &printed.stdout);
    std::fs::write(rows.path().join("rows.jsonl"), text).unwrap();
    of_folder(rows.path(), &[asked], &[])
}

fn of_athena(endpoint: &str) -> Value {
    let table = ["--athena", "primary", "--table", "cloudtrail"];
    let args = [
        &["trace", A, "--format", "json", "--endpoint-url", endpoint],
        &table[..],
    ]
    .concat();
    told(&oust(&args))
}

/// Whoever signs in with a password that the family set is found by a table as by the files, and what that session minted too.
#[test]
fn a_table_tells_of_sign_ins_with_a_password_that_the_family_set() {
    let Some(python) = peers::python() else { return };
    let folder = fixture_and(&[let_in(&support_user()), opened(&support_user())].concat());
    let expected = of_folder(folder.path(), &[A], &[]);
    let keys = keys_of(&expected);
    let of_family = [MALLORY, DEEPER, OUTSIDE, OF_BOB];
    assert!(of_family.iter().all(|key| keys.contains(key)), "{keys:?}");
    assert!(!keys.contains(&OF_VENDOR), "{keys:?}");
    let (_server, endpoint) = moto(&python, folder.path());
    assert_eq!(lineage(&of_athena(&endpoint)), lineage(&expected));
    assert_eq!(lineage(&of_rows(&python, folder.path(), &[])), lineage(&expected));
}

/// Mallory's session, and the session of a role that it minted, begin one by `aws login` each: the keys of those bear a sign-in that no other record
/// names them with. What they mint bears none.
fn logged_in(by: &Value) -> Vec<Value> {
    let mut all = let_in(by);
    let at = |record: &Value, id: &str, at: &str, key: Option<&str>, sign_in: Option<&str>| {
        let mut record = record.clone();
        record["eventID"] = json!(format!("login-{id}"));
        record["eventTime"] = json!(format!("2026-03-24T{at}Z"));
        if let Some(key) = key {
            record["userIdentity"]["accessKeyId"] = json!(key);
            record["userIdentity"]["sessionContext"]["attributes"]["creationDate"] = record["eventTime"].clone();
        }
        if let Some(sign_in) = sign_in {
            record["userIdentity"]["sessionContext"]["signInSessionArn"] =
                json!(format!("arn:aws:signin:us-east-1:123456789012:session/{sign_in}"));
        }
        record
    };
    let login = |record: &Value, id: &str, when: &str, sign_in: &str| {
        let mut record = at(record, id, when, None, Some(sign_in));
        record["eventSource"] = json!("signin.amazonaws.com");
        record["eventName"] = json!("CreateOAuth2Token");
        record
    };
    let (call, mint, deep) = (all[2].clone(), all[3].clone(), all[4].clone());
    let mut further = at(&mint, "4", "13:32:00", Some(LOGIN), None);
    further["responseElements"]["credentials"]["accessKeyId"] = json!(FURTHER);
    let mut decrypted = at(&call, "7", "13:36:00", Some(LOGIN), Some("one"));
    decrypted["eventSource"] = json!("kms.amazonaws.com");
    decrypted["eventName"] = json!("Decrypt");
    decrypted["resources"] = json!([{"ARN": "arn:aws:kms:us-east-1:123456789012:key/11", "accountId": "123456789012", "type": "AWS::KMS::Key"}]);
    // In the console a role has a session under keys of its own.
    all[3]["userAgent"] = json!("Mozilla/5.0 (X11; Linux x86_64)");
    let mut switched = at(&mint, "9", "13:40:00", None, None);
    switched["userIdentity"] = at(&deep, "", "13:10:00", Some(SWITCHED), None)["userIdentity"].clone();
    switched["responseElements"] = json!({"credentials": {"accessKeyId": ABYSS, "sessionToken": "SYNTHETIC-TOKEN", "expiration": "Mar 24, 2026, 2:40:00 PM"},
        "assumedRoleUser": {"assumedRoleId": "AROAABYSSEXAMPLE:m", "arn": "arn:aws:sts::123456789012:assumed-role/Abyss/m"}});
    switched["sessionCredentialFromConsole"] = json!("true");
    all.push(switched);
    all.extend([
        login(&call, "1", "13:30:00", "one"),
        at(&call, "2", "13:31:00", Some(LOGIN), Some("one")),
        further,
        login(&deep, "5", "13:33:00", "two"),
        at(&deep, "6", "13:34:00", Some(OF_ROLE), Some("two")),
        decrypted,
        at(&deep, "8", "13:37:00", Some(FURTHER), None),
    ]);
    // Two of one call have one moment of issue.
    let (first, last) = (all[8]["userIdentity"].clone(), all.len());
    all[9]["userIdentity"]["sessionContext"]["attributes"] = first["sessionContext"]["attributes"].clone();
    all[last - 2]["userIdentity"]["sessionContext"]["attributes"] = first["sessionContext"]["attributes"].clone();
    all[last - 1]["userIdentity"]["sessionContext"]["attributes"]["creationDate"] = json!("2026-03-24T13:32:00Z");
    // A session of another role that bears the same sign-in: nothing else tells of it, in Event history but the name that both call under.
    let mut aside = at(&deep, "10", "13:38:00", Some(ASIDE), Some("one"));
    let role = session_of("ASIDE", ASIDE, "2026-03-24T13:37:30Z");
    let who = &mut aside["userIdentity"];
    who["principalId"] = json!("AROAASIDE:mallory");
    who["arn"] = json!("arn:aws:sts::123456789012:assumed-role/ASIDE/mallory");
    who["sessionContext"]["sessionIssuer"] = role["sessionContext"]["sessionIssuer"].clone();
    all.push(aside);
    all.extend(opened(by));
    all
}

const LOGIN: &str = "ASIARZPUZDIKLOGINAAA";
const FURTHER: &str = "ASIARZPUZDIKFURTHERA";
const OF_ROLE: &str = "ASIARZPUZDIKOFROLEAA";
const ASIDE: &str = "ASIARZPUZDIKASIDEAAA";
const SWITCHED: &str = "ASIARZPUZDIKSWITCHED";
const ABYSS: &str = "ASIARZPUZDIKABYSSAAA";

/// A session of a role and what its calls bear.
fn session_of(role: &str, key: &str, created: &str) -> Value {
    json!({"type": "AssumedRole", "principalId": format!("AROA{role}:m"), "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/m"),
        "accountId": "123456789012", "accessKeyId": key, "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": format!("AROA{role}"),
        "arn": format!("arn:aws:iam::123456789012:role/{role}"), "accountId": "123456789012", "userName": role},
        "attributes": {"creationDate": created, "mfaAuthenticated": "false"}}})
}

/// A call of such a session, or a mint of one.
fn called(id: &str, at: &str, by: &Value, minted: Option<(&str, &str)>) -> Value {
    let mut record = let_in(by)[3].clone();
    record["eventID"] = json!(id);
    record["eventTime"] = json!(at);
    record["userIdentity"] = by.clone();
    match minted {
        Some((role, key)) => {
            record["requestParameters"]["roleArn"] = json!(format!("arn:aws:iam::123456789012:role/{role}"));
            record["responseElements"] = json!({"credentials": {"accessKeyId": key, "sessionToken": "SYNTHETIC-TOKEN"},
                "assumedRoleUser": {"assumedRoleId": format!("AROA{role}:m"), "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/m")}});
        }
        None => {
            record["eventName"] = json!("GetCallerIdentity");
            record["requestParameters"] = Value::Null;
            record["responseElements"] = Value::Null;
        }
    }
    record
}

/// A session of another role that bears the sign-in of a member, which no record says the beginning of: every source tells it, and what it minted.
#[test]
fn whoever_bears_a_sign_in_of_the_family_is_found_by_every_source() {
    let Some(python) = peers::python() else { return };
    let at = |minute: u32| format!("2026-03-24T14:{minute}:00Z");
    let bearing = |id: &str, minute: u32, by: &Value| {
        let mut record = called(id, &at(minute), by, None);
        record["userIdentity"]["sessionContext"]["signInSessionArn"] =
            json!("arn:aws:signin:us-east-1:123456789012:session/aside");
        record
    };
    let near = session_of("NEAR", "ASIARZPUZDIKNEARNEAR", &at(10));
    let aside = session_of("ASIDE", "ASIARZPUZDIKASIDEASI", &at(20));
    let below = session_of("BELOW", "ASIARZPUZDIKBELOWBEL", &at(30));
    let folder = fixture_and(&[
        called("a1", &at(10), &support_user(), Some(("NEAR", "ASIARZPUZDIKNEARNEAR"))),
        bearing("a2", 11, &near),
        bearing("a3", 21, &aside),
        called("a4", &at(22), &aside, None),
        called("a5", &at(30), &aside, Some(("BELOW", "ASIARZPUZDIKBELOWBEL"))),
        called("a6", &at(31), &below, None),
    ]);
    let expected = of_folder(folder.path(), &[A], &[]);
    let keys = keys_of(&expected);
    for key in ["ASIARZPUZDIKASIDEASI", "ASIARZPUZDIKBELOWBEL"] {
        assert!(keys.contains(&key), "{key}: {keys:?}");
    }
    // It is told as another role's.
    let text = said(&oust(&[
        "trace",
        A,
        "--offline",
        "--logs",
        folder.path().to_str().unwrap(),
    ]));
    let flat = text.split_whitespace().collect::<Vec<&str>>().join(" ");
    assert!(flat.contains("ASIARZPUZDIKASIDEASI `m` of role `ASIDE`"), "{text}");
    let rows = of_rows(&python, folder.path(), &["--our-ddl", "--partitions", "timestamp"]);
    assert_eq!(lineage(&rows), lineage(&expected));
    let (_moto, endpoint) = moto(&python, folder.path());
    assert_eq!(lineage(&of_athena(&endpoint)), lineage(&expected));
    let (_lake, endpoint) = lake(&python, folder.path());
    of_lake(&endpoint, &store(1), &[A], &[]);
    assert_eq!(
        lineage(&told(&of_lake(&endpoint, &store(1), &[A], &[]))),
        lineage(&expected)
    );
}

/// Two sessions that bear one sign-in for the first time in one second are both of it, whichever of what they bear sorts first.
#[test]
fn the_printed_query_keeps_both_of_two_sessions_of_one_second() {
    let Some(python) = peers::python() else { return };
    let (one, two) = ("ASIARZPUZDIKTWINTWIB", "ASIARZPUZDIKTWINTWIA");
    let bearing = |id: &str, by: &Value| {
        let mut record = called(id, "2026-03-24T14:20:00Z", by, None);
        record["userIdentity"]["sessionContext"]["signInSessionArn"] =
            json!("arn:aws:signin:us-east-1:123456789012:session/twins");
        record
    };
    for [first, second] in [["EARLY", "LATE"], ["LATE", "EARLY"]] {
        let folder = fixture_and(&[
            bearing("t1", &session_of(first, one, "2026-03-24T14:11:00Z")),
            bearing("t2", &session_of(second, two, "2026-03-24T14:12:00Z")),
        ]);
        for asked in [one, two] {
            let expected = of_folder(folder.path(), &[asked], &[]);
            assert_eq!(keys_of(&expected).len(), 2, "{expected}");
            let rows = rows_of(
                asked,
                &python,
                folder.path(),
                &["--our-ddl", "--partitions", "timestamp"],
            );
            let mut keys = [keys_of(&rows), keys_of(&expected)];
            keys.iter_mut().for_each(|keys| keys.sort_unstable());
            assert_eq!(keys[0], keys[1], "{asked} {first}");
        }
    }
}

/// A chain of so many role sessions, each minted by the last.
fn chain(length: usize) -> Vec<Value> {
    let mut by = support_user();
    let mut records = Vec::new();
    for n in 0..length {
        let at = format!("2026-03-24T15:{:02}:{:02}Z", n / 60, n % 60);
        let (role, key) = (format!("LINK{n}"), format!("ASIARZPUZDIKLINK{n:0>4}"));
        records.push(called(&format!("link{n}"), &at, &by, Some((&role, &key))));
        by = session_of(&role, &key, &at);
    }
    records
}

/// The printed query follows a long chain; where it goes no further, it ends with an error that says so, and not with fewer rows.
#[test]
fn the_printed_query_says_where_a_chain_is_too_long_for_it() {
    let Some(python) = peers::python() else { return };
    let folder = fixture_and(&chain(40));
    let expected = of_folder(folder.path(), &[A], &[]);
    assert!(keys_of(&expected).contains(&"ASIARZPUZDIKLINK0039"));
    assert_eq!(lineage(&of_rows(&python, folder.path(), &[])), lineage(&expected));
    let printed = oust(&["trace", "--print-sql", "--table", "cloudtrail", A]);
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(
        text.starts_with("-- ") && text.contains("max_recursion_depth") && text.contains("not fewer"),
        "{text}"
    );
    let folder = fixture_and(&chain(120));
    let refused = answer(&python, folder.path(), text.as_bytes());
    assert!(!refused.status.success());
    assert!(said(&refused).contains("go on behind 100 steps"), "{}", said(&refused));
    // From its end the walk back to the beginning is no shorter.
    let printed = oust(&["trace", "--print-sql", "--table", "cloudtrail", "ASIARZPUZDIKLINK0119"]);
    let refused = answer(&python, folder.path(), &printed.stdout);
    assert!(said(&refused).contains("go on behind 100 steps"), "{}", said(&refused));
}

/// A sign-in that many keys began, and a password that many keys of one user set: the query ends, and tells what the files tell.
#[test]
fn the_printed_query_ends_where_many_keys_open_one_way() {
    let Some(python) = peers::python() else { return };
    let mut all = logged_in(&support_user());
    let (call, login) = (all[2].clone(), all[7].clone());
    for n in 0..30 {
        for (place, name) in [(&login, "CreateOAuth2Token"), (&call, "UpdateLoginProfile")] {
            let mut record = place.clone();
            record["eventID"] = json!(format!("many-{n}-{name}"));
            record["eventTime"] = json!(format!("2026-03-24T13:{:02}:00Z", 20 + n));
            record["eventName"] = json!(name);
            record["eventSource"] = json!(if name.starts_with('U') {
                "iam.amazonaws.com"
            } else {
                "signin.amazonaws.com"
            });
            record["userIdentity"]["accessKeyId"] = json!(format!("ASIARZPUZDIKMANY{n:04}"));
            all.push(record);
        }
    }
    let folder = fixture_and(&all);
    let expected = of_folder(folder.path(), &[A], &[]);
    for key in ["ASIARZPUZDIKMANY0000", "ASIARZPUZDIKMANY0029", LOGIN, FURTHER] {
        assert!(keys_of(&expected).contains(&key), "{key}");
    }
    let rows = of_rows(&python, folder.path(), &["--our-ddl", "--partitions", "timestamp"]);
    assert_eq!(lineage(&rows), lineage(&expected));
}

/// Sessions of `aws login` and what they mint are found by a table that has sign-ins as by the files; by one that hasn't, the doubt is told.
#[test]
fn a_table_tells_of_sessions_of_aws_login() {
    let Some(python) = peers::python() else { return };
    let folder = fixture_and(&logged_in(&support_user()));
    let expected = of_folder(folder.path(), &[A], &[]);
    let keys = keys_of(&expected);
    for key in [
        MALLORY, DEEPER, OUTSIDE, OF_BOB, LOGIN, FURTHER, OF_ROLE, ASIDE, SWITCHED, ABYSS,
    ] {
        assert!(keys.contains(&key), "{key}: {keys:?}");
    }
    let secrets = expected["lineage"]["secrets"].to_string();
    assert!(secrets.contains("key/11"), "{secrets}");
    let (_server, endpoint) = moto(&python, folder.path());
    assert_eq!(lineage(&of_athena(&endpoint)), lineage(&expected));
    let rows = of_rows(&python, folder.path(), &["--our-ddl", "--partitions", "timestamp"]);
    assert_eq!(lineage(&rows), lineage(&expected));
    let documented = of_rows(&python, folder.path(), &[]);
    let keys = keys_of(&documented);
    assert!(keys.contains(&ABYSS) && !keys.contains(&LOGIN), "{keys:?}");
    assert!(
        documented.to_string().contains("doesn't bear its sign-in"),
        "{documented}"
    );
    // What a table doesn't tell is no silence.
    let gaps = |known: &Value| known["lineage"]["coverage"]["gaps"].to_string();
    let lacks = "rows of a table without useridentity.sessioncontext.sourceidentity, useridentity.sessioncontext.signinsessionarn, useridentity.credentialid";
    assert!(gaps(&documented).contains(lacks), "{documented}");
    assert!(!gaps(&rows).contains("rows of a table without"), "{rows}");
}

/// What Event history tells of the story's stolen key where `more` is in the trail too, which is made of what that key is called with. With what
/// the files of that trail tell of it.
fn of_event_history(more: impl FnOnce(&Value) -> Vec<Value>) -> (Output, Value) {
    let stage = story::played();
    let stolen = &stage.names["A"];
    let mut state = stage.twin.state();
    let by = state
        .trail
        .iter()
        .map(|record| &record["userIdentity"])
        .find(|who| who["accessKeyId"] == stolen.as_str());
    let by = by.unwrap().clone();
    state.trail.extend(more(&by));
    let folder = tempfile::tempdir().unwrap();
    let text = json!({"Records": state.trail}).to_string();
    std::fs::write(folder.path().join("trail.json"), text).unwrap();
    let of_files = of_folder(folder.path(), &[stolen.as_str()], &[]);
    let twin = oust::twin::Twin::on_clock(state, std::sync::Arc::new(oust::time::SystemClock));
    let keys = twin.keys(&stage.names["responder-key"]);
    let (told_where, place) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = oust::twin::serve::bind(0).await.unwrap();
            told_where.send(listener.local_addr().unwrap()).unwrap();
            oust::twin::serve::serve(twin, listener).await;
        });
    });
    let endpoint = format!("http://{}", place.recv().unwrap());
    let output = clean(OUST)
        .env("AWS_ACCESS_KEY_ID", keys.key.as_str())
        .env("AWS_SECRET_ACCESS_KEY", keys.secret)
        .args([
            "trace",
            stolen.as_str(),
            "--format",
            "json",
            "--endpoint-url",
            &endpoint,
        ])
        .output()
        .unwrap();
    (output, of_files)
}

/// The same through LookupEvents: no key leads to the sign-in, the name does.
#[test]
fn event_history_tells_of_sign_ins_with_a_password_that_the_family_set() {
    let (output, expected) = of_event_history(logged_in);
    let found = told(&output);
    assert_eq!(keys_of(&found), keys_of(&expected), "{}", said(&output));
    let of = |known: &Value, key: &str| {
        let members = known["lineage"]["credentials"].as_array().unwrap().iter();
        members.filter(|one| one["key"] == key).cloned().collect::<Vec<Value>>()
    };
    for key in [MALLORY, DEEPER, LOGIN, FURTHER, OF_ROLE, ASIDE, SWITCHED, ABYSS] {
        let one = of(&found, key);
        assert_eq!((one.len(), &one), (1, &of(&expected, key)), "{}", said(&output));
    }
}

/// The family set the password of maria, whom somebody renamed before she signed in: as what the record of that is called with, or as the family itself.
fn let_in_renamed(by: &Value, renamer: &Value) -> Vec<Value> {
    let mut all = let_in(by);
    all[0]["requestParameters"]["userName"] = json!("maria");
    let mut rename = all[0].clone();
    rename["eventID"] = json!("let-in-renamed");
    rename["eventName"] = json!("UpdateUser");
    rename["eventTime"] = json!("2026-03-24T12:30:00Z");
    rename["userIdentity"] = renamer.clone();
    rename["requestParameters"] = json!({"userName": "maria", "newUserName": "mallory"});
    all.push(rename);
    all
}

/// A user who was renamed signs in under her new name: a table and the files tell it where the family renamed her.
#[test]
fn who_signs_in_under_a_new_name_is_found() {
    let folder = fixture_and(&let_in_renamed(&support_user(), &support_user()));
    let expected = of_folder(folder.path(), &[A], &[]);
    let keys = keys_of(&expected);
    assert!(keys.contains(&MALLORY) && keys.contains(&DEEPER), "{keys:?}");
    let Some(python) = peers::python() else { return };
    let (_server, endpoint) = moto(&python, folder.path());
    assert_eq!(lineage(&of_athena(&endpoint)), lineage(&expected));
}

/// Event history is asked who was renamed, by whomever.
#[test]
fn event_history_tells_of_sign_ins_under_a_new_name_whoever_gave_it() {
    let boss = json!({"type": "IAMUser", "principalId": "AIDABOSSEXAMPLE", "arn": "arn:aws:iam::123456789012:user/boss",
        "accountId": "123456789012", "accessKeyId": "AKIARZPUZDIKBOSSBOSS", "userName": "boss"});
    let (output, _) = of_event_history(|by| let_in_renamed(by, &boss));
    let found = told(&output);
    let keys = keys_of(&found);
    assert!(keys.contains(&MALLORY) && keys.contains(&DEEPER), "{keys:?}");
    assert!(!keys.contains(&"AKIARZPUZDIKBOSSBOSS"), "{keys:?}");
}

/// A second question within a case opens only what is new or can matter, of a bucket as of a folder; it answers the same, and without cases nothing is kept.
#[test]
fn among_cases_an_archive_is_read_once() {
    let cases = tempfile::tempdir().unwrap();
    let ask = |cases: &Path, args: &[&str]| {
        let output = clean(OUST)
            .env("AWS_ACCESS_KEY_ID", "AKIARESPONDERRESPOND")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("OUST_CASES", cases)
            .args(["trace", A, "--format", "json"])
            .args(args)
            .output()
            .unwrap();
        (told(&output), said(&output))
    };
    let inside = || std::fs::read_dir(cases.path()).unwrap().count();
    let folder = fixture();
    let files = ["--offline", "--logs", folder.to_str().unwrap()];
    let (first, _) = ask(cases.path(), &files);
    assert_eq!(inside(), 1);
    let (second, _) = ask(cases.path(), &files);
    assert_eq!((&first["lineage"], inside()), (&second["lineage"], 1));
    assert_eq!(first["lineage"], of_files(&[A], &[])["lineage"]);
    let nowhere = cases.path().join("none");
    ask(&nowhere, &files);
    assert!(!nowhere.exists());
    let Some(python) = peers::python() else { return };
    let (_server, endpoint) = moto(&python, &fixture());
    let bucket = [
        "--endpoint-url",
        &endpoint,
        "--since",
        "2026-03-24",
        "--until",
        "2026-03-25",
        "--accounts",
        "123456789012",
        "--regions",
        "us-east-1,eu-west-1",
        "--logs",
        "s3://trail",
    ];
    let (first, text) = ask(cases.path(), &bucket);
    assert!(text.contains("read 16 objects of s3://trail/"), "{text}");
    // The first pass follows the whole family: nothing that it found makes it read again.
    assert_eq!(text.matches("reading s3://trail/").count(), 1, "{text}");
    let (second, text) = ask(cases.path(), &bucket);
    assert_eq!((&first["lineage"], inside()), (&second["lineage"], 2));
    assert!(text.contains("read 0 objects of s3://trail/, 0 bytes; "), "{text}");
}

/// A role of another account is told with it: one of the same name may be here too.
#[test]
fn a_member_of_another_account_is_told_with_it() {
    let mut far = called(
        "far",
        "2026-03-24T16:00:00Z",
        &support_user(),
        Some(("FAR", "ASIARZPUZDIKFARFARFA")),
    );
    far["responseElements"]["assumedRoleUser"]["arn"] = json!("arn:aws:sts::333333333333:assumed-role/FAR/m");
    let folder = fixture_and(&[far]);
    let output = oust(&["trace", A, "--offline", "--logs", folder.path().to_str().unwrap()]);
    let text = said(&output);
    assert!(text.contains("`m` of role `FAR` of account 333333333333\n"), "{text}");
    assert_eq!(text.matches("of account ").count(), 1, "{text}");
}

/// Support-user's record of a role leaves out with which long-term key; so does one of a user for whom a key was made that never calls. Who else calls as that
/// user is told, though only his name is known.
#[test]
fn what_a_user_did_with_a_key_that_no_record_names_is_told_by_every_source() {
    let Some(python) = peers::python() else { return };
    let user = |name: &str, key: Option<&str>| {
        let mut user = support_user();
        user["accessKeyId"] = json!(key);
        if name != "support-user" {
            user["principalId"] = json!(format!("AIDA{}", name.to_uppercase()));
            user["arn"] = json!(format!("arn:aws:iam::123456789012:user/{name}"));
            user["userName"] = json!(name);
        }
        user
    };
    let (first, second) = ("ASIARZPUZDIKNAMELESA", "ASIARZPUZDIKNAMELESB");
    let (made, other) = ("AKIARZPUZDIKMADEMADE", "AKIARZPUZDIKTHEIRSXX");
    let by = user("support-user", None);
    let mut create = called("nameless2", "2026-03-24T15:10:00Z", &by, None);
    create["eventSource"] = json!("iam.amazonaws.com");
    create["eventName"] = json!("CreateAccessKey");
    create["requestParameters"] = json!({"userName": "carol"});
    create["responseElements"] = json!({"accessKey": {"accessKeyId": made, "userName": "carol", "status": "Active"}});
    let carol = user("carol", None);
    let records = [
        called("nameless1", "2026-03-24T15:00:00Z", &by, Some(("NAMELESS", first))),
        create,
        called("nameless3", "2026-03-24T15:20:00Z", &carol, Some(("NAMELESS", second))),
        called("nameless4", "2026-03-24T15:30:00Z", &user("carol", Some(other)), None),
    ];
    let folder = fixture_and(&records);
    let expected = of_folder(folder.path(), &[A], &[]);
    let keys = keys_of(&expected);
    assert!([first, second, made].iter().all(|key| keys.contains(key)), "{keys:?}");
    assert!(
        expected["bystanders"].to_string().contains(other),
        "{}",
        expected["bystanders"]
    );
    let (_server, endpoint) = moto(&python, folder.path());
    let rows = of_rows(&python, folder.path(), &[]);
    assert_eq!(lineage(&rows), lineage(&expected));
    assert_eq!(rows["bystanders"], expected["bystanders"]);
    assert_eq!(keys_of(&of_athena(&endpoint)), keys);
    let back = rows_of(first, &python, folder.path(), &[]);
    assert_eq!(lineage(&back), lineage(&of_folder(folder.path(), &[first], &[])));
}
