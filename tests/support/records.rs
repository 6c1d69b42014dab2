//! Records as CloudTrail writes them, one member after the other in its order, and small trails that each detection must find or must not.

use serde_json::{Map, Value, json};

/// A call.
pub struct Told {
    who: Value,
    at: &'static str,
    call: (&'static str, &'static str),
    from: &'static str,
    error: Option<&'static str>,
    days: u32,
    endpoint: Option<&'static str>,
    request: Value,
    response: Value,
}

pub fn user(name: &str, key: &str) -> Value {
    let mut who = json!({
        "type": "IAMUser", "principalId": format!("AIDA{}", name.to_uppercase()), "arn": format!("arn:aws:iam::123456789012:user/{name}"),
        "accountId": "123456789012", "accessKeyId": key, "userName": name
    });
    if key.starts_with("ASIA") {
        who["sessionContext"] =
            json!({"attributes": {"creationDate": "2026-11-02T08:00:00Z", "mfaAuthenticated": "false"}});
    }
    who
}

pub fn with_mfa(mut who: Value) -> Value {
    who["sessionContext"]["attributes"]["mfaAuthenticated"] = json!("true");
    who
}

pub fn role(name: &str, session: &str, key: &str) -> Value {
    json!({
        "type": "AssumedRole", "principalId": format!("AROA{}:{session}", name.to_uppercase()),
        "arn": format!("arn:aws:sts::123456789012:assumed-role/{name}/{session}"), "accountId": "123456789012", "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": format!("AROA{}", name.to_uppercase()), "arn": role_arn(name),
                "accountId": "123456789012", "userName": name},
            "attributes": {"creationDate": "2026-11-02T08:00:00Z", "mfaAuthenticated": "false"}
        }
    })
}

/// A session that a user federated.
pub fn federated(by: &str, name: &str, key: &str) -> Value {
    json!({
        "type": "FederatedUser", "principalId": format!("123456789012:{name}"),
        "arn": format!("arn:aws:sts::123456789012:federated-user/{name}"), "accountId": "123456789012", "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {"type": "IAMUser", "principalId": format!("AIDA{}", by.to_uppercase()),
                "arn": format!("arn:aws:iam::123456789012:user/{by}"), "accountId": "123456789012", "userName": by},
            "attributes": {"creationDate": "2026-11-02T08:00:00Z", "mfaAuthenticated": "false"}
        }
    })
}

/// A session that was issued at that time.
pub fn issued(mut who: Value, at: &str) -> Value {
    who["sessionContext"]["attributes"]["creationDate"] = json!(format!("2026-11-02T{at}Z"));
    who
}

pub fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{name}")
}

pub fn call(who: Value, at: &'static str, service: &'static str, name: &'static str) -> Told {
    Told {
        who,
        at,
        call: (service, name),
        from: "203.0.113.66",
        error: None,
        days: 0,
        endpoint: None,
        request: Value::Null,
        response: Value::Null,
    }
}

impl Told {
    pub fn from(mut self, address: &'static str) -> Self {
        self.from = address;
        self
    }

    /// Through a VPC endpoint, from an address within its network.
    pub fn through(mut self, endpoint: &'static str, address: &'static str) -> Self {
        self.endpoint = Some(endpoint);
        self.from = address;
        self
    }

    pub fn days_later(mut self, days: u32) -> Self {
        self.days = days;
        self
    }

    pub fn refused(mut self) -> Self {
        self.error = Some("AccessDenied");
        self
    }

    pub fn sent(mut self, request: Value) -> Self {
        self.request = request;
        self
    }

    pub fn gave(mut self, key: &str) -> Self {
        self.response = json!({"credentials": {"accessKeyId": key, "sessionToken": "SECRET", "expiration": "Nov 2, 2026, 10:00:00 AM"}});
        self
    }

    pub fn record(self, id: usize) -> Value {
        let mut record = Map::new();
        let mut set = |name: &str, value: Value| drop(record.insert(name.to_owned(), value));
        set("eventVersion", json!("1.10"));
        set("userIdentity", self.who);
        set("eventTime", json!(format!("2026-11-{:02}T{}Z", 2 + self.days, self.at)));
        set("eventSource", json!(format!("{}.amazonaws.com", self.call.0)));
        set("eventName", json!(self.call.1));
        set("awsRegion", json!("us-east-1"));
        set("sourceIPAddress", json!(self.from));
        set("userAgent", json!("aws-cli/2.31.0"));
        if let Some(error) = self.error {
            set("errorCode", json!(error));
            set("errorMessage", json!("User is not authorized"));
        }
        if let Some(endpoint) = self.endpoint {
            set("vpcEndpointId", json!(endpoint));
        }
        set("requestParameters", self.request);
        set("responseElements", self.response);
        set("requestID", json!(format!("request-{id}")));
        set("eventID", json!(format!("event-{id}")));
        set("readOnly", json!(true));
        set("eventType", json!("AwsApiCall"));
        set("managementEvent", json!(true));
        set("recipientAccountId", json!("123456789012"));
        set("eventCategory", json!("Management"));
        Value::Object(record)
    }
}

/// Small trails that a rule must find, and such that it must not.
pub struct Case {
    pub rule: &'static str,
    pub found: Vec<Vec<Value>>,
    pub not: Vec<Vec<Value>>,
}

