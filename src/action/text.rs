//! What a change is in words, which API call makes it, what it breaks, and which permissions it needs.

use super::held::{OF_ROLE, OF_USER, OF_USERS};
use super::{Change, Member, Permission, Setting};
use crate::account::{Account, KeyStatus};
use crate::ids::Arn;
use crate::policy::PolicyText;

impl Change {
    /// The change in words: "deactivate access key AKIA… of user `ann`".
    pub fn title(&self) -> String {
        let gone = self.to == Setting::Absent;
        match &self.member {
            Member::AccessKey { user, key } => match self.to {
                Setting::Status(KeyStatus::Active) => format!("activate access key {key} of user `{user}`"),
                Setting::Absent => format!("delete access key {key} of user `{user}`"),
                _ => format!("deactivate access key {key} of user `{user}`"),
            },
            Member::UserPolicy { user, name } => {
                format!("{} inline policy `{name}` {} user `{user}`", put(gone), of(gone))
            }
            Member::RolePolicy { role, name } => {
                format!("{} inline policy `{name}` {} role `{role}`", put(gone), of(gone))
            }
            Member::TrustPolicy { role } => format!("set who may assume role `{role}`"),
            Member::RoleAttachment { role, policy } if gone => format!("detach `{}` from role `{role}`", policy.name()),
            Member::RoleAttachment { role, policy } => format!("attach `{}` to role `{role}`", policy.name()),
            Member::Role { role } => format!("delete role `{role}`"),
            Member::ManagedPolicy { policy } => format!("delete managed policy `{}`", policy.name()),
            Member::Attachment { user, policy } if gone => format!("detach `{}` from user `{user}`", policy.name()),
            Member::Attachment { user, policy } => format!("attach `{}` to user `{user}`", policy.name()),
            Member::Boundary { user } => match &self.to {
                Setting::Policy(policy) => {
                    format!("make `{}` the permissions boundary of user `{user}`", policy.name())
                }
                _ => format!("remove the permissions boundary of user `{user}`"),
            },
            Member::RoleBoundary { role } => match &self.to {
                Setting::Policy(policy) => {
                    format!("make `{}` the permissions boundary of role `{role}`", policy.name())
                }
                _ => format!("remove the permissions boundary of role `{role}`"),
            },
            Member::GroupMembership { user, group } if gone => format!("take user `{user}` out of group `{group}`"),
            Member::GroupMembership { user, group } => format!("put user `{user}` into group `{group}`"),
            Member::LoginProfile { user } => format!("delete the console password of user `{user}`"),
            Member::MfaDevice { user, serial } => format!("deactivate MFA device `{serial}` of user `{user}`"),
            Member::VirtualMfaDevice { serial } => format!("delete virtual MFA device `{serial}`"),
            Member::SigningCertificate { user, id } if gone => {
                format!("delete signing certificate {id} of user `{user}`")
            }
            Member::SigningCertificate { user, .. } => format!("upload a signing certificate of user `{user}` again"),
            Member::SshPublicKey { user, id } if gone => format!("delete SSH public key {id} of user `{user}`"),
            Member::SshPublicKey { user, .. } => format!("upload an SSH public key of user `{user}` again"),
            Member::ServiceSpecificCredential { user, id } => {
                let verb = if gone { "delete" } else { "set the status of" };
                format!("{verb} service-specific credential {id} of user `{user}`")
            }
            Member::ServiceControlPolicy { name, target } => {
                let (verb, of) = if gone { ("detach", "from") } else { ("attach", "to") };
                format!("{verb} service control policy `{name}` {of} {}", target_words(target))
            }
            Member::User { user } if gone => format!("delete user `{user}`"),
            Member::User { user } => format!("create user `{user}` again"),
        }
    }

