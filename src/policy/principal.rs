//! Who makes a request, as policies see it.

use super::Context;
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
    /// A caller who belongs to no account: a service by its name, somebody who comes with the token of the provider `name`, or
    /// nobody. `beside` fills the place of the account, which no rule asks for with such a caller.
    pub fn outside(kind: PrincipalKind, name: &str, beside: &AccountId) -> Self {
        Principal {
            kind,
            account: beside.clone(),
            arn: Arn::iam("aws", beside, "outside", "", ""),
            session_arn: None,
            user_id: name.to_owned(),
            issuer_arn: None,
        }
    }

    /// Who it is, in words.
    pub fn describe(&self) -> String {
        match (self.kind, &self.session_arn) {
            (PrincipalKind::Service, _) => format!("the service {}", self.user_id),
            (PrincipalKind::Federated, _) => format!("somebody with a token of {}", self.user_id),
            (PrincipalKind::Anonymous, _) => "somebody who is not signed in".to_owned(),
            (PrincipalKind::Root, _) => format!("the root user of {}", self.account),
            (PrincipalKind::RoleSession, None) => format!("a session of {}", self.arn),
            (_, Some(session)) => session.to_string(),
            (_, None) => self.arn.to_string(),
        }
    }

    /// Whether it is a service, a provider's or nobody's: callers that no account's policies bind.
    pub fn is_outside(&self) -> bool {
        matches!(
            self.kind,
            PrincipalKind::Service | PrincipalKind::Anonymous | PrincipalKind::Federated
        )
    }

    /// Puts the keys into `context` that AWS derives from the caller. One whose value isn't known, such as `aws:userid` without the
    /// unique ID, is free.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>,
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    pub fn put_keys(&self, context: &mut Context) {
        for absent in [
            "aws:username",
            "aws:PrincipalServiceName",
            "aws:PrincipalServiceNamesList",
        ] {
            context.set_absent(absent);
        }
        if self.is_outside() {
            return self.put_outside_keys(context);
        }
        context.set("aws:PrincipalIsAWSService", "false");
        if matches!(self.kind, PrincipalKind::User | PrincipalKind::FederatedUser) {
            // Properties of sessions that AWS issues to compute, which are role sessions.
            for compute in COMPUTE_KEYS {
                context.set_absent(compute);
            }
        }
        // Policies see a role session under its role's ARN, a federated user under its own.
        let arn = match (&self.kind, &self.session_arn) {
            (PrincipalKind::FederatedUser, Some(arn)) => arn,
            _ => &self.arn,
        };
        context.set("aws:PrincipalArn", arn.as_str());
        context.set("aws:PrincipalAccount", self.account.as_str());
        context.set("aws:PrincipalType", self.kind.principal_type());
        match self.user_id.split(':').any(str::is_empty) {
            true => context.set_untold("aws:userid"),
            false => context.set("aws:userid", &self.user_id),
        }
        if self.kind == PrincipalKind::User {
            context.set("aws:username", self.arn.name());
        }
    }

    fn put_outside_keys(&self, context: &mut Context) {
        context.set_absent("aws:PrincipalArn");
        context.set_absent("aws:PrincipalIsAWSService");
        match self.kind {
            PrincipalKind::Anonymous => {
                context.set("aws:PrincipalAccount", "anonymous");
                context.set("aws:PrincipalType", self.kind.principal_type());
                context.set("aws:userid", "anonymous");
            }
            kind => {
                for unsaid in ["aws:PrincipalAccount", "aws:PrincipalType", "aws:userid"] {
                    context.set_free(unsaid);
                }
                if kind == PrincipalKind::Service {
                    context.set_free("aws:PrincipalArn");
                    context.set("aws:PrincipalIsAWSService", "true");
                    context.set("aws:PrincipalServiceName", &self.user_id);
                    // A service may have further names.
                    context.set_free("aws:PrincipalServiceNamesList");
                }
            }
        }
    }

    /// Whether it is a session of a service-linked role, which organizations' policies don't bind.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub(crate) fn is_service_linked(&self) -> bool {
        self.kind == PrincipalKind::RoleSession && self.arn.as_str().contains(":role/aws-service-role/")
    }
}

const COMPUTE_KEYS: [&str; 6] = [
    "ec2:SourceInstanceArn",
    "ec2:RoleDelivery",
    "aws:Ec2InstanceSourceVpc",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "lambda:SourceFunctionArn",
    "ssm:SourceInstanceArn",
];

impl PrincipalKind {
    /// `aws:PrincipalType`, for the kinds whose value AWS tells.
    fn principal_type(self) -> &'static str {
        match self {
            PrincipalKind::Root => "Account",
            PrincipalKind::User => "User",
            PrincipalKind::FederatedUser => "FederatedUser",
            PrincipalKind::RoleSession => "AssumedRole",
            PrincipalKind::Service => "Service",
            PrincipalKind::Federated => "Federated",
            PrincipalKind::Anonymous => "Anonymous",
        }
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
