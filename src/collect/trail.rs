//! The trail through LookupEvents: what a key did, and who minted it, recursing to the fixpoint.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use crate::ids::{AccessKeyId, KeyKind};
use crate::lineage::mint_of;
use crate::mount::{AwsError, Clients};
use crate::trail::{Event, Evidence};
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};

/// Looks up everything that bears on the family of `key`: its own events, the mint it came from, and the same for all that it minted.
///
/// # Errors
/// A look-up failed; without it the family would be incomplete.
pub async fn trail(clients: &Clients, key: &AccessKeyId) -> Result<Evidence, AwsError> {
    let mut evidence = Evidence::default();
    evidence.note(format!(
        "LookupEvents of {} only: management events of the last 90 days in this Region; reads of S3 objects and other data events are not in it; \
         events appear some minutes after the call",
        clients.region
    ));
    let mut seen: BTreeSet<AccessKeyId> = BTreeSet::new();
    let mut queue: VecDeque<AccessKeyId> = [key.clone()].into();
    while let Some(key) = queue.pop_front() {
        if !seen.insert(key.clone()) {
            continue;
        }
        let mut records = look_up(clients, LookupAttributeKey::AccessKeyId, key.as_str()).await?;
        if key.kind() == KeyKind::Temporary {
            records.extend(look_up(clients, LookupAttributeKey::ResourceName, key.as_str()).await?);
        }
        for record in records {
            if let Some(minted) = Event::parse(&record).ok().as_ref().and_then(mint_of) {
                queue.push_back(minted.key);
                queue.push_back(minted.mint.by);
            }
            if let Err(error) = evidence.add_record(&record) {
                evidence.damaged("LookupEvents", None, error.to_string());
            }
        }
    }
    Ok(evidence)
}

async fn look_up(clients: &Clients, key: LookupAttributeKey, value: &str) -> Result<Vec<Value>, AwsError> {
    let attribute = LookupAttribute::builder()
        .attribute_key(key)
        .attribute_value(value)
        .build();
    let attribute = attribute.map_err(|error| AwsError {
        operation: "cloudtrail:LookupEvents".to_owned(),
        trouble: crate::mount::Trouble::Refused,
        code: None,
        message: error.to_string(),
    })?;
    let mut pages = clients
        .cloudtrail
        .lookup_events()
        .lookup_attributes(attribute)
        .into_paginator()
        .items()
        .send();
    let mut records = Vec::new();
    while let Some(event) = pages.next().await {
        let event = event.map_err(|error| AwsError::of("cloudtrail:LookupEvents", error))?;
        let record = event
            .cloud_trail_event()
            .and_then(|text| serde_json::from_str(text).ok());
        records.extend(record);
    }
    Ok(records)
}
