//! From GetAccountAuthorizationDetails to entities.

use super::collected::Collected;
use crate::account::{Group, ManagedPolicy, PolicyVersion, Role, User};
use crate::ids::Arn;
use crate::mount::{AwsError, Clients};
use crate::policy::PolicyText;
use crate::time::Moment;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, Tag,
    UserDetail,
};
use std::collections::{BTreeMap, BTreeSet};

/// The call that reads all of it.
pub const DETAILS: &str = "iam:GetAccountAuthorizationDetails";

pub(super) async fn read(clients: &Clients, collected: &mut Collected) -> Result<(), AwsError> {
    let mut marker: Option<String> = None;
    loop {
        let page = clients
            .iam
            .get_account_authorization_details()
            .set_marker(marker)
            .send()
            .await;
        let page = page.map_err(|error| AwsError::of(DETAILS, error))?;
        let account = &mut collected.account;
        let users = page.user_detail_list().iter().filter_map(user);
        account.users.extend(users.map(|user| (user.name.clone(), user)));
        let groups = page.group_detail_list().iter().filter_map(group);
        account.groups.extend(groups.map(|group| (group.name.clone(), group)));
        let roles = page.role_detail_list().iter().filter_map(role);
        account.roles.extend(roles.map(|role| (role.name.clone(), role)));
        for detail in page.policies() {
            let Some(arn) = detail.arn().and_then(|arn| arn.parse::<Arn>().ok()) else {
                continue;
            };
            if detail.policy_name().is_none() {
                collected.notes.push(format!(
                    "the answer leaves out the name of `{arn}`; it is taken from the ARN"
                ));
            }
            // AWS lists all of its own policies; only those in use bear on anything.
            let used = detail.attachment_count().unwrap_or(1) > 0
                || detail.permissions_boundary_usage_count().unwrap_or(1) > 0;
            if arn.account().is_some() || used {
                account.policies.insert(arn.clone(), policy(&arn, detail));
            }
        }
        match page.marker() {
            Some(next) if page.is_truncated() => marker = Some(next.to_owned()),
            _ => return Ok(()),
        }
    }
}

fn moment(time: Option<&aws_sdk_iam::primitives::DateTime>) -> Moment {
    Moment::from_millis(time.and_then(|time| time.to_millis().ok()).unwrap_or_default())
}

/// Documents come URL-encoded, RFC 3986.
fn document(text: Option<&str>) -> PolicyText {
    PolicyText::new(percent_encoding::percent_decode_str(text.unwrap_or_default()).decode_utf8_lossy())
}

fn inline(policies: &[PolicyDetail]) -> BTreeMap<String, PolicyText> {
    let named = policies
        .iter()
        .filter_map(|one| Some((one.policy_name()?.to_owned(), document(one.policy_document()))));
    named.collect()
}

fn attached(policies: &[AttachedPolicy]) -> BTreeSet<Arn> {
    policies
        .iter()
        .filter_map(|one| one.policy_arn()?.parse().ok())
        .collect()
}

fn boundary(boundary: Option<&AttachedPermissionsBoundary>) -> Option<Arn> {
    boundary?.permissions_boundary_arn()?.parse().ok()
}

fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

fn user(detail: &UserDetail) -> Option<User> {
    Some(User {
        name: detail.user_name()?.to_owned(),
        path: detail.path().unwrap_or("/").to_owned(),
        id: detail.user_id().unwrap_or_default().to_owned(),
        created: moment(detail.create_date()),
        tags: tags(detail.tags()),
        inline: inline(detail.user_policy_list()),
        attached: attached(detail.attached_managed_policies()),
        groups: detail.group_list().iter().cloned().collect(),
        boundary: boundary(detail.permissions_boundary()),
        credentials: None,
    })
}

fn group(detail: &GroupDetail) -> Option<Group> {
    Some(Group {
        name: detail.group_name()?.to_owned(),
        path: detail.path().unwrap_or("/").to_owned(),
        id: detail.group_id().unwrap_or_default().to_owned(),
        created: moment(detail.create_date()),
        inline: inline(detail.group_policy_list()),
        attached: attached(detail.attached_managed_policies()),
    })
}

fn role(detail: &RoleDetail) -> Option<Role> {
    let profiles = detail
        .instance_profile_list()
        .iter()
        .map(|profile| profile.instance_profile_name().to_owned());
    Some(Role {
        name: detail.role_name()?.to_owned(),
        path: detail.path().unwrap_or("/").to_owned(),
        id: detail.role_id().unwrap_or_default().to_owned(),
        created: moment(detail.create_date()),
        trust: document(detail.assume_role_policy_document()),
        max_session_seconds: None,
        tags: tags(detail.tags()),
        inline: inline(detail.role_policy_list()),
        attached: attached(detail.attached_managed_policies()),
        boundary: boundary(detail.permissions_boundary()),
        instance_profiles: profiles.collect(),
    })
}

fn policy(arn: &Arn, detail: &ManagedPolicyDetail) -> ManagedPolicy {
    let versions = detail.policy_version_list().iter().filter_map(|version| {
        let held = PolicyVersion {
            document: document(version.document()),
            created: moment(version.create_date()),
        };
        Some((version.version_id()?.to_owned(), held))
    });
    ManagedPolicy {
        name: detail.policy_name().unwrap_or(arn.name()).to_owned(),
        path: detail.path().unwrap_or("/").to_owned(),
        id: detail.policy_id().unwrap_or_default().to_owned(),
        created: moment(detail.create_date()),
        default_version: detail.default_version_id().unwrap_or("v1").to_owned(),
        versions: versions.collect(),
    }
}
