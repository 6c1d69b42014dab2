//! The members of an account that take effect by themselves: one key, one inline policy, one attachment, ...

use super::Kind;
use crate::account::{AccessKey, Account, Group, Guards, ManagedPolicy, Role, User};
use crate::ids::{AccessKeyId, Arn};
use crate::policy::PolicyText;
use std::collections::{BTreeMap, BTreeSet};

/// A user, a group, a role or a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Entity {
    Policy(Arn),
    User(String),
    Group(String),
    Role(String),
}

/// A member. Entities stand first, so that one is there before anything is put into it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    Itself(Entity),
    Key(String, AccessKeyId),
    Inline(Entity, String),
    Attached(Entity, Arn),
    InGroup(String, String),
    Boundary(Entity),
    Trust(String),
    Guards,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    /// The entity without its members.
    User(Box<User>),
    Group(Box<Group>),
    Role(Box<Role>),
    Policy(Box<ManagedPolicy>),
    Key(AccessKey),
    Text(PolicyText),
    Boundary(Arn),
    /// Attached, or in the group.
    So,
    Guards(Box<Guards>),
}

/// A member and what it becomes; `None` when it goes.
#[derive(Debug, Clone)]
pub(super) struct Change {
    member: Member,
    value: Option<Value>,
    /// What it was.
    before: Option<Value>,
}

impl Change {
    pub(super) fn kind(&self) -> Kind {
        match &self.member {
            Member::Itself(Entity::Policy(_)) | Member::Inline(..) | Member::Attached(..) => Kind::Policy,
            Member::Itself(_) => Kind::Entity,
            Member::Key(..) => Kind::Key,
            Member::InGroup(..) => Kind::Group,
            Member::Boundary(_) => Kind::Boundary,
            Member::Trust(_) => Kind::Trust,
            Member::Guards => Kind::Guards,
        }
    }

    /// Whether the change may not take effect before `earlier`, which was made before it.
    pub(super) fn waits_for(&self, earlier: &Change) -> bool {
        if self.member == earlier.member {
            return true;
        }
        let touches = |change: &Change, other: &Change| matches!(&other.member, Member::Itself(entity) if other.is_birth_or_end() && change.entities().contains(entity));
        // What is made or deleted comes behind all that was done to it, and what is done to it behind that.
        touches(earlier, self) || touches(self, earlier)
    }

    /// Whether it makes or deletes a user, a group, a role or a managed policy.
    pub(super) fn is_birth_or_end(&self) -> bool {
        matches!(self.member, Member::Itself(_)) && self.before.is_some() != self.value.is_some()
    }

    /// The entities that must be there for the member to mean anything.
    fn entities(&self) -> Vec<Entity> {
        let mut all = match &self.member {
            Member::Itself(entity) | Member::Inline(entity, _) | Member::Boundary(entity) => vec![entity.clone()],
            Member::Key(user, _) => vec![Entity::User(user.clone())],
            Member::Attached(entity, arn) => vec![entity.clone(), Entity::Policy(arn.clone())],
            Member::InGroup(user, group) => vec![Entity::User(user.clone()), Entity::Group(group.clone())],
            Member::Trust(role) => vec![Entity::Role(role.clone())],
            Member::Guards => Vec::new(),
        };
        for value in [&self.value, &self.before] {
            if let Some(Value::Boundary(arn)) = value {
                all.push(Entity::Policy(arn.clone()));
            }
        }
        all
    }
}

/// Every member that differs, entities first.
pub(super) fn changes(before: &Account, after: &Account) -> Vec<Change> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    differing(&before.users, &after.users, |user, is_new| {
        user_members(user, if is_new { &mut new } else { &mut old });
    });
    differing(&before.groups, &after.groups, |group, is_new| {
        group_members(group, if is_new { &mut new } else { &mut old });
    });
    differing(&before.roles, &after.roles, |role, is_new| {
        role_members(role, if is_new { &mut new } else { &mut old });
    });
    for (policies, members, others) in [
        (&before.policies, &mut old, &after.policies),
        (&after.policies, &mut new, &before.policies),
    ] {
        for (arn, policy) in policies.iter().filter(|(arn, policy)| others.get(arn) != Some(policy)) {
            let entity = Entity::Policy(arn.clone());
            members.insert(Member::Itself(entity), Value::Policy(Box::new(policy.clone())));
        }
    }
    if before.guards != after.guards {
        for (guards, members) in [(&before.guards, &mut old), (&after.guards, &mut new)] {
            let guards = guards
                .clone()
                .map(|guards| (Member::Guards, Value::Guards(Box::new(guards))));
            members.extend(guards);
        }
    }
    let members: BTreeSet<Member> = old.keys().chain(new.keys()).cloned().collect();
    let each = members.into_iter().map(|member| Change {
        before: old.remove(&member),
        value: new.remove(&member),
        member,
    });
    each.filter(|change| change.before != change.value).collect()
}

