//! From the command line and findings to the keys that an incident is about.

use super::Desk;
use super::args::Sources;
use super::exit::{Exit, Failure};
use super::world::{named_unreadable, open};
use crate::ids::{AccessKeyId, KeyKind};
use crate::intake::{self, Intake};
use std::io::Read;
use std::path::Path;

/// The keys that are named, each once: first those of the command line, then those of the findings.
pub fn keys(desk: &Desk, named: &[String], sources: &Sources) -> Result<Vec<AccessKeyId>, Failure> {
    let dash = Path::new("-");
    let from_stdin = sources.finding.iter().chain(&sources.logs).filter(|path| *path == dash);
    if from_stdin.count() > 1 {
        let message = "stdin can be read only once, and `-` is given more than once; nothing was asked";
        return Err(Failure::new(Exit::Usage, "stdin.twice", message).hint("put one of the two into a file"));
    }
    let mut keys: Vec<AccessKeyId> = Vec::new();
    for text in named {
        keys.push(key(text)?);
    }
    for path in &sources.finding {
        keys.extend(found(desk, path)?);
    }
    let mut once = Vec::new();
    for key in keys {
        if !once.contains(&key) {
            once.push(key);
        }
    }
    Ok(once)
}

/// Reads a key ID from the command line.
fn key(text: &str) -> Result<AccessKeyId, Failure> {
    let key: AccessKeyId = text
        .parse()
        .map_err(|error: crate::ids::IdError| garbled(text, &error))?;
    match key.kind() {
        KeyKind::NotAKey(what) => Err(Failure::new(
            Exit::Usage,
            "key.not_a_key",
            format!("{key} is {what}; nothing was asked"),
        )
        .hint("an access key ID begins with AKIA (long-term) or ASIA (temporary)")),
        _ => Ok(key),
    }
}

/// What is no key ID may be meant as a file.
fn garbled(text: &str, error: &crate::ids::IdError) -> Failure {
    let path = Path::new(text);
    if path.is_file() {
        let message = format!("`{text}` is a file, and an access key ID is wanted here; nothing was asked");
        return Failure::new(Exit::Usage, "key.garbled", message).hint(
            "a finding is given with --finding, a trail with --logs; a plan is carried out by `oust run FILE`, and by that alone",
        );
    }
    if text.contains(['/', '.', '\\']) {
        let message = format!("there is no file `{text}`, and it is no access key ID; nothing was asked");
        return Failure::new(Exit::Input, "key.no_file", message).hint("look at how its path is written");
    }
    Failure::new(Exit::Usage, "key.garbled", format!("{error}; nothing was asked"))
        .hint("give the compromised access key ID, AKIA... or ASIA..., or what names it with --finding FILE")
}

/// The keys that a finding names.
fn found(desk: &Desk, path: &Path) -> Result<Vec<AccessKeyId>, Failure> {
    let (name, written) = match path == Path::new("-") {
        true => ("stdin".to_owned(), stdin()?),
        false => (path.display().to_string(), file(path)?),
    };
    let text = intake::text(written).map_err(|error| {
        let message = format!("`{name}` cannot be read: {error}; nothing was asked");
        Failure::new(Exit::Input, "file.unreadable", message).hint("save it as UTF-8")
    })?;
    let Intake {
        named,
        candidates,
        remarks,
    } = intake::read(&text).map_err(|error| {
        let message = format!("`{name}` names no access key: {error}; nothing was asked");
        Failure::new(Exit::Input, "finding.no_key", message).hint(
            "give a finding of GuardDuty, Security Hub or AWS Health as JSON, or the key ID itself in the place of --finding",
        )
    })?;
    remarks
        .iter()
        .for_each(|remark| desk.terminal.status(&format!("note: {remark}")));
    for one in &named {
        desk.terminal.status(&format!("{} is named by the {}", one.key, one.by));
    }
    if !named.is_empty() {
        return Ok(named.into_iter().map(|one| one.key).collect());
    }
    chosen(desk, &name, candidates)
}

/// Which of the candidates are meant only a person can say.
fn chosen(desk: &Desk, name: &str, candidates: Vec<AccessKeyId>) -> Result<Vec<AccessKeyId>, Failure> {
    let texts: Vec<&str> = candidates.iter().map(AccessKeyId::as_str).collect();
    let message = format!(
        "`{name}` is no finding that this program knows, and holds {} that may be a key's: {}; nothing was asked",
        if texts.len() == 1 { "one text" } else { "several texts" },
        texts.join(", ")
    );
    let failure = || {
        Failure::new(Exit::Input, "finding.unknown", message.clone()).hint(format!(
            "give the compromised ones as KEY: `oust trace {}`",
            texts.join(" ")
        ))
    };
    if !desk.terminal.can_ask() {
        return Err(failure());
    }
    let question = format!("`{name}` is no finding that this program knows. Which keys are compromised?");
    loop {
        let picked = desk.terminal.pick(&question, &texts);
        let picked = picked.map_err(|_| Failure::new(Exit::Stopped, "finding.unknown", message.clone()))?;
        let keys: Vec<AccessKeyId> = picked
            .into_iter()
            .filter_map(|place| candidates.get(place).cloned())
            .collect();
        if !keys.is_empty() {
            return Ok(keys);
        }
        desk.terminal
            .urgent("none was picked: space picks the one that is pointed at, enter goes on, escape ends");
    }
}

fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut written = Vec::new();
    let read = open(path)?.read_to_end(&mut written);
    read.map_err(|error| named_unreadable(path, &error))?;
    Ok(written)
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut written = Vec::new();
    std::io::stdin().read_to_end(&mut written).map_err(|error| {
        let message = format!("stdin cannot be read: {error}; nothing was done");
        Failure::new(Exit::Input, "file.unreadable", message).hint("give a file in the place of `-`")
    })?;
    Ok(written)
}
