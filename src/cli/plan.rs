//! `oust plan`: a rehearsed plan, or the permissions that it needs; changes nothing.

use super::Desk;
use super::args::PlanArgs;
use super::athena::understood;
use super::exit::{Exit, Failure};
use super::keys::keys;
use super::odds::odds;
use super::prepare::{missing, prepared};
use super::world::World;
use crate::permissions::{standing, with_fight};
use crate::plan::{fighting, permissions};
use crate::report;

pub(super) async fn plan(desk: &Desk, args: PlanArgs) -> Result<Exit, Failure> {
    if args.permissions && args.keys == ["standing"] {
        let policies = standing(partition(args.world.region.as_deref().unwrap_or_default()));
        let json = serde_json::to_string_pretty(&policies).unwrap_or_default();
        desk.result(|| json, &policies)?;
        return Ok(Exit::Success);
    }
    understood(&args.sources)?;
    let keys = keys(desk, &args.keys, &args.sources)?;
    let world = World::mount(&args.world, "plan").await?;
    let mut prepared = prepared(desk, &world, &args.sources, &args.choice, &keys).await?;
    if !args.permissions {
        prepared.rehearsed.odds = odds(desk, &world, &args.choice, &prepared, &args.race).await?;
    }
    let rehearsed = &prepared.rehearsed;
    if let Some(path) = &args.out {
        let json = serde_json::to_string_pretty(rehearsed.plan())
            .map_err(|error| Failure::new(Exit::Failure, "json", error.to_string()))?;
        std::fs::write(path, json + "\n").map_err(|error| {
            Failure::new(
                Exit::Input,
                "plan.unwritable",
                format!("`{}` cannot be written: {error}", path.display()),
            )
        })?;
        desk.terminal.status(&format!(
            "the plan is in {}: `oust run {}` carries it out",
            path.display(),
            path.display()
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
    for gap in &prepared.gaps {
        desk.terminal.urgent(&format!("in doubt: {gap}"));
    }
    desk.list_calls(world.clients());
    match missing(rehearsed) {
        Some(failure) => Err(failure),
        None if rehearsed.contains() && prepared.gaps.is_empty() => Ok(Exit::Success),
        None => Ok(Exit::NotContained),
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
