//! The scenario file: an account, what happened in it, and what the attacker does about each step of the responder.

use crate::twin::intruder::CATALOGUE as INTRUDERS;
use crate::twin::weather::Lag;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::ops::Range;

/// A scenario as it is written. Documented by `playbooks/scenarios/stolen-key.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// What the responder is told.
    pub story: String,
    /// Pages that it follows.
    #[serde(default)]
    pub sources: Vec<String>,
    /// When the first move is made.
    pub start: String,
    /// The seed of every ID in it.
    pub seed: u64,
    /// The account's number.
    pub account: String,
    /// The Region of its trail.
    pub region: String,
    /// The credential that the responder is told of.
    pub stolen: String,
    /// The user that the responder signs as.
    pub responder: String,
    /// The exercise that shows what a wrong order does.
    pub wrong_order: Option<String>,
    /// The organization that the account is in; without it there is none.
    pub organization: Option<OrganizationRow>,
    /// Users.
    #[serde(default)]
    pub user: Vec<UserRow>,
    /// Groups.
    #[serde(default)]
    pub group: Vec<GroupRow>,
    /// Roles.
    #[serde(default)]
    pub role: Vec<RoleRow>,
    /// Buckets.
    #[serde(default)]
    pub bucket: Vec<BucketRow>,
    /// What happened, in order.
    #[serde(default, rename = "move")]
    pub moves: Vec<Move>,
    /// What the attacker does about each step.
    pub reaction: Option<Reaction>,
    /// The intruder who fights back by himself all the time: the name of a script that the program carries.
    pub intruder: Option<String>,
    /// How long a person takes to begin a step, in seconds, and how long the attacker gets behind it.
    #[serde(default)]
    pub pace: Pace,
    /// How late changes take effect in the exercise, as `oust twin serve --lag` has it; at once without it.
    #[serde(default, deserialize_with = "lag")]
    pub lag: Option<Lag>,
}

fn lag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Lag>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(D::Error::custom)
}

/// The pace of an exercise, on the twin's clock.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// Before each step, in seconds.
    pub before: i64,
    /// Behind each step, in seconds.
    pub behind: i64,
    /// Behind the last step, before anybody says how it ended, in seconds.
    pub at_the_end: i64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            before: 40,
            behind: 20,
            at_the_end: 0,
        }
    }
}

/// An organization above the account. Every level has `FullAWSAccess`, and the account what is written here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationRow {
    /// Its ID, `o-…`.
    pub id: String,
    /// The management account's number.
    pub management_account: String,
    /// The root and the units above the account, from the top: `r-…`, `ou-…`.
    pub path: Vec<String>,
    /// The user or role of the account who may act for the organization, as a delegated administrator's may.
    pub administrator: Option<String>,
    /// Service control policies on the account, by name.
    #[serde(default)]
    pub scps: BTreeMap<String, String>,
}

/// A user with named keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRow {
    /// The user's name.
    pub name: String,
    /// Names by which the scenario calls the user's access keys.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Attached managed policies.
    #[serde(default)]
    pub attached: Vec<String>,
    /// Inline policies by name.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
    /// Whether the user has a console password.
    #[serde(default)]
    pub password: bool,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRow {
    /// The group's name.
    pub name: String,
    /// Attached managed policies.
    #[serde(default)]
    pub attached: Vec<String>,
    /// Inline policies by name.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
}

/// A role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRow {
    /// The role's name.
    pub name: String,
    /// Who may assume it.
    pub trust: String,
    /// Attached managed policies.
    #[serde(default)]
    pub attached: Vec<String>,
    /// Inline policies by name.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
    /// The longest session in seconds.
    pub max_session_seconds: Option<u32>,
}

/// A bucket.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketRow {
    /// The bucket's name.
    pub name: String,
    /// The bucket policy.
    pub policy: Option<String>,
    /// Object keys with sizes in bytes.
    #[serde(default)]
    pub objects: BTreeMap<String, u64>,
}

