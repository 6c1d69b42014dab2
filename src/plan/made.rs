//! Steps on what the family made: users, roles and policies of its own, and what it granted to others.

use super::Facts;
use super::facts::APART_SECONDS;
use super::make::Making;
use crate::account::{KeyStatus, Role, User, is_same_name};
use crate::action::revoke::{self, Issuer};
use crate::action::{Action, DENY_ALL, Member, Setting};
use crate::ids::Arn;
use crate::lineage::{Credential, Made};
use crate::playbook::{PlaybookStep, Verb};
use crate::policy::PolicyText;
use crate::time::Moment;

/// What ends a user altogether, in order.
const END_OF_A_USER: [Verb; 12] = [
    Verb::DeleteLoginProfile,
    Verb::DeactivateMfaDevices,
    Verb::DeleteSigningCertificates,
    Verb::DeleteSshPublicKeys,
    Verb::DeleteServiceSpecificCredentials,
    Verb::DeleteInlinePolicies,
    Verb::DetachManagedPolicies,
    Verb::LeaveGroups,
    Verb::DeleteAccessKeys,
    Verb::DeleteBoundary,
    Verb::DeleteDenies,
    Verb::DeleteUser,
];

impl<'a> Facts<'a> {
    fn made(&self, call: &str, name: &str, created: Moment) -> Option<&'a Made> {
        let lineage = self.lineage;
        let is_he = |was: &str, made: &Made| {
            is_same_name(was, name)
                || call == "CreateUser"
                    && lineage
                        .now_called(was, made.at)
                        .iter()
                        .any(|now| is_same_name(now, name))
        };
        let of = |made: &&Made| {
            made.is_of_iam() && made.call == call && made.what.split(' ').next().is_some_and(|was| is_he(was, made))
        };
        let then = |made: &&Made| (made.at.seconds() - created.seconds()).abs() <= APART_SECONDS;
        lineage.made.iter().rev().filter(of).find(then)
    }

    /// Users that the family made, and that are still the ones it made. A compromised user is none of them: whom it made is another than the one whom it deleted, where their
    /// unique IDs are known.
    pub fn made_users(&self) -> Vec<(&'a User, &'a Made)> {
        let own = self.users();
        let others = self.account.users.values();
        let others = others.filter(|user| !own.iter().any(|own| own.name == user.name));
        others
            .filter_map(|user| Some((user, self.made("CreateUser", &user.name, user.created)?)))
            .collect()
    }

    /// Roles that the family made.
    pub fn made_roles(&self) -> Vec<(&'a Role, &'a Made)> {
        let roles = self.account.roles.values().filter(|role| role.unmodifiable().is_none());
        roles
            .filter_map(|role| Some((role, self.made("CreateRole", &role.name, role.created)?)))
            .collect()
    }

    /// Managed policies that the family made.
    pub fn made_policies(&self) -> Vec<(&'a Arn, &'a Made)> {
        let own = self.account.policies.iter().filter(|(arn, _)| arn.account().is_some());
        own.filter_map(|(arn, policy)| Some((arn, self.made("CreatePolicy", &policy.name, policy.created)?)))
            .collect()
    }
}

