//! The verbs. Each change sets one *member* of the account (a key's status, one inline policy, one membership) to one
//! *setting*, so every verb can be looked at before, done, read back and turned round in the same way.
//!
//! What a member may be (one file each): it is read with one call where AWS has one; writing it needs the
//! permissions that it names; its inverse is exact, or says what is lost; writing what is already so is no call at all.

mod access_key;
mod attachment;
mod body;
mod boundary;
mod group_membership;
mod held;
mod known;
mod login_profile;
mod managed_policy;
mod mfa_device;
pub mod revoke;
mod role;
mod role_policy;
pub mod service_control;
mod service_credential;
mod signing_certificate;
mod ssh_key;
mod text;
mod user;
mod user_policy;

pub use held::held_by;
pub use known::known;

use crate::account::KeyStatus;
use crate::ids::{AccessKeyId, Arn};
use crate::mount::{AwsError, Clients, Trouble, Writable};
use crate::policy::PolicyText;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every action on everything, without a condition: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html>
pub const DENY_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// One thing in an account that a verb can set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "member", rename_all = "snake_case", deny_unknown_fields)]
pub enum Member {
    /// The status of an access key; absent when the key is deleted.
    AccessKey {
        /// The user who holds it.
        user: String,
        /// The key.
        key: AccessKeyId,
    },
    /// An inline policy of a user.
    UserPolicy {
        /// The user.
        user: String,
        /// The policy's name.
        name: String,
    },
    /// An inline policy of a role.
    RolePolicy {
        /// The role.
        role: String,
        /// The policy's name.
        name: String,
    },
    /// Who may assume a role.
    TrustPolicy {
        /// The role.
        role: String,
    },
    /// A managed policy's attachment to a role.
    RoleAttachment {
        /// The role.
        role: String,
        /// The policy.
        policy: Arn,
    },
    /// A role itself.
    Role {
        /// The role.
        role: String,
    },
    /// A managed policy of the account itself.
    ManagedPolicy {
        /// The policy.
        policy: Arn,
    },
    /// A managed policy's attachment to a user.
    Attachment {
        /// The user.
        user: String,
        /// The policy.
        policy: Arn,
    },
    /// A user's permissions boundary.
    Boundary {
        /// The user.
        user: String,
    },
    /// A role's permissions boundary.
    RoleBoundary {
        /// The role.
        role: String,
    },
    /// A user's membership in a group.
    GroupMembership {
        /// The user.
        user: String,
        /// The group.
        group: String,
    },
    /// A user's console password.
    LoginProfile {
        /// The user.
        user: String,
    },
    /// An MFA device's assignment to a user.
    MfaDevice {
        /// The user.
        user: String,
        /// The serial number.
        serial: String,
    },
    /// A virtual MFA device itself, once it is assigned to nobody.
    VirtualMfaDevice {
        /// The serial ARN.
        serial: String,
    },
    /// A user's signing certificate.
    SigningCertificate {
        /// The user.
        user: String,
        /// The certificate's ID.
        id: String,
    },
    /// A user's SSH public key.
    SshPublicKey {
        /// The user.
        user: String,
        /// The key's ID.
        id: String,
    },
    /// A user's service-specific credential.
    ServiceSpecificCredential {
        /// The user.
        user: String,
        /// The credential's ID.
        id: String,
    },
    /// A service control policy at the account, or at an organizational unit or root above it.
    ServiceControlPolicy {
        /// Its name.
        name: String,
        /// What it is attached to: the account's number, `ou-…` or `r-…`.
        target: String,
    },
    /// The user itself.
    User {
        /// The user.
        user: String,
    },
}

/// What a member is, or is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// It is not there.
    Absent,
    /// It is there, and there is no more to say of it.
    Present,
    /// An access key with this status.
    Status(KeyStatus),
    /// A policy with this document.
    Document(PolicyText),
    /// A boundary with this policy.
    Policy(Arn),
    /// A public key or certificate with this body, active.
    Body(String),
    /// The same, but not active.
    Dormant(String),
    /// A user with this path and these tags.
    Identity {
        /// The path.
        path: String,
        /// The tags.
        tags: BTreeMap<String, String>,
    },
}

impl Setting {
    /// Whether two settings are the same thing; documents are compared as JSON, since white space says nothing.
    pub fn same_as(&self, other: &Setting) -> bool {
        match (self, other) {
            (Setting::Document(one), Setting::Document(two)) => {
                let json = |text: &PolicyText| serde_json::from_str::<serde_json::Value>(text.as_str()).ok();
                one == two || (json(one).is_some() && json(one) == json(two))
            }
            _ => self == other,
        }
    }
}

/// One change: a member and what it is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What is set.
    pub member: Member,
    /// To what.
    pub to: Setting,
}

/// What one step of a plan does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Keep the account as it is now, before anything is changed.
    Evidence,
    /// One change.
    Change {
        /// The change.
        change: Change,
    },
    /// Deny every session that was issued up to some seconds from the step's own time.
    RevokeOlderSessions {
        /// Whose sessions.
        issuer: revoke::Issuer,
        /// How far ahead of the step's time the cut lies, in seconds, to cover propagation.
        margin_seconds: u32,
    },
    /// Wait for the changes so far to reach every endpoint.
    Hold {
        /// How long, in seconds.
        seconds: u32,
    },
    /// Look again for what was minted meanwhile, and revoke that.
    Sweep {
        /// As in `revoke_older_sessions`.
        margin_seconds: u32,
    },
}

