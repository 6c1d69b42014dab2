//! What a trace gives, and the walk that gives it: back to the origin, forward to the fixpoint, then over what the members did.

use super::Credential;
use super::abroad;
use super::alike::entered;
use super::asker::Askers;
use super::carried::carried;
use super::cause::Cause;
use super::coverage::{Coverage, coverage};
use super::family::Family;
use super::label::labelled;
use super::lent;
use super::mint::{issues, once_each};
use super::observe::Observer;
use super::opened::let_in_by;
use super::renamed::{Bearer, Renamed};
use super::secret::ReadSecret;
use super::switch::Switches;
use super::unjudged::{self, Unjudged};
use super::untold::Untold;
use crate::account::{Holder, Session};
use crate::ids::{AccessKeyId, AccountId};
use crate::time::Moment;
use crate::trail::Evidence;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Traces the family of the `asked` keys in `evidence`. Several keys are one incident: one family, of as many origins as they come from.
pub fn trace(evidence: &Evidence, asked: &[AccessKeyId]) -> Lineage {
    let events = evidence.events();
    let mut issues = issues(&events);
    let switches = Switches::of(&events, &issues);
    switches.tell(&mut issues);
    let askers = Askers::of(&events, &issues);
    askers.tell(&mut issues);
    lent::tell(&mut issues, &events);
    abroad::tell(&mut issues);
    // Which of two records of one call tells more is only known by now.
    let mut issues = once_each(issues);
    let entered = entered(&events, &issues, &askers, &switches);
    issues.extend(entered);
    let let_in = let_in_by(&events, &issues, &askers);
    issues.extend(let_in);
    let family = Family::of(asked, &events, &issues);
    let (order, labels) = labelled(&family);
    let told = order.iter().zip(labels);
    let carried = carried(&family.members);
    let told = told.filter_map(|(place, label)| family.credential(*place, label, &carried));
    let told: Vec<Credential> = told.collect();
    let mut lineage = Lineage {
        asked: asked.to_vec(),
        credentials: told.clone(),
        attempts: Vec::new(),
        made: Vec::new(),
        bearers: Vec::new(),
        renamed: Vec::new(),
        unjudged: Vec::new(),
        untold: Vec::new(),
        secrets: Vec::new(),
        unresolved: Vec::new(),
        collisions: 0,
        refused_by_scp: Vec::new(),
        shut: BTreeMap::new(),
        untrusted: BTreeMap::new(),
        ambiguous: Vec::new(),
        on_behalf: Vec::new(),
        coverage: coverage(evidence),
    };
    let mut observer = Observer::of(&family, &order, &told, &events, &issues, (&switches, &askers));
    events.iter().for_each(|event| observer.observe(&mut lineage, event));
    observer.finish(&mut lineage);
    lineage
}

/// A mint that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The credential that tried.
    pub by: AccessKeyId,
    /// `AssumeRole`, ...
    pub call: String,
    /// The error code.
    pub error: String,
    /// What it tried to become, where the record tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How often.
    pub count: u64,
}

/// A call of the family that a service control policy refused: what is attached works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedByScp {
    /// The credential that called.
    pub by: AccessKeyId,
    /// `iam:CreateUser`, ...
    pub call: String,
    /// When.
    pub at: Moment,
    /// The message, which names the policy where the service tells it.
    /// <https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns>
    pub message: String,
}

/// Something that the family made and that outlives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The credential that made it.
    pub by: AccessKeyId,
    /// When.
    pub at: Moment,
    /// The service that was called: `iam`, `lambda`; empty in what was written before it was told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// `CreateUser`, `PutRolePolicy`, ...
    pub call: String,
    /// On what, as far as the record tells.
    pub what: String,
    /// Whether that begins with an ID, since the record names nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub names_nobody: bool,
    /// `eventID` of the record.
    pub event: String,
}

/// A session of a principal of the family that the evidence has no mint of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unresolved {
    /// Its access key ID; of a console session the first that was seen.
    pub key: AccessKeyId,
    /// Further keys of the same principal and moment of issue: a console session has many.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub more_keys: BTreeSet<AccessKeyId>,
    /// Whose it is.
    pub arn: String,
    /// When it was issued, as its calls say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Moment>,
    /// First seen.
    pub first: Moment,
    /// Last seen.
    pub last: Moment,
    /// What it may be.
    pub why: String,
    /// What it made since the family's first call that outlives it, and the roles that it assumed since: to end its principal's sessions doesn't end them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left: BTreeMap<String, Moment>,
}

