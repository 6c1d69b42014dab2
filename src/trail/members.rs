//! A walk through the members of an object, without holding anything of it.

use super::scan::step;

/// How deep an object is walked into; what lies deeper is shown as it is written.
const LEVELS: usize = 3;

/// Shows every member of the object that `text` begins with, down to three levels, to `each`: by its path, and as it is written. Gives what stands behind the
/// object; `None` where it isn't written without white space, a name has an escape, or `each` gives it.
pub(crate) fn members<'t>(text: &'t str, mut each: impl FnMut(&[&str], &'t str) -> Option<()>) -> Option<&'t str> {
    let end = object(text, 0, [""; LEVELS], 0, &mut each)?;
    text.get(end..)
}

/// The text in quotes that a value is; empty for `null`. `None` for any other, and for one with an escape.
pub(super) fn plain(value: &str) -> Option<&str> {
    match value {
        "null" => Some(""),
        value => {
            let text = value.strip_prefix('"')?;
            let end = step::quote(text.as_bytes())?;
            (end + 1 == text.len() && text.ends_with('"')).then(|| text.get(..end))?
        }
    }
}

/// The name and the value of the member whose first quote is at `at`, and where it ends.
pub(crate) fn member(text: &str, at: usize) -> Option<(&str, &str, usize)> {
    let (name, from) = name(text, at)?;
    let end = step::over(text.as_bytes(), from)?;
    Some((name, text.get(from..end)?, end))
}

/// The name whose first quote is at `at`, and where its value begins. A name with an escape may be any.
#[inline]
fn name(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = text.as_bytes().get(at..)?.strip_prefix(b"\"")?;
    let end = step::quote(rest)?;
    let is_one = rest.get(end..end + 2)? == b"\":";
    is_one.then_some((text.get(at + 1..at + 1 + end)?, at + 3 + end))
}

fn object<'t>(
    text: &'t str,
    at: usize,
    mut path: [&'t str; LEVELS],
    depth: usize,
    each: &mut impl FnMut(&[&str], &'t str) -> Option<()>,
) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = at + 1;
    match bytes.get(at - 1..=at)? {
        b"{}" => return Some(at + 1),
        b"{\"" => {}
        _ => return None,
    }
    loop {
        let (name, from) = name(text, at)?;
        *path.get_mut(depth)? = name;
        let end = match bytes.get(from)? {
            b'{' if depth + 1 < LEVELS => object(text, from, path, depth + 1, each)?,
            _ => {
                let end = step::over(bytes, from)?;
                each(path.get(..=depth)?, text.get(from..end)?)?;
                end
            }
        };
        match bytes.get(end)? {
            b',' => at = end + 1,
            b'}' => return Some(end + 1),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::{member, members, plain};

    fn told(text: &str) -> Option<Vec<String>> {
        let mut all = Vec::new();
        let rest = members(text, |path, value| {
            all.push(format!("{}={value}", path.join(".")));
            Some(())
        })?;
        all.push(rest.to_owned());
        Some(all)
    }

    #[test]
    fn members_are_shown_by_their_path_down_to_three_levels() {
        let text = r#"{"a":"b\"}","c":{"d":{"e":{"f":1}},"g":[{"h":2}]},"i":{},"j":null}, more"#;
        let expected = [
            r#"a="b\"}""#,
            r#"c.d.e={"f":1}"#,
            r#"c.g=[{"h":2}]"#,
            "j=null",
            ", more",
        ];
        assert_eq!(told(text).unwrap(), expected);
        assert_eq!(told("{}").unwrap(), [""]);
        for odd in [
            "",
            "[]",
            "{ }",
            r#"{"a" :1}"#,
            r#"{"a": 1}"#,
            r#"{"a":1,}"#,
            r#"{"a":1"#,
            r#"{"\u0061":1}"#,
            r#"{a:1}"#,
        ] {
            assert_eq!(told(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_plain_text_has_no_escape_and_null_is_empty() {
        assert_eq!(
            ["\"a\"", "\"\"", "null", "1", "\"a\\u0062\"", "\""].map(plain),
            [Some("a"), Some(""), Some(""), None, None, None]
        );
        assert_eq!(member(r#","a":{"b":2},"c":3"#, 1), Some(("a", r#"{"b":2}"#, 12)));
    }
}
