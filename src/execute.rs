//! The one executor: look, ask, record the intent, perform, read back, hold.
//!
//! It cannot know where it is. It gets leave to write in some world, the steps, a journal, and [`Hooks`]: the person, the display, and
//! in a rehearsal the judge. Everything it does is an [`Event`] in the journal, written before the call that it announces.
//!
//! Steps that don't depend on one another go out together as a *wave*, where the world answers requests side by side: containment is
//! counted in round trips. A step that a person must be asked for waits for nobody, and nobody waits for it.

mod again;
mod ahead;
mod asking;
mod eyes;
mod guard;
mod guarding;
mod hold;
mod lifting;
mod meanwhile;
mod pacing;
mod sweep;
#[cfg(test)]
mod tests;
mod turned;
mod wave;

pub use asking::{Answered, Question};
pub use sweep::Family;

use crate::account::Account;
use crate::action::{Action, Change, Setting};
use crate::collect::{self, Scope};
use crate::ids::StepId;
use crate::journal::{Agreement, Entry, Event, Finish, Journal, JournalError, Judgement};
use crate::mount::{AwsError, Clients, Renewal, Trouble, Writable};
use crate::plan::{Step, goes_with};
use crate::time::Moment;
use std::collections::{BTreeMap, VecDeque};

/// How old the account that the plan was made on may be, in seconds, to be the evidence: what was read a moment ago need not be read again
/// before the first cut.
const FRESH_SECONDS: i64 = 60;

/// What a person says to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Do it.
    Yes(Agreement),
    /// Leave it out and go on.
    Skip,
    /// Do nothing more.
    Stop,
}

/// What is to happen when a step went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Go on with the next step.
    GoOn,
    /// Do it once more.
    Again,
    /// Do it once more with new credentials: of the profile that is named, or of the chain as at first.
    AgainAs(Option<String>),
    /// Do nothing more.
    Stop,
}

/// Everything that stands beside the executor: the person, the display, the judge.
pub trait Hooks {
    /// Whether the step is to be done. Only asked for steps that change something, and for holds.
    fn consent(&mut self, step: &Step, before: Option<&Setting>) -> Consent;

    /// Whether [`consent`](Hooks::consent) would make somebody wait for a person: what is agreed to already is done before that.
    fn asks(&self, _step: &Step, _before: &Setting) -> bool {
        false
    }

    /// Puts a question to a person without waiting for the answer, and gives what ends when it is there: until then what is done already is looked after.
    /// [`consent`](Hooks::consent) or [`trouble`](Hooks::trouble) is called next, and gives the answer. `None` where nobody would have to be waited for.
    fn put(&mut self, _question: Question<'_>) -> Option<Answered> {
        None
    }

    /// Somebody turned a change of this step round while the question stood that was just answered: `by` says who, and with which call.
    fn turned_round(&mut self, _step: &StepId, _by: &str) {}

    /// What is done already cannot be looked after any more while a question stands, for this reason.
    fn unguarded(&mut self, _error: &AwsError) {}

    /// Somebody is about to be asked for `deletion` before `lift`, which lifts a deny for nothing else.
    fn asks_first(&mut self, _lift: &Step, _deletion: &Step) {}

    /// The denies that were lifted for a deletion are about to be put back: it did not come about.
    fn denies_again(&mut self) {}

    /// A step begins.
    fn starts(&mut self, _step: &Step) {}

    /// Called with every entry, after it is on disk.
    fn written(&mut self, _entry: &Entry) {}

    /// Keeps the account as evidence; gives the SHA-256 of what was kept.
    ///
    /// # Errors
    /// It could not be kept: nothing is changed then.
    fn keep(&mut self, account: &Account) -> Result<String, String>;

    /// The member as the rehearsal found it before this step, where there was one.
    fn rehearsed(&self, _step: &StepId) -> Option<Setting> {
        None
    }

    /// What to do about a step that failed or that found the account otherwise than expected.
    fn trouble(&mut self, step: &Step, event: &Event) -> Remedy;

    /// The step is settled. In a rehearsal: what every credential can do now.
    fn settled(&mut self, _step: &Step) -> Option<Vec<Judgement>> {
        None
    }

    /// Whether somebody pressed Ctrl-C.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Why a run could not go on at all.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The journal could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The evidence could not be kept, so nothing was changed.
    #[error("the account could not be kept as evidence, so nothing was changed: {0}")]
    Evidence(String),
}