/// Calls that services made with forward-access sessions of the family's principals: keys that nobody held, so no member of the family.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnBehalf {
    /// The service that called: `AWS Internal`, `secretsmanager.amazonaws.com`.
    pub by: String,
    /// On whose behalf.
    pub arn: String,
    /// The service that was called.
    pub service: String,
    /// Which call.
    pub action: String,
    /// The call that it comes from, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// How often.
    pub count: u64,
    /// First.
    pub first: Moment,
    /// Last.
    pub last: Moment,
}

/// Calls that bear a key ID of the family but not its principal or its moment of issue: another session with the same ID.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ambiguous {
    /// The key ID.
    pub key: AccessKeyId,
    /// Who called with it.
    pub arn: String,
    /// When that session was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Moment>,
    /// How many calls.
    pub calls: u64,
    /// First.
    pub first: Moment,
    /// Last.
    pub last: Moment,
}

/// A role that the family reached, in whatever account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reached {
    /// The account of the role; `None` where the evidence does not tell.
    pub account: Option<AccountId>,
    /// The name of the role.
    pub name: String,
    /// Its unique ID, `AROA…`; empty where the evidence does not tell.
    pub id: String,
}

/// A family of credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// The keys that were asked for.
    pub asked: Vec<AccessKeyId>,
    /// The members, parents before children, then by time.
    pub credentials: Vec<Credential>,
    /// Mints that were refused.
    pub attempts: Vec<Attempt>,
    /// What the family made that outlives it.
    pub made: Vec<Made>,
    /// Who bore the names of those to whom the family gave something, as far as an account showed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bearers: Vec<Bearer>,
    /// Users who were renamed or deleted, by whomever, as far as the trail was asked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// What else the family changed, of which it isn't known whether it lets anybody in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unjudged: Vec<Unjudged>,
    /// Credentials that the family was given and whose keys no record tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<Untold>,
    /// Secrets that the family read: whoever held its keys has them, and they must be changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<ReadSecret>,
    /// Sessions of the same principals without a mint in the evidence.
    pub unresolved: Vec<Unresolved>,
    /// Uses of a member's key ID that are not the member's: the moment of issue or the principal differs.
    pub collisions: u64,
    /// Those uses by session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ambiguous: Vec<Ambiguous>,
    /// What services did on behalf of the family's principals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf: Vec<OnBehalf>,
    /// The last call of the family that each service control policy refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_by_scp: Vec<RefusedByScp>,
    /// Roles of which the family said who may assume them, and that let in nobody from outside by now: since when they are seen to be so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shut: BTreeMap<String, Moment>,
    /// Kinds of identity providers that the family changed, and that no role trusts by now: since when that is seen.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub untrusted: BTreeMap<String, Moment>,
    /// What the evidence covers.
    pub coverage: Coverage,
}

impl Made {
    /// Whether it was a call of IAM: other services have users, roles and profiles too. What was written before the service was told is taken for one.
    pub fn is_of_iam(&self) -> bool {
        matches!(self.service.as_str(), "" | "iam")
    }
}

impl Lineage {
    /// The credential that all others come from; the first of them, where several keys were asked for.
    pub fn root(&self) -> Option<&Credential> {
        self.roots().next()
    }

    /// The credentials that all others come from: one, unless several keys were asked for that have no origin in common.
    pub fn roots(&self) -> impl Iterator<Item = &Credential> {
        self.credentials.iter().filter(|member| member.minted.is_none())
    }

    /// The origin that the member with this key comes from.
    pub fn root_of(&self, key: &AccessKeyId) -> Option<&Credential> {
        let mut member = self.member(key)?;
        // Each step goes one generation up; a file that was tampered with must not lead in circles.
        for _ in &self.credentials {
            match &member.minted {
                Some(mint) => member = self.member(&mint.by)?,
                None => break,
            }
        }
        Some(member)
    }

