//! `oust cases` and `oust report`: readings of what is on disk.

use super::Desk;
use super::args::{CaseFolder, ReportArgs};
use super::exit::{Exit, Failure};
use super::folder::Case;
use crate::journal::Event;
use crate::report;
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Row {
    case: String,
    world: String,
    finish: Option<crate::journal::Finish>,
}

pub(super) fn cases(desk: &Desk, args: &CaseFolder) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for case in Case::all(&args.cases) {
        let entries = match case.entries() {
            Ok(entries) => entries,
            Err(failure) => {
                desk.terminal.urgent(&failure.message);
                continue;
            }
        };
        let world = entries.iter().find_map(|entry| match &entry.event {
            Event::Opened { world, .. } => Some(world.clone()),
            _ => None,
        });
        let finish = entries.iter().rev().find_map(|entry| match &entry.event {
            Event::Closed { finish, .. } => Some(finish.clone()),
            _ => None,
        });
        rows.push(Row {
            case: case.id.to_string(),
            world: world.unwrap_or_default(),
            finish,
        });
    }
    let text = || {
        if rows.is_empty() {
            let which = if Case::all(&args.cases).is_empty() {
                "no cases"
            } else {
                "no case that can be read"
            };
            return format!("{which} in {}", args.cases.display());
        }
        let line = |row: &Row| {
            let finish = match &row.finish {
                None => "open: it ended before its last step".to_owned(),
                Some(finish) => serde_json::to_value(finish)
                    .ok()
                    .and_then(|value| Some(value.get("finish")?.as_str()?.to_owned()))
                    .unwrap_or_default(),
            };
            format!("{}  {}  {finish}", row.case, row.world)
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    desk.result(text, &rows)?;
    Ok(Exit::Success)
}

pub(super) fn report(desk: &Desk, args: &ReportArgs) -> Result<Exit, Failure> {
    let case = Case::open(&args.folder.cases, &args.case)?;
    let entries = case.entries()?;
    desk.result(|| report::case(&entries, desk.paint()), &entries)?;
    Ok(Exit::Success)
}
