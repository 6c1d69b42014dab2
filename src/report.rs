//! Any reading of the above as text, for people. Machines get the same values as JSON from the types themselves.
//!
//! Text is made here and coloured elsewhere: each piece carries its [`Tone`], and [`Paint`] decides what a tone looks like.

mod decision;
mod exercise;
mod grip;
mod harden;
mod meanwhile;
mod plan;
mod reach;
mod ready;
mod run;
mod trace;

pub use decision::{Answer, Decision, NearMiss, Place, decision};
pub use exercise::exercise;
pub use grip::grip;
pub use harden::{Detected, detected, prevention, rules};
pub use meanwhile::{ByWhom, meanwhile};
pub use plan::{details, plan, proof, question, setting, step_head};
pub use reach::tone as foothold_tone;
pub use ready::readiness;
pub use run::{case, entry};
pub use trace::{Known, Remaining, trace};

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Plain.
    Plain,
    /// A heading.
    Heading,
    /// Good news: proven dead, verified.
    Good,
    /// Bad news: alive, failed.
    Bad,
    /// To be careful about: unknown, destructive.
    Careful,
    /// Of less weight.
    Dim,
}

/// How text is made to look.
#[derive(Clone, Copy)]
pub struct Paint {
    /// Columns to write in.
    pub width: usize,
    /// Makes a piece of text look like its tone.
    pub with: fn(Tone, &str) -> String,
}

impl std::fmt::Debug for Paint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Paint({} columns)", self.width)
    }
}

impl Paint {
    /// Text without any look.
    pub fn plain(width: usize) -> Self {
        Paint {
            width,
            with: |_, text| text.to_owned(),
        }
    }

    fn as_tone(&self, tone: Tone, text: &str) -> String {
        (self.with)(tone, text)
    }

    fn heading(&self, text: &str) -> String {
        self.as_tone(Tone::Heading, text)
    }

    /// `text` folded at spaces to the width, every line after the first indented by `indent` columns.
    pub fn fold(&self, indent: usize, text: &str) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let used = line.chars().count() + usize::from(!line.is_empty());
            if !line.is_empty() && indent + used + word.chars().count() > self.width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&harmless(word));
        }
        lines.push(line);
        lines.join(&format!("\n{}", " ".repeat(indent)))
    }
}

/// What an intruder wrote, such as a user agent, must not steer the terminal.
fn harmless(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// The tone of a verdict.
fn tone_of(verdict: &crate::verdict::Verdict) -> Tone {
    use crate::verdict::Verdict;
    match verdict {
        Verdict::Dead(_) | Verdict::DeniedEverything(_) | Verdict::NothingAllowed => Tone::Good,
        Verdict::Allowed { .. } => Tone::Bad,
        Verdict::Unknown(_) => Tone::Careful,
    }
}
