//! The command line as clap reads it. What is written here is what `--help` teaches.

use crate::playbook::End;
use crate::twin::Weather;
use crate::twin::weather::{Faults, Lag, Length, Throttle};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Put an intruder out of an AWS account: one access key ID in, every credential that came from it provably dead.
#[derive(Debug, Parser)]
#[command(name = "oust", version, max_term_width = 100, arg_required_else_help = true, after_help = super::exit::Exit::help())]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Say nothing but the result, errors and questions.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// How results are written.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// List every API call, in order with its time, after the work.
    #[arg(long, global = true)]
    pub trace_calls: bool,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Whose key it is, what was minted from it, what each credential did. Reads only.
    Trace(TraceArgs),
    /// Make the plan and rehearse it on a twin of the account. Changes nothing.
    Plan(PlanArgs),
    /// Carry the plan out, step by step with consent. Without a terminal and without --yes it is a dry run.
    Run(RunArgs),
    /// Go on with a run that was broken off, stopped or failed: what was done is recognized, and what is left is rehearsed anew.
    Resume(ResumeArgs),
    /// Keep looking at a case until the last credential of its family has expired; make again what is turned round.
    Watch(WatchArgs),
    /// Turn a run round: rehearsed, asked for and executed like any plan.
    Undo(UndoArgs),
    /// List the cases.
    Cases(CaseFolder),
    /// Tell what happened in a case.
    Report(ReportArgs),
    /// Before the incident: could you trace and contain here? A table of ready, not ready and unknown, with the fix for each. Reads only.
    Ready(ReadyArgs),
    /// Exercises on the twin: nothing but this machine is touched.
    #[command(subcommand)]
    Tabletop(TabletopCommand),
    /// What would have shown the incident, and what would have stopped it, in this account. Reads only.
    Harden(HardenArgs),
    /// The mocked IAM and STS by itself, for any SDK.
    #[command(subcommand)]
    Twin(TwinCommand),
    /// The playbooks.
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// The evaluation of policies by itself.
    #[command(subcommand)]
    Policy(PolicyCommand),
}

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
    /// The profile of the AWS configuration to use.
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
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
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
    /// bytes that a query scans; they are told. CloudTrail Lake is not offered: it is closed to new customers.
    #[arg(long, value_name = "WORKGROUP", requires = "table")]
    pub athena: Option<String>,
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

/// What `oust trace --help` ends with.
const TRACE_EXAMPLES: &str = "\
Examples:
  oust trace AKIA...                                           the account's own trail, all enabled Regions
  oust trace --finding finding.json                            the key that a finding names
  oust trace AKIA... ASIA... --logs ./trail --offline          two keys, one incident; no AWS call
  oust trace AKIA... --logs s3://my-trail/AWSLogs/ --since 7d  the files where CloudTrail leaves them
  oust trace AKIA... --logs ./trail --index trail.index --offline  a second question opens only what can matter
  oust trace AKIA... --athena primary --table sec.cloudtrail --since 30d
  oust trace AKIA... --print-sql --table cloudtrail > search.sql
  oust trace --print-ddl s3://my-trail/AWSLogs/o-example/ --table cloudtrail --accounts 123456789012";

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
    #[arg(long, requires = "logs", conflicts_with = "athena", help_heading = "Evidence")]
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
}

/// `oust run`.
#[derive(Debug, Args)]
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
}

/// Whom the responder knows.
#[derive(Debug, Args)]
pub struct Innocent {
    /// Somebody who appeared lately and is known to be innocent: he is not denied in a fight, and is no doubt at the end. May be given several times; the
    /// case remembers it.
    #[arg(long, value_name = "user/NAME|role/NAME|KEY")]
    pub innocent: Vec<String>,
}

