//! `oust resume`: a run that was broken off, stopped or failed goes on, into the same case.
//!
//! What the journal shows as settled is left alone. A step whose call may have been made is looked at: what is so already was done by the run. What
//! is left becomes a plan, rehearsed on a twin of the account as it is now.

use super::Desk;
use super::args::{ResumeArgs, Sources};
use super::conclude::{Ended, conclude, never_quiet, unsettled};
use super::console::{Console, Mode};
use super::exit::{Exit, Failure};
use super::folder::Case;
use super::guarded::guarded;
use super::innocent;
use super::prepare::{Prepared, Traced, account, missing, not_against_oneself, rehearsed, signs, traced};
use super::run::{behind_a_change, carry_out, foreseen, rehearsed_well, with_more};
use super::world::{World, wall_clock};
use crate::action::Action;
use crate::collect::{self, Collected};
use crate::execute::Family;
use crate::ids::AccountId;
use crate::journal::{Entry, Event, Finish, Journal, Progress, progress};
use crate::plan::{Plan, Step};
use crate::rehearse::family;
use crate::report;

pub(super) async fn resume(desk: &Desk, args: ResumeArgs) -> Result<Exit, Failure> {
    innocent::understood(&args.innocent.innocent)?;
    let case = Case::open(&args.folder.cases, &args.case)?;
    let lock = case.lock()?;
    if let Some(holder) = &lock.left_behind {
        desk.terminal.status(&format!(
            "{holder} ended without closing the case: what it did is looked at"
        ));
    }
    let mut journal = case.go_on()?;
    let plan = carried_out(&case, journal.entries())?;
    innocent::untreated(&plan, &args.innocent.innocent)?;
    innocent::call(&case, &args.innocent.innocent)?;
    let begun = case.begun()?;
    let sources = &begun.sources;
    let world = World::mount(&args.world, &format!("resume-{}", wall_clock().basic())).await?;
    same_world(&case, journal.entries(), &world)?;
    let caller = collect::caller(world.clients()).await?;
    signs(desk, &world, &caller);
    same_account(&plan, &caller.account)?;
    let mode = if args.yes { Mode::Beforehand } else { Mode::Asked };
    let changes = args.yes || desk.terminal.can_ask();
    let begun_with = journal.entries().len();
    let reading = read(desk, &world, sources, &plan);
    let found = match changes {
        true => guarded(desk, &world, &case, &mut journal, &plan, mode, reading).await,
        false => reading.await,
    };
    let is_touched = |journal: &Journal| journal.entries().len() > begun_with;
    let (traced, collected) = found.map_err(|failure| behind(failure, is_touched(&journal)))?;
    // What was turned round meanwhile, and is not made again yet, is left as well.
    let so_far = progress(journal.entries());
    let left = so_far.left(&plan.steps);
    let prepared = prepared(&world, &plan, left.clone(), traced, collected).await;
    let prepared = prepared.map_err(|failure| behind(failure, is_touched(&journal)))?;
    let ended = if left.is_empty() {
        desk.terminal
            .status("every step is settled: only the end is looked at again");
        Ended {
            finish: Finish::Completed,
            interrupted: false,
            mode,
        }
    } else {
        if !changes {
            desk.result(|| report::plan(&prepared.rehearsed, desk.paint()), &prepared.rehearsed)?;
            desk.terminal
                .status("no terminal to ask at and no --yes: this was a dry run of what is left; nothing was changed");
            desk.list_calls(world.clients());
            let doubts = lasting_doubts(desk, &so_far, &plan.steps, &left, journal.entries());
            return match foreseen(&prepared)? {
                Exit::Success if doubts => Ok(Exit::NotContained),
                exit => Ok(exit),
            };
        }
        if let Some(failure) = missing(&prepared.rehearsed) {
            return Err(failure);
        }
        rehearsed_well(&prepared.rehearsed)?;
        go_on(desk, &world, &case, &mut journal, &prepared, &so_far, args.yes).await?
    };
    let (prepared, ended) = if changes {
        with_more(desk, &world, &case, &begun, &mut journal, mode, prepared, ended).await
    } else {
        (prepared, ended)
    };
    let exit = conclude(desk, &world, sources, &case, &mut journal, &prepared, ended).await?;
    desk.list_calls(world.clients());
    drop(lock);
    Ok(exit)
}

/// The plan of a case whose last run was one of that plan.
pub(super) fn carried_out(case: &Case, entries: &[Entry]) -> Result<Plan, Failure> {
    let digests: Vec<String> = case.plans()?.iter().map(Plan::digest).collect();
    let told = entries.iter().filter_map(|entry| match &entry.event {
        Event::Opened { plan, .. } | Event::Widened { plan, .. } => Some(plan),
        _ => None,
    });
    // A wave whose plan was written and that was broken off before it began is made anew.
    let told: Vec<&String> = told.collect();
    if told.is_empty() || !digests.iter().zip(&told).all(|(there, told)| there == *told) || digests.len() < told.len() {
        let message = format!(
            "the plan of case {} is not the one that its run began with; nothing was done",
            case.id
        );
        return Err(Failure::new(Exit::Refused, "case.plan_changed", message)
            .hint("keep the folder as evidence, and begin a new case with `oust run`, which looks before it changes"));
    }
    if digests.len() > told.len() {
        case.forget_wave(digests.len())?;
    }
    let plan = case.plan()?;
    let undone = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::Intended { step, .. } => Some(step.undoes().is_some()),
        Event::Opened { .. } | Event::Widened { .. } | Event::Resumed { .. } => Some(false),
        _ => None,
    });
    if undone == Some(true) {
        let message = format!("case {} was being undone; nothing was done", case.id);
        return Err(Failure::new(Exit::Refused, "case.undone", message).hint(format!(
            "`oust undo {}` goes on with that; `oust run` begins a new case",
            case.id
        )));
    }
    Ok(plan)
}

