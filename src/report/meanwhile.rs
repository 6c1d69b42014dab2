//! What happened while a question stood at the terminal: each change that was turned round meanwhile, told once.

use super::{Paint, Tone};
use crate::ids::StepId;
use crate::journal::{Entry, Event};

/// What `entries`, which were written while a question stood, tell to whoever has answered it: a line for each change that somebody turned round, with
/// when, and whether it was made again.
pub fn meanwhile(entries: &[Entry], paint: Paint) -> Vec<String> {
    let mut steps: Vec<&StepId> = Vec::new();
    for entry in entries {
        if let Event::Contested { step, .. } = &entry.event
            && !steps.contains(&step)
        {
            steps.push(step);
        }
    }
    let mut out: Vec<String> = steps.iter().map(|step| turned_round(step, entries, paint)).collect();
    if !out.is_empty() {
        let heading = "while this question stood, somebody turned round what was done:";
        out.insert(0, paint.as_tone(Tone::Bad, &paint.fold(0, heading)));
        let whom = "by whom the trail tells some minutes later, and the end of the run says it";
        out.push(format!("       {}", paint.fold(7, whom)));
    }
    out
}

fn turned_round(step: &StepId, entries: &[Entry], paint: Paint) -> String {
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
    let text = format!("step {step}{}: {when}; {how}", what.unwrap_or_default());
    format!("       {}", paint.as_tone(tone, &paint.fold(9, &text)))
}
