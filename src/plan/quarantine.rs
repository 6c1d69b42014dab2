//! The service control policy that comes first where there are rights in Organizations: it denies the compromised principals everything, and
//! keeps everybody but the responder from loosening what the plan does to them.
//!
//! Nobody in the account can take it away, so an intruder with any rights in IAM loses the race against it. Every statement names principals
//! or resources of this account: attached to a unit above, it binds no other account.
//! <https://www.offensai.com/blog/eventual-consistency-resistant-iam-containment-aws-incident-response>

use super::Facts;
use super::foothold::passwords_set;
use crate::account::{Account, Holder, Responder};
use crate::action::revoke::Issuer;
use crate::action::service_control::{PROBE, probe};
use crate::ids::Arn;
use crate::policy::PolicyText;
use crate::time::Moment;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Characters in a service control policy, white space counted: the tighter of what the two editions of the page say (5,120; 10,240).
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const MOST_CHARACTERS: usize = 5120;

/// Every change of IAM that bears on a user or a role. Not iam:PassRole: it changes nothing about the role.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
const CHANGES: [&str; 17] = [
    "iam:Add*",
    "iam:Attach*",
    "iam:Change*",
    "iam:Create*",
    "iam:Deactivate*",
    "iam:Delete*",
    "iam:Detach*",
    "iam:Enable*",
    "iam:Put*",
    "iam:Remove*",
    "iam:Reset*",
    "iam:Resync*",
    "iam:Set*",
    "iam:Tag*",
    "iam:Untag*",
    "iam:Update*",
    "iam:Upload*",
];

/// What mints, beside the changes. GetSessionToken needs no permission, so that no policy can be relied on to stop it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html>
const MINTS: [&str; 3] = ["iam:PassRole", "sts:AssumeRole", "sts:GetFederationToken"];

/// One thing that the policy does, the most important first: what does not fit is left out from the end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Denies everything to a compromised user, to its federated session, or to a user whom the family made for itself.
    Deny(Arn),
    /// Keeps a compromised user as it is.
    Keep(Arn),
    /// Denies everything to sessions that a role or user issued before the cut.
    DenyOlder(Arn),
    /// Denies minting to a user who is innocent and holds something that the family made.
    DenyMinting(Arn),
}

impl Part {
    /// What is missing without it.
    fn left_out(&self) -> String {
        match self {
            Part::Deny(arn) => format!("the deny of `{arn}`"),
            Part::Keep(arn) => format!("that nobody else changes `{}`", arn.resource()),
            Part::DenyOlder(arn) => format!("the deny of older sessions of `{}`", arn.resource()),
            Part::DenyMinting(arn) => format!("the deny of minting for `{}`", arn.resource()),
        }
    }
}

/// The policy, and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quarantine {
    /// Its document.
    pub(super) document: PolicyText,
    /// What it is about, in words.
    pub(super) about: String,
}

/// The policy for an incident, with the cut of older sessions at `cut`; `None` where it would deny nobody anything.
pub(super) fn quarantine(facts: Facts<'_>, name: &str, responder: &Responder, cut: Moment) -> Option<Quarantine> {
    let mut parts = parts(facts, responder);
    let mut left_out = Vec::new();
    let text = loop {
        if !parts
            .iter()
            .any(|part| matches!(part, Part::Deny(_) | Part::DenyOlder(_)))
        {
            return None;
        }
        let text = written(&parts, &probe(facts.account, name, cut), facts.account, responder, cut);
        if text.chars().count() <= MOST_CHARACTERS {
            break text;
        }
        left_out.extend(parts.pop().map(|part| part.left_out()));
    };
    Some(Quarantine {
        about: about(&parts, responder, cut, &text, &left_out),
        document: PolicyText::new(text),
    })
}

/// ARNs that the policy would deny everything, whatever fits into it: nobody of them may be the responder.
pub(super) fn denied(facts: Facts<'_>) -> BTreeSet<Arn> {
    let roles = roles(facts).into_iter();
    users(facts).into_iter().chain(federated(facts)).chain(roles).collect()
}

