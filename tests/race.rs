//! The race: an intruder who fights back inside of the propagation window of a served twin, and `oust run` against him. Two intruders:
//! the twin's own, and one with boto3 that shares no code with it; with rights in Organizations and without. `OUST_RACE_SEEDS=20` plays twenty races of each
//! in the place of one, and `OUST_RACE_BIN` lets another build of the program run in both parts. With `--nocapture` each race is told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stdout, reason = "how each race went is what is measured")]

mod support;

use oust::journal::{Event, load};
use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::peers;
use support::process::clean;

/// The program: a debug build is slower than what people use.
fn oust() -> PathBuf {
    std::env::var_os("OUST_RACE_BIN").map_or_else(|| env!("CARGO_BIN_EXE_oust").into(), PathBuf::from)
}

fn text(output: &Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    format!("{out}{err}")
}

/// A process that ends with the test.
struct Running(Child, BufReader<ChildStdout>);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Running(child, out)
    }

    /// The rest of its output.
    fn rest(&mut self) -> String {
        let mut text = String::new();
        self.1.read_to_string(&mut text).unwrap();
        text
    }
}

/// The scenario `fights-back` in an organization in which the responder may act.
fn in_an_organization(folder: &Path) -> String {
    let text = include_str!("../playbooks/scenarios/fights-back.toml");
    let organization = "[organization]\nid = \"o-exampleorgid\"\nmanagement_account = \"999999999999\"\npath = [\"r-exam\"]\nadministrator = \"responder\"\n\n";
    let path = folder.join("fights-back.toml");
    let text = text.replacen("# --- the account", &format!("{organization}# --- the account"), 1);
    assert!(text.contains("[organization]"));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A served twin of the scenario `fights-back`, the story played.
struct Twin {
    process: Running,
    endpoint: String,
    keys: Map<String, Value>,
}

impl Twin {
    fn serve(scenario: &str, more: &[&str]) -> Self {
        let mut command = clean(oust());
        command.args(["twin", "serve", "--scenario", scenario, "--played", "--format", "json"]);
        let mut process = Running::start(command.args(more));
        let mut text = String::new();
        while !text.ends_with("\n}\n") {
            assert!(process.1.read_line(&mut text).unwrap() > 0, "the twin ended: {text}");
        }
        let served: Value = serde_json::from_str(&text).unwrap();
        let named = served["credentials"].as_array().unwrap().iter();
        Twin {
            process,
            endpoint: served["endpoint"].as_str().unwrap().to_owned(),
            keys: named
                .map(|one| (one["name"].as_str().unwrap().to_owned(), one.clone()))
                .collect(),
        }
    }

    fn stolen(&self) -> &str {
        self.keys["A"]["access_key_id"].as_str().unwrap()
    }

    /// `oust` as the responder.
    fn oust(&self, args: &[&str]) -> Output {
        let key = &self.keys["responder-key"];
        let mut command = clean(oust());
        command
            .env("AWS_ACCESS_KEY_ID", key["access_key_id"].as_str().unwrap())
            .env("AWS_SECRET_ACCESS_KEY", key["secret_access_key"].as_str().unwrap())
            .env("AWS_REGION", "us-east-1");
        command.args(args).args(["--endpoint-url", &self.endpoint]);
        command.output().unwrap()
    }

    /// `oust run`, which waits `hold` seconds for the changes to be in force; with how many of its changes were turned round, and for how many seconds.
    fn run(&self, end: &str, hold: u32) -> (Output, usize, i64) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (cases, playbook) = (path("cases"), path("playbook.toml"));
        let text = include_str!("../playbooks/user-key.toml");
        std::fs::write(&playbook, text.replace("seconds = 30", &format!("seconds = {hold}"))).unwrap();
        let args = ["run", self.stolen(), "--yes", "--end", end];
        let output = self.oust(&[&args[..], &["--playbook", &playbook, "--cases", &cases]].concat());
        let case = std::fs::read_dir(&cases).unwrap().next().unwrap().unwrap().path();
        let (entries, _) = load(&case.join("journal.jsonl")).unwrap();
        let mut contested = entries
            .iter()
            .filter(|entry| matches!(entry.event, Event::Contested { .. }));
        let seconds = |entry: &oust::journal::Entry| (entry.at.millis() - entries[0].at.millis()) / 1000;
        (
            output,
            contested.clone().count(),
            contested.next_back().map_or(0, seconds),
        )
    }

    fn account(&self) -> Value {
        let snapshot = self.oust(&["twin", "snapshot"]);
        assert!(snapshot.status.success(), "{}", text(&snapshot));
        let snapshot: Value = serde_json::from_slice(&snapshot.stdout).unwrap();
        snapshot["account"].clone()
    }

    /// Ends the twin as a person does; gives what its own intruder has.
    fn end(mut self) -> Value {
        let id = self.process.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        serde_json::from_str(&self.process.rest()).unwrap()
    }
}

