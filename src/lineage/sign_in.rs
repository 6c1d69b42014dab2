//! How sessions came in that began with a sign-in. No record names their keys when they are given: they are joined by what their calls bear.
//!
//! A console session has several keys; their calls bear the principal and, to the second in every case that was measured, the moment of the
//! ConsoleLogin. Sessions of `aws login` and newer console sessions bear the ARN of their sign-in, on some of their calls.
//! <https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html>
//!
//! A sign-in belongs to a family where a member set the user's password before, or where a member made the call that began it.

use super::asker::Askers;
use super::session::Stamp;
use super::unminted::Unminted;
use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeMap;

/// How far the moment that a console session bears may lie from its ConsoleLogin, in seconds.
const SLACK_SECONDS: i64 = 2;

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

/// How a session came in: the record of it, the record of who let it in, in words, and whether by a password.
#[derive(Debug, Clone)]
pub(super) struct Way<'a> {
    pub(super) event: &'a Event,
    pub(super) asker: &'a Event,
    /// The key of that record's session, where the record leaves it out.
    pub(super) told: Option<AccessKeyId>,
    pub(super) by: String,
    pub(super) is_by_password: bool,
}

impl Way<'_> {
    /// The key of who let it in.
    pub(super) fn by_key(&self) -> Option<&AccessKeyId> {
        self.asker.identity.key.as_ref().or(self.told.as_ref())
    }
}

/// A call that somebody's way in begins with, and its key where the record leaves that out.
type Beginning<'a> = (&'a Event, Option<AccessKeyId>);

/// The calls that sign-ins are joined to.
#[derive(Default)]
pub(super) struct Ways<'a> {
    passwords: Vec<Beginning<'a>>,
    logins: BTreeMap<&'a str, BTreeMap<i64, &'a Event>>,
    begun: BTreeMap<&'a str, Vec<Beginning<'a>>>,
}

impl<'a> Ways<'a> {
    pub(super) fn of(events: &[&'a Event], askers: &Askers<'a>) -> Self {
        let mut ways = Ways::default();
        let told = |event: &Event| event.identity.key.is_none().then(|| askers.key(event, None)).flatten();
        for event in events.iter().copied().filter(|event| event.error.is_none()) {
            match (event.service(), event.name.as_str()) {
                ("iam", "CreateLoginProfile" | "UpdateLoginProfile") => ways.passwords.push((event, told(event))),
                ("signin", "ConsoleLogin") if event.answered("/ConsoleLogin").as_deref() != Some("Failure") => {
                    if let Some(principal) = event.identity.principal_id.as_deref() {
                        let logins = ways.logins.entry(principal).or_default();
                        logins.entry(event.at.seconds()).or_insert(event);
                    }
                }
                ("signin", "AuthorizeOAuth2Access" | "CreateOAuth2Token") => {
                    if let Some(sign_in) = event.identity.sign_in.as_deref() {
                        ways.begun.entry(sign_in).or_default().push((event, told(event)));
                    }
                }
                _ => {}
            }
        }
        ways
    }

    /// The sign-in of a principal nearest to a moment of issue.
    pub(super) fn login(&self, principal: &str, created: Moment) -> Option<&'a Event> {
        let at = created.seconds();
        let near = self
            .logins
            .get(principal)?
            .range(at - SLACK_SECONDS..=at + SLACK_SECONDS);
        near.min_by_key(|(login, _)| (at - **login).abs())
            .map(|(_, login)| *login)
    }

    /// The sign-in at the moment that the session bears, where its user's password was set before.
    pub(super) fn by_password(&self, session: &Unminted<'a>) -> Option<Way<'a>> {
        let login = self.login(session.principal?, session.created?)?;
        let user = login.identity.user_name.as_deref()?;
        let (set, told) = self.passwords.iter().rev().find(|(set, _)| {
            let apart =
                matches!((&set.identity.account, &login.identity.account), (Some(one), Some(two)) if one != two);
            set.at <= login.at && set.password_of().as_deref() == Some(user) && !apart
        })?;
        Some(Way {
            event: login,
            asker: set,
            told: told.clone(),
            by: format!(
                "signed in with the password that {} set at {}; joined by the user and the moment of the sign-in",
                set.name, set.at
            ),
            is_by_password: true,
        })
    }

    /// The first call that began a sign-in which one of the sessions bears, by a key that is none of theirs and not after they called first: what goes on
    /// in a circle began nowhere.
    pub(super) fn by_sign_in(&self, sessions: &[&Unminted<'a>]) -> Option<Way<'a>> {
        let first = sessions.iter().map(|session| session.first.at).min()?;
        let is_other = |(event, told): &&Beginning<'_>| {
            let by = event.identity.key.as_ref().or(told.as_ref());
            by.is_some_and(|by| sessions.iter().all(|session| session.key != by)) && event.at <= first
        };
        let sign_ins = sessions.iter().filter_map(|session| session.sign_in);
        let began = sign_ins.filter_map(|sign_in| Some((sign_in, self.begun.get(sign_in)?.iter().find(is_other)?)));
        let (sign_in, (began, told)) = began.min_by_key(|(_, (event, _))| (event.at, &event.id))?;
        Some(Way {
            event: began,
            asker: began,
            told: told.clone(),
            by: format!("joined by the sign-in {sign_in}"),
            is_by_password: false,
        })
    }
}
