//! The members of a record that tell which key it gave, read without holding anything else of it.

use super::facts::{Gave, Given, Who};
use super::members::{member, members, plain};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// A text; borrowed where it has no escape.
#[derive(Deserialize)]
pub(super) struct Text<'t>(#[serde(borrow)] pub(super) Cow<'t, str>);

/// A record, as far as it tells of a key. A member of another type than is usual, or one that comes twice, is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Giving<'t> {
    #[serde(borrow)]
    error_code: Option<Text<'t>>,
    request_parameters: Option<Holder<'t>>,
    response_elements: Option<Answer<'t>>,
    #[serde(rename = "sharedEventID")]
    shared: Option<Text<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'t> {
    #[serde(borrow)]
    credentials: Option<Credentials<'t>>,
    access_key: Option<Made<'t>>,
    credential_set: Option<Vec<Session<'t>>>,
    role_credentials: Option<Credentials<'t>>,
    service_specific_credential: Option<Specific<'t>>,
    assumed_role_user: Option<Role<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Holder<'t> {
    #[serde(borrow)]
    user_name: Option<Text<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'t> {
    #[serde(borrow)]
    access_key_id: Option<Text<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made<'t> {
    #[serde(borrow)]
    access_key_id: Option<Text<'t>>,
    user_name: Option<Text<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Specific<'t> {
    #[serde(borrow)]
    service_specific_credential_id: Option<Text<'t>>,
    user_name: Option<Text<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session<'t> {
    #[serde(borrow)]
    credentials: Option<Credentials<'t>>,
    assumed_role_user: Option<Role<'t>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role<'t> {
    #[serde(borrow)]
    arn: Option<Text<'t>>,
    assumed_role_id: Option<Text<'t>>,
}

fn text<'a>(text: &'a Option<Text<'_>>) -> Option<&'a str> {
    text.as_ref().map(|text| text.0.as_ref())
}

impl Giving<'_> {
    fn given(&self) -> Given<'_> {
        let Some(answer) = &self.response_elements else {
            return Given {
                holder: self
                    .request_parameters
                    .as_ref()
                    .and_then(|asked| text(&asked.user_name)),
                ..Given::default()
            };
        };
        let first = answer.credential_set.as_ref().and_then(|set| set.first());
        let made = answer.access_key.as_ref();
        let specific = answer.service_specific_credential.as_ref();
        let roles = [
            answer.assumed_role_user.as_ref(),
            first.and_then(|first| first.assumed_role_user.as_ref()),
        ];
        Given {
            key: key(&answer.credentials)
                .or_else(|| made.and_then(|made| text(&made.access_key_id)))
                .or_else(|| first.and_then(|first| key(&first.credentials)))
                .or_else(|| key(&answer.role_credentials))
                .or_else(|| specific.and_then(|made| text(&made.service_specific_credential_id))),
            role_arn: roles.iter().flatten().find_map(|role| text(&role.arn)),
            role_id: roles.iter().flatten().find_map(|role| text(&role.assumed_role_id)),
            holder: made
                .and_then(|made| text(&made.user_name))
                .or_else(|| specific.and_then(|made| text(&made.user_name)))
                .or_else(|| {
                    self.request_parameters
                        .as_ref()
                        .and_then(|asked| text(&asked.user_name))
                }),
        }
    }
}

fn key<'a>(held: &'a Option<Credentials<'_>>) -> Option<&'a str> {
    held.as_ref().and_then(|held| text(&held.access_key_id))
}

/// The same members, whatever their types.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Loose {
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    request_parameters: Value,
    #[serde(default)]
    response_elements: Value,
    #[serde(default, rename = "sharedEventID")]
    shared: Option<String>,
}

/// Which key a call by `who` gave, by the members of its record that stand between the Region and the ID, each behind a comma; `None` where they must be
/// parsed to say it, and where other accounts have a record of the same call.
pub(super) fn plainly(body: &[u8], who: Who) -> Option<Option<Gave>> {
    let body = std::str::from_utf8(body).ok()?;
    let (mut error, mut request, mut response) = (None, None, None);
    let mut at = 0;
    while at < body.len() {
        let (name, value, end) = member(body, at + 1).filter(|_| body.as_bytes().get(at) == Some(&b','))?;
        let place = match name {
            "errorCode" => Some(&mut error),
            "requestParameters" => Some(&mut request),
            "responseElements" => Some(&mut response),
            "sharedEventID" => return None,
            _ => None,
        };
        if place.is_some_and(|place| place.replace(value).is_some()) {
            return None;
        }
        at = end;
    }
    if error.is_some_and(|error| plain(error) != Some("")) {
        return error.and_then(plain).map(|_| None);
    }
    let mut answer = Plain::default();
    match response {
        None | Some("null") => return Some(None),
        Some(response) => members(response, |path, value| answer.take(path, value)).filter(|rest| rest.is_empty())?,
    };
    let mut asked = None;
    let asked_for = request.filter(|request| answer.key.is_some() && *request != "null");
    if let Some(request) = asked_for.filter(|_| answer.holder().is_none()) {
        members(request, |path, value| match path {
            ["userName"] => asked.replace(plain(value)?).is_none().then_some(()),
            _ => Some(()),
        })?;
    }
    let given = Given {
        key: answer.key,
        role_id: answer.role_id,
        role_arn: answer.role_arn,
        holder: answer.holder().or(asked),
    };
    Some(Gave::told(who, &given, None))
}

/// What an answer says of a key, where it says it of one.
#[derive(Default)]
struct Plain<'t> {
    key: Option<&'t str>,
    role_id: Option<&'t str>,
    role_arn: Option<&'t str>,
    made_for: Option<&'t str>,
}

impl<'t> Plain<'t> {
    /// Takes a member in; `None` where it is unusual.
    fn take(&mut self, path: &[&str], value: &'t str) -> Option<()> {
        let place = match path {
            ["credentials" | "accessKey" | "roleCredentials", "accessKeyId"]
            | ["serviceSpecificCredential", "serviceSpecificCredentialId"] => &mut self.key,
            ["assumedRoleUser", "assumedRoleId"] => &mut self.role_id,
            ["assumedRoleUser", "arn"] => &mut self.role_arn,
            ["accessKey" | "serviceSpecificCredential", "userName"] => &mut self.made_for,
            // A list, or an object that was expected.
            [
                "credentialSet"
                | "credentials"
                | "accessKey"
                | "roleCredentials"
                | "serviceSpecificCredential"
                | "assumedRoleUser",
            ] if value != "null" => {
                return None;
            }
            _ => return Some(()),
        };
        // What isn't told, or is empty, is looked for elsewhere: that is for the parser to do.
        let text = plain(value).filter(|text| !text.is_empty())?;
        place.replace(text).is_none().then_some(())
    }

    fn holder(&self) -> Option<&'t str> {
        self.made_for
    }
}

/// Which key the record of a call by `who` gave.
///
/// # Errors
/// The record is no JSON, or not what a record is like.
pub(super) fn gave(record: &[u8], who: Who) -> serde_json::Result<Option<Gave>> {
    if let Ok(giving) = serde_json::from_slice::<Giving<'_>>(record) {
        return Ok(match text(&giving.error_code) {
            Some(code) if !code.is_empty() => None,
            _ => Gave::told(who, &giving.given(), text(&giving.shared)),
        });
    }
    let giving: Loose = serde_json::from_slice(record)?;
    if giving.error_code.is_some_and(|code| !code.is_empty()) {
        return Ok(None);
    }
    let given = Given::of(&giving.request_parameters, &giving.response_elements);
    Ok(Gave::told(who, &given, giving.shared.as_deref()))
}
