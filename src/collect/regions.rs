//! The Regions that a trail must be looked for in.
//! <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>

use crate::ids::REGIONS_BY_DEFAULT;
use crate::mount::{AwsError, Clients};
use aws_sdk_account::types::RegionOptStatus;
use std::collections::BTreeSet;

const ALWAYS_IN_CHINA: [&str; 2] = ["cn-north-1", "cn-northwest-1"];
const ALWAYS_IN_GOVCLOUD: [&str; 2] = ["us-gov-east-1", "us-gov-west-1"];

/// The Regions to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Regions {
    /// Their names.
    pub(super) names: BTreeSet<String>,
    /// Why these may not be all, if they may not.
    pub(super) doubt: Option<String>,
}

/// The Regions that are enabled in the account; `only` these, where some were asked for.
pub(super) async fn regions(clients: &Clients, only: &BTreeSet<String>) -> Regions {
    if !only.is_empty() {
        // Whoever asked for these alone knows what that leaves out.
        return Regions {
            names: only.clone(),
            doubt: None,
        };
    }
    match enabled(clients).await {
        Ok(names) if !names.is_empty() => Regions { names, doubt: None },
        told => {
            let why = told.map_or_else(|error| error.to_string(), |_| "the answer names none".to_owned());
            Regions {
                names: always(&clients.region),
                doubt: Some(format!(
                    "which Regions are enabled is not known ({why}): those that every account has were looked in, and sessions minted through an \
                     opt-in Region are not known"
                )),
            }
        }
    }
}

/// A Region that is on its way in or out still serves.
async fn enabled(clients: &Clients) -> Result<BTreeSet<String>, AwsError> {
    let mut request = clients.account_management().list_regions();
    for status in [
        RegionOptStatus::Enabled,
        RegionOptStatus::EnabledByDefault,
        RegionOptStatus::Enabling,
        RegionOptStatus::Disabling,
    ] {
        request = request.region_opt_status_contains(status);
    }
    let mut pages = request.into_paginator().items().send();
    let mut names = BTreeSet::new();
    while let Some(region) = pages.next().await {
        let region = region.map_err(|error| AwsError::of("account:ListRegions", error))?;
        names.extend(region.region_name().map(str::to_owned));
    }
    Ok(names)
}

fn always(own: &str) -> BTreeSet<String> {
    let names: &[&str] = match own {
        own if own.starts_with("cn-") => &ALWAYS_IN_CHINA,
        own if own.starts_with("us-gov-") => &ALWAYS_IN_GOVCLOUD,
        _ => &REGIONS_BY_DEFAULT,
    };
    let names = names.iter().copied().chain([own]).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}
