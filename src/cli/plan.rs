//! `oust plan`: a rehearsed plan, or the permissions that it needs; changes nothing.

use super::Desk;
use super::args::{PlanArgs, Sources};
use super::evidence::understood;
use super::exit::{Exit, Failure};
use super::innocent;
use super::keys::keys;
use super::odds::odds;
use super::prepare::{missing, prepared};
use super::run::unarmed;
use super::world::World;
use crate::permissions::{standing, with_fight};
use crate::plan::{fighting, permissions};
use crate::report;
use std::path::Path;

pub(super) async fn plan(desk: &Desk, args: PlanArgs) -> Result<Exit, Failure> {
    if args.permissions && args.keys == ["standing"] {
        let policies = standing(partition(args.world.region.as_deref().unwrap_or_default()));
        let json = serde_json::to_string_pretty(&policies).unwrap_or_default();
        desk.result(|| json, &policies)?;
        return Ok(Exit::Success);
    }
    understood(&args.sources)?;
    innocent::understood(&args.innocent.innocent)?;
    args.out.as_deref().map_or(Ok(()), writable)?;
    let keys = keys(desk, &args.keys, &args.sources)?;
    let world = World::mount(&args.world, "plan").await?;
    let called = innocent::principals(&args.innocent.innocent);
    let mut prepared = prepared(
        desk,
        &world,
        &args.sources,
        &args.choice,
        &keys,
        (&called, world.clients().now()),
    )
    .await?;
    if !args.permissions {
        prepared.rehearsed.odds = odds(desk, &world, &args.choice, &prepared, &args.race).await?;
    }
    let rehearsed = &prepared.rehearsed;
    if let Some(path) = &args.out {
        let json = serde_json::to_string_pretty(rehearsed.plan())
            .map_err(|error| Failure::new(Exit::Failure, "json", error.to_string()))?;
        std::fs::write(path, json + "\n").map_err(|error| unwritable(path, &error, "the plan was not kept"))?;
        desk.terminal.status(&format!(
            "the plan is in {}: `{}` carries it out{}",
            path.display(),
            carrying_out(path, &args),
            with_the_same(&args.sources)
        ));
    }
    if args.permissions {
        let needed = permissions(rehearsed.plan(), &prepared.collected.account);
        let policy = with_fight(&needed, &fighting(&prepared.collected.account));
        desk.result(|| format!("{policy:#}"), &policy)?;
        desk.list_calls(world.clients());
        return Ok(Exit::Success);
    }
    desk.result(|| report::plan(rehearsed, desk.paint()), rehearsed)?;
    let doubts = prepared.doubts();
    for doubt in &doubts {
        desk.terminal.urgent(&desk.folded(2, &format!("in doubt: {doubt}")));
    }
    unarmed(desk, rehearsed);
    desk.list_calls(world.clients());
    match missing(rehearsed) {
        Some(failure) => Err(failure),
        None if rehearsed.contains() && doubts.is_empty() => Ok(Exit::Success),
        None => Ok(Exit::NotContained),
    }
}

/// The command that carries the plan out where it was made.
fn carrying_out(plan: &Path, args: &PlanArgs) -> String {
    let world = &args.world;
    let text = |path: &Path| path.display().to_string();
    let flags = [
        ("--scenario", world.scenario.clone()),
        ("--snapshot", world.snapshot.as_deref().map(text)),
        ("--profile", world.profile.clone()),
        ("--organizations-profile", world.organizations_profile.clone()),
        ("--region", world.region.clone()),
        ("--endpoint-url", world.endpoint_url.clone()),
    ];
    let mut words = vec!["oust run".to_owned(), quoted(&text(plan))];
    for (flag, value) in flags {
        words.extend(value.map(|value| format!("{flag} {}", quoted(&value))));
    }
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:,=@+".contains(c);
    if word.chars().all(is_plain) && !word.is_empty() {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The evidence is read again then: what was given for the plan is to be given for that, too.
fn with_the_same(sources: &Sources) -> String {
    let given = [
        ("--logs", !sources.logs.is_empty()),
        ("--athena", sources.athena.is_some()),
        ("--lake", sources.lake.is_some()),
        ("--since", sources.since.is_some()),
        ("--until", sources.until.is_some()),
        ("--regions", !sources.regions.is_empty()),
        ("--accounts", !sources.accounts.is_empty()),
    ];
    let given: Vec<&str> = given
        .iter()
        .filter(|(_, is_given)| *is_given)
        .map(|(flag, _)| *flag)
        .collect();
    match given.as_slice() {
        [] => String::new(),
        given => format!(", with the same {}", given.join(", ")),
    }
}

/// The partition of a Region: the second part of every ARN in it.
fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// Whether a plan can be written there; nothing is left behind by looking.
fn writable(path: &Path) -> Result<(), Failure> {
    let was_there = path.exists();
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| unwritable(path, &error, "nothing was asked"))?;
    if !was_there {
        // What stays in the way of that is found when the plan is written.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// A plan that can't be written.
fn unwritable(path: &Path, error: &std::io::Error, but: &str) -> Failure {
    let message = format!("`{}` cannot be written: {error}; {but}", path.display());
    Failure::new(Exit::Input, "plan.unwritable", message).hint("name another file with --out")
}
