//! Trust policies that let in more than is used.

mod documents;
mod loops;
mod outside;
mod sessions;
mod silent;
mod wide;

use super::finding::Finding;
use super::measure::Measure;
use super::seen::{Seen, Taken};
use crate::account::{Account, Role};
use crate::policy::{Named, PolicyText};
pub(super) use loops::Loops;
use std::collections::BTreeSet;

/// What a look at one role is made by.
struct Around<'a> {
    account: &'a Account,
    seen: &'a Seen,
    loops: &'a Loops,
    /// Whether it was said since when silence counts: who wasn't seen to come is left out then.
    silence: bool,
}

impl Around<'_> {
    fn taken(&self, role: &Role) -> Taken {
        let taken = self.seen.taken.get(self.account.role_arn(role).as_str());
        taken.cloned().unwrap_or_default()
    }

    /// Why a narrower trust policy might cut off somebody whom the trail doesn't show.
    fn doubt(&self, role: &Role) -> Option<String> {
        let names = self.seen.unexplained(role, self.account.role_arn(role).as_str());
        let shown: Vec<&str> = names.iter().take(5).copied().collect();
        let more = match names.len().saturating_sub(shown.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!names.is_empty()).then(|| {
            format!(
                "sessions of it were used that nobody was seen to take ({}{more}): the trail lacks who took them, and a narrower trust \
                 policy might cut them off. Give the trail of every Region, with reads, from before they began",
                shown.join(", ")
            )
        })
    }
}

/// What is weak about the trust policies of an account's roles. Whether `silence` counts was said beforehand.
pub(super) fn findings(account: &Account, seen: &Seen, loops: &Loops, silence: bool) -> Vec<Finding> {
    let around = Around {
        account,
        seen,
        loops,
        silence,
    };
    let mut found = Vec::new();
    for role in changeable(account) {
        let doubt = around.doubt(role);
        for kind in KINDS {
            let finding = kind(&around, role).map(|finding| finding.doubted(doubt.clone()));
            found.extend(finding.map(|finding| match finding.measure {
                Some(_) => finding.shown_by(dead(role)),
                None => finding,
            }));
        }
    }
    found
}

/// Whom the role's trust policy names that was deleted since.
fn dead(role: &Role) -> Vec<String> {
    let parsed = documents::statements(role)
        .map(|(_, parsed)| parsed)
        .unwrap_or_default();
    let names = parsed.iter().flat_map(documents::named);
    let dead = names.filter_map(|name| match name {
        Named::Aws(name) if documents::is_dead(name) => Some(format!(
            "{name} was deleted: IAM refuses a policy that names it, so it is left out"
        )),
        _ => None,
    });
    dead.collect()
}

/// Looks for one kind of weakness.
type Look = fn(&Around<'_>, &Role) -> Option<Finding>;

/// Kinds of weakness, in the order in which their documents can be built one upon the other.
const KINDS: [Look; 6] = [
    wide::too_wide,
    loops::in_loop,
    sessions::session_name,
    sessions::without_mfa,
    outside::strangers,
    outside::subjects,
];

fn changeable(account: &Account) -> impl Iterator<Item = &Role> {
    account.roles.values().filter(|role| role.unmodifiable().is_none())
}

/// One trust policy for each role that holds all of the `ready` findings about it: kind and role.
pub(super) fn together(
    account: &Account,
    seen: &Seen,
    loops: &Loops,
    ready: &BTreeSet<(&str, String)>,
) -> Vec<Measure> {
    // Those that are ready are ready: their documents are the same.
    let around = Around {
        account,
        seen,
        loops,
        silence: true,
    };
    let mut all = Vec::new();
    for role in changeable(account) {
        let mut role = role.clone();
        let mut last = None;
        for kind in KINDS {
            let finding = kind(&around, &role);
            let is_ready = |finding: &Finding| ready.contains(&(finding.kind, role.name.clone()));
            if let Some(measure @ Measure::Trust { .. }) = finding.filter(is_ready).and_then(|finding| finding.measure)
            {
                role.trust = PolicyText::new(measure.document().map(ToString::to_string).unwrap_or_default());
                last = Some(measure);
            }
        }
        all.extend(last);
    }
    all
}
