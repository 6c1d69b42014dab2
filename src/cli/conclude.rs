//! The end of a run: everything is looked at again, and it is said who is still in.

use super::Desk;
use super::args::Sources;
use super::console::Mode;
use super::contests::{Contest, contests};
use super::exit::{Exit, Failure};
use super::folder::Case;
use super::innocent;
use super::prepare::{Prepared, account, traced};
use super::secrets;
use super::told::{CLOCK_DOUBT_SECONDS, proven, told_from, untold};
use super::world::World;
use crate::account::Account;
use crate::action::Action;
use crate::ids::{CaseId, PrincipalArn, StepId};
use crate::journal::{Entry, Event, Finish, Journal, Judgement, Progress, progress};
use crate::lineage::{Lineage, Made};
use crate::plan::{Foothold, Newcomer, Step, footholds, newcomers};
use crate::rehearse::judge;
use crate::report::{self, Tone};
use crate::time::Moment;
use serde::Serialize;
use std::collections::BTreeSet;

/// The last word of a run that has done all it can, while the trail is not told yet.
const NOT_YET: &str = "NOT PROVEN YET: by what the trail tells so far every known credential of the family is useless, and no way back that it left is open";

/// The last word of a run after which nobody is in.
const CONTAINED: &str =
    "CONTAINED: every known credential of the family is proven useless, and no way back that it left is open";

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
    /// Changes that somebody turned round, and that were made again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contested: Vec<Contest>,
    /// Who appeared behind the first look at the account, by whom the trail doesn't show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    appeared: Vec<Newcomer>,
    /// From when on a look at the trail shows all that the family did, where it was asked too early for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    told_from: Option<Moment>,
    /// Secrets that the family read, by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    secrets: BTreeSet<String>,
    /// Those who appeared and of whom the trail would tell by now, for people.
    #[serde(skip)]
    since: Vec<String>,
    /// Whether nothing but the trail's delay keeps the end from being called contained.
    #[serde(rename = "not_proven_yet", skip_serializing_if = "std::ops::Not::not")]
    waits: bool,
    /// Why containment cannot be said although every known credential is dead.
    doubts: Vec<String>,
    calls: usize,
}

/// How the steps of a run ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) finish: Finish,
    /// Whether Ctrl-C was pressed.
    pub(super) interrupted: bool,
    /// How steps were agreed to: whether a person may be asked.
    pub(super) mode: Mode,
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
    let Ended {
        finish,
        interrupted,
        mode,
    } = ended;
    let mut doubts = prepared.doubts();
    let swept = journal
        .entries()
        .iter()
        .any(|entry| matches!(entry.event, Event::Swept { .. }));
    if finish == Finish::Completed && !swept {
        doubts.push("the trail was not looked through again after the steps".to_owned());
    }
    let mut known = prepared.lineage.clone();
    case.plans()?.iter().for_each(|plan| known.remember(&plan.lineage));
    let End {
        verdicts,
        footholds,
        gaps,
        made,
        unread,
        appeared,
        asked_at,
        secrets: mut read,
        until: _,
    } = match at_the_end(
        desk,
        world,
        sources,
        &known,
        before(case, journal.entries()),
        &innocent::spared(case),
    )
    .await
    {
        Ok(end) => end,
        Err(failure) => {
            doubts.push(format!("the account could not be read again: {}", failure.message));
            End::default()
        }
    };
    doubts.extend(gaps.into_iter().filter(|gap| !prepared.gaps.contains(gap)));
    let unread = unread.into_iter().map(|what| format!("{what} could not be read"));
    let unread: Vec<String> = unread.filter(|what| !doubts.contains(what)).collect();
    doubts.extend(unread);
    let asked_at = asked_at.unwrap_or(world.clients().now());
    let within = world.told_within();
    let told = (asked_at, mode == Mode::Asked);
    let appeared = innocent::but_innocent(desk, world, case, journal, appeared, told).await?;
    doubts.extend(appeared.doubts);
    // What was turned round while that question stood is unsettled, too.
    doubts.extend(unsettled(journal.entries()));
    if finish == Finish::Completed {
        doubts.extend(never_quiet(&progress(journal.entries()), &case.plan()?.steps));
    }
    let proven = proven(&verdicts, &footholds, &doubts).filter(|_| finish == Finish::Completed);
    let told_from = told_from(within, journal.entries(), asked_at, proven.as_deref());
    let is_proven = proven.is_some();
    let judged = Event::Judged {
        after: None,
        verdicts: verdicts.clone(),
        proven,
        told_from,
    };
    let entry = journal.append(world.clients().now(), judged);
    entry.map_err(|error| Failure::new(Exit::CaseFolder, "journal.unwritable", error.to_string()))?;
    doubts.extend(told_from.map(untold));
    let left = progress(journal.entries()).left(&case.plan()?.steps);
    read.extend(secrets::names(&prepared.lineage));
    let outcome = Outcome {
        left: left.into_iter().map(|step| step.id).collect(),
        contested: Box::pin(contests(
            world,
            journal.entries(),
            &made,
            &prepared.collected.account.partition,
        ))
        .await,
        case: case.id.clone(),
        contained: is_proven && told_from.is_none(),
        waits: is_proven && told_from.is_some(),
        finish,
        verdicts,
        footholds,
        since: appeared.since,
        appeared: appeared.who,
        told_from,
        secrets: read,
        doubts,
        calls: world.clients().calls().len(),
    };
    case.write("outcome.json", &outcome)?;
    desk.result(|| ending(desk, world, &outcome), &outcome)?;
    if let Some(told) = secrets::told(&outcome.secrets, "") {
        desk.terminal.urgent(&desk.folded(0, &told));
    }
    Ok(match &outcome.finish {
        Finish::Stopped { .. } if interrupted => Exit::Interrupted,
        Finish::Stopped { .. } => Exit::Stopped,
        Finish::Failed { .. } => Exit::Aws,
        Finish::Diverged { .. } => Exit::Diverged,
        Finish::Completed if outcome.contained => Exit::Success,
        Finish::Completed => Exit::NotContained,
    })
}

