//! Mount AWS, execute beside the rehearsal, stop on divergence.
//!
//! Live execution is earned by types: a [`Plan`](crate::plan::Plan) becomes [`Rehearsed`], a person's word becomes [`Permitted`], and only
//! both together get leave to write to AWS.

use crate::action::Change;
use crate::execute::{Answered, ExecuteError, Family, Hooks, execute, look_after, look_after_asking};
use crate::journal::{Entry, Finish, Journal, progress};
use crate::mount::{Live, Mount};
use crate::plan::Step;
use crate::rehearse::{Beside, Rehearsed};

/// A person's word that this rehearsed plan may be carried out: step by step at a terminal, or beforehand by `--yes`.
#[derive(Debug)]
pub struct Permitted<'a> {
    rehearsed: &'a Rehearsed,
}

impl<'a> Permitted<'a> {
    /// The word of a person who was shown `rehearsed`.
    pub fn by_person(rehearsed: &'a Rehearsed) -> Self {
        Permitted { rehearsed }
    }
}

/// Carries the plan out on AWS, each step compared with its rehearsal. `family` is what the plan is about.
///
/// # Errors
/// The journal or the evidence could not be written.
pub async fn run(
    mount: &Mount<Live>,
    permitted: Permitted<'_>,
    family: Family,
    journal: &mut Journal,
    hooks: &mut dyn Hooks,
) -> Result<Finish, ExecuteError> {
    let plan = permitted.rehearsed.plan();
    let mut beside = Beside::new(hooks, permitted.rehearsed);
    execute(mount.writable_by_consent(), &plan.steps, family, journal, &mut beside).await
}

/// What a case has set and not set otherwise since, as its journal tells. A person's word was given for each when it was done: that, and nothing else, may be
/// made again without another.
#[derive(Debug)]
pub struct CarriedOut {
    set: Vec<(Step, Change)>,
}

impl CarriedOut {
    /// What the journal tells of `steps` and of those that were added to them.
    pub fn of(entries: &[Entry], steps: &[Step]) -> Self {
        CarriedOut {
            set: progress(entries).standing(steps),
        }
    }

    /// Whether nothing is left of it that somebody could turn round.
    pub fn is_empty(&self) -> bool {
        !self.set.iter().any(|(_, change)| change.is_cut())
    }
}

/// Looks after what was carried out while `work` is done: see [`look_after`].
///
/// # Errors
/// The journal could not be written.
pub async fn guard<T>(
    mount: &Mount<Live>,
    done: CarriedOut,
    family: Family,
    journal: &mut Journal,
    hooks: &mut dyn Hooks,
    work: impl Future<Output = T>,
) -> Result<Option<T>, ExecuteError> {
    let family = Family {
        set: done.set,
        ..family
    };
    look_after(mount.writable_by_consent(), family, journal, hooks, work).await
}

/// Looks after what was carried out while a question stands: see [`look_after_asking`].
///
/// # Errors
/// The journal could not be written.
pub async fn guard_asking(
    mount: &Mount<Live>,
    done: CarriedOut,
    family: Family,
    journal: &mut Journal,
    hooks: &mut dyn Hooks,
    answered: Answered,
) -> Result<(), ExecuteError> {
    let family = Family {
        set: done.set,
        ..family
    };
    look_after_asking(mount.writable_by_consent(), family, journal, hooks, answered).await
}
