//! Roles that people take: what their sessions are called, and whether they bring MFA.

use super::Around;
use super::documents::{changed, condition, has_condition, is_dead, is_wide, named};
use crate::account::{Account, Role};
use crate::harden::finding::Finding;
use crate::harden::measure::Measure;
use crate::harden::rule::Row;
use crate::policy::{Named, Statement};
use serde_json::json;
use std::collections::BTreeSet;

const NAME_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html";
const MFA_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html";

/// The user of an ARN.
fn user(arn: &str) -> Option<&str> {
    arn.split(":user/").nth(1)?.rsplit('/').next()
}

/// Whether a statement is about users alone, as far as its names tell.
fn is_of_users(account: &Account, statement: &Statement) -> bool {
    let names = named(statement);
    let is_user = |named: &Named| {
        is_wide(account, named) || matches!(named, Named::Aws(name) if name.contains(":user/") || is_dead(name))
    };
    !names.is_empty() && names.iter().all(is_user)
}

/// A role whose users could be held to sessions that bear their names: then a session tells who took it.
pub(super) fn session_name(around: &Around<'_>, role: &Role) -> Option<Finding> {
    let (account, taken) = (around.account, &around.taken(role));
    let names: Option<Vec<(&str, &BTreeSet<String>)>> =
        taken.by.iter().map(|(arn, names)| Some((user(arn)?, names))).collect();
    let names = names.filter(|names| !names.is_empty())?;
    let all = |fits: &dyn Fn(&str, &str) -> bool| {
        names
            .iter()
            .all(|(user, names)| names.iter().all(|name| fits(user, name)))
    };
    let (operator, value, how) = if all(&|user, name| user == name) {
        ("StringEquals", "${aws:username}", "be their names")
    } else if all(&|user, name| name.starts_with(user)) {
        ("StringLike", "${aws:username}*", "begin with their names")
    } else {
        return None;
    };
    let document = changed(role, |statement, object| {
        let is_told = has_condition(statement, &["sts:RoleSessionName", "sts:SourceIdentity"]);
        if !is_of_users(account, statement) || is_told {
            return false;
        }
        condition(object, operator, "sts:RoleSessionName", json!(value))
    })?;
    let title = format!(
        "sessions of role `{}` may have any name, so that a record doesn't tell who took it",
        role.name
    );
    let shown = names.iter().map(|(user, names)| {
        format!(
            "`{user}` names its sessions {}",
            names.iter().cloned().collect::<Vec<_>>().join(", ")
        )
    });
    let finding = Finding::of("session-name-free", Row::RoleSession, title, NAME_PAGE).shown_by(shown);
    let finding = finding.advised(format!(
        "names of sessions must {how}; an intruder who knows that names his sessions so: it makes records readable and holds up who doesn't know it. Roles, which have no such name, are kept out. sts:SourceIdentity, which stays through role chains, is better where programs can be changed to set it"
    ));
    Some(finding.met_by(Measure::Trust {
        role: role.name.clone(),
        document,
    }))
}

/// A role that users take, and that asks for no MFA.
pub(super) fn without_mfa(around: &Around<'_>, role: &Role) -> Option<Finding> {
    let (account, taken) = (around.account, &around.taken(role));
    let users: Option<Vec<&str>> = taken.by.keys().map(|arn| user(arn)).collect();
    let users = users.filter(|users| !users.is_empty())?;
    let document = changed(role, |statement, object| {
        let is_asked = has_condition(statement, &["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"]);
        if !is_of_users(account, statement) || is_asked {
            return false;
        }
        condition(object, "Bool", "aws:MultiFactorAuthPresent", json!("true"))
    })?;
    let how = match taken.without_mfa {
        true => "not always with MFA",
        false => "always with MFA",
    };
    let title = format!("role `{}` may be taken without MFA", role.name);
    let finding = Finding::of("trust-without-mfa", Row::RoleSession, title, MFA_PAGE)
        .shown_by([format!("{} took it, {how}", users.join(", "))])
        .advised("a stolen key alone then takes no session of it; only users can bring MFA, so roles and programs are kept out");
    Some(finding.met_by(Measure::Trust {
        role: role.name.clone(),
        document,
    }))
}
