//! The person at the console: what is asked at each step, and what the answers mean.

use super::Desk;
use super::folder::Case;
use super::renew::Answer;
use super::terminal::Interrupted;
use crate::account::{Account, Snapshot};
use crate::action::{Action, Setting};
use crate::execute::{Consent, Hooks, Remedy};
use crate::ids::StepId;
use crate::journal::{Agreement, Entry, Event};
use crate::mount::Trouble;
use crate::plan::Step;
use crate::report::{self, Tone};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How steps are agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One by one, by a person.
    Asked,
    /// All beforehand, by `--yes`.
    Beforehand,
}

/// The hooks of a run.
pub struct Console<'a> {
    desk: &'a Desk,
    case: &'a Case,
    mode: Mode,
    count: usize,
    /// Yes to everything that can be undone.
    all_reversible: bool,
    /// Holds that were agreed to, with whatever they add that can be undone.
    holds: Vec<StepId>,
    /// The step that was announced last.
    announced: Option<StepId>,
    now: crate::time::Moment,
    interrupted: Arc<AtomicBool>,
}

impl<'a> Console<'a> {
    /// A console for a plan of `count` steps.
    pub fn new(desk: &'a Desk, case: &'a Case, mode: Mode, count: usize, now: crate::time::Moment) -> Self {
        Console {
            desk,
            case,
            mode,
            count,
            all_reversible: false,
            holds: Vec::new(),
            announced: None,
            now,
            interrupted: watch_ctrl_c(),
        }
    }

    /// Whether Ctrl-C was pressed.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    fn announce(&mut self, step: &Step) {
        if self.announced.as_ref() != Some(&step.id) {
            self.announced = Some(step.id.clone());
            self.desk.terminal.status("");
            self.desk
                .terminal
                .status(&report::step_head(step, self.count, self.desk.paint_status()));
        }
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        match self.desk.terminal.ask(question) {
            Ok(answer) => Some(answer.to_lowercase()),
            Err(Interrupted) => {
                self.interrupted.store(true, Ordering::SeqCst);
                None
            }
        }
    }

    fn consented(&mut self, step: &Step, before: Option<&Setting>) -> Consent {
        if self.was_interrupted() {
            return Consent::Stop;
        }
        if self.mode == Mode::Beforehand {
            return Consent::Yes(Agreement::Beforehand);
        }
        let is_hold = matches!(step.action, Action::Hold { .. });
        if !step.action.changes() && !is_hold {
            return Consent::Yes(Agreement::AllReversible);
        }
        if let Some(how) = self.agreed(step, before) {
            return Consent::Yes(how);
        }
        self.ask_step(step, before)
    }

    fn ask_step(&mut self, step: &Step, before: Option<&Setting>) -> Consent {
        self.desk
            .terminal
            .urgent(&report::question(step, self.desk.paint_status()));
        loop {
            let Some(answer) = self.ask("do it? [y]es [s]kip [d]etails [a]ll reversible s[t]op") else {
                return Consent::Stop;
            };
            match answer.as_str() {
                "y" | "yes" => {
                    return match step.name_to_type() {
                        Some(name) => self.typed(name),
                        None => Consent::Yes(Agreement::Answered),
                    };
                }
                "s" | "skip" => return Consent::Skip,
                "t" | "stop" | "q" => return Consent::Stop,
                "d" | "details" => {
                    self.desk
                        .terminal
                        .urgent(&report::details(step, before, self.desk.paint_status()));
                }
                "a" | "all" => {
                    self.all_reversible = true;
                    if !step.destructive {
                        return Consent::Yes(Agreement::AllReversible);
                    }
                    self.desk
                        .terminal
                        .urgent("this step cannot be undone in full: it is asked for by itself");
                }
                _ => self.desk.terminal.urgent("please answer y, s, d, a or t"),
            }
        }
    }

    /// How a step was agreed to before it came. What cannot be undone, or lets somebody in, is asked for by itself.
    fn agreed(&self, step: &Step, before: Option<&Setting>) -> Option<Agreement> {
        if step.destructive || lifts_a_deny(step, before) {
            None
        } else if self.all_reversible {
            Some(Agreement::AllReversible)
        } else {
            let by = step.id.added_by()?;
            let of_hold = self.holds.iter().any(|hold| hold.as_str() == by);
            of_hold.then_some(Agreement::WithHold)
        }
    }

    /// A step that cannot be undone in full wants the name typed.
    fn typed(&mut self, name: &str) -> Consent {
        let question = format!("this cannot be undone in full; type `{name}` to do it");
        match self.desk.terminal.ask(&question) {
            Ok(answer) if answer == name => Consent::Yes(Agreement::Answered),
            Ok(_) => {
                self.desk.terminal.urgent("that is not the name: skipped");
                Consent::Skip
            }
            Err(Interrupted) => {
                self.interrupted.store(true, Ordering::SeqCst);
                Consent::Stop
            }
        }
    }
}

