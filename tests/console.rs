//! The interactive console, through a real pseudo-terminal of 80 columns.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::served::Served;

const STOLEN: &str = "AKIARZPUZDIKJA7PRP33";
const QUESTION: &str = "do it? [y]es [s]kip [d]etails [a]ll reversible s[t]op";

/// A run at a terminal, with a person at its keys.
struct Session {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<String>>,
    read: usize,
    folder: tempfile::TempDir,
    cases: std::path::PathBuf,
    _pty: portable_pty::PtyPair,
}

impl Session {
    fn start(end: &str) -> Self {
        Session::of(|command, _| {
            command.args(["run", STOLEN, "--scenario", "stolen-key", "--end", end]);
        })
    }

    /// A run against a served twin, whose responder's keys lie in a file of its own folder.
    fn against(served: &Served) -> Self {
        Session::of(|command, folder| {
            let file = folder.join("credentials");
            served.write_profile(&file, "default", "responder-key");
            command.env("AWS_EC2_METADATA_DISABLED", "true");
            command.env("AWS_SHARED_CREDENTIALS_FILE", &file);
            command.env("AWS_CONFIG_FILE", folder.join("config"));
            command.args(["run", STOLEN, "--endpoint-url", &served.endpoint]);
            command.args(["--playbook", &quick(folder)]);
        })
    }