/// Says what no step that is left looks at again; gives whether there is anything.
fn lasting_doubts(desk: &Desk, so_far: &Progress, steps: &[Step], left: &[Step], entries: &[Entry]) -> bool {
    let behind: Vec<Step> = steps
        .iter()
        .filter(|step| left.iter().all(|left| left.id != step.id))
        .cloned()
        .collect();
    let holds = left.iter().any(|step| matches!(step.action, Action::Hold { .. }));
    let fought = unsettled(entries).filter(|_| !holds);
    let doubts: Vec<String> = never_quiet(so_far, &behind).into_iter().chain(fought).collect();
    for doubt in &doubts {
        desk.terminal.urgent(&format!("in doubt: {doubt}"));
    }
    !doubts.is_empty()
}

/// A run goes on where it began.
pub(super) fn same_world(case: &Case, entries: &[Entry], world: &World) -> Result<(), Failure> {
    let began = entries.iter().find_map(|entry| match &entry.event {
        Event::Opened { world, .. } => Some(world.as_str()),
        _ => None,
    });
    let began = began.unwrap_or_default();
    let twin = matches!(world, World::Twin { .. });
    if began == world.name() && !twin {
        return Ok(());
    }
    let (message, hint) = if began == "twin" {
        let message = format!(
            "case {} was a run on a twin, which ended with its process; nothing was done",
            case.id
        );
        (message, "play it again with `oust run --scenario`".to_owned())
    } else {
        let message = format!(
            "case {} began on {began}, and this is {}; nothing was done",
            case.id,
            world.name()
        );
        (message, "give the same --endpoint-url and profile as before".to_owned())
    };
    Err(Failure::new(Exit::Refused, "case.other_world", message).hint(hint))
}

/// A case is about one account.
fn same_account(plan: &Plan, account: &AccountId) -> Result<(), Failure> {
    if *account == plan.basis.id {
        return Ok(());
    }
    let message = format!(
        "the case is about account {}, and these credentials are for {account}; nothing was done",
        plan.basis.id
    );
    Err(Failure::new(Exit::Refused, "case.other_world", message).hint("use the profile of the case's account"))
}

/// A failure in words that are true where something was made again meanwhile.
fn behind(failure: Failure, is_touched: bool) -> Failure {
    match is_touched {
        true => behind_a_change(failure),
        false => failure,
    }
}

/// The trail and the account as they are now.
async fn read(desk: &Desk, world: &World, sources: &Sources, plan: &Plan) -> Result<(Traced, Collected), Failure> {
    not_against_oneself(desk, world, &plan.keys, None).await?;
    let mut traced = traced(desk, Some(world), sources, &plan.keys).await?;
    traced.lineage.remember(&plan.lineage);
    not_against_oneself(desk, world, &plan.keys, Some(&traced)).await?;
    let collected = account(world, &mut traced).await?;
    same_account(plan, &collected.account.id)?;
    Ok((traced, collected))
}

/// What is left, rehearsed on the account as it is now.
async fn prepared(
    world: &World,
    plan: &Plan,
    left: Vec<Step>,
    traced: Traced,
    collected: Collected,
) -> Result<Prepared, Failure> {
    let mut plan = plan.clone();
    plan.steps = left;
    rehearsed(world, plan, traced, collected).await
}

async fn go_on(
    desk: &Desk,
    world: &World,
    case: &Case,
    journal: &mut Journal,
    prepared: &Prepared,
    so_far: &Progress,
    yes: bool,
) -> Result<Ended, Failure> {
    let plan = prepared.rehearsed.plan();
    if !yes {
        desk.terminal
            .urgent(&report::plan(&prepared.rehearsed, desk.paint_status()));
    }
    let resumed = Event::Resumed {
        world: world.name().to_owned(),
        left: plan.steps.iter().map(|step| step.id.clone()).collect(),
    };
    journal
        .append(world.clients().now(), resumed)
        .map_err(|error| Failure::new(Exit::CaseFolder, "journal.unwritable", error.to_string()))?;
    case.keep_late(world.clients().now(), &prepared.collected.account)?;
    let family = Family {
        read: Some((prepared.read_at, prepared.collected.account.clone())),
        before: case.evidence(),
        set: so_far.standing(&case.plan()?.steps),
        open: so_far.open.clone(),
        spared: Some(innocent::spared(case)),
        ..family(plan)
    };
    let mode = if yes { Mode::Beforehand } else { Mode::Asked };
    let mut console = Console::new(desk, case, mode, plan.steps.len(), world.clients().now());
    let finish = carry_out(world, &prepared.rehearsed, family, journal, &mut console).await?;
    Ok(Ended {
        finish,
        interrupted: console.was_interrupted(),
        mode,
    })
}
