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
    let is_it = |made: &Made| is_about(made, &what, member) || is_he(lineage, made, member);
    let of = |made: &&Made| made.is_of_iam() && calls.contains(&made.call.as_str()) && is_it(made);
    lineage.made.iter().rev().find(of)
}

/// Whether the call was about it. What has an ID is known by that, whatever its user was called then. Where a record lacks the answer, which alone tells the ID
/// of what was uploaded, everyone of the user's may be the family's.
fn is_about(made: &Made, what: &str, member: &Member) -> bool {
    let tells = |id: &str| made.what.split(' ').any(|word| word == id);
    match member {
        Member::AccessKey { key, .. } => tells(key.as_str()),
        Member::SshPublicKey { user, id } | Member::SigningCertificate { user, id } => {
            tells(id) || is_same_name(&made.what, user)
        }
        _ => is_same_name(&made.what, what),
    }
}

/// Whether it is a user whom the call made under another name.
fn is_he(lineage: &Lineage, made: &Made, member: &Member) -> bool {
    let Member::User { user } = member else { return false };
    let bearer = lineage.bearer(&made.what, made.at, true);
    let now = bearer.map_or_else(|| lineage.now_called(&made.what, made.at), |one| [&one.now, &one.now]);
    now.iter().any(|now| is_same_name(now, user))
}
