//! A record as one row of a table: what a query of the documented Athena table gives, from Athena or any other engine.
//!
//! The query and the reader share the list of columns, so that a row holds all that the lineage needs and is read as the record that it came
//! from. The documented table lacks three of them; a table that has them gives them.
//! <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>

use serde_json::{Map, Value};

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in the result.
    pub name: &'static str,
    /// Where it stands in the table: a column, or a field within one behind dots.
    pub source: &'static str,
    /// Whether the table has it that AWS documents.
    pub is_documented: bool,
    /// Where it stands in the record; `0` is the first of a list.
    place: &'static [&'static str],
}

const fn column(name: &'static str, source: &'static str, place: &'static [&'static str]) -> Column {
    Column {
        name,
        source,
        is_documented: true,
        place,
    }
}

/// One that the documented table lacks.
const fn further(name: &'static str, source: &'static str, place: &'static [&'static str]) -> Column {
    Column {
        is_documented: false,
        ..column(name, source, place)
    }
}

/// The bearer's credential of a call, a service-specific one.
pub const CREDENTIAL: Column = further(
    "identity_credentialid",
    "useridentity.credentialid",
    &["userIdentity", "credentialId"],
);

/// The sign-in that a session began with.
pub const SIGN_IN: Column = further(
    "session_signinsessionarn",
    "useridentity.sessioncontext.signinsessionarn",
    &["userIdentity", "sessionContext", "signInSessionArn"],
);

/// The ARN of the first resource that a call touched: a message that is decrypted names its key nowhere else.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html>
pub const RESOURCE: Column = column("resource_arn", "resources", &["resources", "0", "ARN"]);

/// Who switched to a role in the console, by ARN: one member of what stands beside request and answer.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
pub const SWITCHED_FROM: Column = column(
    "switchedfrom",
    "additionaleventdata",
    &["additionalEventData", "SwitchFrom"],
);

/// The column of a row that says what its table lacks, by the names of columns and fields.
pub const LACKS: &str = "lacks";

/// The columns of a row.
pub const COLUMNS: [Column; 37] = [
    column("eventid", "eventid", &["eventID"]),
    column("eventtime", "eventtime", &["eventTime"]),
    column("eventsource", "eventsource", &["eventSource"]),
    column("eventname", "eventname", &["eventName"]),
    column("awsregion", "awsregion", &["awsRegion"]),
    column("sourceipaddress", "sourceipaddress", &["sourceIPAddress"]),
    column("useragent", "useragent", &["userAgent"]),
    column("errorcode", "errorcode", &["errorCode"]),
    column("errormessage", "errormessage", &["errorMessage"]),
    column("requestparameters", "requestparameters", &["requestParameters"]),
    column("responseelements", "responseelements", &["responseElements"]),
    column("readonly", "readonly", &["readOnly"]),
    column("eventtype", "eventtype", &["eventType"]),
    column("eventcategory", "eventcategory", &["eventCategory"]),
    column("recipientaccountid", "recipientaccountid", &["recipientAccountId"]),
    column("sharedeventid", "sharedeventid", &["sharedEventID"]),
    column(
        "fromconsole",
        "sessioncredentialfromconsole",
        &["sessionCredentialFromConsole"],
    ),
    column("addendum_reason", "addendum.reason", &["addendum", "reason"]),
    column(
        "addendum_original",
        "addendum.originaleventid",
        &["addendum", "originalEventID"],
    ),
    column("identity_type", "useridentity.type", &["userIdentity", "type"]),
    column(
        "identity_principalid",
        "useridentity.principalid",
        &["userIdentity", "principalId"],
    ),
    column("identity_arn", "useridentity.arn", &["userIdentity", "arn"]),
    column(
        "identity_accountid",
        "useridentity.accountid",
        &["userIdentity", "accountId"],
    ),
    column(
        "identity_accesskeyid",
        "useridentity.accesskeyid",
        &["userIdentity", "accessKeyId"],
    ),
    column(
        "identity_username",
        "useridentity.username",
        &["userIdentity", "userName"],
    ),
    column(
        "identity_invokedby",
        "useridentity.invokedby",
        &["userIdentity", "invokedBy"],
    ),
    column(
        "session_creationdate",
        "useridentity.sessioncontext.attributes.creationdate",
        &["userIdentity", "sessionContext", "attributes", "creationDate"],
    ),
    column(
        "session_mfa",
        "useridentity.sessioncontext.attributes.mfaauthenticated",
        &["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"],
    ),
    column(
        "issuer_type",
        "useridentity.sessioncontext.sessionissuer.type",
        &["userIdentity", "sessionContext", "sessionIssuer", "type"],
    ),
    column(
        "issuer_principalid",
        "useridentity.sessioncontext.sessionissuer.principalid",
        &["userIdentity", "sessionContext", "sessionIssuer", "principalId"],
    ),
    column(
        "issuer_arn",
        "useridentity.sessioncontext.sessionissuer.arn",
        &["userIdentity", "sessionContext", "sessionIssuer", "arn"],
    ),
    column(
        "issuer_username",
        "useridentity.sessioncontext.sessionissuer.username",
        &["userIdentity", "sessionContext", "sessionIssuer", "userName"],
    ),
    further(
        "session_sourceidentity",
        "useridentity.sessioncontext.sourceidentity",
        &["userIdentity", "sessionContext", "sourceIdentity"],
    ),
    SIGN_IN,
    CREDENTIAL,
    RESOURCE,
    SWITCHED_FROM,
];

