//! Detections, and what they found, as text.

use super::{Paint, Tone};
use crate::harden::{Counted, Finding, Hit, Level, Prevention, Proof, Written};
use crate::trail::Damage;
use serde::Serialize;

/// What the detections found in a trail.
#[derive(Debug, Clone, Serialize)]
pub struct Detected {
    /// Whether there was something to read, and all of it could be read: where not, what wasn't found is not proven to be none. What a window leaves out
    /// was asked for, and doesn't count.
    pub is_whole: bool,
    /// Records that were looked at.
    pub records: u64,
    /// Files that they were in.
    pub files: u64,
    /// What was found, the gravest first; of each rule the first by time.
    pub hits: Vec<Hit>,
    /// The rules that found more than that.
    pub counted: Vec<Counted>,
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
        out.push(format!("{level} {}", paint.heading(&rule.id)));
        out.push(format!(
            "       {} ({})",
            paint.fold(7, &rule.title),
            rule.row.describe()
        ));
        out.push(format!("       {}", paint.fold(7, &rule.why)));
        out.push(format!(
            "       {}",
            paint.fold(7, &format!("innocent: {}", rule.innocent))
        ));
        if let Some((what, remark)) = rule.eventbridge_is.zip(rule.eventbridge_remark) {
            out.push(format!("       {}", paint.fold(7, &format!("{what}: {remark}"))));
        }
        if let Some(remark) = rule.sigma_remark {
            out.push(format!("       {}", paint.fold(7, &format!("no Sigma rule: {remark}"))));
        }
    }
    out.push(String::new());
    out.push(paint.fold(
        0,
        "Alerting on every AssumeRole is useless and isn't offered. A rule on sts needs the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS: these calls only read.",
    ));
    out.join("\n")
}

/// How many hits a rule has, and how many of them are told.
fn count(told: &Detected, hit: &Hit) -> String {
    match told.counted.iter().find(|counted| counted.rule == hit.rule) {
        Some(all) => format!(
            "{}, until {}; the first {} are told",
            all.hits,
            all.last.whole_second(),
            all.told
        ),
        None => told
            .hits
            .iter()
            .filter(|other| other.rule == hit.rule)
            .count()
            .to_string(),
    }
}

