//! Who was contained, and is seen again.

use super::{
    ACCOUNT, BEGAN, BOUNDARY, CUT_PAGE, DOCUMENT, DONE, IAM, KEY, KIND, OF_ACCOUNT, OF_ISSUER, OF_USER, POLICY,
    POLICY_ARN, USER, t,
};
use crate::harden::denied::Denied;
use crate::harden::rule::{Is, Level, Records, Row, Rule, Shape, Test, Until, Within};

/// How the name of this program's inline policy begins that denies everything.
const DENY_ALL: &[&str] = &["OustDenyAll"];

/// How the name begins of the one, the console's too, that denies what sessions of before may.
const REVOKES: &[&str] = &["AWSRevokeOlderSessions"];

/// Both.
pub(super) const DENIES: &[&str] = &["OustDenyAll", "AWSRevokeOlderSessions"];

/// Managed policies that contain, in whatever partition: AWS's own, and those that this program's templates deploy.
pub(super) const DENY_ARNS: &[&str] = &[
    ":policy/AWSDenyAll",
    ":policy/AWSCompromisedKeyQuarantine",
    "/OustQuarantine",
];

/// The same as patterns.
pub(super) const BOUNDARIES: &[&str] = &[
    "*:policy/AWSDenyAll*",
    "*:policy/AWSCompromisedKeyQuarantine*",
    "*/OustQuarantine*",
];

/// A user gets the boundary that denies everything, or another.
pub(super) const BOUNDED: &[Test<'static>] = &[
    IAM,
    t("eventName", Is::Any(&["PutUserPermissionsBoundary"])),
    t(BOUNDARY, Is::Holds(DENY_ARNS)),
    t(OF_USER, Is::There),
    DONE,
];
pub(super) const UNBOUNDED: &[Test<'static>] = &[
    IAM,
    t("eventName", Is::Any(&["PutUserPermissionsBoundary"])),
    t(BOUNDARY, Is::NotLike(BOUNDARIES)),
    t(OF_USER, Is::There),
    DONE,
];

/// A policy contains by what it says; where the record lacks that, by its name.
const CONTAINED: Records<'static> = &[
    &[
        IAM,
        t("eventName", Is::Any(&["PutUserPolicy"])),
        t(POLICY, Is::Begins(DENY_ALL)),
        t(DOCUMENT, Is::Absent),
        t(OF_USER, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["PutUserPolicy"])),
        t(POLICY, Is::There),
        t(DOCUMENT, Is::Denies(Denied::Everything)),
        t(OF_USER, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["AttachUserPolicy"])),
        t(POLICY_ARN, Is::Holds(DENY_ARNS)),
        t(OF_USER, Is::There),
        DONE,
    ],
    BOUNDED,
];

/// What contained is taken off again or written over: the policy of the same name or ARN, or the boundary, which has neither.
const RELEASED: Until<'static> = Until {
    of: &[
        &[
            IAM,
            t("eventName", Is::Any(&["DeleteUserPolicy"])),
            t(POLICY, Is::There),
            DONE,
        ],
        &[
            IAM,
            t("eventName", Is::Any(&["PutUserPolicy"])),
            t(POLICY, Is::There),
            t(DOCUMENT, Is::DeniesNeither),
            DONE,
        ],
        &[
            IAM,
            t("eventName", Is::Any(&["DetachUserPolicy"])),
            t(POLICY_ARN, Is::There),
            DONE,
        ],
        &[IAM, t("eventName", Is::Any(&["DeleteUserPermissionsBoundary"])), DONE],
        UNBOUNDED,
    ],
    same: &[POLICY, POLICY_ARN],
};

