//! Who a caller's identity says that they are, from its text alone.
//!
//! Every session brings a text of its own, so that many are read: what is written as CloudTrail writes it is walked through, and only the rest is
//! parsed.

use super::facts::{Caller, Who};
use super::giving::Text;
use super::members::{members, plain};
use crate::ids::AccessKeyId;
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
    sign_in: Option<&'t str>,
    created: Option<&'t str>,
}

impl<'t> Plain<'t> {
    /// Takes an identity apart whose members that count are texts without escapes, or `null`; `None` for any other.
    fn of(identity: &'t [u8]) -> Option<Self> {
        let mut told = Plain::default();
        let rest = members(std::str::from_utf8(identity).ok()?, |path, value| {
            let place = match path {
                ["type"] => &mut told.kind,
                ["principalId"] => &mut told.principal,
                ["arn"] => &mut told.arn,
                ["userName"] => &mut told.user,
                ["accessKeyId"] => &mut told.key,
                ["credentialId"] => &mut told.credential,
                ["sessionContext", "sessionIssuer", "type"] => &mut told.issuer_kind,
                ["sessionContext", "sessionIssuer", "principalId"] => &mut told.issuer,
                ["sessionContext", "sessionIssuer", "userName"] => &mut told.issuer_name,
                ["sessionContext", "signInSessionArn"] => &mut told.sign_in,
                ["sessionContext", "attributes", "creationDate"] => &mut told.created,
                ["sessionContext"] | ["sessionContext", "sessionIssuer" | "attributes"] if value != "null" => {
                    return None;
                }
                _ => return Some(()),
            };
            place.replace(plain(value)?).is_none().then_some(())
        })?;
        rest.is_empty().then_some(told)
    }

    fn who(&self) -> Who {
        let told = |text: Option<&'t str>| text.filter(|text| !text.is_empty());
        // An issuer without a kind is none: sessions of users have it empty.
        let is_issued = told(self.issuer_kind).is_some();
        let key = |text: Option<&'t str>| text.and_then(AccessKeyId::shaped);
        Who::of(&Caller {
            kind: told(self.kind),
            principal: told(self.principal),
            arn: self.arn,
            user: told(self.user),
            issuer: told(self.issuer).filter(|_| is_issued),
            issuer_name: told(self.issuer_name).filter(|_| is_issued),
            key: key(self.key).or_else(|| key(self.credential)),
            sign_in: self.sign_in,
            since: self.created.and_then(|text| text.parse().ok()),
        })
    }
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
    sign_in_session_arn: Option<Text<'t>>,
    attributes: Option<Attributes<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes<'t> {
    #[serde(borrow)]
    creation_date: Option<Text<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issuer<'t> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'t>>,
    principal_id: Option<Text<'t>>,
    user_name: Option<Text<'t>>,
}

fn key<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    told(text).and_then(AccessKeyId::shaped)
}

fn told<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    text.map(|text| text.0.as_ref()).filter(|text| !text.is_empty())
}

impl Identity<'_> {
    fn who(&self) -> Who {
        let context = self.session_context.as_ref();
        let attributes = context.and_then(|context| context.attributes.as_ref());
        let issuer = context.and_then(|context| context.session_issuer.as_ref());
        // An issuer without a kind is none: sessions of users have it empty.
        let issuer = issuer.filter(|issuer| told(issuer.kind.as_ref()).is_some());
        Who::of(&Caller {
            kind: told(self.kind.as_ref()),
            principal: told(self.principal_id.as_ref()),
            arn: told(self.arn.as_ref()),
            user: told(self.user_name.as_ref()),
            issuer: issuer.and_then(|issuer| told(issuer.principal_id.as_ref())),
            issuer_name: issuer.and_then(|issuer| told(issuer.user_name.as_ref())),
            key: key(self.access_key_id.as_ref()).or_else(|| key(self.credential_id.as_ref())),
            sign_in: context.and_then(|context| told(context.sign_in_session_arn.as_ref())),
            since: attributes
                .and_then(|attributes| told(attributes.creation_date.as_ref()))
                .and_then(|text| text.parse().ok()),
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
        let role = r#"{"type":"AssumedRole","principalId":"AROAEXAMPLE:me","arn":"arn:aws:sts::123456789012:assumed-role/Deploy/me","accountId":"123456789012","accessKeyId":"ASIAIOSFODNN7EXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","userName":"Deploy"},"webIdFederationData":{},"attributes":{"creationDate":"2026-11-10T09:00:00Z","mfaAuthenticated":"false"},"signInSessionArn":"arn:aws:signin:us-east-1:123456789012:session/s"}}"#;
        assert!(parsed(role).sign_in != 0 && parsed(role).since != 0);
        let user = r#"{"type":"IAMUser","principalId":"AIDAEXAMPLE","userName":"bert","accessKeyId":null,"sessionContext":{"sessionIssuer":{},"attributes":{}}}"#;
        let guest = r#"{"type":"FederatedUser","credentialId":"ACCAEXAMPLE","arn":"","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAEXAMPLE","userName":"bert"}}}"#;
        let issued = guest.replace("\"type\":\"IAMUser\",", "");
        for identity in [
            role,
            user,
            guest,
            &issued,
            r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
            r#"{"type":"IAMUser","userName":"bert","a":[1]}"#,
            r#"{"type":"IAMUser","userName":"bert","sessionContext":null,"a":{"b":{"c":{"userName":"e"}}}}"#,
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
            r#"{"type":"IAMUser","user\u004eame":"bert"}"#,
        ] {
            assert!(Plain::of(identity.as_bytes()).is_none(), "{identity}");
            assert_eq!(who(identity.as_bytes()).unwrap(), parsed(identity));
        }
        for identity in [
            r#"{"type":"Root","type":"IAMUser"}"#,
            r#"{"type":"Root","type":null}"#,
            r#"{"type":true}"#,
            r#"{"sessionContext":[]}"#,
            r#"{"sessionContext":{"sessionIssuer":7}}"#,
            r#"{"sessionContext":{"attributes":7}}"#,
            r#"{"sessionContext":{"signInSessionArn":[]}}"#,
            r#"{"type":"Root"}}"#,
            r#"{"type":"Root""#,
            r#"{"type":"Root",}"#,
            r#"{type:"Root"}"#,
        ] {
            assert!(who(identity.as_bytes()).is_err(), "{identity}");
        }
    }
}
