//! Sessions of the family's own user or of a role that it reached which no mint in the evidence gave: the intruder's by another way, or not.

use super::holder::{holder_of, role_of};
use super::lasting::made;
use super::mint::Issue;
use super::session::{Stamp, caller, is_of, near};
use super::trace::{Lineage, Unresolved};
use crate::account::Holder;
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet};

/// Why it may be, where nothing tells more.
const UNTOLD: &str = "no mint of it is in the evidence: a console session, another Region, or a gap in the log";

/// Why, where its calls say that they come from the console and nothing else is known.
const HINTED: &str = "a console session, as its calls say; its sign-in is not in the evidence";

/// Why, where the sign-in was found.
const SIGNED_IN: &str = "a console session: ";

/// Why, where it is usual that no record gives the key.
const OF_INSTANCE: &str = "credentials of an instance: their issue is never recorded";
const OF_PORTAL: &str = "a session of IAM Identity Center: its portal issues it without a record of the key";
const EXPLAINED: [&str; 2] = [OF_INSTANCE, OF_PORTAL];

/// What a call leaves, in words, that doesn't end with the session that made it: something that lasts, or another role's session.
fn left(event: &Event, by: &AccessKeyId) -> Option<String> {
    if event.error.is_none() && event.service() == "sts" && event.name.starts_with("Assume") {
        let role = role_of(event, "arn").or_else(|| event.asked("/roleArn"));
        return Some(format!("{} {}", event.name, role.unwrap_or_default()).trim().to_owned());
    }
    let made = made(event, by)?;
    Some(format!("{} {}", made.call, made.what).trim().to_owned())
}

/// Whether a member calls under the same name: the user's, or that of a role's session.
fn has_name_of_member(one: &Unresolved, lineage: &Lineage) -> bool {
    let mut holders = lineage.credentials.iter().filter_map(|member| member.holder.as_ref());
    holders.any(|holder| match holder {
        Holder::Role { name, session, .. } => one.arn.ends_with(&format!(":assumed-role/{name}/{session}")),
        _ => false,
    })
}

/// A session: its principal and the moment of its issue; by its key where it doesn't tell them.
type Session = (String, Option<Moment>, Option<AccessKeyId>);

/// How much a reason tells: a sign-in that was found more than a hint, a hint more than nothing.
fn rank(why: &str) -> u8 {
    match why {
        UNTOLD => 0,
        why if why == HINTED => 1,
        why if why.starts_with(SIGNED_IN) => 3,
        _ => 2,
    }
}

/// Gathers them.
pub(super) struct Strangers<'a> {
    issued: BTreeMap<&'a AccessKeyId, Vec<Stamp>>,
    /// Sign-ins that succeeded, by whom and when.
    sign_ins: BTreeMap<&'a str, Vec<&'a Event>>,
    seen: BTreeMap<Session, Unresolved>,
    /// The sign-ins that the calls of these sessions bear.
    sign_in: BTreeMap<Session, String>,
    /// Members that no mint gave, by the sign-in that their calls bear.
    members_of: BTreeMap<String, AccessKeyId>,
}

