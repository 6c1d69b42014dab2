//! Whether a call is allowed on anything at all, for services whose resources the account doesn't list.

use super::graph::Own;
use super::rights::Powers;
use crate::account::Account;
use crate::policy::{Context, Effect, Gap, Listed, Outcome, Placed, Statement, Truth};
use crate::verdict::Standing;

/// Resources that are tried for one call.
const MOST: usize = 32;

/// Whether `action` is allowed on some resource: on `*`, or on one that a pattern of an allow names.
pub(super) fn may(powers: &Powers<'_>, action: &str, account: &Account) -> Truth {
    let standing = powers.standing;
    let lower = action.to_ascii_lowercase();
    let statements = standing
        .policies
        .identity
        .iter()
        .flat_map(|placed| &placed.document.statements);
    let allows = statements.filter(|statement| statement.effect == Effect::Allow && statement.is_about(&lower));
    let allows: Vec<&Statement> = allows.collect();
    if allows.is_empty() && !powers.any_policy {
        return Truth::False;
    }
    let mut resources: Vec<String> = vec!["*".to_owned()];
    let service = lower.split(':').next().unwrap_or_default();
    resources.push(format!(
        "arn:{}:{service}:us-east-1:{}:example/oust",
        account.partition, account.id
    ));
    resources.extend(allows.into_iter().flat_map(named));
    resources.truncate(MOST);
    let mut best = Truth::False;
    for resource in &resources {
        let truth = decided(powers, action, resource, &standing.context);
        if truth.is_true() {
            return truth;
        }
        best = best.or(truth);
    }
    best
}

fn named(statement: &Statement) -> Vec<String> {
    match &statement.resources {
        Some(Listed::These(patterns)) => patterns
            .iter()
            .filter(|pattern| !pattern.is_everything() && !pattern.as_str().contains("${"))
            .map(|pattern| pattern.as_str().replace('*', "oust").replace('?', "x"))
            .collect(),
        _ => Vec::new(),
    }
}

/// One decision under such powers.
pub(super) fn decided(powers: &Powers<'_>, action: &str, resource: &str, context: &Context) -> Truth {
    let outcome = powers.made.decide_given(action, resource, context);
    match outcome {
        Outcome::Allowed(_) => Truth::True,
        Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => Truth::False,
        Outcome::Unknown(gaps) if gaps.is_empty() => Truth::unknown(Gap::Unsupported("the decision".to_owned())),
        Outcome::Unknown(gaps) => Truth::Unknown(gaps),
    }
}

/// The standing with its policies as its holder may make them.
pub(super) fn changed<'s>(standing: &Standing<'s>, own: Own) -> Standing<'s> {
    let mut standing = standing.clone();
    let policies = &mut standing.policies;
    if own.freed {
        policies.boundary = None;
        policies.identity.iter_mut().for_each(without_denies);
    }
    if own.any_policy {
        policies.identity.extend(crate::verdict::everything());
    }
    standing
}

fn without_denies(placed: &mut Placed) {
    let mut document = (*placed.document).clone();
    document
        .statements
        .retain(|statement| statement.effect == Effect::Allow);
    placed.document = std::sync::Arc::new(document);
}
