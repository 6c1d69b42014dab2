//! `oust harden`: what would have shown the incident, and what would have stopped it.

use super::Desk;
use super::args::{HardenArgs, Sources};
use super::exit::{Exit, Failure};
use super::sifting::sifted;
use super::world::World;
use crate::harden::{Detector, RULES, Written, found, written};
use crate::report::{self, Detected};
use std::fs;
use std::path::Path;

/// The table of the queries, where nobody names another.
const TABLE: &str = "cloudtrail";

pub(super) async fn harden(desk: &Desk, args: HardenArgs) -> Result<Exit, Failure> {
    match &args.rules {
        Some(folder) => rules(desk, folder.as_deref(), &args.sources),
        None => detect(desk, &args).await,
    }
}

fn rules(desk: &Desk, folder: Option<&Path>, sources: &Sources) -> Result<Exit, Failure> {
    let table = sources.table.as_deref().unwrap_or(TABLE);
    let all: Vec<Written> = RULES.iter().map(|rule| written(rule, table)).collect();
    if let Some(folder) = folder {
        for rule in &all {
            let pattern = rule.eventbridge.as_ref().map(|pattern| format!("{pattern:#}\n"));
            let forms = [
                ("eventbridge", "json", pattern.as_deref()),
                ("sigma", "yml", Some(rule.sigma.as_str())),
                ("athena", "sql", Some(rule.athena.as_str())),
            ];
            for (form, ending, text) in forms {
                let Some(text) = text else { continue };
                let inside = folder.join(form);
                let path = inside.join(format!("{}.{ending}", rule.id));
                let done = fs::create_dir_all(&inside).and_then(|()| fs::write(&path, text));
                done.map_err(|error| {
                    let message = format!("`{}` cannot be written: {error}; what stands before it is there", path.display());
                    Failure::new(Exit::Input, "rules.unwritable", message).hint("name another folder with --rules")
                })?;
            }
        }
        desk.terminal.status(&format!("written to {}", folder.display()));
    }
    desk.result(|| report::rules(&all, desk.paint()), &all)?;
    Ok(Exit::Success)
}

async fn detect(desk: &Desk, args: &HardenArgs) -> Result<Exit, Failure> {
    let has_twin = args.world.scenario.is_some() || args.world.snapshot.is_some();
    let in_s3 = args.sources.logs.iter().any(|path| path.to_string_lossy().starts_with("s3://"));
    if args.sources.logs.is_empty() && !has_twin {
        let message = "there is no trail to run the detections over; nothing was read";
        return Err(Failure::new(Exit::Usage, "detect.nothing", message)
            .hint("give CloudTrail files with --logs, or a twin with --scenario or --snapshot"));
    }
    let world = match has_twin || in_s3 {
        true => Some(World::mount(&args.world, "harden").await?),
        false => None,
    };
    let sifted = sifted(desk, world.as_ref(), &args.sources, Detector::default).await?;
    let (hits, records) = found(sifted.sieves);
    let told = Detected {
        records,
        files: sifted.files,
        hits,
        not_read: sifted.damage,
        gaps: sifted.gaps,
    };
    desk.result(|| report::detected(&told, desk.paint()), &told)?;
    if let Some(world) = &world {
        desk.list_calls(world.clients());
    }
    Ok(Exit::Success)
}
