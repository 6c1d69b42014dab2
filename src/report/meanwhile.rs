//! What happened while a question stood at the terminal: each change that was turned round meanwhile, told once.

use super::{Paint, Tone};
use crate::ids::StepId;
use crate::journal::{Entry, Event};
use std::collections::{BTreeMap, BTreeSet};

/// By whom the changes of a step were turned round, as far as that is known.
pub type ByWhom = BTreeMap<StepId, BTreeSet<String>>;

/// What `entries`, which were written while a question stood, tell to whoever has answered it: a line for each change that somebody turned round, with
/// when and `by` whom, and whether it was made again.
pub fn meanwhile(entries: &[Entry], by: &ByWhom, paint: Paint) -> Vec<String> {
    let mut steps: Vec<&StepId> = Vec::new();
    for entry in entries {
        if let Event::Contested { step, .. } = &entry.event
            && !steps.contains(&step)
        {
            steps.push(step);
        }
    }
    let told = steps
        .iter()
        .map(|step| turned_round(step, entries, by.get(step), paint));
    let mut out: Vec<String> = told.collect();
    if !out.is_empty() {
        let heading = "while this question stood, somebody turned round what was done:";
        out.insert(0, paint.as_tone(Tone::Bad, &paint.fold(0, heading)));
        if !steps.iter().all(|step| by.contains_key(step)) {
            let whom = "by whom the trail tells some minutes later, and the end of the run says it";
            out.push(format!("       {}", paint.fold(7, whom)));
        }
    }
    out
}

fn turned_round(step: &StepId, entries: &[Entry], by: Option<&BTreeSet<String>>, paint: Paint) -> String {
    let of_step = entries.iter().filter(|entry| entry.event.step() == Some(step));
    let of_step: Vec<&Entry> = of_step.collect();
    let is_contested = |entry: &&&Entry| matches!(entry.event, Event::Contested { .. });
    let times: Vec<String> = of_step
        .iter()
        .filter(is_contested)
        .map(|entry| entry.at.clock_face())
        .collect();
    let when = match times.as_slice() {
        [first, .., last] if first != last => format!("{} times, from {first} to {last} UTC", times.len()),
        [first, _, ..] => format!("{} times at {first} UTC", times.len()),
        all => format!("at {} UTC", all.join("")),
    };
    let what = of_step.iter().find_map(|entry| match &entry.event {
        Event::Intended { change, .. } => Some(format!(" ({})", change.title())),
        _ => None,
    });
    let last = of_step.iter().rev().find_map(|entry| match &entry.event {
        Event::Verified { .. } => Some((Tone::Careful, "it was made again each time and stands".to_owned())),
        Event::Failed { error, .. } => Some((Tone::Bad, format!("IT DOES NOT STAND: {error}"))),
        Event::InDoubt { error, .. } => Some((Tone::Bad, format!("whether it stands is not known: {error}"))),
        _ => None,
    });
    let (tone, how) = last.unwrap_or((Tone::Bad, "it is made again, and was not read back yet".to_owned()));
    let by = by.map(|by| {
        format!(
            ", by {}",
            by.iter().map(String::as_str).collect::<Vec<_>>().join(" and ")
        )
    });
    let (what, by) = (what.unwrap_or_default(), by.unwrap_or_default());
    let text = format!("step {step}{what}: {when}{by}; {how}");
    format!("       {}", paint.as_tone(tone, &paint.fold(9, &text)))
}
