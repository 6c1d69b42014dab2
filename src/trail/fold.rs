//! Many calls of one kind as one event: what keeps memory bounded when a family, or its user and roles, made more calls than fit.
//!
//! Up to [`APART`] plain calls every one is kept by itself. Where there are more, all of them are folded, whatever the order they came in: calls
//! of one credential that are alike but for their time, their resources and their parameters, and that read the same secret if any, become one event with a count.

use super::facts::{GIVERS, number};
use super::{Event, Evidence};
use crate::time::Moment;
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// So many plain calls are kept each by itself.
const APART: usize = 25_000;

/// So many folded calls are told from their copies: some 60 MB, and no more than fit without another doubling. Beyond that copies count as calls, and a note says so.
const TOLD_APART: usize = 1_800_000;

/// Whether nothing of the event matters but who called what, when and from where: it gives no key, makes nothing, corrects nothing.
fn is_plain(event: &Event) -> bool {
    (event.data || event.read_only == Some(true))
        && !GIVERS.contains(&event.source.as_str())
        && event.addendum.is_none()
}

/// A hash of what a plain event is folded by.
pub(super) fn kind(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    let identity = &event.identity;
    (
        &event.source,
        &event.name,
        &event.region,
        &event.source_ip,
        &event.user_agent,
        &event.error,
        &event.reveals,
    )
        .hash(&mut hasher);
    (
        event.data,
        event.read_only,
        &event.recipient,
        &event.kind,
        &event.category,
    )
        .hash(&mut hasher);
    (
        &identity.kind,
        &identity.principal_id,
        &identity.arn,
        &identity.account,
        &identity.key,
        &identity.user_name,
    )
        .hash(&mut hasher);
    (
        &identity.session_created,
        identity.mfa,
        &identity.source_identity,
        &identity.invoked_by,
        identity.from_console,
    )
        .hash(&mut hasher);
    if let Some(issuer) = &identity.issuer {
        (&issuer.kind, &issuer.principal_id, &issuer.arn, &issuer.name).hash(&mut hasher);
    }
    hasher.finish()
}

/// One call that was folded.
#[derive(Debug, Clone, Copy)]
struct Folded {
    at: Moment,
    kind: u64,
}

/// Events on their way into the evidence.
#[derive(Debug)]
pub(super) struct Fold {
    /// So many are kept each by itself.
    limit: usize,
    /// Plain calls that are still kept each by itself.
    apart: Vec<Event>,
    is_folding: bool,
    kinds: HashMap<u64, Event>,
    calls: HashMap<u64, Folded>,
    /// Calls that came when no more could be told apart.
    beyond: u64,
}

impl Default for Fold {
    fn default() -> Self {
        Fold::beyond(APART)
    }
}

impl Fold {
    fn beyond(limit: usize) -> Self {
        Fold {
            limit,
            apart: Vec::new(),
            is_folding: false,
            kinds: HashMap::new(),
            calls: HashMap::new(),
            beyond: 0,
        }
    }

    /// Takes in an event; gives it back where it must be kept by itself.
    pub(super) fn take(&mut self, mut event: Event) -> Option<Event> {
        if !is_plain(&event) {
            return Some(event);
        }
        event.request = Value::Null;
        event.response = Value::Null;
        event.resources = Vec::new();
        event.error_message = None;
        if self.is_folding {
            self.fold(event);
        } else {
            self.apart.push(event);
            if self.apart.len() > 2 * self.limit {
                self.begin();
            }
        }
        None
    }

    /// Begins to fold where there are really too many: copies don't count.
    fn begin(&mut self) {
        self.apart.sort_by(|one, two| one.id.cmp(&two.id));
        self.apart.dedup();
        if self.apart.len() > self.limit {
            self.is_folding = true;
            for event in std::mem::take(&mut self.apart) {
                self.fold(event);
            }
        }
    }

