//! The live world: the SDK's usual chain of profile, environment, SSO, process and instance credentials.

use super::{Clients, Live, Mount};
use crate::time::SystemClock;
use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
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
    let load = async |profile: Option<&str>| {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .retry_config(retries.clone())
            .timeout_config(time_outs.clone());
        if let Ok(name) = AppName::new(options.app_name.clone()) {
            loader = loader.app_name(name);
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        match config.region() {
            Some(_) => config,
            None => config.into_builder().region(Region::new(HOME_REGION)).build(),
        }
    };
    let config = load(options.profile.as_deref()).await;
    let mut clients = Clients::new(&config, Arc::new(SystemClock));
    clients.paced = true;
    if let Some(profile) = &options.organizations_profile {
        clients.organizations_config = Some(load(Some(profile)).await);
    }
    // Who signs is needed to refuse a plan that would cut off its own caller. That there are no credentials is said by the first call.
    if let Some(provider) = config.credentials_provider()
        && let Ok(credentials) = provider.provide_credentials().await
    {
        clients.signing_key = credentials.access_key_id().parse().ok();
    }
    Mount {
        clients,
        world: PhantomData,
    }
}
