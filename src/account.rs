//! An account as a value: entities, credentials, sessions, organization guards.
//!
//! Pure data with no behaviour of AWS: the twin changes it, the collector fills it, verdicts read it, the snapshot file
//! keeps it. What was not read is `None`, which is never the same as "there is none".

mod aws_managed;
mod credential;
mod diff;
mod entity;
mod name;
mod organization;
mod session;
mod snapshot;
mod trail;

pub use aws_managed::{aws_managed, deny_all_arn, is_quarantine};
pub use credential::{
    AccessKey, Credentials, KeyStatus, LastUsed, LoginProfile, MfaDevice, ServiceSpecificCredential,
    SigningCertificate, SshPublicKey,
};
pub use diff::{Change, diff};
pub use entity::{Group, ManagedPolicy, PolicyVersion, Role, Tags, User};
pub use name::{called, is_same_name};
pub use organization::{Organization, Responder};
pub use session::{Holder, Session, SessionKind};
pub use snapshot::{Snapshot, SnapshotError};
pub use trail::{Recorded, Trail};

use crate::ids::{AccountId, Arn, PrincipalArn};
use crate::policy::PolicyText;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All of an account that bears on who may do what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The account's number.
    pub id: AccountId,
    /// `aws`, `aws-cn`, `aws-us-gov`, ...: the second part of every ARN in it.
    pub partition: String,
    /// IAM users by name.
    #[serde(default)]
    pub users: BTreeMap<String, User>,
    /// Groups by name.
    #[serde(default)]
    pub groups: BTreeMap<String, Group>,
    /// Roles by name.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// Managed policies by ARN: the customer's own, and AWS's as far as they are in use.
    #[serde(default)]
    pub policies: BTreeMap<Arn, ManagedPolicy>,
    /// Serial ARNs of virtual MFA devices that are assigned to nobody.
    #[serde(default)]
    pub unassigned_mfa: BTreeSet<String>,
    /// What the root user holds; `None` when it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// Resources and the policies on them (buckets, keys, queues, ...), by ARN; `None` when they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<BTreeMap<Arn, Resource>>,
    /// The organization's guards; `None` when they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guards: Option<Guards>,
    /// The organization itself; `None` when it was not read, or when the guards say that there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Organization>,
    /// The trails that record the account's calls; `None` when they were not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trails: Option<Vec<Trail>>,
}

impl Account {
    /// An account with nothing in it but its number.
    pub fn empty(id: AccountId) -> Self {
        Account {
            id,
            partition: "aws".to_owned(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            unassigned_mfa: BTreeSet::new(),
            root: None,
            resources: None,
            guards: None,
            organization: None,
            trails: None,
        }
    }

    /// The ARN of the user.
    pub fn user_arn(&self, user: &User) -> Arn {
        Arn::iam(&self.partition, &self.id, "user", &user.path, &user.name)
    }

    /// The ARN of the group.
    pub fn group_arn(&self, group: &Group) -> Arn {
        Arn::iam(&self.partition, &self.id, "group", &group.path, &group.name)
    }

    /// The ARN of the role, with its path.
    pub fn role_arn(&self, role: &Role) -> Arn {
        Arn::iam(&self.partition, &self.id, "role", &role.path, &role.name)
    }

    /// The principal that `arn` acts as, as `aws:PrincipalArn` tells it: of a role session the role. `None` where the account has no such principal.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>
    pub fn principal_arn(&self, arn: &Arn) -> Option<Arn> {
        if arn.account().as_ref() != Some(&self.id) {
            return None;
        }
        match PrincipalArn::of(arn)? {
            PrincipalArn::User(name) => self.users.get(&name).map(|user| self.user_arn(user)),
            PrincipalArn::Role(name) | PrincipalArn::RoleSession { role: name, .. } => {
                self.roles.get(&name).map(|role| self.role_arn(role))
            }
            PrincipalArn::Root => Some(arn.clone()),
            PrincipalArn::FederatedUser(_) => None,
        }
    }

    /// Whether the access keys of every user were read, so that a key that isn't found isn't there.
    pub fn credentials_were_read(&self) -> bool {
        self.users.values().all(User::access_keys_were_read)
    }

    /// The user who holds `key`, with the key, as far as users' credentials were read.
    pub fn owner_of_key(&self, key: &crate::ids::AccessKeyId) -> Option<(&User, &AccessKey)> {
        self.users.values().find_map(|user| {
            let credentials = user.credentials.as_ref()?;
            let found = credentials.access_keys.iter().find(|held| held.id == *key)?;
            Some((user, found))
        })
    }
}

/// What the root user holds, as GetAccountSummary tells it.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Whether the root user has access keys (`AccountAccessKeysPresent`).
    pub access_keys: u32,
    /// Whether the root user has MFA (`AccountMFAEnabled`).
    pub mfa: bool,
}

/// One resource outside IAM, as far as it matters: it exists, and it may carry a policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The resource-based policy on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyText>,
    /// For a bucket: its objects' keys with their sizes in bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub objects: BTreeMap<String, u64>,
}

/// Policies that the organization puts over the account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// Whether this is the management account, which no SCP or RCP binds.
    #[serde(default)]
    pub management_account: bool,
    /// Service control policies by level, from the root over each OU to the account: name and document.
    #[serde(default)]
    pub scps: Vec<BTreeMap<String, PolicyText>>,
    /// Resource control policies, all levels together (they can only bite by Deny): name and document.
    #[serde(default)]
    pub rcps: BTreeMap<String, PolicyText>,
}
