//! Who a caller's identity says that they are, from its text alone.
//!
//! Every session brings a text of its own, so that many are read: what is written as CloudTrail writes it is taken apart at its quotes, and
//! only the rest is parsed.

use super::facts::{Caller, Who};
use super::giving::Text;
use memchr::memchr2;
use serde::Deserialize;

/// Who calls with this identity.
///
/// # Errors
/// It is no JSON, or has a member of another type than is usual.
pub(super) fn who(identity: &[u8]) -> serde_json::Result<Who> {
    match Plain::of(identity) {
        Some(plain) => Ok(plain.who()),
        None => serde_json::from_slice::<Identity<'_>>(identity).map(|identity| identity.who()),
    }
}

/// The members that tell who calls.
#[derive(Default)]
struct Plain<'t> {
    kind: Option<&'t str>,
    principal: Option<&'t str>,
    arn: Option<&'t str>,
    user: Option<&'t str>,
    key: Option<&'t str>,
    credential: Option<&'t str>,
    issuer_kind: Option<&'t str>,
    issuer: Option<&'t str>,
    issuer_name: Option<&'t str>,
}

impl<'t> Plain<'t> {
    /// Takes an identity apart that holds nothing but objects, texts without escapes, and `null`; `None` for any other.
    fn of(identity: &'t [u8]) -> Option<Self> {
        let mut plain = Plain::default();
        let rest = object(identity, &mut Vec::with_capacity(3), &mut |path, text| {
            let place = match path {
                [b"type"] => &mut plain.kind,
                [b"principalId"] => &mut plain.principal,
                [b"arn"] => &mut plain.arn,
                [b"userName"] => &mut plain.user,
                [b"accessKeyId"] => &mut plain.key,
                [b"credentialId"] => &mut plain.credential,
                [b"sessionContext", b"sessionIssuer", b"type"] => &mut plain.issuer_kind,
                [b"sessionContext", b"sessionIssuer", b"principalId"] => &mut plain.issuer,
                [b"sessionContext", b"sessionIssuer", b"userName"] => &mut plain.issuer_name,
                _ => return Some(()),
            };
            let text = std::str::from_utf8(text).ok()?;
            place.replace(text).is_none().then_some(())
        })?;
        rest.is_empty().then_some(plain)
    }

    fn who(&self) -> Who {
        let told = |text: Option<&'t str>| text.filter(|text| !text.is_empty());
        // An issuer without a kind is none: sessions of users have it empty.
        let is_issued = told(self.issuer_kind).is_some();
        let arn = self.arn.and_then(|text| text.parse().ok());
        let key = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        Who::of(&Caller {
            kind: told(self.kind),
            principal: told(self.principal),
            arn: arn.as_ref(),
            user: told(self.user),
            issuer: told(self.issuer).filter(|_| is_issued),
            issuer_name: told(self.issuer_name).filter(|_| is_issued),
            key: key(self.key).or_else(|| key(self.credential)).as_ref(),
        })
    }
}

/// Walks through the object that `text` begins with, down to three levels; gives what stands behind it.
fn object<'t>(
    text: &'t [u8],
    path: &mut Vec<&'t [u8]>,
    each: &mut impl FnMut(&[&[u8]], &'t [u8]) -> Option<()>,
) -> Option<&'t [u8]> {
    let mut rest = text.strip_prefix(b"{")?;
    if let Some(behind) = rest.strip_prefix(b"}") {
        return Some(behind);
    }
    loop {
        let (name, behind) = quoted(rest)?;
        let value = behind.strip_prefix(b":")?;
        path.push(name);
        rest = match value.first()? {
            b'"' => {
                let (text, behind) = quoted(value)?;
                each(path, text)?;
                behind
            }
            b'{' if path.len() < 3 => object(value, path, each)?,
            _ => {
                each(path, b"")?;
                value.strip_prefix(b"null")?
            }
        };
        path.pop();
        rest = match rest.split_first()? {
            (b',', rest) => rest,
            (b'}', rest) => return Some(rest),
            _ => return None,
        };
    }
}

