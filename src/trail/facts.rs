//! The few facts of a record that decide whether it can matter for a family: who called, and which key the call gave to whom.
//!
//! Everything is a hash: the facts only decide what is read again in full, so that two names with one hash cost time and nothing else.

use super::enters::entrance;
use super::event::{GIVEN, member};
use super::{Event, Identity};
use crate::ids::{AccessKeyId, Arn, PrincipalArn};
use crate::time::Moment;
use rapidhash::v3::rapidhash_v3;
use serde_json::Value;

/// Stands in the place of a moment of issue where there is no session: who calls with a long-term key.
pub(super) const NO_SESSION: u32 = u32::MAX;

/// Services whose calls give keys. Every call that this program takes for a mint is one of theirs.
pub(super) const GIVERS: [&str; 6] = [
    "sts.amazonaws.com",
    "iam.amazonaws.com",
    "signin.amazonaws.com",
    "sso.amazonaws.com",
    "rolesanywhere.amazonaws.com",
    "cognito-identity.amazonaws.com",
];

/// Where a new role session stands in an answer.
const ROLES: [&str; 2] = ["/assumedRoleUser", "/credentialSet/0/assumedRoleUser"];

/// A name as a number; never zero, which stands for "not told".
pub(super) fn number(text: &str) -> u64 {
    number_of(text.as_bytes())
}

/// The same, of a text in bytes.
pub(super) fn number_of(text: &[u8]) -> u64 {
    rapidhash_v3(text).max(1)
}

fn told(text: Option<&str>) -> u64 {
    text.filter(|text| !text.is_empty()).map_or(0, number)
}

/// Somebody with a key: the key, the user or role whose permissions it carries by unique ID and by name, and what tells the session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Who {
    /// The access key ID.
    pub(super) key: u64,
    /// The unique ID of the user or role.
    pub(super) id: u64,
    /// Its name.
    pub(super) name: u64,
    /// The sign-in that the session began with.
    pub(super) sign_in: u32,
    /// When the session was issued, in seconds since 1970.
    pub(super) since: u32,
}

impl Who {
    /// The caller.
    pub(super) fn called(identity: &Identity) -> Self {
        let issuer = identity.issuer.as_ref();
        Who::of(&Caller {
            kind: identity.kind.as_deref(),
            principal: identity.principal_id.as_deref(),
            arn: identity.arn.as_ref().map(Arn::as_str),
            user: identity.user_name.as_deref(),
            issuer: issuer.and_then(|issuer| issuer.principal_id.as_deref()),
            issuer_name: issuer.and_then(|issuer| issuer.name.as_deref()),
            key: identity.key.as_ref().map(AccessKeyId::as_str),
            sign_in: identity.sign_in.as_deref(),
            since: identity.session_created,
        })
    }

    /// The same, from the parts of an identity.
    pub(super) fn of(caller: &Caller<'_>) -> Self {
        let (id, name) = match caller.kind {
            Some("Root") => (0, number("the root user")),
            Some("FederatedUser") => (told(caller.issuer), user(caller.issuer_name)),
            Some("AssumedRole") => (told(before_colon(caller.principal)), role(caller.arn)),
            _ => (told(before_colon(caller.principal)), user(caller.user)),
        };
        Who {
            key: told(caller.key),
            id,
            name,
            sign_in: caller.sign_in.filter(|text| !text.is_empty()).map_or(0, sign_in),
            since: caller
                .since
                .and_then(|at| u32::try_from(at.seconds()).ok())
                .unwrap_or(0),
        }
    }

    /// Who asked, as far as it is told: the key, else whose session it is and when that was issued. Without the moment it is a user, with a long-term key.
    pub(super) fn as_asker(&self) -> (u64, u32) {
        match (self.key, self.since) {
            (0, 0) if self.principal() == 0 => (0, 0),
            (0, 0) => (self.principal(), NO_SESSION),
            (0, since) => (self.principal(), since),
            (key, _) => (key, 0),
        }
    }

    /// Whose session it is: the user or role by unique ID, and the root user, who has none, by name.
    pub(super) fn principal(&self) -> u64 {
        if self.id == 0 { self.name } else { self.id }
    }
}

/// The parts of an identity that tell who it is.
pub(super) struct Caller<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) principal: Option<&'a str>,
    pub(super) arn: Option<&'a str>,
    pub(super) user: Option<&'a str>,
    pub(super) issuer: Option<&'a str>,
    pub(super) issuer_name: Option<&'a str>,
    pub(super) key: Option<&'a str>,
    pub(super) sign_in: Option<&'a str>,
    pub(super) since: Option<Moment>,
}

fn before_colon(text: Option<&str>) -> Option<&str> {
    text?.split(':').next()
}

/// A sign-in. Half a number tells them apart well enough; never zero, as a whole one.
pub(super) fn sign_in(text: &str) -> u32 {
    (number(text) as u32).max(1)
}

/// A role by name: IAM doesn't tell names by their case, and a call may write one otherwise than its bearer's records.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(super) fn role_called(name: &str) -> u64 {
    number(&name.to_ascii_lowercase())
}

