//! What the members did: every event is a use of one, a call on behalf, a use of another session with the same key ID, or a stranger's.

use super::asker::{Askers, is_told};
use super::cause::{Cause, Causes};
use super::family::Family;
use super::holder::{holder_at, holder_of};
use super::kin::Kin;
use super::lasting::made;
use super::mint::{Issue, is_mint};
use super::secret::Secrets;
use super::session::{Stamp, caller, is_of};
use super::stranger::Strangers;
use super::switch::Switches;
use super::trace::{Ambiguous, Attempt, Lineage, OnBehalf, RefusedByScp};
use super::unjudged::Changes;
use super::untold::untold;
use super::{Credential, Kind, Use};
use crate::account::Holder;
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Event;
use std::collections::{BTreeMap, BTreeSet};

type UseKey<'a> = (usize, &'a str, &'a str, Option<&'a str>);
type AmbiguousKey = (AccessKeyId, String, Option<Moment>);
type BehalfKey = (String, String, String, String, Option<Cause>);

/// Goes over the events once, in their order, and counts.
pub(super) struct Observer<'a> {
    /// Members by key: their places among the credentials, and their stamps.
    members: BTreeMap<&'a AccessKeyId, Vec<(usize, &'a Stamp)>>,
    uses: BTreeMap<UseKey<'a>, usize>,
    ambiguous: BTreeMap<AmbiguousKey, Ambiguous>,
    on_behalf: BTreeMap<BehalfKey, OnBehalf>,
    secrets: Secrets,
    changes: Changes,
    strangers: Strangers<'a>,
    kin: Kin<'a>,
    told: &'a [Credential],
    switches: &'a Switches<'a>,
    askers: &'a Askers<'a>,
    causes: Causes<'a>,
}

impl<'a> Observer<'a> {
    /// An observer of `family`, whose credentials are told in this `order`; `told` are they, before their uses are counted.
    pub(super) fn of(
        family: &'a Family<'a>,
        order: &[usize],
        told: &'a [Credential],
        events: &[&'a Event],
        issues: &'a [Issue<'a>],
        (switches, askers): (&'a Switches<'a>, &'a Askers<'a>),
    ) -> Self {
        let mut members: BTreeMap<&AccessKeyId, Vec<(usize, &Stamp)>> = BTreeMap::new();
        for (place, member) in order.iter().enumerate() {
            if let Some(member) = family.members.get(*member) {
                members.entry(&member.key).or_default().push((place, &member.stamp));
            }
        }
        Observer {
            members,
            uses: BTreeMap::new(),
            ambiguous: BTreeMap::new(),
            on_behalf: BTreeMap::new(),
            secrets: Secrets::default(),
            changes: Changes::default(),
            strangers: Strangers::of(events, issues),
            kin: Kin::of(told),
            told,
            switches,
            askers,
            causes: Causes::of(events),
        }
    }

    /// Takes in one event.
    pub(super) fn observe(&mut self, lineage: &mut Lineage, event: &'a Event) {
        let Some(key) = &event.identity.key else {
            return self.keyless(lineage, event);
        };
        let Some(members) = self.members.get(key) else {
            if self.is_kin(event) || self.is_switched(event) {
                match event.is_forwarded() {
                    true => self.made_on_behalf(lineage, event),
                    false => self.strangers.observe(event, key),
                }
            }
            return;
        };
        let member = members.iter().find(|(_, stamp)| is_of(event, key, stamp));
        let Some((place, _)) = member.copied() else {
            // What was done with a long-term key before the family had it was its owner's doing.
            if !event.is_forwarded() && key.kind() != KeyKind::LongTerm {
                lineage.collisions += event.times;
                self.ambiguous(event, key);
            }
            return;
        };
        let Some(member) = lineage.credentials.get_mut(place) else {
            return;
        };
        if event.is_forwarded() {
            member.forwarded += event.times;
            self.on_behalf(event);
            lineage.made.extend(made(event, key));
            self.changes.observe(event, key);
            return;
        }
        if key.kind() == KeyKind::Temporary && (member.minted.is_none() || member.kind == Kind::Console) {
            self.strangers.observe_member(event, key);
        }
        self.used(place, member, event);
        if is_mint(event) && event.error.is_some() {
            attempted(&mut lineage.attempts, event, key);
        }
        refused_by_scp(&mut lineage.refused_by_scp, event, key);
        lineage.made.extend(made(event, key));
        lineage.untold.extend(untold(event, key));
        self.changes.observe(event, key);
        self.secrets.observe(event, key);
    }

