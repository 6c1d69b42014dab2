//! The one executor: look, ask, record the intent, perform, read back, hold.
//!
//! It cannot know where it is. It gets leave to write in some world, the steps, a journal, and [`Hooks`]: the person, the display, and
//! in a rehearsal the judge. Everything it does is an [`Event`] in the journal, written before the call that it announces.

mod sweep;

pub use sweep::Family;

use crate::account::Account;
use crate::action::{Action, Change, Setting, read, revoke, write};
use crate::collect::{self, Scope};
use crate::ids::StepId;
use crate::journal::{Agreement, Entry, Event, Finish, Journal, JournalError, Judgement};
use crate::mount::{AwsError, Clients, Trouble, Writable};
use crate::plan::Step;
use std::collections::VecDeque;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Go on with the next step.
    GoOn,
    /// Do it once more.
    Again,
    /// Do nothing more.
    Stop,
}

/// Everything that stands beside the executor: the person, the display, the judge.
pub trait Hooks {
    /// Whether the step is to be done. Only asked for steps that change something, and for holds.
    fn consent(&mut self, step: &Step, before: Option<&Setting>) -> Consent;

    /// A step begins.
    fn starts(&mut self, step: &Step);

    /// Called with every entry, after it is on disk.
    fn written(&mut self, entry: &Entry);

    /// Keeps the account as evidence; gives the SHA-256 of what was kept.
    ///
    /// # Errors
    /// It could not be kept: nothing is changed then.
    fn keep(&mut self, account: &Account) -> Result<String, String>;

    /// The member as the rehearsal found it before this step, where there was one.
    fn rehearsed(&self, step: &StepId) -> Option<Setting>;

    /// What to do about a step that failed or that found the account otherwise than expected.
    fn trouble(&mut self, step: &Step, event: &Event) -> Remedy;

    /// The step is settled. In a rehearsal: what every credential can do now.
    fn settled(&mut self, step: &Step) -> Option<Vec<Judgement>>;

    /// Whether somebody pressed Ctrl-C.
    fn interrupted(&self) -> bool;
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
    let mut run = Run {
        world,
        journal,
        hooks,
        family,
        queue: steps.iter().cloned().collect(),
    };
    let finish = run.all().await?;
    let calls = run.clients().calls();
    run.note(Event::Closed {
        finish: finish.clone(),
        calls,
    })?;
    Ok(finish)
}

