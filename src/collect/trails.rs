//! What CloudTrail records of the account, and whether its Event history answers: every enabled Region is asked. Reads only.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>

use super::collected::Unread;
use super::regions::regions;
use crate::account::{Recorded, Trail};
use crate::mount::{AwsError, Clients, Trouble};
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, EventSelector, ReadWriteType};
use futures_util::StreamExt;
use std::collections::{BTreeMap, BTreeSet};

/// How many Regions are asked side by side.
const SIDE_BY_SIDE: usize = 8;

/// What CloudTrail told, Region by Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trails {
    /// The Regions that were asked.
    pub regions: BTreeSet<String>,
    /// Why these may not be all that are enabled, if they may not.
    pub doubt: Option<String>,
    /// Regions whose Event history did not answer, with why.
    pub unanswered: BTreeMap<String, AwsError>,
    /// The trails, each once; `None` where some Region did not tell of its own.
    pub trails: Option<Vec<Trail>>,
    /// What of them was not read.
    pub unread: Vec<Unread>,
}

/// Asks every enabled Region, or `only` these, for its trails and for one event.
pub async fn trails(clients: &Clients, only: &BTreeSet<String>) -> Trails {
    let regions = regions(clients, only).await;
    let side_by_side = if clients.side_by_side() { SIDE_BY_SIDE } else { 1 };
    let asked = futures_util::stream::iter(regions.names.clone()).map(async |region| {
        let client = clients.cloudtrail_in(&region);
        let answered = answers(&client).await;
        let described = described(&client).await;
        (region, answered, described)
    });
    let told: Vec<_> = asked.buffered(side_by_side).collect().await;
    let mut found = Trails {
        regions: regions.names,
        doubt: match only.is_empty() {
            true => regions.doubt,
            false => Some("only some Regions were asked for, and the others are not known".to_owned()),
        },
        ..Trails::default()
    };
    let mut trails: BTreeMap<String, Trail> = BTreeMap::new();
    let mut whole = true;
    for (region, answered, described) in told {
        if let Err(error) = answered {
            found.unanswered.insert(region.clone(), error);
        }
        match described {
            Ok(some) => trails.extend(some.into_iter().map(|trail| (trail.arn.to_string(), trail))),
            Err(error) => {
                whole = false;
                found.unread.push(Unread {
                    what: format!("the trails of Region {region}"),
                    error,
                });
            }
        }
    }
    for trail in trails.values_mut() {
        about(clients, trail, &mut found.unread).await;
    }
    found.trails = whole.then(|| trails.into_values().collect());
    found
}

/// One event, any: whether LookupEvents is allowed and answers. A throttled Region answers.
async fn answers(client: &aws_sdk_cloudtrail::Client) -> Result<(), AwsError> {
    let asked = client.lookup_events().max_results(1).send().await;
    match asked.map_err(|error| AwsError::of("cloudtrail:LookupEvents", error)) {
        Err(error) if error.trouble == Trouble::Throttled => Ok(()),
        other => other.map(drop),
    }
}

/// Shadows are asked for too: of an organization's trail a member account may see nothing else.
async fn described(client: &aws_sdk_cloudtrail::Client) -> Result<Vec<Trail>, AwsError> {
    let found = client.describe_trails().include_shadow_trails(true).send().await;
    let found = found.map_err(|error| AwsError::of("cloudtrail:DescribeTrails", error))?;
    let trails = found.trail_list().iter().filter_map(|told| {
        Some(Trail {
            arn: told.trail_arn()?.parse().ok()?,
            home_region: told.home_region()?.to_owned(),
            multi_region: told.is_multi_region_trail().unwrap_or_default(),
            organization: told.is_organization_trail().unwrap_or_default(),
            global_service_events: told.include_global_service_events().unwrap_or_default(),
            bucket: told.s3_bucket_name().map(str::to_owned),
            prefix: told
                .s3_key_prefix()
                .filter(|prefix| !prefix.is_empty())
                .map(str::to_owned),
            validated: told.log_file_validation_enabled().unwrap_or_default(),
            logging: None,
            delivery_error: None,
            management: None,
        })
    });
    Ok(trails.collect())
}

/// Whether it records, and what, asked in its home Region.
async fn about(clients: &Clients, trail: &mut Trail, unread: &mut Vec<Unread>) {
    let client = clients.cloudtrail_in(&trail.home_region);
    let arn = trail.arn.as_str();
    let status = client.get_trail_status().name(arn).send().await;
    match status.map_err(|error| AwsError::of("cloudtrail:GetTrailStatus", error)) {
        Ok(told) => {
            trail.logging = told.is_logging();
            trail.delivery_error = told
                .latest_delivery_error()
                .filter(|why| !why.is_empty())
                .map(str::to_owned);
        }
        Err(error) => unread.push(Unread {
            what: format!("whether trail `{}` records", trail.arn.name()),
            error,
        }),
    }
    let selectors = client.get_event_selectors().trail_name(arn).send().await;
    match selectors.map_err(|error| AwsError::of("cloudtrail:GetEventSelectors", error)) {
        Ok(told) => trail.management = Some(management(&told)),
        Err(error) => unread.push(Unread {
            what: format!("what trail `{}` records", trail.arn.name()),
            error,
        }),
    }
}

fn management(told: &GetEventSelectorsOutput) -> Vec<Recorded> {
    let basic = told.event_selectors().iter().filter_map(basic);
    let advanced = told.advanced_event_selectors().iter().filter_map(advanced);
    basic.chain(advanced).collect()
}

fn basic(selector: &EventSelector) -> Option<Recorded> {
    // A selector that says nothing of it includes management events.
    if selector.include_management_events() == Some(false) {
        return None;
    }
    let kind = selector.read_write_type().unwrap_or(&ReadWriteType::All);
    Some(Recorded {
        reads: matches!(kind, ReadWriteType::All | ReadWriteType::ReadOnly),
        writes: matches!(kind, ReadWriteType::All | ReadWriteType::WriteOnly),
        excluded: selector.exclude_management_event_sources().iter().cloned().collect(),
        narrowed_by: BTreeSet::new(),
    })
}

/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>
fn advanced(selector: &AdvancedEventSelector) -> Option<Recorded> {
    let fields = selector.field_selectors();
    let of_management = |field: &aws_sdk_cloudtrail::types::AdvancedFieldSelector| {
        field.field() == "eventCategory" && field.equals().iter().any(|value| value == "Management")
    };
    if !fields.iter().any(of_management) {
        return None;
    }
    let mut part = Recorded {
        reads: true,
        writes: true,
        ..Recorded::default()
    };
    for field in fields {
        match field.field() {
            "eventCategory" => {}
            "readOnly" => {
                let only = |value: &str| field.equals().iter().any(|one| one == value);
                part.reads &= !only("false") || only("true");
                part.writes &= !only("true") || only("false");
            }
            "eventSource" if field.equals().is_empty() && !field.not_equals().is_empty() => {
                part.excluded.extend(field.not_equals().iter().cloned());
            }
            other => drop(part.narrowed_by.insert(other.to_owned())),
        }
    }
    Some(part)
}
