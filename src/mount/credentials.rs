//! What signs, and how new credentials take its place in the middle of a run.
//!
//! A session of the responder's can end before the run does. The SDK renews what it can by itself (SSO, processes, instance roles); what lies in a
//! file or comes from another profile it reads once. So the chain can be gone through anew, and its result takes the place of what signed: only where it is
//! of the same principal, because every look at whether a plan cuts off its own caller was about that one.

use super::AwsError;
use super::error::Trouble;
use crate::ids::{AccessKeyId, Arn, PrincipalArn};
use crate::time::{Clock, Moment};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

/// How long before their end credentials are taken for ended, in seconds: as the SDK's own cache does.
const EARLY_SECONDS: i64 = 10;

type Soon<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Goes through the chain: of the profile that is named, or as at first.
pub(super) type Load = Box<dyn Fn(Option<String>) -> Soon<Option<SharedCredentialsProvider>> + Send + Sync>;

/// Asks STS whose credentials these are.
pub(super) type Identify = Box<dyn Fn(Credentials) -> Soon<Result<Arn, AwsError>> + Send + Sync>;

/// What came of looking for new credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Others sign from now on.
    New,
    /// The chain gives what signed before: nobody has put new ones there.
    Same,
}

/// The credentials of a live mount.
pub(super) struct Renewable {
    load: Load,
    identify: Identify,
    clock: Arc<dyn Clock>,
    held: tokio::sync::Mutex<Held>,
    /// Held by whoever goes through the chain because AWS refused what signs.
    renewing: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Held {
    provider: Option<SharedCredentialsProvider>,
    credentials: Option<Credentials>,
}

#[derive(Debug, Default)]
struct Known {
    /// Which key signs.
    key: Option<AccessKeyId>,
    /// Whose credentials they are, by STS.
    caller: Option<Arn>,
    /// The key that AWS refused; another is looked for before the next request.
    refused: Option<AccessKeyId>,
    /// The refused key for which there was no other: nobody looks again by himself.
    in_vain: Option<AccessKeyId>,
}

impl fmt::Debug for Renewable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "credentials (not shown): {:?}", self.known())
    }
}

