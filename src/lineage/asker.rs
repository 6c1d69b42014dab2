//! Who asked, where a record leaves the caller's key out.

use super::mint::{Issue, is_mint};
use super::session::{Stamp, follows, near};
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeMap;

/// Keys by the session that their calls bear: CloudTrail leaves the caller's key out at times, and its principal and moment of issue tell it all the same.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
#[derive(Default)]
pub(super) struct Askers<'a> {
    /// The first two keys that called in each session.
    called: BTreeMap<(&'a str, Moment), Vec<&'a AccessKeyId>>,
    /// The keys that were given to a principal.
    given: BTreeMap<String, Vec<Candidate>>,
}

/// A key that was given to a principal.
struct Candidate {
    /// A moment of issue that calls of its session may bear.
    bears: Moment,
    /// When it was given.
    since: Moment,
    key: AccessKeyId,
}

/// Whether the call lets somebody in without giving a key.
fn lets_in(event: &Event) -> bool {
    matches!(
        (event.service(), event.name.as_str()),
        ("iam", "CreateLoginProfile" | "UpdateLoginProfile")
            | ("signin", "AuthorizeOAuth2Access" | "CreateOAuth2Token")
    )
}

fn session(event: &Event) -> Option<(&str, Moment)> {
    Some((event.identity.principal_id.as_deref()?, event.identity.session_created?))
}

impl<'a> Askers<'a> {
    /// Nothing, where every call that gives somebody a way in names its key.
    pub(super) fn of(events: &[&'a Event], issues: &[Issue<'a>]) -> Self {
        let is_untold = |event: &&Event| {
            event.identity.key.is_none()
                && !event.is_forwarded()
                && (is_mint(event) || lets_in(event))
                && session(event).is_some()
        };
        match events.iter().copied().any(|event| is_untold(&event)) {
            true => Askers::of_all(events, issues),
            false => Askers::default(),
        }
    }

    /// The same, whatever the calls are.
    pub(super) fn of_all(events: &[&'a Event], issues: &[Issue<'a>]) -> Self {
        let mut askers = Askers::default();
        for event in events.iter().copied().filter(|event| !event.is_forwarded()) {
            if let Some((session, key)) = session(event).zip(event.identity.key.as_ref()) {
                let keys = askers.called.entry(session).or_default();
                if keys.len() < 2 && !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        for issue in issues.iter().filter(|issue| issue.key.kind() == KeyKind::Temporary) {
            let Some(principal) = issue.principal() else { continue };
            let given = askers.given.entry(principal).or_default();
            let moments = Stamp::of_issue(issue).issued.into_iter();
            given.extend(moments.map(|bears| Candidate {
                bears,
                since: issue.event.at,
                key: issue.key.clone(),
            }));
        }
        askers
    }

    /// The key of the session that made a call whose record has none, and which is not the one that the call gave: another one of it that called, else
    /// the one that was given for it first.
    pub(super) fn key(&self, event: &Event, gave: Option<&AccessKeyId>) -> Option<AccessKeyId> {
        let (principal, created) = session(event).filter(|_| !event.is_forwarded())?;
        let mut called = self.called.get(&(principal, created)).into_iter().flatten();
        if let Some(key) = called.find(|key| Some(**key) != gave) {
            return Some((*key).clone());
        }
        let given = self.given.get(principal).into_iter().flatten();
        let fitting =
            given.filter(|one| near(one.bears, created) && follows(event.at, one.since) && Some(&one.key) != gave);
        let apart = |at: Moment| (at.seconds() - created.seconds()).abs();
        fitting
            .min_by_key(|one| (apart(one.bears), one.since, &one.key))
            .map(|one| one.key.clone())
    }

    /// Says who asked for each of `issues` whose record doesn't.
    pub(super) fn tell(&self, issues: &mut [Issue<'a>]) {
        for issue in issues.iter_mut().filter(|issue| issue.asker.identity.key.is_none()) {
            // A key doesn't ask for itself.
            issue.told = self.key(issue.asker, Some(&issue.key));
        }
    }
}
