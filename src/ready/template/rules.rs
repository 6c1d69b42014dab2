//! The detections as they are deployed: those that a single event tells alert, and all of them are kept as queries of the trail's table. STS's
//! calls are told in the Region of the call, IAM's and Organizations' in the Region of the control plane.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>

use crate::harden::{RULES, Rule, athena, pattern};
use serde_json::Value;

/// A rule that alerts.
pub(super) struct Alert {
    /// What stands behind the prefix in its name.
    pub(super) name: String,
    pub(super) variable: String,
    pub(super) about: &'static str,
    pub(super) pattern: Value,
}

/// A query of the trail's table.
pub(super) struct Query {
    /// What stands behind the prefix in its name.
    pub(super) name: String,
    pub(super) variable: String,
    pub(super) about: &'static str,
    pub(super) text: String,
}

/// The state of a rule that sees calls that only read as well: AssumeRole is one.
pub(super) const STATE: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

/// `session-token` as `SessionToken`.
fn name(rule: &Rule<'_>) -> String {
    let words = rule.id.split('-').map(|word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_uppercase() + rest
    });
    words.collect()
}

fn variable(rule: &Rule<'_>) -> String {
    rule.id.replace('-', "_")
}

/// The name of the quarantine policy is a parameter.
fn renamed(text: &str) -> String {
    text.replace("/OustQuarantine", "/[[QuarantinePolicyName]]")
}

/// A query without the comments above it: what is deployed has a description of its own.
fn bare(query: &str) -> String {
    let lines = query.lines().skip_while(|line| line.starts_with("--"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Rules that a single event tells.
pub(super) fn alerts() -> Vec<Alert> {
    let each = RULES.iter().filter_map(|rule| {
        let pattern = renamed(&pattern(rule).value()?.to_string());
        Some(Alert {
            name: name(rule),
            variable: variable(rule),
            about: rule.title,
            pattern: serde_json::from_str(&pattern).ok()?,
        })
    });
    each.collect()
}

/// Every rule as a query.
pub(super) fn queries() -> Vec<Query> {
    let each = RULES.iter().map(|rule| Query {
        name: name(rule),
        variable: variable(rule),
        about: rule.title,
        text: renamed(&bare(&athena(rule, "[[AthenaTable]]"))),
    });
    each.collect()
}