/// A run under way.
struct Run<'a> {
    world: Writable<'a>,
    journal: &'a mut Journal,
    hooks: &'a mut dyn Hooks,
    family: Family,
    queue: VecDeque<Step>,
    /// Steps that were agreed to before they came.
    agreed: BTreeMap<StepId, Agreement>,
    /// Members that this run has set and not set otherwise since, with the step that did: what a hold keeps looking at.
    kept: Vec<(Step, Change)>,
    /// Denies that this run lifted for a deletion that has not come about yet, with the steps that did.
    lifted: Vec<(Step, Change)>,
    /// The account as evidence shows it, and when it was read.
    seen: Option<(Moment, Account)>,
    /// Cuts that went out before anybody had looked, and are to be read back with the rest of their wave.
    sent: wave::Sent,
    /// Who was in the account before this run changed anything.
    known: Option<meanwhile::Principals>,
}

/// How a step left the run.
enum Next {
    GoOn,
    End(Finish),
}

/// Carries out `steps` in one world. The journal must be open; it is closed with the list of all calls.
///
/// # Errors
/// The journal or the evidence could not be written. All else is a [`Finish`].
pub async fn execute(
    world: Writable<'_>,
    steps: &[Step],
    family: Family,
    journal: &mut Journal,
    hooks: &mut dyn Hooks,
) -> Result<Finish, ExecuteError> {
    let mut run = Run::beginning(world, steps, family, journal, hooks);
    let finish = run.all().await?;
    run.deny_again().await?;
    let calls = run.clients().calls();
    run.note(Event::Closed {
        finish: finish.clone(),
        calls,
    })?;
    Ok(finish)
}

/// Looks after what an earlier part of the same run has set (`family.set`) while `work` is done: what is turned round is made again. Nobody is asked for
/// anything, and whoever appears is left to the hold of the plan that follows. Gives what `work` came to; `None` where Ctrl-C was pressed.
///
/// # Errors
/// The journal could not be written: `work` is left then, too.
pub async fn look_after<T>(
    world: Writable<'_>,
    family: Family,
    journal: &mut Journal,
    hooks: &mut dyn Hooks,
    work: impl Future<Output = T>,
) -> Result<Option<T>, ExecuteError> {
    let mut run = Run::beginning(world, &[], family, journal, hooks);
    run.look_after(work).await
}

/// The same while a person is asked something that is no step: who turned something round meanwhile is told behind the answer, as far as the trail shows it.
///
/// # Errors
/// As [`look_after`].
pub async fn look_after_asking(
    world: Writable<'_>,
    family: Family,
    journal: &mut Journal,
    hooks: &mut dyn Hooks,
    answered: Answered,
) -> Result<(), ExecuteError> {
    let mut run = Run::beginning(world, &[], family, journal, hooks);
    let before = run.journal.entries().len();
    run.look_after(answered).await?;
    run.tell_who(before).await
}

impl<'a> Run<'a> {
    fn beginning(
        world: Writable<'a>,
        steps: &[Step],
        family: Family,
        journal: &'a mut Journal,
        hooks: &'a mut dyn Hooks,
    ) -> Self {
        let began = journal
            .entries()
            .first()
            .map_or(world.clients().now(), |entry| entry.at);
        Run {
            world,
            journal,
            hooks,
            seen: match steps.iter().any(|step| step.action == Action::Evidence) {
                true => None,
                false => family.read.clone(),
            },
            kept: family.standing(),
            known: family
                .before
                .as_ref()
                .or(family.read.as_ref().map(|(_, account)| account))
                .map(|account| meanwhile::Principals::before(account, began, family.spared.is_some())),
            family,
            queue: steps.iter().cloned().collect(),
            agreed: BTreeMap::new(),
            lifted: Vec::new(),
            sent: wave::Sent::default(),
        }
    }
}

