//! `oust run`: rehearse, ask, carry out, look again, say who is still in.

use super::Desk;
use super::args::{Choice, RunArgs, Sources};
use super::console::{Console, Mode};
use super::exit::{Exit, Failure};
use super::first::{Opened, first_wave};
use super::folder::{Begun, Case, read_plan};
use super::further::{carried_out, further};
use super::keys::keys;
use super::prepare::{Prepared, account, missing, not_against_oneself, prepared, rehearsed, traced};
use super::world::{World, read_text, wall_clock};
use crate::execute::{ExecuteError, Family, Hooks, execute};
use crate::ids::{AccessKeyId, CaseId, StepId};
use crate::journal::{Entry, Event, Finish, Journal, Judgement, progress};
use crate::lineage::{Credential, Made};
use crate::plan::{Foothold, Plan, drift, footholds};
use crate::rehearse::{Beside, Rehearsed, family, judge};
use crate::report::{self, Tone};
use serde::Serialize;
use std::path::Path;

/// How far a clock may be off before AWS refuses its signatures.
const CLOCK_DOUBT_SECONDS: i64 = 15 * 60;

/// How a run ended, for machines.
#[derive(Debug, Serialize)]
struct Outcome {
    case: CaseId,
    finish: Finish,
    contained: bool,
    verdicts: Vec<Judgement>,
    /// What the family left behind.
    footholds: Vec<Foothold>,
    /// Steps that were not done, or whose end isn't known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left: Vec<StepId>,
    /// Why containment cannot be said although every known credential is dead.
    doubts: Vec<String>,
    calls: usize,
}

pub(super) async fn run(desk: &Desk, args: RunArgs) -> Result<Exit, Failure> {
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
    let prepared = match file {
        Some(file) => from_plan(desk, &world, &args, file).await?,
        None => prepared(desk, &world, &args.sources, &args.choice, &keys).await?,
    };
    if dry {
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
        ..family(prepared.rehearsed.plan())
    };
    let finish = carry_out(&world, &prepared.rehearsed, family, &mut journal, &mut console).await?;
    let ended = Ended {
        finish,
        interrupted: console.was_interrupted(),
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
    let Opened {
        case,
        lock,
        mut journal,
        finish,
        interrupted,
    } = first;
    let mut ended = Ended { finish, interrupted };
    let case_goes_on = |failure: Failure| {
        let hint = format!(
            "the first wave is done and stands: `oust resume {0}` goes on, `oust undo {0}` turns it round",
            case.id
        );
        failure.hint(hint)
    };
    let prepared = prepared(desk, world, &args.sources, &args.choice, keys)
        .await
        .map_err(case_goes_on)?;
    let mode = if args.yes { Mode::Beforehand } else { Mode::Asked };
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
    not_against_oneself(world, &plan.keys, None).await?;
    let mut traced = traced(desk, Some(world), &args.sources, &plan.keys).await?;
    not_against_oneself(world, &plan.keys, Some(&traced)).await?;
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
    for gap in &prepared.gaps {
        desk.terminal.urgent(&format!("in doubt: {gap}"));
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
    match missing(rehearsed) {
        Some(failure) => Err(failure),
        None if rehearsed.contains() && prepared.gaps.is_empty() => Ok(Exit::Success),
        None => Ok(Exit::NotContained),
    }
}

/// A plan that fails in rehearsal is not tried on AWS.
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
    hooks: &mut dyn Hooks,
) -> Result<Finish, Failure> {
    let steps = &rehearsed.plan().steps;
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
    done.map_err(|error| {
        let code = match &error {
            ExecuteError::Journal(_) => "journal.unwritable",
            ExecuteError::Evidence(_) => "evidence.unwritable",
        };
        Failure::new(Exit::CaseFolder, code, error.to_string())
    })
}

/// How the steps of a run ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) finish: Finish,
    /// Whether Ctrl-C was pressed.
    pub(super) interrupted: bool,
}

