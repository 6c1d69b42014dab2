//! Groups and who is in them.

use super::page::{cut, page};
use super::{
    checked_name, checked_path, group, group_mut, no_group, on_all, on_group, on_user, reads, user, user_mut, users,
    writes,
};
use crate::account::{Account, Group, called};
use crate::twin::{Call, Fault, Node, Operation};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreateGroup", on_group, create),
    reads("GetGroup", on_group, get),
    reads("ListGroups", on_all, list),
    writes("UpdateGroup", on_group, update),
    writes("DeleteGroup", on_group, delete),
    writes("AddUserToGroup", on_group, add_user),
    writes("RemoveUserFromGroup", on_group, remove_user),
    reads("ListGroupsForUser", on_user, for_user),
];

fn node(account: &Account, group: &Group) -> Node {
    Node::Struct(vec![
        ("Path", group.path.clone().into()),
        ("GroupName", group.name.clone().into()),
        ("GroupId", group.id.clone().into()),
        ("Arn", account.group_arn(group).as_str().into()),
        ("CreateDate", group.created.into()),
    ])
}

fn create(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = checked_name(call.params, "GroupName", 128)?.to_owned();
    if called(&call.account.groups, &name).is_some() {
        return Err(Fault::already_exists(format!("Group with name {name} already exists.")));
    }
    let made = Group {
        name: name.clone(),
        path: checked_path(call.params)?,
        id: call.issue.unique_id("AGPA", &call.account.id),
        created: call.now.whole_second(),
        inline: Default::default(),
        attached: Default::default(),
    };
    let answer = node(call.account, &made);
    call.account.groups.insert(name, made);
    Ok(Node::Struct(vec![("Group", answer)]))
}

fn get(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = group(call.account, call.params.need("GroupName")?)?;
    let members = call
        .account
        .users
        .values()
        .filter(|user| user.groups.contains(&found.name));
    let (members, rest) = cut(
        call.params,
        members.map(|user| users::node(call.account, user, false)).collect(),
    )?;
    let mut answer = vec![("Group", node(call.account, found)), ("Users", Node::List(members))];
    answer.extend(rest);
    Ok(Node::Struct(answer))
}

fn list(call: &mut Call<'_>) -> Result<Node, Fault> {
    let groups = call.account.groups.values().map(|group| node(call.account, group));
    page(call.params, "Groups", groups.collect())
}

fn update(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = call.params.need("GroupName")?;
    if let Some(path) = call.params.get("NewPath") {
        group_mut(call.account, name)?.path = path.to_owned();
    }
    if call.params.get("NewGroupName").is_some() {
        let new = checked_name(call.params, "NewGroupName", 128)?.to_owned();
        let known = group(call.account, name)?.name.clone();
        let mut changed = call.account.groups.remove(&known).ok_or_else(|| no_group(name))?;
        changed.name.clone_from(&new);
        call.account.groups.insert(new.clone(), changed);
        for user in call.account.users.values_mut() {
            if user.groups.remove(&known) {
                user.groups.insert(new.clone());
            }
        }
    }
    Ok(Node::empty())
}

fn delete(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = group(call.account, call.params.need("GroupName")?)?;
    let name = found.name.clone();
    let occupied = call.account.users.values().any(|user| user.groups.contains(&name));
    let must = match (occupied, found.attached.is_empty(), found.inline.is_empty()) {
        (true, ..) => Some("must remove users from group first"),
        (_, false, _) => Some("must detach all policies first"),
        (_, _, false) => Some("must delete policies first"),
        _ => None,
    };
    if let Some(must) = must {
        return Err(Fault::delete_conflict(format!("Cannot delete entity, {must}.")));
    }
    call.account.groups.remove(&name);
    Ok(Node::empty())
}

fn add_user(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = group(call.account, call.params.need("GroupName")?)?.name.clone();
    let user = user_mut(call.account, call.params.need("UserName")?)?;
    if !user.groups.contains(&name) && user.groups.len() >= 10 {
        return Err(Fault::limit_exceeded("Cannot exceed quota for GroupsPerUser: 10"));
    }
    user.groups.insert(name);
    Ok(Node::empty())
}

fn remove_user(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = group(call.account, call.params.need("GroupName")?)?.name.clone();
    let user_name = call.params.need("UserName")?;
    if user_mut(call.account, user_name)?.groups.remove(&name) {
        Ok(Node::empty())
    } else {
        Err(Fault::no_such_entity(format!(
            "User {user_name} is not in group {name}"
        )))
    }
}

fn for_user(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, call.params.need("UserName")?)?;
    let groups = found.groups.iter().filter_map(|name| call.account.groups.get(name));
    page(
        call.params,
        "Groups",
        groups.map(|group| node(call.account, group)).collect(),
    )
}
