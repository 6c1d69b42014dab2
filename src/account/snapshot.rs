//! The snapshot file: an account, its known sessions and, where there is one, its trail, as JSON.
//!
//! The format is `{"oust_snapshot": 1, "taken_at": …, "account": {…}, "sessions": […], "trail": […]}`; members are documented at
//! their types. Documents of policies may be written as JSON objects or as strings. There are no secrets in it.

use super::{Account, Session};
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// The version of the format that this program writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// An account at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The version of the format.
    oust_snapshot: u32,
    /// When it was taken.
    pub taken_at: Moment,
    /// The account.
    pub account: Account,
    /// Temporary credentials that are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<Session>,
    /// CloudTrail records, in the real record format.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trail: Vec<serde_json::Value>,
}

/// Why a snapshot could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Not JSON, or not of this shape.
    #[error("the snapshot is malformed at line {line}, column {column}: {message}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// Written in a format that this program does not know.
    #[error("the snapshot is of format {0}, and this program reads format 1")]
    Format(u32),
    /// It holds something that cannot be, such as a policy that is not valid.
    #[error("the snapshot is inconsistent: {0}")]
    Inconsistent(String),
}

impl Snapshot {
    /// `account` with its `sessions` and no trail, as of `taken_at`.
    pub fn new(taken_at: Moment, account: Account, sessions: Vec<Session>) -> Self {
        Snapshot {
            oust_snapshot: FORMAT,
            taken_at,
            account,
            sessions,
            trail: Vec::new(),
        }
    }

    /// Reads a snapshot and checks that it hangs together.
    pub fn parse(text: &str) -> Result<Self, SnapshotError> {
        let snapshot: Snapshot = serde_json::from_str(text).map_err(|error| SnapshotError::Malformed {
            line: error.line(),
            column: error.column(),
            // Its place is told beside it.
            message: error
                .to_string()
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned(),
        })?;
        if snapshot.oust_snapshot != FORMAT {
            return Err(SnapshotError::Format(snapshot.oust_snapshot));
        }
        match snapshot.account.inconsistency() {
            Some(problem) => Err(SnapshotError::Inconsistent(problem)),
            None => Ok(snapshot),
        }
    }

    /// The snapshot as indented JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

impl Account {
    /// The first thing in the account that cannot be: a map key that differs from the entity's name, a
    /// group or policy that is named and missing, a policy that does not parse.
    fn inconsistency(&self) -> Option<String> {
        let users = self.users.iter().find_map(|(name, user)| {
            if *name != user.name {
                return Some(format!("user `{name}` calls itself `{}`", user.name));
            }
            let missing = user.groups.iter().find(|group| !self.groups.contains_key(*group));
            missing.map(|group| format!("user `{name}` is in group `{group}`, which is not there"))
        });
        let groups = self.groups.iter().find_map(|(name, group)| {
            (*name != group.name).then(|| format!("group `{name}` calls itself `{}`", group.name))
        });
        let roles = self.roles.iter().find_map(|(name, role)| {
            (*name != role.name).then(|| format!("role `{name}` calls itself `{}`", role.name))
        });
        users.or(groups).or(roles).or_else(|| self.levels()).or_else(|| {
            self.policy_texts().find_map(|(place, text)| {
                let error = text.parse().err()?;
                Some(format!("{place}: {error}"))
            })
        })
    }

    /// A level of the organization without its policies, or the other way round.
    fn levels(&self) -> Option<String> {
        let organization = self.organization.as_ref()?;
        let Some(guards) = &self.guards else {
            return Some("there is an organization, and no guards".to_owned());
        };
        let (targets, levels) = (organization.targets.len(), guards.scps.len());
        let bound = !guards.management_account && organization.scps_enabled;
        (bound && targets != levels)
            .then(|| format!("the organization has {targets} targets above the account, and {levels} levels of SCPs"))
    }

    /// Every policy document in the account, with the words that name its place.
    pub fn policy_texts(&self) -> impl Iterator<Item = (String, &crate::policy::PolicyText)> {
        let users = self.users.values().flat_map(|user| {
            user.inline
                .iter()
                .map(move |(name, text)| (format!("inline policy `{name}` of user `{}`", user.name), text))
        });
        let groups = self.groups.values().flat_map(|group| {
            group
                .inline
                .iter()
                .map(move |(name, text)| (format!("inline policy `{name}` of group `{}`", group.name), text))
        });
        let roles = self.roles.values().flat_map(|role| {
            let trust = (format!("trust policy of role `{}`", role.name), &role.trust);
            let inline = role
                .inline
                .iter()
                .map(move |(name, text)| (format!("inline policy `{name}` of role `{}`", role.name), text));
            std::iter::once(trust).chain(inline)
        });
        let managed = self.policies.iter().flat_map(|(arn, policy)| {
            policy
                .versions
                .iter()
                .map(move |(version, held)| (format!("version {version} of managed policy `{arn}`"), &held.document))
        });
        let resources = self
            .resources
            .iter()
            .flatten()
            .filter_map(|(arn, resource)| Some((format!("policy of resource `{arn}`"), resource.policy.as_ref()?)));
        let guards = self.guards.iter();
        let guards = guards.flat_map(|guards| guards.scps.iter().flatten().chain(&guards.rcps));
        let guards = guards.map(|(name, text)| (format!("organization's policy `{name}`"), text));
        users
            .chain(groups)
            .chain(roles)
            .chain(managed)
            .chain(resources)
            .chain(guards)
    }
}
