//! The stage: a twin built from a scenario, on which the moves are made by the credentials of who makes them.

use super::scenario::{Move, Scenario};
use crate::account::{
    AccessKey, Account, Credentials, Group, KeyStatus, LoginProfile, ManagedPolicy, PolicyVersion, Resource, Role,
    Root, User, aws_managed,
};
use crate::ids::{AccessKeyId, AccountId, Arn};
use crate::policy::PolicyText;
use crate::time::{ManualClock, Moment};
use crate::twin::intruder::{CATALOGUE as INTRUDERS, Intruder, Script};
use crate::twin::{Fault, Keys, Node, State, Twin};
use std::collections::{BTreeMap, BTreeSet};

/// Where the attacker calls from, and where everybody else does: of the blocks that are kept for documentation, RFC 5737.
const ATTACKER_IP: &str = "203.0.113.66";
const HOUSE_IP: &str = "198.51.100.7";

/// Why a scenario could not be set up or played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StageError {
    /// A value is none of its kind.
    #[error("{0}")]
    Value(String),
    /// A policy is malformed.
    #[error("{place}: {error}")]
    Policy {
        /// Whose.
        place: String,
        /// What is wrong.
        error: crate::policy::PolicyError,
    },
    /// A move went otherwise than the scenario says.
    #[error("the move at minute {minute} by `{by}` ({call}) {what}")]
    Move {
        /// When.
        minute: i64,
        /// By whom.
        by: String,
        /// Which call.
        call: String,
        /// What went wrong.
        what: String,
    },
}

/// A move as it was made, for the transcript.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Told {
    /// When.
    pub at: Moment,
    /// By which credential, by name.
    pub by: String,
    /// What it was.
    pub says: String,
    /// Whether it was the attacker's.
    pub attacker: bool,
}

/// A twin with named credentials.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The twin.
    pub twin: Twin,
    /// Its clock.
    pub clock: ManualClock,
    /// Credentials by the scenario's names.
    pub names: BTreeMap<String, AccessKeyId>,
    /// Names of credentials that are the attacker's, in the order in which he got them.
    pub attackers: Vec<String>,
    /// The moves so far.
    pub told: Vec<Told>,
}

fn value<T: std::str::FromStr>(text: &str) -> Result<T, StageError>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error: T::Err| StageError::Value(error.to_string()))
}

fn policies(place: &str, texts: &BTreeMap<String, String>) -> Result<BTreeMap<String, PolicyText>, StageError> {
    let each = texts
        .iter()
        .map(|(name, text)| Ok((name.clone(), policy(&format!("policy `{name}` of {place}"), text)?)));
    each.collect()
}

fn policy(place: &str, text: &str) -> Result<PolicyText, StageError> {
    let text = PolicyText::new(text);
    text.parse().map_err(|error| StageError::Policy {
        place: place.to_owned(),
        error,
    })?;
    Ok(text)
}

fn arns(texts: &[String]) -> Result<BTreeSet<Arn>, StageError> {
    texts.iter().map(|text| value(text)).collect()
}

impl Stage {
    /// Sets the stage with its first move at `start`. Nothing is played yet.
    ///
    /// # Errors
    /// What in the scenario cannot be.
    pub fn set(scenario: &Scenario, start: Moment) -> Result<Stage, StageError> {
        let id: AccountId = value(&scenario.account)?;
        let mut state = State::new(Account::empty(id), Vec::new(), scenario.seed);
        let created = start.plus_seconds(-90 * 86_400);
        let mut names = BTreeMap::new();
        state.account.root = Some(Root {
            access_keys: 0,
            mfa: true,
        });
        state.account.resources = Some(BTreeMap::new());
        groups(scenario, &mut state, created)?;
        users(scenario, &mut state, &mut names, created)?;
        roles(scenario, &mut state, created)?;
        buckets(scenario, &mut state)?;
        used_policies(&mut state.account, created)?;
        let clock = ManualClock::starting_at(start);
        Ok(Stage {
            twin: Twin::on_manual_clock(state, clock.clone()),
            clock,
            names,
            attackers: vec![scenario.stolen.clone()],
            told: Vec::new(),
        })
    }

    /// Plays every move of the scenario.
    ///
    /// # Errors
    /// A move went otherwise than the scenario says.
    pub fn play(&mut self, scenario: &Scenario) -> Result<(), StageError> {
        let start = self.twin.now();
        for made in &scenario.moves {
            self.clock.advance_to(start.plus_seconds(made.minute * 60));
            self.make(made)?;
        }
        self.clock.advance_to(start.plus_seconds(scenario.length_seconds()));
        self.let_loose(scenario)
    }

