//! Calls that let somebody in without giving a key: they set a user's password, or turn a sign-in into the sessions of a command line.

use super::Event;
use super::facts::{Gave, Who, user};

/// The calls by name. The last two are those of `aws login`:
/// <https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html>.
const CALLS: [&str; 4] = [
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "AuthorizeOAuth2Access",
    "CreateOAuth2Token",
];

/// Whether the call of this name is one.
pub(super) fn is_entrance(name: &[u8]) -> bool {
    CALLS.iter().any(|call| call.as_bytes() == name)
}

/// Whom a call by `who` lets in, as a key that isn't known.
pub(super) fn entrance(event: &Event, who: Who) -> Option<Gave> {
    let new = match event.name.as_str() {
        name if !is_entrance(name.as_bytes()) => return None,
        "CreateLoginProfile" | "UpdateLoginProfile" => Who {
            name: event.password_of().map_or(who.name, |name| user(Some(&name))),
            ..Who::default()
        },
        _ => Who { key: 0, ..who },
    };
    Some(Gave {
        // Where the record leaves the key out, whoever carries the same rights may have asked.
        by: who.as_asker(),
        new,
        ..Gave::default()
    })
}

impl Gave {
    /// Whether somebody was let in whose keys the record doesn't tell, or not all of them.
    pub(super) fn is_entrance(&self) -> bool {
        self.is_of_console || self.new.key == 0 && self.shared == 0
    }
}

impl Event {
    /// The user whose password the call set, by name.
    pub fn password_of(&self) -> Option<String> {
        let told = self
            .asked("/userName")
            .or_else(|| self.answered("/loginProfile/userName"));
        // Without a name the call is about its caller.
        told.or_else(|| self.identity.user_name.clone())
    }
}
