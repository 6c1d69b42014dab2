//! Secrets that the family read: whatever is cut, whoever held its keys knows them.

use super::folder::Case;
use crate::lineage::Lineage;
use serde::Deserialize;
use std::collections::BTreeSet;

/// So many secrets are named at once.
const NAMED: usize = 5;

/// The names of the secrets that the family read.
pub(super) fn names(lineage: &Lineage) -> BTreeSet<String> {
    lineage.secrets.iter().map(|read| read.what.clone()).collect()
}

/// What no containment takes back: such secrets, which are `more` than were told before or not; `None` where there are none.
pub(super) fn told(names: &BTreeSet<String>, more: &str) -> Option<String> {
    let some: Vec<&str> = names.iter().map(String::as_str).take(NAMED).collect();
    let beyond = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        beyond => format!(" and {beyond} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "the family read {more}secrets, which it knows whatever is cut: change them ({}{beyond}; `oust trace` tells who read them and when)",
            some.join(", ")
        )
    })
}

/// The secrets that the end of a run or an earlier look of a watch told, as the case keeps them.
pub(super) fn told_before(case: &Case) -> BTreeSet<String> {
    let kept = ["outcome.json", "look.json"]
        .into_iter()
        .filter_map(|file| case.read_text(file));
    let kept = kept.filter_map(|text| serde_json::from_str::<Told>(&text).ok());
    kept.flat_map(|told| told.secrets).collect()
}

/// What such a file tells of secrets.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    secrets: BTreeSet<String>,
}
