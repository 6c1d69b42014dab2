//! An event from the text of its record, without holding more of it than the event has.

use super::{Event, EventError, Identity, Issuer, SWITCH, revealed};
use crate::ids::Arn;
use crate::trail::giving::Text;
use crate::trail::redact::redact;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A record whose members are of the types that CloudTrail gives them. One of another type, or one that comes twice, is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'t> {
    #[serde(rename = "eventID", borrow)]
    id: Option<Text<'t>>,
    event_time: Option<Text<'t>>,
    event_source: Option<Text<'t>>,
    event_name: Option<Text<'t>>,
    aws_region: Option<Text<'t>>,
    #[serde(rename = "sourceIPAddress")]
    source_ip: Option<Text<'t>>,
    user_agent: Option<Text<'t>>,
    error_code: Option<Text<'t>>,
    error_message: Option<Text<'t>>,
    user_identity: Option<Who<'t>>,
    request_parameters: Option<&'t RawValue>,
    response_elements: Option<&'t RawValue>,
    resources: Option<Vec<Resource<'t>>>,
    recipient_account_id: Option<Text<'t>>,
    event_type: Option<Text<'t>>,
    event_category: Option<Text<'t>>,
    management_event: Option<bool>,
    read_only: Option<bool>,
    #[serde(rename = "sharedEventID")]
    shared_id: Option<Text<'t>>,
    session_credential_from_console: Option<Text<'t>>,
    additional_event_data: Option<&'t RawValue>,
    addendum: Option<&'t RawValue>,
}

/// What stands beside request and answer.
#[derive(Deserialize)]
struct Beside<'t> {
    #[serde(rename = "SwitchFrom", borrow)]
    switched_from: Option<Text<'t>>,
}

