//! What of a case is still to be done, when everything was looked at again.

use super::judge;
use crate::account::Account;
use crate::ids::AccessKeyId;
use crate::journal::{Entry, given_up, progress};
use crate::plan::{Plan, Step, still_open};
use crate::time::Moment;
use std::collections::BTreeSet;

/// The steps of `plan`, made anew on `account`, that a run with these `entries` has not done: a further wave, whose steps' IDs begin with `lead`.
/// `so_far` are the steps of all plans of the run. Nothing where nothing more was found.
pub fn more(plan: &Plan, account: &Account, so_far: &[Step], entries: &[Entry], lead: &str, now: Moment) -> Vec<Step> {
    let judged = judge(account, &plan.lineage, now).into_iter();
    let alive: BTreeSet<AccessKeyId> = judged
        .filter(|judged| !judged.verdict.is_contained())
        .map(|judged| judged.key)
        .collect();
    let done = progress(entries);
    let made: Vec<_> = done.set.values().cloned().collect();
    let given_up = given_up(entries, &done.with_added(so_far));
    still_open(plan, account, &made, &given_up, &alive, lead)
}
