//! The Regions that are named in the sources are those that AWS's own clients know.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/peers.rs"]
mod peers;

use oust::ids::{REGIONS_BY_DEFAULT, REGIONS_TO_ENABLE};
use std::collections::BTreeSet;
use std::process::Command;

/// botocore has two lists, of which one is ahead of the other at times.
const SCRIPT: &str = r#"
import json, os, botocore
data = os.path.join(os.path.dirname(botocore.__file__), "data")
known = set()
for name, named in (("endpoints.json", "partition"), ("partitions.json", "id")):
    with open(os.path.join(data, name)) as file:
        for partition in json.load(file)["partitions"]:
            if partition[named] == "aws":
                known |= set(partition["regions"])
print(json.dumps(sorted(known - {"aws-global"})))
"#;

/// No Region is younger than the rule that a Region must be enabled, but for those that are enabled in every account: what isn't one of these is the rest.
#[test]
fn every_region_that_aws_s_clients_know_is_enabled_in_every_account_or_must_be_enabled() {
    let Some(python) = peers::python() else { return };
    let told = Command::new(python).args(["-c", SCRIPT]).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let known: BTreeSet<String> = serde_json::from_slice(&told.stdout).unwrap();
    let ours = REGIONS_BY_DEFAULT.iter().chain(&REGIONS_TO_ENABLE);
    let ours: BTreeSet<String> = ours.map(|name| (*name).to_owned()).collect();
    assert_eq!(
        ours.len(),
        REGIONS_BY_DEFAULT.len() + REGIONS_TO_ENABLE.len(),
        "each once"
    );
    assert_eq!(ours, known);
}