/// Looks at the account again, says who is still in, and gives the exit code.
pub(super) async fn conclude(
    desk: &Desk,
    world: &World,
    sources: &Sources,
    case: &Case,
    journal: &mut Journal,
    prepared: &Prepared,
    ended: Ended,
) -> Result<Exit, Failure> {
    let Ended { finish, interrupted } = ended;
    let mut doubts: Vec<String> = prepared.gaps.clone();
    doubts.extend(
        prepared
            .collected
            .unread
            .iter()
            .map(|unread| format!("{} could not be read", unread.what)),
    );
    let swept = journal
        .entries()
        .iter()
        .any(|entry| matches!(entry.event, Event::Swept { .. }));
    if finish == Finish::Completed && !swept {
        doubts.push("the trail was not looked through again after the steps".to_owned());
    }
    doubts.extend(contested(journal.entries()));
    let End {
        verdicts,
        footholds,
        gaps,
    } = match at_the_end(desk, world, sources, &prepared.lineage.asked, prepared).await {
        Ok(end) => end,
        Err(failure) => {
            doubts.push(format!("the account could not be read again: {}", failure.message));
            End::default()
        }
    };
    doubts.extend(gaps.into_iter().filter(|gap| !prepared.gaps.contains(gap)));
    let judged = Event::Judged {
        after: None,
        verdicts: verdicts.clone(),
    };
    let entry = journal.append(world.clients().now(), judged);
    entry.map_err(|error| Failure::new(Exit::CaseFolder, "journal.unwritable", error.to_string()))?;
    let dead = !verdicts.is_empty() && verdicts.iter().all(|judged| judged.verdict.is_contained());
    let closed = footholds.iter().all(|foothold| foothold.state.is_closed());
    let left = progress(journal.entries()).left(&case.plan()?.steps);
    let outcome = Outcome {
        left: left.into_iter().map(|step| step.id).collect(),
        case: case.id.clone(),
        contained: dead && closed && doubts.is_empty() && finish == Finish::Completed,
        finish,
        verdicts,
        footholds,
        doubts,
        calls: world.clients().calls().len(),
    };
    case.write("outcome.json", &outcome)?;
    desk.result(|| ending(desk, world, &outcome), &outcome)?;
    Ok(match &outcome.finish {
        Finish::Stopped { .. } if interrupted => Exit::Interrupted,
        Finish::Stopped { .. } => Exit::Stopped,
        Finish::Failed { .. } => Exit::Aws,
        Finish::Diverged { .. } => Exit::Diverged,
        Finish::Completed if outcome.contained => Exit::Success,
        Finish::Completed => Exit::NotContained,
    })
}

/// Changes that somebody turned round, with no quiet time after: it may have been done again since.
fn contested(entries: &[Entry]) -> Option<String> {
    let quiet = entries
        .iter()
        .rposition(|entry| matches!(entry.event, Event::Held { .. }));
    let since = entries.get(quiet.map_or(0, |place| place + 1)..).unwrap_or_default();
    let turned: Vec<String> = since
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Contested { step, .. } => Some(format!("step {step} at {}", entry.at)),
            _ => None,
        })
        .collect();
    (!turned.is_empty()).then(|| {
        format!(
            "somebody turned changes round and was not quiet since: {}",
            turned.join(", ")
        )
    })
}

/// What is seen when the account and the trail are read again.
#[derive(Default)]
struct End {
    verdicts: Vec<Judgement>,
    footholds: Vec<Foothold>,
    gaps: Vec<String>,
}

