//! Temporary credentials. AWS has no list of them: they are known from the trail, or because the twin issued them.

use super::Tags;
use crate::ids::{AccessKeyId, Arn};
use crate::policy::PolicyText;
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// One temporary credential, without its secret and its token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Its access key ID. Not unique by itself: with `holder` and `issued` it is.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
    pub key: AccessKeyId,
    /// Whose permissions it carries.
    pub holder: Holder,
    /// Which call issues such credentials.
    pub kind: SessionKind,
    /// When it was issued: `aws:TokenIssueTime`.
    pub issued: Moment,
    /// When it ends by itself.
    pub expires: Moment,
    /// Whether MFA was given when it was issued; `null` where that isn't known. Where nothing is said, none was.
    #[serde(default = "without_mfa")]
    pub mfa: Option<bool>,
    /// The inline session policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyText>,
    /// Managed policies passed as session policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<Arn>,
    /// The source identity, which stays through role chains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// Session tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Whether it may have more tags, or a source identity: how it was issued isn't known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_untold: bool,
    /// The credential that asked for it; `None` when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minted_by: Option<AccessKeyId>,
}

fn without_mfa() -> Option<bool> {
    Some(false)
}

/// Whose permissions a session carries, with the unique ID that must still belong to that name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Holder {
    /// An IAM user (GetSessionToken).
    User {
        /// The user's name.
        name: String,
        /// The user's unique ID, `AIDA…`.
        id: String,
    },
    /// A federated user of an IAM user (GetFederationToken).
    FederatedUser {
        /// The IAM user who issued it and whose policies bound it.
        user: String,
        /// That user's unique ID.
        user_id: String,
        /// The federated name.
        name: String,
    },
    /// A role session.
    Role {
        /// The role's name.
        name: String,
        /// The role's unique ID, `AROA…`.
        id: String,
        /// The role session name.
        session: String,
    },
    /// The root user.
    Root,
}

/// Which call issues a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SessionKind {
    /// GetSessionToken.
    GetSessionToken,
    /// GetFederationToken.
    GetFederationToken,
    /// AssumeRole with a long-term key or a GetSessionToken session.
    AssumeRole,
    /// AssumeRole with a role session in front: role chaining, capped at one hour.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html>
    ChainedAssumeRole,
    /// AssumeRoleWithSAML or AssumeRoleWithWebIdentity.
    FederatedAssumeRole,
    /// The console, `aws login`, CloudShell: no mint in the trail.
    Console,
}
