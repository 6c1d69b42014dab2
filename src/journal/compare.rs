//! Two runs of one plan, step by step: the rehearsal and the run, or two rehearsals.

use super::{Entry, Event};
use crate::action::Setting;
use crate::action::revoke::cut_of;
use crate::ids::StepId;
use serde::Serialize;
use std::collections::BTreeMap;

/// A step that went otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The step.
    pub step: StepId,
    /// What it did in the first run: `done`, `already so`, ...
    pub first: String,
    /// What it did in the second.
    pub second: String,
}

/// Every step that ended otherwise in `second` than in `first`.
pub fn compare(first: &[Entry], second: &[Entry]) -> Vec<Difference> {
    let (one, two) = (endings(first), endings(second));
    let steps: std::collections::BTreeSet<&StepId> = one.keys().chain(two.keys()).copied().collect();
    let ending = |run: &BTreeMap<&StepId, &'static str>, step: &StepId| run.get(step).copied().unwrap_or("not reached");
    steps
        .into_iter()
        .filter(|step| one.get(step) != two.get(step))
        .map(|step| Difference {
            step: step.clone(),
            first: ending(&one, step).to_owned(),
            second: ending(&two, step).to_owned(),
        })
        .collect()
}

fn endings(entries: &[Entry]) -> BTreeMap<&StepId, &'static str> {
    let named = entries.iter().filter_map(|entry| {
        let ending = match &entry.event {
            Event::EvidenceKept { .. } => "evidence kept",
            Event::AlreadySo { .. } => "already so",
            Event::Declined { .. } => "declined",
            Event::Failed { .. } => "failed",
            Event::InDoubt { .. } => "in doubt",
            Event::Done { .. } => "done",
            Event::Verified { .. } => "done and verified",
            Event::Diverged { .. } => "diverged",
            Event::Contested { .. } => "contested",
            Event::Held { .. } => "held",
            Event::Swept { .. } => "swept",
            _ => return None,
        };
        Some((entry.event.step()?, ending))
    });
    named.collect()
}

/// Whether a member found in one run is what it was in another: cuts of revocations lie at each run's own time.
pub fn same_but_for_time(one: &Setting, two: &Setting) -> bool {
    let cut = |setting: &Setting| match setting {
        Setting::Document(document) => cut_of(document),
        _ => None,
    };
    one.same_as(two) || (cut(one).is_some() && cut(two).is_some())
}
