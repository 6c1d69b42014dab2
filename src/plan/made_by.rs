//! Whether the family itself put something there.

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
        Member::User { user } => (&["CreateUser"], user.clone()),
        // Their IDs are only in the answers of calls: every one of the user's may be the family's.
        Member::SshPublicKey { user, .. } => (&["UploadSSHPublicKey"], user.clone()),
        Member::SigningCertificate { user, .. } => (&["UploadSigningCertificate"], user.clone()),
        Member::AccessKey { user, key } => (&["CreateAccessKey"], format!("{user} {key}")),
        Member::LoginProfile { .. }
        | Member::MfaDevice { .. }
        | Member::VirtualMfaDevice { .. }
        | Member::ServiceControlPolicy { .. }
        | Member::ServiceSpecificCredential { .. } => return None,
    };
    let of = |made: &&Made| calls.contains(&made.call.as_str()) && made.what == what;
    lineage.made.iter().rev().find(of)
}
