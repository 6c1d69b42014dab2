//! Calls that give their caller a secret: a password, a token, a decrypted value. Whoever made them has it, whatever becomes of the key.
//!
//! Sources: <https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html>,
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-cloudtrail-logs.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/ct-decrypt.html>.

use super::event::member;
use serde_json::Value;

/// Members of a request that name one secret, or a list of them.
const NAMES: [&str; 13] = [
    "/secretId",
    "/secretIdList",
    "/name",
    "/names",
    "/path",
    "/instanceId",
    "/instanceName",
    "/keyId",
    "/registryIds",
    "/domain",
    "/clusterIdentifier",
    "/workgroupName",
    "/filters",
];

/// Which secrets a successful call gave, by the names that its record has for them; empty for a call that gives none, and a dash where it gives one that
/// the record doesn't name.
pub(super) fn revealed(source: &str, name: &str, request: &Value, resources: &[String]) -> Vec<String> {
    let is_true = |place: &str| match member(request, place) {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    let gives = match (source, name) {
        ("secretsmanager.amazonaws.com", "GetSecretValue" | "BatchGetSecretValue") => true,
        ("ssm.amazonaws.com", "GetParameter" | "GetParameters" | "GetParametersByPath" | "GetParameterHistory") => {
            is_true("/withDecryption")
        }
        ("kms.amazonaws.com", "Decrypt") => true,
        ("ec2.amazonaws.com", "GetPasswordData") => true,
        // What a machine is started with holds passwords at times.
        ("ec2.amazonaws.com", "DescribeInstanceAttribute") => {
            member(request, "/attribute").and_then(Value::as_str) == Some("userData")
        }
        ("ecr.amazonaws.com" | "ecr-public.amazonaws.com" | "codeartifact.amazonaws.com", "GetAuthorizationToken") => {
            true
        }
        ("lightsail.amazonaws.com", "DownloadDefaultKeyPair" | "GetInstanceAccessDetails") => true,
        (
            "redshift.amazonaws.com" | "redshift-serverless.amazonaws.com",
            "GetClusterCredentials" | "GetClusterCredentialsWithIAM" | "GetCredentials",
        ) => true,
        _ => false,
    };
    if !gives {
        return Vec::new();
    }
    // A message names its key in the resources alone, unless the key is asymmetric.
    if source == "kms.amazonaws.com" && !resources.is_empty() {
        return resources.to_vec();
    }
    let mut found: Vec<String> = NAMES
        .iter()
        .filter_map(|place| member(request, place))
        .flat_map(texts)
        .collect();
    if found.is_empty() {
        found.push("-".to_owned());
    }
    found.sort();
    found.dedup();
    found
}

/// A text, the texts of a list; of a filter what it says.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(_) => vec![format!("by filter {value}")],
        _ => Vec::new(),
    }
}
