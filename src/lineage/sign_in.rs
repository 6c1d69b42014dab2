//! Sessions that began with a sign-in. No record names their keys when they are given: they are joined by what their calls bear.
//!
//! A console session has several keys; their calls bear the principal and, to the second in every case that was measured, the moment of the
//! ConsoleLogin. Sessions of `aws login` and newer console sessions bear the ARN of their sign-in, on some of their calls.
//! <https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html>
//!
//! A sign-in belongs to a family where a member set the user's password before, or where a member made the call that began it. What isn't joined so may
//! be another key of a session that is known.

use super::Kind;
use super::alike::{Firsts, alike};
use super::mint::{Issue, holder_of};
use super::session::{Stamp, is_of};
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeMap;

/// How far the moment that a console session bears may lie from its ConsoleLogin, in seconds.
const SLACK_SECONDS: i64 = 2;

/// A user's console session lasts twelve hours at most, and so does what `aws login` renews.
const LONGEST_SECONDS: i64 = 43_200;

/// By what a session without a mint was joined to the call that let it in.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    /// In words.
    pub(super) by: String,
    /// What its calls bear.
    pub(super) stamp: Stamp,
    /// Whether somebody set the password that it was signed in with. Whoever did so, perhaps rightly, is not where the session comes from.
    pub(super) is_by_password: bool,
    /// Of which key it is another one of the same session.
    pub(super) beside: Option<AccessKeyId>,
}

/// A session by its key and by what its calls bear.
pub(super) type Session<'a> = (&'a AccessKeyId, Option<&'a str>, Option<Moment>);

/// What is known of one.
pub(super) struct Known<'a> {
    /// Its first call.
    pub(super) first: &'a Event,
    /// The sign-in that it began with.
    pub(super) sign_in: Option<&'a str>,
    /// Whether a call says that it was made in the console.
    pub(super) is_of_console: bool,
}

/// The calls that sign-ins are joined to.
struct Ways<'a> {
    passwords: Vec<&'a Event>,
    logins: Vec<&'a Event>,
    by_sign_in: BTreeMap<&'a str, Vec<&'a Event>>,
}

/// How a session came in: the record of it, the record of who let it in, in words, and whether by a password.
type Way<'a> = (&'a Event, &'a Event, String, bool);

