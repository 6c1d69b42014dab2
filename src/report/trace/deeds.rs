//! What each did, which secrets it read, and who else uses the same user and roles.

use super::{Known, label};
use crate::lineage::{Lineage, ReadSecret};
use crate::report::{Paint, Tone};
use std::collections::BTreeMap;

pub(super) fn deeds(known: &Known, paint: Paint, out: &mut Vec<String>) {
    out.push(String::new());
    out.push(paint.heading("What each did"));
    for member in &known.lineage.credentials {
        let mut uses: Vec<String> = Vec::new();
        for used in &member.uses {
            let error = used
                .error
                .as_deref()
                .map(|error| format!(" refused ({error})"))
                .unwrap_or_default();
            uses.push(format!("{} {} x{}{error}", used.service, used.action, used.count));
        }
        let span = member
            .used()
            .map(|(first, last)| format!(" [{first} to {last}]"))
            .unwrap_or_default();
        let from: Vec<&str> = member.source_ips.iter().map(String::as_str).collect();
        let from = if from.is_empty() {
            String::new()
        } else {
            format!(" from {}", from.join(", "))
        };
        let text = if uses.is_empty() {
            "nothing that the evidence shows".to_owned()
        } else {
            uses.join(", ") + &from + &span
        };
        out.push(format!("  {:<4} {}", member.label, paint.fold(7, &text)));
        if member.forwarded > 0 {
            out.push(format!("       services made {} calls on its behalf", member.forwarded));
        }
    }
    for made in &known.lineage.made {
        let line = format!(
            "{} {} at {} by {}",
            made.call,
            made.what,
            made.at,
            label(&known.lineage, &made.by)
        );
        out.push(format!(
            "  {} {}",
            paint.as_tone(Tone::Careful, "left behind:"),
            paint.fold(15, &line)
        ));
    }
    unjudged(&known.lineage, paint, out);
    untold(&known.lineage, paint, out);
}

/// What else was changed, one line for each service.
fn unjudged(lineage: &Lineage, paint: Paint, out: &mut Vec<String>) {
    let mut by_service: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in &lineage.unjudged {
        let by: Vec<String> = one.by.iter().map(|key| label(lineage, key)).collect();
        let text = format!(
            "{} x{} by {} [{} to {}]",
            one.call,
            one.count,
            by.join(", "),
            one.first,
            one.last
        );
        by_service.entry(&one.service).or_default().push(text);
    }
    for (service, calls) in by_service {
        out.push(format!(
            "  {} {}",
            paint.as_tone(Tone::Careful, "not judged:"),
            paint.fold(14, &format!("{service} {}", calls.join("; ")))
        ));
    }
}

/// What was given without being told, each by itself.
fn untold(lineage: &Lineage, paint: Paint, out: &mut Vec<String>) {
    for one in &lineage.untold {
        let line = format!(
            "{} at {} by {}: its record has no answer",
            one.call,
            one.at,
            label(lineage, &one.by)
        );
        out.push(format!(
            "  {} {}",
            paint.as_tone(Tone::Careful, "a key that isn't told:"),
            paint.fold(25, &line)
        ));
    }
}

/// So many secrets of one member and call are told by name.
const MOST_SECRETS: usize = 10;

/// Secrets that the family read.
pub(super) fn secrets(lineage: &Lineage, paint: Paint, out: &mut Vec<String>) {
    if lineage.secrets.is_empty() {
        return;
    }
    let mut each: BTreeMap<(String, &str), Vec<&ReadSecret>> = BTreeMap::new();
    for read in &lineage.secrets {
        let by = label(lineage, &read.by);
        each.entry((by, &read.call)).or_default().push(read);
    }
    out.push(String::new());
    out.push(paint.heading("Secrets that it read, and that must be changed"));
    for ((by, call), all) in each {
        let count: u64 = all.iter().map(|read| read.count).sum();
        let first = all.iter().map(|read| read.first).min();
        let last = all.iter().map(|read| read.last).max();
        let span = first.zip(last).map(|(first, last)| match first == last {
            true => format!(" [{first}]"),
            false => format!(" [{first} to {last}]"),
        });
        let mut names: Vec<&str> = all.iter().take(MOST_SECRETS).map(|read| read.what.as_str()).collect();
        let more = match all.len().saturating_sub(MOST_SECRETS) {
            0 => String::new(),
            more => format!(", and {more} more, which --format json tells"),
        };
        if names == ["-"] {
            names = vec!["which, the record does not say"];
        }
        let line = format!(
            "{call} x{count}{}: {}{more}",
            span.unwrap_or_default(),
            names.join(", ")
        );
        out.push(format!(
            "  {by:<4} {}",
            paint.as_tone(Tone::Careful, &paint.fold(7, &line))
        ));
    }
}

pub(super) fn others(known: &Known, paint: Paint, out: &mut Vec<String>) {
    if known.bystanders.is_empty() {
        return;
    }
    out.push(String::new());
    out.push(paint.heading("Who else uses the same user and roles"));
    for other in &known.bystanders {
        let who = match (&other.role, &other.session, &other.user) {
            (Some(role), Some(session), _) => format!("session `{session}` of role `{role}`"),
            (_, _, Some(user)) => format!("user `{user}`"),
            _ => String::new(),
        };
        let calls = if other.calls == 1 {
            "1 call".to_owned()
        } else {
            format!("{} calls", other.calls)
        };
        let line = format!("{}  {who}: {calls}, last {}", other.key, other.last);
        out.push(format!("  {}", paint.fold(4, &line)));
    }
}
