#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use crate::trail::Event;
use proptest::prelude::*;
use serde_json::{Value, json};

fn whole() -> Value {
    json!({"eventVersion": "1.10", "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "arn": "arn:aws:sts::123456789012:assumed-role/R/s",
        "accountId": "123456789012", "accessKeyId": "ASIAIOSFODNN7EXAMPLE", "credentialId": "ACCAIOSFODNN7EXAMPLE", "userName": "u", "invokedBy": "s3.amazonaws.com",
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": "arn:aws:iam::123456789012:role/R", "userName": "R"},
            "attributes": {"creationDate": "2026-11-10T09:00:00Z", "mfaAuthenticated": "true"}, "sourceIdentity": "me", "signInSessionArn": "arn:x"}},
        "eventTime": "2026-11-10T09:05:00Z", "eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue", "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.9", "userAgent": "a \"quoted\" agent {\u{e9}}", "errorCode": "AccessDenied", "errorMessage": "no\nway",
        "requestParameters": {"secretId": "prod/db", "password": "p"}, "responseElements": {"credentials": {"sessionToken": "t", "accessKeyId": "A"}, "errorCode": "Inner"},
        "resources": [{"ARN": "arn:aws:s3:::b", "type": "t"}, {"accountId": "1"}], "requestID": "r", "eventID": "e", "readOnly": true,
        "eventType": "AwsApiCall", "managementEvent": false, "recipientAccountId": "123456789012", "sharedEventID": "s", "eventCategory": "Data",
        "sessionCredentialFromConsole": "true", "addendum": null, "additionalEventData": {"SwitchFrom": "arn:aws:iam::123456789012:user/u"}, "tlsDetails": {"tlsVersion": "TLSv1.3"}})
}

fn other() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!(true)),
        Just(json!("false")),
        Just(json!(7)),
        Just(json!({})),
        Just(json!([])),
        Just(json!([{"ARN": 3}, null])),
        Just(json!({"originalEventID": "o", "reason": "UPDATED_DATA"})),
        Just(json!("2026-11-10T10:00:00Z")),
    ]
}

/// The places of all members, at any depth.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let place = format!("{at}/{name}");
        places(inner, &place, into);
        into.push(place);
    }
}

proptest! {
    /// Whatever its members are, or however many are missing, the text of a record gives the event that its value gives.
    #[test]
    fn a_text_gives_the_event_that_its_value_gives(changes in prop::collection::vec((any::<prop::sample::Index>(), prop::option::of(other())), 0..5)) {
        let mut record = whole();
        let mut all = Vec::new();
        places(&record, "", &mut all);
        for (place, change) in changes {
            let place = &all[place.index(all.len())];
            match change {
                Some(value) => if let Some(here) = record.pointer_mut(place) { *here = value },
                None => {
                    let (at, name) = place.rsplit_once('/').unwrap();
                    if let Some(here) = record.pointer_mut(at).and_then(Value::as_object_mut) { here.shift_remove(name); }
                }
            }
        }
        let text = record.to_string();
        prop_assert_eq!(Event::read(text.as_bytes()), Event::parse(&record), "{}", text);
        // A member that comes twice counts as the parser has it.
        let twice = format!("{{\"eventID\":\"first\",\"readOnly\":\"x\",{}", &text[1..]);
        prop_assert_eq!(Event::read(twice.as_bytes()), Event::parse(&serde_json::from_str(&twice).unwrap()));
    }
}
