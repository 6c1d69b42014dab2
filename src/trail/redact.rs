//! What would let a reader of the report in is dropped before anything else sees it.

use serde_json::Value;

/// Names of members that hold secrets, in small letters and without separators. CloudTrail leaves most of them out by itself; the session
/// token of a mint it writes: <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>.
const SECRET: [&str; 18] = [
    "sessiontoken",
    "securitytoken",
    "secretaccesskey",
    "secretkey",
    "password",
    "oldpassword",
    "newpassword",
    "servicepassword",
    "servicecredentialsecret",
    "signintoken",
    "base32stringseed",
    "qrcodepng",
    "samlassertion",
    "webidentitytoken",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authorizationtoken",
];

/// The end of a name that has something before it, such as `AWS_SESSION_TOKEN` in the environment of what is started and `X-Amz-Security-Token` in an address.
const ENDS: [&str; 3] = ["sessiontoken", "securitytoken", "secretaccesskey"];

/// Drops session tokens, secret keys and passwords from `value`, wherever they stand: as members, as pairs of name and value, and in texts that have them in
/// JSON, in addresses, or were cut off in the middle.
pub(super) fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !is_secret(name));
            let names = ["name", "Name", "key", "Key"].iter();
            let mut names = names.filter_map(|name| members.get(*name)?.as_str());
            if names.any(is_secret) {
                members.retain(|name, _| !name.eq_ignore_ascii_case("value"));
            }
            members.values_mut().for_each(redact);
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) => redact_text(text),
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let plain = || {
        name.bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| byte.to_ascii_lowercase())
    };
    let ends = |end: &&str| {
        let skipped = plain().count().saturating_sub(end.len());
        skipped > 0 && plain().skip(skipped).eq(end.bytes())
    };
    // Most names are too short for any, or begin like none.
    name.len() >= 7 && (SECRET.iter().any(|secret| secret.bytes().eq(plain())) || ENDS.iter().any(ends))
}

/// Cuts what follows the name of a token or secret key out of a text.
pub(super) fn redact_text(text: &mut String) {
    // Of all letters in these names this is the rarest.
    if memchr::memchr2(b'k', b'K', text.as_bytes()).is_none() {
        return;
    }
    let mut from = 0;
    while let Some((begin, end)) = next_secret(text, from) {
        text.replace_range(begin..end, "");
        from = begin;
    }
}

/// Where the next secret of a text begins and ends.
fn next_secret(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut at = from;
    loop {
        let begin = at + bytes.get(at..)?.iter().position(is_part)?;
        let end = bytes.get(begin..)?.iter().position(|byte| !is_part(byte))? + begin;
        at = end;
        if !ENDS
            .iter()
            .any(|name| ends_with(bytes.get(begin..end).unwrap_or_default(), name))
        {
            continue;
        }
        let Some(value) = value_behind(bytes, end) else {
            continue;
        };
        let length = length_of(bytes.get(value..)?);
        if length > 0 {
            return Some((value, value + length));
        }
    }
}

fn ends_with(name: &[u8], end: &str) -> bool {
    let letters = name.iter().rev().filter(|byte| byte.is_ascii_alphanumeric());
    let mut letters = letters.map(u8::to_ascii_lowercase);
    end.bytes().rev().all(|byte| letters.next() == Some(byte))
}

/// Where the value begins of a name that ends here: behind a colon or an equals sign, and behind `value` where the two are a pair.
fn value_behind(bytes: &[u8], end: usize) -> Option<usize> {
    let quiet = |at: usize, also: u8| {
        let is_quiet = |byte: &u8| matches!(byte, b'"' | b'\\' | b'\'' | b' ' | b'\n' | b'\t') || *byte == also;
        let rest = bytes.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| is_quiet(byte)).count()
    };
    let is_here = |at: usize, what: &[u8]| {
        let there = bytes.get(at..at + what.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(what))
    };
    let mut at = quiet(end, b'"');
    let paired = quiet(at, b',');
    if is_here(paired, b"value") {
        at = quiet(paired + 5, b'"');
    }
    let behind = match () {
        () if is_here(at, b":") || is_here(at, b"=") => at + 1,
        () if is_here(at, b"%3d") => at + 3,
        () => return None,
    };
    Some(quiet(behind, b'"'))
}

