//! Roles that are taken again and again.

use super::{ASSUME_ROLE, DONE, GIVEN, ISSUER, KEY, KIND, ROLE, STS, STS_PAGE, t};
use crate::harden::rule::{Is, Level, Row, Rule, Shape, Within};

const JUGGLING_PAGE: &str = "https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/";

pub(super) const ASSUME_ROLE_BURST: Rule<'static> = Rule {
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
};

pub(super) const ASSUME_ROLE_SPREAD: Rule<'static> = Rule {
    id: "assume-role-spread",
    title: "One credential takes five roles within ten minutes",
    why: "Who holds a credential and doesn't know the account tries which of its roles let him in, or lays in sessions of all of them.",
    innocent: "Programs that go over the roles of many accounts, such as scanners and deployments; they are known by name.",
    row: Row::RoleSession,
    level: Level::Medium,
    attack: "attack.t1550.001",
    source: STS_PAGE,
    shape: Shape::Several {
        of: &[&[STS, ASSUME_ROLE, t(KEY, Is::There), t(ROLE, Is::There), DONE]],
        by: &[KEY],
        field: ROLE,
        at_least: 5,
        within: Within::Seconds(600),
    },
};

pub(super) const ROLE_ASSUMES_ITSELF: Rule<'static> = Rule {
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
};

pub(super) const ROLE_JUGGLING: Rule<'static> = Rule {
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
        joined: &[(GIVEN, KEY), (ISSUER, ROLE)],
        until: None,
        began: None,
        within: Within::Seconds(43_200),
    },
};

pub(super) const ROLE_RING: Rule<'static> = Rule {
    id: "role-ring",
    title: "Three roles or more that mint each other's sessions",
    why: "A chain of role sessions comes back to the role that it began with, and can go round for ever: access outlives every limit on a session's length.",
    innocent: "Hardly ever.",
    row: Row::RoleSession,
    level: Level::High,
    attack: "attack.t1550.001",
    source: JUGGLING_PAGE,
    shape: Shape::Ring {
        of: &[&[
            STS,
            ASSUME_ROLE,
            t(KIND, Is::Any(&["AssumedRole"])),
            t(KEY, Is::There),
            t(ISSUER, Is::There),
            t(ROLE, Is::There),
            DONE,
        ]],
        link: (GIVEN, KEY),
        step: (ISSUER, ROLE),
        at_least: 3,
        at_most: 8,
        seconds: 43_200,
    },
};
