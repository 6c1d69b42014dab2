//! Calls that leave a way in behind, as a table.
//!
//! Sources: the page of each call in the IAM API reference; <https://hackingthe.cloud/aws/post_exploitation/iam_persistence/>.

use crate::lineage::{Credential, Lineage, Made};
use crate::reach::runs_code;

/// The kinds of things that are left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Password,
    ServiceCredential,
    SshKey,
    Certificate,
    Key,
    User,
    Trust,
    SamlProvider,
    OidcProvider,
    RolesAnywhere,
    Elsewhere(&'static str),
}

impl Kind {
    /// Whether a call of the service leaves such a thing; a service that isn't told, as in what was written before it was, may be any.
    fn is_of(self, service: &str) -> bool {
        match self {
            Kind::Elsewhere(_) => true,
            Kind::RolesAnywhere => matches!(service, "" | "rolesanywhere"),
            _ => matches!(service, "" | "iam"),
        }
    }

    pub(super) fn is_of_a_user(self) -> bool {
        matches!(
            self,
            Kind::Password | Kind::ServiceCredential | Kind::SshKey | Kind::Certificate | Kind::Key | Kind::User
        )
    }
}

const CODE: &str = "code of the intruder may be running in the account, under a role of it";
const SHARED: &str = "it may let principals of other accounts in, and the policy on the resource was not judged";
const BLIND: &str = "from then on the trail may lack what was minted; Event history (LookupEvents) has it";
const PEOPLE: &str = "IAM Identity Center or the organization may let somebody in, and neither was read";

const UNGUARDED: &str =
    "a guard of the organization over its accounts may be gone or wider since, and what that opens was not judged";

const UNJUDGED: &str = "it may let somebody in or run code of his, and that was not judged";

