//! The text that a request came in: what is read from it, and the places of what is wrong in it.

use crate::policy::place_in;
use serde::Deserialize;

/// A request that cannot be understood, with the place in the text that it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// The text of one request, which every place is counted in.
#[derive(Clone, Copy)]
pub(super) struct Door<'t> {
    text: &'t str,
}

impl<'t> Door<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Door { text }
    }

    pub(super) fn text(self) -> &'t str {
        self.text
    }

    pub(super) fn fault(self, at: &str, message: impl Into<String>) -> Fault {
        let (line, column) = place_in(self.text, at);
        Fault {
            line,
            column,
            message: message.into(),
        }
    }

    /// A fault at a place within `part`, which is a slice of the text.
    pub(super) fn within(self, part: &str, line: usize, column: usize, message: String) -> Fault {
        let (first_line, first_column) = place_in(self.text, part);
        Fault {
            line: first_line + line.max(1) - 1,
            column: if line > 1 {
                column
            } else {
                first_column + column.max(1) - 1
            },
            message,
        }
    }

    /// Reads `part` of the text, which must be an object, as a value of that type.
    pub(super) fn object<T: Deserialize<'t>>(self, part: &'t str, what: &str) -> Result<T, Fault> {
        let begin = part.trim_start();
        // What isn't JSON at all is told as such.
        if begin.starts_with('{') || begin.is_empty() {
            self.read(part)
        } else {
            Err(self.fault(begin, format!("{what} must be an object")))
        }
    }

    /// Reads `part` of the text as a value of that type.
    pub(super) fn read<T: Deserialize<'t>>(self, part: &'t str) -> Result<T, Fault> {
        serde_json::from_str(part).map_err(|error| {
            let said = error.to_string();
            let message = said.split(" at line ").next().unwrap_or_default().to_owned();
            self.within(part, error.line(), error.column(), message)
        })
    }
}
