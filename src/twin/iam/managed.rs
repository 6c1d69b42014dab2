//! Managed policies, their versions and their attachments.

use super::inline::{Kind, checked_document, encoded};
use super::page::{cut, page};
use super::{
    arn_sent, checked_name, checked_path, group, group_mut, on_all, on_group, on_role, on_user, reads, role, role_mut,
    user, user_mut, writes,
};
use crate::account::{Account, ManagedPolicy, PolicyVersion, aws_managed};
use crate::ids::Arn;
use crate::policy::PolicyText;
use crate::time::Moment;
use crate::twin::operation::Asked;
use crate::twin::{Call, Caller, Fault, Node, Operation, Params};
use std::collections::BTreeSet;

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreatePolicy", on_new_policy, create),
    reads("GetPolicy", on_policy, get),
    reads("ListPolicies", on_all, list),
    writes("DeletePolicy", on_policy, delete),
    writes("CreatePolicyVersion", on_policy, create_version),
    reads("GetPolicyVersion", on_policy, get_version),
    reads("ListPolicyVersions", on_policy, list_versions),
    writes("SetDefaultPolicyVersion", on_policy, set_default),
    writes("DeletePolicyVersion", on_policy, delete_version),
    reads("ListEntitiesForPolicy", on_policy, entities),
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

fn on_policy(_: &Account, _: &Caller, params: &Params) -> Asked {
    Asked::on(params.get("PolicyArn").unwrap_or("*"))
}

fn on_new_policy(account: &Account, _: &Caller, params: &Params) -> Asked {
    let path = params.get("Path").unwrap_or("/");
    let name = params.get("PolicyName").unwrap_or("*");
    Asked::on_arn(&Arn::iam(&account.partition, &account.id, "policy", path, name))
}

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

fn no_policy(arn: &Arn) -> Fault {
    Fault::no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
}

/// Whether the policy exists: the customer's own, or one of AWS's that are known.
pub(super) fn known(account: &Account, arn: &Arn) -> Result<(), Fault> {
    (account.policies.contains_key(arn) || aws_managed(arn).is_some())
        .then_some(())
        .ok_or_else(|| no_policy(arn))
}

/// Brings an AWS managed policy into the account when it is first used.
pub(super) fn bring(account: &mut Account, arn: &Arn, now: Moment) {
    if account.policies.contains_key(arn) {
        return;
    }
    if let Some((version, document)) = aws_managed(arn) {
        let held = PolicyVersion {
            document: PolicyText::new(document),
            created: now.whole_second(),
        };
        let policy = ManagedPolicy {
            name: arn.name().to_owned(),
            path: "/".to_owned(),
            id: format!("ANPA{}", arn.name().to_uppercase()),
            created: now.whole_second(),
            default_version: version.to_owned(),
            versions: [(version.to_owned(), held)].into(),
        };
        account.policies.insert(arn.clone(), policy);
    }
}

/// Takes an AWS managed policy out of the account again when nothing uses it any more.
pub(super) fn release(account: &mut Account, arn: &Arn) {
    let ours = arn.account().is_some();
    let users = account
        .users
        .values()
        .any(|user| user.attached.contains(arn) || user.boundary.as_ref() == Some(arn));
    let groups = account.groups.values().any(|group| group.attached.contains(arn));
    let roles = account
        .roles
        .values()
        .any(|role| role.attached.contains(arn) || role.boundary.as_ref() == Some(arn));
    if !(ours || users || groups || roles) {
        account.policies.remove(arn);
    }
}

fn uses(account: &Account, arn: &Arn) -> usize {
    account
        .users
        .values()
        .filter(|user| user.attached.contains(arn))
        .count()
        + account
            .groups
            .values()
            .filter(|group| group.attached.contains(arn))
            .count()
        + account
            .roles
            .values()
            .filter(|role| role.attached.contains(arn))
            .count()
}

fn bounds(account: &Account, arn: &Arn) -> usize {
    account
        .users
        .values()
        .filter(|user| user.boundary.as_ref() == Some(arn))
        .count()
        + account
            .roles
            .values()
            .filter(|role| role.boundary.as_ref() == Some(arn))
            .count()
}

