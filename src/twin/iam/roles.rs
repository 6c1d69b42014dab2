//! Roles, and the instance profiles that hold them.

use super::inline::encoded;
use super::page::page;
use super::{
    arn_sent, boundary_node, checked_name, checked_path, on_all, on_role, reads, role, role_mut, tags_node, tags_sent,
    with_some, writes,
};
use crate::account::{Account, Role};
use crate::ids::Arn;
use crate::policy::PolicyText;
use crate::twin::{Call, Fault, Node, Operation, Params};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreateRole", on_role, create),
    reads("GetRole", on_role, get),
    reads("ListRoles", on_all, list),
    writes("UpdateRole", on_role, update),
    writes("UpdateAssumeRolePolicy", on_role, update_trust),
    writes("DeleteRole", on_role, delete),
    writes("TagRole", on_role, tag),
    writes("UntagRole", on_role, untag),
    reads("ListRoleTags", on_role, tags),
    writes("PutRolePermissionsBoundary", on_role, put_boundary),
    writes("DeleteRolePermissionsBoundary", on_role, delete_boundary),
    writes("AddRoleToInstanceProfile", on_role, add_to_profile),
    writes("RemoveRoleFromInstanceProfile", on_role, remove_from_profile),
    reads("ListInstanceProfilesForRole", on_role, profiles),
];

fn node(account: &Account, role: &Role, whole: bool) -> Node {
    let mut members = vec![
        ("Path", role.path.clone().into()),
        ("RoleName", role.name.clone().into()),
        ("RoleId", role.id.clone().into()),
        ("Arn", account.role_arn(role).as_str().into()),
        ("CreateDate", role.created.into()),
        ("AssumeRolePolicyDocument", encoded(&role.trust)),
        (
            "MaxSessionDuration",
            Node::Number(i64::from(role.max_session_seconds.unwrap_or(3600))),
        ),
    ];
    if whole {
        members = with_some(members, "PermissionsBoundary", boundary_node(role.boundary.as_ref()));
        members = with_some(members, "Tags", (!role.tags.is_empty()).then(|| tags_node(&role.tags)));
    }
    Node::Struct(members)
}

/// A document that IAM would take as a trust policy: it says who, and doesn't say on what.
fn checked_trust(text: &str) -> Result<PolicyText, Fault> {
    let malformed = |message: String| Fault::new(400, "MalformedPolicyDocument", message);
    let document = PolicyText::new(text);
    let parsed = document.parse().map_err(|error| malformed(error.to_string()))?;
    for statement in &parsed.statements {
        if statement.principal.is_none() {
            return Err(malformed("AssumeRolepolicy must contain a principal.".to_owned()));
        }
        if statement.resources.is_some() {
            return Err(malformed("Has prohibited field Resource".to_owned()));
        }
    }
    if document.counted_size() > 2048 {
        return Err(Fault::limit_exceeded("Cannot exceed quota for ACLSizePerRole: 2048"));
    }
    Ok(document)
}

fn checked_duration(params: &Params) -> Result<Option<u32>, Fault> {
    match params.get("MaxSessionDuration").map(str::parse::<u32>) {
        None => Ok(None),
        Some(Ok(seconds)) if (3600..=43200).contains(&seconds) => Ok(Some(seconds)),
        Some(_) => Err(Fault::validation(
            "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200",
        )),
    }
}

fn create(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = checked_name(call.params, "RoleName", 64)?.to_owned();
    if role(call.account, &name).is_ok() {
        return Err(Fault::already_exists(format!("Role with name {name} already exists.")));
    }
    let made = Role {
        name: name.clone(),
        path: checked_path(call.params)?,
        id: call.issue.unique_id("AROA", &call.account.id),
        created: call.now.whole_second(),
        trust: checked_trust(call.params.need("AssumeRolePolicyDocument")?)?,
        max_session_seconds: Some(checked_duration(call.params)?.unwrap_or(3600)),
        tags: tags_sent(call.params)?,
        inline: Default::default(),
        attached: Default::default(),
        boundary: call
            .params
            .get("PermissionsBoundary")
            .map(|_| arn_sent(call.params, "PermissionsBoundary"))
            .transpose()?,
        instance_profiles: Default::default(),
    };
    if let Some(boundary) = &made.boundary {
        super::managed::known(call.account, boundary)?;
        super::managed::bring(call.account, boundary, call.now);
    }
    let answer = node(call.account, &made, true);
    call.account.roles.insert(name, made);
    Ok(Node::Struct(vec![("Role", answer)]))
}

fn get(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = role(call.account, call.params.need("RoleName")?)?;
    Ok(Node::Struct(vec![("Role", node(call.account, found, true))]))
}

fn list(call: &mut Call<'_>) -> Result<Node, Fault> {
    let prefix = call.params.get("PathPrefix").unwrap_or("/");
    let roles = call.account.roles.values().filter(|role| role.path.starts_with(prefix));
    page(
        call.params,
        "Roles",
        roles.map(|role| node(call.account, role, false)).collect(),
    )
}

