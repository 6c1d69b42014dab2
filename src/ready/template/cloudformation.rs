//! The template of CloudFormation.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-organizations-policy.html>

use super::documents::{keeper, quarantine, responding, topic_policy, trail_files, trust};
use super::parameters::{Kind, PARAMETERS, Parameter};
use super::rules::{STATE, alerts, queries};
use serde_json::{Map, Value, json};

/// The template, as JSON: all but the queries, which stand in [`queries_of_cloudformation`].
pub fn cloudformation() -> String {
    let whole = json!({"Fn::Equals": [{"Ref": "RulesOnly"}, "false"]});
    let known = |name: &str| json!({"Fn::Not": [{"Fn::Equals": [{"Ref": name}, ""]}]});
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Before an incident: the responder's role of oust, a quarantine policy, the SCP that keeps it on, and rules that alert. Needs \
                        CAPABILITY_NAMED_IAM. STS tells its calls in each Region, IAM in us-east-1: deploy it there first, elsewhere with RulesOnly.",
        "Parameters": parameters(|one| !is_of_queries(one)),
        "Conditions": {
            "Whole": whole,
            "MfaRequired": {"Fn::Equals": [{"Ref": "RequireMfa"}, "true"]},
            "BucketKnown": {"Fn::And": [{"Condition": "Whole"}, known("TrailBucket")]},
            "EmailKnown": known("AlertEmail"),
            "TargetsKnown": {"Fn::And": [{"Condition": "Whole"}, {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "TargetIds"}]}, ""]}]}]},
        },
        "Resources": resources(),
        "Outputs": {
            "ResponderRoleArn": {"Description": "Whom to respond as", "Condition": "Whole", "Value": {"Fn::GetAtt": ["Responder", "Arn"]}},
            "QuarantinePolicyArn": {"Description": "What to attach to a compromised user", "Condition": "Whole", "Value": {"Ref": "Quarantine"}},
            "AlertTopicArn": {"Description": "Where alerts go", "Value": {"Ref": "Alerts"}},
        },
    });
    narrow(&template) + "\n"
}

/// The template of the detections as queries of the trail's table, as JSON.
pub fn queries_of_cloudformation() -> String {
    let each = queries().into_iter().map(|query| {
        let properties = json!({
            "Name": filled(&json!(format!("[[RuleNamePrefix]]{}", query.name))),
            "Database": {"Ref": "AthenaDatabase"},
            "WorkGroup": {"Ref": "AthenaWorkGroup"},
            "QueryString": abbreviated(&query.text),
        });
        (
            format!("Query{}", query.name),
            json!({"Type": "AWS::Athena::NamedQuery", "Properties": properties}),
        )
    });
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The detections of oust as queries in Athena: those that need more than one event, which no rule of EventBridge sees, and the others too.",
        "Parameters": parameters(|one| is_of_queries(one) || matches!(one.name, "QuarantinePolicyName" | "RuleNamePrefix")),
        "Resources": each.collect::<Map<String, Value>>(),
    });
    narrow(&template) + "\n"
}

/// What queries read again and again.
const SENT: &str = "json_extract_scalar(requestparameters, '$.";

/// A query in which what it reads again and again stands once.
fn abbreviated(query: &str) -> Value {
    let text = match filled(&json!(query.replace(SENT, "[[Sent]]"))) {
        Value::Object(sub) => sub.get("Fn::Sub").cloned().unwrap_or_default(),
        text => text,
    };
    match query.contains(SENT) {
        true => json!({"Fn::Sub": [text, {"Sent": SENT}]}),
        false => json!({"Fn::Sub": text}),
    }
}

/// Whether a parameter is about queries alone.
fn is_of_queries(one: &Parameter) -> bool {
    one.name.starts_with("Athena")
}

fn parameters(is_wanted: impl Fn(&Parameter) -> bool) -> Map<String, Value> {
    let wanted = PARAMETERS.iter().filter(|one| is_wanted(one));
    let mut all: Map<String, Value> = wanted.map(|one| (one.name.to_owned(), parameter(one))).collect();
    // Without a database there is nothing to deploy.
    if let Some(Value::Object(database)) = all.get_mut("AthenaDatabase") {
        database.remove("Default");
    } else {
        all.insert("RulesOnly".to_owned(), rules_only());
    }
    all
}

/// Roles and policies are in all Regions at once, and a second stack may not have them again.
fn rules_only() -> Value {
    json!({
        "Type": "String",
        "Description": "Only the alerting rules and their topic: in each Region but the first.",
        "Default": "false",
        "AllowedValues": ["true", "false"],
    })
}

/// JSON with little white space, a line for each parameter and resource: a template of more than 51,200 bytes can't be handed over but through a
/// bucket. <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
fn narrow(template: &Value) -> String {
    let members = |value: &Value, indent: &str, each: &dyn Fn(&Value) -> String| match value {
        Value::Object(members) => {
            let lines = members
                .iter()
                .map(|(name, value)| format!("{indent}{}: {}", json!(name), each(value)));
            format!(
                "{{\n{}\n{}}}",
                lines.collect::<Vec<_>>().join(",\n"),
                indent.get(1..).unwrap_or_default()
            )
        }
        other => other.to_string(),
    };
    members(template, " ", &|section| members(section, "  ", &Value::to_string))
}

