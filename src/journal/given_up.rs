//! What a case no longer tries: so that its further waves come to an end.

use super::{Entry, Event};
use crate::action::{Action, Member};
use crate::ids::StepId;
use crate::mount::Trouble;
use crate::plan::Step;
use std::collections::BTreeMap;

/// What is not tried again: a person declined its step, its call was refused for good, or it had to wait for such a one. Trouble that passes is met
/// once more.
pub fn given_up(entries: &[Entry], steps: &[Step]) -> Vec<Action> {
    let mut ended: BTreeMap<&StepId, End> = BTreeMap::new();
    for entry in entries {
        if let Some(step) = entry.event.step() {
            match &entry.event {
                Event::Failed { error, .. } if comes_again(error.trouble) => drop(ended.insert(step, End::InTrouble)),
                Event::Declined { .. } | Event::Failed { .. } => drop(ended.insert(step, End::ForGood)),
                Event::Intended { .. } | Event::AlreadySo { .. } | Event::Verified { .. } => {
                    ended.remove(step);
                }
                _ => {}
            }
        }
    }
    let of = |end: End| {
        let ended = steps.iter().filter(|step| ended.get(&step.id) == Some(&end));
        ended.map(|step| step.action.clone()).collect::<Vec<_>>()
    };
    let in_trouble = of(End::InTrouble);
    let mut given_up = of(End::ForGood);
    for (n, action) in in_trouble.iter().enumerate() {
        let mut earlier = in_trouble.iter().take(n);
        if earlier.any(|earlier| earlier.has_aim_of(action)) {
            given_up.push(action.clone());
        }
    }
    // What was put off for the sake of something that is given up is given up with it.
    for entry in entries {
        if let Event::PutOff { step, left } = &entry.event
            && left.iter().all(|member| is_removal_of(member, &given_up))
        {
            let of = steps.iter().find(|one| one.id == *step);
            given_up.extend(of.map(|step| step.action.clone()));
        }
    }
    given_up
}

/// How a step ended that was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nobody wants it, or it was refused for what it is.
    ForGood,
    /// By something that has nothing to do with it.
    InTrouble,
}

/// Whether the call may succeed another time as it is. Credentials that have ended are renewed before that.
fn comes_again(trouble: Trouble) -> bool {
    trouble.passes() || trouble == Trouble::Credentials
}

fn is_removal_of(member: &Member, actions: &[Action]) -> bool {
    actions.iter().any(|action| action.removed() == Some(member))
}
