//! The walk: back to the origin, forward to the fixpoint.

use super::credential::{Attempt, Coverage, Credential, Kind, Lineage, Made, Unresolved, Use};
use super::mint::{MintedKey, holder_of, is_mint, mint_of};
use crate::account::Holder;
use crate::ids::{AccessKeyId, KeyKind};
use crate::trail::{Event, Evidence};
use std::collections::{BTreeMap, BTreeSet};

/// How far the moment of issue in a use may differ from the time of the mint, in seconds.
const SLACK_SECONDS: i64 = 5;

/// Traces the family of `asked` in `evidence`.
pub fn trace(evidence: &Evidence, asked: &AccessKeyId) -> Lineage {
    let events = evidence.events();
    let mints: Vec<MintedKey> = events.iter().filter_map(|event| mint_of(event)).collect();
    let root = origin(&mints, asked);
    let members = family(&mints, &root);
    let mut lineage = Lineage {
        asked: asked.clone(),
        credentials: labelled(members),
        attempts: Vec::new(),
        made: Vec::new(),
        unresolved: Vec::new(),
        collisions: 0,
        coverage: coverage(evidence),
    };
    fill_root(&mut lineage, &events);
    let mut unresolved: BTreeMap<AccessKeyId, Unresolved> = BTreeMap::new();
    for event in &events {
        observe(&mut lineage, event, &mut unresolved);
    }
    let known: BTreeSet<&AccessKeyId> = mints.iter().map(|mint| &mint.key).collect();
    lineage.unresolved = unresolved
        .into_values()
        .filter(|seen| !known.contains(&seen.key))
        .collect();
    lineage
}

/// The credential that `asked` comes from, as far back as the mints go. A circle ends where it began.
fn origin(mints: &[MintedKey], asked: &AccessKeyId) -> AccessKeyId {
    let mut at = asked.clone();
    let mut seen = BTreeSet::new();
    while seen.insert(at.clone()) {
        match mints.iter().find(|mint| mint.key == at) {
            Some(mint) => at = mint.mint.by.clone(),
            None => break,
        }
    }
    at
}

/// The origin and everything minted from it, parents before children.
fn family(mints: &[MintedKey], root: &AccessKeyId) -> Vec<(AccessKeyId, Option<MintedKey>)> {
    let mut members: Vec<(AccessKeyId, Option<MintedKey>)> = vec![(root.clone(), None)];
    let mut next = 0;
    while let Some((parent, issued)) = members.get(next).cloned() {
        next += 1;
        let born = issued.as_ref().map(|minted| minted.mint.at);
        let children = mints
            .iter()
            .filter(|mint| mint.mint.by == parent && born.is_none_or(|born| mint.mint.at >= born));
        for child in children {
            if !members.iter().any(|(known, _)| *known == child.key) {
                members.push((child.key.clone(), Some(child.clone())));
            }
        }
    }
    members
}

/// Labels: `A`, then a letter for each parent and target in the order of first mint; numbered from the second generation on.
fn labelled(members: Vec<(AccessKeyId, Option<MintedKey>)>) -> Vec<Credential> {
    let mut generation: BTreeMap<AccessKeyId, u32> = BTreeMap::new();
    let mut groups: Vec<(String, u32)> = Vec::new();
    let mut sorted = members;
    // Generations in order; within one, by time.
    for (key, minted) in &sorted {
        let parent = minted
            .as_ref()
            .and_then(|minted| generation.get(&minted.mint.by).copied());
        generation.insert(key.clone(), parent.map_or(0, |parent| parent + 1));
    }
    sorted.sort_by_key(|(key, minted)| {
        (
            generation.get(key).copied(),
            minted.as_ref().map(|minted| minted.mint.at),
            key.clone(),
        )
    });
    let mut credentials = Vec::new();
    for (key, minted) in sorted {
        let label = match &minted {
            None => "A".to_owned(),
            Some(minted) => {
                let target = match &minted.holder {
                    Some(Holder::Role { name, .. }) => name.clone(),
                    other => format!("{:?}{other:?}", minted.kind),
                };
                let group = format!("{}>{target}", minted.mint.by);
                let place = groups.iter().position(|(known, _)| *known == group).unwrap_or_else(|| {
                    groups.push((group, 0));
                    groups.len() - 1
                });
                let count = groups.get_mut(place).map_or(1, |(_, count)| {
                    *count += 1;
                    *count
                });
                let letter = letter(place + 1);
                let first_generation = generation.get(&key).copied() == Some(1);
                if first_generation && count == 1 {
                    letter
                } else {
                    format!("{letter}{count}")
                }
            }
        };
        credentials.push(credential(label, key, minted));
    }
    credentials
}

