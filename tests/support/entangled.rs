//! Trails in which sessions are entangled by mints, moments, sign-ins, passwords and switches, for tests that draw them at random.

use serde_json::{Value, json};

/// The user agents of a browser, and of a program.
const AGENTS: [&str; 2] = ["Mozilla/5.0 (X11; Linux x86_64)", "aws-cli/2.31"];

/// A call: by which session, of which kind, which session it gives, at which minute, and which sign-in it bears if that is 0 or 1.
pub type Call = (usize, usize, usize, u32, usize);

/// How many sessions and kinds of calls there are.
pub const SESSIONS: usize = 8;
pub const KINDS: usize = 24;

/// Whose each session is: of the user where that is no role. The first is the user's long-term key.
const ROLES: [Option<&str>; SESSIONS] = [None, None, Some("X"), Some("Y"), Some("Y"), Some("Z"), None, Some("X")];

/// A trail of its own: nobody in it has a name or a key of another.
pub struct Trail<'t> {
    pub case: usize,
    /// When each session was issued, in fours of seconds: some so near to each other that they may be one.
    pub times: &'t [u32],
}

impl Trail<'_> {
    /// The key of a session.
    pub fn key(&self, place: usize) -> String {
        let kind = if place == 0 { "AKIA" } else { "ASIA" };
        format!("{:A<20}", format!("{kind}ENT{}{place}", self.letters()))
    }

    /// Key IDs have no digits below 2.
    fn letters(&self) -> String {
        let digits = format!("{:05}", self.case).into_bytes().into_iter();
        digits.map(|digit| char::from(digit - b'0' + b'K')).collect()
    }

    fn created(&self, place: usize) -> Option<String> {
        let seconds = self.times[place] * 4;
        (place > 0).then(|| format!("2026-03-24T09:{:02}:{:02}Z", seconds / 12, seconds % 12))
    }

    fn role(&self, place: usize) -> Option<String> {
        ROLES[place].map(|role| format!("{role}{}", self.letters()))
    }

    fn identity(&self, place: usize) -> Value {
        let (key, created) = (self.key(place), self.created(place));
        match self.role(place) {
            Some(role) => json!({"type": "AssumedRole", "principalId": format!("AROA{role}:s"),
                "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/s"), "accountId": "123456789012", "accessKeyId": key,
                "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": format!("AROA{role}"),
                    "arn": format!("arn:aws:iam::123456789012:role/{role}"), "userName": role},
                    "attributes": {"creationDate": created, "mfaAuthenticated": "false"}}}),
            None => {
                let user = format!("u{}", self.letters());
                json!({"type": "IAMUser", "principalId": format!("AIDA{}", user.to_uppercase()),
                    "arn": format!("arn:aws:iam::123456789012:user/{user}"), "accountId": "123456789012", "accessKeyId": key, "userName": user,
                    "sessionContext": {"attributes": {"creationDate": created, "mfaAuthenticated": "false"}}})
            }
        }
    }

    /// In the order in which CloudTrail writes, so that an archive of them is scanned and not parsed.
    fn record(&self, n: usize, at: &str, service: &str, name: &str, who: Value, agent: &str) -> Value {
        json!({"eventVersion": "1.10", "userIdentity": who, "eventTime": at, "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
            "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.9", "userAgent": agent, "requestParameters": null, "responseElements": null,
            "requestID": "r", "eventID": format!("e{}-{n:02}", self.case), "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
            "recipientAccountId": "123456789012", "eventCategory": "Management"})
    }

    fn gives(&self, place: usize) -> Value {
        let mut answer = json!({"credentials": {"accessKeyId": self.key(place)}});
        if let Some(role) = self.role(place) {
            answer["assumedRoleUser"] = json!({"assumedRoleId": format!("AROA{role}:s"),
                "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/s")});
        }
        answer
    }

    /// The records of these calls.
    pub fn records(&self, calls: &[Call]) -> Vec<Value> {
        calls
            .iter()
            .enumerate()
            .map(|(n, call)| self.of_call(n, *call))
            .collect()
    }

    fn of_call(&self, n: usize, (by, what, gives, minute, sign_in): Call) -> Value {
        let at = format!("2026-03-24T09:{minute:02}:30Z");
        let agent = AGENTS[what % 2];
        let mut record = self.record(n, &at, "iam", "ListUsers", self.identity(by), agent);
        if by > 0 && sign_in < 2 {
            record["userIdentity"]["sessionContext"]["signInSessionArn"] = json!(format!(
                "arn:aws:signin:us-east-1:123456789012:session/{}{}",
                ["s", "t"][sign_in],
                self.case
            ));
        }
        let since = self.created(gives);
        let into_role = self.role(gives).is_some();
        let call = |record: &mut Value, service: &str, name: &str| {
            record["eventSource"] = json!(format!("{service}.amazonaws.com"));
            record["eventName"] = json!(name);
        };
        // What the new session itself is said to do, which bears no session yet.
        let entry = |name: &str| {
            let mut record = self.record(
                n,
                since.as_deref().unwrap_or(&at),
                "signin",
                name,
                self.identity(gives),
                AGENTS[0],
            );
            record["responseElements"] = json!({name: "Success"});
            record
        };
        match what {
            0..=3 | 14 if gives > 0 => {
                call(
                    &mut record,
                    "sts",
                    if into_role { "AssumeRole" } else { "GetSessionToken" },
                );
                record["eventTime"] = json!(since);
                record["responseElements"] = self.gives(gives);
            }
            4 | 12 => {
                call(&mut record, "iam", "UpdateLoginProfile");
                record["requestParameters"] = json!({"userName": format!("u{}", self.letters())});
            }
            5 | 13 => call(&mut record, "signin", "CreateOAuth2Token"),
            15 if into_role => {
                record = entry("ConsoleLogin");
                record["userIdentity"]["sessionContext"]["attributes"] = Value::Null;
            }
            6 => {
                record = entry("ConsoleLogin");
                record["userIdentity"] = self.identity(6);
                record["userIdentity"]["accessKeyId"] = Value::Null;
                record["userIdentity"]["sessionContext"] = Value::Null;
                record["eventTime"] = json!(self.created(6));
            }
            19 if into_role => {
                // Whoever switches to a role in the console is told by ARN.
                let from = record["userIdentity"]["arn"].clone();
                record = entry("SwitchRole");
                record["userIdentity"]["sessionContext"] = Value::Null;
                record["additionalEventData"] = json!({"SwitchFrom": from});
            }
            20 if into_role => {
                // A mint by the console for a switch, which the record says to be a service's.
                call(&mut record, "sts", "AssumeRole");
                record["userIdentity"]["invokedBy"] = json!("AWS Internal");
                record["eventTime"] = json!(since);
                record["responseElements"] = self.gives(gives);
            }
            18 if into_role => {
                // A sign-in through SAML, which nobody's key asked for.
                record["userIdentity"] = json!({"type": "SAMLUser", "principalId": "provider:u", "userName": "u"});
                call(&mut record, "sts", "AssumeRoleWithSAML");
                record["eventTime"] = json!(since);
                record["responseElements"] = self.gives(gives);
            }
            7 | 21 if gives > 0 => {
                call(&mut record, "signin", "GetSigninToken");
                record["responseElements"] = json!({"credentials": {"accessKeyId": self.key(gives)}});
            }
            22 | 23 => {
                // The user's long-term key is made active again, or taken out of use.
                call(&mut record, "iam", "UpdateAccessKey");
                let status = if sign_in == 5 { "Inactive" } else { "Active" };
                record["requestParameters"] =
                    json!({"userName": format!("u{}", self.letters()), "accessKeyId": self.key(0), "status": status});
            }
            _ => {}
        }
        // Records leave the caller's key out at times.
        if (12..20).contains(&what) || what == 21 || what == 23 {
            record["userIdentity"]["accessKeyId"] = Value::Null;
        }
        record
    }
}
