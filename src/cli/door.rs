//! What can be told of a command line before anything is asked or read: what contradicts itself, and what would be passed over in silence.

use super::args::{Cli, Command, PlanArgs, Race, RunArgs, Sources, TwinCommand};
use super::exit::{Exit, Failure};
use super::intruder::script;
use crate::catalogue::catalogue;
use crate::twin::weather::{Faults, Lag, WeatherError};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use std::path::Path;

/// Operations of S3 whose names are none of their permissions'.
const S3_OPERATIONS: [&str; 4] = ["ListBuckets", "ListObjects", "HeadBucket", "HeadObject"];

/// Reads the arguments of the process.
///
/// # Errors
/// They are none of this program.
pub fn read() -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches()?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    if let (Command::Run(args), Some((_, given))) = (&mut cli.command, matches.subcommand()) {
        args.chosen = ["playbook", "end"]
            .into_iter()
            .filter(|name| is_typed(given, name))
            .map(|name| format!("--{name}"))
            .collect();
    }
    Ok(cli)
}

/// Whether a person gave it, and it isn't the default.
fn is_typed(matches: &ArgMatches, name: &str) -> bool {
    matches.value_source(name) == Some(ValueSource::CommandLine)
}

/// # Errors
/// The first thing that stands against it.
pub fn understood(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Trace(args) => asked_for(&args.sources, args.print_sql || args.print_ddl.is_some()),
        Command::Plan(args) => to_plan(args),
        Command::Run(args) => to_run(args),
        // Rules that are fitted to an account are queries too.
        Command::Harden(args) => asked_for(&args.sources, args.rules.is_some() || !args.detect),
        Command::Twin(TwinCommand::Serve { forecast, .. }) => forecast.faults.as_ref().map_or(Ok(()), can_go_wrong),
        _ => Ok(()),
    }
}

/// A table that is named and never asked leaves whoever named it in the belief that it was.
fn asked_for(sources: &Sources, is_printed: bool) -> Result<(), Failure> {
    let Some(table) = sources
        .table
        .as_ref()
        .filter(|_| sources.athena.is_none() && !is_printed)
    else {
        return Ok(());
    };
    let (why, hint) = match sources.lake {
        Some(_) => ("--lake asks an event data store", "leave one of the two out"),
        None => (
            "a table is asked through a workgroup of Athena, which --athena names",
            "add --athena WORKGROUP (often `primary`), or leave --table out",
        ),
    };
    let message = format!("the table `{table}` would not be asked: {why}; nothing was asked");
    Err(Failure::new(Exit::Usage, "athena.unasked", message).hint(hint))
}

fn to_plan(args: &PlanArgs) -> Result<(), Failure> {
    asked_for(&args.sources, false)?;
    match args.permissions {
        true => Ok(()),
        false => can_race(&args.race),
    }
}

fn to_run(args: &RunArgs) -> Result<(), Failure> {
    asked_for(&args.sources, false)?;
    can_race(&args.race)?;
    let is_file = |target: &&String| Path::new(target).is_file();
    let Some(file) = args.targets.iter().find(is_file) else {
        return Ok(());
    };
    if args.targets.len() > 1 {
        let message = format!("`{file}` is carried out by itself, and more was given beside it; nothing was done");
        return Err(Failure::new(Exit::Usage, "plan.not_alone", message).hint(
            "give one plan file and nothing else, or only the keys: `oust plan KEY KEY` makes one plan of several",
        ));
    }
    if args.chosen.is_empty() {
        return Ok(());
    }
    let message = format!(
        "`{file}` says by itself by which playbook it was made and how far it goes, and {} would change nothing of it; nothing was done",
        args.chosen.join(" and ")
    );
    Err(Failure::new(Exit::Usage, "plan.and_choice", message)
        .hint("make a new plan with `oust plan`, or leave that out"))
}

/// Whether the fights that are asked for can be played.
fn can_race(asked: &Race) -> Result<(), Failure> {
    if asked.odds == 0 {
        return Ok(());
    }
    lag(asked)?;
    script(&asked.against).map(drop)
}

/// A call that nobody makes never goes wrong, and whoever scripted it would wait for that.
fn can_go_wrong(faults: &Faults) -> Result<(), Failure> {
    let is_known = |name: &str| {
        let services = catalogue().services.values();
        let mut actions = services.flat_map(|service| &service.actions);
        S3_OPERATIONS.contains(&name) || actions.any(|action| action.name == name)
    };
    let scripted = faults.scripted.iter().filter_map(|one| one.operation.as_deref());
    let Some(unknown) = scripted.into_iter().find(|name| !is_known(name)) else {
        return Ok(());
    };
    let message = format!("--faults: there is no operation `{unknown}`; nothing is served");
    Err(Failure::new(Exit::Usage, "twin.faults", message)
        .hint("write it as AWS does, without its service: PutUserPolicy:1=503, or *:7=503 for the seventh call of all"))
}

/// How late changes take effect in fights.
///
/// # Errors
/// It is no length of time.
pub fn lag(asked: &Race) -> Result<Lag, Failure> {
    asked.odds_lag.parse().map_err(|error: WeatherError| {
        let message = format!("--odds-lag: {error}; nothing was asked");
        Failure::new(Exit::Usage, "odds.lag", message)
    })
}
