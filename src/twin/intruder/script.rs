//! The script of an intruder: which moves, how fast. Documented by `playbooks/intruders/notyet.toml`.

use serde::Deserialize;
use std::ops::Range;

/// The scripts that the binary carries: name and text.
pub const CATALOGUE: &[(&str, &str)] = &[("notyet", include_str!("../../../playbooks/intruders/notyet.toml"))];

/// A script as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Its name on the command line.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// Pages that it follows.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What the names of everything begin with that it makes.
    pub prefix: String,
    /// How long it waits before its first call.
    #[serde(default)]
    pub begins_after: Lapse,
    /// How long it rests between two looks at what it defends.
    pub every: Lapse,
    /// How often it looks whether it is still in.
    pub check_every: Lapse,
    /// What each call costs it.
    pub latency: Lapse,
    /// And up to so much more, by the seed.
    #[serde(default)]
    pub jitter: Lapse,
    /// How many calls it has under way at a time.
    #[serde(default = "one")]
    pub at_once: usize,
    /// How many users, and how many roles, of its making it keeps at a time.
    pub at_most: usize,
    /// It stops when nothing has worked for so long.
    pub give_up_after: Lapse,
    /// Roles that it takes sessions of beside its own, by name.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Its moves.
    pub moves: Moves,
}

fn one() -> usize {
    1
}

/// Which moves are made. What isn't named is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Moves {
    /// Puts an inline policy that allows everything on what it defends, and puts it back when it is gone or altered.
    pub restore_admin: bool,
    /// Deletes every other inline policy and detaches every managed policy.
    pub strip_denies: bool,
    /// Deletes the permissions boundary.
    pub remove_boundary: bool,
    /// Leaves every group.
    pub leave_groups: bool,
    /// Makes its keys active again.
    pub reactivate_key: bool,
    /// Makes another key for a user whose key was cut off.
    pub new_key: bool,
    /// Makes another user when a key or a user was cut off.
    pub new_user: bool,
    /// Makes a user again that was deleted.
    pub recreate_user: bool,
    /// Makes a role that trusts the account, and takes a session of it, when a key or a role was cut off.
    pub new_role: bool,
    /// Takes sessions of the roles that it can list, and new ones when they die.
    pub assume_roles: bool,
    /// Keeps a GetSessionToken session of every key in reserve.
    pub mint_session_tokens: bool,
    /// Lets the account into roles that it wants and may not assume.
    pub edit_trust: bool,
}

/// A length of time, to the millisecond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Lapse(i64);

impl Lapse {
    /// In milliseconds.
    pub fn millis(self) -> i64 {
        self.0
    }
}

impl TryFrom<String> for Lapse {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor = match unit {
            "ms" => Some(1),
            "s" => Some(1000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            _ => None,
        };
        let millis = factor.zip(number.parse::<u32>().ok());
        millis
            .map(|(factor, number)| Lapse(factor * i64::from(number)))
            .ok_or_else(|| format!("`{text}` is no length of time, such as 500ms, 5s, 10m or 1h"))
    }
}

/// A fault of a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

impl Script {
    /// Reads a script and checks that it can be played.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(text: &str) -> Result<Script, ScriptError> {
        let script: Script = toml::from_str(text).map_err(|error| ScriptError {
            message: error.message().to_owned(),
            span: error.span().unwrap_or(0..0),
        })?;
        match script.fault() {
            None => Ok(script),
            Some((member, what)) => Err(ScriptError {
                message: format!("`{member}` {what}"),
                span: place(text, member),
            }),
        }
    }

    /// A member whose value cannot be played, and why.
    fn fault(&self) -> Option<(&'static str, String)> {
        let needs_time = [
            ("every", self.every),
            ("check_every", self.check_every),
            ("latency", self.latency),
            ("give_up_after", self.give_up_after),
        ];
        if let Some((member, _)) = needs_time.iter().find(|(_, lapse)| lapse.millis() == 0) {
            return Some((member, "must be longer than nothing".to_owned()));
        }
        if !(1..=64).contains(&self.at_once) {
            return Some(("at_once", "must be from 1 to 64".to_owned()));
        }
        let named = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if self.prefix.is_empty() || self.prefix.len() > 32 || !self.prefix.chars().all(named) {
            let what = "must be 1 to 32 letters, digits and _+=,.@-, as names in IAM are";
            return Some(("prefix", what.to_owned()));
        }
        if self.moves.strip_denies && !self.moves.restore_admin {
            let what = "needs `restore_admin`: it takes away what grants, too";
            return Some(("strip_denies", what.to_owned()));
        }
        None
    }
}

/// Where `member` is set in `text`.
fn place(text: &str, member: &str) -> Range<usize> {
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start();
        let rest = code.strip_prefix(member).unwrap_or_default();
        if rest.trim_start().starts_with('=') {
            let at = from + line.len() - code.len();
            return at..at + member.len();
        }
        from += line.len();
    }
    0..0
}