impl Renewable {
    pub(super) fn new(
        load: Load,
        identify: Identify,
        provider: Option<SharedCredentialsProvider>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Renewable {
            load,
            identify,
            clock,
            renewing: tokio::sync::Mutex::default(),
            held: tokio::sync::Mutex::new(Held {
                provider,
                credentials: None,
            }),
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn key(&self) -> Option<AccessKeyId> {
        self.known().key.clone()
    }

    /// Whose they are, as STS told.
    pub(super) fn are_of(&self, caller: &Arn) {
        self.known().caller.get_or_insert_with(|| caller.clone());
    }

    /// What signs now: others, where AWS refused what did and others of the same principal are there.
    pub(super) async fn current(&self) -> Result<Credentials, CredentialsError> {
        if self.known().refused.is_some() {
            let _one_at_a_time = self.renewing.lock().await;
            let refused = self.known().refused.take();
            if refused.is_some() && !matches!(self.renew(None).await, Ok(Renewal::New)) {
                self.known().in_vain = refused;
            }
        }
        let mut held = self.held.lock().await;
        if let Some(credentials) = held.credentials.as_ref().filter(|held| self.lasts(held)) {
            return Ok(credentials.clone());
        }
        let provider = held.provider.clone();
        let provider = provider.ok_or_else(|| CredentialsError::not_loaded("there are no credentials"))?;
        let credentials = provider.provide_credentials().await?;
        self.known().key = credentials.access_key_id().parse().ok();
        held.credentials = Some(credentials.clone());
        Ok(credentials)
    }

    /// AWS refused a request that was `signed` with a key. Tells whether it is worth another one.
    fn was_refused(&self, signed: Option<&str>) -> bool {
        let mut known = self.known();
        // Others sign by now: it was under way when they took the place of what ended.
        if let (Some(signed), Some(key)) = (signed, &known.key)
            && signed != key.as_str()
        {
            return true;
        }
        let worth = known.key.is_some() && known.key != known.in_vain;
        if worth {
            known.refused = known.key.clone();
        }
        worth
    }

    fn lasts(&self, credentials: &Credentials) -> bool {
        let Some(end) = credentials.expiry() else { return true };
        let millis = end.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let end = Moment::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
        self.clock.now().plus_seconds(EARLY_SECONDS) < end
    }

    /// Goes through the chain anew.
    ///
    /// # Errors
    /// The chain gives nothing, STS refuses it, or it is another principal's: what signed before goes on signing.
    pub(super) async fn renew(&self, profile: Option<&str>) -> Result<Renewal, AwsError> {
        let nothing = |error: CredentialsError| refused(&format!("no credentials could be had: {error}"));
        let provider = (self.load)(profile.map(str::to_owned)).await;
        let provider = provider.ok_or_else(|| refused("there are no credentials"))?;
        let fresh = provider.provide_credentials().await.map_err(nothing)?;
        let mut held = self.held.lock().await;
        let same = |old: &Credentials| {
            old.access_key_id() == fresh.access_key_id()
                && old.secret_access_key() == fresh.secret_access_key()
                && old.session_token() == fresh.session_token()
        };
        if held.credentials.as_ref().is_some_and(same) {
            return Ok(Renewal::Same);
        }
        let caller = (self.identify)(fresh.clone()).await?;
        let mut known = self.known();
        if let Some(before) = known.caller.as_ref().filter(|before| !same_principal(before, &caller)) {
            return Err(refused(&format!(
                "the new credentials are of {caller}, and the run began as {before}: they were not taken. Whoever goes on as somebody else stops here and resumes the case, so that it is looked whether the plan would cut him off"
            )));
        }
        known.caller = Some(caller);
        known.key = fresh.access_key_id().parse().ok();
        *held = Held {
            provider: Some(provider),
            credentials: Some(fresh),
        };
        Ok(Renewal::New)
    }
}

/// Whether two ARNs are of one principal: sessions of one role are.
fn same_principal(one: &Arn, two: &Arn) -> bool {
    let role = |arn: &Arn| match PrincipalArn::of(arn) {
        Some(PrincipalArn::RoleSession { role, .. }) => Some((arn.account(), role)),
        _ => None,
    };
    one == two || (role(one).is_some() && role(one) == role(two))
}

fn refused(message: &str) -> AwsError {
    AwsError {
        operation: "sts:GetCallerIdentity".to_owned(),
        trouble: Trouble::Credentials,
        code: None,
        message: message.to_owned(),
    }
}

/// The provider that the clients are given: whatever signs now.
#[derive(Debug, Clone)]
pub(super) struct Current(pub(super) Arc<Renewable>);

impl ProvideCredentials for Current {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.0.current())
    }
}

/// Codes by which AWS refuses credentials that have ended, whatever service it is: IAM and STS write them as XML, the others as JSON.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
const ENDED: [&str; 6] = [
    "ExpiredToken",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
    "RequestExpired",
    "AuthFailure",
];

/// Lets a request that was refused for its credentials be made once more, with those that are there by then. Nothing was done by it.
#[derive(Debug, Clone)]
pub(super) struct Ended(pub(super) Arc<Renewable>);

/// The key that the request is signed with: `Credential=KEY/...` of its signature.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html>
fn signed_with(context: &InterceptorContext) -> Option<&str> {
    let header = context.request()?.headers().get("authorization")?;
    header.split_once("Credential=")?.1.split('/').next()
}

