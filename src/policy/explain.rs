//! Why each statement did or didn't have a say in a decision.

use super::document::{Effect, Statement};
use super::matching::Asked;
use super::truth::Truth;
use super::{Context, Gap, OnResource, Placed, PolicyKind, PolicySet, Request, StatementRef};
use serde::Serialize;
use std::fmt;

/// One statement and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Considered {
    /// The statement.
    pub statement: StatementRef,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// Whether it missed by one thing only; one about another service's actions is no near miss.
    pub near: bool,
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It matches the request.
    Matched,
    /// It doesn't, for these reasons. A single one is a near miss.
    Missed(Vec<Miss>),
    /// It cannot be said.
    Unknown(Vec<Gap>),
}

/// Why a statement doesn't match.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Miss {
    /// It names others.
    Principal,
    /// It is about other actions.
    Action,
    /// It is about other resources.
    Resource,
    /// A condition doesn't hold.
    Condition {
        /// The operator as written.
        operator: String,
        /// The key as written.
        key: String,
        /// What the statement wants.
        wanted: Vec<String>,
        /// What the request has; empty when the key is absent.
        found: Vec<String>,
    },
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Miss::Principal => f.write_str("it names others"),
            Miss::Action => f.write_str("it is about other actions"),
            Miss::Resource => f.write_str("it is about other resources"),
            Miss::Condition {
                operator,
                key,
                wanted,
                found,
            } => {
                let found = match found.as_slice() {
                    [] => "the request has none".to_owned(),
                    found => format!("the request has `{}`", found.join("`, `")),
                };
                write!(f, "{operator} {key} wants `{}`, and {found}", wanted.join("`, `"))
            }
        }
    }
}

/// What became of every statement, in the order of the set.
pub fn explain(request: &Request<'_>, policies: &PolicySet, resource: &OnResource) -> Vec<Considered> {
    let lower = request.action.to_ascii_lowercase();
    let asked = Asked::new(request, &lower);
    let has_boundary = policies.boundary.is_some();
    let placed = policies.all().chain(&resource.policies).flat_map(|placed| {
        let statements = placed.document.statements.iter().enumerate();
        statements.map(move |(n, statement)| (placed, n, statement))
    });
    placed
        .map(|(placed, n, statement)| {
            let fate = fate(placed, statement, &asked, has_boundary);
            let near = match &fate {
                Fate::Missed(misses) => match misses.as_slice() {
                    [Miss::Action] => statement.is_about_service(asked.action.service),
                    misses => misses.len() == 1,
                },
                Fate::Matched | Fate::Unknown(_) => false,
            };
            Considered {
                statement: placed.statement(n),
                effect: statement.effect,
                fate,
                near,
            }
        })
        .collect()
}

impl Placed {
    /// The n-th statement of it, counted from 0.
    pub fn statement(&self, n: usize) -> StatementRef {
        let statement = self.document.statements.get(n);
        StatementRef {
            source: self.source.clone(),
            number: n + 1,
            sid: statement.and_then(|statement| statement.sid.clone()),
        }
    }
}

fn fate(placed: &Placed, statement: &Statement, asked: &Asked<'_>, has_boundary: bool) -> Fate {
    let mut misses = Vec::new();
    let mut gaps = Vec::new();
    let mut part = |truth: Truth, miss: &dyn Fn() -> Miss| match truth {
        Truth::True => {}
        Truth::False => misses.push(miss()),
        Truth::Unknown(more) => gaps.extend(more),
    };
    let request = asked.request;
    part(names(placed, statement, asked, has_boundary), &|| Miss::Principal);
    part(statement.covers_action(asked).into(), &|| Miss::Action);
    part(statement.covers_resource(asked), &|| Miss::Resource);
    for condition in &statement.conditions {
        part(condition.holds(request.context), &|| Miss::Condition {
            operator: condition.operator().to_owned(),
            key: condition.key().to_owned(),
            wanted: condition.values().to_vec(),
            found: found(request.context, condition.key()),
        });
    }
    match (misses.is_empty(), gaps.is_empty()) {
        (false, _) => Fate::Missed(misses),
        (true, false) => Fate::Unknown(gaps),
        (true, true) => Fate::Matched,
    }
}

fn found(context: &Context, key: &str) -> Vec<String> {
    context.get(key).map(<[String]>::to_vec).unwrap_or_default()
}

fn names(placed: &Placed, statement: &Statement, asked: &Asked<'_>, has_boundary: bool) -> Truth {
    let principal = asked.request.principal;
    match (statement.effect, placed.source.kind) {
        (Effect::Allow, PolicyKind::Resource) => {
            Truth::any(statement.namings(principal).into_iter().map(|(_, truth)| truth))
        }
        (_, kind) => statement.denies_caller(kind, principal, has_boundary),
    }
}
