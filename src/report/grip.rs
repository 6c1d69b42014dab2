//! What an intruder has: credentials that work, and things of its making.

use super::{Paint, Tone};
use crate::twin::intruder::Grip;

/// The intruder's hold on an account, in words.
pub fn grip(grip: &Grip, paint: Paint) -> String {
    let mut out = Vec::new();
    if grip.has_access() {
        out.push(paint.as_tone(Tone::Bad, "the intruder still has access:"));
        let each = grip.works.iter();
        out.extend(each.map(|one| format!("  {} of {} may call {}", one.key, one.whose, one.call)));
    } else {
        let how = if grip.gave_up { "; he has given up" } else { "" };
        out.push(paint.as_tone(Tone::Good, &format!("nothing that the intruder holds works{how}")));
    }
    if grip.made.is_empty() {
        out.push(paint.as_tone(Tone::Good, "nothing of its making is in the account"));
    } else {
        out.push(paint.as_tone(Tone::Bad, "of its making is in the account:"));
        out.extend(grip.made.iter().map(|made| format!("  {made}")));
    }
    out.push(format!("it made {} calls", grip.calls));
    out.join("\n")
}
