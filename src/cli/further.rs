//! Further waves of a case: what is found when everything is looked at again becomes steps of its own, until nothing more is found.

use super::Desk;
use super::conclude::Ended;
use super::console::{Console, Mode};
use super::exit::{Exit, Failure};
use super::folder::{Begun, Case, plan_file};
use super::innocent;
use super::prepare::{Prepared, missing, planned, rehearsed};
use super::renew::signed_in;
use super::run::{carry_out, rehearsed_well};
use super::world::World;
use crate::execute::Family;
use crate::journal::{Event, Finish, Journal, progress};
use crate::plan::{Plan, without_effect};
use crate::rehearse::{family, more};
use crate::report;

/// Whoever makes new things faster than this many waves end them is not put out by waves.
const AT_MOST: usize = 6;

/// Looks again and carries out what is found, wave by wave. `ended` is how the wave before ended; nothing follows on one that did not come to its end.
pub(super) async fn further(
    desk: &Desk,
    world: &World,
    case: &Case,
    begun: &Begun,
    journal: &mut Journal,
    mode: Mode,
    mut ended: Ended,
) -> Result<(Option<Prepared>, Ended), Failure> {
    let mut last = None;
    while ended.finish == Finish::Completed && !ended.interrupted {
        signed_in(desk, world).await?;
        let wave = case.plans()?.len() + 1;
        let Found { prepared, doubts } = found(desk, world, case, begun, journal, wave).await?;
        for doubt in &doubts {
            desk.terminal.urgent(&format!("in doubt: {doubt}"));
        }
        let Some(prepared) = prepared else { break };
        if wave > AT_MOST {
            let message = format!("after {AT_MOST} waves there is still more: the account is not held");
            return Err(Failure::new(Exit::NotContained, "case.not_held", message));
        }
        if let Some(failure) = missing(&prepared.rehearsed) {
            return Err(failure);
        }
        rehearsed_well(&prepared.rehearsed)?;
        desk.terminal.urgent(&format!("\nwave {wave}: more was found"));
        desk.terminal
            .urgent(&report::plan(&prepared.rehearsed, desk.paint_status()));
        ended = carried_out(desk, world, case, journal, &prepared, wave, mode).await?;
        last = Some(prepared);
    }
    Ok((last, ended))
}

/// What was found when everything was looked at again.
pub(super) struct Found {
    /// The next wave, if there is anything to do.
    pub(super) prepared: Option<Prepared>,
    /// What is called for and is not done, with why.
    pub(super) doubts: Vec<String>,
}

/// The next wave, if there is anything to do. What two waves have done without effect is not done again.
pub(super) async fn found(
    desk: &Desk,
    world: &World,
    case: &Case,
    begun: &Begun,
    journal: &Journal,
    wave: usize,
) -> Result<Found, Failure> {
    let so_far = case.plan()?;
    let began = journal
        .entries()
        .first()
        .map_or_else(|| world.clients().now(), |first| first.at);
    let mut known = so_far.lineage.clone();
    case.plans()?.iter().for_each(|plan| known.remember(&plan.lineage));
    let (mut plan, traced, collected) = planned(
        desk,
        world,
        &begun.sources,
        &begun.choice,
        &so_far.keys,
        Some(&known),
        (&innocent::spared(case), began),
    )
    .await?;
    let (entries, lead) = (journal.entries(), format!("w{wave}-"));
    let now = world.clients().now();
    plan.steps = more(&plan, &collected.account, &so_far.steps, entries, &lead, now);
    let verified = entries.iter().filter_map(|entry| match &entry.event {
        Event::Verified { step } => Some(step.clone()),
        _ => None,
    });
    let vain = without_effect(&plan, &collected.account, &case.plans()?, &verified.collect());
    plan.steps.retain(|step| vain.iter().all(|vain| vain.id != step.id));
    let mut doubts: Vec<String> = vain.iter().map(|step| in_vain(&step.title)).collect();
    let changes = |plan: &Plan| plan.steps.iter().any(|step| step.action.changes());
    if !changes(&plan) {
        return Ok(Found { prepared: None, doubts });
    }
    let prepared = rehearsed(world, plan, traced, collected).await?;
    doubts.extend(prepared.rehearsed.left_out().iter().cloned());
    let prepared = changes(prepared.rehearsed.plan()).then_some(prepared);
    Ok(Found { prepared, doubts })
}

fn in_vain(title: &str) -> String {
    format!(
        "two waves did this for the same credentials and it stands, without effect, so it is not done again: {title}"
    )
}

/// Carries a prepared plan out as wave `wave` of the case.
pub(super) async fn carried_out(
    desk: &Desk,
    world: &World,
    case: &Case,
    journal: &mut Journal,
    prepared: &Prepared,
    wave: usize,
    mode: Mode,
) -> Result<Ended, Failure> {
    let plan: &Plan = prepared.rehearsed.plan();
    case.write(&plan_file(wave), plan)?;
    case.write_rebuild(&case.plan()?)?;
    let widened = Event::Widened {
        wave,
        plan: plan.digest(),
    };
    journal
        .append(world.clients().now(), widened)
        .map_err(|error| Failure::new(Exit::CaseFolder, "journal.unwritable", error.to_string()))?;
    let before = case.plan()?;
    let so_far = progress(journal.entries());
    case.keep_late(world.clients().now(), &prepared.collected.account)?;
    let family = Family {
        read: Some((prepared.read_at, prepared.collected.account.clone())),
        before: case.evidence(),
        set: so_far.standing(&before.steps),
        spared: Some(innocent::spared(case)),
        ..family(plan)
    };
    let mut console = Console::new(desk, case, mode, plan.steps.len(), world.clients().now());
    let finish = carry_out(world, &prepared.rehearsed, family, journal, &mut console).await?;
    Ok(Ended {
        finish,
        interrupted: console.was_interrupted(),
        mode,
    })
}
