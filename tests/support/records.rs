//! Records as CloudTrail writes them, one member after the other in its order, and small trails that each detection must find or must not.

use serde_json::{Map, Value, json};

/// A call.
pub struct Told {
    who: Value,
    at: &'static str,
    call: (&'static str, &'static str),
    from: &'static str,
    error: Option<&'static str>,
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
        request: Value::Null,
        response: Value::Null,
    }
}

impl Told {
    pub fn from(mut self, address: &'static str) -> Self {
        self.from = address;
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
        set("eventTime", json!(format!("2026-11-02T{}Z", self.at)));
        set("eventSource", json!(format!("{}.amazonaws.com", self.call.0)));
        set("eventName", json!(self.call.1));
        set("awsRegion", json!("us-east-1"));
        set("sourceIPAddress", json!(self.from));
        set("userAgent", json!("aws-cli/2.31.0"));
        if let Some(error) = self.error {
            set("errorCode", json!(error));
            set("errorMessage", json!("User is not authorized"));
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

fn times(ats: &[&'static str]) -> Vec<Told> {
    ats.iter().map(|at| take(user("ann", B), at, "R")).collect()
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
            found: trails(vec![vec![
                look(instance(), "09:00:00"),
                look(instance(), "13:00:00").from("198.51.100.7"),
            ]]),
            not: trails(vec![
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
                    iam(
                        user("chief", D),
                        "09:00:00",
                        "AttachUserPolicy",
                        json!({"userName": "ann", "policyArn": "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"}),
                    ),
                    look(user("ann", A), "12:00:00"),
                ],
                vec![
                    bounded("arn:aws:iam::aws:policy/AWSDenyAll"),
                    look(user("ann", B), "09:00:01"),
                ],
            ]),
            not: trails(vec![
                vec![look(user("ann", B), "08:59:59"), deny()],
                vec![deny(), look(user("bob", B), "09:00:01")],
                vec![deny(), look(elsewhere(user("ann", B)), "09:00:01")],
                vec![
                    bounded("arn:aws:iam::123456789012:policy/Tickets"),
                    look(user("ann", B), "09:00:01"),
                ],
                vec![deny().refused(), look(user("ann", B), "09:00:01")],
                vec![
                    iam(
                        user("chief", D),
                        "09:00:00",
                        "PutUserPolicy",
                        json!({"userName": "ann", "policyName": "ReadTickets"}),
                    ),
                    look(user("ann", B), "09:00:01"),
                ],
            ]),
        },
        Case {
            rule: "session-outlives-key",
            found: trails(vec![
                vec![cut(), look(user("ann", B), "10:00:00")],
                vec![
                    iam(
                        user("chief", D),
                        "09:00:00",
                        "DeleteAccessKey",
                        json!({"userName": "ann", "accessKeyId": A}),
                    ),
                    take(user("ann", B), "10:00:00", "R"),
                ],
            ]),
            not: trails(vec![
                vec![cut(), look(user("ann", A), "10:00:00")],
                vec![cut(), look(user("bob", B), "10:00:00")],
                vec![cut(), look(elsewhere(user("ann", B)), "10:00:00")],
                vec![cut(), look(role("R", "ann", B), "10:00:00")],
                vec![look(user("ann", B), "08:00:00"), cut()],
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
            rule: "deny-removed",
            found: trails(vec![
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
            rule: "own-policy-removed",
            found: trails(vec![
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
