//! Calls that leave something behind which outlives every credential of the family.
//!
//! Sources: <https://hackingthe.cloud/aws/post_exploitation/iam_persistence/>, <https://aws-samples.github.io/threat-technique-catalog-for-aws/>,
//! <https://github.com/DataDog/stratus-red-team/tree/main/docs/attack-techniques/AWS>.

use super::trace::Made;
use crate::ids::AccessKeyId;
use crate::reach::runs_code;
use crate::trail::Event;

/// Services whose every change counts: identities, their guards, and the logs.
const ALL_CHANGES: [&str; 9] = [
    "iam",
    "organizations",
    "sso",
    "sso-directory",
    "identitystore",
    "rolesanywhere",
    "cloudtrail",
    "ram",
    "access-analyzer",
];

/// Beginnings of the names of calls that change something.
const CHANGES: [&str; 28] = [
    "Accept",
    "Add",
    "Associate",
    "Attach",
    "Change",
    "Create",
    "Deactivate",
    "Delete",
    "Detach",
    "Disable",
    "Enable",
    "Import",
    "Invite",
    "Leave",
    "Move",
    "Put",
    "Register",
    "Remove",
    "Replace",
    "Reset",
    "Resync",
    "Send",
    "Set",
    "Start",
    "Stop",
    "Tag",
    "Update",
    "Upload",
];

/// Single calls of other services. Some services log names with the version of their API (`CreateFunction20150331`), so beginnings count:
/// <https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html>.
const SINGLE: [(&str, &[&str]); 36] = [
    (
        "lambda",
        &[
            "CreateFunction",
            "UpdateFunction",
            "AddPermission",
            "PublishLayerVersion",
            "CreateEventSourceMapping",
            "AddLayerVersionPermission",
        ],
    ),
    (
        "ec2",
        &[
            "RunInstances",
            "AssociateIamInstanceProfile",
            "ReplaceIamInstanceProfileAssociation",
            "ModifyInstanceAttribute",
            "ModifyInstanceMetadataOptions",
            "CreateKeyPair",
            "ImportKeyPair",
            "ModifySnapshotAttribute",
            "ModifyImageAttribute",
            "AuthorizeSecurityGroupIngress",
            "DeleteFlowLogs",
            "RequestSpotInstances",
            "RequestSpotFleet",
            "CreateFleet",
            "CreateLaunchTemplateVersion",
            "ModifyLaunchTemplate",
        ],
    ),
    (
        "autoscaling",
        &[
            "CreateAutoScalingGroup",
            "UpdateAutoScalingGroup",
            "CreateLaunchConfiguration",
        ],
    ),
    ("codedeploy", &["CreateDeployment"]),
    (
        "eks",
        &[
            "CreateAccessEntry",
            "UpdateAccessEntry",
            "AssociateAccessPolicy",
            "CreatePodIdentityAssociation",
        ],
    ),
    ("elasticbeanstalk", &["CreateEnvironment", "UpdateEnvironment"]),
    ("emr-containers", &["StartJobRun"]),
    ("emr-serverless", &["StartJobRun"]),
    (
        "iot",
        &[
            "CreateTopicRule",
            "ReplaceTopicRule",
            "CreateRoleAlias",
            "UpdateRoleAlias",
            "CreateKeysAndCertificate",
            "CreateCertificateFromCsr",
            "RegisterC",
            "UpdateC",
        ],
    ),
    ("lightsail", &["CreateInstances"]),
    ("transfer", &["CreateServer", "CreateUser", "ImportSshPublicKey"]),
    (
        "cognito-identity",
        &["SetIdentityPoolRoles", "UpdateIdentityPool", "CreateIdentityPool"],
    ),
    (
        "ec2-instance-connect",
        &["SendSSHPublicKey", "SendSerialConsoleSSHPublicKey"],
    ),
    (
        "ssm",
        &["SendCommand", "StartSession", "CreateActivation", "CreateAssociation"],
    ),
    (
        "cloudformation",
        &["CreateStack", "UpdateStack", "CreateStackInstances"],
    ),
    (
        "glue",
        &[
            "CreateJob",
            "UpdateJob",
            "CreateDevEndpoint",
            "PutResourcePolicy",
            "StartJobRun",
            "CreateTrigger",
        ],
    ),
    (
        "codebuild",
        &[
            "CreateProject",
            "UpdateProject",
            "StartBuild",
            "CreateWebhook",
            "ImportSourceCredentials",
        ],
    ),
    (
        "ecs",
        &["RegisterTaskDefinition", "RunTask", "CreateService", "UpdateService"],
    ),
    (
        "sagemaker",
        &["CreateNotebookInstance", "CreatePresignedNotebookInstanceUrl"],
    ),
    ("datapipeline", &["CreatePipeline", "PutPipelineDefinition"]),
    ("events", &["PutRule", "PutTargets"]),
    (
        "s3",
        &[
            "PutBucketPolicy",
            "PutBucketAcl",
            "PutBucketLifecycle",
            "PutBucketReplication",
            "PutObjectAcl",
        ],
    ),
    ("kms", &["PutKeyPolicy", "CreateGrant", "ScheduleKeyDeletion"]),
    ("secretsmanager", &["PutResourcePolicy"]),
    ("dynamodb", &["PutResourcePolicy"]),
    ("sqs", &["SetQueueAttributes", "AddPermission"]),
    ("sns", &["AddPermission", "SetTopicAttributes"]),
    ("ecr", &["SetRepositoryPolicy"]),
    ("imagebuilder", &["PutImagePolicy"]),
    (
        "rds",
        &["ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute"],
    ),
    ("elasticfilesystem", &["PutFileSystemPolicy"]),
    (
        "guardduty",
        &["DeleteDetector", "UpdateDetector", "CreateIPSet", "UpdateIPSet"],
    ),
    ("securityhub", &["DisableSecurityHub"]),
    (
        "config",
        &[
            "StopConfigurationRecorder",
            "DeleteConfigurationRecorder",
            "DeleteDeliveryChannel",
        ],
    ),
    (
        "signin",
        &[
            "PutConsoleAuthorizationConfiguration",
            "PutResourcePermissionStatement",
            "CreateOAuth2Token",
        ],
    ),
    ("sts", &["GetDelegatedAccessToken", "GetWebIdentityToken"]),
];

