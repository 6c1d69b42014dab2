//! Trust policies that let in more than is used.

use super::finding::Finding;
use super::measure::Measure;
use super::rule::Row;
use super::seen::{Seen, Taken};
use crate::account::{Account, Role};
use crate::policy::{Effect, Listed, Named, PolicyText, Statement};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const TRUST_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html";
const EXTERNAL_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html";
const OIDC_PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_secure-by-default.html";
const NAME_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html";

/// What is weak about the trust policies of an account's roles.
pub(super) fn findings(account: &Account, seen: &Seen) -> Vec<Finding> {
    let nobody = Taken::default();
    let each = changeable(account).flat_map(|role| {
        let taken = seen.taken.get(account.role_arn(role).as_str()).unwrap_or(&nobody);
        KINDS
            .iter()
            .filter_map(move |kind| kind(account, role, taken))
            .collect::<Vec<_>>()
    });
    each.collect()
}

/// Looks for one kind of weakness.
type Look = fn(&Account, &Role, &Taken) -> Option<Finding>;

/// Kinds of weakness, in the order in which their documents can be built one upon the other.
const KINDS: [Look; 4] = [too_wide, session_name, strangers, subjects];

fn changeable(account: &Account) -> impl Iterator<Item = &Role> {
    account.roles.values().filter(|role| role.unmodifiable().is_none())
}

/// One trust policy for each role that holds all of the `ready` findings about it: kind and role.
pub(super) fn together(account: &Account, seen: &Seen, ready: &BTreeSet<(&str, String)>) -> Vec<Measure> {
    let nobody = Taken::default();
    let mut all = Vec::new();
    for role in changeable(account) {
        let taken = seen.taken.get(account.role_arn(role).as_str()).unwrap_or(&nobody);
        let mut role = role.clone();
        let mut last = None;
        for kind in KINDS {
            let finding = kind(account, &role, taken);
            let is_ready = |finding: &Finding| ready.contains(&(finding.kind, role.name.clone()));
            if let Some(measure @ Measure::Trust { .. }) = finding.filter(is_ready).and_then(|finding| finding.measure)
            {
                role.trust = PolicyText::new(measure.document().map(Value::to_string).unwrap_or_default());
                last = Some(measure);
            }
        }
        all.extend(last);
    }
    all
}

/// The statements of a trust policy as JSON, each with what it says.
fn statements(role: &Role) -> Option<(Value, Vec<Statement>)> {
    let parsed = role.trust.parse().ok()?;
    Some((parsed.to_json(), parsed.statements.clone()))
}

/// The document with each statement changed.
fn changed(role: &Role, mut change: impl FnMut(&Statement, &mut Map<String, Value>) -> bool) -> Option<Value> {
    let (mut document, parsed) = statements(role)?;
    let all = document.get_mut("Statement")?.as_array_mut()?;
    let mut is_changed = false;
    for (json, statement) in all.iter_mut().zip(&parsed) {
        if let Some(object) = json.as_object_mut().filter(|_| statement.effect == Effect::Allow) {
            is_changed |= change(statement, object);
        }
    }
    // What names nobody any more goes.
    all.retain(|statement| {
        statement
            .get("Principal")
            .is_none_or(|principal| *principal != json!({}))
    });
    (is_changed && !all.is_empty()).then_some(document)
}

fn named(statement: &Statement) -> &[Named] {
    match &statement.principal {
        Some(Listed::These(named)) => named,
        _ => &[],
    }
}

/// Whether the name stands for everybody of this account, or everybody at all.
fn is_wide(account: &Account, named: &Named) -> bool {
    match named {
        Named::Everybody => true,
        Named::Aws(name) => {
            *name == account.id.as_str() || *name == "*" || name.ends_with(&format!("::{}:root", account.id))
        }
        _ => false,
    }
}

/// Whether it is a user or role of this account.
fn is_own(account: &Account, named: &Named) -> bool {
    matches!(named, Named::Aws(name) if name.contains(&format!("::{}:", account.id)) && !is_wide(account, named))
}

fn too_wide(account: &Account, role: &Role, taken: &Taken) -> Option<Finding> {
    let own = account.role_arn(role).to_string();
    let (_, parsed) = statements(role)?;
    let allows = parsed.iter().filter(|statement| statement.effect == Effect::Allow);
    let names: Vec<&Named> = allows.flat_map(named).collect();
    let wide = names.iter().any(|named| is_wide(account, named));
    let unused: BTreeSet<&str> = names
        .iter()
        .filter_map(|named| match named {
            Named::Aws(name) if is_own(account, named) && !taken.by.contains_key(name) => Some(name.as_str()),
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
    if taken.by.is_empty() {
        let nobody =
            "nobody but the intruder was seen to take it: narrow it to those who are meant to, or delete the role";
        return wide.then(|| finding.advised(nobody));
    }
    let document = changed(role, |statement, object| {
        let mut kept: Vec<String> = Vec::new();
        let mut others = Map::new();
        for named in named(statement) {
            match named {
                _ if is_wide(account, named) => kept.extend(taken.by.keys().cloned()),
                Named::Aws(name) if is_own(account, named) => {
                    kept.extend(taken.by.contains_key(name).then(|| name.clone()))
                }
                Named::Aws(name) => kept.push(name.clone()),
                Named::Everybody => {}
                Named::Service(name) => push(&mut others, "Service", name),
                Named::Federated(name) => push(&mut others, "Federated", name),
                Named::CanonicalUser(name) => push(&mut others, "CanonicalUser", name),
            }
        }
        kept.sort();
        kept.dedup();
        if !kept.is_empty() {
            others.insert("AWS".to_owned(), json!(kept));
        }
        let is_narrower = named(statement)
            .iter()
            .any(|named| is_wide(account, named) || is_own(account, named));
        object.insert("Principal".to_owned(), Value::Object(others));
        is_narrower
    })?;
    Some(finding.met_by(Measure::Trust {
        role: role.name.clone(),
        document,
    }))
}

fn push(into: &mut Map<String, Value>, kind: &str, name: &str) {
    if let Value::Array(names) = into.entry(kind).or_insert_with(|| json!([])) {
        names.push(name.into());
    }
}

/// Adds a condition to a statement, beside those that are there.
fn condition(object: &mut Map<String, Value>, operator: &str, key: &str, values: Value) {
    let conditions = object.entry("Condition").or_insert_with(|| json!({}));
    if let Some(conditions) = conditions.as_object_mut() {
        let operator = conditions.entry(operator).or_insert_with(|| json!({}));
        if let Some(keys) = operator.as_object_mut() {
            keys.insert(key.to_owned(), values);
        }
    }
}

fn has_condition(statement: &Statement, keys: &[&str]) -> bool {
    let is = |key: &str| keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted));
    statement.conditions.iter().any(|condition| is(condition.key()))
}