/// The text without escapes that stands first, and what stands behind it.
fn quoted(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.strip_prefix(b"\"")?;
    let (inside, rest) = text.split_at_checked(memchr2(b'"', b'\\', text)?)?;
    Some((inside, rest.strip_prefix(b"\"")?))
}

/// A caller's identity, as far as it tells who that is. A member of another type than is usual makes the scan unsure.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'t> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'t>>,
    principal_id: Option<Text<'t>>,
    arn: Option<Text<'t>>,
    user_name: Option<Text<'t>>,
    access_key_id: Option<Text<'t>>,
    credential_id: Option<Text<'t>>,
    session_context: Option<Context<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'t> {
    #[serde(borrow)]
    session_issuer: Option<Issuer<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issuer<'t> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'t>>,
    principal_id: Option<Text<'t>>,
    user_name: Option<Text<'t>>,
}

fn told<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    text.map(|text| text.0.as_ref()).filter(|text| !text.is_empty())
}

impl Identity<'_> {
    fn who(&self) -> Who {
        let issuer = self
            .session_context
            .as_ref()
            .and_then(|context| context.session_issuer.as_ref());
        // An issuer without a kind is none: sessions of users have it empty.
        let issuer = issuer.filter(|issuer| told(issuer.kind.as_ref()).is_some());
        let arn = told(self.arn.as_ref()).and_then(|text| text.parse().ok());
        let key = |text: &Option<Text<'_>>| told(text.as_ref()).and_then(|text| text.parse().ok());
        Who::of(&Caller {
            kind: told(self.kind.as_ref()),
            principal: told(self.principal_id.as_ref()),
            arn: arn.as_ref(),
            user: told(self.user_name.as_ref()),
            issuer: issuer.and_then(|issuer| told(issuer.principal_id.as_ref())),
            issuer_name: issuer.and_then(|issuer| told(issuer.user_name.as_ref())),
            key: key(&self.access_key_id).or_else(|| key(&self.credential_id)).as_ref(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn parsed(identity: &str) -> Who {
        serde_json::from_str::<Identity<'_>>(identity).unwrap().who()
    }

    #[test]
    fn taken_apart_or_parsed_an_identity_is_the_same() {
        let role = r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:me","arn":"arn:aws:sts::123456789012:assumed-role/Deploy/me","accountId":"123456789012","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","userName":"Deploy"},"webIdFederationData":{},"attributes":{"mfaAuthenticated":"false"}}}"#;
        let user = r#"{"type":"IAMUser","principalId":"AIDAEXAMPLE","userName":"bert","accessKeyId":null,"sessionContext":{"sessionIssuer":{},"attributes":{}}}"#;
        let guest = r#"{"type":"FederatedUser","credentialId":"ACCAEXAMPLE","arn":"","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAEXAMPLE","userName":"bert"}}}"#;
        let issued = guest.replace("\"type\":\"IAMUser\",", "");
        for identity in [
            role,
            user,
            guest,
            &issued,
            r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
            "{}",
        ] {
            assert!(Plain::of(identity.as_bytes()).is_some(), "{identity}");
            assert_eq!(who(identity.as_bytes()).unwrap(), parsed(identity), "{identity}");
        }
    }

    #[test]
    fn what_is_written_otherwise_is_parsed_or_refused() {
        for identity in [
            r#"{"type": "Root"}"#,
            r#"{"type":"IAMUser","userName":"b\u0065rt"}"#,
            r#"{"type":"IAMUser","userName":"bert","a":[1]}"#,
            r#"{"type":"IAMUser","userName":"bert","a":{"b":{"c":{"d":"e"}}}}"#,
        ] {
            assert!(Plain::of(identity.as_bytes()).is_none(), "{identity}");
            assert_eq!(who(identity.as_bytes()).unwrap(), parsed(identity));
        }
        for identity in [
            r#"{"type":"Root","type":"IAMUser"}"#,
            r#"{"type":"Root","type":null}"#,
            r#"{"type":true}"#,
            r#"{"type":"Root"}}"#,
            r#"{"type":"Root""#,
            r#"{"type":"Root",}"#,
            r#"{type:"Root"}"#,
        ] {
            assert!(who(identity.as_bytes()).is_err(), "{identity}");
        }
    }
}
