//! Many calls of one kind as one event: what keeps memory bounded when a family, or its user and roles, made more calls than fit.
//!
//! Up to [`APART`] plain calls every one is kept by itself. Where there are more, all of them are folded, whatever the order they came in: calls
//! whose records say the same but for their time, their resources and their parameters, and that read the same secret if any, become one event with a count.

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
    // All of the caller: one record of a session may say what the others leave out, and the lineage lives by that.
    event.identity.hash(&mut hasher);
    (
        &event.source,
        &event.name,
        &event.region,
        &event.source_ip,
        &event.user_agent,
        &event.error,
        &event.error_message,
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
        event.error_message = event.refused_by_scp();
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
    use crate::ids::AccessKeyId;
    use crate::lineage::{Lineage, trace};
    use proptest::prelude::*;
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

    const SCP: &str =
        "explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1";

    /// The lineage of records of which so many plain ones are kept apart.
    fn lineage(limit: usize, records: &[Value]) -> Lineage {
        let (mut fold, mut evidence) = (Fold::beyond(limit), Evidence::default());
        let events = records.iter().map(|record| Event::parse(record).unwrap());
        for event in events.filter_map(|event| fold.take(event)) {
            evidence.keep(event);
        }
        fold.finish(&mut evidence);
        trace(&evidence, &["ASIAAAAAAAAAAAAAAAAA".parse::<AccessKeyId>().unwrap()])
    }

    /// What a lineage says of its members and others, but for the numbers of records.
    fn said(mut lineage: Lineage) -> String {
        for mint in lineage
            .credentials
            .iter_mut()
            .filter_map(|member| member.minted.as_mut())
        {
            mint.event = String::new();
        }
        let Lineage {
            credentials,
            unresolved,
            refused_by_scp,
            ambiguous,
            ..
        } = lineage;
        format!("{credentials:#?} {unresolved:#?} {refused_by_scp:#?} {ambiguous:#?}")
    }

    #[test]
    fn a_refusal_by_a_service_control_policy_of_a_read_is_kept() {
        let mut record = json!({"eventID": "e", "eventTime": "2026-11-10T09:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets",
            "awsRegion": "us-east-1", "readOnly": true, "errorCode": "AccessDenied",
            "userIdentity": {"type": "IAMUser", "accessKeyId": "ASIAAAAAAAAAAAAAAAAA"}});
        record["errorMessage"] = json!(format!(
            "User: x is not authorized to perform: s3:ListAllMyBuckets with an {SCP}"
        ));
        let mut other = record.clone();
        other["eventID"] = json!("f");
        other["errorMessage"] = json!("Access Denied");
        for (limit, records) in [(10, vec![record.clone()]), (0, vec![other, record])] {
            let refused = lineage(limit, &records).refused_by_scp;
            assert_eq!(refused.len(), 1);
            assert_eq!(
                (refused[0].call.as_str(), refused[0].message.as_str()),
                ("s3:ListBuckets", SCP)
            );
        }
    }

    #[test]
    fn what_one_record_of_a_session_says_more_than_another_keeps_them_apart() {
        let plain = call(0);
        let mut signed = plain.clone();
        signed.identity.sign_in = Some("arn:aws:signin:us-east-1:123456789012:session/s".to_owned());
        let mut issued = plain.clone();
        issued.identity.source_identity = Some("someone".to_owned());
        assert!(kind(&plain) != kind(&signed) && kind(&plain) != kind(&issued) && kind(&signed) != kind(&issued));
    }

    /// Calls of two users and a role under few keys, of which some records say more of the session than others.
    fn any_call() -> impl Strategy<Value = Value> {
        let numbers = [0_usize..3, 0..4, 0..3, 0..3, 0..3, 0..3];
        (numbers, any::<[bool; 6]>()).prop_map(|([who, key, issued, call, agent, extra], says)| {
            let key = ["ASIAAAAAAAAAAAAAAAAA", "ASIABBBBBBBBBBBBBBBB", "ASIACCCCCCCCCCCCCCCC", "ASIADDDDDDDDDDDDDDDD"][key];
            let mut identity = match who {
                2 => json!({"type": "AssumedRole", "principalId": "AROAX:me", "accountId": "123456789012",
                    "arn": "arn:aws:sts::123456789012:assumed-role/X/me", "accessKeyId": key}),
                who => json!({"type": "IAMUser", "principalId": format!("AIDA{who}"), "accountId": "123456789012", "userName": format!("u{who}"),
                    "arn": format!("arn:aws:iam::123456789012:user/u{who}"), "accessKeyId": key}),
            };
            let session = &mut identity["sessionContext"];
            session["attributes"]["creationDate"] = json!(format!("2026-11-10T08:{:02}:00Z", 20 * issued));
            if says[0] {
                session["signInSessionArn"] = json!(format!("arn:aws:signin:us-east-1:123456789012:session/{}", extra % 2));
            }
            if says[1] {
                session["attributes"]["mfaAuthenticated"] = json!((extra == 0).to_string());
            }
            if says[2] {
                session["sourceIdentity"] = json!("someone");
            }
            if says[3] && who == 2 {
                session["sessionIssuer"] = json!({"type": "Role", "principalId": "AROAX", "userName": "X"});
            }
            if says[4] && extra == 1 {
                identity["invokedBy"] = json!("athena.amazonaws.com");
            }
            if says[4] && extra == 2 {
                identity["accessKeyId"] = Value::Null;
            }
            let (service, name) = [("s3", "GetObject"), ("ec2", "DescribeInstances"), ("signin", "CreateOAuth2Token")][call];
            let mut record = json!({"eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": "us-east-1",
                "readOnly": call < 2, "userIdentity": identity, "sourceIPAddress": "203.0.113.9",
                "userAgent": (["Mozilla/5.0", "aws-cli/2.31", "Boto3"][agent])});
            if says[5] && call < 2 {
                record["errorCode"] = json!("AccessDenied");
                record["errorMessage"] = json!(if extra == 0 { SCP } else { "Access Denied" });
            }
            record
        })
    }

    proptest! {
        #[test]
        fn folding_changes_no_lineage_in_any_order(calls in prop::collection::vec(any_call(), 2..24), turn in 0_usize..24) {
            let mut records = calls;
            for (n, record) in records.iter_mut().enumerate() {
                record["eventID"] = json!(format!("e{n:02}"));
                record["eventTime"] = json!(format!("2026-11-10T09:{n:02}:00Z"));
            }
            let apart = said(lineage(1_000, &records));
            let turn = turn % records.len();
            records.rotate_left(turn);
            prop_assert_eq!(said(lineage(0, &records)), apart.clone());
            records.reverse();
            prop_assert_eq!(said(lineage(0, &records)), apart);
        }
    }
}