    /// Takes in an event whose record leaves the key out: what a member may have made is told as left by it, for whoever of several made it.
    fn keyless(&mut self, lineage: &mut Lineage, event: &'a Event) {
        if event.is_forwarded() && self.is_kin(event) {
            return self.made_on_behalf(lineage, event);
        }
        if !is_told(event) {
            return;
        }
        let keys = self.askers.keys(event, None);
        let Some(key) = keys.iter().find(|key| self.members.contains_key(key)) else {
            return;
        };
        lineage.made.extend(made(event, key));
        lineage.untold.extend(untold(event, key));
        self.changes.observe(event, key);
        self.secrets.observe(event, key);
    }

    fn made_on_behalf(&mut self, lineage: &mut Lineage, event: &'a Event) {
        let behind = self.on_behalf(event);
        lineage.made.extend(behind.and_then(|by| made(event, &by)));
    }

    /// Whether the event is of a user or role that a member of the family carries the permissions of.
    fn is_kin(&self, event: &Event) -> bool {
        let holder = holder_of(event);
        holder.is_some_and(|holder| self.kin.hold(&holder, event.identity.account.as_ref()))
    }

    /// Whether the event is of a session that such a user or role switched to.
    fn is_switched(&self, event: &Event) -> bool {
        let session = event
            .identity
            .principal_id
            .as_deref()
            .zip(event.identity.session_created);
        let switch = session.and_then(|(principal, created)| self.switches.to(principal, created));
        let from = switch.and_then(|switch| switch.switched_from.as_ref());
        from.is_some_and(|from| holder_at(from).is_some_and(|holder| self.kin.hold(&holder, from.account().as_ref())))
    }

    /// Hands over what was gathered.
    pub(super) fn finish(self, lineage: &mut Lineage) {
        lineage.ambiguous = self.ambiguous.into_values().collect();
        lineage.on_behalf = self.on_behalf.into_values().collect();
        lineage.secrets = self.secrets.finish();
        lineage.unjudged = self.changes.finish();
        lineage.unresolved = self.strangers.unresolved(lineage);
        for member in &mut lineage.credentials {
            let by = |used: &Use| {
                (
                    used.first,
                    used.service.clone(),
                    used.action.clone(),
                    used.error.clone(),
                )
            };
            member.uses.sort_by_cached_key(by);
        }
    }

    fn used(&mut self, place: usize, member: &mut Credential, event: &'a Event) {
        note(&mut member.source_ips, event.source_ip.as_ref());
        note(&mut member.user_agents, event.user_agent.as_ref());
        let key = (place, event.service(), event.name.as_str(), event.error.as_deref());
        let known = self.uses.entry(key).or_insert(member.uses.len());
        match member.uses.get_mut(*known) {
            Some(used) => {
                used.count += event.times;
                used.first = used.first.min(event.at);
                used.last = used.last.max(event.until);
            }
            None => member.uses.push(Use {
                service: event.service().to_owned(),
                action: event.name.clone(),
                error: event.error.clone(),
                count: event.times,
                first: event.at,
                last: event.until,
            }),
        }
    }

    fn ambiguous(&mut self, event: &Event, key: &AccessKeyId) {
        let arn = caller(event);
        let issued = event.identity.session_created;
        let seen = self
            .ambiguous
            .entry((key.clone(), arn.clone(), issued))
            .or_insert_with(|| Ambiguous {
                key: key.clone(),
                arn,
                issued,
                calls: 0,
                first: event.at,
                last: event.at,
            });
        seen.calls += event.times;
        seen.first = seen.first.min(event.at);
        seen.last = seen.last.max(event.until);
    }