fn trails(trails: Vec<Vec<Told>>) -> Vec<Vec<Value>> {
    let each = trails.into_iter();
    let numbered = |trail: Vec<Told>| trail.into_iter().enumerate().map(|(n, told)| told.record(n)).collect();
    each.map(numbered).collect()
}

const A: &str = "AKIAAAAAAAAAAAAAAAAA";
const B: &str = "ASIABBBBBBBBBBBBBBBB";
const C: &str = "ASIACCCCCCCCCCCCCCCC";
const D: &str = "ASIADDDDDDDDDDDDDDDD";

fn take(who: Value, at: &'static str, name: &str) -> Told {
    call(who, at, "sts", "AssumeRole").sent(json!({"roleArn": role_arn(name), "roleSessionName": "s"}))
}

fn iam(who: Value, at: &'static str, name: &'static str, request: Value) -> Told {
    call(who, at, "iam", name).sent(request)
}

/// The same user of another account.
fn elsewhere(mut who: Value) -> Value {
    who["accountId"] = json!("210987654321");
    who
}

fn root() -> Value {
    json!({"type": "Root", "principalId": "123456789012", "arn": "arn:aws:iam::123456789012:root", "accountId": "123456789012", "accessKeyId": D})
}

/// Ann gets a permissions boundary.
fn bounded(by: &'static str) -> Told {
    let request = json!({"userName": "ann", "permissionsBoundary": by});
    iam(user("chief", D), "09:00:00", "PutUserPermissionsBoundary", request)
}

/// Somebody changes what inline policy ann has.
fn policy(by: Value, at: &'static str, name: &'static str, policy: &str) -> Told {
    iam(by, at, name, json!({"userName": "ann", "policyName": policy}))
}

fn chief() -> Value {
    user("chief", D)
}

/// Ann's policy is written, with this effect.
fn written(by: Value, policy: &str, effect: &str) -> Told {
    let document = json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*", "Resource": "*"}});
    let request = json!({"userName": "ann", "policyName": policy, "policyDocument": document.to_string()});
    iam(by, "09:00:00", "PutUserPolicy", request)
}

/// A document that denies everything, as people write it by hand.
const DENIES_ALL: &str = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Sid\": \"Stop\",\n      \"Effect\": \"Deny\",\n      \"Action\": \"*\",\n      \"Resource\": [ \"*\" ]\n    }\n  ]\n}";
/// One that denies everything to older sessions, as the console writes it.
const DENIES_OLDER: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-02T09:00:00Z"}}}]}"#;
/// One that denies all but some calls.
const DENIES_MOST: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"ButLooking","Effect":"Deny","NotAction":["iam:Get*","iam:List*"],"Resource":"*"}]}"#;
/// Some that deny less than that.
const DENIES_LESS: [&str; 4] = [
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"*","Resource":"*"}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
];

/// Somebody's policy is written, with this document.
fn put(whom: Value, by: Value, at: &'static str, policy: &str, document: &str) -> Told {
    let name = match (whom.get("roleName"), whom.get("groupName")) {
        (Some(_), _) => "PutRolePolicy",
        (_, Some(_)) => "PutGroupPolicy",
        _ => "PutUserPolicy",
    };
    let mut request = whom;
    request["policyName"] = json!(policy);
    request["policyDocument"] = json!(document);
    iam(by, at, name, request)
}

fn ann() -> Value {
    json!({"userName": "ann"})
}

fn of_group() -> Value {
    json!({"groupName": "G"})
}

fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::123456789012:policy/incidents/{name}")
}

/// A managed policy is made, with this document.
fn created(name: &str, document: &str) -> Told {
    let request = json!({"policyName": name, "path": "/incidents/", "policyDocument": document});
    let mut told = iam(chief(), "09:00:00", "CreatePolicy", request);
    told.response = json!({"policy": {"policyName": name, "arn": policy_arn(name), "defaultVersionId": "v1"}});
    told
}

/// Something is done with a managed policy and Ann.
fn detached(call: &'static str, name: &str) -> Told {
    let request = json!({"userName": "ann", "policyArn": policy_arn(name)});
    iam(user("ann", A), "09:30:00", call, request)
}

/// It gets another version.
fn version(name: &str, document: &str) -> Told {
    let request = json!({"policyArn": policy_arn(name), "policyDocument": document, "setAsDefault": true});
    iam(user("ann", A), "09:30:00", "CreatePolicyVersion", request)
}

fn of_role() -> Value {
    json!({"roleName": "R"})
}

/// A policy of that name is taken off.
fn taken_off(whom: Value, at: &'static str, policy: &str) -> Told {
    let name = match (whom.get("roleName"), whom.get("groupName")) {
        (Some(_), _) => "DeleteRolePolicy",
        (_, Some(_)) => "DeleteGroupPolicy",
        _ => "DeleteUserPolicy",
    };
    let mut request = whom;
    request["policyName"] = json!(policy);
    iam(chief(), at, name, request)
}

/// A session of the role works.
fn of_session(began: &str, at: &'static str) -> Told {
    call(issued(role("R", "s", C), began), at, "ec2", "DescribeInstances")
}

fn managed(at: &'static str, name: &'static str, policy: &str) -> Told {
    iam(chief(), at, name, json!({"userName": "ann", "policyArn": policy}))
}

const DENY_ALL_ARN: &str = "arn:aws:iam::aws:policy/AWSDenyAll";

