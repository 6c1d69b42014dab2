//! The twin's CloudTrail: every call as a record in the real format, failed ones too.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use super::request::{Asked, Request};
use super::{Fault, Node, State, s3, xml};
use crate::account::{Account, Holder, Session};
use crate::ids::{AccessKeyId, Arn};
use crate::time::Moment;
use serde_json::{Map, Value, json};

/// One call, with everything that its record says.
pub(super) struct Happened<'a> {
    pub(super) identity: Value,
    pub(super) request: &'a Request,
    pub(super) asked: &'a Asked,
    pub(super) outcome: &'a Result<Node, Fault>,
    pub(super) request_id: &'a str,
    pub(super) event_id: &'a str,
    pub(super) read_only: bool,
    pub(super) now: Moment,
}

/// The `userIdentity` of whoever holds `key`, dead or alive; `None` when nobody in the account does.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
pub(super) fn identity(state: &State, key: &AccessKeyId) -> Option<Value> {
    let account = state.in_force();
    if let Some(session) = state.mint.sessions.iter().rev().find(|session| session.key == *key) {
        return Some(session_identity(account, session));
    }
    let (user, _) = account.owner_of_key(key)?;
    Some(json!({
        "type": "IAMUser",
        "principalId": user.id,
        "arn": account.user_arn(user),
        "accountId": account.id,
        "accessKeyId": key,
        "userName": user.name,
    }))
}

fn session_identity(account: &Account, session: &Session) -> Value {
    let attributes = json!({
        "creationDate": session.issued.whole_second().to_string(),
        "mfaAuthenticated": (session.mfa == Some(true)).to_string(),
    });
    let user_arn = |name: &str| account.users.get(name).map(|user| account.user_arn(user).to_string());
    let name = holder_name(&session.holder);
    match &session.holder {
        Holder::User { id, .. } => json!({
            "type": "IAMUser", "principalId": id, "arn": user_arn(name), "accountId": account.id, "accessKeyId": session.key,
            "userName": name, "sessionContext": {"attributes": attributes},
        }),
        Holder::FederatedUser { user, user_id, name } => json!({
            "type": "FederatedUser",
            "principalId": format!("{}:{name}", account.id),
            "arn": Arn::sts(&account.partition, &account.id, &format!("federated-user/{name}")),
            "accountId": account.id,
            "accessKeyId": session.key,
            "sessionContext": {
                "sessionIssuer": {"type": "IAMUser", "principalId": user_id, "arn": user_arn(user), "accountId": account.id, "userName": user},
                "attributes": attributes,
            },
        }),
        Holder::Role {
            name,
            id,
            session: label,
        } => {
            let role_arn = account.roles.get(name).map(|role| account.role_arn(role).to_string());
            json!({
                "type": "AssumedRole",
                "principalId": format!("{id}:{label}"),
                "arn": Arn::sts(&account.partition, &account.id, &format!("assumed-role/{name}/{label}")),
                "accountId": account.id,
                "accessKeyId": session.key,
                "sessionContext": {
                    "sessionIssuer": {"type": "Role", "principalId": id, "arn": role_arn, "accountId": account.id, "userName": name},
                    "attributes": attributes,
                },
            })
        }
        Holder::Root => json!({
            "type": "Root", "principalId": account.id, "arn": Arn::iam(&account.partition, &account.id, "root", "", ""),
            "accountId": account.id, "accessKeyId": session.key, "sessionContext": {"attributes": attributes},
        }),
    }
}

/// The record of a call.
pub(super) fn record(account: &Account, happened: &Happened<'_>) -> Value {
    let asked = happened.asked;
    let data = asked.service == "s3" && s3::is_data(&asked.operation);
    let mut record = Map::new();
    let mut set = |name: &str, value: Value| drop(record.insert(name.to_owned(), value));
    set("eventVersion", "1.10".into());
    set("userIdentity", happened.identity.clone());
    set("eventTime", happened.now.whole_second().to_string().into());
    set("eventSource", format!("{}.amazonaws.com", asked.service).into());
    set("eventName", asked.operation.clone().into());
    // IAM is global and recorded in one Region: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
    set(
        "awsRegion",
        if asked.service == "iam" {
            "us-east-1".into()
        } else {
            asked.region.clone().into()
        },
    );
    set("sourceIPAddress", happened.request.source_ip.clone().into());
    set(
        "userAgent",
        happened.request.header("user-agent").unwrap_or_default().into(),
    );
    if let Err(fault) = happened.outcome {
        set("errorCode", fault.code.into());
        set("errorMessage", fault.message.clone().into());
    }
    set("requestParameters", request_parameters(happened));
    set("responseElements", response_elements(happened));
    set("requestID", happened.request_id.into());
    set("eventID", happened.event_id.into());
    set("readOnly", read_only(happened).into());
    if let Some(resources) = resources(account, asked) {
        set("resources", resources);
    }
    set("eventType", "AwsApiCall".into());
    set("managementEvent", (!data).into());
    set("recipientAccountId", account.id.as_str().into());
    set("eventCategory", if data { "Data".into() } else { "Management".into() });
    Value::Object(record)
}

