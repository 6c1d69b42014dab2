//! What the evidence covers, and where it is silent.

use crate::ids::{AccessKeyId, AccountId};
use crate::time::Moment;
use crate::trail::{Damage, Evidence};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// So many of the longest silences are told for each recorder.
const TOLD: usize = 5;

/// Where IAM, the global endpoint of STS and CloudFront are recorded.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html>
const GLOBAL: &str = "us-east-1";

/// What the evidence covers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Distinct events.
    pub events: u64,
    /// Files that were read.
    pub files: u64,
    /// Files of digests and Insights that were passed over.
    #[serde(default)]
    pub passed_over: u64,
    /// Records that came more than once.
    pub duplicates: u64,
    /// The earliest event.
    pub first: Option<Moment>,
    /// The latest event.
    pub last: Option<Moment>,
    /// Regions that recorded events.
    pub regions: BTreeSet<String>,
    /// Accounts that recorded events.
    pub accounts: BTreeSet<AccountId>,
    /// Whether the number of events is an estimate: there are too many of them to tell all copies apart.
    #[serde(default)]
    pub is_estimate: bool,
    /// Whether it has data events, such as reads of S3 objects. They are off by default:
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html>.
    #[serde(default)]
    pub data_events: bool,
    /// Whether it has calls that only read.
    #[serde(default)]
    pub read_events: bool,
    /// Hours with events, by account and Region.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recorders: Vec<Covered>,
    /// Regions whose Event history was asked for keys of the family. What else they recorded was not asked, so hours are not told of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_up: Vec<LookedUp>,
    /// What the evidence does not tell, as its own content shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
    /// What could not be read.
    pub damage: Vec<Damage>,
    /// Remarks, such as "LookupEvents of us-east-1 only".
    pub notes: BTreeSet<String>,
}

impl Coverage {
    /// Whether nothing was read and no Region answered, so that it tells of nobody.
    pub fn is_nothing(&self) -> bool {
        self.events == 0 && self.files == 0 && self.looked_up.is_empty()
    }
}

/// The hours that one account's Region recorded something in. Whether an hour without an event is a gap or was quiet, events don't tell: that
/// takes the digests of the trail.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// The account that recorded, where the records say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The Region.
    pub region: String,
    /// The beginning of its first hour with an event.
    pub first: Moment,
    /// The beginning of its last.
    pub last: Moment,
    /// Hours with events.
    pub hours: u64,
    /// Hours of the whole evidence, from its first event to its last, in which this Region has none.
    pub silent_hours: u64,
    /// The longest runs of such hours, by time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<Silence>,
}

/// A Region whose Event history was asked, which holds management events of the last 90 days.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedUp {
    /// The Region.
    pub region: String,
    /// The keys that it was asked for.
    pub keys: BTreeSet<AccessKeyId>,
}

/// Hours without an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The beginning of the first of them.
    pub from: Moment,
    /// How many.
    pub hours: u64,
}

/// The coverage of `evidence`.
pub(super) fn coverage(evidence: &Evidence) -> Coverage {
    let span = evidence.span();
    let (regions, accounts) = evidence.regions_and_accounts();
    Coverage {
        events: evidence.len(),
        files: evidence.files,
        passed_over: evidence.passed_over,
        duplicates: evidence.duplicates,
        first: span.map(|(first, _)| first),
        last: span.map(|(_, last)| last),
        regions,
        accounts,
        is_estimate: evidence.is_estimate,
        data_events: evidence.seen().data,
        read_events: evidence.seen().reads,
        recorders: recorders(evidence),
        looked_up: evidence
            .looked_up
            .iter()
            .map(|(region, keys)| LookedUp {
                region: region.clone(),
                keys: keys.clone(),
            })
            .collect(),
        gaps: gaps(evidence),
        damage: evidence.damage.clone(),
        notes: evidence.notes.clone(),
    }
}

fn recorders(evidence: &Evidence) -> Vec<Covered> {
    let Some((from, to)) = evidence.span() else {
        return Vec::new();
    };
    let recorders = evidence
        .seen()
        .recorders
        .iter()
        .filter_map(|((account, region), hours)| {
            let (first, last) = hours.span()?;
            let mut silences = hours.silences(from, to);
            let silent_hours = silences.iter().map(|(_, hours)| hours).sum();
            silences.sort_by_key(|(from, hours)| (std::cmp::Reverse(*hours), *from));
            silences.truncate(TOLD);
            silences.sort();
            Some(Covered {
                account: account.clone(),
                region: region.clone(),
                first,
                last,
                hours: hours.count(),
                silent_hours,
                silences: silences
                    .into_iter()
                    .map(|(from, hours)| Silence { from, hours })
                    .collect(),
            })
        });
    recorders.collect()
}

/// What it means that no event is in the evidence.
fn nothing(evidence: &Evidence) -> String {
    let regions: Vec<&str> = evidence.looked_up.keys().map(String::as_str).collect();
    let files = match evidence.files {
        0 => None,
        1 => Some("the one file that was read".to_owned()),
        count => Some(format!("the {count} files that were read")),
    };
    let history = format!(
        "the Event history of {} has no event of these keys within its 90 days at most; what came before, data events, other Regions and other \
         accounts are not in it",
        regions.join(", ")
    );
    match (files, regions.is_empty()) {
        (None, false) => history,
        (Some(files), false) => format!("there is no event that counts in {files}, and {history}"),
        (Some(files), true) => format!(
            "there is no event that counts in {files}: they tell nothing, neither of mints nor of their absence, for the days, Regions and accounts that \
             were asked for"
        ),
        (None, true) => {
            "nothing was read that holds events: that tells nothing, neither of mints nor of their absence".to_owned()
        }
    }
}

fn gaps(evidence: &Evidence) -> Vec<String> {
    let mut gaps = Vec::new();
    let seen = evidence.seen();
    let Some((_, last)) = evidence.span() else {
        return vec![nothing(evidence)];
    };
    let (regions, _) = evidence.regions_and_accounts();
    if !regions.contains(GLOBAL) && !evidence.looked_up.contains_key(GLOBAL) {
        gaps.push(format!(
            "nothing of {GLOBAL} is in it, where calls to IAM, to the global endpoint of STS and most sign-ins are recorded"
        ));
    }
    gaps.extend(evidence.lacks.iter().map(|lacks| {
        format!(
            "rows of a table without {lacks}: what only that tells isn't in it, such as sessions that nothing but a sign-in joins, or that somebody \
             switched to in the console"
        )
    }));
    if !seen.data {
        gaps.push(
            "no data events are in it: reads of S3 objects and calls of functions are not recorded, or were not read"
                .to_owned(),
        );
    }
    if !seen.reads && evidence.len() >= 100 {
        gaps.push("no call that only reads is in it: the trail may record write events alone".to_owned());
    }
    gaps.push(format!(
        "CloudTrail delivers minutes late and without a guarantee: what happened after {last} is not in it"
    ));
    gaps
}