/// Members of the request that name what was touched.
const NAMES: [&str; 18] = [
    "/userName",
    "/newUserName",
    "/roleName",
    "/groupName",
    "/policyName",
    "/policyArn",
    "/instanceProfileName",
    "/serviceName",
    "/functionName",
    "/bucketName",
    "/keyId",
    "/secretId",
    "/trailName",
    "/stackName",
    "/instanceId",
    "/target",
    "/roleArn",
    "/name",
];

/// Members of the request that tell the ID of something of a user's.
const IDS: [&str; 4] = ["/serialNumber", "/sSHPublicKeyId", "/certificateId", "/accessKeyId"];

/// Calls that are about the caller's own user where they name none: "if you do not specify a user name, IAM determines the user name implicitly based on the
/// access key ID signing the request". <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html>,
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html>,
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UploadSigningCertificate.html>,
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResetServiceSpecificCredential.html>
const OF_THE_CALLER: [&str; 12] = [
    "ChangePassword",
    "CreateAccessKey",
    "CreateLoginProfile",
    "CreateServiceSpecificCredential",
    "DeleteAccessKey",
    "DeleteServiceSpecificCredential",
    "DeleteSigningCertificate",
    "ResetServiceSpecificCredential",
    "UpdateAccessKey",
    "UpdateServiceSpecificCredential",
    "UpdateSigningCertificate",
    "UploadSigningCertificate",
];

/// Whether the call is of those that are told by name as left behind.
pub(super) fn lasts(event: &Event) -> bool {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| event.name.starts_with(beginning));
    let single = SINGLE.iter().find(|(service, _)| *service == event.service());
    (ALL_CHANGES.contains(&event.service()) && begins(&CHANGES))
        || single.is_some_and(|(_, names)| begins(names))
        || runs_code(event.service(), &event.name)
}

/// What the call, made by the member `by`, left behind; `None` where it left nothing or was refused.
pub(super) fn made(event: &Event, by: &AccessKeyId) -> Option<Made> {
    if event.error.is_some() || !lasts(event) {
        return None;
    }
    let mut what: Vec<String> = NAMES.iter().filter_map(|member| event.asked(member)).collect();
    if event.service() == "iam" && OF_THE_CALLER.contains(&event.name.as_str()) && event.asked("/userName").is_none() {
        what.splice(0..0, event.identity.user_name.clone());
    }
    let is_unnamed = event.service() == "iam" && what.is_empty();
    what.extend(IDS.iter().filter_map(|member| event.asked(member)));
    // What was made has a name of its own only in the answer.
    let ids = [
        "/accessKey/accessKeyId",
        "/serviceSpecificCredential/serviceSpecificCredentialId",
        "/sSHPublicKey/sSHPublicKeyId",
        "/certificate/certificateId",
    ];
    what.extend(ids.iter().find_map(|member| event.answered(member)));
    Some(Made {
        by: by.clone(),
        at: event.at,
        service: event.service().to_owned(),
        call: event.name.clone(),
        names_nobody: is_unnamed && !what.is_empty(),
        what: what.join(" "),
        event: event.id.clone(),
    })
}
