//! Sessions of a role that were cut off, and are seen again.

use super::contained::{BOUNDARIES, DENIES, DENY_ARNS};
use super::{
    ACCOUNT, BEGAN, BOUNDARY, DOCUMENT, DONE, IAM, KEY, KIND, OF_ACCOUNT, OF_ISSUER, OF_ROLE, POLICY, POLICY_ARN, t,
};
use crate::harden::denied::Denied;
use crate::harden::rule::{Is, Level, Records, Row, Rule, Shape, Until, Within};

const REVOKE_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html";

/// What a role's sessions of before may is denied, or what all of them may.
const REVOKED: Records<'static> = &[
    &[
        IAM,
        t("eventName", Is::Any(&["PutRolePolicy"])),
        t(POLICY, Is::Begins(DENIES)),
        t(DOCUMENT, Is::Absent),
        t(OF_ROLE, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["PutRolePolicy"])),
        t(POLICY, Is::There),
        t(DOCUMENT, Is::Denies(Denied::OlderSessions)),
        t(OF_ROLE, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["PutRolePolicy"])),
        t(POLICY, Is::There),
        t(DOCUMENT, Is::Denies(Denied::Everything)),
        t(OF_ROLE, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["AttachRolePolicy"])),
        t(POLICY_ARN, Is::Holds(DENY_ARNS)),
        t(OF_ROLE, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["PutRolePermissionsBoundary"])),
        t(BOUNDARY, Is::Holds(DENY_ARNS)),
        t(OF_ROLE, Is::There),
        DONE,
    ],
];

/// That is taken off, or written over.
const RESTORED: Until<'static> = Until {
    of: &[
        &[
            IAM,
            t("eventName", Is::Any(&["DeleteRolePolicy"])),
            t(POLICY, Is::There),
            DONE,
        ],
        &[
            IAM,
            t("eventName", Is::Any(&["PutRolePolicy"])),
            t(POLICY, Is::There),
            t(DOCUMENT, Is::DeniesNeither),
            DONE,
        ],
        &[
            IAM,
            t("eventName", Is::Any(&["DetachRolePolicy"])),
            t(POLICY_ARN, Is::There),
            DONE,
        ],
        &[IAM, t("eventName", Is::Any(&["DeleteRolePermissionsBoundary"])), DONE],
        &[
            IAM,
            t("eventName", Is::Any(&["PutRolePermissionsBoundary"])),
            t(BOUNDARY, Is::NotLike(BOUNDARIES)),
            DONE,
        ],
    ],
    same: &[POLICY, POLICY_ARN],
};

pub(super) const SESSION_OUTLIVES_REVOCATION: Rule<'static> = Rule {
    id: "session-outlives-revocation",
    title: "A session of a role is used after the role's older sessions were revoked",
    why: "No call ends a session: who holds one that was revoked goes on calling, and is refused as long as the deny stands. Sessions that began later don't count.",
    innocent: "Instances, functions and people whose sessions were revoked with the others, until they take new ones.",
    row: Row::RoleSession,
    level: Level::Medium,
    attack: "attack.t1550.001",
    source: REVOKE_PAGE,
    shape: Shape::Then {
        first: REVOKED,
        then: &[&[
            t(KIND, Is::Any(&["AssumedRole"])),
            t(OF_ISSUER, Is::There),
            t(KEY, Is::There),
        ]],
        joined: &[(OF_ROLE, OF_ISSUER), (ACCOUNT, OF_ACCOUNT)],
        until: Some(RESTORED),
        began: Some(BEGAN),
        // No session of a role lives longer.
        within: Within::Seconds(43_200),
    },
};