fn times(ats: &[&'static str]) -> Vec<Told> {
    ats.iter().map(|at| take(user("ann", B), at, "R")).collect()
}

/// Another boundary takes the place of the one that is there.
fn rebound(by: Value, name: &str) -> Told {
    let request = json!({"userName": name, "permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"});
    iam(by, "10:00:00", "PutUserPermissionsBoundary", request)
}

/// One credential takes these roles: all but the last at nine.
fn spread(names: &[&str], last: &'static str) -> Vec<Told> {
    let at = |n: usize| if n + 1 == names.len() { last } else { "09:00:00" };
    let each = names.iter().enumerate();
    each.map(|(n, name)| take(user("ann", B), at(n), name)).collect()
}

/// Each of these roles takes the next, with what the one before gave.
fn ring(names: &[&str]) -> Vec<Told> {
    const ATS: [&str; 4] = ["09:00:00", "10:00:00", "11:00:00", "12:00:00"];
    let key = |n: usize| format!("ASIARING0000000000A{n}");
    let each = names.windows(2).enumerate();
    each.map(|(n, pair)| take(role(pair[0], "s", &key(n)), ATS[n], pair[1]).gave(&key(n + 1)))
        .collect()
}

pub fn cases() -> Vec<Case> {
    let token = || call(user("ann", A), "09:00:00", "sts", "GetSessionToken");
    let with_device =
        || token().sent(json!({"serialNumber": "arn:aws:iam::123456789012:mfa/ann", "durationSeconds": 3600}));
    let look = |who: Value, at| call(who, at, "ec2", "DescribeInstances");
    let instance = || role("Web", "i-0123456789abcdef0", C);
    let deny = || {
        iam(
            user("chief", D),
            "09:00:00",
            "PutUserPolicy",
            json!({"userName": "ann", "policyName": "OustDenyAll"}),
        )
    };
    let cut = || {
        iam(
            user("chief", D),
            "09:00:00",
            "UpdateAccessKey",
            json!({"userName": "ann", "accessKeyId": A, "status": "Inactive"}),
        )
    };
    let quarantine = |policy: &str| {
        iam(
            user("aws", D),
            "09:00:00",
            "AttachUserPolicy",
            json!({"userName": "ann", "policyArn": policy}),
        )
    };
    let bob = || json!({"userName": "bob"});
    vec![
        Case {
            rule: "session-token-without-mfa",
            found: trails(vec![
                vec![token()],
                vec![token().sent(json!({"durationSeconds": 129600}))],
                vec![token().sent(json!({"serialNumber": null}))],
            ]),
            not: trails(vec![
                vec![with_device()],
                vec![token().refused()],
                vec![look(user("ann", A), "09:00:00")],
            ]),
        },
        Case {
            rule: "session-token",
            found: trails(vec![vec![token()], vec![with_device()]]),
            not: trails(vec![
                vec![token().refused()],
                vec![call(user("ann", A), "09:00:00", "sts", "GetCallerIdentity")],
            ]),
        },
        Case {
            rule: "federation-token",
            found: trails(vec![vec![
                call(user("ann", A), "09:00:00", "sts", "GetFederationToken").sent(json!({"name": "x"})),
            ]]),
            not: trails(vec![
                vec![token()],
                vec![call(user("ann", A), "09:00:00", "sts", "GetFederationToken").refused()],
            ]),
        },
        Case {
            rule: "session-token-assumes-role",
            found: trails(vec![vec![take(user("ann", B), "09:00:00", "R").gave(C)]]),
            not: trails(vec![
                vec![take(user("ann", A), "09:00:00", "R")],
                vec![take(with_mfa(user("ann", B)), "09:00:00", "R")],
                vec![take(role("Q", "s", B), "09:00:00", "R")],
                vec![take(user("ann", B), "09:00:00", "R").refused()],
            ]),
        },
        Case {
            rule: "assume-role-burst",
            found: trails(vec![
                times(&["09:00:00", "09:01:00", "09:02:00", "09:03:00", "09:04:00"]),
                times(&["08:00:00", "09:00:00", "09:02:30", "09:05:00", "09:07:00", "09:10:00"]),
            ]),
            not: trails(vec![
                times(&["09:00:00", "09:02:30", "09:05:00", "09:07:00", "09:10:01"]),
                times(&["09:00:00", "09:01:00", "09:02:00", "09:03:00"]),
                // Five times, of five roles; and by five credentials.
                ["R1", "R2", "R3", "R4", "R5"]
                    .iter()
                    .map(|name| take(user("ann", B), "09:00:00", name))
                    .collect(),
                [A, B, C, D, "ASIAEEEEEEEEEEEEEEEE"]
                    .iter()
                    .map(|key| take(user("ann", key), "09:00:00", "R"))
                    .collect(),
            ]),
        },
        Case {
            rule: "assume-role-spread",
            found: trails(vec![
                spread(&["R1", "R2", "R3", "R4", "R5"], "09:09:59"),
                spread(&["R1", "R1", "R2", "R3", "R4", "R2", "R5"], "09:10:00"),
            ]),
            not: trails(vec![
                spread(&["R1", "R2", "R3", "R4", "R5"], "09:10:01"),
                spread(&["R1", "R2", "R3", "R4", "R4", "R1"], "09:00:01"),
                // Five credentials; and such that were refused.
                [
                    (A, "R1"),
                    (B, "R2"),
                    (C, "R3"),
                    (D, "R4"),
                    ("ASIAEEEEEEEEEEEEEEEE", "R5"),
                ]
                .iter()
                .map(|(key, name)| take(user("ann", key), "09:00:00", name))
                .collect(),
                ["R1", "R2", "R3", "R4", "R5"]
                    .iter()
                    .map(|name| take(user("ann", B), "09:00:00", name).refused())
                    .collect(),
            ]),
        },
        Case {
            rule: "role-ring",
            found: trails(vec![
                ring(&["Q", "R", "P", "Q"]),
                ring(&["Q", "R", "P", "O", "Q"]),
                // A role that takes itself on the way; a way in before.
                ring(&["Q", "R", "R", "Q"]),
                ring(&["O", "Q", "R", "P", "Q"]),
                {
                    // The ID of one of the sessions was another's, which was over the day before.
                    let ring = ring(&["Q", "R", "P", "Q"]).into_iter();
                    let mut again: Vec<Told> = ring.map(|told| told.days_later(1)).collect();
                    again.push(take(role("P", "s", A), "09:00:00", "R").gave("ASIARING0000000000A1"));
                    again
                },
            ]),
            not: trails(vec![
                ring(&["Q", "R", "Q"]),
                ring(&["Q", "R", "P", "O"]),
                ring(&["Q", "Q", "Q", "Q"]),
                {
                    let mut other = ring(&["Q", "R", "P"]);
                    other.push(take(role("P", "s", A), "12:00:00", "Q"));
                    other
                },
                {
                    let mut late = ring(&["Q", "R", "P"]);
                    late.push(take(role("P", "s", "ASIARING0000000000A2"), "23:59:59", "Q").days_later(1));
                    late
                },
            ]),
        },
        Case {
            rule: "role-assumes-itself",
            found: trails(vec![vec![take(role("R", "s", C), "09:00:00", "R")]]),
            not: trails(vec![
                vec![take(role("Q", "s", C), "09:00:00", "R")],
                vec![take(user("ann", A), "09:00:00", "R")],
            ]),
        },
        Case {
            rule: "role-juggling",
            found: trails(vec![vec![
                take(role("Q", "s", B), "09:00:00", "R").gave(C),
                take(role("R", "s", C), "09:50:00", "Q").gave(D),
            ]]),
            not: trails(vec![
                // A chain that goes on; a chain of somebody else; the wrong order; half a day later.
                vec![
                    take(role("Q", "s", B), "09:00:00", "R").gave(C),
                    take(role("R", "s", C), "09:50:00", "P").gave(D),
                ],
                vec![
                    take(role("Q", "s", B), "09:00:00", "R").gave(C),
                    take(role("R", "s", D), "09:50:00", "Q"),
                ],
                vec![
                    take(role("Q", "s", B), "09:50:00", "R").gave(C),
                    take(role("R", "s", C), "09:00:00", "Q").gave(D),
                ],
                vec![
                    take(role("Q", "s", B), "09:00:00", "R").gave(C),
                    take(role("R", "s", C), "21:00:01", "Q").gave(D),
                ],
            ]),
        },
        Case {
            rule: "instance-credential-away",
            found: trails(vec![
                vec![
                    look(instance(), "09:00:00"),
                    look(instance(), "13:00:00").from("198.51.100.7"),
                ],
                vec![
                    look(instance(), "09:00:00"),
                    look(instance(), "09:10:00").from("2001:db8::66"),
                ],
                vec![
                    look(instance(), "09:00:00").from("2001:db8::1"),
                    look(instance(), "09:10:00").from("2001:db8:1::66"),
                ],
            ]),
            not: trails(vec![
                vec![
                    look(instance(), "09:00:00"),
                    look(instance(), "09:10:00").from("fd00:ec2::254"),
                ],
                vec![
                    look(instance(), "09:00:00"),
                    look(instance(), "09:10:00").from("10.0.0.5"),
                ],
                vec![
                    look(instance(), "09:00:00"),
                    look(instance(), "09:10:00").from("s3.amazonaws.com"),
                ],
                vec![
                    look(instance(), "09:00:00"),
                    look(instance(), "09:10:00").from("AWS Internal"),
                ],
                vec![
                    look(instance(), "09:00:00"),
                    look(role("Web", "i-1", D), "09:10:00").from("198.51.100.7"),
                ],
                vec![
                    look(role("Web", "people", C), "09:00:00"),
                    look(role("Web", "people", C), "09:10:00").from("198.51.100.7"),
                ],
            ]),
        },
        Case {
            rule: "instance-credential-other-network",
            found: trails(vec![
                vec![
                    look(instance(), "09:00:00").through("vpce-a", "10.0.1.5"),
                    look(instance(), "13:00:00").through("vpce-b", "172.31.9.9"),
                ],
                vec![
                    look(instance(), "09:00:00").through("vpce-a", "10.0.1.5"),
                    look(instance(), "10:00:00").through("vpce-a", "10.0.1.5"),
                    look(instance(), "13:00:00").through("vpce-b", "10.0.1.5").refused(),
                ],
            ]),
            not: trails(vec![
                // Pods that have addresses of their own; the endpoints of two services.
                vec![
                    look(instance(), "09:00:00").through("vpce-a", "10.0.1.5"),
                    look(instance(), "09:10:00").through("vpce-a", "10.0.1.6"),
                    look(instance(), "09:10:00").through("vpce-a", "192.168.1.7"),
                ],
                vec![
                    look(instance(), "09:00:00").through("vpce-a", "10.0.1.5"),
                    call(instance(), "09:10:00", "sqs", "ListQueues").through("vpce-b", "10.0.1.5"),
                ],
                vec![
                    look(instance(), "09:00:00").through("vpce-a", "10.0.1.5"),
                    look(instance(), "09:10:00"),
                    look(instance(), "09:10:00").from("10.0.1.5"),
                ],
                vec![
                    look(instance(), "09:00:00").through("vpce-a", "10.0.1.5"),
                    look(role("Web", "i-1", D), "09:10:00").through("vpce-b", "10.0.1.6"),
                ],
                vec![
                    look(role("Web", "people", C), "09:00:00").through("vpce-a", "10.0.1.5"),
                    look(role("Web", "people", C), "09:10:00").through("vpce-b", "10.0.1.6"),
                ],
            ]),
        },
        Case {
            rule: "session-from-two-addresses",
            found: trails(vec![vec![
                look(role("R", "s", C), "09:00:00"),
                look(role("R", "s", C), "11:00:00").from("198.51.100.7"),
            ]]),
            not: trails(vec![
                vec![
                    look(role("R", "s", C), "09:00:00"),
                    look(role("R", "s", D), "09:10:00").from("198.51.100.7"),
                ],
                vec![
                    look(role("R", "s", C), "09:00:00"),
                    look(role("R", "s", C), "09:10:00").from("2001:db8::1"),
                ],
                vec![
                    look(user("ann", A), "09:00:00"),
                    look(user("ann", A), "09:10:00").from("198.51.100.7"),
                ],
            ]),
        },
        Case {
            rule: "key-from-two-addresses",
            found: trails(vec![vec![
                look(user("ann", A), "09:00:00"),
                look(user("ann", A), "09:59:59").from("198.51.100.7"),
            ]]),
            not: trails(vec![
                vec![
                    look(user("ann", A), "09:00:00"),
                    look(user("ann", A), "12:00:00").from("198.51.100.7"),
                ],
                vec![
                    look(user("ann", A), "09:00:00"),
                    look(user("ann", A), "09:10:00").from("172.20.0.1"),
                ],
                vec![
                    look(user("ann", B), "09:00:00"),
                    look(user("ann", B), "09:10:00").from("198.51.100.7"),
                ],
            ]),
        },
        Case {
            rule: "key-exposed",
            found: trails(vec![
                vec![quarantine("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3")],
                vec![quarantine("arn:aws-cn:iam::aws:policy/AWSCompromisedKeyQuarantine")],
            ]),
            not: trails(vec![
                vec![quarantine("arn:aws:iam::aws:policy/AWSDenyAll")],
                vec![quarantine("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3").refused()],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "DetachUserPolicy",
                    json!({"userName": "ann", "policyArn": "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}),
                )],
            ]),
        },
        Case {
            rule: "use-after-containment",
            found: trails(vec![
                vec![deny(), look(user("ann", B), "09:00:01").refused()],
                vec![
                    managed(
                        "09:00:00",
                        "AttachUserPolicy",
                        "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3",
                    ),
                    look(user("ann", A), "12:00:00"),
                ],
                vec![bounded(DENY_ALL_ARN), look(user("ann", B), "09:00:01")],
                vec![deny(), look(user("ann", A), "09:00:00").days_later(20)],
                // Before it was taken off again; though something else was; after it was put there again.
                vec![
                    deny(),
                    look(user("ann", A), "09:30:00"),
                    policy(chief(), "09:40:00", "DeleteUserPolicy", "OustDenyAll"),
                    look(user("ann", A), "09:50:00"),
                ],
                vec![
                    deny(),
                    managed("09:40:00", "DetachUserPolicy", DENY_ALL_ARN),
                    look(user("ann", A), "09:50:00"),
                ],
                vec![
                    policy(chief(), "08:00:00", "PutUserPolicy", "OustDenyAll"),
                    policy(chief(), "08:10:00", "DeleteUserPolicy", "OustDenyAll"),
                    deny(),
                    look(user("ann", A), "09:50:00"),
                ],
                // By what it says, whatever its name; and whatever of another name is taken off.
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    look(user("ann", B), "09:00:01"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(ann(), "09:40:00", "ReadTickets"),
                    look(user("ann", B), "09:50:00"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    put(ann(), chief(), "09:40:00", "Incident-42", DENIES_ALL),
                    look(user("ann", B), "09:50:00"),
                ],
                // The one who takes it off is the one who is contained.
                vec![
                    deny(),
                    policy(user("ann", A), "09:00:05", "DeleteUserPolicy", "OustDenyAll"),
                ],
            ]),
            not: trails(vec![
                vec![
                    look(user("ann", A), "08:59:00"),
                    deny(),
                    policy(chief(), "09:40:00", "DeleteUserPolicy", "OustDenyAll"),
                    look(user("ann", A), "09:50:00"),
                    look(user("ann", A), "12:00:00"),
                ],
                vec![
                    managed("09:00:00", "AttachUserPolicy", DENY_ALL_ARN),
                    managed("09:40:00", "DetachUserPolicy", DENY_ALL_ARN),
                    look(user("ann", A), "09:50:00"),
                ],
                vec![
                    bounded(DENY_ALL_ARN),
                    iam(
                        chief(),
                        "09:40:00",
                        "DeleteUserPermissionsBoundary",
                        json!({"userName": "ann"}),
                    ),
                    look(user("ann", A), "09:50:00"),
                ],
                vec![look(user("ann", B), "08:59:59"), deny()],
                vec![deny(), look(user("bob", B), "09:00:01")],
                vec![deny(), look(elsewhere(user("ann", B)), "09:00:01")],
                vec![deny(), look(federated("ann", "x", B), "09:00:01")],
                vec![
                    bounded("arn:aws:iam::123456789012:policy/Tickets"),
                    look(user("ann", B), "09:00:01"),
                ],
                vec![deny().refused(), look(user("ann", B), "09:00:01")],
                // By what it says, and not by its name.
                vec![
                    written(chief(), "OustDenyAll", "Allow"),
                    look(user("ann", B), "09:00:01"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_OLDER),
                    look(user("ann", A), "09:00:01"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_LESS[0]),
                    put(ann(), chief(), "09:00:00", "Incident-43", DENIES_LESS[1]),
                    put(ann(), chief(), "09:00:00", "Incident-44", DENIES_LESS[2]),
                    put(ann(), chief(), "09:00:00", "Incident-45", DENIES_LESS[3]),
                    look(user("ann", A), "09:00:01"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(ann(), "09:40:00", "Incident-42"),
                    look(user("ann", B), "09:50:00"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    put(ann(), chief(), "09:40:00", "Incident-42", DENIES_LESS[1]),
                    look(user("ann", B), "09:50:00"),
                ],
                // What denies older sessions doesn't contain the user.
                vec![
                    policy(chief(), "09:00:00", "PutUserPolicy", "AWSRevokeOlderSessions"),
                    look(user("ann", A), "09:00:01"),
                ],
                vec![
                    policy(chief(), "09:00:00", "PutUserPolicy", "ReadTickets"),
                    look(user("ann", B), "09:00:01"),
                ],
            ]),
        },
        Case {
            rule: "federation-outlives-containment",
            found: trails(vec![
                vec![deny(), look(federated("ann", "backdoor", B), "09:00:01").refused()],
                vec![bounded(DENY_ALL_ARN), look(federated("ann", "backdoor", B), "20:00:00")],
            ]),
            not: trails(vec![
                vec![look(federated("ann", "backdoor", B), "08:59:59"), deny()],
                vec![deny(), look(federated("bob", "ann", B), "09:00:01")],
                vec![deny(), look(elsewhere(federated("ann", "backdoor", B)), "09:00:01")],
                vec![deny(), look(user("ann", B), "09:00:01")],
                vec![
                    deny(),
                    policy(chief(), "09:40:00", "DeleteUserPolicy", "OustDenyAll"),
                    look(federated("ann", "backdoor", B), "09:50:00"),
                ],
            ]),
        },
        Case {
            rule: "session-outlives-key",
            found: trails(vec![
                vec![cut(), look(user("ann", B), "10:00:00")],
                vec![
                    iam(
                        chief(),
                        "09:00:00",
                        "DeleteAccessKey",
                        json!({"userName": "ann", "accessKeyId": A}),
                    ),
                    take(user("ann", B), "10:00:00", "R"),
                ],
                vec![
                    policy(chief(), "09:00:00", "PutUserPolicy", "AWSRevokeOlderSessions"),
                    look(user("ann", B), "10:00:00").refused(),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_OLDER),
                    look(user("ann", B), "10:00:00"),
                ],
                // Another key of hers works again.
                vec![
                    cut(),
                    iam(
                        chief(),
                        "09:30:00",
                        "UpdateAccessKey",
                        json!({"userName": "ann", "accessKeyId": "AKIABBBBBBBBBBBBBBBB", "status": "Active"}),
                    ),
                    look(user("ann", B), "10:00:00"),
                ],
            ]),
            not: trails(vec![
                vec![cut(), look(user("ann", A), "10:00:00")],
                vec![cut(), look(user("bob", B), "10:00:00")],
                vec![cut(), look(elsewhere(user("ann", B)), "10:00:00")],
                vec![cut(), look(role("R", "ann", B), "10:00:00")],
                vec![look(user("ann", B), "08:00:00"), cut()],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_LESS[0]),
                    look(user("ann", B), "10:00:00"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_OLDER),
                    taken_off(ann(), "09:30:00", "Incident-42"),
                    look(user("ann", B), "10:00:00"),
                ],
                // A session of afterwards; and the key works again.
                vec![cut(), look(issued(user("ann", B), "09:00:01"), "10:00:00")],
                vec![
                    cut(),
                    iam(
                        chief(),
                        "09:30:00",
                        "UpdateAccessKey",
                        json!({"userName": "ann", "accessKeyId": A, "status": "Active"}),
                    ),
                    look(user("ann", B), "10:00:00"),
                ],
            ]),
        },
        Case {
            rule: "session-outlives-revocation",
            found: trails(vec![
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    of_session("08:59:59", "09:00:01").refused(),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    of_session("08:00:00", "19:00:00"),
                ],
                vec![
                    iam(
                        chief(),
                        "09:00:00",
                        "PutRolePolicy",
                        json!({"roleName": "R", "policyName": "AWSRevokeOlderSessions"}),
                    ),
                    of_session("08:00:00", "10:00:00"),
                ],
                vec![
                    iam(
                        chief(),
                        "09:00:00",
                        "AttachRolePolicy",
                        json!({"roleName": "R", "policyArn": DENY_ALL_ARN}),
                    ),
                    of_session("08:00:00", "10:00:00"),
                ],
                // Though something else was taken off; and before it was; and written anew.
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    taken_off(of_role(), "09:30:00", "ReadTickets"),
                    of_session("08:00:00", "10:00:00"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    of_session("08:00:00", "09:10:00"),
                    taken_off(of_role(), "09:30:00", "AWSRevokeOlderSessions"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    put(of_role(), chief(), "09:30:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    of_session("08:00:00", "10:00:00"),
                ],
            ]),
            not: trails(vec![
                // A session of afterwards, of before, of another role, of another account; half a day later.
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    of_session("09:00:01", "10:00:00"),
                ],
                vec![
                    of_session("08:00:00", "08:59:59"),
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    look(role("Q", "R", C), "10:00:00"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    look(elsewhere(role("R", "s", C)), "10:00:00"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    of_session("08:00:00", "21:00:01"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER).refused(),
                    of_session("08:00:00", "10:00:00"),
                ],
                // Another policy; the role of that name as a user's; and it was taken off, or written over.
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_LESS[1]),
                    of_session("08:00:00", "10:00:00"),
                ],
                vec![
                    put(
                        json!({"userName": "R"}),
                        chief(),
                        "09:00:00",
                        "AWSRevokeOlderSessions",
                        DENIES_OLDER,
                    ),
                    of_session("08:00:00", "10:00:00"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "AWSRevokeOlderSessions", DENIES_OLDER),
                    taken_off(of_role(), "09:30:00", "AWSRevokeOlderSessions"),
                    of_session("08:00:00", "10:00:00"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    put(of_role(), chief(), "09:30:00", "Incident-42", DENIES_LESS[0]),
                    of_session("08:00:00", "10:00:00"),
                ],
            ]),
        },
        Case {
            rule: "users-deny-removed",
            found: trails(vec![
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(ann(), "09:30:00", "Incident-42"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_OLDER),
                    taken_off(ann(), "09:30:00", "Incident-42").days_later(9),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_MOST),
                    taken_off(ann(), "09:30:00", "Incident-42"),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    put(ann(), user("ann", A), "09:00:05", "Incident-42", DENIES_LESS[3]),
                ],
            ]),
            not: trails(vec![
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(json!({"userName": "bob"}), "09:30:00", "Incident-42"),
                    taken_off(ann(), "09:30:00", "Incident-43"),
                    taken_off(ann(), "09:30:00", "Incident-42").refused(),
                    put(ann(), chief(), "09:40:00", "Incident-42", DENIES_OLDER),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_LESS[0]),
                    taken_off(ann(), "09:30:00", "Incident-42"),
                ],
                // One record tells that.
                vec![
                    put(ann(), chief(), "09:00:00", "OustDenyAll", DENIES_ALL),
                    taken_off(ann(), "09:30:00", "OustDenyAll"),
                ],
            ]),
        },
        Case {
            rule: "roles-deny-removed",
            found: trails(vec![
                vec![
                    put(of_role(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(of_role(), "09:30:00", "Incident-42"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "Incident-42", DENIES_OLDER),
                    put(of_role(), user("ann", A), "09:00:05", "Incident-42", DENIES_LESS[2]),
                ],
            ]),
            not: trails(vec![
                vec![
                    put(of_role(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(json!({"roleName": "Q"}), "09:30:00", "Incident-42"),
                    put(of_role(), chief(), "09:40:00", "Incident-42", DENIES_OLDER),
                ],
                vec![
                    put(ann(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(ann(), "09:30:00", "Incident-42"),
                ],
            ]),
        },
        Case {
            rule: "credential-for-another-user",
            found: trails(vec![
                vec![iam(user("ann", A), "09:00:00", "CreateAccessKey", bob())],
                vec![iam(role("R", "s", C), "09:00:00", "UpdateLoginProfile", bob())],
                vec![iam(root(), "09:00:00", "CreateAccessKey", bob())],
            ]),
            not: trails(vec![
                vec![iam(root(), "09:00:00", "CreateAccessKey", Value::Null)],
                vec![iam(user("bob", A), "09:00:00", "CreateAccessKey", bob())],
                vec![iam(user("bob", A), "09:00:00", "CreateAccessKey", Value::Null)],
                vec![iam(user("ann", A), "09:00:00", "CreateAccessKey", bob()).refused()],
                vec![iam(user("ann", A), "09:00:00", "ListAccessKeys", bob())],
            ]),
        },
        Case {
            rule: "groups-deny-removed",
            found: trails(vec![
                vec![
                    put(of_group(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(of_group(), "09:30:00", "Incident-42"),
                ],
                vec![
                    put(of_group(), chief(), "09:00:00", "Incident-42", DENIES_MOST),
                    put(of_group(), user("ann", A), "09:00:05", "Incident-42", DENIES_LESS[3]),
                ],
            ]),
            not: trails(vec![
                vec![
                    put(of_group(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(json!({"groupName": "Other"}), "09:30:00", "Incident-42"),
                    taken_off(of_group(), "09:30:00", "Incident-43"),
                    put(of_group(), chief(), "09:40:00", "Incident-42", DENIES_OLDER),
                ],
                vec![
                    put(of_group(), chief(), "09:00:00", "Incident-42", DENIES_LESS[2]),
                    taken_off(of_group(), "09:30:00", "Incident-42"),
                ],
                vec![
                    put(of_role(), chief(), "09:00:00", "Incident-42", DENIES_ALL),
                    taken_off(of_role(), "09:30:00", "Incident-42"),
                ],
            ]),
        },
        Case {
            rule: "managed-deny-removed",
            found: trails(vec![
                vec![
                    created("Incident-42", DENIES_ALL),
                    detached("DetachUserPolicy", "Incident-42"),
                ],
                vec![
                    created("Incident-42", DENIES_MOST),
                    detached("DetachGroupPolicy", "Incident-42").days_later(3),
                ],
                vec![
                    created("Incident-42", DENIES_OLDER),
                    version("Incident-42", DENIES_LESS[3]),
                ],
            ]),
            not: trails(vec![
                vec![
                    created("Incident-42", DENIES_ALL),
                    detached("DetachUserPolicy", "Incident-43"),
                    detached("DetachUserPolicy", "Incident-42").refused(),
                    detached("AttachUserPolicy", "Incident-42"),
                    version("Incident-42", DENIES_ALL),
                ],
                vec![
                    created("Incident-42", DENIES_LESS[1]),
                    detached("DetachUserPolicy", "Incident-42"),
                ],
                vec![
                    created("Incident-42", DENIES_ALL).refused(),
                    detached("DetachUserPolicy", "Incident-42"),
                ],
                // One record tells that.
                vec![
                    created("OustQuarantine", DENIES_ALL),
                    detached("DetachUserPolicy", "OustQuarantine"),
                ],
            ]),
        },
        Case {
            rule: "deny-removed",
            found: trails(vec![
                vec![written(chief(), "OustDenyAll", "Allow")],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "CreatePolicyVersion",
                    json!({"policyArn": "arn:aws:iam::123456789012:policy/OustQuarantine", "setAsDefault": true}),
                )],
                vec![call(user("ann", A), "09:00:00", "organizations", "UpdatePolicy")],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "DeleteUserPolicy",
                    json!({"userName": "ann", "policyName": "OustDenyAll"}),
                )],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "DeleteRolePolicy",
                    json!({"roleName": "R", "policyName": "AWSRevokeOlderSessions"}),
                )],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "DetachUserPolicy",
                    json!({"userName": "ann", "policyArn": "arn:aws:iam::aws:policy/AWSDenyAll"}),
                )],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "DeleteUserPermissionsBoundary",
                    json!({"userName": "ann"}),
                )],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "UpdateAccessKey",
                    json!({"userName": "ann", "accessKeyId": A, "status": "Active"}),
                )],
                vec![
                    call(role("Org", "s", C), "09:00:00", "organizations", "DetachPolicy")
                        .sent(json!({"policyId": "p-1", "targetId": "1"})),
                ],
            ]),
            not: trails(vec![
                vec![written(chief(), "OustDenyAll", "Deny")],
                vec![written(chief(), "ReadTickets", "Allow")],
                vec![bounded("arn:aws:iam::123456789012:policy/Tickets")],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "DeleteUserPolicy",
                    json!({"userName": "ann", "policyName": "ReadTickets"}),
                )],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "DetachUserPolicy",
                    json!({"userName": "ann", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
                )],
                vec![
                    iam(
                        user("ann", A),
                        "09:00:00",
                        "DeleteUserPolicy",
                        json!({"userName": "ann", "policyName": "OustDenyAll"}),
                    )
                    .refused(),
                ],
                vec![cut()],
            ]),
        },
        Case {
            rule: "boundary-replaced",
            found: trails(vec![
                vec![bounded(DENY_ALL_ARN), rebound(user("ann", A), "ann")],
                vec![
                    bounded("arn:aws:iam::123456789012:policy/oust/OustQuarantine"),
                    rebound(chief(), "ann").days_later(9),
                ],
            ]),
            not: trails(vec![
                vec![rebound(user("ann", A), "ann")],
                vec![bounded(DENY_ALL_ARN), rebound(user("ann", A), "bob")],
                vec![bounded(DENY_ALL_ARN), rebound(user("ann", A), "ann").refused()],
                vec![
                    bounded("arn:aws:iam::123456789012:policy/Tickets"),
                    rebound(user("ann", A), "ann"),
                ],
            ]),
        },
        Case {
            rule: "own-policy-removed",
            found: trails(vec![
                vec![written(user("ann", A), "OustDenyAll", "Deny")],
                vec![rebound(user("ann", A), "ann")],
                vec![iam(
                    user("ann", A),
                    "09:00:00",
                    "DeleteUserPolicy",
                    json!({"userName": "ann", "policyName": "Anything"}),
                )],
                vec![iam(
                    user("ann", B),
                    "09:00:00",
                    "RemoveUserFromGroup",
                    json!({"userName": "ann", "groupName": "Denied"}),
                )],
            ]),
            not: trails(vec![
                vec![written(user("ann", A), "ReadTickets", "Allow")],
                vec![written(chief(), "OustDenyAll", "Deny")],
                vec![rebound(chief(), "ann")],
                vec![iam(
                    user("chief", A),
                    "09:00:00",
                    "DeleteUserPolicy",
                    json!({"userName": "ann", "policyName": "Anything"}),
                )],
                vec![iam(
                    role("R", "ann", C),
                    "09:00:00",
                    "DeleteUserPolicy",
                    json!({"userName": "ann", "policyName": "Anything"}),
                )],
            ]),
        },
    ]
}
