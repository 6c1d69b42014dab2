//! Rules that alert: a first set. STS's calls are told in the Region of the call, IAM's and Organizations' in the Region of the control plane.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>

use serde_json::{Value, json};

/// One rule.
pub(super) struct Rule {
    /// What stands behind the prefix in its name.
    pub(super) name: &'static str,
    pub(super) variable: &'static str,
    pub(super) about: &'static str,
    pub(super) pattern: Value,
}

/// What an event pattern for calls of one service has in common.
fn calls(services: &[&str], detail: Value) -> Value {
    let sources: Vec<String> = services.iter().map(|service| format!("aws.{service}")).collect();
    json!({"source": sources, "detail-type": ["AWS API Call via CloudTrail"], "detail": detail})
}

pub(super) fn rules() -> [Rule; 3] {
    [
        Rule {
            name: "SessionTokenWithoutMfa",
            variable: "session_token_without_mfa",
            about: "A session token was minted without MFA: it outlives its key",
            pattern: calls(
                &["sts"],
                json!({
                    "eventSource": ["sts.amazonaws.com"],
                    "eventName": ["GetSessionToken"],
                    "requestParameters": {"serialNumber": [{"exists": false}]},
                }),
            ),
        },
        Rule {
            name: "FederationToken",
            variable: "federation_token",
            about: "A federation token was minted: it outlives its key, and opens the console",
            pattern: calls(
                &["sts"],
                json!({"eventSource": ["sts.amazonaws.com"], "eventName": ["GetFederationToken"]}),
            ),
        },
        Rule {
            name: "DenyRemoved",
            variable: "deny_removed",
            about: "A deny was taken off a user or role",
            pattern: deny_removed(),
        },
    ]
}

fn deny_removed() -> Value {
    let inline = json!({
        "eventSource": ["iam.amazonaws.com"],
        "eventName": ["DeleteUserPolicy", "DeleteRolePolicy"],
        "requestParameters": {"policyName": ["OustDenyAll", {"prefix": "AWSRevokeOlderSessions"}]},
    });
    let managed = json!({
        "eventSource": ["iam.amazonaws.com"],
        "eventName": ["DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy"],
        "requestParameters": {"policyArn": [
            {"suffix": ":policy/AWSDenyAll"},
            {"suffix": "/[[QuarantinePolicyName]]"},
            {"wildcard": "*:policy/AWSCompromisedKeyQuarantine*"},
        ]},
    });
    let boundary = json!({
        "eventSource": ["iam.amazonaws.com"],
        "eventName": ["DeleteUserPermissionsBoundary", "DeleteRolePermissionsBoundary"],
    });
    let organization = json!({
        "eventSource": ["organizations.amazonaws.com"],
        "eventName": ["DetachPolicy", "DisablePolicyType"],
    });
    calls(
        &["iam", "organizations"],
        json!({"$or": [inline, managed, boundary, organization]}),
    )
}
