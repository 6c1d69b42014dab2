//! The part of an account that a plan stands on, and what has changed in it since.

use super::Plan;
use crate::account::{Account, Change, diff};
use crate::ids::Arn;
use crate::lineage::Lineage;
use std::collections::BTreeSet;

/// Users, roles, groups and policies that bear on the family: theirs, and no others.
pub fn basis(account: &Account, lineage: &Lineage) -> Account {
    let users: BTreeSet<&str> = lineage.credentials.iter().filter_map(|member| member.user()).collect();
    let roles = lineage.roles(&account.id);
    let mut part = Account::empty(account.id.clone());
    part.partition.clone_from(&account.partition);
    part.users = account
        .users
        .iter()
        .filter(|(name, _)| users.contains(name.as_str()))
        .map(|(name, user)| (name.clone(), user.clone()))
        .collect();
    part.roles = account
        .roles
        .iter()
        .filter(|(name, _)| roles.contains(*name))
        .map(|(name, role)| (name.clone(), role.clone()))
        .collect();
    let groups: BTreeSet<&String> = part.users.values().flat_map(|user| &user.groups).collect();
    part.groups = account
        .groups
        .iter()
        .filter(|(name, _)| groups.contains(name))
        .map(|(name, group)| (name.clone(), group.clone()))
        .collect();
    let of_users = part
        .users
        .values()
        .flat_map(|user| user.attached.iter().chain(&user.boundary));
    let of_groups = part.groups.values().flat_map(|group| &group.attached);
    let of_roles = part
        .roles
        .values()
        .flat_map(|role| role.attached.iter().chain(&role.boundary));
    let used: BTreeSet<Arn> = of_users.chain(of_groups).chain(of_roles).cloned().collect();
    part.policies = account
        .policies
        .iter()
        .filter(|(arn, _)| used.contains(*arn))
        .map(|(arn, policy)| (arn.clone(), policy.clone()))
        .collect();
    // When a key was last used changes without anybody changing anything.
    let credentials = part.users.values_mut().filter_map(|user| user.credentials.as_mut());
    credentials
        .flat_map(|held| &mut held.access_keys)
        .for_each(|key| key.last_used = None);
    part
}

/// What is otherwise than the plan was made on: members of the account, and credentials that the family has got since.
pub fn drift(plan: &Plan, account: &Account, lineage: &Lineage) -> Vec<Change> {
    let mut changes = diff(&plan.basis, &basis(account, &plan.lineage));
    let fresh = lineage
        .credentials
        .iter()
        .filter(|member| plan.lineage.member(&member.key).is_none());
    changes.extend(fresh.map(|member| Change {
        path: format!("credentials.{}", member.key),
        before: None,
        after: Some(serde_json::Value::String(format!(
            "{} of the family, minted since",
            member.kind.describe()
        ))),
    }));
    changes
}