    /// A command that `given` its arguments and environment, and a folder of its own.
    fn of(given: impl FnOnce(&mut CommandBuilder, &std::path::Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cases = folder.path().join("cases");
        let size = PtySize {
            rows: 40,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_oust"));
        command.env_clear();
        command.env("TERM", "xterm");
        given(&mut command, folder.path());
        command.args(["--cases", cases.to_str().unwrap()]);
        let child = pty.slave.spawn_command(command).unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let mut reader = pty.master.try_clone_reader().unwrap();
        let written = screen.clone();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut chunk) {
                let text = String::from_utf8_lossy(&chunk[..count]).into_owned();
                written.lock().unwrap().push_str(&console::strip_ansi_codes(&text));
            }
        });
        Session {
            child,
            keys: pty.master.take_writer().unwrap(),
            screen,
            read: 0,
            folder,
            cases,
            _pty: pty,
        }
    }

    /// Waits until `part` stands on the screen behind what was read so far.
    fn until(&mut self, part: &str) {
        for _ in 0..300 {
            let screen = self.screen.lock().unwrap().clone();
            if let Some(at) = screen[self.read..].find(part) {
                self.read += at + part.len();
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("`{part}` never came:\n{}", self.screen.lock().unwrap());
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn answer(&mut self, question: &str, answer: &str) {
        self.until(question);
        self.press(&format!("{answer}\r"));
    }

    /// Waits for the end; gives the exit code and the whole screen.
    fn end(mut self) -> (u32, String, Vec<String>) {
        let code = self.child.wait().unwrap().exit_code();
        std::thread::sleep(Duration::from_millis(200));
        let journals = std::fs::read_dir(&self.cases)
            .into_iter()
            .flatten()
            .map(|case| std::fs::read_to_string(case.unwrap().path().join("journal.jsonl")).unwrap());
        let journals = journals.collect();
        (code, self.screen.lock().unwrap().clone(), journals)
    }
}

#[test]
fn a_person_can_look_say_yes_skip_and_stop() {
    let mut session = Session::start("contain");
    session.answer(QUESTION, "d");
    session.until("needs   iam:UpdateAccessKey");
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.answer(QUESTION, "s");
    session.until("skipped");
    session.answer(QUESTION, "what");
    session.until("please answer y, s, d, a or t");
    session.answer(QUESTION, "t");
    let (code, screen, journals) = session.end();
    assert_eq!(code, 5, "{screen}");
    assert!(screen.contains("STOPPED before step 4"), "{screen}");
    assert!(
        screen.contains("B    ASIA") && screen.contains("still allowed"),
        "{screen}"
    );
    let journal = &journals[0];
    assert_eq!(journal.matches("\"event\":\"done\"").count(), 1, "{journal}");
    assert_eq!(journal.matches("\"event\":\"declined\"").count(), 1, "{journal}");
    for line in screen.split(['\n', '\r']).filter(|line| !line.contains("/cases/")) {
        assert!(line.chars().count() <= 80, "{line:?}");
    }
}

#[test]
fn all_reversible_steps_are_done_and_a_destructive_one_wants_the_name() {
    let mut session = Session::start("delete");
    session.answer(QUESTION, "a");
    session.until("delete access key");
    session.answer(QUESTION, "y");
    session.answer("type `support-user` to do it", "support-user");
    session.until("done, and read back");
    // The denies are lifted for the deletion alone, so it is agreed to first.
    session.until("is asked for before step");
    session.until("delete user");
    session.answer(QUESTION, "y");
    session.answer("type `support-user` to do it", "support-user");
    // Lifting the deny can be undone, and is asked for by itself all the same.
    session.until("remove the permissions boundary");
    session.answer(QUESTION, "s");
    session.until("delete inline policy `OustDenyAll`");
    session.answer(QUESTION, "s");
    // The user goes after his denies, or not at all.
    session.until("delete user");
    session.until("put off");
    let (code, screen, _) = session.end();
    assert_eq!(code, 0, "the deny stands: {screen}");
    assert!(screen.contains("CONTAINED") && !screen.contains("wave 2"), "{screen}");
}

#[test]
fn no_deny_is_lifted_for_a_deletion_that_a_person_declines() {
    let mut session = Session::start("delete");
    session.answer(QUESTION, "a");
    session.until("delete access key");
    session.answer(QUESTION, "y");
    session.answer("type `support-user` to do it", "support-user");
    session.until("is asked for before step");
    session.answer(QUESTION, "s");
    session.until("remove the permissions boundary");
    session.until("put off");
    session.until("delete inline policy `OustDenyAll`");
    session.until("put off");
    let (code, screen, _) = session.end();
    assert_eq!(code, 0, "the deny stands: {screen}");
    assert!(screen.contains("CONTAINED") && !screen.contains("wave 2"), "{screen}");
}

#[test]
fn no_deny_is_lifted_while_a_key_stays_that_a_person_did_not_delete() {
    let mut session = Session::start("delete");
    session.answer(QUESTION, "a");
    session.until("delete access key");
    session.answer(QUESTION, "y");
    session.answer("type `support-user` to do it", "support");
    session.until("that is not the name: once more");
    session.answer("type `support-user` to do it", "support");
    session.until("that is not the name: skipped");
    session.until("remove the permissions boundary");
    session.until("put off");
    session.until("delete inline policy `OustDenyAll`");
    session.until("put off");
    session.until("delete user");
    session.until("put off");
    let (code, screen, _) = session.end();
    assert_eq!(code, 0, "the deny stands: {screen}");
    assert!(screen.contains("CONTAINED") && !screen.contains("wave 2"), "{screen}");
}

#[test]
fn ctrl_c_stops_before_the_next_step_and_says_what_is_open() {
    let mut session = Session::start("contain");
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.until(QUESTION);
    session.press("\u{3}");
    // What follows takes its time: that it was heard stands on a line of its own.
    session.until("\nstopping; looking once more at who is still in (Ctrl-C again ends at once)");
    let (code, screen, journals) = session.end();
    assert_eq!(code, 130, "{screen}");
    assert!(screen.contains("STOPPED before step 3"), "{screen}");
    assert!(journals[0].contains("\"finish\":\"stopped\""), "{}", journals[0]);
}

/// Nothing is changed any more by then: whoever doesn't want to wait presses it again, and the journal is whole.
#[test]
fn a_second_ctrl_c_ends_at_once() {
    let served = Served::start(&["--played", "--latency", "300ms"]);
    let mut session = Session::against(&served);
    session.answer(QUESTION, "y");
    session.until(QUESTION);
    session.press("\u{3}");
    session.until("(Ctrl-C again ends at once)");
    session.press("\u{3}");
    let cases = session.cases.clone();
    let code = session.child.wait().unwrap().exit_code();
    let screen = session.screen.lock().unwrap().clone();
    assert_eq!(code, 130, "{screen}");
    assert!(!screen.contains("STOPPED before"), "{screen}");
    let case = std::fs::read_dir(&cases).unwrap().next().unwrap().unwrap().file_name();
    let report = std::process::Command::new(support::served::OUST)
        .args(["report", case.to_str().unwrap(), "--cases", cases.to_str().unwrap()])
        .output()
        .unwrap();
    let said = support::served::said(&report);
    assert_eq!(report.status.code(), Some(0), "{said}");
}

#[test]
fn whoever_picks_nothing_is_asked_again() {
    let mut session = Session::of(|command, folder| {
        let note = folder.join("note.txt");
        std::fs::write(&note, format!("seen: {STOLEN}")).unwrap();
        command.args(["run", "--finding", note.to_str().unwrap(), "--scenario", "stolen-key"]);
    });
    session.until("Which keys are compromised?");
    session.press("\r");
    session.until("none was picked: space picks");
    session.until("Which keys are compromised?");
    session.press(" \r");
    session.answer(QUESTION, "t");
    let (code, screen, _) = session.end();
    assert_eq!(code, 5, "{screen}");
}

/// The first wave's steps are read together: what the first one came to doesn't stand below the title of the second.
#[test]
fn each_step_s_lines_stand_below_its_own_title() {
    let served = Served::start(&["--played"]);
    let mut session = Session::against(&served);
    session.until("f-1 (1 of 2)");
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.until("f-2 (2 of 2)");
    session.until("\n       call");
    session.answer(QUESTION, "t");
    let (_, screen, _) = session.end();
    let title = screen.find("f-2 (2 of 2)").unwrap();
    let between = &screen[title..title + screen[title..].find("       call").unwrap()];
    assert!(!between.contains("f-1"), "{screen}");
}

/// With --quiet a person still reads what is asked about.
#[test]
fn the_title_stands_above_a_question_even_when_quiet() {
    let mut session = Session::of(|command, _| {
        command.args(["run", STOLEN, "--scenario", "stolen-key", "--quiet"]);
    });
    for title in ["deactivate access key", "put inline policy `OustDenyAll`"] {
        let from = session.read;
        session.answer(QUESTION, "s");
        let screen = session.screen.lock().unwrap()[from..session.read].to_owned();
        assert!(screen.contains(title), "{screen}");
        session.until("skipped");
    }
    session.answer(QUESTION, "t");
    session.end();
}

/// The responder's own key is made inactive in the middle: he is asked for another, of the same user, and the run goes on.
#[test]
fn credentials_that_end_are_asked_for_and_the_run_goes_on() {
    let scenario = tempfile::tempdir().unwrap();
    let served = two_keys(scenario.path());
    let mut session = Session::against(&served);
    let profile = session.folder.path().join("credentials");
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.until(QUESTION);
    served.deactivate("responder", "responder-key", "second-key");
    session.press("y\r");
    let question = "[r]etry with new credentials, of another [p]rofile, s[t]op";
    session.until("your own credentials have ended");
    session.answer(question, "r");
    session.until("the credentials there are the ones");
    // Somebody else's are not taken: nobody has looked whether the plan would cut him off.
    served.write_profile(&profile, "other", "alice-key");
    session.answer(question, "p");
    session.answer("profile", "other");
    session.until("they were not taken");
    served.write_profile(&profile, "default", "second-key");
    session.answer(question, "r");
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.answer(QUESTION, "a");
    session.until("CONTAINED");
    let (code, screen, _) = session.end();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("NOT CONTAINED"), "{screen}");
}

/// Somebody's new user is a doubt, until a person who knows it says so.
#[test]
fn whoever_knows_a_new_user_types_its_name() {
    let served = Served::start(&["--played", "--lag", "trail=1m..1m"]);
    served.create_user("newcomer");
    let mut session = Session::against(&served);
    session.answer(QUESTION, "a");
    session.answer(QUESTION, "a");
    session.answer("types `user/newcomer`", "user/newcomer");
    // The one doubt that is left is what the trail doesn't tell yet of the family itself.
    session.until("NOT PROVEN YET");
    let (code, screen, _) = session.end();
    assert_eq!(code, 3, "{screen}");
}

/// Whoever thinks about a new user at the end of a run is not a guard that sleeps: what is cut is looked after, and the end is no quiet one then.
#[test]
fn what_is_done_is_looked_after_while_somebody_is_asked_who_is_innocent() {
    let served = Served::start(&["--played", "--lag", "trail=5m"]);
    served.create_user("newcomer");
    let mut session = Session::against(&served);
    session.answer(QUESTION, "a");
    session.answer(QUESTION, "a");
    session.until("types `user/newcomer`");
    let denied = || served.user_policies("support-user").contains(&"OustDenyAll".to_owned());
    served.delete_user_policy("support-user", "OustDenyAll");
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(50));
        if denied() {
            break;
        }
    }
    assert!(denied(), "{}", session.screen.lock().unwrap());
    session.press("user/newcomer\r");
    session.until("while this question stood, somebody turned round what was done:");
    session.until("and stands");
    session.until("was not quiet since");
    session.until("NOT CONTAINED");
    let (code, screen, _) = session.end();
    assert_eq!(code, 3, "{screen}");
}

