//! Whose key it is, its family, what each credential did, and what the evidence cannot tell.

use super::{Paint, Tone, tone_of};
use crate::account::Holder;
use crate::ids::AccessKeyId;
use crate::journal::Judgement;
use crate::lineage::{Bystander, Cause, Covered, Credential, Kind, Lineage, LookedUp, Mint, ReadSecret};
use crate::origin::Origin;
use crate::plan::Outlook;
use crate::time::Moment;
use crate::verdict::Left;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a trace found.
#[derive(Debug, Clone, Serialize)]
pub struct Known {
    /// The keys that were asked for.
    pub origins: Vec<Origin>,
    /// Their family.
    pub lineage: Lineage,
    /// What each member can still do, where the account could be read.
    pub verdicts: Option<Vec<Judgement>>,
    /// What is left to members that are still alive, by service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remaining: Vec<Remaining>,
    /// What its holder can become, where the account could be read.
    pub outlook: Option<Outlook>,
    /// Who else uses the same user and roles.
    pub bystanders: Vec<Bystander>,
    /// When it was asked.
    pub at: Moment,
}

/// What is left to one credential.
#[derive(Debug, Clone, Serialize)]
pub struct Remaining {
    /// Its label.
    pub label: String,
    /// By service, the widest first.
    pub services: Vec<Left>,
}

/// A trace as text.
pub fn trace(known: &Known, paint: Paint) -> String {
    let mut out = Vec::new();
    for origin in &known.origins {
        self::origin(known, origin, paint, &mut out);
    }
    family(known, paint, &mut out);
    deeds(known, paint, &mut out);
    secrets(&known.lineage, paint, &mut out);
    remaining(known, paint, &mut out);
    if let Some(outlook) = &known.outlook {
        let title = "Whom its holder can become (did: the trail shows it)";
        super::reach::outlook(outlook, title, paint, &mut out);
    }
    others(known, paint, &mut out);
    limits(known, paint, &mut out);
    out.join("\n")
}

fn remaining(known: &Known, paint: Paint, out: &mut Vec<String>) {
    if known.remaining.is_empty() {
        return;
    }
    out.push(String::new());
    out.push(paint.heading("What each may still do, by service"));
    for one in &known.remaining {
        let services = super::reach::left(&one.services);
        out.push(format!("  {:<4} {}", one.label, paint.fold(7, &services)));
    }
}

fn origin(known: &Known, origin: &Origin, paint: Paint, out: &mut Vec<String>) {
    let traced = known
        .lineage
        .root_of(&origin.key)
        .and_then(|root| root.account.as_ref());
    out.push(format!("{}  {}", paint.heading(origin.key.as_str()), origin.kind));
    let mut row = |name: &str, text: String| out.push(format!("  {name:<10} {}", paint.fold(13, &text)));
    let account = match (&origin.account, &origin.decoded_account) {
        (None, decoded) if traced.is_some() => {
            let said = traced.map(ToString::to_string).unwrap_or_default();
            match decoded {
                Some(decoded) if decoded.as_str() == said => {
                    format!("{said} (the trail says so, and the ID carries it)")
                }
                Some(decoded) => format!("{said} (the trail says so; the ID carries {decoded}, which is only a hint)"),
                None => format!("{said} (the trail says so; the ID carries none)"),
            }
        }
        (Some(named), Some(decoded)) if named == decoded => format!("{named} (AWS says so, and the ID carries it)"),
        (Some(named), Some(decoded)) => {
            format!("{named} (AWS says so; the ID carries {decoded}, which is only a hint)")
        }
        (Some(named), None) => format!("{named} (AWS says so; the ID carries none)"),
        (None, Some(decoded)) => format!("{decoded} (carried by the ID: a hint, not proof)"),
        (None, None) => "unknown: the ID carries none".to_owned(),
    };
    row("account", account);
    if let Some(user) = &origin.user {
        row("owner", format!("user `{user}`"));
    }
    if let Some(status) = origin.status {
        row("status", status.as_str().to_owned());
    }
    if let Some(used) = &origin.last_used {
        row("last used", format!("{} ({}, {})", used.at, used.service, used.region));
    } else if origin.user.is_some() {
        row("last used", "never".to_owned());
    }
    if origin.may_be_root() {
        row(
            "root",
            "no user has it, and the root user has keys: it may be root's".to_owned(),
        );
    }
    for unknown in &origin.unknown {
        row("unknown", unknown.clone());
    }
}

