//! AWS's own time, by the `Date` of its answers: sessions are issued by it, and so the cut of a revocation must be set by it.
//!
//! A machine whose clock is minutes behind would cut before the sessions of the last minutes, and leave them alive. AWS takes signatures up to 15 minutes off,
//! so nothing else would tell: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>.

use crate::time::{Clock, Moment};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// So far, in milliseconds, a `Date` of whole seconds and the way of an answer may lie apart from a clock that is right.
const RIGHT_MILLIS: i64 = 3_000;

/// This machine's clock, set right by what AWS answers. Clones share what was heard.
#[derive(Debug, Clone)]
pub(super) struct AwsTime {
    machine: Arc<dyn Clock>,
    /// AWS's time less the machine's, in milliseconds.
    ahead: Arc<AtomicI64>,
}

impl AwsTime {
    /// The machine's own time, until AWS has answered.
    pub(super) fn on(machine: Arc<dyn Clock>) -> Self {
        AwsTime {
            machine,
            ahead: Arc::default(),
        }
    }

    /// How far AWS's time is ahead of the machine's, in whole seconds; negative where it is behind.
    pub(super) fn seconds_ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed) / 1000
    }

    /// Takes in the `Date` of an answer. What differs by no more than that date is exact stays as it is, so that the clock doesn't tremble.
    fn heard(&self, date: &str) {
        let Ok(told) = DateTime::from_str(date, Format::HttpDate) else {
            return;
        };
        // Seconds are cut off, not rounded.
        let told = Moment::from_millis(told.secs().saturating_mul(1000)).plus_millis(500);
        let ahead = told.millis() - self.machine.now().millis();
        let known = self.ahead.load(Ordering::Relaxed);
        if (ahead - known).abs() > RIGHT_MILLIS {
            let right = if ahead.abs() > RIGHT_MILLIS { ahead } else { 0 };
            self.ahead.store(right, Ordering::Relaxed);
        }
    }
}

impl Clock for AwsTime {
    fn now(&self) -> Moment {
        self.machine.now().plus_millis(self.ahead.load(Ordering::Relaxed))
    }

    fn wait_millis(&self, millis: u64) {
        self.machine.wait_millis(millis);
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for AwsTime {
    fn name(&self) -> &'static str {
        "oust aws time"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().and_then(|answer| answer.headers().get("date")) {
            self.heard(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ManualClock;

    fn at(text: &str) -> AwsTime {
        AwsTime::on(Arc::new(ManualClock::starting_at(text.parse().unwrap())))
    }

    #[test]
    fn what_aws_says_counts() {
        let time = at("2026-11-10T03:04:05Z");
        time.heard("Tue, 10 Nov 2026 03:14:05 GMT");
        assert_eq!(time.now(), "2026-11-10T03:14:05.500Z".parse().unwrap());
        assert_eq!(time.seconds_ahead(), 600);
        time.heard("Tue, 10 Nov 2026 03:14:06 GMT");
        assert_eq!(time.seconds_ahead(), 600);
        time.heard("Tue, 10 Nov 2026 02:54:05 GMT");
        assert_eq!(time.seconds_ahead(), -599);
        time.heard("Tue, 10 Nov 2026 03:04:06 GMT");
        assert_eq!(time.seconds_ahead(), 0);
    }

    #[test]
    fn a_clock_that_is_right_is_left_alone_and_rubbish_is_passed_over() {
        let time = at("2026-11-10T03:04:05Z");
        for date in [
            "Tue, 10 Nov 2026 03:04:03 GMT",
            "Tue, 10 Nov 2026 03:04:07 GMT",
            "",
            "soon",
        ] {
            time.heard(date);
            assert_eq!(time.now(), "2026-11-10T03:04:05Z".parse().unwrap());
        }
    }
}
