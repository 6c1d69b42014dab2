//! Where a trail's files lie: whether they can be listed and read from, and how long they are kept. Reads only.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html>

use super::s3::bucket_region;
use crate::account::Trail;
use crate::ids::AccountId;
use crate::mount::{AwsError, Clients};
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule};

/// A bucket as the responder finds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The bucket.
    pub bucket: String,
    /// What the keys of the account's files begin with.
    pub prefix: String,
    /// Whether a file of the account was listed; an error where it could not be tried.
    pub listed: Result<bool, AwsError>,
    /// Whether the first of them could be opened; `None` where there was none.
    pub opened: Option<Result<(), AwsError>>,
    /// After how many days files are deleted; `None` where nothing deletes them.
    pub days: Result<Option<i64>, AwsError>,
}

/// Looks at the bucket of `trail` for the files of `account`.
pub async fn kept(
    clients: &Clients,
    trail: &Trail,
    bucket: &str,
    account: &AccountId,
    organization: Option<&str>,
) -> Kept {
    let before = trail
        .prefix
        .as_ref()
        .map(|prefix| format!("{prefix}/"))
        .unwrap_or_default();
    let of_organization = match (trail.organization, organization) {
        (true, Some(id)) => format!("{id}/"),
        _ => String::new(),
    };
    let prefix = format!("{before}AWSLogs/{of_organization}{account}/CloudTrail/");
    let region = match bucket_region(clients, bucket).await {
        Ok(region) => region,
        Err(error) => {
            return Kept {
                bucket: bucket.to_owned(),
                prefix,
                listed: Err(error.clone()),
                opened: None,
                days: Err(error),
            };
        }
    };
    let client = clients.s3(region.as_deref());
    let first = first(&client, bucket, &prefix).await;
    let opened = match &first {
        Ok(Some(key)) => Some(open(&client, bucket, key).await),
        _ => None,
    };
    Kept {
        listed: first.map(|first| first.is_some()),
        opened,
        days: days(&client, bucket, &prefix).await,
        bucket: bucket.to_owned(),
        prefix,
    }
}

async fn first(client: &aws_sdk_s3::Client, bucket: &str, prefix: &str) -> Result<Option<String>, AwsError> {
    let page = client.list_objects_v2().bucket(bucket).prefix(prefix).max_keys(1);
    let page = page
        .send()
        .await
        .map_err(|error| AwsError::of("s3:ListObjectsV2", error))?;
    Ok(page
        .contents()
        .first()
        .and_then(|object| object.key())
        .map(str::to_owned))
}

/// The first byte tells whether file and key of its encryption can be used.
async fn open(client: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Result<(), AwsError> {
    let object = client
        .get_object()
        .bucket(bucket)
        .key(key)
        .range("bytes=0-0")
        .send()
        .await;
    object.map(drop).map_err(|error| AwsError::of("s3:GetObject", error))
}

async fn days(client: &aws_sdk_s3::Client, bucket: &str, prefix: &str) -> Result<Option<i64>, AwsError> {
    let rules = client.get_bucket_lifecycle_configuration().bucket(bucket).send().await;
    match rules.map_err(|error| AwsError::of("s3:GetLifecycleConfiguration", error)) {
        Ok(found) => Ok(found.rules().iter().filter_map(|rule| expires(rule, prefix)).min()),
        Err(error) if error.code.as_deref() == Some("NoSuchLifecycleConfiguration") => Ok(None),
        Err(error) => Err(error),
    }
}

/// After how many days a rule deletes files below `prefix`, if it does. One whose filter asks for tags or sizes may, and counts.
fn expires(rule: &LifecycleRule, prefix: &str) -> Option<i64> {
    if rule.status() != &ExpirationStatus::Enabled {
        return None;
    }
    let expiration = rule.expiration()?;
    let days = match (expiration.days(), expiration.date()) {
        (Some(days), _) => i64::from(days),
        // What is deleted at a date is not kept.
        (None, Some(_)) => 0,
        (None, None) => return None,
    };
    #[allow(deprecated, reason = "old rules carry their prefix outside of the filter")]
    let old = rule.prefix();
    let filter = rule.filter();
    let of_filter = filter.and_then(|filter| filter.prefix().or_else(|| filter.and()?.prefix()));
    let of_rule = of_filter.or(old).unwrap_or_default();
    (prefix.starts_with(of_rule) || of_rule.starts_with(prefix)).then_some(days)
}
