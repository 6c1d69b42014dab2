//! What a call that made something of a user's left of it: by what somebody comes in as him because of that call.

use super::left_behind::{Kind, ids};
use crate::account::{Credentials, KeyStatus, User};
use crate::ids::AccessKeyId;
use crate::lineage::{Lineage, Made};

/// By what somebody can sign in or sign as the user because of the call; `None` where it isn't there any more.
pub(super) fn opens(kind: Kind, made: &Made, held: &Credentials, lineage: &Lineage) -> Option<String> {
    let unread = |what: &str| held.unread.contains(what);
    let password = || {
        let there = held.login_profile.is_some() || unread("login_profile");
        there.then(|| "whoever knows the password signs in to the console".to_owned())
    };
    let service = |id: Option<&str>| {
        let mut active = held
            .service_specific
            .iter()
            .filter(|one| one.status == KeyStatus::Active);
        let there = active.any(|one| id.is_none_or(|id| one.id == id)) || unread("service_specific");
        there.then(|| "a service-specific credential is active".to_owned())
    };
    // What was uploaded or made active has an ID; where the record doesn't tell it, it may be any.
    let uploads: Vec<&str> = match kind {
        Kind::SshKey | Kind::Certificate => ids(made).collect(),
        _ => Vec::new(),
    };
    let is_it =
        |status: KeyStatus, id: &str| status == KeyStatus::Active && (uploads.is_empty() || uploads.contains(&id));
    let ssh = || {
        let mut held = held.ssh_public_keys.iter();
        let there = held.any(|one| is_it(one.status, &one.id)) || unread("ssh_public_keys");
        there.then(|| "an SSH key that was uploaded or made active then is active".to_owned())
    };
    let certificate = || {
        let mut held = held.signing_certificates.iter();
        let there = held.any(|one| is_it(one.status, &one.id)) || unread("signing_certificates");
        there.then(|| "a signing certificate that was uploaded or made active then is active".to_owned())
    };
    // Where the record tells the key it is that one; one of the family is judged by itself.
    let key = revived(made).filter(|_| kind == Kind::Key);
    let other_key = || {
        if key.is_some_and(|key| is_member(key, lineage)) {
            return None;
        }
        let mut active = held.access_keys.iter().filter(|key| key.status == KeyStatus::Active);
        let is_it = |id: &AccessKeyId| key.is_none_or(|key| id.as_str() == key);
        let there = active.any(|key| is_it(&key.id) && lineage.member(&key.id).is_none()) || unread("access_keys");
        there.then(|| "an access key that is none of the family is active".to_owned())
    };
    match kind {
        Kind::Password => password(),
        Kind::ServiceCredential => service(ids(made).find(|word| word.starts_with("ACCA"))),
        Kind::SshKey => ssh(),
        Kind::Certificate => certificate(),
        Kind::Key => other_key(),
        _ => password()
            .or_else(|| service(None))
            .or_else(ssh)
            .or_else(certificate)
            .or_else(other_key),
    }
}

/// The key that a call made active, where its record tells it.
fn revived(made: &Made) -> Option<&str> {
    ids(made).find(|word| word.parse::<AccessKeyId>().is_ok())
}

fn is_member(key: &str, lineage: &Lineage) -> bool {
    lineage.credentials.iter().any(|member| member.key.as_str() == key)
}

/// Why nobody comes in as the user because of the call.
pub(super) fn shut(kind: Kind, made: &Made, user: &User, held: &Credentials, lineage: &Lineage) -> String {
    let of_family = |key: &str| is_member(key, lineage);
    let holds = held.access_keys.iter().any(|key| key.status == KeyStatus::Active);
    match kind {
        Kind::Key if revived(made).is_some_and(of_family) => {
            "the key is one of the family, and what can be done with it is told with the others".to_owned()
        }
        Kind::User | Kind::Key if holds => format!(
            "nobody comes in as user `{}` but with keys of the family, and what can be done with these is told with the others",
            user.name
        ),
        Kind::User => format!("user `{}` has no password, and nothing else to come in by", user.name),
        _ => "it is not there any more, or cannot be used".to_owned(),
    }
}
