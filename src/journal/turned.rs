//! Changes that somebody turned round.

use super::{Entry, Event};
use crate::action::Change;
use crate::ids::StepId;
use crate::time::Moment;

/// That somebody turned a change round.
#[derive(Debug, Clone, PartialEq)]
pub struct Turned<'j> {
    /// The step that had made it.
    pub step: &'j StepId,
    /// When it was seen.
    pub at: Moment,
    /// The change, as far as it was announced: where an earlier step had made it, when it was made again.
    pub change: Option<&'j Change>,
}

/// Every change that was turned round, as the entries tell from number `from` on.
pub fn turned_round(entries: &[Entry], from: usize) -> Vec<Turned<'_>> {
    let contested = entries.iter().enumerate().skip(from);
    let contested = contested.filter_map(|(n, entry)| match &entry.event {
        Event::Contested { step, .. } => Some((n, entry.at, step)),
        _ => None,
    });
    let with_change = contested.map(|(n, at, step)| {
        let announced = |entry: &'_ Entry| match &entry.event {
            Event::Intended { step: of, .. } => of == step,
            _ => false,
        };
        let before = entries.get(..n).unwrap_or_default().iter().rev();
        let behind = entries.get(n..).unwrap_or_default().iter();
        let change = before.chain(behind).find(|entry| announced(entry));
        let change = change.and_then(|entry| match &entry.event {
            Event::Intended { change, .. } => Some(change),
            _ => None,
        });
        Turned { step, at, change }
    });
    with_change.collect()
}