impl Making<'_> {
    /// Denies everything to the users and roles that the family made.
    pub(super) fn deny_made(&mut self, from: &PlaybookStep, policy_name: &str) {
        for (user, _) in self.facts.made_users() {
            self.deny(from, user, policy_name);
        }
        for (role, made) in self.facts.made_roles() {
            let size = PolicyText::new(DENY_ALL).counted_size();
            if self.lock_otherwise(from, &Issuer::Role(role.name.clone()), policy_name, size) {
                continue;
            }
            let before = role.inline.get(policy_name).cloned();
            let member = Member::RolePolicy {
                role: role.name.clone(),
                name: policy_name.to_owned(),
            };
            let before = before.map_or(Setting::Absent, Setting::Document);
            let deny = Setting::Document(PolicyText::new(DENY_ALL));
            self.change(from, member, before, deny, Some(by(made)));
        }
    }

    /// Takes back what the family granted to others, and deletes the users, roles and policies that it made.
    pub(super) fn delete_made(&mut self, from: &PlaybookStep) {
        self.take_back(from);
        for (user, _) in self.facts.made_users() {
            let revoked = Issuer::User(user.name.clone());
            for verb in END_OF_A_USER {
                if verb == Verb::DeleteUser {
                    self.remove_revocation(from, &revoked);
                }
                self.on_user(&PlaybookStep { verb, ..from.clone() }, user);
            }
        }
        for (role, made) in self.facts.made_roles() {
            self.delete_role(from, role, made);
        }
        for (arn, made) in self.facts.made_policies() {
            self.delete_policy(from, arn, made);
        }
        self.delete_keys(from);
    }

    /// Keys that the family made for users that stay: nobody else has ever had their secrets.
    fn delete_keys(&mut self, from: &PlaybookStep) {
        for (user, key) in self.facts.minted_keys() {
            // A key that was there before is its owner's, and stays inactive.
            if self.facts.lineage.member(key).is_some_and(Credential::is_revived) {
                continue;
            }
            let held = self
                .facts
                .account
                .users
                .get(user)
                .and_then(|user| user.credentials.as_ref());
            let there = held.is_some_and(|held| held.access_keys.iter().any(|held| held.id == *key));
            let member = Member::AccessKey {
                user: user.to_owned(),
                key: key.clone(),
            };
            if there && !self.deletes_member(&member) {
                let fact = Some(format!("{key} is a key that the family made"));
                self.change(
                    from,
                    member,
                    Setting::Status(KeyStatus::Inactive),
                    Setting::Absent,
                    fact,
                );
            }
        }
    }

    /// Whether a step deletes the member already.
    pub(super) fn deletes_member(&self, member: &Member) -> bool {
        self.steps.iter().any(|step| match &step.action {
            Action::Change { change } => change.member == *member && change.to == Setting::Absent,
            _ => false,
        })
    }

    /// Grants to principals that it did not make. They can be put back.
    fn take_back(&mut self, from: &PlaybookStep) {
        let facts = self.facts;
        let made_roles: Vec<&str> = facts
            .made_roles()
            .into_iter()
            .map(|(role, _)| role.name.as_str())
            .collect();
        for role in facts
            .account
            .roles
            .values()
            .filter(|role| !made_roles.contains(&role.name.as_str()))
        {
            for (name, text) in &role.inline {
                let member = Member::RolePolicy {
                    role: role.name.clone(),
                    name: name.clone(),
                };
                self.undo_of(from, member, Setting::Document(text.clone()));
            }
            for policy in &role.attached {
                let member = Member::RoleAttachment {
                    role: role.name.clone(),
                    policy: policy.clone(),
                };
                self.undo_of(from, member, Setting::Present);
            }
        }
        let own: Vec<&str> = facts.users().into_iter().map(|user| user.name.as_str()).collect();
        let made: Vec<&str> = facts
            .made_users()
            .into_iter()
            .map(|(user, _)| user.name.as_str())
            .collect();
        let others = facts.account.users.values();
        for user in others.filter(|user| !own.contains(&user.name.as_str()) && !made.contains(&user.name.as_str())) {
            for (name, text) in &user.inline {
                let member = Member::UserPolicy {
                    user: user.name.clone(),
                    name: name.clone(),
                };
                self.undo_of(from, member, Setting::Document(text.clone()));
            }
            for policy in &user.attached {
                let member = Member::Attachment {
                    user: user.name.clone(),
                    policy: policy.clone(),
                };
                self.undo_of(from, member, Setting::Present);
            }
            for group in &user.groups {
                let member = Member::GroupMembership {
                    user: user.name.clone(),
                    group: group.clone(),
                };
                self.undo_of(from, member, Setting::Present);
            }
        }
    }

    /// Takes the member away if the family put it there, unless it is one that this plan sets.
    fn undo_of(&mut self, from: &PlaybookStep, member: Member, before: Setting) {
        let set = self
            .steps
            .iter()
            .any(|step| step.action.member().as_ref() == Some(&member));
        if let Some(made) = super::made_by(self.facts.lineage, &member).filter(|_| !set) {
            self.change(from, member, before, Setting::Absent, Some(by(made)));
        }
    }

    /// The revocation that this plan puts on somebody who is to be deleted.
    fn remove_revocation(&mut self, from: &PlaybookStep, issuer: &Issuer) {
        let planned = self.steps.iter().any(|step| match &step.action {
            Action::RevokeOlderSessions { issuer: of, .. } => of == issuer,
            _ => false,
        });
        if planned {
            let before = Setting::Document(revoke::document(Moment::from_millis(0)));
            self.change(from, issuer.member(), before, Setting::Absent, None);
        }
    }

    fn delete_role(&mut self, from: &PlaybookStep, role: &Role, made: &Made) {
        let name = role.name.clone();
        for policy in &role.attached {
            let member = Member::RoleAttachment {
                role: name.clone(),
                policy: policy.clone(),
            };
            self.change(from, member, Setting::Present, Setting::Absent, None);
        }
        let own = |member: &Member| matches!(member, Member::RolePolicy { role, .. } if *role == name);
        let planned = self.steps.iter().filter_map(|step| step.action.member()).filter(own);
        let mut policies: Vec<Member> = planned.collect();
        let there = role.inline.keys().map(|policy| Member::RolePolicy {
            role: name.clone(),
            name: policy.clone(),
        });
        let there: Vec<Member> = there.filter(|member| !policies.contains(member)).collect();
        // What grants goes first, what this plan denies last.
        policies.splice(0..0, there);
        for member in policies {
            let before = match &member {
                Member::RolePolicy { name, .. } => role.inline.get(name).cloned(),
                _ => None,
            };
            let before = Setting::Document(before.unwrap_or_else(|| PolicyText::new(DENY_ALL)));
            self.change(from, member, before, Setting::Absent, None);
        }
        let is_lock = |member: &Member| match member {
            Member::RoleAttachment { role: of, policy } => *of == name && !role.attached.contains(policy),
            _ => false,
        };
        let locks = self
            .steps
            .iter()
            .filter_map(|step| step.action.member())
            .filter(is_lock);
        for member in locks.collect::<Vec<_>>() {
            self.change(from, member, Setting::Present, Setting::Absent, None);
        }
        let member = Member::Role { role: name };
        self.change(from, member, Setting::Present, Setting::Absent, Some(by(made)));
    }

    fn delete_policy(&mut self, from: &PlaybookStep, policy: &Arn, made: &Made) {
        let account = self.facts.account;
        let own = self.facts.made_roles();
        let others = account
            .roles
            .values()
            .filter(|role| !own.iter().any(|(own, _)| own.name == role.name));
        for role in others.filter(|role| role.attached.contains(policy)) {
            let member = Member::RoleAttachment {
                role: role.name.clone(),
                policy: policy.clone(),
            };
            if !self
                .steps
                .iter()
                .any(|step| step.action.member().as_ref() == Some(&member))
            {
                self.change(from, member, Setting::Present, Setting::Absent, Some(by(made)));
            }
        }
        let member = Member::ManagedPolicy { policy: policy.clone() };
        self.change(from, member, Setting::Present, Setting::Absent, Some(by(made)));
    }
}

fn by(made: &Made) -> String {
    format!("{} of the family put it there at {}", made.by, made.at)
}
