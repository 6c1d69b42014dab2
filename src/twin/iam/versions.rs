//! Versions of managed policies: five at most, one of them in force.

use super::inline::encoded;
use super::managed::{held, on_policy, own, sized};
use super::page::page;
use super::{arn_sent, reads, writes};
use crate::account::{ManagedPolicy, PolicyVersion};
use crate::ids::Arn;
use crate::twin::{Call, Fault, Node, Operation};

pub(super) const OPERATIONS: &[Operation] = &[
    writes("CreatePolicyVersion", on_policy, create_version),
    reads("GetPolicyVersion", on_policy, get_version),
    reads("ListPolicyVersions", on_policy, list_versions),
    writes("SetDefaultPolicyVersion", on_policy, set_default),
    writes("DeletePolicyVersion", on_policy, delete_version),
];

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
