#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use proptest::prelude::*;
use serde_json::json;

const A: &str = "AKIATFQR7NSCUXC3DDDP";
const B: &str = "ASIATFQR7NSCZLRUEGMR";

fn keys(value: &Value) -> Vec<String> {
    let intake = read(&value.to_string()).unwrap();
    intake.named.iter().map(|named| named.key.to_string()).collect()
}

/// Names of members as the API writes them, from those that EventBridge writes.
fn pascal(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let name = name.get(..1).unwrap_or_default().to_ascii_uppercase() + name.get(1..).unwrap_or_default();
                (name, pascal(value))
            })
            .collect(),
        Value::Array(items) => items.iter().map(pascal).collect(),
        other => other.clone(),
    }
}

// Synthetic, after https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
fn guard_duty() -> Value {
    json!({
        "schemaVersion": "2.0", "accountId": "218007301253", "region": "us-east-1", "id": "16afba5c5c43e07c9e3e5e2e544e95df",
        "type": "UnauthorizedAccess:IAMUser/TorIPCaller", "severity": 5,
        "resource": {"resourceType": "AccessKey", "accessKeyDetails": {"accessKeyId": A, "principalId": "AIDATFQR7NSC5AU2ZV3IE",
            "userType": "IAMUser", "userName": "bob"}},
        "service": {"serviceName": "guardduty", "action": {"actionType": "AWS_API_CALL", "awsApiCallAction": {"api": "ListBuckets"}}},
    })
}

// Synthetic, after https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-attack-sequence-finding-types.html
fn sequence() -> Value {
    json!({
        "schemaVersion": "2.0", "type": "AttackSequence:IAM/CompromisedCredentials", "resource": {"resourceType": "AttackSequence"},
        "service": {"serviceName": "guardduty", "detection": {"sequence": {
            "actors": [{"id": "a", "user": {"name": "bob", "uid": "AIDATFQR7NSC5AU2ZV3IE", "type": "IAMUser", "credentialUid": A}}],
            "resources": [{"uid": B, "resourceType": "ACCESS_KEY", "data": {"accessKey": {"userName": "bob"}}},
                {"uid": "arn:aws:s3:::b", "resourceType": "S3_BUCKET"}]}}},
    })
}

// Synthetic, after https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
fn asff() -> Value {
    json!({
        "SchemaVersion": "2018-10-08", "Id": "x", "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/guardduty",
        "AwsAccountId": "218007301253", "Title": "API invoked from a Tor exit node",
        "Resources": [{"Type": "AwsIamAccessKey", "Id": format!("AWS::IAM::AccessKey:{A}"), "Details": {"AwsIamAccessKey": {
            "AccessKeyId": A, "PrincipalName": "bob", "PrincipalType": "IAMUser", "Status": "Active"}}},
            {"Type": "AwsAccount", "Id": "AWS::::Account:218007301253"}],
    })
}

// Synthetic, after https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-findings.html
fn ocsf() -> Value {
    json!({
        "class_uid": 2004, "class_name": "Detection Finding", "metadata": {"version": "1.5.0"},
        "finding_info": {"title": "Credentials used from a Tor exit node", "uid": "x"},
        "evidences": [{"actor": {"user": {"name": "bob", "credential_uid": A}}, "src_endpoint": {"ip": "192.0.2.1"}}],
        "resources": [{"type": "AWS::IAM::AccessKey", "uid": B}],
    })
}

// Synthetic, after https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html
fn health() -> Value {
    json!({
        "version": "0", "source": "aws.health", "detail-type": "AWS Health Abuse Event", "account": "218007301253", "region": "us-east-1",
        "detail": {"eventArn": "arn:aws:health:us-east-1::event/RISK/AWS_RISK_CREDENTIALS_EXPOSED/x", "service": "RISK",
            "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED", "eventTypeCategory": "issue", "affectedEntities": [{"entityValue": A}]},
    })
}

#[test]
fn each_form_names_its_key() {
    for form in [guard_duty(), asff(), health()] {
        assert_eq!(keys(&form), [A], "{form}");
    }
    assert_eq!(keys(&sequence()), [A, B]);
    assert_eq!(keys(&ocsf()), [A, B]);
    let mut by_arn = ocsf();
    by_arn["resources"] = json!([{"type": "AwsIamUser", "uid": format!("arn:aws:iam::123456789012:accesskey/{B}")}]);
    by_arn["evidences"] = json!([]);
    assert_eq!(keys(&by_arn), [B]);
    let by = read(&guard_duty().to_string()).unwrap().named[0].by.clone();
    assert_eq!(by, "GuardDuty finding `UnauthorizedAccess:IAMUser/TorIPCaller`");
}