#[derive(Deserialize)]
struct Resource<'t> {
    #[serde(rename = "ARN", borrow)]
    arn: Option<Text<'t>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Who<'t> {
    #[serde(rename = "type", borrow)]
    kind: Option<Text<'t>>,
    principal_id: Option<Text<'t>>,
    arn: Option<Text<'t>>,
    account_id: Option<Text<'t>>,
    access_key_id: Option<Text<'t>>,
    credential_id: Option<Text<'t>>,
    user_name: Option<Text<'t>>,
    invoked_by: Option<Text<'t>>,
    session_context: Option<Session<'t>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Session<'t> {
    #[serde(borrow)]
    session_issuer: Option<IssuedBy<'t>>,
    attributes: Option<Attributes<'t>>,
    source_identity: Option<Text<'t>>,
    sign_in_session_arn: Option<Text<'t>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct IssuedBy<'t> {
    #[serde(rename = "type", borrow)]
    kind: Option<Text<'t>>,
    principal_id: Option<Text<'t>>,
    arn: Option<Text<'t>>,
    user_name: Option<Text<'t>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Attributes<'t> {
    #[serde(borrow)]
    creation_date: Option<Text<'t>>,
    mfa_authenticated: Option<Text<'t>>,
}

fn told<'a>(text: &'a Option<Text<'_>>) -> Option<&'a str> {
    text.as_ref()
        .map(|text| text.0.as_ref())
        .filter(|text| !text.is_empty())
}

fn text(told_as: &Option<Text<'_>>) -> Option<String> {
    told(told_as).map(str::to_owned)
}

fn parsed<T: std::str::FromStr>(text: &Option<Text<'_>>) -> Option<T> {
    told(text)?.parse().ok()
}

/// A member that is free in form, without secrets.
fn free(member: Option<&RawValue>) -> serde_json::Result<Value> {
    let mut value = member.map_or(Ok(Value::Null), |text| serde_json::from_str(text.get()))?;
    redact(&mut value);
    Ok(value)
}

impl Event {
    /// Reads a record from its text, as [`Event::parse`] does from its value.
    ///
    /// # Errors
    /// It is no JSON, or no event.
    pub(in crate::trail) fn read(record: &[u8]) -> Result<Event, EventError> {
        if let Ok(record) = serde_json::from_slice::<Record<'_>>(record)
            && record.addendum.is_none()
            && let Ok(event) = record.event()
        {
            return event;
        }
        let record: Value = serde_json::from_slice(record).map_err(|_| EventError::Missing("closing bracket"))?;
        Event::parse(&record)
    }
}

impl Record<'_> {
    fn event(&self) -> serde_json::Result<Result<Event, EventError>> {
        let (request, response) = (free(self.request_parameters)?, free(self.response_elements)?);
        let beside = self
            .additional_event_data
            .filter(|_| told(&self.event_name) == Some(SWITCH));
        let beside: Option<Beside<'_>> = beside.map_or(Ok(None), |text| serde_json::from_str(text.get()))?;
        let switched_from = beside.and_then(|beside| parsed(&beside.switched_from));
        Ok(self.with(request, response, switched_from))
    }

    fn with(&self, request: Value, response: Value, switched_from: Option<Arn>) -> Result<Event, EventError> {
        let missing = EventError::Missing;
        let id = text(&self.id).ok_or(missing("eventID"))?;
        let at = parsed(&self.event_time).ok_or(missing("eventTime"))?;
        let source = text(&self.event_source).ok_or(missing("eventSource"))?;
        let name = text(&self.event_name).ok_or(missing("eventName"))?;
        let resources = self.resources.iter().flatten();
        let resources: Vec<String> = resources.filter_map(|one| text(&one.arn)).collect();
        let error = || super::text(&response, "/errorCode");
        Ok(Event {
            id,
            at,
            until: at,
            times: 1,
            reveals: revealed(&source, &name, &request, &resources),
            source,
            name,
            region: text(&self.aws_region).unwrap_or_default(),
            source_ip: text(&self.source_ip),
            user_agent: super::without_tokens(text(&self.user_agent)),
            error: text(&self.error_code).or_else(error),
            error_message: super::without_tokens(text(&self.error_message)),
            identity: self.identity(),
            request,
            response,
            resources,
            recipient: parsed(&self.recipient_account_id),
            data: told(&self.event_category) == Some("Data") || self.management_event == Some(false),
            read_only: self.read_only,
            kind: text(&self.event_type),
            category: text(&self.event_category),
            shared_id: text(&self.shared_id),
            switched_from,
            addendum: None,
        })
    }

    fn identity(&self) -> Identity {
        let (no_who, no_session, no_issuer, no_attributes) = Default::default();
        let who: &Who<'_> = self.user_identity.as_ref().unwrap_or(&no_who);
        let session: &Session<'_> = who.session_context.as_ref().unwrap_or(&no_session);
        let issuer: &IssuedBy<'_> = session.session_issuer.as_ref().unwrap_or(&no_issuer);
        let attributes: &Attributes<'_> = session.attributes.as_ref().unwrap_or(&no_attributes);
        Identity {
            kind: text(&who.kind),
            principal_id: text(&who.principal_id),
            arn: parsed(&who.arn),
            account: parsed(&who.account_id),
            key: parsed(&who.access_key_id).or_else(|| parsed(&who.credential_id)),
            user_name: text(&who.user_name),
            issuer: text(&issuer.kind).map(|kind| Issuer {
                kind,
                principal_id: text(&issuer.principal_id),
                arn: parsed(&issuer.arn),
                name: text(&issuer.user_name),
            }),
            session_created: parsed(&attributes.creation_date),
            mfa: parsed(&attributes.mfa_authenticated),
            source_identity: text(&session.source_identity),
            sign_in: text(&session.sign_in_session_arn),
            invoked_by: text(&who.invoked_by),
            from_console: told(&self.session_credential_from_console) == Some("true"),
        }
    }
}

#[cfg(test)]
mod tests;