/// Step by step, a person is asked for the hold as well; in the fight that comes nobody is waited for.
#[test]
fn who_agrees_to_the_hold_is_not_waited_for_in_a_fight() {
    let served = Served::start(&["--played"]);
    let mut session = Session::against(&served);
    loop {
        let from = session.read;
        session.until(QUESTION);
        session.press("y\r");
        if session.screen.lock().unwrap()[from..session.read].contains("hold until nobody has touched") {
            break;
        }
    }
    session.until("waiting 2 s");
    served.create_user("newcomer");
    served.delete_user_policy("support-user", "OustDenyAll");
    session.until("somebody turned");
    session.until("newcomer");
    session.until("CONTAINED");
    let (code, screen, journals) = session.end();
    assert_eq!(code, 0, "{screen}");
    let held = screen.split("waiting 2 s").nth(1).unwrap();
    assert!(!held.contains(QUESTION), "{screen}");
    let journal = &journals[0];
    assert!(
        journal.contains("\"how\":\"with_hold\"") && journal.contains("\"user\":\"newcomer\""),
        "{journal}"
    );
}

/// An intruder doesn't wait until a person has thought. What he turned round is told when the answer is there, and before the step is done.
#[test]
fn what_is_done_is_looked_after_while_a_question_stands() {
    let served = Served::start(&["--played"]);
    let mut session = Session::against(&served);
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.until("f-2 (2 of 2)");
    session.until(QUESTION);
    for _ in 0..2 {
        served.activate("support-user", "A", "responder-key");
        for _ in 0..200 {
            std::thread::sleep(Duration::from_millis(50));
            if !served.is_active("support-user", "A") {
                break;
            }
        }
        assert!(
            !served.is_active("support-user", "A"),
            "{}",
            session.screen.lock().unwrap()
        );
    }
    std::thread::sleep(Duration::from_millis(500));
    let asked = session.screen.lock().unwrap()[session.read..].to_owned();
    assert!(
        asked.trim_matches([':', ' ']).is_empty(),
        "nothing stands behind the question: {asked:?}"
    );
    session.press("d\r");
    session.until("needs   iam:PutUserPolicy");
    session.answer(QUESTION, "y");
    session.until("while this question stood, somebody turned round what was done:");
    session.until("step f-1 (deactivate access key");
    session.until("2 times");
    session.until("and stands");
    session.until("done, and read back");
    session.answer(QUESTION, "t");
    let (_, screen, journals) = session.end();
    assert_eq!(journals[0].matches("\"event\":\"contested\"").count(), 2, "{screen}");
    // By whom is told at once, where the trail tells it, and at the end again: it was nobody of the family.
    let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    let by = "by arn:aws:iam::123456789012:user/responder";
    assert_eq!(words.matches(by).count(), 3, "{screen}");
    assert!(words.contains("with UpdateAccessKey; it was made again"), "{screen}");
    assert!(!words.contains("by whom the trail"), "{screen}");
}