/// The fighter with boto3, under way.
struct Fighter(Running);

impl Fighter {
    fn start(python: &Path, twin: &Twin, seed: u64) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/fighter.py");
        let mut command = clean(python);
        let mut process = Running::start(command.arg(path).arg(&twin.endpoint).arg(seed.to_string()));
        writeln!(process.0.stdin.as_mut().unwrap(), "{}", twin.keys["A"]).unwrap();
        let mut line = String::new();
        process.1.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        Fighter(process)
    }

    fn report(mut self) -> Value {
        drop(self.0.0.stdin.take());
        serde_json::from_str(&self.0.rest()).unwrap()
    }
}

/// How a race ended.
#[derive(Debug)]
struct Outcome {
    /// The exit code of `oust run`.
    exit: Option<i32>,
    /// What the run said.
    said: String,
    /// The intruder's credentials that work.
    works: Value,
    /// What of his making is in the account.
    left: Vec<String>,
    /// What he did.
    did: String,
    /// How many of the run's changes were turned round.
    contested: usize,
    /// How long after its first change the last one was, in seconds.
    fought: i64,
    /// How long the run took, in seconds.
    took: u64,
}

impl Outcome {
    fn is_out(&self) -> bool {
        self.works.as_object().is_none_or(Map::is_empty) && self.works.as_array().is_none_or(Vec::is_empty)
    }

    /// Whether he is out for good: nothing of his making stands either.
    fn is_won(&self) -> bool {
        self.is_out() && self.left.is_empty()
    }

    /// The worst that a run can do is to say "contained" while he is in.
    fn is_honest(&self) -> bool {
        self.is_out() || (self.exit != Some(0) && !self.said.contains("CONTAINED"))
    }
}

/// How many races are run at a time: they wait more than they work.
const AT_ONCE: usize = 4;

/// Every race of `seeds` as `race` runs it, `what` being told of each.
fn races(what: &str, race: impl Fn(u64) -> Outcome + Sync) -> Vec<(u64, Outcome)> {
    let count = std::env::var("OUST_RACE_SEEDS").ok();
    let count: u64 = count.map_or(1, |count| count.parse().unwrap());
    let seeds: Vec<u64> = (1..=count).collect();
    let mut outcomes = Vec::new();
    for some in seeds.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let under_way: Vec<_> = some.iter().map(|seed| (*seed, scope.spawn(|| race(*seed)))).collect();
            outcomes.extend(under_way.into_iter().map(|(seed, race)| (seed, race.join().unwrap())));
        });
        for (seed, one) in &outcomes[outcomes.len() - some.len()..] {
            let won = if one.is_won() { "won" } else { "not won" };
            let (contested, fought, took) = (one.contested, one.fought, one.took);
            println!(
                "{what}, seed {seed}: {won}, exit {:?}, {contested} contested in {fought} s, {took} s in all",
                one.exit
            );
        }
    }
    outcomes
}

/// The conditions of a race.
struct Race<'a> {
    seed: u64,
    /// How far the run goes.
    end: &'a str,
    /// How long it waits for its changes to be in force, in seconds.
    hold: u32,
    /// How long nobody does anything behind it, so that all that is in flight is in force and the intruder has looked again, in seconds.
    settled: u64,
    /// How the twin is served.
    twin: &'a [&'a str],
    /// Whether there are rights in Organizations.
    organization: bool,
}

impl Race<'_> {
    fn run(&self, twin: &Twin) -> (Output, usize, i64, u64) {
        std::thread::sleep(Duration::from_secs(2));
        let began = Instant::now();
        let (run, contested, fought) = twin.run(self.end, self.hold);
        let took = began.elapsed().as_secs();
        std::thread::sleep(Duration::from_secs(self.settled));
        (run, contested, fought, took)
    }

    fn serve(&self, more: &[&str]) -> Twin {
        let folder = tempfile::tempdir().unwrap();
        let scenario = match self.organization {
            true => in_an_organization(folder.path()),
            false => "fights-back".to_owned(),
        };
        Twin::serve(&scenario, more)
    }

    /// Against the fighter with boto3.
    fn with_boto3(&self, python: &Path) -> Outcome {
        let twin = self.serve(self.twin);
        let fighter = Fighter::start(python, &twin, self.seed);
        let (run, contested, fought, took) = self.run(&twin);
        let report = fighter.report();
        let account = twin.account();
        let made = report["made"].as_array().unwrap().iter();
        let left = made.filter(|made| stands(&account, made)).map(Value::to_string);
        Outcome {
            exit: run.status.code(),
            said: text(&run),
            works: report["access"].clone(),
            left: left.collect(),
            did: report["did"].to_string(),
            contested,
            fought,
            took,
        }
    }

    /// Against the twin's own intruder.
    fn with_its_own(&self) -> Outcome {
        let seed = self.seed.to_string();
        let mut args = vec!["--intruder", "notyet", "--intruder-seed", &seed];
        args.extend(self.twin);
        let twin = self.serve(&args);
        let (run, contested, fought, took) = self.run(&twin);
        let grip = twin.end();
        let left = grip["made"].as_array().unwrap().iter();
        Outcome {
            exit: run.status.code(),
            said: text(&run),
            works: grip["works"].clone(),
            left: left.map(|made| made.as_str().unwrap().to_owned()).collect(),
            did: format!("{} calls", grip["calls"]),
            contested,
            fought,
            took,
        }
    }
}

