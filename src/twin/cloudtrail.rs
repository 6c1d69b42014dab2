//! CloudTrail: LookupEvents over the twin's own trail, and what the account's trails are.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

mod trails;

use super::operation::Asked;
use super::{Call, Caller, Fault, Node, Operation, Params};
use crate::account::Account;
use crate::time::Moment;
use serde_json::Value;

/// Every CloudTrail operation that the twin models.
pub(super) fn operations() -> impl Iterator<Item = Operation> {
    let on_all = |_: &Account, _: &Caller, _: &Params| Asked::on("*");
    let lookup = Operation {
        name: "LookupEvents",
        read_only: true,
        asks: on_all,
        handler: lookup,
    };
    std::iter::once(lookup).chain(trails::operations())
}

fn text<'a>(record: &'a Value, pointer: &str) -> &'a str {
    record.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Newest first; management events of the Region only; one attribute at most; 50 a page.
fn lookup(call: &mut Call<'_>) -> Result<Node, Fault> {
    let invalid = |code: &'static str, message: &str| Fault::new(400, code, message);
    let attributes = call.params.list("LookupAttributes");
    if attributes.len() > 1 {
        return Err(invalid(
            "InvalidLookupAttributesException",
            "Only one lookup attribute can be specified.",
        ));
    }
    let most = match call.params.get("MaxResults").map(str::parse::<usize>) {
        None => 50,
        Some(Ok(most)) if (1..=50).contains(&most) => most,
        Some(_) => {
            return Err(invalid(
                "InvalidMaxResultsException",
                "MaxResults must be between 1 and 50.",
            ));
        }
    };
    let from = match call.params.get("NextToken").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(from)) => from,
        Some(Err(_)) => return Err(invalid("InvalidNextTokenException", "The token is not valid.")),
    };
    let bound = |name: &str| call.params.get(name).and_then(moment);
    let (start, end) = (bound("StartTime"), bound("EndTime"));
    let region = call.region;
    let wanted = |record: &&Value| {
        let at = text(record, "/eventTime").parse::<Moment>().ok();
        record.get("managementEvent") == Some(&Value::Bool(true))
            && text(record, "/awsRegion") == region
            && start.is_none_or(|start| at.is_some_and(|at| at >= start))
            && end.is_none_or(|end| at.is_some_and(|at| at <= end))
            && attributes.iter().all(|attribute| has(record, attribute))
    };
    let found: Vec<&Value> = call.trail.iter().rev().filter(wanted).collect();
    let page = found.iter().skip(from).take(most).map(|record| event(record)).collect();
    let mut answer = vec![("Events", Node::List(page))];
    if found.len() > from + most {
        answer.push(("NextToken", (from + most).to_string().into()));
    }
    Ok(Node::Struct(answer))
}

/// Times come as seconds since the epoch, whole or not.
fn moment(text: &str) -> Option<Moment> {
    match text.split_once('.') {
        Some((whole, _)) => whole.parse().ok(),
        None => text.parse().ok(),
    }
}

fn has(record: &Value, attribute: &Params) -> bool {
    let wanted = attribute.get("AttributeValue").unwrap_or_default();
    match attribute.get("AttributeKey").unwrap_or_default() {
        "AccessKeyId" => text(record, "/userIdentity/accessKeyId") == wanted,
        "EventName" => text(record, "/eventName") == wanted,
        "EventSource" => text(record, "/eventSource") == wanted,
        "EventId" => text(record, "/eventID") == wanted,
        "ReadOnly" => record.get("readOnly").and_then(Value::as_bool) == wanted.parse().ok(),
        "Username" => username(record) == wanted,
        "ResourceName" => resources(record).iter().any(|(_, name)| name == wanted),
        "ResourceType" => resources(record).iter().any(|(kind, _)| kind == wanted),
        _ => false,
    }
}

/// The user's name; of a role session its session name.
fn username(record: &Value) -> &str {
    match text(record, "/userIdentity/userName") {
        "" => text(record, "/userIdentity/principalId")
            .split_once(':')
            .map_or("", |(_, session)| session),
        name => name,
    }
}

/// What CloudTrail indexes an event under: the issued key among it, by which a mint is found from what it minted.
fn resources(record: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (kind, pointer) in [
        ("AWS::IAM::AccessKey", "/responseElements/credentials/accessKeyId"),
        ("AWS::IAM::AccessKey", "/responseElements/accessKey/accessKeyId"),
        ("AWS::IAM::AccessKey", "/requestParameters/accessKeyId"),
        (
            "AWS::STS::AssumedRole",
            "/responseElements/assumedRoleUser/assumedRoleId",
        ),
        ("AWS::STS::AssumedRole", "/responseElements/assumedRoleUser/arn"),
        ("AWS::IAM::Role", "/requestParameters/roleArn"),
        ("AWS::IAM::Role", "/requestParameters/roleName"),
        ("AWS::IAM::User", "/requestParameters/userName"),
        ("AWS::IAM::Policy", "/requestParameters/policyArn"),
    ] {
        let name = text(record, pointer);
        if !name.is_empty() {
            found.push((kind.to_owned(), name.to_owned()));
        }
    }
    found
}

fn event(record: &Value) -> Node {
    let at = text(record, "/eventTime").parse::<Moment>().map_or(0, Moment::seconds);
    let resources = resources(record)
        .into_iter()
        .map(|(kind, name)| Node::Struct(vec![("ResourceType", kind.into()), ("ResourceName", name.into())]));
    let read_only = record.get("readOnly").map(Value::to_string).unwrap_or_default();
    Node::Struct(vec![
        ("EventId", text(record, "/eventID").into()),
        ("EventName", text(record, "/eventName").into()),
        ("ReadOnly", read_only.into()),
        ("AccessKeyId", text(record, "/userIdentity/accessKeyId").into()),
        ("EventTime", Node::Number(at)),
        ("EventSource", text(record, "/eventSource").into()),
        ("Username", username(record).into()),
        ("Resources", Node::List(resources.collect())),
        ("CloudTrailEvent", record.to_string().into()),
    ])
}
