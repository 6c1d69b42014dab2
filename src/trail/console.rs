//! Calls that were made in the console. Its sessions sign with ever new keys, which no record names when they are given, and a role that is switched to in it
//! has such a session too: who gave a key in the console let somebody in under others.

use super::Event;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What the user agent of a call in the console begins with: a browser's name, or that of the service that switches roles.
const AGENTS: [&str; 2] = ["Mozilla", "AWS Signin"];

/// How a record says so, as CloudTrail writes it.
static TOLD: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| {
    [
        Finder::new("\"userAgent\":\"Mozilla"),
        Finder::new("\"userAgent\":\"AWS Signin"),
        Finder::new("\"sessionCredentialFromConsole\":\"true\""),
    ]
});

/// The call that turns a session into one of the console.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>
const SIGN_IN: &str = "GetSigninToken";

impl Event {
    /// Whether it was made in the console, or begins a session there. What says no may be one all the same: not every record tells.
    pub fn is_of_console(&self) -> bool {
        let agent = self.user_agent.as_deref().unwrap_or_default();
        self.name == SIGN_IN || self.identity.from_console || AGENTS.iter().any(|known| agent.starts_with(known))
    }
}

/// The same, of a record as CloudTrail writes it; whatever lies in it may say so too.
pub(super) fn is_of_console(name: &[u8], record: &[u8]) -> bool {
    name == SIGN_IN.as_bytes() || TOLD.iter().any(|told| told.find(record).is_some())
}
