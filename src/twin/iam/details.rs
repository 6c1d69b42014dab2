//! The account as a whole: GetAccountAuthorizationDetails, GetAccountSummary.

use super::attachments::attachment_node;
use super::inline::encoded;
use super::managed::members;
use super::page::cut;
use super::roles::profile_node;
use super::versions::version_node;
use super::{boundary_node, on_all, reads, tags_node, with_some};
use crate::account::{Account, Group, Role, User};
use crate::ids::Arn;
use crate::policy::PolicyText;
use crate::twin::{Call, Fault, Node, Operation};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const OPERATIONS: &[Operation] = &[
    reads("GetAccountAuthorizationDetails", on_all, details),
    reads("GetAccountSummary", on_all, summary),
    reads("ListAccountAliases", on_all, aliases),
];

fn policies(inline: &BTreeMap<String, PolicyText>) -> Node {
    let each = inline.iter().map(|(name, text)| {
        Node::Struct(vec![
            ("PolicyName", name.as_str().into()),
            ("PolicyDocument", encoded(text)),
        ])
    });
    Node::List(each.collect())
}

fn attached(arns: &BTreeSet<Arn>) -> Node {
    Node::List(arns.iter().map(attachment_node).collect())
}

fn user(account: &Account, user: &User) -> Node {
    let members = vec![
        ("Path", user.path.clone().into()),
        ("UserName", user.name.clone().into()),
        ("UserId", user.id.clone().into()),
        ("Arn", account.user_arn(user).as_str().into()),
        ("CreateDate", user.created.into()),
        (
            "GroupList",
            Node::List(user.groups.iter().map(|name| name.as_str().into()).collect()),
        ),
        ("AttachedManagedPolicies", attached(&user.attached)),
    ];
    let members = with_some(
        members,
        "UserPolicyList",
        (!user.inline.is_empty()).then(|| policies(&user.inline)),
    );
    let members = with_some(members, "PermissionsBoundary", boundary_node(user.boundary.as_ref()));
    Node::Struct(with_some(
        members,
        "Tags",
        (!user.tags.is_empty()).then(|| tags_node(&user.tags)),
    ))
}

fn group(account: &Account, group: &Group) -> Node {
    Node::Struct(vec![
        ("Path", group.path.clone().into()),
        ("GroupName", group.name.clone().into()),
        ("GroupId", group.id.clone().into()),
        ("Arn", account.group_arn(group).as_str().into()),
        ("CreateDate", group.created.into()),
        ("GroupPolicyList", policies(&group.inline)),
        ("AttachedManagedPolicies", attached(&group.attached)),
    ])
}

fn role(account: &Account, role: &Role) -> Node {
    let profiles = role
        .instance_profiles
        .iter()
        .map(|profile| profile_node(account, role, profile));
    let members = vec![
        ("Path", role.path.clone().into()),
        ("RoleName", role.name.clone().into()),
        ("RoleId", role.id.clone().into()),
        ("Arn", account.role_arn(role).as_str().into()),
        ("CreateDate", role.created.into()),
        ("AssumeRolePolicyDocument", encoded(&role.trust)),
        ("InstanceProfileList", Node::List(profiles.collect())),
        ("RolePolicyList", policies(&role.inline)),
        ("AttachedManagedPolicies", attached(&role.attached)),
    ];
    let members = with_some(members, "PermissionsBoundary", boundary_node(role.boundary.as_ref()));
    Node::Struct(with_some(
        members,
        "Tags",
        (!role.tags.is_empty()).then(|| tags_node(&role.tags)),
    ))
}

/// The four lists, paged as one, as AWS does.
fn details(call: &mut Call<'_>) -> Result<Node, Fault> {
    let account = &*call.account;
    let filters: Vec<String> = call
        .params
        .list("Filter")
        .iter()
        .filter_map(|one| one.get("").map(str::to_owned))
        .collect();
    let wants = |name: &str| filters.is_empty() || filters.iter().any(|filter| filter == name);
    let mut all: Vec<(&'static str, Node)> = Vec::new();
    if wants("User") {
        all.extend(account.users.values().map(|one| ("UserDetailList", user(account, one))));
    }
    if wants("Group") {
        all.extend(
            account
                .groups
                .values()
                .map(|one| ("GroupDetailList", group(account, one))),
        );
    }
    if wants("Role") {
        all.extend(account.roles.values().map(|one| ("RoleDetailList", role(account, one))));
    }
    for (arn, policy) in &account.policies {
        if !wants(if arn.account().is_some() {
            "LocalManagedPolicy"
        } else {
            "AWSManagedPolicy"
        }) {
            continue;
        }
        let versions = policy
            .versions
            .iter()
            .map(|(name, version)| version_node(policy, name, version, true));
        let mut shown = members(account, arn, policy);
        shown.push(("PolicyVersionList", Node::List(versions.collect())));
        all.push(("Policies", Node::Struct(shown)));
    }
    let (page, rest) = cut(call.params, all)?;
    let lists = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"].map(|list| {
        let nodes = page
            .iter()
            .filter(|(name, _)| *name == list)
            .map(|(_, node)| node.clone());
        (list, Node::List(nodes.collect()))
    });
    Ok(Node::Struct(lists.into_iter().chain(rest).collect()))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>
fn summary(call: &mut Call<'_>) -> Result<Node, Fault> {
    let account = &*call.account;
    let own = account.policies.keys().filter(|arn| arn.account().is_some()).count();
    let mut rows = vec![
        ("Users", account.users.len()),
        ("Groups", account.groups.len()),
        ("Roles", account.roles.len()),
        ("Policies", own),
        ("AccessKeysPerUserQuota", 2),
        ("SigningCertificatesPerUserQuota", 2),
        ("GroupsPerUserQuota", 10),
        ("UserPolicySizeQuota", 2048),
        ("GroupPolicySizeQuota", 5120),
        ("AttachedPoliciesPerUserQuota", 10),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 20),
        ("PolicySizeQuota", 6144),
        ("VersionsPerPolicyQuota", 5),
    ];
    if let Some(root) = account.root {
        rows.push(("AccountAccessKeysPresent", root.access_keys as usize));
        rows.push(("AccountMFAEnabled", usize::from(root.mfa)));
        rows.push(("AccountSigningCertificatesPresent", 0));
    }
    let map = rows
        .into_iter()
        .map(|(name, count)| (name.to_owned(), Node::Number(count as i64)));
    Ok(Node::Struct(vec![("SummaryMap", Node::Map(map.collect()))]))
}

fn aliases(_: &mut Call<'_>) -> Result<Node, Fault> {
    Ok(Node::Struct(vec![
        ("AccountAliases", Node::List(Vec::new())),
        ("IsTruncated", false.into()),
    ]))
}
