//! Who appears in the account while a run is under way.
//!
//! CloudTrail tells minutes later; lists tell at once. An intruder whose rights still work for some seconds makes himself a user, a role or a key
//! in that time. Where somebody turns the run's changes round, an intruder is at work, and whoever appears then is denied at once; steps of the
//! plan delete what the trail shows to be his. Where nobody does, who appears is left alone: it may be anybody's.

use super::again::patiently;
use super::{ExecuteError, Run};
use crate::account::{Account, KeyStatus};
use crate::action::{Action, Change, DENY_ALL, Member, Setting};
use crate::ids::{AccessKeyId, PrincipalArn};
use crate::journal::Event;
use crate::mount::{AwsError, Clients, Trouble};
use crate::plan::{DELIVERY_SECONDS, Step};
use crate::policy::PolicyText;
use crate::time::Moment;
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
    pub(super) users: Users,
    /// Roles with their unique IDs and who may assume them.
    pub(super) roles: Roles,
    /// Access keys of users that are looked after, that are active.
    pub(super) keys: BTreeSet<(String, AccessKeyId)>,
}

/// Unique IDs by name.
pub(super) type Users = BTreeMap<String, String>;
/// Unique IDs and trust policies by name.
pub(super) type Roles = BTreeMap<String, (String, PolicyText)>;
/// The keys of one user, with their statuses.
pub(super) type Keys = BTreeMap<AccessKeyId, KeyStatus>;

impl Principals {
    /// Those of an account that was read, as they were before a case that `began` then. Where it is known who is to be spared (`spares`), whoever was made
    /// so short a time before it that CloudTrail may not tell yet by whom is left out: he is new.
    pub(super) fn before(account: &Account, began: Moment, spares: bool) -> Principals {
        let is_old = |created: Moment| !spares || created.plus_seconds(DELIVERY_SECONDS) < began;
        let users = account.users.values().filter(|user| is_old(user.created));
        let users = users.map(|user| (user.name.clone(), user.id.clone()));
        let roles = account.roles.values().filter(|role| is_old(role.created));
        let roles = roles.map(|role| (role.name.clone(), (role.id.clone(), role.trust.clone())));
        Principals {
            users: users.collect(),
            roles: roles.collect(),
            keys: BTreeSet::new(),
        }
    }
}

/// Reads who is there now, and the keys of `watched` users, one after another: where requests don't go side by side, their order is the same in
/// every run.
pub(super) async fn look_around(clients: &Clients, watched: &BTreeSet<String>) -> Result<Principals, AwsError> {
    let (users, roles) = (users(clients).await?, roles(clients).await?);
    let mut keys = BTreeSet::new();
    for user in watched {
        let found = patiently(clients, user, async || key_statuses(clients, user).await).await?;
        let active = found.into_iter().filter(|(_, status)| *status == KeyStatus::Active);
        keys.extend(active.map(|(key, _)| (user.clone(), key)));
    }
    Ok(Principals { users, roles, keys })
}

pub(super) async fn users(clients: &Clients) -> Result<Users, AwsError> {
    let mut found = BTreeMap::new();
    let mut pages = clients.iam.list_users().max_items(1000).into_paginator().items().send();
    while let Some(user) = pages.next().await {
        let user = user.map_err(|error| AwsError::of("iam:ListUsers", error))?;
        found.insert(user.user_name().to_owned(), user.user_id().to_owned());
    }
    Ok(found)
}

pub(super) async fn roles(clients: &Clients) -> Result<Roles, AwsError> {
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

/// The keys of a user, of whom one that is gone has none.
pub(super) async fn key_statuses(clients: &Clients, user: &str) -> Result<Keys, AwsError> {
    let listed = clients.iam.list_access_keys().user_name(user).send().await;
    let listed = match listed.map_err(|error| AwsError::of("iam:ListAccessKeys", error)) {
        Err(error) if error.trouble == Trouble::NoSuchEntity => return Ok(Keys::new()),
        other => other?,
    };
    let named = listed.access_key_metadata().iter().filter_map(|key| {
        let status = KeyStatus::from_aws(key.status()?.as_str())?;
        Some((key.access_key_id()?.parse().ok()?, status))
    });
    Ok(named.collect())
}

impl Run<'_> {
    /// Whose keys are looked after: compromised users, and users that appeared. Not whose older sessions alone are denied.
    pub(super) fn watched(&self) -> BTreeSet<String> {
        let deny = |change: &Change| match &change.member {
            Member::UserPolicy { user, name } if change.is_cut() && name != crate::action::revoke::POLICY_NAME => {
                Some(user.clone())
            }
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
        let spared = self.family.spared.clone().unwrap_or_default();
        // Keys of whoever is denied himself: others may have some of their own, that nobody has stolen.
        let denied = self.watched();
        let is_theirs = |user: &String| denied.contains(user) && !spared.contains(&PrincipalArn::User(user.clone()));
        for (user, key) in now.keys.iter().filter(|(user, _)| is_theirs(user)) {
            let member = Member::AccessKey {
                user: user.clone(),
                key: key.clone(),
            };
            let to = Setting::Status(KeyStatus::Inactive);
            changes.push((Change { member, to }, Setting::Status(KeyStatus::Active)));
        }
        let first = self.family.before.as_ref().or(self.seen.as_ref().map(|(_, read)| read));
        // A word for somebody is none for who is made anew under his name.
        let is_anew = |known: Option<&String>, id: &String| known.is_some_and(|known| known != id);
        let is_new = |user: &String, id: &String| {
            let known = first.and_then(|first| first.users.get(user)).map(|user| &user.id);
            let is_spared = spared.contains(&PrincipalArn::User(user.clone())) && !is_anew(known, id);
            before.users.get(user) != Some(id) && !is_spared
        };
        for (user, _) in now.users.iter().filter(|(user, id)| is_new(user, id)) {
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
            let known = first.and_then(|first| first.roles.get(role)).map(|role| &role.id);
            if spared.contains(&PrincipalArn::Role(role.clone())) && !is_anew(known, id) {
                continue;
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
    /// What is looked after already is left out.
    pub(super) fn appeared(
        &mut self,
        hold: &Step,
        around: &Principals,
        is_looked_after: &dyn Fn(&Member) -> bool,
    ) -> Result<Vec<(Step, Setting)>, ExecuteError> {
        let (mut steps, mut added) = (Vec::new(), Vec::new());
        // Where it isn't known who was there, nobody is taken for new: it would be everybody.
        let mut new = self.against(self.known.as_ref().unwrap_or(around), around);
        new.retain(|(change, _)| !is_looked_after(&change.member));
        for (n, (change, before)) in new.into_iter().enumerate() {
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
