//! Calls that let somebody in without giving a key: they set a user's password, say who may assume a role, turn a sign-in into the sessions of a command line,
//! switch to a role in the console, or make a key active again that was there before.

use super::Event;
use super::console::SIGN_IN;
use super::event::SWITCH;
use super::facts::{Gave, Who, named, number, role_called, user};
use crate::policy::PolicyText;

/// The call that makes a key active again, or takes it out of use.
const REVIVES: &str = "UpdateAccessKey";

/// The calls by name, the switch last. Before it are those of `aws login`, and those that make a session one of the console:
/// <https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html>.
const CALLS: [&str; 11] = [
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "ChangePassword",
    REVIVES,
    "CreateRole",
    "UpdateAssumeRolePolicy",
    "AuthorizeOAuth2Access",
    "CreateOAuth2Token",
    SIGN_IN,
    "ConsoleLogin",
    SWITCH,
];

/// Whether the call of this name is one.
pub(super) fn is_entrance(name: &[u8]) -> bool {
    CALLS.iter().any(|call| call.as_bytes() == name)
}

/// Whom a call by `who` lets in, as a key that isn't known.
pub(super) fn entrance(event: &Event, who: Who) -> Option<Gave> {
    let new = match event.name.as_str() {
        name if !is_entrance(name.as_bytes()) => return None,
        SWITCH => return switch(event, who),
        REVIVES => return revival(event, who),
        _ if event.sets_password() => Who {
            name: event.password_of().map_or(who.name, |name| user(Some(&name))),
            ..Who::default()
        },
        // A sign-in by a password has no session yet.
        "ConsoleLogin" if event.identity.key.is_none() => return None,
        // Somebody signs in a while later, perhaps, and goes on under keys that this gives no other of.
        SIGN_IN | "ConsoleLogin" => Who {
            key: 0,
            since: u32::try_from(event.at.seconds()).unwrap_or(0),
            ..who
        },
        "CreateRole" | "UpdateAssumeRolePolicy" => Who {
            name: event.opened_role().map_or(0, |(role, _)| role_called(&role)),
            ..Who::default()
        },
        _ => Who { key: 0, ..who },
    };
    let (by, by_since) = who.as_asker();
    Some(Gave {
        by,
        by_since,
        new,
        ..Gave::default()
    })
}

/// The key that was made active again, as one that was given.
fn revival(event: &Event, who: Who) -> Option<Gave> {
    let key = event.revived_key()?;
    let of = event.asked("/userName");
    let (by, by_since) = who.as_asker();
    Some(Gave {
        by,
        by_since,
        new: Who {
            key: number(&key),
            name: of.map_or(who.name, |name| user(Some(&name))),
            ..Who::default()
        },
        is_long_term: true,
        ..Gave::default()
    })
}

/// The session that somebody switched to, as a key that isn't known. Who switched is known by name alone, which is told from keys and IDs by being turned
/// round bit by bit.
fn switch(event: &Event, who: Who) -> Option<Gave> {
    let from = named(event.switched_from.as_ref()?);
    let since = u32::try_from(event.at.seconds()).unwrap_or(0);
    Some(Gave {
        by: !from,
        new: Who { key: 0, since, ..who },
        is_switch: true,
        ..Gave::default()
    })
}

impl Gave {
    /// Whether somebody was let in whose keys the record doesn't tell, or not all of them.
    pub(super) fn is_entrance(&self) -> bool {
        !self.is_switch && (self.is_of_console || self.new.key == 0 && self.shared == 0)
    }

    /// Who switched to the session, by name.
    pub(super) fn switched(&self) -> Option<u64> {
        self.is_switch.then_some(!self.by)
    }
}

impl Event {
    /// The long-term key that the call made active again; also where the record doesn't say what it was made.
    pub fn revived_key(&self) -> Option<String> {
        let is_off = self
            .asked("/status")
            .is_some_and(|status| status.eq_ignore_ascii_case("inactive"));
        let is_it = self.service() == "iam" && self.name == REVIVES && !is_off;
        self.asked("/accessKeyId").filter(|_| is_it)
    }

    /// Whether the call sets a user's password.
    pub fn sets_password(&self) -> bool {
        let sets = ["CreateLoginProfile", "UpdateLoginProfile", "ChangePassword"];
        self.service() == "iam" && sets.contains(&self.name.as_str())
    }

    /// The user whose password the call set, by name.
    pub fn password_of(&self) -> Option<String> {
        let told = self
            .asked("/userName")
            .or_else(|| self.answered("/loginProfile/userName"));
        // Without a name the call is about its caller.
        told.or_else(|| self.identity.user_name.clone())
    }

    /// The role of which the call says who may assume it, by name, and what it says.
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>
    pub fn opened_role(&self) -> Option<(String, Option<PolicyText>)> {
        let document = match (self.service(), self.name.as_str()) {
            ("iam", "CreateRole") => "/assumeRolePolicyDocument",
            ("iam", "UpdateAssumeRolePolicy") => "/policyDocument",
            _ => return None,
        };
        Some((self.asked("/roleName")?, self.asked(document).map(PolicyText::new)))
    }

    /// Who was renamed by the call, and to what; `None` where it renamed nobody.
    pub fn renamed(&self) -> Option<(String, String)> {
        let is_meant = self.service() == "iam" && self.name == "UpdateUser" && self.error.is_none();
        let to = self.asked("/newUserName").filter(|_| is_meant)?;
        Some((self.asked("/userName").or_else(|| self.identity.user_name.clone())?, to))
    }
}
