//! Creating, changing and attaching service control policies, with Organizations' own refusals and limits.
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html>

use super::acting;
use super::policies::{self, FULL_ACCESS, Kind, Policy, known, policy_with};
use crate::account::{Guards, Organization};
use crate::policy::PolicyText;
use crate::twin::{Call, Fault, Node};

/// Service control policies on one root, unit or account, and characters in one, white space counted: the tighter of the two editions of
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html> that are about (5 and 5,120; 10 and 10,240).
const MOST_ATTACHED: usize = 5;
const MOST_CHARACTERS: usize = 5120;

fn constraint(reason: &str, message: &str) -> Fault {
    Fault::new(400, "ConstraintViolationException", format!("{message} ({reason})"))
}

/// The content that was sent, if it is one.
fn content(text: &str) -> Result<PolicyText, Fault> {
    if text.chars().count() > MOST_CHARACTERS {
        let message = "You have exceeded the maximum policy size.";
        return Err(constraint("POLICY_CONTENT_LIMIT_EXCEEDED", message));
    }
    let text = PolicyText::new(text);
    text.parse().map_err(|error| {
        let message = format!(
            "The provided policy document does not meet the requirements of the specified policy type: {error}"
        );
        Fault::new(400, "MalformedPolicyDocumentException", message)
    })?;
    Ok(text)
}

/// The organization and the guards, to be changed by whoever may act.
fn changing<'c>(call: &'c mut Call<'_>) -> Result<(&'c mut Organization, &'c mut Guards), Fault> {
    acting(call)?;
    let account = &mut *call.account;
    match (&mut account.organization, &mut account.guards) {
        (Some(organization), Some(guards)) => Ok((organization, guards)),
        _ => Err(super::no_access()),
    }
}

fn not_enabled() -> Fault {
    Fault::new(
        400,
        "PolicyTypeNotEnabledException",
        "The specified policy type isn't currently enabled in this root.",
    )
}

fn own(policy: Policy) -> Result<Policy, Fault> {
    match policy.is_aws_managed() || policy.kind != Kind::ServiceControl {
        true => Err(super::no_access()),
        false => Ok(policy),
    }
}

pub(super) fn create(call: &mut Call<'_>) -> Result<Node, Fault> {
    if Kind::sent(call.params, "Type")? != Kind::ServiceControl {
        return Err(Fault::new(
            501,
            "NotModelled",
            "the twin creates service control policies only",
        ));
    }
    let name = call.params.need("Name")?.to_owned();
    let text = content(call.params.need("Content")?)?;
    let organization = acting(call)?;
    if known(call.account, organization)
        .iter()
        .any(|policy| policy.name == name)
    {
        let message = "A policy with the same name already exists.";
        return Err(Fault::new(400, "DuplicatePolicyException", message));
    }
    // IDs are a `p-` and at least eight letters or digits.
    let noise = call.issue.uuid();
    let id = format!("p-{}", noise.get(..8).unwrap_or(&noise));
    let (organization, _) = changing(call)?;
    organization.policy_ids.insert(name.clone(), id.clone());
    organization.unattached.insert(name, text);
    told(call, &id)
}

fn told(call: &Call<'_>, id: &str) -> Result<Node, Fault> {
    let organization = acting(call)?;
    let policy = policy_with(call.account, organization, id)?;
    Ok(Node::Struct(vec![("Policy", policy.whole(call.account, organization))]))
}

