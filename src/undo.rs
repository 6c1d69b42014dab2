//! A journal read backwards: the plan that reverses it.
//!
//! Undoing is a plan like any other: rehearsed, asked for, executed by the same executor into the same case. Three things are never
//! undone unless they are named one by one: a leaked key is not made active, AWS's quarantine is not detached, and no deny is
//! removed while a credential of the lineage lives.

use crate::account::{Account, KeyStatus, is_quarantine};
use crate::action::{Action, Change, Inverse, Member, Setting};
use crate::ids::{AccessKeyId, StepId};
use crate::journal::{Entry, Event};
use crate::plan::Step;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What bears on which steps may be undone.
#[derive(Debug, Clone, Default)]
pub struct Care {
    /// Long-term keys of the lineage.
    pub leaked: BTreeSet<AccessKeyId>,
    /// Whether a credential of the lineage may still be alive by itself.
    pub lineage_alive: bool,
    /// Steps that the person named; the care above doesn't hold for them.
    pub named: BTreeSet<StepId>,
}

/// A step that is left as it is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The step.
    pub step: StepId,
    /// What it did.
    pub did: String,
    /// Why it is not undone.
    pub why: String,
}

/// The plan that reverses a journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Undoing {
    /// Its steps, latest change first.
    pub steps: Vec<Step>,
    /// What stays as it is.
    pub left: Vec<Left>,
}

/// Reads `entries` backwards. `account` is the account as it stands, for the words and permissions of the steps. With `only`, one
/// step alone is undone.
pub fn undo(entries: &[Entry], account: &Account, care: &Care, only: Option<&StepId>) -> Undoing {
    let mut undoing = Undoing {
        steps: Vec::new(),
        left: Vec::new(),
    };
    for (step, change, before) in standing(entries).into_iter().rev() {
        if only.is_some_and(|only| *only != step) {
            continue;
        }
        let left = |why: String| Left {
            step: step.clone(),
            did: change.title(),
            why,
        };
        let inverse = match change.inverse(&before) {
            Inverse::None(reason) => {
                undoing.left.push(left(reason));
                continue;
            }
            Inverse::Exact(inverse) | Inverse::Partial { change: inverse, .. } => inverse,
        };
        match forbidden(&inverse, &change, care) {
            Some(why) if !care.named.contains(&step) => undoing.left.push(left(why)),
            _ => undoing.steps.extend(reversed(&step, inverse, &change.to, account)),
        }
    }
    undoing
}

fn reversed(undone: &StepId, inverse: Change, now: &Setting, account: &Account) -> Option<Step> {
    let id: StepId = format!("u{undone}").parse().ok()?;
    let why = format!("undoes step {undone}");
    Some(Step::new(id, Action::Change { change: inverse }, now, &why, account))
}

/// Changes that were made and not turned round since, in order: the step, the change, and what was there before.
fn standing(entries: &[Entry]) -> Vec<(StepId, Change, Setting)> {
    let mut intended: BTreeMap<&StepId, (&Change, &Setting)> = BTreeMap::new();
    let mut made: Vec<(StepId, Change, Setting)> = Vec::new();
    for entry in entries {
        match &entry.event {
            Event::Intended { step, change, before } => {
                intended.entry(step).or_insert((change, before));
            }
            Event::Done { step } | Event::InDoubt { step, .. } | Event::Verified { step } => {
                let Some((change, before)) = intended.get(step) else {
                    continue;
                };
                if made.iter().any(|(done, ..)| done == step) {
                    continue;
                }
                let undone = made.iter().position(|(_, earlier, was)| {
                    earlier.member == change.member && was.same_as(&change.to) && step.as_str().starts_with('u')
                });
                match undone {
                    Some(place) => drop(made.remove(place)),
                    None => made.push((step.clone(), (*change).clone(), (*before).clone())),
                }
            }
            _ => {}
        }
    }
    made
}

/// Why `inverse` may not be made unless it is named.
fn forbidden(inverse: &Change, change: &Change, care: &Care) -> Option<String> {
    match (&inverse.member, &inverse.to) {
        (Member::AccessKey { key, .. }, Setting::Status(KeyStatus::Active)) if care.leaked.contains(key) => {
            Some(format!(
                "{key} is leaked: an active key would let the intruder in again; name the step to do it all the same"
            ))
        }
        (Member::Attachment { policy, .. }, Setting::Absent) if is_quarantine(policy) => {
            Some("AWS put the quarantine there and says not to remove it".to_owned())
        }
        (
            Member::UserPolicy { .. }
            | Member::RolePolicy { .. }
            | Member::Boundary { .. }
            | Member::Attachment { .. }
            | Member::ServiceControlPolicy { .. },
            _,
        ) if care.lineage_alive && change.to != Setting::Absent => {
            Some("it is a deny, and a credential of the lineage is still alive by itself".to_owned())
        }
        _ => None,
    }
}