/// The members that policies have in every answer.
pub(super) fn members(account: &Account, arn: &Arn, policy: &ManagedPolicy) -> Vec<(&'static str, Node)> {
    let updated = policy
        .versions
        .values()
        .map(|version| version.created)
        .max()
        .unwrap_or(policy.created);
    vec![
        ("PolicyName", policy.name.clone().into()),
        ("PolicyId", policy.id.clone().into()),
        ("Arn", arn.as_str().into()),
        ("Path", policy.path.clone().into()),
        ("DefaultVersionId", policy.default_version.clone().into()),
        ("AttachmentCount", Node::Number(uses(account, arn) as i64)),
        (
            "PermissionsBoundaryUsageCount",
            Node::Number(bounds(account, arn) as i64),
        ),
        ("IsAttachable", true.into()),
        ("CreateDate", policy.created.into()),
        ("UpdateDate", updated.into()),
    ]
}

/// A version as answers show it; its document only where the operation shows it.
pub(super) fn version_node(policy: &ManagedPolicy, name: &str, version: &PolicyVersion, document: bool) -> Node {
    let mut members = Vec::new();
    if document {
        members.push(("Document", encoded(&version.document)));
    }
    members.extend([
        ("VersionId", name.into()),
        ("IsDefaultVersion", (policy.default_version == name).into()),
        ("CreateDate", version.created.into()),
    ]);
    Node::Struct(members)
}

fn sized(text: &str) -> Result<PolicyText, Fault> {
    let document = checked_document(text)?;
    if document.counted_size() > 6144 {
        return Err(Fault::limit_exceeded("Cannot exceed quota for PolicySize: 6144"));
    }
    Ok(document)
}

fn create(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = checked_name(call.params, "PolicyName", 128)?.to_owned();
    let path = checked_path(call.params)?;
    let arn = Arn::iam(&call.account.partition, &call.account.id, "policy", &path, &name);
    let taken = call
        .account
        .policies
        .iter()
        .any(|(known, policy)| known.account().is_some() && policy.name.eq_ignore_ascii_case(&name));
    if taken {
        return Err(Fault::already_exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let version = PolicyVersion {
        document: sized(call.params.need("PolicyDocument")?)?,
        created: call.now.whole_second(),
    };
    let policy = ManagedPolicy {
        name,
        path,
        id: call.issue.unique_id("ANPA", &call.account.id),
        created: call.now.whole_second(),
        default_version: "v1".to_owned(),
        versions: [("v1".to_owned(), version)].into(),
    };
    let answer = Node::Struct(members(call.account, &arn, &policy));
    call.account.policies.insert(arn, policy);
    Ok(Node::Struct(vec![("Policy", answer)]))
}

/// The policy that is named: held by the account, or one of AWS's that are known.
fn held(call: &Call<'_>) -> Result<(Arn, ManagedPolicy), Fault> {
    let arn = arn_sent(call.params, "PolicyArn")?;
    if let Some(policy) = call.account.policies.get(&arn) {
        return Ok((arn, policy.clone()));
    }
    let mut with_it = Account::empty(call.account.id.clone());
    bring(&mut with_it, &arn, call.now);
    with_it
        .policies
        .remove(&arn)
        .map(|policy| (arn.clone(), policy))
        .ok_or_else(|| Fault::no_such_entity(format!("Policy {arn} was not found.")))
}

/// The customer's own policy, to be changed; AWS's can't be.
fn own<'a>(account: &'a mut Account, arn: &Arn) -> Result<&'a mut ManagedPolicy, Fault> {
    if arn.account().is_none() {
        return Err(Fault::new(
            403,
            "AccessDenied",
            format!("Cannot perform this operation on the AWS managed policy {arn}."),
        ));
    }
    account
        .policies
        .get_mut(arn)
        .ok_or_else(|| Fault::no_such_entity(format!("Policy {arn} was not found.")))
}

fn get(call: &mut Call<'_>) -> Result<Node, Fault> {
    let (arn, policy) = held(call)?;
    Ok(Node::Struct(vec![(
        "Policy",
        Node::Struct(members(call.account, &arn, &policy)),
    )]))
}

fn list(call: &mut Call<'_>) -> Result<Node, Fault> {
    let scope = call.params.get("Scope").unwrap_or("All");
    let only_attached = call.params.get("OnlyAttached") == Some("true");
    let account = &*call.account;
    let wanted = account.policies.iter().filter(|(arn, _)| {
        let in_scope = match scope {
            "AWS" => arn.account().is_none(),
            "Local" => arn.account().is_some(),
            _ => true,
        };
        in_scope && (!only_attached || uses(account, arn) > 0)
    });
    page(
        call.params,
        "Policies",
        wanted
            .map(|(arn, policy)| Node::Struct(members(account, arn, policy)))
            .collect(),
    )
}