/// Calls by the beginnings of their names, since some services log the version of their API with it:
/// <https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html>.
const KINDS: [(&str, Kind); 83] = [
    ("CreateLoginProfile", Kind::Password),
    ("UpdateLoginProfile", Kind::Password),
    ("ChangePassword", Kind::Password),
    ("CreateServiceSpecificCredential", Kind::ServiceCredential),
    ("ResetServiceSpecificCredential", Kind::ServiceCredential),
    ("UpdateServiceSpecificCredential", Kind::ServiceCredential),
    ("UploadSSHPublicKey", Kind::SshKey),
    ("UpdateSSHPublicKey", Kind::SshKey),
    ("UploadSigningCertificate", Kind::Certificate),
    ("UpdateSigningCertificate", Kind::Certificate),
    ("UpdateAccessKey", Kind::Key),
    ("CreateUser", Kind::User),
    ("CreateRole", Kind::Trust),
    ("UpdateAssumeRolePolicy", Kind::Trust),
    ("CreateSAMLProvider", Kind::SamlProvider),
    ("UpdateSAMLProvider", Kind::SamlProvider),
    ("CreateOpenIDConnectProvider", Kind::OidcProvider),
    ("AddClientIDToOpenIDConnectProvider", Kind::OidcProvider),
    ("UpdateOpenIDConnectProviderThumbprint", Kind::OidcProvider),
    ("CreateTrustAnchor", Kind::RolesAnywhere),
    ("UpdateTrustAnchor", Kind::RolesAnywhere),
    ("EnableTrustAnchor", Kind::RolesAnywhere),
    ("CreateProfile", Kind::RolesAnywhere),
    ("UpdateProfile", Kind::RolesAnywhere),
    ("EnableProfile", Kind::RolesAnywhere),
    ("DisableCrl", Kind::RolesAnywhere),
    ("CreateFunction", Kind::Elsewhere(CODE)),
    ("UpdateFunction", Kind::Elsewhere(CODE)),
    ("AddPermission", Kind::Elsewhere(CODE)),
    ("PublishLayerVersion", Kind::Elsewhere(CODE)),
    ("CreateEventSourceMapping", Kind::Elsewhere(CODE)),
    ("RunInstances", Kind::Elsewhere(CODE)),
    ("AssociateIamInstanceProfile", Kind::Elsewhere(CODE)),
    ("ReplaceIamInstanceProfileAssociation", Kind::Elsewhere(CODE)),
    ("ModifyInstanceAttribute", Kind::Elsewhere(CODE)),
    ("SendSSHPublicKey", Kind::Elsewhere(CODE)),
    ("SendSerialConsoleSSHPublicKey", Kind::Elsewhere(CODE)),
    ("ImportKeyPair", Kind::Elsewhere(CODE)),
    ("CreateKeyPair", Kind::Elsewhere(CODE)),
    ("SendCommand", Kind::Elsewhere(CODE)),
    ("StartSession", Kind::Elsewhere(CODE)),
    ("CreateActivation", Kind::Elsewhere(CODE)),
    ("CreateAssociation", Kind::Elsewhere(CODE)),
    ("CreateStack", Kind::Elsewhere(CODE)),
    ("UpdateStack", Kind::Elsewhere(CODE)),
    ("CreateJob", Kind::Elsewhere(CODE)),
    ("UpdateJob", Kind::Elsewhere(CODE)),
    ("CreateDevEndpoint", Kind::Elsewhere(CODE)),
    ("UpdateProject", Kind::Elsewhere(CODE)),
    ("StartBuild", Kind::Elsewhere(CODE)),
    ("CreateWebhook", Kind::Elsewhere(CODE)),
    ("RegisterTaskDefinition", Kind::Elsewhere(CODE)),
    ("RunTask", Kind::Elsewhere(CODE)),
    ("CreateService", Kind::Elsewhere(CODE)),
    ("UpdateService", Kind::Elsewhere(CODE)),
    ("CreateNotebookInstance", Kind::Elsewhere(CODE)),
    ("CreatePresignedNotebookInstanceUrl", Kind::Elsewhere(CODE)),
    ("CreatePipeline", Kind::Elsewhere(CODE)),
    ("PutPipelineDefinition", Kind::Elsewhere(CODE)),
    ("PutTargets", Kind::Elsewhere(CODE)),
    ("PutBucketPolicy", Kind::Elsewhere(SHARED)),
    ("PutBucketAcl", Kind::Elsewhere(SHARED)),
    ("PutObjectAcl", Kind::Elsewhere(SHARED)),
    ("PutBucketReplication", Kind::Elsewhere(SHARED)),
    ("ModifySnapshotAttribute", Kind::Elsewhere(SHARED)),
    ("ModifyImageAttribute", Kind::Elsewhere(SHARED)),
    ("SetQueueAttributes", Kind::Elsewhere(SHARED)),
    ("SetTopicAttributes", Kind::Elsewhere(SHARED)),
    ("PutKeyPolicy", Kind::Elsewhere(SHARED)),
    ("CreateGrant", Kind::Elsewhere(SHARED)),
    ("PutResourcePolicy", Kind::Elsewhere(SHARED)),
    ("SetRepositoryPolicy", Kind::Elsewhere(SHARED)),
    ("CreateResourceShare", Kind::Elsewhere(SHARED)),
    ("StopLogging", Kind::Elsewhere(BLIND)),
    ("DeleteTrail", Kind::Elsewhere(BLIND)),
    ("PutEventSelectors", Kind::Elsewhere(BLIND)),
    ("CreateAccountAssignment", Kind::Elsewhere(PEOPLE)),
    ("CreateGroupMembership", Kind::Elsewhere(PEOPLE)),
    ("AddMemberToGroup", Kind::Elsewhere(PEOPLE)),
    ("RegisterDelegatedAdministrator", Kind::Elsewhere(PEOPLE)),
    ("EnableOrganizationsRootSessions", Kind::Elsewhere(PEOPLE)),
    (
        "GetDelegatedAccessToken",
        Kind::Elsewhere("the partner holds credentials of the one who approved it"),
    ),
    (
        "CreateOAuth2Token",
        Kind::Elsewhere("a sign-in of the command line renews itself for up to 12 hours"),
    ),
];

