//! A record as far as rules look at it, found in its text: parsing it would cost more than everything else.

use super::caller::Caller;
use super::matching::Members;
use crate::trail::{Glance, member, members};
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Members of what calls are sent that rules read.
const SENT: [&str; 11] = [
    "userName",
    "groupName",
    "roleName",
    "roleArn",
    "serialNumber",
    "policyName",
    "policyArn",
    "permissionsBoundary",
    "status",
    "policyDocument",
    "accessKeyId",
];

/// So far it is looked for a refusal.
const NEAR: usize = 1_024;

static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"errorCode\""));

/// A record, seen through; its members as they are written.
pub(super) struct Glimpse<'g, 't> {
    glance: &'g Glance<'t>,
    caller: &'g Caller,
    error: Option<&'t str>,
    account: Option<&'t str>,
    endpoint: Option<&'t str>,
    sent: [Option<&'t str>; SENT.len()],
    /// The key of the session, and the ARN of the managed policy, that the call was answered with.
    given: Option<&'t str>,
    made: Option<&'t str>,
}

/// Whether a value is a text or nothing.
fn is_usual(value: &str) -> bool {
    value == "null" || text_of(value).is_some()
}

/// The text that a value is.
fn text_of(value: &str) -> Option<Cow<'_, str>> {
    let inside = value.strip_prefix('"')?.strip_suffix('"')?;
    match memchr::memchr(b'\\', inside.as_bytes()) {
        None => Some(Cow::Borrowed(inside)),
        Some(_) => serde_json::from_str(value).ok().map(Cow::Owned),
    }
}

/// Puts a member where it belongs; `None` where it is unusual, or comes twice.
fn put<'t>(place: &mut Option<&'t str>, value: &'t str) -> Option<()> {
    (is_usual(value) && place.replace(value).is_none()).then_some(())
}

impl<'g, 't> Glimpse<'g, 't> {
    /// Looks into the text of a record; `None` where it isn't just as CloudTrail writes it, or there is none.
    pub(super) fn of(glance: &'g Glance<'t>, caller: &'g Caller) -> Option<Self> {
        let rest = std::str::from_utf8(glance.rest).ok()?;
        let mut seen = Glimpse {
            glance,
            caller,
            error: None,
            account: None,
            endpoint: None,
            sent: [None; SENT.len()],
            given: None,
            made: None,
        };
        let (mut request, mut response) = (None, None);
        let mut each = |name: &str, value: &'t str| match name {
            "errorCode" => put(&mut seen.error, value),
            "recipientAccountId" => put(&mut seen.account, value),
            "vpcEndpointId" => put(&mut seen.endpoint, value),
            "requestParameters" => request.replace(value).is_none().then_some(()),
            "responseElements" => response.replace(value).is_none().then_some(()),
            _ => Some(()),
        };
        let mut at = 0;
        while rest.as_bytes().get(at)? == &b',' {
            let (name, value, end) = member(rest, at + 1)?;
            each(name, value)?;
            at = end;
        }
        if let Some(request) = request.filter(|request| *request != "null") {
            members(request, |path, value| match path {
                [name] => match SENT.iter().position(|sent| sent == name) {
                    Some(n) => put(seen.sent.get_mut(n)?, value),
                    None => Some(()),
                },
                // An object where a text is meant.
                [name, ..] => (!SENT.contains(name)).then_some(()),
                [] => Some(()),
            })?;
        }
        if let Some(response) = response.filter(|response| *response != "null") {
            members(response, |path, value| match path {
                ["credentials", "accessKeyId"] => put(&mut seen.given, value),
                ["policy", "arn"] => put(&mut seen.made, value),
                ["credentials" | "policy"] => (value == "null").then_some(()),
                ["credentials", "accessKeyId", ..] | ["policy", "arn", ..] => None,
                _ => Some(()),
            })?;
        }
        Some(seen)
    }

    /// Whether a record's text tells at once that the call was refused: behind address and program.
    pub(super) fn is_refused(glance: &Glance<'_>) -> bool {
        let near = glance.rest.get(..glance.rest.len().min(NEAR)).unwrap_or_default();
        // Most were not, and name no error.
        if ERROR.find(near).is_none() {
            return false;
        }
        let told = || {
            let rest = std::str::from_utf8(near).ok()?;
            let mut at = 0;
            for _ in 0..3 {
                let (name, value, end) = member(rest, at + 1)?;
                if name == "errorCode" {
                    return Some(text_of(value).is_some());
                }
                at = end;
            }
            None
        };
        told().unwrap_or_default()
    }

    fn sent(&self, field: &str) -> Option<&'t str> {
        let n = SENT.iter().position(|sent| *sent == field)?;
        self.sent.get(n).copied().flatten()
    }
}

