//! What is read beside the members that steps change: the account as evidence, the trail, and whose the keys are.
//! `tests/permissions.rs` holds these lists against the calls that runs really make.

use super::Plan;
use super::foothold::users_with_footholds;
use crate::account::{Account, KeyStatus, User, deny_all_arn};
use crate::action::{Change, DENY_ALL, Member, Permission, Setting};
use crate::ids::KeyKind;
use crate::lineage::{Credential, Lineage};
use crate::policy::PolicyText;
use std::collections::BTreeSet;

/// What tells of all principals and policies at once: without it nothing can be kept as evidence.
pub(super) const DETAILS: &str = "iam:GetAccountAuthorizationDetails";

/// Calls that tell what one user can sign in or sign with.
pub(super) const OF_USER: [&str; 5] = [
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:ListMFADevices",
    "iam:ListSSHPublicKeys",
    "iam:ListSigningCertificates",
];

/// Calls that ask about the account or about every user at once.
pub(super) const OF_ACCOUNT: [&str; 4] = [
    DETAILS,
    "iam:GetAccountSummary",
    "iam:ListServiceSpecificCredentials",
    "iam:ListVirtualMFADevices",
];

/// Calls that look through the trail, in every enabled Region.
pub(super) const OF_TRAIL: [&str; 2] = ["account:ListRegions", "cloudtrail:LookupEvents"];

/// Calls that a hold makes: who is new in the account.
pub(super) const OF_HOLD: [&str; 2] = ["iam:ListRoles", "iam:ListUsers"];

/// Calls that tell whose a key is.
pub(super) const OF_KEY: [&str; 2] = ["iam:GetAccessKeyLastUsed", "sts:GetAccessKeyInfo"];

fn on_all(actions: &[&str]) -> impl Iterator<Item = Permission> {
    actions.iter().map(|action| Permission::new(action, "*"))
}

/// What holding needs.
pub(super) fn holding() -> Vec<Permission> {
    on_all(&OF_HOLD).collect()
}

/// What a hold changes when somebody fights back, beyond the cuts of its plan: whoever appears is denied, be it user or role, his keys are made
/// inactive, and trust policies are set back. On anybody: who that will be nobody knows beforehand.
pub fn fighting(account: &Account) -> BTreeSet<Permission> {
    let any = || "*".to_owned();
    let deny = || Setting::Document(PolicyText::new(DENY_ALL));
    let mut cuts = vec![
        (
            Member::UserPolicy {
                user: any(),
                name: any(),
            },
            deny(),
        ),
        (
            Member::RolePolicy {
                role: any(),
                name: any(),
            },
            deny(),
        ),
        (Member::TrustPolicy { role: any() }, deny()),
    ];
    if let Some(policy) = deny_all_arn(&account.partition) {
        cuts.push((Member::Boundary { user: any() }, Setting::Policy(policy.clone())));
        cuts.push((Member::RoleAttachment { role: any(), policy }, Setting::Present));
    }
    if let Ok(key) = "AKIAAAAAAAAAAAAAAAAA".parse() {
        let member = Member::AccessKey { user: any(), key };
        cuts.push((member, Setting::Status(KeyStatus::Inactive)));
    }
    let nobody = Account {
        partition: account.partition.clone(),
        ..Account::empty(account.id.clone())
    };
    let changes = cuts.into_iter().map(|(member, to)| Change { member, to });
    changes.flat_map(|change| change.permissions(&nobody)).collect()
}

/// What looking through the trail needs.
pub(super) fn trail() -> Vec<Permission> {
    on_all(&OF_TRAIL).collect()
}

/// What keeping the account as evidence needs: the credentials of these users, the session durations of these roles, as far as they are there.
pub(super) fn evidence(account: &Account, users: &BTreeSet<String>, roles: &BTreeSet<String>) -> Vec<Permission> {
    let users: Vec<&User> = users.iter().filter_map(|name| account.user_called(name)).collect();
    let listed = OF_ACCOUNT
        .into_iter()
        .filter(|action| *action != "iam:ListServiceSpecificCredentials" || !users.is_empty());
    let mut needed: Vec<Permission> = listed.map(|action| Permission::new(action, "*")).collect();
    for user in users {
        let arn = account.user_arn(user);
        needed.extend(OF_USER.map(|action| Permission::new(action, arn.as_str())));
        if user
            .credentials
            .as_ref()
            .is_some_and(|held| !held.ssh_public_keys.is_empty())
        {
            needed.push(Permission::new("iam:GetSSHPublicKey", arn.as_str()));
        }
    }
    let roles = roles.iter().filter_map(|name| account.role_called(name));
    needed.extend(roles.map(|role| Permission::new("iam:GetRole", account.role_arn(role).as_str())));
    needed
}

/// What making the plan and looking again at the end need: whose the keys are, the trail, and the account around the family.
fn around(lineage: &Lineage, account: &Account) -> Vec<Permission> {
    let members = || lineage.credentials.iter();
    let mut users: BTreeSet<String> = members().filter_map(Credential::user).map(str::to_owned).collect();
    users.extend(users_with_footholds(lineage));
    let roles = members().filter_map(Credential::role).map(str::to_owned).collect();
    let mut needed = evidence(account, &users, &roles);
    needed.extend(trail());
    needed.push(Permission::new("sts:GetAccessKeyInfo", "*"));
    let long_term = lineage.asked.iter().chain(lineage.roots().map(|root| &root.key));
    if long_term.into_iter().any(|key| key.kind() == KeyKind::LongTerm) {
        needed.push(Permission::new("iam:GetAccessKeyLastUsed", "*"));
    }
    needed
}

/// Everything that carrying out `plan` from its keys to the last look needs, on exactly the resources that it asks about.
pub fn permissions(plan: &Plan, account: &Account) -> BTreeSet<Permission> {
    let steps = plan.steps.iter().flat_map(|step| &step.permissions).cloned();
    steps.chain(around(&plan.lineage, account)).collect()
}

/// The same for any user and role: each call with the kind of thing that it asks about, `None` where it asks about all.
pub fn on_anybody() -> Vec<(&'static str, Option<&'static str>)> {
    let on_all = OF_ACCOUNT.into_iter().chain(OF_TRAIL).chain(OF_HOLD).chain(OF_KEY);
    let on_all = on_all.map(|action| (action, None));
    let of_users = OF_USER.into_iter().chain(["iam:GetSSHPublicKey"]);
    let of_users = of_users.map(|action| (action, Some("user")));
    on_all.chain(of_users).chain([("iam:GetRole", Some("role"))]).collect()
}