pub(super) fn update(call: &mut Call<'_>) -> Result<Node, Fault> {
    let id = call.params.need("PolicyId")?.to_owned();
    let policy = own(policy_with(call.account, acting(call)?, &id)?)?;
    if call.params.get("Name").is_some_and(|name| name != policy.name) {
        return Err(Fault::new(501, "NotModelled", "the twin renames no policies"));
    }
    if let Some(sent) = call.params.get("Content") {
        let text = content(sent)?;
        let (organization, guards) = changing(call)?;
        let places = guards.scps.iter_mut().chain([&mut organization.unattached]);
        places
            .filter_map(|level| level.get_mut(&policy.name))
            .for_each(|held| *held = text.clone());
    }
    told(call, &id)
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Node, Fault> {
    let policy = own(policy_with(call.account, acting(call)?, call.params.need("PolicyId")?)?)?;
    let (organization, _) = changing(call)?;
    if organization.unattached.remove(&policy.name).is_none() {
        let message = "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before performing this operation.";
        return Err(Fault::new(400, "PolicyInUseException", message));
    }
    organization.policy_ids.remove(&policy.name);
    Ok(Node::empty())
}

pub(super) fn attach(call: &mut Call<'_>) -> Result<Node, Fault> {
    let organization = acting(call)?;
    let policy = policy_with(call.account, organization, call.params.need("PolicyId")?)?;
    let level = policies::level(organization, call.params.need("TargetId")?)?;
    if !organization.scps_enabled {
        return Err(not_enabled());
    }
    let (organization, guards) = changing(call)?;
    let held = guards.scps.get_mut(level).ok_or_else(not_enabled)?;
    if held.contains_key(&policy.name) {
        let message = "The selected policy is already attached to the specified target.";
        return Err(Fault::new(400, "DuplicatePolicyAttachmentException", message));
    }
    if held.len() >= MOST_ATTACHED {
        let message = "You have attached the maximum number of policies of this type to the target.";
        return Err(constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    organization.unattached.remove(&policy.name);
    held.insert(policy.name, policy.text);
    Ok(Node::empty())
}

pub(super) fn detach(call: &mut Call<'_>) -> Result<Node, Fault> {
    let organization = acting(call)?;
    let policy = policy_with(call.account, organization, call.params.need("PolicyId")?)?;
    let level = policies::level(organization, call.params.need("TargetId")?)?;
    let (organization, guards) = changing(call)?;
    let held = guards.scps.get_mut(level).ok_or_else(not_enabled)?;
    if !held.contains_key(&policy.name) {
        let message = "The policy isn't attached to the specified target in the specified root.";
        return Err(Fault::new(400, "PolicyNotAttachedException", message));
    }
    if held.len() == 1 {
        let message = "Every root, OU and account must have at least one service control policy attached.";
        return Err(constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    held.remove(&policy.name);
    if !guards.scps.iter().any(|level| level.contains_key(&policy.name)) && policy.name != FULL_ACCESS {
        organization.unattached.insert(policy.name, policy.text);
    }
    Ok(Node::empty())
}

pub(super) fn enable(call: &mut Call<'_>) -> Result<Node, Fault> {
    let kind = Kind::sent(call.params, "PolicyType")?;
    let root = call.params.need("RootId")?.to_owned();
    let organization = acting(call)?;
    if organization.targets.first() != Some(&root) {
        let message = "We can't find a root with the RootId that you specified.";
        return Err(Fault::new(400, "RootNotFoundException", message));
    }
    if kind != Kind::ServiceControl || organization.scps_enabled {
        let message = "The specified policy type is already enabled in the specified root.";
        return Err(Fault::new(400, "PolicyTypeAlreadyEnabledException", message));
    }
    let full = known(call.account, organization)
        .into_iter()
        .find(|policy| policy.name == FULL_ACCESS);
    let (organization, guards) = changing(call)?;
    organization.scps_enabled = true;
    let level: std::collections::BTreeMap<_, _> = full.map(|policy| (policy.name, policy.text)).into_iter().collect();
    guards.scps = organization.targets.iter().map(|_| level.clone()).collect();
    let types = Node::Struct(vec![("Type", kind.as_str().into()), ("Status", "ENABLED".into())]);
    let told = Node::Struct(vec![("Id", root.into()), ("PolicyTypes", Node::List(vec![types]))]);
    Ok(Node::Struct(vec![("Root", told)]))
}
