//! Who asked, where a record leaves the caller's key out.

use super::mint::Issue;
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeMap;

/// Says who asked where a record leaves the caller's key out, as CloudTrail does at times: the session whose principal and moment of issue it bears.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
pub(super) fn asked_by_session<'a>(events: &[&'a Event], issues: &mut [Issue<'a>]) {
    let is_untold = |issue: &Issue<'_>| issue.asker.identity.key.is_none() && !issue.asker.is_forwarded();
    if !issues.iter().any(is_untold) {
        return;
    }
    let session = |event: &'a Event| Some((event.identity.principal_id.as_deref()?, event.identity.session_created?));
    let mut known: BTreeMap<(&str, Moment), &'a Event> = BTreeMap::new();
    for event in events.iter().copied().filter(|event| !event.is_forwarded()) {
        if let Some(session) = session(event).filter(|_| event.identity.key.is_some()) {
            known.entry(session).or_insert(event);
        }
    }
    for issue in issues.iter_mut().filter(|issue| is_untold(issue)) {
        if let Some(asker) = session(issue.asker).and_then(|session| known.get(&session)) {
            issue.asker = asker;
        }
    }
}
