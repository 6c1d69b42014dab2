//! What the holder of a family can become, what stays open behind it, and what is left to whom.

use super::{Paint, Tone};
use crate::plan::{Could, Foothold, Outlook, State};
use crate::reach::Hop;
use crate::verdict::{Altered, Left};

/// Principals that are told of one by one; all of them are in the JSON.
const MOST: usize = 15;

/// Whom the holder could become, under `title`; nothing where there is nobody.
pub(super) fn outlook(outlook: &Outlook, title: &str, paint: Paint, out: &mut Vec<String>) {
    if outlook.could.is_empty() && outlook.own_policies.is_empty() && outlook.open_doors.is_empty() {
        return;
    }
    out.push(String::new());
    out.push(paint.heading(title));
    for (label, hop) in &outlook.own_policies {
        let by_whom = hop
            .from
            .as_ref()
            .map(|arn| format!(" as {}", arn.name()))
            .unwrap_or_default();
        let text = format!(
            "{label} can change its own policies{by_whom}: {} ({})",
            hop.call, hop.by
        );
        out.push(format!("  {}", paint.as_tone(Tone::Bad, &paint.fold(4, &text))));
    }
    for could in outlook.could.iter().take(MOST) {
        principal(could, paint, out);
    }
    let more = outlook.could.len().saturating_sub(MOST);
    if more > 0 {
        let text = format!("and {more} more: --format json lists them all");
        out.push(format!("  {}", paint.fold(2, &text)));
    }
    for door in &outlook.open_doors {
        let text = format!("open: {door} may be assumed from any AWS account, by whoever knows its name");
        out.push(format!("  {}", paint.as_tone(Tone::Bad, &paint.fold(4, &text))));
    }
}

fn principal(could: &Could, paint: Paint, out: &mut Vec<String>) {
    let word = match (could.did, could.whom.sure) {
        (true, _) => "did",
        (false, true) => "could",
        (false, false) => "perhaps",
    };
    let policies = if could.whom.any_policy { ", with any policy" } else { "" };
    let head = format!("{} with {}{policies}", could.whom.arn.resource(), could.with);
    let tone = if could.did { Tone::Plain } else { Tone::Careful };
    out.push(format!("  {word:<8} {}", paint.as_tone(tone, &paint.fold(11, &head))));
    for hop in &could.whom.path {
        out.push(format!("           {}", paint.fold(13, &told(hop, &could.with))));
    }
}

fn told(hop: &Hop, with: &str) -> String {
    let from = hop.from.as_ref().map_or(with, |arn| arn.name());
    format!("{from} -> {}: {} ({})", hop.to.name(), hop.call, hop.by)
}

/// What the family left behind.
pub(super) fn footholds(footholds: &[Foothold], paint: Paint, out: &mut Vec<String>) {
    if footholds.is_empty() {
        return;
    }
    out.push(String::new());
    out.push(paint.heading("What the family left behind, at the end"));
    for foothold in footholds {
        out.push(format!(
            "  {}",
            paint.as_tone(tone(foothold), &paint.fold(4, &foothold.to_string()))
        ));
    }
}

/// How bad a thing is that was left behind.
pub fn tone(foothold: &Foothold) -> Tone {
    match foothold.state {
        State::Closed(_) => Tone::Good,
        State::Open(_) => Tone::Bad,
        State::Unknown(_) => Tone::Careful,
    }
}

/// What is left by service, in one line.
pub(super) fn left(left: &[Left]) -> String {
    let shown: Vec<String> = left
        .iter()
        .take(8)
        .map(|one| {
            let actions = if one.actions == 1 { "action" } else { "actions" };
            format!("{} ({} {actions}, {})", one.service, one.actions, one.action)
        })
        .collect();
    let more = left.len().saturating_sub(shown.len());
    let more = if more > 0 {
        format!(", and {more} more services")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

/// One principal beside the compromised user whose verdict the plan changes.
pub(super) fn altered(hit: &Altered, paint: Paint) -> String {
    let after = hit.after.as_ref().map_or("gone".to_owned(), ToString::to_string);
    let text = format!(
        "hit besides the compromised user: {}: {} -> {after}",
        hit.arn,
        hit.before.word()
    );
    paint.as_tone(Tone::Bad, &paint.fold(4, &text))
}
