//! The interactive console, through a real pseudo-terminal of 80 columns.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const STOLEN: &str = "AKIARZPUZDIKJA7PRP33";
const QUESTION: &str = "do it? [y]es [s]kip [d]etails [a]ll reversible s[t]op";

/// A run at a terminal, with a person at its keys.
struct Session {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<String>>,
    read: usize,
    _folder: tempfile::TempDir,
    cases: std::path::PathBuf,
    _pty: portable_pty::PtyPair,
}

impl Session {
    fn start(end: &str) -> Self {
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
        command.args([
            "run",
            STOLEN,
            "--scenario",
            "stolen-key",
            "--end",
            end,
            "--cases",
            cases.to_str().unwrap(),
        ]);
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
            _folder: folder,
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
    session.answer("type `support-user` to do it", "support");
    session.until("that is not the name: skipped");
    // Lifting the deny can be undone, and is asked for by itself all the same.
    session.until("remove the permissions boundary");
    session.answer(QUESTION, "s");
    session.until("delete inline policy `OustDenyAll`");
    session.answer(QUESTION, "s");
    session.until("delete user");
    session.answer(QUESTION, "s");
    let (code, screen, _) = session.end();
    assert_eq!(code, 0, "the deny stands: {screen}");
    assert!(screen.contains("CONTAINED"), "{screen}");
}

#[test]
fn ctrl_c_stops_before_the_next_step_and_says_what_is_open() {
    let mut session = Session::start("contain");
    session.answer(QUESTION, "y");
    session.until("done, and read back");
    session.until(QUESTION);
    session.press("\u{3}");
    let (code, screen, journals) = session.end();
    assert_eq!(code, 130, "{screen}");
    assert!(screen.contains("STOPPED before step 3"), "{screen}");
    assert!(journals[0].contains("\"finish\":\"stopped\""), "{}", journals[0]);
}