/// What every row has of its call.
const CALL: [&str; 4] = ["eventid", "eventtime", "eventsource", "eventname"];

/// The record that a row came from, if the object is such a row.
pub fn record_of_row(row: &Value) -> Option<Value> {
    let cells = row.as_object()?;
    // A record spells these names with capitals, so that none is taken for a row.
    if !CALL.iter().all(|name| cells.contains_key(*name)) {
        return None;
    }
    if cells.get("useridentity").is_some_and(Value::is_object) {
        return Some(record_of_table(row));
    }
    if !cells.contains_key("identity_type") {
        return None;
    }
    let mut record = Map::new();
    for column in &COLUMNS {
        let Some(cell) = cells.get(column.name).filter(|cell| !cell.is_null()) else {
            continue;
        };
        let is_json = matches!(column.name, "requestparameters" | "responseelements");
        // Engines give JSON as text, or as the object itself.
        let value = match cell.as_str().filter(|_| is_json) {
            Some(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            None => cell.clone(),
        };
        set(&mut record, column.place, value);
    }
    Some(Value::Object(record))
}

/// The record of a row with all columns as the documented table has them: the caller is an object with names in small letters.
fn record_of_table(row: &Value) -> Value {
    let mut record = Map::new();
    let read = |text: &Value| match text {
        // Engines give JSON as text, or as the object itself.
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    for column in &COLUMNS {
        let Some(cell) = cell(row, column).filter(|cell| !cell.is_null()) else {
            continue;
        };
        let value = match column.name {
            "requestparameters" | "responseelements" => read(cell),
            _ if column.name == RESOURCE.name => cell.pointer("/0/arn").cloned().unwrap_or(Value::Null),
            _ if column.name == SWITCHED_FROM.name => read(cell).get("SwitchFrom").cloned().unwrap_or(Value::Null),
            _ => cell.clone(),
        };
        set(&mut record, column.place, value);
    }
    Value::Object(record)
}

/// What stands in a row of the table where the column has its source.
fn cell<'r>(row: &'r Value, column: &Column) -> Option<&'r Value> {
    column.source.split('.').try_fold(row, |value, name| value.get(name))
}

/// What the table lacks that a row with all of its columns came from; `None` where it lacks nothing, or the row tells nothing of it.
pub fn lacks_of_table(row: &Value) -> Option<String> {
    row.get("useridentity").filter(|identity| identity.is_object())?;
    let further = COLUMNS.iter().filter(|column| !column.is_documented);
    let is_lacking = |column: &&Column| {
        let parent = column.source.rsplit_once('.').and_then(|(parent, _)| {
            let at = parent.split('.').try_fold(row, |value, name| value.get(name));
            at.filter(|parent| parent.is_object())
        });
        parent.is_some() && cell(row, column).is_none()
    };
    let names: Vec<&str> = further.filter(is_lacking).map(|column| column.source).collect();
    Some(names.join(", ")).filter(|names| !names.is_empty())
}

fn set(record: &mut Map<String, Value>, place: &[&str], value: Value) {
    match place {
        [] => {}
        [name] => drop(record.insert((*name).to_owned(), value)),
        [name, "0", rest @ ..] => {
            let mut first = Map::new();
            set(&mut first, rest, value);
            record.insert((*name).to_owned(), Value::Array(vec![Value::Object(first)]));
        }
        [name, rest @ ..] => {
            let inner = record.entry(*name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
