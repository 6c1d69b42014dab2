//! Sets of numbers below a bound, as bits: what one principal may do to thousands is one row.

/// A set of numbers below the bound that it was made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    bound: usize,
}

impl Bits {
    pub(super) fn none(bound: usize) -> Self {
        Bits {
            words: vec![0; bound.div_ceil(64)],
            bound,
        }
    }

    pub(super) fn all(bound: usize) -> Self {
        let mut bits = Bits {
            words: vec![u64::MAX; bound.div_ceil(64)],
            bound,
        };
        let used = bound % 64;
        if let Some(last) = bits.words.last_mut().filter(|_| used > 0) {
            *last = (1 << used) - 1;
        }
        bits
    }

    /// The bound that it was made with.
    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    /// Whether all of `other` is in it.
    pub(super) fn holds(&self, other: &Bits) -> bool {
        self.bound >= other.bound && self.words.iter().zip(&other.words).all(|(one, two)| two & !one == 0)
    }

    pub(super) fn put(&mut self, n: usize) {
        if let Some(word) = self.words.get_mut(n / 64) {
            *word |= 1 << (n % 64);
        }
    }

    pub(super) fn has(&self, n: usize) -> bool {
        self.words.get(n / 64).is_some_and(|word| word & (1 << (n % 64)) != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The complement within the bound.
    pub(super) fn inverted(&self) -> Bits {
        let mut all = Bits::all(self.bound);
        all.without(self);
        all
    }

    pub(super) fn join(&mut self, other: &Bits) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(one, two)| *one |= two);
    }

    pub(super) fn meet(&mut self, other: &Bits) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(one, two)| *one &= two);
    }

    pub(super) fn without(&mut self, other: &Bits) {
        self.words
            .iter_mut()
            .zip(&other.words)
            .for_each(|(one, two)| *one &= !two);
    }

    /// Its numbers in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(n, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    n * 64 + bit as usize
                })
            })
        })
    }
}

/// What surely is in a set, and what may be; all that surely is may be too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tri {
    pub(super) sure: Bits,
    pub(super) maybe: Bits,
}

impl Tri {
    pub(super) fn none(bound: usize) -> Self {
        Tri {
            sure: Bits::none(bound),
            maybe: Bits::none(bound),
        }
    }

    pub(super) fn all(bound: usize) -> Self {
        Tri {
            sure: Bits::all(bound),
            maybe: Bits::all(bound),
        }
    }

    pub(super) fn join(&mut self, other: &Tri) {
        self.sure.join(&other.sure);
        self.maybe.join(&other.maybe);
    }

    pub(super) fn meet(&mut self, other: &Tri) {
        self.sure.meet(&other.sure);
        self.maybe.meet(&other.maybe);
    }

    /// Takes out what is denied: what may be denied is no longer sure, what surely is denied is gone.
    pub(super) fn deny(&mut self, denied: &Tri) {
        self.sure.without(&denied.maybe);
        self.maybe.without(&denied.sure);
    }

    /// Keeps only what is in `bits`.
    pub(super) fn within(&mut self, bits: &Bits) {
        self.sure.meet(bits);
        self.maybe.meet(bits);
    }

    /// Puts `n` in as far as `truth` says.
    pub(super) fn put(&mut self, n: usize, truth: &crate::policy::Truth) {
        if truth.is_true() {
            self.sure.put(n);
        }
        if !truth.is_false() {
            self.maybe.put(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_and_its_complement() {
        for bound in [0, 1, 63, 64, 65, 200] {
            assert_eq!(Bits::all(bound).count(), bound);
            assert!(Bits::all(bound).inverted().is_empty());
            assert_eq!(
                Bits::all(bound).iter().collect::<Vec<_>>(),
                (0..bound).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn a_possible_deny_leaves_a_possible_allow() {
        let mut allowed = Tri::all(3);
        let mut denied = Tri::none(3);
        denied.maybe.put(1);
        denied.sure.put(2);
        denied.maybe.put(2);
        allowed.deny(&denied);
        assert_eq!(allowed.sure.iter().collect::<Vec<_>>(), [0]);
        assert_eq!(allowed.maybe.iter().collect::<Vec<_>>(), [0, 1]);
    }
}