/// One call that somebody made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Minutes after the start.
    pub minute: i64,
    /// The credential that signs, by the scenario's name.
    pub by: String,
    /// `service:Operation`.
    pub call: String,
    /// Parameters of an IAM or STS call.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// The resource of a call to another service.
    pub resource: Option<String>,
    /// The name of the credential that the call gives.
    pub gives: Option<String>,
    /// Whether it is not the attacker's.
    #[serde(default)]
    pub innocent: bool,
    /// Whether the call is refused.
    #[serde(default)]
    pub fails: bool,
    /// What it is, in words.
    pub says: String,
}

/// What the attacker does whenever none of his sessions can do what he wants.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// The action that he wants to be able to do.
    pub wants: String,
    /// On this resource.
    pub resource: String,
    /// The credential that signs.
    pub by: String,
    /// `service:Operation` that mints the next session.
    pub call: String,
    /// Its parameters.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// The first part of the names of what it gives: `D` makes D1, D2, ...
    pub gives: String,
    /// What it is, in words.
    pub says: String,
}

/// A fault of a scenario file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScenarioError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

/// The scenarios that the binary carries: name and text.
pub const CATALOGUE: &[(&str, &str)] = &[
    ("stolen-key", include_str!("../../playbooks/scenarios/stolen-key.toml")),
    (
        "fights-back",
        include_str!("../../playbooks/scenarios/fights-back.toml"),
    ),
];

/// The exercises in a wrong order that the binary carries: name and text.
pub const EXERCISES: &[(&str, &str)] = &[(
    "naive-order",
    include_str!("../../playbooks/exercises/naive-order.toml"),
)];

impl Scenario {
    /// Reads a scenario and checks that its names hang together.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place where there is one.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        let scenario: Scenario = toml::from_str(text).map_err(|error| ScenarioError {
            message: error.message().to_owned(),
            span: error.span().unwrap_or(0..0),
        })?;
        match scenario.inconsistency() {
            None => Ok(scenario),
            Some((name, message)) => {
                let at = text.find(&format!("\"{name}\"")).unwrap_or(0);
                Err(ScenarioError {
                    message,
                    span: at..at + name.len() + 2,
                })
            }
        }
    }

    /// A name that is used and never given, or a value that is none; with what to say about it.
    fn inconsistency(&self) -> Option<(&str, String)> {
        if self.start.parse::<crate::time::Moment>().is_err() {
            return Some((&self.start, format!("`start` is no time: `{}`", self.start)));
        }
        if self.account.parse::<crate::ids::AccountId>().is_err() {
            return Some((
                &self.account,
                format!("`account` is no account number: `{}`", self.account),
            ));
        }
        let mut given: Vec<&str> = self
            .user
            .iter()
            .flat_map(|user| &user.keys)
            .map(String::as_str)
            .collect();
        let unknown = |name: &str| format!("no credential is called `{name}` at this point");
        if !given.contains(&self.stolen.as_str()) {
            return Some((&self.stolen, unknown(&self.stolen)));
        }
        for made in &self.moves {
            if !given.contains(&made.by.as_str()) {
                return Some((&made.by, unknown(&made.by)));
            }
            given.extend(made.gives.as_deref());
        }
        let reaction = self
            .reaction
            .as_ref()
            .filter(|reaction| !given.contains(&reaction.by.as_str()));
        if let Some(reaction) = reaction {
            return Some((&reaction.by, unknown(&reaction.by)));
        }
        let unknown_intruder = self
            .intruder
            .as_ref()
            .filter(|name| !INTRUDERS.iter().any(|(known, _)| known == name));
        if let Some(name) = unknown_intruder {
            return Some((name, format!("the program carries no intruder `{name}`")));
        }
        let responder = self
            .user
            .iter()
            .find(|user| user.name == self.responder && !user.keys.is_empty());
        match responder {
            None => Some((
                &self.responder,
                format!("the responder `{}` is no user with a key", self.responder),
            )),
            Some(_) => None,
        }
    }

    /// When the first move is made.
    pub fn start(&self) -> crate::time::Moment {
        self.start.parse().unwrap_or(crate::time::Moment::from_millis(0))
    }

    /// How long the moves take, in seconds, with one minute behind the last.
    pub fn length_seconds(&self) -> i64 {
        self.moves.iter().map(|made| made.minute).max().unwrap_or(0) * 60 + 60
    }
}
