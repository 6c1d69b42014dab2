//! The sessions that records name a key for, by what their calls bear: other keys of the same sessions are found by it.

use super::Kind;
use super::mint::Issue;
use super::session::{SLACK_SECONDS, Stamp, is_of};
use super::sign_in::Ways;
use super::unminted::Unminted;
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use crate::trail::apart::ADDRESS_SECONDS;
use std::collections::{BTreeMap, BTreeSet};

/// How long before its sign-in a session of the console may have been asked for, with what clocks may differ.
pub(super) const ASKED_SECONDS: i64 = ADDRESS_SECONDS as i64 + SLACK_SECONDS;

/// A call of a session, and the key of it. The record may have left that out.
#[derive(Clone)]
pub(super) struct Own<'a> {
    pub(super) call: &'a Event,
    pub(super) key: AccessKeyId,
}

/// First calls by sign-in, with the mint of their session.
type Signed<'a, 'i> = BTreeMap<&'a str, (&'a Event, &'i Issue<'a>)>;

/// Them.
pub(super) struct Given<'a, 'i> {
    /// By principal, then by second.
    sessions: BTreeMap<String, BTreeMap<i64, Vec<&'i Issue<'a>>>>,
    /// The first own call of each key.
    calls: BTreeMap<&'a AccessKeyId, &'a Event>,
    /// The first call that bears each sign-in in a session that a key was given for, with its mint.
    signed: Signed<'a, 'i>,
    /// The same of calls whose records leave the key out: the session is told by its moment alone.
    signed_keyless: Signed<'a, 'i>,
}

