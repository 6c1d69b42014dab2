//! The person at the console: what is asked at each step, and what the answers mean.

use super::Desk;
use super::folder::Case;
use super::interrupts::Interrupts;
use super::question::{self, Open, Said};
use super::renew::Answer;
use crate::account::{Account, Snapshot};
use crate::action::{Action, Setting};
use crate::execute::{Answered, Consent, Hooks, Question, Remedy};
use crate::ids::StepId;
use crate::journal::{Agreement, Entry, Event};
use crate::mount::{AwsError, Trouble};
use crate::plan::Step;
use crate::report;

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
    /// A question that is about no step stands at the terminal.
    is_silent: bool,
    /// The question about a step that stands at the terminal.
    step_asked: Option<Open<Said>>,
    /// The question about a step that went wrong, which stands there.
    trouble_asked: Option<Open<Option<Remedy>>>,
    /// What was written while a question stood: nothing is told in between.
    meanwhile: Vec<Entry>,
    /// Who turned that round, as far as the trail tells.
    by_whom: report::ByWhom,
    /// Why something could not be looked after while it stood.
    unguarded: Option<String>,
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
            is_silent: false,
            step_asked: None,
            trouble_asked: None,
            meanwhile: Vec::new(),
            by_whom: report::ByWhom::new(),
            unguarded: None,
        }
    }

    /// These are the steps that are carried out: each is told with its place among them.
    pub fn carries_out(&mut self, steps: &[Step]) {
        self.order = steps.iter().map(|step| step.id.clone()).collect();
    }

    /// A question that is about no step stands at the terminal: nothing is told before [`Console::tell_meanwhile`].
    pub(super) fn is_silent(&mut self) {
        self.is_silent = true;
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

    /// What is said to a step without anybody being asked; `None` where a person is.
    fn unasked(&self, step: &Step, before: Option<&Setting>) -> Option<Consent> {
        if self.interrupts.is_raised() {
            return Some(Consent::Stop);
        }
        if self.mode == Mode::Beforehand {
            return Some(Consent::Yes(Agreement::Beforehand));
        }
        let is_hold = matches!(step.action, Action::Hold { .. });
        if !step.action.changes() && !is_hold {
            return Some(Consent::Yes(Agreement::AllReversible));
        }
        self.agreed(step, before).map(Consent::Yes)
    }

    /// Shows what a question about the step is about; gives what asks it.
    fn asks_step(&mut self, step: &Step, before: Option<&Setting>) -> question::OfStep {
        self.announce(step, true);
        let paint = self.desk.paint_status();
        self.desk.terminal.urgent(&report::question(step, paint));
        question::OfStep {
            details: report::details(step, before, paint),
            destructive: step.destructive,
            name: step.name_to_type().map(str::to_owned),
        }
    }

    fn said(&mut self, said: Said) -> Consent {
        self.all_reversible |= said.all;
        said.consent.unwrap_or_else(|| {
            self.interrupts.raise();
            Consent::Stop
        })
    }

    fn is_asked(&self) -> bool {
        self.is_silent || self.step_asked.is_some() || self.trouble_asked.is_some()
    }

    /// Tells what was found while a question stood.
    pub(super) fn tell_meanwhile(&mut self) {
        let (entries, by) = (std::mem::take(&mut self.meanwhile), std::mem::take(&mut self.by_whom));
        let told = report::meanwhile(&entries, &by, self.desk.paint_status());
        for line in told.into_iter().chain(self.unguarded.take()) {
            self.desk.terminal.urgent(&line);
            self.above = None;
        }
    }

    /// Shows how the account differs.
    fn shows_difference(&self, event: &Event) {
        if let Event::Diverged { expected, found, .. } = event {
            self.desk.terminal.urgent(&format!("       expected {expected:?}"));
            self.desk.terminal.urgent(&format!("       found    {found:?}"));
        }
    }

    /// Whether new credentials are asked for.
    fn asks_for_credentials(&self, event: &Event) -> bool {
        let ended = matches!(event, Event::Failed { error, .. } if error.trouble == Trouble::Credentials);
        ended && self.desk.terminal.can_ask()
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
}

impl Hooks for Console<'_> {
    fn consent(&mut self, step: &Step, before: Option<&Setting>) -> Consent {
        let consent = match self.step_asked.take() {
            Some(open) => {
                self.tell_meanwhile();
                self.said(open.answer().unwrap_or_default())
            }
            None => {
                self.announce(step, false);
                self.unasked(step, before).unwrap_or_else(|| {
                    let said = self.asks_step(step, before).ask(&self.desk.terminal);
                    self.said(said)
                })
            }
        };
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

    fn put(&mut self, question: Question<'_>) -> Option<Answered> {
        let terminal = &self.desk.terminal;
        match question {
            Question::Consent(step, before) => {
                if self.unasked(step, before).is_some() {
                    return None;
                }
                let asks = self.asks_step(step, before);
                let (open, answered) = question::elsewhere(terminal, move |terminal| asks.ask(terminal))?;
                self.step_asked = Some(open);
                Some(answered)
            }
            Question::Trouble(_, event) => {
                if self.interrupts.is_raised() || self.mode == Mode::Beforehand || self.asks_for_credentials(event) {
                    return None;
                }
                self.shows_difference(event);
                let (open, answered) = question::elsewhere(terminal, question::of_trouble)?;
                self.trouble_asked = Some(open);
                Some(answered)
            }
        }
    }

    fn turned_round(&mut self, step: &StepId, by: &str) {
        self.by_whom.entry(step.clone()).or_default().insert(by.to_owned());
    }

    fn unguarded(&mut self, error: &AwsError) {
        let line = format!("what is done already cannot be looked after: {error}");
        let line = self.desk.folded(2, &format!("  {line}"));
        match self.is_asked() {
            true => self.unguarded = Some(line),
            false => self.desk.terminal.urgent(&line),
        }
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
        if self.is_asked() {
            self.meanwhile.push(entry.clone());
            return;
        }
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
        let remedy = match self.trouble_asked.take() {
            Some(open) => {
                self.tell_meanwhile();
                open.answer().flatten()
            }
            None => {
                self.shows_difference(event);
                if self.asks_for_credentials(event) {
                    super::renew::ask(self.desk).map(|answer| match answer {
                        Answer::Again(profile) => Remedy::AgainAs(profile),
                        Answer::Stop => Remedy::Stop,
                    })
                } else if self.mode == Mode::Beforehand {
                    Some(if step.required { Remedy::Stop } else { Remedy::GoOn })
                } else {
                    question::of_trouble(&self.desk.terminal)
                }
            }
        };
        remedy.unwrap_or_else(|| {
            self.interrupts.raise();
            Remedy::Stop
        })
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
