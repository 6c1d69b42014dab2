//! Detections, and what they found, as text.

use super::{Paint, Tone};
use crate::harden::{Hit, Level, Written};
use crate::trail::Damage;
use serde::Serialize;

/// What the detections found in a trail.
#[derive(Debug, Clone, Serialize)]
pub struct Detected {
    /// Records that were looked at.
    pub records: u64,
    /// Files that they were in.
    pub files: u64,
    /// What was found, the gravest first.
    pub hits: Vec<Hit>,
    /// What could not be read.
    pub not_read: Vec<Damage>,
    /// What else is left out.
    pub gaps: Vec<String>,
}

fn tone(level: Level) -> Tone {
    match level {
        Level::High => Tone::Bad,
        Level::Medium => Tone::Careful,
        Level::Low => Tone::Dim,
    }
}

/// The table of detections.
pub fn rules(rules: &[Written], paint: Paint) -> String {
    let mut out = Vec::new();
    for rule in rules {
        let level = paint.as_tone(tone(rule.level), &format!("{:<6}", rule.level.word()));
        out.push(format!("{level} {}", paint.heading(rule.id)));
        out.push(format!("       {} ({})", paint.fold(7, rule.title), rule.row.describe()));
        out.push(format!("       {}", paint.fold(7, rule.why)));
        out.push(format!(
            "       {}",
            paint.fold(7, &format!("innocent: {}", rule.innocent))
        ));
        if let Some(remark) = rule.eventbridge_remark {
            let what = match rule.eventbridge {
                Some(_) => "its EventBridge pattern lets more through",
                None => "no EventBridge pattern",
            };
            out.push(format!("       {}", paint.fold(7, &format!("{what}: {remark}"))));
        }
    }
    out.push(String::new());
    out.push(paint.fold(
        0,
        "Alerting on every AssumeRole is useless and isn't offered. A rule on sts needs the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS: these calls only read.",
    ));
    out.join("\n")
}

/// What was found.
pub fn detected(told: &Detected, paint: Paint) -> String {
    let mut out = Vec::new();
    let mut rule = "";
    for hit in &told.hits {
        if hit.rule != rule {
            let count = told.hits.iter().filter(|other| other.rule == hit.rule).count();
            let level = paint.as_tone(tone(hit.level), &format!("{:<6}", hit.level.word()));
            out.push(format!("{level} {}: {} ({count})", paint.heading(hit.rule), hit.title));
            rule = hit.rule;
        }
        let until = match hit.last == hit.first {
            true => String::new(),
            false => format!(" until {}", hit.last.whole_second()),
        };
        let addresses: Vec<&str> = hit.addresses.iter().map(String::as_str).collect();
        let line = format!(
            "{}{until}  {} {} from {}: {}",
            hit.first.whole_second(),
            hit.key,
            hit.who,
            addresses.join(", "),
            hit.what
        );
        out.push(format!("       {}", paint.fold(9, &line)));
    }
    if told.hits.is_empty() {
        out.push(paint.as_tone(Tone::Good, "none of it happened, as far as these records tell"));
    }
    out.push(String::new());
    out.push(format!("{} records in {} files were looked at", told.records, told.files));
    for damage in &told.not_read {
        let at = damage.offset.map(|offset| format!(" at byte {offset}")).unwrap_or_default();
        let line = format!("not read: {}{at}: {}", damage.file, damage.what);
        out.push(paint.as_tone(Tone::Careful, &paint.fold(2, &line)));
    }
    out.extend(told.gaps.iter().map(|gap| paint.as_tone(Tone::Careful, &paint.fold(2, gap))));
    out.join("\n")
}
