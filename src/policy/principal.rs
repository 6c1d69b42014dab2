//! Who makes a request, as policies see it.

use crate::ids::{AccountId, Arn};
use serde::Serialize;

/// The caller as policies see it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// Which kind of caller.
    pub kind: PrincipalKind,
    /// The account that the caller belongs to.
    pub account: AccountId,
    /// `aws:PrincipalArn`: of a role session the *role's* ARN, never the session's.
    pub arn: Arn,
    /// The ARN of the session itself (`arn:aws:sts::A:assumed-role/R/s`, `…:federated-user/n`), where there is one.
    pub session_arn: Option<Arn>,
    /// `aws:userid`: `AIDA…`, `AROA…:session`, `account:fedname`, or the account for root.
    pub user_id: String,
    /// For a federated user, the ARN of the IAM user whose policies bound it.
    pub issuer_arn: Option<Arn>,
}

impl Principal {
    /// Whether it is a session of a service-linked role, which organizations' policies don't bind.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub(crate) fn is_service_linked(&self) -> bool {
        self.kind == PrincipalKind::RoleSession && self.arn.as_str().contains(":role/aws-service-role/")
    }
}

/// Kinds of callers that evaluation tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum PrincipalKind {
    /// The account's root user.
    Root,
    /// An IAM user by long-term key or by GetSessionToken.
    User,
    /// A GetFederationToken session.
    FederatedUser,
    /// A role session.
    RoleSession,
    /// An AWS service; `user_id` is its name, such as `ec2.amazonaws.com`.
    Service,
    /// Somebody who comes with the token of an identity provider; `user_id` is the provider.
    Federated,
    /// Nobody.
    Anonymous,
}
