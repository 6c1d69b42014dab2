//! What `--logs` names: files, folders, objects of S3 and stdin, read in two passes.

use super::Desk;
use super::args::Sources;
use super::exit::{Exit, Failure};
use super::leads::Leads;
use super::progress::Drawing;
use super::world::World;
use crate::collect::{self, Found, Location, LocationError, Object, Piped, Reader};
use crate::ids::AccessKeyId;
use crate::trail::{Followed, Harvest, Index, IndexError, Progress, Spool, Survey, Window};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What `--logs` names, by where it lies.
pub(super) struct Files {
    pub(super) paths: Vec<PathBuf>,
    pub(super) buckets: Vec<Location>,
    pub(super) stdin: Option<Spool>,
    /// Where what the first pass finds in `paths` and `buckets` is kept.
    index: Option<Kept>,
}

/// Where an index is kept.
enum Kept {
    /// Where a person said.
    Asked(PathBuf),
    /// Among the cases, because there are some.
    Beside(PathBuf),
}

/// What one `--logs` names.
enum Place {
    Bucket(Location),
    Stdin,
    Path,
}

fn place(path: &Path) -> Result<Place, Failure> {
    if let Some(location) = bucket(path)? {
        return Ok(Place::Bucket(location));
    }
    if path == Path::new("-") {
        return Ok(Place::Stdin);
    }
    if path.exists() {
        return Ok(Place::Path);
    }
    let message = format!(
        "`{}`, given with --logs, is not there; nothing was read",
        path.display()
    );
    Err(Failure::new(Exit::Input, "logs.missing", message)
        .hint("look at how its path is written; a trail in S3 is s3://BUCKET/PREFIX"))
}

/// Whether everything that `--logs` and `--index` name can be read from: told before anything is done.
///
/// # Errors
/// The first that can't.
pub(super) fn are_there(sources: &Sources) -> Result<(), Failure> {
    sources.logs.iter().try_for_each(|path| place(path).map(drop))?;
    match &sources.index {
        Some(path) => Index::look(path).map_err(unindexed),
        None => Ok(()),
    }
}

/// The name of what came through stdin.
const STDIN: &str = "stdin";

impl Files {
    pub(super) async fn of(desk: &Desk, sources: &Sources) -> Result<Files, Failure> {
        let mut files = Files {
            paths: Vec::new(),
            buckets: Vec::new(),
            stdin: None,
            index: sources.index.clone().map(Kept::Asked),
        };
        for path in &sources.logs {
            match place(path)? {
                Place::Bucket(location) => files.buckets.push(location),
                Place::Path => files.paths.push(path.clone()),
                Place::Stdin => {
                    let spool = in_the_background(|| Spool::of(std::io::stdin().lock())).await?;
                    files.stdin = Some(spool.map_err(unspooled)?);
                }
            }
        }
        if files.index.is_none() && !(files.paths.is_empty() && files.buckets.is_empty()) {
            files.index = beside_cases(&desk.cases, &sources.logs).map(Kept::Beside);
        }
        Ok(files)
    }

