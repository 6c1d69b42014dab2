//! A run that is broken off anywhere goes on to the same end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use oust::account::Account;
use oust::action::Action;
use oust::execute::{Consent, Family, Hooks, Remedy, execute};
use oust::ids::AccessKeyId;
use oust::journal::{Agreement, Entry, Event, Finish, Journal, load, progress, read};
use oust::plan::{Plan, Step};
use oust::playbook::End;
use oust::rehearse::family;
use oust::twin::{State, Twin};
use std::collections::BTreeSet;
use std::future::Future;
use std::process::Stdio;
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
    let family = Family {
        set: so_far.standing(&plan.steps),
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

/// Each revocation ends everybody's sessions of the role: a watch that looks every minute makes none for a session that the one that stands reaches,
/// whatever else keeps that session from being called dead.
#[test]
fn sessions_are_revoked_anew_only_for_whom_the_standing_revocation_does_not_reach() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, mut plan) = story::planned(&stage, End::Contain).await;
        let mut hooks = Watching {
            twin: &stage.twin,
            states: Vec::new(),
        };
        let mut journal = Journal::in_memory();
        let done = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut hooks).await;
        assert_eq!(done.unwrap(), Finish::Completed);
        let revoked = |plan: &Plan, account: &Account| {
            let alive = plan.lineage.credentials.iter().map(|one| one.key.clone()).collect();
            let left = oust::plan::still_open(plan, account, &[], &[], &alive, "w2-").into_iter();
            left.filter(|step| matches!(step.action, Action::RevokeOlderSessions { .. }))
                .count()
        };
        let account = stage.twin.account();
        assert_eq!(revoked(&plan, &account), 0);
        let mut bare = account.clone();
        for role in bare.roles.values_mut() {
            role.inline.remove("AWSRevokeOlderSessions");
        }
        assert!(revoked(&plan, &bare) > 0);
        // One that was issued behind the cut.
        let session = plan.lineage.credentials.iter_mut().find(|one| one.role().is_some());
        session.unwrap().minted.as_mut().unwrap().at = stage.twin.now().plus_seconds(600);
        assert_eq!(revoked(&plan, &account), 1);
        // One that lasts, which no revocation reaches.
        let session = plan.lineage.credentials.iter_mut().find(|one| one.role().is_some());
        session.unwrap().kind = oust::lineage::Kind::ServiceSpecific;
        assert_eq!(revoked(&plan, &account), 0);
        // A role that the family opened, and that was shut behind the cut or long before it.
        let at = stage.twin.now();
        for (behind, times) in [(600, 1), (-600, 0)] {
            plan.lineage
                .shut
                .insert("MyBucketRole".to_owned(), at.plus_seconds(behind));
            assert_eq!(revoked(&plan, &account), times);
        }
    });
}

/// Waves that do the same for the same members, while what they did stands, do nothing but end everybody else's sessions.
#[test]
fn a_revocation_that_two_waves_made_without_effect_is_not_made_again() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Contain).await;
        let mut hooks = Watching {
            twin: &stage.twin,
            states: Vec::new(),
        };
        let mut journal = Journal::in_memory();
        let done = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut hooks).await;
        assert_eq!(done.unwrap(), Finish::Completed);
        let account = stage.twin.account();
        let all: BTreeSet<_> = plan.steps.iter().map(|step| step.id.clone()).collect();
        let vain = |plan: &Plan, account: &Account, earlier: &[Plan], done| {
            oust::plan::without_effect(plan, account, earlier, done).len()
        };
        let earlier = [plan.clone(), plan.clone()];
        assert_eq!(vain(&plan, &account, &earlier, &all), 1);
        assert_eq!(vain(&plan, &account, &earlier[..1], &all), 0);
        // What was not done, or was turned round since, is.
        let none = BTreeSet::new();
        assert_eq!(vain(&plan, &account, &earlier, &none), 0);
        let mut bare = account.clone();
        for role in bare.roles.values_mut() {
            role.inline.remove("AWSRevokeOlderSessions");
        }
        assert_eq!(vain(&plan, &bare, &earlier, &all), 0);
        // And so is what is called for by somebody new.
        let mut more = plan.clone();
        let mut session = more
            .lineage
            .credentials
            .iter()
            .find(|one| one.role().is_some())
            .cloned();
        session.as_mut().unwrap().key = "ASIAANOTHERSESSION12".parse().unwrap();
        more.lineage.credentials.extend(session);
        assert_eq!(vain(&more, &account, &earlier, &all), 0);
    });
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

