//! Switches to a role in the console. The record of one is the new session's, at the moment of its issue, and says by ARN who switched. The role was assumed by
//! the console then, which that record says of a service (`AWS Internal`) at times: the key in it is one of the session that switched all the same.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>

use super::Kind;
use super::asker::Askers;
use super::mint::Issue;
use super::session::{Stamp, follows, near};
use crate::ids::{AccessKeyId, Arn, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet};

/// So long does a session of the console last at most.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>
const LONGEST_SECONDS: i64 = 129_600;

/// Somebody's session, as its calls show it.
#[derive(Debug, Clone)]
pub(super) struct Switcher {
    /// The first of its keys that called; one that never did, where it was given for a session of the same moment.
    pub(super) key: AccessKeyId,
    /// What its calls bear.
    pub(super) stamp: Stamp,
}

/// The switches, and the sessions of those who switched.
#[derive(Default)]
pub(super) struct Switches<'a> {
    /// By the unique ID of the new session.
    to: BTreeMap<&'a str, Vec<&'a Event>>,
    /// By ARN, then by moment of issue and by key: of one moment there may be several.
    from: BTreeMap<&'a Arn, BTreeMap<(Moment, AccessKeyId), Switcher>>,
}

impl<'a> Switches<'a> {
    pub(super) fn of(events: &[&'a Event], issues: &[Issue<'a>]) -> Self {
        let mut switches = Switches::default();
        let succeeded =
            |event: &&&Event| event.error.is_none() && event.answered("/SwitchRole").as_deref() != Some("Failure");
        for event in events.iter().filter(succeeded) {
            let Some((from, principal)) = event.switched_from.as_ref().zip(event.identity.principal_id.as_deref())
            else {
                continue;
            };
            switches.to.entry(principal).or_default().push(event);
            switches.from.entry(from).or_default();
        }
        if switches.to.is_empty() {
            return switches;
        }
        // What GetSessionToken gives can't be made a session of the console.
        let tokens = issues.iter().filter(|issue| issue.kind == Kind::SessionToken);
        let tokens: BTreeSet<&AccessKeyId> = tokens.map(|issue| &issue.key).collect();
        let may_be = |key: &AccessKeyId| key.kind() == KeyKind::Temporary && !tokens.contains(key);
        let askers = Askers::of_all(events, issues);
        let mut known = BTreeSet::new();
        for event in events.iter().filter(|event| !event.is_forwarded()) {
            let identity = &event.identity;
            let Some(sessions) = identity.arn.as_ref().and_then(|arn| switches.from.get_mut(arn)) else {
                continue;
            };
            let key = identity.key.as_ref().filter(|key| may_be(key));
            let Some((key, created)) = key.zip(identity.session_created) else {
                continue;
            };
            let session = identity.principal_id.as_deref().map(|principal| (principal, created));
            if session.is_some_and(|session| !known.insert((identity.arn.as_ref(), session))) {
                continue;
            }
            let all = session.map(|session| askers.of_session(session, created.plus_seconds(LONGEST_SECONDS), may_be));
            for key in all.unwrap_or_else(|| vec![key.clone()]) {
                sessions.entry((created, key.clone())).or_insert_with(|| Switcher {
                    key,
                    stamp: Stamp::of_event(event),
                });
            }
        }
        switches
    }

    /// The switch to a session of this principal that was issued at this moment.
    pub(super) fn to(&self, principal: &str, created: Moment) -> Option<&'a Event> {
        let all = self.to.get(principal)?.iter().copied();
        all.filter(|switch| near(switch.at, created))
            .min_by_key(|switch| (switch.at.seconds() - created.seconds()).abs())
    }

    /// The sessions that may have switched: those that lived then.
    pub(super) fn from(&self, switch: &Event) -> Vec<&Switcher> {
        let all = switch.switched_from.as_ref().and_then(|from| self.from.get(from));
        let lived = |((created, _), _): &(&(Moment, AccessKeyId), &Switcher)| {
            follows(switch.at, *created) && switch.at <= created.plus_seconds(LONGEST_SECONDS)
        };
        let lived = all.into_iter().flatten().filter(lived);
        lived.map(|(_, session)| session).collect()
    }

    /// Says of each of `issues` whether somebody switched to what it gave: then it was no service that asked, and who did is told where the record leaves that
    /// out or bears another moment than any session does.
    pub(super) fn tell(&self, issues: &mut [Issue<'_>]) {
        for issue in issues.iter_mut().filter(|issue| issue.asker.is_forwarded()) {
            let principal = issue.principal().unwrap_or_default();
            let by = issue.asker.identity.arn.as_ref();
            let switch = self.to(&principal, issue.event.at);
            let switch = switch.filter(|switch| by.is_some() && switch.switched_from.as_ref() == by);
            issue.is_switch = switch.is_some();
            if let Some(switch) = switch {
                issue.told = self.askers(issue.asker, switch);
            }
        }
    }

    /// The keys that may have asked for the session that was switched to; none, where the record of the mint tells the one.
    fn askers(&self, asker: &Event, switch: &Event) -> Vec<AccessKeyId> {
        let (own, created) = (&asker.identity.key, asker.identity.session_created);
        let bears = |one: &&&Switcher| {
            let mut issued = one.stamp.issued.iter();
            created.is_none_or(|created| issued.any(|at| near(*at, created)))
        };
        let from = self.from(switch);
        let others: Vec<&Switcher> = from.iter().filter(bears).copied().collect();
        let is_its_own = |one: &&Switcher| one.stamp.issued.iter().any(|at| Some(*at) == created);
        match own {
            // Another key of the session that called at that very moment.
            Some(_) if others.is_empty() || others.iter().any(is_its_own) => Vec::new(),
            _ => own.iter().chain(others.iter().map(|one| &one.key)).cloned().collect(),
        }
    }
}