/// How long a secret is: up to a quote, a space, the next part of an address, or the end. A backslash before anything but a quote is of it.
fn length_of(bytes: &[u8]) -> usize {
    let mut escaped = false;
    let is_end = |byte: &u8| {
        let ends = match byte {
            b'"' | b'\'' | b'&' | b',' | b'}' | b']' | b'<' | b'>' => true,
            byte => byte.is_ascii_whitespace() && !escaped,
        };
        escaped = *byte == b'\\';
        ends
    };
    let length = bytes.iter().position(is_end).unwrap_or(bytes.len());
    // The backslashes before a quote are the quote's.
    let quoted = bytes.get(..length).unwrap_or_default();
    length - quoted.iter().rev().take_while(|byte| **byte == b'\\').count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_go_under_every_name_and_nothing_else_does() {
        let inner =
            json!({"a": 1, "sessionToken": "TOKEN/7+=", "b": json!({"AWS_SESSION_TOKEN": "TOKEN/8"}).to_string()})
                .to_string();
        let cut = inner[..inner.find("/7").unwrap()].to_owned();
        let mut value = json!({
            "overrides": {"containerOverrides": [{"environment": [
                {"name": "AWS_SESSION_TOKEN", "value": "TOKEN1"}, {"Value": "TOKEN2", "Key": "aws_secret_access_key"}, {"name": "PATH", "value": "/bin"}]}]},
            "environment": {"variables": {"AWS_SESSION_TOKEN": "TOKEN3", "X-Amz-Security-Token": "TOKEN4", "REGION": "eu-west-1"}},
            "url": "https://b.s3.amazonaws.com/o?X-Amz-Credential=ASIAX&X-Amz-Security-Token=TOKEN5%2F&X-Amz-Signature=5",
            "encoded": "next=https%3A%2F%2Fb%3FX-Amz-Security-Token%3DTOKEN6",
            "pair": "[{\"name\":\"AWS_SESSION_TOKEN\",\"value\":\"TOKEN9\"}]",
            "shell": "export AWS_SESSION_TOKEN='TOKEN10'; aws s3 ls",
            "inner": inner, "cut": cut,
        });
        redact(&mut value);
        let text = value.to_string();
        assert!(
            !text.contains("TOKEN1") && !text.contains("TOKEN/") && !text.contains("\"TOKEN"),
            "{text}"
        );
        assert!((1..=10).all(|n| !text.contains(&format!("TOKEN{n}"))), "{text}");
        for kept in [
            "/bin",
            "eu-west-1",
            "X-Amz-Credential=ASIAX",
            "X-Amz-Signature=5",
            "aws s3 ls",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
        // What was JSON stays JSON.
        let inner: Value = serde_json::from_str(value["inner"].as_str().unwrap()).unwrap();
        assert_eq!((&inner["a"], &inner["sessionToken"]), (&json!(1), &json!("")));
        let pair: Value = serde_json::from_str(value["pair"].as_str().unwrap()).unwrap();
        assert_eq!(pair, json!([{"name": "AWS_SESSION_TOKEN", "value": ""}]));
        // A cut off text is a text.
        let mut cut = json!("{\"credentials\":{\"sessionToken\":\"TOKEN11");
        redact(&mut cut);
        assert_eq!(cut, json!("{\"credentials\":{\"sessionToken\":\""));
        let policy = json!({"Action": ["sts:GetSessionToken", "sts:AssumeRole"], "Condition": {"Bool": {"aws:TokenIssueTime": "x"}}, "tokenKey": "k"});
        for harmless in [
            policy.clone(),
            json!(policy.to_string()),
            json!("the session token has expired"),
        ] {
            let mut same = harmless.clone();
            redact(&mut same);
            assert_eq!(same, harmless);
        }
    }
}
