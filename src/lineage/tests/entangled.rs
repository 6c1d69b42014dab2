//! Entanglements of sessions: the first pass follows all that a reading of everything finds.

use super::console::{BROWSER, by_role, by_user, read_at_once, signed};
use super::*;

/// What a session of the entanglement below is: whose, and from when on. The first is a user's long-term key. Some are so near to each other in time that
/// they may be one, and some a little further.
fn entangled(place: usize, times: &[u32]) -> (AccessKeyId, Option<&'static str>, Option<String>) {
    let roles = [None, None, Some("X"), Some("Y"), Some("Y"), Some("Z"), None, Some("X")];
    let created = (place > 0).then(|| {
        let seconds = times[place] * 4;
        format!("2026-03-24T09:{:02}:{:02}Z", seconds / 12, seconds % 12)
    });
    let key = match place {
        0 => key("AKIAQ"),
        _ => key(&format!("ASIAENT{place}")),
    };
    (key, roles[place], created)
}

fn entangling(n: usize, times: &[u32], (by, what, gives, minute, sign_in): (usize, usize, usize, u32, usize)) -> Value {
    let at = format!("2026-03-24T09:{minute:02}:30Z");
    let id = format!("n{n}");
    let (own, role, created) = entangled(by, times);
    let agent = if what % 2 == 0 { BROWSER } else { "aws-cli/2.31" };
    let mut record = match role {
        Some(role) => by_role(&id, &at, "ListUsers", role, &own, created.as_deref().unwrap(), agent),
        None => by_user(&id, &at, "iam", "ListUsers", "u", Some(&own), created.as_deref()),
    };
    record["userAgent"] = json!(agent);
    if by > 0 && sign_in < 2 {
        record = signed(record, ["s", "t"][sign_in]);
    }
    let (given, into, since) = entangled(gives, times);
    match what {
        0..=3 | 14 if gives > 0 => {
            let arn = format!("arn:aws:sts::123456789012:assumed-role/{}/s", into.unwrap_or("none"));
            record["eventSource"] = json!("sts.amazonaws.com");
            record["eventName"] = json!(if into.is_some() {
                "AssumeRole"
            } else {
                "GetSessionToken"
            });
            record["eventTime"] = json!(since);
            record["responseElements"] = json!({"credentials": {"accessKeyId": given}});
            if let Some(role) = into {
                record["responseElements"]["assumedRoleUser"] =
                    json!({"assumedRoleId": format!("AROA{role}:s"), "arn": arn});
            }
        }
        4 | 12 => {
            record["eventName"] = json!("UpdateLoginProfile");
            record["requestParameters"] = json!({"userName": "u"});
        }
        5 | 13 => {
            record["eventSource"] = json!("signin.amazonaws.com");
            record["eventName"] = json!("CreateOAuth2Token");
        }
        15 if into.is_some() => {
            record = by_role(&id, "", "ConsoleLogin", into.unwrap(), &given, "", BROWSER);
            record["eventSource"] = json!("signin.amazonaws.com");
            record["eventTime"] = json!(since);
            record["userIdentity"]["sessionContext"]["attributes"] = Value::Null;
            record["responseElements"] = json!({"ConsoleLogin": "Success"});
        }
        6 => {
            let mut login = by_user(&id, "", "signin", "ConsoleLogin", "u", None, None);
            login["eventTime"] = json!(entangled(6, times).2);
            login["responseElements"] = json!({"ConsoleLogin": "Success"});
            record = login;
        }
        19 if into.is_some() => {
            // Whoever switches to a role in the console is told by ARN.
            let from = record["userIdentity"]["arn"].clone();
            record = by_role(&id, "", "SwitchRole", into.unwrap(), &given, "", BROWSER);
            record["eventSource"] = json!("signin.amazonaws.com");
            record["eventTime"] = json!(since);
            record["userIdentity"]["sessionContext"] = Value::Null;
            record["responseElements"] = json!({"SwitchRole": "Success"});
            record["additionalEventData"] = json!({"SwitchFrom": from});
        }
        20 if into.is_some() => {
            // A mint by the console for a switch, which the record says to be a service's.
            let who = record["userIdentity"].clone();
            record = mint(&id, since.as_deref().unwrap(), &own, "u", "AssumeRole", &given);
            record["userIdentity"] = who;
            record["userIdentity"]["invokedBy"] = json!("AWS Internal");
            let role = into.unwrap_or_default();
            record["responseElements"]["assumedRoleUser"] = json!({"assumedRoleId": format!("AROA{role}:s"),
                "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/s")});
        }
        18 if into.is_some() => {
            // A sign-in through SAML, which nobody's key asked for.
            record["userIdentity"] = json!({"type": "SAMLUser", "principalId": "provider:u", "userName": "u"});
            record["eventSource"] = json!("sts.amazonaws.com");
            record["eventName"] = json!("AssumeRoleWithSAML");
            record["eventTime"] = json!(since);
            let role = into.unwrap_or_default();
            record["responseElements"] = json!({"credentials": {"accessKeyId": given}, "assumedRoleUser":
                {"assumedRoleId": format!("AROA{role}:s"), "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/s")}});
        }
        7 | 21 if gives > 0 => {
            record["eventSource"] = json!("signin.amazonaws.com");
            record["eventName"] = json!("GetSigninToken");
            record["responseElements"] = json!({"credentials": {"accessKeyId": given}});
        }
        _ => {}
    }
    // Records leave the caller's key out at times.
    if (12..20).contains(&what) || what == 21 {
        record["userIdentity"]["accessKeyId"] = Value::Null;
    }
    record
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(400))]

    /// However sessions are entangled by mints, moments, sign-ins and passwords: reading an archive for what the first pass follows tells what reading
    /// everything tells, and follows every member.
    #[test]
    fn what_the_first_pass_follows_is_enough(
        calls in proptest::collection::vec((0usize..8, 0usize..22, 0usize..8, 0u32..40, 0usize..6), 1..14),
        times in proptest::collection::vec(proptest::prop_oneof![0u32..5, 0u32..90], 8),
        asked in 0usize..8,
    ) {
        let records: Vec<Value> = calls.iter().enumerate().map(|(n, call)| entangling(n, &times, *call)).collect();
        let asked = entangled(asked, &times).0;
        let expected = trace(&evidence(&records), &asked);
        let (found, is_all) = read_at_once(&records, &asked);
        proptest::prop_assert_eq!(found.credentials, expected.credentials);
        proptest::prop_assert!(is_all);
    }
}
