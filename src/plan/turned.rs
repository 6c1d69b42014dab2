//! Who turned a change of a run round, as the trail tells by and by.

use crate::account::{KeyStatus, is_same_name};
use crate::action::{Change, Member, Setting};
use crate::lineage::Made;
use crate::policy::PolicyText;
use crate::time::Moment;
use crate::trail::Event;
use std::collections::BTreeSet;

/// How long before it was seen a change may have been turned round, and by how much a record's time may be off, in seconds.
const SEEN_WITHIN_SECONDS: i64 = 10;

/// The calls that turn round what was set on `member`, and what they are about.
fn reversals(member: &Member) -> Option<(&'static [&'static str], String)> {
    Some(match member {
        Member::AccessKey { user, .. } => (&["UpdateAccessKey"], user.clone()),
        Member::UserPolicy { user, name } => (&["DeleteUserPolicy", "PutUserPolicy"], format!("{user} {name}")),
        Member::RolePolicy { role, name } => (&["DeleteRolePolicy", "PutRolePolicy"], format!("{role} {name}")),
        Member::Attachment { user, policy } => (&["DetachUserPolicy"], format!("{user} {policy}")),
        Member::RoleAttachment { role, policy } => (&["DetachRolePolicy"], format!("{role} {policy}")),
        Member::Boundary { user } => (
            &["DeleteUserPermissionsBoundary", "PutUserPermissionsBoundary"],
            user.clone(),
        ),
        Member::RoleBoundary { role } => (
            &["DeleteRolePermissionsBoundary", "PutRolePermissionsBoundary"],
            role.clone(),
        ),
        Member::TrustPolicy { role } => (&["UpdateAssumeRolePolicy"], role.clone()),
        _ => return None,
    })
}

/// By which calls such changes are turned round, and from when on the trail must be asked for them; each with when it was seen. `None` where there are none.
pub fn reversals_since<'c>(turned: impl Iterator<Item = (&'c Change, Moment)>) -> Option<(Vec<&'static str>, Moment)> {
    let mut calls: BTreeSet<&'static str> = BTreeSet::new();
    let mut first = None;
    for (change, at) in turned {
        if let Some((of_it, _)) = reversals(&change.member) {
            calls.extend(of_it);
            first = first.into_iter().chain([at]).min();
        }
    }
    let since = first?.plus_seconds(-SEEN_WITHIN_SECONDS);
    Some((calls.into_iter().collect(), since))
}

/// The call of the family that turned round what was set on `member`, as the trail shows it: the last one before it was seen `at`.
pub fn turned_round_by<'a>(made: &'a [Made], member: &Member, at: Moment) -> Option<&'a Made> {
    let (calls, what) = reversals(member)?;
    let of = |made: &&Made| {
        made.is_of_iam()
            && calls.contains(&made.call.as_str())
            && is_same_name(&made.what, &what)
            && is_lately(made.at, at)
    };
    made.iter().rev().find(of)
}

/// The call that turned `change` round, whoever made it: the last one before that was seen `at`. What sets it as the change does is the run's own.
pub fn turned_round_in<'a>(events: &'a [Event], change: &Change, at: Moment) -> Option<&'a Event> {
    let (calls, _) = reversals(&change.member)?;
    let of = |event: &&Event| {
        event.service() == "iam"
            && event.error.is_none()
            && calls.contains(&event.name.as_str())
            && is_about(event, &change.member)
            && is_lately(event.at, at)
            && !sets(event, change)
    };
    events.iter().filter(of).max_by_key(|event| event.at)
}

/// Who called, in words.
pub fn caller(event: &Event) -> String {
    let identity = &event.identity;
    let who = identity.arn.as_ref().map(ToString::to_string);
    let who = who.or_else(|| identity.kind.clone());
    let who = who.unwrap_or_else(|| "somebody whom the record doesn't name".to_owned());
    match &identity.key {
        Some(key) => format!("{who} ({key})"),
        None => who,
    }
}

fn is_lately(done: Moment, seen: Moment) -> bool {
    done.plus_seconds(SEEN_WITHIN_SECONDS) >= seen && done <= seen.plus_seconds(1)
}

fn is_about(event: &Event, member: &Member) -> bool {
    let asked = |place: &str, is: &str| event.asked(place).is_some_and(|asked| is_same_name(&asked, is));
    // Without a name a call is about its caller.
    let of_user = |user: &str| match event.asked("/userName").or_else(|| event.identity.user_name.clone()) {
        Some(named) => is_same_name(&named, user),
        None => false,
    };
    match member {
        Member::AccessKey { key, .. } => asked("/accessKeyId", key.as_str()),
        Member::UserPolicy { user, name } => of_user(user) && asked("/policyName", name),
        Member::RolePolicy { role, name } => asked("/roleName", role) && asked("/policyName", name),
        Member::Attachment { user, policy } => of_user(user) && asked("/policyArn", policy.as_str()),
        Member::RoleAttachment { role, policy } => asked("/roleName", role) && asked("/policyArn", policy.as_str()),
        Member::Boundary { user } => of_user(user),
        Member::RoleBoundary { role } | Member::TrustPolicy { role } => asked("/roleName", role),
        _ => false,
    }
}

/// Whether the call sets what the change sets.
fn sets(event: &Event, change: &Change) -> bool {
    let document = event
        .asked("/policyDocument")
        .map(|text| Setting::Document(PolicyText::new(text)));
    match &change.to {
        Setting::Document(_) => document.is_some_and(|document| document.same_as(&change.to)),
        Setting::Status(status) => event
            .asked("/status")
            .is_none_or(|asked| KeyStatus::from_aws(&asked) == Some(*status)),
        Setting::Policy(policy) => event.asked("/permissionsBoundary").as_deref() == Some(policy.as_str()),
        _ => false,
    }
}
