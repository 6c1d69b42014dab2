//! Who calls? Key, token, signature and time, with AWS's own error codes, which differ by protocol.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>

use super::request::{Protocol, Request};
use super::signature::Signing;
use super::{Fault, State};
use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::verdict::{Dead, Standing};

/// How far the clock of a request may be off, in seconds.
const SKEW_SECONDS: i64 = 15 * 60;

/// The key that signed `request`, proven by its signature.
///
/// # Errors
/// AWS's error for what is wrong with it.
pub(super) fn authenticate(
    state: &State,
    request: &Request,
    protocol: Protocol,
    now: Moment,
) -> Result<AccessKeyId, Fault> {
    let Some(scope) = request.scope() else {
        return Err(Fault::new(
            403,
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        ));
    };
    let key: AccessKeyId = scope.key.parse().map_err(|_| unknown_key(protocol))?;
    if !state.enforce {
        return Ok(key);
    }
    alive(state, &key, protocol, now)?;
    let token = request.header("x-amz-security-token");
    let session = state.mint.sessions.iter().any(|session| session.key == key);
    if token != session.then(|| state.mint.token(&key)).as_deref() {
        return Err(unknown_key(protocol));
    }
    let sent = request
        .header("x-amz-date")
        .and_then(|date| date.parse::<Moment>().ok());
    let fresh = sent.is_some_and(|sent| (sent.seconds() - now.seconds()).abs() <= SKEW_SECONDS);
    if !fresh {
        let message = skewed(sent, now);
        return Err(match protocol {
            Protocol::Rest => Fault::new(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            _ => Fault::new(403, "SignatureDoesNotMatch", message),
        });
    }
    let authorization = request.header("authorization").unwrap_or_default();
    let part = |name: &str| {
        let mut parts = authorization
            .split([',', ' '])
            .filter_map(|part| part.trim().split_once('='));
        parts
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .unwrap_or_default()
    };
    let signing = Signing {
        secret: &state.mint.secret(&key),
        date: scope.date,
        region: scope.region,
        service: scope.service,
        signed_headers: part("SignedHeaders"),
    };
    if signing.signature(request) == part("Signature") {
        Ok(key)
    } else {
        Err(Fault::new(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
        ))
    }
}

/// What IAM says of a request whose time is too far from its own.
fn skewed(sent: Option<Moment>, now: Moment) -> String {
    let Some(sent) = sent else {
        return "Signature expired: the request has no time".to_owned();
    };
    let (said, clock) = (sent.basic(), now.basic());
    if sent < now {
        let limit = now.plus_seconds(-SKEW_SECONDS).basic();
        format!("Signature expired: {said} is now earlier than {limit} ({clock} - 15 min.)")
    } else {
        let limit = now.plus_seconds(SKEW_SECONDS).basic();
        format!("Signature not yet current: {said} is still later than {limit} ({clock} + 15 min.)")
    }
}

/// Refuses a key that is unknown, inactive, expired or left without its holder.
pub(super) fn alive(state: &State, key: &AccessKeyId, protocol: Protocol, now: Moment) -> Result<(), Fault> {
    match Standing::of(state.in_force(), &state.mint.sessions, key, now) {
        Ok(_) => Ok(()),
        Err(Dead::Expired) => Err(match protocol {
            Protocol::Query => Fault::new(
                403,
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
            Protocol::Json => Fault::new(
                400,
                "ExpiredTokenException",
                "The security token included in the request is expired",
            ),
            Protocol::Rest => Fault::new(400, "ExpiredToken", "The provided token has expired."),
        }),
        Err(Dead::NoSuchKey | Dead::Inactive | Dead::HolderGone) => Err(unknown_key(protocol)),
    }
}

fn unknown_key(protocol: Protocol) -> Fault {
    match protocol {
        Protocol::Query => Fault::new(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        Protocol::Json => Fault::new(
            400,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Protocol::Rest => Fault::new(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    }
}