/// `A`, `B`, ..., `Z`, `AA`, ...
fn letter(number: usize) -> String {
    let last = char::from(b'A' + u8::try_from(number % 26).unwrap_or(0));
    match number / 26 {
        0 => last.to_string(),
        rest => letter(rest - 1) + &last.to_string(),
    }
}

fn credential(label: String, key: AccessKeyId, minted: Option<MintedKey>) -> Credential {
    let kind = match (&minted, key.kind()) {
        (Some(minted), _) => minted.kind,
        (None, KeyKind::LongTerm) => Kind::LongTerm,
        (None, _) => Kind::Unknown,
    };
    Credential {
        label,
        key,
        kind,
        holder: minted.as_ref().and_then(|minted| minted.holder.clone()),
        account: minted.as_ref().and_then(|minted| minted.account.clone()),
        expires: minted.as_ref().and_then(|minted| minted.expires),
        minted: minted.map(|minted| minted.mint),
        uses: Vec::new(),
        source_ips: BTreeSet::new(),
        forwarded: 0,
    }
}

/// Who holds the origin is told by its own calls.
fn fill_root(lineage: &mut Lineage, events: &[&Event]) {
    let Some(root) = lineage.credentials.first_mut() else {
        return;
    };
    let own = events
        .iter()
        .find(|event| event.identity.key.as_ref() == Some(&root.key) && !event.is_forwarded());
    if let Some(event) = own {
        root.holder = holder_of(event);
        root.account = event.identity.account.clone();
        if root.kind == Kind::Unknown && matches!(root.holder, Some(Holder::Role { .. })) {
            root.kind = Kind::RoleSession;
        }
        if root.kind != Kind::LongTerm {
            root.expires = event
                .identity
                .session_created
                .map(|created| created.plus_seconds(129_600));
        }
    }
    // Keys that were made for somebody else tell their owner's unique ID by their own calls.
    for member in lineage.credentials.iter_mut().skip(1) {
        if let Some(Holder::User { id, .. }) = &mut member.holder
            && id.is_empty()
        {
            let own = events
                .iter()
                .find(|event| event.identity.key.as_ref() == Some(&member.key));
            *id = own
                .and_then(|event| event.identity.principal_id.clone())
                .unwrap_or_default();
        }
    }
}

/// Takes in one event: a use of a member, a call on its behalf, a collision, or a session of the same principal.
fn observe(lineage: &mut Lineage, event: &Event, unresolved: &mut BTreeMap<AccessKeyId, Unresolved>) {
    let Some(key) = &event.identity.key else {
        return;
    };
    let Some(place) = lineage.credentials.iter().position(|member| member.key == *key) else {
        stranger(lineage, event, key, unresolved);
        return;
    };
    let Some(member) = lineage.credentials.get_mut(place) else {
        return;
    };
    if event.is_forwarded() {
        member.forwarded += 1;
        return;
    }
    if !is_same_session(member, event) {
        lineage.collisions += 1;
        return;
    }
    used(member, event);
    if is_mint(event) && event.error.is_some() {
        attempted(&mut lineage.attempts, event, key);
    }
    if let Some(made) = made(event, key) {
        lineage.made.push(made);
    }
}

/// Whether a use with a member's key is the member's: moment of issue and holder agree.
fn is_same_session(member: &Credential, event: &Event) -> bool {
    let Some(minted) = member.minted.as_ref().filter(|_| member.kind != Kind::LongTerm) else {
        return true;
    };
    let created = event.identity.session_created;
    let in_time = created.is_none_or(|created| (created.seconds() - minted.at.seconds()).abs() <= SLACK_SECONDS);
    let holder = holder_of(event);
    let same_holder = match (&member.holder, &holder) {
        (Some(Holder::Role { name: one, .. }), Some(Holder::Role { name: two, .. })) => one == two,
        (Some(Holder::User { name: one, .. }), Some(Holder::User { name: two, .. })) => one == two,
        (Some(_), Some(_)) => std::mem::discriminant(&member.holder) == std::mem::discriminant(&holder),
        _ => true,
    };
    in_time && same_holder
}

