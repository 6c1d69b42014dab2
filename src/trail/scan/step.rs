//! Steps over one JSON value without taking it apart.

/// Where the value ends that begins at `at`; `None` where none does. What is JSON is stepped over rightly; what isn't may be taken for some.
pub(in crate::trail) fn over(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => over_text(text, at),
        b'{' | b'[' => over_brackets(text, at),
        b'}' | b']' | b',' | b':' => None,
        _ => {
            let rest = text.get(at..)?;
            let length = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?;
            let is_one = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
            rest.get(..length)?.iter().all(is_one).then_some(at + length)
        }
    }
}

/// The same for a text, whose first quote is at `at`.
pub(in crate::trail) fn over_text(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += quote(text.get(at..)?)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// So many bytes are looked at before a search is called.
const SHORT: usize = 48;

/// Where the first quote or backslash is. Most texts are short: eight bytes at once are faster than a search that has to be called.
#[inline]
pub(in crate::trail) fn quote(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let is_in = |word: u64, byte: u8| {
        let other = word ^ (ONES * u64::from(byte));
        other.wrapping_sub(ONES) & !other & (ONES * 128)
    };
    let mut at = 0;
    while at < SHORT
        && let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>)
    {
        let word = u64::from_le_bytes(*chunk);
        let met = is_in(word, b'"') | is_in(word, b'\\');
        // Only the lowest is surely one: a borrow goes upwards.
        if met != 0 {
            return Some(at + met.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    Some(at + memchr::memchr2(b'"', b'\\', text.get(at..)?)?)
}

fn over_brackets(text: &[u8], mut at: usize) -> Option<usize> {
    let mut open = 0_usize;
    loop {
        match text.get(at)? {
            b'"' => {
                at = over_text(text, at)?;
                continue;
            }
            b'{' | b'[' => open += 1,
            b'}' | b']' => open -= 1,
            _ => {}
        }
        at += 1;
        if open == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{over, quote};
    use proptest::prelude::*;
    use serde_json::Value;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\"\\\\a-z{}\\[\\],:\u{e9}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[\"\\\\a-z{}]{0,5}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_is_stepped_over_whole(value in any_json(), behind in "[,}\\]][a-z\"]{0,4}") {
            let text = value.to_string();
            let whole = format!("{text}{behind}");
            prop_assert_eq!(over(whole.as_bytes(), 0), Some(text.len()));
        }

        #[test]
        fn the_first_quote_or_backslash_is_found(text in prop::collection::vec(prop_oneof![any::<u8>(), 0x20_u8..0x24, 0x5b_u8..0x5e], 0..90)) {
            prop_assert_eq!(quote(&text), text.iter().position(|byte| matches!(byte, b'"' | b'\\')));
        }

        #[test]
        fn anything_is_survived(text in prop::collection::vec(any::<u8>(), 0..40), at in 0_usize..50) {
            if let Some(end) = over(&text, at) {
                prop_assert!(end <= text.len() + 1 && end >= at);
            }
        }
    }
}