    /// From here on the scenario's intruder, where it has one, acts by himself.
    fn let_loose(&mut self, scenario: &Scenario) -> Result<(), StageError> {
        let texts = INTRUDERS.iter();
        let mut texts = texts.filter(|(name, _)| scenario.intruder.as_deref() == Some(*name));
        let (Some((_, text)), Some(keys)) = (texts.next(), self.keys(&scenario.stolen)) else {
            return Ok(());
        };
        let script = Script::parse(text).map_err(|error| StageError::Value(error.to_string()))?;
        let intruder = Intruder::new(script, keys, scenario.seed, self.twin.now());
        self.twin = self.twin.clone().inhabited_by(intruder);
        Ok(())
    }

    /// Gives names to the credentials that the intruder has got by himself: I1, I2, ...
    pub fn meet_intruder(&mut self) {
        let fresh = self.twin.intruder_holds();
        let known: BTreeSet<AccessKeyId> = self.names.values().cloned().collect();
        for key in fresh.into_iter().filter(|key| !known.contains(key)) {
            let count = self.attackers.iter().filter(|name| name.starts_with('I')).count();
            self.got(&format!("I{}", count + 1), key, true);
        }
    }

    /// The keys of a named credential.
    pub fn keys(&self, name: &str) -> Option<Keys> {
        self.names.get(name).map(|key| self.twin.keys(key))
    }

    fn make(&mut self, made: &Move) -> Result<(), StageError> {
        let wrong = |what: String| StageError::Move {
            minute: made.minute,
            by: made.by.clone(),
            call: made.call.clone(),
            what,
        };
        let keys = self
            .keys(&made.by)
            .ok_or_else(|| wrong("is by a credential that nobody has".to_owned()))?;
        let ip = if made.innocent { HOUSE_IP } else { ATTACKER_IP };
        self.told.push(Told {
            at: self.twin.now(),
            by: made.by.clone(),
            says: made.says.clone(),
            attacker: !made.innocent,
        });
        let outcome = self.call(&keys, &made.call, &made.params, made.resource.as_deref(), ip);
        match outcome {
            Ok(_) if made.fails => Err(wrong("succeeded, and the scenario says that it fails".to_owned())),
            Err(fault) if !made.fails => Err(wrong(format!("failed: {}: {}", fault.code, fault.message))),
            Err(_) => Ok(()),
            Ok(node) => {
                if let Some(name) = &made.gives {
                    let key = minted(&node).ok_or_else(|| wrong("gave no credential".to_owned()))?;
                    self.got(name, key, !made.innocent);
                }
                Ok(())
            }
        }
    }

    /// Remembers a credential under a name.
    pub fn got(&mut self, name: &str, key: AccessKeyId, attacker: bool) {
        self.names.insert(name.to_owned(), key);
        if attacker {
            self.attackers.push(name.to_owned());
        }
    }

    /// Makes a call by a credential: a signed one to IAM and STS, a plain one to any other service.
    ///
    /// # Errors
    /// The service's error.
    pub fn call(
        &self,
        keys: &Keys,
        call: &str,
        params: &BTreeMap<String, String>,
        resource: Option<&str>,
        source_ip: &str,
    ) -> Result<Node, Fault> {
        match call.split_once(':') {
            Some((service @ ("iam" | "sts"), operation)) => {
                let params: Vec<(&str, &str)> = params
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                self.twin.call(keys, service, operation, &params, source_ip)
            }
            _ => self
                .twin
                .plain(keys, call, resource.unwrap_or("*"), source_ip)
                .map(|()| Node::empty()),
        }
    }

    /// The same call as the attacker makes it.
    ///
    /// # Errors
    /// The service's error.
    pub fn attack(
        &self,
        name: &str,
        call: &str,
        params: &BTreeMap<String, String>,
        resource: Option<&str>,
    ) -> Result<Node, Fault> {
        let keys = self
            .keys(name)
            .ok_or_else(|| Fault::new(403, "InvalidClientTokenId", "nobody has it"))?;
        self.call(&keys, call, params, resource, ATTACKER_IP)
    }

    /// Another stage in the same state.
    pub fn fork(&self) -> Stage {
        let clock = ManualClock::starting_at(self.twin.now());
        Stage {
            twin: self.twin.fork_on(clock.clone()),
            clock,
            names: self.names.clone(),
            attackers: self.attackers.clone(),
            told: self.told.clone(),
        }
    }
}

