//! `oust playbook`.

use super::Desk;
use super::args::PlaybookCommand;
use super::exit::{Exit, Failure};
use super::world::read_text;
use crate::playbook::{CATALOGUE, Playbook, PlaybookError};
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    title: String,
    steps: usize,
}

pub(super) fn playbook(desk: &Desk, command: PlaybookCommand) -> Result<Exit, Failure> {
    match command {
        PlaybookCommand::List => {
            let mut rows = Vec::new();
            for (name, text) in CATALOGUE {
                let playbook = Playbook::parse(text).map_err(|faults| failure(name, text, &faults))?;
                rows.push(Row {
                    name,
                    title: playbook.title,
                    steps: playbook.steps.len(),
                });
            }
            let line = |row: &Row| format!("{}  {} ({} steps)", row.name, row.title, row.steps);
            desk.result(|| rows.iter().map(line).collect::<Vec<_>>().join("\n"), &rows)?;
        }
        PlaybookCommand::Show { name } => {
            let (_, text) = CATALOGUE.iter().find(|(known, _)| *known == name).ok_or_else(|| {
                Failure::new(
                    Exit::Input,
                    "playbook.missing",
                    format!("there is no playbook `{name}`"),
                )
                .hint("`oust playbook list` lists them")
            })?;
            let playbook = Playbook::parse(text).map_err(|faults| failure(&name, text, &faults))?;
            desk.result(|| text.trim_end().to_owned(), &playbook)?;
        }
        PlaybookCommand::Check { file } => {
            let text = read_text(&file)?;
            let name = file.display().to_string();
            let playbook = Playbook::parse(&text).map_err(|faults| failure(&name, &text, &faults))?;
            desk.result(
                || format!("{name}: `{}` is sound, {} steps", playbook.name, playbook.steps.len()),
                &playbook,
            )?;
        }
    }
    Ok(Exit::Success)
}

/// Every fault of a playbook with its place, drawn into the text.
pub(super) fn failure(name: &str, text: &str, faults: &[PlaybookError]) -> Failure {
    let handler =
        miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor()).with_links(false);
    let mut said = Vec::new();
    for fault in faults {
        let (line, column) = fault.line_and_column(text);
        let source = miette::NamedSource::new(format!("{name}:{line}:{column}"), text.to_owned());
        let report = miette::Report::new(fault.clone()).with_source_code(source);
        let mut drawn = String::new();
        match handler.render_report(&mut drawn, report.as_ref()) {
            Ok(()) => said.push(format!("{name}, line {line}, column {column}\n{}", drawn.trim_end())),
            Err(_) => said.push(format!("{name}, line {line}, column {column}: {fault}")),
        }
    }
    Failure::new(Exit::Input, "playbook.malformed", said.join("\n\n"))
}
