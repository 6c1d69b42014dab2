//! The command line as clap reads it. What is written here is what `--help` teaches.

mod contain;
mod harden;
mod policy;
mod sources;
mod twin;

pub use contain::{
    CASES_EXAMPLES, Choice, PlanArgs, Race, ReportArgs, ResumeArgs, RunArgs, TraceArgs, UndoArgs, WatchArgs,
};
pub use harden::{HardenArgs, ReadyArgs, TemplateForm};
pub use policy::{EvalArgs, PlaybookCommand, PolicyCommand};
pub use sources::{CASES, CaseFolder, Sources, World};
pub use twin::{Fight, TabletopCommand, TwinCommand};

use clap::{Parser, Subcommand, ValueEnum};

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
    #[command(after_help = CASES_EXAMPLES)]
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