/// The access key ID in the answer of a call that mints.
pub(super) fn minted(node: &Node) -> Option<AccessKeyId> {
    let credentials = node.get("Credentials").or_else(|| node.get("AccessKey"))?;
    credentials.get("AccessKeyId")?.as_text()?.parse().ok()
}

fn groups(scenario: &Scenario, state: &mut State, created: Moment) -> Result<(), StageError> {
    for row in &scenario.group {
        let group = Group {
            name: row.name.clone(),
            path: "/".to_owned(),
            id: state.mint.unique_id("AGPA", &state.account.id),
            created,
            inline: policies(&format!("group `{}`", row.name), &row.inline)?,
            attached: arns(&row.attached)?,
        };
        state.account.groups.insert(row.name.clone(), group);
    }
    Ok(())
}

fn users(
    scenario: &Scenario,
    state: &mut State,
    names: &mut BTreeMap<String, AccessKeyId>,
    created: Moment,
) -> Result<(), StageError> {
    for row in &scenario.user {
        let mut held = Credentials {
            login_profile: row.password.then_some(LoginProfile {
                created,
                password_reset_required: false,
            }),
            ..Credentials::default()
        };
        for name in &row.keys {
            let id = state.mint.access_key_id("AKIA", &state.account.id);
            names.insert(name.clone(), id.clone());
            held.access_keys.push(AccessKey {
                id,
                status: KeyStatus::Active,
                created,
                last_used: None,
            });
        }
        let missing = row
            .groups
            .iter()
            .find(|group| !state.account.groups.contains_key(*group));
        if let Some(group) = missing {
            return Err(StageError::Value(format!(
                "user `{}` is in group `{group}`, which is not there",
                row.name
            )));
        }
        let user = User {
            name: row.name.clone(),
            path: "/".to_owned(),
            id: state.mint.unique_id("AIDA", &state.account.id),
            created,
            tags: BTreeMap::new(),
            inline: policies(&format!("user `{}`", row.name), &row.inline)?,
            attached: arns(&row.attached)?,
            groups: row.groups.iter().cloned().collect(),
            boundary: None,
            credentials: Some(held),
        };
        state.account.users.insert(row.name.clone(), user);
    }
    Ok(())
}

fn roles(scenario: &Scenario, state: &mut State, created: Moment) -> Result<(), StageError> {
    for row in &scenario.role {
        let role = Role {
            name: row.name.clone(),
            path: "/".to_owned(),
            id: state.mint.unique_id("AROA", &state.account.id),
            created,
            trust: policy(&format!("the trust policy of role `{}`", row.name), &row.trust)?,
            max_session_seconds: Some(row.max_session_seconds.unwrap_or(3600)),
            tags: BTreeMap::new(),
            inline: policies(&format!("role `{}`", row.name), &row.inline)?,
            attached: arns(&row.attached)?,
            boundary: None,
            instance_profiles: BTreeSet::new(),
        };
        state.account.roles.insert(row.name.clone(), role);
    }
    Ok(())
}

fn buckets(scenario: &Scenario, state: &mut State) -> Result<(), StageError> {
    for row in &scenario.bucket {
        let arn: Arn = value(&format!("arn:{}:s3:::{}", state.account.partition, row.name))?;
        let text = row
            .policy
            .as_ref()
            .map(|text| policy(&format!("the policy of bucket `{}`", row.name), text))
            .transpose()?;
        let bucket = Resource {
            policy: text,
            objects: row.objects.clone(),
        };
        state.account.resources.get_or_insert_default().insert(arn, bucket);
    }
    Ok(())
}

/// AWS managed policies that are attached must be in the account, as they are when a client attaches them.
fn used_policies(account: &mut Account, created: Moment) -> Result<(), StageError> {
    let users = account.users.values().flat_map(|user| &user.attached);
    let groups = account.groups.values().flat_map(|group| &group.attached);
    let roles = account.roles.values().flat_map(|role| &role.attached);
    let used: BTreeSet<Arn> = users.chain(groups).chain(roles).cloned().collect();
    for arn in used {
        let Some((version, document)) = aws_managed(&arn) else {
            return Err(StageError::Value(format!(
                "`{arn}` is attached, and the twin doesn't know its document"
            )));
        };
        let held = PolicyVersion {
            document: PolicyText::new(document),
            created,
        };
        let policy = ManagedPolicy {
            name: arn.name().to_owned(),
            path: "/".to_owned(),
            id: format!("ANPA{}", arn.name().to_uppercase()),
            created,
            default_version: version.to_owned(),
            versions: [(version.to_owned(), held)].into(),
        };
        account.policies.insert(arn, policy);
    }
    Ok(())
}
