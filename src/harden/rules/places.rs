//! Credentials in two places.

use super::{ADDRESS, ENDPOINT, KEY, KIND, PRINCIPAL, SERVICE, t};
use crate::harden::rule::{Is, Level, Row, Rule, Shape, Test, Within};

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
pub(in crate::harden) const SERVICES: &[&str] = NO_PLACE.split_at(2).0;

/// What an address within a network of one's own begins with: such calls come through VPC endpoints.
pub(in crate::harden) const PRIVATE: &[&str] = NO_PLACE.split_at(5).1;

/// An address of the internet: neither a service's name nor an address within a network, which comes through a VPC endpoint. IPv6 is left
/// out: a machine that has both kinds calls from either.
const PUBLIC: Test<'static> = t(ADDRESS, Is::NotLike(&NO_PLACE));

/// The same with IPv6, where a program that calls by both kinds is rare enough.
const WORLD: Test<'static> = t(
    ADDRESS,
    Is::NotLike(&[
        "AWS Internal",
        "*.amazonaws.com",
        "::1",
        "fe80:*",
        "fc*:*",
        "fd*:*",
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
    ]),
);

/// An address within a network: such calls come through VPC endpoints.
const WITHIN_NETWORK: Test<'static> = t(
    ADDRESS,
    Is::Begins(&[
        "10.", "192.168.", "172.16.", "172.17.", "172.18.", "172.19.", "172.20.", "172.21.", "172.22.", "172.23.",
        "172.24.", "172.25.", "172.26.", "172.27.", "172.28.", "172.29.", "172.30.", "172.31.",
    ]),
);

pub(super) const INSTANCE_CREDENTIAL_AWAY: Rule<'static> = Rule {
    id: "instance-credential-away",
    title: "One credential of an EC2 instance, two public addresses",
    why: "An instance leaves by one address. A second one means that its credential was carried away.",
    innocent: "An instance whose address was changed while a credential was valid; several NAT gateways; an instance that calls over IPv4 and over IPv6.",
    row: Row::RoleSession,
    level: Level::High,
    attack: "attack.t1552.005",
    source: "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html",
    shape: Shape::Several {
        of: &[&[
            t(KIND, Is::Any(&["AssumedRole"])),
            t(KEY, Is::There),
            t(PRINCIPAL, Is::Holds(&[":i-"])),
            WORLD,
        ]],
        by: &[PRINCIPAL, KEY],
        field: ADDRESS,
        at_least: 2,
        within: Within::Life,
    },
};

pub(super) const INSTANCE_CREDENTIAL_OTHER_NETWORK: Rule<'static> = Rule {
    id: "instance-credential-other-network",
    title: "One credential of an EC2 instance, two VPC endpoints of one service",
    why: "A VPC has one endpoint for a service, and an instance calls through it. Another one means that its credential is used in another VPC. Addresses tell less: pods and containers that use the instance's role have their own.",
    innocent: "An endpoint that was replaced while a credential was valid; a service with a gateway and an interface in one VPC, such as S3.",
    row: Row::RoleSession,
    level: Level::Medium,
    attack: "attack.t1552.005",
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
    shape: Shape::Several {
        of: &[&[
            t(KIND, Is::Any(&["AssumedRole"])),
            t(KEY, Is::There),
            t(PRINCIPAL, Is::Holds(&[":i-"])),
            WITHIN_NETWORK,
            t(ENDPOINT, Is::There),
        ]],
        by: &[PRINCIPAL, KEY, SERVICE],
        field: ENDPOINT,
        at_least: 2,
        within: Within::Life,
    },
};

pub(super) const SESSION_FROM_TWO_ADDRESSES: Rule<'static> = Rule {
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
        at_least: 2,
        within: Within::Life,
    },
};

pub(super) const KEY_FROM_TWO_ADDRESSES: Rule<'static> = Rule {
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
        at_least: 2,
        within: Within::SameHour,
    },
};