/// Holds that saw nothing: one that never became quiet, could not look, or was declined proves nothing.
pub(super) fn never_quiet(done: &Progress, steps: &[Step]) -> Vec<String> {
    let holds = steps
        .iter()
        .filter(|step| matches!(step.action, Action::Hold { .. }) && !done.held.contains(&step.id));
    holds
        .map(|step| format!("step {} never saw the changes left alone", step.id))
        .collect()
}

/// Why a fight may not be over: changes that somebody turned round, with no quiet time after.
pub(super) fn unsettled(entries: &[Entry]) -> Option<String> {
    let is_quiet = |entry: &Entry| matches!(entry.event, Event::Held { .. });
    let quiet = entries.iter().rposition(is_quiet).map_or(0, |place| place + 1);
    let since = entries.get(quiet..).unwrap_or_default().iter();
    let steps: Vec<&str> = since
        .filter_map(|entry| match &entry.event {
            Event::Contested { step, .. } => Some(step.as_str()),
            _ => None,
        })
        .collect();
    let all = steps.join(", ");
    (!steps.is_empty()).then(|| format!("somebody turned changes round and was not quiet since: steps {all}"))
}

/// What is seen when the account and the trail are read again.
#[derive(Default)]
pub(super) struct End {
    pub(super) verdicts: Vec<Judgement>,
    pub(super) footholds: Vec<Foothold>,
    /// Why the family may be larger than the evidence shows.
    pub(super) gaps: Vec<String>,
    made: Vec<Made>,
    /// Who appeared behind the first look at the account.
    pub(super) appeared: Vec<Newcomer>,
    /// When the trail was asked, before the account was read.
    pub(super) asked_at: Option<Moment>,
    /// What of the account could not be read.
    pub(super) unread: Vec<String>,
    /// Secrets that the family read, by name.
    pub(super) secrets: BTreeSet<String>,
    /// When the last session of the family expires, as far as is known.
    pub(super) until: Option<Moment>,
}

/// The account before the first change of the case, and when the case began.
pub(super) fn before(case: &Case, entries: &[Entry]) -> Option<(Account, Moment)> {
    Some((case.evidence()?, entries.first()?.at))
}

