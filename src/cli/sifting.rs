//! Every record of what --logs names, and of a twin's trail, at a glance: for who looks for more than one family.

use super::Desk;
use super::args::Sources;
use super::exit::{Exit, Failure};
use super::files::{Files, beside, downloaded, unspooled};
use super::progress::Drawing;
use super::window::{left_out, window};
use super::world::{World, wall_clock};
use crate::collect::{Found, Object, Piped, Reader};
use crate::trail::{Damage, Make, Progress, Sieve, Sift};
use std::sync::Arc;

/// What was sifted.
pub struct Sifted<S> {
    /// The sieves, of which each saw a part.
    pub sieves: Vec<S>,
    /// Sources that were read.
    pub files: u64,
    /// What could not be read.
    pub damage: Vec<Damage>,
    /// What else could not be read.
    pub gaps: Vec<String>,
    /// What the window leaves out, as whoever asked wanted it.
    pub left_out: Vec<String>,
}

/// A pass, and how far it is.
struct Pass<S> {
    sift: Sift<S>,
    progress: Arc<Progress>,
}

impl<S: Sieve + Send + 'static> Reader for Pass<S> {
    fn wants(&self, _: &str, _: &Object) -> bool {
        true
    }

    fn read(&self, name: &str, _: &Object, stream: Piped) {
        self.progress.opened();
        self.sift.feed(name, self.progress.watch(stream));
    }

    fn failed(&self, name: &str, why: String) {
        self.sift.damaged(name, why);
    }
}

/// Reads all of it once.
pub async fn sifted<S: Sieve + Send + 'static>(
    desk: &Desk,
    world: Option<&World>,
    sources: &Sources,
    make: Make<S>,
) -> Result<Sifted<S>, Failure> {
    let now = world.map_or_else(wall_clock, |world| world.clients().now());
    let window = window(sources, now)?;
    let files = Files::of(desk, sources).await?;
    let pass = Arc::new(Pass {
        sift: Sift::of(window.clone(), make),
        progress: Arc::default(),
    });
    if let Some(World::Twin { twin, .. }) = world {
        for record in &twin.trail() {
            if let Err(error) = pass.sift.take(record) {
                pass.sift.damaged("the twin's trail", error.to_string());
            }
        }
    }
    let drawing = Drawing::of(&desk.terminal, "reading", &pass.progress);
    beside(
        || pass.sift.read_paths(&files.paths, &pass.progress),
        || pass.progress.count(&files.paths, &window, |_| true),
        drawing.is_seen(),
    );
    if let Some(spool) = &files.stdin {
        pass.sift.feed("stdin", spool.reader().map_err(unspooled)?);
    }
    let mut found = Found::default();
    for location in &files.buckets {
        downloaded(desk, world, location, &window, pass.clone(), &mut found).await?;
    }
    drop(drawing);
    let pass = Arc::into_inner(pass)
        .ok_or_else(|| Failure::new(Exit::Failure, "evidence", "an object is still being read"))?;
    let (sieves, files, damage) = pass.sift.finish();
    Ok(Sifted {
        sieves,
        files,
        damage,
        gaps: found.gaps,
        left_out: left_out(&window, now),
    })
}
