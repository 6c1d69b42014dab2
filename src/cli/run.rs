//! `oust run`: rehearse, ask, carry out, look again, say who is still in.

use super::Desk;
use super::args::{Choice, RunArgs};
use super::conclude::{Ended, conclude};
use super::console::{Console, Mode};
use super::evidence::understood;
use super::exit::{Exit, Failure};
use super::first::{Opened, first_wave};
use super::folder::{Begun, Case, read_plan};
use super::further::{carried_out, further};
use super::innocent;
use super::keys::keys;
use super::odds::odds;
use super::prepare::{Prepared, account, missing, not_against_oneself, prepared, rehearsed, traced};
use super::renew::signed_in;
use super::world::{World, read_text, wall_clock};
use crate::execute::{ExecuteError, Family, execute};
use crate::ids::{AccessKeyId, PrincipalArn};
use crate::journal::{Event, Finish, Journal};
use crate::plan::{Plan, drift};
use crate::rehearse::{Beside, Rehearsed, family};
use crate::report;
use std::path::Path;

pub(super) async fn run(desk: &Desk, args: RunArgs) -> Result<Exit, Failure> {
    innocent::understood(&args.innocent.innocent)?;
    let file = match args.targets.as_slice() {
        [one] => Some(Path::new(one)).filter(|path| path.is_file()),
        _ => None,
    };
    if file.is_some() && !args.sources.finding.is_empty() {
        let message = "a plan is for the keys that it was made for, and --finding would name others; nothing was done";
        return Err(
            Failure::new(Exit::Usage, "plan.and_finding", message).hint("leave --finding out, or make a new plan")
        );
    }
    understood(&args.sources)?;
    let keys = match file {
        Some(file) => read_plan(file, &read_text(file)?)?.keys,
        None => keys(desk, &args.targets, &args.sources)?,
    };
    let run_name = format!("run-{}", wall_clock().basic());
    let world = World::mount(&args.world, &run_name).await?;
    let dry = args.dry_run || !(args.yes || desk.terminal.can_ask());
    let first = match file {
        None if !dry => first_wave(desk, &world, &args, &keys).await?,
        _ => None,
    };
    if let Some(first) = first {
        return after_first(desk, &world, &args, &keys, first).await;
    }
    let called = innocent::principals(&args.innocent.innocent);
    let mut prepared = match file {
        Some(file) => from_plan(desk, &world, &args, file).await?,
        None => {
            prepared(
                desk,
                &world,
                &args.sources,
                &args.choice,
                &keys,
                (&called, world.clients().now()),
            )
            .await?
        }
    };
    if dry {
        prepared.rehearsed.odds = odds(desk, &world, &args.choice, &prepared, &args.race).await?;
        return dry_run(desk, &world, &args, &prepared);
    }
    if let Some(failure) = missing(&prepared.rehearsed) {
        return Err(failure);
    }
    rehearsed_well(&prepared.rehearsed)?;
    in_doubt(desk, &prepared);
    if !args.yes {
        desk.terminal
            .urgent(&report::plan(&prepared.rehearsed, desk.paint_status()));
    }
    let case = Case::create(&args.folder.cases, &prepared.lineage.asked, wall_clock())?;
    let _lock = case.lock()?;
    innocent::call(&case, &args.innocent.innocent)?;
    let begun = Begun {
        sources: args.sources.lasting(),
        choice: match file {
            Some(_) => Choice::of(prepared.rehearsed.plan()),
            None => args.choice.lasting(),
        },
    };
    case.write("run.json", &begun)?;
    let mut journal = open(&case, &world, &prepared.rehearsed)?;
    desk.terminal
        .status(&format!("case {} in {}", case.id, case.path.display()));
    let mode = if args.yes { Mode::Beforehand } else { Mode::Asked };
    let steps = prepared.rehearsed.plan().steps.len();
    let mut console = Console::new(desk, &case, mode, steps, world.clients().now());
    let family = Family {
        read: Some((prepared.read_at, prepared.collected.account.clone())),
        spared: Some(innocent::spared(&case)),
        ..family(prepared.rehearsed.plan())
    };
    let finish = carry_out(&world, &prepared.rehearsed, family, &mut journal, &mut console).await?;
    let ended = Ended {
        finish,
        interrupted: console.was_interrupted(),
        mode,
    };
    let (prepared, ended) = with_more(desk, &world, &case, &begun, &mut journal, mode, prepared, ended).await;
    let exit = conclude(desk, &world, &args.sources, &case, &mut journal, &prepared, ended).await?;
    desk.list_calls(world.clients());
    Ok(exit)
}

