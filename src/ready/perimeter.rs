//! What the organization keeps shut whatever the account's own policies say: its roles to strangers, and its root user.

use super::{Check, Facts, State};
use crate::account::{Account, Guards, Holder, Organization, Session, SessionKind};
use crate::ids::{AccountId, Arn};
use crate::policy::{
    Context, OnResource, Outcome, Placed, PolicyKind, PolicySet, PolicyText, Principal, PrincipalKind, Request, Source,
    decide,
};
use crate::time::Moment;
use crate::verdict::Standing;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rows where there is an organization whose policies bind the account.
pub(super) fn checks(facts: Facts<'_>) -> Vec<Check> {
    let Some(organization) = &facts.account.organization else {
        return Vec::new();
    };
    if organization.management_account == facts.account.id {
        return Vec::new();
    }
    vec![strangers(facts, organization), root(facts)]
}

/// The RCP that lets nobody from outside take a role.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html>
fn only_ours(organization: &Organization) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*",
        "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization.id},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }]})
}

/// The SCP that denies the root user everything, but where the organization itself acts as it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management>
fn without_root() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}},
    }]})
}

/// Whether an RCP keeps strangers out of a role whose trust policy lets everybody in, as an intruder would write it.
fn strangers(facts: Facts<'_>, organization: &Organization) -> Check {
    let id = "organization.perimeter";
    let fix = format!(
        "attach an RCP, with those of other accounts who are meant to excepted by aws:PrincipalAccount: {}",
        only_ours(organization)
    );
    let Some(guards) = &facts.account.guards else {
        let found = "whether an RCP keeps strangers out of roles was not read";
        return Check::new(id, State::Unknown, found, fix);
    };
    let (state, found) = match taken_by_stranger(facts.account, guards) {
        Some(Outcome::ExplicitDeny(by)) => (
            State::Ready,
            format!("nobody outside of the organization can take a role, whatever its trust policy says: {by}"),
        ),
        Some(Outcome::Allowed(_) | Outcome::ImplicitDeny(_)) => (
            State::NotReady,
            "whoever may write a role's trust policy lets in any account of the world: no RCP keeps strangers out"
                .to_owned(),
        ),
        Some(Outcome::Unknown(_)) | None => (
            State::Unknown,
            "whether an RCP keeps strangers out of roles hangs on what nobody can know now".to_owned(),
        ),
    };
    let beside = "an RCP on sts:AssumeRole says nothing of providers' tokens: hold sts:AssumeRoleWithWebIdentity to your claims by another statement";
    Check::new(id, state, found, fix).with([beside.to_owned()])
}

/// What becomes of a call for a role that trusts everybody, by an account outside of the organization.
fn taken_by_stranger(account: &Account, guards: &Guards) -> Option<Outcome> {
    let stranger: AccountId = ["111111111111", "222222222222"]
        .iter()
        .filter_map(|id| id.parse().ok())
        .find(|id| *id != account.id)?;
    let placed = |kind, name: &str, text: &PolicyText| {
        let document = text.parse().ok()?;
        let name = Arc::from(name);
        Some(Placed {
            source: Source { kind, name },
            document,
        })
    };
    let resource_control: Option<Vec<Placed>> = guards
        .rcps
        .iter()
        .map(|(name, text)| {
            placed(
                PolicyKind::ResourceControl,
                &format!("resource control policy `{name}`"),
                text,
            )
        })
        .collect();
    let anybody =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    let trust = placed(
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
        resource_control: resource_control?,
        ..PolicySet::default()
    };
    let on = OnResource {
        policies: vec![trust],
        must_allow: true,
        gaps: Vec::new(),
    };
    Some(decide(&request, &policies, &on))
}

/// Calls by which root would undo or go round a containment.
const BY_ROOT: [&str; 3] = [
    "iam:CreateAccessKey",
    "iam:DeleteUserPolicy",
    "iam:UpdateAssumeRolePolicy",
];

/// Whether an SCP denies the root user, so that its credentials, if somebody has them, are of no use.
fn root(facts: Facts<'_>) -> Check {
    let id = "organization.root";
    let fix = format!(
        "let the organization keep root's credentials (`aws iam enable-organizations-root-credentials-management`), delete those that are there, and attach an SCP: {}",
        without_root()
    );
    if facts.account.guards.is_none() {
        return Check::new(
            id,
            State::Unknown,
            "whether an SCP denies the root user was not read",
            fix,
        );
    }
    let states = BY_ROOT.map(|call| denied_to_root(facts.account, call, facts.now));
    let state = State::worst(states);
    let found = match state {
        State::Ready => "the root user is denied by an SCP: its password and keys, if somebody has them, open nothing",
        State::Unknown => "whether an SCP denies the root user hangs on what nobody can know now",
        State::NotReady => {
            "who has the root user's password or key may do everything, and takes off every quarantine: no SCP denies it"
        }
    };
    Check::new(id, state, found, fix)
}

fn denied_to_root(account: &Account, call: &str, now: Moment) -> State {
    let Ok(key) = "ASIAROOTROOTROOTROOT".parse() else {
        return State::Unknown;
    };
    let session = Session {
        key,
        holder: Holder::Root,
        kind: SessionKind::Console,
        issued: now,
        expires: now.plus_seconds(3_600),
        mfa: true,
        policy: None,
        policy_arns: Vec::new(),
        source_identity: None,
        tags: Default::default(),
        minted_by: None,
    };
    let sessions = [session];
    let [session] = &sessions;
    let Ok(standing) = Standing::of(account, &sessions, &session.key, now) else {
        return State::Unknown;
    };
    let any = Arn::iam(&account.partition, &account.id, "user", "/", "oust-any");
    let mut context = Context::open();
    context.set_absent("aws:AssumedRoot");
    match standing.decide_given(call, any.as_str(), &standing.context.clone().with(&context)) {
        Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_) => State::Ready,
        Outcome::Unknown(_) => State::Unknown,
        Outcome::Allowed(_) => State::NotReady,
    }
}
