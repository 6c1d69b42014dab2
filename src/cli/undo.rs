//! `oust undo`: a plan read backwards from the journal, rehearsed, asked for, and carried out into the same case.

use super::Desk;
use super::args::UndoArgs;
use super::around::around;
use super::console::{Console, Mode};
use super::exit::{Exit, Failure};
use super::folder::Case;
use super::innocent;
use super::others;
use super::prepare::{missing, signs};
use super::resume::same_world;
use super::run::{carry_out, rehearsed_well};
use super::told::{CLOCK_DOUBT_SECONDS, untold_to_undo};
use super::world::{World, wall_clock};
use crate::action::{Member, Setting, read};
use crate::collect::{self, Collected};
use crate::execute::Hooks;
use crate::ids::{AccessKeyId, StepId};
use crate::journal::{Entry, Event, Finish, progress};
use crate::lineage::trace;
use crate::plan::{Foothold, Plan};
use crate::rebuild::{CLOUDFORMATION, TERRAFORM};
use crate::rehearse::{Rehearsed, ToUndo, family, judge};
use crate::report;
use crate::trail::Window;
use crate::undo::{Drifted, Left, Lost, Undoing, done, drifted, members};
use serde::Serialize;
use std::collections::BTreeSet;

/// A rehearsed undoing, for machines.
#[derive(Serialize)]
struct Shown<'a> {
    left: &'a [Left],
    lost: &'a [Lost],
    dared: &'a [Left],
    #[serde(flatten)]
    rehearsed: &'a Rehearsed,
}

pub(super) async fn undo(desk: &Desk, args: UndoArgs) -> Result<Exit, Failure> {
    let case = Case::open(&args.folder.cases, &args.case)?;
    let _lock = case.lock()?;
    let (entries, mut plan) = (case.entries()?, case.plan()?);
    let named = named(&args.step, &entries)?;
    let world = World::mount(&args.world, &format!("undo-{}", wall_clock().basic())).await?;
    same_world(&case, &entries, &world)?;
    let caller = collect::caller(world.clients()).await?;
    signs(desk, &world, &caller);
    others::bound_too(desk, &args.folder.cases, &case, &entries, &mut plan);
    let doubt = trace_again(&world, &mut plan, &entries).await;
    if let Some(first) = entries.first() {
        plan.lineage.vouch(&innocent::spared(&case), first.at);
    }
    let (users, roles) = (&plan.basis.users, &plan.basis.roles);
    let (users, roles) = (users.keys().cloned().collect(), roles.keys().cloned().collect());
    let (mut collected, gaps) = around(world.clients(), &mut plan.lineage, users, roles).await?;
    let doubt = doubt.or_else(|| gaps.into_iter().next());
    collect::organization(world.clients(), &mut collected).await;
    let now = match world {
        World::Live { .. } => world.clients().now().plus_seconds(-CLOCK_DOUBT_SECONDS),
        World::Twin { .. } => world.clients().now(),
    };
    let signing = world.clients().signing_key();
    let to_undo = ToUndo {
        entries: &entries,
        plan: &plan,
        account: &collected.account,
        caller: &caller,
        signing_key: signing.as_ref(),
        now,
        named: &named,
        doubt: doubt.as_deref(),
    };
    let rehearsing = |error: crate::execute::ExecuteError| Failure::new(Exit::Failure, "rehearsal", error.to_string());
    let (mut undoing, rehearsed) = to_undo.rehearsed().await.map_err(rehearsing)?;
    let gone = gone(&world, &entries, &undoing).await?;
    left_although_named(&undoing, &named)?;
    say_beforehand(desk, &case, &undoing, &gone);
    let before = undoing.steps.len();
    not_drifted(&world, &mut undoing).await?;
    if let (true, Some(doubt), Some(first)) = (undoing.steps.is_empty(), &doubt, undoing.left.first()) {
        let message = format!(
            "nothing was undone: {} steps stay, step {} among them: {doubt}",
            undoing.left.len(),
            first.step
        );
        return Err(Failure::new(Exit::Refused, "refused.undo", message)
            .hint("undo again later, or name with --step what is to be undone all the same"));
    }
    if undoing.steps.is_empty() {
        return nothing_to_undo(desk, &plan, &collected, &undoing, &gone, now);
    }
    let rehearsed = match undoing.steps.len() == before {
        true => rehearsed,
        // Somebody undid a part already: the rest is rehearsed by itself.
        false => {
            let rest = Plan {
                steps: undoing.steps.clone(),
                ..plan.clone()
            };
            let again = crate::rehearse::rehearse(rest, &collected.account, &caller, signing.as_ref(), now);
            again.await.map_err(rehearsing)?
        }
    };
    let is_dry = !(args.yes || desk.terminal.can_ask());
    if is_dry {
        let shown = Shown {
            left: &undoing.left,
            lost: &undoing.lost,
            dared: &undoing.dared,
            rehearsed: &rehearsed,
        };
        desk.result(|| report::plan(&rehearsed, desk.paint()), &shown)?;
        desk.terminal
            .status("no terminal to ask at and no --yes: this was a dry run; nothing was changed");
    }
    if let Some(failure) = missing(&rehearsed) {
        return Err(failure);
    }
    rehearsed_well(&rehearsed)?;
    revives_nobody(desk, &rehearsed, &to_undo.opened(&rehearsed), &named)?;
    if is_dry {
        return Ok(Exit::Success);
    }
    let mut journal = case.go_on()?;
    let mode = if args.yes { Mode::Beforehand } else { Mode::Asked };
    let mut console = Console::new(desk, &case, mode, rehearsed.plan().steps.len(), world.clients().now());
    let finish = carry_out(&world, &rehearsed, family(rehearsed.plan()), &mut journal, &mut console).await?;
    conclude(desk, &world, &finish, console.interrupted())
}

