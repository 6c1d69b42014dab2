//! What must be there for a change to be made: nothing can be put on a user or role that stays gone.

use crate::account::Account;
use crate::action::{Change, Member, Setting};
use crate::ids::Arn;
use std::fmt;

/// Something that other things are put on, or that is attached to them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Thing {
    User(String),
    Role(String),
    Group(String),
    /// A managed policy of the account itself: AWS's own are always there.
    Policy(Arn),
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thing::User(name) => write!(f, "user `{name}`"),
            Thing::Role(name) => write!(f, "role `{name}`"),
            Thing::Group(name) => write!(f, "group `{name}`"),
            Thing::Policy(arn) => write!(f, "policy {arn}"),
        }
    }
}

impl Thing {
    /// The thing that the member itself is.
    pub(super) fn itself(member: &Member) -> Option<Thing> {
        match member {
            Member::User { user } => Some(Thing::User(user.clone())),
            Member::Role { role } => Some(Thing::Role(role.clone())),
            Member::ManagedPolicy { policy } => Some(Thing::Policy(policy.clone())),
            _ => None,
        }
    }

    pub(super) fn is_in(&self, account: &Account) -> bool {
        match self {
            Thing::User(name) => account.users.contains_key(name),
            Thing::Role(name) => account.roles.contains_key(name),
            Thing::Group(name) => account.groups.contains_key(name),
            Thing::Policy(arn) => account.policies.contains_key(arn),
        }
    }
}

/// What must be there for `change` to be made. To take something away nothing must.
pub(super) fn needs(change: &Change) -> Vec<Thing> {
    if change.to == Setting::Absent {
        return Vec::new();
    }
    let user = |name: &String| Thing::User(name.clone());
    let role = |name: &String| Thing::Role(name.clone());
    let policy = |arn: &Arn| arn.account().is_some().then(|| Thing::Policy(arn.clone()));
    match &change.member {
        Member::User { .. }
        | Member::Role { .. }
        | Member::ManagedPolicy { .. }
        | Member::VirtualMfaDevice { .. }
        | Member::ServiceControlPolicy { .. } => Vec::new(),
        Member::RolePolicy { role: of, .. } | Member::TrustPolicy { role: of } => vec![role(of)],
        Member::RoleAttachment { role: of, policy: arn } => [role(of)].into_iter().chain(policy(arn)).collect(),
        Member::Attachment { user: of, policy: arn } => [user(of)].into_iter().chain(policy(arn)).collect(),
        Member::GroupMembership { user: of, group } => vec![user(of), Thing::Group(group.clone())],
        Member::Boundary { user: of } => match &change.to {
            Setting::Policy(arn) => [user(of)].into_iter().chain(policy(arn)).collect(),
            _ => vec![user(of)],
        },
        Member::RoleBoundary { role: of } => match &change.to {
            Setting::Policy(arn) => [role(of)].into_iter().chain(policy(arn)).collect(),
            _ => vec![role(of)],
        },
        Member::AccessKey { user: of, .. }
        | Member::UserPolicy { user: of, .. }
        | Member::LoginProfile { user: of }
        | Member::MfaDevice { user: of, .. }
        | Member::SigningCertificate { user: of, .. }
        | Member::SshPublicKey { user: of, .. }
        | Member::ServiceSpecificCredential { user: of, .. } => vec![user(of)],
    }
}
