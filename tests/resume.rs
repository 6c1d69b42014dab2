//! A run that is broken off anywhere goes on to the same end.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use oust::account::Account;
use oust::execute::{Consent, Family, Hooks, Remedy, execute};
use oust::ids::AccessKeyId;
use oust::journal::{Agreement, Entry, Event, Finish, Journal, load, progress, read};
use oust::plan::{Plan, Step};
use oust::playbook::End;
use oust::rehearse::family;
use oust::twin::{State, Twin};
use std::future::Future;
use std::process::{Output, Stdio};
use std::time::Duration;
use support::served::{Served, said};
use support::story;

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

/// Hooks that agree to everything and remember the twin as it was when each entry was on disk.
struct Watching<'a> {
    twin: &'a Twin,
    states: Vec<State>,
}

impl Hooks for Watching<'_> {
    fn consent(&mut self, _: &Step, _: Option<&oust::action::Setting>) -> Consent {
        Consent::Yes(Agreement::Beforehand)
    }
    fn written(&mut self, _: &Entry) {
        self.states.push(self.twin.state());
    }
    fn keep(&mut self, _: &Account) -> Result<String, String> {
        Ok("kept".to_owned())
    }
    fn trouble(&mut self, step: &Step, _: &Event) -> Remedy {
        if step.required { Remedy::Stop } else { Remedy::GoOn }
    }
}

/// Text with every point in time taken out: cuts lie at each run's own time.
fn timeless(text: &str) -> String {
    let bytes = text.as_bytes();
    let shape = |from: usize| {
        let date = bytes.get(from..from + 11)?;
        let fits = date.iter().zip(b"0000-00-00T").all(|(is, like)| match like {
            b'0' => is.is_ascii_digit(),
            other => is == other,
        });
        let length = bytes[from..].iter().position(|byte| *byte == b'Z')? + 1;
        (fits && length <= 24).then_some(length)
    };
    let (mut out, mut at) = (String::new(), 0);
    while at < bytes.len() {
        match shape(at) {
            Some(length) => {
                out.push_str("TIME");
                at += length;
            }
            None => {
                out.push(char::from(bytes[at]));
                at += 1;
            }
        }
    }
    out
}

fn as_text(account: &Account) -> String {
    timeless(&serde_json::to_string_pretty(account).unwrap())
}

/// The end of a run that was broken off when the journal stood at `text` and the twin at `state`.
async fn resumed(
    plan: &Plan,
    responder: &AccessKeyId,
    text: &str,
    state: State,
    now: oust::time::Moment,
) -> (Account, Finish) {
    let twin = Twin::on_manual_clock(state, oust::time::ManualClock::starting_at(now.plus_seconds(90)));
    let mount = story::mount(&twin, responder);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    std::fs::write(&path, text).unwrap();
    let mut journal = Journal::reopen(&path).unwrap();
    let so_far = progress(journal.entries());
    let set = so_far.with_added(&plan.steps).into_iter();
    let family = Family {
        set: set
            .filter_map(|step| Some((step.clone(), so_far.set.get(&step.id)?.clone())))
            .collect(),
        open: so_far.open.clone(),
        ..family(plan)
    };
    let left = so_far.left(&plan.steps);
    let mut hooks = Watching {
        twin: &twin,
        states: Vec::new(),
    };
    let finish = execute(mount.writable(), &left, family, &mut journal, &mut hooks)
        .await
        .unwrap();
    load(&path).unwrap();
    let after = progress(journal.entries());
    assert!(after.open.is_empty(), "{:?}", after.open);
    assert_eq!(after.left(&plan.steps), []);
    // Whatever was changed is in the journal, so that undo can find it.
    for step in after.with_added(&plan.steps) {
        let own = journal
            .entries()
            .iter()
            .filter(|entry| entry.event.step() == Some(&step.id));
        let told = own.filter(|entry| matches!(entry.event, Event::Intended { .. } | Event::AlreadySo { .. }));
        assert!(!step.action.changes() || told.count() > 0, "step {}", step.id);
    }
    (twin.account(), finish)
}

