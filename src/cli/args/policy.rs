//! Policies and playbooks.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What `oust playbook check --help` ends with.
const CHECK_EXAMPLES: &str = "\
Examples:
  oust playbook show user-key > mine.toml    a playbook to begin with
  oust playbook check mine.toml
  oust run AKIA... --playbook mine.toml --dry-run";

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
    #[command(after_help = CHECK_EXAMPLES)]
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
    #[command(after_long_help = crate::cli::policy::SCHEMA)]
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
