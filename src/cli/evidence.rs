//! Evidence from everything that the arguments name, and from the world's own trail.

use super::Desk;
use super::args::Sources;
use super::exit::{Exit, Failure};
use super::window::window;
use super::world::{World, wall_clock};
use crate::collect::{self, Found, Location, LocationError, Piped, Reader};
use crate::ids::AccessKeyId;
use crate::mount::Trouble;
use crate::trail::{Evidence, Window, read_path, read_stream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was read, and every reason why the family may be larger than it shows.
pub async fn evidence(
    desk: &Desk,
    world: Option<&World>,
    sources: &Sources,
    keys: &[AccessKeyId],
) -> Result<Found, Failure> {
    let now = world.map_or_else(wall_clock, |world| world.clients().now());
    let window = window(sources, now)?;
    let mut found = Found::default();
    for path in &sources.logs {
        match bucket(path)? {
            Some(location) => downloaded(desk, world, &location, &window, &mut found).await?,
            None => read(desk, path, &mut found.evidence)?,
        }
    }
    for damage in &found.evidence.damage {
        let at = damage
            .offset
            .map(|offset| format!(" at byte {offset}"))
            .unwrap_or_default();
        desk.terminal
            .status(&format!("not read: {}{at}: {}; the rest was", damage.file, damage.what));
    }
    match world {
        None => {}
        Some(World::Twin { twin, .. }) => of_twin(&twin.trail(), &mut found.evidence),
        Some(World::Live { .. }) => looked_up(desk, world, &window, keys, &mut found).await?,
    }
    Ok(found)
}

/// Reads files, folders and stdin.
fn read(desk: &Desk, path: &Path, evidence: &mut Evidence) -> Result<(), Failure> {
    if path == Path::new("-") {
        read_stream("stdin", std::io::stdin().lock(), evidence);
    } else if path.exists() {
        desk.terminal.status(&format!("reading {}", path.display()));
        read_path(path, evidence);
    } else {
        let message = format!("`{}` is not there", path.display());
        return Err(Failure::new(Exit::Input, "logs.missing", message));
    }
    Ok(())
}

/// A place in S3, if the path is meant as one.
fn bucket(path: &Path) -> Result<Option<Location>, Failure> {
    let text = path.to_string_lossy();
    if !text.starts_with("s3://") {
        return Ok(None);
    }
    let location = text.parse().map_err(|error: LocationError| {
        Failure::new(Exit::Usage, "s3.garbled", format!("{error}; nothing was read"))
    })?;
    Ok(Some(location))
}

/// Objects on their way into one evidence.
#[derive(Default)]
struct Downloaded(Mutex<Evidence>);

impl Downloaded {
    fn lock(&self) -> MutexGuard<'_, Evidence> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader for Downloaded {
    fn wants(&self, _: &str) -> bool {
        true
    }

    fn read(&self, name: &str, stream: Piped) {
        let mut evidence = Evidence::default();
        read_stream(name, stream, &mut evidence);
        self.lock().merge(evidence);
    }

    fn failed(&self, name: &str, why: String) {
        self.lock().damaged(name, None, why);
    }
}

/// Reads the files of a trail where it lies.
async fn downloaded(
    desk: &Desk,
    world: Option<&World>,
    location: &Location,
    window: &Window,
    found: &mut Found,
) -> Result<(), Failure> {
    let Some(world) = world else {
        let message = format!("{location} can't be read with --offline; nothing was read");
        return Err(
            Failure::new(Exit::Usage, "s3.offline", message).hint("leave --offline out, or download the files first")
        );
    };
    desk.terminal.status(&format!("reading {location}"));
    let reader = Arc::new(Downloaded::default());
    let tell = |text: &str| desk.terminal.status(text);
    let read = collect::s3(world.clients(), location, window, reader.clone(), &tell).await?;
    desk.terminal.status(&format!(
        "read {} objects of {location}, {} bytes",
        read.objects, read.bytes
    ));
    found.evidence.merge(std::mem::take(&mut *reader.lock()));
    if read.failed > 0 {
        found.gap(format!(
            "{} objects of {location} could not be read whole: what they tell is not known",
            read.failed
        ));
    }
    if read.objects == 0 {
        found.gap(format!(
            "{location} holds no objects of the accounts, Regions and days that were asked for"
        ));
    }
    Ok(())
}

fn of_twin(records: &[serde_json::Value], evidence: &mut Evidence) {
    evidence.note("the twin's whole trail, data events included");
    for record in records {
        if let Err(error) = evidence.add_record(record) {
            evidence.damaged("the twin's trail", None, error.to_string());
        }
    }
}

/// The account's own trail. That it can't be read is a gap, unless nothing can be asked at all.
async fn looked_up(
    desk: &Desk,
    world: Option<&World>,
    window: &Window,
    keys: &[AccessKeyId],
    found: &mut Found,
) -> Result<(), Failure> {
    let Some(world) = world else { return Ok(()) };
    let tell = |text: &str| desk.terminal.status(text);
    match collect::trail(world.clients(), keys, window, &tell).await {
        Ok(more) => {
            found.evidence.merge(more.evidence);
            found.gaps.extend(more.gaps);
        }
        Err(error) if matches!(error.trouble, Trouble::Credentials | Trouble::Unreachable) => return Err(error.into()),
        Err(error) => {
            let gap = format!("the account's own trail could not be read: {error}");
            found.evidence.note(gap.clone());
            found.gaps.push(gap);
        }
    }
    Ok(())
}
