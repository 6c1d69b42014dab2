//! Who asked, where a record leaves the caller's key out.

use super::login::Logins;
use super::mint::{Issue, is_mint};
use super::session::{Stamp, follows, near, user_of};
use crate::account::Holder;
use crate::ids::{AccessKeyId, AccountId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet};

/// Keys by the session that their calls bear: CloudTrail leaves the caller's key out at times, and its principal and moment of issue tell it all the same.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
#[derive(Default)]
pub(super) struct Askers<'a> {
    /// The keys that called in each session, in the order of their first calls.
    called: BTreeMap<Session<'a>, Vec<&'a AccessKeyId>>,
    /// The sessions that a call says to be of the console: all their keys are one session's.
    of_console: BTreeSet<Session<'a>>,
    logins: Logins<'a>,
    /// The keys that were given to a principal.
    given: BTreeMap<String, Vec<Candidate>>,
    /// The long-term keys of users, and since when each is there: those that called, by the user's unique ID, and those that were made, by account and name.
    of_users: BTreeMap<String, Vec<(AccessKeyId, Option<Moment>)>>,
}

/// A user by account and name.
fn named(account: Option<&AccountId>, name: &str) -> String {
    format!("{} {name}", account.map_or("", |account| account.as_str()))
}

/// The unique ID of who called, and the moment of issue.
pub(super) type Session<'a> = (&'a str, Moment);

/// A key that was given to a principal.
struct Candidate {
    /// A moment of issue that calls of its session may bear.
    bears: Moment,
    /// When it was given.
    since: Moment,
    key: AccessKeyId,
    /// Whether it may be of the session that asked for it.
    keeps_session: bool,
}

/// Whether the call lets somebody in without giving a key.
fn lets_in(event: &Event) -> bool {
    matches!(
        (event.service(), event.name.as_str()),
        ("signin", "AuthorizeOAuth2Access" | "CreateOAuth2Token")
    ) || event.sets_password()
        || event.opened_role().is_some()
}

fn session(event: &Event) -> Option<Session<'_>> {
    Some((event.identity.principal_id.as_deref()?, event.identity.session_created?))
}

/// Whether a record that leaves the caller's key out tells whose it may be: by a session, or by a user.
pub(super) fn is_told(event: &Event) -> bool {
    session(event).is_some() || user_of(event).is_some()
}

impl<'a> Askers<'a> {
    /// Nothing, where every call that gives somebody a way in names its key.
    pub(super) fn of(events: &[&'a Event], issues: &[Issue<'a>]) -> Self {
        let is_untold = |event: &&Event| {
            event.identity.key.is_none()
                && !event.is_forwarded()
                && (is_mint(event) || lets_in(event))
                && is_told(event)
        };
        match events.iter().copied().any(|event| is_untold(&event)) {
            true => Askers::of_all(events, issues),
            false => Askers::default(),
        }
    }

