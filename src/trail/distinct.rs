//! How many different events there are, in bounded memory: exactly up to some millions, beyond that by an even sample.

/// So many numbers are held, and so many more until they are looked through: 36 MiB together, and half as much again while that is done.
const HELD: usize = 7 << 19;
const BATCH: usize = 1 << 20;

/// A set of numbers that are hashes. Where it grows too large it keeps those that end in ever more zeros, so that what it keeps depends on
/// the set alone and not on the order.
///
/// Numbers are sorted a million at a time: in a table each would be looked for in another place of the memory, which takes several times as long.
#[derive(Debug)]
pub(super) struct Distinct {
    zeros: u32,
    most: usize,
    batch: usize,
    /// The set in order, and behind it what came since.
    held: Vec<u64>,
    in_order: usize,
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct::holding(HELD, BATCH)
    }
}

impl Distinct {
    fn holding(most: usize, batch: usize) -> Self {
        Distinct {
            zeros: 0,
            most,
            batch,
            held: Vec::new(),
            in_order: 0,
        }
    }

    /// Adds numbers.
    pub(super) fn add_all(&mut self, numbers: &[u64]) {
        for some in numbers.chunks(self.batch) {
            let zeros = self.zeros;
            if self.held.capacity() - self.held.len() < some.len() {
                self.held.reserve_exact(self.batch);
            }
            let kept = some.iter().filter(|number| number.trailing_zeros() >= zeros);
            self.held.extend(kept);
            if self.held.len() - self.in_order >= self.batch {
                self.settle();
            }
        }
    }

    /// Puts what came since into its place. The sort sees that most are in order, and merges.
    fn settle(&mut self) {
        self.held.sort();
        self.held.dedup();
        while self.held.len() > self.most {
            self.zeros += 1;
            let zeros = self.zeros;
            self.held.retain(|number| number.trailing_zeros() >= zeros);
        }
        self.in_order = self.held.len();
    }

    /// How many there are, and whether that is exact.
    pub(super) fn count(&mut self) -> (u64, bool) {
        self.settle();
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
            let mut distinct = Distinct::holding(held, 2_000);
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
