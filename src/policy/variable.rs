//! Policy variables: `${aws:username}`, defaults `${key, 'value'}`, escapes `${*}`, `${?}`, `${$}`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::glob::{Glob, Token};
use super::{Context, Gap, Truth};

/// A text of a policy with its variables replaced.
pub(super) enum Expanded {
    /// All of them had a value.
    Value(Vec<Token>),
    /// A key is absent and there is no default: the comparison fails.
    Absent,
    /// A key is free, or the text is not understood.
    Unknown(Gap),
}

/// A text of a policy with variables, read once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pieces: Box<[Piece]>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Plain(Token),
    Variable {
        key: Box<str>,
        lower: Box<str>,
        default: Option<Box<str>>,
    },
    /// What is written as a variable and is none.
    Odd(String),
}

impl Template {
    /// The template that `text` writes; `wild` says whether `*` and `?` are wildcards.
    pub(super) fn new(text: &str, wild: bool) -> Template {
        let plain = |c| Piece::Plain(if wild { Token::wild(c) } else { Token::Literal(c) });
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            pieces.extend(before.chars().map(plain));
            match behind.split_once('}') {
                Some((variable, after)) => {
                    pieces.push(piece(variable));
                    rest = after;
                }
                None => {
                    pieces.push(Piece::Odd(format!("the variable in `{text}`")));
                    rest = "";
                }
            }
        }
        pieces.extend(rest.chars().map(plain));
        Template { pieces: pieces.into() }
    }

    /// The text with its variables replaced. What comes out of a variable is literal, also its `*` and `?`.
    pub(super) fn expand(&self, context: &Context) -> Expanded {
        let mut tokens = Vec::with_capacity(self.pieces.len() + 16);
        for piece in &self.pieces {
            match piece {
                Piece::Plain(token) => tokens.push(*token),
                Piece::Odd(what) => return Expanded::Unknown(Gap::Unsupported(what.clone())),
                Piece::Variable { key, lower, default } => {
                    let value = match context.get_lower(lower) {
                        None => return Expanded::Unknown(Gap::FreeKey(key.to_string())),
                        Some([]) => default.as_deref(),
                        // A tag may have the empty value; whether that is "no value" is not said.
                        Some([value]) if value.is_empty() => {
                            return odd(format!("the empty key `{key}` as a variable"));
                        }
                        Some([value]) => Some(value.as_str()),
                        Some(_) => return odd(format!("the multivalued key `{key}` as a variable")),
                    };
                    match value {
                        Some(value) => tokens.extend(value.chars().map(Token::Literal)),
                        None => return Expanded::Absent,
                    }
                }
            }
        }
        Expanded::Value(tokens)
    }
}

fn odd(what: String) -> Expanded {
    Expanded::Unknown(Gap::Unsupported(what))
}

/// What stands between `${` and `}`.
fn piece(variable: &str) -> Piece {
    match variable {
        "*" => return Piece::Plain(Token::Literal('*')),
        "?" => return Piece::Plain(Token::Literal('?')),
        "$" => return Piece::Plain(Token::Literal('$')),
        _ => {}
    }
    let odd = || Piece::Odd(format!("the variable `${{{variable}}}`"));
    let (key, default) = match variable.split_once(',') {
        None => (variable.trim(), None),
        Some((key, default)) => {
            let quoted = default
                .trim()
                .strip_prefix('\'')
                .and_then(|text| text.strip_suffix('\''));
            match quoted {
                Some(inner) => (key.trim(), Some(inner.into())),
                None => return odd(),
            }
        }
    };
    if key.is_empty() {
        return odd();
    }
    Piece::Variable {
        key: key.into(),
        lower: key.to_ascii_lowercase().into(),
        default,
    }
}

/// The keys that `text` takes variables from.
pub(crate) fn keys_in(text: &str) -> impl Iterator<Item = &str> {
    let each = text.split("${").skip(1).filter_map(|behind| behind.split_once('}'));
    each.map(|(variable, _)| variable.split(',').next().unwrap_or_default().trim())
        .filter(|key| !matches!(*key, "*" | "?" | "$"))
}

/// A text to compare with, compiled where it has no variables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Text {
    Fixed(Glob),
    Template(Template),
}

impl Text {
    pub(super) fn new(text: &str, wild: bool, variables: bool) -> Text {
        if variables && text.contains("${") {
            Text::Template(Template::new(text, wild))
        } else if wild {
            Text::Fixed(Glob::wild(text))
        } else {
            Text::Fixed(Glob::exact(text))
        }
    }

    /// The pattern, where it has no variables.
    pub(crate) fn fixed(&self) -> Option<&Glob> {
        match self {
            Text::Fixed(glob) => Some(glob),
            Text::Template(_) => None,
        }
    }

    /// Whether `fits` says yes to what the text is in this context. A variable without a value is equal to nothing and like
    /// nothing, so that a negated operator matches.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value>
    pub(super) fn with(&self, context: &Context, fits: impl Fn(&Glob) -> Truth) -> Truth {
        match self {
            Text::Fixed(glob) => fits(glob),
            Text::Template(template) => match template.expand(context) {
                Expanded::Value(tokens) => fits(&Glob::of(tokens)),
                Expanded::Unknown(gap) => Truth::unknown(gap),
                Expanded::Absent => Truth::False,
            },
        }
    }
}
