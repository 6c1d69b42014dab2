//! A world reached through aws-sdk clients: the twin or AWS, the same clients.
//!
//! Whoever reads gets [`Clients`]. Whoever writes needs [`Writable`], which a twin's mount gives freely and a live mount only to `live`.
//! Every request is written down by the clients themselves ([`ApiCall`]), so that no caller can forget to count one.

mod aws_time;
mod calls;
mod credentials;
mod doubt;
mod error;
mod evidence;
mod live;
mod profile;
mod trail_delay;

pub use calls::{ApiCall, CallLog};
pub use credentials::Renewal;
pub use error::{AwsError, Trouble};
pub use evidence::Pace;
pub use live::{LiveOptions, mount_live};
pub use trail_delay::TRAIL_DELAY;

use crate::ids::{AccessKeyId, Arn};
use crate::time::{Clock, Moment};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::config::retry::RetryPartition;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_time::AwsTime;
use aws_types::SdkConfig;
use aws_types::region::Region;
use credentials::{Ended, Renewable};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use trail_delay::TrailDelay;

/// The mocked world.
#[derive(Debug, Clone, Copy)]
pub enum Twin {}

/// AWS, or whatever answers at an endpoint in its place.
#[derive(Debug, Clone, Copy)]
pub enum Live {}

/// The clients of one world, with its clock and the log of its calls.
#[derive(Debug, Clone)]
pub struct Clients {
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
    /// CloudTrail.
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    /// What the clients of evidence are built from, which few runs need.
    config: SdkConfig,
    /// The same for Organizations, where somebody else signs for it.
    organizations_config: Option<SdkConfig>,
    /// How waiting between requests is done: by the machine's clock in the live world, not at all on a twin.
    paced: bool,
    /// The Region that the clients sign for.
    pub region: String,
    /// The access key that signs on a twin.
    key: Option<AccessKeyId>,
    /// The credentials of a live mount, which can be renewed.
    renewable: Option<Arc<Renewable>>,
    clock: Arc<dyn Clock>,
    /// What the clock is set right by, in the live world.
    aws_time: Option<AwsTime>,
    calls: CallLog,
    trail_delay: TrailDelay,
}

impl Clients {
    fn new(
        config: &SdkConfig,
        clock: Arc<dyn Clock>,
        aws_time: Option<AwsTime>,
        renewable: Option<Arc<Renewable>>,
    ) -> Self {
        let calls = CallLog::new(clock.clone());
        let trail_delay = TrailDelay::default();
        let mut iam = aws_sdk_iam::config::Builder::from(config)
            .interceptor(calls.clone())
            .interceptor(doubt::Doubt);
        let mut sts = aws_sdk_sts::config::Builder::from(config).interceptor(calls.clone());
        let mut cloudtrail = aws_sdk_cloudtrail::config::Builder::from(config)
            .interceptor(calls.clone())
            .interceptor(trail_delay.clone());
        if let Some(aws_time) = &aws_time {
            iam = iam.interceptor(aws_time.clone());
            sts = sts.interceptor(aws_time.clone());
            cloudtrail = cloudtrail.interceptor(aws_time.clone());
        }
        if let Some(renewable) = &renewable {
            iam = iam.retry_classifier(Ended(renewable.clone()));
            sts = sts.retry_classifier(Ended(renewable.clone()));
            cloudtrail = cloudtrail.retry_classifier(Ended(renewable.clone()));
        }
        Clients {
            iam: aws_sdk_iam::Client::from_conf(iam.build()),
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
            cloudtrail: aws_sdk_cloudtrail::Client::from_conf(cloudtrail.build()),
            config: config.clone(),
            organizations_config: None,
            paced: false,
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            key: None,
            renewable,
            clock,
            aws_time,
            calls,
            trail_delay,
        }
    }

    /// The same for looks that are made again and again: what is throttled is told at once and not tried again behind the caller's back, and costs nobody
    /// else his tries, of which the SDK has a store for each partition.
    pub(crate) fn looking(&self) -> Clients {
        let mut clients = self.clone();
        if self.renewable.is_some() {
            // Once more is for credentials that were renewed in between.
            let retries = RetryConfig::standard()
                .with_max_attempts(2)
                .with_initial_backoff(Duration::from_millis(150));
            let iam = self.iam.config().to_builder().retry_config(retries);
            let iam = iam.retry_partition(RetryPartition::new("looks"));
            clients.iam = aws_sdk_iam::Client::from_conf(iam.build());
        }
        clients
    }

    /// The access key that signs, where it is known before the first call.
    pub fn signing_key(&self) -> Option<AccessKeyId> {
        match &self.renewable {
            Some(renewable) => renewable.key(),
            None => self.key.clone(),
        }
    }

