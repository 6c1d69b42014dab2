//! The keys of one query, and the days that they can have been used in.

use super::super::search::Question;
use crate::ids::{AccessKeyId, KeyKind};
use crate::time::Moment;
use crate::trail::Window;
use std::collections::BTreeSet;

/// The longest that a temporary credential lives, and an hour for clocks and slow starts, in seconds: 36 hours.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
pub(super) const LONGEST_SECONDS: i64 = 129_600 + 3_600;

/// The keys of one query, and the days that they can have been used in.
pub(super) struct Round {
    pub(super) called: BTreeSet<AccessKeyId>,
    pub(super) back: BTreeSet<AccessKeyId>,
    pub(super) window: Window,
}

/// Tables are parted by days of UTC.
const DAY_SECONDS: i64 = 86_400;

impl Round {
    pub(super) fn of(questions: &[Question], window: &Window) -> Self {
        let mut round = Round {
            called: BTreeSet::new(),
            back: BTreeSet::new(),
            window: window.clone(),
        };
        // A session is used from its mint on and no longer than it lives; of anything else the whole window must be read.
        let mut span: Option<(Moment, Moment)> = None;
        let mut bounded = true;
        for question in questions {
            match question {
                Question::CallsOf(key, Some(minted)) if key.kind() == KeyKind::Temporary => {
                    let (first, last) = span.unwrap_or((*minted, *minted));
                    span = Some((first.min(*minted), last.max(*minted)));
                    round.called.insert(key.clone());
                }
                // Names and roles are asked about in queries of their own.
                Question::CallsAs(..) | Question::CallsOn(..) => {}
                Question::CallsOf(key, _) => {
                    bounded = false;
                    round.called.insert(key.clone());
                }
                Question::MintOf(key) => {
                    bounded = false;
                    round.back.insert(key.clone());
                }
            }
        }
        if let Some((first, last)) = span.filter(|_| bounded) {
            // From the beginning of its day on: that scans no more, and tells what else bears the same key ID that day.
            let early = first.plus_seconds(-300);
            let first = early.plus_seconds(-early.seconds().rem_euclid(DAY_SECONDS));
            let last = last.plus_seconds(LONGEST_SECONDS);
            round.window.since = Some(window.since.map_or(first, |since| since.max(first)));
            round.window.until = Some(window.until.map_or(last, |until| until.min(last)));
        }
        round
    }

    /// The same in rounds of no more than so many keys: a query may not be of any length.
    pub(super) fn parts(self, most: usize) -> Vec<Round> {
        let asked = self.called.into_iter().map(|key| (key, true));
        let asked: Vec<(AccessKeyId, bool)> = asked.chain(self.back.into_iter().map(|key| (key, false))).collect();
        let each = asked.chunks(most.max(1)).map(|some| {
            let those = |called: bool| {
                some.iter()
                    .filter(move |(_, is)| *is == called)
                    .map(|(key, _)| key.clone())
            };
            Round {
                called: those(true).collect(),
                back: those(false).collect(),
                window: self.window.clone(),
            }
        });
        each.collect()
    }
}
