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

/// Replaces the variables in `text` by what `context` says; without a context `${` is plain text. `wild` says whether `*` and
/// `?` are wildcards. What comes out of a variable is literal, also its `*` and `?`.
pub(super) fn expand(text: &str, wild: bool, context: Option<&Context>) -> Expanded {
    let plain = |c| if wild { Token::wild(c) } else { Token::Literal(c) };
    let mut tokens = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((context, (before, behind))) = context.zip(rest.split_once("${")) {
        tokens.extend(before.chars().map(plain));
        let Some((variable, after)) = behind.split_once('}') else {
            return Expanded::Unknown(Gap::Unsupported(format!("the variable in `{text}`")));
        };
        match value(variable, context) {
            Ok(Some(value)) => tokens.extend(value.chars().map(Token::Literal)),
            Ok(None) => return Expanded::Absent,
            Err(gap) => return Expanded::Unknown(gap),
        }
        rest = after;
    }
    tokens.extend(rest.chars().map(plain));
    Expanded::Value(tokens)
}

/// The value of what stands between `${` and `}`; `None` when it has none.
fn value(variable: &str, context: &Context) -> Result<Option<String>, Gap> {
    if matches!(variable, "*" | "?" | "$") {
        return Ok(Some(variable.to_owned()));
    }
    let (key, default) = match variable.split_once(',') {
        None => (variable.trim(), None),
        Some((key, default)) => {
            let quoted = default.trim();
            let inner = quoted.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            let inner = inner.ok_or_else(|| Gap::Unsupported(format!("the variable `${{{variable}}}`")))?;
            (key.trim(), Some(inner.to_owned()))
        }
    };
    if key.is_empty() {
        return Err(Gap::Unsupported("a variable without a name".to_owned()));
    }
    match context.get(key) {
        None => Err(Gap::FreeKey(key.to_owned())),
        Some([]) => Ok(default),
        // A tag may have the empty value; whether that is "no value" is not said.
        Some([value]) if value.is_empty() => Err(Gap::Unsupported(format!("the empty key `{key}` as a variable"))),
        Some([value]) => Ok(Some(value.clone())),
        Some(_) => Err(Gap::Unsupported(format!("the multivalued key `{key}` as a variable"))),
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
    Template { text: String, wild: bool },
}

impl Text {
    pub(super) fn new(text: &str, wild: bool, variables: bool) -> Text {
        if variables && text.contains("${") {
            Text::Template {
                text: text.to_owned(),
                wild,
            }
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
            Text::Template { .. } => None,
        }
    }

    /// Whether `fits` says yes to what the text is in this context. A variable without a value is equal to nothing and like
    /// nothing, so that a negated operator matches.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value>
    pub(super) fn with(&self, context: &Context, fits: impl Fn(&Glob) -> Truth) -> Truth {
        match self {
            Text::Fixed(glob) => fits(glob),
            Text::Template { text, wild } => match expand(text, *wild, Some(context)) {
                Expanded::Value(tokens) => fits(&Glob::of(tokens)),
                Expanded::Unknown(gap) => Truth::unknown(gap),
                Expanded::Absent => Truth::False,
            },
        }
    }
}
