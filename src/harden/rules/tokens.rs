//! Sessions of users: who asks for them, and what for.

use super::{ASSUME_ROLE, CUT_PAGE, DONE, KEY, KIND, MFA, STS, STS_PAGE, t};
use crate::harden::rule::{Is, Level, Row, Rule, Shape};

pub(super) const SESSION_TOKEN_WITHOUT_MFA: Rule<'static> = Rule {
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
};

pub(super) const SESSION_TOKEN: Rule<'static> = Rule {
    id: "session-token",
    title: "GetSessionToken",
    why: "It should be rare: a session that outlives its key by up to 36 hours.",
    innocent: "People who bring MFA into their command line.",
    row: Row::SessionToken,
    level: Level::Low,
    attack: "attack.t1550.001",
    source: STS_PAGE,
    shape: Shape::One(&[&[STS, t("eventName", Is::Any(&["GetSessionToken"])), DONE]]),
};

pub(super) const FEDERATION_TOKEN: Rule<'static> = Rule {
    id: "federation-token",
    title: "GetFederationToken",
    why: "Seldom used by anybody else: it gives a console and up to 36 hours that go on when the key is deactivated.",
    innocent: "Brokers that federate people by a user of their own; they are known by name.",
    row: Row::SessionToken,
    level: Level::High,
    attack: "attack.t1550.001",
    source: "https://www.crowdstrike.com/blog/how-adversaries-persist-with-aws-user-federation/",
    shape: Shape::One(&[&[STS, t("eventName", Is::Any(&["GetFederationToken"])), DONE]]),
};

pub(super) const SESSION_TOKEN_ASSUMES_ROLE: Rule<'static> = Rule {
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
};
