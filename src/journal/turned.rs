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
    /// The change, as far as it was announced.
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
        let before = entries.get(..n).unwrap_or_default().iter().rev();
        let mut changes = before.filter_map(|entry| match &entry.event {
            Event::Intended { step: of, change, .. } if of == step => Some(change),
            _ => None,
        });
        let change = changes.next();
        Turned { step, at, change }
    });
    with_change.collect()
}