impl Run<'_> {
    fn clients(&self) -> &Clients {
        self.world.clients()
    }

    fn note(&mut self, event: Event) -> Result<(), JournalError> {
        let now = self.world.clients().now();
        let entry = self.journal.append(now, event)?;
        self.hooks.written(entry);
        Ok(())
    }

    async fn all(&mut self) -> Result<Finish, ExecuteError> {
        while let Some(step) = self.queue.pop_front() {
            if self.hooks.interrupted() {
                return Ok(Finish::Stopped { before: step.id });
            }
            self.hooks.starts(&step);
            if let Next::End(finish) = self.one(&step).await? {
                return Ok(finish);
            }
            if let Some(verdicts) = self.hooks.settled(&step) {
                self.note(Event::Judged {
                    after: Some(step.id),
                    verdicts,
                })?;
            }
        }
        Ok(Finish::Completed)
    }

    async fn one(&mut self, step: &Step) -> Result<Next, ExecuteError> {
        match &step.action {
            Action::Evidence => self.evidence(step).await,
            Action::Hold { seconds } => self.hold(step, *seconds).await,
            Action::Sweep { margin_seconds } => self.sweep(step, *margin_seconds).await,
            Action::Change { change } => self.change(step, change).await,
            Action::RevokeOlderSessions { issuer, margin_seconds } => {
                match revoke::resolve(self.clients(), issuer, *margin_seconds).await {
                    Ok(change) => self.change(step, &change).await,
                    Err(error) => self.failed(step, error).await,
                }
            }
        }
    }

    async fn evidence(&mut self, step: &Step) -> Result<Next, ExecuteError> {
        let scope = Scope::Around {
            users: self.family.users.clone(),
            roles: self.family.roles.clone(),
        };
        let collected = collect::account(self.clients(), scope)
            .await
            .map_err(|error| ExecuteError::Evidence(error.to_string()))?;
        let sha256 = self.hooks.keep(&collected.account).map_err(ExecuteError::Evidence)?;
        self.note(Event::EvidenceKept {
            step: step.id.clone(),
            sha256,
        })?;
        Ok(Next::GoOn)
    }

    async fn hold(&mut self, step: &Step, seconds: u32) -> Result<Next, ExecuteError> {
        match self.hooks.consent(step, None) {
            Consent::Stop => return Ok(stopped(step)),
            Consent::Skip => {
                self.note(Event::Declined { step: step.id.clone() })?;
                return Ok(Next::GoOn);
            }
            Consent::Yes(_) => {}
        }
        for _ in 0..seconds {
            if self.hooks.interrupted() {
                return Ok(stopped(step));
            }
            self.clients().clock().wait(1);
        }
        self.note(Event::Held {
            step: step.id.clone(),
            seconds,
        })?;
        Ok(Next::GoOn)
    }

    /// One change through its whole life.
    async fn change(&mut self, step: &Step, change: &Change) -> Result<Next, ExecuteError> {
        let id = &step.id;
        let before = match read(self.clients(), &change.member).await {
            Ok(before) => before,
            Err(error) => return self.failed(step, error).await,
        };
        self.note(Event::Looked {
            step: id.clone(),
            before: before.clone(),
        })?;
        if before.same_as(&change.to) {
            self.note(Event::AlreadySo { step: id.clone() })?;
            return Ok(Next::GoOn);
        }
        if let Next::End(finish) = self.as_rehearsed(step, &before)? {
            return Ok(Next::End(finish));
        }
        match self.hooks.consent(step, Some(&before)) {
            Consent::Stop => return Ok(stopped(step)),
            Consent::Skip => {
                self.note(Event::Declined { step: id.clone() })?;
                return Ok(Next::GoOn);
            }
            Consent::Yes(how) => self.note(Event::Agreed { step: id.clone(), how })?,
        }
        self.perform(step, change, before).await
    }

    /// Stops on a member that is not what the rehearsal found, unless the person says to go on.
    fn as_rehearsed(&mut self, step: &Step, before: &Setting) -> Result<Next, ExecuteError> {
        let Some(expected) = self.hooks.rehearsed(&step.id) else {
            return Ok(Next::GoOn);
        };
        if crate::journal::same_but_for_time(&expected, before) {
            return Ok(Next::GoOn);
        }
        let event = Event::Diverged {
            step: step.id.clone(),
            expected,
            found: before.clone(),
        };
        self.note(event.clone())?;
        Ok(match self.hooks.trouble(step, &event) {
            Remedy::Stop => Next::End(Finish::Diverged { at: step.id.clone() }),
            Remedy::GoOn | Remedy::Again => Next::GoOn,
        })
    }

    async fn perform(&mut self, step: &Step, change: &Change, before: Setting) -> Result<Next, ExecuteError> {
        loop {
            self.note(Event::Intended {
                step: step.id.clone(),
                change: change.clone(),
                before: before.clone(),
            })?;
            match write(self.world, change).await {
                Ok(()) => {
                    self.note(Event::Done { step: step.id.clone() })?;
                    return self.verify(step, change).await;
                }
                Err(error) if error.trouble.leaves_doubt() => {
                    self.note(Event::InDoubt {
                        step: step.id.clone(),
                        error,
                    })?;
                    return self.verify(step, change).await;
                }
                Err(error) => match self.report(step, error)? {
                    Remedy::Again => continue,
                    Remedy::GoOn => return Ok(Next::GoOn),
                    Remedy::Stop => return Ok(Next::End(Finish::Failed { at: step.id.clone() })),
                },
            }
        }
    }

    async fn verify(&mut self, step: &Step, change: &Change) -> Result<Next, ExecuteError> {
        let found = match read(self.clients(), &change.member).await {
            Ok(found) => found,
            Err(error) => return self.failed(step, error).await,
        };
        if found.same_as(&change.to) {
            self.note(Event::Verified { step: step.id.clone() })?;
            return Ok(Next::GoOn);
        }
        let event = Event::Diverged {
            step: step.id.clone(),
            expected: change.to.clone(),
            found,
        };
        self.note(event.clone())?;
        Ok(match self.hooks.trouble(step, &event) {
            Remedy::GoOn => Next::GoOn,
            Remedy::Again | Remedy::Stop => Next::End(Finish::Diverged { at: step.id.clone() }),
        })
    }

    /// A step that could not even look: it counts as failed, and the person decides.
    async fn failed(&mut self, step: &Step, error: AwsError) -> Result<Next, ExecuteError> {
        Ok(match self.report(step, error)? {
            Remedy::GoOn => Next::GoOn,
            Remedy::Again => {
                self.queue.push_front(step.clone());
                Next::GoOn
            }
            Remedy::Stop => Next::End(Finish::Failed { at: step.id.clone() }),
        })
    }

    /// Writes a failure down. A peer's gap at a step that the plan doesn't stand on ends nothing.
    fn report(&mut self, step: &Step, error: AwsError) -> Result<Remedy, JournalError> {
        let gap = error.trouble == Trouble::NotImplemented && !step.required;
        let event = Event::Failed {
            step: step.id.clone(),
            error,
        };
        self.note(event.clone())?;
        Ok(if gap {
            Remedy::GoOn
        } else {
            self.hooks.trouble(step, &event)
        })
    }
}

fn stopped(step: &Step) -> Next {
    Next::End(Finish::Stopped {
        before: step.id.clone(),
    })
}