/// A user by name.
pub(super) fn user(name: Option<&str>) -> u64 {
    // Users and roles may have one name: the numbers of the one are turned round.
    name.map_or(0, |name| role_called(name).rotate_left(32))
}

/// Somebody with an ARN, by the name of the user or role.
pub(super) fn named(arn: &Arn) -> u64 {
    match PrincipalArn::of(arn) {
        Some(PrincipalArn::User(name)) => user(Some(&name)),
        Some(PrincipalArn::RoleSession { role, .. }) => role_called(&role),
        Some(PrincipalArn::Root) => number("the root user"),
        _ => 0,
    }
}

/// The role of a session, by name.
fn role(arn: Option<&str>) -> u64 {
    arn.and_then(PrincipalArn::role_of_session).map_or(0, role_called)
}

/// What a record says of a key that was given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given<'a> {
    /// The new key ID.
    pub(super) key: Option<&'a str>,
    /// The unique ID and the ARN of the role session that has it.
    pub(super) role_id: Option<&'a str>,
    pub(super) role_arn: Option<&'a str>,
    /// The user who has it.
    pub(super) holder: Option<&'a str>,
}

impl<'a> Given<'a> {
    /// Looks into what was asked and what was answered.
    pub(super) fn of(request: &'a Value, response: &'a Value) -> Self {
        let answered = |place: &str| member(response, place).and_then(Value::as_str);
        let roles = || ROLES.iter().filter_map(|role| member(response, role));
        let of_role = |name: &str| roles().find_map(|role| role.get(name)?.as_str());
        Given {
            key: GIVEN.iter().find_map(|place| answered(place)),
            role_id: of_role("assumedRoleId"),
            role_arn: of_role("arn"),
            holder: answered("/accessKey/userName")
                .or_else(|| answered("/serviceSpecificCredential/userName"))
                .or_else(|| member(request, "/userName").and_then(Value::as_str)),
        }
    }
}

/// That a call gave a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Gave {
    /// The key that asked; where the record leaves it out, the user or role that did, by unique ID.
    pub(super) by: u64,
    /// When the session was issued that asked, where the record leaves its key out, or that there was none; else zero.
    pub(super) by_since: u32,
    /// Who has the new key.
    pub(super) new: Who,
    /// What the records of one call in several accounts share.
    pub(super) shared: u64,
    /// Whether the record itself names the role that the new key is of: calls with the same key ID by another one are another session's.
    pub(super) names_role: bool,
    /// Whether the new key is a long-term one, which is its own origin.
    pub(super) is_long_term: bool,
    /// Whether it was given in the console: its holder goes on under keys that no record names.
    pub(super) is_of_console: bool,
    /// Whether somebody switched to the session, whose key isn't told.
    pub(super) is_switch: bool,
}

impl Gave {
    /// The key that asked, where it is told.
    pub(super) fn by_key(&self) -> u64 {
        if self.by_since == 0 { self.by } else { 0 }
    }

    /// Who asked, by unique ID, where the record tells no more: another account's session, or a user with a long-term key.
    pub(super) fn asked_abroad(&self) -> Option<u64> {
        (self.by_since == NO_SESSION).then_some(self.by)
    }

    /// What the event gave; `None` where it gave nothing.
    pub(super) fn of(event: &Event, who: Who) -> Option<Self> {
        if event.error.is_some() || !GIVERS.contains(&event.source.as_str()) {
            return None;
        }
        let given = Given::of(&event.request, &event.response);
        let mut gave = Gave::told(who, &given, event.shared_id.as_deref()).or_else(|| entrance(event, who))?;
        gave.is_of_console = event.is_of_console();
        Some(gave.at(event.at))
    }

    /// The same, given at this moment: a new session is issued then, and calls in it bear that under whichever key.
    pub(super) fn at(mut self, at: Moment) -> Self {
        if self.new.key != 0 && !self.is_long_term {
            self.new.since = u32::try_from(at.seconds()).unwrap_or(0);
        }
        self
    }

    /// The same, from the parts of a record.
    pub(super) fn told(who: Who, given: &Given<'_>, shared: Option<&str>) -> Option<Self> {
        let Given { key, role_id, .. } = *given;
        let shared = told(shared);
        if key.is_none() && shared == 0 {
            return None;
        }
        let (id, name) = match (role_id, given.holder) {
            (Some(id), _) => (told(before_colon(Some(id))), role(given.role_arn)),
            (None, Some(holder)) => (0, user(Some(holder))),
            (None, None) => (who.id, who.name),
        };
        let (by, by_since) = who.as_asker();
        Some(Gave {
            by,
            by_since,
            new: Who {
                key: told(key),
                id,
                name,
                ..Who::default()
            },
            shared,
            names_role: role_id.is_some_and(|id| id.contains(':')),
            is_long_term: key.is_some_and(|key| key.starts_with("AKIA")),
            is_of_console: false,
            is_switch: false,
        })
    }
}
