//! How much goes into one query: an engine takes no longer one than so many letters.

use crate::trail::Window;
use std::collections::BTreeSet;

/// What stands in a query around its keys, IDs, names, accounts and Regions has fewer letters.
const AROUND: usize = 5_500;

/// A key in a query, with its quotes, comma and space.
pub(super) const KEY_LETTERS: usize = 25;

/// How many letters the accounts and Regions of a window have in a query, where each stands twice: as a partition and as a column.
fn letters(window: &Window) -> usize {
    let accounts = window.accounts.iter().map(|one| one.as_str().len());
    let regions = window.regions.iter().map(String::len);
    accounts.chain(regions).map(|letters| 2 * (letters + 4)).sum()
}

/// How many letters are left for keys, IDs and names in a query over `window` that may have `most`.
pub(super) fn room(window: &Window, most: usize) -> usize {
    most.saturating_sub(AROUND + letters(window))
}

/// The window in parts, if its accounts and Regions would take more than half of what a query of `most` letters has room for.
pub(super) fn windows(window: &Window, most: usize) -> Vec<Window> {
    let half = most.saturating_sub(AROUND) / 2;
    if letters(window) <= half {
        return vec![window.clone()];
    }
    let accounts = window.accounts.iter().map(|one| one.as_str()).collect();
    let regions = window.regions.iter().map(String::as_str).collect();
    let [accounts, regions] = [accounts, regions].map(|list: BTreeSet<&str>| match list.is_empty() {
        true => vec![list],
        false => parts(&list, half / 4),
    });
    let pairs = accounts
        .iter()
        .flat_map(|some| regions.iter().map(move |others| (some, others)));
    let part = |(accounts, regions): (&BTreeSet<&str>, &BTreeSet<&str>)| Window {
        accounts: window
            .accounts
            .iter()
            .filter(|one| accounts.contains(one.as_str()))
            .cloned()
            .collect(),
        regions: regions.iter().map(|region| (*region).to_owned()).collect(),
        ..window.clone()
    };
    pairs.map(part).collect()
}

/// The same texts in parts that have no more than so many letters, or one text.
pub(super) fn parts<'a>(texts: &BTreeSet<&'a str>, most: usize) -> Vec<BTreeSet<&'a str>> {
    let mut parts: Vec<(usize, BTreeSet<&str>)> = Vec::new();
    for text in texts {
        let letters = text.len() + 4;
        match parts.last_mut().filter(|(held, _)| held + letters <= most) {
            Some((held, part)) => {
                *held += letters;
                part.insert(text);
            }
            None => parts.push((letters, [*text].into())),
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}
