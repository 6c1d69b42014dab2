//! Whether the family itself put something there.

use crate::account::is_same_name;
use crate::action::Member;
use crate::lineage::{Lineage, Made};

/// The last call of the family that put `member` where it is or changed it, as the trail shows it.
pub fn made_by<'a>(lineage: &'a Lineage, member: &Member) -> Option<&'a Made> {
    let (calls, what): (&[&str], String) = match member {
        Member::UserPolicy { user, name } => (&["PutUserPolicy"], format!("{user} {name}")),
        Member::RolePolicy { role, name } => (&["PutRolePolicy"], format!("{role} {name}")),
        Member::Attachment { user, policy } => (&["AttachUserPolicy"], format!("{user} {policy}")),
        Member::RoleAttachment { role, policy } => (&["AttachRolePolicy"], format!("{role} {policy}")),
        Member::TrustPolicy { role } => (&["UpdateAssumeRolePolicy", "CreateRole"], role.clone()),
        Member::Role { role } => (&["CreateRole"], role.clone()),
        Member::ManagedPolicy { policy } => (&["CreatePolicy"], policy.name().to_owned()),
        Member::GroupMembership { user, group } => (&["AddUserToGroup"], format!("{user} {group}")),
        Member::Boundary { user } => (&["PutUserPermissionsBoundary"], user.clone()),
        Member::RoleBoundary { role } => (&["PutRolePermissionsBoundary"], role.clone()),
        Member::User { user } => (&["CreateUser"], user.clone()),
        Member::SshPublicKey { user, id } => (&["UploadSSHPublicKey"], format!("{user} {id}")),
        Member::SigningCertificate { user, id } => (&["UploadSigningCertificate"], format!("{user} {id}")),
        Member::AccessKey { user, key } => (&["CreateAccessKey"], format!("{user} {key}")),
        Member::LoginProfile { .. }
        | Member::MfaDevice { .. }
        | Member::VirtualMfaDevice { .. }
        | Member::ServiceControlPolicy { .. }
        | Member::ServiceSpecificCredential { .. } => return None,
    };
    let of = |made: &&Made| made.is_of_iam() && calls.contains(&made.call.as_str()) && is_about(made, &what, member);
    lineage.made.iter().rev().find(of)
}

/// Whether the call was about it. Where a record lacks the answer, which alone tells the ID of what was uploaded, everyone of the user's may be the family's.
fn is_about(made: &Made, what: &str, member: &Member) -> bool {
    let untold = match member {
        Member::SshPublicKey { user, .. } | Member::SigningCertificate { user, .. } => is_same_name(&made.what, user),
        _ => false,
    };
    untold || is_same_name(&made.what, what)
}