impl<'a> Strangers<'a> {
    /// Knows what was issued and who signed in.
    pub(super) fn of(events: &[&'a Event], issues: &'a [Issue<'a>]) -> Self {
        let mut issued: BTreeMap<&AccessKeyId, Vec<Stamp>> = BTreeMap::new();
        for issue in issues.iter().filter(|issue| issue.joined.is_none()) {
            issued.entry(&issue.key).or_default().push(Stamp::of_issue(issue));
        }
        let mut sign_ins: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        let entered = |event: &&&Event| {
            event.service() == "signin"
                && matches!(event.name.as_str(), "ConsoleLogin" | "SwitchRole" | "GetSigninToken")
                && event.error.is_none()
                // A sign-in that failed has no error code.
                && event.answered("/ConsoleLogin").as_deref() != Some("Failure")
        };
        for event in events.iter().filter(entered) {
            if let Some(principal) = &event.identity.principal_id {
                sign_ins.entry(principal).or_default().push(event);
            }
        }
        Strangers {
            issued,
            sign_ins,
            seen: BTreeMap::new(),
            sign_in: BTreeMap::new(),
            members_of: BTreeMap::new(),
        }
    }

    /// Takes in an event of a member that came in by a sign-in or that nothing is known of: other sessions may be of the same sign-in.
    pub(super) fn observe_member(&mut self, event: &Event, key: &AccessKeyId) {
        if let Some(sign_in) = &event.identity.sign_in {
            self.members_of.entry(sign_in.clone()).or_insert_with(|| key.clone());
        }
    }

    /// Takes in an event of such a user or role, made with a key that is no member's.
    pub(super) fn observe(&mut self, event: &Event, key: &AccessKeyId) {
        let issued = self.issued.get(key).into_iter().flatten();
        let is_known = issued.into_iter().any(|stamp| is_of(event, key, stamp));
        if key.kind() != KeyKind::Temporary || is_known {
            return;
        }
        let created = event.identity.session_created;
        let principal = event.identity.principal_id.clone().unwrap_or_else(|| caller(event));
        let session = (principal, created, created.is_none().then(|| key.clone()));
        if let Some(sign_in) = &event.identity.sign_in {
            self.sign_in.insert(session.clone(), sign_in.clone());
        }
        let why = self.why(event);
        let is_first = (event.at, key.as_str());
        let seen = self.seen.entry(session).or_insert_with(|| Unresolved {
            key: key.clone(),
            more_keys: BTreeSet::new(),
            arn: caller(event),
            issued: created,
            first: event.at,
            last: event.at,
            why: UNTOLD.to_owned(),
            left: BTreeMap::new(),
        });
        seen.more_keys.insert(key.clone());
        if let Some(what) = left(event, key) {
            let last = seen.left.entry(what).or_insert(event.at);
            *last = event.at.max(*last);
        }
        if is_first < (seen.first, seen.key.as_str()) {
            seen.key = key.clone();
            seen.arn = caller(event);
        }
        seen.first = seen.first.min(event.at);
        seen.last = seen.last.max(event.until);
        // What says more counts, whichever call said it.
        if let Some(why) = why.filter(|why| rank(why) > rank(&seen.why)) {
            seen.why = why;
        }
    }

    /// What it may be. A console session has several keys without mints, and bears the moment of its sign-in, to the second in every case
    /// that was measured.
    fn why(&self, event: &Event) -> Option<String> {
        let principal = event.identity.principal_id.as_deref()?;
        let created = event.identity.session_created;
        let entered = self.sign_ins.get(principal).into_iter().flatten();
        let mut entered = entered.filter(|entry| created.is_some_and(|created| near(created, entry.at)));
        if let Some(entry) = entered.next() {
            let from = entry.switched_from.as_ref();
            let from = from.map(|from| format!(" by {from}"));
            return Some(format!(
                "{SIGNED_IN}{} at {}{}",
                entry.name,
                entry.at,
                from.unwrap_or_default()
            ));
        }
        if event.identity.from_console {
            return Some(HINTED.to_owned());
        }
        let why = match holder_of(event)? {
            Holder::Role { session, .. } if session.starts_with("i-") => OF_INSTANCE,
            Holder::Role { name, .. } if name.starts_with("AWSReservedSSO_") => OF_PORTAL,
            _ => return None,
        };
        Some(why.to_owned())
    }

    /// What was gathered, by first use. What was there before this family's first call is none of its doing, nor is what a session did whose way in is known
    /// and that has no member's name.
    pub(super) fn unresolved(self, lineage: &Lineage) -> Vec<Unresolved> {
        let used = lineage.credentials.iter().flat_map(|member| &member.uses);
        let began = used.map(|used| used.first).min();
        let (sign_in, of) = (self.sign_in, self.members_of);
        let unresolved = self.seen.into_iter().map(|(session, mut one)| {
            let same = sign_in
                .get(&session)
                .and_then(|sign_in| Some((of.get(sign_in)?, sign_in)));
            if let Some((key, sign_in)) = same {
                one.why = format!("the same sign-in as {key}, which is of the family: {sign_in}");
            } else if let Some(sign_in) = sign_in.get(&session)
                && rank(&one.why) < 3
            {
                one.why = format!("a session of the sign-in {sign_in}, whose beginning is not in the evidence");
            }
            one
        });
        let mut unresolved: Vec<Unresolved> = unresolved.collect();
        for one in &mut unresolved {
            one.more_keys.remove(&one.key);
            let is_explained = EXPLAINED.contains(&one.why.as_str()) && !has_name_of_member(one, lineage);
            one.left
                .retain(|_, last| !is_explained && began.is_some_and(|began| *last >= began));
        }
        unresolved.sort_by(|one, two| (one.first, &one.key, one.issued).cmp(&(two.first, &two.key, two.issued)));
        unresolved
    }
}
