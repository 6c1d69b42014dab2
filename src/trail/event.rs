//! One event, as far as this program reads it.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

mod read;

use super::redact::{redact, redact_text};
use super::reveals::revealed;
use crate::ids::{AccessKeyId, AccountId, Arn};
use crate::time::Moment;
use serde_json::Value;

/// Why a record is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A member that every event has is missing or of the wrong type.
    #[error("the record has no `{0}`")]
    Missing(&'static str),
}

/// Who made a call.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
#[derive(Debug, Clone, Default, PartialEq, Hash)]
pub struct Identity {
    /// `IAMUser`, `AssumedRole`, ...; records without a type exist.
    pub kind: Option<String>,
    /// The unique ID: `AIDA…`, `AROA…:session`, `account:name`.
    pub principal_id: Option<String>,
    /// The ARN.
    pub arn: Option<Arn>,
    /// The account of the caller.
    pub account: Option<AccountId>,
    /// The key that signed.
    pub key: Option<AccessKeyId>,
    /// The user's name, for users.
    pub user_name: Option<String>,
    /// Who issued the session: the role, or the user of a federation token.
    pub issuer: Option<Issuer>,
    /// When the session was issued.
    pub session_created: Option<Moment>,
    /// Whether MFA was given when the session was issued.
    pub mfa: Option<bool>,
    /// The source identity.
    pub source_identity: Option<String>,
    /// The service that made the call on the caller's behalf.
    pub invoked_by: Option<String>,
    /// The ARN of the sign-in that the session comes from; only some calls of console sessions and of `aws login` bear it.
    pub sign_in: Option<String>,
    /// Whether the record says that the session came from the console. A hint: not every console call says so, and some
    /// calls of services do.
    pub from_console: bool,
}

/// The issuer of a session.
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct Issuer {
    /// `Role`, `IAMUser`, `Root`.
    pub kind: String,
    /// Its unique ID.
    pub principal_id: Option<String>,
    /// Its ARN.
    pub arn: Option<Arn>,
    /// Its name.
    pub name: Option<String>,
}

/// Where the ID of a new credential stands in an answer.
pub(super) const GIVEN: [&str; 5] = [
    "/credentials/accessKeyId",
    "/accessKey/accessKeyId",
    "/credentialSet/0/credentials/accessKeyId",
    "/roleCredentials/accessKeyId",
    "/serviceSpecificCredential/serviceSpecificCredentialId",
];

/// The call by which somebody switches to a role in the console.
pub(super) const SWITCH: &str = "SwitchRole";

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `eventID`, by which copies are recognized.
    pub id: String,
    /// When.
    pub at: Moment,
    /// `sts.amazonaws.com`.
    pub source: String,
    /// `AssumeRole`.
    pub name: String,
    /// The Region that recorded it.
    pub region: String,
    /// The address that the call came from, or the service's name.
    pub source_ip: Option<String>,
    /// The user agent.
    pub user_agent: Option<String>,
    /// The error code; `None` for calls that succeeded.
    pub error: Option<String>,
    /// The error message.
    pub error_message: Option<String>,
    /// Who made it.
    pub identity: Identity,
    /// Request parameters.
    pub request: Value,
    /// Response elements, without secrets.
    pub response: Value,
    /// ARNs of the resources that it touched.
    pub resources: Vec<String>,
    /// The secrets that it gave its caller if it succeeded, by the names that the record has for them; a dash where it names none.
    pub reveals: Vec<String>,
    /// The account that recorded it.
    pub recipient: Option<AccountId>,
    /// Whether it is a data event, such as a read of an S3 object.
    pub data: bool,
    /// Whether the call only reads. AssumeRole is among those that do, so this says nothing about mints.
    pub read_only: Option<bool>,
    /// `eventType`: `AwsApiCall`, `AwsConsoleSignIn`, `AwsServiceEvent`, ...
    pub kind: Option<String>,
    /// `eventCategory`: `Management`, `Data`, `NetworkActivity`, ...
    pub category: Option<String>,
    /// What the records of one call in several accounts share.
    pub shared_id: Option<String>,
    /// Who switched to a role in the console, by ARN, where the call is the switch: its caller is the new session then.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
    pub switched_from: Option<Arn>,
    /// What makes it a later delivery, if it is one.
    pub addendum: Option<Addendum>,
    /// How many calls it stands for: one, unless very many that are alike were counted together.
    pub times: u64,
    /// The last of them; `at` is the first.
    pub until: Moment,
}

/// The mark of a record that was delivered late or anew.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
#[derive(Debug, Clone, PartialEq)]
pub struct Addendum {
    /// `UPDATED_DATA`, `DELIVERY_DELAY` or `SERVICE_OUTAGE`.
    pub reason: Option<String>,
    /// The event that it takes the place of; `None` when it was only late.
    pub original: Option<String>,
}

/// The member at `path`, such as `/userIdentity/arn`. As [`Value::pointer`], which looks for escapes in every name and makes a copy of it.
pub(super) fn member<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').skip(1).try_fold(value, |value, name| match value {
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

