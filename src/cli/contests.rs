//! The changes of a case that somebody turned round: which, when, and by whom.

use super::world::World;
use crate::action::Change;
use crate::collect;
use crate::ids::StepId;
use crate::journal::{Entry, Turned, turned_round};
use crate::lineage::Made;
use crate::plan::{caller, reversals_since, turned_round_by, turned_round_in};
use crate::time::Moment;
use crate::trail::Event;
use serde::Serialize;
use std::fmt;

/// A change that somebody turned round.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Contest {
    step: StepId,
    /// When it was seen.
    at: Moment,
    /// The call of the family that did it, where the trail shows one by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Made>,
    /// Who did it, and with which call, where no credential of the family did and the trail shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_other: Option<String>,
}

impl fmt::Display for Contest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "contested: step {} at {}, ", self.step, self.at.clock_face())?;
        match (&self.by, &self.by_other) {
            (Some(made), _) => write!(f, "by {} with {}", made.by, made.call),
            (None, Some(other)) => write!(f, "by {other}"),
            (None, None) => f.write_str("by whom the trail doesn't show yet"),
        }
    }
}

/// Every change that was turned round, with who did it. Of what no credential of the family did, the trail is asked by the calls that do it.
pub(super) async fn contests(world: &World, entries: &[Entry], made: &[Made], partition: &str) -> Vec<Contest> {
    let turned = turned_round(entries, 0);
    let of_family = |one: &Turned<'_>| turned_round_by(made, &one.change?.member, one.at).cloned();
    let by: Vec<Option<Made>> = turned.iter().map(of_family).collect();
    let untold = turned.iter().zip(&by).filter(|(_, by)| by.is_none());
    let events = others(
        world,
        untold.filter_map(|(one, _)| Some((one.change?, one.at))),
        partition,
    )
    .await;
    let each = turned.into_iter().zip(by).map(|(one, by)| {
        let other = one.change.filter(|_| by.is_none());
        let other = other.and_then(|change| turned_round_in(&events, change, one.at));
        Contest {
            step: one.step.clone(),
            at: one.at,
            by,
            by_other: other.map(|event| format!("{} with {}", caller(event), event.name)),
        }
    });
    each.collect()
}

/// The calls, whoever made them, by which such changes are turned round. Where the trail can't be asked, nobody is named.
async fn others<'c>(world: &World, turned: impl Iterator<Item = (&'c Change, Moment)>, partition: &str) -> Vec<Event> {
    let Some((calls, since)) = reversals_since(turned) else {
        return Vec::new();
    };
    let events = collect::iam_calls(world.clients(), partition, since, &calls).await;
    events.unwrap_or_default()
}