    fn fold(&mut self, event: Event) {
        let (id, kind, at) = (number(&event.id), kind(&event), event.at);
        let new = Folded { at, kind };
        if self.calls.len() >= TOLD_APART && !self.calls.contains_key(&id) {
            self.beyond += 1;
        } else {
            let known = self.calls.entry(id).or_insert(new);
            // As with events that are kept: the later counts, then one that is the same in any order.
            if (known.at, known.kind) < (at, kind) {
                *known = new;
            }
            let known = self.kinds.entry(kind);
            known.or_insert(Event {
                id: String::new(),
                shared_id: None,
                times: 0,
                ..event
            });
            return;
        }
        let known = self.kinds.entry(kind).or_insert(Event {
            id: String::new(),
            shared_id: None,
            times: 0,
            ..event
        });
        known.at = known.at.min(at);
        known.until = known.until.max(at);
        known.times += 1;
    }

    /// Hands everything over to `evidence`, which has the events that are kept by themselves.
    pub(super) fn finish(mut self, evidence: &mut Evidence) {
        if !self.is_folding {
            self.begin();
        }
        if !self.is_folding {
            self.apart.into_iter().for_each(|event| evidence.keep(event));
            return;
        }
        // A correction that was kept takes the place of what it corrects.
        for id in evidence.told_of() {
            self.calls.remove(&number(id));
        }
        let mut kinds: HashMap<u64, Event> = self.kinds;
        for call in self.calls.values() {
            if let Some(event) = kinds.get_mut(&call.kind) {
                let is_first = event.times == 0;
                event.at = if is_first { call.at } else { event.at.min(call.at) };
                event.until = if is_first { call.at } else { event.until.max(call.at) };
                event.times += 1;
            }
        }
        for (kind, event) in kinds.into_iter().filter(|(_, event)| event.times > 0) {
            evidence.keep(Event {
                id: format!("calls {kind:016x}"),
                ..event
            });
        }
        evidence.note(format!(
            "the family and others with its permissions made more than {APART} plain calls: these are counted by kind, and what services did is \
             not traced back to single ones"
        ));
        if self.beyond > 0 {
            evidence.note(format!(
                "more than {TOLD_APART} of them: copies among {} further ones are counted as calls",
                self.beyond
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn call(n: usize) -> Event {
        let record = json!({"eventID": format!("e{n}"), "eventTime": format!("2026-11-10T09:{:02}:00Z", n % 60), "eventSource": "s3.amazonaws.com",
            "eventName": if n.is_multiple_of(3) { "GetObject" } else { "ListBuckets" }, "awsRegion": "us-east-1", "readOnly": n % 10 != 9,
            "userIdentity": {"type": "IAMUser", "accessKeyId": "AKIAAAAAAAAAAAAAAAAA"}, "requestParameters": {"key": n}});
        Event::parse(&record).unwrap()
    }

    type Told = BTreeMap<(String, Option<bool>), (u64, Moment, Moment)>;

    fn told(limit: usize, order: &[usize]) -> (usize, Told) {
        let (mut fold, mut evidence) = (Fold::beyond(limit), Evidence::default());
        for event in order.iter().filter_map(|n| fold.take(call(*n))) {
            evidence.keep(event);
        }
        fold.finish(&mut evidence);
        let mut told = Told::new();
        for event in evidence.events() {
            let seen = told
                .entry((event.name.clone(), event.read_only))
                .or_insert((0, event.at, event.until));
            *seen = (seen.0 + event.times, seen.1.min(event.at), seen.2.max(event.until));
        }
        (evidence.events().len(), told)
    }

    #[test]
    fn folded_calls_count_as_single_ones_do_in_any_order_and_copies_once() {
        let once: Vec<usize> = (0..200).collect();
        let mut twice: Vec<usize> = once.iter().rev().chain(&once).copied().collect();
        twice.swap(3, 250);
        let (single, expected) = told(1_000, &once);
        assert_eq!(single, 200);
        for order in [&once, &twice] {
            let (kept, counted) = told(10, order);
            assert_eq!(counted, expected);
            // The writes, each by itself, and two kinds of reads.
            assert_eq!(kept, 20 + 2);
            assert_eq!(told(1_000, order), (200, expected.clone()));
        }
    }
}