/// The case that has a journal: a run that was killed before leaves a folder without one, and is begun anew.
fn only_case(cases: &str) -> Option<String> {
    let names = std::fs::read_dir(cases)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut begun = names.filter(|name| std::path::Path::new(cases).join(name).join("journal.jsonl").is_file());
    begun.next()
}

/// How many killed runs are under way at a time: they wait more than they work.
const AT_ONCE: usize = 6;

/// Numbers that look random and are the same for one seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// When a process is killed. Most of a run's time is waiting, so by time alone few kills would meet a change.
#[derive(Debug, Clone, Copy)]
enum When {
    After(Duration),
    /// So long behind the moment at which the journal has so many lines.
    Lines(usize, Duration),
}

/// How long an undisturbed run takes, and how many lines it writes.
#[derive(Debug, Clone, Copy)]
struct Whole {
    time: Duration,
    lines: usize,
}

impl Whole {
    fn moment(self, dice: &mut Dice) -> When {
        let part = u32::try_from(dice.below(10_000)).unwrap();
        match dice.below(4) {
            0 => When::After(self.time * part / 10_000),
            _ => When::Lines(dice.below(self.lines), Duration::from_millis(30) * part / 10_000),
        }
    }
}

/// A case that is killed and taken up again until it has come to its end.
struct Killed<'a> {
    served: Served,
    stolen: String,
    cases: String,
    playbook: &'a str,
}

impl Killed<'_> {
    /// What goes on: the case where there is one, else the run from its beginning.
    fn args(&self) -> Vec<String> {
        let cases = ["--yes", "--cases", &self.cases];
        let words = match only_case(&self.cases) {
            Some(case) => [&["resume", &case][..], &cases].concat().join("\n"),
            None => {
                let run = ["run", &self.stolen, "--end", "strip", "--playbook", self.playbook];
                [&run[..], &cases].concat().join("\n")
            }
        };
        words.split('\n').map(str::to_owned).collect()
    }

    fn command(&self) -> std::process::Command {
        let args = self.args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.served.command("responder-key", None, &args)
    }

    /// How many lines the journal has.
    fn lines(&self) -> usize {
        let journal = only_case(&self.cases).map(|case| std::fs::read(format!("{}/{case}/journal.jsonl", self.cases)));
        journal.map_or(0, |text| text.unwrap().iter().filter(|byte| **byte == b'\n').count())
    }

    /// Kills what goes on. Tells where the journal stood, if the process was still there to be killed.
    fn kill(&self, when: When) -> Option<usize> {
        let mut command = self.command();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        match when {
            When::After(time) => std::thread::sleep(time),
            When::Lines(lines, time) => {
                while self.lines() < lines && child.try_wait().unwrap().is_none() {
                    std::thread::sleep(Duration::from_millis(2));
                }
                std::thread::sleep(time);
            }
        }
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        (!ended).then(|| self.lines())
    }
}

