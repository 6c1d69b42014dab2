//! `oust watch`: keeps looking at a case until the last credential of its family has expired.
//!
//! CloudTrail tells of calls some minutes late, and a change can be turned round long after a run has ended. So the account and the trail are read
//! again and again; what is turned round or new becomes a further wave of the case, or is told, where nobody agrees to it.

use super::Desk;
use super::args::WatchArgs;
use super::conclude::{at_the_end, before};
use super::console::Mode;
use super::exit::{Exit, Failure};
use super::folder::{Begun, Case};
use super::further::{carried_out, found};
use super::innocent;
use super::interrupts::watch_ctrl_c;
use super::prepare::missing;
use super::renew::signed_in;
use super::resume;
use super::run::rehearsed_well;
use super::secrets;
use super::told::{CLOCK_DOUBT_SECONDS, proven, still_contested, told_from, untold};
use super::world::{World, wall_clock};
use crate::journal::{Event, Finish, Journal, Judgement, acted_until};
use crate::time::Moment;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Failures that pass by themselves.
const PASSES: [&str; 4] = ["aws.throttled", "aws.unreachable", "aws.no_answer", "aws.service_fault"];

/// What one look showed.
#[derive(Debug, Serialize)]
struct Look {
    at: Moment,
    /// Whether every known credential is dead, nothing that was left behind is open, and the evidence has no gap.
    contained: bool,
    /// Whether nothing but the trail's delay stands against that.
    #[serde(rename = "not_proven_yet", skip_serializing_if = "std::ops::Not::not")]
    waits: bool,
    verdicts: Vec<Judgement>,
    /// What is open and why nothing more can be said.
    doubts: Vec<String>,
    /// Who appeared behind the first look at the account, by somebody else as far as the trail shows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    since: Vec<String>,
    /// Secrets that the family read, but for those that only plans of the case tell of.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    secrets: BTreeSet<String>,
    /// Those of them that were not told before.
    #[serde(skip)]
    new_secrets: BTreeSet<String>,
    /// From when on a look shows all that the family did, where this one came too early.
    #[serde(skip_serializing_if = "Option::is_none")]
    told_from: Option<Moment>,
    /// Changes that a further wave made, or would make.
    steps: Vec<String>,
    /// Until when credentials of the family live, as far as is known.
    until: Moment,
    /// Until when the family may have acted at the latest, as far as is known.
    #[serde(skip)]
    acted_until: Moment,
}

pub(super) async fn watch(desk: &Desk, args: WatchArgs) -> Result<Exit, Failure> {
    innocent::understood(&args.innocent.innocent)?;
    let case = Case::open(&args.folder.cases, &args.case)?;
    let _lock = case.lock()?;
    innocent::call(&case, &args.innocent.innocent)?;
    let mut journal = case.go_on()?;
    resume::carried_out(&case, journal.entries())?;
    let begun = case.begun()?;
    let world = World::mount(&args.world, &format!("watch-{}", wall_clock().basic())).await?;
    resume::same_world(&case, journal.entries(), &world)?;
    let interrupted = watch_ctrl_c();
    loop {
        match once(desk, &world, &case, &begun, &mut journal, args.yes).await {
            Ok(look) => {
                desk.result(|| told(desk, &look), &look)?;
                if let Some(exit) = ended(&args, &look, world.told_within()) {
                    return Ok(exit);
                }
            }
            // What is not answered now may be the next time; what is refused is refused then, too.
            Err(failure) if PASSES.contains(&failure.code) && !args.once => {
                desk.terminal.urgent(&format!("this look failed: {}", failure.message));
            }
            Err(failure) => return Err(failure),
        }
        for _ in 0..args.every {
            if interrupted.load(Ordering::SeqCst) {
                return Ok(Exit::Interrupted);
            }
            world.clients().rest(Duration::from_secs(1)).await;
        }
    }
}

/// How the watch ends with this look, if it does: when everything is contained and no token lives any more, or when enough time has passed behind the
/// last token and still something else than time is missing.
fn ended(args: &WatchArgs, look: &Look, within: i64) -> Option<Exit> {
    let exit = if look.contained {
        Exit::Success
    } else {
        Exit::NotContained
    };
    let is_late = look.acted_until.plus_seconds(CLOCK_DOUBT_SECONDS + 2 * within) <= look.at && !look.waits;
    let over = match args.until_contained {
        true => look.contained,
        false => look.contained && look.until <= look.at || is_late,
    };
    (args.once || over).then_some(exit)
}

