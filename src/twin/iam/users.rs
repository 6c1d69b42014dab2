//! Users.

use super::page::page;
use super::{
    arn_sent, boundary_node, checked_name, checked_path, on_all, on_user, reads, tags_node, tags_sent, user, user_mut,
    with_some, writes,
};
use crate::account::{Account, Credentials, User};
use crate::twin::{Call, Fault, Node, Operation};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreateUser", on_user, create),
    reads("GetUser", on_user, get),
    reads("ListUsers", on_all, list),
    writes("UpdateUser", on_user, update),
    writes("DeleteUser", on_user, delete),
    writes("TagUser", on_user, tag),
    writes("UntagUser", on_user, untag),
    reads("ListUserTags", on_user, tags),
    writes("PutUserPermissionsBoundary", on_user, put_boundary),
    writes("DeleteUserPermissionsBoundary", on_user, delete_boundary),
];

/// The user as answers show it; tags and boundary only where the operation shows them.
pub(super) fn node(account: &Account, user: &User, whole: bool) -> Node {
    let members = vec![
        ("Path", user.path.clone().into()),
        ("UserName", user.name.clone().into()),
        ("UserId", user.id.clone().into()),
        ("Arn", account.user_arn(user).as_str().into()),
        ("CreateDate", user.created.into()),
    ];
    if !whole {
        return Node::Struct(members);
    }
    let tags = (!user.tags.is_empty()).then(|| tags_node(&user.tags));
    let members = with_some(members, "PermissionsBoundary", boundary_node(user.boundary.as_ref()));
    Node::Struct(with_some(members, "Tags", tags))
}

/// The user's name as sent, or the caller's own.
pub(super) fn name_or_own<'a>(call: &'a Call<'_>) -> Result<&'a str, Fault> {
    match call.params.get("UserName").or(call.caller.user_name.as_deref()) {
        Some(name) => Ok(name),
        None => Err(Fault::validation(
            "Must specify userName when calling with non-User credentials",
        )),
    }
}

fn create(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = checked_name(call.params, "UserName", 64)?.to_owned();
    if user(call.account, &name).is_ok() {
        return Err(Fault::already_exists(format!("User with name {name} already exists.")));
    }
    let made = User {
        name: name.clone(),
        path: checked_path(call.params)?,
        id: call.issue.unique_id("AIDA", &call.account.id),
        created: call.now.whole_second(),
        tags: tags_sent(call.params)?,
        inline: Default::default(),
        attached: Default::default(),
        groups: Default::default(),
        boundary: call
            .params
            .get("PermissionsBoundary")
            .map(|_| arn_sent(call.params, "PermissionsBoundary"))
            .transpose()?,
        credentials: Some(Credentials::default()),
    };
    if let Some(boundary) = &made.boundary {
        super::managed::known(call.account, boundary)?;
        super::managed::bring(call.account, boundary, call.now);
    }
    let answer = node(call.account, &made, true);
    call.account.users.insert(name, made);
    Ok(Node::Struct(vec![("User", answer)]))
}

fn get(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, name_or_own(call)?)?;
    Ok(Node::Struct(vec![("User", node(call.account, found, true))]))
}

fn list(call: &mut Call<'_>) -> Result<Node, Fault> {
    let prefix = call.params.get("PathPrefix").unwrap_or("/");
    let users = call.account.users.values().filter(|user| user.path.starts_with(prefix));
    page(
        call.params,
        "Users",
        users.map(|user| node(call.account, user, false)).collect(),
    )
}

fn update(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = call.params.need("UserName")?;
    let mut changed = user(call.account, name)?.clone();
    if let Some(path) = call.params.get("NewPath") {
        changed.path = path.to_owned();
    }
    if call.params.get("NewUserName").is_some() {
        let new = checked_name(call.params, "NewUserName", 64)?;
        if !new.eq_ignore_ascii_case(&changed.name) && user(call.account, new).is_ok() {
            return Err(Fault::already_exists(format!("User with name {new} already exists.")));
        }
        call.account.users.remove(&changed.name);
        changed.name = new.to_owned();
    }
    call.account.users.insert(changed.name.clone(), changed);
    Ok(Node::empty())
}

/// Refuses while any of the nine kinds of things is left.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>
fn delete(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, call.params.need("UserName")?)?;
    let none = Credentials::default();
    let held = found.credentials.as_ref().unwrap_or(&none);
    let blockers = [
        (held.login_profile.is_some(), "must delete login profile first"),
        (!held.access_keys.is_empty(), "must delete access keys first"),
        (!held.signing_certificates.is_empty(), "must delete certificates first"),
        (!held.ssh_public_keys.is_empty(), "must remove referenced objects first"),
        (
            !held.service_specific.is_empty(),
            "must remove referenced objects first",
        ),
        (!held.mfa_devices.is_empty(), "must delete MFA device first"),
        (!found.inline.is_empty(), "must delete policies first"),
        (!found.attached.is_empty(), "must detach all policies first"),
        (!found.groups.is_empty(), "must remove users from group first"),
    ];
    if let Some((_, must)) = blockers.iter().find(|(blocks, _)| *blocks) {
        return Err(Fault::delete_conflict(format!("Cannot delete entity, {must}.")));
    }
    let name = found.name.clone();
    let boundary = found.boundary.clone();
    call.account.users.remove(&name);
    boundary
        .iter()
        .for_each(|arn| super::managed::release(call.account, arn));
    Ok(Node::empty())
}

fn tag(call: &mut Call<'_>) -> Result<Node, Fault> {
    let tags = tags_sent(call.params)?;
    user_mut(call.account, call.params.need("UserName")?)?.tags.extend(tags);
    Ok(Node::empty())
}

fn untag(call: &mut Call<'_>) -> Result<Node, Fault> {
    let gone: Vec<String> = call
        .params
        .list("TagKeys")
        .iter()
        .filter_map(|key| key.get("").map(str::to_owned))
        .collect();
    user_mut(call.account, call.params.need("UserName")?)?
        .tags
        .retain(|key, _| !gone.contains(key));
    Ok(Node::empty())
}

fn tags(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = user(call.account, call.params.need("UserName")?)?;
    match tags_node(&found.tags) {
        Node::List(tags) => page(call.params, "Tags", tags),
        other => Ok(other),
    }
}

fn put_boundary(call: &mut Call<'_>) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PermissionsBoundary")?;
    super::managed::known(call.account, &arn)?;
    let name = call.params.need("UserName")?;
    let before = user_mut(call.account, name)?.boundary.replace(arn.clone());
    super::managed::bring(call.account, &arn, call.now);
    before.iter().for_each(|arn| super::managed::release(call.account, arn));
    Ok(Node::empty())
}

fn delete_boundary(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = call.params.need("UserName")?;
    match user_mut(call.account, name)?.boundary.take() {
        Some(arn) => {
            super::managed::release(call.account, &arn);
            Ok(Node::empty())
        }
        None => Err(Fault::no_such_entity(format!(
            "User {name} does not have a permission boundary set."
        ))),
    }
}