/// Law 5: killed after any line of the journal, or in the midst of one, or between a call and the line that tells of it.
#[test]
fn a_run_that_is_broken_off_anywhere_comes_to_the_same_end() {
    for end in [End::Contain, End::Strip, End::Delete] {
        let stage = story::played().fork();
        wait(async {
            let (mount, _, plan) = story::planned(&stage, end).await;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("journal.jsonl");
            let mut journal = Journal::create(&path).unwrap();
            let first = stage.twin.state();
            let mut hooks = Watching {
                twin: &stage.twin,
                states: Vec::new(),
            };
            let done = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut hooks)
                .await
                .unwrap();
            assert_eq!(done, Finish::Completed);
            let (undisturbed, now) = (as_text(&stage.twin.account()), stage.twin.now());
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let states: Vec<State> = std::iter::once(first).chain(hooks.states).collect();
            let responder = &stage.names["responder-key"];
            for n in 0..lines.len() {
                let whole: String = lines[..n].concat();
                let torn = format!("{whole}{}", &lines[n][..lines[n].len() / 2]);
                for (text, state) in [(&whole, &states[n]), (&torn, &states[n + 1])] {
                    let (account, finish) = resumed(&plan, responder, text, state.clone(), now).await;
                    assert_eq!(finish, Finish::Completed, "line {n}");
                    assert_eq!(
                        as_text(&account),
                        undisturbed,
                        "{end:?}: broken off at line {n}: {:?}",
                        read(&whole).unwrap().last()
                    );
                }
            }
        });
    }
}

