//! The facts of an incident that a plan is made of.

use super::door::opened;
use super::foothold::passwords_set;
use crate::account::{Account, Holder, Role, User};
use crate::action::revoke::Issuer;
use crate::ids::AccessKeyId;
use crate::lineage::{Bystander, Credential, Kind, Lineage};
use std::collections::BTreeSet;

/// How far the time of a record and the time that IAM tells may lie apart.
pub(super) const APART_SECONDS: i64 = 120;

/// Everything that a plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The account as it is.
    pub account: &'a Account,
    /// The family.
    pub lineage: &'a Lineage,
    /// Who else uses the same user and roles.
    pub bystanders: &'a [Bystander],
}

impl<'a> Facts<'a> {
    /// The user that a member of the family belongs to, if it is one of this account: who holds the key, since his name may be another's by now, or whose
    /// rights it carries. Whoever was made anew under the name of one who was deleted is somebody else.
    pub fn user_of(&self, member: &Credential) -> Option<&'a User> {
        if let Some((user, _)) = self.account.owner_of_key(&member.key) {
            return Some(user);
        }
        let (name, id) = match member.holder.as_ref()? {
            Holder::User { name, id } => (name, id),
            Holder::FederatedUser { user, user_id, .. } => (user, user_id),
            Holder::Role { .. } | Holder::Root => return None,
        };
        let is_he = |user: &&User| !id.is_empty() && user.id == *id || !is_later(user, member);
        self.account.user_who_was(name, id).filter(is_he)
    }

    /// The compromised users: those of this account that the family comes from, each once.
    pub fn users(&self) -> Vec<&'a User> {
        let mut users: Vec<&User> = Vec::new();
        for user in self.lineage.roots().filter_map(|root| self.user_of(root)) {
            if !users.iter().any(|known| known.name == user.name) {
                users.push(user);
            }
        }
        users
    }

    /// Long-term keys of the family other than its origins, with the user who holds each.
    pub fn minted_keys(&self) -> Vec<(&'a str, &'a AccessKeyId)> {
        let long_term = self
            .lineage
            .credentials
            .iter()
            .filter(|member| member.minted.is_some() && member.kind == Kind::LongTerm);
        long_term
            .filter_map(|member| {
                let holder = self.user_of(member)?;
                Some((holder.name.as_str(), &member.key))
            })
            .collect()
    }

    /// Roles that the family did not make and of which it said who may assume them: whoever came in by that may hold a session, whatever they say now. What
    /// it made is denied altogether.
    pub fn opened(&self) -> Vec<&'a Role> {
        let made = self.made_roles();
        let mut opened = opened(self.lineage, self.account);
        opened.retain(|role| !made.iter().any(|(made, _)| made.name == role.name));
        opened
    }

    /// Whose sessions must be revoked: each role that was reached or opened, and each user other than the compromised ones that a key was
    /// made for or whose password was set.
    pub fn issuers(&self) -> Vec<Issuer> {
        let mut roles = self.lineage.roles(&self.account.id);
        roles.extend(self.opened().into_iter().map(|role| role.name.clone()));
        let roles = roles.into_iter().filter(|name| {
            let role = self.account.roles.get(name);
            role.is_some_and(|role| role.unmodifiable().is_none()) && !self.is_made_anew(name)
        });
        let own: BTreeSet<&str> = self.users().into_iter().map(|user| user.name.as_str()).collect();
        let users: BTreeSet<&str> = self
            .minted_keys()
            .into_iter()
            .map(|(user, _)| user)
            .filter(|user| !own.contains(user))
            .collect();
        let mut users: BTreeSet<String> = users.into_iter().map(str::to_owned).collect();
        users.extend(passwords_set(self.lineage, self.account, &own));
        let users = users
            .into_iter()
            .filter(|user| self.account.users.contains_key(user))
            .map(Issuer::User);
        roles.map(Issuer::Role).chain(users).collect()
    }

    /// Whether the role of this name is surely another than each that the family had sessions of: theirs ended with it.
    fn is_made_anew(&self, name: &str) -> bool {
        let mut sessions = self
            .lineage
            .credentials
            .iter()
            .filter_map(|member| match &member.holder {
                Some(Holder::Role { name: of, id, .. }) if of == name => Some(id),
                _ => None,
            });
        sessions.all(|id| self.account.role_that_was(name, id).is_none())
            && !self.lineage.untold.iter().any(|one| one.role() == Some(name))
            && !self.opened().iter().any(|role| role.name == name)
    }

    /// Members of the family that hang on an issuer.
    pub fn members_of(&self, issuer: &Issuer) -> Vec<&'a Credential> {
        let of = |member: &&Credential| match issuer {
            Issuer::Role(name) => member.role() == Some(name),
            Issuer::User(name) => member.user() == Some(name),
        };
        self.lineage.credentials.iter().filter(of).collect()
    }

    /// Who else would be hit if an issuer's sessions were revoked, in words.
    pub fn others_of(&self, issuer: &Issuer) -> Vec<String> {
        let of = |other: &&Bystander| match issuer {
            Issuer::Role(name) => other.role.as_deref() == Some(name),
            Issuer::User(name) => other.user.as_deref() == Some(name),
        };
        self.bystanders.iter().filter(of).map(describe).collect()
    }
}

/// Whether the user was made after somebody used or was given the credential: he can't be its holder then, whose unique ID the evidence may not tell.
fn is_later(user: &User, member: &Credential) -> bool {
    let given = member.minted.as_ref().map(|mint| mint.at);
    let was_there = [given, member.issued, member.first_use()].into_iter().flatten().min();
    was_there.is_some_and(|at| user.created > at.plus_seconds(APART_SECONDS))
}

fn describe(other: &Bystander) -> String {
    let who = match (&other.role, &other.session, &other.user) {
        (Some(role), Some(session), _) => format!("session `{session}` of role `{role}` ({})", other.key),
        (_, _, Some(user)) => format!("user `{user}` by {}", other.key),
        _ => other.key.to_string(),
    };
    let calls = if other.calls == 1 {
        "1 call".to_owned()
    } else {
        format!("{} calls", other.calls)
    };
    format!("{who}: {calls}, last {}", other.last)
}