async fn at_the_end(
    desk: &Desk,
    world: &World,
    sources: &Sources,
    keys: &[AccessKeyId],
    prepared: &Prepared,
) -> Result<End, Failure> {
    let mut again = traced(desk, Some(world), sources, keys).await?;
    // What was known before the steps is judged, whatever the evidence tells now: stdin, for one, is read only once.
    let before = prepared.lineage.credentials.iter();
    let lost: Vec<Credential> = before
        .filter(|held| again.lineage.member(&held.key).is_none())
        .cloned()
        .collect();
    again.lineage.credentials.extend(lost);
    let left = prepared.lineage.made.iter();
    let left: Vec<Made> = left
        .filter(|made| !again.lineage.made.contains(made))
        .cloned()
        .collect();
    again.lineage.made.extend(left);
    // A user that is gone no longer tells what was theirs: who held what is known from before.
    for root in prepared.lineage.roots() {
        if let (Some(holder), Some(of)) = (root.holder.clone(), root.account.clone()) {
            again.lineage.held_by(&root.key, holder, of);
        }
    }
    let collected = account(world, &mut again).await?;
    // Our clock may be ahead of AWS's by as much as AWS lets a signature be off: no session is called expired before that.
    let now = match world {
        World::Live { .. } => world.clients().now().plus_seconds(-CLOCK_DOUBT_SECONDS),
        World::Twin { .. } => world.clients().now(),
    };
    Ok(End {
        verdicts: judge(&collected.account, &again.lineage, now),
        footholds: footholds(&again.lineage, &collected.account, now),
        gaps: again.gaps,
    })
}

fn ending(desk: &Desk, world: &World, outcome: &Outcome) -> String {
    let paint = desk.paint();
    let mut out = vec![String::new()];
    for judged in &outcome.verdicts {
        let tone = if judged.verdict.is_contained() {
            Tone::Good
        } else {
            Tone::Bad
        };
        out.push(format!("{:<4} {}", judged.label, judged.key));
        out.push(format!(
            "     {}",
            (paint.with)(tone, &paint.fold(5, &judged.verdict.to_string()))
        ));
    }
    out.extend(outcome.footholds.iter().map(|foothold| {
        let text = paint.fold(2, &format!("left behind: {foothold}"));
        (paint.with)(report::foothold_tone(foothold), &text)
    }));
    out.extend(
        outcome
            .doubts
            .iter()
            .map(|doubt| paint.fold(2, &format!("in doubt: {doubt}"))),
    );
    if outcome.finish != Finish::Completed && !outcome.left.is_empty() {
        let left: Vec<&str> = outcome.left.iter().map(StepId::as_str).collect();
        out.push(paint.fold(0, &format!("not done: steps {}", left.join(", "))));
    }
    out.push(match (&outcome.finish, outcome.contained) {
        (_, true) => (paint.with)(
            Tone::Good,
            "CONTAINED: every known credential of the family is proven useless, and no way back that it left is open",
        ),
        (Finish::Completed, false) => (paint.with)(Tone::Bad, "NOT CONTAINED: see above"),
        (Finish::Stopped { before }, _) => (paint.with)(Tone::Bad, &format!("STOPPED before step {before}")),
        (Finish::Failed { at }, _) => (paint.with)(Tone::Bad, &format!("FAILED at step {at}")),
        (Finish::Diverged { at }, _) => (paint.with)(Tone::Bad, &format!("DIVERGED at step {at}")),
    });
    if let World::Live { .. } = world {
        let late = "CloudTrail tells of calls some minutes late: run `oust trace` again in 15 minutes for what was minted in between.";
        let case = &outcome.case;
        let undo = match outcome.finish {
            Finish::Completed => format!("`oust report {case}` tells the case, `oust undo {case}` turns it round."),
            _ => format!(
                "`oust resume {case}` goes on, `oust report {case}` tells the case, `oust undo {case}` turns it round."
            ),
        };
        out.extend([paint.fold(0, late), paint.fold(0, &undo)]);
    } else {
        out.push(paint.fold(
            0,
            &format!(
                "`oust report {}` tells the case; the twin ended with this process.",
                outcome.case
            ),
        ));
    }
    out.join("\n")
}