fn text(record: &Value, path: &str) -> Option<String> {
    member(record, path)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

fn parsed<T: std::str::FromStr>(record: &Value, path: &str) -> Option<T> {
    member(record, path)?.as_str()?.parse().ok()
}

/// What somebody was told, without what they had told.
fn without_tokens(text: Option<String>) -> Option<String> {
    text.map(|mut text| {
        redact_text(&mut text);
        text
    })
}

/// `true` as a boolean or as a text: both spellings are met.
fn truth(record: &Value, path: &str) -> Option<bool> {
    match member(record, path)? {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

impl Event {
    /// Reads a record. Only what every event has is required of it.
    ///
    /// # Errors
    /// Which member is missing.
    pub fn parse(record: &Value) -> Result<Event, EventError> {
        let without_secrets = |member: &str| {
            let mut value = record.get(member).cloned().unwrap_or(Value::Null);
            redact(&mut value);
            value
        };
        let resources = record.get("resources").and_then(Value::as_array).into_iter().flatten();
        let id = text(record, "/eventID").ok_or(EventError::Missing("eventID"))?;
        let at = parsed(record, "/eventTime").ok_or(EventError::Missing("eventTime"))?;
        let source = text(record, "/eventSource").ok_or(EventError::Missing("eventSource"))?;
        let name = text(record, "/eventName").ok_or(EventError::Missing("eventName"))?;
        let request = without_secrets("requestParameters");
        let resources: Vec<String> = resources.filter_map(|one| text(one, "/ARN")).collect();
        Ok(Event {
            id,
            at,
            until: at,
            times: 1,
            reveals: revealed(&source, &name, &request, &resources),
            switched_from: match name == SWITCH {
                true => parsed(record, "/additionalEventData/SwitchFrom"),
                false => None,
            },
            source,
            name,
            region: text(record, "/awsRegion").unwrap_or_default(),
            source_ip: text(record, "/sourceIPAddress"),
            user_agent: without_tokens(text(record, "/userAgent")),
            error: text(record, "/errorCode").or_else(|| text(record, "/responseElements/errorCode")),
            error_message: without_tokens(text(record, "/errorMessage")),
            identity: identity(record),
            request,
            response: without_secrets("responseElements"),
            resources,
            recipient: parsed(record, "/recipientAccountId"),
            data: text(record, "/eventCategory").as_deref() == Some("Data")
                || truth(record, "/managementEvent") == Some(false),
            read_only: truth(record, "/readOnly"),
            kind: text(record, "/eventType"),
            category: text(record, "/eventCategory"),
            shared_id: text(record, "/sharedEventID"),
            addendum: record
                .get("addendum")
                .filter(|mark| mark.is_object())
                .map(|mark| Addendum {
                    reason: text(mark, "/reason"),
                    original: text(mark, "/originalEventID"),
                }),
        })
    }

    /// The event that this record tells of: the one that it corrects, or itself.
    pub fn tells_of(&self) -> &str {
        let original = self.addendum.as_ref().and_then(|mark| mark.original.as_deref());
        original.unwrap_or(&self.id)
    }

    /// The service, such as `s3`.
    pub fn service(&self) -> &str {
        self.source.split('.').next().unwrap_or_default()
    }

    /// A text in the request parameters.
    pub fn asked(&self, pointer: &str) -> Option<String> {
        text(&self.request, pointer)
    }

    /// A text in the response elements.
    pub fn answered(&self, pointer: &str) -> Option<String> {
        text(&self.response, pointer)
    }

    /// The ID of the credential that the call gave, where its answer names one.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
    pub fn given_key(&self) -> Option<String> {
        GIVEN.iter().find_map(|place| self.answered(place))
    }

    /// What the message says of a service control policy that refused the call; it names the policy where the service tells it.
    pub fn refused_by_scp(&self) -> Option<String> {
        const WORDS: &str = "explicit deny in a service control policy";
        let message = self.error_message.as_deref()?;
        message.get(message.find(WORDS)?..).map(str::to_owned)
    }

    /// Whether a service made the call on behalf of its caller: the key in it was never in anybody's hands.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>
    pub fn is_forwarded(&self) -> bool {
        // Who works in the console calls by it: such a call is the person's own.
        // <https://docs.aws.amazon.com/redshift/latest/mgmt/logging-with-cloudtrail.html>
        let by = self.identity.invoked_by.as_deref();
        by.is_some_and(|by| by != "signin.amazonaws.com")
    }
}

fn identity(record: &Value) -> Identity {
    let who = record.get("userIdentity").unwrap_or(&Value::Null);
    let issuer = member(who, "/sessionContext/sessionIssuer").unwrap_or(&Value::Null);
    Identity {
        kind: text(who, "/type"),
        principal_id: text(who, "/principalId"),
        arn: parsed(who, "/arn"),
        account: parsed(who, "/accountId"),
        // Calls with an API key of one service name that instead.
        key: parsed(who, "/accessKeyId").or_else(|| parsed(who, "/credentialId")),
        user_name: text(who, "/userName"),
        // A session of a user has an issuer without members.
        issuer: text(issuer, "/type").map(|kind| Issuer {
            kind,
            principal_id: text(issuer, "/principalId"),
            arn: parsed(issuer, "/arn"),
            name: text(issuer, "/userName"),
        }),
        session_created: parsed(who, "/sessionContext/attributes/creationDate"),
        mfa: truth(who, "/sessionContext/attributes/mfaAuthenticated"),
        source_identity: text(who, "/sessionContext/sourceIdentity"),
        sign_in: text(who, "/sessionContext/signInSessionArn"),
        invoked_by: without_tokens(text(who, "/invokedBy")),
        from_console: truth(record, "/sessionCredentialFromConsole") == Some(true),
    }
}
