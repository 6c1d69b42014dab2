//! Wildcards: `*` for any run of characters, `?` for exactly one; compiled once, matched without backtracking blow-up.

/// One piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// `*`.
    Any,
    /// `?`.
    One,
    /// This character.
    Literal(char),
}

impl Token {
    /// What `c` means where wildcards are written.
    pub(crate) fn wild(c: char) -> Token {
        match c {
            '*' => Token::Any,
            '?' => Token::One,
            c => Token::Literal(c),
        }
    }
}

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Glob {
    tokens: Box<[Token]>,
    shape: Shape,
}

/// Shapes that are matched without looking at tokens, which nearly all patterns have.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Everything,
    Exact(Box<str>),
    Prefix(Box<str>),
    General,
}

impl Glob {
    /// The pattern that `text` writes with wildcards.
    pub(crate) fn wild(text: &str) -> Glob {
        Glob::of(text.chars().map(Token::wild).collect())
    }

    /// The pattern that only `text` itself fits.
    pub(crate) fn exact(text: &str) -> Glob {
        Glob::of(text.chars().map(Token::Literal).collect())
    }

    /// The pattern of these tokens. Runs of `*` are one `*`.
    pub(crate) fn of(mut tokens: Vec<Token>) -> Glob {
        tokens.dedup_by(|one, two| *one == Token::Any && *two == Token::Any);
        let literal = |tokens: &[Token]| -> Option<Box<str>> {
            let letters = tokens.iter().map(|token| match token {
                Token::Literal(c) => Some(*c),
                Token::Any | Token::One => None,
            });
            Some(letters.collect::<Option<String>>()?.into_boxed_str())
        };
        let shape = match tokens.split_last() {
            Some((Token::Any, [])) => Shape::Everything,
            Some((Token::Any, front)) => literal(front).map_or(Shape::General, Shape::Prefix),
            _ => literal(&tokens).map_or(Shape::General, Shape::Exact),
        };
        Glob {
            tokens: tokens.into(),
            shape,
        }
    }

    /// Its pieces.
    pub(crate) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether every text fits.
    pub(crate) fn is_everything(&self) -> bool {
        self.shape == Shape::Everything
    }

    /// The one text that fits, when there is only one.
    pub(crate) fn only(&self) -> Option<&str> {
        match &self.shape {
            Shape::Exact(text) => Some(text),
            _ => None,
        }
    }

    /// The characters that every text that fits begins with.
    pub(crate) fn literal_beginning(&self) -> String {
        let letters = self.tokens.iter().map_while(|token| match token {
            Token::Literal(c) => Some(*c),
            Token::Any | Token::One => None,
        });
        letters.collect()
    }

    /// Whether all of `text` fits.
    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Everything => true,
            Shape::Exact(exact) => **exact == *text,
            Shape::Prefix(prefix) => text.starts_with(&**prefix),
            Shape::General => walk(&self.tokens, text),
        }
    }
}

/// Whether all of `text` fits the pieces. Two pointers: on a mismatch, the last `*` swallows one character more. At most pattern × text steps.
pub(super) fn walk(tokens: &[Token], text: &str) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = rest.clone();
        let next = ahead.next();
        match (tokens.get(at), next) {
            (Some(Token::Any), _) => {
                at += 1;
                retry = Some((at, rest.clone()));
                continue;
            }
            (None, None) => return true,
            (Some(Token::One), Some(_)) => {
                at += 1;
                rest = ahead;
                continue;
            }
            (Some(Token::Literal(wanted)), Some(c)) if *wanted == c => {
                at += 1;
                rest = ahead;
                continue;
            }
            _ => {}
        }
        let Some((star, from)) = &mut retry else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        at = *star;
        rest = from.clone();
    }
}