/// Where IAM throttles, the looks of the guard leave room for what is done meanwhile: what is turned round is seen all the same, and everything is read.
#[test]
fn looks_that_are_throttled_keep_nothing_from_being_read_or_made_again() {
    let served = Served::start(&["--played", "--throttle", "5"]);
    let mut session = Session::against(&served);
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.until("f-2 (2 of 2)");
    session.until(QUESTION);
    std::thread::sleep(Duration::from_secs(4));
    let made_again = |session: &Session| {
        let case = std::fs::read_dir(&session.cases).unwrap().next().unwrap().unwrap();
        let journal = std::fs::read_to_string(case.path().join("journal.jsonl")).unwrap();
        let contested = journal.split("\"event\":\"contested\"");
        contested
            .skip(1)
            .filter(|rest| rest.contains("\"event\":\"verified\""))
            .count()
    };
    for n in 1..=2 {
        served.activate("support-user", "A", "responder-key");
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(500));
            if made_again(&session) == n {
                break;
            }
        }
        assert_eq!(made_again(&session), n, "{}", session.screen.lock().unwrap());
    }
    session.press("y\r");
    session.until(" 3/6  make");
    session.answer(QUESTION, "t");
    let (_, screen, _) = session.end();
    assert!(!screen.contains("not read:"), "{screen}");
}

