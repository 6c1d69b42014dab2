//! `String…`, `Arn…`, `Bool` and `BinaryEquals`, whose values may hold variables (`BinaryEquals` excepted).

use super::{Held, Operator, Value, op};
use crate::policy::glob::Glob;
use crate::policy::pattern::{AskedResource, arn_parts};
use crate::policy::truth::Truth;
use crate::policy::variable::Text;

pub(super) const OPERATORS: &[Operator] = &[
    op("StringEquals", false, plain, matches),
    op("StringNotEquals", true, plain, matches),
    op("StringEqualsIgnoreCase", false, plain, matches_ignoring_case),
    op("StringNotEqualsIgnoreCase", true, plain, matches_ignoring_case),
    op("StringLike", false, wild, matches),
    op("StringNotLike", true, wild, matches),
    op("ArnEquals", false, arn, arn_matches),
    op("ArnNotEquals", true, arn, arn_matches),
    op("ArnLike", false, arn, arn_matches),
    op("ArnNotLike", true, arn, arn_matches),
    op("Bool", false, boolean, matches_boolean),
    op("BinaryEquals", false, binary, matches_binary),
];

fn plain(text: &str, variables: bool) -> Value {
    Value::Text(Text::new(text, false, variables))
}

fn wild(text: &str, variables: bool) -> Value {
    Value::Text(Text::new(text, true, variables))
}

/// ARNs are compared part by part, wildcards allowed, with ArnEquals as with ArnLike.
fn arn(text: &str, variables: bool) -> Value {
    let wild = Text::new(text, true, variables);
    match &wild {
        Text::Fixed(glob) if !glob.is_everything() => match arn_parts(glob.tokens().to_vec()) {
            Some(parts) => Value::Arn(wild, Some(Box::new(parts))),
            None => Value::Odd(text.to_owned()),
        },
        _ => Value::Arn(wild, None),
    }
}

fn boolean(text: &str, variables: bool) -> Value {
    if is_boolean(text) || (variables && text.contains("${")) {
        plain(text, variables)
    } else {
        Value::Odd(text.to_owned())
    }
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// Both sides are base64; padding is no part of the bytes.
fn binary(text: &str, _: bool) -> Value {
    if is_base64(text) {
        plain(text.trim_end_matches('='), false)
    } else {
        Value::Odd(text.to_owned())
    }
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    digits.len() % 4 != 1
        && digits
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

fn matches(wanted: &Value, held: Held<'_>) -> Truth {
    with_text(wanted, held, |glob| glob.matches(held.text))
}

fn matches_ignoring_case(wanted: &Value, held: Held<'_>) -> Truth {
    let lower = |text: &'_ str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let same =
        |only: &str| only.eq_ignore_ascii_case(held.text) || (!only.is_ascii() && lower(only) == lower(held.text));
    with_text(wanted, held, |glob| glob.only().is_some_and(same))
}

fn matches_boolean(wanted: &Value, held: Held<'_>) -> Truth {
    if is_boolean(held.text) {
        matches_ignoring_case(wanted, held)
    } else {
        Truth::unsupported(format!("the value `{}` as a boolean", held.text))
    }
}

fn matches_binary(wanted: &Value, held: Held<'_>) -> Truth {
    if is_base64(held.text) {
        with_text(wanted, held, |glob| glob.matches(held.text.trim_end_matches('=')))
    } else {
        Truth::unsupported(format!("the value `{}` as base64", held.text))
    }
}

fn with_text(wanted: &Value, held: Held<'_>, fits: impl Fn(&Glob) -> bool) -> Truth {
    match wanted {
        Value::Text(text) => text.with(held.context, |glob| fits(glob).into()),
        _ => Truth::False,
    }
}

fn arn_matches(wanted: &Value, held: Held<'_>) -> Truth {
    let asked = AskedResource::new(held.text);
    match wanted {
        Value::Arn(_, Some(parts)) => asked.fits(parts).into(),
        Value::Arn(text, None) => text.with(held.context, |glob| {
            if glob.is_everything() {
                return Truth::True;
            }
            match arn_parts(glob.tokens().to_vec()) {
                Some(parts) => asked.fits(&parts).into(),
                None => Truth::unsupported("a variable that makes no ARN"),
            }
        }),
        _ => Truth::False,
    }
}