/// What was found.
pub fn detected(told: &Detected, paint: Paint) -> String {
    let mut out = Vec::new();
    let mut rule = "";
    for hit in &told.hits {
        if hit.rule != rule {
            let count = count(told, hit);
            let level = paint.as_tone(tone(hit.level), &format!("{:<6}", hit.level.word()));
            out.push(format!("{level} {}: {} ({count})", paint.heading(&hit.rule), hit.title));
            rule = &hit.rule;
        }
        let until = match hit.last == hit.first {
            true => String::new(),
            false => format!(" until {}", hit.last.whole_second()),
        };
        let addresses: Vec<&str> = hit.addresses.iter().map(String::as_str).collect();
        let more = match hit.more_addresses {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let line = format!(
            "{}{until}  {} {} from {}{more}: {}",
            hit.first.whole_second(),
            hit.key,
            hit.who,
            addresses.join(", "),
            hit.what
        );
        out.push(format!("       {}", paint.fold(9, &line)));
    }
    if told.hits.is_empty() {
        let (tone, what) = match (told.records, told.is_whole, told.gaps.is_empty()) {
            (0, _, _) => (Tone::Careful, "not proven: no record was looked at, so nothing is told"),
            (_, false, _) => (
                Tone::Careful,
                "not proven: none of it is in what was read, and what could not be read may tell otherwise",
            ),
            (_, true, true) => (Tone::Good, "none of it happened, as far as these records tell"),
            (_, true, false) => (
                Tone::Careful,
                "none of it happened, as far as these records tell; what was left out may tell otherwise",
            ),
        };
        out.push(paint.as_tone(tone, what));
    } else if !told.is_whole {
        let what = "not proven that this is all: what could not be read may tell of more";
        out.push(paint.as_tone(Tone::Careful, what));
    }
    out.push(String::new());
    let files = match told.files {
        0 => String::new(),
        1 => " in 1 file".to_owned(),
        many => format!(" in {many} files"),
    };
    out.push(format!("{} records{} were looked at", told.records, files));
    for damage in &told.not_read {
        let line = format!("not read: {damage}");
        out.push(paint.as_tone(Tone::Careful, &paint.fold(2, &line)));
    }
    out.extend(
        told.gaps
            .iter()
            .map(|gap| paint.as_tone(Tone::Careful, &paint.fold(2, gap))),
    );
    out.join("\n")
}

/// What would have stopped it.
pub fn prevention(told: &Prevention, paint: Paint) -> String {
    let mut out = vec![paint.fold(0, &evidence(told)), String::new()];
    for (n, finding) in told.findings.iter().enumerate() {
        out.push(one(n + 1, finding, told, paint));
    }
    if told.findings.is_empty() {
        out.push("nothing was found that would be tighter and is known to fit".to_owned());
    }
    out.push(String::new());
    match told.ready {
        0 => out.push(paint.heading("None is ready")),
        1 => out.push(paint.heading("The one that is ready")),
        all => out.push(paint.heading(&format!("All {all} that are ready, together"))),
    }
    out.extend(proof(&told.together, paint));
    for trust in &told.trusts {
        let (_, name) = trust.about();
        let line = format!(
            "each trust policy of role `{name}` above takes the place of the others; this one holds all that are ready:"
        );
        out.push(format!("   {}", paint.fold(5, &line)));
        out.extend(trust.document().map(|document| format!("   {document}")));
    }
    if !told.watch.is_empty() {
        let rules: Vec<&str> = told.watch.iter().map(|rule| rule.written.id.as_str()).collect();
        let line = format!(
            "once the intruder is out, put there what tells whoever still holds a credential of it: {} (--out writes it)",
            rules.join(", ")
        );
        out.push(paint.fold(0, &line));
    }
    out.extend(
        told.gaps
            .iter()
            .map(|gap| paint.as_tone(Tone::Careful, &paint.fold(2, gap))),
    );
    out.join("\n")
}

/// What all of it rests on.
fn evidence(told: &Prevention) -> String {
    match (told.since, told.until) {
        (Some(since), Some(until)) => format!(
            "{} legitimate calls were seen in {}, from {} to {}. Who comes less often than that is in none of it: ask before you narrow.",
            told.legitimate,
            long(until.seconds() - since.seconds()),
            since.whole_second(),
            until.whole_second()
        ),
        _ => "no legitimate call was seen: nothing is known of who uses the account".to_owned(),
    }
}

fn long(seconds: i64) -> String {
    let (count, unit) = match seconds {
        0..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{s}")
}

/// Whether it can be put there, and what that rests on.
fn state(finding: &Finding, told: &Prevention) -> (Tone, String) {
    let Some(proof) = finding.proof.as_ref().filter(|_| finding.measure.is_some()) else {
        return (Tone::Dim, "advice".to_owned());
    };
    if !finding.is_ready() {
        let why = match (&finding.too_large, &finding.doubt) {
            (Some(why), _) => format!("not as it is: {why}"),
            (None, _) if !proof.broken.is_empty() => "not as it is: it breaks legitimate use".to_owned(),
            (None, Some(doubt)) => format!("not yet: {doubt}"),
            (None, None) => "not proven: whether legitimate calls that it is about would go through can't be said; try it where it can hurt nobody".to_owned(),
        };
        return (Tone::Careful, why);
    }
    let over = match (told.since, told.until) {
        (Some(since), Some(until)) => format!(" in {}", long(until.seconds() - since.seconds())),
        _ => String::new(),
    };
    let besides = match proof.untried {
        0 => String::new(),
        calls => format!("; {calls} more could not be asked again"),
    };
    match proof.tried {
        0 => (
            Tone::Careful,
            format!("ready, but untried: no legitimate call that it is about was seen{over}"),
        ),
        1 => (
            Tone::Good,
            format!("ready, resting on one legitimate call{over}{besides}"),
        ),
        calls => (
            Tone::Good,
            format!("ready, resting on {calls} legitimate calls{over}{besides}"),
        ),
    }
}

fn one(n: usize, finding: &Finding, told: &Prevention, paint: Paint) -> String {
    let (tone, word) = state(finding, told);
    let mut out = vec![format!(
        "{}{}",
        paint.heading(&format!("{n}. ")),
        paint.fold(
            3,
            &format!("{} ({}, {})", finding.title, finding.kind, finding.row.describe())
        )
    )];
    let mut line = |text: &str| out.push(format!("   {}", paint.fold(5, text)));
    finding
        .evidence
        .iter()
        .for_each(|shown| line(&format!("seen: {shown}")));
    finding
        .advice
        .iter()
        .for_each(|advice| line(&format!("note: {advice}")));
    if let Some(call) = &finding.call {
        line(&format!("do:   {call}"));
    }
    if let Some(document) = finding.measure.as_ref().and_then(|measure| measure.document()) {
        out.push(format!("   {document}"));
    }
    for call in &finding.instead {
        out.push(format!("   {}", paint.fold(5, &format!("or:   {call}"))));
    }
    out.push(format!("   {}", paint.as_tone(tone, &paint.fold(5, &word))));
    out.extend(finding.proof.iter().flat_map(|found| proof(found, paint)));
    let fitted = finding
        .fitted
        .iter()
        .map(|rule| format!("{} (for this account)", rule.written.id));
    let rules: Vec<String> = finding
        .rules
        .iter()
        .map(|rule| (*rule).to_owned())
        .chain(fitted)
        .collect();
    out.push(format!(
        "   {}",
        paint.fold(5, &format!("shown by: {}", rules.join(", ")))
    ));
    out.join("\n")
}

fn proof(proof: &Proof, paint: Paint) -> Vec<String> {
    let mut out = Vec::new();
    let mut line = |tone: Tone, text: &str| out.push(format!("   {}", paint.as_tone(tone, &paint.fold(5, text))));
    match &proof.stops_at {
        Some(step) => line(
            Tone::Good,
            &format!(
                "the incident stops at {step} ({} of {} of its calls)",
                proof.stopped, proof.asked
            ),
        ),
        None if proof.asked > 0 => line(
            Tone::Bad,
            &format!("the incident goes on: none of {} calls is stopped", proof.asked),
        ),
        None => {}
    }
    if !proof.cut.is_empty() {
        line(Tone::Plain, &format!("cut: {}", proof.cut.join(", ")));
    }
    if !proof.left.is_empty() {
        line(Tone::Careful, &format!("left: {}", proof.left.join(", ")));
    }
    match proof.broken.as_slice() {
        [] if proof.doubtful > 0 => line(
            Tone::Careful,
            &format!(
                "{} legitimate calls go through as before; of {} it can't be said",
                proof.untouched, proof.doubtful
            ),
        ),
        [] => line(
            Tone::Good,
            &format!("legitimate use is untouched: {} calls", proof.untouched),
        ),
        broken => {
            line(
                Tone::Bad,
                &format!("it would break {} kinds of legitimate calls:", broken.len()),
            );
            broken
                .iter()
                .take(5)
                .for_each(|one| line(Tone::Plain, &format!("  {one}")));
        }
    }
    if proof.untold > 0 {
        let count = format!("{} legitimate calls could not be asked again", proof.untold);
        line(Tone::Careful, &count);
    }
    for why in proof.why_untold.iter().take(3) {
        line(Tone::Careful, &format!("not known: {why}"));
    }
    out
}