/// Hands over every entity that is not the same on both sides, with whether it is the new one.
fn differing<T: PartialEq>(before: &BTreeMap<String, T>, after: &BTreeMap<String, T>, mut found: impl FnMut(&T, bool)) {
    for (name, old) in before {
        if after.get(name) != Some(old) {
            found(old, false);
        }
    }
    for (name, new) in after {
        if before.get(name) != Some(new) {
            found(new, true);
        }
    }
}

type Members = BTreeMap<Member, Value>;

fn user_members(user: &User, members: &mut Members) {
    let mut bare = user.clone();
    let entity = Entity::User(user.name.clone());
    policies(
        &entity,
        std::mem::take(&mut bare.inline),
        std::mem::take(&mut bare.attached),
        members,
    );
    for group in std::mem::take(&mut bare.groups) {
        members.insert(Member::InGroup(user.name.clone(), group), Value::So);
    }
    if let Some(boundary) = bare.boundary.take() {
        members.insert(Member::Boundary(entity.clone()), Value::Boundary(boundary));
    }
    let keys = bare
        .credentials
        .as_mut()
        .map(|held| std::mem::take(&mut held.access_keys));
    for key in keys.into_iter().flatten() {
        members.insert(Member::Key(user.name.clone(), key.id.clone()), Value::Key(key));
    }
    members.insert(Member::Itself(entity), Value::User(Box::new(bare)));
}

fn group_members(group: &Group, members: &mut Members) {
    let mut bare = group.clone();
    let entity = Entity::Group(group.name.clone());
    policies(
        &entity,
        std::mem::take(&mut bare.inline),
        std::mem::take(&mut bare.attached),
        members,
    );
    members.insert(Member::Itself(entity), Value::Group(Box::new(bare)));
}

fn role_members(role: &Role, members: &mut Members) {
    let mut bare = role.clone();
    let entity = Entity::Role(role.name.clone());
    policies(
        &entity,
        std::mem::take(&mut bare.inline),
        std::mem::take(&mut bare.attached),
        members,
    );
    if let Some(boundary) = bare.boundary.take() {
        members.insert(Member::Boundary(entity.clone()), Value::Boundary(boundary));
    }
    let trust = std::mem::replace(&mut bare.trust, PolicyText::new(""));
    members.insert(Member::Trust(role.name.clone()), Value::Text(trust));
    members.insert(Member::Itself(entity), Value::Role(Box::new(bare)));
}

fn policies(entity: &Entity, inline: BTreeMap<String, PolicyText>, attached: BTreeSet<Arn>, members: &mut Members) {
    for (name, text) in inline {
        members.insert(Member::Inline(entity.clone(), name), Value::Text(text));
    }
    for arn in attached {
        members.insert(Member::Attached(entity.clone(), arn), Value::So);
    }
}

