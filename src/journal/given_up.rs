//! What a case no longer tries: so that its further waves come to an end.

use super::{Entry, Event};
use crate::action::{Action, Member};
use crate::ids::StepId;
use crate::mount::Trouble;
use crate::plan::Step;
use std::collections::BTreeMap;

/// What is not tried again: a person declined its step, its call was refused for good, or it had to wait for such a one. Trouble that passes is met
/// once more. What another step came to since counts.
pub fn given_up(entries: &[Entry], all: &[Step]) -> Vec<Action> {
    let last = last_ends(entries);
    let steps: Vec<(&Step, usize, End)> = all
        .iter()
        .filter_map(|step| last.get(&step.id).map(|(at, end)| (step, *at, *end)))
        .collect();
    let is_done_since = |of: &Step, since: usize| {
        let mut others = steps.iter();
        others.any(|(step, at, end)| *end == End::Done && *at > since && step.action.has_aim_of(&of.action))
    };
    let of = |wanted: End| {
        let ended = steps
            .iter()
            .filter(|(step, at, end)| *end == wanted && !is_done_since(step, *at));
        ended.map(|(step, ..)| step.action.clone()).collect::<Vec<_>>()
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
            let of = all.iter().find(|one| one.id == *step);
            given_up.extend(of.map(|step| step.action.clone()));
        }
    }
    given_up
}

/// How each step ended last, and behind how many entries.
fn last_ends(entries: &[Entry]) -> BTreeMap<&StepId, (usize, End)> {
    let mut last = BTreeMap::new();
    for (n, entry) in entries.iter().enumerate() {
        let Some(step) = entry.event.step() else { continue };
        let end = match &entry.event {
            Event::Failed { error, .. } if comes_again(error.trouble) => End::InTrouble,
            Event::Declined { .. } | Event::Failed { .. } => End::ForGood,
            Event::AlreadySo { .. } | Event::Verified { .. } => End::Done,
            Event::Intended { .. } => End::Open,
            _ => continue,
        };
        last.insert(step, (n, end));
    }
    last
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is done, or was so already.
    Done,
    /// Its call may have been made.
    Open,
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
