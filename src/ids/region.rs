//! The Regions of the partition `aws`. `tests/regions.rs` compares them with those that AWS's own clients know.

/// Regions that are enabled in every account of the partition `aws` and can't be disabled:
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>.
pub const REGIONS_BY_DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Regions that an account has only once somebody enabled them: all that were opened since March 2019, those among them that AWS's clients know already and
/// that aren't open yet.
pub const REGIONS_TO_ENABLE: [&str; 19] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-west-1",
];
