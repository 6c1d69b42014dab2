//! What would let a reader of the report in is dropped before anything else sees it.

use serde_json::Value;

/// Names of members that hold secrets, in small letters and without separators. CloudTrail leaves most of them out by itself; the session
/// token of a mint it writes: <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>.
const SECRET: [&str; 18] = [
    "sessiontoken",
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

/// Drops session tokens, secret keys and passwords from `value`, wherever they stand.
pub(super) fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !is_secret(name));
            members.values_mut().for_each(redact);
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let plain = || {
        name.bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|byte| byte.to_ascii_lowercase())
    };
    // Most names are too short for any, or begin like none.
    name.len() >= 7 && SECRET.iter().any(|secret| secret.bytes().eq(plain()))
}
