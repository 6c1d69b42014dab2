//! How late the trail of a served twin tells of a call: it says so itself. AWS says nothing, and the documented time counts.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::sync::{Arc, Mutex, PoisonError};

/// The header in which a served twin says it, in whole seconds.
pub const TRAIL_DELAY: &str = "x-oust-trail-delay";

/// The longest that was heard.
#[derive(Debug, Clone, Default)]
pub(super) struct TrailDelay(Arc<Mutex<Option<i64>>>);

impl TrailDelay {
    /// In seconds; `None` where nothing was said.
    pub(super) fn seconds(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for TrailDelay {
    fn name(&self) -> &'static str {
        "oust trail delay"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let said = context.response().and_then(|answer| answer.headers().get(TRAIL_DELAY));
        let seconds = said.and_then(|said| said.parse().ok()).filter(|seconds| *seconds >= 0);
        if let Some(seconds) = seconds {
            let mut longest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *longest = (*longest).max(Some(seconds));
        }
        Ok(())
    }
}
