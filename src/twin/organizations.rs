//! Organizations, as far as it bears on the account: its policies, where they are attached, and changing that.
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html>
//!
//! A twin is one account. That it is in an organization, and who may act there, is part of its state: [`Organization`].

mod change;
mod policies;

use super::operation::Asked;
use super::{Call, Caller, Fault, Node, Operation, Params};
use crate::account::{Account, Organization};
use policies::{Kind, Policy, known, policy_with};

/// Every operation of Organizations that the twin models.
pub(super) fn operations() -> impl Iterator<Item = Operation> {
    let row = |name: &'static str,
               read_only: bool,
               asks: fn(&Account, &Caller, &Params) -> Asked,
               handler: fn(&mut Call<'_>) -> Result<Node, Fault>| Operation {
        name,
        read_only,
        asks,
        handler,
    };
    [
        row("DescribeOrganization", true, on_all, describe),
        row("ListRoots", true, on_all, roots),
        row("ListParents", true, on_all, parents),
        row("DescribePolicy", true, on_policy, describe_policy),
        row("ListPolicies", true, on_all, list_policies),
        row("ListPoliciesForTarget", true, on_all, policies_for_target),
        row("ListTargetsForPolicy", true, on_policy, targets_for_policy),
        row("CreatePolicy", false, on_all, change::create),
        row("UpdatePolicy", false, on_policy, change::update),
        row("DeletePolicy", false, on_policy, change::delete),
        row("AttachPolicy", false, on_policy, change::attach),
        row("DetachPolicy", false, on_policy, change::detach),
        row("EnablePolicyType", false, on_all, change::enable),
    ]
    .into_iter()
}

/// The condition key that most operations bring.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>
fn with_type(mut asked: Asked, params: &Params) -> Asked {
    let sent = ["Type", "Filter", "PolicyType"]
        .into_iter()
        .find_map(|name| params.get(name));
    asked
        .context
        .set("organizations:PolicyType", sent.unwrap_or("SERVICE_CONTROL_POLICY"));
    asked
}

fn on_all(_: &Account, _: &Caller, params: &Params) -> Asked {
    with_type(Asked::on("*"), params)
}

fn on_policy(account: &Account, _: &Caller, params: &Params) -> Asked {
    let id = params.get("PolicyId").unwrap_or_default();
    let found = account.organization.as_ref().and_then(|organization| {
        let found = known(account, organization)
            .into_iter()
            .find(|policy| policy.id == id)?;
        Some(found.arn(account, organization))
    });
    with_type(Asked::on(found.unwrap_or_else(|| "*".to_owned())), params)
}

fn no_access() -> Fault {
    Fault::new(
        400,
        "AccessDeniedException",
        "You don't have permissions to access this resource.",
    )
}

/// The organization, for whoever asks from a member account. Where the guards were never read, nothing may be said of it.
fn organization(account: &Account) -> Result<&Organization, Fault> {
    match (&account.organization, &account.guards) {
        (Some(organization), _) => Ok(organization),
        (None, Some(_)) => Err(Fault::new(
            400,
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        )),
        (None, None) => Err(no_access()),
    }
}

/// The organization, for those who may act for it: the management account's principals, and a delegated administrator's.
fn acting<'a>(call: &'a Call<'_>) -> Result<&'a Organization, Fault> {
    let organization = organization(call.account)?;
    let responder = organization
        .responder
        .as_ref()
        .map(|responder| &responder.in_organization);
    let own = responder == Some(&call.caller.principal.arn) || call.issue.organizer.as_ref() == Some(&call.caller.key);
    if own { Ok(organization) } else { Err(no_access()) }
}

fn describe(call: &mut Call<'_>) -> Result<Node, Fault> {
    let organization = organization(call.account)?;
    let (partition, management, id) = (
        &call.account.partition,
        &organization.management_account,
        &organization.id,
    );
    let arn = |what: String| Node::from(format!("arn:{partition}:organizations::{management}:{what}"));
    let told = Node::Struct(vec![
        ("Id", id.as_str().into()),
        ("Arn", arn(format!("organization/{id}"))),
        ("FeatureSet", "ALL".into()),
        ("MasterAccountArn", arn(format!("account/{id}/{management}"))),
        ("MasterAccountId", management.as_str().into()),
    ]);
    Ok(Node::Struct(vec![("Organization", told)]))
}

