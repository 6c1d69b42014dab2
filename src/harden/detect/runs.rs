//! What doesn't fit into memory, in sorted runs that are laid aside, and all of them gone through in order.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

/// Where things are laid aside: written once, then read. Whoever calls gives it; this module opens no file.
pub trait Aside: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Aside for T {}

/// Makes such a place.
pub type MakeAside = fn() -> io::Result<Box<dyn Aside>>;

/// All runs together are read by buffers of so many bytes.
const BUFFERS: usize = 32 << 20;

/// What can be laid aside.
pub(super) trait Lays: Sized {
    /// The order of a run.
    fn order(&self, other: &Self) -> Ordering;
    /// Writes it.
    fn write(&self, into: &mut impl Write) -> io::Result<()>;
    /// Reads it back.
    fn read(from: &mut impl Read) -> io::Result<Self>;
}

/// The runs of one reader.
pub(super) struct Runs<T> {
    make: MakeAside,
    aside: Option<Box<dyn Aside>>,
    /// From where to where each run stands.
    places: Vec<(u64, u64)>,
    held: Vec<Vec<T>>,
    is_crowded: bool,
}

impl<T> fmt::Debug for Runs<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} runs laid aside", self.places.len())
    }
}

impl<T: Lays> Runs<T> {
    pub(super) fn with(make: MakeAside) -> Self {
        Runs {
            make,
            aside: None,
            places: Vec::new(),
            held: Vec::new(),
            is_crowded: false,
        }
    }

    /// Whether there was no room to lay anything aside any more.
    pub(super) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// Whether everything is in memory.
    pub(super) fn are_held(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty() && self.held.is_empty()
    }

    /// Keeps a run in memory.
    pub(super) fn hold(&mut self, mut run: Vec<T>) {
        run.sort_by(T::order);
        self.held.push(run);
    }

    /// Lays a run aside; where that can't be, it is held.
    pub(super) fn lay(&mut self, mut run: Vec<T>) {
        run.sort_by(T::order);
        if run.is_empty() || !self.is_crowded && self.write(&run).is_ok() {
            return;
        }
        self.is_crowded = true;
        self.held.push(run);
    }

    fn write(&mut self, run: &[T]) -> io::Result<()> {
        let aside = match &mut self.aside {
            Some(aside) => aside,
            none => none.insert((self.make)()?),
        };
        let from = aside.stream_position()?;
        let mut out = BufWriter::with_capacity(1 << 16, &mut *aside);
        run.iter().try_for_each(|one| one.write(&mut out))?;
        out.flush()?;
        drop(out);
        self.places.push((from, aside.stream_position()?));
        Ok(())
    }
}

/// A part of a place that several read in turns.
struct Part {
    aside: Rc<RefCell<Box<dyn Aside>>>,
    at: u64,
    end: u64,
}

impl Read for Part {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let into = into.get_mut(..left.min(into.len())).unwrap_or_default();
        if into.is_empty() {
            return Ok(0);
        }
        let mut aside = self.aside.borrow_mut();
        aside.seek(SeekFrom::Start(self.at))?;
        let count = aside.read(into)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// A run that is gone through.
enum Run<T> {
    Held(std::vec::IntoIter<T>),
    Laid(BufReader<Part>),
}

impl<T: Lays> Run<T> {
    fn next(&mut self) -> io::Result<Option<T>> {
        match self {
            Run::Held(run) => Ok(run.next()),
            Run::Laid(run) if run.buffer().is_empty() && run.get_ref().at == run.get_ref().end => Ok(None),
            Run::Laid(run) => T::read(run).map(Some),
        }
    }
}

/// The next of a run, the first of all on top.
struct Next<T> {
    one: T,
    run: usize,
}

impl<T: Lays> Ord for Next<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.one.order(&self.one).then(other.run.cmp(&self.run))
    }
}

impl<T: Lays> PartialOrd for Next<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Lays> PartialEq for Next<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Lays> Eq for Next<T> {}

/// Goes through all runs of several readers, in order.
pub(super) fn merged<T: Lays>(all: Vec<Runs<T>>, mut each: impl FnMut(T)) -> io::Result<()> {
    let count = all.iter().map(|runs| runs.places.len()).sum::<usize>().max(1);
    let buffer = (BUFFERS / count).clamp(1 << 10, 1 << 16);
    let mut runs = Vec::new();
    for one in all {
        runs.extend(one.held.into_iter().map(|run| Run::Held(run.into_iter())));
        let Some(aside) = one.aside else { continue };
        let aside = Rc::new(RefCell::new(aside));
        let parts = one.places.into_iter().map(|(at, end)| Part {
            aside: aside.clone(),
            at,
            end,
        });
        runs.extend(parts.map(|part| Run::Laid(BufReader::with_capacity(buffer, part))));
    }
    let mut heap = BinaryHeap::with_capacity(runs.len());
    for (n, run) in runs.iter_mut().enumerate() {
        heap.extend(run.next()?.map(|one| Next { one, run: n }));
    }
    while let Some(Next { one, run }) = heap.pop() {
        if let Some(from) = runs.get_mut(run) {
            heap.extend(from.next()?.map(|one| Next { one, run }));
        }
        each(one);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use std::io::Cursor;

    impl Lays for u64 {
        fn order(&self, other: &Self) -> Ordering {
            self.cmp(other)
        }

        fn write(&self, into: &mut impl Write) -> io::Result<()> {
            into.write_all(&self.to_le_bytes())
        }

        fn read(from: &mut impl Read) -> io::Result<Self> {
            let mut bytes = [0; 8];
            from.read_exact(&mut bytes)?;
            Ok(u64::from_le_bytes(bytes))
        }
    }

    fn told(all: Vec<Runs<u64>>) -> Vec<u64> {
        let mut told = Vec::new();
        merged(all, |one| told.push(one)).unwrap();
        told
    }

    #[test]
    fn runs_of_several_readers_come_in_order_wherever_they_are() {
        let mut one = Runs::<u64>::with(|| Ok(Box::new(Cursor::new(Vec::new()))));
        one.lay((0..5_000).map(|n| n * 7 % 5_000).collect());
        one.lay(vec![3, 1, 9_999]);
        one.hold(vec![2, 1]);
        let mut two = Runs::with(|| Err(io::ErrorKind::StorageFull.into()));
        two.lay(vec![70_000, 4]);
        assert!(!one.are_held() && !one.is_crowded());
        assert!(two.are_held() && two.is_crowded());
        let mut expected: Vec<u64> = (0..5_000).chain([3, 1, 9_999, 2, 1, 70_000, 4]).collect();
        expected.sort_unstable();
        assert_eq!(told(vec![one, two]), expected);
    }

    /// A place that is full after so many bytes.
    struct Full(Cursor<Vec<u8>>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let left = self.1.saturating_sub(self.0.get_ref().len());
            match left.min(bytes.len()) {
                0 => Err(io::ErrorKind::StorageFull.into()),
                some => self.0.write(bytes.get(..some).unwrap_or_default()),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Read for Full {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(into)
        }
    }

    impl Seek for Full {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn what_finds_no_room_is_held_and_what_was_laid_aside_before_stays() {
        let mut one = Runs::<u64>::with(|| Ok(Box::new(Full(Cursor::new(Vec::new()), 50))));
        one.lay(vec![1, 5, 3]);
        one.lay(vec![2, 4, 6, 8, 7]);
        assert!(one.is_crowded());
        one.lay(vec![10, 9]);
        assert_eq!(told(vec![one]), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
}
