//! What contains is taken away.

use super::contained::{BOUNDARIES, BOUNDED, DENIES, DENY_ARNS, UNBOUNDED};
use super::{ACCOUNT, DOCUMENT, DONE, IAM, KIND, MADE, OF_GROUP, OF_ROLE, OF_USER, POLICY, POLICY_ARN, USER, t};
use crate::harden::denied::Denied;
use crate::harden::rule::{Is, Level, Row, Rule, Shape, Test, Within};

const LAG_PAGE: &str = "https://hackingthe.cloud/aws/post_exploitation/iam_persistence_eventual_consistency/";

pub(super) const DENY_REMOVED: Rule<'static> = Rule {
    id: "deny-removed",
    title: "A deny was removed or written over, or a key made active again",
    why: "An intruder within IAM's few seconds of propagation takes the containment away.",
    innocent: "The responder's own undoing.",
    row: Row::PermanentKey,
    level: Level::High,
    attack: "attack.t1562.001",
    source: LAG_PAGE,
    shape: Shape::One(&[
        // IAM takes no document that neither allows nor denies.
        &[
            IAM,
            t(
                "eventName",
                Is::Any(&["PutUserPolicy", "PutRolePolicy", "PutGroupPolicy"]),
            ),
            t(POLICY, Is::Begins(DENIES)),
            t(DOCUMENT, Is::Holds(&["\"Allow\""])),
            DONE,
        ],
        &[
            IAM,
            t(
                "eventName",
                Is::Any(&["DeleteUserPolicy", "DeleteRolePolicy", "DeleteGroupPolicy"]),
            ),
            t(POLICY, Is::Begins(DENIES)),
            DONE,
        ],
        &[
            IAM,
            t(
                "eventName",
                Is::Any(&["DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy"]),
            ),
            t(POLICY_ARN, Is::Holds(DENY_ARNS)),
            DONE,
        ],
        &[
            IAM,
            t(
                "eventName",
                Is::Any(&["DeleteUserPermissionsBoundary", "DeleteRolePermissionsBoundary"]),
            ),
            DONE,
        ],
        &[
            IAM,
            t("eventName", Is::Any(&["UpdateAccessKey"])),
            t("requestParameters.status", Is::Any(&["Active"])),
            DONE,
        ],
        &[
            t("eventSource", Is::Any(&["organizations.amazonaws.com"])),
            t(
                "eventName",
                Is::Any(&["DetachPolicy", "DisablePolicyType", "UpdatePolicy"]),
            ),
            DONE,
        ],
        &[
            IAM,
            t(
                "eventName",
                Is::Any(&["CreatePolicyVersion", "SetDefaultPolicyVersion"]),
            ),
            t(POLICY_ARN, Is::Holds(DENY_ARNS)),
            DONE,
        ],
    ]),
};

/// A policy of any name that denies everything, all but some calls, or everything to older sessions, is written.
const fn denied(call: &'static [&'static str], what: Denied) -> [Test<'static>; 4] {
    [IAM, t("eventName", Is::Any(call)), t(DOCUMENT, Is::Denies(what)), DONE]
}

/// One is taken off, or written over by one that denies neither. Those of the names above are told of by one record.
const fn taken(call: &'static [&'static str]) -> [Test<'static>; 4] {
    [IAM, t("eventName", Is::Any(call)), t(POLICY, Is::NotLike(NAMES)), DONE]
}

const fn over(call: &'static [&'static str]) -> [Test<'static>; 5] {
    [
        IAM,
        t("eventName", Is::Any(call)),
        t(POLICY, Is::NotLike(NAMES)),
        t(DOCUMENT, Is::DeniesNeither),
        DONE,
    ]
}

/// The names above as patterns.
const NAMES: &[&str] = &["OustDenyAll*", "AWSRevokeOlderSessions*"];

const OTHER_WHY: &str = "Who contains by hand gives the deny a name of his own: what it said tells it. Taking it away lets back in whoever was contained.";

/// The rule on inline policies of one kind of principal: what it is called, how a policy is put there and taken away, and which member names it.
macro_rules! inline_deny_removed {
    ($id:literal, $whom:literal, $row:expr, $put:literal, $delete:literal, $named:expr) => {
        Rule {
            id: $id,
            title: concat!(
                "A policy that denied a ",
                $whom,
                " everything, all but some calls, or older sessions, was removed or written over"
            ),
            why: OTHER_WHY,
            innocent: "The responder's own undoing.",
            row: $row,
            level: Level::High,
            attack: "attack.t1562.001",
            source: LAG_PAGE,
            shape: Shape::Then {
                first: &[
                    &denied(&[$put], Denied::Nearly),
                    &denied(&[$put], Denied::OlderSessions),
                ],
                then: &[&taken(&[$delete]), &over(&[$put])],
                joined: &[($named, $named), (POLICY, POLICY), (ACCOUNT, ACCOUNT)],
                until: None,
                began: None,
                within: Within::Life,
            },
        }
    };
}

