//! Whether the account is still what the journal left: undo reverses what this program did, and nothing that somebody did since.

use super::Undoing;
use crate::action::{Action, Change, Member, Setting};
use crate::ids::StepId;
use crate::plan::Step;
use serde::Serialize;

/// A member that is neither what the journal left nor what undo would make of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drifted {
    /// The step that changed it last.
    pub step: StepId,
    /// What the step did.
    pub did: String,
    /// What the step left there.
    pub expected: Setting,
    /// What is there now.
    pub found: Setting,
}

/// The members that must be looked at before anything is undone.
pub fn members(undoing: &Undoing) -> impl Iterator<Item = &Member> {
    undoing.expected.iter().map(|(member, ..)| member)
}

/// Compares what was `found` with what the journal left. Steps that somebody undid already, or whose change was only intended, are taken out of
/// `undoing`; all else that differs is given back, and then nothing may be undone.
pub fn drifted(undoing: &mut Undoing, found: &[(Member, Setting)]) -> Vec<Drifted> {
    let mut drifted = Vec::new();
    let expected = std::mem::take(&mut undoing.expected);
    for (member, step, left) in expected {
        let now = found.iter().find(|(known, _)| *known == member);
        let Some((_, now)) = now.filter(|(_, now)| !now.same_as(&left)) else {
            continue;
        };
        if let Some(already) = undone_already(undoing, &member, now) {
            undoing.steps.retain(|step| !already.contains(&step.id));
            continue;
        }
        let did = Change {
            member,
            to: left.clone(),
        };
        drifted.push(Drifted {
            step,
            did: did.title(),
            expected: left,
            found: now.clone(),
        });
    }
    drifted
}

fn sets(step: &Step, member: &Member) -> bool {
    matches!(&step.action, Action::Change { change } if change.member == *member)
}

/// The steps of an undoing that need not be done, since the member is as they would leave it; `None` where it is as none would.
fn undone_already(undoing: &Undoing, member: &Member, now: &Setting) -> Option<Vec<StepId>> {
    let of_member: Vec<&Step> = undoing.steps.iter().filter(|step| sets(step, member)).collect();
    let last = of_member.iter().position(|step| leads_to(step, now))?;
    Some(of_member.iter().take(last + 1).map(|step| step.id.clone()).collect())
}

fn leads_to(step: &Step, now: &Setting) -> bool {
    matches!(&step.action, Action::Change { change } if change.to.same_as(now))
}
