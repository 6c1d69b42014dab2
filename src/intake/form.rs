//! The forms of findings, told apart by the members that only they have.

use super::Intake;
use serde_json::Value;

/// The member of that name, whatever its case and separators: `credential_uid`, `credentialUid` and `CredentialUid` are one.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let members = value.as_object()?;
    members
        .iter()
        .find(|(known, _)| plain(known) == name)
        .map(|(_, value)| value)
}

/// The value at a path of such names.
fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| member(value, name))
}

fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or_default()
}

fn items<'a>(value: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    at(value, path).and_then(Value::as_array).into_iter().flatten()
}

/// Takes in `value` if it is a finding; gives whether it is one.
pub(super) fn take(value: &Value, intake: &mut Intake) -> bool {
    guard_duty(value, intake) || security_hub(value, intake) || ocsf(value, intake) || health(value, intake)
}

/// <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html>, and in small letters
/// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html>. Attack sequences name the keys of their actors:
/// <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Actor.html>.
fn guard_duty(value: &Value, intake: &mut Intake) -> bool {
    let by = format!("GuardDuty finding `{}`", text(value, &["type"]));
    if let Some(details) = at(value, &["resource", "accesskeydetails"]) {
        intake.name(text(details, &["accesskeyid"]), &by);
        return true;
    }
    let Some(sequence) = at(value, &["service", "detection", "sequence"]) else {
        // A finding on something else, such as a bucket: it is one, and it names no key.
        let is_finding = member(value, "schemaversion").is_some() && at(value, &["service", "servicename"]).is_some();
        if is_finding && at(value, &["resource"]).is_some() {
            intake.remarks.push(format!("the {by} is on no access key"));
        }
        return is_finding;
    };
    for actor in items(sequence, &["actors"]) {
        if let Some(Value::String(key)) = at(actor, &["user", "credentialuid"]) {
            intake.name(key, &by);
        }
    }
    for resource in items(sequence, &["resources"]) {
        if text(resource, &["resourcetype"]).eq_ignore_ascii_case("ACCESS_KEY") {
            intake.name(text(resource, &["uid"]), &by);
        }
    }
    true
}

/// ASFF: <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resourcedetails-awsiam.html>. Where the details are left out, the key
/// ends the resource's ID: `AWS::IAM::AccessKey:ASIA…`.
fn security_hub(value: &Value, intake: &mut Intake) -> bool {
    if member(value, "schemaversion").is_none() || member(value, "productarn").is_none() {
        return false;
    }
    let by = format!("Security Hub finding `{}`", text(value, &["title"]));
    let mut found = false;
    for resource in items(value, &["resources"]) {
        let told = text(resource, &["details", "awsiamaccesskey", "accesskeyid"]);
        let id = text(resource, &["id"]).rsplit(':').next().unwrap_or_default();
        let is_key = text(resource, &["type"]).eq_ignore_ascii_case("AwsIamAccessKey");
        if is_key || !told.is_empty() {
            found = true;
            intake.name(if told.is_empty() { id } else { told }, &by);
        }
    }
    if !found {
        intake.remarks.push(format!("the {by} is on no access key"));
    }
    true
}

/// OCSF, as the newer Security Hub and Security Lake write it: the key is the `credential_uid` of a user, which stands in the actor, in the
/// evidences, or in a resource, by the version of the schema. <https://schema.ocsf.io/objects/user>
fn ocsf(value: &Value, intake: &mut Intake) -> bool {
    if member(value, "classuid").is_none() {
        return false;
    }
    let title = match text(value, &["findinginfo", "title"]) {
        "" => text(value, &["typename"]),
        title => title,
    };
    let by = format!("OCSF event `{title}`");
    let before = intake.named.len() + intake.remarks.len();
    credentials(value, &by, intake);
    for resource in items(value, &["resources"]) {
        let kind = text(resource, &["type"]);
        let uid = text(resource, &["uid"]);
        let is_key = kind.eq_ignore_ascii_case("AwsIamAccessKey") || kind.eq_ignore_ascii_case("AWS::IAM::AccessKey");
        // A resource may be told by an ARN alone: `arn:aws:iam::123456789012:accesskey/AKIA…`.
        if is_key || uid.to_ascii_lowercase().contains(":accesskey/") {
            intake.name(uid.rsplit([':', '/']).next().unwrap_or_default(), &by);
        }
    }
    if intake.named.len() + intake.remarks.len() == before {
        intake.remarks.push(format!("the {by} names no credential"));
    }
    true
}

/// Every `credential_uid`, wherever it stands.
fn credentials(value: &Value, by: &str, intake: &mut Intake) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(key)) = member(value, "credentialuid") {
                intake.name(key, by);
            }
            members.values().for_each(|inner| credentials(inner, by, intake));
        }
        Value::Array(items) => items.iter().for_each(|item| credentials(item, by, intake)),
        _ => {}
    }
}

/// AWS Health on a key that was found in public, from EventBridge or DescribeAffectedEntities. There is no complete list of type codes, so the
/// service RISK is enough. <https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html>
fn health(value: &Value, intake: &mut Intake) -> bool {
    let code = text(value, &["eventtypecode"]);
    let is_risk =
        text(value, &["service"]).eq_ignore_ascii_case("RISK") || code.to_ascii_uppercase().contains("AWS_RISK");
    if is_risk && at(value, &["affectedentities"]).is_some() {
        let by = format!("AWS Health event `{code}`");
        for entity in items(value, &["affectedentities"]) {
            intake.name(text(entity, &["entityvalue"]), &by);
        }
        return true;
    }
    let arn = text(value, &["eventarn"]);
    let entity = text(value, &["entityvalue"]);
    if arn.contains("/RISK/") && !entity.is_empty() {
        intake.name(
            entity,
            &format!("AWS Health event `{}`", arn.rsplit('/').nth(1).unwrap_or_default()),
        );
        return true;
    }
    false
}