/// `oust resume`.
#[derive(Debug, Args)]
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
pub struct WatchArgs {
    /// The case; `oust cases` lists them.
    pub case: String,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
    /// Look once and end.
    #[arg(long)]
    pub once: bool,
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
pub struct ReportArgs {
    /// The case.
    pub case: String,
    #[command(flatten)]
    pub folder: CaseFolder,
}

/// What `oust harden --help` ends with.
const HARDEN_EXAMPLES: &str = "\
Examples:
  oust harden --scenario stolen-key                 the story's account: what would have stopped it, proven
  oust harden AKIA... --logs ./trail                this account, and what the trail shows of its use
  oust harden CASE --logs ./trail                   the incident of a case
  oust harden --rules ./rules                       every detection as EventBridge pattern, Sigma rule and query for Athena
  oust harden --detect --logs ./trail               did any of this happen before we noticed?
  oust harden --detect AKIA... --logs ./trail       and when what is fitted to this account would have told of it";

/// `oust harden`.
#[derive(Debug, Args)]
#[command(after_help = HARDEN_EXAMPLES)]
pub struct HardenArgs {
    /// The incident: its access key IDs, or a case. Without one, findings are told without what they would have stopped.
    #[arg(value_name = "KEY|CASE", conflicts_with_all = ["rules"])]
    pub targets: Vec<String>,
    #[command(flatten)]
    pub world: World,
    #[command(flatten)]
    pub sources: Sources,
    #[command(flatten)]
    pub folder: CaseFolder,
    /// When the key was stolen, in the forms of --since: what was done with it before counts as its owner's use.
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["rules"])]
    pub stolen: Option<String>,
    /// Call nothing ready where legitimate use wasn't seen as early as this, in the forms of --since: 30d.
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["rules", "detect"])]
    pub seen_since: Option<String>,
    /// Write the documents of the measures into this folder, one file for each.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["rules", "detect"])]
    pub out: Option<PathBuf>,
    /// Write the detections into this folder, one file for each form: eventbridge/*.json, sigma/*.yml, athena/*.sql; --table names the table of
    /// the queries. Without a folder they are listed, with --format json in all forms.
    #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with_all = ["logs", "detect"])]
    #[expect(clippy::option_option, reason = "the flag may stand without a folder")]
    pub rules: Option<Option<PathBuf>>,
    /// Run the detections over every record of --logs, or of the twin that --scenario or --snapshot mounts. Makes no AWS call but for s3://. With
    /// KEY or CASE the account is read too, and what is fitted to it is run as well: when it would first have told of the incident.
    #[arg(long, conflicts_with_all = ["athena", "index", "finding"])]
    pub detect: bool,
}

/// What `oust ready --help` ends with.
const READY_EXAMPLES: &str = "\
Examples:
  oust ready --profile responder                               as who signs, in the account of the profile
  oust ready --profile responder --organizations-profile org   with who may act for the organization
  oust ready --responder role/oust/OustResponder               whether another than you could, by policies and AWS's simulator
  oust ready --athena primary --table sec.cloudtrail           with the table of an organization's trail
  oust ready --scenario stolen-key                             on a twin; what it doesn't model is unknown
  oust ready --template cloudformation > oust.json             what to deploy beforehand
  oust ready --template terraform > oust.tf

Exit code 0: everything is ready. 3: something is not ready, or it cannot be said. Nothing is changed.";

/// `oust ready`.
#[derive(Debug, Args)]
#[command(after_help = READY_EXAMPLES)]
pub struct ReadyArgs {
    #[command(flatten)]
    pub world: World,
    /// Who will respond, where that is not who signs: an ARN, or user/NAME or role/NAME.
    #[arg(long, value_name = "ARN|user/NAME|role/NAME", help_heading = "Readiness")]
    pub responder: Option<String>,
    /// Only these Regions, separated by commas; of the others nothing is known then. All that are enabled, without it.
    #[arg(long, value_name = "REGION,...", value_delimiter = ',', help_heading = "Readiness")]
    pub regions: Vec<String>,
    /// The workgroup that --table would be asked through. No query is made.
    #[arg(long, value_name = "WORKGROUP", requires = "table", help_heading = "Readiness")]
    pub athena: Option<String>,
    /// The table of the trail in Athena.
    #[arg(
        long,
        value_name = "[DATABASE.]TABLE",
        requires = "athena",
        help_heading = "Readiness"
    )]
    pub table: Option<String>,
    /// Print what should be deployed beforehand, and do nothing else: the responder's role with its policies, the quarantine policy, the SCP that
    /// keeps it on, and rules that alert. Names and ARNs are parameters.
    #[arg(long, value_enum, value_name = "FORM", help_heading = "Readiness", conflicts_with_all = ["scenario", "snapshot", "responder", "athena", "regions"])]
    pub template: Option<TemplateForm>,
}

/// Which tool a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TemplateForm {
    /// AWS CloudFormation, as JSON.
    Cloudformation,
    /// Terraform, in HCL.
    Terraform,
}

/// `oust tabletop`.
#[derive(Debug, Subcommand)]
pub enum TabletopCommand {
    /// List the scenarios.
    List,
    /// Play a scenario: the naive order first, then the playbook's.
    Run {
        /// The scenario, by name or file.
        scenario: String,
        #[command(flatten)]
        choice: Choice,
    },
}

