//! Three-valued truth, so that what cannot be evaluated is neither yes nor no.

use super::Gap;

/// Whether something holds. Kleene's logic: false wins in "and", true wins in "or", and not knowing stays not knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It doesn't hold.
    False,
    /// It cannot be said, for these reasons; there is at least one.
    Unknown(Vec<Gap>),
}

impl Truth {
    /// Not known, for one reason.
    pub fn unknown(gap: Gap) -> Truth {
        Truth::Unknown(vec![gap])
    }

    /// Not known, because this program doesn't evaluate `what`.
    pub(super) fn unsupported(what: impl Into<String>) -> Truth {
        Truth::unknown(Gap::Unsupported(what.into()))
    }

    /// Whether it surely holds.
    pub fn is_true(&self) -> bool {
        *self == Truth::True
    }

    /// Whether it surely doesn't hold.
    pub fn is_false(&self) -> bool {
        *self == Truth::False
    }

    /// Both hold.
    pub fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, rest) | (rest, Truth::True) => rest,
            (Truth::Unknown(gaps), Truth::Unknown(more)) => Truth::Unknown(merged(gaps, more)),
        }
    }

    /// Both hold; the second is not asked when the first doesn't.
    pub(super) fn and_then(self, other: impl FnOnce() -> Truth) -> Truth {
        match self {
            Truth::False => Truth::False,
            Truth::True => other(),
            unknown @ Truth::Unknown(_) => unknown.and(other()),
        }
    }

    /// One of them holds at least.
    pub fn or(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::True, _) | (_, Truth::True) => Truth::True,
            (Truth::False, rest) | (rest, Truth::False) => rest,
            (Truth::Unknown(gaps), Truth::Unknown(more)) => Truth::Unknown(merged(gaps, more)),
        }
    }

    /// All of them hold; true when there are none. Stops at the first false.
    #[inline]
    pub fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
        let mut sum = Truth::True;
        for truth in truths {
            match truth {
                Truth::True => {}
                Truth::False => return Truth::False,
                unknown @ Truth::Unknown(_) => sum = sum.and(unknown),
            }
        }
        sum
    }

    /// Any of them holds; false when there are none. Stops at the first true.
    #[inline]
    pub fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
        let mut sum = Truth::False;
        for truth in truths {
            match truth {
                Truth::True => return Truth::True,
                Truth::False => {}
                unknown @ Truth::Unknown(_) => sum = sum.or(unknown),
            }
        }
        sum
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            unknown => unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::True } else { Truth::False }
    }
}

/// Two lists of reasons as one, each reason once.
pub(super) fn merged(mut gaps: Vec<Gap>, more: impl IntoIterator<Item = Gap>) -> Vec<Gap> {
    for gap in more {
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }
    gaps
}