fn family(known: &Known, paint: Paint, out: &mut Vec<String>) {
    let members = &known.lineage.credentials;
    let count = if members.len() == 1 {
        "1 credential".to_owned()
    } else {
        format!("{} credentials", members.len())
    };
    out.push(String::new());
    out.push(paint.heading(&format!("Family: {count}")));
    out.push(format!(
        "  {}",
        paint.as_tone(Tone::Dim, &paint.fold(2, &extent(&known.lineage)))
    ));
    for root in known.lineage.roots() {
        branch(known, root, 0, paint, out);
    }
    for attempt in &known.lineage.attempts {
        let by = label(&known.lineage, &attempt.by);
        let target = attempt
            .target
            .as_deref()
            .map(|target| format!(" on {target}"))
            .unwrap_or_default();
        let line = format!(
            "refused: {} by {by}{target}, {} times ({})",
            attempt.call, attempt.count, attempt.error
        );
        out.push(format!("  {}", paint.fold(2, &line)));
    }
}

/// The line without which no family is told: how far the evidence goes that it was read from.
fn extent(lineage: &Lineage) -> String {
    let covered = &lineage.coverage;
    let (Some(first), Some(last)) = (covered.first, covered.last) else {
        return "as far as evidence without a single event tells".to_owned();
    };
    let regions = match covered.regions.len() {
        1 => "1 Region".to_owned(),
        count => format!("{count} Regions"),
    };
    let accounts = match covered.accounts.len() {
        0 => "an account that is not named".to_owned(),
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    };
    let damage = match covered.damage.len() {
        0 => String::new(),
        1 => ", 1 place not readable".to_owned(),
        count => format!(", {count} places not readable"),
    };
    format!("as far as the evidence goes: {first} to {last}, {regions} of {accounts}{damage}; see the last part")
}

fn label(lineage: &Lineage, key: &crate::ids::AccessKeyId) -> String {
    lineage
        .member(key)
        .map_or_else(|| key.to_string(), |member| member.label.clone())
}

fn branch(known: &Known, member: &Credential, depth: usize, paint: Paint, out: &mut Vec<String>) {
    let indent = 2 + depth * 2;
    let pad = " ".repeat(indent);
    let holder = holder(member);
    out.push(format!(
        "{pad}{}  {}  {}{holder}",
        paint.heading(&member.label),
        member.key,
        member.kind.describe()
    ));
    let inner = " ".repeat(indent + 4);
    if let Some(minted) = &member.minted {
        let mfa = if minted.mfa { "with MFA" } else { "no MFA" };
        let from = minted
            .source_ip
            .as_deref()
            .map(|ip| format!(" from {ip}"))
            .unwrap_or_default();
        let mfa = if member.kind.is_permanent() {
            String::new()
        } else {
            format!(", {mfa}")
        };
        let line = format!(
            "{} at {} by {}{from}{mfa}",
            minted.call,
            minted.at,
            label(&known.lineage, &minted.by)
        );
        out.push(format!("{inner}{}", paint.fold(indent + 4, &line)));
        for line in circumstances(minted) {
            out.push(format!("{inner}{}", paint.fold(indent + 4, &line)));
        }
    }
    if let Some(from) = &member.provenance {
        out.push(format!("{inner}{}", paint.fold(indent + 4, &format!("origin: {from}"))));
    }
    let (tone, life) = life(known, member);
    out.push(format!(
        "{inner}{}",
        paint.as_tone(tone, &paint.fold(indent + 4, &life))
    ));
    let is_beside = |one: &&Credential| {
        let mint = one.minted.as_ref();
        mint.is_some_and(|mint| mint.beside.as_ref() == Some(&member.key))
    };
    let others: Vec<&Credential> = known.lineage.credentials.iter().filter(is_beside).collect();
    if !others.is_empty() {
        let keys: Vec<String> = others.iter().map(|one| format!("{} {}", one.label, one.key)).collect();
        let line = format!("other keys of the same session: {}", keys.join(", "));
        out.push(format!("{inner}{}", paint.fold(indent + 4, &line)));
    }
    let children = |of| minted_by(known, of);
    for child in children(member).chain(others.into_iter().flat_map(children)) {
        branch(known, child, depth + 1, paint, out);
    }
}

