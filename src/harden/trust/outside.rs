//! Roles that other accounts and identity providers take.

use super::documents::{changed, condition, has_condition, named, principal, statements};
use super::{Around, silent};
use crate::account::{Account, Role};
use crate::harden::finding::Finding;
use crate::harden::measure::Measure;
use crate::harden::rule::Row;
use crate::harden::seen::External;
use crate::ids::AccountId;
use crate::policy::{Condition, Effect, Named, Statement};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const EXTERNAL_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html";
const OIDC_PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_secure-by-default.html";

/// Conditions that hold another account to something.
const GUARDED: [&str; 5] = [
    "sts:ExternalId",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:SourceIdentity",
    "aws:MultiFactorAuthPresent",
];

/// The other account that a name is of.
fn stranger(account: &Account, named: &Named) -> Option<AccountId> {
    let Named::Aws(name) = named else { return None };
    let id = match name.split(':').nth(4) {
        Some(id) => id,
        None => name,
    };
    id.parse().ok().filter(|id| *id != account.id)
}

fn strangers_in(account: &Account, statement: &Statement) -> BTreeSet<AccountId> {
    let each = named(statement).iter().filter_map(|named| stranger(account, named));
    each.collect()
}

/// The names of kind `AWS` of a statement: those of other accounts, each with its account, and the others.
fn parted(account: &Account, statement: &Statement) -> (Vec<(String, AccountId)>, Vec<String>) {
    let (mut theirs, mut rest) = (Vec::new(), Vec::new());
    for one in named(statement) {
        match (one, stranger(account, one)) {
            (Named::Aws(name), Some(id)) => theirs.push((name.clone(), id)),
            (Named::Aws(name), None) => rest.push(name.clone()),
            (Named::Everybody, _) => rest.push("*".to_owned()),
            _ => {}
        }
    }
    (theirs, rest)
}

/// A role that another account may take without an external ID.
pub(super) fn strangers(around: &Around<'_>, role: &Role) -> Option<Finding> {
    let (account, taken) = (around.account, &around.taken(role));
    let (_, parsed) = statements(role)?;
    let is_open =
        |statement: &Statement| !strangers_in(account, statement).is_empty() && !has_condition(statement, &GUARDED);
    let open: BTreeSet<AccountId> = parsed
        .iter()
        .filter(|statement| statement.effect == Effect::Allow && is_open(statement))
        .flat_map(|statement| strangers_in(account, statement))
        .collect();
    if open.is_empty() {
        return None;
    }
    let title = format!("role `{}` lets another account in without an external ID", role.name);
    let shown = open.iter().map(|id| {
        let how = match taken.by_accounts.get(id) {
            None => "was not seen to take it".to_owned(),
            Some(External { without: 0, ids }) => {
                format!("always sent {}", ids.iter().cloned().collect::<Vec<_>>().join(", "))
            }
            Some(External { without, .. }) => format!("sent none {without} times"),
        };
        format!("account {id} is trusted without an external ID, and {how}")
    });
    let finding = Finding::of("external-id-missing", Row::RoleSession, title, EXTERNAL_PAGE).shown_by(shown);
    // Only who is seen to send one, always, can be held to it; who never came needn't be let in.
    let sends = |id: &AccountId| taken.by_accounts.get(id).filter(|sent| sent.without == 0);
    let came = |id: &AccountId| taken.by_accounts.contains_key(id);
    let mut apart: Vec<Value> = Vec::new();
    let document = changed(role, |statement, object| {
        let here = strangers_in(account, statement);
        if !is_open(statement) {
            return false;
        }
        let (theirs, mut rest) = parted(account, statement);
        let of = |id: &AccountId| -> Vec<String> {
            let own = theirs.iter().filter(|(_, of)| of == id);
            own.map(|(name, _)| name.clone()).collect()
        };
        let (asked, others): (Vec<&AccountId>, Vec<&AccountId>) = here.iter().partition(|id| sends(id).is_some());
        rest.extend(others.iter().filter(|id| came(id)).flat_map(|id| of(id)));
        let rest = principal(statement, &rest);
        // Each gets a statement of its own, so that none comes in by the ID of another; who else is named sends none.
        let mut own: Vec<Map<String, Value>> = Vec::new();
        for id in &asked {
            let mut one = object.clone();
            one.insert("Principal".to_owned(), json!({"AWS": of(id)}));
            let ids = sends(id).map(|sent| &sent.ids);
            condition(&mut one, "StringEquals", "sts:ExternalId", json!(ids));
            own.push(one);
        }
        let is_changed = !own.is_empty() || others.iter().any(|id| !came(id));
        if rest == json!({}) && !own.is_empty() {
            *object = own.remove(0);
        } else if is_changed {
            object.insert("Principal".to_owned(), rest);
        }
        apart.extend(own.into_iter().map(|mut one| {
            one.remove("Sid");
            Value::Object(one)
        }));
        is_changed
    });
    let document = document.map(|mut document| {
        if let Some(all) = document.get_mut("Statement").and_then(Value::as_array_mut) {
            all.append(&mut apart);
        }
        document
    });
    let silent: Vec<String> = open.iter().filter(|id| !came(id)).map(ToString::to_string).collect();
    if silent.is_empty() {
        let Some(document) = document else {
            return Some(finding.advised(
                "agree on an external ID with that account and add the condition StringEquals sts:ExternalId; not everybody was seen to send one, so none can be asked for yet",
            ));
        };
        let unasked: Vec<&str> = open
            .iter()
            .filter(|id| sends(id).is_none())
            .map(AccountId::as_str)
            .collect();
        let finding = match unasked.is_empty() {
            true => finding,
            false => finding.advised(format!(
                "account {} wasn't seen to send one always and stays without: agree on one with it and add the condition StringEquals sts:ExternalId",
                unasked.join(", ")
            )),
        };
        return Some(finding.met_by(Measure::Trust {
            role: role.name.clone(),
            document,
        }));
    }
    let finding = finding.advised(format!(
        "account {} was not seen to come and is left out; where it is meant to, agree on an external ID with it and add the condition StringEquals sts:ExternalId",
        silent.join(", ")
    ));
    let finding = silent::met_by(finding, role, document);
    Some(silent::rests_on_silence(finding, around.silence))
}

