//! The detections. Alerting on every AssumeRole is useless and isn't offered: it is how everything in AWS works.

use super::rule::{Is, Level, Records, Row, Rule, Shape, Test, Within};

const fn t<'r>(field: &'r str, is: Is<'r>) -> Test<'r> {
    Test { field, is }
}

const STS: Test<'static> = t("eventSource", Is::Any(&["sts.amazonaws.com"]));
const IAM: Test<'static> = t("eventSource", Is::Any(&["iam.amazonaws.com"]));
const DONE: Test<'static> = t("errorCode", Is::Absent);
const ASSUME_ROLE: Test<'static> = t("eventName", Is::Any(&["AssumeRole"]));
const KEY: &str = "userIdentity.accessKeyId";
const PRINCIPAL: &str = "userIdentity.principalId";
const KIND: &str = "userIdentity.type";
const USER: &str = "userIdentity.userName";
const ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.arn";
const MFA: &str = "userIdentity.sessionContext.attributes.mfaAuthenticated";
const ADDRESS: &str = "sourceIPAddress";
const OF_USER: &str = "requestParameters.userName";
const ROLE: &str = "requestParameters.roleArn";
const POLICY: &str = "requestParameters.policyName";
const POLICY_ARN: &str = "requestParameters.policyArn";
const BOUNDARY: &str = "requestParameters.permissionsBoundary";
/// Where a user was changed, and whose user calls: another account may have one of the same name.
const ACCOUNT: &str = "recipientAccountId";
const OF_ACCOUNT: &str = "userIdentity.accountId";

/// How names of inline policies begin that contain: this program's, and the console's.
const DENIES: &[&str] = &["OustDenyAll", "AWSRevokeOlderSessions"];

/// Managed policies that contain, in whatever partition: AWS's own, and those that this program's templates deploy.
const DENY_ARNS: &[&str] = &[
    ":policy/AWSDenyAll",
    ":policy/AWSCompromisedKeyQuarantine",
    "/OustQuarantine",
];

/// What an address that tells no place begins with: of a service, of IPv6, of this machine, of a network of one's own.
const NO_PLACE: [&str; 23] = [
    "AWS Internal",
    "*.amazonaws.com",
    "*:*",
    "127.*",
    "169.254.*",
    "10.*",
    "192.168.*",
    "172.16.*",
    "172.17.*",
    "172.18.*",
    "172.19.*",
    "172.20.*",
    "172.21.*",
    "172.22.*",
    "172.23.*",
    "172.24.*",
    "172.25.*",
    "172.26.*",
    "172.27.*",
    "172.28.*",
    "172.29.*",
    "172.30.*",
    "172.31.*",
];

/// Where services call from on somebody's behalf.
pub(super) const SERVICES: &[&str] = NO_PLACE.split_at(2).0;

/// What an address within a network of one's own begins with: such calls come through VPC endpoints.
pub(super) const PRIVATE: &[&str] = NO_PLACE.split_at(5).1;

/// An address of the internet: neither a service's name nor an address within a network, which comes through a VPC endpoint. IPv6 is left
/// out: a machine that has both kinds calls from either.
const PUBLIC: Test<'static> = t(ADDRESS, Is::NotLike(&NO_PLACE));

const CONTAINED: Records<'static> = &[
    &[
        IAM,
        t("eventName", Is::Any(&["PutUserPolicy"])),
        t(POLICY, Is::Begins(DENIES)),
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
    &[
        IAM,
        t("eventName", Is::Any(&["PutUserPermissionsBoundary"])),
        t(BOUNDARY, Is::Holds(DENY_ARNS)),
        t(OF_USER, Is::There),
        DONE,
    ],
];

const KEY_CUT: Records<'static> = &[
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
];

/// Calls that give a credential to whom they name.
const GIVES: Test<'static> = t(
    "eventName",
    Is::Any(&[
        "CreateAccessKey",
        "CreateLoginProfile",
        "UpdateLoginProfile",
        "CreateServiceSpecificCredential",
        "ResetServiceSpecificCredential",
        "UploadSSHPublicKey",
        "UploadSigningCertificate",
        "EnableMFADevice",
    ]),
);

const STS_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html";
const CUT_PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html";
const JUGGLING_PAGE: &str = "https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/";
const LAG_PAGE: &str = "https://hackingthe.cloud/aws/post_exploitation/iam_persistence_eventual_consistency/";

