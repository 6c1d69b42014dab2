//! Roles that can take themselves or each other for ever: sessions of a loop mint the next before they end, whatever their longest duration.
//! <https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/>

use super::documents::{changed, is_wide, named, principal, statements};
use super::{Around, silent};
use crate::account::{Account, Role};
use crate::harden::finding::Finding;
use crate::harden::fitted::into_loop;
use crate::harden::measure::Measure;
use crate::harden::places::TABLE;
use crate::harden::rule::Row;
use crate::harden::seen::Seen;
use crate::policy::{Effect, Named, Outcome, Statement};
use crate::time::Moment;
use crate::verdict::Standing;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const LOOP_PAGE: &str = "https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/";
const SELF_PAGE: &str = "https://aws.amazon.com/blogs/security/announcing-an-update-to-iam-role-trust-policy-behavior/";

/// Who takes whom in loops.
#[derive(Debug, Default)]
pub(in crate::harden) struct Loops {
    /// By a role's name: the roles of its loop that can take it, which may be itself.
    into: BTreeMap<String, BTreeSet<String>>,
    /// Of those, who was seen to.
    seen: BTreeMap<String, BTreeSet<String>>,
}

impl Loops {
    pub(in crate::harden) fn of(account: &Account, seen: &Seen, now: Moment) -> Loops {
        let next = edges(account, now);
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            next.keys().map(|name| (name.as_str(), reached(&next, name))).collect();
        let mut loops = Loops::default();
        for (from, all) in &next {
            for to in all {
                // The way leads back.
                if reach
                    .get(to.as_str())
                    .is_some_and(|reached| reached.contains(from.as_str()))
                {
                    loops.into.entry(to.clone()).or_default().insert(from.clone());
                }
            }
        }
        for (to, froms) in &loops.into {
            let Some(role) = account.roles.get(to) else { continue };
            let taken = seen.taken.get(account.role_arn(role).as_str());
            let came = |name: &&String| {
                let arn = account.roles.get(*name).map(|role| account.role_arn(role).to_string());
                arn.zip(taken).is_some_and(|(arn, taken)| taken.by.contains_key(&arn))
            };
            let came: BTreeSet<String> = froms.iter().filter(came).cloned().collect();
            loops.seen.insert(to.clone(), came);
        }
        loops
    }

    /// Whether other roles of a role's loop can take it.
    pub(super) fn is_with_others(&self, role: &str) -> bool {
        let mut froms = self.into.get(role).into_iter().flatten();
        froms.any(|from| from != role)
    }
}

/// Everything that lies ahead of a role, itself if the way leads back.
fn reached<'n>(next: &'n BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<&'n str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = next.get(from).into_iter().flatten().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            open.extend(next.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    found
}

/// Which role can take which, surely or perhaps.
fn edges(account: &Account, now: Moment) -> BTreeMap<String, BTreeSet<String>> {
    let trusts: Vec<(&Role, Vec<Statement>)> = account
        .roles
        .values()
        .filter(|role| role.unmodifiable().is_none())
        .filter_map(|role| Some((role, statements(role)?.1)))
        .collect();
    let mut next: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for from in account.roles.values() {
        let standing = Standing::of_fresh_role(account, from, now);
        let arn = account.role_arn(from).to_string();
        let is_granted = grants(&standing);
        for (to, trust) in &trusts {
            let allows = trust.iter().filter(|statement| statement.effect == Effect::Allow);
            let is_named = allows
                .flat_map(named)
                .any(|named| matches!(named, Named::Aws(name) if *name == arn));
            // A role must be named to take itself: the trust of its account is not enough.
            let may = is_named || is_granted && from.name != to.name;
            if !may {
                continue;
            }
            let onto = account.role_arn(to);
            match standing.decide_whatever_else("sts:AssumeRole", onto.as_str()) {
                Outcome::Allowed(_) | Outcome::Unknown(_) => {
                    next.entry(from.name.clone()).or_default().insert(to.name.clone());
                }
                Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => {}
            }
        }
    }
    next
}

/// Whether some policy of its own lets it take a role at all: most roles need no further look.
fn grants(standing: &Standing<'_>) -> bool {
    let documents = standing.policies.identity.iter().map(|placed| &placed.document);
    let mut statements = documents.flat_map(|document| &document.statements);
    let granted = statements.any(|statement| statement.effect == Effect::Allow && statement.is_about("sts:assumerole"));
    granted || !standing.policies.gaps.is_empty()
}