fn read_only(happened: &Happened<'_>) -> bool {
    match happened.asked.service.as_str() {
        "s3" => !matches!(happened.asked.operation.as_str(), "PutObject" | "DeleteObject"),
        _ => happened.read_only,
    }
}

fn initial(name: &str) -> String {
    // `MFADevices` becomes `mFADevices` in CloudTrail too.
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + letters.as_str())
        .unwrap_or_default()
}

/// Parameters with lower-case initials, secrets left out. A refused AssumeRole is recorded without any.
fn request_parameters(happened: &Happened<'_>) -> Value {
    let asked = happened.asked;
    let denied = matches!(happened.outcome, Err(fault) if fault.code == "AccessDenied");
    if denied && asked.operation == "AssumeRole" {
        return Value::Null;
    }
    let secret = [
        "Action",
        "Version",
        "Password",
        "OldPassword",
        "NewPassword",
        "TokenCode",
        "AuthenticationCode1",
        "AuthenticationCode2",
    ];
    let mut sent = Map::new();
    for (name, value) in &asked.params.0 {
        if secret.contains(&name.as_str()) || value.is_empty() || name.contains(".member.") {
            continue;
        }
        let value = match (name.as_str(), value.parse::<i64>()) {
            ("DurationSeconds" | "MaxItems" | "MaxSessionDuration", Ok(number)) => Value::from(number),
            _ => Value::from(value.as_str()),
        };
        sent.insert(initial(name), value);
    }
    for list in ["Tags", "PolicyArns"] {
        let items = asked.params.list(list);
        if !items.is_empty() {
            let item = |item: &super::Params| {
                item.0
                    .iter()
                    .map(|(name, value)| (initial(name), Value::from(value.as_str())))
                    .collect::<Map<_, _>>()
            };
            sent.insert(initial(list), items.iter().map(item).map(Value::Object).collect());
        }
    }
    if sent.is_empty() {
        Value::Null
    } else {
        Value::Object(sent)
    }
}

/// Answers of calls that change something, and of AssumeRole; the secret key is never in them, the session token is.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
fn response_elements(happened: &Happened<'_>) -> Value {
    let Ok(node) = happened.outcome else {
        return Value::Null;
    };
    if (happened.read_only && happened.asked.operation != "AssumeRole") || *node == Node::empty() {
        return Value::Null;
    }
    let mut value = xml::json(node, initial);
    if let Some(Value::Object(key)) = value.get_mut("accessKey") {
        key.remove("secretAccessKey");
    }
    if let Some(Value::Object(credentials)) = value.get_mut("credentials") {
        credentials.remove("secretAccessKey");
        let ends = credentials
            .get("expiration")
            .and_then(Value::as_str)
            .and_then(|text| text.parse::<Moment>().ok());
        if let Some(ends) = ends {
            credentials.insert("expiration".to_owned(), ends.cloudtrail_expiration().into());
        }
    }
    value
}

fn resources(account: &Account, asked: &Asked) -> Option<Value> {
    if asked.operation == "AssumeRole" {
        let role = asked.params.get("RoleArn")?;
        return Some(json!([{"accountId": account.id, "type": "AWS::IAM::Role", "ARN": role}]));
    }
    let bucket = asked
        .params
        .get("bucketName")
        .filter(|bucket| !bucket.is_empty() && asked.service == "s3")?;
    let mut resources =
        vec![json!({"accountId": account.id, "type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}")})];
    if let Some(key) = asked.params.get("key").filter(|key| !key.is_empty()) {
        resources.push(json!({"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{bucket}/{key}")}));
    }
    Some(Value::Array(resources))
}

/// The name of whose permissions a session carries.
fn holder_name(holder: &Holder) -> &str {
    match holder {
        Holder::User { name, .. } | Holder::Role { name, .. } => name,
        Holder::FederatedUser { name, .. } => name,
        Holder::Root => "root",
    }
}
