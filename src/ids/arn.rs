//! ARNs, and the principals of IAM and STS that ARNs name.

use super::{AccountId, IdError, shown_as_text};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns>
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(String);
shown_as_text!(Arn);

impl Arn {
    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The n-th of the six parts; empty when it is missing, which parsing rules out.
    fn part(&self, n: usize) -> &str {
        self.0.splitn(6, ':').nth(n).unwrap_or_default()
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, ...
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// `iam`, `s3`, ...
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The account, where the ARN has one (S3 buckets have none; AWS managed policies say `aws`).
    pub fn account(&self) -> Option<AccountId> {
        self.part(4).parse().ok()
    }

    /// All behind the fifth colon.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The last segment of the resource: a role's or user's name without its path.
    pub fn name(&self) -> &str {
        self.resource().rsplit('/').next().unwrap_or_default()
    }

    /// An IAM ARN such as `arn:aws:iam::123456789012:user/path/name`; `path` begins and ends with `/`.
    pub fn iam(partition: &str, account: &AccountId, kind: &str, path: &str, name: &str) -> Arn {
        Arn(format!("arn:{partition}:iam::{account}:{kind}{path}{name}"))
    }

    /// An STS ARN such as `arn:aws:sts::123456789012:assumed-role/role/session`.
    pub fn sts(partition: &str, account: &AccountId, resource: &str) -> Arn {
        Arn(format!("arn:{partition}:sts::{account}:{resource}"))
    }
}

impl FromStr for Arn {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let shaped = text.starts_with("arn:") && text.splitn(6, ':').count() == 6;
        if shaped {
            Ok(Arn(text.to_owned()))
        } else {
            Err(IdError::new(
                text,
                "an ARN: arn:partition:service:region:account:resource",
            ))
        }
    }
}

/// Who an ARN names, where it names a principal of IAM or STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalArn {
    /// The root user: `arn:aws:iam::A:root`.
    Root,
    /// An IAM user, by name without path.
    User(String),
    /// A role, by name without path.
    Role(String),
    /// A role session: role name (ARNs of sessions omit the path) and session name.
    RoleSession {
        /// The role's name.
        role: String,
        /// The role session name.
        session: String,
    },
    /// A GetFederationToken session, by its federated name.
    FederatedUser(String),
}

impl PrincipalArn {
    /// The role's name in the ARN of a role session, without making a copy of anything; `None` for any other text.
    pub(crate) fn role_of_session(arn: &str) -> Option<&str> {
        let mut parts = arn.strip_prefix("arn:")?.splitn(5, ':').skip(1);
        let (service, resource) = (parts.next()?, parts.nth(2)?);
        let (role, _) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
        (service == "sts").then_some(role)
    }

    /// The user or role whose rights it acts with, or root; `None` for a federated user, whose name doesn't tell his user.
    pub fn principal(self) -> Option<PrincipalArn> {
        match self {
            PrincipalArn::RoleSession { role, .. } => Some(PrincipalArn::Role(role)),
            PrincipalArn::FederatedUser(_) => None,
            other => Some(other),
        }
    }

    /// The principal that `arn` names; `None` when it names something else.
    pub fn of(arn: &Arn) -> Option<PrincipalArn> {
        let (kind, rest) = match arn.resource().split_once('/') {
            Some((kind, rest)) => (kind, rest),
            None => (arn.resource(), ""),
        };
        match (arn.service(), kind) {
            ("iam", "root") => Some(PrincipalArn::Root),
            ("iam", "user") => Some(PrincipalArn::User(arn.name().to_owned())),
            ("iam", "role") => Some(PrincipalArn::Role(arn.name().to_owned())),
            ("sts", "federated-user") => Some(PrincipalArn::FederatedUser(rest.to_owned())),
            ("sts", "assumed-role") => {
                let (role, session) = rest.split_once('/')?;
                Some(PrincipalArn::RoleSession {
                    role: role.to_owned(),
                    session: session.to_owned(),
                })
            }
            _ => None,
        }
    }
}
