//! The facts of many sources, in pages. Full ones are laid into a nameless file, so that an archive of any size needs no more memory than a few pages.

use super::facts::{Gave, Who, number};
use super::packed::{Rest, put, put_gave, put_who};
use super::survey::Facts;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem::size_of;
use std::num::NonZero;
use std::thread::available_parallelism;

/// The pages that are being filled have room for so many bytes together: every thread fills one.
const ROOM: usize = 64 << 20;

/// The facts of some sources. Sources are remembered by the hash of their name, callers once for all sources of one page.
#[derive(Debug, Default)]
pub(super) struct Page {
    places: HashMap<Who, u32, rapidhash::fast::RandomState>,
    pub(super) callers: Vec<Who>,
    /// For each source its name's number and where its callers end in `called`.
    pub(super) sources: Vec<(u64, usize)>,
    pub(super) called: Vec<u32>,
    /// Keys that were given, with the name's number of the source.
    pub(super) gave: Vec<(Gave, u64)>,
}

impl Page {
    /// Adds what the source called `name` holds.
    pub(super) fn add(&mut self, name: &str, facts: &Facts) {
        let name = number(name);
        for who in &facts.callers {
            let next = self.callers.len() as u32;
            let place = *self.places.entry(*who).or_insert(next);
            if place == next {
                self.callers.push(*who);
            }
            self.called.push(place);
        }
        self.sources.push((name, self.called.len()));
        self.gave.extend(facts.gave.iter().map(|gave| (*gave, name)));
    }

    /// About how many bytes it takes.
    fn size(&self) -> usize {
        // A caller stands in the list and in the table, which is half empty at times.
        self.callers.len() * 4 * size_of::<Who>()
            + self.sources.len() * size_of::<(u64, usize)>()
            + self.called.len() * size_of::<u32>()
            + self.gave.len() * size_of::<(Gave, u64)>()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size());
        put(&mut out, self.callers.len() as u64);
        self.callers.iter().for_each(|who| put_who(&mut out, who));
        put(&mut out, self.sources.len() as u64);
        for (name, end) in &self.sources {
            put(&mut out, *name);
            put(&mut out, *end as u64);
        }
        put(&mut out, self.called.len() as u64);
        self.called
            .iter()
            .for_each(|place| out.extend_from_slice(&place.to_le_bytes()));
        put(&mut out, self.gave.len() as u64);
        for (gave, name) in &self.gave {
            put_gave(&mut out, gave);
            put(&mut out, *name);
        }
        out
    }

    fn read(bytes: &[u8]) -> Option<Page> {
        let mut rest = Rest(bytes);
        let mut page = Page::default();
        for _ in 0..rest.number()? {
            page.callers.push(rest.who()?);
        }
        for _ in 0..rest.number()? {
            page.sources
                .push((rest.number()?, usize::try_from(rest.number()?).ok()?));
        }
        for _ in 0..rest.number()? {
            page.called.push(rest.half()?);
        }
        for _ in 0..rest.number()? {
            page.gave.push((rest.gave()?, rest.number()?));
        }
        rest.0.is_empty().then_some(page)
    }
}

/// The full pages.
#[derive(Debug)]
pub(super) struct Laid {
    /// Pages of more bytes are full.
    full: usize,
    file: Option<File>,
    lengths: Vec<usize>,
    /// Whether there is no room in the folder for temporary files: the rest stays in memory.
    is_crowded: bool,
}

impl Default for Laid {
    fn default() -> Self {
        let threads = available_parallelism().map_or(1, NonZero::get);
        Laid::with_room((ROOM / threads).max(1 << 20))
    }
}

impl Laid {
    pub(super) fn with_room(full: usize) -> Self {
        Laid {
            full,
            file: None,
            lengths: Vec::new(),
            is_crowded: false,
        }
    }

    /// Whether the folder for temporary files had no room, so that memory has no bound.
    pub(super) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// Lays a page aside if it is full, and begins another.
    pub(super) fn turn(&mut self, page: &mut Page) {
        if page.size() < self.full || self.is_crowded {
            return;
        }
        match self.lay(page) {
            Ok(()) => *page = Page::default(),
            Err(_) => self.is_crowded = true,
        }
    }

    fn lay(&mut self, page: &Page) -> io::Result<()> {
        let bytes = page.bytes();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(&bytes)?;
        self.lengths.push(bytes.len());
        Ok(())
    }
}

/// All pages, to be gone through.
pub(super) struct Pages {
    open: Vec<Page>,
    laid: Laid,
}

impl Pages {
    pub(super) fn of(open: Vec<Page>, laid: Laid) -> Self {
        Pages { open, laid }
    }

    /// Whether none was laid aside.
    pub(super) fn are_at_hand(&self) -> bool {
        self.laid.lengths.is_empty()
    }

    /// Shows all pages: those in memory together, each other one by itself.
    ///
    /// # Errors
    /// What was laid aside can't be read.
    pub(super) fn each(&mut self, mut show: impl FnMut(&[&Page])) -> io::Result<()> {
        show(&self.open.iter().collect::<Vec<_>>());
        let Some(file) = &mut self.laid.file else {
            return Ok(());
        };
        file.seek(SeekFrom::Start(0))?;
        for length in &self.laid.lengths {
            let mut bytes = vec![0; *length];
            file.read_exact(&mut bytes)?;
            let page = Page::read(&bytes).ok_or(io::ErrorKind::InvalidData)?;
            drop(bytes);
            show(&[&page]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn a_page_that_was_laid_aside_comes_back_as_it_was() {
        let who = |key| Who {
            key,
            id: 2,
            name: 3,
            sign_in: 4,
            since: 5,
        };
        let facts = Facts {
            callers: vec![who(1), who(7)],
            gave: vec![Gave {
                by: 1,
                new: who(7),
                shared: 9,
                names_role: true,
                is_long_term: false,
                is_of_console: true,
                is_switch: true,
                by_since: 7,
            }],
            ..Facts::default()
        };
        let (mut page, mut same, mut laid) = (Page::default(), Page::default(), Laid::with_room(1));
        for filled in [&mut page, &mut same] {
            filled.add("one", &facts);
            filled.add("two", &facts);
        }
        laid.turn(&mut page);
        assert!(page.sources.is_empty());
        page.add("three", &Facts::default());
        let mut met = Vec::new();
        let mut pages = Pages::of(vec![page], laid);
        pages
            .each(|some| met.push(some.iter().map(|page| page.bytes()).collect::<Vec<_>>()))
            .unwrap();
        assert_eq!(met.len(), 2);
        assert_eq!(met[1], [same.bytes()]);
        assert!(!pages.are_at_hand());
    }
}
