//! An event data store of CloudTrail Lake, which is closed to new customers since 31 May 2026 and goes on for those who have one.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-lake-service-availability-change.html>

use crate::ids::{AccountId, Arn};
use std::str::FromStr;

/// A text that names no event data store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no event data store: its ID was expected, such as 0a1b2c3d-4e5f-6789-abcd-ef0123456789, or its ARN, \
     arn:aws:cloudtrail:REGION:ACCOUNT:eventdatastore/ID"
)]
pub struct StoreError(String);

/// One.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Its ID, which is its name in a query.
    pub id: String,
    /// Where it is, if that was said.
    pub region: Option<String>,
    /// Whose it is, if that was said.
    pub owner: Option<AccountId>,
}

/// How many letters stand in each part of an ID.
const PARTS: [usize; 5] = [8, 4, 4, 4, 12];

fn is_id(text: &str) -> bool {
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.split('-').map(str::len).eq(PARTS) && text.split('-').all(plain)
}

impl FromStr for Store {
    type Err = StoreError;

    /// Reads an ID or an ARN. The ID stands bare in a query, so that its form is checked.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let none = || StoreError(text.to_owned());
        if is_id(text) {
            return Ok(Store {
                id: text.to_owned(),
                region: None,
                owner: None,
            });
        }
        let arn: Arn = text.parse().map_err(|_| none())?;
        let id = arn.resource().strip_prefix("eventdatastore/").filter(|id| is_id(id));
        let region = arn.as_str().split(':').nth(3).filter(|region| !region.is_empty());
        match (arn.service(), id, region) {
            ("cloudtrail", Some(id), Some(region)) => Ok(Store {
                id: id.to_owned(),
                region: Some(region.to_owned()),
                owner: arn.account(),
            }),
            _ => Err(none()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    const ID: &str = "0a1b2c3d-4e5f-6789-abcd-ef0123456789";

    #[test]
    fn an_id_or_an_arn_names_a_store_and_nothing_else_does() {
        let bare: Store = ID.parse().unwrap();
        assert_eq!((bare.id.as_str(), bare.region, bare.owner), (ID, None, None));
        let whole: Store = format!("arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/{ID}")
            .parse()
            .unwrap();
        assert_eq!((whole.id.as_str(), whole.region.as_deref()), (ID, Some("eu-west-1")));
        assert_eq!(whole.owner.unwrap().as_str(), "123456789012");
        for odd in [
            "",
            "trail",
            "0a1b2c3d-4e5f-6789-abcd-ef012345678",
            "0a1b2c3d-4e5f-6789--bcd-ef0123456789",
            "0a1b2c3d-4e5f-6789-abc'-ef0123456789",
            "arn:aws:cloudtrail:eu-west-1:123456789012:trail/x",
            "arn:aws:s3:eu-west-1:123456789012:eventdatastore/0a1b2c3d-4e5f-6789-abcd-ef0123456789",
            "arn:aws:cloudtrail::123456789012:eventdatastore/0a1b2c3d-4e5f-6789-abcd-ef0123456789",
        ] {
            assert!(odd.parse::<Store>().is_err(), "{odd}");
        }
    }
}
