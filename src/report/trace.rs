//! Whose key it is, its family, what each credential did, and what the evidence cannot tell.

mod deeds;
mod family;
mod limits;

use super::Paint;
use crate::ids::{AccessKeyId, KeyKind};
use crate::journal::Judgement;
use crate::lineage::{Bystander, Lineage};
use crate::origin::Origin;
use crate::plan::Outlook;
use crate::time::Moment;
use crate::verdict::Left;
use deeds::{deeds, others, secrets};
use family::family;
use limits::limits;
use serde::Serialize;

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
    } else if origin.user.is_some() && origin.key.kind() == KeyKind::LongTerm {
        // IAM tells no last use of a session: what it did stands below, as far as the trail shows it.
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

fn label(lineage: &Lineage, key: &AccessKeyId) -> String {
    lineage
        .member(key)
        .map_or_else(|| key.to_string(), |member| member.label.clone())
}