fn used(member: &mut Credential, event: &Event) {
    member.source_ips.extend(event.source_ip.clone());
    let same = member
        .uses
        .iter_mut()
        .find(|used| used.service == event.service() && used.action == event.name && used.error == event.error);
    match same {
        Some(used) => {
            used.count += 1;
            used.first = used.first.min(event.at);
            used.last = used.last.max(event.at);
        }
        None => member.uses.push(Use {
            service: event.service().to_owned(),
            action: event.name.clone(),
            error: event.error.clone(),
            count: 1,
            first: event.at,
            last: event.at,
        }),
    }
}

fn attempted(attempts: &mut Vec<Attempt>, event: &Event, by: &AccessKeyId) {
    let error = event.error.clone().unwrap_or_default();
    // A refused AssumeRole has no parameters: what it wanted stands in the message alone.
    let in_message = event.error_message.as_deref().and_then(|message| {
        let words = message.split_whitespace().find(|word| word.contains(":role/"))?;
        Some(words.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
    });
    let target = event.asked("/roleArn").or(in_message);
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

/// Beginnings of the names of calls that leave something behind that outlives the credential.
const LASTING: [&str; 14] = [
    "Create",
    "Put",
    "Attach",
    "Detach",
    "Update",
    "Upload",
    "Add",
    "Remove",
    "SetDefault",
    "Enable",
    "Deactivate",
    "Delete",
    "Tag",
    "Reset",
];

fn made(event: &Event, by: &AccessKeyId) -> Option<Made> {
    let lasting = matches!(
        event.service(),
        "iam" | "organizations" | "sso" | "rolesanywhere" | "lambda" | "cloudtrail"
    ) && (LASTING.iter().any(|verb| event.name.starts_with(verb)) || event.name == "StopLogging");
    if !lasting || event.error.is_some() {
        return None;
    }
    let named = [
        "userName",
        "roleName",
        "groupName",
        "policyName",
        "policyArn",
        "serialNumber",
        "functionName",
        "name",
    ];
    let what: Vec<String> = named
        .iter()
        .filter_map(|member| event.asked(&format!("/{member}")))
        .collect();
    Some(Made {
        by: by.clone(),
        at: event.at,
        call: event.name.clone(),
        what: what.join(" "),
        event: event.id.clone(),
    })
}

/// A temporary credential of the family's own user or of a role that it reached, which no mint of the family gave.
fn stranger(lineage: &Lineage, event: &Event, key: &AccessKeyId, unresolved: &mut BTreeMap<AccessKeyId, Unresolved>) {
    if key.kind() != KeyKind::Temporary || event.is_forwarded() {
        return;
    }
    let Some(holder) = holder_of(event) else {
        return;
    };
    let kin = lineage
        .credentials
        .iter()
        .any(|member| match (&member.holder, &holder) {
            (Some(Holder::User { name: one, .. }), Holder::User { name: two, .. }) => one == two,
            (Some(Holder::Role { name: one, .. }), Holder::Role { name: two, .. }) => one == two,
            (Some(Holder::User { name: one, .. }), Holder::FederatedUser { user: two, .. }) => one == two,
            _ => false,
        });
    if !kin {
        return;
    }
    let arn = event.identity.arn.as_ref().map(ToString::to_string).unwrap_or_default();
    let seen = unresolved.entry(key.clone()).or_insert_with(|| Unresolved {
        key: key.clone(),
        arn,
        first: event.at,
        last: event.at,
        why: "no mint of it is in the evidence: a console session, another Region, or a gap in the log".to_owned(),
    });
    seen.first = seen.first.min(event.at);
    seen.last = seen.last.max(event.at);
}

fn coverage(evidence: &Evidence) -> Coverage {
    let span = evidence.span();
    let (regions, accounts) = evidence.regions_and_accounts();
    Coverage {
        events: evidence.len(),
        files: evidence.files,
        duplicates: evidence.duplicates,
        first: span.map(|(first, _)| first),
        last: span.map(|(_, last)| last),
        regions,
        accounts,
        damage: evidence.damage.clone(),
        notes: evidence.notes.clone(),
    }
}
