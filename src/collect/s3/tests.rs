#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::layout::{is_of_region, may_hold_calls};
use super::*;

#[test]
fn places_are_read_and_anything_else_is_not_taken_for_one() {
    let place: Location = "s3://my-trail/some/AWSLogs/".parse().unwrap();
    assert_eq!(
        (place.bucket.as_str(), place.prefix.as_str()),
        ("my-trail", "some/AWSLogs/")
    );
    assert_eq!(place.to_string(), "s3://my-trail/some/AWSLogs/");
    assert_eq!("s3://my-trail".parse::<Location>().unwrap().prefix, "");
    for odd in [
        "s3://",
        "s3:///x",
        "s3://a/b",
        "s3://Bad_Name/x",
        "S3://my-trail",
        "/tmp/x",
    ] {
        assert!(odd.parse::<Location>().is_err(), "{odd}");
    }
}

#[test]
fn only_folders_that_may_hold_calls_are_opened() {
    for folder in [
        "",
        "AWSLogs/",
        "x/AWSLogs/o-abc/",
        "AWSLogs/123456789012/",
        "AWSLogs/123456789012/CloudTrail/",
        "AWSLogs/o-abc/123456789012/CloudTrail/eu-west-1/2026/",
        "exported/123456789012/Config/",
    ] {
        assert!(may_hold_calls(folder), "{folder}");
    }
    for folder in [
        "AWSLogs/123456789012/CloudTrail-Digest/",
        "AWSLogs/o-abc/123456789012/CloudTrail-Insight/",
        "p/AWSLogs/123456789012/Config/",
        "AWSLogs/123456789012/vpcflowlogs/eu-west-1/",
    ] {
        assert!(!may_hold_calls(folder), "{folder}");
    }
}

#[test]
fn a_region_s_folder_is_the_one_above_the_years() {
    assert!(is_of_region("AWSLogs/123456789012/CloudTrail/eu-west-1/"));
    assert!(is_of_region("p/q/AWSLogs/o-abc/123456789012/CloudTrail/eu-west-1/"));
    for folder in [
        "",
        "AWSLogs/",
        "AWSLogs/123456789012/CloudTrail/",
        "AWSLogs/1/CloudTrail/eu-west-1/2026/",
        "a/b/c/d/",
    ] {
        assert!(!is_of_region(folder), "{folder}");
    }
}