impl Hooks for Console<'_> {
    fn consent(&mut self, step: &Step, before: Option<&Setting>) -> Consent {
        self.announce(step);
        let consent = self.consented(step, before);
        if let (Action::Hold { seconds }, Consent::Yes(_)) = (&step.action, &consent) {
            self.holds.push(step.id.clone());
            let text = format!("       waiting {seconds} s (Ctrl-C stops)");
            self.desk.terminal.status(&text);
        }
        consent
    }

    fn asks(&self, step: &Step, before: &Setting) -> bool {
        self.mode == Mode::Asked && step.action.changes() && self.agreed(step, Some(before)).is_none()
    }

    fn asks_first(&mut self, lift: &Step, deletion: &Step) {
        let (lift, deletion) = (&lift.id, &deletion.id);
        self.desk.terminal.status(&format!(
            "\nstep {deletion} is asked for before step {lift}: a deny is lifted for that deletion and for nothing else"
        ));
    }

    fn denies_again(&mut self) {
        self.desk
            .terminal
            .urgent("\nthe deletion did not come about: the denies that were lifted for it are put back");
    }

    fn starts(&mut self, step: &Step) {
        self.announce(step);
    }

    fn written(&mut self, entry: &Entry) {
        let of_another = entry.event.step().filter(|step| self.announced.as_ref() != Some(step));
        if let Some(line) = report::entry(entry, of_another, self.desk.paint_status()) {
            self.desk.terminal.status(&line);
        }
    }

    fn keep(&mut self, account: &Account) -> Result<String, String> {
        self.case.keep(&Snapshot::new(self.now, account.clone(), Vec::new()))
    }

    fn trouble(&mut self, step: &Step, event: &Event) -> Remedy {
        if let Event::Diverged { expected, found, .. } = event {
            self.desk.terminal.urgent(&format!("       expected {expected:?}"));
            self.desk.terminal.urgent(&format!("       found    {found:?}"));
        }
        if let Event::Failed { error, .. } = event
            && error.trouble == Trouble::Credentials
            && self.desk.terminal.can_ask()
        {
            return match super::renew::ask(self.desk) {
                Some(Answer::Again(profile)) => Remedy::AgainAs(profile),
                Some(Answer::Stop) => Remedy::Stop,
                None => {
                    self.interrupted.store(true, Ordering::SeqCst);
                    Remedy::Stop
                }
            };
        }
        if self.mode == Mode::Beforehand {
            return if step.required { Remedy::Stop } else { Remedy::GoOn };
        }
        loop {
            let Some(answer) = self.ask("what now? [g]o on, [r]etry, s[t]op") else {
                return Remedy::Stop;
            };
            match answer.as_str() {
                "g" | "go on" => return Remedy::GoOn,
                "r" | "retry" => return Remedy::Again,
                "t" | "stop" | "q" => return Remedy::Stop,
                _ => self
                    .desk
                    .terminal
                    .urgent(&super::paint_status(Tone::Careful, "please answer g, r or t")),
            }
        }
    }

    fn interrupted(&self) -> bool {
        self.was_interrupted()
    }
}

/// Whether the step takes away something that denies: it can be undone, and is asked for by itself all the same.
fn lifts_a_deny(step: &Step, before: Option<&Setting>) -> bool {
    let removes = matches!(&step.action, Action::Change { change } if change.to == Setting::Absent);
    let denies = match before {
        Some(Setting::Document(text)) => text.as_str().contains("\"Deny\""),
        Some(Setting::Policy(_)) => true,
        _ => false,
    };
    removes && denies
}

/// A flag that Ctrl-C raises. From here on Ctrl-C no longer ends the process by itself: the step in flight is finished first.
pub(super) fn watch_ctrl_c() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = flag.clone();
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
            return;
        };
        runtime.block_on(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                raised.store(true, Ordering::SeqCst);
            }
        });
    });
    flag
}
