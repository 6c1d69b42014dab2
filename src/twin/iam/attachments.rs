//! Attachments of managed policies to users, groups and roles.

use super::inline::Kind;
use super::managed::{bring, known, release};
use super::page::page;
use super::{arn_sent, group, group_mut, on_group, on_role, on_user, reads, role, role_mut, user, user_mut, writes};
use crate::account::Account;
use crate::ids::Arn;
use crate::twin::operation::Asked;
use crate::twin::{Call, Caller, Fault, Node, Operation, Params};
use std::collections::BTreeSet;

pub(super) const OPERATIONS: &[Operation] = &[
    writes("AttachUserPolicy", user_and_policy, |call| attach(call, Kind::User)),
    writes("DetachUserPolicy", user_and_policy, |call| detach(call, Kind::User)),
    reads("ListAttachedUserPolicies", on_user, |call| attached(call, Kind::User)),
    writes("AttachGroupPolicy", group_and_policy, |call| attach(call, Kind::Group)),
    writes("DetachGroupPolicy", group_and_policy, |call| detach(call, Kind::Group)),
    reads("ListAttachedGroupPolicies", on_group, |call| {
        attached(call, Kind::Group)
    }),
    writes("AttachRolePolicy", role_and_policy, |call| attach(call, Kind::Role)),
    writes("DetachRolePolicy", role_and_policy, |call| detach(call, Kind::Role)),
    reads("ListAttachedRolePolicies", on_role, |call| attached(call, Kind::Role)),
];

/// The condition key `iam:PolicyARN` beside the principal.
fn with_policy(mut asked: Asked, params: &Params) -> Asked {
    if let Some(arn) = params.get("PolicyArn") {
        asked.context.set("iam:PolicyARN", arn);
    }
    asked
}

fn user_and_policy(account: &Account, caller: &Caller, params: &Params) -> Asked {
    with_policy(on_user(account, caller, params), params)
}

fn group_and_policy(account: &Account, caller: &Caller, params: &Params) -> Asked {
    with_policy(on_group(account, caller, params), params)
}

fn role_and_policy(account: &Account, caller: &Caller, params: &Params) -> Asked {
    with_policy(on_role(account, caller, params), params)
}

fn attachments<'a>(account: &'a mut Account, kind: Kind, name: &str) -> Result<&'a mut BTreeSet<Arn>, Fault> {
    Ok(match kind {
        Kind::User => &mut user_mut(account, name)?.attached,
        Kind::Group => &mut group_mut(account, name)?.attached,
        Kind::Role => &mut role_mut(account, name)?.attached,
    })
}

fn attach(call: &mut Call<'_>, kind: Kind) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PolicyArn")?;
    known(call.account, &arn)?;
    let name = call.params.need(kind.parameter())?;
    let held = attachments(call.account, kind, name)?;
    let quota = if matches!(kind, Kind::Role) { 20 } else { 10 };
    if !held.contains(&arn) && held.len() >= quota {
        let word = match kind {
            Kind::User => "User",
            Kind::Group => "Group",
            Kind::Role => "Role",
        };
        return Err(Fault::limit_exceeded(format!(
            "Cannot exceed quota for PoliciesPer{word}: {quota}"
        )));
    }
    held.insert(arn.clone());
    bring(call.account, &arn, call.now);
    Ok(Node::empty())
}

fn detach(call: &mut Call<'_>, kind: Kind) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PolicyArn")?;
    let name = call.params.need(kind.parameter())?;
    if !attachments(call.account, kind, name)?.remove(&arn) {
        return Err(Fault::no_such_entity(format!("Policy {arn} was not found.")));
    }
    release(call.account, &arn);
    Ok(Node::empty())
}

fn attached(call: &mut Call<'_>, kind: Kind) -> Result<Node, Fault> {
    let name = call.params.need(kind.parameter())?;
    let held = match kind {
        Kind::User => &user(call.account, name)?.attached,
        Kind::Group => &group(call.account, name)?.attached,
        Kind::Role => &role(call.account, name)?.attached,
    };
    page(
        call.params,
        "AttachedPolicies",
        held.iter().map(attachment_node).collect(),
    )
}

pub(super) fn attachment_node(arn: &Arn) -> Node {
    Node::Struct(vec![
        ("PolicyName", arn.name().into()),
        ("PolicyArn", arn.as_str().into()),
    ])
}
