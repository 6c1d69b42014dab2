//! One member of a family, and its life: minted, used, expired.

use crate::account::{Holder, Session, SessionKind, Tags};
use crate::ids::{AccessKeyId, AccountId, Arn, KeyKind};
use crate::policy::PolicyText;
use crate::time::Moment;
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
    /// A user's password or API key for one service: CodeCommit, Keyspaces, Bedrock.
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredential.html>
    ServiceSpecific,
    /// A temporary credential whose mint is not in the evidence.
    Unknown,
}

impl Kind {
    /// Whether it lives until somebody ends it, unless an end is set.
    pub fn is_permanent(self) -> bool {
        matches!(self, Kind::LongTerm | Kind::ServiceSpecific)
    }

    /// The kind in words.
    pub fn describe(self) -> &'static str {
        match self {
            Kind::LongTerm => "long-term key",
            Kind::SessionToken => "GetSessionToken session",
            Kind::FederationToken => "federation token",
            Kind::RoleSession => "role session",
            Kind::ChainedRoleSession => "chained role session",
            Kind::Console => "console session",
            Kind::ServiceSpecific => "service-specific credential",
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
    /// Others that may have signed it instead, of the family or not: the record leaves the key out, and several sessions bear what it tells of its caller.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub or_by: BTreeSet<AccessKeyId>,
    /// `AssumeRole`, ...
    pub call: String,
    /// `eventID` of the record.
    pub event: String,
    /// The address that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// What the caller's program said of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The Region that recorded it: where its LookupEvents has it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Whether MFA was given in the call.
    pub mfa: bool,
    /// The inline session policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyText>,
    /// Managed session policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<Arn>,
    /// The source identity that was set, or that came along from the caller's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// Session tags that were passed.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// By what the session was joined to this call, where no record names its key as given: a sign-in; or that the record names the user alone who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
    /// Of which key it is another one of the same session: the console has many for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<AccessKeyId>,
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
    /// What is known of its making where no key of the family made it: an unsigned call, a service, another account, somebody's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<String>,
    /// When it was issued: the mint's time, or what its own calls say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Moment>,
    /// Of a long-term key that was there before and that the family made active again: since when its calls are the family's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// Whether its own calls say that MFA was given; `None` where they say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa: Option<bool>,
    /// The source identity that its own calls or its mint tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// The session tags that it has, as far as the evidence tells: those that were passed, and those that came along.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Whether it may have more tags, or a source identity: its mint, or that of the session which asked for it, is not in the evidence.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_untold: bool,
    /// When it ends by itself; `None` for long-term keys, and when it isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Moment>,
    /// Whether the mint's record says when it ends; else the end is reckoned from the duration that was asked for or the call's default.
    #[serde(default)]
    pub expiry_is_logged: bool,
    /// What it did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
    /// Addresses that it was used from.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub source_ips: BTreeSet<String>,
    /// What the programs that used it said of themselves.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub user_agents: BTreeSet<String>,
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

    /// The first use.
    pub fn first_use(&self) -> Option<Moment> {
        self.used().map(|(first, _)| first)
    }

    /// The last use.
    pub fn last_use(&self) -> Option<Moment> {
        self.used().map(|(_, last)| last)
    }

    /// Whether the credential is past its own end; `None` when its end is not known.
    pub fn has_expired(&self, now: Moment) -> Option<bool> {
        match self.kind {
            Kind::LongTerm => Some(false),
            Kind::ServiceSpecific => Some(self.expires.is_some_and(|ends| now >= ends)),
            _ => self.expires.map(|ends| now >= ends),
        }
    }

    /// Whether it can still be used, as far as evidence can tell: what is past its end is dead; whether the rest lives, only the account
    /// can say.
    pub fn alive(&self, now: Moment) -> Option<bool> {
        (self.has_expired(now) == Some(true)).then_some(false)
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

    /// Whether it was issued with MFA: by what its own calls say, else by its mint; `None` where neither tells. A mint in which no MFA was given says so only
    /// where none could come along: a long-term key brings none, and who signs in elsewhere none that AWS knows of. A session may have brought its own.
    pub fn has_mfa(&self) -> Option<bool> {
        let by_mint = |mint: &Mint| match mint.mfa {
            true => Some(true),
            false if self.kind == Kind::Console => None,
            false if mint.by.kind() == KeyKind::LongTerm || self.kind == Kind::FederationToken => Some(false),
            false => None,
        };
        self.mfa.or_else(|| self.minted.as_ref().and_then(by_mint))
    }

    /// The credential as a session of an account; `None` for long-term keys and where the evidence lacks what a session needs.
    pub fn session(&self) -> Option<Session> {
        let minted = self.minted.as_ref();
        let kind = match self.kind {
            Kind::LongTerm | Kind::ServiceSpecific => return None,
            Kind::SessionToken => SessionKind::GetSessionToken,
            Kind::FederationToken => SessionKind::GetFederationToken,
            Kind::RoleSession if minted.is_some_and(|mint| mint.call.starts_with("AssumeRoleWith")) => {
                SessionKind::FederatedAssumeRole
            }
            Kind::RoleSession => SessionKind::AssumeRole,
            Kind::ChainedRoleSession => SessionKind::ChainedAssumeRole,
            Kind::Console | Kind::Unknown => SessionKind::Console,
        };
        let issued = minted
            .map(|mint| mint.at)
            .or(self.issued)
            .or_else(|| self.first_use())?;
        let mut tags = minted.map(|mint| mint.tags.clone()).unwrap_or_default();
        tags.extend(self.tags.clone());
        Some(Session {
            key: self.key.clone(),
            holder: self.holder.clone()?,
            kind,
            issued,
            // A session whose end is not known is taken to live as long as any: 36 hours.
            expires: self.expires.unwrap_or(issued.plus_seconds(129_600)),
            mfa: self.has_mfa(),
            policy: minted.and_then(|mint| mint.policy.clone()),
            policy_arns: minted.map(|mint| mint.policy_arns.clone()).unwrap_or_default(),
            source_identity: self
                .source_identity
                .clone()
                .or_else(|| minted.and_then(|mint| mint.source_identity.clone())),
            tags,
            is_untold: self.is_untold,
            minted_by: minted.map(|mint| mint.by.clone()),
        })
    }
}