/// After the first wave: everything is read, and the whole plan follows in the same case.
async fn after_first(
    desk: &Desk,
    world: &World,
    args: &RunArgs,
    keys: &[AccessKeyId],
    first: Opened,
) -> Result<Exit, Failure> {
    let mode = if args.yes { Mode::Beforehand } else { Mode::Asked };
    let mut first = first;
    innocent::call(&first.case, &args.innocent.innocent)?;
    let called = innocent::spared(&first.case);
    let entries = first.journal.entries();
    let began = entries.first().map_or_else(|| world.clients().now(), |first| first.at);
    let hint = format!(
        "the first wave is done and stands: `oust resume {0}` goes on, `oust undo {0}` turns it round",
        first.case.id
    );
    let case_goes_on = |failure: Failure| behind_a_change(failure).hint(hint.clone());
    let prepared = first
        .guarded(desk, world, mode, async {
            signed_in(desk, world).await?;
            prepared(desk, world, &args.sources, &args.choice, keys, (&called, began)).await
        })
        .await
        .map_err(case_goes_on)?;
    let Opened {
        case,
        lock,
        mut journal,
        finish,
        interrupted,
        ..
    } = first;
    let mut ended = Ended {
        finish,
        interrupted,
        mode,
    };
    if ended.finish == Finish::Completed && !ended.interrupted {
        if let Some(failure) = missing(&prepared.rehearsed) {
            return Err(case_goes_on(failure));
        }
        rehearsed_well(&prepared.rehearsed).map_err(case_goes_on)?;
        in_doubt(desk, &prepared);
        if !args.yes {
            desk.terminal
                .urgent(&report::plan(&prepared.rehearsed, desk.paint_status()));
        }
        ended = carried_out(desk, world, &case, &mut journal, &prepared, 2, mode).await?;
    }
    let begun = case.begun()?;
    let (prepared, ended) = with_more(desk, world, &case, &begun, &mut journal, mode, prepared, ended).await;
    let exit = conclude(desk, world, &args.sources, &case, &mut journal, &prepared, ended).await?;
    desk.list_calls(world.clients());
    drop(lock);
    Ok(exit)
}

/// A failure behind something that was done, as by a first wave: something was changed, and its words and its code must not say that nothing was. What is refused now leaves the
/// intruder half cut; a rehearsal that may not read what it must shows that the responder has lost his permissions since.
pub(super) fn behind_a_change(failure: Failure) -> Failure {
    let exit = match (failure.exit, failure.code) {
        (Exit::Refused, _) => Exit::NotContained,
        (Exit::Failure, "rehearsal") => Exit::Aws,
        (exit, _) => exit,
    };
    let told = failure
        .message
        .replace("nothing was changed", "nothing more was changed");
    Failure {
        exit,
        message: told.replace("nothing was done", "nothing more was done"),
        ..failure
    }
}

/// Goes on with what is found later. That it can't be looked for is a reason not to say "contained", and loses nothing of what was done.
#[expect(
    clippy::too_many_arguments,
    reason = "the end of a run is where everything about it comes together"
)]
pub(super) async fn with_more(
    desk: &Desk,
    world: &World,
    case: &Case,
    begun: &Begun,
    journal: &mut Journal,
    mode: Mode,
    mut prepared: Prepared,
    ended: Ended,
) -> (Prepared, Ended) {
    match further(desk, world, case, begun, journal, mode, ended.clone()).await {
        Ok((later, ended)) => (later.unwrap_or(prepared), ended),
        Err(failure) => {
            let why = format!("what was made meanwhile could not be looked for: {}", failure.message);
            prepared.gaps.push(why);
            (prepared, ended)
        }
    }
}

/// A plan from a file is only carried out on the account that it was made on.
async fn from_plan(desk: &Desk, world: &World, args: &RunArgs, file: &Path) -> Result<Prepared, Failure> {
    let plan: Plan = read_plan(file, &read_text(file)?)?;
    innocent::untreated(&plan, &args.innocent.innocent)?;
    not_against_oneself(desk, world, &plan.keys, None).await?;
    let mut traced = traced(desk, Some(world), &args.sources, &plan.keys).await?;
    not_against_oneself(desk, world, &plan.keys, Some(&traced)).await?;
    let collected = account(world, &mut traced).await?;
    let changes = drift(&plan, &collected.account, &traced.lineage);
    if !changes.is_empty() {
        let each: Vec<String> = changes.iter().map(|change| change.path.clone()).collect();
        let message = format!(
            "the account has drifted from what the plan was made on, and nothing was changed: {}",
            each.join(", ")
        );
        return Err(Failure::new(Exit::Refused, "refused.drift", message)
            .hint("make the plan anew with `oust plan`, and look at it again"));
    }
    rehearsed(world, plan, traced, collected).await
}

/// Says beforehand why nothing can be called contained at the end, whatever the steps do.
fn in_doubt(desk: &Desk, prepared: &Prepared) {
    for doubt in prepared.doubts() {
        desk.terminal.urgent(&desk.folded(2, &format!("in doubt: {doubt}")));
    }
    unarmed(desk, &prepared.rehearsed);
}

