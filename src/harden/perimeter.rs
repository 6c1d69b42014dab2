//! What the organization can keep shut whatever the account's own policies say: its roles to strangers, and its root user.

use super::finding::Finding;
use super::measure::Measure;
use super::rule::Row;
use super::seen::Seen;
use crate::account::{Account, Guards, Holder, Session, SessionKind};
use crate::ids::{AccountId, Arn};
use crate::policy::{
    Context, Effect, Listed, Named, OnResource, Outcome, Placed, PolicyKind, PolicySet, PolicyText, Principal,
    PrincipalKind, Request, decide,
};
use crate::time::Moment;
use crate::verdict::Standing;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RCP_PAGE: &str =
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html";
const ROOT_PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management";

/// The RCP that lets nobody from outside of the organization take a role, but for the accounts that are `spared`.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html>
pub fn only_ours(organization: &str, spared: &BTreeSet<AccountId>) -> Value {
    let mut outside = json!({"aws:PrincipalOrgID": organization});
    if !spared.is_empty() {
        outside["aws:PrincipalAccount"] = json!(spared);
    }
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*",
        "Condition": {"StringNotEqualsIfExists": outside, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
    }]})
}

/// The SCP that denies the root user everything, but where the organization itself acts as it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management>
pub fn without_root() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}},
    }]})
}

/// The RCPs over an account; `None` where one of them can't be read.
pub(super) fn resource_controls(guards: &Guards) -> Option<Vec<Placed>> {
    let each = guards.rcps.iter().map(|(name, text)| {
        Placed::read(
            PolicyKind::ResourceControl,
            &format!("resource control policy `{name}`"),
            text,
        )
    });
    each.collect()
}

/// What becomes of a call for a role that trusts everybody, by an account outside of the organization.
pub fn taken_by_stranger(account: &Account, guards: &Guards) -> Option<Outcome> {
    let stranger: AccountId = ["111111111111", "222222222222"]
        .iter()
        .filter_map(|id| id.parse().ok())
        .find(|id| *id != account.id)?;
    let resource_control = resource_controls(guards)?;
    let anybody =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    let trust = Placed::read(
        PolicyKind::Resource,
        "a trust policy for everybody",
        &PolicyText::new(anybody),
    )?;
    let principal = Principal {
        kind: PrincipalKind::Root,
        arn: Arn::iam(&account.partition, &stranger, "root", "", ""),
        user_id: stranger.to_string(),
        account: stranger,
        session_arn: None,
        issuer_arn: None,
    };
    let mut context = Context::open();
    principal.put_keys(&mut context);
    context.set("aws:PrincipalOrgID", "o-ofsomebodyelse");
    context.set("aws:PrincipalIsAWSService", "false");
    context.set("aws:ViaAWSService", "false");
    let role = Arn::iam(&account.partition, &account.id, "role", "/", "oust-any");
    let request = Request {
        principal: &principal,
        action: "sts:AssumeRole",
        resource: role.as_str(),
        resource_account: Some(&account.id),
        context: &context,
    };
    let policies = PolicySet {
        resource_control,
        ..PolicySet::default()
    };
    let on = OnResource {
        policies: vec![trust],
        must_allow: true,
        gaps: Vec::new(),
    };
    Some(decide(&request, &policies, &on))
}

/// What becomes of a call by the account's root user; `None` where it can't be asked.
pub fn by_root(account: &Account, call: &str, now: Moment) -> Option<Outcome> {
    let key = "ASIAROOTROOTROOTROOT".parse().ok()?;
    let session = Session {
        key,
        holder: Holder::Root,
        kind: SessionKind::Console,
        issued: now,
        expires: now.plus_seconds(3_600),
        mfa: Some(true),
        policy: None,
        policy_arns: Vec::new(),
        source_identity: None,
        tags: Default::default(),
        is_untold: false,
        minted_by: None,
    };
    let sessions = [session];
    let [session] = &sessions;
    let standing = Standing::of(account, &sessions, &session.key, now).ok()?;
    let any = Arn::iam(&account.partition, &account.id, "user", "/", "oust-any");
    let mut context = Context::open();
    context.set_absent("aws:AssumedRoot");
    Some(standing.decide_given(call, any.as_str(), &standing.context.clone().with(&context)))
}

