//! The configuration of Terraform.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/organizations_policy>

use super::documents::{keeper, quarantine, responding, topic_policy, trail_files, trust};
use super::parameters::{Kind, PARAMETERS, Parameter};
use super::rules::{STATE, alerts, queries};
use crate::rebuild::quoted;
use serde_json::Value;

const HEAD: &str = r#"# Before an incident: the responder's role of oust, a quarantine policy, the SCP that keeps it on, and the detections.
# STS tells its calls in each Region, IAM in us-east-1: apply it there first, and the rules in every other Region that is used.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}
"#;

/// The configuration, in HCL.
pub fn terraform() -> String {
    let mut out = HEAD.to_owned();
    PARAMETERS.iter().for_each(|one| out.push_str(&variable(one)));
    for policy in responding() {
        let label = format!("responder_{}", policy.name.to_ascii_lowercase());
        let name = format!("[[ResponderRoleName]]{}", policy.name);
        out.push_str(&managed(&label, &name, policy.about, &policy.document, &[]));
        out.push_str(&attached(&label, "", &[]));
    }
    let known = [("count", "var.trail_bucket == \"\" ? 0 : 1".to_owned())];
    let files = trail_files();
    out.push_str(&managed(
        "responder_trail",
        "[[ResponderRoleName]]Trail",
        "The trail's files",
        &files,
        &known,
    ));
    out.push_str(&attached("responder_trail", "[0]", &known));
    out.push_str(&role());
    let about = "Denies everything; attached to a compromised user it ends his sessions too";
    out.push_str(&managed(
        "quarantine",
        "[[QuarantinePolicyName]]",
        about,
        &quarantine(),
        &[],
    ));
    out.push_str(&alerting());
    out.push_str(&asking());
    out.push_str(&service_control());
    out.push_str(&outputs());
    out
}

fn block(head: &str, members: &[(&str, String)]) -> String {
    let members: Vec<(String, String)> = members
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    format!("\n{head} {{\n{}}}\n", lines(&members, 2))
}

