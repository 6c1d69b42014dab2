//! A rule in all its forms.

use super::rule::{Level, Row, Rule};
use super::{athena, pattern, sigma};
use serde::Serialize;
use serde_json::Value;

/// A rule, and what is written of it.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    /// Its stable name.
    pub id: &'static str,
    /// What it finds.
    pub title: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// When it is innocent.
    pub innocent: &'static str,
    /// The row that it is of.
    pub row: Row,
    /// How much it means.
    pub level: Level,
    /// The page that it rests on.
    pub source: &'static str,
    /// The pattern, where EventBridge can say it.
    pub eventbridge: Option<Value>,
    /// Why the pattern lets more through, or isn't there.
    pub eventbridge_remark: Option<&'static str>,
    /// The rule in Sigma.
    pub sigma: String,
    /// The query.
    pub athena: String,
}

/// All forms of a rule; `table` is the one that its query asks.
pub fn written(rule: &Rule, table: &str) -> Written {
    let pattern = pattern(rule);
    Written {
        id: rule.id,
        title: rule.title,
        why: rule.why,
        innocent: rule.innocent,
        row: rule.row,
        level: rule.level,
        source: rule.source,
        eventbridge: pattern.value().cloned(),
        eventbridge_remark: pattern.remark(),
        sigma: sigma(rule),
        athena: athena(rule, table),
    }
}
