//! A rule in all its forms.

use super::rule::{Level, Row, Rule};
use super::sigma::{NO_SIGMA, sigma};
use super::{athena, pattern};
use serde::Serialize;
use serde_json::Value;

/// A rule, and what is written of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Written {
    /// Its stable name.
    pub id: String,
    /// What it finds.
    pub title: String,
    /// Why that matters.
    pub why: String,
    /// When it is innocent.
    pub innocent: String,
    /// The row that it is of.
    pub row: Row,
    /// How much it means.
    pub level: Level,
    /// The page that it rests on.
    pub source: String,
    /// The pattern, where EventBridge can say it.
    pub eventbridge: Option<Value>,
    /// Whether the pattern lets more through, tells a part, or isn't there.
    pub eventbridge_is: Option<&'static str>,
    /// Why.
    pub eventbridge_remark: Option<&'static str>,
    /// The rule in Sigma, where it can say it.
    pub sigma: Option<String>,
    /// Why it isn't there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma_remark: Option<&'static str>,
    /// The query.
    pub athena: String,
}

/// All forms of a rule; `table` is the one that its query asks.
pub fn written(rule: &Rule<'_>, table: &str) -> Written {
    let pattern = pattern(rule);
    let sigma = sigma(rule);
    Written {
        id: rule.id.to_owned(),
        title: rule.title.to_owned(),
        why: rule.why.to_owned(),
        innocent: rule.innocent.to_owned(),
        row: rule.row,
        level: rule.level,
        source: rule.source.to_owned(),
        eventbridge: pattern.value().cloned(),
        eventbridge_is: pattern.describe(),
        eventbridge_remark: pattern.remark(),
        sigma_remark: sigma.is_none().then_some(NO_SIGMA),
        sigma,
        athena: athena(rule, table),
    }
}
