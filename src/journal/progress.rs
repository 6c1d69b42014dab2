//! How far a run came: which steps are settled, which are open, what it has set.

use super::{Entry, Event, Finish};
use crate::action::{Action, Change, Member, Setting};
use crate::ids::StepId;
use crate::plan::Step;
use crate::time::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// How long IAM may take to enforce a change, in seconds. AWS gives no number, 3 to 4 are measured; this is what a hold waits for by itself:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>.
const ENFORCED_SECONDS: i64 = 30;

/// How far the run of a journal came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Steps that need nothing more: done and read back, so already, declined, held, swept.
    pub settled: BTreeSet<StepId>,
    /// Holds that saw the changes left alone.
    pub held: BTreeSet<StepId>,
    /// Steps whose call may have been made, and whose end isn't known.
    pub open: BTreeSet<StepId>,
    /// Steps that a person declined.
    pub declined: BTreeSet<StepId>,
    /// Steps that sweeps and holds added, behind the one that did.
    pub added: Vec<Step>,
    /// Steps that were added by a sweep or hold which was broken off, and which adds anew what is still to be done.
    pub broken_off: Vec<Step>,
    /// What was set and read back, by the step that did it last.
    pub set: BTreeMap<StepId, Change>,
    /// Steps whose member was found as it should be, by whomever it was set, with how it was found.
    pub already: BTreeMap<StepId, Setting>,
    /// Whether somebody turned something round and no hold has seen the changes left alone since.
    pub contested: bool,
    /// How it ended; `None` where it was broken off.
    pub finish: Option<Finish>,
}

/// Reads how far the run of a journal came. What an undo did afterwards is no part of it.
pub fn progress(entries: &[Entry]) -> Progress {
    let mut so_far = Progress::default();
    let mut intended: BTreeMap<&StepId, &Change> = BTreeMap::new();
    let mut looked: BTreeMap<&StepId, &Setting> = BTreeMap::new();
    let mut added: BTreeMap<&StepId, Vec<&Step>> = BTreeMap::new();
    for entry in entries {
        let Some(step) = entry.event.step() else {
            match &entry.event {
                Event::Closed { finish, .. } => so_far.finish = Some(finish.clone()),
                Event::Opened { .. } | Event::Widened { .. } | Event::Resumed { .. } => so_far.finish = None,
                _ => {}
            }
            continue;
        };
        match &entry.event {
            Event::Looked { before, .. } => drop(looked.insert(step, before)),
            Event::Intended { change, .. } => {
                intended.insert(step, change);
                so_far.reopen(step);
                so_far.open.insert(step.clone());
            }
            Event::Failed { .. } => drop(so_far.open.remove(step)),
            Event::Contested { .. } => {
                so_far.reopen(step);
                so_far.contested = true;
            }
            Event::Diverged { .. } => so_far.reopen(step),
            Event::Verified { .. } => {
                so_far.settle(step);
                if let Some(change) = intended.get(step) {
                    // What an earlier step set there is what this one found.
                    so_far.set.retain(|_, set| set.member != change.member);
                    so_far.set.insert(step.clone(), (*change).clone());
                }
            }
            Event::AlreadySo { .. } => {
                so_far.settle(step);
                if let Some(found) = looked.get(step) {
                    so_far.already.insert(step.clone(), (*found).clone());
                }
            }
            Event::Declined { .. } => {
                so_far.settle(step);
                so_far.declined.insert(step.clone());
            }
            Event::EvidenceKept { .. } => so_far.settle(step),
            // It was to be done for a deletion that is declined: it is declined with it.
            Event::PutOff { left, .. } if matches!(left[..], [Member::User { .. } | Member::Role { .. }]) => {
                so_far.settle(step);
            }
            Event::Added { step: new } => added.entry(sweep_of(step, entries)).or_default().push(new),
            // What a sweep or a hold adds counts once it says that it is done: before that it is done again.
            Event::Swept { .. } | Event::Held { .. } => {
                so_far.settle(step);
                if matches!(entry.event, Event::Held { .. }) {
                    so_far.contested = false;
                    so_far.held.insert(step.clone());
                }
                so_far.added.extend(added.remove(step).into_iter().flatten().cloned());
            }
            _ => {}
        }
    }
    so_far.broken_off = added.into_values().flatten().cloned().collect();
    so_far
}

/// Until when the last change that somebody turned round may still be on its way; `None` where nobody did.
pub fn contested_until(entries: &[Entry]) -> Option<Moment> {
    let is_contested = |entry: &&Entry| matches!(entry.event, Event::Contested { .. });
    let last = entries.iter().rev().find(is_contested)?;
    Some(last.at.plus_seconds(ENFORCED_SECONDS))
}

