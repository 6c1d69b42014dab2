//! What a case has cut is looked after while something else is done: whoever fights back turns it round within seconds, and a trail takes minutes to be read.

use super::Desk;
use super::console::{Console, Mode};
use super::exit::{Exit, Failure};
use super::folder::Case;
use super::run::unwritten;
use super::world::World;
use crate::journal::Journal;
use crate::live::{CarriedOut, guard};
use crate::plan::Plan;
use crate::rehearse::family;

/// Does `work`. On AWS, what `plan` has cut as the journal tells is made again meanwhile where somebody turns it round; on a twin nobody does.
///
/// # Errors
/// What `work` failed with, a journal that cannot be written, or Ctrl-C.
pub(super) async fn guarded<T>(
    desk: &Desk,
    world: &World,
    case: &Case,
    journal: &mut Journal,
    plan: &Plan,
    mode: Mode,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let done = CarriedOut::of(journal.entries(), &plan.steps);
    let World::Live { mount, .. } = world else {
        return work.await;
    };
    if done.is_empty() {
        return work.await;
    }
    desk.terminal
        .status("\nwhat is cut is looked after while everything is read: if somebody turns it round, it is made again");
    let mut console = Console::new(desk, case, mode, plan.steps.len(), world.clients().now());
    console.carries_out(&plan.steps);
    let done = guard(mount, done, family(plan), journal, &mut console, work).await;
    done.map_err(|error| unwritten(&error))?.unwrap_or_else(|| {
        let message = "Ctrl-C while the trail was read: nothing more was done";
        Err(Failure::new(Exit::Interrupted, "case.interrupted", message))
    })
}