impl Action {
    /// Whether it changes anything in the account.
    pub fn changes(&self) -> bool {
        matches!(self, Action::Change { .. } | Action::RevokeOlderSessions { .. })
    }

    /// The member that it sets.
    pub fn member(&self) -> Option<Member> {
        match self {
            Action::Change { change } => Some(change.member.clone()),
            Action::RevokeOlderSessions { issuer, .. } => Some(issuer.member()),
            _ => None,
        }
    }

    /// What it takes away; `None` where it is no removal.
    pub fn removed(&self) -> Option<&Member> {
        match self {
            Action::Change { change } if change.to == Setting::Absent => Some(&change.member),
            _ => None,
        }
    }

    /// Whether it does to the same member what another does: takes it away, or sets it.
    pub fn has_aim_of(&self, other: &Action) -> bool {
        self.member().is_some_and(|member| other.member() == Some(member))
            && self.removed().is_some() == other.removed().is_some()
    }

    /// The change that it comes to at `now`, where its member is `before`: a revocation's cut lies at its own time.
    pub fn change_on(&self, before: &Setting, now: Moment) -> Option<Change> {
        match self {
            Action::Change { change } => Some(change.clone()),
            Action::RevokeOlderSessions { issuer, margin_seconds } => {
                Some(revoke::change(issuer, before, now, *margin_seconds))
            }
            _ => None,
        }
    }

    /// Whether it cannot be turned round in full.
    pub fn is_destructive(&self) -> bool {
        matches!(self, Action::Change { change } if change.is_destructive())
    }
}

/// How well a change can be undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inverse {
    /// By this change, and all is as it was.
    Exact(Change),
    /// By this change, but something is lost for good.
    Partial {
        /// The change.
        change: Change,
        /// What is lost.
        lost: String,
    },
    /// Not at all, for this reason.
    None(String),
}

/// A permission that a call needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Permission {
    /// `iam:PutUserPolicy`.
    pub action: String,
    /// The resource's ARN.
    pub resource: String,
}

impl Permission {
    /// The permission to do `action` on `resource`.
    pub fn new(action: &str, resource: &str) -> Self {
        Permission {
            action: action.to_owned(),
            resource: resource.to_owned(),
        }
    }

    /// Whether it is one that only reads.
    pub fn reads(&self) -> bool {
        let call = self.action.split_once(':').map_or("", |(_, call)| call);
        ["Get", "List", "Lookup"].iter().any(|verb| call.starts_with(verb))
    }
}

/// Reads what `member` is now. A user that is gone makes all its members absent.
///
/// # Errors
/// The call's failure, other than that the thing is not there.
pub async fn read(clients: &Clients, member: &Member) -> Result<Setting, AwsError> {
    let found = match member {
        Member::AccessKey { user, key } => access_key::read(clients, user, key).await,
        Member::UserPolicy { user, name } => user_policy::read(clients, user, name).await,
        Member::RolePolicy { role, name } => role_policy::read(clients, role, name).await,
        Member::TrustPolicy { role } => role::read_trust(clients, role).await,
        Member::RoleAttachment { role, policy } => role::read_attachment(clients, role, policy).await,
        Member::Role { role } => role::read(clients, role).await,
        Member::ManagedPolicy { policy } => managed_policy::read(clients, policy).await,
        Member::Attachment { user, policy } => attachment::read(clients, user, policy).await,
        Member::Boundary { user } => boundary::read(clients, user).await,
        Member::RoleBoundary { role } => boundary::read_of_role(clients, role).await,
        Member::GroupMembership { user, group } => group_membership::read(clients, user, group).await,
        Member::LoginProfile { user } => login_profile::read(clients, user).await,
        Member::MfaDevice { user, serial } => mfa_device::read(clients, user, serial).await,
        Member::VirtualMfaDevice { serial } => mfa_device::read_virtual(clients, serial).await,
        Member::SigningCertificate { user, id } => signing_certificate::read(clients, user, id).await,
        Member::SshPublicKey { user, id } => ssh_key::read(clients, user, id).await,
        Member::ServiceSpecificCredential { user, id } => service_credential::read(clients, user, id).await,
        Member::ServiceControlPolicy { name, target } => service_control::read(clients, name, target).await,
        Member::User { user } => user::read(clients, user).await,
    };
    match found {
        Err(error) if error.trouble == Trouble::NoSuchEntity => Ok(Setting::Absent),
        other => other,
    }
}