/// What of a token's subject stays the same from run to run: of GitHub the repository, of GitLab the project, of HCP Terraform the workspace.
/// <https://docs.github.com/actions/reference/security/oidc>
fn lasting(subject: &str) -> String {
    let mut parts = subject.split(':');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(kind @ ("repo" | "project_path")), Some(name), Some(_)) => format!("{kind}:{name}:*"),
        (Some("organization"), ..) => match subject.rsplit_once(":run_phase:") {
            Some((workspace, _)) => format!("{workspace}:run_phase:*"),
            None => subject.to_owned(),
        },
        _ => subject.to_owned(),
    }
}

/// The member of a provider's tokens that a statement doesn't compare with anybody of ours.
fn open_subject(statement: &Statement) -> Option<String> {
    let provider = |named: &Named| match named {
        Named::Federated(name) => name
            .split_once("oidc-provider/")
            .map(|(_, provider)| provider.to_owned()),
        _ => None,
    };
    let provider = named(statement).iter().find_map(provider)?;
    let key = format!("{provider}:sub");
    let is_compared = statement.conditions.iter().any(|condition| {
        let front = format!("{provider}:");
        let of_provider = condition.key().get(..front.len());
        let of_provider = of_provider.is_some_and(|own| own.eq_ignore_ascii_case(&front));
        let claim = condition
            .key()
            .get(front.len()..)
            .unwrap_or_default()
            .to_ascii_lowercase();
        match claim.as_str() {
            _ if !of_provider => false,
            "sub" => holds_to(condition.operator(), condition.values()),
            claim => !ANYBODYS.contains(&claim) && is_told_whose(condition),
        }
    });
    (!is_compared).then_some(key)
}

/// Claims that tokens of strangers have with the same values: whom it is for, and how and by what it was run.
const ANYBODYS: [&str; 16] = [
    "amr",
    "aud",
    "base_ref",
    "environment",
    "event_name",
    "head_ref",
    "iss",
    "ref",
    "ref_path",
    "ref_protected",
    "ref_type",
    "repository_visibility",
    "run_attempt",
    "run_number",
    "runner_environment",
    "workflow",
];