    /// The same, whatever the calls are.
    pub(super) fn of_all(events: &[&'a Event], issues: &[Issue<'a>]) -> Self {
        let mut askers = Askers {
            logins: Logins::of(events),
            ..Askers::default()
        };
        let mut known: BTreeSet<(Session<'a>, &AccessKeyId)> = BTreeSet::new();
        for event in events.iter().copied().filter(|event| !event.is_forwarded()) {
            askers.add_user(event);
            let Some(session) = session(event) else { continue };
            if event.is_of_console() || event.identity.sign_in.is_some() {
                askers.of_console.insert(session);
            }
            if let Some(key) = event.identity.key.as_ref().filter(|key| known.insert((session, key))) {
                askers.called.entry(session).or_default().push(key);
            }
        }
        let made = issues.iter().filter(|issue| issue.event.name == "CreateAccessKey");
        for (key, event, user) in made.filter_map(|issue| Some((&issue.key, issue.event, issue.holder.as_ref()?))) {
            let Holder::User { name, .. } = user else { continue };
            let user = named(event.identity.account.as_ref(), name);
            askers
                .of_users
                .entry(user)
                .or_default()
                .push((key.clone(), Some(event.at)));
        }
        for issue in issues.iter().filter(|issue| issue.key.kind() == KeyKind::Temporary) {
            let Some(principal) = issue.principal() else { continue };
            let given = askers.given.entry(principal).or_default();
            let moments = Stamp::of_issue(issue).issued.into_iter();
            given.extend(moments.map(|bears| Candidate {
                bears,
                since: issue.event.at,
                key: issue.key.clone(),
                keeps_session: issue.keeps_session(),
            }));
        }
        askers
    }

    /// The keys of the session that made a call whose record has none, but for the one that the call gave: one that called, else the one that was given
    /// for it first. Where several sessions bear the same, each of them may have called: then it is all of theirs.
    pub(super) fn keys(&self, event: &Event, gave: Option<&AccessKeyId>) -> Vec<AccessKeyId> {
        let session = session(event).filter(|_| !event.is_forwarded());
        session.map_or_else(
            || self.of_user(event, gave),
            |session| self.of_session(session, event.at, |key| Some(key) != gave),
        )
    }

    /// The long-term keys of the user whom a record names, where it has neither his key nor a session: each of them may have called.
    fn of_user(&self, event: &Event, gave: Option<&AccessKeyId>) -> Vec<AccessKeyId> {
        let Some(id) = user_of(event) else { return Vec::new() };
        let identity = &event.identity;
        let name = identity.user_name.as_deref();
        let user = name.map(|name| named(identity.account.as_ref(), name));
        let known = [Some(id), user.as_deref()];
        let all = known.into_iter().flatten().filter_map(|user| self.of_users.get(user));
        let mut keys: Vec<AccessKeyId> = Vec::new();
        for (key, since) in all.flatten() {
            let was_there = since.is_none_or(|since| follows(event.at, since));
            if was_there && Some(key) != gave && !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }

    /// Remembers the long-term key that called, if one did.
    fn add_user(&mut self, event: &Event) {
        let identity = &event.identity;
        let key = identity.key.as_ref().filter(|key| key.kind() == KeyKind::LongTerm);
        let Some((key, id)) = key.zip(identity.principal_id.as_deref()) else {
            return;
        };
        let keys = self.of_users.entry(id.to_owned()).or_default();
        if !keys.iter().any(|(known, _)| known == key) {
            keys.push((key.clone(), None));
        }
    }

    /// The same for whatever a session did at some moment, by those of its keys that may be.
    pub(super) fn of_session(
        &self,
        session: Session<'_>,
        at: Moment,
        may_be: impl Fn(&AccessKeyId) -> bool,
    ) -> Vec<AccessKeyId> {
        let called = self.called.get(&session).into_iter().flatten().copied();
        let mut keys: Vec<&AccessKeyId> = called.filter(|key| may_be(key)).collect();
        let given = self.nearest(session, at, may_be);
        // Beside what bears the very moment, what was given near it is another's.
        let is_one = |one: &&&Candidate| !one.keeps_session && (keys.is_empty() || one.bears == session.1);
        let sessions: Vec<&AccessKeyId> = given.iter().filter(is_one).map(|one| &one.key).collect();
        if sessions.len() < 2 && self.is_of_console(session) {
            // One session, under whichever of its keys.
            keys.truncate(1);
        } else {
            let others: Vec<&AccessKeyId> = sessions.into_iter().filter(|key| !keys.contains(key)).collect();
            keys.extend(others);
        }
        if keys.is_empty() {
            keys.extend(given.first().map(|one| &one.key));
        }
        keys.into_iter().cloned().collect()
    }

    /// The keys that were given for a session and may be: those nearest to the moment that it bears, in their order.
    fn nearest(
        &self,
        (principal, created): Session<'_>,
        at: Moment,
        may_be: impl Fn(&AccessKeyId) -> bool,
    ) -> Vec<&Candidate> {
        let apart = |one: &Candidate| (one.bears.seconds() - created.seconds()).abs();
        let given = self.given.get(principal).into_iter().flatten();
        let fitting = given.filter(|one| near(one.bears, created) && follows(at, one.since) && may_be(&one.key));
        let mut fitting: Vec<&Candidate> = fitting.collect();
        fitting.sort_by_key(|one| (apart(one), one.since, &one.key));
        fitting.dedup_by_key(|one| &one.key);
        let least = fitting.first().map(|one| apart(one));
        fitting.retain(|one| Some(apart(one)) == least);
        fitting
    }

    fn is_of_console(&self, session: Session<'_>) -> bool {
        self.of_console.contains(&session) || self.logins.near(session.0, session.1).is_some()
    }

    /// Says who asked for each of `issues` whose record doesn't.
    pub(super) fn tell(&self, issues: &mut [Issue<'a>]) {
        // Of what somebody switched to it was told by the switch.
        let is_untold = |issue: &&mut Issue<'a>| issue.asker.identity.key.is_none() && issue.told.is_empty();
        for issue in issues.iter_mut().filter(is_untold) {
            // A key doesn't ask for itself.
            issue.told = self.keys(issue.asker, Some(&issue.key));
        }
    }
}
