//! Changes of the family of which it isn't known whether they let anybody in: one thing to look at for each service.

use super::foothold::{Foothold, State};
use crate::lineage::{Lineage, Unjudged};
use std::collections::BTreeMap;

/// So many calls of one service are told by name.
const MOST: usize = 8;

/// What a person must look at, one for each service, in the order of their first calls.
pub(super) fn unjudged(lineage: &Lineage) -> Vec<Foothold> {
    let mut by_service: BTreeMap<&str, Vec<&Unjudged>> = BTreeMap::new();
    for one in &lineage.unjudged {
        by_service.entry(&one.service).or_default().push(one);
    }
    let mut all: Vec<Foothold> = by_service
        .into_iter()
        .filter_map(|(service, calls)| {
            let first = calls.iter().map(|one| one.first).min()?;
            let last = calls.iter().map(|one| one.last).max()?;
            let count: u64 = calls.iter().map(|one| one.count).sum();
            let often = if count == 1 { "once".to_owned() } else { format!("{count} times, last at {last}") };
            Some(Foothold {
                what: format!("{service} {}", named(&calls)),
                at: first,
                state: State::Unknown(format!(
                    "called {often}; it may let somebody in or run code of his, and that was not judged: look at it by hand"
                )),
            })
        })
        .collect();
    all.sort_by_key(|one| one.at);
    all
}

fn named(calls: &[&Unjudged]) -> String {
    let named = calls.iter().take(MOST).map(|one| match one.count {
        1 => one.call.clone(),
        count => format!("{} x{count}", one.call),
    });
    let named: Vec<String> = named.collect();
    match calls.len().saturating_sub(MOST) {
        0 => named.join(", "),
        more => format!("{} and {more} more, which trace --format json tells", named.join(", ")),
    }
}
