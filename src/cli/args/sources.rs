//! Where an account is, where its trail lies, and where cases are kept.

use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which world, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "World")]
pub struct World {
    /// A twin of a scenario, by name or file; no AWS account is needed.
    #[arg(long, value_name = "NAME|FILE", conflicts_with_all = ["snapshot", "profile", "organizations_profile", "endpoint_url"])]
    pub scenario: Option<String>,
    /// A twin of an account that `oust twin snapshot` wrote.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "organizations_profile", "endpoint_url"])]
    pub snapshot: Option<PathBuf>,
    /// The profile of the AWS configuration to use: its credentials sign, whatever the environment holds.
    #[arg(long)]
    pub profile: Option<String>,
    /// The profile that calls Organizations, where that is another than who acts in the account: of the management account or of a delegated
    /// administrator. With rights there the first step is a service control policy, which nobody in the account can take away.
    #[arg(long, value_name = "NAME")]
    pub organizations_profile: Option<String>,
    /// The Region to sign for and to search the trail of.
    #[arg(long)]
    pub region: Option<String>,
    /// Another endpoint in the place of AWS's own.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub endpoint_url: Option<String>,
}

/// An endpoint as it is signed for: `http://127.0.0.1:4566`.
fn endpoint(text: &str) -> Result<String, String> {
    let no_url = || "it is no URL such as http://127.0.0.1:4566".to_owned();
    let url: http::Uri = text.parse().map_err(|_| no_url())?;
    match (url.scheme_str(), url.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err(no_url()),
    }
}

/// Where evidence comes from, beside the world's own trail.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[serde(default)]
#[command(next_help_heading = "Evidence")]
pub struct Sources {
    /// A finding that names the key: GuardDuty, Security Hub (ASFF, OCSF) or AWS Health, as the API or EventBridge writes it; `-` reads stdin.
    /// May be given several times: what findings and KEYs name is one incident.
    #[arg(long, value_name = "FILE")]
    pub finding: Vec<PathBuf>,
    /// CloudTrail files or folders, gzipped or not, or s3://BUCKET/PREFIX; `-` reads stdin. May be given several times.
    #[arg(long, value_name = "PATH|s3://...")]
    pub logs: Vec<PathBuf>,
    /// Keep in this file what the first pass finds in the files and folders of --logs, so that the next trace with it opens only files that are
    /// new, have changed, or hold something of the family. It is made if it isn't there. It holds paths and hashes: no event, no key, no secret.
    #[arg(long, value_name = "FILE", requires = "logs")]
    pub index: Option<PathBuf>,
    /// Nothing earlier: 2026-11-01, 2026-11-01T08:00:00Z, or so long ago: 36h, 30d.
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Nothing later, in the same forms; a day counts to its end.
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Only these Regions, separated by commas. All that are enabled, without it.
    #[arg(long, value_name = "REGION,...", value_delimiter = ',')]
    pub regions: Vec<String>,
    /// Only what these accounts recorded, separated by commas: parts of an organization's trail.
    #[arg(long, value_name = "ACCOUNT,...", value_delimiter = ',')]
    pub accounts: Vec<String>,
    /// Ask the --table of a trail through Athena, in this workgroup: a few queries, over the days of --since and --until. Athena bills by the
    /// bytes that a query scans; they are told.
    #[arg(long, value_name = "WORKGROUP", requires = "table")]
    pub athena: Option<String>,
    /// Ask an event data store of CloudTrail Lake, by its ID or ARN, in the same way: for those who still have one, since it is closed to new customers.
    /// CloudTrail bills by the bytes that a query scans, of the days of --since and --until; they are told behind each query.
    #[arg(long, value_name = "ID|ARN", conflicts_with = "athena")]
    pub lake: Option<String>,
    /// The table of the trail in Athena, as AWS documents it or as --print-ddl makes it.
    #[arg(long, value_name = "[DATABASE.]TABLE")]
    pub table: Option<String>,
    /// By which columns the table is parted, of timestamp, account, region, year, month and day; Athena is asked, without it.
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',', requires = "table")]
    pub partitions: Vec<String>,
    /// The table was made by the statement of --print-ddl: parted by account, region and timestamp, with sign-ins, source identities and bearers'
    /// credentials, which the table that AWS documents lacks. For --print-sql: Athena is asked, without it.
    #[arg(long, requires = "table")]
    pub our_ddl: bool,
}

impl Sources {
    /// The same wherever the process is started: for a run that is taken up again. What findings named is known by then.
    pub fn lasting(&self) -> Sources {
        let whole = |path: &PathBuf| match path.to_str() {
            Some(text) if text == "-" || text.starts_with("s3://") => path.clone(),
            _ => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
        };
        Sources {
            finding: Vec::new(),
            // What came through stdin cannot be read again; whom it told of is in the plan.
            logs: self
                .logs
                .iter()
                .filter(|path| path.to_str() != Some("-"))
                .map(whole)
                .collect(),
            index: self.index.as_ref().map(whole),
            ..self.clone()
        }
    }
}

/// The folder of cases, where nobody names another.
pub const CASES: &str = "oust-cases";

/// Where cases are kept.
#[derive(Debug, Clone, Args)]
pub struct CaseFolder {
    /// The folder that holds one folder for each case.
    #[arg(long, value_name = "FOLDER", env = "OUST_CASES", default_value = CASES)]
    pub cases: PathBuf,
}
