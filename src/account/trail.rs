//! CloudTrail's trails: what of the account's calls is recorded, where, and whether it still is.

use crate::ids::Arn;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One trail, as far as it bears on tracing: what it records of management events, and where its files go.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Trail.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// Its ARN: an organization's trail carries the management account's number.
    pub arn: Arn,
    /// The Region that it was made in, and can be asked about in.
    pub home_region: String,
    /// Whether it records every Region.
    #[serde(default)]
    pub multi_region: bool,
    /// Whether it is an organization's.
    #[serde(default)]
    pub organization: bool,
    /// Whether it records what global services such as IAM tell.
    #[serde(default)]
    pub global_service_events: bool,
    /// The bucket that its files go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// What stands before `AWSLogs/` in their keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Whether digests are written, by which a changed or missing file shows.
    #[serde(default)]
    pub validated: bool,
    /// Whether it records at present; `None` where that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<bool>,
    /// What went wrong when files were last delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_error: Option<String>,
    /// What of the management events it records, one part beside another; `None` where that was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management: Option<Vec<Recorded>>,
}

/// A part of the management events that a trail records.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html>
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// Calls that read. AssumeRole is one of them.
    #[serde(default)]
    pub reads: bool,
    /// Calls that write.
    #[serde(default)]
    pub writes: bool,
    /// Services whose calls are left out, such as `kms.amazonaws.com`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub excluded: BTreeSet<String>,
    /// Other fields that the part is narrowed by, such as `eventName`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub narrowed_by: BTreeSet<String>,
}