/// Until when whoever the run put out may have acted: the last change that it made or found made, and the time until it is in force; or the quiet that a
/// hold saw behind it. An undoing is no part of it. `None` for an empty journal.
pub fn acted_until(entries: &[Entry]) -> Option<Moment> {
    let until = |entry: &Entry| match &entry.event {
        Event::Held { .. } => Some(entry.at),
        Event::Intended { step, .. }
        | Event::Done { step }
        | Event::Verified { step }
        | Event::AlreadySo { step }
        | Event::InDoubt { step, .. } => (!step.is_of_undo()).then(|| entry.at.plus_seconds(ENFORCED_SECONDS)),
        _ => None,
    };
    let last = entries.iter().rev().find_map(until);
    last.or_else(|| entries.first().map(|opened| opened.at.plus_seconds(ENFORCED_SECONDS)))
}

/// Since when every look at the end showed just what is `proven` now; `None` where the last one showed anything else.
pub fn proven_since(entries: &[Entry], proven: &str) -> Option<Moment> {
    let looks = entries.iter().rev().filter_map(|entry| match &entry.event {
        Event::Judged {
            after: None, proven, ..
        } => Some((entry.at, proven.as_deref())),
        _ => None,
    });
    looks
        .take_while(|(_, was)| *was == Some(proven))
        .map(|(at, _)| at)
        .last()
}

/// The sweep that added a step: `9` of `9.1`.
fn sweep_of<'a>(added: &'a StepId, entries: &'a [Entry]) -> &'a StepId {
    let named = entries.iter().filter_map(|entry| entry.event.step());
    let of = |step: &&StepId| added.added_by() == Some(step.as_str());
    named.into_iter().find(of).unwrap_or(added)
}

impl Progress {
    fn settle(&mut self, step: &StepId) {
        self.open.remove(step);
        self.settled.insert(step.clone());
    }

    fn reopen(&mut self, step: &StepId) {
        self.settled.remove(step);
        self.already.remove(step);
        self.set.remove(step);
    }

    /// What is left to do of `steps`, in order, with what was added to them. A hold or a sweep is done again where a step before it is left, and the last hold
    /// where somebody turned something round behind it.
    ///
    /// No deny is lifted for a deletion that was declined.
    pub fn left(&self, steps: &[Step]) -> Vec<Step> {
        let standing = self.standing(steps);
        let lifts_for_nothing = |step: &Step| {
            let Some(member) = step.action.removed() else {
                return false;
            };
            let of = member.denied();
            let deletes = |step: &Step| step.action.removed() == of.as_ref() && self.declined.contains(&step.id);
            let lifts = |(_, change): &(Step, Change)| change.member == *member && change.is_cut();
            of.is_some() && steps.iter().any(deletes) && standing.iter().any(lifts)
        };
        let is_hold = |step: &&Step| matches!(step.action, Action::Hold { .. }) && !self.declined.contains(&step.id);
        let last_hold = steps.iter().rev().find(is_hold).filter(|_| self.contested);
        let mut left: Vec<Step> = Vec::new();
        for step in self.with_added(steps) {
            let is_behind = !step.action.changes() && left.iter().any(|earlier| earlier.action.changes());
            let again = is_behind || last_hold.is_some_and(|hold| hold.id == step.id);
            if again || !(self.settled.contains(&step.id) || lifts_for_nothing(&step)) {
                left.push(step);
            }
        }
        left
    }

    /// What the run has set, or found set, and not set otherwise since, with the step of `steps`, or of those added to them, that did.
    pub fn standing(&self, steps: &[Step]) -> Vec<(Step, Change)> {
        let is_set = |member: &Member| self.set.values().any(|set| set.member == *member);
        let found = |step: &Step| {
            let to = self.already.get(&step.id)?.clone();
            let member = step.action.member().filter(|member| !is_set(member))?;
            Some(Change { member, to })
        };
        let with_change = |step: Step| {
            let change = self.set.get(&step.id).cloned().or_else(|| found(&step))?;
            Some((step, change))
        };
        let all = self
            .with_added(steps)
            .into_iter()
            .chain(self.broken_off.iter().cloned());
        all.filter_map(with_change).collect()
    }

    /// Every step of the run: the plan's, and behind each sweep what it added.
    pub fn with_added(&self, steps: &[Step]) -> Vec<Step> {
        let behind = |sweep: &Step| {
            let of = move |step: &&Step| step.id.added_by() == Some(sweep.id.as_str());
            self.added.iter().filter(of).cloned().collect::<Vec<_>>()
        };
        let with = |step: &Step| std::iter::once(step.clone()).chain(behind(step)).collect::<Vec<_>>();
        steps.iter().flat_map(with).collect()
    }
}