/// What a person declined is not done while he is asked about the next step.
#[test]
fn what_was_declined_is_not_done_while_a_question_stands() {
    let served = Served::start(&["--played"]);
    let mut session = Session::against(&served);
    session.answer(QUESTION, "s");
    session.until("skipped");
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.until(QUESTION);
    served.delete_user_policy("support-user", "OustDenyAll");
    for _ in 0..200 {
        std::thread::sleep(Duration::from_millis(50));
        if served.user_policies("support-user").contains(&"OustDenyAll".to_owned()) {
            break;
        }
    }
    assert!(served.user_policies("support-user").contains(&"OustDenyAll".to_owned()));
    assert!(served.is_active("support-user", "A"), "it was declined");
    session.press("t\r");
    let (_, screen, _) = session.end();
    assert!(screen.contains("step f-2 (put inline policy"), "{screen}");
}

/// What the guard may not make again is told as such, and keeps the end from being called contained.
#[test]
fn what_cannot_be_made_again_is_told_behind_the_question() {
    let served = Served::start(&["--played"]);
    let mut session = Session::against(&served);
    session.answer(QUESTION, "y");
    session.answer(QUESTION, "y");
    session.until(" 3/6  make");
    session.until("undo    exact");
    session.until(QUESTION);
    let refused =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:PutUserPolicy","Resource":"*"}]}"#;
    let put = served.iam("responder-key").put_user_policy().user_name("responder");
    support::served::wait(put.policy_name("late").policy_document(refused).send()).unwrap();
    served.delete_user_policy("support-user", "OustDenyAll");
    std::thread::sleep(Duration::from_secs(2));
    session.press("y\r");
    session.until("while this question stood");
    session.until("IT DOES NOT STAND");
    session.answer(QUESTION, "t");
    let (_, screen, journals) = session.end();
    assert!(
        screen.contains("NOT CONTAINED") || screen.contains("STOPPED"),
        "{screen}"
    );
    let journal = &journals[0];
    assert!(
        journal.contains("\"event\":\"contested\"") && journal.contains("AccessDenied"),
        "{journal}"
    );
}

/// A signal from elsewhere ends a question, too, and leaves the terminal as it was.
#[test]
fn a_question_that_is_broken_off_from_elsewhere_leaves_the_terminal_as_it_was() {
    let served = Served::start(&["--played"]);
    let mut session = Session::against(&served);
    let mode = |session: &Session| format!("{:?}", session._pty.master.get_termios().unwrap().local_flags);
    let before = mode(&session);
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.until(QUESTION);
    assert_ne!(mode(&session), before);
    let pid = session.child.process_id().unwrap().to_string();
    std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .unwrap();
    session.until("STOPPED before");
    assert_eq!(mode(&session), before);
    let (code, screen, _) = session.end();
    assert_eq!(code, 130, "{screen}");
}

/// New credentials that lie where the old ones were are found without anybody being asked.
#[test]
fn credentials_that_were_replaced_in_their_file_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let served = two_keys(folder.path());
    let (file, cases) = (folder.path().join("credentials"), folder.path().join("cases"));
    served.write_profile(&file, "default", "responder-key");
    let child = std::process::Command::new(support::served::OUST)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_SHARED_CREDENTIALS_FILE", &file)
        .env("AWS_CONFIG_FILE", folder.path().join("config"))
        .args(["run", STOLEN, "--yes", "--endpoint-url", &served.endpoint])
        .args(["--playbook", &quick(folder.path()), "--cases", cases.to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let verified = || {
        let case = std::fs::read_dir(&cases).ok()?.next()?.ok()?;
        let journal = std::fs::read_to_string(case.path().join("journal.jsonl")).ok()?;
        journal.contains("\"verified\"").then_some(())
    };
    while verified().is_none() {
        std::thread::sleep(Duration::from_millis(20));
    }
    served.write_profile(&file, "default", "second-key");
    served.deactivate("responder", "responder-key", "second-key");
    let output = child.wait_with_output().unwrap();
    let said = support::served::said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

/// The story, where the responder has two keys.
fn two_keys(folder: &std::path::Path) -> Served {
    let story = support::story::SCENARIO_TEXT;
    let more = story.replacen("[\"responder-key\"]", "[\"responder-key\", \"second-key\"]", 1);
    assert_ne!(story, more);
    let path = folder.join("two-keys.toml");
    std::fs::write(&path, more).unwrap();
    Served::of(path.to_str().unwrap(), &["--played"])
}

/// The playbook, which waits two seconds in the place of half a minute.
fn quick(folder: &std::path::Path) -> String {
    let playbook = include_str!("../playbooks/user-key.toml");
    let path = folder.join("quick.toml");
    std::fs::write(&path, playbook.replace("seconds = 30", "seconds = 2")).unwrap();
    path.to_str().unwrap().to_owned()
}
