//! What a member is in an account that was read, for whoever need not look again.

use super::{Member, Setting};
use crate::account::Account;

/// What `member` is in `account`; `None` where that wasn't read, or is of a kind that must be looked at by itself.
pub fn known(account: &Account, member: &Member) -> Option<Setting> {
    let document =
        |found: Option<&crate::policy::PolicyText>| found.cloned().map_or(Setting::Absent, Setting::Document);
    Some(match member {
        Member::AccessKey { user, key } => {
            let user = account.users.get(user)?;
            let held = user.credentials.as_ref().filter(|_| user.access_keys_were_read())?;
            let key = held.access_keys.iter().find(|held| held.id == *key);
            key.map_or(Setting::Absent, |key| Setting::Status(key.status))
        }
        Member::UserPolicy { user, name } => document(account.users.get(user)?.inline.get(name)),
        Member::RolePolicy { role, name } => document(account.roles.get(role)?.inline.get(name)),
        Member::Attachment { user, policy } => match account.users.get(user)?.attached.contains(policy) {
            true => Setting::Present,
            false => Setting::Absent,
        },
        Member::RoleAttachment { role, policy } => match account.roles.get(role)?.attached.contains(policy) {
            true => Setting::Present,
            false => Setting::Absent,
        },
        Member::Boundary { user } => {
            let boundary = account.users.get(user)?.boundary.clone();
            boundary.map_or(Setting::Absent, Setting::Policy)
        }
        Member::RoleBoundary { role } => {
            let boundary = account.roles.get(role)?.boundary.clone();
            boundary.map_or(Setting::Absent, Setting::Policy)
        }
        _ => return None,
    })
}
