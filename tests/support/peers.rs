//! Other implementations: a Python with boto3, the AWS CLI and moto. In CI they must be there.

use std::io::Write;
use std::path::{Path, PathBuf};

/// The Python that has the peers; `None` where they are not installed, which is said, and which is a failure in CI.
pub fn python() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bin/python");
    let python = std::env::var_os("OUST_PEERS_PYTHON").map_or(default, PathBuf::from);
    let works = std::process::Command::new(&python)
        .args(["-c", "import boto3, moto"])
        .output();
    if works.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let why = format!("{} has no boto3 and moto: `.ci/run` installs them", python.display());
    assert!(std::env::var_os("CI").is_none(), "in CI the peers must be there: {why}");
    // Straight to the stream: the test harness keeps what macros print of tests that pass.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    None
}

/// What is wrong with configurations of Terraform by the schema of AWS's provider, file by file, and how many resources were checked. `None` where the
/// schema isn't there, which is said, and which is a failure in CI.
#[allow(dead_code, reason = "some tests write no configuration")]
pub fn faults_of_terraform(python: &Path, files: &[&Path]) -> Option<Vec<(usize, Vec<String>)>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/provider.py");
    let told = std::process::Command::new(python).arg(script).args(files).output();
    let told = told.ok().filter(|told| told.status.success());
    let Some(told) = told else {
        let why = "the schema of Terraform's provider can't be read: `.ci/run` fetches it";
        assert!(std::env::var_os("CI").is_none(), "in CI it must be there: {why}");
        let _ = writeln!(std::io::stderr(), "skipped: {why}");
        return None;
    };
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).ok()?;
    let each = files.iter().map(|file| {
        let one = &told[file.to_string_lossy().as_ref()];
        let faults = one["faults"].as_array().into_iter().flatten();
        let faults = faults.map(|fault| fault.as_str().unwrap_or_default().to_owned());
        let resources = one["resources"].as_u64().unwrap_or_default();
        (usize::try_from(resources).unwrap_or_default(), faults.collect())
    });
    Some(each.collect())
}
