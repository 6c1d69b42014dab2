//! Users, groups, roles and managed policies.

use super::Credentials;
use crate::ids::Arn;
use crate::policy::PolicyText;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// An IAM user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The friendly name, without path.
    pub name: String,
    /// The path, `/` or `/a/b/`.
    pub path: String,
    /// The unique ID, `AIDA…`; a user made again under the same name has another.
    pub id: String,
    /// When the user was created.
    pub created: Moment,
    /// Tags on the user.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    /// Inline policies by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline: BTreeMap<String, PolicyText>,
    /// Attached managed policies.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attached: BTreeSet<Arn>,
    /// Names of the groups that the user is in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// The managed policy that is the permissions boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Arn>,
    /// Everything that the user can sign in or sign with; `None` when it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
}

impl User {
    /// Whether the user's access keys were read.
    pub fn access_keys_were_read(&self) -> bool {
        self.credentials
            .as_ref()
            .is_some_and(Credentials::access_keys_were_read)
    }
}

/// An IAM group. Its members are known from [`User::groups`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The friendly name.
    pub name: String,
    /// The path.
    pub path: String,
    /// The unique ID, `AGPA…`.
    pub id: String,
    /// When the group was created.
    pub created: Moment,
    /// Inline policies by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline: BTreeMap<String, PolicyText>,
    /// Attached managed policies.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attached: BTreeSet<Arn>,
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The friendly name.
    pub name: String,
    /// The path.
    pub path: String,
    /// The unique ID, `AROA…`.
    pub id: String,
    /// When the role was created.
    pub created: Moment,
    /// Who may assume the role.
    pub trust: PolicyText,
    /// The longest session in seconds, 3,600 to 43,200; `None` when it was not read (only GetRole tells it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_session_seconds: Option<u32>,
    /// Tags on the role.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: Tags,
    /// Inline policies by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inline: BTreeMap<String, PolicyText>,
    /// Attached managed policies.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attached: BTreeSet<Arn>,
    /// The managed policy that is the permissions boundary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Arn>,
    /// Instance profiles that the role is in, by name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub instance_profiles: BTreeSet<String>,
}

impl Role {
    /// Why IAM would refuse to change this role, if it would: service-linked roles belong to their
    /// service, Identity Center's to the permission set.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>
    pub fn unmodifiable(&self) -> Option<&'static str> {
        if self.path.starts_with("/aws-service-role/") {
            Some("a service-linked role: its policies belong to the service")
        } else if self.path.starts_with("/aws-reserved/") {
            Some("a role of IAM Identity Center: change the permission set, or use an SCP")
        } else {
            None
        }
    }
}

/// A managed policy, the customer's or AWS's (account `aws` in its ARN).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedPolicy {
    /// The friendly name.
    pub name: String,
    /// The path.
    pub path: String,
    /// The unique ID, `ANPA…`.
    pub id: String,
    /// When the policy was created.
    pub created: Moment,
    /// The version in force, such as `v1`.
    pub default_version: String,
    /// All versions by name (`v1`, ...), five at most.
    pub versions: BTreeMap<String, PolicyVersion>,
}

impl ManagedPolicy {
    /// The document in force.
    pub fn document(&self) -> Option<&PolicyText> {
        self.versions
            .get(&self.default_version)
            .map(|version| &version.document)
    }
}

/// One version of a managed policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyVersion {
    /// The document.
    pub document: PolicyText,
    /// When the version was created.
    pub created: Moment,
}
