//! How sessions came in that began with a sign-in. No record names their keys when they are given: they are joined by what their calls bear.
//!
//! A console session has several keys; their calls bear the principal and, to the second in every case that was measured, the moment of the
//! ConsoleLogin. Sessions of `aws login` and newer console sessions bear the ARN of their sign-in, on some of their calls.
//! <https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html>
//!
//! A sign-in belongs to a family where a member set the user's password before, or where a member made the call that began it: for `aws login`, or
//! GetSigninToken, which gives no key of its own where it is asked for no duration.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>

use super::asker::Askers;
use super::called::Renamings;
use super::given::ASKED_SECONDS;
use super::login::Logins;
use super::session::{SLACK_SECONDS, Stamp};
use super::switch::Switches;
use super::unminted::Unminted;
use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet};

/// By what a session without a mint was joined to the call that let it in.
#[derive(Debug, Clone)]
pub(super) struct Joined {
    /// In words.
    pub(super) by: String,
    /// What its calls bear.
    pub(super) stamp: Stamp,
    /// Whether somebody let it in, who set the password that it was signed in with or opened the role. Whoever did so, perhaps rightly, is not where the
    /// session comes from.
    pub(super) is_let_in: bool,
    /// Of which key it is another one of the same session.
    pub(super) beside: Option<AccessKeyId>,
    /// What the calls of that key bear, where no call of it is in the evidence.
    pub(super) of: Option<Stamp>,
    /// Keys that may have asked for the session instead: its calls bear what another session's bear, too.
    pub(super) rivals: Vec<AccessKeyId>,
}

/// How a session came in: the record of it, the record of who let it in, in words, and whether by a password.
#[derive(Debug, Clone)]
pub(super) struct Way<'a> {
    pub(super) event: &'a Event,
    pub(super) asker: &'a Event,
    /// The keys that may have made that call, where its record leaves the key out.
    pub(super) told: Vec<AccessKeyId>,
    pub(super) by: String,
    pub(super) is_let_in: bool,
}

impl Way<'_> {
    /// The keys of who let it in.
    pub(super) fn by_keys(&self) -> impl Iterator<Item = &AccessKeyId> {
        self.asker.identity.key.iter().chain(&self.told)
    }
}

/// A call that somebody's way in begins with, and the keys that may have made it where the record leaves that out.
type Beginning<'a> = (&'a Event, Vec<AccessKeyId>);

/// The calls that sign-ins are joined to.
pub(super) struct Ways<'a> {
    pub(super) switches: &'a Switches<'a>,
    passwords: Vec<Beginning<'a>>,
    renamings: Renamings,
    logins: Logins<'a>,
    begun: BTreeMap<&'a str, Vec<Beginning<'a>>>,
    /// By unique ID the calls that asked for the console and were given no other key for it.
    tokens: BTreeMap<&'a str, Vec<Beginning<'a>>>,
}

/// Whether the call asked for the console and was given no other key for it than the caller's.
fn keeps_key(event: &Event) -> bool {
    let own = event.identity.key.as_ref().map(AccessKeyId::as_str);
    event.given_key().is_none_or(|given| own == Some(given.as_ref()))
}