#[test]
fn case_and_wrappings_make_no_difference() {
    for form in [guard_duty(), asff(), health(), ocsf(), sequence()] {
        let plain = keys(&form);
        let event = json!({"source": "aws.x", "detail-type": "x", "detail": form});
        let several = json!({"source": "aws.securityhub", "detail": {"findings": [form]}});
        let sns = json!({"Type": "Notification", "Message": event.to_string()});
        let sqs = json!({"Messages": [{"MessageId": "m", "Body": sns.to_string()}]});
        for wrapped in [
            pascal(&form),
            json!({"Findings": [form]}),
            json!([form]),
            pascal(&event),
            event,
            several,
            sns,
            sqs,
        ] {
            assert_eq!(keys(&wrapped), plain, "{wrapped}");
        }
    }
    let entities = json!({"entities": [{"entityArn": "x", "entityValue": A,
        "eventArn": "arn:aws:health:us-east-1::event/RISK/AWS_RISK_CREDENTIALS_EXPOSED/x"}]});
    assert_eq!(keys(&entities), [A]);
}

#[test]
fn several_findings_name_several_keys_each_once() {
    let mut other = guard_duty();
    other["resource"]["accessKeyDetails"]["accessKeyId"] = B.into();
    assert_eq!(keys(&json!({"Findings": [guard_duty(), other, guard_duty()]})), [A, B]);
    let lines = format!("{}\n{}\n", guard_duty(), other);
    assert_eq!(read(&lines).unwrap().named.len(), 2);
}

#[test]
fn keys_by_themselves_are_named() {
    assert_eq!(read(&format!("{A}\n")).unwrap().named[0].key.as_str(), A);
    assert_eq!(read(&format!("\u{feff}{A}\r\n{B}\r\n")).unwrap().named.len(), 2);
}

#[test]
fn what_only_looks_like_a_key_is_a_candidate() {
    for text in [
        format!("Dear customer, your key {A} was found at https://example.com/{B}.txt; {A}"),
        json!({"alert": {"message": format!("key {A}"), "other": [B]}}).to_string(),
        json!({"accessKeyId": A, "b": B}).to_string(),
    ] {
        let intake = read(&text).unwrap();
        let found: Vec<&str> = intake.candidates.iter().map(AccessKeyId::as_str).collect();
        assert_eq!((intake.named.len(), found), (0, vec![A, B]), "{text}");
    }
}

#[test]
fn what_names_no_key_says_what_it_names() {
    assert_eq!(read(" \n"), Err(IntakeError::Empty));
    assert_eq!(read("{}"), Err(IntakeError::NoKey(Vec::new())));
    let mut sample = guard_duty();
    sample["resource"]["accessKeyDetails"]["accessKeyId"] = "GeneratedFindingAccessKeyId".into();
    let error = read(&sample.to_string()).unwrap_err().to_string();
    assert!(
        error.contains("names `GeneratedFindingAccessKeyId`, which is no key ID"),
        "{error}"
    );
    let mut bucket = guard_duty();
    bucket["resource"] = json!({"resourceType": "S3Bucket"});
    assert!(
        read(&bucket.to_string())
            .unwrap_err()
            .to_string()
            .contains("is on no access key")
    );
    let mut user = asff();
    user["Resources"] = json!([{"Type": "AwsIamUser", "Id": "AIDATFQR7NSC5AU2ZV3IE"}]);
    assert!(
        read(&user.to_string())
            .unwrap_err()
            .to_string()
            .contains("is on no access key")
    );
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC{0,200}", cut in 0usize..600) {
        let _ = read(&text);
        for form in [guard_duty(), asff(), health(), ocsf(), sequence()] {
            let whole = form.to_string();
            // A finding that is cut off is no JSON: its keys are candidates, never named.
            if let Ok(intake) = read(whole.get(..cut.min(whole.len() - 1)).unwrap_or_default()) {
                prop_assert!(intake.named.is_empty());
            }
        }
    }
}

/// PowerShell writes what a command says in UTF-16. What is no text says so, and not that no key is in it.
#[test]
fn a_finding_is_read_in_utf_8_and_utf_16() {
    let told = guard_duty().to_string();
    let units = |of: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{told}");
    for written in [
        told.clone().into_bytes(),
        marked.clone().into_bytes(),
        units(u16::to_le_bytes, &marked),
        units(u16::to_be_bytes, &marked),
    ] {
        let intake = read(&text(written).unwrap()).unwrap();
        assert_eq!(intake.named[0].key.as_str(), A);
    }
    let cut = units(u16::to_le_bytes, &marked);
    for no_text in [
        units(u16::to_le_bytes, &told),
        cut[..cut.len() - 1].to_vec(),
        vec![0xff, 0xfe, 0x00, 0xd8, b'A', 0],
        vec![b'A', 0xff],
        vec![0xff, 0xfe, 0, 0],
    ] {
        assert_eq!(text(no_text), Err(IntakeError::NotText));
    }
}
