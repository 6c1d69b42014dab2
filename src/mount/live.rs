//! The live world: the SDK's usual chain of profile, environment, SSO, process and instance credentials.

use super::aws_time::AwsTime;
use super::credentials::{Current, Identify, Load, Renewable};
use super::profile::Profile;
use super::{AwsError, Clients, Live, Mount, Trouble};
use crate::ids::Arn;
use crate::time::{Clock, SystemClock};
use aws_config::identity::IdentityCache;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::region::Region;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// Where the live world is.
#[derive(Debug, Clone, Default)]
pub struct LiveOptions {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--organizations-profile`: who signs for Organizations, where that is somebody else.
    pub organizations_profile: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--endpoint-url`.
    pub endpoint_url: Option<String>,
    /// What stands behind `app/` in the user agent, and so in CloudTrail: the run signs its work.
    pub app_name: String,
}

/// IAM is global; its endpoint and its events are in this Region of the `aws` partition.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/disaster-recovery-resiliency.html>
const HOME_REGION: &str = "us-east-1";

/// Mounts AWS, or what answers at the endpoint.
pub async fn mount_live(options: &LiveOptions) -> Mount<Live> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let time_outs = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(90))
        .build();
    // Short back-off: a throttled call is worth trying again at once, and a responder is waiting.
    let retries = RetryConfig::standard()
        .with_max_attempts(5)
        .with_initial_backoff(Duration::from_millis(150))
        .with_max_backoff(Duration::from_secs(4));
    let http = Http {
        client: http,
        retries,
        time_outs,
    };
    let load = async |profile: Option<String>| chain(options, &http, profile).await;
    let first = load(options.profile.clone()).await;
    let aws_time = AwsTime::on(Arc::new(SystemClock));
    let clock: Arc<dyn Clock> = Arc::new(aws_time.clone());
    let anew: Load = {
        let (options, http) = (options.clone(), http.clone());
        Box::new(move |profile| {
            let (options, http) = (options.clone(), http.clone());
            Box::pin(async move {
                let profile = profile.or_else(|| options.profile.clone());
                chain(&options, &http, profile).await.credentials_provider()
            })
        })
    };
    let asking = first.clone();
    let identify: Identify = Box::new(move |fresh| Box::pin(whose(asking.clone(), fresh)));
    let provider = first.credentials_provider();
    let renewable = Arc::new(Renewable::new(anew, identify, provider, clock.clone()));
    let config = first
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(Current(renewable.clone())))
        .identity_cache(IdentityCache::no_cache())
        .build();
    // Who signs is needed to refuse a plan that would cut off its own caller. That there are no credentials is said by the first call.
    let _ = renewable.current().await;
    let mut clients = Clients::new(&config, clock, Some(aws_time), Some(renewable));
    clients.paced = true;
    if let Some(profile) = &options.organizations_profile {
        clients.organizations_config = Some(load(Some(profile.clone())).await);
    }
    Mount {
        clients,
        world: PhantomData,
    }
}

/// Asks STS whose credentials these are.
async fn whose(config: SdkConfig, fresh: Credentials) -> Result<Arn, AwsError> {
    let config = aws_sdk_sts::config::Builder::from(&config).credentials_provider(fresh);
    let asked = aws_sdk_sts::Client::from_conf(config.build()).get_caller_identity();
    let told = asked
        .send()
        .await
        .map_err(|error| AwsError::of("sts:GetCallerIdentity", error))?;
    told.arn().and_then(|arn| arn.parse().ok()).ok_or_else(|| AwsError {
        operation: "sts:GetCallerIdentity".to_owned(),
        trouble: Trouble::Rubbish,
        code: None,
        message: "the answer has no ARN: something else than STS answers there".to_owned(),
    })
}

/// How requests are made.
#[derive(Debug, Clone)]
struct Http {
    client: SharedHttpClient,
    retries: RetryConfig,
    time_outs: TimeoutConfig,
}

/// The SDK's usual chain; the credentials of `profile` alone where one is named.
async fn chain(options: &LiveOptions, http: &Http, profile: Option<String>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.client.clone())
        .retry_config(http.retries.clone())
        .timeout_config(http.time_outs.clone());
    if let Ok(name) = AppName::new(options.app_name.clone()) {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    let mut config = match config.region() {
        Some(_) => config,
        None => config.into_builder().region(Region::new(HOME_REGION)).build(),
    };
    if let Some(profile) = profile {
        let of_provider = ProviderConfig::without_region()
            .with_http_client(http.client.clone())
            .with_region(config.region().cloned());
        let provider = SharedCredentialsProvider::new(Profile::named(profile, of_provider));
        config = config.into_builder().credentials_provider(provider).build();
    }
    config
}