impl<'a> Ways<'a> {
    pub(super) fn of(events: &[&'a Event], askers: &Askers<'a>, switches: &'a Switches<'a>) -> Self {
        let mut ways = Ways {
            switches,
            passwords: Vec::new(),
            renamings: Renamings::of(events.iter().copied()),
            logins: Logins::of(events),
            begun: BTreeMap::new(),
            tokens: BTreeMap::new(),
        };
        let told = |event: &Event| match event.identity.key {
            Some(_) => Vec::new(),
            None => askers.keys(event, None),
        };
        for event in events.iter().copied().filter(|event| event.error.is_none()) {
            match (event.service(), event.name.as_str()) {
                ("iam", _) if event.sets_password() => ways.passwords.push((event, told(event))),
                ("signin", "GetSigninToken") if keeps_key(event) && !event.is_forwarded() => {
                    if let Some(principal) = event.identity.principal_id.as_deref() {
                        ways.tokens.entry(principal).or_default().push((event, told(event)));
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
        self.logins.near(principal, created)
    }

    /// The sign-in at the moment that the session bears, where its user's password was set before, whatever he was called then.
    pub(super) fn by_password(&self, session: &Unminted<'a>) -> Option<Way<'a>> {
        let login = self.login(session.principal?, session.created?)?;
        let user = login.identity.user_name.as_deref()?;
        let (set, told) = self.passwords.iter().rev().find(|(set, told)| {
            // Who changes a password knows the one before: where nobody tells who that is, whoever set that one counts.
            let is_nobodys = set.name == "ChangePassword" && set.identity.key.is_none() && told.is_empty();
            let apart =
                matches!((&set.identity.account, &login.identity.account), (Some(one), Some(two)) if one != two);
            let account = set.identity.account.as_ref();
            let is_his = |of: String| self.renamings.may_be(&of, account, set.at, user, login.at);
            set.at <= login.at && set.password_of().is_some_and(is_his) && !apart && !is_nobodys
        })?;
        Some(Way {
            event: login,
            asker: set,
            told: told.clone(),
            by: format!(
                "signed in with the password that {} set at {}; joined by the user and the moment of the sign-in",
                set.name, set.at
            ),
            is_let_in: true,
        })
    }

    /// The calls by which a session may have been made the one of the console that is signed in at this moment: the sign-in itself, where its record names
    /// the key, and of each that asked for a token before the last. None of them by one of these sessions.
    pub(super) fn by_token(&self, session: &Unminted<'a>, group: &[&Unminted<'a>]) -> Vec<Way<'a>> {
        let moment = session.principal.zip(session.created);
        let login = moment.and_then(|(principal, created)| self.login(principal, created));
        let Some((login, principal)) = login.zip(session.principal) else {
            return Vec::new();
        };
        let at = login.at.seconds();
        let asked = self.tokens.get(principal).into_iter().flatten().rev();
        let asked = asked.filter(|(event, _)| (at - ASKED_SECONDS..=at + SLACK_SECONDS).contains(&event.at.seconds()));
        let own = Some((login, Vec::new())).filter(|_| login.identity.key.is_some() && !login.is_forwarded());
        let way = |(asker, told): (&'a Event, Vec<AccessKeyId>)| Way {
            event: login,
            asker,
            told,
            by: format!(
                "signed in after {} at {}; joined by the principal and the moment of the sign-in",
                asker.name, asker.at
            ),
            is_let_in: false,
        };
        let mut known = BTreeSet::new();
        let all = own.into_iter().chain(asked.cloned()).map(way);
        let others = all.filter(|way| {
            let mut by = way.by_keys().peekable();
            by.peek().is_some() && by.all(|key| group.iter().all(|session| session.key != key))
        });
        others
            .filter(|way| known.insert(way.by_keys().cloned().collect::<Vec<AccessKeyId>>()))
            .collect()
    }

    /// The first call that began a sign-in which one of the sessions bears, by a key that is none of theirs and not after they called first: what goes on
    /// in a circle began nowhere.
    pub(super) fn by_sign_in(&self, sessions: &[&Unminted<'a>]) -> Option<Way<'a>> {
        let first = sessions.iter().map(|session| session.first.at).min()?;
        let is_other = |(event, told): &&Beginning<'_>| {
            let mut by = event.identity.key.iter().chain(told);
            by.any(|by| sessions.iter().all(|session| session.key != by)) && event.at <= first
        };
        let sign_ins = sessions.iter().filter_map(|session| session.sign_in);
        let began = sign_ins.filter_map(|sign_in| Some((sign_in, self.begun.get(sign_in)?.iter().find(is_other)?)));
        let (sign_in, (began, told)) = began.min_by_key(|(_, (event, _))| (event.at, &event.id))?;
        Some(Way {
            event: began,
            asker: began,
            told: told.clone(),
            by: format!("joined by the sign-in {sign_in}"),
            is_let_in: false,
        })
    }
}
