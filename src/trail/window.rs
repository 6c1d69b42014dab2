//! Which part of the evidence is asked for: times, Regions, accounts.

use super::layout::Place;
use super::{Event, Recorder, Seen};
use crate::ids::AccountId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How much later than its events a file may lie, in seconds. CloudTrail delivers within minutes on average and without a guarantee, and
/// delayed events come days later: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>.
const DELIVERY_SECONDS: i64 = 3 * 86_400;

/// The part of the evidence that counts. What is empty or `None` admits everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Nothing earlier than this.
    pub since: Option<Moment>,
    /// Nothing later than this.
    pub until: Option<Moment>,
    /// Only what these Regions recorded. IAM's and the global STS endpoint's calls are recorded in us-east-1:
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>.
    pub regions: BTreeSet<String>,
    /// Only what these accounts recorded.
    pub accounts: BTreeSet<AccountId>,
}

/// How much of a source counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every event of it.
    All,
    /// Some may, others don't.
    Part,
    /// No event of it.
    Nothing,
}

impl Window {
    /// Whether it leaves anything out.
    pub fn is_open(&self) -> bool {
        *self == Window::default()
    }

    /// Whether an event counts, by what its record says. A record that doesn't say its Region or account is admitted.
    pub fn admits(&self, event: &Event) -> bool {
        self.admits_parts(Some(event.at), &event.region, event.recipient.as_ref())
    }

    pub(super) fn admits_parts(&self, at: Option<Moment>, region: &str, account: Option<&AccountId>) -> bool {
        let in_time = at
            .is_none_or(|at| self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until));
        let in_region = self.regions.is_empty() || region.is_empty() || self.regions.contains(region);
        let in_account = account.is_none_or(|account| self.accounts.is_empty() || self.accounts.contains(account));
        in_time && in_region && in_account
    }

    /// How much of a source counts that has these events.
    pub(super) fn reach(&self, seen: &Seen) -> Reach {
        let Some((first, last)) = seen.first.zip(seen.last) else {
            return Reach::All;
        };
        let admits = |at, (account, region): &Recorder| self.admits_parts(at, region, account.as_ref());
        let all = |recorder: &Recorder| admits(Some(first), recorder) && admits(Some(last), recorder);
        let is_late = self.since.is_some_and(|since| last < since);
        let is_early = self.until.is_some_and(|until| first > until);
        let mut recorders = seen.recorders.keys();
        if recorders.clone().all(all) {
            Reach::All
        } else if is_late || is_early || !recorders.any(|recorder| admits(None, recorder)) {
            Reach::Nothing
        } else {
            Reach::Part
        }
    }

    /// Whether a file or a folder can hold anything that counts, by its path alone. Only CloudTrail's own layout in S3 tells
    /// (`…/AWSLogs/[o-…/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/…`); any other path is admitted. A file holds events from before its day, and
    /// some of them are late: so nothing before `since`'s day is opened, and three days behind `until` still are.
    pub fn admits_path(&self, path: &str) -> bool {
        if self.is_open() {
            return true;
        }
        let place = Place::of(path);
        let (since, until) = (self.since, self.until.map(|until| until.plus_seconds(DELIVERY_SECONDS)));
        let in_time = place.days.is_none_or(|(first, last)| {
            since.is_none_or(|since| last.seconds() >= since.seconds().div_euclid(86_400) * 86_400)
                && until.is_none_or(|until| first <= until)
        });
        let region = place.region.unwrap_or_default();
        let account = place.account.and_then(|text| text.parse().ok());
        in_time && self.admits_parts(None, region, account.as_ref())
    }
}
