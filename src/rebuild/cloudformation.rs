//! Users as a CloudFormation template. JSON has no comments: what must be known is in `Metadata`, which CloudFormation keeps and does not act on.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-user.html>

use super::parts::Parts;
use crate::account::Account;
use serde_json::{Map, Value, json};

/// The template.
pub(super) fn template(users: &[Parts], account: &Account) -> String {
    let mut resources = Map::new();
    for (n, parts) in users.iter().enumerate() {
        resources.insert(format!("User{}", n + 1), user(parts));
    }
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!(
            "Users of account {} that oust deleted, as they were before. Needs CAPABILITY_NAMED_IAM. See Metadata for what is not built again.",
            account.id
        ),
        "Resources": resources,
    });
    format!("{template:#}\n")
}

fn user(parts: &Parts) -> Value {
    let user = &parts.user;
    let mut unsafe_here = Vec::new();
    let mut safe = |what: &str, value: &Value| {
        let acted_on = acted_on(value);
        if acted_on {
            unsafe_here.push(format!(
                "{what}: CloudFormation would act on its text; it is in rebuild.tf"
            ));
        }
        !acted_on
    };
    let mut properties = Map::new();
    properties.insert("UserName".to_owned(), json!(user.name));
    properties.insert("Path".to_owned(), json!(user.path));
    let tags = user
        .tags
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }));
    let tags: Vec<Value> = tags.filter(|tag| safe("a tag", tag)).collect();
    let documents = user.inline.iter().map(|(name, text)| {
        let document = serde_json::from_str(text.as_str()).unwrap_or_else(|_| json!(text.as_str()));
        json!({ "PolicyName": name, "PolicyDocument": document })
    });
    let policies = documents.filter(|policy| {
        let name = policy["PolicyName"].as_str().unwrap_or_default();
        safe(&format!("inline policy {name}"), policy)
    });
    let policies: Vec<Value> = policies.collect();
    let attached: Vec<&str> = user.attached.iter().map(|arn| arn.as_str()).collect();
    let groups: Vec<&String> = user.groups.iter().collect();
    let mut list = |name: &str, list: Value| {
        if list.as_array().is_some_and(|list| !list.is_empty()) {
            properties.insert(name.to_owned(), list);
        }
    };
    list("Tags", json!(tags));
    list("Policies", json!(policies));
    list("ManagedPolicyArns", json!(attached));
    list("Groups", json!(groups));
    if let Some(boundary) = &user.boundary {
        properties.insert("PermissionsBoundary".to_owned(), json!(boundary.as_str()));
    }
    json!({
        "Type": "AWS::IAM::User",
        "Metadata": {
            "CannotBeBuiltAgain": parts.lost,
            "LeftOut": parts.left_out.iter().chain(&unsafe_here).map(|text| harmless(text)).collect::<Vec<_>>(),
        },
        "Properties": properties,
    })
}

/// Whether CloudFormation would act on a value instead of taking it as it is: functions and dynamic references, which can read secrets. There is no
/// way to escape them, and an intruder may have written them on purpose.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>
pub(crate) fn acted_on(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{resolve:"),
        Value::Array(values) => values.iter().any(acted_on),
        Value::Object(members) => members.iter().any(|(key, value)| {
            let function = key == "Ref" || key == "Condition" && value.is_string() || key.starts_with("Fn::");
            function || key.contains("{{resolve:") || acted_on(value)
        }),
        _ => false,
    }
}

fn harmless(text: &str) -> String {
    text.replace("{{", "{ {")
}
