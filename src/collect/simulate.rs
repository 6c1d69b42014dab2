//! AWS's own simulator: what a user or role may do, changing nothing.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use crate::ids::Arn;
use crate::mount::AwsError;
use aws_sdk_iam::types::PolicyEvaluationDecisionType as Decision;
use std::collections::{BTreeMap, BTreeSet};

/// How many resources one action is tried on: enough to show a deny on some, and few enough for one call.
pub const MOST_TRIED: usize = 5;

/// What the simulator said of one action, over all resources that it was tried on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Simulated {
    /// Allowed on each.
    Allowed,
    /// Refused on one at least; by what, where the simulator tells.
    Denied(String),
    /// Refused on one at least, perhaps only because nobody gave these condition keys.
    Hangs(BTreeSet<String>),
}

/// Tries each of `asked`, an action with the resources to try it on, as `principal`, through `iam`.
///
/// # Errors
/// The simulator could not be asked.
pub async fn simulated(
    iam: &aws_sdk_iam::Client,
    principal: &Arn,
    asked: &[(String, Vec<String>)],
) -> Result<BTreeMap<String, Simulated>, AwsError> {
    // What is asked on the same resources is one call.
    let mut together: BTreeMap<&[String], Vec<&String>> = BTreeMap::new();
    for (action, resources) in asked {
        together.entry(resources).or_default().push(action);
    }
    let mut found = BTreeMap::new();
    for (resources, actions) in together {
        let mut pages = iam
            .simulate_principal_policy()
            .policy_source_arn(principal.as_str())
            .set_action_names(Some(actions.iter().copied().cloned().collect()))
            .set_resource_arns(Some(resources.iter().take(MOST_TRIED).cloned().collect()))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of("iam:SimulatePrincipalPolicy", error))?;
            for result in page.evaluation_results() {
                let name = result.eval_action_name();
                for action in actions.iter().filter(|one| one.eq_ignore_ascii_case(name)) {
                    found
                        .entry((*action).clone())
                        .and_modify(|known: &mut Simulated| known.take(of(result)))
                        .or_insert_with(|| of(result));
                }
            }
        }
    }
    Ok(found)
}

impl Simulated {
    /// The stricter of two: older endpoints give a result for each resource.
    fn take(&mut self, other: Simulated) {
        let strictness = |one: &Simulated| match one {
            Simulated::Allowed => 0,
            Simulated::Hangs(_) => 1,
            Simulated::Denied(_) => 2,
        };
        if strictness(&other) > strictness(self) {
            *self = other;
        }
    }
}

fn of(result: &aws_sdk_iam::types::EvaluationResult) -> Simulated {
    let specific = result.resource_specific_results().iter();
    let each = specific.map(|one| (one.eval_resource_decision(), one.missing_context_values()));
    let whole = std::iter::once((result.eval_decision(), result.missing_context_values()));
    let all: Vec<_> = whole.chain(each).collect();
    let missing: BTreeSet<String> = all.iter().flat_map(|(_, keys)| keys.iter().cloned()).collect();
    let refused = |decision: &Decision| all.iter().any(|(one, _)| *one == decision);
    let by_organization = result
        .organizations_decision_detail()
        .is_some_and(|told| !told.allowed_by_organizations());
    let boundary = result.permissions_boundary_decision_detail();
    let by_boundary = boundary.is_some_and(|told| !told.allowed_by_permissions_boundary());
    let why = match (by_organization, by_boundary) {
        (true, _) => " by the organization's policies",
        (_, true) => " by the permissions boundary",
        _ => "",
    };
    // Keys are told as missing whether the decision hangs on them or not. An allow is compared with the evaluator's, which knows; a refusal may be
    // for want of a key alone.
    if all.iter().all(|(decision, _)| **decision == Decision::Allowed) {
        Simulated::Allowed
    } else if !missing.is_empty() {
        Simulated::Hangs(missing)
    } else if refused(&Decision::ExplicitDeny) {
        Simulated::Denied(format!("denied explicitly{why}"))
    } else {
        Simulated::Denied(format!("not allowed{why}"))
    }
}