fn users(facts: Facts<'_>) -> Vec<Arn> {
    facts
        .users()
        .into_iter()
        .map(|user| facts.account.user_arn(user))
        .collect()
}

/// Federated sessions of the family: `aws:PrincipalArn` tells their own name, not the user's.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>
fn federated(facts: Facts<'_>) -> BTreeSet<Arn> {
    let account = facts.account;
    let names = facts
        .lineage
        .credentials
        .iter()
        .filter_map(|member| match &member.holder {
            Some(Holder::FederatedUser { name, .. }) => Some(name),
            _ => None,
        });
    names
        .map(|name| Arn::sts(&account.partition, &account.id, &format!("federated-user/{name}")))
        .collect()
}

/// Roles of this account that the family reached, Identity Center's among them: their sessions can be ended in no other way. No policy of an
/// organization binds a service-linked role.
fn roles(facts: Facts<'_>) -> Vec<Arn> {
    let reached = facts.lineage.roles(&facts.account.id).into_iter();
    let reached = reached.filter_map(|name| facts.account.roles.get(&name));
    reached
        .filter(|role| !role.path.starts_with("/aws-service-role/"))
        .map(|role| facts.account.role_arn(role))
        .collect()
}

/// How far the time of a call and that of what it made may lie apart, in seconds.
const SAME_CALL_SECONDS: i64 = 60;

/// Whether the family made the user itself. Only who holds something of the family is asked about: a pipeline's key that was stolen has made
/// users in honest work too.
fn is_made(facts: Facts<'_>, arn: &Arn) -> bool {
    let Some(user) = facts.account.users.get(arn.name()) else {
        return false;
    };
    let apart = |at: Moment| (at.seconds() - user.created.seconds()).abs();
    let mut made = facts.lineage.made.iter();
    made.any(|made| {
        made.call == "CreateUser"
            && made.what.split(' ').next() == Some(user.name.as_str())
            && apart(made.at) <= SAME_CALL_SECONDS
    })
}

/// Users other than the compromised ones whom the family made a key or set a password for: innocent, unless the family made them too.
fn holders(facts: Facts<'_>) -> BTreeSet<Arn> {
    let own: BTreeSet<&str> = facts.users().into_iter().map(|user| user.name.as_str()).collect();
    let of_issuers = facts.issuers().into_iter().filter_map(|issuer| match issuer {
        Issuer::User(name) => Some(name),
        Issuer::Role(_) => None,
    });
    let names = of_issuers.chain(passwords_set(facts.lineage, &own));
    let users = names.filter_map(|name| facts.account.users.get(&name));
    users.map(|user| facts.account.user_arn(user)).collect()
}

fn parts(facts: Facts<'_>, responder: &Responder) -> Vec<Part> {
    let users = users(facts);
    let spared = |arn: &Arn| *arn != responder.in_account;
    let (made, holders): (BTreeSet<Arn>, BTreeSet<Arn>) = holders(facts)
        .into_iter()
        .filter(|arn| !users.contains(arn))
        .partition(|arn| is_made(facts, arn));
    let made: Vec<Arn> = made.into_iter().filter(spared).collect();
    let mut parts: Vec<Part> = users.iter().cloned().map(Part::Deny).collect();
    parts.extend(federated(facts).into_iter().map(Part::Deny));
    parts.extend(users.into_iter().map(Part::Keep));
    parts.extend(made.iter().cloned().map(Part::Deny));
    parts.extend(made.into_iter().map(Part::Keep));
    parts.extend(roles(facts).into_iter().filter(spared).map(Part::DenyOlder));
    parts.extend(holders.iter().filter(|arn| spared(arn)).cloned().map(Part::DenyOlder));
    parts.extend(holders.iter().filter(|arn| spared(arn)).cloned().map(Part::DenyMinting));
    parts.extend(roles(facts).into_iter().chain(holders).map(Part::Keep));
    // Who tampers with the responder stops him.
    if responder.in_account.resource() != "root" {
        parts.push(Part::Keep(responder.in_account.clone()));
    }
    parts
}

