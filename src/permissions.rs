//! Permissions as policies: the least that one plan needs, and a standing policy for responders.
//!
//! A plan's policy names exact resources. A standing one is for any user, role and group, made before there is an incident.

use crate::account::{Account, KeyStatus};
use crate::action::revoke::Issuer;
use crate::action::{Change, Member, Permission, Setting};
use crate::ids::{AccountId, Arn};
use crate::plan::on_anybody;
use crate::policy::PolicyText;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The longest managed policy, in characters without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const MANAGED_POLICY_QUOTA: usize = 6144;

/// One policy that allows exactly these permissions: what reads first, then what changes; what is asked of the same resources together.
pub fn policy<'a>(permissions: impl IntoIterator<Item = &'a Permission>) -> Value {
    let mut on: BTreeMap<(bool, &str), BTreeSet<&str>> = BTreeMap::new();
    for permission in permissions {
        let place = (!permission.reads(), permission.resource.as_str());
        on.entry(place).or_default().insert(permission.action.as_str());
    }
    let mut together: BTreeMap<(bool, BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
    for ((writes, resource), actions) in on {
        together.entry((writes, actions)).or_default().push(resource);
    }
    let mut counts = [0, 0];
    let mut statements = Vec::new();
    for ((writes, actions), resources) in together {
        let (word, count) = match writes {
            false => ("Read", &mut counts[0]),
            true => ("Write", &mut counts[1]),
        };
        *count += 1;
        statements.push(json!({
            "Sid": format!("Oust{word}{count}"),
            "Effect": "Allow",
            "Action": actions,
            "Resource": resources,
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The policy of a plan, with what holding against somebody who fights back needs in statements of their own, `OustFightRead1`, `OustFightWrite1`, ...
pub fn with_fight(needed: &BTreeSet<Permission>, fight: &BTreeSet<Permission>) -> Value {
    let (mut whole, mut more) = (policy(needed), policy(fight.difference(needed)));
    let (Some(all), Some(more)) = (whole["Statement"].as_array_mut(), more["Statement"].as_array_mut()) else {
        return whole;
    };
    for mut statement in more.drain(..) {
        let name = statement["Sid"]
            .as_str()
            .unwrap_or_default()
            .replacen("Oust", "OustFight", 1);
        statement["Sid"] = name.into();
        all.push(statement);
    }
    whole
}

/// Policies for responders before there is an incident: every playbook, every end, any user and role.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StandingPolicies {
    /// What tracing, planning, evidence and verification read, and what is read beforehand to tell whether all that would work.
    pub read: Value,
    /// What the steps of the playbooks change.
    pub write: Value,
    /// What undo changes beyond that: it makes users again and gives back what they held.
    pub undo: Value,
}

/// What the playbooks and undo need for any user, role and group of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForAnybody {
    /// What tracing, planning, evidence and verification read.
    pub read: BTreeSet<Permission>,
    /// What the steps of the playbooks change.
    pub write: BTreeSet<Permission>,
    /// What undo changes beyond that.
    pub undo: BTreeSet<Permission>,
}

/// What the playbooks and undo need in an account: each action on a pattern for the kind of thing that it is asked on, `*` where it is asked on
/// none.
pub fn for_anybody(partition: &str, id: &AccountId) -> ForAnybody {
    let mut account = Account::empty(id.clone());
    account.partition = partition.to_owned();
    let of = |changes: Vec<Change>| changes.into_iter().flat_map(|change| change.permissions(&account));
    let forward: BTreeSet<Permission> = of(made_by_plans(&account)).collect();
    let backward: BTreeSet<Permission> = of(made_by_undo()).collect();
    let known = on_anybody().into_iter().map(|(action, kind)| match kind {
        None => Permission::new(action, "*"),
        Some(kind) => Permission::new(action, &format!("arn:{partition}:iam::{id}:{kind}/*")),
    });
    let writes = |all: &BTreeSet<Permission>| all.iter().filter(|one| !one.reads()).cloned().collect();
    let write: BTreeSet<Permission> = writes(&forward);
    let undo: BTreeSet<Permission> = writes(&backward);
    ForAnybody {
        undo: undo.difference(&write).cloned().collect(),
        write,
        read: forward
            .into_iter()
            .chain(backward)
            .filter(Permission::reads)
            .chain(known)
            .collect(),
    }
}

/// The standing policies for accounts of `partition`.
pub fn standing(partition: &str) -> StandingPolicies {
    let needed = NOBODY.parse().map(|id| for_anybody(partition, &id)).unwrap_or_default();
    StandingPolicies {
        read: in_any_account(policy(needed.read.iter().chain(&readiness(partition)))),
        write: in_any_account(policy(&needed.write)),
        undo: in_any_account(policy(&needed.undo)),
    }
}

/// What asking beforehand reads besides: the trails, the organization's policies and whom it lets act for it, and AWS's simulator. None of it is
/// needed for a plan, so none of it counts when a plan's permissions are tried. The buckets of trails are known when there are some.
fn readiness(partition: &str) -> BTreeSet<Permission> {
    const ON_ALL: [&str; 11] = [
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrailStatus",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "organizations:DescribeOrganization",
        "organizations:DescribePolicy",
        "organizations:DescribeResourcePolicy",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
    ];
    let on_all = ON_ALL.map(|action| Permission::new(action, "*"));
    let on = |kind: &str| {
        let any = format!("arn:{partition}:iam::{NOBODY}:{kind}/*");
        Permission::new("iam:SimulatePrincipalPolicy", &any)
    };
    on_all.into_iter().chain(["role", "user"].map(on)).collect()
}

/// An account number that is none, to be replaced by a wildcard.
const NOBODY: &str = "000000000000";

fn in_any_account(policy: Value) -> Value {
    let text = policy.to_string().replace(NOBODY, "*");
    serde_json::from_str(&text).unwrap_or(policy)
}

fn any() -> String {
    "*".to_owned()
}

/// Every kind of member that a plan changes, as it changes it.
fn made_by_plans(account: &Account) -> Vec<Change> {
    let document = || Setting::Document(PolicyText::new("{}"));
    let mut changes = Vec::new();
    let mut to = |member: Member, settings: Vec<Setting>| {
        changes.extend(settings.into_iter().map(|to| Change {
            member: member.clone(),
            to,
        }));
    };
    if let Ok(key) = "AKIAAAAAAAAAAAAAAAAA".parse() {
        let settings = vec![Setting::Status(KeyStatus::Inactive), Setting::Absent];
        to(Member::AccessKey { user: any(), key }, settings);
    }
    if let Ok(policy) = "arn:aws:iam::aws:policy/AWSDenyAll".parse::<crate::ids::Arn>() {
        let member = Member::Attachment {
            user: any(),
            policy: policy.clone(),
        };
        to(member, vec![Setting::Present, Setting::Absent]);
        to(
            Member::Boundary { user: any() },
            vec![Setting::Policy(policy), Setting::Absent],
        );
    }
    to(
        Member::UserPolicy {
            user: any(),
            name: any(),
        },
        vec![document(), Setting::Absent],
    );
    if let Ok(policy) = "arn:aws:iam::aws:policy/AWSDenyAll".parse::<Arn>() {
        let boundary = vec![Setting::Policy(policy.clone()), Setting::Absent];
        to(Member::RoleBoundary { role: any() }, boundary);
        let member = Member::RoleAttachment { role: any(), policy };
        to(member, vec![Setting::Present, Setting::Absent]);
    }
    to(Member::TrustPolicy { role: any() }, vec![document()]);
    to(Member::Role { role: any() }, vec![Setting::Absent]);
    let policy = Arn::iam(&account.partition, &account.id, "policy", "/", "*");
    to(Member::ManagedPolicy { policy }, vec![Setting::Absent]);
    to(Issuer::Role(any()).member(), vec![document(), Setting::Absent]);
    to(Issuer::User(any()).member(), vec![document()]);
    for member in [
        Member::GroupMembership {
            user: any(),
            group: any(),
        },
        Member::LoginProfile { user: any() },
        Member::MfaDevice {
            user: any(),
            serial: any(),
        },
        Member::VirtualMfaDevice { serial: any() },
        Member::SigningCertificate { user: any(), id: any() },
        Member::SshPublicKey { user: any(), id: any() },
        Member::ServiceSpecificCredential { user: any(), id: any() },
        Member::User { user: any() },
    ] {
        to(member, vec![Setting::Absent]);
    }
    changes
}

/// What undo makes of them.
fn made_by_undo() -> Vec<Change> {
    let change = |member, to| Change { member, to };
    let mut changes = vec![
        change(Issuer::Role(any()).member(), Setting::Absent),
        change(
            Member::GroupMembership {
                user: any(),
                group: any(),
            },
            Setting::Present,
        ),
        change(
            Member::User { user: any() },
            Setting::Identity {
                path: "/".to_owned(),
                tags: BTreeMap::from([(any(), any())]),
            },
        ),
    ];
    for to in [Setting::Body(any()), Setting::Dormant(any())] {
        changes.push(change(
            Member::SigningCertificate { user: any(), id: any() },
            to.clone(),
        ));
        changes.push(change(Member::SshPublicKey { user: any(), id: any() }, to));
    }
    changes
}
