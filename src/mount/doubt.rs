//! The doubt that an earlier attempt leaves. The SDK tries again by itself and tells of the last attempt alone: where that one could not even
//! connect, or was throttled, an earlier one may still have been sent and done.

use super::error::never_connected;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    FinalizerInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

/// An attempt of this call was sent and not answered, or answered by a failure of the service.
#[derive(Debug, Clone, Copy)]
struct Doubted;

impl Storable for Doubted {
    type Storer = StoreReplace<Self>;
}

/// Keeps the doubt, and says it at the end.
#[derive(Debug)]
pub(super) struct Doubt;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Doubt {
    fn name(&self) -> &'static str {
        "oust doubt"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Err(error)) = context.output_or_error() else {
            return Ok(());
        };
        let unanswered = error.is_timeout_error()
            || error.as_connector_error().is_some_and(|failed| {
                (failed.is_timeout() || failed.is_io() || failed.as_other().is_some()) && !never_connected(failed)
            });
        if unanswered
            || context
                .response()
                .is_some_and(|answer| answer.status().is_server_error())
        {
            config.interceptor_state().store_put(Doubted);
        }
        Ok(())
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let throttled = context.response().is_some_and(is_throttling);
        if config.load::<Doubted>().is_none() {
            return Ok(());
        }
        if let Some(result) = context.output_or_error_mut() {
            let unsent = result.as_ref().is_err_and(|error| {
                throttled || error.as_connector_error().is_some_and(|failed| never_connected(failed))
            });
            if unsent {
                let said = "an earlier attempt was sent and got no answer, and the last one did not get through";
                *result = Err(OrchestratorError::timeout(said.into()));
            }
        }
        Ok(())
    }
}

/// Whether the answer refuses for the number of requests: read from its text, because here it has no type yet.
fn is_throttling(answer: &HttpResponse) -> bool {
    let body = answer.body().bytes().unwrap_or_default();
    answer.status().is_client_error() && body.windows(7).any(|part| part == b"Throttl")
}
