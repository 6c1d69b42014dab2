//! Credentials that end in the middle: new ones are looked for, then asked for, and the run goes on.

use super::Desk;
use super::exit::Failure;
use super::terminal::Interrupted;
use super::world::World;
use crate::collect;
use crate::mount::{AwsError, Renewal, Trouble};

/// What a person says whose credentials have ended.
pub(super) enum Answer {
    /// New ones are there: of this profile, or where the old ones were.
    Again(Option<String>),
    /// Nothing more is to be done.
    Stop,
}

/// Asks for new credentials; `None` for Ctrl-C.
pub(super) fn ask(desk: &Desk) -> Option<Answer> {
    desk.terminal.urgent(
        "       your own credentials have ended. Get new ones for the same user or role\n       in another window, then go on here. Nothing that is done is lost:\n       `oust resume` goes on later as well",
    );
    loop {
        let answer = match desk
            .terminal
            .ask("[r]etry with new credentials, of another [p]rofile, s[t]op")
        {
            Ok(answer) => answer.to_lowercase(),
            Err(Interrupted) => return None,
        };
        match answer.as_str() {
            "r" | "retry" => return Some(Answer::Again(None)),
            "p" | "profile" => match desk.terminal.ask("profile") {
                Ok(name) if !name.trim().is_empty() => return Some(Answer::Again(Some(name.trim().to_owned()))),
                Ok(_) => {}
                Err(Interrupted) => return None,
            },
            "t" | "stop" | "q" => return Some(Answer::Stop),
            _ => desk.terminal.urgent("please answer r, p or t"),
        }
    }
}

/// Sees to it that the credentials work before something longer is read with them: what ended is replaced where new ones are there, and asked for where
/// somebody can be.
///
/// # Errors
/// They don't work and nobody has others.
pub(super) async fn signed_in(desk: &Desk, world: &World) -> Result<(), Failure> {
    let clients = world.clients();
    let mut error = match collect::caller(clients).await {
        Err(error) if error.trouble == Trouble::Credentials => error,
        other => return Ok(other.map(drop)?),
    };
    loop {
        if !desk.terminal.can_ask() {
            return Err(error.into());
        }
        desk.terminal.urgent(&error.to_string());
        let Some(Answer::Again(profile)) = ask(desk) else {
            return Err(error.into());
        };
        error = match clients.renew(profile.as_deref()).await {
            Ok(Renewal::Same) => AwsError::same_credentials(),
            Ok(Renewal::New) => match collect::caller(clients).await {
                Err(error) if error.trouble == Trouble::Credentials => error,
                other => return Ok(other.map(drop)?),
            },
            Err(error) => error,
        };
    }
}
