//! When a caller was seen from an address within one hour.

use super::packed::{Packing, Unpacking};
use crate::time::Moment;
use std::io::{self, Read, Write};

/// Seconds of an hour.
pub(super) const HOUR_SECONDS: i64 = 3_600;

/// So many bits hold the seconds of an hour.
const WORDS: usize = 57;

/// So many seconds need no room of their own.
const FEW: usize = 11;

/// More seconds than this take less room as bits.
const MORE: usize = 200;

/// Seconds of an hour: most hours have few.
#[derive(Debug, Clone)]
enum Seconds {
    Few(u8, [u16; FEW]),
    More(Vec<u16>),
    Many(Box<[u64; WORDS]>),
}

impl Seconds {
    fn add(&mut self, second: u16) {
        match self {
            Seconds::Few(count, few) => {
                let place = usize::from(*count);
                if few.get(..place).is_some_and(|few| few.contains(&second)) {
                    return;
                }
                match few.get_mut(place) {
                    Some(free) => {
                        *free = second;
                        *count += 1;
                    }
                    None => {
                        let mut more = Vec::with_capacity(2 * FEW);
                        more.extend(few.iter().chain([&second]));
                        *self = Seconds::More(more);
                    }
                }
            }
            Seconds::More(more) if more.contains(&second) => {}
            Seconds::More(more) if more.len() < MORE => more.push(second),
            Seconds::More(more) => {
                let mut bits = Box::new([0; WORDS]);
                more.iter().chain([&second]).for_each(|second| set(&mut bits, *second));
                *self = Seconds::Many(bits);
            }
            Seconds::Many(bits) => set(bits, second),
        }
    }

    /// About how many bytes it takes beside its place.
    fn size(&self) -> usize {
        match self {
            Seconds::Few(..) => 0,
            Seconds::More(more) => more.capacity() * size_of::<u16>(),
            Seconds::Many(_) => WORDS * size_of::<u64>(),
        }
    }

    fn all(&self) -> Vec<u16> {
        match self {
            Seconds::Few(count, few) => few.iter().take(usize::from(*count)).copied().collect(),
            Seconds::More(more) => more.clone(),
            Seconds::Many(bits) => {
                let is_set = |second: &u16| {
                    let word = bits.get(usize::from(second / 64)).copied().unwrap_or_default();
                    word >> (second % 64) & 1 == 1
                };
                (0..3_600).filter(is_set).collect()
            }
        }
    }
}

fn set(bits: &mut [u64; WORDS], second: u16) {
    if let Some(word) = bits.get_mut(usize::from(second / 64)) {
        *word |= 1 << (second % 64);
    }
}

/// When: first and last, and of callers that may come after something each second between: most have none.
#[derive(Debug, Clone)]
pub(super) struct Sighting {
    pub(super) first: Moment,
    pub(super) last: Moment,
    between: Option<Seconds>,
}

fn second(at: Moment) -> u16 {
    u16::try_from(at.seconds().rem_euclid(HOUR_SECONDS)).unwrap_or_default()
}

impl Sighting {
    /// One sighting; `is_counted` by the second or not.
    pub(super) fn at(at: Moment, is_counted: bool) -> Self {
        Sighting {
            first: at,
            last: at,
            between: is_counted.then_some(Seconds::Few(0, [0; FEW])),
        }
    }

    /// The first sighting of another hour.
    pub(super) fn anew(&self, at: Moment) -> Self {
        Sighting::at(at, self.between.is_some())
    }

    /// Takes a sighting in, and gives how many bytes more it takes now. What was first or last, and is no more, lies between.
    #[inline]
    pub(super) fn add(&mut self, at: Moment) -> usize {
        let inside = if at < self.first {
            std::mem::replace(&mut self.first, at)
        } else if at > self.last {
            std::mem::replace(&mut self.last, at)
        } else {
            at
        };
        let Some(between) = &mut self.between else { return 0 };
        let inside = second(inside);
        if inside == second(self.first) || inside == second(self.last) {
            return 0;
        }
        let before = between.size();
        between.add(inside);
        between.size().saturating_sub(before)
    }

    pub(super) fn write(&self, out: &mut Packing<'_, impl Write>) -> io::Result<()> {
        out.signed(self.first.millis())?;
        out.signed(self.last.millis())?;
        out.byte(u8::from(self.between.is_some()))?;
        let seconds = self.between.as_ref().map(Seconds::all).unwrap_or_default();
        out.length(seconds.len())?;
        seconds.into_iter().try_for_each(|second| out.short(second))
    }

    pub(super) fn read(rest: &mut Unpacking<'_, impl Read>) -> io::Result<Sighting> {
        let (first, last) = (Moment::from_millis(rest.signed()?), Moment::from_millis(rest.signed()?));
        let is_counted = rest.byte()? == 1;
        let mut seconds = Seconds::Few(0, [0; FEW]);
        for _ in 0..rest.length()? {
            seconds.add(rest.short()?);
        }
        Ok(Sighting {
            first,
            last,
            between: is_counted.then_some(seconds),
        })
    }

    /// The first and the last sighting after `since`, until `end` with it.
    pub(super) fn between(&self, since: Moment, end: Option<Moment>) -> Option<(Moment, Moment)> {
        let is_in = |at: &Moment| *at > since && end.is_none_or(|end| *at <= end);
        if is_in(&self.first) && is_in(&self.last) {
            return Some((self.first, self.last));
        }
        let hour = Moment::from_millis(self.first.seconds().div_euclid(HOUR_SECONDS) * HOUR_SECONDS * 1_000);
        let seconds = self.between.as_ref()?.all().into_iter();
        let inside = seconds.map(|second| hour.plus_seconds(i64::from(second)));
        let all = inside.chain([self.first, self.last]).filter(is_in);
        all.fold(None, |span, at| match span {
            None => Some((at, at)),
            Some((first, last)) => Some((first.min(at), last.max(at))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Few seconds or many of an hour: what lies between two moments is told to the second.
    #[test]
    fn what_lies_between_is_told_to_the_second() {
        let at = |second: i64| Moment::from_millis(1_700_000_000_000 / 3_600_000 * 3_600_000).plus_seconds(second);
        for step in [1, 7, 600] {
            let mut sighting = Sighting::at(at(0), true);
            let each = (0..3_600).step_by(usize::try_from(step).unwrap_or(1));
            for second in each {
                sighting.add(at(second));
            }
            let mut bytes = Vec::new();
            sighting.write(&mut Packing(&mut bytes)).unwrap();
            let sighting = Sighting::read(&mut Unpacking(&mut bytes.as_slice())).unwrap();
            for (since, end) in [(0, 3_599), (step, 2 * step), (step, 3 * step - 1), (step * 2, step * 2)] {
                let inside: Vec<i64> = (0..3_600).step_by(usize::try_from(step).unwrap_or(1)).collect();
                let mut inside = inside.into_iter().filter(|second| *second > since && *second <= end);
                let first = inside.next();
                let expected = first.map(|first| (at(first), at(inside.next_back().unwrap_or(first))));
                assert_eq!(
                    sighting.between(at(since), Some(at(end))),
                    expected,
                    "{step} {since} {end}"
                );
            }
            assert_eq!(sighting.between(at(-1), None), Some((at(0), sighting.last)));
        }
    }
}
