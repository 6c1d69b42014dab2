//! Roles that the family opened to somebody outside: who may come in, and whether a session of whoever came in may still live.
//!
//! A door that is shut again ends no session: whoever came through it holds one for as long as the role gives them, up to twelve hours.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html#id_roles_use_view-role-max-session>

use super::left_behind::{Kind, kind, named};
use super::provider;
use crate::account::{Account, Role, is_same_name};
use crate::action::revoke::{self, cut_of};
use crate::lineage::{Lineage, Made};
use crate::policy::Named;
use crate::time::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// IAM's changes are known everywhere some seconds later: until then a door that was shut may let somebody in.
pub(super) const SPREADS_SECONDS: i64 = 10;

/// The longest session that a role can give.
pub(super) const LONGEST_SECONDS: u32 = 43_200;

/// Services that use a role only where a principal of this account set them up to, by a call that the trail tells.
const HARMLESS: [&str; 14] = [
    "apigateway",
    "cloudformation",
    "cloudtrail",
    "codebuild",
    "codepipeline",
    "config",
    "delivery",
    "events",
    "firehose",
    "glue",
    "lambda",
    "scheduler",
    "states",
    "vpc-flow-logs",
];

/// Services that hand a role's credentials to machines and people outside of AWS, who need no key for it: devices and machines with a certificate, machines
/// with an activation, pods and tasks on machines of one's own, users of an identity source.
/// <https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html>,
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/introduction.html>,
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-service-role.html>,
/// <https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html>,
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html>
const HAND_OUT: [&str; 9] = [
    "cognito-identity",
    "credentials.iot",
    "ecs-tasks",
    "greengrass",
    "identitystore",
    "pods.eks",
    "rolesanywhere",
    "ssm",
    "sso",
];

/// Who of other accounts or of identity providers may assume the role; `None` when its trust policy is not understood.
pub(super) fn strangers(role: &Role, account: &Account) -> Option<BTreeSet<String>> {
    let stranger = |one: &Named| match one {
        Named::Everybody => Some("everybody".to_owned()),
        Named::Aws(text) if is_own(text, account) => None,
        Named::Aws(text) => Some(format!("`{text}`")),
        Named::Federated(provider) => Some(format!("users of `{provider}`")),
        Named::Service(_) | Named::CanonicalUser(_) => None,
    };
    Some(let_in(role)?.iter().filter_map(stranger).collect())
}

/// Services that may assume the role and aren't known to be harmless, each with what it does with the credentials.
pub(super) fn services(role: &Role) -> BTreeSet<String> {
    let service = |one: &Named| {
        let Named::Service(service) = one else { return None };
        let name = service
            .split(".amazonaws.")
            .next()
            .unwrap_or(service)
            .to_ascii_lowercase();
        let is_of = |known: &str| {
            name.strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if HAND_OUT.iter().any(|known| is_of(known)) {
            return Some(format!(
                "`{service}`, which hands its credentials to whoever it is told, outside of AWS too"
            ));
        }
        (!HARMLESS.iter().any(|known| is_of(known))).then(|| format!("`{service}`"))
    };
    let all = let_in(role).unwrap_or_default();
    all.iter().filter_map(service).collect()
}

fn let_in(role: &Role) -> Option<Vec<Named>> {
    role.trust.parse().ok()?.allowed()
}

/// Whether a principal is of the account; what stands in place of a deleted one names nobody, wherever it was.
fn is_own(text: &str, account: &Account) -> bool {
    let of_account = text.split(':').nth(4).is_some_and(|of| of == account.id.as_str());
    text == account.id.as_str() || of_account || text.starts_with("AIDA") || text.starts_with("AROA")
}

/// The calls of the family that say who may assume the role.
fn openings<'a>(lineage: &'a Lineage, role: &'a str) -> impl Iterator<Item = &'a Made> {
    lineage
        .made
        .iter()
        .filter(move |made| kind(made) == Some(Kind::Trust) && named(made).is_some_and(|name| is_same_name(name, role)))
}

/// Whether the family said who may assume the role of that name.
pub(super) fn is_opened(lineage: &Lineage, role: &str) -> bool {
    openings(lineage, role).next().is_some()
}

/// Roles of the account of which the family said who may assume them.
pub(super) fn opened<'a>(lineage: &Lineage, account: &'a Account) -> Vec<&'a Role> {
    let openings = lineage.made.iter().filter(|made| kind(made) == Some(Kind::Trust));
    let roles = openings.filter_map(|made| account.role_called(named(made)?));
    let roles: BTreeMap<&str, &Role> = roles.map(|role| (role.name.as_str(), role)).collect();
    roles.into_values().collect()
}

/// Keeps in mind of the roles that the family opened, and of identity providers that it changed, since when they are seen to let nobody in, as `account` was read at `now`.
pub fn see_doors(lineage: &mut Lineage, account: &Account, now: Moment) {
    let mut shut = std::mem::take(&mut lineage.shut);
    shut.retain(|name, _| account.roles.contains_key(name));
    for role in opened(lineage, account) {
        let last = openings(lineage, &role.name).map(|made| made.at).max();
        let known = shut
            .remove(&role.name)
            .filter(|shut| last.is_none_or(|last| last < *shut));
        if strangers(role, account).is_some_and(|strangers| strangers.is_empty()) && services(role).is_empty() {
            shut.insert(role.name.clone(), known.unwrap_or(now));
        }
    }
    lineage.shut = shut;
    lineage.untrusted = provider::see(lineage, account, now);
}

/// Until when somebody who came through a door that is shut by now may hold a session that no revocation ends; `None` where nobody does at `now`. Where
/// nobody saw when it was shut, it may have been open until now.
pub(super) fn alive_until(lineage: &Lineage, role: &Role, now: Moment) -> Option<Moment> {
    let last = openings(lineage, &role.name).map(|made| made.at).max();
    let seen = lineage.shut.get(&role.name).copied();
    let seen = seen.filter(|shut| *shut <= now && last.is_none_or(|last| last < *shut));
    let shut = seen.unwrap_or(now).plus_seconds(SPREADS_SECONDS);
    let until = shut.plus_seconds(i64::from(longest(lineage, role)));
    (until > now && cut(role).is_none_or(|cut| cut < shut)).then_some(until)
}

/// Up to when the sessions of the role are revoked.
pub(super) fn cut(role: &Role) -> Option<Moment> {
    role.inline.get(revoke::POLICY_NAME).and_then(cut_of)
}

/// The longest session that the role gave: how long it may be could be set by the family too, and back again.
fn longest(lineage: &Lineage, role: &Role) -> u32 {
    let set = lineage.made.iter().any(|made| {
        made.is_of_iam()
            && ["CreateRole", "UpdateRole"].contains(&made.call.as_str())
            && named(made).is_some_and(|name| is_same_name(name, &role.name))
    });
    role.max_session_seconds.filter(|_| !set).unwrap_or(LONGEST_SECONDS)
}
