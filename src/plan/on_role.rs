//! Locks that are chosen where an inline policy has no room: an intruder may have filled a role, or an innocent user, on purpose.

use super::make::Making;
use super::on_user::{USER_ATTACHED_QUOTA, USER_INLINE_QUOTA};
use crate::account::deny_all_arn;
use crate::action::revoke::{self, Issuer};
use crate::action::{Action, Member, Setting};
use crate::playbook::PlaybookStep;
use crate::policy::PolicyText;
use std::collections::BTreeMap;

/// The sum of a role's inline policies, in characters without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const ROLE_INLINE_QUOTA: usize = 10_240;

/// Managed policies attached to one role.
const ROLE_ATTACHED_QUOTA: usize = 20;

impl Making<'_> {
    /// Where the revocation has no room, denies everything to the user or role by another lock, and gives whether it did: `AWSDenyAll` attached; where no
    /// place is free, what the family filled the room with goes, so that the revocation fits; where that isn't enough, `AWSDenyAll` as the boundary,
    /// for which there is always room.
    pub(super) fn revoke_otherwise(&mut self, from: &PlaybookStep, issuer: &Issuer) -> bool {
        let size = revoke::document(self.now).counted_size();
        self.lock_otherwise(from, issuer, revoke::POLICY_NAME, size)
    }

    /// The same for an inline policy called `name` of `size` characters.
    pub(super) fn lock_otherwise(&mut self, from: &PlaybookStep, issuer: &Issuer, name: &str, size: usize) -> bool {
        let (taken, quota) = (self.taken(issuer, name), inline_quota(issuer));
        if taken + size <= quota {
            return false;
        }
        let full = format!(
            "the inline policies of {} take {taken} of {quota} characters: `{name}` does not fit, and new sessions are denied, too",
            issuer.describe()
        );
        if self.attach_deny(from, issuer, full.clone()) {
            return true;
        }
        !self.make_room(from, issuer, taken + size - quota) && self.bound_deny(from, issuer, full)
    }

    /// How much of the quota is taken by other inline policies than `name`, with those that this plan puts there.
    fn taken(&self, issuer: &Issuer, name: &str) -> usize {
        let mut sizes: BTreeMap<String, usize> = self
            .inline(issuer)
            .into_iter()
            .map(|(name, text)| (name, text.counted_size()))
            .collect();
        for step in &self.steps {
            let (member, text) = match &step.action {
                Action::Change { change } => match &change.to {
                    Setting::Document(text) => (change.member.clone(), text.clone()),
                    _ => continue,
                },
                Action::RevokeOlderSessions { issuer, .. } => (issuer.member(), revoke::document(self.now)),
                _ => continue,
            };
            if let Some(name) = inline_name(&member, issuer) {
                sizes.insert(name.to_owned(), text.counted_size());
            }
        }
        sizes.remove(name);
        sizes.values().sum()
    }

    fn inline(&self, issuer: &Issuer) -> BTreeMap<String, PolicyText> {
        let account = self.facts.account;
        let inline = match issuer {
            Issuer::Role(name) => account.roles.get(name).map(|role| &role.inline),
            Issuer::User(name) => account.users.get(name).map(|user| &user.inline),
        };
        inline.cloned().unwrap_or_default()
    }

    /// `AWSDenyAll` attached; for a user whose places are taken, as the boundary. Whether there is room for that.
    fn attach_deny(&mut self, from: &PlaybookStep, issuer: &Issuer, full: String) -> bool {
        let account = self.facts.account;
        let Some(policy) = deny_all_arn(&account.partition) else {
            return false;
        };
        let (attached, most, member) = match issuer {
            Issuer::Role(name) => {
                let attached = account.roles.get(name).map(|role| &role.attached);
                let (role, policy) = (name.clone(), policy.clone());
                (attached, ROLE_ATTACHED_QUOTA, Member::RoleAttachment { role, policy })
            }
            Issuer::User(name) => {
                let attached = account.users.get(name).map(|user| &user.attached);
                let (user, policy) = (name.clone(), policy.clone());
                (attached, USER_ATTACHED_QUOTA, Member::Attachment { user, policy })
            }
        };
        if attached.is_some_and(|attached| attached.contains(&policy) || attached.len() < most) {
            let there = attached.is_some_and(|attached| attached.contains(&policy));
            let before = if there { Setting::Present } else { Setting::Absent };
            if let Issuer::User(name) = issuer {
                self.deny_attached.insert(name.clone());
            }
            self.lock(from, member, before, Setting::Present, full);
            return true;
        }
        matches!(issuer, Issuer::User(_)) && self.bound_deny(from, issuer, full)
    }

    /// `AWSDenyAll` as the permissions boundary, in the place of whatever was: an explicit deny in it is one like any other. Whether there is such a policy.
    fn bound_deny(&mut self, from: &PlaybookStep, issuer: &Issuer, full: String) -> bool {
        let account = self.facts.account;
        let Some(policy) = deny_all_arn(&account.partition) else {
            return false;
        };
        let (boundary, member) = match issuer {
            Issuer::User(name) => (
                account.users.get(name).and_then(|user| user.boundary.clone()),
                Member::Boundary { user: name.clone() },
            ),
            Issuer::Role(name) => (
                account.roles.get(name).and_then(|role| role.boundary.clone()),
                Member::RoleBoundary { role: name.clone() },
            ),
        };
        let before = boundary.map_or(Setting::Absent, Setting::Policy);
        self.lock(from, member, before, Setting::Policy(policy), full);
        true
    }

    /// A lock that this plan sets already is set once.
    fn lock(&mut self, from: &PlaybookStep, member: Member, before: Setting, to: Setting, fact: String) {
        let mut steps = self.steps.iter();
        if !steps.any(|step| step.action.member().as_ref() == Some(&member)) {
            self.change(from, member, before, to, Some(fact));
        }
    }

    /// Takes inline policies away that the family put there, the largest first, until there is room for so many characters; none where they are too few.
    /// Whether there is room then.
    fn make_room(&mut self, from: &PlaybookStep, issuer: &Issuer, needed: usize) -> bool {
        let made_roles = self.facts.made_roles();
        let is_made = matches!(issuer, Issuer::Role(name) if made_roles.iter().any(|(role, _)| role.name == *name));
        let mut padding: Vec<(Member, PolicyText)> = self
            .inline(issuer)
            .into_iter()
            .map(|(name, text)| (issuer.inline(name), text))
            .filter(|(member, _)| is_made || super::made_by(self.facts.lineage, member).is_some())
            .collect();
        padding.sort_by_key(|(_, text)| std::cmp::Reverse(text.counted_size()));
        let mut room = 0;
        let mut going = Vec::new();
        for (member, text) in padding {
            if room >= needed {
                break;
            }
            room += text.counted_size();
            going.push((member, text));
        }
        if room < needed {
            return false;
        }
        for (member, text) in going {
            let fact = format!(
                "the family put it there, and it leaves no room for a deny on {}",
                issuer.describe()
            );
            self.change(from, member, Setting::Document(text), Setting::Absent, Some(fact));
        }
        true
    }
}

fn inline_quota(issuer: &Issuer) -> usize {
    match issuer {
        Issuer::Role(_) => ROLE_INLINE_QUOTA,
        Issuer::User(_) => USER_INLINE_QUOTA,
    }
}

/// The name of an inline policy of the user or role; `None` for any other member.
fn inline_name<'m>(member: &'m Member, issuer: &Issuer) -> Option<&'m str> {
    match (member, issuer) {
        (Member::RolePolicy { role, name }, Issuer::Role(of)) if role == of => Some(name),
        (Member::UserPolicy { user, name }, Issuer::User(of)) if user == of => Some(name),
        _ => None,
    }
}
