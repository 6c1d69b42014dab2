//! Keys that are out, and keys that are given.

use super::{DONE, IAM, KIND, OF_USER, POLICY_ARN, USER, t};
use crate::harden::rule::{Is, Level, Row, Rule, Shape, Test};

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

pub(super) const KEY_EXPOSED: Rule<'static> = Rule {
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
};

pub(super) const CREDENTIAL_FOR_ANOTHER_USER: Rule<'static> = Rule {
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
};
