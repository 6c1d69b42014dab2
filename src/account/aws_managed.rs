//! AWS managed policies that everybody has, with the documents that AWS publishes, as far as this program needs to know them
//! without asking: <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html>.

use crate::ids::Arn;

/// Name, version in force, and document.
const KNOWN: [(&str, &str, &str); 5] = [
    (
        "AWSDenyAll",
        "v2",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAll","Effect":"Deny","Action":["*"],"Resource":"*"}]}"#,
    ),
    (
        "AdministratorAccess",
        "v1",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "IAMFullAccess",
        "v2",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]}"#,
    ),
    (
        "AmazonS3FullAccess",
        "v2",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","s3-object-lambda:*"],"Resource":"*"}]}"#,
    ),
    (
        "AmazonS3ReadOnlyAccess",
        "v3",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*","s3-object-lambda:Get*","s3-object-lambda:List*"],"Resource":"*"}]}"#,
    ),
];

/// The version in force and the document of an AWS managed policy, where it is one of those that are known here.
pub fn aws_managed(arn: &Arn) -> Option<(&'static str, &'static str)> {
    let name = arn.as_str().strip_prefix("arn:")?.split_once(":iam::aws:policy/")?.1;
    KNOWN
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, version, document)| (*version, *document))
}

/// The ARN of the AWS managed policy that denies everything, in `partition`.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSDenyAll.html>
pub fn deny_all_arn(partition: &str) -> Option<Arn> {
    format!("arn:{partition}:iam::aws:policy/AWSDenyAll").parse().ok()
}

/// Whether a managed policy is one that AWS attaches to users whose keys were found in public, whatever its version.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html>
pub fn is_quarantine(arn: &Arn) -> bool {
    arn.account().is_none() && arn.name().starts_with("AWSCompromisedKeyQuarantine")
}