/// `kill -9` of the program itself at random moments all over a run, and of what takes it up again; `OUST_KILLS` tells how many runs.
#[test]
#[allow(clippy::print_stdout, reason = "how many kills met a process is what is measured")]
fn a_killed_process_is_taken_up_again_and_comes_to_the_same_end() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (kills, seed) = (number("OUST_KILLS", 3), number("OUST_KILL_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let playbook = quick(folder.path());
    let case = |name: &str| {
        let served = Served::start(&["--played"]);
        Killed {
            stolen: served.key("A")["access_key_id"].as_str().unwrap().to_owned(),
            served,
            cases: folder.path().join(name).to_str().unwrap().to_owned(),
            playbook: &playbook,
        }
    };
    // Several at once, as the killed ones are: they take as long.
    let undisturbed = |name: &str| {
        let run = case(name);
        let began = std::time::Instant::now();
        let ended = run.command().output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{}", said(&ended));
        let (time, lines) = (began.elapsed(), run.lines());
        (account_of(&run.served), Whole { time, lines })
    };
    let side_by_side = AT_ONCE.min(usize::try_from(kills).unwrap());
    let (wanted, whole) = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..side_by_side)
            .map(|n| scope.spawn(move || undisturbed(&format!("first-{n}"))))
            .collect();
        let ends: Vec<(String, Whole)> = runs.into_iter().map(|run| run.join().unwrap()).collect();
        ends.into_iter().max_by_key(|(_, whole)| whole.time).unwrap()
    });
    let one = |n: u64| {
        let run = case(&format!("cases-{n}"));
        let mut dice = Dice(seed.wrapping_mul(1_000_003).wrapping_add(n));
        let mut met = vec![run.kill(whole.moment(&mut dice))];
        while dice.below(2) == 0 && met.len() < 4 {
            met.push(run.kill(whole.moment(&mut dice)));
        }
        let ended = run.command().output().unwrap();
        let wrong = match ended.status.code() {
            Some(0) if account_of(&run.served) == wanted => None,
            Some(0) => Some("the account is another".to_owned()),
            _ => Some(said(&ended)),
        };
        (
            met.clone(),
            wrong.map(|wrong| format!("run {n}, killed at lines {met:?}: {wrong}")),
        )
    };
    let next = std::sync::atomic::AtomicU64::new(0);
    let ends: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..side_by_side)
            .map(|_| {
                scope.spawn(|| {
                    let turn = || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    std::iter::repeat_with(turn)
                        .take_while(|n| *n < kills)
                        .map(one)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let met: Vec<usize> = ends.iter().flat_map(|(met, _)| met.iter().flatten().copied()).collect();
    let resumes = ends
        .iter()
        .map(|(met, _)| met.iter().skip(1).flatten().count())
        .sum::<usize>();
    let lines: std::collections::BTreeSet<usize> = met.iter().copied().collect();
    println!(
        "{} processes killed, {resumes} of them resuming, with the journal at {} different lines, up to {:?}",
        met.len(),
        lines.len(),
        lines.last()
    );
    let wrong: Vec<String> = ends.into_iter().filter_map(|(_, wrong)| wrong).collect();
    assert!(
        wrong.is_empty(),
        "{} of {kills} runs: {}",
        wrong.len(),
        wrong.join("\n")
    );
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

/// What a case has cut is looked after from the beginning of a resuming on, however long the trail and the account take to be read, and the quiet is waited
/// for anew.
#[test]
fn what_was_cut_before_is_looked_after_while_a_resuming_reads() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let playbook = quick(folder.path());
    let served = Served::start(&["--played", "--latency", "100ms"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let args = ["run", &stolen, "--yes", "--cases", &cases, "--playbook", &playbook];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let case = only_case(&cases).unwrap();
    let journal = || std::fs::read_to_string(format!("{cases}/{case}/journal.jsonl")).unwrap();
    assert!(!journal().contains("contested"), "{}", journal());
    let args = ["resume", &case, "--yes", "--cases", &cases];
    let mut command = served.command("responder-key", None, &args);
    let mut resuming = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = std::io::BufReader::new(resuming.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("is looked after while everything is read") {
        line.clear();
        assert!(
            std::io::BufRead::read_line(&mut told, &mut line).unwrap() > 0,
            "it never looks after anything"
        );
    }
    served.delete_user_policy("support-user", "OustDenyAll");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut told, &mut rest).unwrap();
    let ended = resuming.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{rest}{}", said(&ended));
    let journal = journal();
    let place = |what: &str| journal.rfind(what).unwrap_or_else(|| panic!("no {what}: {journal}"));
    assert!(
        place("\"event\":\"contested\"") < place("\"event\":\"resumed\""),
        "{journal}"
    );
    assert!(
        place("\"event\":\"resumed\"") < place("\"event\":\"held\""),
        "{journal}"
    );
    assert!(served.user_policies("support-user").contains(&"OustDenyAll".to_owned()));
}

/// A dry run makes nothing again.
#[test]
fn a_resuming_without_anybody_s_word_makes_nothing_again() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let playbook = quick(folder.path());
    let served = Served::start(&["--played"]);
    let stolen = served.key("A")["access_key_id"].as_str().unwrap().to_owned();
    let args = ["run", &stolen, "--yes", "--cases", &cases, "--playbook", &playbook];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let case = only_case(&cases).unwrap();
    let plan = format!("{cases}/{case}/journal.jsonl");
    let before = std::fs::read_to_string(&plan).unwrap();
    served.delete_user_policy("support-user", "OustDenyAll");
    let dry = served.oust("responder-key", None, &["resume", &case, "--cases", &cases]);
    assert!(!said(&dry).contains("is looked after"), "{}", said(&dry));
    assert!(!served.user_policies("support-user").contains(&"OustDenyAll".to_owned()));
    assert!(std::fs::read_to_string(&plan).unwrap().starts_with(&before));
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
