//! CloudTrail's files where CloudTrail leaves them: `s3://BUCKET/PREFIX`, an organization's layout too.
//!
//! The bucket is walked folder by folder, and folders of other accounts, Regions and services are never listed. Below a Region the days lie in
//! the order of their names, so the listing begins at the first day that is wanted and ends behind the last. Each object is read while it is
//! downloaded; nothing is written to a disk, and no object is held as a whole.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html>

mod fetch;
mod layout;
mod list;

pub use fetch::Piped;
pub use list::Object;

use crate::mount::{AwsError, Clients};
use crate::trail::Window;
use fetch::Fetching;
use list::Walk;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use tokio::sync::mpsc;

/// How many objects may be found and not yet read: the listing waits then.
const AHEAD: usize = 4096;

/// A bucket, and what the keys of the wanted objects begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The bucket.
    pub bucket: String,
    /// The prefix; empty for the whole bucket.
    pub prefix: String,
}

/// Why a text is no place in S3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place in S3: s3://BUCKET/PREFIX was expected")]
pub struct LocationError(String);

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let rest = text.strip_prefix("s3://");
        let (bucket, prefix) = rest
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
            .unwrap_or_default();
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        if (3..=63).contains(&bucket.len()) && bucket.chars().all(plain) {
            return Ok(Location {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            });
        }
        Err(LocationError(text.to_owned()))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// Who takes the objects in.
pub trait Reader: Send + Sync + 'static {
    /// Whether the object of that name is wanted. It is asked once for each.
    fn wants(&self, name: &str, object: &Object) -> bool;

    /// Reads one object, beside others.
    fn read(&self, name: &str, object: &Object, stream: Piped);

    /// An object that could not be had.
    fn failed(&self, name: &str, why: String);
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// Objects.
    pub objects: u64,
    /// Their bytes, as they are stored.
    pub bytes: u64,
    /// Objects that could not be had.
    pub failed: u64,
    /// Objects that were there and not wanted.
    pub passed: u64,
}

/// Hands every object of `location` within `window` to `reader`, several side by side. `tell` is told how far it is.
///
/// # Errors
/// The bucket is not there or may not be listed.
pub async fn s3(
    clients: &Clients,
    location: &Location,
    window: &Window,
    reader: Arc<dyn Reader>,
    tell: &dyn Fn(&str),
) -> Result<Read, AwsError> {
    let region = list::region(clients, &location.bucket).await?;
    let client = clients.s3(region.as_deref());
    let (found, objects) = mpsc::channel(AHEAD);
    let walk = Walk::new(client.clone(), location, window, found);
    let fetching = Fetching::new(client, &location.bucket, reader);
    let (walked, read) = tokio::join!(walk.all(), fetching.all(objects, tell));
    walked?;
    Ok(read)
}

/// The Region of a bucket, where the answer tells it.
pub(super) async fn bucket_region(clients: &Clients, bucket: &str) -> Result<Option<String>, AwsError> {
    list::region(clients, bucket).await
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// Objects.
    pub objects: u64,
    /// Their bytes, as they are stored.
    pub bytes: u64,
    /// Whether there may be more: the counting ended at the most that was asked for.
    pub or_more: bool,
}

/// What the objects of `location` within `window` weigh, by their listing; up to `most` of them are counted.
///
/// # Errors
/// The bucket is not there or may not be listed.
pub async fn weigh(clients: &Clients, location: &Location, window: &Window, most: u64) -> Result<Weight, AwsError> {
    let region = list::region(clients, &location.bucket).await?;
    let (found, mut objects) = mpsc::channel(AHEAD);
    let walk = Walk::new(clients.s3(region.as_deref()), location, window, found);
    let count = async {
        let mut weight = Weight::default();
        while let Some(object) = objects.recv().await {
            weight.objects += 1;
            weight.bytes += object.bytes;
            if weight.objects >= most {
                weight.or_more = true;
                break;
            }
        }
        weight
    };
    let mut count = std::pin::pin!(count);
    // Whoever has counted enough does not wait for the rest of the walk.
    tokio::select! {
        weight = &mut count => return Ok(weight),
        walked = walk.all() => walked?,
    }
    Ok(count.await)
}

#[cfg(test)]
mod tests;