/// A role whose users could be held to sessions that bear their names: then a session tells who took it.
fn session_name(account: &Account, role: &Role, taken: &Taken) -> Option<Finding> {
    let user = |arn: &String| Some(arn.split(":user/").nth(1)?.rsplit('/').next()?.to_owned());
    let names: Option<Vec<(String, &BTreeSet<String>)>> =
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
        let of_users = named(statement)
            .iter()
            .all(|named| is_wide(account, named) || matches!(named, Named::Aws(name) if name.contains(":user/")));
        if !of_users || has_condition(statement, &["sts:RoleSessionName", "sts:SourceIdentity"]) {
            return false;
        }
        condition(object, operator, "sts:RoleSessionName", json!(value));
        true
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
        "names of sessions must {how}; an intruder who knows that names his sessions so: it makes records readable and holds up who doesn't know it. sts:SourceIdentity, which stays through role chains, is better where programs can be changed to set it"
    ));
    Some(finding.met_by(Measure::Trust {
        role: role.name.clone(),
        document,
    }))
}

/// A role that another account may take without an external ID.
fn strangers(account: &Account, role: &Role, taken: &Taken) -> Option<Finding> {
    let is_foreign = |named: &Named| match named {
        Named::Aws(name) => !name.contains(account.id.as_str()) && *name != "*" && !name.starts_with("A"),
        _ => false,
    };
    let guarded = [
        "sts:ExternalId",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:SourceIdentity",
        "aws:MultiFactorAuthPresent",
    ];
    let is_open =
        |statement: &Statement| named(statement).iter().any(is_foreign) && !has_condition(statement, &guarded);
    let (_, parsed) = statements(role)?;
    let open = parsed
        .iter()
        .filter(|statement| statement.effect == Effect::Allow && is_open(statement));
    let names: BTreeSet<String> = open
        .flat_map(named)
        .filter_map(|named| match named {
            Named::Aws(name) if is_foreign(named) => Some(format!("{name} is trusted without an external ID")),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        return None;
    }
    let title = format!("role `{}` lets another account in without an external ID", role.name);
    let finding = Finding::of("external-id-missing", Row::RoleSession, title, EXTERNAL_PAGE).shown_by(names);
    if taken.external_ids.is_empty() {
        return Some(finding.advised(
            "agree on an external ID with that account and add the condition StringEquals sts:ExternalId; none was seen, so none can be written here",
        ));
    }
    let document = changed(role, |statement, object| {
        let applies = is_open(statement);
        if applies {
            condition(object, "StringEquals", "sts:ExternalId", json!(taken.external_ids));
        }
        applies
    })?;
    Some(finding.met_by(Measure::Trust {
        role: role.name.clone(),
        document,
    }))
}

/// A role that a provider's tokens take, whoever they were issued for.
fn subjects(_: &Account, role: &Role, taken: &Taken) -> Option<Finding> {
    let provider = |named: &Named| match named {
        Named::Federated(name) => {
            Some(name.rsplit("oidc-provider/").next()?.to_owned()).filter(|_| name.contains("oidc-provider/"))
        }
        _ => None,
    };
    let open = |statement: &Statement| {
        let provider = named(statement).iter().find_map(provider)?;
        let key = format!("{provider}:sub");
        let sub = statement
            .conditions
            .iter()
            .filter(|condition| condition.key().eq_ignore_ascii_case(&key));
        // `repo:*` and `*` name everybody.
        let is_any = |value: &String| value.split('*').next().is_some_and(|front| !front.contains('/'));
        let names_some = |values: &[String]| !values.iter().any(is_any);
        (!sub.clone().any(|condition| names_some(condition.values()))).then_some(key)
    };
    let (_, parsed) = statements(role)?;
    let key = parsed.iter().find_map(open)?;
    let title = format!("role `{}` is taken by any token of its provider", role.name);
    let finding = Finding::of("oidc-subject-free", Row::RoleSession, title, OIDC_PAGE)
        .shown_by([format!(
            "{key} is not compared with a repository, project or account of yours"
        )])
        .shown_by(taken.subjects.iter().map(|subject| format!("taken by {subject}")));
    if taken.subjects.is_empty() {
        return Some(finding.advised(format!(
            "add the condition StringEquals {key}; no token was seen, so no subject can be written here"
        )));
    }
    let document = changed(role, |statement, object| match open(statement) {
        Some(key) => {
            condition(object, "StringEquals", &key, json!(taken.subjects));
            true
        }
        None => false,
    })?;
    Some(finding.met_by(Measure::Trust {
        role: role.name.clone(),
        document,
    }))
}
