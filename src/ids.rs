//! Names of things: access key, account, ARN, unique ID, case and step IDs, parsed once at the door.

mod access_key;
mod arn;
mod region;

pub(crate) use access_key::unique_id;
pub use access_key::{AccessKeyId, KeyKind};
pub use arn::{Arn, PrincipalArn};
pub use region::{REGIONS_BY_DEFAULT, REGIONS_TO_ENABLE};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A name that could not be read. It says what was read and what the shape should have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct IdError {
    /// The text as it came in.
    pub text: String,
    /// What it should have been, with its article: "an access key ID: ...".
    pub expected: &'static str,
}

impl IdError {
    fn new(text: &str, expected: &'static str) -> Self {
        IdError {
            text: text.to_owned(),
            expected,
        }
    }
}

/// A 12-digit AWS account ID. Leading zeros count, so it is text and not a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

impl AccountId {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account whose number is `number`, zero-padded; `None` when it has more than twelve digits.
    pub fn from_number(number: u64) -> Option<Self> {
        (number <= 999_999_999_999).then(|| AccountId(format!("{number:012}")))
    }

    /// The account as a number, as it is packed into unique IDs.
    pub fn number(&self) -> u64 {
        self.0.bytes().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
    }
}

impl FromStr for AccountId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(AccountId(text.to_owned()))
        } else {
            Err(IdError::new(text, "an AWS account ID: twelve digits"))
        }
    }
}

/// Text newtypes that share one shape: checked by a function, shown as they are.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text of it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok($name(text.to_owned()))
                } else {
                    Err(IdError::new(text, $expected))
                }
            }
        }
    };
}

text_id!(
    /// The name of one case folder, such as `20260324-101500-AKIAQ...`: letters, digits, dash, underscore.
    CaseId,
    "a case ID: letters, digits, `-` and `_`",
    |text| !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
);

text_id!(
    /// The name of one step of a plan, such as `s3`, unique within the plan.
    StepId,
    "a step ID: letters, digits, `-` and `.`",
    |text| !text.is_empty()
        && text.len() <= 32
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
);

impl StepId {
    /// The step that this one undoes: 3 of `u3`.
    pub fn undoes(&self) -> Option<&str> {
        self.0.strip_prefix('u')
    }

    /// Whether it takes back what the run did: `u3` does, `uu3` does step 3 again.
    pub fn is_of_undo(&self) -> bool {
        self.0.bytes().take_while(|letter| *letter == b'u').count() % 2 == 1
    }

    /// The sweep or hold that added this one: 9 of `9.1`.
    pub fn added_by(&self) -> Option<&str> {
        self.0.rsplit_once('.').map(|(by, _)| by)
    }
}

/// What every text newtype of this room can do: be shown, be printed in quotes, become a string again.
macro_rules! shown_as_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }
    )*};
}
shown_as_text!(AccountId, CaseId, StepId);
use shown_as_text;

#[cfg(test)]
mod tests;