    /// The user that the family comes from, by name; of the first origin, where there are several.
    pub fn user(&self) -> Option<&str> {
        self.root().and_then(Credential::user)
    }

    /// The users that the family comes from, by name.
    pub fn users(&self) -> BTreeSet<&str> {
        self.roots().filter_map(Credential::user).collect()
    }

    /// Says who holds the origin with this key, where its own calls did not tell: a key that was never used.
    pub fn held_by(&mut self, key: &AccessKeyId, holder: Holder, account: AccountId) {
        let mut roots = self.credentials.iter_mut().filter(|member| member.minted.is_none());
        if let Some(root) = roots.find(|root| root.key == *key && root.holder.is_none()) {
            root.holder = Some(holder);
            root.account = Some(account);
        }
    }

    /// Takes in what was `known` of the same family before, and what the evidence doesn't tell now: stdin is read only once, Event history forgets after
    /// 90 days, and a user that is gone no longer tells what was theirs. Whoever was a member stays one.
    pub fn remember(&mut self, known: &Lineage) {
        let lost = known.credentials.iter().filter(|held| self.member(&held.key).is_none());
        let lost: Vec<Credential> = lost.cloned().collect();
        self.credentials.extend(lost);
        let made = known.made.iter().filter(|made| !self.made.contains(made));
        let made: Vec<Made> = made.cloned().collect();
        self.made.extend(made);
        let is_known = |read: &ReadSecret| {
            let same = |own: &ReadSecret| (&own.by, &own.call, &own.what) == (&read.by, &read.call, &read.what);
            self.secrets.iter().any(same)
        };
        let secrets = known.secrets.iter().filter(|read| !is_known(read));
        let secrets: Vec<ReadSecret> = secrets.cloned().collect();
        self.secrets.extend(secrets);
        self.remember_names(known);
        for (role, at) in &known.shut {
            self.shut.entry(role.clone()).or_insert(*at);
        }
        for (provider, at) in &known.untrusted {
            self.untrusted.entry(provider.clone()).or_insert(*at);
        }
        unjudged::remember(&mut self.unjudged, &known.unjudged);
        let untold = known.untold.iter().filter(|one| !self.untold.contains(one));
        let untold: Vec<Untold> = untold.cloned().collect();
        self.untold.extend(untold);
        let is_told = |one: &Unresolved| self.unresolved.iter().any(|known| known.key == one.key);
        let is_member = |one: &Unresolved| self.member(&one.key).is_some();
        let left = known.unresolved.iter().filter(|one| !one.left.is_empty());
        let left: Vec<Unresolved> = left.filter(|one| !is_told(one) && !is_member(one)).cloned().collect();
        self.unresolved.extend(left);
        for root in known.roots() {
            if let (Some(holder), Some(of)) = (root.holder.clone(), root.account.clone()) {
                self.held_by(&root.key, holder, of);
            }
        }
    }

    /// The member with this key.
    pub fn member(&self, key: &AccessKeyId) -> Option<&Credential> {
        self.credentials.iter().find(|member| member.key == *key)
    }

    /// Every session of the family that an account can be told of.
    pub fn sessions(&self) -> Vec<Session> {
        self.credentials.iter().filter_map(Credential::session).collect()
    }

    /// Roles that the family reached in `account`, by name, also where the key of the session isn't told.
    pub fn roles(&self, account: &AccountId) -> BTreeSet<String> {
        let here = self
            .credentials
            .iter()
            .filter(|member| member.account.as_ref().is_none_or(|of| of == account));
        let untold = self
            .untold
            .iter()
            .filter(|one| one.account.as_ref().is_none_or(|of| of == account));
        let untold = untold.filter_map(Untold::role);
        here.filter_map(Credential::role)
            .chain(untold)
            .map(str::to_owned)
            .collect()
    }

    /// Every role that the family reached, those of other accounts too.
    pub fn reached(&self) -> BTreeSet<Reached> {
        let held = self.credentials.iter().filter_map(|member| match &member.holder {
            Some(Holder::Role { name, id, .. }) => Some(Reached {
                account: member.account.clone(),
                name: name.clone(),
                id: id.clone(),
            }),
            _ => None,
        });
        held.collect()
    }
}