/// Reads everything once more; carries out what is found, where that was agreed to.
async fn once(
    desk: &Desk,
    world: &World,
    case: &Case,
    begun: &Begun,
    journal: &mut Journal,
    yes: bool,
) -> Result<Look, Failure> {
    signed_in(desk, world).await?;
    let wave = case.plans()?.len() + 1;
    let mut steps = Vec::new();
    let mut doubts = Vec::new();
    let found = found(desk, world, case, begun, journal, wave).await?;
    doubts.extend(found.doubts);
    if let Some(prepared) = found.prepared {
        let plan = prepared.rehearsed.plan();
        let changes = plan.steps.iter().filter(|step| step.action.changes());
        steps.extend(changes.map(|step| step.title.clone()));
        if yes || desk.terminal.can_ask() {
            if let Some(failure) = missing(&prepared.rehearsed) {
                return Err(failure);
            }
            rehearsed_well(&prepared.rehearsed)?;
            let mode = if yes { Mode::Beforehand } else { Mode::Asked };
            let ended = carried_out(desk, world, case, journal, &prepared, wave, mode).await?;
            if ended.finish != Finish::Completed {
                doubts.push("a further wave did not come to its end".to_owned());
            }
        } else {
            doubts.push("changes are called for and nobody could be asked: --yes makes them".to_owned());
        }
    }
    let mut known = case.plan()?.lineage;
    case.plans()?.iter().for_each(|plan| known.remember(&plan.lineage));
    let end = at_the_end(
        desk,
        world,
        &begun.sources,
        &known,
        before(case, journal.entries()),
        &innocent::spared(case),
    )
    .await?;
    let at = world.clients().now();
    let verdicts = end.verdicts;
    let asked_at = end.asked_at.unwrap_or(at);
    let within = world.told_within();
    let appeared = innocent::but_innocent(desk, world, case, journal, end.appeared, (asked_at, !yes)).await?;
    doubts.extend(appeared.doubts);
    doubts.extend(end.gaps);
    doubts.extend(end.unread.iter().map(|what| format!("{what} could not be read")));
    let open = end.footholds.iter().filter(|foothold| !foothold.state.is_closed());
    doubts.extend(open.map(|foothold| format!("left behind: {foothold}")));
    doubts.extend(still_contested(journal.entries(), asked_at));
    let proven = proven(&verdicts, &end.footholds, &doubts);
    let told_from = told_from(within, journal.entries(), asked_at, proven.as_deref());
    doubts.extend(told_from.map(untold));
    let is_proven = proven.is_some();
    let judged = Event::Judged {
        after: None,
        verdicts: verdicts.clone(),
        proven,
        told_from,
    };
    journal
        .append(at, judged)
        .map_err(|error| Failure::new(Exit::CaseFolder, "journal.unwritable", error.to_string()))?;
    let before = secrets::told_before(case);
    let planned = secrets::names(&known);
    let mut read: BTreeSet<String> = end.secrets;
    read.retain(|name| !planned.contains(name));
    let look = Look {
        new_secrets: read.difference(&before).cloned().collect(),
        secrets: read.union(&before).cloned().collect(),
        at,
        contained: is_proven && told_from.is_none(),
        waits: is_proven && told_from.is_some(),
        verdicts,
        doubts,
        since: appeared.since,
        told_from,
        steps,
        until: end.until.map_or(at, |last| last.max(at)),
        acted_until: end.until.max(acted_until(journal.entries())).unwrap_or(at),
    };
    case.write("look.json", &look)?;
    Ok(look)
}

fn told(desk: &Desk, look: &Look) -> String {
    let at = look.at.clock_face();
    let line = |text: String| desk.folded_result(9, &format!("{at} {text}"));
    let alive = look.verdicts.iter().filter(|judged| !judged.verdict.is_contained());
    let mut out: Vec<String> = alive
        .map(|judged| line(format!("{} {}: {}", judged.label, judged.key, judged.verdict)))
        .collect();
    out.extend(look.steps.iter().map(|step| line(format!("called for: {step}"))));
    out.extend(look.since.iter().map(|one| line(format!("since: {one}"))));
    out.extend(look.doubts.iter().map(|doubt| line(format!("in doubt: {doubt}"))));
    out.extend(secrets::told(&look.new_secrets, "more ").map(line));
    let state = match (look.contained, look.waits) {
        (true, _) => "contained",
        (false, true) => "NOT PROVEN YET",
        (false, false) => "NOT CONTAINED",
    };
    let until = if look.until > look.at {
        format!("; a session of the family lives until {}", look.until)
    } else {
        "; no session of the family lives any more".to_owned()
    };
    let credentials = match look.verdicts.len() {
        1 => "1 credential".to_owned(),
        count => format!("{count} credentials"),
    };
    out.push(line(format!("{state}: {credentials} looked at{until}")));
    out.join("\n")
}
