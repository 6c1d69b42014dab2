//! Inline policies of users, groups and roles, with the quota on their sum.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use super::page::page;
use super::{group_mut, on_group, on_role, on_user, reads, role, role_mut, user_mut, writes};
use crate::account::Account;
use crate::policy::PolicyText;
use crate::twin::{Call, Fault, Node, Operation};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[Operation] = &[
    writes("PutUserPolicy", on_user, |call| put(call, Kind::User)),
    reads("GetUserPolicy", on_user, |call| get(call, Kind::User)),
    reads("ListUserPolicies", on_user, |call| list(call, Kind::User)),
    writes("DeleteUserPolicy", on_user, |call| delete(call, Kind::User)),
    writes("PutGroupPolicy", on_group, |call| put(call, Kind::Group)),
    reads("GetGroupPolicy", on_group, |call| get(call, Kind::Group)),
    reads("ListGroupPolicies", on_group, |call| list(call, Kind::Group)),
    writes("DeleteGroupPolicy", on_group, |call| delete(call, Kind::Group)),
    writes("PutRolePolicy", on_role, |call| put(call, Kind::Role)),
    reads("GetRolePolicy", on_role, |call| get(call, Kind::Role)),
    reads("ListRolePolicies", on_role, |call| list(call, Kind::Role)),
    writes("DeleteRolePolicy", on_role, |call| delete(call, Kind::Role)),
];

/// Which kind of principal has the policy.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    User,
    Group,
    Role,
}

impl Kind {
    pub(super) fn parameter(self) -> &'static str {
        match self {
            Kind::User => "UserName",
            Kind::Group => "GroupName",
            Kind::Role => "RoleName",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Role => "role",
        }
    }

    fn quota(self) -> usize {
        match self {
            Kind::User => 2048,
            Kind::Group => 5120,
            Kind::Role => 10240,
        }
    }
}

type Policies = BTreeMap<String, PolicyText>;

fn policies<'a>(account: &'a mut Account, kind: Kind, name: &str) -> Result<&'a mut Policies, Fault> {
    Ok(match kind {
        Kind::User => &mut user_mut(account, name)?.inline,
        Kind::Group => &mut group_mut(account, name)?.inline,
        Kind::Role => &mut role_mut(account, name)?.inline,
    })
}

/// RFC 3986, as IAM encodes documents in its answers.
pub(super) fn encoded(text: &PolicyText) -> Node {
    const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    Node::Text(utf8_percent_encode(text.as_str(), UNRESERVED).to_string())
}

/// A document that IAM would take as an identity policy: valid, and about nobody but its bearer.
pub(super) fn checked_document(text: &str) -> Result<PolicyText, Fault> {
    let malformed = |message: String| Fault::new(400, "MalformedPolicyDocument", message);
    let document = PolicyText::new(text);
    let odd = |c: &char| !matches!(*c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
    if text.chars().any(|c| odd(&c)) {
        return Err(Fault::validation(
            "The specified value for policyDocument is invalid. It has a character that is not allowed.",
        ));
    }
    let parsed = document.parse().map_err(|error| malformed(error.to_string()))?;
    for statement in &parsed.statements {
        if statement.principal.is_some() {
            return Err(malformed("Policy document should not specify a principal.".to_owned()));
        }
        if statement.resources.is_none() {
            return Err(malformed("Policy statement must contain resources.".to_owned()));
        }
    }
    Ok(document)
}

fn put(call: &mut Call<'_>, kind: Kind) -> Result<Node, Fault> {
    let name = call.params.need(kind.parameter())?;
    let policy = super::checked_name(call.params, "PolicyName", 128)?.to_owned();
    let document = checked_document(call.params.need("PolicyDocument")?)?;
    let held = policies(call.account, kind, name)?;
    let others: usize = held
        .iter()
        .filter(|(other, _)| **other != policy)
        .map(|(_, text)| text.counted_size())
        .sum();
    if others + document.counted_size() > kind.quota() {
        return Err(Fault::limit_exceeded(format!(
            "Maximum policy size of {} bytes exceeded for {} {name}",
            kind.quota(),
            kind.word()
        )));
    }
    held.insert(policy, document);
    Ok(Node::empty())
}

fn no_policy(kind: Kind, policy: &str) -> Fault {
    Fault::no_such_entity(format!(
        "The {} policy with name {policy} cannot be found.",
        kind.word()
    ))
}

/// The policies, to be read: a protected role's may be read too.
fn readable<'a>(account: &'a Account, kind: Kind, name: &str) -> Result<&'a Policies, Fault> {
    Ok(match kind {
        Kind::User => &super::user(account, name)?.inline,
        Kind::Group => &super::group(account, name)?.inline,
        Kind::Role => &role(account, name)?.inline,
    })
}

fn get(call: &mut Call<'_>, kind: Kind) -> Result<Node, Fault> {
    let name = call.params.need(kind.parameter())?;
    let policy = call.params.need("PolicyName")?;
    let text = readable(call.account, kind, name)?
        .get(policy)
        .ok_or_else(|| no_policy(kind, policy))?;
    Ok(Node::Struct(vec![
        (kind.parameter(), name.into()),
        ("PolicyName", policy.into()),
        ("PolicyDocument", encoded(text)),
    ]))
}

fn list(call: &mut Call<'_>, kind: Kind) -> Result<Node, Fault> {
    let name = call.params.need(kind.parameter())?;
    let names = readable(call.account, kind, name)?
        .keys()
        .map(|name| Node::from(name.as_str()));
    page(call.params, "PolicyNames", names.collect())
}

fn delete(call: &mut Call<'_>, kind: Kind) -> Result<Node, Fault> {
    let name = call.params.need(kind.parameter())?;
    let policy = call.params.need("PolicyName")?;
    match policies(call.account, kind, name)?.remove(policy) {
        Some(_) => Ok(Node::empty()),
        None => Err(no_policy(kind, policy)),
    }
}
