//! Calls that were made in the console. Its sessions sign with ever new keys, which no record names when they are given, and a role that is switched to in it
//! has such a session too: who gave a key in the console let somebody in under others.

use super::Event;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What the user agent of a call in the console begins with: a browser's name, or that of a service of the console.
const AGENTS: [&str; 6] = [
    "Mozilla",
    "AWS Signin",
    "console.amazonaws.com",
    "signin.amazonaws.com",
    "S3Console",
    "[S3Console",
];

/// How a record says so, as CloudTrail writes it.
static FROM_CONSOLE: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("\"sessionCredentialFromConsole\":\"true\""));
static AGENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"userAgent\":\""));

/// The call that turns a session into one of the console.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>
pub(super) const SIGN_IN: &str = "GetSigninToken";

impl Event {
    /// Whether it was made in the console, or begins a session there. What says no may be one all the same: not every record tells.
    pub fn is_of_console(&self) -> bool {
        let agent = self.user_agent.as_deref().unwrap_or_default();
        self.name == SIGN_IN || self.identity.from_console || AGENTS.iter().any(|known| agent.starts_with(known))
    }
}

/// The same, of a record as CloudTrail writes it; whatever lies in it may say so too.
pub(super) fn is_of_console(name: &[u8], record: &[u8]) -> bool {
    let mut agents = AGENT.find_iter(record);
    let is_known = |at: usize| {
        let agent = record.get(at + AGENT.needle().len()..).unwrap_or_default();
        AGENTS.iter().any(|known| agent.starts_with(known.as_bytes()))
    };
    name == SIGN_IN.as_bytes() || agents.any(is_known) || FROM_CONSOLE.find(record).is_some()
}
