//! One row of the table, and the table.

use crate::ids::{AccountId, Arn};
use serde::Serialize;

/// What is said of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is so, as far as reading can tell.
    Ready,
    /// It cannot be said.
    Unknown,
    /// It is not so.
    NotReady,
}

impl State {
    /// The worst of several; nothing to judge is ready.
    pub fn worst(states: impl IntoIterator<Item = State>) -> State {
        states.into_iter().max().unwrap_or(State::Ready)
    }

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Unknown => "unknown",
            State::NotReady => "not ready",
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is checked: stable, such as `trace.trail`.
    pub id: &'static str,
    /// What was found.
    pub state: State,
    /// In words.
    pub found: String,
    /// What to do about it; none where it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Single findings behind it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

impl Check {
    /// A row. The fix is left out where nothing is to be fixed.
    pub(super) fn new(id: &'static str, state: State, found: impl Into<String>, fix: impl Into<String>) -> Check {
        Check {
            id,
            state,
            found: found.into(),
            fix: (state != State::Ready).then(|| fix.into()),
            details: Vec::new(),
        }
    }

    /// The same with single findings.
    pub(super) fn with(mut self, details: impl IntoIterator<Item = String>) -> Check {
        self.details.extend(details);
        self
    }
}

/// The table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// The account.
    pub account: AccountId,
    /// Who would respond.
    pub responder: Arn,
    /// The worst of all rows.
    pub state: State,
    /// The rows.
    pub checks: Vec<Check>,
}

impl Readiness {
    pub(super) fn of(account: AccountId, responder: Arn, checks: Vec<Check>) -> Readiness {
        Readiness {
            account,
            responder,
            state: State::worst(checks.iter().map(|check| check.state)),
            checks,
        }
    }
}

/// The first few, and how many more.
pub(super) fn few(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
