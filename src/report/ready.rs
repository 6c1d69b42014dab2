//! The table of readiness.

use super::{Paint, Tone};
use crate::ready::{Check, Readiness, State};

/// How many single findings of a row are shown; JSON has all of them.
const SHOWN: usize = 8;

/// The table, with the fix for each row that isn't ready.
pub fn readiness(table: &Readiness, paint: Paint) -> String {
    let mut out = vec![
        paint.heading(&format!("Readiness of account {}", table.account)),
        paint.fold(0, &format!("responder: {}", table.responder)),
    ];
    let wide = table
        .checks
        .iter()
        .map(|check| check.id.len())
        .max()
        .unwrap_or_default();
    let mut room = "";
    for check in &table.checks {
        let of = check.id.split('.').next().unwrap_or_default();
        if of != room {
            out.push(String::new());
            room = of;
        }
        out.extend(row(check, wide, paint));
    }
    let count = |state| table.checks.iter().filter(|check| check.state == state).count();
    out.push(String::new());
    out.push(paint.as_tone(
        tone(table.state),
        &format!(
            "{} ready, {} not ready, {} unknown",
            count(State::Ready),
            count(State::NotReady),
            count(State::Unknown)
        ),
    ));
    out.join("\n")
}

fn tone(state: State) -> Tone {
    match state {
        State::Ready => Tone::Good,
        State::Unknown => Tone::Careful,
        State::NotReady => Tone::Bad,
    }
}

fn row(check: &Check, wide: usize, paint: Paint) -> Vec<String> {
    let word = paint.as_tone(tone(check.state), &format!("{:<9}", check.state.describe()));
    let indent = 9 + 2 + wide + 2;
    let found = paint.fold(indent, &check.found);
    let mut out = vec![format!("{word}  {:<wide$}  {found}", check.id)];
    let under = |text: &str| format!("{}{}", " ".repeat(11), paint.fold(13, text));
    out.extend(
        check
            .details
            .iter()
            .take(SHOWN)
            .map(|detail| under(&format!("- {detail}"))),
    );
    if let Some(more) = check.details.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        out.push(under(&format!("- and {more} more, which --format json tells")));
    }
    out.extend(check.fix.iter().map(|fix| under(&format!("fix: {fix}"))));
    out
}
