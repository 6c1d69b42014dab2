//! Prevention, detections and readiness.

use super::{CaseFolder, Sources, World};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

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
    /// Call nothing ready where legitimate use wasn't seen as early as this, in the forms of --since: 30d. With it, whoever wasn't seen to come since
    /// isn't expected; without it, what rests on that isn't ready.
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
    #[arg(long, conflicts_with_all = ["athena", "lake", "index", "finding"])]
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
  oust ready --template cloudformation-queries > queries.json  and the detections that need more than one event, as queries
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
    /// AWS CloudFormation, as JSON: all detections as queries in Athena. Terraform has them in the one configuration.
    CloudformationQueries,
    /// Terraform, in HCL.
    Terraform,
}