fn quick(folder: &std::path::Path) -> String {
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    let path = folder.join("quick.toml");
    std::fs::write(&path, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The account of a served twin, but for times.
fn account_of(served: &Served) -> String {
    let told = served.oust("responder-key", None, &["twin", "snapshot"]);
    assert_eq!(told.status.code(), Some(0), "{}", said(&told));
    let snapshot: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let mut account = snapshot["account"].clone();
    // The responder's key was used more often by a run that was taken up again.
    account["users"].as_object_mut().unwrap().remove("responder");
    timeless(&account.to_string())
}

fn only_case(cases: &str) -> Option<String> {
    let mut inside = std::fs::read_dir(cases).ok()?;
    let name = inside.next()?.ok()?.file_name().into_string().ok()?;
    std::path::Path::new(cases)
        .join(&name)
        .join("journal.jsonl")
        .is_file()
        .then_some(name)
}

/// `kill -9` of the program itself at moments all over a run; `OUST_KILLS` tells how many.
#[test]
fn a_killed_process_is_taken_up_again_and_comes_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let playbook = quick(folder.path());
    let undisturbed = Served::start(&["--played"]);
    let stolen = undisturbed.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let args = |cases: &str| -> Vec<String> {
        [
            "run",
            &stolen,
            "--yes",
            "--end",
            "strip",
            "--playbook",
            &playbook,
            "--cases",
            cases,
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let run = |served: &Served, args: &[String]| -> Output {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        served.oust("responder-key", None, &args)
    };
    let began = std::time::Instant::now();
    let first = run(&undisturbed, &args(folder.path().join("first").to_str().unwrap()));
    let whole = began.elapsed();
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    let wanted = account_of(&undisturbed);
    let kills: u32 = std::env::var("OUST_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3);
    for n in 0..kills {
        let served = Served::start(&["--played"]);
        let cases = folder.path().join(format!("cases-{n}")).to_str().unwrap().to_owned();
        let given = args(&cases);
        let words: Vec<&str> = given.iter().map(String::as_str).collect();
        let mut child = served
            .command("responder-key", None, &words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * (2 * n + 1) / (2 * kills));
        child.kill().unwrap();
        child.wait().unwrap();
        let again = match only_case(&cases) {
            Some(case) => vec![
                "resume".to_owned(),
                case,
                "--yes".to_owned(),
                "--cases".to_owned(),
                cases,
            ],
            None => args(&cases),
        };
        let ended = run(&served, &again);
        assert_eq!(ended.status.code(), Some(0), "kill {n}: {}", said(&ended));
        assert!(account_of(&served) == wanted, "kill {n}: the account is another");
    }
}

#[test]
fn a_case_that_is_being_written_to_is_refused_and_ctrl_c_leaves_one_that_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let child = served
        .command("responder-key", None, &["run", &stolen, "--yes", "--cases", &cases])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The hold of half a minute is where it is found.
    let holding = || {
        only_case(&cases).filter(|case| {
            let text = std::fs::read_to_string(format!("{cases}/{case}/journal.jsonl")).unwrap();
            text.matches("\"verified\"").count() >= 4
        })
    };
    let began = std::time::Instant::now();
    let case = loop {
        match holding() {
            Some(case) => break case,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "the run does not come to its hold"
        );
    };
    std::thread::sleep(Duration::from_millis(300));
    let second = served.oust("responder-key", None, &["resume", &case, "--yes", "--cases", &cases]);
    assert_eq!(second.status.code(), Some(4), "{}", said(&second));
    assert!(said(&second).contains("case.locked"), "{}", said(&second));
    std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(
        said(&output).contains(&format!("oust resume {case}")),
        "{}",
        said(&output)
    );
    // Nobody to ask: what is left is rehearsed and shown.
    let dry = served.oust("responder-key", None, &["resume", &case, "--cases", &cases]);
    assert_eq!(dry.status.code(), Some(0), "{}", said(&dry));
    assert!(
        said(&dry).contains("look for credentials minted meanwhile"),
        "{}",
        said(&dry)
    );
    let other = served.oust(
        "responder-key",
        None,
        &["resume", &case, "--yes", "--cases", &cases, "--region", "eu-west-1"],
    );
    assert_eq!(other.status.code(), Some(0), "{}", said(&other));
    let nothing = served.oust("responder-key", None, &["resume", &case, "--yes", "--cases", &cases]);
    assert!(said(&nothing).contains("every step is settled"), "{}", said(&nothing));
    // A line less at the end, and a line changed: both are seen.
    let path = format!("{cases}/{case}/journal.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let cut = &text[..text.trim_end().rfind('\n').unwrap() + 1];
    std::fs::write(&path, cut).unwrap();
    let refused = served.oust("responder-key", None, &["resume", &case, "--yes", "--cases", &cases]);
    assert_eq!(refused.status.code(), Some(7), "{}", said(&refused));
    assert!(
        said(&refused).contains("journal.broken") && said(&refused).contains("was cut"),
        "{}",
        said(&refused)
    );
}

/// A disk that is full: files may not grow beyond what the shell allows. What could not be written is said, nothing is done behind it, and the case goes on
/// once there is room.
#[cfg(unix)]
#[test]
fn a_full_disk_stops_the_run_and_the_case_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (cases, playbook) = (path("cases"), quick(folder.path()));
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let run = ["run", &stolen, "--yes", "--playbook", &playbook, "--cases", &cases];
    let whole = served.command("responder-key", None, &run);
    // Blocks of 512 bytes: room for the first wave, not for the plan that follows.
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", limited])
        .arg(whole.get_program())
        .args(whole.get_args())
        .env_clear();
    command.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    let told = said(&output);
    assert_eq!(output.status.code(), Some(8), "{told}");
    assert!(
        told.contains("nothing further was done") && !told.contains("CONTAINED"),
        "{told}"
    );
    let case = std::fs::read_dir(&cases).unwrap().next().unwrap().unwrap();
    let case = case.file_name().into_string().unwrap();
    let output = served.oust("responder-key", None, &["resume", &case, "--yes", "--cases", &cases]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
}
