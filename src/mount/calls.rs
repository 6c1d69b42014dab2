//! The log of requests that the clients keep by themselves.

use crate::time::{Clock, Moment};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// One request that went out, retries counted one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCall {
    /// When it was sent, by the world's clock.
    pub at: Moment,
    /// `IAM`, `STS`, `CloudTrail`.
    pub service: String,
    /// The operation, such as `PutUserPolicy`.
    pub operation: String,
    /// How long the answer took, in milliseconds by the world's clock; `None` while it is outstanding.
    pub millis: Option<i64>,
    /// The HTTP status of the answer; `None` where none came.
    pub status: Option<u16>,
}

/// The place of an outstanding request in the log: requests are under way side by side.
#[derive(Debug, Clone, Copy)]
struct Place(usize);

impl Storable for Place {
    type Storer = StoreReplace<Self>;
}

/// The log, shared by the clients of one mount.
#[derive(Debug, Clone)]
pub struct CallLog {
    clock: Arc<dyn Clock>,
    calls: Arc<Mutex<Vec<ApiCall>>>,
}

impl CallLog {
    /// An empty log that reads `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        CallLog {
            clock,
            calls: Arc::default(),
        }
    }

    /// Every request so far, in order.
    pub fn all(&self) -> Vec<ApiCall> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<ApiCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for CallLog {
    fn name(&self) -> &'static str {
        "oust call log"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = config
            .load::<Metadata>()
            .map(|named| (named.service().to_owned(), named.name().to_owned()))
            .unwrap_or_default();
        let mut calls = self.lock();
        let place = Place(calls.len());
        calls.push(ApiCall {
            at: self.clock.now(),
            service,
            operation,
            millis: None,
            status: None,
        });
        drop(calls);
        config.interceptor_state().store_put(place);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let now = self.clock.now();
        let place = config.load::<Place>().copied();
        let mut calls = self.lock();
        // An attempt that failed before it was sent has no place of its own: the last one's is filled in already.
        let sent = place.and_then(|Place(place)| calls.get_mut(place));
        if let Some(call) = sent.filter(|call| call.millis.is_none()) {
            call.millis = Some(now.millis() - call.at.millis());
            call.status = context.response().map(|response| response.status().as_u16());
        }
        Ok(())
    }
}