fn roots(call: &mut Call<'_>) -> Result<Node, Fault> {
    let organization = acting(call)?;
    let types = organization.scps_enabled.then(|| {
        Node::Struct(vec![
            ("Type", Kind::ServiceControl.as_str().into()),
            ("Status", "ENABLED".into()),
        ])
    });
    let root = organization.targets.first().map(|id| {
        Node::Struct(vec![
            ("Id", id.as_str().into()),
            ("Name", "Root".into()),
            ("PolicyTypes", Node::List(types.into_iter().collect())),
        ])
    });
    page(call.params, "Roots", root.into_iter().collect())
}

fn parents(call: &mut Call<'_>) -> Result<Node, Fault> {
    let child = call.params.need("ChildId")?;
    let targets = &acting(call)?.targets;
    let place = targets.iter().position(|id| id == child).filter(|place| *place > 0);
    let parent = place.and_then(|place| targets.get(place - 1)).ok_or_else(|| {
        let message = "You specified a child that doesn't exist in the organization.";
        Fault::new(400, "ChildNotFoundException", message)
    })?;
    let kind = if parent.starts_with("r-") {
        "ROOT"
    } else {
        "ORGANIZATIONAL_UNIT"
    };
    let parent = Node::Struct(vec![("Id", parent.as_str().into()), ("Type", kind.into())]);
    page(call.params, "Parents", vec![parent])
}

fn describe_policy(call: &mut Call<'_>) -> Result<Node, Fault> {
    let organization = acting(call)?;
    let policy = policy_with(call.account, organization, call.params.need("PolicyId")?)?;
    let told = policy.whole(call.account, organization);
    Ok(Node::Struct(vec![("Policy", told)]))
}

fn list_policies(call: &mut Call<'_>) -> Result<Node, Fault> {
    let kind = Kind::sent(call.params, "Filter")?;
    let organization = acting(call)?;
    let found = known(call.account, organization).into_iter();
    let found = found.filter(|policy| policy.kind == kind);
    let told = found.map(|policy| policy.summary(call.account, organization)).collect();
    page(call.params, "Policies", told)
}

fn policies_for_target(call: &mut Call<'_>) -> Result<Node, Fault> {
    let kind = Kind::sent(call.params, "Filter")?;
    let target = call.params.need("TargetId")?;
    let organization = acting(call)?;
    let level = policies::level(organization, target)?;
    let found: Vec<Policy> = policies::at(call.account, organization, kind, level);
    let told = found
        .iter()
        .map(|policy| policy.summary(call.account, organization))
        .collect();
    page(call.params, "Policies", told)
}

fn targets_for_policy(call: &mut Call<'_>) -> Result<Node, Fault> {
    let organization = acting(call)?;
    let policy = policy_with(call.account, organization, call.params.need("PolicyId")?)?;
    let levels = organization.targets.iter().enumerate();
    let held = levels.filter(|(level, _)| {
        let there = policies::at(call.account, organization, policy.kind, *level);
        there.iter().any(|one| one.id == policy.id)
    });
    let told = held.map(|(_, id)| {
        let kind = match id.get(..2) {
            Some("r-") => "ROOT",
            Some("ou") => "ORGANIZATIONAL_UNIT",
            _ => "ACCOUNT",
        };
        Node::Struct(vec![("TargetId", id.as_str().into()), ("Type", kind.into())])
    });
    page(call.params, "Targets", told.collect())
}

/// Twenty at a time, as Organizations answers; the token is where to go on.
fn page(params: &Params, name: &'static str, items: Vec<Node>) -> Result<Node, Fault> {
    let invalid = |what: &str| {
        Fault::new(
            400,
            "InvalidInputException",
            format!("You provided an invalid value: {what}"),
        )
    };
    let most = match params.get("MaxResults").map(str::parse::<usize>) {
        None => 20,
        Some(Ok(most)) if (1..=20).contains(&most) => most,
        Some(_) => return Err(invalid("MaxResults")),
    };
    let from = match params.get("NextToken").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(from)) => from,
        Some(Err(_)) => return Err(invalid("NextToken")),
    };
    let more = items.len() > from + most;
    let mut answer = vec![(name, Node::List(items.into_iter().skip(from).take(most).collect()))];
    if more {
        answer.push(("NextToken", (from + most).to_string().into()));
    }
    Ok(Node::Struct(answer))
}