/// Members as `terraform fmt` writes them: equal signs stand below each other as long as values are of one line.
fn lines(members: &[(String, String)], indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::new();
    let mut rest = members;
    while let Some((name, value)) = rest.first() {
        let single = rest.iter().take_while(|(_, value)| !value.contains('\n')).count();
        let (group, behind) = rest.split_at(single);
        let width = group
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or_default();
        for (name, value) in group {
            out.push_str(&format!("{pad}{name:<width$} = {value}\n"));
        }
        rest = behind;
        if single == 0 {
            out.push_str(&format!("{pad}{name} = {value}\n"));
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out
}

fn resource(kind: &str, label: &str, members: &[(&str, String)]) -> String {
    block(&format!("resource \"{kind}\" \"{label}\""), members)
}

fn variable(one: &Parameter) -> String {
    let (kind, default) = match one.kind {
        Kind::Text(default) => ("string", Some(quoted(default))),
        Kind::Flag => ("bool", Some("true".to_owned())),
        Kind::List(default) => ("list(string)", default.map(list)),
    };
    let mut members = vec![("type", kind.to_owned()), ("description", quoted(one.about))];
    members.extend(default.map(|default| ("default", default)));
    block(&format!("variable \"{}\"", one.variable), &members)
}

fn list(items: &[&str]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

fn managed(label: &str, name: &str, about: &str, document: &Value, more: &[(&str, String)]) -> String {
    let mut members = more.to_vec();
    members.extend([
        ("name", in_text(name)),
        ("path", "var.path".to_owned()),
        ("description", quoted(about)),
        ("policy", encoded(document)),
    ]);
    resource("aws_iam_policy", label, &members)
}

fn attached(label: &str, which: &str, more: &[(&str, String)]) -> String {
    let mut members = more.to_vec();
    members.extend([
        ("role", "aws_iam_role.responder.name".to_owned()),
        ("policy_arn", format!("aws_iam_policy.{label}{which}.arn")),
    ]);
    resource("aws_iam_role_policy_attachment", label, &members)
}

fn role() -> String {
    let trusts = [
        ("trust_with_mfa", encoded(&trust(true))),
        ("trust_without_mfa", encoded(&trust(false))),
    ];
    let trust = "var.require_mfa ? local.trust_with_mfa : local.trust_without_mfa".to_owned();
    let members = [
        ("name", "var.responder_role_name".to_owned()),
        ("path", "var.path".to_owned()),
        ("description", quoted("Puts an intruder out: oust")),
        ("max_session_duration", "14400".to_owned()),
        ("assume_role_policy", trust),
    ];
    block("locals", &trusts) + &resource("aws_iam_role", "responder", &members)
}

fn alerting() -> String {
    let topic = || "aws_sns_topic.alerts.arn".to_owned();
    let mut out = resource(
        "aws_sns_topic",
        "alerts",
        &[("name", in_text("[[RuleNamePrefix]]Alerts"))],
    );
    let policy = encoded(&topic_policy("[[Alerts]]"));
    out.push_str(&resource(
        "aws_sns_topic_policy",
        "alerts",
        &[("arn", topic()), ("policy", policy)],
    ));
    let by_email = [
        ("count", "var.alert_email == \"\" ? 0 : 1".to_owned()),
        ("topic_arn", topic()),
        ("protocol", quoted("email")),
        ("endpoint", "var.alert_email".to_owned()),
    ];
    out.push_str(&resource("aws_sns_topic_subscription", "alerts", &by_email));
    for rule in alerts() {
        let members = [
            ("name", in_text(&format!("[[RuleNamePrefix]]{}", rule.name))),
            ("description", quoted(rule.about)),
            ("state", quoted(STATE)),
            ("event_pattern", encoded(&rule.pattern)),
        ];
        out.push_str(&resource("aws_cloudwatch_event_rule", &rule.variable, &members));
        let target = [
            ("rule", format!("aws_cloudwatch_event_rule.{}.name", rule.variable)),
            ("target_id", quoted("alerts")),
            ("arn", topic()),
        ];
        out.push_str(&resource("aws_cloudwatch_event_target", &rule.variable, &target));
    }
    out
}

/// The detections as queries of the trail's table, where there is one.
fn asking() -> String {
    let each = queries().into_iter().map(|query| {
        let members = [
            ("count", "var.athena_database == \"\" ? 0 : 1".to_owned()),
            ("name", in_text(&format!("[[RuleNamePrefix]]{}", query.name))),
            ("description", quoted(query.about)),
            ("database", "var.athena_database".to_owned()),
            ("workgroup", "var.athena_work_group".to_owned()),
            ("query", in_text(&query.text)),
        ];
        resource("aws_athena_named_query", &query.variable, &members)
    });
    each.collect()
}

fn service_control() -> String {
    let policy = [
        ("count", "length(var.target_ids) == 0 ? 0 : 1".to_owned()),
        ("name", in_text("[[QuarantinePolicyName]]Keeper")),
        ("description", quoted("Nobody but the responder takes a quarantine off")),
        ("type", quoted("SERVICE_CONTROL_POLICY")),
        ("content", encoded(&keeper())),
    ];
    let attachment = [
        ("for_each", "toset(var.target_ids)".to_owned()),
        ("policy_id", "aws_organizations_policy.keeper[0].id".to_owned()),
        ("target_id", "each.value".to_owned()),
    ];
    resource("aws_organizations_policy", "keeper", &policy)
        + &resource("aws_organizations_policy_attachment", "keeper", &attachment)
}

fn outputs() -> String {
    let each = [
        ("responder_role_arn", "aws_iam_role.responder.arn"),
        ("quarantine_policy_arn", "aws_iam_policy.quarantine.arn"),
        ("alert_topic_arn", "aws_sns_topic.alerts.arn"),
    ];
    let each = each.map(|(name, value)| block(&format!("output \"{name}\""), &[("value", value.to_owned())]));
    each.concat()
}

/// A document as an expression that gives its text.
fn encoded(document: &Value) -> String {
    format!("jsonencode({})", expression(document, 2))
}

fn expression(value: &Value, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match value {
        Value::String(text) => in_text(text),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let items = items
                .iter()
                .map(|item| format!("{pad}  {},\n", expression(item, indent + 2)));
            format!("[\n{}{pad}]", items.collect::<String>())
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| expression(item, indent)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<(String, String)> = members
                .iter()
                .map(|(key, value)| (quoted(key), expression(value, indent + 2)))
                .collect();
            format!("{{\n{}{pad}}}", lines(&members, indent + 2))
        }
        other => other.to_string(),
    }
}

/// What a mark stands for.
fn meant(name: &str) -> String {
    match name {
        "AWS::Partition" => "data.aws_partition.current.partition".to_owned(),
        "AWS::AccountId" => "data.aws_caller_identity.current.account_id".to_owned(),
        "Alerts" => "aws_sns_topic.alerts.arn".to_owned(),
        other => {
            let known = PARAMETERS.iter().find(|one| one.name == other.trim_start_matches('*'));
            known.map_or_else(|| "null".to_owned(), |one| format!("var.{}", one.variable))
        }
    }
}

/// A text with what the marks in it stand for.
fn in_text(text: &str) -> String {
    let mut parts = text.split("[[");
    let before = quoted(parts.next().unwrap_or_default());
    let mut out = before.get(..before.len() - 1).unwrap_or_default().to_owned();
    let mut alone = None;
    for part in parts {
        let (name, rest) = part.split_once("]]").unwrap_or((part, ""));
        alone = (text.len() == name.len() + 4).then(|| meant(name));
        let rest = quoted(rest);
        let rest = rest.get(1..rest.len() - 1).unwrap_or_default();
        out.push_str(&format!("${{{}}}{rest}", meant(name)));
    }
    alone.unwrap_or_else(|| out + "\"")
}
