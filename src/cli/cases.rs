//! `oust cases` and `oust report`: readings of what is on disk.

use super::Desk;
use super::args::{CaseFolder, ReportArgs};
use super::exit::{Exit, Failure};
use super::folder::Case;
use crate::journal::{Event, State, state};
use crate::report;
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Row {
    case: String,
    world: String,
    #[serde(flatten)]
    state: State,
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
        rows.push(Row {
            case: case.id.to_string(),
            world: world.unwrap_or_default(),
            state: state(&entries),
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
        let line = |row: &Row| format!("{}  {}  {}", row.case, row.world, row.state);
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    desk.result(text, &rows)?;
    Ok(Exit::Success)
}

pub(super) fn report(desk: &Desk, args: &ReportArgs) -> Result<Exit, Failure> {
    let case = Case::open(&args.folder.cases, &args.case)?;
    let entries = case.entries()?;
    let account = case.plan()?.basis.id;
    desk.result(|| report::case(&entries, &account, desk.paint()), &entries)?;
    Ok(Exit::Success)
}
