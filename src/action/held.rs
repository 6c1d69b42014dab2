//! What a user or role holds that signs, signs in or grants: while any of it is there its denies must stay, and IAM does not delete it.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>, <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>

use super::Member;
use crate::account::Credentials;
use crate::collect;
use crate::ids::Arn;
use crate::mount::{AwsError, Clients, Trouble};

/// Calls that tell what a user holds, beside those that ask about all users.
pub(super) const OF_USER: [&str; 8] = [
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:ListAttachedUserPolicies",
    "iam:ListGroupsForUser",
    "iam:ListMFADevices",
    "iam:ListSSHPublicKeys",
    "iam:ListSigningCertificates",
    "iam:ListUserPolicies",
];

/// The call that tells it of all users.
pub(super) const OF_USERS: &str = "iam:ListServiceSpecificCredentials";

/// Calls that tell what a role holds.
pub(super) const OF_ROLE: [&str; 2] = ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];

impl Member {
    /// The user or role whose deny the member can be; a user or role is its own, since its denies go with it.
    pub fn denied(&self) -> Option<Member> {
        Some(match self {
            Member::User { user }
            | Member::Boundary { user }
            | Member::UserPolicy { user, .. }
            | Member::Attachment { user, .. } => Member::User { user: user.clone() },
            Member::Role { role }
            | Member::RoleBoundary { role }
            | Member::RolePolicy { role, .. }
            | Member::RoleAttachment { role, .. } => Member::Role { role: role.clone() },
            _ => return None,
        })
    }
}

/// The credentials, policies and groups of a user, the policies of a role; nothing of any other member, and of who is gone.
///
/// # Errors
/// A part could not be read, or not be understood: then it isn't known whether there is anything.
pub async fn held_by(clients: &Clients, member: &Member) -> Result<Vec<Member>, AwsError> {
    let held = match member {
        Member::User { user } => of_user(clients, user).await,
        Member::Role { role } => of_role(clients, role).await,
        _ => return Ok(Vec::new()),
    };
    match held {
        Err(error) if error.trouble == Trouble::NoSuchEntity => Ok(Vec::new()),
        other => other,
    }
}

async fn of_user(clients: &Clients, user: &str) -> Result<Vec<Member>, AwsError> {
    let own = || user.to_owned();
    let mut unread = Vec::new();
    let mut held = of_credentials(user, collect::credentials(clients, user, &mut unread).await);
    // What the other side doesn't implement it doesn't have: AWS has all of it.
    if let Some(part) = unread
        .into_iter()
        .find(|part| part.error.trouble != Trouble::NotImplemented)
    {
        return Err(part.error);
    }
    let attached = clients.iam.list_attached_user_policies().user_name(user);
    let mut attached = attached.into_paginator().items().send();
    while let Some(policy) = attached.next().await {
        let policy = policy.map_err(|error| AwsError::of("iam:ListAttachedUserPolicies", error))?;
        let policy = arn("iam:ListAttachedUserPolicies", policy.policy_arn())?;
        held.push(Member::Attachment { user: own(), policy });
    }
    let groups = clients.iam.list_groups_for_user().user_name(user);
    let mut groups = groups.into_paginator().items().send();
    while let Some(group) = groups.next().await {
        let group = group.map_err(|error| AwsError::of("iam:ListGroupsForUser", error))?;
        let group = group.group_name().to_owned();
        held.push(Member::GroupMembership { user: own(), group });
    }
    let inline = clients.iam.list_user_policies().user_name(user);
    let mut inline = inline.into_paginator().items().send();
    while let Some(name) = inline.next().await {
        let name = name.map_err(|error| AwsError::of("iam:ListUserPolicies", error))?;
        held.push(Member::UserPolicy { user: own(), name });
    }
    Ok(held)
}

fn of_credentials(user: &str, held: Credentials) -> Vec<Member> {
    let own = || user.to_owned();
    let password = held.login_profile.map(|_| Member::LoginProfile { user: own() });
    let keys = held.access_keys.into_iter();
    let keys = keys.map(|key| Member::AccessKey {
        user: own(),
        key: key.id,
    });
    let devices = held.mfa_devices.into_iter();
    let devices = devices.map(|device| Member::MfaDevice {
        user: own(),
        serial: device.serial,
    });
    let certificates = held.signing_certificates.into_iter();
    let certificates = certificates.map(|one| Member::SigningCertificate {
        user: own(),
        id: one.id,
    });
    let ssh_keys = held.ssh_public_keys.into_iter();
    let ssh_keys = ssh_keys.map(|one| Member::SshPublicKey {
        user: own(),
        id: one.id,
    });
    let of_services = held.service_specific.into_iter();
    let of_services = of_services.map(|one| Member::ServiceSpecificCredential {
        user: own(),
        id: one.id,
    });
    let all = password.into_iter().chain(keys).chain(devices).chain(certificates);
    all.chain(ssh_keys).chain(of_services).collect()
}

async fn of_role(clients: &Clients, role: &str) -> Result<Vec<Member>, AwsError> {
    let own = || role.to_owned();
    let mut held = Vec::new();
    let attached = clients.iam.list_attached_role_policies().role_name(role);
    let mut attached = attached.into_paginator().items().send();
    while let Some(policy) = attached.next().await {
        let policy = policy.map_err(|error| AwsError::of("iam:ListAttachedRolePolicies", error))?;
        let policy = arn("iam:ListAttachedRolePolicies", policy.policy_arn())?;
        held.push(Member::RoleAttachment { role: own(), policy });
    }
    let inline = clients.iam.list_role_policies().role_name(role);
    let mut inline = inline.into_paginator().items().send();
    while let Some(name) = inline.next().await {
        let name = name.map_err(|error| AwsError::of("iam:ListRolePolicies", error))?;
        held.push(Member::RolePolicy { role: own(), name });
    }
    Ok(held)
}

/// What is listed and cannot be understood is there all the same.
fn arn(operation: &str, listed: Option<&str>) -> Result<Arn, AwsError> {
    let text = listed.unwrap_or_default();
    text.parse().map_err(|_| AwsError {
        operation: operation.to_owned(),
        trouble: Trouble::Rubbish,
        code: None,
        message: format!("`{text}` is the ARN of no policy"),
    })
}
