//! What can be wrong with a playbook, with a stable code and the place.

use std::ops::Range;

/// A stable code for each kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not TOML, or a member of the wrong type, unknown or missing.
    Syntax,
    /// A verb that this program does not have.
    UnknownVerb,
    /// A field that the verb needs is missing, or one that it does not take is there.
    Field,
    /// A value out of its range.
    Value,
    /// Steps in an order that leaves the intruder a way.
    Order,
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 5] = [Code::Syntax, Code::UnknownVerb, Code::Field, Code::Value, Code::Order];

    /// The code as it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Syntax => "playbook::syntax",
            Code::UnknownVerb => "playbook::unknown_verb",
            Code::Field => "playbook::field",
            Code::Value => "playbook::value",
            Code::Order => "playbook::order",
        }
    }
}

/// A fault of a playbook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlaybookError {
    /// Its kind.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

impl PlaybookError {
    pub(super) fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        PlaybookError {
            code,
            message: message.into(),
            help: None,
            span,
        }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Self {
        PlaybookError {
            help: Some(help.into()),
            ..self
        }
    }

    /// Line and column of the fault in `text`, both from 1.
    pub fn line_and_column(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

impl miette::Diagnostic for PlaybookError {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.code.as_str()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let label = miette::LabeledSpan::new_with_span(Some("here".to_owned()), self.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}
