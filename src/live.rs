//! Mount AWS, execute beside the rehearsal, stop on divergence.
//!
//! Live execution is earned by types: a [`Plan`](crate::plan::Plan) becomes [`Rehearsed`], a person's word becomes [`Permitted`], and only
//! both together get leave to write to AWS.

use crate::execute::{ExecuteError, Family, Hooks, execute, look_after};
use crate::journal::{Finish, Journal};
use crate::mount::{Live, Mount};
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

/// Looks after what a plan that was carried out has set, `family.set`, while `work` is done: see [`look_after`].
///
/// # Errors
/// The journal could not be written.
pub async fn guard<T>(
    mount: &Mount<Live>,
    _: Permitted<'_>,
    family: Family,
    journal: &mut Journal,
    hooks: &mut dyn Hooks,
    work: impl Future<Output = T>,
) -> Result<Option<T>, ExecuteError> {
    look_after(mount.writable_by_consent(), family, journal, hooks, work).await
}