fn list(names: &BTreeSet<String>) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A role that the roles of its loop needn't take.
pub(super) fn in_loop(around: &Around<'_>, role: &Role) -> Option<Finding> {
    let account = around.account;
    let froms = around.loops.into.get(&role.name)?;
    let alone = froms.len() == 1 && froms.contains(&role.name);
    // Of a role that trusts itself and is taken by others it is said that it trusts too much.
    if alone && !around.taken(role).by.is_empty() {
        return None;
    }
    let (title, page) = match alone {
        true => (format!("role `{}` can take itself for ever", role.name), SELF_PAGE),
        false => (
            format!(
                "role `{}` is in a loop: {} can take it, and it leads back to them",
                role.name,
                list(froms)
            ),
            LOOP_PAGE,
        ),
    };
    let finding = Finding::of("role-loop", Row::RoleSession, title, page).shown_by([
        "sessions of a loop mint the next before they end: access outlives every limit on their length, and revoking sessions loses against it"
            .to_owned(),
    ]);
    let finding = Finding {
        rules: vec!["role-juggling", "role-assumes-itself"],
        ..finding
    };
    let used = around.loops.seen.get(&role.name).filter(|used| !used.is_empty());
    if let Some(used) = used {
        return Some(finding.advised(format!(
            "{} was seen to take it: see whether that is needed, or cut the loop at another of its roles",
            list(used)
        )));
    }
    let arns: Vec<String> = froms
        .iter()
        .filter_map(|name| account.roles.get(name))
        .map(|from| account.role_arn(from).to_string())
        .collect();
    let own = account.role_arn(role);
    let finding = finding.told_by(into_loop(&role.name, own.as_str(), &arns, TABLE));
    let Some(document) = without(account, role, &arns) else {
        if !names(role, &arns) {
            return Some(finding.advised(format!(
                "they come in by what doesn't name them: leave {} out of it",
                list(froms)
            )));
        }
        let finding = finding.advised(format!(
            "it trusts nobody but {}, who was not seen to take it: without them nobody is left in; name who is meant to, or delete it",
            list(froms)
        ));
        let finding = silent::met_by(finding, role, None);
        return Some(silent::rests_on_silence(finding, around.silence));
    };
    let finding = finding.advised("one such cut opens a loop; the roles need not be cut at all of its places");
    Some(finding.met_by(Measure::Trust {
        role: role.name.clone(),
        document,
    }))
}

/// Whether the trust policy lets one of these roles in by its name.
fn names(role: &Role, arns: &[String]) -> bool {
    let parsed = statements(role).map(|(_, parsed)| parsed).unwrap_or_default();
    let mut allows = parsed.iter().filter(|statement| statement.effect == Effect::Allow);
    allows.any(|statement| {
        let mut names = named(statement).iter();
        names.any(|name| matches!(name, Named::Aws(name) if arns.contains(name)))
    })
}

/// The trust policy without these roles: where they are named they are left out, and where a statement lets them in with others they are denied.
fn without(account: &Account, role: &Role, arns: &[String]) -> Option<Value> {
    let is_left_out = |name: &Named| matches!(name, Named::Aws(name) if arns.contains(name));
    let named_out = changed(role, |statement, object| {
        let names = named(statement);
        let is_narrower = names.iter().any(is_left_out);
        if is_narrower {
            let kept: Vec<String> = names
                .iter()
                .filter(|name| !is_left_out(name))
                .filter_map(|name| match name {
                    Named::Aws(name) => Some(name.clone()),
                    Named::Everybody => Some("*".to_owned()),
                    _ => None,
                })
                .collect();
            object.insert("Principal".to_owned(), principal(statement, &kept));
        }
        is_narrower
    });
    let (document, parsed) = statements(role)?;
    let mut allows = parsed.iter().filter(|statement| statement.effect == Effect::Allow);
    let lets_others = allows.any(|statement| {
        let mut names = named(statement).iter();
        names.any(|name| is_wide(account, name))
    });
    let mut document = match (named_out, lets_others) {
        (Some(document), false) => return Some(document),
        (Some(document), true) => document,
        (None, true) => document,
        (None, false) => return None,
    };
    let denied = json!({"Effect": "Deny", "Principal": {"AWS": arns}, "Action": "sts:AssumeRole"});
    document.get_mut("Statement")?.as_array_mut()?.push(denied);
    Some(document)
}