fn written(parts: &[Part], probe: &Arn, account: &Account, responder: &Responder, cut: Moment) -> String {
    let of = |wanted: fn(&Part) -> Option<&Arn>| -> Vec<&str> {
        let arns: BTreeSet<&Arn> = parts.iter().filter_map(wanted).collect();
        arns.into_iter().map(Arn::as_str).collect()
    };
    let everything = of(|part| match part {
        Part::Deny(arn) => Some(arn),
        _ => None,
    });
    let older = of(|part| match part {
        Part::DenyOlder(arn) => Some(arn),
        _ => None,
    });
    let minting = of(|part| match part {
        Part::DenyMinting(arn) => Some(arn),
        _ => None,
    });
    let kept = of(|part| match part {
        Part::Keep(arn) => Some(arn),
        _ => None,
    });
    let but_for_responder = json!({"ArnNotEquals": {"aws:PrincipalArn": responder.in_account}});
    let mut statements = Vec::new();
    let mut deny = |sid: &str, action: Value, resource: Value, condition: Option<Value>| {
        let mut statement = json!({"Sid": sid, "Effect": "Deny", "Action": action, "Resource": resource});
        if let (Some(condition), Value::Object(members)) = (condition, &mut statement) {
            members.insert("Condition".to_owned(), condition);
        }
        statements.push(statement);
    };
    if !everything.is_empty() {
        let who = json!({"ArnEquals": {"aws:PrincipalArn": everything}});
        deny("Compromised", json!("*"), json!("*"), Some(who));
    }
    if !older.is_empty() {
        let who = json!({
            "ArnEquals": {"aws:PrincipalArn": older},
            "DateLessThan": {"aws:TokenIssueTime": cut.whole_second().to_string()},
        });
        deny("OlderSessions", json!("*"), json!("*"), Some(who));
    }
    if !minting.is_empty() {
        let who = json!({"ArnEquals": {"aws:PrincipalArn": minting}});
        let actions: Vec<&str> = CHANGES.into_iter().chain(MINTS).collect();
        deny("Minting", json!(actions), json!("*"), Some(who));
    }
    if !kept.is_empty() {
        deny("Keep", json!(CHANGES), json!(kept), Some(but_for_responder));
    }
    // Outside of the organization none of this binds.
    let here = json!({
        "StringEquals": {"aws:PrincipalAccount": account.id},
        "ArnNotEquals": {"aws:PrincipalArn": responder.in_account},
    });
    deny("Stay", json!("organizations:LeaveOrganization"), json!("*"), Some(here));
    deny(PROBE, json!("iam:GetPolicy"), json!(probe), None);
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn about(parts: &[Part], responder: &Responder, cut: Moment, text: &str, left_out: &[String]) -> String {
    let named = |wanted: fn(&Part) -> Option<&Arn>| -> String {
        let names: Vec<String> = parts
            .iter()
            .filter_map(wanted)
            .map(|arn| format!("`{}`", arn.resource()))
            .collect();
        names.join(", ")
    };
    let mut said = Vec::new();
    let denied = named(|part| match part {
        Part::Deny(arn) => Some(arn),
        _ => None,
    });
    if !denied.is_empty() {
        said.push(format!("denies everything to {denied}"));
    }
    let older = named(|part| match part {
        Part::DenyOlder(arn) => Some(arn),
        _ => None,
    });
    if !older.is_empty() {
        said.push(format!(
            "and to sessions of {older} that were issued before {}",
            cut.whole_second()
        ));
    }
    let minting = named(|part| match part {
        Part::DenyMinting(arn) => Some(arn),
        _ => None,
    });
    if !minting.is_empty() {
        said.push(format!(
            "denies minting to {minting}, who is innocent: no condition selects one key, and the steps behind end it"
        ));
    }
    said.push(format!(
        "only `{}` may change them while it is attached",
        responder.in_account
    ));
    said.push(format!("{} of {MOST_CHARACTERS} characters", text.chars().count()));
    if !left_out.is_empty() {
        said.push(format!("left out, for want of room: {}", left_out.join("; ")));
    }
    said.join("; ")
}