/// The steps that --step names; each must be one that stands.
fn named(texts: &[String], entries: &[Entry]) -> Result<BTreeSet<StepId>, Failure> {
    let known = done(entries);
    let mut named = BTreeSet::new();
    for text in texts {
        let step: StepId = text
            .parse()
            .map_err(|error: crate::ids::IdError| Failure::new(Exit::Usage, "step.garbled", error.to_string()))?;
        if !known.contains(&step) {
            let all: Vec<&str> = known.iter().map(StepId::as_str).collect();
            let message = format!("no change of step {step} stands in this case; nothing was done");
            return Err(Failure::new(Exit::Usage, "step.unknown", message)
                .hint(format!("these can be named: {}", all.join(", "))));
        }
        named.insert(step);
    }
    Ok(named)
}

/// Looks through the trail for members that the family got since. Why that cannot be said, if it can't.
async fn trace_again(world: &World, plan: &mut Plan, entries: &[Entry]) -> Option<String> {
    let members: Vec<AccessKeyId> = plan.lineage.credentials.iter().map(|held| held.key.clone()).collect();
    let asked = plan.lineage.asked.clone();
    let asked_at = world.clients().now();
    let found = match collect::trail(world.clients(), &asked, &members, &Window::default(), &|_| {}).await {
        Ok(found) => found,
        Err(error) => return Some(format!("the trail cannot be looked through again: {error}")),
    };
    let again = trace(&found.evidence, &plan.lineage.traced_from());
    let fresh = again
        .credentials
        .into_iter()
        .filter(|held| !members.contains(&held.key));
    plan.lineage.credentials.extend(fresh);
    let made = again.made.into_iter().filter(|made| !plan.lineage.made.contains(made));
    let made: Vec<_> = made.collect();
    plan.lineage.made.extend(made);
    let swept = entries.iter().filter_map(|entry| match &entry.event {
        Event::Swept { found, .. } => Some(found),
        _ => None,
    });
    let lost = swept.flatten().find(|key| plan.lineage.member(key).is_none());
    let lost = lost.map(|key| format!("the sweep found {key}, and the trail does not tell of it any more"));
    let untold = || untold_to_undo(world.told_within(), entries, asked_at);
    lost.or_else(|| found.gaps.first().cloned()).or_else(untold)
}

/// The steps that are left as they are and that somebody has turned round since: what they set is not there any more.
async fn gone(world: &World, entries: &[Entry], undoing: &Undoing) -> Result<BTreeSet<StepId>, Failure> {
    let set = progress(entries).set;
    let mut gone = BTreeSet::new();
    for left in &undoing.left {
        let Some(change) = set.get(&left.step) else { continue };
        if !read(world.clients(), &change.member).await?.same_as(&change.to) {
            gone.insert(left.step.clone());
        }
    }
    Ok(gone)
}

/// There is nothing to undo, or nothing that may be: who is alive by now is said all the same.
fn nothing_to_undo(
    desk: &Desk,
    plan: &Plan,
    collected: &Collected,
    undoing: &Undoing,
    gone: &BTreeSet<StepId>,
    now: crate::time::Moment,
) -> Result<Exit, Failure> {
    if !gone.is_empty() {
        let judged = judge(&collected.account, &plan.lineage, now).into_iter();
        let alive = judged.filter(|judged| !judged.verdict.is_contained());
        let alive: Vec<String> = alive
            .map(|one| format!("{} ({}) {}", one.label, one.key, one.verdict))
            .collect();
        if !alive.is_empty() {
            let message = format!(
                "somebody undid steps of this case, and the intruder is in again: {}",
                alive.join("; ")
            );
            return Err(Failure::new(Exit::NotContained, "case.undone_by_others", message)
                .hint("begin a new case with `oust run`, and look in the trail who did it"));
        }
    }
    let stay = undoing.left.len() - gone.len();
    if stay == 0 {
        desk.result(|| "nothing to undo".to_owned(), undoing)?;
        return Ok(Exit::Success);
    }
    let message = format!("nothing was undone: {stay} changes stay, for the reasons above");
    Err(Failure::new(Exit::Refused, "refused.undo", message).hint("name with --step what is to be undone all the same"))
}