/// Makes `change`. That the thing to be removed is already gone is success.
///
/// # Errors
/// The call's failure; [`Trouble::leaves_doubt`] tells whether it may have taken effect all the same.
pub async fn write(world: Writable<'_>, change: &Change) -> Result<(), AwsError> {
    let clients = world.clients();
    let to = &change.to;
    let done = match &change.member {
        Member::AccessKey { user, key } => access_key::write(clients, user, key, to).await,
        Member::UserPolicy { user, name } => user_policy::write(clients, user, name, to).await,
        Member::RolePolicy { role, name } => role_policy::write(clients, role, name, to).await,
        Member::TrustPolicy { role } => role::write_trust(clients, role, to).await,
        Member::RoleAttachment { role, policy } => role::write_attachment(clients, role, policy, to).await,
        Member::Role { role } => role::write(clients, role, to).await,
        Member::ManagedPolicy { policy } => managed_policy::write(clients, policy, to).await,
        Member::Attachment { user, policy } => attachment::write(clients, user, policy, to).await,
        Member::Boundary { user } => boundary::write(clients, user, to).await,
        Member::RoleBoundary { role } => boundary::write_of_role(clients, role, to).await,
        Member::GroupMembership { user, group } => group_membership::write(clients, user, group, to).await,
        Member::LoginProfile { user } => login_profile::write(clients, user, to).await,
        Member::MfaDevice { user, serial } => mfa_device::write(clients, user, serial, to).await,
        Member::VirtualMfaDevice { serial } => mfa_device::write_virtual(clients, serial, to).await,
        Member::SigningCertificate { user, id } => signing_certificate::write(clients, user, id, to).await,
        Member::SshPublicKey { user, id } => ssh_key::write(clients, user, id, to).await,
        Member::ServiceSpecificCredential { user, id } => service_credential::write(clients, user, id, to).await,
        Member::ServiceControlPolicy { name, target } => service_control::write(clients, name, target, to).await,
        Member::User { user } => user::write(clients, user, to).await,
    };
    match done {
        Err(error) if error.trouble == Trouble::NoSuchEntity && *to == Setting::Absent => Ok(()),
        other => other,
    }
}

/// A change that its member has no call for; the plan never makes one.
fn no_such_change(operation: &str) -> AwsError {
    AwsError {
        operation: operation.to_owned(),
        trouble: Trouble::Refused,
        code: None,
        message: "this program has no call for that change; nothing was sent".to_owned(),
    }
}

impl Change {
    /// Whether it takes power away and can be turned round: a key made inactive, a deny put there. It comes to the same whatever the member
    /// was before.
    pub fn is_cut(&self) -> bool {
        match (&self.member, &self.to) {
            (Member::AccessKey { .. } | Member::ServiceSpecificCredential { .. }, Setting::Status(status)) => {
                *status == KeyStatus::Inactive
            }
            (Member::UserPolicy { .. } | Member::RolePolicy { .. }, Setting::Document(document)) => {
                document.denies_everything_somewhere()
            }
            (Member::Boundary { .. } | Member::RoleBoundary { .. }, Setting::Policy(policy))
            | (Member::Attachment { policy, .. } | Member::RoleAttachment { policy, .. }, Setting::Present) => {
                crate::account::deny_all_arn(policy.partition()).as_ref() == Some(policy)
            }
            _ => false,
        }
    }

    /// The change that would bring back `before`, and what it cannot bring back.
    pub fn inverse(&self, before: &Setting) -> Inverse {
        let change = Change {
            member: body::uploaded(&self.member, before),
            to: before.clone(),
        };
        let lost = match (&self.member, &self.to, before) {
            (Member::AccessKey { .. }, Setting::Absent, _) => {
                return Inverse::None("a deleted access key cannot be restored".to_owned());
            }
            (Member::Role { .. } | Member::ManagedPolicy { .. }, Setting::Absent, _) => {
                return Inverse::None(
                    "what the intruder made is not made again; the evidence shows what it was".to_owned(),
                );
            }
            (Member::LoginProfile { .. }, Setting::Absent, _) => {
                return Inverse::None(
                    "the password is not known to anybody but its owner: a new one must be set".to_owned(),
                );
            }
            (Member::MfaDevice { .. } | Member::VirtualMfaDevice { .. }, Setting::Absent, _) => {
                return Inverse::None("the device's seed is not known: the owner must enrol a device again".to_owned());
            }
            (Member::ServiceSpecificCredential { .. }, Setting::Absent, _) => {
                return Inverse::None("a deleted service-specific credential cannot be restored".to_owned());
            }
            (Member::SshPublicKey { .. }, Setting::Absent, Setting::Body(_) | Setting::Dormant(_)) => {
                "its ID and the time of its upload: the key uploaded again gets new ones, and whoever signs in with the ID must be told"
            }
            (Member::SigningCertificate { .. }, Setting::Absent, Setting::Body(_) | Setting::Dormant(_)) => {
                "its ID and the time of its upload: the certificate uploaded again gets new ones"
            }
            (Member::SshPublicKey { .. } | Member::SigningCertificate { .. }, Setting::Absent, _) => {
                return Inverse::None("its body could not be read".to_owned());
            }
            (Member::User { .. }, Setting::Absent, _) => {
                "its unique ID: policies and logs that name the old ID do not mean the new user; keys, passwords and devices stay gone"
            }
            _ => return Inverse::Exact(change),
        };
        Inverse::Partial {
            change,
            lost: lost.to_owned(),
        }
    }
}
