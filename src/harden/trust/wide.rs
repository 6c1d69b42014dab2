//! Roles that trust more than those who take them.

use super::documents::{
    changed, is_everybody, is_held, is_of, is_own, is_whole_account, is_wide, named, principal, statements,
};
use super::{Around, silent};
use crate::account::{Account, Role};
use crate::harden::finding::Finding;
use crate::harden::fitted::{into_itself, into_loop};
use crate::harden::measure::Measure;
use crate::harden::places::TABLE;
use crate::harden::rule::Row;
use crate::harden::seen::Taken;
use crate::policy::{Effect, Named};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const TRUST_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html";

/// Whether a principal of this account was seen to take the role. A session stands for its role.
fn takes(taken: &Taken, name: &str) -> bool {
    let role = name
        .split(":assumed-role/")
        .nth(1)
        .and_then(|rest| rest.split('/').next());
    let is_of_role = |arn: &String| arn.contains(":role/") && arn.rsplit('/').next() == role;
    taken.by.contains_key(name) || role.is_some() && taken.by.keys().any(is_of_role)
}

/// Whether IAM would take the ARN as a principal: it refuses those of this account that aren't there.
fn is_there(account: &Account, arn: &str) -> bool {
    let is = |kind: &str| arn.contains(&format!(":{kind}/"));
    let here = || {
        account
            .users
            .values()
            .any(|user| account.user_arn(user).as_str() == arn)
            || account
                .roles
                .values()
                .any(|role| account.role_arn(role).as_str() == arn)
    };
    !is_of(account, arn) || !(is("user") || is("role")) || here()
}

pub(super) fn too_wide(around: &Around<'_>, role: &Role) -> Option<Finding> {
    let (account, taken) = (around.account, &around.taken(role));
    let own = account.role_arn(role).to_string();
    let (_, parsed) = statements(role)?;
    let allows = parsed.iter().filter(|statement| statement.effect == Effect::Allow);
    let names: Vec<&Named> = allows.clone().flat_map(named).collect();
    let mut open = allows.filter(|statement| !is_held(statement)).flat_map(named);
    let wide = open.any(|named| is_wide(account, named));
    let unused: BTreeSet<&str> = names
        .iter()
        .filter_map(|named| match named {
            Named::Aws(name) if is_own(account, named) && !takes(taken, name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let trusts_itself = unused.contains(own.as_str());
    if !wide && unused.is_empty() {
        return None;
    }
    let title = match (wide, trusts_itself) {
        (true, _) => format!(
            "role `{}` trusts the whole account or everybody, and few take it",
            role.name
        ),
        (false, true) => format!("role `{}` trusts itself and was not seen to need that", role.name),
        (false, false) => format!("role `{}` trusts who was not seen to take it", role.name),
    };
    let mut finding = Finding::of("trust-too-wide", Row::RoleSession, title, TRUST_PAGE);
    finding = finding.shown_by(taken.by.keys().map(|arn| format!("{arn} took it")));
    finding = finding.shown_by(
        unused
            .iter()
            .map(|arn| format!("{arn} is trusted, and was not seen to take it")),
    );
    if trusts_itself {
        let itself = match around.loops.is_with_others(&role.name) {
            true => into_itself(&role.name, &own, TABLE),
            false => into_loop(&role.name, &own, std::slice::from_ref(&own), TABLE),
        };
        finding = finding.told_by(itself);
        finding.rules.push("role-assumes-itself");
    }
    let is_anybody_there = taken.by.keys().any(|arn| is_there(account, arn));
    let document = narrowed(account, role, taken);
    if let (true, Some(document)) = (is_anybody_there, &document) {
        let finding = finding.met_by(Measure::Trust {
            role: role.name.clone(),
            document: document.clone(),
        });
        // Whom somebody wrote down by name is meant to come, if seldom. A role that trusts itself is no such visitor.
        let rests = unused.iter().any(|arn| *arn != own);
        return Some(match rests {
            true => silent::rests_on_silence(finding, around.silence),
            false => finding,
        });
    }
    let why = match (taken.by.is_empty(), is_anybody_there) {
        (true, _) if taken.times > 0 => "only a provider's tokens or assertions were seen to take it",
        (true, _) => "nobody but the intruder was seen to take it",
        (_, false) => "all who were seen to take it were deleted since",
        (_, true) => "who took it came by what it doesn't name",
    };
    let or = match (&document, taken.times) {
        (None, 0) => ", or delete the role",
        _ => "",
    };
    let finding = finding.advised(format!(
        "{why}: who is meant to is in no record, so whoever was not seen is left out; name who is meant to{or}"
    ));
    let finding = silent::met_by(finding, role, document);
    Some(silent::rests_on_silence(finding, around.silence))
}

/// The trust policy with those who took the role in the place of the whole account or everybody, and without those of the account who didn't.
/// Other accounts that are named stay named. Who isn't of the account comes in by no statement that was about the account.
fn narrowed(account: &Account, role: &Role, taken: &Taken) -> Option<Value> {
    let takers = || taken.by.keys().filter(|arn| is_there(account, arn)).cloned();
    changed(role, |statement, object: &mut Map<String, Value>| {
        let is_open = !is_held(statement);
        let mut kept: Vec<String> = Vec::new();
        let mut is_narrower = false;
        for named in named(statement) {
            match named {
                _ if is_open && is_everybody(named) => kept.extend(takers()),
                _ if is_open && is_whole_account(account, named) => {
                    kept.extend(takers().filter(|arn| is_of(account, arn)))
                }
                Named::Aws(name) if is_own(account, named) && !takes(taken, name) => is_narrower = true,
                Named::Aws(name) => kept.push(name.clone()),
                Named::Everybody => kept.push("*".to_owned()),
                _ => {}
            }
            is_narrower |= is_open && is_wide(account, named);
        }
        kept.sort();
        kept.dedup();
        if is_narrower {
            object.insert("Principal".to_owned(), principal(statement, &kept));
        }
        is_narrower
    })
}