fn update(call: &mut Call<'_>) -> Result<Node, Fault> {
    let seconds = checked_duration(call.params)?;
    let role = role_mut(call.account, call.params.need("RoleName")?)?;
    role.max_session_seconds = seconds.or(role.max_session_seconds);
    Ok(Node::empty())
}

fn update_trust(call: &mut Call<'_>) -> Result<Node, Fault> {
    let trust = checked_trust(call.params.need("PolicyDocument")?)?;
    role_mut(call.account, call.params.need("RoleName")?)?.trust = trust;
    Ok(Node::empty())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>
fn delete(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = role_mut(call.account, call.params.need("RoleName")?)?;
    let must = if !found.instance_profiles.is_empty() {
        Some("must remove roles from instance profile first")
    } else if !found.attached.is_empty() {
        Some("must detach all policies first")
    } else if !found.inline.is_empty() {
        Some("must delete policies first")
    } else {
        None
    };
    if let Some(must) = must {
        return Err(Fault::delete_conflict(format!("Cannot delete entity, {must}.")));
    }
    let (name, boundary) = (found.name.clone(), found.boundary.clone());
    call.account.roles.remove(&name);
    boundary
        .iter()
        .for_each(|arn| super::managed::release(call.account, arn));
    Ok(Node::empty())
}

fn tag(call: &mut Call<'_>) -> Result<Node, Fault> {
    let tags = tags_sent(call.params)?;
    role_mut(call.account, call.params.need("RoleName")?)?.tags.extend(tags);
    Ok(Node::empty())
}

fn untag(call: &mut Call<'_>) -> Result<Node, Fault> {
    let gone: Vec<String> = call
        .params
        .list("TagKeys")
        .iter()
        .filter_map(|key| key.get("").map(str::to_owned))
        .collect();
    role_mut(call.account, call.params.need("RoleName")?)?
        .tags
        .retain(|key, _| !gone.contains(key));
    Ok(Node::empty())
}

fn tags(call: &mut Call<'_>) -> Result<Node, Fault> {
    match tags_node(&role(call.account, call.params.need("RoleName")?)?.tags) {
        Node::List(tags) => page(call.params, "Tags", tags),
        other => Ok(other),
    }
}

fn put_boundary(call: &mut Call<'_>) -> Result<Node, Fault> {
    let arn = arn_sent(call.params, "PermissionsBoundary")?;
    super::managed::known(call.account, &arn)?;
    let before = role_mut(call.account, call.params.need("RoleName")?)?
        .boundary
        .replace(arn.clone());
    super::managed::bring(call.account, &arn, call.now);
    before.iter().for_each(|arn| super::managed::release(call.account, arn));
    Ok(Node::empty())
}

fn delete_boundary(call: &mut Call<'_>) -> Result<Node, Fault> {
    let name = call.params.need("RoleName")?;
    match role_mut(call.account, name)?.boundary.take() {
        Some(arn) => {
            super::managed::release(call.account, &arn);
            Ok(Node::empty())
        }
        None => Err(Fault::no_such_entity(format!(
            "Role {name} does not have a permission boundary set."
        ))),
    }
}

/// An instance profile is known by the role that is in it; it holds one at most.
fn add_to_profile(call: &mut Call<'_>) -> Result<Node, Fault> {
    let profile = checked_name(call.params, "InstanceProfileName", 128)?.to_owned();
    if call
        .account
        .roles
        .values()
        .any(|role| role.instance_profiles.contains(&profile))
    {
        return Err(Fault::limit_exceeded(
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        ));
    }
    role_mut(call.account, call.params.need("RoleName")?)?
        .instance_profiles
        .insert(profile);
    Ok(Node::empty())
}

fn remove_from_profile(call: &mut Call<'_>) -> Result<Node, Fault> {
    let profile = call.params.need("InstanceProfileName")?;
    if role_mut(call.account, call.params.need("RoleName")?)?
        .instance_profiles
        .remove(profile)
    {
        Ok(Node::empty())
    } else {
        Err(Fault::no_such_entity(format!(
            "Instance Profile {profile} cannot be found."
        )))
    }
}

/// An instance profile as answers show it, with its role inside.
pub(super) fn profile_node(account: &Account, role: &Role, profile: &str) -> Node {
    let arn = Arn::iam(&account.partition, &account.id, "instance-profile", "/", profile);
    Node::Struct(vec![
        ("Path", "/".into()),
        ("InstanceProfileName", profile.into()),
        (
            "InstanceProfileId",
            format!("AIPA{}", role.id.get(4..).unwrap_or_default()).into(),
        ),
        ("Arn", arn.as_str().into()),
        ("CreateDate", role.created.into()),
        ("Roles", Node::List(vec![node(account, role, false)])),
    ])
}

fn profiles(call: &mut Call<'_>) -> Result<Node, Fault> {
    let found = role(call.account, call.params.need("RoleName")?)?;
    let profiles = found
        .instance_profiles
        .iter()
        .map(|profile| profile_node(call.account, found, profile));
    page(call.params, "InstanceProfiles", profiles.collect())
}
