//! The service control policy that comes first where there are rights in Organizations: it denies the compromised principals everything, and
//! keeps everybody but the responder from loosening what the plan does to them.
//!
//! Nobody in the account can take it away, so an intruder with any rights in IAM loses the race against it. Every statement names principals
//! or resources of this account: attached to a unit above, it binds no other account.
//! <https://www.offensai.com/blog/eventual-consistency-resistant-iam-containment-aws-incident-response>

use super::Facts;
use super::foothold::passwords_set;
use crate::account::{Account, Holder, Responder, is_same_name};
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

/// What the policy does about one principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Denies everything: to a compromised user, to its federated session, or to a user whom the family made for itself.
    Deny,
    /// Keeps it as it is: nobody but the responder changes it.
    Keep,
    /// Denies everything to sessions that it issued before the cut.
    DenyOlder,
    /// Denies minting: to a user who is innocent and holds something that the family made.
    DenyMinting,
}

/// One thing that the policy does; the most important come first, and what does not fit is left out from the end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    does: Does,
    arn: Arn,
}

impl Does {
    fn to(self, arns: impl IntoIterator<Item = Arn>) -> impl Iterator<Item = Part> {
        arns.into_iter().map(move |arn| Part { does: self, arn })
    }
}

impl Part {
    /// What is missing without it.
    fn left_out(&self) -> String {
        let whom = self.arn.resource();
        match self.does {
            Does::Deny => format!("the deny of `{whom}`"),
            Does::Keep => format!("that nobody else changes `{whom}`"),
            Does::DenyOlder => format!("the deny of older sessions of `{whom}`"),
            Does::DenyMinting => format!("the deny of minting for `{whom}`"),
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
            .any(|part| matches!(part.does, Does::Deny | Does::DenyOlder))
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
        made.is_of_iam()
            && made.call == "CreateUser"
            && made
                .what
                .split(' ')
                .next()
                .is_some_and(|name| is_same_name(name, &user.name))
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
    let names = of_issuers.chain(passwords_set(facts.lineage, facts.account, &own));
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
    let roles = roles(facts);
    let bound: Vec<Arn> = roles
        .iter()
        .chain(&holders)
        .filter(|arn| spared(arn))
        .cloned()
        .collect();
    let holding: Vec<Arn> = holders.iter().filter(|arn| spared(arn)).cloned().collect();
    // Who tampers with the responder stops him; root is changed by nobody.
    let own = Some(responder.in_account.clone()).filter(|arn| arn.resource() != "root");
    Does::Deny
        .to(users.clone().into_iter().chain(federated(facts)))
        .chain(Does::Keep.to(users))
        .chain(Does::Deny.to(made.clone()))
        .chain(Does::Keep.to(made))
        .chain(Does::DenyOlder.to(bound))
        .chain(Does::DenyMinting.to(holding))
        .chain(Does::Keep.to(roles.into_iter().chain(holders)))
        .chain(Does::Keep.to(own))
        .collect()
}

/// ARNs that something is done about.
fn arns(parts: &[Part], does: Does) -> impl Iterator<Item = &Arn> {
    parts.iter().filter(move |part| part.does == does).map(|part| &part.arn)
}

fn written(parts: &[Part], probe: &Arn, account: &Account, responder: &Responder, cut: Moment) -> String {
    // Each once, and in an order that hangs on nothing else.
    let of = |does: Does| arns(parts, does).map(Arn::as_str).collect::<BTreeSet<&str>>();
    let (everything, older) = (of(Does::Deny), of(Does::DenyOlder));
    let (minting, kept) = (of(Does::DenyMinting), of(Does::Keep));
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
    let named = |does: Does| {
        let names: Vec<String> = arns(parts, does).map(|arn| format!("`{}`", arn.resource())).collect();
        Some(names.join(", ")).filter(|names| !names.is_empty())
    };
    let mut said = Vec::new();
    said.extend(named(Does::Deny).map(|whom| format!("denies everything to {whom}")));
    said.extend(named(Does::DenyOlder).map(|whom| {
        format!(
            "and to sessions of {whom} that were issued before {}",
            cut.whole_second()
        )
    }));
    said.extend(named(Does::DenyMinting).map(|whom| {
        format!("denies minting to {whom}, who is innocent: no condition selects one key, and the steps behind end it")
    }));
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
