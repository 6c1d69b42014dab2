//! Three-valued truth: what cannot be said is neither true nor false, and says why.

use super::Gap;

/// True, false, or not to be said for these reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It doesn't.
    False,
    /// Neither can be said.
    Unknown(Vec<Gap>),
}

impl Truth {
    pub(super) fn unknown(gap: Gap) -> Truth {
        Truth::Unknown(vec![gap])
    }

    /// Both: false wins over unknown.
    pub(super) fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::False, _) | (_, Truth::False) => Truth::False,
            (Truth::True, other) => other,
            (one, Truth::True) => one,
            (Truth::Unknown(mut one), Truth::Unknown(two)) => {
                one.extend(two);
                Truth::Unknown(one)
            }
        }
    }

    /// Either: true wins over unknown.
    pub(super) fn or(self, other: Truth) -> Truth {
        self.negate().and(other.negate()).negate()
    }

    /// The opposite; unknown stays unknown.
    pub(super) fn negate(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            unknown => unknown,
        }
    }

    /// Whether every one holds.
    pub(super) fn all(truths: impl IntoIterator<Item = Truth>) -> Truth {
        truths.into_iter().fold(Truth::True, Truth::and)
    }

    /// Whether any one holds.
    pub(super) fn any(truths: impl IntoIterator<Item = Truth>) -> Truth {
        truths.into_iter().fold(Truth::False, Truth::or)
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Truth {
        if value { Truth::True } else { Truth::False }
    }
}
