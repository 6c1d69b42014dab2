//! Sessions that were used and that no mint gave.

use super::mint::Issue;
use super::session::{Stamp, is_of};
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet};

/// One, by its key and by what its calls bear.
#[derive(Debug)]
pub(super) struct Unminted<'a> {
    pub(super) key: &'a AccessKeyId,
    /// The unique ID of who it is.
    pub(super) principal: Option<&'a str>,
    /// The moment of issue.
    pub(super) created: Option<Moment>,
    /// The first call.
    pub(super) first: &'a Event,
    /// The sign-in that it began with.
    pub(super) sign_in: Option<&'a str>,
    /// Whether a call says that it was made in the console.
    pub(super) is_of_console: bool,
}

/// All of them, in the order of their first calls.
pub(super) fn unminted<'a>(events: &[&'a Event], issues: &[Issue<'a>]) -> Vec<Unminted<'a>> {
    let mut issued: BTreeMap<&AccessKeyId, Vec<Stamp>> = BTreeMap::new();
    for issue in issues {
        issued.entry(&issue.key).or_default().push(Stamp::of_issue(issue));
    }
    let mut found: BTreeMap<(&AccessKeyId, Option<&str>, Option<Moment>), Unminted<'a>> = BTreeMap::new();
    // What asked for a switch is a key of the console, whatever its record says of a service.
    let switches = issues.iter().filter(|issue| issue.is_switch);
    let switching: BTreeSet<&str> = switches.map(|issue| issue.asker.id.as_str()).collect();
    let is_switching = |event: &Event| switching.contains(event.id.as_str());
    for event in events
        .iter()
        .copied()
        .filter(|event| !event.is_forwarded() || is_switching(event))
    {
        let identity = &event.identity;
        let Some(key) = identity.key.as_ref().filter(|key| key.kind() == KeyKind::Temporary) else {
            continue;
        };
        let mut stamps = issued.get(key).into_iter().flatten();
        if stamps.any(|stamp| is_of(event, key, stamp)) {
            continue;
        }
        let (principal, created) = (identity.principal_id.as_deref(), identity.session_created);
        let known = found.entry((key, principal, created)).or_insert(Unminted {
            key,
            principal,
            created,
            first: event,
            sign_in: None,
            is_of_console: false,
        });
        known.sign_in = known.sign_in.or(identity.sign_in.as_deref());
        known.is_of_console |= event.is_of_console() || is_switching(event);
    }
    let keyless = keyless(events);
    for session in found.values_mut() {
        // What a record says that leaves the key out it says of the session.
        let told = session
            .principal
            .zip(session.created)
            .and_then(|moment| keyless.get(&moment));
        if let Some((sign_in, is_of_console)) = told {
            session.sign_in = session.sign_in.or(*sign_in);
            session.is_of_console |= *is_of_console;
        }
    }
    let mut found: Vec<Unminted<'a>> = found.into_values().collect();
    found.sort_by(|one, two| (one.first.at, &one.first.id, one.key).cmp(&(two.first.at, &two.first.id, two.key)));
    found
}

/// The sign-in that calls bear whose records leave the key out, and whether they were made in the console, by their session.
fn keyless<'a>(events: &[&'a Event]) -> BTreeMap<(&'a str, Moment), (Option<&'a str>, bool)> {
    let mut found: BTreeMap<(&str, Moment), (Option<&str>, bool)> = BTreeMap::new();
    for event in events.iter().copied() {
        let identity = &event.identity;
        let session = identity.principal_id.as_deref().zip(identity.session_created);
        let Some(session) = session.filter(|_| identity.key.is_none() && !event.is_forwarded()) else {
            continue;
        };
        let sign_in = identity.sign_in.as_deref();
        if sign_in.is_some() || event.is_of_console() {
            let told = found.entry(session).or_default();
            told.0 = told.0.or(sign_in);
            told.1 |= event.is_of_console();
        }
    }
    found
}
