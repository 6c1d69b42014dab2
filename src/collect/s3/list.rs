//! Finds the objects: folder by folder, several at once, only where something wanted can lie.

use super::Location;
use super::layout::{is_of_region, may_hold_calls};
use crate::mount::{AwsError, Clients};
use crate::time::Moment;
use crate::trail::Window;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

/// How many folders are listed side by side.
const SIDE_BY_SIDE: usize = 16;

/// How many days behind its events a file may lie: delivery is late at times.
const LATE_DAYS: i64 = 3;

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size in bytes, as it is stored.
    pub bytes: u64,
    /// What is another whenever its content is.
    pub etag: Option<String>,
}

/// The Region of a bucket, where the answer tells it: clients sign for it.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
pub(super) async fn region(clients: &Clients, bucket: &str) -> Result<Option<String>, AwsError> {
    match clients.s3(None).head_bucket().bucket(bucket).send().await {
        Ok(found) => Ok(found.bucket_region().map(str::to_owned)),
        Err(error) => {
            let told = error
                .raw_response()
                .and_then(|raw| raw.headers().get("x-amz-bucket-region"));
            match told.map(str::to_owned) {
                Some(region) => Ok(Some(region)),
                // The listing says better than a bare status what is wrong, unless nothing answers there.
                None if error.raw_response().is_some() => Ok(None),
                None => Err(AwsError::of("s3:HeadBucket", error)),
            }
        }
    }
}

/// A walk through a bucket.
pub(super) struct Walk {
    shared: Arc<Shared>,
    begin: String,
    found: Sender<Object>,
}

struct Shared {
    client: aws_sdk_s3::Client,
    bucket: String,
    window: Window,
}

/// What is asked for in one listing.
struct Listing {
    prefix: String,
    /// Whether folders within are told as folders.
    by_folder: bool,
    /// Nothing up to this key.
    behind: Option<String>,
    /// Nothing from this key on.
    before: Option<String>,
}

impl Walk {
    pub(super) fn new(client: aws_sdk_s3::Client, location: &Location, window: &Window, found: Sender<Object>) -> Self {
        Walk {
            shared: Arc::new(Shared {
                client,
                bucket: location.bucket.clone(),
                window: window.clone(),
            }),
            begin: location.prefix.clone(),
            found,
        }
    }

    /// Sends every object on, and ends when there are no more or nobody takes them.
    pub(super) async fn all(self) -> Result<(), AwsError> {
        let mut folders = vec![self.begin];
        let mut listing = JoinSet::new();
        loop {
            while listing.len() < SIDE_BY_SIDE
                && let Some(folder) = folders.pop()
            {
                let (shared, found) = (self.shared.clone(), self.found.clone());
                listing.spawn(async move { shared.list(folder, found).await });
            }
            match listing.join_next().await {
                None => return Ok(()),
                Some(Ok(inside)) => folders.extend(inside?),
                Some(Err(broken)) => {
                    return Err(AwsError {
                        operation: "s3:ListObjectsV2".to_owned(),
                        trouble: crate::mount::Trouble::NoAnswer,
                        code: None,
                        message: format!("the listing broke down: {broken}"),
                    });
                }
            }
        }
    }
}

/// `2026/11/24`, as folders are named.
pub(super) fn day(at: Moment) -> String {
    let text = at.to_string();
    text.get(..10).unwrap_or(&text).replace('-', "/")
}

impl Listing {
    fn of(folder: String, window: &Window) -> Self {
        let by_folder = !is_of_region(&folder);
        let until = window.until.map(|until| until.plus_seconds((LATE_DAYS + 1) * 86_400));
        let at = |moment: Option<Moment>| Some(format!("{folder}{}", day(moment?))).filter(|_| !by_folder);
        Listing {
            behind: at(window.since),
            before: at(until),
            by_folder,
            prefix: folder,
        }
    }
}

impl Shared {
    /// Sends the objects of a folder on; gives the folders in it that may hold more.
    async fn list(&self, folder: String, found: Sender<Object>) -> Result<Vec<String>, AwsError> {
        let listing = Listing::of(folder, &self.window);
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&listing.prefix)
            .set_start_after(listing.behind)
            .set_delimiter(listing.by_folder.then(|| "/".to_owned()))
            .into_paginator()
            .send();
        let mut folders = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::of("s3:ListObjectsV2", error))?;
            let inside = page.common_prefixes().iter().filter_map(|common| common.prefix());
            let wanted = inside.filter(|inside| may_hold_calls(inside) && self.window.admits_path(inside));
            folders.extend(wanted.map(str::to_owned));
            for object in page.contents() {
                let key = object.key().unwrap_or_default();
                if listing.before.as_deref().is_some_and(|before| key >= before) {
                    return Ok(folders);
                }
                // Folders that somebody made by hand are empty objects whose names end in a slash.
                if key.ends_with('/') || !self.window.admits_path(key) {
                    continue;
                }
                let object = Object {
                    key: key.to_owned(),
                    etag: object.e_tag().map(str::to_owned),
                    bytes: object
                        .size()
                        .and_then(|size| u64::try_from(size).ok())
                        .unwrap_or_default(),
                };
                if found.send(object).await.is_err() {
                    return Ok(Vec::new());
                }
            }
        }
        Ok(folders)
    }
}
