//! Policy variables: `${aws:username}`, defaults `${key, 'value'}`, escapes `${*}`, `${?}`, `${$}`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::{Context, Gap};

/// Why a text with variables has no value.
pub(super) enum Unresolved {
    /// The key is absent and there is no default: the comparison fails.
    Absent,
    /// The key is free.
    Free(Gap),
}

/// What stands for a literal `*` or `?` while wildcards are matched: two characters that no ARN or value holds.
const STAR: char = '\u{e000}';
const QUESTION: char = '\u{e001}';

/// `pattern` with its variables replaced. A variable's value is literal text: its `*` and `?` are no wildcards.
pub(super) fn resolve(pattern: &str, context: &Context) -> Result<String, Unresolved> {
    let mut resolved = String::new();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once("${") {
        resolved.push_str(before);
        let Some((variable, after)) = behind.split_once('}') else {
            resolved.push_str("${");
            rest = behind;
            continue;
        };
        match variable {
            "*" => resolved.push(STAR),
            "?" => resolved.push(QUESTION),
            "$" => resolved.push('$'),
            _ => resolved.push_str(&literal(&value(variable, context)?)),
        }
        rest = after;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// `text` in the spelling that a resolved pattern is matched against.
pub(super) fn literal(text: &str) -> String {
    text.replace('*', &STAR.to_string()).replace('?', &QUESTION.to_string())
}

fn value(variable: &str, context: &Context) -> Result<String, Unresolved> {
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
        None => (variable.trim(), None),
    };
    match context.get(key) {
        None => Err(Unresolved::Free(Gap::FreeKey(key.to_owned()))),
        Some([one]) => Ok(one.clone()),
        Some(_) => default.map(str::to_owned).ok_or(Unresolved::Absent),
    }
}
