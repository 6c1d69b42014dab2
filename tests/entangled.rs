//! However sessions are entangled, every source of evidence tells the same lineage: files, the printed query on another engine, Athena, CloudTrail Lake.
//!
//! Trails are drawn at random, each with names and keys of its own, and lie side by side in one archive: `OUST_ENTANGLED` says how many, `OUST_ENTANGLED_FROM`
//! from which on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use oust::collect::{Table, whole_query};
use oust::ids::AccessKeyId;
use oust::lineage::{bystanders, trace};
use oust::trail::{Evidence, Window, read_stream};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use support::entangled::{Call, KINDS, SESSIONS, Trail};
use support::peers;
use support::process::{Server, clean};

/// A trail that was drawn: which key is asked for, what was called, and what the files tell of it.
struct Drawn {
    asked: String,
    records: Vec<Value>,
    expected: Value,
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Trails in which the family of the asked key has more than one other member: what nothing entangles every source tells alike.
fn drawn(most: usize) -> Vec<Drawn> {
    let (from, count) = (number("OUST_ENTANGLED_FROM", 0), number("OUST_ENTANGLED", most));
    // Switches and records that leave keys out are more often drawn.
    let kind = prop_oneof![0..KINDS, 12..KINDS, 19_usize..21];
    let call = (0..SESSIONS, kind, 0..SESSIONS, 0_u32..40, 0_usize..6);
    let times = vec(prop_oneof![0_u32..5, 0_u32..90], SESSIONS);
    let drawing = (vec(call, 2..14), times, 0..SESSIONS);
    let mut runner = TestRunner::deterministic();
    let all = (0..).filter_map(|case| {
        let (calls, times, first): (Vec<Call>, Vec<u32>, usize) = drawing.new_tree(&mut runner).unwrap().current();
        let trail = Trail { case, times: &times };
        let records = trail.records(&calls);
        let mut evidence = Evidence::default();
        records.iter().for_each(|record| evidence.add_record(record).unwrap());
        let others = (first..first + SESSIONS).map(|place| trail.key(place % SESSIONS));
        let mut others = others.map(|asked| (told(&evidence, &asked), asked));
        let is_entangled = |(told, _): &(Value, String)| told["lineage"]["credentials"].as_array().unwrap().len() > 2;
        let (expected, asked) = others.find(is_entangled)?;
        Some(Drawn {
            asked,
            records,
            expected,
        })
    });
    all.skip(from).take(count).collect()
}

/// What a trace tells, without the coverage, which is each source's own.
fn told(evidence: &Evidence, asked: &str) -> Value {
    let lineage = trace(evidence, &[asked.parse().unwrap()]);
    without_coverage(&json!({"lineage": lineage, "bystanders": bystanders(evidence, &lineage)}))
}

fn without_coverage(known: &Value) -> Value {
    let mut lineage = known["lineage"].clone();
    lineage.as_object_mut().unwrap().remove("coverage");
    json!({"lineage": lineage, "bystanders": known["bystanders"]})
}

fn archive(all: &[Drawn]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let records: Vec<&Value> = all.iter().flat_map(|one| &one.records).collect();
    std::fs::write(folder.path().join("all.json"), json!({"Records": records}).to_string()).unwrap();
    folder
}

/// Stops at what a source tells otherwise; of several the trail with the fewest records.
fn same(all: &[Drawn], found: impl Iterator<Item = Value>) {
    let mut wrong: Vec<(&Drawn, Value)> = all
        .iter()
        .zip(found)
        .filter(|(one, found)| one.expected != *found)
        .collect();
    wrong.sort_by_key(|(one, _)| one.records.len());
    if let Some((one, found)) = wrong.first() {
        let records: Vec<String> = one.records.iter().map(Value::to_string).collect();
        panic!(
            "{} of {}; {}:\n{}\nexpected {:#}\nfound {found:#}",
            wrong.len(),
            all.len(),
            one.asked,
            records.join("\n"),
            one.expected
        );
    }
}

fn script(python: &Path, name: &str, args: &[&str]) -> Command {
    let mut command = clean(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name));
    command.args(args);
    command
}

#[test]
fn the_printed_query_tells_what_the_files_tell() {
    let Some(python) = peers::python() else { return };
    let all = drawn(40);
    let folder = archive(&all);
    let mut engine = script(
        &python,
        "trail_sources.py",
        &["queries", folder.path().to_str().unwrap()],
    );
    let mut engine = Server(engine.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let mut to = engine.0.stdin.take().unwrap();
    let mut from = BufReader::new(engine.0.stdout.take().unwrap());
    let mut table = Table::named("cloudtrail").unwrap().of_statement();
    table.parted_by(["timestamp"]);
    let found = all.iter().map(|one| {
        let asked: AccessKeyId = one.asked.parse().unwrap();
        let sql = whole_query(&table, &Window::default(), &[asked]);
        writeln!(to, "{}", json!(sql)).unwrap();
        let mut rows = String::new();
        from.read_line(&mut rows).unwrap();
        let mut evidence = Evidence::default();
        read_stream("rows", rows.as_bytes(), &mut evidence);
        assert!(evidence.damage.is_empty(), "{:?}", evidence.damage);
        told(&evidence, &one.asked)
    });
    same(&all, found);
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

fn oust(endpoint: &str, asked: &str, source: &[&str]) -> Output {
    clean(env!("CARGO_BIN_EXE_oust"))
        .env("AWS_ACCESS_KEY_ID", "AKIARESPONDERRESPOND")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .args(["trace", asked, "--format", "json", "--endpoint-url", endpoint])
        .args(source)
        .output()
        .unwrap()
}

fn of_service(endpoint: &str, asked: &str, source: &[&str]) -> Value {
    let output = oust(endpoint, asked, source);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    without_coverage(&serde_json::from_slice(&output.stdout).unwrap())
}

/// What a service tells of each trail. Most of that is waiting.
fn of_each(endpoint: &str, all: &[Drawn], source: &[&str]) -> Vec<Value> {
    let parts = all.chunks(all.len().div_ceil(8));
    std::thread::scope(|scope| {
        let parts = parts.map(|part| {
            scope.spawn(move || -> Vec<Value> {
                let each = part.iter().map(|one| of_service(endpoint, &one.asked, source));
                each.collect()
            })
        });
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

#[test]
fn athena_tells_what_the_files_tell() {
    let Some(python) = peers::python() else { return };
    let all = drawn(40);
    let folder = archive(&all);
    let (_moto, endpoint) = served(script(
        &python,
        "trail_sources.py",
        &["serve", folder.path().to_str().unwrap()],
    ));
    let table = ["--athena", "primary", "--table", "cloudtrail"];
    same(&all, of_each(&endpoint, &all, &table).into_iter());
}

#[test]
fn cloudtrail_lake_tells_what_the_files_tell() {
    let Some(python) = peers::python() else { return };
    let all = drawn(40);
    let folder = archive(&all);
    let (_lake, endpoint) = served(script(&python, "trail_lake.py", &[folder.path().to_str().unwrap()]));
    let store = ["--lake", "0a1b2c3d-4e5f-6789-abcd-ef0123456781"];
    // The first query of all finds no place.
    oust(&endpoint, &all[0].asked, &store);
    same(&all, of_each(&endpoint, &all, &store).into_iter());
}
