//! A decision: what decided, and what nearly did.

use super::{Paint, Tone};
use crate::policy::{Considered, Effect, Fate, Gap, Miss, Outcome, PolicyKind, Request, StatementRef};
use serde::Serialize;

/// A decision as data; one line of `oust policy eval`.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// The request's own, whatever it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<serde_json::Value>,
    /// The answer in one word.
    pub decision: Answer,
    /// The statement that decided: that allows or denies. None for an implicit deny, and for the root user, whom no statement
    /// needs to allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Place>,
    /// Of an implicit deny, the first kind of policy that doesn't allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_allowed_by: Option<PolicyKind>,
    /// The same in words.
    pub reason: String,
    /// What is missing to an answer that is unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// Statements that missed by one thing, or of which it cannot be said whether they match.
    pub near_misses: Vec<NearMiss>,
    #[serde(skip)]
    asked: String,
}

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Allowed.
    Allowed,
    /// Denied by a statement.
    ExplicitDeny,
    /// Denied for want of one that allows.
    ImplicitDeny,
    /// It cannot be said.
    Unknown,
}

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The kind of its policy.
    pub kind: PolicyKind,
    /// The policy's name.
    pub policy: String,
    /// Its number in the policy, from 1.
    pub statement: usize,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// A statement that nearly had a say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearMiss {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// What it would have said.
    pub effect: Effect,
    /// What it missed by; none where it cannot be said whether it matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed_by: Option<Miss>,
    /// What is missing to know whether it matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The same in words.
    pub why: String,
}

impl From<&StatementRef> for Place {
    fn from(statement: &StatementRef) -> Self {
        Place {
            kind: statement.source.kind,
            policy: statement.source.name.to_string(),
            statement: statement.number,
            sid: statement.sid.clone(),
        }
    }
}

impl Decision {
    /// The decision on `request`, with `considered`, what became of every statement. `caller` is who asks, in words.
    pub fn new(
        id: Option<serde_json::Value>,
        caller: String,
        request: &Request<'_>,
        outcome: &Outcome,
        considered: Vec<Considered>,
    ) -> Self {
        let (decision, by, not_allowed_by, gaps, reason) = match outcome {
            Outcome::Allowed(Some(by)) => (Answer::Allowed, Some(by), None, &[][..], format!("{by} allows it")),
            Outcome::Allowed(None) => {
                let reason = "the root user may do everything in its account that nothing denies";
                (Answer::Allowed, None, None, &[][..], reason.to_owned())
            }
            Outcome::ExplicitDeny(by) => (Answer::ExplicitDeny, Some(by), None, &[][..], format!("{by} denies it")),
            Outcome::ImplicitDeny(kind) => {
                let reason = format!("no {} allows it", kind.describe());
                (Answer::ImplicitDeny, None, Some(*kind), &[][..], reason)
            }
            Outcome::Unknown(gaps) => (Answer::Unknown, None, None, gaps.as_slice(), in_words(gaps)),
        };
        Decision {
            id,
            decision,
            by: by.map(Place::from),
            not_allowed_by,
            reason,
            gaps: gaps.to_vec(),
            near_misses: considered.into_iter().filter_map(NearMiss::of).collect(),
            asked: format!("{caller} asks for {} on {}", request.action, request.resource),
        }
    }
}

impl NearMiss {
    fn of(considered: Considered) -> Option<Self> {
        let place = Place::from(&considered.statement);
        let would = match considered.effect {
            Effect::Allow => "would allow it",
            Effect::Deny => "would deny it",
        };
        let (missed_by, gaps, why) = match considered.fate {
            Fate::Missed(mut misses) if considered.near => {
                let miss = misses.pop()?;
                let why = format!("{} {would}, but {miss}", considered.statement);
                (Some(miss), Vec::new(), why)
            }
            Fate::Unknown(gaps) => {
                let why = format!("{} {would} perhaps: {}", considered.statement, in_words(&gaps));
                (None, gaps, why)
            }
            Fate::Missed(_) | Fate::Matched => return None,
        };
        Some(NearMiss {
            place,
            effect: considered.effect,
            missed_by,
            gaps,
            why,
        })
    }
}

fn in_words(gaps: &[Gap]) -> String {
    let gaps: Vec<String> = gaps.iter().map(ToString::to_string).collect();
    gaps.join("; ")
}

/// A decision for people.
pub fn decision(decision: &Decision, paint: Paint) -> String {
    let (word, tone) = match decision.decision {
        Answer::Allowed => ("ALLOWED", Tone::Heading),
        Answer::ExplicitDeny | Answer::ImplicitDeny => ("DENIED", Tone::Heading),
        Answer::Unknown => ("UNKNOWN", Tone::Careful),
    };
    let head = paint.fold(2, &format!("{word}: {}", decision.reason));
    let head = head.replacen(word, &paint.as_tone(tone, word), 1);
    let mut out = vec![head, paint.fold(2, &format!("  {}", decision.asked))];
    if !decision.near_misses.is_empty() {
        out.push(String::new());
        out.push(paint.heading("Near misses"));
    }
    for miss in &decision.near_misses {
        out.push(format!("  {}", paint.fold(4, &miss.why)));
    }
    out.join("\n")
}