/// Beginnings of calls of other services that are told as left behind and let nobody in: they destroy, hide, or only widen what somebody may reach.
const LETS_NOBODY_IN: [(&str, &str); 7] = [
    ("config", ""),
    ("ec2", "AuthorizeSecurityGroupIngress"),
    ("ec2", "DeleteFlowLogs"),
    ("ec2", "ModifyInstanceMetadataOptions"),
    ("guardduty", ""),
    ("kms", "ScheduleKeyDeletion"),
    ("securityhub", ""),
];

/// Calls that take a guard of the organization away or widen one: a further policy allows what no other at its level does, and an account that
/// left is under none. <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
const GUARDS: [&str; 9] = [
    "AttachPolicy",
    "DeleteOrganization",
    "DeletePolicy",
    "DetachPolicy",
    "Disable",
    "LeaveOrganization",
    "MoveAccount",
    "RemoveAccountFromOrganization",
    "UpdatePolicy",
];

/// Calls of the services that manage people and accounts which only take away, or which no principal of this account gains by.
const LETS_NO_PEOPLE_IN: [&str; 9] = [
    "CreatePolicy",
    "Deactivate",
    "Delete",
    "Deregister",
    "Detach",
    "Disable",
    "Disassociate",
    "Remove",
    "Tag",
];

/// The user or role that a call was about, as far as the record names one. A name may look like an ID, and so does not tell by itself that it is none.
pub(super) fn named(made: &Made) -> Option<&str> {
    let name = made.what.split(' ').next()?;
    (!name.is_empty() && !made.names_nobody).then_some(name)
}

/// The same of a user. Where the record names none it is about its caller, whose own record tells who that is, if a user's.
pub(super) fn user_named<'a>(made: &'a Made, lineage: &'a Lineage) -> Option<&'a str> {
    let caller = || lineage.member(&made.by).and_then(Credential::user);
    named(made).or_else(caller)
}

/// The IDs that the record tells of what was made: what stands behind the name.
pub(super) fn ids(made: &Made) -> impl Iterator<Item = &str> {
    made.what.split(' ').skip(usize::from(!made.names_nobody))
}

/// What a call leaves behind that may let somebody in; `None` for one that leaves no such thing. What isn't known to be harmless is not called so.
pub(super) fn kind(made: &Made) -> Option<Kind> {
    let call = made.call.as_str();
    // The longest beginning counts: CreateServiceSpecificCredential is no CreateService.
    let fitting = KINDS.iter().filter(|(name, _)| {
        call.strip_prefix(name).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase())
        })
    });
    // Other services have users, roles and profiles, too: theirs is the service's own way in.
    let fitting = fitting.filter(|(_, kind)| kind.is_of(&made.service));
    let named = fitting.max_by_key(|(name, _)| name.len()).map(|(_, kind)| *kind);
    named.or_else(|| of_service(&made.service, call))
}