/// Reads trail and account once more, and judges every credential that is or was `known`. `before` is the account before the first change; who is
/// `innocent` was rightly made.
pub(super) async fn at_the_end(
    desk: &Desk,
    world: &World,
    sources: &Sources,
    known: &Lineage,
    before: Option<(Account, Moment)>,
    innocent: &[PrincipalArn],
) -> Result<End, Failure> {
    let asked_at = world.clients().now();
    let mut again = traced(desk, Some(world), sources, &known.asked).await?;
    // What was known before is judged, whatever the evidence tells now.
    again.lineage.remember(known);
    if let Some((_, began)) = &before {
        again.lineage.vouch(innocent, *began);
    }
    let collected = account(world, &mut again).await?;
    // Our clock may be ahead of AWS's by as much as AWS lets a signature be off: no session is called expired before that.
    let now = match world {
        World::Live { .. } => asked_at.plus_seconds(-CLOCK_DOUBT_SECONDS),
        World::Twin { .. } => world.clients().now(),
    };
    if before.is_none() {
        again
            .gaps
            .push("who appeared meanwhile cannot be told: what the account was before is not in the case".to_owned());
    }
    Ok(End {
        asked_at: Some(asked_at),
        verdicts: judge(&collected.account, &again.lineage, now),
        footholds: footholds(&again.lineage, &collected.account, now),
        appeared: before.map_or_else(Vec::new, |(before, began)| {
            newcomers(&before, began, &collected.account, &again.lineage)
        }),
        gaps: again.gaps,
        secrets: secrets::names(&again.lineage),
        unread: collected.unread.into_iter().map(|unread| unread.what).collect(),
        until: again
            .lineage
            .sessions()
            .into_iter()
            .map(|session| session.expires)
            .max(),
        made: again.lineage.made,
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
        let text = match foothold.state.is_closed() {
            true => format!("closed: {} at {}: {}", foothold.what, foothold.at, foothold.state.why()),
            false => format!("left behind: {foothold}"),
        };
        let text = paint.fold(2, &text);
        (paint.with)(report::foothold_tone(foothold), &text)
    }));
    out.extend(
        outcome
            .doubts
            .iter()
            .map(|doubt| paint.fold(2, &format!("in doubt: {doubt}"))),
    );
    out.extend(outcome.since.iter().map(|one| paint.fold(2, &format!("since: {one}"))));
    let contested = outcome.contested.iter();
    out.extend(contested.map(|contest| paint.fold(2, &contest.to_string())));
    if outcome.finish != Finish::Completed && !outcome.left.is_empty() {
        let left: Vec<&str> = outcome.left.iter().map(StepId::as_str).collect();
        out.push(paint.fold(0, &format!("not done: steps {}", left.join(", "))));
    }
    out.push(match (&outcome.finish, outcome.contained) {
        (_, true) => (paint.with)(Tone::Good, &paint.fold(0, CONTAINED)),
        (Finish::Completed, false) if outcome.waits => (paint.with)(Tone::Careful, &paint.fold(0, NOT_YET)),
        (Finish::Completed, false) => (paint.with)(Tone::Bad, "NOT CONTAINED: see above"),
        (Finish::Stopped { before }, _) => (paint.with)(Tone::Bad, &format!("STOPPED before step {before}")),
        (Finish::Failed { at }, _) => (paint.with)(Tone::Bad, &format!("FAILED at step {at}")),
        (Finish::Diverged { at }, _) => (paint.with)(Tone::Bad, &format!("DIVERGED at step {at}")),
    });
    if let World::Live { .. } = world {
        let case = &outcome.case;
        let late = match outcome.told_from.filter(|_| outcome.waits) {
            Some(from) => format!(
                "`oust watch {case} --until-contained` keeps looking, and says it from {} on; without that it keeps looking until the last token has expired.",
                from.clock_face()
            ),
            None => format!(
                "a cut can be turned round: `oust watch {case}` keeps looking until the last token has expired."
            ),
        };
        let undo = match outcome.finish {
            Finish::Completed => format!("`oust report {case}` tells the case, `oust undo {case}` turns it round."),
            _ => format!(
                "`oust resume {case}` goes on, `oust report {case}` tells the case, `oust undo {case}` turns it round."
            ),
        };
        out.extend([paint.fold(0, &late), paint.fold(0, &undo)]);
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