impl<'a, 'i> Given<'a, 'i> {
    pub(super) fn of(events: &[&'a Event], issues: &'i [Issue<'a>]) -> Self {
        let mut sessions: BTreeMap<String, BTreeMap<i64, Vec<&Issue<'a>>>> = BTreeMap::new();
        // What GetSessionToken gives can't be made a session of the console, and has no other keys.
        let may_have_more =
            |issue: &&Issue<'_>| issue.key.kind() == KeyKind::Temporary && issue.kind != Kind::SessionToken;
        for issue in issues.iter().filter(may_have_more) {
            let Some(principal) = issue.principal() else { continue };
            let of_principal = sessions.entry(principal).or_default();
            for at in Stamp::of_issue(issue).issued {
                of_principal.entry(at.seconds()).or_default().push(issue);
            }
        }
        let mut calls: BTreeMap<&AccessKeyId, &Event> = BTreeMap::new();
        let mut issued: BTreeMap<&AccessKeyId, Vec<&Issue<'a>>> = BTreeMap::new();
        for issue in issues {
            issued.entry(&issue.key).or_default().push(issue);
        }
        let (mut signed, mut signed_keyless): (Signed<'_, '_>, Signed<'_, '_>) = Default::default();
        for event in events.iter().copied().filter(|event| !event.is_forwarded()) {
            if let Some(key) = &event.identity.key {
                calls.entry(key).or_insert(event);
            }
            let Some(sign_in) = event.identity.sign_in.as_deref() else {
                continue;
            };
            let (issue, signed) = match &event.identity.key {
                Some(key) => {
                    let mut of_key = issued.get(key).into_iter().flatten().copied();
                    let issue = of_key.find(|issue| is_of(event, key, &Stamp::of_issue(issue)));
                    (issue, &mut signed)
                }
                None => (issue_of(&sessions, event), &mut signed_keyless),
            };
            if let Some(issue) = issue {
                signed.entry(sign_in).or_insert((event, issue));
            }
        }
        Given {
            sessions,
            calls,
            signed,
            signed_keyless,
        }
    }

    /// A call that bears one of the sign-ins of these sessions, and not after they called first, in a session that none of them asked for: they are of the
    /// same sign-in.
    pub(super) fn of_sign_in(&self, sessions: &[&Unminted<'a>]) -> Option<Own<'a>> {
        let first = sessions.iter().map(|session| session.first.at).min()?;
        let is_other = |issue: &Issue<'_>| is_by_another(sessions, issue.askers());
        let earliest = |signed: &Signed<'a, 'i>| {
            let bearing = sessions
                .iter()
                .filter_map(|session| signed.get(session.sign_in?).copied());
            let earlier = bearing.filter(|(event, issue)| event.at <= first && is_other(issue));
            earlier.min_by_key(|(event, _)| (event.at, &event.id))
        };
        let (call, issue) = earliest(&self.signed).or_else(|| earliest(&self.signed_keyless))?;
        let key = call.identity.key.clone().unwrap_or_else(|| issue.key.clone());
        Some(Own { call, key })
    }

    /// The first call with the key that this gave.
    pub(super) fn first_call(&self, issue: &Issue<'_>) -> Option<Own<'a>> {
        let key = issue.key.clone();
        let call = *self.calls.get(&key)?;
        // Key IDs recur.
        is_of(call, &key, &Stamp::of_issue(issue)).then_some(Own { call, key })
    }

    /// The mints of the session that this is another key of: the one nearest to the moment that it bears, and those that gave other sessions at that moment.
    /// With `is_of_console`, its calls are known to be.
    pub(super) fn mints_of(&self, session: &Unminted<'a>, is_of_console: bool, ways: &Ways<'a>) -> Vec<&'i Issue<'a>> {
        let moment = session.principal.zip(session.created);
        let Some((principal, created)) = moment else {
            return Vec::new();
        };
        let Some(of_principal) = self.sessions.get(principal) else {
            return Vec::new();
        };
        let at = created.seconds();
        let near = of_principal.range(at - SLACK_SECONDS..=at + SLACK_SECONDS);
        let mut near: Vec<(i64, &Issue<'a>)> = near
            .flat_map(|(second, issues)| issues.iter().map(move |issue| ((second - at).abs(), *issue)))
            .filter(|(_, issue)| is_of_console || issue.keeps_session() || issue.event.is_of_console())
            .collect();
        near.sort_by_key(|(apart, issue)| (*apart, issue.event.at, &issue.event.id));
        let login = ways.login(principal, created);
        let apart = login.map(|login| (login.at.seconds() - at).abs());
        // Whoever signs in through another provider is given a key and signed in at once.
        near.retain(|(between, issue)| apart.is_none_or(|apart| *between < apart || is_federated(issue)));
        let Some((least, nearest)) = near.first().copied() else {
            return login.map_or_else(Vec::new, |login| self.signed_in(of_principal, login.at));
        };
        // What was made one of the console is of the session that asked for it.
        let is_rival = |(between, issue): &(i64, &Issue<'a>)| {
            *between == least && issue.key != nearest.key && !issue.keeps_session() && !nearest.keeps_session()
        };
        let rivals = near.into_iter().skip(1).filter(is_rival).map(|(_, issue)| issue);
        std::iter::once(nearest).chain(rivals).collect()
    }

    /// The mints whose holders may have signed in at that moment: of each that asked for a session of the console the last one. By which of several addresses
    /// somebody signed in, nothing tells.
    fn signed_in(&self, of_principal: &BTreeMap<i64, Vec<&'i Issue<'a>>>, at: Moment) -> Vec<&'i Issue<'a>> {
        let before = of_principal.range(at.seconds() - ASKED_SECONDS..=at.seconds() + SLACK_SECONDS);
        let issues = before.rev().flat_map(|(_, issues)| issues.iter().rev()).copied();
        let may_be =
            |issue: &&Issue<'_>| issue.keeps_session() && issue.event.at.seconds() <= at.seconds() + SLACK_SECONDS;
        let mut known = BTreeSet::new();
        let mut found: Vec<&Issue<'a>> = issues.filter(may_be).collect();
        found.sort_by_key(|issue| std::cmp::Reverse((issue.event.at, &issue.event.id)));
        found.retain(|issue| known.insert(issue.askers().collect::<Vec<&AccessKeyId>>()));
        found
    }
}

/// Whether it was given to somebody whom another provider vouched for, as in a sign-in through SAML.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-saml.html>
fn is_federated(issue: &Issue<'_>) -> bool {
    matches!(
        issue.event.name.as_str(),
        "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity"
    )
}

/// Whether none of these sessions asked, as far as it is known who did.
pub(super) fn is_by_another<'k>(sessions: &[&Unminted<'_>], asked: impl Iterator<Item = &'k AccessKeyId>) -> bool {
    let mut asked = asked.peekable();
    asked.peek().is_none() || asked.any(|key| sessions.iter().all(|session| session.key != key))
}

/// The mint of the session that made a call whose record leaves the key out: by the principal and the nearest moment of issue.
fn issue_of<'a, 'i>(
    sessions: &BTreeMap<String, BTreeMap<i64, Vec<&'i Issue<'a>>>>,
    event: &Event,
) -> Option<&'i Issue<'a>> {
    let of_principal = sessions.get(event.identity.principal_id.as_deref()?)?;
    let at = event.identity.session_created?.seconds();
    let near = of_principal.range(at - SLACK_SECONDS..=at + SLACK_SECONDS);
    let (_, issues) = near.min_by_key(|(second, _)| (**second - at).abs())?;
    issues.first().copied()
}
