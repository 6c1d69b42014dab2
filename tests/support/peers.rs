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