/// `oust twin`.
#[derive(Debug, Subcommand)]
pub enum TwinCommand {
    /// Serve a twin on 127.0.0.1 and print its endpoint and credentials.
    Serve {
        /// A scenario, by name or file.
        #[arg(
            long,
            value_name = "NAME|FILE",
            conflicts_with = "snapshot",
            required_unless_present = "snapshot"
        )]
        scenario: Option<String>,
        /// An account that `oust twin snapshot` wrote.
        #[arg(long, value_name = "FILE")]
        snapshot: Option<PathBuf>,
        /// The port; 0 picks a free one.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Play the attacker's part first, as `oust run --scenario` finds it.
        #[arg(long, requires = "scenario")]
        played: bool,
        /// Turn authorization off, for clients that only need the state.
        #[arg(long)]
        no_enforce: bool,
        #[command(flatten)]
        forecast: Forecast,
        #[command(flatten)]
        fight: Fight,
    },
    /// Write an account as a JSON file that --snapshot reads back.
    Snapshot {
        #[command(flatten)]
        world: World,
        /// The file; stdout without it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// The difference between two snapshots.
    Diff {
        /// The earlier one.
        before: PathBuf,
        /// The later one.
        after: PathBuf,
    },
}

/// The weather over the served twin.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Weather")]
pub struct Forecast {
    /// How late changes take effect for authentication and authorization, while Get and List tell them at once: `4s` is a quarter more or less,
    /// `3s..5s` anything between. Kinds of change may differ: `4s,key=2s..6s,guards=5m,trail=2m..10m`; kinds are key, entity, policy, group, boundary, trust,
    /// guards, and trail for how late LookupEvents tells of calls (at once without it).
    #[arg(long, value_name = "TIME")]
    pub lag: Option<Lag>,
    /// How many requests a second IAM answers for each of its operations, whoever makes them: what is more gets `Throttling`, HTTP 400, and is not
    /// done. With it STS answers 600 a second, LookupEvents 2. Without it everything is answered.
    #[arg(long, value_name = "RATE")]
    pub throttle: Option<Throttle>,
    /// What goes wrong: `5%` of the calls by chance, `PutUserPolicy:1=timeout-done` the first of that operation, `*:7=503` the seventh of all; with
    /// commas between. Faults are 500, 503 and throttle (refused, nothing is done), 500-done (done all the same), timeout-lost and timeout-done (the
    /// connection breaks off before the call is done, or behind it).
    #[arg(long, value_name = "FAULTS")]
    pub faults: Option<Faults>,
    /// How long each answer takes, beside what the machine needs: 50ms.
    #[arg(long, value_name = "TIME")]
    pub latency: Option<Length>,
    /// How far the twin's clock is ahead: 20m, -90s. Beyond 15 minutes requests are refused by clients that don't correct their clock.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub skew: Option<Length>,
    /// The seed that all of the weather is drawn from.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

impl Forecast {
    /// The weather itself.
    pub fn weather(&self) -> Weather {
        let mut weather = Weather::seeded(self.seed);
        weather.lag.clone_from(&self.lag);
        weather.throttle.clone_from(&self.throttle);
        weather.faults = self.faults.clone().unwrap_or_default();
        weather.latency_millis = self.latency.map(Length::millis);
        weather.skew_millis = self.skew.map_or(0, Length::millis);
        weather
    }
}

/// An intruder who lives in the served twin.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Intruder")]
pub struct Fight {
    /// Let an intruder fight back: a script by name or file, `notyet` without one. What it does is told on stderr; at the end (Ctrl-C) what it
    /// still has. A script is TOML: moves, pace, latency; playbooks/intruders/notyet.toml is the example, and what a scenario's own is.
    #[arg(long, value_name = "SCRIPT", num_args = 0..=1, default_missing_value = "default", conflicts_with = "no_enforce")]
    pub intruder: Option<String>,
    /// The credential that it begins with, by its name in the scenario or as access key ID; the compromised one without it.
    #[arg(long, value_name = "NAME|KEY", requires = "intruder")]
    pub intruder_key: Option<String>,
    /// The seed of its jitter and of the names that it makes up.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, requires = "intruder")]
    pub intruder_seed: u64,
}

/// `oust playbook`.
#[derive(Debug, Subcommand)]
pub enum PlaybookCommand {
    /// List the playbooks that the program carries.
    List,
    /// Print a playbook as it is written.
    Show {
        /// Its name.
        name: String,
    },
    /// Check a playbook file: line and column of what is wrong, the order of its steps included.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// `oust policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Decide requests and explain the decisions: one JSON object a line in, one a line out. Makes no call.
    #[command(after_long_help = super::policy::SCHEMA)]
    Eval(EvalArgs),
}

/// `oust policy eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Requests, one JSON object a line; stdin without it, or for `-`.
    pub file: Option<PathBuf>,
    /// One request instead, explained to a person; its JSON may run over lines. `-` reads stdin.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub request: Option<PathBuf>,
}