/// Every detection.
pub const RULES: [Rule<'static>; 16] = [
    Rule {
        id: "session-token-without-mfa",
        title: "GetSessionToken without MFA",
        why: "The session lives up to 36 hours, can neither be listed nor revoked by itself, and goes on when its key is deactivated. Who asks for one legitimately mostly does so to bring MFA in.",
        innocent: "Programs that ask for a session by themselves, such as aws-vault without an MFA device.",
        row: Row::SessionToken,
        level: Level::High,
        attack: "attack.t1550.001",
        source: STS_PAGE,
        shape: Shape::One(&[&[
            STS,
            t("eventName", Is::Any(&["GetSessionToken"])),
            t("requestParameters.serialNumber", Is::Absent),
            DONE,
        ]]),
    },
    Rule {
        id: "session-token",
        title: "GetSessionToken",
        why: "It should be rare: a session that outlives its key by up to 36 hours.",
        innocent: "People who bring MFA into their command line.",
        row: Row::SessionToken,
        level: Level::Low,
        attack: "attack.t1550.001",
        source: STS_PAGE,
        shape: Shape::One(&[&[STS, t("eventName", Is::Any(&["GetSessionToken"])), DONE]]),
    },
    Rule {
        id: "federation-token",
        title: "GetFederationToken",
        why: "Seldom used by anybody else: it gives a console and up to 36 hours that go on when the key is deactivated.",
        innocent: "Brokers that federate people by a user of their own; they are known by name.",
        row: Row::SessionToken,
        level: Level::High,
        attack: "attack.t1550.001",
        source: "https://www.crowdstrike.com/blog/how-adversaries-persist-with-aws-user-federation/",
        shape: Shape::One(&[&[STS, t("eventName", Is::Any(&["GetFederationToken"])), DONE]]),
    },
    Rule {
        id: "session-token-assumes-role",
        title: "AssumeRole with a session token that was issued without MFA",
        why: "A token that is kept in reserve mints one role session after the other while the key itself is long dead.",
        innocent: "Switching roles in the console without MFA; programs that put a session between key and role.",
        row: Row::SessionToken,
        level: Level::High,
        attack: "attack.t1550.001",
        source: CUT_PAGE,
        shape: Shape::One(&[&[
            STS,
            ASSUME_ROLE,
            t(KIND, Is::Any(&["IAMUser"])),
            t(KEY, Is::Begins(&["ASIA"])),
            t(MFA, Is::Any(&["false"])),
            DONE,
        ]]),
    },
    Rule {
        id: "assume-role-burst",
        title: "One credential takes the same role again and again",
        why: "Sessions last at least 15 minutes. Who takes five of one role within ten minutes lost those before, or lays in a store.",
        innocent: "Programs that take a role for each piece of work and keep no session.",
        row: Row::RoleSession,
        level: Level::Medium,
        attack: "attack.t1550.001",
        source: STS_PAGE,
        shape: Shape::Count {
            of: &[&[STS, ASSUME_ROLE, t(KEY, Is::There), t(ROLE, Is::There), DONE]],
            by: &[KEY, ROLE],
            at_least: 5,
            seconds: 600,
        },
    },
    Rule {
        id: "role-assumes-itself",
        title: "A role session takes its own role again",
        why: "Each session lasts an hour and mints the next: revoking sessions loses against it.",
        innocent: "Programs that were written before a role had to trust itself by name.",
        row: Row::RoleSession,
        level: Level::High,
        attack: "attack.t1550.001",
        source: JUGGLING_PAGE,
        shape: Shape::One(&[&[
            STS,
            ASSUME_ROLE,
            t(KIND, Is::Any(&["AssumedRole"])),
            t(ROLE, Is::SameAs(ISSUER)),
            DONE,
        ]]),
    },
    Rule {
        id: "role-juggling",
        title: "Two roles that mint each other's sessions",
        why: "A session of one role takes the other, and that session the first again: access outlives every limit on a session's length.",
        innocent: "Hardly ever.",
        row: Row::RoleSession,
        level: Level::High,
        attack: "attack.t1550.001",
        source: JUGGLING_PAGE,
        shape: Shape::Then {
            first: &[&[
                STS,
                ASSUME_ROLE,
                t(KIND, Is::Any(&["AssumedRole"])),
                t(ROLE, Is::OtherThan(ISSUER)),
                DONE,
            ]],
            then: &[&[
                STS,
                ASSUME_ROLE,
                t(KIND, Is::Any(&["AssumedRole"])),
                t(ROLE, Is::OtherThan(ISSUER)),
                DONE,
            ]],
            joined: &[("responseElements.credentials.accessKeyId", KEY), (ISSUER, ROLE)],
            seconds: 43_200,
        },
    },
    Rule {
        id: "instance-credential-away",
        title: "One credential of an EC2 instance, two public addresses",
        why: "An instance leaves by one address. A second one means that its credential was carried away.",
        innocent: "An instance whose address was changed while a credential was valid; several NAT gateways.",
        row: Row::RoleSession,
        level: Level::High,
        attack: "attack.t1552.005",
        source: "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html",
        shape: Shape::Several {
            of: &[&[
                t(KIND, Is::Any(&["AssumedRole"])),
                t(KEY, Is::There),
                t(PRINCIPAL, Is::Holds(&[":i-"])),
                PUBLIC,
            ]],
            by: &[PRINCIPAL, KEY],
            field: ADDRESS,
            within: Within::Life,
        },
    },
    Rule {
        id: "session-from-two-addresses",
        title: "One temporary credential, two public addresses",
        why: "A session belongs to one program on one machine. A second address means that it was handed on or taken.",
        innocent: "People on the move; networks that leave by several addresses; console sessions.",
        row: Row::RoleSession,
        level: Level::Low,
        attack: "attack.t1550.001",
        source: "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html",
        shape: Shape::Several {
            of: &[&[t(KEY, Is::Begins(&["ASIA"])), t(PRINCIPAL, Is::There), PUBLIC]],
            by: &[PRINCIPAL, KEY],
            field: ADDRESS,
            within: Within::Life,
        },
    },
    Rule {
        id: "key-from-two-addresses",
        title: "One long-term key, two public addresses within an hour",
        why: "The key is used by its owner and by somebody else.",
        innocent: "A key that several machines share, which is worth knowing.",
        row: Row::PermanentKey,
        level: Level::Medium,
        attack: "attack.t1078.004",
        source: "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html",
        shape: Shape::Several {
            of: &[&[t(KEY, Is::Begins(&["AKIA"])), PUBLIC]],
            by: &[KEY],
            field: ADDRESS,
            within: Within::SameHour,
        },
    },
    Rule {
        id: "key-exposed",
        title: "AWS found a key in public",
        why: "AWS attaches its quarantine policy when a key shows up where everybody reads. It keeps an intruder from little: neither taking roles nor reading is denied.",
        innocent: "None: the key is out.",
        row: Row::PermanentKey,
        level: Level::High,
        attack: "attack.t1552.001",
        source: "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html",
        shape: Shape::One(&[&[
            IAM,
            t("eventName", Is::Any(&["AttachUserPolicy"])),
            t(POLICY_ARN, Is::Holds(&[":policy/AWSCompromisedKeyQuarantine"])),
            DONE,
        ]]),
    },
    Rule {
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
            seconds: 129_600,
        },
    },
    Rule {
        id: "session-outlives-key",
        title: "A user's session is used after a key of the user was cut off",
        why: "Deactivating or deleting a key ends no session that was minted with it.",
        innocent: "A key that was rotated while its owner's session was open.",
        row: Row::SessionToken,
        level: Level::High,
        attack: "attack.t1550.001",
        source: CUT_PAGE,
        shape: Shape::Then {
            first: KEY_CUT,
            then: &[&[
                t(KIND, Is::Any(&["IAMUser"])),
                t(USER, Is::There),
                t(KEY, Is::Begins(&["ASIA"])),
            ]],
            joined: &[(OF_USER, USER), (ACCOUNT, OF_ACCOUNT)],
            seconds: 129_600,
        },
    },
    Rule {
        id: "credential-for-another-user",
        title: "A new credential for somebody else",
        why: "The way back of an intruder: a key, a password or a device on a user that nobody suspects.",
        innocent: "Administrators and provisioning programs; they are known by name.",
        row: Row::PermanentKey,
        level: Level::Medium,
        attack: "attack.t1098.001",
        source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html",
        shape: Shape::One(&[
            &[
                IAM,
                GIVES,
                t(KIND, Is::Any(&["IAMUser"])),
                t(OF_USER, Is::OtherThan(USER)),
                DONE,
            ],
            &[
                IAM,
                GIVES,
                t(KIND, Is::Any(&["AssumedRole", "FederatedUser", "Root"])),
                t(OF_USER, Is::There),
                DONE,
            ],
        ]),
    },
    Rule {
        id: "deny-removed",
        title: "A deny was removed, or a key made active again",
        why: "An intruder within IAM's few seconds of propagation takes the containment away.",
        innocent: "The responder's own undoing.",
        row: Row::PermanentKey,
        level: Level::High,
        attack: "attack.t1562.001",
        source: LAG_PAGE,
        shape: Shape::One(&[
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
    },
    Rule {
        id: "own-policy-removed",
        title: "A user takes a policy off itself",
        why: "Nobody takes rights from himself; what is taken off is a deny.",
        innocent: "Tidying by an administrator who works as the user.",
        row: Row::PermanentKey,
        level: Level::High,
        attack: "attack.t1562.001",
        source: LAG_PAGE,
        shape: Shape::One(&[&[
            IAM,
            t(
                "eventName",
                Is::Any(&[
                    "DeleteUserPolicy",
                    "DetachUserPolicy",
                    "RemoveUserFromGroup",
                    "DeleteUserPermissionsBoundary",
                ]),
            ),
            t(KIND, Is::Any(&["IAMUser"])),
            t(OF_USER, Is::SameAs(USER)),
            DONE,
        ]]),
    },
];
