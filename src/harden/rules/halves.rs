//! What one event tells of a rule that needs several: less than the rule, and not so much beside it that nobody would look any more.

use super::contained::{DENY_ARNS, UNBOUNDED};
use super::{AGENT, ASSUME_ROLE, DOCUMENT, DONE, IAM, KEY, KIND, POLICY, POLICY_ARN, PRINCIPAL, STS, t};
use crate::harden::rule::{Is, Records, Test};

/// A part of a rule, of which one record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::harden) struct Half {
    /// The rule.
    pub(in crate::harden) rule: &'static str,
    /// Which records.
    pub(in crate::harden) of: Records<'static>,
    /// Whether nothing of the rule is left out, and what it tells is more.
    pub(in crate::harden) is_whole: bool,
    /// What it tells and what not.
    pub(in crate::harden) why: &'static str,
}

/// What IAM says where a policy of the caller's own, or its boundary, denies a call.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
const DENIED: Test<'static> = t(
    "errorMessage",
    Is::Holds(&[
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a permissions boundary",
    ]),
);

/// What programs of the SDKs and the CLI say of themselves on systems that are made for attacks, as GuardDuty's PenTest findings know them.
/// <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html>
const ON_A_TOOLBOX: Test<'static> = t(AGENT, Is::Holds(&["-kali", ".kali.", "parrot", "pentoo"]));

/// What they say, behind `exec-env`, in places that AWS gives credentials of their own, and that are no instance: `AWS_EXECUTION_ENV`.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
const IN_NO_INSTANCE: Test<'static> = t(
    AGENT,
    Is::Holds(&[
        "exec-env/CloudShell",
        "exec-env/AWS_Lambda_",
        "exec-env/AWS_ECS_FARGATE",
    ]),
);

const BY_TOOLBOX: &str = "EventBridge doesn't compare the addresses of several events: it tells calls from Kali, Parrot and Pentoo Linux, as the program itself says; for addresses `oust harden` writes *-from-elsewhere-* for this account, of which a single event tells";

/// Words in the names of policies that deny.
const DENYING: Test<'static> = t(POLICY, Is::Holds(&["Deny", "deny", "DENY", "uarantine"]));
const DENYING_ARN: Test<'static> = t(POLICY_ARN, Is::Holds(&["Deny", "deny", "DENY", "uarantine"]));

/// IAM takes no document that neither allows nor denies.
const ALLOWS: Test<'static> = t(DOCUMENT, Is::Holds(&["\"Allow\""]));

const fn named(call: &'static [&'static str], policy: Test<'static>) -> [Test<'static>; 4] {
    [IAM, t("eventName", Is::Any(call)), policy, DONE]
}

const fn over(call: &'static [&'static str], policy: Test<'static>) -> [Test<'static>; 5] {
    [IAM, t("eventName", Is::Any(call)), policy, ALLOWS, DONE]
}

const BY_NAME: &str = "EventBridge doesn't know what the policy said before: it goes by words in the name (Deny, Quarantine), and tells of those that `deny-removed` tells, too; of other names the query or the Sigma rule tells, run on a schedule";

