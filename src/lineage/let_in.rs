//! Whom the family let in without a key that a record names: users whose password it set, and whoever holds what `aws login` gave it.

use super::asker::{Askers, is_told};
use super::called::Renamings;
use super::mint::issues;
use super::{Credential, Lineage};
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::{Event, Evidence};
use std::collections::{BTreeMap, BTreeSet};

/// How long before a role was opened its sessions are looked for: who came in then comes by right.
const BEFORE_SECONDS: i64 = 86_400;

/// Names under which the sessions call that a member let in, each with the first moment of that: of a user its name, of a role's session the name of the
/// session. That is what CloudTrail's Event history has as the user's name.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupAttribute.html>
pub fn let_in(evidence: &Evidence, lineage: &Lineage) -> BTreeMap<String, Moment> {
    let mut found: BTreeMap<String, Moment> = BTreeMap::new();
    // A session of the console that no mint gave has other keys under the same name, and so has one that began with a sign-in.
    let is_unminted = |key: &AccessKeyId| {
        let member = lineage.member(key);
        key.kind() == KeyKind::Temporary && member.is_some_and(|member| member.minted.is_none())
    };
    let events = evidence.events();
    let renamings = Renamings::of(events.iter().copied());
    for (key, event) in done(evidence, lineage) {
        let goes_on = || event.identity.sign_in.is_some() || event.is_of_console() && is_unminted(key);
        let own = || own_name(event).filter(|_| goes_on());
        if let Some(name) = name_of(event).or_else(own) {
            let account = event.identity.account.as_ref();
            for (name, since) in renamings.names(&name, account, event.at) {
                let first = found.entry(name).or_insert(since);
                *first = since.min(*first);
            }
        }
    }
    found
}

/// Roles of which a member said who may assume them, by ARN, each with the moment from which on their sessions count: a day before the first such call, since
/// whoever came before it was let in by somebody else. Who comes in by one asks with no key of the account. A path that the records don't tell is taken for
/// none.
pub fn opened_roles(evidence: &Evidence, lineage: &Lineage) -> BTreeMap<String, Moment> {
    let mut found: BTreeMap<String, Moment> = BTreeMap::new();
    for (_, event) in done(evidence, lineage) {
        let Some((name, _)) = event.opened_role() else { continue };
        let arn = event.answered("/role/arn").or_else(|| {
            let account = event.recipient.as_ref().or(event.identity.account.as_ref())?;
            let partition = event.identity.arn.as_ref().map_or("aws", |arn| arn.partition());
            Some(format!("arn:{partition}:iam::{account}:role/{name}"))
        });
        if let Some(arn) = arn {
            let since = event.at.plus_seconds(-BEFORE_SECONDS);
            let first = found.entry(arn).or_insert(since);
            *first = since.min(*first);
        }
    }
    found
}

/// Since when members set passwords of users, as far as any did: whoever has one may be called otherwise when he signs in with it.
pub fn passwords_set(evidence: &Evidence, lineage: &Lineage) -> Option<Moment> {
    let set = done(evidence, lineage).filter(|(_, event)| event.sets_password());
    set.map(|(_, event)| event.at).min()
}

/// The sign-ins that calls of members bear, by their ARNs. Whoever else bears one is of the same sign-in.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
pub fn sign_ins(evidence: &Evidence, lineage: &Lineage) -> BTreeSet<String> {
    // A call that was refused bears it all the same.
    let own = calls(evidence, lineage).into_iter();
    own.filter_map(|(_, event)| event.identity.sign_in.clone()).collect()
}

/// Why sessions that a member began by `aws login` may not be in the family: the record bears no sign-in, and nothing else joins them.
/// <https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html>
pub fn unjoined(evidence: &Evidence, lineage: &Lineage) -> Vec<String> {
    let mut found: BTreeMap<&AccessKeyId, (Moment, &Event)> = BTreeMap::new();
    for (key, event) in done(evidence, lineage).filter(|(_, event)| is_login(event) && event.identity.sign_in.is_none())
    {
        let last = found.entry(key).or_insert((event.at, event));
        *last = (event.at.max(last.0), last.1);
    }
    let each = found.into_iter().map(|(key, (at, event))| {
        let whose = event.identity.arn.as_ref().map(ToString::to_string);
        format!(
            "{key} began a session by `aws login` (last {} at {at}), and the record doesn't bear its sign-in: which sessions of {} came of it is not \
             known",
            event.name,
            whose.as_deref().unwrap_or("the same principal")
        )
    });
    each.collect()
}

/// What members did, with the key of each.
fn done<'a>(evidence: &'a Evidence, lineage: &'a Lineage) -> impl Iterator<Item = (&'a AccessKeyId, &'a Event)> {
    let done = calls(evidence, lineage).into_iter();
    done.filter(|(_, event)| event.error.is_none())
}

/// The calls of members, those that were refused among them, with the key of each; of what leads on also where the record leaves the key out and its
/// session tells it.
pub(super) fn calls<'a>(evidence: &'a Evidence, lineage: &'a Lineage) -> Vec<(&'a AccessKeyId, &'a Event)> {
    let members = lineage.credentials.iter();
    let members: BTreeMap<&AccessKeyId, &Credential> = members.map(|member| (&member.key, member)).collect();
    let has_called = |key: &AccessKeyId, event: &Event| {
        let member = members.get(key).filter(|member| member.has_called(event.at));
        member.map(|member| &member.key)
    };
    let events = evidence.events();
    let is_untold = |event: &Event| {
        let leads_on = event.identity.sign_in.is_some()
            || is_login(event)
            || name_of(event).is_some()
            || event.opened_role().is_some();
        event.identity.key.is_none() && is_told(event) && leads_on
    };
    let askers = match events.iter().any(|event| is_untold(event)) {
        true => Askers::of_all(&events, &issues(&events)),
        false => Askers::default(),
    };
    let by = |event: &'a Event| match &event.identity.key {
        Some(key) => has_called(key, event),
        // Whoever of several may have called: what one of them did in the family's name counts.
        None if is_untold(event) => askers.keys(event, None).iter().find_map(|key| has_called(key, event)),
        None => None,
    };
    events.iter().filter_map(|event| Some((by(event)?, *event))).collect()
}

fn is_login(event: &Event) -> bool {
    event.service() == "signin" && matches!(event.name.as_str(), "AuthorizeOAuth2Access" | "CreateOAuth2Token")
}

fn name_of(event: &Event) -> Option<String> {
    match (event.service(), event.name.as_str()) {
        _ if event.sets_password() => event.password_of(),
        ("signin", "GetSigninToken" | "ConsoleLogin") => own_name(event),
        _ if is_login(event) => own_name(event),
        // A role that is switched to in the console has a session under other keys than the one that is given.
        ("sts", "AssumeRole") if event.is_of_console() => Some(
            event
                .answered("/assumedRoleUser/assumedRoleId")?
                .split_once(':')?
                .1
                .to_owned(),
        ),
        _ => None,
    }
}

/// The name under which the caller's own sessions call.
fn own_name(event: &Event) -> Option<String> {
    let session = || Some(event.identity.principal_id.as_deref()?.split_once(':')?.1.to_owned());
    event.identity.user_name.clone().or_else(session)
}
