//! What somebody else changes in the middle: calls of IAM by the account's root user, which no policy refuses.

use crate::time::Moment;

/// When it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Right before the call of this number, from 1, by whomever.
    Call(u64),
    /// Before the first call at this moment or later.
    At(Moment),
}

impl When {
    pub(super) fn is_due(self, call: u64, now: Moment) -> bool {
        match self {
            When::Call(number) => call >= number,
            When::At(moment) => now >= moment,
        }
    }
}

/// One change by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// When it happens.
    pub when: When,
    /// The operation of IAM, such as `DetachUserPolicy`.
    pub operation: String,
    /// Its parameters, flat as in the Query protocol.
    pub params: Vec<(String, String)>,
}

impl Drift {
    /// A change at `when`.
    pub fn new(when: When, operation: &str, params: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Drift {
            when,
            operation: operation.to_owned(),
            params: params.iter().map(owned).collect(),
        }
    }
}