/// Lets a change take effect. What belongs to an entity that is gone goes nowhere.
pub(super) fn apply(account: &mut Account, change: &Change) {
    match (&change.member, &change.value) {
        (Member::Itself(entity), None) => remove(account, entity),
        (Member::Itself(Entity::Policy(arn)), Some(Value::Policy(policy))) => {
            account.policies.insert(arn.clone(), (**policy).clone());
        }
        (Member::Itself(_), Some(value)) => put(account, value.clone()),
        (Member::Key(user, id), value) => {
            let held = account.users.get_mut(user).and_then(|user| user.credentials.as_mut());
            let Some(held) = held else { return };
            let place = held.access_keys.iter().position(|key| key.id == *id);
            match (place, value) {
                (Some(place), None) => drop(held.access_keys.remove(place)),
                (Some(place), Some(Value::Key(key))) => held.access_keys[place] = key.clone(),
                (None, Some(Value::Key(key))) => held.access_keys.push(key.clone()),
                _ => {}
            }
        }
        (Member::Inline(entity, name), value) => {
            let Some((inline, _)) = holding(account, entity) else {
                return;
            };
            match value {
                Some(Value::Text(text)) => drop(inline.insert(name.clone(), text.clone())),
                _ => drop(inline.remove(name)),
            }
        }
        (Member::Attached(entity, arn), value) => {
            let Some((_, attached)) = holding(account, entity) else {
                return;
            };
            match value {
                Some(_) => drop(attached.insert(arn.clone())),
                None => drop(attached.remove(arn)),
            }
        }
        (Member::InGroup(user, group), value) => {
            let Some(user) = account.users.get_mut(user) else {
                return;
            };
            match value {
                Some(_) => drop(user.groups.insert(group.clone())),
                None => drop(user.groups.remove(group)),
            }
        }
        (Member::Boundary(entity), value) => {
            let boundary = match value {
                Some(Value::Boundary(arn)) => Some(arn.clone()),
                _ => None,
            };
            match entity {
                Entity::User(name) => account.users.get_mut(name).map(|user| user.boundary = boundary),
                Entity::Role(name) => account.roles.get_mut(name).map(|role| role.boundary = boundary),
                Entity::Group(_) | Entity::Policy(_) => None,
            };
        }
        (Member::Trust(role), value) => {
            if let (Some(role), Some(Value::Text(text))) = (account.roles.get_mut(role), value) {
                role.trust = text.clone();
            }
        }
        (Member::Guards, value) => {
            account.guards = match value {
                Some(Value::Guards(guards)) => Some((**guards).clone()),
                _ => None,
            };
        }
    }
}

fn holding<'a>(
    account: &'a mut Account,
    entity: &Entity,
) -> Option<(&'a mut BTreeMap<String, PolicyText>, &'a mut BTreeSet<Arn>)> {
    match entity {
        Entity::User(name) => account
            .users
            .get_mut(name)
            .map(|user| (&mut user.inline, &mut user.attached)),
        Entity::Group(name) => account
            .groups
            .get_mut(name)
            .map(|group| (&mut group.inline, &mut group.attached)),
        Entity::Role(name) => account
            .roles
            .get_mut(name)
            .map(|role| (&mut role.inline, &mut role.attached)),
        Entity::Policy(_) => None,
    }
}

fn remove(account: &mut Account, entity: &Entity) {
    match entity {
        Entity::User(name) => drop(account.users.remove(name)),
        Entity::Group(name) => drop(account.groups.remove(name)),
        Entity::Role(name) => drop(account.roles.remove(name)),
        Entity::Policy(arn) => drop(account.policies.remove(arn)),
    }
}

/// Puts an entity in its place. The one that is there keeps its members; another one of the same name has none yet.
fn put(account: &mut Account, value: Value) {
    match value {
        Value::User(mut user) => {
            if let Some(held) = account.users.remove(&user.name).filter(|held| held.id == user.id) {
                user.inline = held.inline;
                user.attached = held.attached;
                user.groups = held.groups;
                user.boundary = held.boundary;
                if let (Some(new), Some(old)) = (&mut user.credentials, held.credentials) {
                    new.access_keys = old.access_keys;
                }
            }
            account.users.insert(user.name.clone(), *user);
        }
        Value::Group(mut group) => {
            if let Some(held) = account.groups.remove(&group.name).filter(|held| held.id == group.id) {
                group.inline = held.inline;
                group.attached = held.attached;
            }
            account.groups.insert(group.name.clone(), *group);
        }
        Value::Role(mut role) => {
            if let Some(held) = account.roles.remove(&role.name).filter(|held| held.id == role.id) {
                role.inline = held.inline;
                role.attached = held.attached;
                role.boundary = held.boundary;
                role.trust = held.trust;
            }
            account.roles.insert(role.name.clone(), *role);
        }
        Value::Policy(_) | Value::Key(_) | Value::Text(_) | Value::Boundary(_) | Value::So | Value::Guards(_) => {}
    }
}
