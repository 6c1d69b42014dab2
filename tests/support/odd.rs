//! Ways in which a record may be written otherwise than CloudTrail writes it, or hold what looks like something else.

use super::archive::Dice;
use serde_json::{Map, Value, json};

/// How many ways there are.
pub const WAYS: usize = 26;

fn shuffled(members: &Map<String, Value>, dice: &mut Dice) -> Map<String, Value> {
    let mut all: Vec<(String, Value)> = members.clone().into_iter().collect();
    for place in (1..all.len()).rev() {
        all.swap(place, dice.below(place + 1));
    }
    all.into_iter().collect()
}

fn with(text: &str, name: &str, value: Value) -> String {
    let mut record: Value = serde_json::from_str(text).unwrap();
    record[name] = value;
    record.to_string()
}

fn without(text: &str, name: &str) -> String {
    let mut record: Map<String, Value> = serde_json::from_str(text).unwrap();
    record.shift_remove(name);
    Value::Object(record).to_string()
}

/// A whole record that nobody made, with this key.
fn made_up(key: &str) -> Value {
    json!({"eventVersion": "1.10", "userIdentity": {"type": "IAMUser", "principalId": "AIDAX", "accessKeyId": key, "userName": "x"},
        "eventTime": "2020-01-01T00:00:00Z", "eventSource": "sts.amazonaws.com", "eventName": "GetSessionToken", "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.1", "requestParameters": null, "responseElements": {"credentials": {"accessKeyId": "ASIAMADEUPMADEUPMADE"}},
        "eventID": "made-up", "readOnly": false, "eventType": "AwsApiCall", "recipientAccountId": "123456789012"})
}

/// The record in the n-th of these ways. `key` is one that is asked for.
pub fn written(text: &str, n: usize, dice: &mut Dice, key: &str) -> String {
    let record: Map<String, Value> = serde_json::from_str(text).unwrap();
    let inside = |value: Value| with(text, "requestParameters", value);
    // In front of the last member of all, which is an object.
    let late = |more: &str| text.replacen(",\"eventType\":", &format!(",{more},\"eventType\":"), 1);
    match n {
        0 => serde_json::to_string_pretty(&record).unwrap(),
        1 => Value::Object(shuffled(&record, dice)).to_string(),
        2 => {
            let who = shuffled(record["userIdentity"].as_object().unwrap(), dice);
            with(text, "userIdentity", Value::Object(who))
        }
        3 => text.replacen("\"eventTime\"", "\"event\\u0054ime\"", 1),
        4 => text.replace("\"accessKeyId\":\"A", "\"accessKeyId\":\"\\u0041"),
        5 => with(
            text,
            "userAgent",
            json!(format!("a {{ b }} ]}} \\ \" {}", made_up(key))),
        ),
        6 => inside(made_up(key)),
        7 => inside(json!({"list": [made_up(key), made_up(key)]})),
        8 => inside(
            json!({"tags": {"accessKeyId": key, "sharedEventID": "x", "eventID": "y", "eventTime": "2020-01-01T00:00:00Z"}}),
        ),
        9 => inside(
            json!({"n\u{e9}v \u{1f511}": "\u{43a}\u{43b}\u{44e}\u{447}\u{202f}", "eventBusName": key, "eventPattern": "{\"eventID\":[\"x\"]}"}),
        ),
        10 => without(text, "eventID"),
        11 => without(text, "recipientAccountId"),
        12 => with(text, "readOnly", json!("true")),
        13 => late(&format!("\"eventID\":\"{}\"", dice.roll())),
        14 => late(&format!(
            "\"addendum\":{{\"reason\":\"UPDATED_DATA\",\"originalEventID\":\"{}\"}}",
            dice.roll()
        )),
        15 => late("\"sharedEventID\":\"shared\""),
        16 => with(text, "sharedEventID", json!("shared")),
        17 => late("\"resources\":[{\"ARN\":\"arn:aws:s3:::b/}],\",\"type\":\"t\"},{\"ARN\":\"}],\"}]"),
        18 => json!({"_raw": text}).to_string(),
        19 => format!(" \n{text}\t"),
        20 => text.replacen("Z\",\"eventSource\"", ".123Z\",\"eventSource\"", 1),
        21 => with(text, "managementEvent", json!("false")),
        22 => with(text, "errorCode", json!("")),
        23 => without(text, "eventTime"),
        24 => text.replacen(
            "\"userIdentity\":{",
            "\"userIdentity\":{\"x\":[{\"a\":1.5e3}],\"y\":{\"z\":{\"type\":{\"b\":\"c\"}}},",
            1,
        ),
        _ => text.replacen("\"eventID\":\"", "\"eventID\" : \"", 1),
    }
}
