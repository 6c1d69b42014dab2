//! IAM: one file for each kind of entity, and one table of all operations.

mod access_keys;
mod attachments;
mod details;
mod groups;
mod inline;
mod managed;
mod mfa;
mod page;
mod passwords;
mod roles;
mod simulate;
mod uploads;
mod users;
mod versions;

use super::operation::Asked;
use super::{Caller, Fault, Node, Operation, Params};
use crate::account::{Account, Group, Role, Tags, User, called};
use crate::ids::Arn;

/// Every IAM operation that the twin models.
pub fn operations() -> impl Iterator<Item = Operation> {
    [
        users::OPERATIONS,
        access_keys::OPERATIONS,
        passwords::OPERATIONS,
        groups::OPERATIONS,
        inline::OPERATIONS,
        managed::OPERATIONS,
        versions::OPERATIONS,
        attachments::OPERATIONS,
        roles::OPERATIONS,
        mfa::OPERATIONS,
        uploads::OPERATIONS,
        details::OPERATIONS,
        simulate::OPERATIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

type Asks = fn(&Account, &Caller, &Params) -> Asked;
type Handler = fn(&mut super::Call<'_>) -> Result<Node, Fault>;

/// A row for an operation that only reads.
const fn reads(name: &'static str, asks: Asks, handler: Handler) -> Operation {
    Operation {
        name,
        read_only: true,
        asks,
        handler,
    }
}

/// A row for an operation that changes something.
const fn writes(name: &'static str, asks: Asks, handler: Handler) -> Operation {
    Operation {
        name,
        read_only: false,
        asks,
        handler,
    }
}

/// Permission on everything: operations without resource-level permissions.
fn on_all(_: &Account, _: &Caller, _: &Params) -> Asked {
    Asked::on("*")
}

/// Permission on the user that `UserName` names; the caller's own where it isn't sent.
fn on_user(account: &Account, caller: &Caller, params: &Params) -> Asked {
    let name = params.get("UserName").or(caller.user_name.as_deref()).unwrap_or("*");
    let path = called(&account.users, name).map_or_else(|| path_sent(params), |user| user.path.clone());
    Asked::on_arn(&Arn::iam(&account.partition, &account.id, "user", &path, name))
}

/// Permission on the group that `GroupName` names.
fn on_group(account: &Account, _: &Caller, params: &Params) -> Asked {
    let name = params.get("GroupName").unwrap_or("*");
    let path = called(&account.groups, name).map_or_else(|| path_sent(params), |group| group.path.clone());
    Asked::on_arn(&Arn::iam(&account.partition, &account.id, "group", &path, name))
}

/// Permission on the role that `RoleName` names.
fn on_role(account: &Account, _: &Caller, params: &Params) -> Asked {
    let name = params.get("RoleName").unwrap_or("*");
    let path = called(&account.roles, name).map_or_else(|| path_sent(params), |role| role.path.clone());
    Asked::on_arn(&Arn::iam(&account.partition, &account.id, "role", &path, name))
}

fn path_sent(params: &Params) -> String {
    params.get("Path").unwrap_or("/").to_owned()
}

fn no_user(name: &str) -> Fault {
    Fault::no_such_entity(format!("The user with name {name} cannot be found."))
}

fn user<'a>(account: &'a Account, name: &str) -> Result<&'a User, Fault> {
    called(&account.users, name).ok_or_else(|| no_user(name))
}

fn user_mut<'a>(account: &'a mut Account, name: &str) -> Result<&'a mut User, Fault> {
    let known = user(account, name)?.name.clone();
    account.users.get_mut(&known).ok_or_else(|| no_user(name))
}

fn no_group(name: &str) -> Fault {
    Fault::no_such_entity(format!("The group with name {name} cannot be found."))
}

fn group<'a>(account: &'a Account, name: &str) -> Result<&'a Group, Fault> {
    called(&account.groups, name).ok_or_else(|| no_group(name))
}

fn group_mut<'a>(account: &'a mut Account, name: &str) -> Result<&'a mut Group, Fault> {
    let known = group(account, name)?.name.clone();
    account.groups.get_mut(&known).ok_or_else(|| no_group(name))
}

fn no_role(name: &str) -> Fault {
    Fault::no_such_entity(format!("The role with name {name} cannot be found."))
}

fn role<'a>(account: &'a Account, name: &str) -> Result<&'a Role, Fault> {
    called(&account.roles, name).ok_or_else(|| no_role(name))
}

/// The role, to be changed; service-linked roles and Identity Center's refuse.
fn role_mut<'a>(account: &'a mut Account, name: &str) -> Result<&'a mut Role, Fault> {
    let known = role(account, name)?.name.clone();
    let role = account.roles.get_mut(&known).ok_or_else(|| no_role(name))?;
    match role.unmodifiable() {
        Some(_) => Err(Fault::new(
            400,
            "UnmodifiableEntity",
            format!(
                "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
            ),
        )),
        None => Ok(role),
    }
}

/// Checks a friendly name: 1 to `most` letters, digits and `_+=,.@-`.
fn checked_name<'a>(params: &'a Params, parameter: &str, most: usize) -> Result<&'a str, Fault> {
    let name = params.need(parameter)?;
    let fits = (1..=most).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    if fits {
        Ok(name)
    } else {
        Err(Fault::validation(format!(
            "The specified value for {} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
            lower_initial(parameter)
        )))
    }
}

fn checked_path(params: &Params) -> Result<String, Fault> {
    let path = path_sent(params);
    let fits = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.bytes().all(|b| (0x21..0x7f).contains(&b));
    if fits {
        Ok(path)
    } else {
        Err(Fault::validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ))
    }
}

fn lower_initial(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + letters.as_str())
        .unwrap_or_default()
}

fn arn_sent(params: &Params, parameter: &str) -> Result<Arn, Fault> {
    let text = params.need(parameter)?;
    text.parse()
        .map_err(|_| Fault::new(400, "InvalidInput", format!("ARN {text} is not valid.")))
}

/// A list answer: its members under `name`, paged.
fn tags_sent(params: &Params) -> Result<Tags, Fault> {
    let each = params.list("Tags").into_iter().map(|tag| {
        let value = tag.get("Value").unwrap_or_default().to_owned();
        Ok((tag.need("Key")?.to_owned(), value))
    });
    let tags: Tags = each.collect::<Result<_, Fault>>()?;
    if tags.len() > 50 {
        return Err(Fault::limit_exceeded(
            "The number of tags has reached the maximum limit.",
        ));
    }
    Ok(tags)
}

fn tags_node(tags: &Tags) -> Node {
    let tag = |(key, value): (&String, &String)| {
        Node::Struct(vec![("Key", key.clone().into()), ("Value", value.clone().into())])
    };
    Node::List(tags.iter().map(tag).collect())
}

/// Adds a member where there is something to say, as AWS leaves out what is empty.
fn with_some(
    mut members: Vec<(&'static str, Node)>,
    name: &'static str,
    node: Option<Node>,
) -> Vec<(&'static str, Node)> {
    members.extend(node.map(|node| (name, node)));
    members
}

fn boundary_node(boundary: Option<&Arn>) -> Option<Node> {
    boundary.map(|arn| {
        Node::Struct(vec![
            ("PermissionsBoundaryType", "Policy".into()),
            ("PermissionsBoundaryArn", arn.as_str().into()),
        ])
    })
}

#[cfg(test)]
mod tests;
