//! A record as far as rules look at it, read out of its text: building the whole of it would cost more than everything else.

use super::caller::Caller;
use super::matching::Members;
use crate::trail::Glance;
use serde::Deserialize;
use std::borrow::Cow;

/// The members of a record that no glance tells.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rest<'t> {
    #[serde(borrow, rename = "eventID")]
    event_id: Option<Cow<'t, str>>,
    #[serde(borrow)]
    error_code: Option<Cow<'t, str>>,
    #[serde(borrow)]
    recipient_account_id: Option<Cow<'t, str>>,
    #[serde(borrow)]
    vpc_endpoint_id: Option<Cow<'t, str>>,
    #[serde(borrow)]
    request_parameters: Option<Request<'t>>,
    #[serde(borrow)]
    response_elements: Option<Answer<'t>>,
}

/// What calls are sent, as far as rules read it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'t> {
    #[serde(borrow)]
    user_name: Option<Cow<'t, str>>,
    #[serde(borrow)]
    group_name: Option<Cow<'t, str>>,
    #[serde(borrow)]
    role_name: Option<Cow<'t, str>>,
    #[serde(borrow)]
    role_arn: Option<Cow<'t, str>>,
    #[serde(borrow)]
    serial_number: Option<Cow<'t, str>>,
    #[serde(borrow)]
    policy_name: Option<Cow<'t, str>>,
    #[serde(borrow)]
    policy_arn: Option<Cow<'t, str>>,
    #[serde(borrow)]
    permissions_boundary: Option<Cow<'t, str>>,
    #[serde(borrow)]
    status: Option<Cow<'t, str>>,
    #[serde(borrow)]
    policy_document: Option<Cow<'t, str>>,
    #[serde(borrow)]
    access_key_id: Option<Cow<'t, str>>,
}

/// What they are answered.
#[derive(Deserialize)]
struct Answer<'t> {
    #[serde(borrow)]
    credentials: Option<Given<'t>>,
    #[serde(borrow)]
    policy: Option<Made<'t>>,
}

/// A managed policy that was created.
#[derive(Deserialize)]
struct Made<'t> {
    #[serde(borrow)]
    arn: Option<Cow<'t, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given<'t> {
    #[serde(borrow)]
    access_key_id: Option<Cow<'t, str>>,
}

/// A record, seen through.
pub(super) struct Glimpse<'g, 't> {
    glance: &'g Glance<'t>,
    caller: &'g Caller,
    rest: Rest<'t>,
}

impl<'g, 't> Glimpse<'g, 't> {
    /// Reads the text of a record, whose session tokens are passed over; `None` where it isn't as it should be, or there is none.
    pub(super) fn of(glance: &'g Glance<'t>, caller: &'g Caller) -> Option<Self> {
        let rest = serde_json::from_slice(glance.text).ok()?;
        Some(Glimpse { glance, caller, rest })
    }

    fn sent(&self, field: &str) -> Option<&str> {
        let request = self.rest.request_parameters.as_ref()?;
        let text = match field {
            "userName" => &request.user_name,
            "groupName" => &request.group_name,
            "roleName" => &request.role_name,
            "roleArn" => &request.role_arn,
            "serialNumber" => &request.serial_number,
            "policyName" => &request.policy_name,
            "policyArn" => &request.policy_arn,
            "permissionsBoundary" => &request.permissions_boundary,
            "status" => &request.status,
            "policyDocument" => &request.policy_document,
            "accessKeyId" => &request.access_key_id,
            _ => &None,
        };
        text.as_deref()
    }

    fn given(&self) -> Option<&str> {
        let given = self.rest.response_elements.as_ref()?.credentials.as_ref()?;
        given.access_key_id.as_deref()
    }

    fn made(&self) -> Option<&str> {
        let made = self.rest.response_elements.as_ref()?.policy.as_ref()?;
        made.arn.as_deref()
    }
}

impl Members for Glimpse<'_, '_> {
    fn text(&self, field: &str) -> Option<Cow<'_, str>> {
        let glance = self.glance;
        match field {
            "eventSource" => Some(glance.source.into()),
            "eventName" => Some(glance.name.into()),
            "eventTime" => Some(glance.at.to_string().into()),
            "eventID" => self.rest.event_id.as_deref().map(Cow::Borrowed),
            "errorCode" => self.rest.error_code.as_deref().map(Cow::Borrowed),
            "recipientAccountId" => self.rest.recipient_account_id.as_deref().map(Cow::Borrowed),
            "vpcEndpointId" => self.rest.vpc_endpoint_id.as_deref().map(Cow::Borrowed),
            "sourceIPAddress" => (!glance.address.is_empty()).then(|| glance.address.into()),
            "responseElements.credentials.accessKeyId" => self.given().map(Cow::Borrowed),
            "responseElements.policy.arn" => self.made().map(Cow::Borrowed),
            _ => match field.strip_prefix("requestParameters.") {
                Some(inner) => self.sent(inner).map(Cow::Borrowed),
                None => self.caller.text(field),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::harden::RULES;
    use crate::harden::rule::{Is, Shape};
    use crate::time::Moment;
    use std::collections::BTreeSet;

    /// Whatever a rule reads of a record, a glimpse tells as the whole record does.
    #[test]
    fn every_member_that_rules_read_is_told() {
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
        let mut record = serde_json::json!({});
        for (n, field) in fields.iter().enumerate() {
            let mut place = &mut record;
            for name in field.split('.') {
                place = &mut place[name];
            }
            *place = format!("text \"{n}\"").into();
        }
        let text = record.to_string();
        let identity = record["userIdentity"].to_string();
        let at = |field: &str| record[field].as_str().unwrap();
        let glance = Glance {
            at: Moment::from_millis(0),
            source: at("eventSource"),
            name: at("eventName"),
            address: at("sourceIPAddress"),
            identity: identity.as_bytes(),
            caller: 0,
            text: text.as_bytes(),
        };
        let caller = Caller::of(identity.as_bytes()).unwrap();
        let glimpse = Glimpse::of(&glance, &caller).unwrap();
        for field in fields {
            assert_eq!(glimpse.text(field), record.text(field), "{field}");
        }
    }
}