    /// The index. One that nobody asked for is left out where it can't be had.
    fn index(&self, desk: &Desk) -> Result<Option<Arc<Index>>, Failure> {
        let index = match &self.index {
            None => return Ok(None),
            Some(Kept::Asked(path)) => Index::open(path).map_err(unindexed)?,
            Some(Kept::Beside(path)) => match Index::open(path) {
                Ok(index) => index,
                Err(error) => {
                    desk.terminal.status(&format!("{error}: every file is read"));
                    return Ok(None);
                }
            },
        };
        if let Some(note) = index.note() {
            desk.terminal.status(note);
        }
        Ok(Some(Arc::new(index)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.buckets.is_empty() && self.stdin.is_none()
    }

    /// Whether the paths are all that there is to read, so that its size can be told.
    fn are_all(&self) -> bool {
        self.buckets.is_empty() && self.stdin.is_none()
    }

    /// Reads all of it twice: who called and which key gave which, and then in full what can matter for what is `known`. What leads to others of the
    /// family is among it. With it comes what was followed.
    pub(super) async fn read(
        &self,
        desk: &Desk,
        world: Option<&World>,
        window: &Window,
        known: &Leads,
    ) -> Result<(Found, Followed), Failure> {
        let mut found = Found::default();
        for path in &self.paths {
            desk.terminal.status(&format!("reading {}", path.display()));
        }
        let index = self.index(desk)?;
        let keys: Vec<AccessKeyId> = known.keys.iter().cloned().collect();
        let survey = Survey::of(&keys, window.clone()).also(known.entered(), known.sign_ins.iter().cloned());
        let survey = Pass::of(survey, index.clone());
        let drawing = Drawing::of(&desk.terminal, "reading", &survey.progress);
        let counted = drawing.is_seen() && self.are_all();
        let (pass, paths, within) = (survey.clone(), self.paths.clone(), window.clone());
        in_the_background(move || {
            beside(
                || pass.reader.read_paths(&paths, &pass.progress, pass.index.as_deref()),
                || pass.progress.count(&paths, &within, |_| true),
                counted,
            );
        })
        .await?;
        if let Some(spool) = &self.stdin {
            let (pass, stdin) = (survey.clone(), spool.reader().map_err(unspooled)?);
            in_the_background(move || pass.feed(STDIN, stdin)).await?;
        }
        for location in &self.buckets {
            desk.terminal.status(&format!("reading {location}"));
            let objects = downloaded(desk, world, location, window, survey.clone(), &mut found).await?;
            if objects == 0 {
                found.gap(format!(
                    "{location} holds no objects of the accounts, Regions and days that were asked for"
                ));
            }
        }
        drop(drawing);
        let harvest = Pass::of(finished(survey)?.close(), None);
        if index.is_some() && self.stdin.is_some() {
            desk.terminal
                .status("what came through stdin is not in the index: another question needs it again");
        }
        // What was read is whole without it.
        if let Some(Err(error)) = index.and_then(Arc::into_inner).map(Index::save) {
            desk.terminal
                .status(&format!("{error}; the next trace reads every file again"));
        }
        let drawing = Drawing::of(&desk.terminal, "reading what can matter", &harvest.progress);
        let counted = drawing.is_seen() && self.are_all() && harvest.reader.wanted() > 0;
        let (pass, paths, within) = (harvest.clone(), self.paths.clone(), window.clone());
        in_the_background(move || {
            beside(
                || pass.reader.read_paths(&paths, &pass.progress),
                || pass.progress.count(&paths, &within, |name| pass.reader.wants(name)),
                counted,
            );
        })
        .await?;
        if let Some(spool) = self.stdin.as_ref().filter(|_| harvest.reader.wants(STDIN)) {
            let (pass, stdin) = (harvest.clone(), spool.reader().map_err(unspooled)?);
            in_the_background(move || pass.feed(STDIN, stdin)).await?;
        }
        if harvest.reader.wanted() > 0 {
            for location in &self.buckets {
                downloaded(desk, world, location, window, harvest.clone(), &mut found).await?;
            }
        }
        drop(drawing);
        let harvest = finished(harvest)?;
        let followed = harvest.followed();
        let read = harvest.finish();
        // What came through stdin is told once, and is remembered.
        let is_there_still = !(self.paths.is_empty() && self.buckets.is_empty());
        if is_there_still && read.is_empty() && read.damage.is_empty() {
            found.gap("what --logs names holds no record of CloudTrail in the time that counts".to_owned());
        }
        found.evidence.merge(read);
        Ok((found, followed))
    }
}

/// The index of what lies in these places, among the cases where there are any: a second question within a case needn't read it all again.
fn beside_cases(cases: &Path, logs: &[PathBuf]) -> Option<PathBuf> {
    let mut places: Vec<String> = Vec::new();
    for path in logs.iter().filter(|path| *path != Path::new("-")) {
        places.push(match path.to_string_lossy() {
            object if object.starts_with("s3://") => object.into_owned(),
            _ => std::path::absolute(path).ok()?.to_string_lossy().into_owned(),
        });
    }
    places.sort();
    places.dedup();
    let digest = Sha256::digest(places.join("\n").as_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    cases.is_dir().then(|| cases.join(format!("archive-{name}.index")))
}

pub(super) fn unspooled(error: std::io::Error) -> Failure {
    let message = format!("stdin cannot be kept to be read twice: {error}; nothing was read");
    Failure::new(Exit::Input, "file.unreadable", message).hint("give a file with --logs")
}

fn unindexed(error: IndexError) -> Failure {
    let code = match error {
        IndexError::Foreign(_) => "index.foreign",
        IndexError::Unreadable(..) => "index.unreadable",
        IndexError::Unwritable(..) => "index.unwritable",
    };
    Failure::new(Exit::Input, code, error.to_string()).hint("name another file with --index, or leave it out")
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

/// Does work that blocks, while whatever else waits for answers goes on.
async fn in_the_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::new(Exit::Failure, "evidence", format!("reading broke off: {error}")))
}

/// Does `work`, and `count` beside it where that is wanted.
pub(super) fn beside(work: impl FnOnce(), count: impl FnOnce() + Send, wanted: bool) {
    std::thread::scope(|scope| {
        if wanted {
            scope.spawn(count);
        }
        work();
    });
}

/// One of the two passes, and how far it is.
struct Pass<R> {
    reader: R,
    progress: Arc<Progress>,
    index: Option<Arc<Index>>,
}

impl<R> Pass<R> {
    fn of(reader: R, index: Option<Arc<Index>>) -> Arc<Self> {
        let progress = Arc::default();
        Arc::new(Pass {
            reader,
            progress,
            index,
        })
    }
}

fn finished<R>(pass: Arc<Pass<R>>) -> Result<R, Failure> {
    let pass = Arc::into_inner(pass);
    let pass = pass.ok_or_else(|| Failure::new(Exit::Failure, "evidence", "an object is still being read"))?;
    Ok(pass.reader)
}

impl Pass<Survey> {
    fn feed(&self, name: &str, stream: impl Read) {
        self.progress.opened();
        self.reader.feed(name, self.progress.watch(stream));
    }
}

impl Pass<Harvest> {
    fn feed(&self, name: &str, stream: impl Read) {
        self.progress.opened();
        self.reader.feed(name, self.progress.watch(stream));
    }
}

impl Reader for Pass<Survey> {
    fn wants(&self, name: &str, object: &Object) -> bool {
        let etag = object.etag.as_deref();
        !self
            .reader
            .knows_object(name, object.bytes, etag, self.index.as_deref())
    }

    fn read(&self, name: &str, object: &Object, stream: Piped) {
        self.progress.opened();
        let (stream, etag) = (self.progress.watch(stream), object.etag.as_deref());
        self.reader
            .feed_object(name, object.bytes, etag, stream, self.index.as_deref());
    }

    fn failed(&self, name: &str, why: String) {
        self.reader.damaged(name, why);
    }
}

impl Reader for Pass<Harvest> {
    fn wants(&self, name: &str, _: &Object) -> bool {
        self.reader.wants(name)
    }

    fn read(&self, name: &str, _: &Object, stream: Piped) {
        self.feed(name, stream);
    }

    fn failed(&self, name: &str, why: String) {
        self.reader.damaged(name, why);
    }
}

/// Reads the files of a trail where it lies; gives how many there were.
pub(super) async fn downloaded(
    desk: &Desk,
    world: Option<&World>,
    location: &Location,
    window: &Window,
    reader: Arc<dyn Reader>,
    found: &mut Found,
) -> Result<u64, Failure> {
    let Some(world) = world else {
        let message = format!("{location} can't be read with --offline; nothing was read");
        return Err(
            Failure::new(Exit::Usage, "s3.offline", message).hint("leave --offline out, or download the files first")
        );
    };
    let tell = |text: &str| desk.terminal.status(text);
    let read = collect::s3(world.clients(), location, window, reader, &tell).await?;
    let passed = match read.passed {
        0 => String::new(),
        count => format!("; {count} need not be read"),
    };
    desk.terminal.status(&format!(
        "read {} objects of {location}, {} bytes{passed}",
        read.objects, read.bytes
    ));
    if read.failed > 0 {
        found.gap(format!(
            "{} objects of {location} could not be read whole: what they tell is not known",
            read.failed
        ));
    }
    Ok(read.objects + read.passed)
}