/// What is open that the organization could keep shut. Whether `silence` counts was said beforehand; accounts in `outside` are the intruder's.
pub(super) fn findings(
    account: &Account,
    seen: &Seen,
    outside: &BTreeSet<AccountId>,
    silence: bool,
    now: Moment,
) -> Vec<Finding> {
    let (Some(organization), Some(guards)) = (&account.organization, &account.guards) else {
        return Vec::new();
    };
    if guards.management_account || organization.management_account == account.id {
        return Vec::new();
    }
    let is_open = |outcome: Option<Outcome>| matches!(outcome, Some(Outcome::Allowed(_) | Outcome::ImplicitDeny(_)));
    let mut found = Vec::new();
    if is_open(taken_by_stranger(account, guards)) {
        found.push(strangers(account, &organization.id, seen, outside));
    }
    // A level that only denies would allow nothing.
    if is_open(by_root(account, "iam:CreateAccessKey", now)) && !guards.scps.is_empty() {
        found.push(root(account, silence));
    }
    found
}

fn strangers(account: &Account, organization: &str, seen: &Seen, outside: &BTreeSet<AccountId>) -> Finding {
    let came: BTreeSet<AccountId> = seen
        .taken
        .values()
        .flat_map(|taken| taken.by_accounts.keys().cloned())
        .collect();
    let trusted = trusted(account);
    let silent = trusted.iter().filter(|id| !came.contains(id) && !outside.contains(id));
    let silent: Vec<String> = silent.map(ToString::to_string).collect();
    let title = "whoever may write a role's trust policy lets in any account of the world".to_owned();
    let finding = Finding::of("roles-open-to-strangers", Row::RoleSession, title, RCP_PAGE)
        .shown_by(["no RCP keeps accounts outside of the organization out".to_owned()])
        .shown_by(came.iter().map(|id| format!("account {id} took a role, and is spared")))
        .advised("providers' tokens are another call: hold sts:AssumeRoleWithWebIdentity to your claims by a statement of its own")
        .met_by(Measure::ResourceControl {
            account: account.id.clone(),
            document: only_ours(organization, &came),
        });
    finding.doubted((!silent.is_empty()).then(|| {
        format!(
            "roles trust account {}, which was not seen to come: it would be kept out unless it is of the organization; spare it by aws:PrincipalAccount if it is meant to",
            silent.join(", ")
        )
    }))
}

/// Other accounts that trust policies name.
fn trusted(account: &Account) -> BTreeSet<AccountId> {
    let trusts = account.roles.values().filter_map(|role| role.trust.parse().ok());
    let mut found = BTreeSet::new();
    for trust in trusts {
        let allows = trust.statements.iter().filter(|one| one.effect == Effect::Allow);
        for statement in allows {
            let Some(Listed::These(named)) = &statement.principal else {
                continue;
            };
            let accounts = named.iter().filter_map(|named| match named {
                Named::Aws(name) => name.split(':').nth(4).unwrap_or(name).parse::<AccountId>().ok(),
                _ => None,
            });
            found.extend(accounts.filter(|id| *id != account.id));
        }
    }
    found
}

fn root(account: &Account, silence: bool) -> Finding {
    let title = "who has the root user's password or key may do everything, and takes off every quarantine".to_owned();
    let seldom = "what only the root user may do is seldom done: let the organization manage root first (`aws iam enable-organizations-root-credentials-management`); --seen-since says since when silence counts";
    let finding = Finding::of("root-not-denied", Row::PermanentKey, title, ROOT_PAGE)
        .shown_by(["no SCP denies the root user".to_owned()])
        .met_by(Measure::ServiceControl {
            account: account.id.clone(),
            document: without_root(),
        });
    finding.doubted((!silence).then(|| seldom.to_owned()))
}