    /// Notes a service's call. Gives the member on whose behalf it may be: the one whose call it comes from, else one of the same user or role session. That
    /// somebody else's call lies near to it proves nothing: what a service makes may come a while after it was asked for.
    fn on_behalf(&mut self, event: &Event) -> Option<AccessKeyId> {
        let by = event.identity.invoked_by.clone().unwrap_or_default();
        let cause = self.causes.of_call(event);
        let mut from = cause.iter().map(|cause| &cause.key);
        let from = from.find(|key| self.members.contains_key(key)).cloned();
        let behind = from.or_else(|| {
            let holder = holder_of(event)?;
            let is_same = |member: &&Credential| member.holder.as_ref().is_some_and(|of| same_session(of, &holder));
            let mut members = self.told.iter().filter(is_same);
            members.next().map(|member| member.key.clone())
        });
        let key = (by, caller(event), event.service().to_owned(), event.name.clone(), cause);
        let seen = self.on_behalf.entry(key.clone()).or_insert_with(|| {
            let (by, arn, service, action, cause) = key;
            OnBehalf {
                by,
                arn,
                service,
                action,
                cause,
                count: 0,
                first: event.at,
                last: event.at,
            }
        });
        seen.count += event.times;
        seen.first = seen.first.min(event.at);
        seen.last = seen.last.max(event.until);
        behind
    }
}

/// Whether two carry the rights of one user, or are one session of a role by name, as far as is known of both.
fn same_session(one: &Holder, two: &Holder) -> bool {
    let is_one = |name: &str, id: &str, other: &str, other_id: &str| match (id, other_id) {
        ("", _) | (_, "") => name == other,
        (id, other_id) => id == other_id,
    };
    match (one, two) {
        (Holder::Root, Holder::Root) => true,
        (
            Holder::User { name: user, id } | Holder::FederatedUser { user, user_id: id, .. },
            Holder::User { name, id: of }
            | Holder::FederatedUser {
                user: name,
                user_id: of,
                ..
            },
        ) => is_one(user, id, name, of),
        (
            Holder::Role {
                name: role,
                id,
                session,
            },
            Holder::Role {
                name,
                id: of,
                session: called,
            },
        ) => is_one(role, id, name, of) && session == called,
        _ => false,
    }
}

/// Adds a text that is mostly known already.
fn note(known: &mut BTreeSet<String>, text: Option<&String>) {
    if let Some(text) = text.filter(|text| !known.contains(*text)) {
        known.insert(text.clone());
    }
}

fn attempted(attempts: &mut Vec<Attempt>, event: &Event, by: &AccessKeyId) {
    let error = event.error.clone().unwrap_or_default();
    let target = aim(event);
    let same = attempts
        .iter_mut()
        .find(|known| known.by == *by && known.call == event.name && known.error == error && known.target == target);
    match same {
        Some(known) => known.count += 1,
        None => attempts.push(Attempt {
            by: by.clone(),
            call: event.name.clone(),
            error,
            target,
            count: 1,
        }),
    }
}

/// Notes that a service control policy refused a call; of each policy the last, of those that no message names the last of all.
fn refused_by_scp(refused: &mut Vec<RefusedByScp>, event: &Event, by: &AccessKeyId) {
    let Some(message) = event.refused_by_scp() else {
        return;
    };
    let found = RefusedByScp {
        by: by.clone(),
        call: format!("{}:{}", event.service(), event.name),
        at: event.until,
        message,
    };
    match refused.iter_mut().find(|known| known.message == found.message) {
        Some(known) if known.at < found.at => *known = found,
        Some(_) => {}
        None => refused.push(found),
    }
}

/// What a refused mint was to give: a refused AssumeRole has no parameters, so that what it wanted stands in the message alone.
fn aim(event: &Event) -> Option<String> {
    let asked = ["/roleArn", "/targetPrincipal", "/userName", "/name"];
    asked.iter().find_map(|member| event.asked(member)).or_else(|| {
        let message = event.error_message.as_deref()?;
        let word = message.split_whitespace().find(|word| word.contains(":role/"))?;
        let quotes = |c: char| !c.is_alphanumeric() && !matches!(c, '+' | '=' | '@' | '-' | '_');
        Some(word.trim_matches(quotes).to_owned())
    })
}
