//! Tracing, planning, running, resuming, watching, undoing and reporting.

use super::{CaseFolder, Sources, World};
use crate::playbook::End;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What `oust trace --help` ends with.
const TRACE_EXAMPLES: &str = "\
Examples:
  oust trace AKIA...                                           the account's own trail, all enabled Regions
  oust trace --finding finding.json                            the key that a finding names
  oust trace AKIA... ASIA... --logs ./trail --offline          two keys, one incident; no AWS call
  oust trace AKIA... --logs s3://my-trail/AWSLogs/ --since 7d  the files where CloudTrail leaves them
  oust trace AKIA... --logs ./trail --index trail.index --offline  a second question opens only what can matter
  oust trace AKIA... --athena primary --table sec.cloudtrail --since 30d
  oust trace AKIA... --lake arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/0a1b2c3d-... --since 30d
  oust trace AKIA... --print-sql --table cloudtrail > search.sql
  oust trace --print-ddl s3://my-trail/AWSLogs/o-example/ --table cloudtrail --accounts 123456789012";

/// What `oust plan --help` ends with.
const PLAN_EXAMPLES: &str = "\
Examples:
  oust plan AKIA... --out plan.json          kept for `oust run plan.json`
  oust plan --finding finding.json --end strip
  oust plan AKIA... --permissions            the IAM policy that it needs
  oust plan --permissions standing           the same for any user and role";

/// What `oust run --help` ends with.
const RUN_EXAMPLES: &str = "\
At each step that changes something you are asked:
  y  yes: do it; what cannot be undone in full wants a name typed, too
  s  skip: leave this step out, and go on with the next
  d  details: what is there now, what will be, which permissions it needs
  a  all reversible: do this one, and ask no more for what can be undone
     (what cannot, and what lifts a deny, is still asked for)
  t  stop: end here, and look once more at who is still in; what was done
     stays, and `oust resume` goes on
Ctrl-C does what t does.

Examples:
  oust run AKIA...                           plans and carries out in one go
  oust run plan.json                         if the account is as it was
  oust run AKIA... --dry-run                 changes nothing
  oust run AKIA... --scenario stolen-key     on a twin; no AWS account is needed";

/// What `oust resume --help` ends with.
const RESUME_EXAMPLES: &str = "\
Examples:
  oust cases                                 which cases there are
  oust resume 20261101T081500-AKIA...        goes on, asking at each step
  oust resume CASE --yes                     goes on without asking";

/// What `oust watch --help` ends with.
const WATCH_EXAMPLES: &str = "\
Examples:
  oust watch CASE                            until the last token has expired
  oust watch CASE --once                     looks once; 0 is contained, 3 is not
  oust watch CASE --until-contained --yes    makes again what is turned round";

/// What `oust undo --help` ends with.
const UNDO_EXAMPLES: &str = "\
Examples:
  oust undo CASE                             asks at each step
  oust undo CASE --step 4                    this one alone, let in who will
  oust undo CASE < /dev/null                 tells what it would do, no more";

/// What `oust report --help` ends with.
const REPORT_EXAMPLES: &str = "\
Examples:
  oust report 20261101T081500-AKIA...
  oust report CASE --format json > report.json";

/// What `oust cases --help` ends with.
pub const CASES_EXAMPLES: &str = "\
Examples:
  oust cases                                 those in ./oust-cases
  oust cases --cases /mnt/incident/cases
  oust cases --format json";

/// `oust trace`.
#[derive(Debug, Args)]
#[command(after_help = TRACE_EXAMPLES)]
pub struct TraceArgs {
    /// The compromised access key ID, AKIA... or ASIA...; several are one incident.
    #[arg(value_name = "KEY", required_unless_present_any = ["finding", "print_ddl"])]
    pub keys: Vec<String>,
    #[command(flatten)]
    pub world: World,
    #[command(flatten)]
    pub sources: Sources,
    /// Only the files given with --logs: no AWS call at all.
    #[arg(long, requires = "logs", conflicts_with_all = ["athena", "lake"], help_heading = "Evidence")]
    pub offline: bool,
    /// Print the search as one SQL query of --table, for Athena, Trino, DuckDB or alike, and do nothing else. Its rows as JSON lines are
    /// evidence: `oust trace KEY --logs rows.jsonl --offline`.
    #[arg(long, requires = "table", help_heading = "Evidence")]
    pub print_sql: bool,
    /// Print the statement that makes --table over a trail, and do nothing else: s3://BUCKET/AWSLogs/ or s3://BUCKET/AWSLogs/o-ORGID/.
    #[arg(
        long,
        value_name = "s3://...",
        requires = "table",
        conflicts_with = "print_sql",
        help_heading = "Evidence"
    )]
    pub print_ddl: Option<String>,
}

/// Which playbook, and how far.
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Plan")]
pub struct Choice {
    /// The playbook, by name or file.
    #[arg(long, value_name = "NAME|FILE", default_value = "user-key")]
    pub playbook: String,
    /// How far to go: contain (all reversible), strip (nothing grants any more), delete (the user is gone).
    #[arg(long, value_enum, default_value_t = EndArg::Contain)]
    pub end: EndArg,
}

impl Choice {
    /// The one that a plan was made by.
    pub fn of(plan: &crate::plan::Plan) -> Choice {
        Choice {
            playbook: plan.playbook.clone(),
            end: match plan.end {
                End::Contain => EndArg::Contain,
                End::Strip => EndArg::Strip,
                End::Delete => EndArg::Delete,
            },
        }
    }

