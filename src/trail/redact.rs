//! What would let a reader of the report in is dropped before anything else sees it.

use memchr::memmem::Finder;
use serde_json::Value;
use std::sync::LazyLock;

/// Names of members that hold secrets, in small letters and without separators. CloudTrail leaves most of them out by itself; the session
/// token of a mint it writes: <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>.
const SECRET: [&str; 19] = [
    "sessiontoken",
    "sessionkey",
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
/// A session key is what the federation address of AWS calls a secret key:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>.
const ENDS: [&str; 4] = ["sessiontoken", "securitytoken", "secretaccesskey", "sessionkey"];

/// Passwords in a text of JSON, and the letters by which one is looked for: their names are plain words, so that only quotes behind them tell.
const QUOTED: [&str; 3] = ["password", "base32stringseed", "servicecredentialsecret"];
static PASSWORDS: LazyLock<[Finder<'static>; 5]> =
    LazyLock::new(|| ["ssword", "SSWORD", "32String", "32string", "redentialSecret"].map(Finder::new));

/// So many letters has what holds a secret with its name in base64 at least: a secret key has forty by itself.
const PACKED: usize = 60;

/// Drops session tokens, secret keys and passwords from `value`, wherever they stand: as members, as pairs of name and value, and in texts that have them in
/// JSON, in XML, in addresses, in base64, or were cut off in the middle.
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

/// Cuts what follows the name of a token or secret key out of a text, and what holds one in base64.
pub(super) fn redact_text(text: &mut String) {
    let mut from = 0;
    while let Some((begin, end)) = next_packed(text, from) {
        let is_secret = holds_secret(text.as_bytes().get(begin..end).unwrap_or_default());
        if is_secret {
            text.replace_range(begin..end, "");
        }
        from = if is_secret { begin } else { end };
    }
    // Of all letters in the other names this is the rarest.
    let has_k = memchr::memchr2(b'k', b'K', text.as_bytes()).is_some();
    if !has_k && PASSWORDS.iter().all(|name| name.find(text.as_bytes()).is_none()) {
        return;
    }
    let mut from = 0;
    while let Some((begin, end)) = next_secret(text, from) {
        text.replace_range(begin..end, "");
        from = begin;
    }
}

/// Where the next letters that may be base64 begin and end.
fn next_packed(text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        let rest = bytes.get(at..)?;
        let length = rest.iter().take_while(|byte| six_bits(**byte).is_some()).count();
        if length >= PACKED {
            return Some((at, at + length));
        }
        at += length + 1;
    }
    None
}

/// What a letter of base64 stands for, in either alphabet.
fn six_bits(letter: u8) -> Option<u32> {
    Some(u32::from(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

/// Whether these letters are base64 of a text that has a secret with its name in it. Where the base64 begins isn't known: a path may stand before it. Windows packs
/// texts in UTF-16.
fn holds_secret(letters: &[u8]) -> bool {
    (0..4).any(|skipped| {
        let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0_u32);
        for six in letters.iter().skip(skipped).filter_map(|letter| six_bits(*letter)) {
            held = (held << 6 | six) & 0xffff;
            bits += 6;
            if bits >= 8 {
                bits -= 8;
                bytes.push((held >> bits) as u8);
            }
        }
        bytes.retain(|byte| *byte != 0);
        next_secret(&String::from_utf8_lossy(&bytes), 0).is_some()
    })
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
        let is_one = |name: &&str| ends_with(bytes.get(begin..end).unwrap_or_default(), name);
        let is_quoted = || matches!(letter(bytes.get(end..).unwrap_or_default()), Some((b'"' | b'\\', _)));
        if !(ENDS.iter().any(is_one) || QUOTED.iter().any(is_one) && is_quoted()) {
            continue;
        }
        // A tag that ends has nothing of it behind.
        let before = bytes.get(..begin).unwrap_or_default();
        let name = bytes.get(begin..end).unwrap_or_default();
        let is_closing = before.ends_with(b"/") || before.ends_with(b"%") && name.starts_with(b"2F");
        let Some(value) = value_behind(bytes, end).filter(|_| !is_closing) else {
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

/// The letter that stands here, as it is or as an address or XML writes it, once or within another; and how long that is.
fn letter(bytes: &[u8]) -> Option<(u8, usize)> {
    const NAMED: [(&[u8], u8); 5] = [
        (b"&quot;", b'"'),
        (b"&#34;", b'"'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&apos;", b'\''),
    ];
    let first = *bytes.first()?;
    if first == b'&' {
        let named = NAMED.iter().find(|(name, _)| bytes.starts_with(name));
        return Some(named.map_or((first, 1), |(name, letter)| (*letter, name.len())));
    }
    let hex = |at: usize| {
        let digits = std::str::from_utf8(bytes.get(at..at + 2)?).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    if first != b'%' {
        return Some((first, 1));
    }
    let mut at = 1;
    loop {
        match hex(at) {
            // A percent sign that is written so itself.
            Some(b'%') if hex(at + 2).is_some() => at += 2,
            Some(letter) => return Some((letter, at + 2)),
            None => return Some((first, 1)),
        }
    }
}

/// Where the value begins of a name that ends here: behind a colon or an equals sign, or a tag, and behind `value` where the two are a pair.
fn value_behind(bytes: &[u8], end: usize) -> Option<usize> {
    let letter_at = |at: usize| letter(bytes.get(at..).unwrap_or_default());
    let quiet = |mut at: usize, also: u8| {
        let is_quiet = |byte: u8| matches!(byte, b'"' | b'\\' | b'\'' | b' ' | b'\n' | b'\t' | b'+') || byte == also;
        while let Some((_, length)) = letter_at(at).filter(|(byte, _)| is_quiet(*byte)) {
            at += length;
        }
        at
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
    match letter_at(at)? {
        (b':' | b'=' | b'>', length) => Some(quiet(at + length, b'"')),
        _ => None,
    }
}

/// How long a secret is: up to a quote, a space, the next part of an address, a tag, or the end. A backslash before anything but a quote is of it.
fn length_of(bytes: &[u8]) -> usize {
    let (mut length, mut escaped) = (0, false);
    while let Some((byte, more)) = letter(bytes.get(length..).unwrap_or_default()) {
        let ends = match byte {
            b'"' | b'\'' | b'&' | b',' | b'}' | b']' | b'<' | b'>' => true,
            byte => byte.is_ascii_whitespace() && !escaped,
        };
        if ends {
            break;
        }
        escaped = byte == b'\\';
        length += more;
    }
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
            "user agent": "x {\"password\": \"TOKEN11\"}", "within": json!({"newPassword": "TOKEN12"}).to_string(),
            "twice": json!({"a": json!({"oldPassword": "TOKEN13"}).to_string()}).to_string(), "policy": "the password: at least",
            "shell": "export AWS_SESSION_TOKEN='TOKEN10'; aws s3 ls",
            "inner": inner, "cut": cut,
        });
        redact(&mut value);
        let text = value.to_string();
        assert!(
            !text.contains("TOKEN1") && !text.contains("TOKEN/") && !text.contains("\"TOKEN"),
            "{text}"
        );
        assert!((1..=13).all(|n| !text.contains(&format!("TOKEN{n}"))), "{text}");
        for kept in [
            "/bin",
            "eu-west-1",
            "X-Amz-Credential=ASIAX",
            "X-Amz-Signature=5",
            "aws s3 ls",
            "the password: at least",
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

    /// Standard base64, as a shell's pipe makes it.
    fn base64(text: &[u8]) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for three in text.chunks(3) {
            let bits =
                three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
            for place in (0..=three.len()).map(|n| 18 - 6 * n) {
                out.push(char::from(LETTERS[bits >> place & 63]));
            }
            out.push_str(&"="[..usize::from(three.len() < 3)]);
        }
        out
    }

    #[test]
    fn secrets_go_in_xml_in_encoded_json_and_in_base64() {
        const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let quoted = |text: &str| {
            text.replace('%', "%25")
                .replace('"', "%22")
                .replace(':', "%3A")
                .replace(' ', "%20")
                .replace('/', "%2F")
        };
        let session =
            json!({"sessionId": "ASIAX", "sessionKey": SECRET, "sessionToken": format!("TOKEN/{SECRET}")}).to_string();
        let wide: Vec<u8> = session.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let xml = format!(
            "<R><SessionToken>TOKEN/{SECRET}</SessionToken> kept <SecretAccessKey>{SECRET}</SecretAccessKey></R>"
        );
        for text in [
            xml.clone(),
            xml.replace('<', "&lt;").replace('>', "&gt;"),
            xml.replace('<', "%3C").replace('>', "%3E").replace('/', "%2F"),
            format!(
                "https://signin.aws.amazon.com/federation?Action=getSigninToken&Session={}&kept=1",
                quoted(&session)
            ),
            format!("next={}&kept=1", quoted(&quoted(&session))),
            format!("echo {} kept", base64(session.as_bytes())),
            format!(
                "data:text/plain;base64,/kept/{}",
                base64(format!("export AWS_SECRET_ACCESS_KEY={SECRET}").as_bytes())
            ),
            format!("powershell -EncodedCommand {} kept", base64(&wide)),
        ] {
            let mut left = text.clone();
            redact_text(&mut left);
            let packed = [base64(SECRET.as_bytes()), base64(session.as_bytes()), base64(&wide)];
            let is_left = |secret: &str| left.contains(&secret[..16]);
            assert!(
                !is_left(SECRET) && !is_left(&quoted(SECRET)) && !packed.iter().any(|one| is_left(one)),
                "{left}"
            );
            assert!(left.contains("kept") || left.len() + 60 < text.len(), "{left}");
        }
        let encoded = format!(
            "Session={}",
            quoted(&json!({"sessionId": "ASIAX", "sessionKey": SECRET}).to_string())
        );
        let mut left = encoded.clone();
        redact_text(&mut left);
        assert_eq!(left, encoded.replace(&quoted(SECRET), ""));
        for harmless in [
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_AdministratorAccess_0123456789abcdef/me".to_owned(),
            base64(json!({"Statement": [{"Action": "sts:GetSessionToken", "Effect": "Deny", "Resource": "*"}]}).to_string().as_bytes()),
        ] {
            let mut same = harmless.clone();
            redact_text(&mut same);
            assert_eq!(same, harmless);
        }
    }
}