    /// The API call that makes it, with its parameters as the API names them.
    pub fn api(&self) -> String {
        let (call, gone) = (self.operation(), self.to == Setting::Absent);
        let parameters = match &self.member {
            Member::AccessKey { user, key } => match self.to {
                Setting::Status(status) => {
                    format!("UserName={user} AccessKeyId={key} Status={}", status.as_str())
                }
                _ => format!("UserName={user} AccessKeyId={key}"),
            },
            Member::UserPolicy { user, name } => format!("UserName={user} PolicyName={name}"),
            Member::RolePolicy { role, name } => format!("RoleName={role} PolicyName={name}"),
            Member::TrustPolicy { role } | Member::Role { role } => format!("RoleName={role}"),
            Member::RoleAttachment { role, policy } => format!("RoleName={role} PolicyArn={policy}"),
            Member::ManagedPolicy { policy } => format!("PolicyArn={policy}"),
            Member::Attachment { user, policy } => format!("UserName={user} PolicyArn={policy}"),
            Member::Boundary { user } => match &self.to {
                Setting::Policy(policy) => format!("UserName={user} PermissionsBoundary={policy}"),
                _ => format!("UserName={user}"),
            },
            Member::RoleBoundary { role } => match &self.to {
                Setting::Policy(policy) => format!("RoleName={role} PermissionsBoundary={policy}"),
                _ => format!("RoleName={role}"),
            },
            Member::GroupMembership { user, group } => format!("GroupName={group} UserName={user}"),
            Member::LoginProfile { user } | Member::User { user } => format!("UserName={user}"),
            Member::MfaDevice { user, serial } => format!("UserName={user} SerialNumber={serial}"),
            Member::VirtualMfaDevice { serial } => format!("SerialNumber={serial}"),
            Member::SigningCertificate { user, id } => format!("UserName={user} CertificateId={id}"),
            Member::SshPublicKey { user, id } => format!("UserName={user} SSHPublicKeyId={id}"),
            Member::ServiceSpecificCredential { user, id } => {
                format!("UserName={user} ServiceSpecificCredentialId={id}")
            }
            Member::ServiceControlPolicy { name, target } if gone => {
                format!("TargetId={target} (policy `{name}`), organizations:DeletePolicy")
            }
            Member::ServiceControlPolicy { name, target } => {
                format!("TargetId={target} (after organizations:CreatePolicy Name={name})")
            }
        };
        format!("{call} {parameters}")
    }

