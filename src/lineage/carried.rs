//! What sessions carry that policies ask for: tags, and the source identity.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>

use super::Kind;
use super::family::Member;
use super::mint::Issue;
use crate::account::Tags;
use crate::trail::Event;
use serde_json::Value;
use std::collections::BTreeSet;

/// What one session carries, as far as the evidence tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    pub(super) tags: Tags,
    pub(super) source_identity: Option<String>,
    /// Whether it may carry more than that.
    pub(super) is_untold: bool,
    /// The tags that go on into whatever it mints.
    transitive: BTreeSet<String>,
}

/// What each of the members carries; parents stand before their children.
pub(super) fn carried(members: &[Member<'_>]) -> Vec<Carried> {
    let mut all: Vec<Carried> = Vec::with_capacity(members.len());
    for member in members {
        let parent = member.parent.and_then(|parent| all.get(parent));
        let joined = member.issue.and_then(|issue| issue.joined.as_ref());
        let mut own = match (member.issue, joined) {
            (Some(issue), None) => of_issue(issue, parent),
            // Another key of the same session.
            (_, Some(joined)) if joined.beside.is_some() && parent.is_some() => parent.cloned().unwrap_or_default(),
            _ => Carried {
                is_untold: member.may_be_tagged(),
                ..Carried::default()
            },
        };
        let seen = member.own().and_then(|event| event.identity.source_identity.clone());
        own.source_identity = seen.or(own.source_identity);
        all.push(own);
    }
    all
}

fn of_issue(issue: &Issue<'_>, parent: Option<&Carried>) -> Carried {
    let event = issue.event;
    if issue.kind.is_permanent() || issue.kind == Kind::SessionToken {
        return Carried::default();
    }
    // A session of the console is the one that it was made from.
    if issue.kind == Kind::Console {
        return parent.cloned().unwrap_or(Carried {
            is_untold: event.identity.issuer.is_some(),
            ..Carried::default()
        });
    }
    let came = parent.map(|parent| {
        let on = parent.tags.iter().filter(|(key, _)| parent.transitive.contains(*key));
        on.map(|(key, value)| (key.clone(), value.clone())).collect::<Tags>()
    });
    let incoming = event.request.get("incomingTransitiveTags");
    let incoming_tags = incoming.map(listed).unwrap_or_default();
    let mut transitive: BTreeSet<String> = incoming_tags.keys().cloned().collect();
    let mut tags = came.unwrap_or_default();
    transitive.extend(tags.keys().cloned());
    tags.extend(incoming_tags);
    let passed = passed(event);
    let keys = event.request.get("transitiveTagKeys").and_then(Value::as_array);
    let keys = keys.into_iter().flatten().filter_map(Value::as_str);
    transitive.extend(keys.map(str::to_owned));
    // What is transitive can't be overridden.
    for (key, value) in passed {
        tags.entry(key).or_insert(value);
    }
    let asks_untold = match parent {
        Some(parent) => parent.is_untold,
        // Whoever it was that asked, a session of a role may have tags that go on.
        None => issue.kind == Kind::ChainedRoleSession,
    };
    Carried {
        tags,
        source_identity: event
            .asked("/sourceIdentity")
            .or_else(|| event.answered("/sourceIdentity"))
            .or_else(|| event.identity.source_identity.clone())
            .or_else(|| parent.and_then(|parent| parent.source_identity.clone())),
        is_untold: asks_untold && incoming.is_none(),
        transitive,
    }
}

/// The session tags that a mint passed: in the request, or in the assertion of an identity provider.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_ctlogs>
pub(super) fn passed(event: &Event) -> Tags {
    let places = ["tags", "principalTags"];
    let told = places.iter().filter_map(|place| event.request.get(place));
    told.flat_map(listed).collect()
}

/// Tags as an object, or as a list of keys and values.
fn listed(value: &Value) -> Tags {
    let pair = |one: &Value| {
        Some((
            one.get("key")?.as_str()?.to_owned(),
            one.get("value")?.as_str()?.to_owned(),
        ))
    };
    match value {
        Value::Array(all) => all.iter().filter_map(pair).collect(),
        Value::Object(all) => all
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect(),
        _ => Tags::new(),
    }
}
