//! What can go wrong with a call, told apart by what a responder must do about it.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};
use std::error::Error;

/// What kind of trouble a call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The caller may not do this.
    AccessDenied,
    /// The thing is not there.
    NoSuchEntity,
    /// Too many requests; nothing was done.
    Throttled,
    /// The caller's own credentials are expired, unknown or inactive, or there are none.
    Credentials,
    /// The endpoint could not be reached; the request was not sent.
    Unreachable,
    /// The request was sent and no answer came: it may have taken effect.
    NoAnswer,
    /// An answer came that is none of this protocol.
    Rubbish,
    /// The other side answers but does not implement this operation: a peer's gap, not a verdict on the account.
    NotImplemented,
    /// The service failed on its side (5xx); it may have taken effect.
    ServiceFault,
    /// A refusal for a reason of its own: a conflict, a quota, a malformed policy.
    Refused,
}

impl Trouble {
    /// Whether the change may have been made although the call failed.
    pub fn leaves_doubt(self) -> bool {
        matches!(self, Trouble::NoAnswer | Trouble::ServiceFault | Trouble::Rubbish)
    }

    /// Whether the same call may succeed a moment later.
    pub fn passes(self) -> bool {
        matches!(self, Trouble::Throttled | Trouble::Unreachable) || self.leaves_doubt()
    }

    /// What to do next, in words.
    pub fn hint(self) -> &'static str {
        match self {
            Trouble::AccessDenied => {
                "use credentials that may do this; `oust plan` lists every permission a plan needs"
            }
            Trouble::NoSuchEntity => "check the name; it may have been deleted meanwhile",
            Trouble::Throttled => "wait a little and run the command again: what is done already is recognized",
            Trouble::Credentials => {
                "get fresh credentials (`aws sts get-caller-identity` must work) and run the command again"
            }
            Trouble::Unreachable => "check the network, --region and --endpoint-url; nothing was sent",
            Trouble::NoAnswer => "the change may have been made: run the command again, it looks before it changes",
            Trouble::Rubbish => "check --endpoint-url: something else answers there",
            Trouble::NotImplemented => "the endpoint does not implement this operation",
            Trouble::ServiceFault => {
                "the service failed on its side: run the command again, it looks before it changes"
            }
            Trouble::Refused => "read the message of the service; nothing was changed by this call",
        }
    }
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{operation} failed: {message}{}", .code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct AwsError {
    /// The operation, such as `iam:PutUserPolicy`.
    pub operation: String,
    /// What kind of trouble it is.
    pub trouble: Trouble,
    /// The service's own code.
    pub code: Option<String>,
    /// The service's own message, or what happened instead of an answer.
    pub message: String,
}

impl AwsError {
    /// New credentials were looked for where the old ones were, and there are none.
    pub fn same_credentials() -> Self {
        AwsError {
            operation: "sts:GetCallerIdentity".to_owned(),
            trouble: Trouble::Credentials,
            code: None,
            message: "the credentials there are the ones that have ended".to_owned(),
        }
    }

    /// Reads an SDK error of `operation`.
    pub fn of<E>(operation: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (trouble, code, message) = match &error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let meta = answer.err().meta();
                let trouble = by_code(meta.code(), status);
                let message = meta.message().map(str::to_owned);
                (
                    trouble,
                    meta.code().map(str::to_owned),
                    message.unwrap_or_else(|| format!("the service answered with HTTP status {status} and no message")),
                )
            }
            SdkError::TimeoutError(_) => (Trouble::NoAnswer, None, "no answer came in time".to_owned()),
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                let trouble = if status == 501 || status == 500 {
                    Trouble::NotImplemented
                } else {
                    Trouble::Rubbish
                };
                (
                    trouble,
                    None,
                    format!("the answer (HTTP status {status}) cannot be read: {}", causes(&error)),
                )
            }
            SdkError::DispatchFailure(failure) => {
                let transport = failure.is_timeout()
                    || failure.is_io()
                    || failure
                        .as_connector_error()
                        .is_some_and(|failed| failed.as_other().is_some());
                let trouble = match (transport, never_connected(&error)) {
                    (true, true) => Trouble::Unreachable,
                    (true, false) => Trouble::NoAnswer,
                    (false, _) => Trouble::Credentials,
                };
                (trouble, None, causes(&error))
            }
            SdkError::ConstructionFailure(_) => (Trouble::Credentials, None, causes(&error)),
            _ => (Trouble::Rubbish, None, causes(&error)),
        };
        AwsError {
            operation: operation.to_owned(),
            trouble,
            code,
            message,
        }
    }
}

/// Whether it is known that nothing was sent: the connection itself could not be made. Every other failure on the way leaves doubt.
pub(super) fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
        {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// Codes are spelled differently by protocol and age; all spellings of one thing are listed together.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
fn by_code(code: Option<&str>, status: u16) -> Trouble {
    match code.unwrap_or_default() {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => Trouble::AccessDenied,
        "NoSuchEntity" | "NoSuchEntityException" | "PolicyNotFoundException" | "PolicyNotAttachedException" => {
            Trouble::NoSuchEntity
        }
        // Organizations changes one thing at a time: whoever comes second may ask again.
        "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "ConcurrentModificationException" => Trouble::Throttled,
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "MissingAuthenticationToken"
        | "IncompleteSignature"
        | "AuthFailure" => Trouble::Credentials,
        "NotModelled" | "InvalidAction" | "NotImplemented" | "UnknownOperationException" => Trouble::NotImplemented,
        "" if status == 500 || status == 501 || status == 404 => Trouble::NotImplemented,
        "" => Trouble::Rubbish,
        _ if status >= 500 => Trouble::ServiceFault,
        _ => Trouble::Refused,
    }
}

/// An error with its causes, innermost last, each said once.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut said = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !said.contains(&text) {
            said.push(text);
        }
        cause = inner.source();
    }
    said.join(": ")
}

#[cfg(test)]
mod tests;
