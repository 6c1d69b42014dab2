//! What a journal says was changed and not turned round since.

use crate::account::KeyStatus;
use crate::action::{Change, Member, Setting};
use crate::ids::StepId;
use crate::journal::{Entry, Event};
use std::collections::BTreeMap;

/// A change that stands.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// The step that made it.
    pub(super) step: StepId,
    /// The change.
    pub(super) change: Change,
    /// What was there before.
    pub(super) before: Setting,
    /// It isn't known whether it was so: the answer may come from behind the change.
    pub(super) unsure: bool,
}

impl Made {
    /// Whether it is itself an undoing: undone once, or three times, ...
    pub(super) fn is_undoing(&self) -> bool {
        self.step.is_of_undo()
    }
}

/// Changes that stand, in order. What was intended and never settled (the process was killed there) counts as made: the account tells whether it was,
/// and only what is as the change left it is turned round.
pub(super) fn standing(entries: &[Entry]) -> Vec<Made> {
    let mut made: Vec<Made> = Vec::new();
    let mut intended: BTreeMap<StepId, Made> = BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Event::Intended { step, change, before } => {
                // A second intent of one step is the first one tried again, perhaps after it had its effect: what was there before that counts.
                let tried = intended.get(step).filter(|tried| tried.change.member == change.member);
                let before = tried.map_or_else(|| before.clone(), |tried| tried.before.clone());
                let intent = Made {
                    step: step.clone(),
                    change: change.clone(),
                    before,
                    unsure: intended.get(step).is_some_and(|tried| tried.unsure),
                };
                intended.insert(step.clone(), intent);
            }
            // It went out before anybody had looked: this is what was there.
            Event::LookedBeside { step, before, unsure } => {
                let of = |one: &&mut Made| one.step == *step;
                let open = intended.get_mut(step);
                if let Some(one) = open.or_else(|| made.iter_mut().find(of)) {
                    one.unsure = *unsure;
                    // What was to be cut was active, as far as anybody knows.
                    one.before = match (unsure, &one.change.member) {
                        (true, Member::AccessKey { .. }) => Setting::Status(KeyStatus::Active),
                        _ => before.clone(),
                    };
                }
            }
            Event::Done { step }
            | Event::InDoubt { step, .. }
            | Event::Verified { step }
            | Event::AlreadySo { step } => {
                if let Some(done) = intended.get(step).cloned() {
                    intended.remove(step);
                    settle(&mut made, done);
                } else if let Event::AlreadySo { .. } = &entry.event {
                    undone_by_others(&mut made, step);
                }
            }
            Event::Failed { step, .. } => {
                // The call had no effect, unless an earlier one of the same step is still in doubt.
                intended.remove(step);
            }
            _ => {}
        }
    }
    for open in intended.into_values() {
        settle(&mut made, open);
    }
    // What went out unlooked and was so before changed nothing.
    made.retain(|one| !one.before.same_as(&one.change.to));
    made
}

/// Adds what was done; an undoing takes the place of what it undoes. What somebody turned round and a run made again was first as it was before the
/// first time.
fn settle(made: &mut Vec<Made>, mut done: Made) {
    let earlier = made
        .iter()
        .find(|known| known.step == done.step && known.change.member == done.change.member);
    if let Some(earlier) = earlier {
        done.before = earlier.before.clone();
    }
    made.retain(|known| known.step != done.step);
    undone_by_others(made, &done.step);
    made.push(done);
}

/// Whoever undid it: what step `u3` found undone already stands no more.
fn undone_by_others(made: &mut Vec<Made>, step: &StepId) {
    if let Some(undone) = step.undoes() {
        made.retain(|known| known.step.as_str() != undone);
    }
}
