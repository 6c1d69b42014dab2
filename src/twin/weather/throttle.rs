//! Too many requests: token buckets, shared by everybody in the account.
//!
//! IAM has one for each operation, with rates that aren't published: <https://repost.aws/knowledge-center/iam-sts-throttling-error>. STS answers
//! 600 requests a second for six operations together: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>. LookupEvents is
//! answered twice a second in each Region: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>.

use super::WeatherError;
use crate::time::Moment;
use std::collections::BTreeMap;
use std::str::FromStr;

const STS_PER_SECOND: u32 = 600;
const LOOKUP_PER_SECOND: u32 = 2;

/// A request costs this much, so that parts of a request can be counted.
const REQUEST: i64 = 1_000_000;

/// How many requests are answered.
#[derive(Debug, Clone)]
pub struct Throttle {
    /// Requests in a thousand seconds for each operation of IAM.
    iam: u32,
    buckets: BTreeMap<(String, String), Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: i64,
    filled: Moment,
}

impl Throttle {
    /// So many requests a second for each operation of IAM, and as many at once after a rest; STS and LookupEvents by their own rates.
    pub fn iam(per_second: u32) -> Self {
        Throttle {
            iam: per_second.saturating_mul(1000),
            buckets: BTreeMap::new(),
        }
    }

    /// Whether the request is answered; it is then counted.
    pub(super) fn admits(&mut self, service: &str, operation: &str, region: &str, now: Moment) -> bool {
        let (place, rate) = match (service, operation) {
            ("iam", _) => (operation, self.iam),
            ("sts", _) => (region, STS_PER_SECOND * 1000),
            ("cloudtrail", "LookupEvents") => (region, LOOKUP_PER_SECOND * 1000),
            _ => return true,
        };
        let most = i64::from(rate.max(1000)) * (REQUEST / 1000);
        let bucket = self
            .buckets
            .entry((service.to_owned(), place.to_owned()))
            .or_insert(Bucket {
                tokens: most,
                filled: now,
            });
        let passed = (now.millis() - bucket.filled.millis()).max(0);
        bucket.tokens = passed
            .saturating_mul(i64::from(rate))
            .saturating_add(bucket.tokens)
            .min(most);
        bucket.filled = now;
        let admitted = bucket.tokens >= REQUEST;
        if admitted {
            bucket.tokens -= REQUEST;
        }
        admitted
    }
}

impl FromStr for Throttle {
    type Err = WeatherError;

    /// Requests a second: `5`, `0.5`.
    fn from_str(text: &str) -> Result<Self, WeatherError> {
        match text.parse::<f64>() {
            Ok(rate) if (0.001..=100_000.0).contains(&rate) => Ok(Throttle {
                iam: (rate * 1000.0).round() as u32,
                buckets: BTreeMap::new(),
            }),
            _ => Err(WeatherError(format!(
                "`{text}` is no rate: write requests a second, such as 5 or 0.5"
            ))),
        }
    }
}
