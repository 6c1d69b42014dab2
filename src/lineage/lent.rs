//! Keys that a service made on somebody's behalf: what it signs with is nobody's, and what it made outlives it and may be in the hands of whom it made it for.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>

use super::cause::Causes;
use super::mint::Issue;
use crate::ids::AccessKeyId;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet};

/// Says of each key that lasts and that a service made which keys may be behind it: the one whose session the service went on with, where its record bears
/// that, else every one of the same user or role session, the one whose call it seems to come from first.
pub(super) fn tell<'a>(issues: &mut [Issue<'a>], events: &[&'a Event]) {
    let is_lent = |issue: &Issue<'_>| issue.is_lent() && issue.told.is_empty();
    if !issues.iter().any(is_lent) {
        return;
    }
    let causes = Causes::of(events);
    let mut held: BTreeMap<&str, BTreeSet<&AccessKeyId>> = BTreeMap::new();
    for event in events.iter().filter(|event| !event.is_forwarded()) {
        if let (Some(principal), Some(key)) = (event.identity.principal_id.as_deref(), &event.identity.key) {
            held.entry(principal).or_default().insert(key);
        }
    }
    for issue in issues.iter_mut().filter(|issue| is_lent(issue)) {
        let asker = &issue.asker.identity;
        let Some(all) = asker.principal_id.as_deref().and_then(|principal| held.get(principal)) else {
            continue;
        };
        if asker.key.as_ref().is_some_and(|own| all.contains(own)) {
            continue;
        }
        let cause = causes.of_call(issue.asker).map(|cause| cause.key);
        let others = all.iter().copied().filter(|key| Some(*key) != cause.as_ref());
        issue.told = cause.iter().chain(others).cloned().collect();
    }
}
