//! The family and its members.

use crate::account::{Holder, Session, SessionKind, Tags};
use crate::ids::{AccessKeyId, AccountId, Arn};
use crate::policy::PolicyText;
use crate::time::Moment;
use crate::trail::Damage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A long-term key.
    LongTerm,
    /// A GetSessionToken session.
    SessionToken,
    /// A GetFederationToken session.
    FederationToken,
    /// A role session.
    RoleSession,
    /// A role session made with a role session.
    ChainedRoleSession,
    /// A console session.
    Console,
    /// A temporary credential whose mint is not in the evidence.
    Unknown,
}

impl Kind {
    /// The kind in words.
    pub fn describe(self) -> &'static str {
        match self {
            Kind::LongTerm => "long-term key",
            Kind::SessionToken => "GetSessionToken session",
            Kind::FederationToken => "federation token",
            Kind::RoleSession => "role session",
            Kind::ChainedRoleSession => "chained role session",
            Kind::Console => "console session",
            Kind::Unknown => "session of unknown origin",
        }
    }
}

/// The call that gave a credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mint {
    /// When.
    pub at: Moment,
    /// The credential that signed the call.
    pub by: AccessKeyId,
    /// `AssumeRole`, ...
    pub call: String,
    /// `eventID` of the record.
    pub event: String,
    /// The address that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// Whether MFA was given in the call.
    pub mfa: bool,
    /// The inline session policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyText>,
    /// Managed session policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<Arn>,
    /// The source identity that was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
}

/// What a credential did, by service, action and outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// `s3`.
    pub service: String,
    /// `GetObject`.
    pub action: String,
    /// The error code; `None` where the calls succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How often.
    pub count: u64,
    /// First.
    pub first: Moment,
    /// Last.
    pub last: Moment,
}

/// One member of the family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// Its label: `A`, `B`, `D1`.
    pub label: String,
    /// Its access key ID.
    pub key: AccessKeyId,
    /// What it is.
    pub kind: Kind,
    /// Whose permissions it carries, as far as the evidence tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
    /// The account of its holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The call that gave it; `None` for the origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minted: Option<Mint>,
    /// When it ends by itself; `None` for long-term keys, and when it isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Moment>,
    /// What it did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
    /// Addresses that it was used from.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub source_ips: BTreeSet<String>,
    /// Calls that services made on its behalf, with keys that nobody holds.
    #[serde(default)]
    pub forwarded: u64,
}

impl Credential {
    /// The first and the last use.
    pub fn used(&self) -> Option<(Moment, Moment)> {
        let first = self.uses.iter().map(|used| used.first).min()?;
        let last = self.uses.iter().map(|used| used.last).max()?;
        Some((first, last))
    }

    /// Whether the credential is past its own end; `None` when its end is not known.
    pub fn has_expired(&self, now: Moment) -> Option<bool> {
        match self.kind {
            Kind::LongTerm => Some(false),
            _ => self.expires.map(|ends| now >= ends),
        }
    }

    /// The role that it is a session of.
    pub fn role(&self) -> Option<&str> {
        match &self.holder {
            Some(Holder::Role { name, .. }) => Some(name),
            _ => None,
        }
    }

    /// The user whose permissions it carries or is bounded by.
    pub fn user(&self) -> Option<&str> {
        match &self.holder {
            Some(Holder::User { name, .. } | Holder::FederatedUser { user: name, .. }) => Some(name),
            _ => None,
        }
    }

    /// The credential as a session of an account; `None` for long-term keys and where the evidence lacks what a session needs.
    pub fn session(&self) -> Option<Session> {
        let minted = self.minted.as_ref();
        let kind = match self.kind {
            Kind::LongTerm => return None,
            Kind::SessionToken => SessionKind::GetSessionToken,
            Kind::FederationToken => SessionKind::GetFederationToken,
            Kind::RoleSession => SessionKind::AssumeRole,
            Kind::ChainedRoleSession => SessionKind::ChainedAssumeRole,
            Kind::Console | Kind::Unknown => SessionKind::Console,
        };
        let issued = minted
            .map(|mint| mint.at)
            .or_else(|| self.used().map(|(first, _)| first))?;
        Some(Session {
            key: self.key.clone(),
            holder: self.holder.clone()?,
            kind,
            issued,
            // A session whose end is not known is taken to live as long as any: 36 hours.
            expires: self.expires.unwrap_or(issued.plus_seconds(129_600)),
            mfa: minted.is_some_and(|mint| mint.mfa),
            policy: minted.and_then(|mint| mint.policy.clone()),
            policy_arns: minted.map(|mint| mint.policy_arns.clone()).unwrap_or_default(),
            source_identity: minted.and_then(|mint| mint.source_identity.clone()),
            tags: Tags::new(),
            minted_by: minted.map(|mint| mint.by.clone()),
        })
    }
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

/// Something that the family made and that outlives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The credential that made it.
    pub by: AccessKeyId,
    /// When.
    pub at: Moment,
    /// `CreateUser`, `PutRolePolicy`, ...
    pub call: String,
    /// On what, as far as the record tells.
    pub what: String,
    /// `eventID` of the record.
    pub event: String,
}

/// A session of a principal of the family that the evidence has no mint of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unresolved {
    /// Its access key ID.
    pub key: AccessKeyId,
    /// Whose it is.
    pub arn: String,
    /// First seen.
    pub first: Moment,
    /// Last seen.
    pub last: Moment,
    /// What it may be.
    pub why: String,
}

/// What the evidence covers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Distinct events.
    pub events: usize,
    /// Files that were read.
    pub files: u64,
    /// Records that came more than once.
    pub duplicates: u64,
    /// The earliest event.
    pub first: Option<Moment>,
    /// The latest event.
    pub last: Option<Moment>,
    /// Regions that recorded events.
    pub regions: BTreeSet<String>,
    /// Accounts that recorded events.
    pub accounts: BTreeSet<AccountId>,
    /// What could not be read.
    pub damage: Vec<Damage>,
    /// Remarks, such as "LookupEvents of us-east-1 only".
    pub notes: BTreeSet<String>,
}

/// A family of credentials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// The key that was asked for.
    pub asked: AccessKeyId,
    /// The members, parents before children, then by time.
    pub credentials: Vec<Credential>,
    /// Mints that were refused.
    pub attempts: Vec<Attempt>,
    /// What the family made that outlives it.
    pub made: Vec<Made>,
    /// Sessions of the same principals without a mint in the evidence.
    pub unresolved: Vec<Unresolved>,
    /// Uses of a member's key ID that are not the member's: the moment of issue or the principal differs.
    pub collisions: u64,
    /// What the evidence covers.
    pub coverage: Coverage,
}

impl Lineage {
    /// The credential that all others come from.
    pub fn root(&self) -> Option<&Credential> {
        self.credentials.first()
    }

    /// The user that the family comes from, by name.
    pub fn user(&self) -> Option<&str> {
        self.root().and_then(Credential::user)
    }

    /// Says who holds the origin, where its own calls did not tell: a key that was never used.
    pub fn held_by(&mut self, holder: Holder, account: AccountId) {
        if let Some(root) = self.credentials.first_mut().filter(|root| root.holder.is_none()) {
            root.holder = Some(holder);
            root.account = Some(account);
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

    /// Roles that the family reached in `account`, by name.
    pub fn roles(&self, account: &AccountId) -> BTreeSet<String> {
        let here = self
            .credentials
            .iter()
            .filter(|member| member.account.as_ref().is_none_or(|of| of == account));
        here.filter_map(|member| member.role().map(str::to_owned)).collect()
    }
}
