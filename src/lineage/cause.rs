//! Which call of the family a service's call comes from: a service goes on with its caller's permissions, under a key that nobody holds.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>

use crate::ids::AccessKeyId;
use crate::trail::Event;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long before the service's call its cause may lie, in seconds; clocks may differ by one in the other direction.
const BEFORE_SECONDS: i64 = 5;
const AFTER_SECONDS: i64 = 1;

/// The call that a service's call comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// The credential that made it.
    pub key: AccessKeyId,
    /// `s3:GetObject`; `None` where several calls were made at that time and any may be it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}

/// Calls that were made directly, by principal, in their order.
pub(super) struct Causes<'a>(BTreeMap<&'a str, Vec<&'a Event>>);

impl<'a> Causes<'a> {
    pub(super) fn of(events: &[&'a Event]) -> Self {
        let mut calls: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        for event in events
            .iter()
            .filter(|event| !event.is_forwarded() && event.identity.key.is_some())
        {
            if let Some(principal) = event.identity.principal_id.as_deref() {
                calls.entry(principal).or_default().push(event);
            }
        }
        Causes(calls)
    }

    /// What `event`, a service's call, comes from: a call of the same principal to that service shortly before. `None` where there is none, or
    /// where two credentials called and either may be it.
    pub(super) fn of_call(&self, event: &Event) -> Option<Cause> {
        let calls = self.0.get(event.identity.principal_id.as_deref()?)?;
        let from = event.at.plus_seconds(-BEFORE_SECONDS);
        let to = event.at.plus_seconds(AFTER_SECONDS);
        let first = calls.partition_point(|call| call.at < from);
        let near = || calls.iter().skip(first).take_while(|call| call.at <= to);
        let service = event
            .identity
            .invoked_by
            .as_deref()?
            .split('.')
            .next()
            .unwrap_or_default();
        let at_service: Vec<&Event> = near().copied().filter(|call| call.service() == service).collect();
        let (any, near) = match at_service.is_empty() {
            // "AWS Internal" doesn't say which service it was.
            true => (!service.contains("AWS Internal"), near().copied().collect()),
            false => (false, at_service),
        };
        let distance = |call: &&Event| -> i64 { (call.at.millis() - event.at.millis()).abs() };
        let nearest: i64 = near.iter().map(distance).min()?;
        let key = near.first()?.identity.key.clone()?;
        if any || near.iter().any(|call| call.identity.key.as_ref() != Some(&key)) {
            return None;
        }
        let name = |call: &Event| format!("{}:{}", call.service(), call.name);
        let mut names: Vec<String> = near
            .iter()
            .filter(|call| distance(call) == nearest)
            .map(|call| name(call))
            .collect();
        names.dedup();
        Some(Cause {
            key,
            call: names.pop().filter(|_| names.is_empty()),
        })
    }
}
