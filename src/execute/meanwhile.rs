//! Who appears in the account while a run is under way.
//!
//! CloudTrail tells minutes later; lists tell at once. An intruder whose rights still work for some seconds makes himself a user, a role or a key
//! in that time. Where somebody turns the run's changes round, an intruder is at work, and whoever appears then is denied at once; steps of the
//! plan delete what the trail shows to be his. Where nobody does, who appears is left alone: it may be anybody's.

use super::again::patiently;
use super::wave::at_once;
use super::{ExecuteError, Run};
use crate::account::{Account, KeyStatus};
use crate::action::{Action, Change, DENY_ALL, Member, Setting};
use crate::ids::AccessKeyId;
use crate::journal::Event;
use crate::mount::{AwsError, Clients};
use crate::plan::Step;
use crate::policy::PolicyText;
use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet};

/// The inline policy that denies whoever appears, where the plan has none whose name could be taken.
const POLICY_NAME: &str = "OustDenyAll";

/// Roles of AWS's services: nobody else can change them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
const OF_SERVICES: [&str; 2] = ["/aws-service-role/", "/aws-reserved/"];

/// The principals of an account, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Principals {
    /// Users with their unique IDs.
    users: BTreeMap<String, String>,
    /// Roles with their unique IDs and who may assume them.
    roles: BTreeMap<String, (String, PolicyText)>,
    /// Access keys of users that are looked after, that are active.
    keys: BTreeSet<(String, AccessKeyId)>,
}

impl Principals {
    /// Those of an account that was read.
    pub(super) fn of(account: &Account) -> Principals {
        let users = account.users.values().map(|user| (user.name.clone(), user.id.clone()));
        let roles = account.roles.values();
        let roles = roles.map(|role| (role.name.clone(), (role.id.clone(), role.trust.clone())));
        Principals {
            users: users.collect(),
            roles: roles.collect(),
            keys: BTreeSet::new(),
        }
    }
}

/// Reads who is there now, and the keys of `watched` users.
pub(super) async fn look_around(clients: &Clients, watched: &BTreeSet<String>) -> Result<Principals, AwsError> {
    // Where requests follow one another, their order is the same in every run.
    if !clients.side_by_side() {
        return Ok(Principals {
            users: users(clients).await?,
            roles: roles(clients).await?,
            keys: keys(clients, watched).await?,
        });
    }
    let (users, roles, keys) = futures_util::join!(users(clients), roles(clients), keys(clients, watched));
    Ok(Principals {
        users: users?,
        roles: roles?,
        keys: keys?,
    })
}

async fn users(clients: &Clients) -> Result<BTreeMap<String, String>, AwsError> {
    let mut found = BTreeMap::new();
    let mut pages = clients.iam.list_users().max_items(1000).into_paginator().items().send();
    while let Some(user) = pages.next().await {
        let user = user.map_err(|error| AwsError::of("iam:ListUsers", error))?;
        found.insert(user.user_name().to_owned(), user.user_id().to_owned());
    }
    Ok(found)
}

async fn roles(clients: &Clients) -> Result<BTreeMap<String, (String, PolicyText)>, AwsError> {
    let mut found = BTreeMap::new();
    let mut pages = clients.iam.list_roles().max_items(1000).into_paginator().items().send();
    while let Some(role) = pages.next().await {
        let role = role.map_err(|error| AwsError::of("iam:ListRoles", error))?;
        if OF_SERVICES.iter().any(|path| role.path().starts_with(path)) {
            continue;
        }
        let trust = role.assume_role_policy_document().unwrap_or_default();
        let trust = percent_encoding::percent_decode_str(trust).decode_utf8_lossy();
        found.insert(
            role.role_name().to_owned(),
            (role.role_id().to_owned(), PolicyText::new(trust)),
        );
    }
    Ok(found)
}

async fn keys(clients: &Clients, watched: &BTreeSet<String>) -> Result<BTreeSet<(String, AccessKeyId)>, AwsError> {
    let of_user = watched.iter().map(|user| async move {
        let listed = patiently(clients, user, async || {
            let listed = clients.iam.list_access_keys().user_name(user).send().await;
            listed.map_err(|error| AwsError::of("iam:ListAccessKeys", error))
        });
        // A user that is gone has no keys.
        let listed = listed.await.ok();
        let active = listed
            .into_iter()
            .flat_map(|listed| listed.access_key_metadata)
            .filter(|key| key.status().map(aws_sdk_iam::types::StatusType::as_str) == Some(KeyStatus::Active.as_str()));
        let named = active.filter_map(|key| Some((user.clone(), key.access_key_id()?.parse().ok()?)));
        named.collect::<Vec<_>>()
    });
    let found: Vec<_> = stream::iter(of_user).buffered(at_once(clients)).collect().await;
    Ok(found.into_iter().flatten().collect())
}