    /// The operation, such as `iam:PutUserPolicy`.
    pub fn operation(&self) -> &'static str {
        let gone = self.to == Setting::Absent;
        match (&self.member, gone) {
            (Member::AccessKey { .. }, true) => "iam:DeleteAccessKey",
            (Member::AccessKey { .. }, false) => "iam:UpdateAccessKey",
            (Member::UserPolicy { .. }, true) => "iam:DeleteUserPolicy",
            (Member::UserPolicy { .. }, false) => "iam:PutUserPolicy",
            (Member::RolePolicy { .. }, true) => "iam:DeleteRolePolicy",
            (Member::RolePolicy { .. }, false) => "iam:PutRolePolicy",
            (Member::TrustPolicy { .. }, _) => "iam:UpdateAssumeRolePolicy",
            (Member::RoleAttachment { .. }, true) => "iam:DetachRolePolicy",
            (Member::RoleAttachment { .. }, false) => "iam:AttachRolePolicy",
            (Member::Role { .. }, true) => "iam:DeleteRole",
            (Member::Role { .. }, false) => "iam:CreateRole",
            (Member::ManagedPolicy { .. }, true) => "iam:DeletePolicy",
            (Member::ManagedPolicy { .. }, false) => "iam:CreatePolicy",
            (Member::Attachment { .. }, true) => "iam:DetachUserPolicy",
            (Member::Attachment { .. }, false) => "iam:AttachUserPolicy",
            (Member::Boundary { .. }, true) => "iam:DeleteUserPermissionsBoundary",
            (Member::Boundary { .. }, false) => "iam:PutUserPermissionsBoundary",
            (Member::RoleBoundary { .. }, true) => "iam:DeleteRolePermissionsBoundary",
            (Member::RoleBoundary { .. }, false) => "iam:PutRolePermissionsBoundary",
            (Member::GroupMembership { .. }, true) => "iam:RemoveUserFromGroup",
            (Member::GroupMembership { .. }, false) => "iam:AddUserToGroup",
            (Member::LoginProfile { .. }, true) => "iam:DeleteLoginProfile",
            (Member::LoginProfile { .. }, false) => "iam:CreateLoginProfile",
            (Member::MfaDevice { .. }, true) => "iam:DeactivateMFADevice",
            (Member::MfaDevice { .. }, false) => "iam:EnableMFADevice",
            (Member::VirtualMfaDevice { .. }, true) => "iam:DeleteVirtualMFADevice",
            (Member::VirtualMfaDevice { .. }, false) => "iam:CreateVirtualMFADevice",
            (Member::SigningCertificate { .. }, true) => "iam:DeleteSigningCertificate",
            (Member::SigningCertificate { .. }, false) => "iam:UploadSigningCertificate",
            (Member::SshPublicKey { .. }, true) => "iam:DeleteSSHPublicKey",
            (Member::SshPublicKey { .. }, false) => "iam:UploadSSHPublicKey",
            (Member::ServiceSpecificCredential { .. }, true) => "iam:DeleteServiceSpecificCredential",
            (Member::ServiceSpecificCredential { .. }, false) => "iam:UpdateServiceSpecificCredential",
            (Member::ServiceControlPolicy { .. }, true) => "organizations:DetachPolicy",
            (Member::ServiceControlPolicy { .. }, false) => "organizations:AttachPolicy",
            (Member::User { .. }, true) => "iam:DeleteUser",
            (Member::User { .. }, false) => "iam:CreateUser",
        }
    }

    /// What stops working, other than for the intruder.
    pub fn breaks(&self) -> String {
        match (&self.member, &self.to) {
            (Member::AccessKey { key, .. }, Setting::Status(KeyStatus::Inactive) | Setting::Absent) => {
                format!("everything that signs with {key}; sessions already minted from it go on")
            }
            (Member::AccessKey { key, .. }, Setting::Status(KeyStatus::Active)) => {
                format!("nothing that works now; {key} works again, for everybody who has it")
            }
            (
                Member::UserPolicy { user: name, .. } | Member::RolePolicy { role: name, .. },
                Setting::Document(text),
            ) if !denies_anything(text) => {
                format!("nothing; `{name}` may do again what the policy grants")
            }
            (Member::UserPolicy { user, .. }, Setting::Document(_)) => {
                format!("everything that `{user}` does: console, keys, GetSessionToken and federation sessions")
            }
            (Member::RolePolicy { role, .. }, Setting::Document(text)) if super::revoke::cut_of(text).is_none() => {
                format!("everything that uses `{role}`: its sessions, new ones too, and what runs under it")
            }
            (Member::RolePolicy { role, .. }, Setting::Document(_)) => {
                format!("sessions of `{role}` issued before the cut, everybody's; new sessions work")
            }
            (Member::Boundary { user }, Setting::Policy(_)) => format!("everything that `{user}` does"),
            (Member::RoleBoundary { role }, Setting::Policy(policy)) if denies_all(policy) => {
                format!("everything that uses `{role}`: its sessions, new ones too, and what runs under it")
            }
            (Member::RoleAttachment { role, policy }, Setting::Present) if denies_all(policy) => {
                format!("everything that uses `{role}`: its sessions, new ones too, and what runs under it")
            }
            (Member::Attachment { user, policy }, Setting::Present) if denies_all(policy) => {
                format!("everything that `{user}` does: console, keys, and sessions")
            }
            (Member::UserPolicy { user, .. }, Setting::Absent)
            | (Member::Attachment { user, .. }, _)
            | (Member::GroupMembership { user, .. }, _) => {
                format!("what `{user}` may do, or is kept from doing, through it")
            }
            (Member::ServiceControlPolicy { .. }, Setting::Document(_)) => {
                "everything that the compromised users do, sessions of the reached roles issued before the cut, everybody's, and every change of these users and roles but your own".to_owned()
            }
            (Member::TrustPolicy { role }, _) => format!("new sessions of `{role}` for whom it no longer trusts"),
            (Member::Role { role }, _) => format!("everything that uses `{role}`: its sessions, and what runs under it"),
            (Member::ManagedPolicy { .. } | Member::RoleAttachment { .. }, _) => "what it grants, or denies".to_owned(),
            (Member::LoginProfile { user }, _) => format!("console sign-in of `{user}`"),
            (Member::User { user }, Setting::Absent) => {
                format!("everything that uses `{user}`, and logs that name its ID lose their owner")
            }
            _ => "nothing beyond the thing itself".to_owned(),
        }
    }

    /// Whether the change cannot be turned round in full.
    pub fn is_destructive(&self) -> bool {
        self.to == Setting::Absent
            && !matches!(
                self.member,
                Member::UserPolicy { .. }
                    | Member::RolePolicy { .. }
                    | Member::RoleAttachment { .. }
                    | Member::Attachment { .. }
                    | Member::GroupMembership { .. }
                    | Member::Boundary { .. }
                    | Member::RoleBoundary { .. }
                    | Member::ServiceControlPolicy { .. }
            )
    }

    /// The permissions that looking, changing and reading back need.
    pub fn permissions(&self, account: &Account) -> Vec<Permission> {
        let read = self.member.read_resource(account);
        let write = self.member.resource(account);
        let mut needed = vec![Permission::new(self.member.read_operation(), &read)];
        let mut further = |action: &str, resource: &str| needed.push(Permission::new(action, resource));
        match (&self.member, &self.to) {
            // What is uploaded gets a new ID: it is found again by its body.
            (Member::SshPublicKey { .. }, to) if *to != Setting::Absent => further("iam:ListSSHPublicKeys", &read),
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags_users.html>
            (Member::User { .. }, Setting::Identity { tags, .. }) if !tags.is_empty() => further("iam:TagUser", &write),
            // Where a policy of that name is there already, it is looked for and changed.
            (Member::ServiceControlPolicy { .. }, Setting::Absent) => further("organizations:DeletePolicy", &write),
            (Member::ServiceControlPolicy { .. }, _) => {
                for action in ["CreatePolicy", "DescribePolicy", "ListPolicies", "UpdatePolicy"] {
                    further(&format!("organizations:{action}"), &write);
                }
            }
            // Nobody is deleted who holds what is not to go with him.
            (Member::User { .. }, Setting::Absent) => {
                OF_USER.iter().for_each(|action| further(action, &write));
                further(OF_USERS, "*");
            }
            (Member::Role { .. }, Setting::Absent) => OF_ROLE.iter().for_each(|action| further(action, &write)),
            (Member::ManagedPolicy { .. }, Setting::Absent) => {
                further("iam:ListPolicyVersions", &write);
                further("iam:DeletePolicyVersion", &write);
            }
            _ => {}
        }
        match (&self.member, &self.to) {
            (Member::SshPublicKey { .. }, Setting::Dormant(_)) => further("iam:UpdateSSHPublicKey", &write),
            (Member::SigningCertificate { .. }, Setting::Dormant(_)) => further("iam:UpdateSigningCertificate", &write),
            _ => {}
        }
        further(self.operation(), &write);
        needed
    }
}