impl Run<'_> {
    fn clients(&self) -> &Clients {
        self.world.clients()
    }

    fn note(&mut self, event: Event) -> Result<(), JournalError> {
        self.note_all(vec![event])
    }

    /// Writes down what belongs together at the cost of one: the disk is slower than many an answer.
    fn note_all(&mut self, events: Vec<Event>) -> Result<(), JournalError> {
        let now = self.world.clients().now();
        for entry in self.journal.append_all(now, events)? {
            self.hooks.written(entry);
        }
        Ok(())
    }

    async fn all(&mut self) -> Result<Finish, ExecuteError> {
        loop {
            let wave = self.next_wave();
            let Some(first) = wave.first() else {
                return Ok(Finish::Completed);
            };
            if self.hooks.interrupted() {
                return Ok(Finish::Stopped {
                    before: first.id.clone(),
                });
            }
            let last = wave.last().unwrap_or(first).clone();
            if let Next::End(finish) = self.together(wave).await? {
                return Ok(finish);
            }
            if let Some(verdicts) = self.hooks.settled(&last) {
                self.note(Event::Judged {
                    proven: None,
                    told_from: None,
                    after: Some(last.id),
                    verdicts,
                })?;
            }
        }
    }

    /// The steps that go out next. On a twin one at a time: its rehearsal is judged after each.
    fn next_wave(&mut self) -> Vec<Step> {
        let mut wave: Vec<Step> = self.queue.pop_front().into_iter().collect();
        // What takes away what this run put there goes by itself, as does what comes behind it.
        let alone = wave.iter().any(|first| self.set_by_this_run(first).is_some());
        while !alone
            && self.clients().side_by_side()
            && let Some(next) = self.queue.front()
            && goes_with(next, &wave)
            && self.set_by_this_run(next).is_none()
        {
            wave.extend(self.queue.pop_front());
        }
        wave
    }

    /// The step of this run that set the member of `step`: what takes away what the run itself put there comes after everything else.
    fn set_by_this_run(&self, step: &Step) -> Option<&Step> {
        let Action::Change { change } = &step.action else {
            return None;
        };
        let set = self.kept.iter().find(|(_, kept)| kept.member == change.member);
        set.map(|(step, _)| step)
    }

    async fn together(&mut self, wave: Vec<Step>) -> Result<Next, ExecuteError> {
        let [only] = wave.as_slice() else {
            return self.wave(&wave).await;
        };
        if let Some(next) = self.put_off(only).await? {
            return Ok(next);
        }
        match &only.action {
            Action::Change { .. } | Action::RevokeOlderSessions { .. } => self.wave(&wave).await,
            other => {
                self.hooks.starts(only);
                match other {
                    Action::Hold { seconds } => self.hold(only, *seconds).await,
                    Action::Sweep { margin_seconds } => self.sweep(only, *margin_seconds).await,
                    _ => self.evidence(only).await,
                }
            }
        }
    }

    async fn evidence(&mut self, step: &Step) -> Result<Next, ExecuteError> {
        let fresh = self.family.read.take().filter(|(at, _)| self.is_fresh(*at));
        let (at, account) = match fresh {
            Some(read) => read,
            None => {
                let scope = Scope::Around {
                    users: self.family.users.clone(),
                    roles: self.family.roles.clone(),
                };
                let at = self.clients().now();
                let collected = collect::account(self.clients(), scope).await;
                (
                    at,
                    collected
                        .map_err(|error| ExecuteError::Evidence(error.to_string()))?
                        .account,
                )
            }
        };
        let sha256 = self.hooks.keep(&account).map_err(ExecuteError::Evidence)?;
        self.note(Event::EvidenceKept {
            step: step.id.clone(),
            sha256,
        })?;
        if self.family.before.is_none() {
            let began = self.journal.entries().first().map_or(at, |entry| entry.at);
            let spares = self.family.spared.is_some();
            self.known = Some(meanwhile::Principals::before(&account, began, spares));
        }
        self.seen = Some((at, account));
        Ok(Next::GoOn)
    }

    fn is_fresh(&self, at: Moment) -> bool {
        at.plus_seconds(FRESH_SECONDS) >= self.clients().now()
    }

    /// A step that could not even look: it counts as failed, and the person decides.
    async fn failed(&mut self, step: &Step, error: AwsError) -> Result<Next, ExecuteError> {
        let mut remedy = self.report(step, error).await?;
        while let Remedy::AgainAs(profile) = remedy {
            remedy = match self.clients().renew(profile.as_deref()).await {
                Ok(Renewal::New) => Remedy::Again,
                Ok(Renewal::Same) => self.report(step, AwsError::same_credentials()).await?,
                Err(error) => self.report(step, error).await?,
            };
        }
        Ok(match remedy {
            Remedy::GoOn => Next::GoOn,
            Remedy::Again | Remedy::AgainAs(_) => {
                self.queue.push_front(step.clone());
                Next::GoOn
            }
            Remedy::Stop => Next::End(Finish::Failed { at: step.id.clone() }),
        })
    }

    /// Writes a failure down. A peer's gap at a step that the plan doesn't stand on ends nothing.
    async fn report(&mut self, step: &Step, error: AwsError) -> Result<Remedy, ExecuteError> {
        let gap = error.trouble == Trouble::NotImplemented && !step.required;
        let event = Event::Failed {
            step: step.id.clone(),
            error,
        };
        self.note(event.clone())?;
        Ok(if gap {
            Remedy::GoOn
        } else {
            self.trouble(step, &event).await?
        })
    }
}

fn stopped(step: &Step) -> Next {
    Next::End(Finish::Stopped {
        before: step.id.clone(),
    })
}
