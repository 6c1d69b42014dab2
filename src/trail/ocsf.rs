//! CloudTrail records as Security Lake writes them, in the Open Cybersecurity Schema Framework, turned back into CloudTrail's own shape.
//!
//! Two versions are met. 1.0.0-rc.2 has the ARN of the caller at `actor.user.uuid` and its unique ID at `uid`; 1.1.0 has them at `uid` and
//! `uid_alt`. What has no place in the schema stands in `unmapped`, by its dotted path in the record.
//! <https://docs.aws.amazon.com/security-lake/latest/userguide/open-cybersecurity-schema-framework.html>

use serde_json::{Map, Value, json};

/// Where a member of the record stands: the first that is there counts.
const PLACES: [(&str, &[&str]); 28] = [
    ("eventID", &["/metadata/uid"]),
    ("eventTime", &["/time_dt", "/time"]),
    ("eventSource", &["/api/service/name"]),
    ("eventName", &["/api/operation"]),
    ("awsRegion", &["/cloud/region"]),
    ("sourceIPAddress", &["/src_endpoint/ip", "/src_endpoint/domain"]),
    ("userAgent", &["/http_request/user_agent"]),
    ("errorCode", &["/api/response/error"]),
    (
        "errorMessage",
        &["/api/response/error_message", "/api/response/message"],
    ),
    ("requestParameters", &["/api/request/data"]),
    ("responseElements", &["/api/response/data"]),
    ("requestID", &["/api/request/uid"]),
    ("eventType", &["/metadata/event_code"]),
    ("eventCategory", &["/metadata/product/feature/name"]),
    ("recipientAccountId", &["/cloud/account/uid", "/cloud/account_uid"]),
    ("userIdentity.type", &["/actor/user/type"]),
    ("userIdentity.userName", &["/actor/user/name"]),
    (
        "userIdentity.accountId",
        &["/actor/user/account/uid", "/actor/user/account_uid"],
    ),
    (
        "userIdentity.accessKeyId",
        &["/actor/user/credential_uid", "/actor/session/credential_uid"],
    ),
    ("userIdentity.invokedBy", &["/actor/invoked_by"]),
    (
        "userIdentity.sessionContext.attributes.creationDate",
        &["/actor/session/created_time_dt", "/actor/session/created_time"],
    ),
    (
        "userIdentity.sessionContext.attributes.mfaAuthenticated",
        &["/actor/session/is_mfa", "/actor/session/mfa"],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.arn",
        &["/actor/session/issuer"],
    ),
    ("userIdentity.arn", &["/actor/user/uuid"]),
    ("userIdentity.principalId", &["/actor/user/uid_alt"]),
    ("readOnly", &["/unmapped/readOnly"]),
    ("sharedEventID", &["/unmapped/sharedEventID"]),
    ("addendum", &["/unmapped/addendum"]),
];

/// The record in CloudTrail's own shape; `None` where `value` is no CloudTrail record in this schema.
pub(super) fn record(value: &Value) -> Option<Value> {
    value.get("class_uid")?;
    value.pointer("/api/operation")?;
    let mut record = json!({});
    for (path, text) in unmapped(value) {
        put(&mut record, &path, text);
    }
    for (path, places) in PLACES {
        let mut told = places
            .iter()
            .filter_map(|place| value.pointer(place))
            .filter(|told| is_told(told));
        if let Some(told) = told.next() {
            put(&mut record, path, told.clone());
        }
    }
    let uid = value.pointer("/actor/user/uid").filter(|uid| is_told(uid)).cloned();
    if let Some(uid) = uid {
        let is_arn = uid.as_str().is_some_and(|uid| uid.starts_with("arn:"));
        put(
            &mut record,
            if is_arn {
                "userIdentity.arn"
            } else {
                "userIdentity.principalId"
            },
            uid,
        );
    }
    for member in ["eventTime", "userIdentity.sessionContext.attributes.creationDate"] {
        in_seconds(&mut record, member);
    }
    for member in ["requestParameters", "responseElements"] {
        opened(&mut record, member);
    }
    issuer(&mut record);
    let resources = value.get("resources").and_then(Value::as_array).into_iter().flatten();
    let resources: Vec<Value> = resources
        .filter_map(|one| Some(json!({"ARN": one.get("uid")?})))
        .collect();
    record["resources"] = Value::Array(resources);
    Some(record)
}

fn is_told(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

/// What stands in `unmapped`: an object, or a list of names and values.
fn unmapped(value: &Value) -> Vec<(String, Value)> {
    let pair = |one: &Value| {
        let (name, told) = match one {
            Value::Array(pair) => (pair.first()?, pair.get(1)?),
            other => (other.get("key").or_else(|| other.get("name"))?, other.get("value")?),
        };
        Some((name.as_str()?.to_owned(), told.clone()))
    };
    match value.get("unmapped") {
        Some(Value::Object(members)) => members.clone().into_iter().collect(),
        Some(Value::Array(pairs)) => pairs.iter().filter_map(pair).collect(),
        _ => Vec::new(),
    }
}

/// Puts `told` at the dotted `path`. What stands in the way and is no object is replaced.
fn put(record: &mut Value, path: &str, told: Value) {
    let mut place = record;
    for part in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(members) = place else { return };
        place = members.entry(part).or_insert(Value::Null);
    }
    *place = told;
}

fn member<'a>(record: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    record.pointer_mut(&format!("/{}", path.replace('.', "/")))
}

/// Times are milliseconds where they aren't written out.
fn in_seconds(record: &mut Value, path: &str) {
    let Some(time) = member(record, path) else { return };
    if let Some(millis) = time.as_i64().or_else(|| time.as_str()?.parse().ok()) {
        *time = Value::String(crate::time::Moment::from_millis(millis).to_string());
    }
}

/// Requests and answers may be JSON in a text.
fn opened(record: &mut Value, path: &str) {
    if let Some(body) = member(record, path)
        && let Some(inner) = body.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok())
    {
        *body = inner;
    }
}

/// The schema keeps of a session's issuer the ARN alone, which says its kind and name.
fn issuer(record: &mut Value) {
    let Some(Value::Object(issuer)) = member(record, "userIdentity.sessionContext.sessionIssuer") else {
        return;
    };
    let arn = issuer.get("arn").and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = match arn
        .split(':')
        .next_back()
        .and_then(|resource| resource.split('/').next())
    {
        Some("role") => "Role",
        Some("user") => "IAMUser",
        Some("root") => "Root",
        _ => return,
    };
    let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
    issuer.entry("type").or_insert(json!(kind));
    issuer.entry("userName").or_insert(json!(name));
}