    /// The same wherever the process is started.
    pub fn lasting(&self) -> Choice {
        let file = Path::new(&self.playbook);
        let whole = std::path::absolute(file).ok().filter(|_| file.is_file());
        Choice {
            playbook: whole.map_or_else(|| self.playbook.clone(), |path| path.display().to_string()),
            end: self.end,
        }
    }
}

/// How far the plan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndArg {
    /// The intruder is out, and every step can be undone.
    Contain,
    /// Everything that grants is removed; the user stays.
    Strip,
    /// The user is gone.
    Delete,
}

impl From<EndArg> for End {
    fn from(end: EndArg) -> End {
        match end {
            EndArg::Contain => End::Contain,
            EndArg::Strip => End::Strip,
            EndArg::Delete => End::Delete,
        }
    }
}

/// The odds of a plan.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Odds")]
pub struct Race {
    /// How many fights to play for each order of the plan (the key alone, the steps without the hold, the plan), on a twin of the account, against an
    /// intruder with all credentials of the family who turns changes round. 0 plays none; so does a run that changes something.
    #[arg(long, value_name = "FIGHTS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=1000))]
    pub odds: u64,
    /// Against whom: the script of an intruder, by name or file, as `oust twin serve --intruder` takes it.
    #[arg(long, value_name = "SCRIPT", default_value = "notyet")]
    pub against: String,
    /// How late changes take effect in these fights: `4s`, `3s..5s`, `4s,key=2s..6s`, and SCPs and CloudTrail by themselves: `4s,guards=5m,trail=2m..10m`. 3 to 4 seconds were
    /// measured in AWS for changes in IAM.
    #[arg(long, value_name = "TIME", default_value = "4s")]
    pub odds_lag: String,
}

/// `oust plan`.
#[derive(Debug, Args)]
#[command(after_help = PLAN_EXAMPLES)]
pub struct PlanArgs {
    /// The compromised access key ID; several are one incident. With --permissions, `standing` in its place.
    #[arg(value_name = "KEY", required_unless_present = "finding")]
    pub keys: Vec<String>,
    #[command(flatten)]
    pub world: World,
    #[command(flatten)]
    pub sources: Sources,
    #[command(flatten)]
    pub choice: Choice,
    /// Write the plan to a file that `oust run` takes.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the IAM policy that this plan needs and no more, reads and writes apart, on exact resources. `oust plan --permissions standing` makes no
    /// call and prints policies for responders beforehand: what every playbook reads, changes and undoes, for any user and role; --region tells the
    /// partition.
    #[arg(long)]
    pub permissions: bool,
    #[command(flatten)]
    pub race: Race,
    #[command(flatten)]
    pub innocent: Innocent,
}

/// `oust run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArgs {
    /// The compromised access key ID, several of which are one incident, or a file that `oust plan --out` wrote.
    #[arg(value_name = "KEY|FILE", required_unless_present = "finding")]
    pub targets: Vec<String>,
    #[command(flatten)]
    pub world: World,
    #[command(flatten)]
    pub sources: Sources,
    #[command(flatten)]
    pub choice: Choice,
    #[command(flatten)]
    pub folder: CaseFolder,
    /// Run on a twin of the account as it is now; write nothing to AWS.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Agree to every step beforehand, the destructive ones included.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub race: Race,
    #[command(flatten)]
    pub innocent: Innocent,
    /// Which of --playbook and --end were given.
    #[arg(skip)]
    pub chosen: Vec<String>,
}

/// Whom the responder knows.
#[derive(Debug, Args)]
pub struct Innocent {
    /// Somebody who is known to be innocent: he was rightly made, though with the stolen key, or appeared lately. He is neither denied nor deleted for it, and
    /// is no doubt at the end. May be given several times; the case remembers it.
    #[arg(long, value_name = "user/NAME|role/NAME|KEY")]
    pub innocent: Vec<String>,
}

/// `oust resume`.
#[derive(Debug, Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub struct ResumeArgs {
    /// The case; `oust cases` lists them.
    pub case: String,
    #[command(flatten)]
    pub world: World,
    #[command(flatten)]
    pub folder: CaseFolder,
    /// Agree to every step that is left beforehand, the destructive ones included.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub innocent: Innocent,
}

/// `oust watch`.
#[derive(Debug, Args)]
#[command(after_help = WATCH_EXAMPLES)]
pub struct WatchArgs {
    /// The case; `oust cases` lists them.
    pub case: String,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
    /// Look once and end.
    #[arg(long)]
    pub once: bool,
    /// End at the first look that shows everything contained.
    #[arg(long)]
    pub until_contained: bool,
    #[command(flatten)]
    pub world: World,
    #[command(flatten)]
    pub folder: CaseFolder,
    /// Agree beforehand to whatever is called for, the destructive steps included.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub innocent: Innocent,
}

/// `oust undo`.
#[derive(Debug, Args)]
#[command(after_help = UNDO_EXAMPLES)]
pub struct UndoArgs {
    /// The case.
    pub case: String,
    /// Only this step, which may be given several times; also does what undo otherwise refuses, such as making a leaked key active. `u3` undoes
    /// the undoing of step 3.
    #[arg(long)]
    pub step: Vec<String>,
    #[command(flatten)]
    pub world: World,
    #[command(flatten)]
    pub folder: CaseFolder,
    /// Agree to every step beforehand.
    #[arg(long)]
    pub yes: bool,
}

/// `oust report`.
#[derive(Debug, Args)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct ReportArgs {
    /// The case.
    pub case: String,
    #[command(flatten)]
    pub folder: CaseFolder,
}
