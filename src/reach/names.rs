//! Names that nobody bears and that a condition of some policy speaks of: who may make a user or role of that name is meant by it.

use super::index::texts;
use crate::account::Account;
use crate::ids::{Arn, PrincipalArn};
use crate::policy::{Glob, PolicyText};
use std::collections::BTreeSet;

/// Names that are looked at, at most.
const MOST: usize = 256;

/// Users and roles that conditions on the caller's ARN name, one for each pattern, and who aren't there. What only AWS makes is left out.
pub(super) fn free(account: &Account) -> BTreeSet<Arn> {
    let trusts = account.roles.values().map(|role| &role.trust);
    let guards = account.guards.iter().flat_map(|guards| {
        let levels = guards.scps.iter().flat_map(|level| level.values());
        levels.chain(guards.rcps.values())
    });
    let mut found = BTreeSet::new();
    for text in texts(account).chain(trusts).chain(guards) {
        // Most policies name nobody, and are not taken apart.
        if found.len() < MOST && is_about_callers(text) {
            found.extend(in_text(account, text));
        }
    }
    found
}

fn is_about_callers(text: &PolicyText) -> bool {
    text.as_str().to_ascii_lowercase().contains("aws:principalarn")
}

fn in_text(account: &Account, text: &PolicyText) -> Vec<Arn> {
    let Ok(document) = text.parse() else { return Vec::new() };
    let conditions = document.statements.iter().flat_map(|statement| &statement.conditions);
    let on_callers = conditions.filter(|condition| condition.lower_key() == "aws:principalarn");
    let patterns = on_callers.flat_map(|condition| condition.values());
    patterns.flat_map(|pattern| new(account, pattern)).collect()
}

/// A user and a role that a pattern covers, as far as it does, and who aren't there.
fn new(account: &Account, pattern: &str) -> Vec<Arn> {
    let kinds = ["user", "role"].into_iter();
    let all = kinds.filter_map(|kind| {
        let named = pattern.find(&format!("{kind}/")).and_then(|at| pattern.get(at..));
        let resource = named.map_or_else(|| format!("{kind}/oust-new"), plain);
        let arn = format!("arn:{}:iam::{}:{resource}", account.partition, account.id);
        let arn: Arn = arn.parse().ok()?;
        Glob::wild(pattern).matches(arn.as_str()).then_some(arn)
    });
    all.filter(|arn| !is_there(account, arn)).collect()
}

/// The shortest name that a pattern covers and that may be one.
fn plain(resource: &str) -> String {
    let name = resource.replace(['*', '?'], "x");
    if name.ends_with('/') { name + "x" } else { name }
}

/// Whether the name is taken, be it under another path, or is one that nobody but AWS gives.
fn is_there(account: &Account, arn: &Arn) -> bool {
    let of_aws = ["role/aws-reserved/", "role/aws-service-role/"];
    match PrincipalArn::of(arn) {
        _ if of_aws.iter().any(|path| arn.resource().starts_with(path)) => true,
        Some(PrincipalArn::User(name)) => account.users.contains_key(&name),
        Some(PrincipalArn::Role(name)) => account.roles.contains_key(&name),
        _ => true,
    }
}