fn delete(call: &mut Call<'_>) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PolicyArn")?;
    let versions = own(call.account, &arn)?.versions.len();
    if uses(call.account, &arn) + bounds(call.account, &arn) > 0 {
        return Err(Fault::delete_conflict("Cannot delete a policy attached to entities."));
    }
    if versions > 1 {
        return Err(Fault::delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ));
    }
    call.account.policies.remove(&arn);
    Ok(Node::empty())
}

fn create_version(call: &mut Call<'_>) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PolicyArn")?;
    let document = sized(call.params.need("PolicyDocument")?)?;
    let created = call.now.whole_second();
    let default = call.params.get("SetAsDefault") == Some("true");
    let policy = own(call.account, &arn)?;
    if policy.versions.len() >= 5 {
        return Err(Fault::limit_exceeded(
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        ));
    }
    let highest = policy
        .versions
        .keys()
        .filter_map(|name| name.get(1..)?.parse::<u32>().ok())
        .max()
        .unwrap_or(0);
    let name = format!("v{}", highest + 1);
    let version = PolicyVersion { document, created };
    if default {
        policy.default_version.clone_from(&name);
    }
    policy.versions.insert(name.clone(), version.clone());
    Ok(Node::Struct(vec![(
        "PolicyVersion",
        version_node(policy, &name, &version, false),
    )]))
}

fn no_version(arn: &Arn, name: &str) -> Fault {
    Fault::no_such_entity(format!(
        "Policy {arn} version {name} does not exist or is not attachable."
    ))
}

fn get_version(call: &mut Call<'_>) -> Result<Node, Fault> {
    let (arn, policy) = held(call)?;
    let name = call.params.need("VersionId")?;
    let version = policy.versions.get(name).ok_or_else(|| no_version(&arn, name))?;
    Ok(Node::Struct(vec![(
        "PolicyVersion",
        version_node(&policy, name, version, true),
    )]))
}

fn list_versions(call: &mut Call<'_>) -> Result<Node, Fault> {
    let (_, policy) = held(call)?;
    let versions = policy
        .versions
        .iter()
        .map(|(name, version)| version_node(&policy, name, version, false));
    page(call.params, "Versions", versions.collect())
}

fn set_default(call: &mut Call<'_>) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PolicyArn")?;
    let name = call.params.need("VersionId")?;
    let policy = own(call.account, &arn)?;
    if !policy.versions.contains_key(name) {
        return Err(no_version(&arn, name));
    }
    policy.default_version = name.to_owned();
    Ok(Node::empty())
}

fn delete_version(call: &mut Call<'_>) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PolicyArn")?;
    let name = call.params.need("VersionId")?;
    let policy = own(call.account, &arn)?;
    if policy.default_version == name {
        return Err(Fault::delete_conflict("Cannot delete the default version of a policy."));
    }
    policy
        .versions
        .remove(name)
        .map(|_| Node::empty())
        .ok_or_else(|| no_version(&arn, name))
}

fn entities(call: &mut Call<'_>) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PolicyArn")?;
    known(call.account, &arn)?;
    let account = &*call.account;
    let named = |name: &'static str, id: &'static str, entity: (&String, &String)| {
        Node::Struct(vec![(name, entity.0.as_str().into()), (id, entity.1.as_str().into())])
    };
    let users = account.users.values().filter(|user| user.attached.contains(&arn));
    let groups = account.groups.values().filter(|group| group.attached.contains(&arn));
    let roles = account.roles.values().filter(|role| role.attached.contains(&arn));
    let (_, rest) = cut::<Node>(call.params, Vec::new())?;
    let mut answer = vec![
        (
            "PolicyGroups",
            Node::List(
                groups
                    .map(|group| named("GroupName", "GroupId", (&group.name, &group.id)))
                    .collect(),
            ),
        ),
        (
            "PolicyUsers",
            Node::List(
                users
                    .map(|user| named("UserName", "UserId", (&user.name, &user.id)))
                    .collect(),
            ),
        ),
        (
            "PolicyRoles",
            Node::List(
                roles
                    .map(|role| named("RoleName", "RoleId", (&role.name, &role.id)))
                    .collect(),
            ),
        ),
    ];
    answer.extend(rest);
    Ok(Node::Struct(answer))
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
