//! What was found about an account: a weakness, its evidence, the measure against it, and the proof of that measure.

use super::fitted::Fitted;
use super::measure::Measure;
use super::proof::Proof;
use super::rule::Row;
use serde::Serialize;

/// A weakness of the account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What kind it is, a stable name.
    pub kind: &'static str,
    /// The row that it is of.
    pub row: Row,
    /// What it is, in a line.
    pub title: String,
    /// What shows it.
    pub evidence: Vec<String>,
    /// The page that the measure rests on.
    pub source: &'static str,
    /// What to do that no document does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The measure; `None` where only advice can be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// The call that puts it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Calls that do more in its place, in order: where nobody needs a role, those that delete it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<String>,
    /// Why IAM would refuse it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub too_large: Option<String>,
    /// Why it may break what no record shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// What it does to what was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Rules that show such a thing when it happens.
    pub rules: Vec<&'static str>,
    /// A rule that shows it, written for this account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted: Option<Box<Fitted>>,
}

impl Finding {
    pub(super) fn of(kind: &'static str, row: Row, title: String, source: &'static str) -> Self {
        let rules = match row {
            Row::PermanentKey => vec!["key-exposed", "key-from-two-addresses", "use-after-containment"],
            Row::RoleSession => vec!["assume-role-burst", "role-juggling"],
            Row::SessionToken => vec![
                "session-token-without-mfa",
                "session-token",
                "session-token-assumes-role",
                "session-outlives-key",
            ],
        };
        Finding {
            kind,
            row,
            title,
            evidence: Vec::new(),
            source,
            advice: None,
            measure: None,
            call: None,
            instead: Vec::new(),
            too_large: None,
            doubt: None,
            proof: None,
            rules,
            fitted: None,
        }
    }

    #[must_use]
    pub(super) fn told_by(mut self, fitted: Fitted) -> Self {
        self.fitted = Some(Box::new(fitted));
        self
    }

    #[must_use]
    pub(super) fn shown_by(mut self, evidence: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    #[must_use]
    pub(super) fn met_by(mut self, measure: Measure) -> Self {
        self.call = Some(measure.call());
        self.measure = Some(measure);
        self
    }

    #[must_use]
    pub(super) fn or_else(mut self, calls: Vec<String>) -> Self {
        self.instead = calls;
        self
    }

    #[must_use]
    pub(super) fn advised(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Says why the measure may break what no record shows.
    #[must_use]
    pub(super) fn doubted(mut self, doubt: Option<String>) -> Self {
        self.doubt = self.doubt.or(doubt.filter(|_| self.measure.is_some()));
        self
    }

    /// Whether the measure can be put there as it is: it breaks nothing that was seen, nothing speaks for use that wasn't seen, and IAM would
    /// take it.
    pub fn is_ready(&self) -> bool {
        let proven = self.proof.as_ref().is_some_and(Proof::spares_everybody);
        proven && self.measure.is_some() && self.too_large.is_none() && self.doubt.is_none()
    }
}