/// Parts of rules that need several records.
pub(in crate::harden) const HALVES: [Half; 14] = [
    Half {
        rule: "role-juggling",
        of: &[&[
            STS,
            ASSUME_ROLE,
            t(KIND, Is::Any(&["AssumedRole"])),
            // What the public tool calls its sessions: <https://github.com/hotnops/AWSRoleJuggler>.
            t("requestParameters.roleSessionName", Is::Any(&["juggle"])),
        ]],
        is_whole: false,
        why: "EventBridge doesn't join one event to another: it tells the sessions that the public tool AWSRoleJuggler asks for, by their name, whatever the number of roles; `oust harden` writes loop-into-* for the loops of this account, of which a single event tells",
    },
    Half {
        rule: "instance-credential-other-network",
        of: &[&[
            t(KIND, Is::Any(&["AssumedRole"])),
            t(PRINCIPAL, Is::Holds(&[":i-"])),
            IN_NO_INSTANCE,
        ]],
        is_whole: false,
        why: "EventBridge doesn't compare the endpoints of several events: it tells that an instance's credential is used in CloudShell, a Lambda function or a task of Fargate, as the program itself says; for endpoints and addresses `oust harden` writes *-from-elsewhere-* for this account, of which a single event tells",
    },
    Half {
        rule: "session-from-two-addresses",
        of: &[&[t(KEY, Is::Begins(&["ASIA"])), ON_A_TOOLBOX]],
        is_whole: false,
        why: BY_TOOLBOX,
    },
    Half {
        rule: "key-from-two-addresses",
        of: &[&[t(KEY, Is::Begins(&["AKIA"])), ON_A_TOOLBOX]],
        is_whole: false,
        why: BY_TOOLBOX,
    },
    Half {
        rule: "session-outlives-revocation",
        of: &[&[
            t(KIND, Is::Any(&["AssumedRole"])),
            t("errorCode", Is::There),
            t("errorMessage", Is::Holds(DENY_ARNS)),
        ]],
        is_whole: false,
        why: "EventBridge doesn't join one event to another: it tells calls of roles' sessions whose refusal names AWSDenyAll, OustQuarantine or AWS's quarantine, where the service says so; the refusal by an inline policy, as a revocation is, names none: `oust harden` with an incident writes revoked-again-* for its roles",
    },
    Half {
        rule: "assume-role-spread",
        of: &[&[
            STS,
            ASSUME_ROLE,
            t(KIND, Is::Any(&["IAMUser", "AssumedRole", "FederatedUser"])),
            t("errorCode", Is::Any(&["AccessDenied"])),
        ]],
        is_whole: false,
        why: "EventBridge doesn't count events: it tells each AssumeRole that was refused, which who tries roles meets soon; who is let in by all of them is told by the query or the Sigma rule, run on a schedule",
    },
    Half {
        rule: "instance-credential-away",
        of: &[&[
            t("eventSource", Is::Any(&["signin.amazonaws.com"])),
            t("eventName", Is::Any(&["GetSigninToken", "ConsoleLogin"])),
            t(KIND, Is::Any(&["AssumedRole"])),
            t(PRINCIPAL, Is::Holds(&[":i-"])),
            DONE,
        ]],
        is_whole: false,
        why: "EventBridge doesn't compare the addresses of several events: it tells that a console was opened with an instance's credential, which no instance does; for addresses `oust harden` writes *-from-elsewhere-* for this account",
    },
    Half {
        rule: "use-after-containment",
        of: &[&[t(KIND, Is::Any(&["IAMUser"])), DENIED]],
        is_whole: false,
        why: "EventBridge doesn't join one event to another: it tells calls of any user that a deny in its policies or its boundary refused, such as one that asks for MFA, where the service says so; what still succeeds is told by `oust harden` with an incident (*-again-*)",
    },
    Half {
        rule: "federation-outlives-containment",
        of: &[&[t(KIND, Is::Any(&["FederatedUser"])), DENIED]],
        is_whole: false,
        why: "EventBridge doesn't join one event to another: it tells calls of any federated session that a deny in its user's policies or its boundary refused, where the service says so; what still succeeds is told by `oust harden` with an incident (*-again-*)",
    },
    Half {
        rule: "users-deny-removed",
        of: &[
            &named(&["DeleteUserPolicy"], DENYING),
            &over(&["PutUserPolicy"], DENYING),
        ],
        is_whole: false,
        why: BY_NAME,
    },
    Half {
        rule: "roles-deny-removed",
        of: &[
            &named(&["DeleteRolePolicy"], DENYING),
            &over(&["PutRolePolicy"], DENYING),
        ],
        is_whole: false,
        why: BY_NAME,
    },
    Half {
        rule: "groups-deny-removed",
        of: &[
            &named(&["DeleteGroupPolicy"], DENYING),
            &over(&["PutGroupPolicy"], DENYING),
        ],
        is_whole: false,
        why: BY_NAME,
    },
    Half {
        rule: "managed-deny-removed",
        of: &[
            &named(
                &["DetachUserPolicy", "DetachRolePolicy", "DetachGroupPolicy"],
                DENYING_ARN,
            ),
            &over(&["CreatePolicyVersion"], DENYING_ARN),
        ],
        is_whole: false,
        why: BY_NAME,
    },
    Half {
        rule: "boundary-replaced",
        of: &[UNBOUNDED],
        is_whole: true,
        why: "EventBridge doesn't know which boundary a user had before: it tells whenever one that contains nobody is put on a user that is there",
    },
];
