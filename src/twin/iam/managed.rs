//! Managed policies, and which of AWS's own are in use.

use super::inline::checked_document;
use super::page::{cut, page};
use super::{arn_sent, checked_name, checked_path, on_all, reads, writes};
use crate::account::{Account, ManagedPolicy, PolicyVersion, aws_managed};
use crate::ids::Arn;
use crate::policy::PolicyText;
use crate::time::Moment;
use crate::twin::operation::Asked;
use crate::twin::{Call, Caller, Fault, Node, Operation, Params};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreatePolicy", on_new_policy, create),
    reads("GetPolicy", on_policy, get),
    reads("ListPolicies", on_all, list),
    writes("DeletePolicy", on_policy, delete),
    reads("ListEntitiesForPolicy", on_policy, entities),
];

pub(super) fn on_policy(_: &Account, _: &Caller, params: &Params) -> Asked {
    Asked::on(params.get("PolicyArn").unwrap_or("*"))
}

fn on_new_policy(account: &Account, _: &Caller, params: &Params) -> Asked {
    let path = params.get("Path").unwrap_or("/");
    let name = params.get("PolicyName").unwrap_or("*");
    Asked::on_arn(&Arn::iam(&account.partition, &account.id, "policy", path, name))
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

pub(super) fn sized(text: &str) -> Result<PolicyText, Fault> {
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
pub(super) fn held(call: &Call<'_>) -> Result<(Arn, ManagedPolicy), Fault> {
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
pub(super) fn own<'a>(account: &'a mut Account, arn: &Arn) -> Result<&'a mut ManagedPolicy, Fault> {
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