impl Run<'_> {
    /// Whose keys are looked after: compromised users, and users that appeared.
    pub(super) fn watched(&self) -> BTreeSet<String> {
        let deny = |change: &Change| match &change.member {
            Member::UserPolicy { user, .. } if change.is_cut() => Some(user.clone()),
            _ => None,
        };
        self.kept.iter().filter_map(|(_, change)| deny(change)).collect()
    }

    /// Whether somebody has turned a change of this case round.
    pub(super) fn is_fought(&self) -> bool {
        let mut entries = self.journal.entries().iter();
        entries.any(|entry| matches!(entry.event, Event::Contested { .. }))
    }

    /// What denies whoever is in `now` and was not in `before`: changes, each with what its member is now.
    pub(super) fn against(&self, before: &Principals, now: &Principals) -> Vec<(Change, Setting)> {
        let name = self.deny_name();
        let deny = || Setting::Document(PolicyText::new(DENY_ALL));
        let mut changes = Vec::new();
        for (user, key) in &now.keys {
            let member = Member::AccessKey {
                user: user.clone(),
                key: key.clone(),
            };
            let to = Setting::Status(KeyStatus::Inactive);
            changes.push((Change { member, to }, Setting::Status(KeyStatus::Active)));
        }
        for (user, _) in now
            .users
            .iter()
            .filter(|(user, id)| before.users.get(*user) != Some(id))
        {
            let member = Member::UserPolicy {
                user: user.clone(),
                name: name.clone(),
            };
            changes.push((Change { member, to: deny() }, Setting::Absent));
            let boundary = crate::account::deny_all_arn(&self.family.account.partition);
            let member = Member::Boundary { user: user.clone() };
            changes.extend(boundary.map(|deny| {
                let to = Setting::Policy(deny);
                (Change { member, to }, Setting::Absent)
            }));
        }
        for (role, (id, trust)) in &now.roles {
            match before.roles.get(role) {
                Some((known, _)) if known != id => {}
                Some((_, was)) if Setting::Document(was.clone()).same_as(&Setting::Document(trust.clone())) => continue,
                Some((_, was)) => {
                    let member = Member::TrustPolicy { role: role.clone() };
                    let to = Setting::Document(was.clone());
                    changes.push((Change { member, to }, Setting::Document(trust.clone())));
                    continue;
                }
                None => {}
            }
            let member = Member::RolePolicy {
                role: role.clone(),
                name: name.clone(),
            };
            changes.push((Change { member, to: deny() }, Setting::Absent));
            // A second lock of another kind: whoever opens the one in one look opens the other in another moment.
            let deny = crate::account::deny_all_arn(&self.family.account.partition);
            changes.extend(deny.map(|policy| {
                let role = role.clone();
                let member = Member::RoleAttachment { role, policy };
                let to = Setting::Present;
                (Change { member, to }, Setting::Absent)
            }));
        }
        // What is cut already is looked after by the hold itself.
        let kept = |change: &Change| self.kept.iter().any(|(_, kept)| kept.member == change.member);
        changes.retain(|(change, _)| !kept(change));
        changes
    }

    /// The name of the plan's own deny.
    fn deny_name(&self) -> String {
        let own = self.kept.iter().find_map(|(_, change)| match &change.member {
            Member::UserPolicy { name, .. } if change.is_cut() && name != crate::action::revoke::POLICY_NAME => {
                Some(name.clone())
            }
            _ => None,
        });
        own.unwrap_or_else(|| POLICY_NAME.to_owned())
    }

    /// Steps behind `hold` against whoever is there and was not before, written down as added; each with what its member is as far as lists tell.
    pub(super) fn appeared(&mut self, hold: &Step, around: &Principals) -> Result<Vec<(Step, Setting)>, ExecuteError> {
        let before = self.known.clone().unwrap_or_default();
        let (mut steps, mut added) = (Vec::new(), Vec::new());
        for (n, (change, before)) in self.against(&before, around).into_iter().enumerate() {
            let Some(id) = self.next_behind(&hold.id, n) else {
                continue;
            };
            let why = "it appeared while somebody was turning the changes of this run round";
            let second = matches!(change.member, Member::Boundary { .. } | Member::RoleAttachment { .. });
            let step = Step {
                required: !second,
                ..Step::new(id, Action::Change { change }, &before, why, &self.family.account)
            };
            added.push(Event::Added {
                step: Box::new(step.clone()),
            });
            steps.push((step, before));
        }
        self.note_all(added)?;
        Ok(steps)
    }
}