fn of_service(service: &str, call: &str) -> Option<Kind> {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| call.starts_with(beginning));
    match service {
        // What of IAM lets somebody in is in the table; in what was written before the service was told, everything that counted then.
        "" | "iam" | "access-analyzer" => None,
        "sts" | "signin" => (call != "GetWebIdentityToken").then_some(Kind::Elsewhere(PEOPLE)),
        "cloudtrail" => begins(&["Update", "Put", "Stop", "Delete"]).then_some(Kind::Elsewhere(BLIND)),
        "ram" => (!begins(&LETS_NO_PEOPLE_IN)).then_some(Kind::Elsewhere(SHARED)),
        "organizations" if begins(&GUARDS) => Some(Kind::Elsewhere(UNGUARDED)),
        "organizations" | "sso" | "sso-directory" | "identitystore" => {
            (!begins(&LETS_NO_PEOPLE_IN)).then_some(Kind::Elsewhere(PEOPLE))
        }
        "rolesanywhere" => (!begins(&LETS_NO_PEOPLE_IN)).then_some(Kind::RolesAnywhere),
        _ if runs_code(service, call) => Some(Kind::Elsewhere(CODE)),
        _ => {
            let harmless = LETS_NOBODY_IN.iter();
            let mut harmless = harmless.filter(|(of, name)| *of == service && call.starts_with(name));
            harmless.next().is_none().then_some(Kind::Elsewhere(UNJUDGED))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::time::Moment;

    fn of(service: &str, call: &str) -> Option<Kind> {
        kind(&Made {
            by: "AKIAIOSFODNN7EXAMPLE".parse().unwrap(),
            at: Moment::from_millis(0),
            service: service.to_owned(),
            call: call.to_owned(),
            what: String::new(),
            names_nobody: false,
            event: String::new(),
        })
    }

    /// Whatever starts code, shares something or takes a guard of the organization away keeps the end from being called contained.
    #[test]
    fn code_and_shares_are_never_nothing() {
        let calls = [
            ("apprunner", "CreateService"),
            ("autoscaling", "CreateAutoScalingGroup"),
            ("batch", "SubmitJob"),
            ("bedrock-agentcore", "CreateAgentRuntime"),
            ("cloudformation", "ExecuteChangeSet"),
            ("cloudtrail", "UpdateTrail"),
            ("codebuild", "CreateProject"),
            ("codepipeline", "StartPipelineExecution"),
            ("datapipeline", "ActivatePipeline"),
            ("ec2", "ModifySnapshotAttribute"),
            ("ec2", "RequestSpotInstances"),
            ("elasticmapreduce", "RunJobFlow"),
            ("lambda", "CreateFunction20150331"),
            ("s3", "PutBucketAcl"),
            ("sagemaker", "CreateTrainingJob"),
            ("scheduler", "CreateSchedule"),
            ("sqs", "SetQueueAttributes"),
            ("ssm", "StartAutomationExecution"),
            ("states", "CreateStateMachine"),
            ("states", "StartExecution"),
            ("identitystore", "CreateUser"),
            ("sso-directory", "CreateUser"),
            ("transfer", "CreateUser"),
            ("transfer", "ImportSshPublicKey"),
            ("customer-profiles", "CreateProfile"),
            ("something-new", "CreateThing"),
            ("organizations", "AttachPolicy"),
            ("organizations", "DetachPolicy"),
            ("organizations", "DisablePolicyType"),
            ("organizations", "LeaveOrganization"),
            ("organizations", "UpdatePolicy"),
        ];
        for (service, call) in calls {
            assert!(of(service, call).is_some(), "{service}:{call}");
        }
    }

    /// Users of other services are none of IAM: that IAM has none of that name says nothing of them.
    #[test]
    fn a_user_of_another_service_is_no_user_of_iam() {
        for (service, call) in [
            ("transfer", "CreateUser"),
            ("identitystore", "CreateUser"),
            ("sso-directory", "CreateUser"),
            ("cognito-idp", "ChangePassword"),
            ("cassandra", "CreateRole"),
        ] {
            assert!(
                matches!(of(service, call), Some(Kind::Elsewhere(_))),
                "{service}:{call}"
            );
        }
        assert_eq!(of("iam", "CreateUser"), Some(Kind::User));
        assert_eq!(of("", "CreateUser"), Some(Kind::User));
    }

    #[test]
    fn what_only_takes_away_or_widens_lets_nobody_in() {
        let calls = [
            ("iam", "AttachRolePolicy"),
            ("iam", "DeleteUser"),
            ("cloudtrail", "StartLogging"),
            ("organizations", "CreatePolicy"),
            ("kms", "ScheduleKeyDeletion"),
            ("guardduty", "DeleteDetector"),
            ("sso", "DeletePermissionSet"),
        ];
        for (service, call) in calls {
            assert_eq!(of(service, call), None, "{service}:{call}");
        }
    }
}
