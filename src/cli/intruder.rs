//! The intruder of a served twin: its script, its first credential, and what is told of it.

use super::Desk;
use super::args::Fight;
use super::exit::{Exit, Failure};
use super::world::{place, read_text};
use crate::ids::AccessKeyId;
use crate::report;
use crate::twin::Twin;
use crate::twin::intruder::{CATALOGUE, Intruder, Script};
use std::path::Path;
use std::time::Duration;

/// How often the twin is looked at for what its intruder did; its moves keep their own moments whatever this is.
const LOOK_MILLIS: u64 = 25;

/// The script of a name or a file.
///
/// # Errors
/// There is none, or it is malformed.
pub fn script(name: &str) -> Result<Script, Failure> {
    let text = match CATALOGUE.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => (*text).to_owned(),
        None => read_text(Path::new(name)).map_err(|failure| {
            let known: Vec<&str> = CATALOGUE.iter().map(|(known, _)| *known).collect();
            failure.hint(format!(
                "the intruders that the program carries are: {}",
                known.join(", ")
            ))
        })?,
    };
    Script::parse(&text).map_err(|error| {
        let (line, column) = place(&text, error.span.start);
        Failure::new(
            Exit::Input,
            "intruder.malformed",
            format!("`{name}`, line {line}, column {column}: {error}"),
        )
    })
}

/// The twin with the intruder in it that is asked for, if one is. `own` is the scenario's own script, `stolen` the credential that is compromised.
///
/// # Errors
/// There is no such script or no such credential.
pub fn inhabited(
    twin: Twin,
    fight: &Fight,
    names: &[(String, AccessKeyId)],
    own: Option<&str>,
    stolen: Option<&str>,
) -> Result<Twin, Failure> {
    let Some(asked) = &fight.intruder else {
        return Ok(twin);
    };
    let script = script(match asked.as_str() {
        "default" => own.unwrap_or("notyet"),
        named => named,
    })?;
    let known = || {
        let known: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        format!("--intruder-key takes an access key ID or one of: {}", known.join(", "))
    };
    let wanted = fight.intruder_key.as_deref().or(stolen).ok_or_else(|| {
        let message = "a snapshot doesn't tell which credential is the intruder's; nothing is served";
        Failure::new(Exit::Usage, "intruder.key", message).hint(known())
    })?;
    let held = names
        .iter()
        .find(|(name, key)| name == wanted || key.as_str() == wanted);
    let (_, key) = held.ok_or_else(|| {
        let message = format!("the twin has no credential `{wanted}` for the intruder; nothing is served");
        Failure::new(Exit::Usage, "intruder.key", message).hint(known())
    })?;
    let intruder = Intruder::new(script, twin.keys(key), fight.intruder_seed, twin.service_now());
    Ok(twin.inhabited_by(intruder))
}

/// Lets the intruder act in real time and tells on stderr what it does, until the future is dropped.
pub async fn act(desk: &Desk, twin: &Twin) {
    loop {
        tell(desk, twin);
        tokio::time::sleep(Duration::from_millis(LOOK_MILLIS)).await;
    }
}

fn tell(desk: &Desk, twin: &Twin) {
    for did in twin.overheard() {
        desk.terminal
            .status(&format!("{}  the intruder {}", did.at.clock_face(), did.what));
    }
}

/// Tells at the end what the intruder has.
///
/// # Errors
/// The result cannot be written.
pub fn ended(desk: &Desk, twin: &Twin) -> Result<(), Failure> {
    tell(desk, twin);
    match twin.grip() {
        Some(grip) => desk.result(|| report::grip(&grip, desk.paint()), &grip),
        None => Ok(()),
    }
}