impl<'a> Ways<'a> {
    fn of(events: &[&'a Event]) -> Self {
        let mut ways = Ways {
            passwords: Vec::new(),
            logins: Vec::new(),
            by_sign_in: BTreeMap::new(),
        };
        for event in events.iter().copied().filter(|event| event.error.is_none()) {
            match (event.service(), event.name.as_str()) {
                ("iam", "CreateLoginProfile" | "UpdateLoginProfile") => ways.passwords.push(event),
                ("signin", "ConsoleLogin") if event.answered("/ConsoleLogin").as_deref() != Some("Failure") => {
                    ways.logins.push(event);
                }
                ("signin", "AuthorizeOAuth2Access" | "CreateOAuth2Token") => {
                    if let Some(sign_in) = event.identity.sign_in.as_deref() {
                        ways.by_sign_in.entry(sign_in).or_default().push(event);
                    }
                }
                _ => {}
            }
        }
        ways
    }

    /// The sign-in at the moment that the session bears, where its user's password was set before.
    fn by_password(&self, (_, principal, created): Session<'a>) -> Option<Way<'a>> {
        let (principal, created) = (principal?, created?);
        let is_it = |login: &&&Event| {
            login.identity.principal_id.as_deref() == Some(principal)
                && (login.at.seconds() - created.seconds()).abs() <= SLACK_SECONDS
        };
        let login = self.logins.iter().find(is_it)?;
        let user = login.identity.user_name.as_deref()?;
        let set = self.passwords.iter().rev().find(|set| {
            let apart =
                matches!((&set.identity.account, &login.identity.account), (Some(one), Some(two)) if one != two);
            set.at <= login.at && set.password_of().as_deref() == Some(user) && !apart
        })?;
        let how = format!(
            "signed in with the password that {} set at {}; joined by the user and the moment of the sign-in",
            set.name, set.at
        );
        Some((login, set, how, true))
    }

    /// The call that began the sign-in whose ARN the session bears.
    fn by_sign_in(&self, key: &AccessKeyId, sign_in: &str) -> Option<Way<'a>> {
        let mut began = self.by_sign_in.get(sign_in)?.iter();
        let began = began.find(|event| event.identity.key.as_ref().is_some_and(|by| by != key))?;
        Some((began, began, format!("joined by the sign-in {sign_in}"), false))
    }
}

/// Every session that came in by a way that somebody's key opened, and that no mint gave.
pub(super) fn entered<'a>(events: &[&'a Event], issues: &[Issue<'a>]) -> Vec<Issue<'a>> {
    let ways = Ways::of(events);
    let sessions = sessions(events, issues);
    // Not every call of a session bears its sign-in, and what it renews bears another moment.
    let mut by_password: BTreeMap<&str, Way<'a>> = BTreeMap::new();
    for (session, known) in &sessions {
        if let Some((sign_in, way)) = known.sign_in.zip(ways.by_password(*session)) {
            by_password.entry(sign_in).or_insert(way);
        }
    }
    let came = |session: Session<'a>, known: &Known<'a>| {
        let sign_in = known.sign_in;
        ways.by_password(session)
            .or_else(|| ways.by_sign_in(session.0, sign_in?))
            .or_else(|| {
                let (login, set, how, is_by_password) = by_password.get(sign_in?)?.clone();
                Some((
                    login,
                    set,
                    format!("{how}, and by the sign-in {}", sign_in?),
                    is_by_password,
                ))
            })
    };
    let mut found = Vec::new();
    let (mut firsts, mut others) = (Firsts::default(), Vec::new());
    let mut by_time: Vec<(Session<'a>, &Known<'a>)> =
        sessions.iter().map(|(session, known)| (*session, known)).collect();
    by_time.sort_by(|(one, known), (two, other)| {
        (known.first.at, &known.first.id, one.0).cmp(&(other.first.at, &other.first.id, two.0))
    });
    for (session, known) in by_time {
        // Whoever signed in with a password did so once: the other keys come from the first.
        let way =
            came(session, known).filter(|(.., is_by_password)| !is_by_password || firsts.of(session, known).is_none());
        let Some((event, asker, by, is_by_password)) = way else {
            others.push((session, known));
            continue;
        };
        if is_by_password {
            firsts.meet(session, known, known.first);
        }
        found.push(Issue {
            event,
            asker,
            key: session.0.clone(),
            kind: Kind::Console,
            holder: holder_of(known.first),
            account: known.first.identity.account.clone(),
            expires: Some(event.at.plus_seconds(LONGEST_SECONDS)),
            is_logged: false,
            joined: Some(Joined {
                by,
                stamp: Stamp::of_event(known.first),
                is_by_password,
                beside: None,
            }),
        });
    }
    found.extend(alike(events, &others, firsts, issues));
    found.sort_by(|one, two| (one.event.at, &one.event.id, &one.key).cmp(&(two.event.at, &two.event.id, &two.key)));
    found
}

/// Temporary keys that were used and that no mint gave.
fn sessions<'a>(events: &[&'a Event], issues: &[Issue<'a>]) -> BTreeMap<Session<'a>, Known<'a>> {
    let mut issued: BTreeMap<&AccessKeyId, Vec<Stamp>> = BTreeMap::new();
    for issue in issues {
        issued.entry(&issue.key).or_default().push(Stamp::of_issue(issue));
    }
    let mut sessions: BTreeMap<Session<'a>, Known<'a>> = BTreeMap::new();
    for event in events.iter().copied().filter(|event| !event.is_forwarded()) {
        let identity = &event.identity;
        let Some(key) = identity.key.as_ref().filter(|key| key.kind() == KeyKind::Temporary) else {
            continue;
        };
        let mut stamps = issued.get(key).into_iter().flatten();
        if stamps.any(|stamp| is_of(event, key, stamp)) {
            continue;
        }
        let session = (key, identity.principal_id.as_deref(), identity.session_created);
        let known = sessions.entry(session).or_insert(Known {
            first: event,
            sign_in: None,
            is_of_console: false,
        });
        known.sign_in = known.sign_in.or(identity.sign_in.as_deref());
        known.is_of_console |= event.is_of_console();
    }
    sessions
}