/// What a credential minted, but for other keys of a session: those are told with it.
fn minted_by<'k>(known: &'k Known, member: &'k Credential) -> impl Iterator<Item = &'k Credential> {
    let is_it = |mint: &Mint| mint.by == member.key && mint.beside.is_none();
    let all = known.lineage.credentials.iter();
    all.filter(move |child| child.minted.as_ref().is_some_and(is_it))
}

/// What a mint set beside the usual: what bounds the session, and what it is known by.
fn circumstances(minted: &Mint) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(joined) = &minted.joined {
        lines.push(joined.clone());
    }
    if let Some(agent) = &minted.user_agent {
        lines.push(format!("with {agent}"));
    }
    if let Some(policy) = &minted.policy {
        lines.push(format!("session policy {}", policy.as_str()));
    }
    if !minted.policy_arns.is_empty() {
        let arns: Vec<&str> = minted.policy_arns.iter().map(|arn| arn.as_str()).collect();
        lines.push(format!("session policies {}", arns.join(", ")));
    }
    if let Some(identity) = &minted.source_identity {
        lines.push(format!("source identity `{identity}`"));
    }
    if !minted.tags.is_empty() {
        let tags: Vec<String> = minted
            .tags
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        lines.push(format!("session tags {}", tags.join(", ")));
    }
    lines
}

fn holder(member: &Credential) -> String {
    match &member.holder {
        None => String::new(),
        Some(Holder::User { name, .. }) => format!(" of user `{name}`"),
        Some(Holder::FederatedUser { user, name, .. }) => format!(" `{name}` of user `{user}`"),
        Some(Holder::Role { name, session, .. }) => format!(" `{session}` of role `{name}`"),
        Some(Holder::Root) => " of the root user".to_owned(),
    }
}

/// Until when it lives and what it can do, as far as that can be told.
fn life(known: &Known, member: &Credential) -> (Tone, String) {
    let until = match (&member.kind, member.expires) {
        (Kind::LongTerm, _) => "does not expire".to_owned(),
        (Kind::ServiceSpecific, None) => "no end is set".to_owned(),
        (_, Some(ends)) if ends <= known.at => format!("expired {ends}{}", reckoned(member)),
        (_, Some(ends)) => format!("lives until {ends}{}", reckoned(member)),
        (_, None) => "its end is not known".to_owned(),
    };
    let verdict = known.verdicts.iter().flatten().find(|judged| judged.key == member.key);
    match verdict {
        Some(judged) => (tone_of(&judged.verdict), format!("{until}; {}", judged.verdict)),
        None if member.has_expired(known.at) == Some(true) => (Tone::Good, until),
        None => (
            Tone::Careful,
            format!("{until}; whether it still works only the account can tell"),
        ),
    }
}

/// Where an end isn't in the record of the mint, that it was reckoned.
fn reckoned(member: &Credential) -> &'static str {
    match (member.expiry_is_logged, &member.minted) {
        (true, _) => "",
        (false, Some(_)) => " (reckoned from the call)",
        (false, None) => " (at the latest)",
    }
}

fn deeds(known: &Known, paint: Paint, out: &mut Vec<String>) {
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
}

/// So many secrets of one member and call are told by name.
const MOST_SECRETS: usize = 10;

/// Secrets that the family read.
fn secrets(lineage: &Lineage, paint: Paint, out: &mut Vec<String>) {
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

fn others(known: &Known, paint: Paint, out: &mut Vec<String>) {
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

fn limits(known: &Known, paint: Paint, out: &mut Vec<String>) {
    let lineage = &known.lineage;
    out.push(String::new());
    out.push(paint.heading("What the evidence covers, and what it cannot tell"));
    let covered = &lineage.coverage;
    let span = match (covered.first, covered.last) {
        (Some(first), Some(last)) => {
            let about = if covered.is_estimate { "about " } else { "" };
            format!("{about}{} events from {first} to {last}", covered.events)
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
        let at = damage
            .offset
            .map(|offset| format!(" at byte {offset}"))
            .unwrap_or_default();
        let line = format!("not read: {}{at}: {}", damage.file, damage.what);
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