/// Whether something that the fighter made is in the account.
fn stands(account: &Value, made: &Value) -> bool {
    let name = |member: &str| made[member].as_str().unwrap_or_default().to_owned();
    match made["what"].as_str().unwrap() {
        "user" => account["users"][name("name")]["id"] == made["id"],
        "role" => account["roles"][name("name")]["id"] == made["id"],
        "policy" => !account[name("kind") + "s"][name("on")]["inline"][name("name")].is_null(),
        "key" => {
            let keys = &account["users"][name("user")]["credentials"]["access_keys"];
            keys.as_array()
                .is_some_and(|keys| keys.iter().any(|key| key["id"] == made["id"]))
        }
        other => panic!("the fighter made `{other}`, which nobody knows how to look for"),
    }
}

/// Without lag nothing can be undone by who is denied: the order of the playbook is enough.
#[test]
fn without_lag_no_intruder_is_left_in() {
    let race = Race {
        seed: 1,
        end: "contain",
        hold: 1,
        settled: 6,
        twin: &[],
        organization: false,
    };
    let outcome = race.with_its_own();
    assert!(outcome.is_out(), "{outcome:#?}");
    let Some(python) = peers::python() else { return };
    let outcome = race.with_boto3(&python);
    assert!(outcome.is_out(), "{outcome:#?}");
    assert!(outcome.did.contains("put notyet-"), "{outcome:#?}");
}

/// A race inside of the lag: the seed parts one from another in the twin and in the intruder.
fn inside_the_lag(seed: u64, organization: bool, race: impl Fn(&Race<'_>) -> Outcome) -> Outcome {
    let number = seed.to_string();
    race(&Race {
        seed,
        end: "strip",
        hold: 15,
        settled: 12,
        // AWS is not next door: every call of either side takes a while.
        twin: &["--lag", "4s", "--latency", "40ms", "--seed", &number],
        organization,
    })
}

/// What the run must reach: the intruder out for good, with nothing of his making left; and whatever becomes of the race, nobody is told that the
/// key is contained while the intruder is in. With rights in Organizations the races are run where `OUST_RACE_SEEDS` is set: they take minutes.
#[test]
fn inside_the_lag_every_race_is_won_and_no_run_lies() {
    let python = peers::python();
    let mut outcomes = Vec::new();
    for organization in [false, true] {
        if organization && std::env::var_os("OUST_RACE_SEEDS").is_none() {
            break;
        }
        let with = if organization { "with" } else { "without" };
        let run = |seed| inside_the_lag(seed, organization, |race| race.with_its_own());
        outcomes.extend(races(&format!("{with} Organizations, the twin's own"), run));
        if let Some(python) = &python {
            let run = |seed| inside_the_lag(seed, organization, |race| race.with_boto3(python));
            outcomes.extend(races(&format!("{with} Organizations, boto3"), run));
        }
    }
    let (honest, lies): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, outcome)| outcome.is_honest());
    assert!(lies.is_empty(), "{lies:#?}");
    let lost: Vec<_> = honest.iter().filter(|(_, outcome)| !outcome.is_won()).collect();
    assert!(lost.is_empty(), "{} lost: {lost:#?}", lost.len());
}

#[test]
fn what_the_fighter_made_is_found_where_it_stands() {
    let account = json!({
        "users": {"bob": {"id": "AIDA1", "inline": {"notyet-1": {}}, "credentials": {"access_keys": [{"id": "AKIA1"}]}}},
        "roles": {"r": {"id": "AROA1", "inline": {}}},
    });
    let cases = [
        (json!({"what": "user", "name": "bob", "id": "AIDA1"}), true),
        (json!({"what": "user", "name": "bob", "id": "AIDA2"}), false),
        (json!({"what": "role", "name": "r", "id": "AROA1"}), true),
        (json!({"what": "role", "name": "s", "id": "AROA1"}), false),
        (
            json!({"what": "policy", "kind": "user", "on": "bob", "name": "notyet-1"}),
            true,
        ),
        (
            json!({"what": "policy", "kind": "role", "on": "r", "name": "notyet-1"}),
            false,
        ),
        (json!({"what": "key", "user": "bob", "id": "AKIA1"}), true),
        (json!({"what": "key", "user": "bob", "id": "AKIA2"}), false),
    ];
    for (made, expected) in cases {
        assert_eq!(stands(&account, &made), expected, "{made}");
    }
}
