//! Labels: `A` (`A2`, `A3` where several keys were asked for and come from nothing in common), then a letter for each parent and target in the order of first mint; numbered from the second generation on.

use super::family::{Family, Member};
use crate::account::Holder;
use std::collections::HashMap;

/// The places of the members in the order in which they are told, generations in order and within one by time, and their labels.
pub(super) fn labelled(family: &Family<'_>) -> (Vec<usize>, Vec<String>) {
    let mut generations: Vec<u32> = Vec::new();
    for member in &family.members {
        // Parents come before children, so theirs is known.
        let parent = member.parent.and_then(|parent| generations.get(parent));
        generations.push(parent.map_or(0, |parent| parent + 1));
    }
    let mut order: Vec<usize> = (0..family.members.len()).collect();
    order.sort_by_key(|place| {
        let issue = family.members.get(*place).and_then(|member| member.issue);
        let time = issue.map(|issue| (issue.event.at, &issue.event.id));
        (generations.get(*place).copied(), time)
    });
    // By parent and target, their number in the order in which they come, and how many are in them.
    let mut groups: HashMap<(usize, String), (usize, u32)> = HashMap::new();
    let mut origins = 0;
    let labels = order.iter().map(|place| {
        let member = family.members.get(*place)?;
        let Some(parent) = member.parent else {
            origins += 1;
            return (origins > 1).then(|| format!("A{origins}"));
        };
        let group = (parent, target(member));
        let next = groups.len() + 1;
        let (number, count) = groups.entry(group).or_insert((next, 0));
        *count += 1;
        let letter = letter(*number);
        let plain = *count == 1 && generations.get(*place) == Some(&1);
        Some(if plain { letter } else { format!("{letter}{count}") })
    });
    let labels = labels.map(|label| label.unwrap_or_else(|| "A".to_owned())).collect();
    (order, labels)
}

/// What a mint aims at: a role whatever the session, a user or federated user by each way of minting.
fn target(member: &Member<'_>) -> String {
    let Some(issue) = member.issue else {
        return String::new();
    };
    match &issue.holder {
        Some(Holder::Role { name, .. }) => format!("{:?} {name}", issue.account),
        other => format!("{:?} {other:?}", issue.kind),
    }
}

/// `A`, `B`, ..., `Z`, `AA`, ...
fn letter(number: usize) -> String {
    let last = char::from(b'A' + u8::try_from(number % 26).unwrap_or(0));
    match number / 26 {
        0 => last.to_string(),
        rest => letter(rest - 1) + &last.to_string(),
    }
}