impl Members for Glimpse<'_, '_> {
    fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        let glance = self.glance;
        let value = match field {
            "eventSource" => return Some(Glance::text_of(glance.source).into()),
            "eventName" => return Some(Glance::text_of(glance.name).into()),
            "eventID" => return Some(Glance::text_of(glance.id).into()),
            "sourceIPAddress" => {
                let address = Glance::text_of(glance.address);
                return (!address.is_empty()).then(|| address.into());
            }
            "errorCode" => self.error,
            "recipientAccountId" => self.account,
            "vpcEndpointId" => self.endpoint,
            "responseElements.credentials.accessKeyId" => self.given,
            "responseElements.policy.arn" => self.made,
            _ => match field.strip_prefix("requestParameters.") {
                Some(inner) => self.sent(inner),
                None => return self.caller.text(field),
            },
        };
        text_of(value?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::harden::RULES;
    use crate::harden::rule::{Is, Shape};
    use crate::time::Moment;
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// Every member that a rule reads of a record.
    fn fields() -> BTreeSet<&'static str> {
        let mut fields = BTreeSet::from(["eventID", "userIdentity.accessKeyId", "userIdentity.arn"]);
        for rule in &RULES {
            let records = rule.shape.records();
            for test in records
                .iter()
                .flat_map(|records| records.iter())
                .flat_map(|tests| tests.iter())
            {
                fields.insert(test.field);
                if let Is::SameAs(other) | Is::OtherThan(other) = test.is {
                    fields.insert(other);
                }
            }
            match rule.shape {
                Shape::Count { by, .. } => fields.extend(by),
                Shape::Several { by, field, .. } => fields.extend(by.iter().chain([&field])),
                Shape::Then {
                    joined, until, began, ..
                } => {
                    fields.extend(joined.iter().flat_map(|(one, two)| [*one, *two]));
                    fields.extend(until.iter().flat_map(|until| until.same).chain(&began));
                }
                Shape::Ring { link, step, .. } => fields.extend([link.0, link.1, step.0, step.1]),
                Shape::One(_) => {}
            }
        }
        fields
    }

    /// What a glimpse of the record tells that has these members, each behind a comma.
    fn told(identity: &str, rest: &str, of: impl FnOnce(Option<&Glimpse<'_, '_>>)) {
        let glance = Glance {
            at: Moment::from_millis(0),
            source: b"s",
            name: b"n",
            address: b"a",
            identity: identity.as_bytes(),
            caller: 0,
            text: b"{}",
            rest: rest.as_bytes(),
            id: b"i",
            behind: &[],
        };
        let caller = Caller::of(identity.as_bytes()).unwrap();
        of(Glimpse::of(&glance, &caller).as_ref());
    }

    /// Whatever a rule reads of a record, a glimpse tells as the whole record does.
    #[test]
    fn every_member_that_rules_read_is_told() {
        let fields = fields();
        let mut record = serde_json::json!({});
        for (n, field) in fields.iter().enumerate() {
            let mut place = &mut record;
            for name in field.split('.') {
                place = &mut place[name];
            }
            *place = format!("text \"{n}\" \\ \u{e9}").into();
        }
        for (name, text) in [
            ("eventSource", "s"),
            ("eventName", "n"),
            ("sourceIPAddress", "a"),
            ("eventID", "i"),
        ] {
            record[name] = text.into();
        }
        let members = |names: &[&str]| {
            let all = names.iter().map(|name| format!(",\"{name}\":{}", record[*name]));
            all.collect::<String>()
        };
        let rest = members(&[
            "errorCode",
            "requestParameters",
            "responseElements",
            "recipientAccountId",
            "vpcEndpointId",
        ]);
        told(&record["userIdentity"].to_string(), &(rest + "}"), |glimpse| {
            for field in fields {
                assert_eq!(glimpse.unwrap().text(field), record.text(field), "{field}");
            }
        });
    }

    /// Of what isn't as it should be a glimpse tells nothing, or what the whole record tells.
    #[test]
    fn what_is_unusual_is_left_to_the_whole_record() {
        let fields = fields();
        for (body, is_usual) in [
            ("", true),
            (
                r#","errorCode":null,"requestParameters":null,"responseElements":null"#,
                true,
            ),
            (r#","requestParameters":{},"responseElements":{}"#, true),
            (
                r#","requestParameters":{"userName":null,"tags":[{"userName":"x"}],"more":{"roleName":"y"}}"#,
                true,
            ),
            (
                r#","responseElements":{"credentials":null,"policy":{"arn":"p","more":{"arn":"q"}}}"#,
                true,
            ),
            (
                r#","responseElements":{"credentials":{"accessKeyId":"k","sessionToken":"t"}}"#,
                true,
            ),
            (r#","errorCode":5"#, false),
            (r#","errorCode":"a","errorCode":"b""#, false),
            (r#","error\u0043ode":"a""#, false),
            (r#","requestParameters":{"userName":5}"#, false),
            (r#","requestParameters":{"userName":{"a":"b"}}"#, false),
            (r#","requestParameters":{"userName":"a","userName":"b"}"#, false),
            (r#","requestParameters":{"user\u004eame":"a"}"#, false),
            (r#","requestParameters":"text""#, false),
            (r#","responseElements":{"credentials":[1]}"#, false),
            (r#","responseElements":{"policy":"x"}"#, false),
            (r#","responseElements":{"policy":{"arn":{"a":"b"}}}"#, false),
            (r#","errorCode": "a""#, false),
        ] {
            let whole = format!(
                r#"{{"eventSource":"s","eventName":"n","sourceIPAddress":"a","eventID":"i"{body},"userIdentity":{{"accessKeyId":"k"}},"readOnly":true}}"#
            );
            let record: Value = serde_json::from_str(&whole).unwrap();
            told(
                r#"{"accessKeyId":"k"}"#,
                &format!(r#"{body},"readOnly":true}}"#),
                |glimpse| {
                    assert_eq!(glimpse.is_some(), is_usual, "{body}");
                    for (glimpse, field) in glimpse
                        .into_iter()
                        .flat_map(|glimpse| fields.iter().map(move |field| (glimpse, field)))
                    {
                        assert_eq!(glimpse.text(field), record.text(field), "{field} of {body}");
                    }
                },
            );
        }
    }
}
