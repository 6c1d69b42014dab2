//! The credentials of a profile that a person named: of that profile and of nothing else.
//!
//! The SDK's chain asks the environment first, also where a profile was named; the AWS CLI and boto3 then leave the environment's credentials aside
//! (<https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html>), and so does everybody's expectation: keys that were exported in this
//! shell an hour ago must not decide in whose account a person is cut off.

use super::error::causes;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use std::fmt;

/// A profile by name.
#[derive(Clone)]
pub(super) struct Profile {
    name: String,
    config: ProviderConfig,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile `{}`", self.name)
    }
}

impl Profile {
    pub(super) fn named(name: String, config: ProviderConfig) -> Self {
        Profile { name, config }
    }

    /// Its files are read each time: who puts others there, or the profile itself, is heard.
    async fn given(&self) -> Result<Credentials, CredentialsError> {
        let provider = ProfileFileCredentialsProvider::builder()
            .configure(&self.config)
            .profile_name(&self.name);
        let given = provider.build().provide_credentials().await;
        given.map_err(|error| CredentialsError::provider_error(format!("profile `{}`: {}", self.name, causes(&error))))
    }
}

impl ProvideCredentials for Profile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.given())
    }
}
