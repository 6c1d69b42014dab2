//! Secrets that the family read: they are known to whoever held its keys, and must be changed.

use crate::ids::AccessKeyId;
use crate::time::Moment;
use crate::trail::Event;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A secret that a member read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSecret {
    /// The credential that read it.
    pub by: AccessKeyId,
    /// `secretsmanager:GetSecretValue`, `ssm:GetParameters`, `kms:Decrypt`, ...
    pub call: String,
    /// Which secret, by the name that the record has for it; of a message that was decrypted the key. A dash where the record doesn't tell.
    pub what: String,
    /// How often.
    pub count: u64,
    /// First.
    pub first: Moment,
    /// Last.
    pub last: Moment,
    /// From where.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub source_ips: BTreeSet<String>,
}

/// Gathers them, by member, call and secret.
#[derive(Default)]
pub(super) struct Secrets(BTreeMap<(AccessKeyId, String, String), ReadSecret>);

impl Secrets {
    /// Takes in a call that the member `by` made itself. What was refused gave nothing.
    pub(super) fn observe(&mut self, event: &Event, by: &AccessKeyId) {
        if event.error.is_some() {
            return;
        }
        for what in &event.reveals {
            let call = format!("{}:{}", event.service(), event.name);
            let read = self
                .0
                .entry((by.clone(), call.clone(), what.clone()))
                .or_insert(ReadSecret {
                    by: by.clone(),
                    call,
                    what: what.clone(),
                    count: 0,
                    first: event.at,
                    last: event.until,
                    source_ips: BTreeSet::new(),
                });
            read.count += event.times;
            read.first = read.first.min(event.at);
            read.last = read.last.max(event.until);
            read.source_ips.extend(event.source_ip.clone());
        }
    }

    /// What was read, by time.
    pub(super) fn finish(self) -> Vec<ReadSecret> {
        let mut all: Vec<ReadSecret> = self.0.into_values().collect();
        all.sort_by(|one, two| (one.first, &one.what).cmp(&(two.first, &two.what)));
        all
    }
}
