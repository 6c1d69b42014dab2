//! What a case has cut is looked after while something else is done: whoever fights back turns it round within seconds, and a trail takes minutes to be read.

use super::Desk;
use super::console::{Console, Mode};
use super::exit::{Exit, Failure};
use super::folder::Case;
use super::question;
use super::run::unwritten;
use super::terminal::Terminal;
use super::world::World;
use crate::execute::Family;
use crate::journal::Journal;
use crate::live::{CarriedOut, guard, guard_asking};
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
    // On the heap: whatever holds it would grow by it once more.
    let work = Box::pin(work);
    let done = guard(mount, done, family(plan), journal, &mut console, work).await;
    done.map_err(|error| unwritten(&error))?.unwrap_or_else(|| {
        let message = "Ctrl-C while the trail was read: nothing more was done";
        Err(Failure::new(Exit::Interrupted, "case.interrupted", message))
    })
}

/// Asks at the terminal. On AWS, what the case has cut is looked after until the answer is there, and what was turned round meanwhile is told behind it; on a
/// twin nobody does that. Whoever presses Ctrl-C has answered nothing.
///
/// # Errors
/// The journal cannot be written, or the plan of the case not be read.
pub(super) async fn asked<T: Default + Send + 'static>(
    desk: &Desk,
    world: &World,
    case: &Case,
    journal: &mut Journal,
    ask: impl FnOnce(&Terminal) -> T + Send + 'static,
) -> Result<T, Failure> {
    let plan = case.plan()?;
    let done = CarriedOut::of(journal.entries(), &plan.steps);
    let World::Live { mount, .. } = world else {
        return Ok(ask(&desk.terminal));
    };
    if done.is_empty() || !world.clients().side_by_side() {
        return Ok(ask(&desk.terminal));
    }
    let Some((open, answered)) = question::elsewhere(&desk.terminal, ask) else {
        return Ok(T::default());
    };
    let mut console = Console::new(desk, case, Mode::Asked, plan.steps.len(), world.clients().now());
    console.carries_out(&plan.steps);
    console.is_silent();
    let family = Family {
        before: case.evidence(),
        ..family(&plan)
    };
    let looked_after = guard_asking(mount, done, family, journal, &mut console, answered).await;
    console.tell_meanwhile();
    looked_after.map_err(|error| unwritten(&error))?;
    Ok(open.answer().unwrap_or_default())
}
