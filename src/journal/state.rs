//! How a case stands, by its journal alone: what its last look at the account showed, and what was done since.

use super::{Entry, Event, Finish};
use crate::time::Moment;
use serde::Serialize;
use std::fmt;

/// How a case stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The run ended in its midst, or before anybody looked at what it came to.
    BrokenOff,
    /// The run was stopped, failed or found the account otherwise, and its last look showed who is still in, or may be.
    Unfinished {
        /// How its steps ended.
        #[serde(flatten)]
        finish: Finish,
    },
    /// The last look showed that somebody is still in, or left doubts.
    NotContained,
    /// The last look showed everything cut, and came too early for the trail to tell everything.
    NotProvenYet {
        /// From when on a look shows it.
        from: Moment,
    },
    /// The last look proved the family out.
    Contained {
        /// When that was.
        at: Moment,
    },
    /// Something of it was undone, and nobody has looked since.
    Undone {
        /// How the undoing ended; `None` where it was broken off.
        finish: Option<Finish>,
    },
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = |finish: &Finish| match finish {
            Finish::Completed => "completed".to_owned(),
            Finish::Stopped { before } => format!("stopped before step {before}"),
            Finish::Failed { at } => format!("failed at step {at}"),
            Finish::Diverged { at } => format!("diverged at step {at}"),
        };
        match self {
            State::BrokenOff => f.write_str("BROKEN OFF: what it came to was not looked at"),
            State::Unfinished { finish } => write!(f, "NOT CONTAINED: {}", how(finish)),
            State::NotContained => f.write_str("NOT CONTAINED"),
            State::NotProvenYet { from } => write!(f, "NOT PROVEN YET: a look from {from} on shows it"),
            State::Contained { at } => write!(f, "CONTAINED, by the look of {at}"),
            State::Undone {
                finish: Some(Finish::Completed),
            } => f.write_str("UNDONE, at least in part: nobody has looked since who is in"),
            State::Undone { finish } => {
                let how = finish.as_ref().map_or_else(|| "broken off".to_owned(), how);
                write!(f, "UNDONE in part, {how}: nobody has looked since who is in")
            }
        }
    }
}

/// How the case of this journal stands.
pub fn state(entries: &[Entry]) -> State {
    let is_look = |entry: &Entry| matches!(entry.event, Event::Judged { after: None, .. });
    let is_begun = |entry: &Entry| {
        matches!(
            entry.event,
            Event::Opened { .. } | Event::Widened { .. } | Event::Resumed { .. } | Event::Intended { .. }
        )
    };
    let look = entries.iter().rposition(is_look);
    let since = entries.get(look.map_or(0, |place| place + 1)..).unwrap_or_default();
    let undone = since
        .iter()
        .any(|entry| matches!(&entry.event, Event::Intended { step, .. } if step.is_of_undo()));
    let ended = |entries: &[Entry]| {
        entries.iter().rev().find_map(|entry| match &entry.event {
            Event::Closed { finish, .. } => Some(Some(finish.clone())),
            _ if is_begun(entry) => Some(None),
            _ => None,
        })
    };
    if undone {
        let finish = ended(since).flatten();
        return State::Undone { finish };
    }
    let Some(look) = look.filter(|_| !since.iter().any(is_begun)) else {
        return State::BrokenOff;
    };
    let finish = ended(entries.get(..look).unwrap_or_default()).flatten();
    match entries.get(look).map(|entry| (entry.at, &entry.event)) {
        Some((
            _,
            Event::Judged {
                proven: Some(_),
                told_from: Some(from),
                ..
            },
        )) => State::NotProvenYet { from: *from },
        Some((at, Event::Judged { proven: Some(_), .. })) => State::Contained { at },
        _ => match finish {
            Some(finish) if finish != Finish::Completed => State::Unfinished { finish },
            _ => State::NotContained,
        },
    }
}
