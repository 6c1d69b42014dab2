//! Public keys and certificates are known by an ID that AWS gives, and by their body. What is uploaded again gets a new ID, so
//! it is looked for by its body.

use super::{Member, Setting};
use sha2::{Digest, Sha256};

/// What the ID of something begins with that is known by its body alone.
const BY_BODY: &str = "body-";

/// The name of a body: what is left of it when white space at its ends is taken away, hashed.
fn name(body: &str) -> String {
    let digest = Sha256::digest(body.trim().as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{BY_BODY}{hex}")
}

/// The member that `setting` is uploaded as; any other member is itself.
pub(super) fn uploaded(member: &Member, setting: &Setting) -> Member {
    let (Setting::Body(body) | Setting::Dormant(body)) = setting else {
        return member.clone();
    };
    match member {
        Member::SigningCertificate { user, .. } => Member::SigningCertificate {
            user: user.clone(),
            id: name(body),
        },
        Member::SshPublicKey { user, .. } => Member::SshPublicKey {
            user: user.clone(),
            id: name(body),
        },
        other => other.clone(),
    }
}

/// Whether `id` names a thing by its body.
pub(super) fn by_body(id: &str) -> bool {
    id.starts_with(BY_BODY)
}

/// Whether `id` names the thing with the ID `real` and this body.
pub(super) fn names(id: &str, real: &str, body: &str) -> bool {
    if by_body(id) { id == name(body) } else { id == real }
}

/// The setting of something with this body.
pub(super) fn setting(body: &str, active: bool) -> Setting {
    if active {
        Setting::Body(body.to_owned())
    } else {
        Setting::Dormant(body.to_owned())
    }
}
