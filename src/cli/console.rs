//! The person at the console: what is asked at each step, and what the answers mean.

use super::Desk;
use super::folder::Case;
use super::interrupts::Interrupts;
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
    /// The steps of the plan that is carried out, in its order. One that is added meanwhile isn't among them.
    order: Vec<StepId>,
    /// Yes to everything that can be undone.
    all_reversible: bool,
    /// Holds that were agreed to, with whatever they add that can be undone.
    holds: Vec<StepId>,
    /// A step that has begun, whose title is shown when there is something to say of it.
    pending: Option<Step>,
    /// The step whose title, with nothing of another step behind it, stands above.
    above: Option<StepId>,
    now: crate::time::Moment,
    interrupts: Interrupts,
}

impl<'a> Console<'a> {
    /// A console for a plan of `count` steps.
    pub fn new(desk: &'a Desk, case: &'a Case, mode: Mode, count: usize, now: crate::time::Moment) -> Self {
        Console {
            desk,
            case,
            mode,
            order: Vec::with_capacity(count),
            all_reversible: false,
            holds: Vec::new(),
            pending: None,
            above: None,
            now,
            interrupts: Interrupts::watched(),
        }
    }

    /// These are the steps that are carried out: each is told with its place among them.
    pub fn carries_out(&mut self, steps: &[Step]) {
        self.order = steps.iter().map(|step| step.id.clone()).collect();
    }

    /// Whether Ctrl-C was pressed, asked when the steps have ended: it is acknowledged, since looking at everything once more takes its time, and from
    /// here on another one ends the process.
    pub fn was_interrupted(&self) -> bool {
        let is_so = self.interrupts.is_raised();
        if is_so && self.interrupts.lets_go() {
            self.desk
                .terminal
                .urgent("\nstopping; looking once more at who is still in (Ctrl-C again ends at once)");
        }
        is_so
    }

    /// Shows the title of a step, unless it stands above already. `aloud`, where a question follows, even with --quiet.
    fn announce(&mut self, step: &Step, aloud: bool) {
        self.pending = None;
        if self.above.as_ref() == Some(&step.id) {
            return;
        }
        let terminal = &self.desk.terminal;
        if terminal.is_quiet() && !aloud {
            return;
        }
        self.above = Some(step.id.clone());
        let place = self.order.iter().position(|id| *id == step.id);
        let place = place.map(|n| (n + 1, self.order.len()));
        terminal.urgent("");
        terminal.urgent(&report::step_head(step, place, self.desk.paint_status()));
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        match self.desk.terminal.ask(question) {
            Ok(answer) => Some(answer.to_lowercase()),
            Err(Interrupted) => {
                self.interrupts.raise();
                None
            }
        }
    }

    fn consented(&mut self, step: &Step, before: Option<&Setting>) -> Consent {
        if self.interrupts.is_raised() {
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
        self.announce(step, true);
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

    /// A step that cannot be undone in full wants the name typed. Whoever mistypes it is asked once more.
    fn typed(&mut self, name: &str) -> Consent {
        let question = format!("this cannot be undone in full; type `{name}` to do it");
        for is_last in [false, true] {
            match self.desk.terminal.ask(&question) {
                Ok(answer) if answer == name => return Consent::Yes(Agreement::Answered),
                Ok(_) if is_last => self.desk.terminal.urgent("that is not the name: skipped"),
                Ok(_) => self
                    .desk
                    .terminal
                    .urgent("that is not the name: once more, or it is skipped"),
                Err(Interrupted) => {
                    self.interrupts.raise();
                    return Consent::Stop;
                }
            }
        }
        Consent::Skip
    }
}

impl Hooks for Console<'_> {
    fn consent(&mut self, step: &Step, before: Option<&Setting>) -> Consent {
        self.announce(step, false);
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
        // Before a change is made, those that were agreed to before may come first: their lines would stand below its title.
        if step.action.changes() && self.above.as_ref() != Some(&step.id) {
            self.pending = Some(step.clone());
        } else {
            self.announce(step, false);
        }
    }

    fn written(&mut self, entry: &Entry) {
        let step = entry.event.step();
        // What is not done although somebody is there to be asked is told with --quiet, too.
        let left = matches!(entry.event, Event::Declined { .. } | Event::PutOff { .. });
        let aloud = left && self.mode == Mode::Asked;
        let told = report::entry(entry, step, self.desk.paint_status()).is_some();
        if let Some(pending) = self.pending.take_if(|pending| told && Some(&pending.id) == step) {
            self.announce(&pending, aloud);
        }
        let of_another = step.filter(|step| self.above.as_ref() != Some(step));
        if let Some(line) = report::entry(entry, of_another, self.desk.paint_status()) {
            if aloud {
                self.desk.terminal.urgent(&line);
            } else {
                self.desk.terminal.status(&line);
            }
            if of_another.is_some() {
                self.above = None;
            }
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
                    self.interrupts.raise();
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
        self.interrupts.is_raised()
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
