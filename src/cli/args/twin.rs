//! The twin, and exercises on it.

use super::{Choice, World};
use crate::twin::Weather;
use crate::twin::weather::{Faults, Lag, Length, Throttle};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What `oust tabletop run --help` ends with.
const TABLETOP_EXAMPLES: &str = "\
Examples:
  oust tabletop run stolen-key               a session that outlives the key
  oust tabletop run fights-back              an intruder who turns all round
  oust tabletop run fights-back --lag 0s     the same, changes in force at once
  oust tabletop run ./mine.toml --end delete
Exit code 0: the intruder is out, and nothing of his making is left. 3: not so.";

/// What `oust twin serve --help` ends with.
const SERVE_EXAMPLES: &str = "\
Examples:
  oust twin serve --scenario stolen-key      any SDK can attack or respond
  oust twin serve --scenario stolen-key --played --port 4566
  oust twin serve --scenario fights-back --played --intruder --lag 4s
  oust twin serve --snapshot account.json --faults PutUserPolicy:1=503";

/// What `oust twin snapshot --help` ends with.
const SNAPSHOT_EXAMPLES: &str = "\
Examples:
  oust twin snapshot --profile prod --out account.json
  oust twin snapshot --scenario stolen-key --out story.json
  oust plan AKIA... --snapshot account.json  what such a file is for";

/// `oust tabletop`.
#[derive(Debug, Subcommand)]
pub enum TabletopCommand {
    /// List the scenarios.
    List,
    /// Play a scenario: the naive order first, then the playbook's.
    #[command(after_help = TABLETOP_EXAMPLES)]
    Run {
        /// The scenario, by name or file.
        scenario: String,
        #[command(flatten)]
        choice: Choice,
        /// How late changes take effect, as `oust twin serve --lag` takes it; as the scenario says, without it. 0s: at once.
        #[arg(long, value_name = "TIME")]
        lag: Option<Lag>,
    },
}

/// `oust twin`.
#[derive(Debug, Subcommand)]
pub enum TwinCommand {
    /// Serve a twin on 127.0.0.1 and print its endpoint and credentials.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve {
        /// A scenario, by name or file.
        #[arg(long, value_name = "NAME|FILE", conflicts_with = "snapshot")]
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
    #[command(after_help = SNAPSHOT_EXAMPLES)]
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