impl ClassifyRetry for Ended {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let refused = context.response().is_some_and(|answer| {
            let body = answer.body().bytes().unwrap_or_default();
            let says = |code: &str| body.windows(code.len()).any(|part| part == code.as_bytes());
            answer.status().is_client_error() && ENDED.iter().any(|code| says(code))
        });
        match refused && self.0.was_refused(signed_with(context)) {
            true => RetryAction::transient_error(),
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "oust credentials"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::time::ManualClock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const ANN: &str = "arn:aws:iam::123456789012:user/ann";

    /// A chain that gives the next of `keys` each time it is gone through, each with whose it is.
    fn chain(keys: &'static [(&'static str, &'static str)]) -> Renewable {
        let next = AtomicUsize::new(1);
        let provider = |key: &str| SharedCredentialsProvider::new(Credentials::from_keys(key, "hidden", None));
        let load: Load = Box::new(move |_| {
            let given = keys
                .get(next.fetch_add(1, Ordering::SeqCst))
                .map(|(key, _)| provider(key));
            Box::pin(async move { given })
        });
        let identify: Identify = Box::new(move |fresh| {
            let whose = keys.iter().find(|(key, _)| *key == fresh.access_key_id()).unwrap().1;
            Box::pin(async move { Ok(whose.parse().unwrap()) })
        });
        let clock = Arc::new(ManualClock::starting_at(Moment::from_millis(0)));
        Renewable::new(load, identify, Some(provider(keys[0].0)), clock)
    }

    async fn signs(held: &Renewable) -> String {
        held.current().await.unwrap().access_key_id().to_owned()
    }

    const KEYS: &[(&str, &str)] = &[
        ("AKIAAAAAAAAAAAAAAAA1", ANN),
        ("AKIAAAAAAAAAAAAAAAA1", ANN),
        ("AKIAAAAAAAAAAAAAAAA2", "arn:aws:iam::123456789012:user/bob"),
        ("AKIAAAAAAAAAAAAAAAA3", ANN),
    ];

    #[tokio::test]
    async fn what_signs_is_replaced_by_the_same_principal_alone() {
        let held = chain(KEYS);
        assert_eq!(signs(&held).await, KEYS[0].0);
        held.are_of(&ANN.parse().unwrap());
        assert_eq!(held.renew(None).await, Ok(Renewal::Same));
        let error = held.renew(None).await.unwrap_err();
        assert!(
            error.message.contains("user/bob") && error.message.contains("user/ann"),
            "{error}"
        );
        assert_eq!(signs(&held).await, KEYS[0].0, "the old ones sign on");
        assert_eq!(held.renew(None).await, Ok(Renewal::New));
        assert_eq!(signs(&held).await, KEYS[3].0);
        assert_eq!(held.key().unwrap().as_str(), KEYS[3].0);
        assert!(held.renew(None).await.is_err(), "the chain gives nothing");
        assert!(!format!("{held:?}").contains("hidden"), "{held:?}");
    }

    #[tokio::test]
    async fn what_is_refused_is_looked_for_once_and_replaced_when_others_are_there() {
        let held = chain(KEYS);
        signs(&held).await;
        held.are_of(&ANN.parse().unwrap());
        assert!(held.was_refused(None), "another may be there");
        assert_eq!(signs(&held).await, KEYS[0].0, "there is none yet");
        assert!(!held.was_refused(None), "nobody goes round in circles");
        const TWO: &[(&str, &str)] = &[KEYS[0], KEYS[3]];
        let held = chain(TWO);
        signs(&held).await;
        assert!(held.was_refused(None));
        assert_eq!(signs(&held).await, KEYS[3].0);
        assert!(held.was_refused(Some(KEYS[0].0)), "it was under way");
        assert_eq!(held.known().refused, None, "which says nothing of the new one");
        assert!(held.was_refused(Some(KEYS[3].0)), "the new one may end as well");
    }

    #[test]
    fn sessions_of_one_role_are_one_principal() {
        let arn = |text: &str| text.parse::<Arn>().unwrap();
        let one = arn("arn:aws:sts::123456789012:assumed-role/Responder/monday");
        assert!(same_principal(
            &one,
            &arn("arn:aws:sts::123456789012:assumed-role/Responder/tuesday")
        ));
        assert!(!same_principal(
            &one,
            &arn("arn:aws:sts::123456789012:assumed-role/Other/monday")
        ));
        assert!(!same_principal(
            &one,
            &arn("arn:aws:sts::210987654321:assumed-role/Responder/monday")
        ));
        assert!(!same_principal(&one, &arn(ANN)));
    }
}