pub(super) const USERS_DENY_REMOVED: Rule<'static> = inline_deny_removed!(
    "users-deny-removed",
    "user",
    Row::PermanentKey,
    "PutUserPolicy",
    "DeleteUserPolicy",
    OF_USER
);

pub(super) const ROLES_DENY_REMOVED: Rule<'static> = inline_deny_removed!(
    "roles-deny-removed",
    "role",
    Row::RoleSession,
    "PutRolePolicy",
    "DeleteRolePolicy",
    OF_ROLE
);

pub(super) const GROUPS_DENY_REMOVED: Rule<'static> = inline_deny_removed!(
    "groups-deny-removed",
    "group",
    Row::PermanentKey,
    "PutGroupPolicy",
    "DeleteGroupPolicy",
    OF_GROUP
);

pub(super) const MANAGED_DENY_REMOVED: Rule<'static> = Rule {
    id: "managed-deny-removed",
    title: "A managed policy that was made to deny everything, all but some calls, or older sessions, was detached or got another version",
    why: OTHER_WHY,
    innocent: "The responder's own undoing.",
    row: Row::PermanentKey,
    level: Level::High,
    attack: "attack.t1562.001",
    source: LAG_PAGE,
    shape: Shape::Then {
        first: &[
            &denied(&["CreatePolicy"], Denied::Nearly),
            &denied(&["CreatePolicy"], Denied::OlderSessions),
        ],
        // Those that are known by their ARNs are told of by one record.
        then: &[
            &[
                IAM,
                t(
                    "eventName",
                    Is::Any(&["DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy"]),
                ),
                t(POLICY_ARN, Is::NotLike(BOUNDARIES)),
                DONE,
            ],
            &[
                IAM,
                t("eventName", Is::Any(&["CreatePolicyVersion"])),
                t(POLICY_ARN, Is::NotLike(BOUNDARIES)),
                t(DOCUMENT, Is::DeniesNeither),
                DONE,
            ],
        ],
        joined: &[(MADE, POLICY_ARN), (ACCOUNT, ACCOUNT)],
        until: None,
        began: None,
        within: Within::Life,
    },
};

pub(super) const BOUNDARY_REPLACED: Rule<'static> = Rule {
    id: "boundary-replaced",
    title: "The permissions boundary that contained a user was replaced",
    why: "A user has one boundary: putting another in its place takes the containment away, and nothing is removed.",
    innocent: "The responder's own undoing, where the user had a boundary before.",
    row: Row::PermanentKey,
    level: Level::High,
    attack: "attack.t1562.001",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    shape: Shape::Then {
        first: &[BOUNDED],
        then: &[UNBOUNDED],
        joined: &[(OF_USER, OF_USER), (ACCOUNT, ACCOUNT)],
        until: None,
        began: None,
        within: Within::Life,
    },
};

pub(super) const OWN_POLICY_REMOVED: Rule<'static> = Rule {
    id: "own-policy-removed",
    title: "A user takes a policy or its boundary off itself, or writes over it",
    why: "Nobody takes rights from himself; what is taken off or written over is a deny.",
    innocent: "Tidying by an administrator who works as the user.",
    row: Row::PermanentKey,
    level: Level::High,
    attack: "attack.t1562.001",
    source: LAG_PAGE,
    shape: Shape::One(&[
        &[
            IAM,
            t(
                "eventName",
                Is::Any(&[
                    "DeleteUserPolicy",
                    "DetachUserPolicy",
                    "RemoveUserFromGroup",
                    "DeleteUserPermissionsBoundary",
                    "PutUserPermissionsBoundary",
                ]),
            ),
            t(KIND, Is::Any(&["IAMUser"])),
            t(OF_USER, Is::SameAs(USER)),
            DONE,
        ],
        &[
            IAM,
            t("eventName", Is::Any(&["PutUserPolicy"])),
            t(POLICY, Is::Begins(DENIES)),
            t(KIND, Is::Any(&["IAMUser"])),
            t(OF_USER, Is::SameAs(USER)),
            DONE,
        ],
    ]),
};
