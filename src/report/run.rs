//! A journal as text: a line for each thing that happened.

use super::{Paint, Tone};
use crate::action::{Change, Member, Setting};
use crate::ids::{AccountId, StepId};
use crate::journal::{Entry, Event, Finish, State, path_of_cuts, state};
use std::collections::BTreeSet;

/// One entry as a line, with the step that it is `of` where that isn't the one whose head stands above; `None` for entries that say nothing to a
/// person at the console.
pub fn entry(entry: &Entry, of: Option<&StepId>, paint: Paint) -> Option<String> {
    let (tone, text) = match &entry.event {
        Event::EvidenceKept { sha256, .. } => (
            Tone::Good,
            format!("kept; SHA-256 {}...", sha256.get(..12).unwrap_or(sha256)),
        ),
        Event::AlreadySo { .. } => (Tone::Good, "already so: nothing was called".to_owned()),
        Event::Intended { change, .. } if is_guard(change) => (
            Tone::Careful,
            "AWS doesn't say when it is in force: its effect is looked for at the end of the run".to_owned(),
        ),
        Event::Declined { .. } => (Tone::Careful, "skipped".to_owned()),
        Event::Failed { error, .. } => (Tone::Bad, format!("failed: {error}; {}", error.trouble.hint())),
        Event::InDoubt { error, .. } => (Tone::Careful, format!("in doubt: {error}; reading back")),
        Event::Verified { .. } => (Tone::Good, "done, and read back".to_owned()),
        Event::Diverged { .. } => (Tone::Bad, "the account is not as expected".to_owned()),
        Event::Contested { .. } => (
            Tone::Bad,
            "contested: somebody turned this round; it is made again".to_owned(),
        ),
        Event::PutOff { left, .. } => (Tone::Careful, put_off(left)),
        Event::Held { seconds, .. } => (Tone::Good, format!("{seconds} s without anybody touching it")),
        Event::Swept { found, .. } if found.is_empty() => (Tone::Good, "nothing new in the trail so far".to_owned()),
        Event::Swept { found, .. } => (Tone::Bad, format!("{} new credentials of the family", found.len())),
        Event::Added { step } => (Tone::Careful, format!("added step {}: {}", step.id, step.title)),
        _ => return None,
    };
    let lead = of.map_or_else(String::new, |step| format!("{:>2}", step.as_str()));
    Some(format!("{lead:<6} {}", paint.as_tone(tone, &paint.fold(7, &text))))
}

/// Why a step waits for a further wave.
fn put_off(left: &[Member]) -> String {
    if let [Member::User { user: name } | Member::Role { role: name }] = left {
        return format!("put off: the deny stays, since `{name}` is not deleted; that was declined or refused");
    }
    let each = left.iter().map(|member| {
        let change = Change {
            member: member.clone(),
            to: Setting::Absent,
        };
        change.title()
    });
    format!(
        "put off: a deny stays while there is something behind it. Left to do first: {}. A further wave does it, unless it was declined",
        each.collect::<Vec<_>>().join("; ")
    )
}

/// Whether the case began with a first wave, before its plan was made.
fn is_first_wave(entries: &[Entry]) -> bool {
    let mut steps = entries.iter().filter_map(|entry| entry.event.step());
    steps.next().is_some_and(|step| step.as_str().starts_with("f-"))
}

/// Whether a change puts a policy over the account, whose effect is another thing than that it is attached.
fn is_guard(change: &Change) -> bool {
    matches!(change.member, Member::ServiceControlPolicy { .. }) && change.to != Setting::Absent
}

/// The step that puts a policy over the account.
fn guard(event: &Event) -> Option<&StepId> {
    match event {
        Event::Intended { step, change, .. } if is_guard(change) => Some(step),
        _ => None,
    }
}

/// A whole journal as text.
pub fn case(entries: &[Entry], account: &AccountId, paint: Paint) -> String {
    let mut out = Vec::new();
    let guards: BTreeSet<&StepId> = entries.iter().filter_map(|item| guard(&item.event)).collect();
    for (n, item) in entries.iter().enumerate() {
        let time = item.at.clock_face();
        match &item.event {
            Event::Opened {
                case,
                keys,
                plan,
                world,
            } => {
                let keys: Vec<&str> = keys.iter().map(crate::ids::AccessKeyId::as_str).collect();
                out.push(paint.heading(&format!("Case {case}: {}, on {world}", keys.join(", "))));
                let state = state(entries);
                let tone = match state {
                    State::Contained { .. } => Tone::Good,
                    State::NotProvenYet { .. } | State::Undone { .. } => Tone::Careful,
                    _ => Tone::Bad,
                };
                out.push(format!("  {}", paint.as_tone(tone, &paint.fold(2, &state.to_string()))));
                out.push(format!("  account {account}; began {}; times are UTC", item.at));
                out.push(format!("  plan {}", plan.get(..16).unwrap_or(plan)));
            }
            Event::Widened { wave, .. } => {
                let what = match *wave == 2 && is_first_wave(entries) {
                    true => "the whole plan follows on the first wave",
                    false => "more was found",
                };
                out.push(format!("  {time}       wave {wave}: {what}"));
            }
            Event::Resumed { left, .. } => {
                out.push(format!("  {time}       taken up again; {} steps were left", left.len()));
            }
            Event::Intended { step, change, .. } => {
                out.push(format!(
                    "  {time}  {:<4} {}",
                    step.as_str(),
                    paint.fold(17, &change.api())
                ));
            }
            Event::Judged {
                after: None, verdicts, ..
            } => {
                out.push(paint.heading("At the end"));
                for judged in verdicts {
                    let text = paint.fold(8, &judged.verdict.to_string());
                    out.push(format!(
                        "  {:<4}  {}",
                        judged.label,
                        paint.as_tone(super::tone_of(&judged.verdict), &text)
                    ));
                }
            }
            Event::Closed { finish, calls } => {
                let how = match finish {
                    Finish::Completed => "every step is settled".to_owned(),
                    Finish::Stopped { before } => format!("stopped before step {before}"),
                    Finish::Failed { at } => format!("failed at step {at}"),
                    Finish::Diverged { at } => format!("diverged at step {at}"),
                };
                let cuts = path_of_cuts(entries.get(..=n).unwrap_or(entries), calls).round_trips;
                let so_far = calls.len();
                let text = format!("{how}; {so_far} API calls by now; cutting took {cuts} one after another");
                out.push(format!("  {time}       {text}"));
            }
            Event::Verified { step } if guards.contains(step) => {
                let text = "attached, and read back; effect not yet seen";
                let text = paint.as_tone(Tone::Careful, &paint.fold(17, text));
                out.push(format!("  {time}  {:<4} {text}", step.as_str()));
            }
            _ => {
                if let Some(line) = entry(item, None, paint) {
                    let step = item.event.step().map(ToString::to_string).unwrap_or_default();
                    out.push(format!("  {time}  {step:<4} {}", line.trim_start()));
                }
            }
        }
    }
    out.join("\n")
}
