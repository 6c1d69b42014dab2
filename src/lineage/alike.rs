//! One session under many keys. The console signs its calls with ever new ones, and no record names them when they are given: they bear the principal and,
//! to the second in every case that was measured, the moment of issue of their session; newer ones bear the ARN of their sign-in.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
//!
//! Where a mint gave a key to that principal at that moment, and it is seen that this is of the console, the others come from the same mint. Where none
//! did, they come from the key that called first.

use super::Kind;
use super::mint::{Issue, holder_of};
use super::session::{Stamp, near};
use super::sign_in::{Joined, Known, Session};
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeMap;

/// A session whose end isn't known is taken to live as long as any: 36 hours.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
const LONGEST_SECONDS: i64 = 129_600;

/// By what several keys are of one session.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Mark<'a> {
    SignIn(&'a str),
    Moment(&'a str, Moment),
}

/// The first call of each session that was met, whichever of its keys made it.
#[derive(Default)]
pub(super) struct Firsts<'a>(BTreeMap<Mark<'a>, &'a Event>);

impl<'a> Firsts<'a> {
    fn marks((_, principal, created): Session<'a>, known: &Known<'a>) -> impl Iterator<Item = Mark<'a>> {
        let moment = principal.zip(created).map(|(who, at)| Mark::Moment(who, at));
        known.sign_in.map(Mark::SignIn).into_iter().chain(moment)
    }

    /// The first call of the session that this is another key of.
    pub(super) fn of(&self, session: Session<'a>, known: &Known<'a>) -> Option<&'a Event> {
        Firsts::marks(session, known)
            .find_map(|mark| self.0.get(&mark))
            .copied()
    }

    /// Remembers the first call of a session.
    pub(super) fn meet(&mut self, session: Session<'a>, known: &Known<'a>, first: &'a Event) {
        for mark in Firsts::marks(session, known) {
            self.0.entry(mark).or_insert(first);
        }
    }
}

/// What is known of the sessions that keys were given for.
struct Minted<'a, 'i> {
    by_principal: BTreeMap<String, Vec<&'i Issue<'a>>>,
    /// The first own call of each key.
    used: BTreeMap<&'a AccessKeyId, &'a Event>,
}

impl<'a, 'i> Minted<'a, 'i> {
    fn of(events: &[&'a Event], issues: &'i [Issue<'a>]) -> Self {
        let mut minted = Minted {
            by_principal: BTreeMap::new(),
            used: BTreeMap::new(),
        };
        let sessions = issues
            .iter()
            .filter(|issue| issue.key.kind() == KeyKind::Temporary && issue.joined.is_none());
        for issue in sessions {
            if let Some(principal) = issue.principal() {
                minted.by_principal.entry(principal).or_default().push(issue);
            }
        }
        for event in events.iter().copied().filter(|event| !event.is_forwarded()) {
            if let Some(key) = &event.identity.key {
                minted.used.entry(key).or_insert(event);
            }
        }
        minted
    }

    /// The mint of the session that a call is of, where it is one of the console.
    fn of_session(&self, (_, principal, created): Session<'a>, known: &Known<'a>) -> Option<&'i Issue<'a>> {
        let created = created?;
        let mut issues = self.by_principal.get(principal?)?.iter().copied();
        issues.find(|issue| {
            let is_of_console = known.is_of_console || issue.keeps_session() || issue.event.is_of_console();
            is_of_console && Stamp::of_issue(issue).issued.iter().any(|at| near(*at, created))
        })
    }
}

/// Who has the other keys of each session: of those `sessions`, in the order of their first calls, that no mint gave and no sign-in but one that is among
/// the `firsts`.
pub(super) fn alike<'a>(
    events: &[&'a Event],
    sessions: &[(Session<'a>, &Known<'a>)],
    mut firsts: Firsts<'a>,
    issues: &[Issue<'a>],
) -> Vec<Issue<'a>> {
    let minted = Minted::of(events, issues);
    let mut found = Vec::new();
    for (session, known) in sessions.iter().copied() {
        let mint = minted.of_session(session, known);
        if let Some(issue) = mint.filter(|issue| issue.by().is_some()) {
            found.push(of_mint(session, known, issue));
            continue;
        }
        let first = firsts.of(session, known);
        let first = first.or_else(|| minted.used.get(&mint?.key).copied());
        found.extend(first.and_then(|first| beside(session, known, first)));
        firsts.meet(session, known, first.unwrap_or(known.first));
    }
    found
}

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

/// Another key of a session that a mint gave a key for.
fn of_mint<'a>((key, ..): Session<'a>, known: &Known<'a>, issue: &Issue<'a>) -> Issue<'a> {
    Issue {
        event: issue.event,
        asker: issue.asker,
        key: key.clone(),
        kind: Kind::Console,
        holder: holder_of(known.first).or_else(|| issue.holder.clone()),
        account: known.first.identity.account.clone(),
        expires: issue.expires,
        is_logged: issue.is_logged,
        joined: Some(Joined {
            by: format!(
                "another key of the session of {}: joined by the principal and the moment of issue",
                issue.key
            ),
            stamp: Stamp::of_event(known.first),
            is_by_password: false,
            beside: Some(issue.key.clone()),
        }),
    }
}

/// Another key of the session that called `first` under one of its keys.
fn beside<'a>((key, _, created): Session<'a>, known: &Known<'a>, first: &'a Event) -> Option<Issue<'a>> {
    let other = first.identity.key.as_ref().filter(|other| *other != key)?;
    let by = match created == first.identity.session_created {
        true => "the principal and the moment of issue".to_owned(),
        false => format!("the sign-in {}", known.sign_in?),
    };
    Some(Issue {
        event: first,
        asker: first,
        key: key.clone(),
        kind: Kind::Console,
        holder: holder_of(known.first),
        account: known.first.identity.account.clone(),
        expires: created.map(|created| created.plus_seconds(LONGEST_SECONDS)),
        is_logged: false,
        joined: Some(Joined {
            by: format!("another key of the session of {other}: joined by {by}"),
            stamp: Stamp::of_event(known.first),
            is_by_password: false,
            beside: Some(other.clone()),
        }),
    })
}