fn parameter(one: &Parameter) -> Value {
    let (kind, default) = match one.kind {
        Kind::Text(default) => ("String", Some(default.to_owned())),
        Kind::Flag => ("String", Some("true".to_owned())),
        Kind::List(default) => ("CommaDelimitedList", default.map(|items| items.join(","))),
    };
    let mut members = Map::new();
    members.insert("Type".to_owned(), json!(kind));
    members.insert("Description".to_owned(), json!(one.about));
    members.extend(default.map(|default| ("Default".to_owned(), json!(default))));
    if matches!(one.kind, Kind::Flag) {
        members.insert("AllowedValues".to_owned(), json!(["true", "false"]));
    }
    Value::Object(members)
}

fn resources() -> Value {
    let mut all = Map::new();
    let mut add = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
    for policy in responding() {
        let name = format!("[[ResponderRoleName]]{}", policy.name);
        add(
            &format!("Responder{}", policy.name),
            managed(&name, policy.about, policy.document),
        );
    }
    let mut files = managed("[[ResponderRoleName]]Trail", "The trail's files", trail_files());
    files["Condition"] = json!("BucketKnown");
    add("ResponderTrail", files);
    add("Responder", responder());
    let about = "Denies everything; attached to a compromised user it ends his sessions too";
    add("Quarantine", managed("[[QuarantinePolicyName]]", about, quarantine()));
    add(
        "Alerts",
        json!({"Type": "AWS::SNS::Topic", "Properties": {"TopicName": filled(&json!("[[RuleNamePrefix]]Alerts"))}}),
    );
    add(
        "AlertsPolicy",
        json!({
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [{"Ref": "Alerts"}], "PolicyDocument": filled(&topic_policy("[[Alerts]]"))},
        }),
    );
    add(
        "AlertsByEmail",
        json!({
            "Type": "AWS::SNS::Subscription",
            "Condition": "EmailKnown",
            "Properties": {"TopicArn": {"Ref": "Alerts"}, "Protocol": "email", "Endpoint": {"Ref": "AlertEmail"}},
        }),
    );
    for alert in alerts() {
        let properties = json!({
            "Name": filled(&json!(format!("[[RuleNamePrefix]]{}", alert.name))),
            "Description": alert.about,
            "EventPattern": filled(&alert.pattern),
            "State": STATE,
            "Targets": [{"Id": "alerts", "Arn": {"Ref": "Alerts"}}],
        });
        add(
            &alert.name,
            json!({"Type": "AWS::Events::Rule", "Properties": properties}),
        );
    }
    add("Keeper", service_control());
    Value::Object(all)
}

fn managed(name: &str, about: &str, document: Value) -> Value {
    json!({
        "Type": "AWS::IAM::ManagedPolicy",
        "Condition": "Whole",
        "Properties": {
            "ManagedPolicyName": filled(&json!(name)),
            "Path": {"Ref": "Path"},
            "Description": about,
            "PolicyDocument": filled(&document),
        },
    })
}

fn responder() -> Value {
    let files = json!({"Fn::If": ["BucketKnown", {"Ref": "ResponderTrail"}, {"Ref": "AWS::NoValue"}]});
    json!({
        "Type": "AWS::IAM::Role",
        "Condition": "Whole",
        "Properties": {
            "RoleName": {"Ref": "ResponderRoleName"},
            "Path": {"Ref": "Path"},
            "Description": "Puts an intruder out: oust",
            "MaxSessionDuration": 14400,
            "AssumeRolePolicyDocument": {"Fn::If": ["MfaRequired", filled(&trust(true)), filled(&trust(false))]},
            "ManagedPolicyArns": [{"Ref": "ResponderRead"}, {"Ref": "ResponderWrite"}, {"Ref": "ResponderUndo"}, files],
        },
    })
}

fn service_control() -> Value {
    json!({
        "Type": "AWS::Organizations::Policy",
        "Condition": "TargetsKnown",
        "Properties": {
            "Name": filled(&json!("[[QuarantinePolicyName]]Keeper")),
            "Description": "Nobody but the responder takes a quarantine off",
            "Type": "SERVICE_CONTROL_POLICY",
            "TargetIds": {"Ref": "TargetIds"},
            "Content": filled(&keeper()),
        },
    })
}

/// A document with `Ref` and `Fn::Sub` in the place of marks.
fn filled(value: &Value) -> Value {
    match value {
        Value::String(text) => in_text(text),
        Value::Array(items) => items.iter().map(filled).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), filled(value)))
            .collect(),
        other => other.clone(),
    }
}

fn in_text(text: &str) -> Value {
    let Some(whole) = text
        .strip_prefix("[[")
        .and_then(|rest| rest.strip_suffix("]]"))
        .filter(|name| !name.contains("[["))
    else {
        // A dollar before a brace that is no mark would be one of Sub's own.
        let sub = text.replace("${", "${!").replace("[[", "${").replace("]]", "}");
        return if text.contains("[[") {
            json!({ "Fn::Sub": sub })
        } else {
            json!(text)
        };
    };
    json!({"Ref": whole.trim_start_matches('*')})
}
