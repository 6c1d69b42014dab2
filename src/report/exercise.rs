//! An exercise: after each step, who is still in.

use super::{Paint, Tone, tone_of};
use crate::tabletop::{Played, Seen};

/// The width of a credential's column, and the least width of a step's text.
const COLUMN: usize = 8;
const LEAST_TEXT: usize = 24;

/// One exercise as a table: a line for each step, a column for each credential of the attacker.
pub fn exercise(played: &Played, paint: Paint) -> String {
    let names = played.seen.last().into_iter().flat_map(|seen| &seen.standings);
    let mut names: Vec<&str> = names.map(|one| one.name.as_str()).collect();
    // A fighting intruder gets more credentials than there are columns: the list below has them all.
    names.truncate(paint.width.saturating_sub(LEAST_TEXT + 4) / COLUMN);
    let columns: usize = names.len() * COLUMN;
    let text = paint.width.saturating_sub(columns + 4).max(LEAST_TEXT);
    let mut out = Vec::new();
    let head: String = names.iter().map(|name| format!("{name:<COLUMN$}")).collect();
    out.push(paint.heading(format!("    {:text$}{head}", "step").trim_end()));
    for seen in &played.seen {
        line(seen, &names, text, paint, &mut out);
    }
    out.push(String::new());
    for standing in played.seen.last().into_iter().flat_map(|seen| &seen.standings) {
        let words = paint.fold(10, &standing.verdict.to_string());
        out.push(format!(
            "    {:<5} {}",
            standing.name,
            paint.as_tone(tone_of(&standing.verdict), &words)
        ));
    }
    out.join("\n")
}

fn line(seen: &Seen, names: &[&str], width: usize, paint: Paint, out: &mut Vec<String>) {
    let step = seen
        .step
        .as_ref()
        .map(|step| format!("{:<3} ", step.as_str()))
        .unwrap_or_else(|| "    ".to_owned());
    let cells: String = names
        .iter()
        .map(|name| match seen.standings.iter().find(|one| one.name == *name) {
            None => format!("{:<8}", "-"),
            Some(one) => paint.as_tone(tone_of(&one.verdict), &format!("{:<8}", cell(one.verdict.word()))),
        })
        .collect();
    let narrow = Paint {
        width: width.saturating_sub(1),
        ..paint
    };
    let folded = narrow.fold(0, &seen.title);
    let mut lines = folded.lines();
    let first = lines.next().unwrap_or_default();
    out.push(format!("{step}{first:<width$}{cells}").trim_end().to_owned());
    out.extend(lines.map(|line| format!("    {line}")));
    if let Some(reaction) = &seen.reaction {
        out.push(format!(
            "      {}",
            paint.as_tone(Tone::Careful, &paint.fold(8, &format!("> {reaction}")))
        ));
    }
}

/// The word of a verdict as it fits into a column.
fn cell(word: &'static str) -> &'static str {
    match word {
        "powerless" => "nothing",
        word => word,
    }
}