impl Member {
    /// The operation that reads it.
    pub fn read_operation(&self) -> &'static str {
        match self {
            Member::AccessKey { .. } => "iam:ListAccessKeys",
            Member::UserPolicy { .. } => "iam:GetUserPolicy",
            Member::RolePolicy { .. } => "iam:GetRolePolicy",
            Member::TrustPolicy { .. } | Member::Role { .. } | Member::RoleBoundary { .. } => "iam:GetRole",
            Member::RoleAttachment { .. } => "iam:ListAttachedRolePolicies",
            Member::ManagedPolicy { .. } => "iam:GetPolicy",
            Member::Attachment { .. } => "iam:ListAttachedUserPolicies",
            Member::Boundary { .. } | Member::User { .. } => "iam:GetUser",
            Member::GroupMembership { .. } => "iam:ListGroupsForUser",
            Member::LoginProfile { .. } => "iam:GetLoginProfile",
            Member::MfaDevice { .. } => "iam:ListMFADevices",
            Member::VirtualMfaDevice { .. } => "iam:ListVirtualMFADevices",
            Member::SigningCertificate { .. } => "iam:ListSigningCertificates",
            Member::SshPublicKey { .. } => "iam:GetSSHPublicKey",
            Member::ServiceSpecificCredential { .. } => "iam:ListServiceSpecificCredentials",
            Member::ServiceControlPolicy { .. } => "organizations:ListPoliciesForTarget",
        }
    }

    /// The user or role that it belongs to, by name; `None` for a device that belongs to nobody, and for a policy over the account.
    pub fn owner(&self) -> Option<&str> {
        match self {
            Member::AccessKey { user, .. }
            | Member::UserPolicy { user, .. }
            | Member::Attachment { user, .. }
            | Member::Boundary { user }
            | Member::GroupMembership { user, .. }
            | Member::LoginProfile { user }
            | Member::MfaDevice { user, .. }
            | Member::SigningCertificate { user, .. }
            | Member::SshPublicKey { user, .. }
            | Member::ServiceSpecificCredential { user, .. }
            | Member::User { user } => Some(user),
            Member::RolePolicy { role, .. }
            | Member::TrustPolicy { role }
            | Member::RoleAttachment { role, .. }
            | Member::RoleBoundary { role }
            | Member::Role { role } => Some(role),
            Member::ManagedPolicy { policy } => Some(policy.name()),
            Member::VirtualMfaDevice { .. } | Member::ServiceControlPolicy { .. } => None,
        }
    }

    /// What IAM asks the permission to read it on; `*` for calls that list more than one user's.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
    fn read_resource(&self, account: &Account) -> String {
        match self {
            Member::VirtualMfaDevice { .. } | Member::ServiceSpecificCredential { .. } => "*".to_owned(),
            Member::GroupMembership { user, .. } => Member::User { user: user.clone() }.resource(account),
            other => other.resource(account),
        }
    }

    /// What IAM asks the permission to change it on.
    fn resource(&self, account: &Account) -> String {
        let named = |kind: &str, path: Option<&str>, name: &str| {
            Arn::iam(&account.partition, &account.id, kind, path.unwrap_or("/"), name).to_string()
        };
        match self {
            Member::ManagedPolicy { policy } => policy.to_string(),
            Member::RolePolicy { role, .. }
            | Member::TrustPolicy { role }
            | Member::RoleAttachment { role, .. }
            | Member::RoleBoundary { role }
            | Member::Role { role } => named("role", account.roles.get(role).map(|role| role.path.as_str()), role),
            Member::GroupMembership { group, .. } => named(
                "group",
                account.groups.get(group).map(|group| group.path.as_str()),
                group,
            ),
            // Its serial number would do on AWS; `*` does for whoever stands in for AWS too.
            Member::VirtualMfaDevice { .. } | Member::ServiceControlPolicy { .. } => "*".to_owned(),
            other => {
                let user = other.owner().unwrap_or_default();
                named("user", account.users.get(user).map(|user| user.path.as_str()), user)
            }
        }
    }
}

fn denies_all(policy: &Arn) -> bool {
    crate::account::deny_all_arn(policy.partition()).as_ref() == Some(policy)
}

fn put(gone: bool) -> &'static str {
    if gone { "delete" } else { "put" }
}

fn of(gone: bool) -> &'static str {
    if gone { "of" } else { "on" }
}

/// A target of Organizations in words.
fn target_words(target: &str) -> String {
    match target.get(..2) {
        Some("r-") => format!("the organization's root {target}"),
        Some("ou") => format!("organizational unit {target}"),
        _ => format!("account {target}"),
    }
}

/// Whether a policy denies anything, as far as its text shows.
fn denies_anything(text: &PolicyText) -> bool {
    text.as_str().contains("\"Deny\"")
}