/// What stays, what is lost for good, and by what that can be built again.
fn say_beforehand(desk: &Desk, case: &Case, undoing: &Undoing, gone: &BTreeSet<StepId>) {
    for left in &undoing.left {
        if gone.contains(&left.step) {
            let line = format!(
                "undone by somebody else: step {} ({}): it is not there any more as the case left it",
                left.step, left.did
            );
            desk.terminal.urgent(&desk.folded(2, &line));
            continue;
        }
        let line = format!("left as it is: step {} ({}): {}", left.step, left.did, left.why);
        desk.terminal.status(&desk.folded(2, &line));
    }
    for dared in &undoing.dared {
        desk.terminal.urgent(&format!(
            "named, and undone all the same: step {} ({}): {}",
            dared.step, dared.did, dared.why
        ));
    }
    for lost in &undoing.lost {
        let line = format!("lost for good: step {} ({}): {}", lost.step, lost.did, lost.what);
        desk.terminal.urgent(&desk.folded(2, &line));
    }
    let built = [CLOUDFORMATION, TERRAFORM].map(|name| case.path.join(name));
    for file in built.iter().filter(|file| file.is_file()) {
        desk.terminal
            .status(&format!("{} builds again what the plan deleted", file.display()));
    }
}

/// Whoever names a step wants that step: that it cannot be undone is no success.
fn left_although_named(undoing: &Undoing, named: &BTreeSet<StepId>) -> Result<(), Failure> {
    let Some(left) = undoing.left.iter().find(|left| named.contains(&left.step)) else {
        return Ok(());
    };
    let message = format!(
        "step {} ({}) cannot be undone, and nothing was done: {}",
        left.step, left.did, left.why
    );
    Err(Failure::new(Exit::Refused, "refused.undo", message)
        .hint("--step may be given several times: name the steps that stand in its way too"))
}

/// Reads every member that would be changed, and refuses when one is not what the journal left.
async fn not_drifted(world: &World, undoing: &mut Undoing) -> Result<(), Failure> {
    let members: Vec<Member> = members(undoing).cloned().collect();
    let mut found: Vec<(Member, Setting)> = Vec::new();
    for member in members {
        let setting = read(world.clients(), &member).await?;
        found.push((member, setting));
    }
    let drifted = drifted(undoing, &found);
    if drifted.is_empty() {
        return Ok(());
    }
    let tell = |one: &Drifted| {
        format!(
            "step {} ({}) left {}, and there is {}",
            one.step,
            one.did,
            report::setting(&one.expected),
            report::setting(&one.found)
        )
    };
    let each: Vec<String> = drifted.iter().map(tell).collect();
    let message = format!(
        "the account is not what the journal left, and nothing was done: {}",
        each.join("; ")
    );
    Err(Failure::new(Exit::Refused, "refused.drift", message).hint(
        "look at who changed it; then put it back as the step left it, or undo the other steps one by one with --step",
    ))
}

/// An undoing that would bring a credential of the family back to life, or open a way back that it left, is not carried out, unless its steps are named.
fn revives_nobody(
    desk: &Desk,
    rehearsed: &Rehearsed,
    opened: &[Foothold],
    named: &BTreeSet<StepId>,
) -> Result<(), Failure> {
    let revived = rehearsed.revived();
    let revived = revived
        .iter()
        .map(|row| format!("{} ({}) {}", row.label, row.key, row.end));
    let each: Vec<String> = revived.chain(opened.iter().map(ToString::to_string)).collect();
    if each.is_empty() {
        return Ok(());
    }
    let each = each.join("; ");
    if named.is_empty() {
        let message = format!("undoing this would let the intruder in again, and nothing was done: {each}");
        return Err(Failure::new(Exit::Refused, "refused.undo", message)
            .hint("name the steps that you want undone all the same, with --step"));
    }
    desk.terminal
        .urgent(&format!("this lets the intruder in again, and was named: {each}"));
    Ok(())
}

fn conclude(desk: &Desk, world: &World, finish: &Finish, interrupted: bool) -> Result<Exit, Failure> {
    let word = match finish {
        Finish::Completed => "is done".to_owned(),
        Finish::Stopped { before } => format!("stopped before step {before}"),
        Finish::Failed { at } => format!("failed at step {at}"),
        Finish::Diverged { at } => format!("diverged at step {at}"),
    };
    desk.result(|| format!("undo {word}"), finish)?;
    desk.list_calls(world.clients());
    Ok(match finish {
        Finish::Completed => Exit::Success,
        Finish::Stopped { .. } if interrupted => Exit::Interrupted,
        Finish::Stopped { .. } => Exit::Stopped,
        Finish::Failed { .. } => Exit::Aws,
        Finish::Diverged { .. } => Exit::Diverged,
    })
}
