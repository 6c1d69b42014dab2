//! The clients that only evidence is read through. They are built when they are asked for: most runs need none of them.

use super::Clients;
use super::credentials::Ended;
use aws_smithy_types::retry::RetryConfig;
use aws_types::region::Region;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};

/// Keeps turns a time apart; on a twin, which counts nobody's requests, none is waited for.
#[derive(Debug)]
pub struct Pace(Option<Interval>);

impl Pace {
    /// Waits for the next turn; the first is at once.
    pub async fn turn(&mut self) {
        if let Some(ticks) = &mut self.0 {
            ticks.tick().await;
        }
    }
}

impl Clients {
    /// CloudTrail in another Region. It does not try again by itself: whoever keeps to a rate must count every request.
    pub fn cloudtrail_in(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        let config = aws_sdk_cloudtrail::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::disabled())
            .interceptor(self.calls.clone())
            .interceptor(self.trail_delay.clone());
        aws_sdk_cloudtrail::Client::from_conf(config.build())
    }

    /// CloudTrail where an event data store lies: in `region`, or where the clients are.
    pub fn cloudtrail_lake(&self, region: Option<&str>) -> aws_sdk_cloudtrail::Client {
        let mut config = aws_sdk_cloudtrail::config::Builder::from(&self.config).interceptor(self.calls.clone());
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        aws_sdk_cloudtrail::Client::from_conf(config.build())
    }

    /// Account Management, which knows the Regions that are enabled.
    pub fn account_management(&self) -> aws_sdk_account::Client {
        let mut config = aws_sdk_account::config::Builder::from(&self.config).interceptor(self.calls.clone());
        if let Some(renewable) = &self.renewable {
            config = config.retry_classifier(Ended(renewable.clone()));
        }
        aws_sdk_account::Client::from_conf(config.build())
    }

    /// S3, in `region` where a bucket lies in another than the clients'. At an endpoint of one's own the bucket's name stands in the path:
    /// it has no names of hosts for buckets.
    pub fn s3(&self, region: Option<&str>) -> aws_sdk_s3::Client {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config)
            .force_path_style(self.config.endpoint_url().is_some())
            .interceptor(self.calls.clone());
        if let Some(region) = region {
            config = config.region(Region::new(region.to_owned()));
        }
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Athena.
    pub fn athena(&self) -> aws_sdk_athena::Client {
        let config = aws_sdk_athena::config::Builder::from(&self.config).interceptor(self.calls.clone());
        aws_sdk_athena::Client::from_conf(config.build())
    }

    /// Organizations: one endpoint for a partition, whatever the Region. Signs as `--organizations-profile` where there is one.
    /// <https://docs.aws.amazon.com/general/latest/gr/ao.html>
    pub fn organizations(&self) -> aws_sdk_organizations::Client {
        let config = self.organizations_config.as_ref().unwrap_or(&self.config);
        let config = aws_sdk_organizations::config::Builder::from(config).interceptor(self.calls.clone());
        aws_sdk_organizations::Client::from_conf(config.build())
    }

    /// STS as whoever signs for Organizations; `None` where that is who signs for all.
    pub fn organizations_sts(&self) -> Option<aws_sdk_sts::Client> {
        let config = self.organizations_config.as_ref()?;
        let config = aws_sdk_sts::config::Builder::from(config).interceptor(self.calls.clone());
        Some(aws_sdk_sts::Client::from_conf(config.build()))
    }

    /// IAM as whoever signs for Organizations; `None` where that is who signs for all.
    pub fn organizations_iam(&self) -> Option<aws_sdk_iam::Client> {
        let config = self.organizations_config.as_ref()?;
        let config = aws_sdk_iam::config::Builder::from(config).interceptor(self.calls.clone());
        Some(aws_sdk_iam::Client::from_conf(config.build()))
    }

    /// A pace of one turn each `time`.
    pub fn pace(&self, time: Duration) -> Pace {
        let ticks = self.paced.then(|| {
            let mut ticks = tokio::time::interval(time);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        Pace(ticks)
    }

    /// Whether requests may be made side by side: on a twin they follow one another, so that a run can be repeated to the byte.
    pub fn side_by_side(&self) -> bool {
        self.paced
    }

    /// Lets `time` pass without holding up other requests. On a twin nothing passes: nobody counts its requests.
    pub async fn pause(&self, time: Duration) {
        if self.paced {
            tokio::time::sleep(time).await;
        }
    }

    /// Lets `time` pass in this world without holding up other requests: on a twin its clock moves on.
    pub async fn rest(&self, time: Duration) {
        if self.paced {
            tokio::time::sleep(time).await;
        } else {
            self.clock
                .wait_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        }
    }
}
