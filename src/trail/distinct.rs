//! How many different events there are, in bounded memory: exactly up to some millions, beyond that by an even sample.

use rapidhash::fast::RandomState;
use std::collections::HashSet;

/// So many numbers are held, and so many more for a moment: they have room in 36 MiB, as a table is filled to seven eighths before it is doubled.
const HELD: usize = 7 * (4 << 20) / 8 - BATCH;
const BATCH: usize = 4_096;

/// A set of numbers that are hashes. Where it grows too large it keeps those that end in ever more zeros, so that what it keeps depends on
/// the set alone and not on the order.
#[derive(Debug)]
pub(super) struct Distinct {
    zeros: u32,
    most: usize,
    held: HashSet<u64, RandomState>,
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct::holding(HELD)
    }
}

impl Distinct {
    fn holding(most: usize) -> Self {
        Distinct {
            zeros: 0,
            most,
            held: HashSet::default(),
        }
    }

    /// Adds numbers.
    pub(super) fn add_all(&mut self, numbers: &[u64]) {
        for some in numbers.chunks(BATCH) {
            let zeros = self.zeros;
            self.held
                .extend(some.iter().filter(|number| number.trailing_zeros() >= zeros));
            while self.held.len() > self.most {
                self.zeros += 1;
                let zeros = self.zeros;
                self.held.retain(|number| number.trailing_zeros() >= zeros);
            }
        }
    }

    /// How many there are, and whether that is exact.
    pub(super) fn count(&self) -> (u64, bool) {
        ((self.held.len() as u64) << self.zeros, self.zeros == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::number;
    use super::Distinct;

    #[test]
    fn few_are_counted_exactly_and_many_nearly_in_any_order() {
        let numbers: Vec<u64> = (0..50_000).map(|n| number(&format!("event {n}"))).collect();
        let count = |held: usize, numbers: &[u64]| {
            let mut distinct = Distinct::holding(held);
            numbers.chunks(777).for_each(|some| distinct.add_all(some));
            distinct.add_all(&numbers[..20_000]);
            distinct.count()
        };
        assert_eq!(count(60_000, &numbers), (50_000, true));
        let (about, exact) = count(4_000, &numbers);
        assert!(!exact && (45_000..55_000).contains(&about), "{about}");
        let backwards: Vec<u64> = numbers.iter().rev().copied().collect();
        assert_eq!(count(4_000, &backwards).0, about);
    }
}
