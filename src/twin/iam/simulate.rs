//! SimulatePrincipalPolicy: what a user or role of the account may do, changing nothing.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use super::reads;
use crate::account::Account;
use crate::ids::{Arn, PrincipalArn};
use crate::policy::{Context, Gap, Outcome, PolicyKind};
use crate::time::Moment;
use crate::twin::operation::Asked;
use crate::twin::{Call, Caller, Fault, Node, Operation, Params};
use crate::verdict::Standing;
use std::collections::BTreeSet;

pub(super) const OPERATIONS: &[Operation] = &[reads("SimulatePrincipalPolicy", on_source, simulate)];

fn on_source(_: &Account, _: &Caller, params: &Params) -> Asked {
    Asked::on(params.get("PolicySourceArn").unwrap_or("*"))
}

fn standing<'a>(account: &'a Account, source: &str, now: Moment) -> Result<Standing<'a>, Fault> {
    let arn: Arn = source
        .parse()
        .map_err(|_| Fault::new(400, "InvalidInput", format!("Invalid Entity Arn: {source}")))?;
    let found = match PrincipalArn::of(&arn) {
        Some(PrincipalArn::User(name)) => account.users.get(&name).map(|user| Standing::of_user(account, user)),
        Some(PrincipalArn::Role(name)) => {
            let role = account.roles.get(&name);
            role.map(|role| Standing::of_fresh_role(account, role, now))
        }
        _ => return Err(Fault::new(400, "InvalidInput", format!("Invalid Entity Arn: {source}"))),
    };
    found.ok_or_else(|| Fault::no_such_entity(format!("The entity {source} cannot be found.")))
}

fn texts(params: &Params, name: &str) -> Vec<String> {
    let each = params.list(name);
    each.iter().filter_map(|one| one.get("").map(str::to_owned)).collect()
}

fn simulate(call: &mut Call<'_>) -> Result<Node, Fault> {
    let standing = standing(call.account, call.params.need("PolicySourceArn")?, call.now)?;
    let mut resources = texts(call.params, "ResourceArns");
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let mut given = Context::closed();
    for entry in call.params.list("ContextEntries") {
        let name = entry.get("ContextKeyName").unwrap_or_default();
        given.set_all(name, texts(&entry, "ContextKeyValues"));
    }
    let actions = texts(call.params, "ActionNames");
    let results = actions
        .iter()
        .map(|action| result(&standing, action, &resources, &given))
        .collect();
    Ok(Node::Struct(vec![
        ("EvaluationResults", Node::List(results)),
        ("IsTruncated", Node::Bool(false)),
    ]))
}

/// What was found on one resource.
struct Simulated {
    decision: &'static str,
    missing: BTreeSet<String>,
    refused_by: Option<PolicyKind>,
}

/// As the simulator does it: a key that isn't given is absent, and told as missing.
fn on(standing: &Standing<'_>, action: &str, resource: &str, given: &Context) -> Simulated {
    let open = standing.context.clone().with(given);
    let missing = match standing.decide_given(action, resource, &open) {
        Outcome::Unknown(gaps) => gaps
            .into_iter()
            .filter_map(|gap| match gap {
                Gap::FreeKey(key) => Some(key),
                Gap::Unsupported(_) | Gap::Unread(_) => None,
            })
            .collect(),
        _ => BTreeSet::new(),
    };
    let (decision, refused_by) = match standing.decide_given(action, resource, &open.into_closed()) {
        Outcome::Allowed(_) => ("allowed", None),
        Outcome::ExplicitDeny(by) => ("explicitDeny", Some(by.source.kind)),
        Outcome::ImplicitDeny(kind) => ("implicitDeny", Some(kind)),
        Outcome::Unknown(_) => ("implicitDeny", None),
    };
    Simulated {
        decision,
        missing,
        refused_by,
    }
}

/// One result for an action: the most restrictive of its resources, and each of them.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>
fn result(standing: &Standing<'_>, action: &str, resources: &[String], given: &Context) -> Node {
    let each: Vec<(&String, Simulated)> = resources
        .iter()
        .map(|resource| (resource, on(standing, action, resource, given)))
        .collect();
    let strictness = |decision: &str| {
        ["allowed", "implicitDeny", "explicitDeny"]
            .iter()
            .position(|one| *one == decision)
    };
    let whole = each
        .iter()
        .map(|(_, one)| one.decision)
        .max_by_key(|one| strictness(one));
    let missing = |keys: &BTreeSet<String>| Node::List(keys.iter().map(|key| key.as_str().into()).collect());
    let all: BTreeSet<String> = each.iter().flat_map(|(_, one)| one.missing.clone()).collect();
    let specific = each.iter().map(|(resource, one)| {
        Node::Struct(vec![
            ("EvalResourceName", resource.as_str().into()),
            ("EvalResourceDecision", one.decision.into()),
            ("MissingContextValues", missing(&one.missing)),
        ])
    });
    let refused = |kind: PolicyKind| each.iter().any(|(_, one)| one.refused_by == Some(kind));
    let mut members = vec![
        ("EvalActionName", action.into()),
        ("EvalResourceName", resources.join(", ").into()),
        ("EvalDecision", whole.unwrap_or("implicitDeny").into()),
        ("MissingContextValues", missing(&all)),
        ("ResourceSpecificResults", Node::List(specific.collect())),
    ];
    if standing.account.organization.is_some() {
        let allowed = Node::Bool(!refused(PolicyKind::ServiceControl));
        let detail = Node::Struct(vec![("AllowedByOrganizations", allowed)]);
        members.push(("OrganizationsDecisionDetail", detail));
    }
    if standing.policies.boundary.is_some() {
        let allowed = Node::Bool(!refused(PolicyKind::Boundary));
        let detail = Node::Struct(vec![("AllowedByPermissionsBoundary", allowed)]);
        members.push(("PermissionsBoundaryDecisionDetail", detail));
    }
    Node::Struct(members)
}
