//! Who came in by a role that somebody opened: sessions that no key of the account asked for, given behind a call that says who may assume the role.
//!
//! Another account's record of the call is mostly not in the evidence, so nothing joins such a session to whoever opened the role but the trust policy that let
//! it in. It is his as far as that names its account or its provider, and as far as nobody of there had come before.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/cross-account-policy-evaluation-logic.html>

use super::Kind;
use super::asker::Askers;
use super::mint::Issue;
use super::session::{Stamp, follows};
use super::sign_in::Joined;
use crate::account::{Holder, is_same_name};
use crate::ids::{AccessKeyId, AccountId};
use crate::policy::Named;
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeMap;

/// A change of a trust policy is known everywhere some seconds later: until then the one before lets people in.
const SPREADS_SECONDS: i64 = 60;

/// A call that says who may assume a role.
struct Opening<'a> {
    event: &'a Event,
    role: String,
    /// The keys that may have made it, where its record leaves that out.
    told: Vec<AccessKeyId>,
    /// Whom the trust policy lets in; `None` where that isn't understood.
    lets_in: Option<Vec<Named>>,
}

impl<'a> Opening<'a> {
    fn of(event: &'a Event, askers: &Askers<'a>) -> Option<Self> {
        let (role, trust) = event.opened_role()?;
        let told = match event.identity.key {
            Some(_) => Vec::new(),
            None => askers.keys(event, None),
        };
        Some(Opening {
            event,
            role,
            told,
            lets_in: trust.and_then(|trust| trust.parse().ok()?.allowed()),
        })
    }

    fn account(&self) -> Option<&AccountId> {
        self.event.recipient.as_ref().or(self.event.identity.account.as_ref())
    }

    /// Whether it is about the role that this session is of.
    fn is_of(&self, issue: &Issue<'_>) -> bool {
        let Some(Holder::Role { name, .. }) = &issue.holder else {
            return false;
        };
        let is_there = self
            .account()
            .zip(issue.account.as_ref())
            .is_none_or(|(one, two)| one == two);
        is_there && is_same_name(name, &self.role)
    }

    /// Whether the trust policy may let in who asked for this session.
    fn admits(&self, issue: &Issue<'_>) -> bool {
        let all = self.lets_in.as_ref();
        all.is_none_or(|all| all.iter().any(|named| is_meant(named, issue.event)))
    }
}

/// Whether who asked for a session may be meant by a principal of a trust policy. What a unique ID stands for isn't known elsewhere.
fn is_meant(named: &Named, mint: &Event) -> bool {
    let asker = &mint.identity;
    match named {
        Named::Everybody => true,
        Named::Aws(text) => {
            let of = text.split(':').nth(4).unwrap_or(text);
            let is_id = text.starts_with("AIDA") || text.starts_with("AROA");
            text == "*" || is_id || asker.account.as_ref().is_some_and(|account| account.as_str() == of)
        }
        // Which provider it was not every record tells.
        Named::Federated(provider) => {
            is_federated(mint)
                && through(mint).is_none_or(|one| {
                    let host = |text: &str| {
                        text.split_once(":oidc-provider/")
                            .map_or(text, |(_, host)| host)
                            .to_owned()
                    };
                    host(&one) == host(provider)
                })
        }
        Named::Service(_) | Named::CanonicalUser(_) => false,
    }
}

/// The provider that a session came through.
fn through(mint: &Event) -> Option<String> {
    mint.asked("/principalArn").or_else(|| mint.answered("/provider"))
}

/// Whether a provider's user asked.
fn is_federated(mint: &Event) -> bool {
    matches!(mint.identity.kind.as_deref(), Some("SAMLUser" | "WebIdentityUser"))
}

/// Whether somebody outside asked for the session: nobody's key of the account that it is in, and no service.
fn is_outsiders(issue: &Issue<'_>) -> bool {
    let asker = &issue.event.identity;
    let is_elsewhere = asker.account.is_some() && asker.account != issue.account;
    issue.kind == Kind::RoleSession && asker.invoked_by.is_none() && (is_elsewhere || is_federated(issue.event))
}

/// From which account, or through which provider, a session was asked for; `None` where that isn't told.
fn origin(mint: &Event) -> Option<String> {
    let account = || mint.identity.account.as_ref().filter(|_| !is_federated(mint));
    through(mint).or_else(|| account().map(ToString::to_string))
}

/// A role, and where its sessions are asked for from.
fn way(issue: &Issue<'_>) -> Option<(Option<AccountId>, String, String)> {
    let Some(Holder::Role { name, .. }) = &issue.holder else {
        return None;
    };
    Some((issue.account.clone(), name.to_ascii_lowercase(), origin(issue.event)?))
}

/// Every session of an outsider, as given by whoever opened the role to him.
pub(super) fn let_in_by<'a>(events: &[&'a Event], issues: &[Issue<'a>], askers: &Askers<'a>) -> Vec<Issue<'a>> {
    let openings = events.iter().filter(|event| event.error.is_none());
    let openings: Vec<Opening<'a>> = openings.filter_map(|event| Opening::of(event, askers)).collect();
    if openings.is_empty() {
        return Vec::new();
    }
    let outsiders = issues.iter().filter(|issue| is_outsiders(issue));
    let (mut found, mut first) = (Vec::new(), BTreeMap::new());
    for issue in outsiders {
        match opened_to(issue, &openings) {
            Some(opening) => found.push((issue, opening)),
            // Nobody is known to have let him in: he came by right before anybody opened the role to him.
            None => {
                if let Some(way) = way(issue) {
                    let at = first.entry(way).or_insert(issue.event.at);
                    *at = issue.event.at.min(*at);
                }
            }
        }
    }
    let had_come = |issue: &Issue<'_>, since: Moment| {
        let first = way(issue).and_then(|way| first.get(&way).copied());
        first.is_some_and(|at| !follows(at, since))
    };
    found.retain(|(issue, opening)| !had_come(issue, opening.event.at));
    found
        .into_iter()
        .map(|(issue, opening)| by_opening(issue, opening))
        .collect()
}

/// The call that let in who asked for this session: the first of those that have let him in since, one after the other.
fn opened_to<'a, 'o>(issue: &Issue<'a>, openings: &'o [Opening<'a>]) -> Option<&'o Opening<'a>> {
    let at = issue.event.at;
    let mut about: Vec<&Opening<'a>> = openings.iter().filter(|opening| opening.is_of(issue)).collect();
    about.retain(|opening| follows(at, opening.event.at));
    about.sort_by_key(|opening| opening.event.at);
    let mut since: Option<&Opening<'a>> = None;
    for opening in about {
        if !opening.admits(issue) {
            since = since.filter(|_| at <= opening.event.at.plus_seconds(SPREADS_SECONDS));
        } else if since.is_none_or(|known| known.lets_in.is_none()) {
            since = Some(opening);
        }
    }
    since
}

fn by_opening<'a>(issue: &Issue<'a>, opening: &Opening<'a>) -> Issue<'a> {
    let Opening { event, role, told, .. } = opening;
    Issue {
        event: issue.event,
        asker: event,
        told: told.clone(),
        key: issue.key.clone(),
        kind: issue.kind,
        holder: issue.holder.clone(),
        account: issue.account.clone(),
        expires: issue.expires,
        is_logged: issue.is_logged,
        is_switch: false,
        joined: Some(Joined {
            by: format!("{} let its asker into role `{role}` at {}", event.name, event.at),
            stamp: Stamp::of_issue(issue),
            is_let_in: true,
            beside: None,
            of: Some(Stamp::of_event(event)),
            rivals: Vec::new(),
        }),
    }
}