/// A key is cut off, or what sessions of before may is denied.
const CUT: Records<'static> = &[
    &[
        IAM,
        t("eventName", Is::Any(&["UpdateAccessKey"])),
        t("requestParameters.status", Is::Any(&["Inactive"])),
        t(OF_USER, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["DeleteAccessKey"])),
        t(OF_USER, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["PutUserPolicy"])),
        t(POLICY, Is::Begins(REVOKES)),
        t(DOCUMENT, Is::Absent),
        t(OF_USER, Is::There),
        DONE,
    ],
    &[
        IAM,
        t("eventName", Is::Any(&["PutUserPolicy"])),
        t(POLICY, Is::There),
        t(DOCUMENT, Is::Denies(Denied::OlderSessions)),
        t(OF_USER, Is::There),
        DONE,
    ],
];

/// A key that was cut off works again, or that deny is taken off.
const GIVEN_BACK: Until<'static> = Until {
    of: &[
        &[
            IAM,
            t("eventName", Is::Any(&["UpdateAccessKey"])),
            t("requestParameters.status", Is::Any(&["Active"])),
            DONE,
        ],
        &[
            IAM,
            t("eventName", Is::Any(&["DeleteUserPolicy"])),
            t(POLICY, Is::There),
            DONE,
        ],
        &[
            IAM,
            t("eventName", Is::Any(&["PutUserPolicy"])),
            t(POLICY, Is::There),
            t(DOCUMENT, Is::DeniesNeither),
            DONE,
        ],
    ],
    same: &["requestParameters.accessKeyId", POLICY],
};

pub(super) const USE_AFTER_CONTAINMENT: Rule<'static> = Rule {
    id: "use-after-containment",
    title: "A user's credential is used after the user was contained",
    why: "Somebody still holds it and tries. What succeeds is what the containment has left open.",
    innocent: "Programs of the user's owner that go on trying.",
    row: Row::PermanentKey,
    level: Level::High,
    attack: "attack.t1078.004",
    source: CUT_PAGE,
    shape: Shape::Then {
        first: CONTAINED,
        then: &[&[t(USER, Is::There), t(KEY, Is::There)]],
        joined: &[(OF_USER, USER), (ACCOUNT, OF_ACCOUNT)],
        until: Some(RELEASED),
        began: None,
        within: Within::Life,
    },
};

pub(super) const FEDERATION_OUTLIVES_CONTAINMENT: Rule<'static> = Rule {
    id: "federation-outlives-containment",
    title: "A federated session of a user is used after the user was contained",
    why: "What GetFederationToken gave, its console among it, bears a name of its own and lives up to 36 hours: whoever looks for the user's name doesn't see it.",
    innocent: "People whom a broker federated by that user.",
    row: Row::SessionToken,
    level: Level::High,
    attack: "attack.t1550.001",
    source: CUT_PAGE,
    shape: Shape::Then {
        first: CONTAINED,
        then: &[&[
            t(KIND, Is::Any(&["FederatedUser"])),
            t(OF_ISSUER, Is::There),
            t(KEY, Is::There),
        ]],
        joined: &[(OF_USER, OF_ISSUER), (ACCOUNT, OF_ACCOUNT)],
        until: Some(RELEASED),
        began: None,
        within: Within::Life,
    },
};

pub(super) const SESSION_OUTLIVES_KEY: Rule<'static> = Rule {
    id: "session-outlives-key",
    title: "A session of a user is used after a key of the user was cut off, or older sessions were denied",
    why: "Deactivating or deleting a key ends no session that was minted with it, and who still calls with a session that was denied holds it. Sessions that began later don't count.",
    innocent: "A key that was rotated while its owner's session was open.",
    row: Row::SessionToken,
    level: Level::High,
    attack: "attack.t1550.001",
    source: CUT_PAGE,
    shape: Shape::Then {
        first: CUT,
        then: &[&[
            t(KIND, Is::Any(&["IAMUser"])),
            t(USER, Is::There),
            t(KEY, Is::Begins(&["ASIA"])),
        ]],
        joined: &[(OF_USER, USER), (ACCOUNT, OF_ACCOUNT)],
        until: Some(GIVEN_BACK),
        began: Some(BEGAN),
        within: Within::Seconds(129_600),
    },
};