/// Says what the caller lacks should somebody fight back.
pub(super) fn unarmed(desk: &Desk, rehearsed: &Rehearsed) {
    let lacking = rehearsed.unarmed().iter();
    let lacking: Vec<String> = lacking
        .map(|permission| format!("{} on {}", permission.action, permission.resource))
        .collect();
    if !lacking.is_empty() {
        let line = format!(
            "should somebody fight back, whoever appears then cannot be denied as far as you lack this: {}",
            lacking.join("; ")
        );
        desk.terminal.urgent(&desk.folded(2, &line));
    }
}

fn dry_run(desk: &Desk, world: &World, args: &RunArgs, prepared: &Prepared) -> Result<Exit, Failure> {
    if !args.dry_run {
        desk.terminal
            .status("no terminal to ask at and no --yes: this is a dry run");
    }
    let rehearsed = &prepared.rehearsed;
    desk.result(|| report::plan(rehearsed, desk.paint()), rehearsed)?;
    in_doubt(desk, prepared);
    desk.terminal
        .status("dry run: rehearsed on a twin of the account; nothing was changed");
    desk.list_calls(world.clients());
    foreseen(prepared)
}

/// What a dry run ends with: what the run itself would, as far as it can be foreseen.
pub(super) fn foreseen(prepared: &Prepared) -> Result<Exit, Failure> {
    let rehearsed = &prepared.rehearsed;
    match missing(rehearsed) {
        Some(failure) => Err(failure),
        None if rehearsed.contains() && prepared.doubts().is_empty() => Ok(Exit::Success),
        None => Ok(Exit::NotContained),
    }
}

/// A plan that fails in rehearsal is not tried on AWS. Steps that are refused for themselves were left out of it before.
pub(super) fn rehearsed_well(rehearsed: &Rehearsed) -> Result<(), Failure> {
    match rehearsed.finish() {
        Finish::Completed => Ok(()),
        Finish::Failed { at } | Finish::Diverged { at } | Finish::Stopped { before: at } => {
            let why = rehearsed.entries().iter().rev().find_map(|entry| match &entry.event {
                Event::Failed { error, .. } | Event::InDoubt { error, .. } => Some(error.to_string()),
                _ => None,
            });
            let message = format!(
                "the rehearsal failed at step {at}, and nothing was changed: {}",
                why.unwrap_or_default()
            );
            Err(Failure::new(Exit::Refused, "refused.rehearsal", message))
        }
    }
}

pub(super) fn open(case: &Case, world: &World, rehearsed: &Rehearsed) -> Result<Journal, Failure> {
    case.write("plan.json", rehearsed.plan())?;
    let lines: Vec<String> = rehearsed
        .entries()
        .iter()
        .filter_map(|entry| serde_json::to_string(entry).ok())
        .collect();
    case.write_text("rehearsal.jsonl", &(lines.join("\n") + "\n"))?;
    case.write_rebuild(rehearsed.plan())?;
    let mut journal = case.journal()?;
    let opened = Event::Opened {
        case: case.id.clone(),
        keys: rehearsed.plan().keys.clone(),
        plan: rehearsed.plan().digest(),
        world: world.name().to_owned(),
    };
    journal
        .append(world.clients().now(), opened)
        .map_err(|error| Failure::new(Exit::CaseFolder, "journal.unwritable", error.to_string()))?;
    Ok(journal)
}

/// Carries a rehearsed plan out in its world: the same executor beside the same rehearsal in both.
pub(super) async fn carry_out(
    world: &World,
    rehearsed: &Rehearsed,
    family: Family,
    journal: &mut Journal,
    hooks: &mut Console<'_>,
) -> Result<Finish, Failure> {
    let steps = &rehearsed.plan().steps;
    hooks.carries_out(steps);
    let own = PrincipalArn::of(rehearsed.caller()).and_then(PrincipalArn::principal);
    let others = family.spared.clone().unwrap_or_default();
    let family = Family {
        spared: own.map(|own| others.into_iter().chain([own]).collect()),
        ..family
    };
    let done = match world {
        World::Live { mount, .. } => {
            let permitted = crate::live::Permitted::by_person(rehearsed);
            crate::live::run(mount, permitted, family, journal, hooks).await
        }
        World::Twin { mount, .. } => {
            let mut beside = Beside::new(hooks, rehearsed);
            execute(mount.writable(), steps, family, journal, &mut beside).await
        }
    };
    done.map_err(|error| unwritten(&error))
}

/// The journal or the evidence could not be written.
pub(super) fn unwritten(error: &ExecuteError) -> Failure {
    let code = match error {
        ExecuteError::Journal(_) => "journal.unwritable",
        ExecuteError::Evidence(_) => "evidence.unwritable",
    };
    Failure::new(Exit::CaseFolder, code, error.to_string())
}