    /// Takes note of whose the credentials are: new ones are only taken of the same principal.
    pub(crate) fn are_of(&self, caller: &Arn) {
        if let Some(renewable) = &self.renewable {
            renewable.are_of(caller);
        }
    }

    /// Goes through the chain of credentials anew, of `profile` or as at first, and lets what it gives sign from now on, if it is of the same principal.
    /// On a twin nothing ends that could be renewed.
    ///
    /// # Errors
    /// There are none, they don't work, or they are another principal's: what signed before goes on signing.
    pub async fn renew(&self, profile: Option<&str>) -> Result<Renewal, AwsError> {
        let Some(renewable) = &self.renewable else {
            return Ok(Renewal::Same);
        };
        renewable.renew(profile).await
    }

    /// The endpoint in the place of AWS's own, where an option, the environment or the profile names one.
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// The world's clock.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// How far AWS's time is ahead of this machine's, in seconds, as its answers tell; negative where it is behind, 0 where they agree.
    pub fn clock_behind_seconds(&self) -> i64 {
        self.aws_time.as_ref().map_or(0, AwsTime::seconds_ahead)
    }

    /// The world's present moment.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// How late the trail tells of a call, in seconds, where an endpoint was named, was asked, and says so itself: a served twin does.
    pub fn trail_delay(&self) -> Option<i64> {
        self.trail_delay.seconds().filter(|_| self.endpoint().is_some())
    }

    /// Every request so far, in order.
    pub fn calls(&self) -> Vec<ApiCall> {
        self.calls.all()
    }
}

/// A world of kind `W`, mounted.
#[derive(Debug, Clone)]
pub struct Mount<W> {
    clients: Clients,
    world: PhantomData<W>,
}

impl<W> Mount<W> {
    /// The clients, for reading. Nothing that takes them alone may write: verbs ask for [`Writable`].
    pub fn clients(&self) -> &Clients {
        &self.clients
    }
}

impl Mount<Twin> {
    /// Mounts the twin behind `http`, signing as `credentials` in `region`, on the twin's `clock`.
    ///
    /// The configuration is built from nothing: no profile, environment variable or endpoint of this machine
    /// can lead a call elsewhere. Time-outs are off, because the SDK's sleep would drive them.
    pub fn twin(http: SharedHttpClient, credentials: Credentials, region: &str, clock: Arc<dyn Clock>) -> Self {
        Mount::twin_with(None, http, credentials, region, clock)
    }

    /// The same for a twin that is served at `endpoint`.
    pub fn twin_at(
        endpoint: &str,
        http: SharedHttpClient,
        credentials: Credentials,
        region: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Mount::twin_with(Some(endpoint), http, credentials, region, clock)
    }

    fn twin_with(
        endpoint: Option<&str>,
        http: SharedHttpClient,
        credentials: Credentials,
        region: &str,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let signing_key = credentials.access_key_id().parse().ok();
        let mut config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .http_client(http)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new(region.to_owned()))
            .time_source(ClockSource(clock.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(
                aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig::disabled(),
            );
        config.set_endpoint_url(endpoint.map(str::to_owned));
        let mut clients = Clients::new(&config.build(), clock, None, None);
        clients.key = signing_key;
        Mount {
            clients,
            world: PhantomData,
        }
    }

    /// The same mount, where Organizations is called as `credentials`.
    pub fn with_organizations(mut self, credentials: Credentials) -> Self {
        let config = self.clients.config.to_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
        self.clients.organizations_config = Some(config.build());
        self
    }

    /// The same mount for a twin on the runtime's timers: requests go side by side and waits are waited for, as in the live world.
    pub fn side_by_side(mut self) -> Self {
        self.clients.paced = true;
        self
    }

    /// Leave to write: a twin harms nobody.
    pub fn writable(&self) -> Writable<'_> {
        Writable { clients: &self.clients }
    }
}

impl Mount<Live> {
    /// Leave to write to AWS. Only `live` calls this, and only with a rehearsal and a person's consent in hand;
    /// `tests/architecture.rs` holds that.
    pub(crate) fn writable_by_consent(&self) -> Writable<'_> {
        Writable { clients: &self.clients }
    }
}

/// Leave to write in one world.
#[derive(Debug, Clone, Copy)]
pub struct Writable<'a> {
    clients: &'a Clients,
}

impl<'a> Writable<'a> {
    /// The clients.
    pub fn clients(&self) -> &'a Clients {
        self.clients
    }
}

/// Our clock as the SDK's time source, for signatures.
#[derive(Debug)]
struct ClockSource(Arc<dyn Clock>);

impl TimeSource for ClockSource {
    fn now(&self) -> SystemTime {
        let millis = u64::try_from(self.0.now().millis()).unwrap_or(0);
        UNIX_EPOCH + Duration::from_millis(millis)
    }
}