/// Whether a comparison of a claim that tells whose a token is (of GitHub `job_workflow_ref`, `repository_owner_id`) holds it to some: a text, or
/// what lies below a path.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html>
fn is_told_whose(condition: &Condition) -> bool {
    let operator = condition.operator().to_ascii_lowercase();
    let is_open = |value: &String| {
        value
            .split(['*', '?'])
            .next()
            .is_some_and(|front| front != value && !front.contains('/'))
    };
    let is_like = operator.contains("stringlike") && !condition.values().iter().any(is_open);
    // A token that lacks the claim would pass.
    (operator.contains("stringequals") || is_like) && !operator.ends_with("ifexists")
}

/// Whether a comparison of the subject keeps some tokens of the provider out that are none of ours.
fn holds_to(operator: &str, subjects: &[String]) -> bool {
    let operator = operator.to_ascii_lowercase();
    let is_exact = operator.contains("stringequals");
    let is_like = operator.contains("stringlike");
    is_exact || is_like && !subjects.iter().any(|subject| is_anybody(subject))
}

/// Whether a pattern of subjects names everybody: `*`, `*:*`, `repo:*`. Of GitHub `repo:our*` lets others in whose names begin so.
/// Subjects of clusters and of HCP Terraform are narrowed without a slash.
/// <https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/aws-configuration>
fn is_anybody(subject: &str) -> bool {
    let Some(at) = subject.find(['*', '?']) else {
        return false;
    };
    let (front, rest) = subject.split_at(at);
    let is_kind = front.find(':').is_none_or(|colon| colon + 1 == front.len());
    let is_part_of_owner = front.starts_with("repo:") && !front.contains('/');
    let is_cluster = front == "system:serviceaccount:" && rest.chars().all(|letter| "*?:".contains(letter));
    is_kind || is_part_of_owner || is_cluster
}

/// The trust policy without statements that let in any token of a provider; `None` where nobody is left in it.
fn without_tokens(role: &Role) -> Option<Value> {
    changed(role, |statement, object| {
        let is_open = open_subject(statement).is_some();
        if is_open {
            // Who else such a statement names comes by other calls.
            let provider = |kind: &Value| kind.as_str().is_none_or(|name| !name.contains("oidc-provider/"));
            let kept = object.get_mut("Principal").and_then(Value::as_object_mut);
            if let Some(kinds) = kept {
                match kinds.get_mut("Federated") {
                    Some(Value::Array(names)) => names.retain(provider),
                    _ => drop(kinds.remove("Federated")),
                }
                kinds.retain(|_, names| names.as_array().is_none_or(|names| !names.is_empty()));
            }
        }
        is_open
    })
}

/// A role that a provider's tokens take, whoever they were issued for.
pub(super) fn subjects(around: &Around<'_>, role: &Role) -> Option<Finding> {
    let taken = &around.taken(role);
    let (_, parsed) = statements(role)?;
    let key = parsed.iter().find_map(open_subject)?;
    let title = format!("role `{}` is taken by any token of its provider", role.name);
    let finding = Finding::of("oidc-subject-free", Row::RoleSession, title, OIDC_PAGE)
        .shown_by([format!(
            "{key} is not compared with a repository, project or account of yours"
        )])
        .shown_by(taken.subjects.iter().map(|subject| format!("taken by {subject}")));
    if taken.subjects.is_empty() {
        let finding = finding.advised(format!(
            "no token was seen, so no subject can be written here, and its provider is left out; where tokens are meant to, add the condition StringEquals {key}"
        ));
        let finding = silent::met_by(finding, role, without_tokens(role));
        return Some(silent::rests_on_silence(finding, around.silence));
    }
    let lasting: BTreeSet<String> = taken.subjects.iter().map(|subject| lasting(subject)).collect();
    let document = changed(role, |statement, object| match open_subject(statement) {
        // A comparison that is there says who is meant: the few tokens that were seen don't.
        Some(key) if !has_condition(statement, &[&key]) => condition(object, "StringLike", &key, json!(lasting)),
        _ => false,
    });
    let Some(document) = document else {
        return Some(finding.advised(format!(
            "the condition on {key} that is there lets in tokens of strangers: write it narrower; those that were seen needn't be all that are meant"
        )));
    };
    let finding = finding.advised(
        "any branch and environment of these is let in, since tomorrow's are in no record; where only some are meant to, write what they were taken by, whole",
    );
    Some(finding.met_by(Measure::Trust {
        role: role.name.clone(),
        document,
    }))
}
