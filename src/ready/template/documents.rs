//! The documents, with marks in the place of parameters.

use crate::permissions::{StandingPolicies, standing};
use serde_json::{Value, json};

/// The ARN of the responder's role in whatever account.
const RESPONDER: &str = "arn:[[AWS::Partition]]:iam::*:role[[Path]][[ResponderRoleName]]";

/// The ARNs of the quarantine policy and of the policy of AWS's that plans use as a boundary.
const QUARANTINES: [&str; 2] = [
    "arn:[[AWS::Partition]]:iam::*:policy[[Path]][[QuarantinePolicyName]]",
    "arn:[[AWS::Partition]]:iam::aws:policy/AWSDenyAll",
];

/// A document for any partition.
fn anywhere(document: Value) -> Value {
    let text = document.to_string().replace("arn:aws:", "arn:[[AWS::Partition]]:");
    serde_json::from_str(&text).unwrap_or(document)
}

/// A policy of the responder's: its name behind the role's, what it is for, and its document.
pub(super) struct Responding {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) document: Value,
}

/// What the responder's role may do: reading and writing apart, so that either can be given alone.
pub(super) fn responding() -> [Responding; 3] {
    let StandingPolicies { read, write, undo } = standing("aws");
    [
        Responding {
            name: "Read",
            about: "What tracing, planning, evidence and verification read, and readiness before",
            document: anywhere(read),
        },
        Responding {
            name: "Write",
            about: "What the steps of the playbooks change",
            document: anywhere(write),
        },
        Responding {
            name: "Undo",
            about: "What undo changes beyond that",
            document: anywhere(undo),
        },
    ]
}

/// The trail's files.
pub(super) fn trail_files() -> Value {
    let bucket = "arn:[[AWS::Partition]]:s3:::[[TrailBucket]]";
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "OustTrail", "Effect": "Allow", "Action": ["s3:GetLifecycleConfiguration", "s3:ListBucket"], "Resource": [bucket]},
            {"Sid": "OustTrailFiles", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [format!("{bucket}/*")]},
        ],
    })
}

/// Who may be the responder. `mfa`: only with MFA.
pub(super) fn trust(mfa: bool) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": {"AWS": "[[*ResponderPrincipals]]"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
    });
    if let (true, Some(members)) = (mfa, statement.as_object_mut()) {
        members.insert(
            "Condition".to_owned(),
            json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        );
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// The quarantine itself.
pub(super) fn quarantine() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "OustQuarantine", "Effect": "Deny", "Action": ["*"], "Resource": ["*"]}],
    })
}

/// The SCP: nobody but the responder, and who is spared, takes the quarantine off, rewrites it, or changes the responder.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html>
pub(super) fn keeper() -> Value {
    let policies = "arn:[[AWS::Partition]]:iam::*:policy[[Path]]*";
    let rules = "arn:[[AWS::Partition]]:events:*:*:rule/[[RuleNamePrefix]]*";
    let deny = |sid: &str, actions: &[&str], resources: &[&str], more: Value| {
        let mut condition = json!({
            "ArnNotLike": {"aws:PrincipalArn": RESPONDER},
            "StringNotLike": {"aws:PrincipalArn": "[[*SparedPrincipals]]"},
        });
        if let (Some(members), Value::Object(more)) = (condition.as_object_mut(), more) {
            members.extend(more);
        }
        json!({"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resources, "Condition": condition})
    };
    let statements = [
        deny(
            "KeepQuarantine",
            &["iam:DetachGroupPolicy", "iam:DetachRolePolicy", "iam:DetachUserPolicy"],
            &["*"],
            json!({"ArnLike": {"iam:PolicyARN": QUARANTINES}}),
        ),
        deny(
            "KeepBoundary",
            &["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"],
            &["*"],
            json!({"ArnLike": {"iam:PermissionsBoundary": QUARANTINES}}),
        ),
        deny(
            "KeepPolicies",
            &[
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:SetDefaultPolicyVersion",
            ],
            &[policies],
            json!({}),
        ),
        // Whoever may make a role of that name in another account would be spared by it there.
        deny(
            "KeepResponder",
            &[
                "iam:AttachRolePolicy",
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:DeleteRolePermissionsBoundary",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:PutRolePermissionsBoundary",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
                "iam:UpdateRoleDescription",
            ],
            &[RESPONDER],
            json!({}),
        ),
        deny(
            "KeepRules",
            &[
                "events:DeleteRule",
                "events:DisableRule",
                "events:PutRule",
                "events:PutTargets",
                "events:RemoveTargets",
            ],
            &[rules],
            json!({}),
        ),
        deny("Stay", &["organizations:LeaveOrganization"], &["*"], json!({})),
    ];
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// EventBridge may publish the alerts of these rules. The mark stands for the topic, which each form names in its own way.
pub(super) fn topic_policy(topic: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "OustAlerts",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:[[AWS::Partition]]:events:*:[[AWS::AccountId]]:rule/[[RuleNamePrefix]]*"}},
        }],
    })
}
