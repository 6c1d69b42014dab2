//! What of a user is built again, and what is not.

use crate::account::{Account, Credentials, User};
use crate::action::{Action, Member, Setting};
use crate::plan::{Plan, made_by};

/// One user that is built again.
pub(super) struct Parts {
    /// The user, without what is left out.
    pub(super) user: User,
    /// What is left out because the family put it there, and why.
    pub(super) left_out: Vec<String>,
    /// What nobody can build again.
    pub(super) lost: Vec<String>,
}

/// The users that `plan` deletes, as they are in `account`.
pub(super) fn parts(plan: &Plan, account: &Account) -> Vec<Parts> {
    let deleted = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Change { change } if change.to == Setting::Absent => match &change.member {
            Member::User { user } => account.users.get(user),
            _ => None,
        },
        _ => None,
    });
    deleted.map(|user| of_user(plan, user)).collect()
}

fn of_user(plan: &Plan, whole: &User) -> Parts {
    let mut user = whole.clone();
    let mut left_out = Vec::new();
    let mut from_family = |what: String, member: Member| {
        let made = made_by(&plan.lineage, &member);
        if let Some(made) = made {
            left_out.push(format!(
                "{what}: the intruder's ({} at {} by {})",
                made.call, made.at, made.by
            ));
        }
        made.is_some()
    };
    let name = || whole.name.clone();
    user.inline.retain(|policy, _| {
        let member = Member::UserPolicy {
            user: name(),
            name: policy.clone(),
        };
        !from_family(format!("inline policy {policy}"), member)
    });
    user.attached.retain(|policy| {
        let member = Member::Attachment {
            user: name(),
            policy: policy.clone(),
        };
        !from_family(format!("managed policy {policy}"), member)
    });
    user.groups.retain(|group| {
        let member = Member::GroupMembership {
            user: name(),
            group: group.clone(),
        };
        !from_family(format!("membership in group {group}"), member)
    });
    // A boundary only takes away: without the intruder's, the user could do more than before the incident. It is kept, and named.
    if let Some(boundary) = whole.boundary.as_ref() {
        let what = format!("KEPT, look at it: permissions boundary {boundary}");
        from_family(what, Member::Boundary { user: name() });
    }
    if from_family(
        format!("KEPT, look at it: user {} itself", whole.name),
        Member::User { user: name() },
    ) {
        user.tags.clear();
    }
    Parts {
        user,
        left_out,
        lost: lost(whole),
    }
}

/// What the user held that AWS gives out once and never again.
fn lost(user: &User) -> Vec<String> {
    let mut lost = vec![format!(
        "the unique ID {}: policies and logs that name it do not mean the new user",
        user.id
    )];
    let nothing = Credentials::default();
    let held = user.credentials.as_ref().unwrap_or(&nothing);
    if user.credentials.is_none() {
        lost.push("its credentials were not read: nothing is known of its passwords, keys and devices".to_owned());
    }
    lost.extend(held.unread.iter().map(|what| format!("{what} were not read")));
    lost.extend(
        held.login_profile
            .iter()
            .map(|_| "the console password: set a new one".to_owned()),
    );
    lost.extend(
        held.access_keys
            .iter()
            .map(|key| format!("access key {}: make a new one", key.id)),
    );
    let devices = held.mfa_devices.iter();
    lost.extend(devices.map(|device| format!("MFA device {}: enrol one again", device.serial)));
    let certificates = held.signing_certificates.iter();
    lost.extend(certificates.map(|one| format!("signing certificate {}: upload it again", one.id)));
    lost.extend(
        held.ssh_public_keys
            .iter()
            .map(|one| format!("SSH public key {}: upload it again", one.id)),
    );
    let specific = held.service_specific.iter();
    lost.extend(specific.map(|one| format!("credential {} for {}: make a new one", one.id, one.service)));
    lost
}
