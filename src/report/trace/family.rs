//! The family as a tree: how each credential came into being, until when it lives and what it can do.

use super::{Known, label};
use crate::account::Holder;
use crate::lineage::{Credential, Kind, Lineage, Mint};
use crate::report::{Paint, Tone, tone_of};

pub(super) fn family(known: &Known, paint: Paint, out: &mut Vec<String>) {
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

fn branch(known: &Known, member: &Credential, depth: usize, paint: Paint, out: &mut Vec<String>) {
    let indent = 2 + depth * 2;
    let pad = " ".repeat(indent);
    let (holder, elsewhere) = (holder(member), elsewhere(&known.lineage, member));
    let whose = crate::report::harmless(&format!("{holder}{elsewhere}"));
    out.push(format!(
        "{pad}{}  {}  {}{whose}",
        paint.heading(&member.label),
        member.key,
        member.kind.describe()
    ));
    let inner = " ".repeat(indent + 4);
    if let Some(minted) = &member.minted {
        let mfa = match member.has_mfa() {
            Some(true) => "with MFA",
            Some(false) => "no MFA",
            None => "MFA not known",
        };
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
        for line in ambiguity(&known.lineage, minted)
            .into_iter()
            .chain(circumstances(minted))
        {
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
        // Whoever bears the same sign-in may be another user or role.
        let of = |one: &Credential| Some(self::holder(one)).filter(|of| *of != holder).unwrap_or_default();
        let each = others.iter().map(|one| format!("{} {}{}", one.label, one.key, of(one)));
        let keys: Vec<String> = each.collect();
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

/// Who may have asked instead.
fn ambiguity(lineage: &Lineage, minted: &Mint) -> Option<String> {
    let others: Vec<String> = minted.or_by.iter().map(|key| label(lineage, key)).collect();
    let why = "nothing in the records tells which of these sessions asked";
    (!others.is_empty()).then(|| format!("ambiguous: or by {}; {why}", others.join(", ")))
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

/// The account of a member that is of another one than the first origin: a role of that name may be here too.
fn elsewhere(lineage: &Lineage, member: &Credential) -> String {
    let home = lineage.root().and_then(|root| root.account.as_ref());
    match (&member.account, home) {
        (Some(of), Some(home)) if of != home => format!(" of account {of}"),
        _ => String::new(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Evidence;

    /// AWS allows no such names: a record that has one was made up.
    #[test]
    fn a_name_does_not_steer_the_terminal() {
        let Ok(key) = "AKIAIOSFODNN7EXAMPLE".parse() else {
            return;
        };
        let mut lineage = crate::lineage::trace(&Evidence::default(), &[key]);
        lineage.credentials[0].holder = Some(Holder::User {
            name: "bob\u{1b}[2J".to_owned(),
            id: String::new(),
        });
        let known = Known {
            origins: Vec::new(),
            lineage,
            verdicts: None,
            remaining: Vec::new(),
            outlook: None,
            bystanders: Vec::new(),
            at: crate::time::Moment::from_millis(0),
        };
        let mut out = Vec::new();
        family(&known, Paint::plain(80), &mut out);
        let text = out.join("\n");
        assert!(text.contains("bob\u{fffd}[2J") && !text.contains('\u{1b}'), "{text}");
    }
}
