//! What the evidence covers, and what it cannot tell.

use super::{Known, label};
use crate::ids::AccessKeyId;
use crate::lineage::{Cause, Covered, Lineage, LookedUp};
use crate::report::{Paint, Tone};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn limits(known: &Known, paint: Paint, out: &mut Vec<String>) {
    let lineage = &known.lineage;
    out.push(String::new());
    out.push(paint.heading("What the evidence covers, and what it cannot tell"));
    let covered = &lineage.coverage;
    let span = match (covered.first, covered.last) {
        (Some(first), Some(last)) => {
            let about = if covered.is_estimate { "about " } else { "" };
            let events = if covered.events == 1 { "event" } else { "events" };
            format!("{about}{} {events} from {first} to {last}", covered.events)
        }
        _ => "no events".to_owned(),
    };
    let regions: Vec<&str> = covered.regions.iter().map(String::as_str).collect();
    let files = match covered.files {
        0 => String::new(),
        1 => ", 1 file".to_owned(),
        count => format!(", {count} files"),
    };
    let copies = if covered.duplicates == 0 {
        String::new()
    } else {
        format!(", {} copies left out", covered.duplicates)
    };
    let line = format!(
        "{span}{files}{copies}; Regions: {}",
        if regions.is_empty() {
            "none".to_owned()
        } else {
            regions.join(", ")
        }
    );
    out.push(format!("  {}", paint.fold(2, &line)));
    for recorder in &covered.recorders {
        out.push(format!("  {}", paint.fold(4, &hours(recorder))));
    }
    for line in looked_up(&covered.looked_up) {
        out.push(format!("  {}", paint.fold(4, &line)));
    }
    for gap in &covered.gaps {
        out.push(format!("  {}", paint.as_tone(Tone::Careful, &paint.fold(2, gap))));
    }
    for note in &covered.notes {
        out.push(format!("  {}", paint.fold(2, note)));
    }
    for damage in &covered.damage {
        let line = format!("not read: {damage}");
        out.push(format!("  {}", paint.as_tone(Tone::Careful, &paint.fold(2, &line))));
    }
    for unresolved in &lineage.unresolved {
        let line = format!(
            "{} ({}), {} to {}: {}",
            unresolved.key, unresolved.arn, unresolved.first, unresolved.last, unresolved.why
        );
        out.push(format!("  {}", paint.as_tone(Tone::Careful, &paint.fold(2, &line))));
    }
    for other in &lineage.ambiguous {
        let line = format!(
            "{} calls bear the key ID {} and are another session's ({}, {} to {}): they are not counted",
            other.calls, other.key, other.arn, other.first, other.last
        );
        out.push(format!("  {}", paint.fold(2, &line)));
    }
    for call in &lineage.on_behalf {
        let line = format!(
            "{} made {} calls of {}:{} on behalf of {}{}, with keys that nobody held",
            call.by,
            call.count,
            call.service,
            call.action,
            call.arn,
            cause(lineage, call.cause.as_ref())
        );
        out.push(format!("  {}", paint.fold(2, &line)));
    }
}

/// Which Regions' Event history was asked; those in one line that were asked for the same keys.
fn looked_up(all: &[LookedUp]) -> Vec<String> {
    let mut regions: BTreeMap<&BTreeSet<AccessKeyId>, Vec<&str>> = BTreeMap::new();
    for one in all {
        regions.entry(&one.keys).or_default().push(&one.region);
    }
    let line = |(keys, regions): (&BTreeSet<AccessKeyId>, Vec<&str>)| {
        let keys = match keys.len() {
            1 => "1 key".to_owned(),
            count => format!("{count} keys"),
        };
        let regions = regions.join(", ");
        format!("{regions}: Event history, 90 days at most, was asked for {keys} and not for what else is in it")
    };
    regions.into_iter().map(line).collect()
}

/// The hours of one recorder, and where it is silent longest.
fn hours(recorder: &Covered) -> String {
    let account = recorder
        .account
        .as_ref()
        .map(|account| format!(" of {account}"))
        .unwrap_or_default();
    let silences: Vec<String> = recorder
        .silences
        .iter()
        .map(|silence| format!("{} h from {}", silence.hours, silence.from))
        .collect();
    let silent = match (recorder.silent_hours, silences.is_empty()) {
        (0, _) | (_, true) => String::new(),
        (hours, false) => format!(
            "; none in {hours} (quiet or missing, the longest: {})",
            silences.join(", ")
        ),
    };
    let count = match recorder.hours {
        1 => "1 hour".to_owned(),
        count => format!("{count} hours"),
    };
    format!("{}{account}: events in {count}{silent}", recorder.region)
}

fn cause(lineage: &Lineage, cause: Option<&Cause>) -> String {
    let Some(cause) = cause else { return String::new() };
    let by = label(lineage, &cause.key);
    match &cause.call {
        Some(call) => format!(" because of {call} by {by}"),
        None => format!(" because of calls by {by}"),
    }
}
