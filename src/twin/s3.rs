//! As much of S3 as an intruder needs to be seen reading it: list buckets, list and read objects.

use super::{Fault, Params, Request};
use crate::account::Account;
use crate::ids::Arn;
use quick_xml::escape::escape;
use std::collections::BTreeMap;

/// Operation, IAM action, and whether it is a data event.
const OPERATIONS: [(&str, &str, bool); 7] = [
    ("ListBuckets", "ListAllMyBuckets", false),
    ("ListObjects", "ListBucket", true),
    ("HeadBucket", "ListBucket", true),
    ("GetObject", "GetObject", true),
    ("HeadObject", "GetObject", true),
    ("PutObject", "PutObject", true),
    ("DeleteObject", "DeleteObject", true),
];

/// The IAM action of an S3 operation; an operation that isn't listed is its own action.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
pub(super) fn action(operation: &str) -> &str {
    OPERATIONS
        .iter()
        .find(|(known, ..)| *known == operation)
        .map_or(operation, |(_, action, _)| action)
}

/// The operation that CloudTrail names for an IAM action of S3.
pub(super) fn operation(action: &str) -> &str {
    OPERATIONS
        .iter()
        .find(|(_, known, _)| *known == action)
        .map_or(action, |(operation, ..)| operation)
}

/// Whether CloudTrail records the operation as a data event.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html>
pub(super) fn is_data(operation: &str) -> bool {
    OPERATIONS.iter().any(|(known, _, data)| *known == operation && *data)
}

/// Which operation a path asks for; bucket and key as parameters. Both path style and `bucket.host` style.
pub(super) fn route(request: &Request, path: &str, query: &str) -> (&'static str, Params) {
    let host = request.header("host").unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default();
    let virtual_bucket = name
        .strip_suffix(".localhost")
        .or_else(|| name.split_once(".s3.").map(|(bucket, _)| bucket));
    let decoded = percent_encoding::percent_decode_str(path.trim_start_matches('/'))
        .decode_utf8_lossy()
        .into_owned();
    let (bucket, key) = match virtual_bucket {
        Some(bucket) => (bucket.to_owned(), decoded),
        None => match decoded.split_once('/') {
            Some((bucket, key)) => (bucket.to_owned(), key.to_owned()),
            None => (decoded, String::new()),
        },
    };
    let operation = match (request.method.as_str(), bucket.is_empty(), key.is_empty()) {
        ("GET", true, _) => "ListBuckets",
        ("GET", false, true) => "ListObjects",
        ("HEAD", false, true) => "HeadBucket",
        ("GET", false, false) => "GetObject",
        ("HEAD", false, false) => "HeadObject",
        ("PUT", false, false) => "PutObject",
        ("DELETE", false, false) => "DeleteObject",
        _ => "NotModelled",
    };
    let mut params: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    params.insert("bucketName".to_owned(), bucket);
    params.insert("key".to_owned(), key);
    (operation, Params(params))
}

/// The ARN that permission is asked on.
pub(super) fn resource(account: &Account, params: &Params) -> String {
    let (bucket, key) = (
        params.get("bucketName").unwrap_or_default(),
        params.get("key").unwrap_or_default(),
    );
    match (bucket, key) {
        ("", _) => "*".to_owned(),
        (bucket, "") => format!("arn:{}:s3:::{bucket}", account.partition),
        (bucket, key) => format!("arn:{}:s3:::{bucket}/{key}", account.partition),
    }
}

/// How many bytes of an object are made up at the most.
const LARGEST: u64 = 1 << 20;

/// Does the operation on the buckets that the account has.
pub(super) fn operate(account: &mut Account, operation: &str, params: &Params, size: usize) -> Result<Vec<u8>, Fault> {
    let mut buckets: Vec<String> = Vec::new();
    if operation == "ListBuckets" {
        let known = account
            .resources
            .iter()
            .flatten()
            .map(|(arn, _)| arn)
            .filter(|arn| arn.service() == "s3");
        buckets.extend(known.map(|arn| {
            format!(
                "<Bucket><Name>{}</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>",
                escape(arn.resource())
            )
        }));
        let owner = &account.id;
        return Ok(format!(
            "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{owner}</ID></Owner><Buckets>{}</Buckets></ListAllMyBucketsResult>",
            buckets.concat()
        )
        .into_bytes());
    }
    let (name, key) = (
        params.get("bucketName").unwrap_or_default(),
        params.get("key").unwrap_or_default(),
    );
    let arn: Option<Arn> = format!("arn:{}:s3:::{name}", account.partition).parse().ok();
    let bucket = arn.and_then(|arn| account.resources.as_mut()?.get_mut(&arn));
    let bucket = bucket.ok_or_else(|| Fault::new(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    let no_key = || Fault::new(404, "NoSuchKey", "The specified key does not exist.");
    match operation {
        "HeadBucket" => Ok(Vec::new()),
        "ListObjects" => {
            let prefix = params.get("prefix").unwrap_or_default();
            let held = bucket.objects.iter().filter(|(key, _)| key.starts_with(prefix));
            let rows: Vec<String> = held
                .map(|(key, size)| format!("<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>", escape(key)))
                .collect();
            let count = rows.len();
            Ok(format!(
                "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name><KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{}</ListBucketResult>",
                escape(name),
                rows.concat()
            )
            .into_bytes())
        }
        "GetObject" | "HeadObject" => {
            let size = bucket.objects.get(key).copied().ok_or_else(no_key)?;
            Ok(vec![b'x'; usize::try_from(size.min(LARGEST)).unwrap_or_default()])
        }
        "PutObject" => {
            bucket.objects.insert(key.to_owned(), size as u64);
            Ok(Vec::new())
        }
        "DeleteObject" => {
            bucket.objects.remove(key);
            Ok(Vec::new())
        }
        _ => Err(Fault::new(
            501,
            "NotModelled",
            "the twin does not model this operation of S3",
        )),
    }
}
