//! A plan with its rehearsal.

use super::{Paint, Tone, reach, tone_of};
use crate::action::{Action, Setting};
use crate::plan::{Plan, Step};
use crate::playbook::End;
use crate::rehearse::{Odds, Proof, Rehearsed, Row};

/// A rehearsed plan as text.
pub fn plan(rehearsed: &Rehearsed, paint: Paint) -> String {
    let plan = rehearsed.plan();
    let mut out = Vec::new();
    out.push(paint.heading(&format!(
        "Plan `{}`, end `{}`, for {}",
        plan.playbook,
        plan.end.as_str(),
        plan.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )));
    let left: Vec<&Row> = rehearsed
        .proof()
        .rows
        .iter()
        .filter(|row| !row.end.is_contained())
        .collect();
    if !left.is_empty() {
        out.push(paint.as_tone(Tone::Bad, "Credentials that no step ends:"));
        for row in left {
            out.push(format!(
                "  {:<4} {}  {}",
                row.label,
                row.key,
                paint.fold(8, &row.end.to_string())
            ));
        }
    }
    for (n, step) in plan.steps.iter().enumerate() {
        out.push(String::new());
        out.push(step_head(step, Some((n + 1, plan.steps.len())), paint));
        facts(step, paint, &mut out);
    }
    untouched(plan, paint, &mut out);
    reach::outlook(
        &plan.outlook,
        "Whom its holder can become as things stand (did: the trail shows it)",
        paint,
        &mut out,
    );
    out.push(String::new());
    out.push(proof(rehearsed.proof(), paint));
    if let Some(told) = &rehearsed.odds {
        out.push(String::new());
        out.push(odds(told, plan.end, paint));
    }
    if let Some(why) = rehearsed.unchecked() {
        out.push(String::new());
        let line = format!(
            "Your permissions could not be checked: {why}. The rehearsal went on as if everything were allowed."
        );
        out.push(paint.as_tone(Tone::Careful, &paint.fold(0, &line)));
    }
    if !rehearsed.missing().is_empty() {
        out.push(String::new());
        out.push(paint.as_tone(Tone::Bad, "You lack these permissions, and the plan needs them:"));
        for permission in rehearsed.missing() {
            out.push(format!("  {} on {}", permission.action, permission.resource));
        }
    }
    if !rehearsed.unseen().is_empty() {
        out.push(String::new());
        let line = "You lack these too. The required steps can be done without them; what is not read is not known, and nothing is called contained then:";
        out.push(paint.as_tone(Tone::Careful, &paint.fold(0, line)));
        for permission in rehearsed.unseen() {
            out.push(format!("  {} on {}", permission.action, permission.resource));
        }
    }
    out.join("\n")
}

/// How often each order won.
fn odds(odds: &Odds, end: End, paint: Paint) -> String {
    let head = format!(
        "Against somebody who fights back (`{}`, changes take effect {} late), played {} times on a twin of this account:",
        odds.intruder, odds.lag, odds.fights
    );
    let mut out = vec![paint.heading(&paint.fold(0, &head))];
    if odds.as_root {
        let line = "Root plays your part, whom no policy of the account limits: what a user or role of yours lacks is not in this.";
        out.push(paint.as_tone(Tone::Careful, &format!("  {}", paint.fold(2, line))));
    }
    for tally in &odds.orders {
        let tone = match tally.out {
            out if out == odds.fights => Tone::Good,
            _ => Tone::Bad,
        };
        // An end that deletes nothing of his leaves it there, denied.
        let left = match end {
            End::Contain => String::new(),
            _ => format!(", nothing of his making left: {}", tally.clean),
        };
        let line = format!(
            "  {:<30} he is out: {} of {}{left}",
            tally.order.name(),
            tally.out,
            odds.fights
        );
        out.push(paint.as_tone(tone, &line));
    }
    out.join("\n")
}

/// The line that names a step, with its place among how many; one that came to the plan later has none.
pub fn step_head(step: &Step, place: Option<(usize, usize)>, paint: Paint) -> String {
    let id = step.id.as_str();
    let head = match place {
        Some((n, of)) if id == n.to_string() => format!("{id:>2}/{of}  "),
        Some((n, of)) => format!("{id} ({n} of {of})  "),
        None => format!("{id:>2}  "),
    };
    let optional = if step.required { "" } else { " (goes on without it)" };
    let title = paint.fold(head.chars().count(), &format!("{}{optional}", step.title));
    let tone = if step.destructive { Tone::Careful } else { Tone::Heading };
    paint.as_tone(tone, &format!("{head}{title}"))
}

