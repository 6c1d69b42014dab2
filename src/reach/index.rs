//! Who is in what, has what, and is limited by what: read off an account once, before anybody's reach is asked.

use super::bits::Bits;
use super::graph::{Graph, THERE};
use super::moves::On;
use crate::account::{Account, User};
use crate::ids::Arn;
use crate::policy::{Effect, PolicyText};
use std::collections::{BTreeMap, BTreeSet};

impl Graph<'_> {
    pub(super) fn index(&mut self) {
        let account = self.account;
        for user in account.users.values() {
            if let Some(n) = self.targets.number(&account.user_arn(user)) {
                self.take_in_user(n, user);
            }
        }
        for role in account.roles.values() {
            let Some(n) = self.targets.number(&account.role_arn(role)) else {
                continue;
            };
            // What belongs to a service or to Identity Center cannot be edited.
            if role.unmodifiable().is_none() {
                self.everybody.put(n);
                self.has(n, &role.attached, role.boundary.as_ref());
                self.limits(n, &role.inline, &role.attached, role.boundary.is_some());
            } else {
                self.fixed.put(n);
            }
        }
        for group in account.groups.values() {
            let Some(g) = self.targets.number(&account.group_arn(group)) else {
                continue;
            };
            self.everybody.put(g);
            self.member(g, g);
            self.has(g, &group.attached, None);
            self.limits(g, &group.inline, &group.attached, false);
        }
        for on in [On::User, On::Role, On::Group, On::Policy, On::Provider] {
            let mut kind = Bits::none(self.targets.len());
            self.targets.kind(on).into_iter().flatten().for_each(|n| kind.put(n));
            self.kinds.push(kind);
        }
        let size = self.targets.len();
        let union = |bits: &mut dyn Iterator<Item = &Bits>| {
            let mut sum = Bits::none(size);
            bits.for_each(|one| sum.join(one));
            sum
        };
        let kind = |on: On| self.kinds.get(on as usize).cloned().unwrap_or_default();
        self.of_groups = (kind(On::Group), union(&mut self.members.values()));
        let has = union(&mut self.attached.values().map(|(has, _)| has));
        let bounds = union(&mut self.attached.values().map(|(_, bounds)| bounds));
        self.of_policies = ((kind(On::Policy), has), (kind(On::Policy), bounds));
        self.users = self.kinds.first().cloned().unwrap_or_else(|| Bits::none(0));
    }

    fn take_in_user(&mut self, n: usize, user: &User) {
        self.everybody.put(n);
        self.has(n, &user.attached, user.boundary.as_ref());
        self.limits(n, &user.inline, &user.attached, user.boundary.is_some());
        let account = self.account;
        for group in user.groups.iter().filter_map(|name| account.groups.get(name)) {
            if let Some(g) = self.targets.number(&account.group_arn(group)) {
                self.member(g, n);
                self.has(n, &group.attached, None);
                self.limits(n, &group.inline, &group.attached, false);
            }
        }
        for ((_, there), (_, has)) in self.there.iter_mut().zip(&THERE) {
            let held = user.credentials.as_ref();
            let has = held.is_some_and(has);
            if has {
                there.sure.put(n);
            }
            // What was not read may be there.
            if has || held.is_none_or(|held| !held.unread.is_empty()) {
                there.maybe.put(n);
            }
        }
    }

    fn member(&mut self, group: usize, n: usize) {
        let size = self.targets.len();
        self.members.entry(group).or_insert_with(|| Bits::none(size)).put(n);
    }

    /// Keeps whether a boundary or a deny limits a principal.
    fn limits(&mut self, n: usize, inline: &BTreeMap<String, PolicyText>, attached: &BTreeSet<Arn>, bounded: bool) {
        let managed = attached
            .iter()
            .filter_map(|arn| self.account.policies.get(arn)?.document());
        let denies = |text: &PolicyText| {
            let document = text.parse();
            document.is_ok_and(|document| {
                document
                    .statements
                    .iter()
                    .any(|statement| statement.effect == Effect::Deny)
            })
        };
        // A policy that isn't known here may deny.
        let unknown = attached.iter().any(|arn| !self.account.policies.contains_key(arn));
        if bounded || unknown || inline.values().chain(managed).any(denies) {
            self.limited.put(n);
        }
    }

    fn has<'p>(&mut self, n: usize, attached: impl IntoIterator<Item = &'p Arn>, boundary: Option<&Arn>) {
        for arn in attached {
            if let Some((has, _)) = self.holders(arn) {
                has.put(n);
            }
        }
        if let Some((_, bounds)) = boundary.and_then(|arn| self.holders(arn)) {
            bounds.put(n);
        }
    }

    fn holders(&mut self, policy: &Arn) -> Option<&mut (Bits, Bits)> {
        let size = self.targets.len();
        let policy = self.targets.number(policy)?;
        Some(
            self.attached
                .entry(policy)
                .or_insert_with(|| (Bits::none(size), Bits::none(size))),
        )
    }
}

impl Graph<'_> {
    /// The groups that a user is in.
    pub(super) fn groups_of(&self, n: usize) -> Vec<Arn> {
        self.behind(
            self.members
                .iter()
                .filter(|(_, members)| members.has(n))
                .map(|(group, _)| *group),
        )
    }

    /// The managed policies that a principal has, or is bounded by.
    pub(super) fn policies_of(&self, n: usize) -> Vec<Arn> {
        let theirs = self
            .attached
            .iter()
            .filter(|(_, (has, bounds))| has.has(n) || bounds.has(n));
        self.behind(theirs.map(|(policy, _)| *policy))
    }

    /// The identity providers whose users may assume a role.
    pub(super) fn providers_of(&self, n: usize) -> Vec<Arn> {
        let all = self.targets.providers.clone();
        self.behind(all.filter(|provider| {
            let roles = self.targets.arn(*provider).and_then(|arn| self.trust.of_provider(arn));
            roles.is_some_and(|roles| roles.has(n))
        }))
    }

    fn behind(&self, numbers: impl Iterator<Item = usize>) -> Vec<Arn> {
        numbers.filter_map(|n| self.targets.arn(n).cloned()).collect()
    }
}

/// All identity policies of the account as text.
pub(super) fn texts(account: &Account) -> impl Iterator<Item = &PolicyText> {
    let users = account.users.values().flat_map(|user| user.inline.values());
    let groups = account.groups.values().flat_map(|group| group.inline.values());
    let roles = account.roles.values().flat_map(|role| role.inline.values());
    let managed = account.policies.values().filter_map(|policy| policy.document());
    users.chain(groups).chain(roles).chain(managed)
}