/// What a person must know before saying yes: what is called, what it breaks, who is hit, how it is undone.
pub fn question(step: &Step, paint: Paint) -> String {
    let mut rows = vec![("call", step.api.clone()), ("breaks", step.breaks.clone())];
    rows.extend(step.hits.iter().map(|hit| ("hits", hit.clone())));
    rows.extend(step.ambiguous.iter().map(|doubt| ("unsure", doubt.clone())));
    rows.push(("undo", step.undo.describe()));
    let row = |(name, text): &(&str, String)| format!("       {name:<7} {}", paint.fold(15, text));
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

fn facts(step: &Step, paint: Paint, out: &mut Vec<String>) {
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            out.push(format!("       {name:<7} {}", paint.fold(15, text)));
        }
    };
    row("why", &step.why);
    row("because", step.fact.as_deref().unwrap_or_default());
    row("call", &step.api);
    if step.action.changes() {
        row("breaks", &step.breaks);
        row("undo", &step.undo.describe());
    }
    for hit in &step.hits {
        row("hits", hit);
    }
    for doubt in &step.ambiguous {
        row("unsure", doubt);
    }
}

/// Everything about a step, for a person who asks.
pub fn details(step: &Step, before: Option<&Setting>, paint: Paint) -> String {
    let mut out = Vec::new();
    facts(step, paint, &mut out);
    if let Action::Change { change } = &step.action {
        if let Some(before) = before {
            out.push(format!("       {:<7} {}", "now", paint.fold(15, &setting(before))));
        }
        out.push(format!("       {:<7} {}", "then", paint.fold(15, &setting(&change.to))));
    }
    for permission in &step.permissions {
        out.push(format!(
            "       {:<7} {}",
            "needs",
            paint.fold(15, &format!("{} on {}", permission.action, permission.resource))
        ));
    }
    out.join("\n")
}

/// What a member is, in words.
pub fn setting(setting: &Setting) -> String {
    match setting {
        Setting::Absent => "not there".to_owned(),
        Setting::Present => "there".to_owned(),
        Setting::Status(status) => status.as_str().to_owned(),
        Setting::Document(document) => document.as_str().to_owned(),
        Setting::Policy(policy) => policy.to_string(),
        Setting::Body(body) => format!("{} characters", body.len()),
        Setting::Dormant(body) => format!("{} characters, inactive", body.len()),
        Setting::Identity { path, tags } => format!("path {path}, {} tags", tags.len()),
    }
}

fn untouched(plan: &Plan, paint: Paint, out: &mut Vec<String>) {
    if plan.not_touched.is_empty() {
        return;
    }
    out.push(String::new());
    out.push(paint.heading("Not touched"));
    for left in &plan.not_touched {
        out.push(format!("  {}", paint.fold(4, &format!("{}: {}", left.what, left.why))));
    }
}

/// The table of who can do what, before, after each step where something changes, and at the end.
pub fn proof(proof: &Proof, paint: Paint) -> String {
    let mut out = vec![paint.heading("Who is still in, as rehearsed on the twin")];
    for row in &proof.rows {
        out.push(format!("  {} {}", paint.heading(&format!("{:<4}", row.label)), row.key));
        let mut last = &row.before;
        out.push(line("before", last, paint));
        for (step, verdict) in &row.after {
            if verdict.word() != last.word() {
                out.push(line(&format!("after {step}"), verdict, paint));
                last = verdict;
            }
        }
        out.push(line("end", &row.end, paint));
        if !row.left.is_empty() {
            out.push(format!(
                "       {:<12} {}",
                "left",
                paint.fold(20, &reach::left(&row.left))
            ));
        }
    }
    if proof.hits.is_empty() {
        out.push(
            "  Everybody else can do at the end what they could before (by fresh sessions and active keys).".to_owned(),
        );
        if let Some(text) = out.last_mut() {
            *text = format!("  {}", paint.fold(2, text.trim()));
        }
    }
    for hit in &proof.hits {
        out.push(format!("  {}", reach::altered(hit, paint)));
    }
    reach::outlook(&proof.outlook, "Whom its holder can become at the end", paint, &mut out);
    reach::footholds(&proof.footholds, paint, &mut out);
    out.join("\n")
}

fn line(when: &str, verdict: &crate::verdict::Verdict, paint: Paint) -> String {
    let text = paint.fold(20, &verdict.to_string());
    format!("       {when:<12} {}", paint.as_tone(tone_of(verdict), &text))
}
