//! A credential as policies see it: its principal, its fixed condition keys, the policies in force for it.

use super::gather::Gather;
use crate::account::{Account, Holder, KeyStatus, Role, Session, SessionKind, User};
use crate::ids::{AccessKeyId, Arn};
use crate::policy::{Context, OnResource, Outcome, PolicySet, Principal, PrincipalKind, Request};
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a credential is refused before any policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dead {
    /// No such credential is in the account.
    NoSuchKey,
    /// The key's status is not Active.
    Inactive,
    /// The session has run out.
    Expired,
    /// The user or role is gone, or its name now belongs to another (the unique ID differs).
    HolderGone,
}

impl fmt::Display for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dead::NoSuchKey => "there is no such key in the account",
            Dead::Inactive => "the key is inactive",
            Dead::Expired => "the session has expired",
            Dead::HolderGone => "its user or role is gone",
        })
    }
}

/// A credential as policies see it.
#[derive(Debug, Clone)]
pub struct Standing<'a> {
    /// The account that it was read from.
    pub account: &'a Account,
    /// Who it makes the caller.
    pub principal: Principal,
    /// The condition keys that every request with it has; all others are free (the context is open).
    pub context: Context,
    /// The session, for a temporary credential.
    pub session: Option<&'a Session>,
    /// The policies in force for it, whatever the resource.
    pub policies: PolicySet,
}

impl<'a> Standing<'a> {
    /// The standing of `key` at `now`.
    ///
    /// # Errors
    /// Why it has none: the credential is refused before any policy is asked.
    pub fn of(account: &'a Account, sessions: &'a [Session], key: &AccessKeyId, now: Moment) -> Result<Self, Dead> {
        if let Some(session) = sessions.iter().rev().find(|session| session.key == *key) {
            return Standing::of_session(account, session, now);
        }
        let (user, held) = account.owner_of_key(key).ok_or(Dead::NoSuchKey)?;
        match held.status {
            KeyStatus::Active => Ok(Standing::of_user(account, user)),
            KeyStatus::Inactive | KeyStatus::Expired => Err(Dead::Inactive),
        }
    }

    /// The standing of a user's active long-term key, whether it has one or not.
    pub fn of_user(account: &'a Account, user: &User) -> Self {
        let mut context = Context::open();
        for absent in [
            "aws:TokenIssueTime",
            "aws:MultiFactorAuthPresent",
            "aws:MultiFactorAuthAge",
            "aws:SourceIdentity",
        ] {
            context.set_absent(absent);
        }
        Standing::assembled(account, None, user_principal(account, user), context, |gather| {
            gather.user(user)
        })
    }

    /// The standing of a session that a role would issue at `now`, without session policies.
    pub fn of_fresh_role(account: &'a Account, role: &Role, now: Moment) -> Self {
        let mut context = Context::open();
        context.set("aws:TokenIssueTime", now.to_string());
        let principal = role_principal(account, role, "session");
        Standing::assembled(account, None, principal, context, |gather| gather.role(role))
    }

    fn of_session(account: &'a Account, session: &'a Session, now: Moment) -> Result<Self, Dead> {
        if now >= session.expires {
            return Err(Dead::Expired);
        }
        let context = session_context(session);
        let standing = match &session.holder {
            Holder::User { name, id } => {
                let user = account.user_who_was(name, id).ok_or(Dead::HolderGone)?;
                let principal = user_principal(account, user);
                Standing::assembled(account, Some(session), principal, context, |gather| gather.user(user))
            }
            Holder::FederatedUser { user, user_id, name } => {
                let user = account.user_who_was(user, user_id).ok_or(Dead::HolderGone)?;
                let principal = federated_principal(account, user, name);
                Standing::assembled(account, Some(session), principal, context, |gather| gather.user(user))
            }
            Holder::Role {
                name,
                id,
                session: label,
            } => {
                let role = account.role_that_was(name, id).ok_or(Dead::HolderGone)?;
                let principal = role_principal(account, role, label);
                Standing::assembled(account, Some(session), principal, context, |gather| gather.role(role))
            }
            Holder::Root => Standing::assembled(account, Some(session), root_principal(account), context, |_| {}),
        };
        Ok(standing)
    }

    fn assembled(
        account: &'a Account,
        session: Option<&'a Session>,
        principal: Principal,
        mut context: Context,
        own: impl FnOnce(&mut Gather<'_>),
    ) -> Self {
        principal.put_keys(&mut context);
        // Whoever is of an account is of its organization.
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid>
        if let Some(organization) = &account.organization {
            context.set("aws:PrincipalOrgID", organization.id.as_str());
        }
        let mut gather = Gather::new(account);
        own(&mut gather);
        if let Some(session) = session {
            gather.session(session);
        }
        gather.guards();
        // The tags of users and roles are read with them, so what isn't there is absent.
        // A session of which it isn't known how it was issued may have others, in place of those of its role too.
        let untold = session.filter(|session| session.is_untold);
        if untold.is_none() {
            context.set_absent("aws:PrincipalTag/");
        }
        let tags = untold.map_or_else(|| gather.tags(session), |session| session.tags.clone());
        for (key, value) in tags {
            context.set(&format!("aws:PrincipalTag/{key}"), value);
        }
        Standing {
            account,
            principal,
            context,
            session,
            policies: gather.policies,
        }
    }

    /// Decides one real request: the fixed keys and `extra` together, every other key absent.
    pub fn decide(&self, action: &str, resource: &str, extra: &Context) -> Outcome {
        self.decide_in(action, resource, &self.context.clone().into_closed().with(extra))
    }

    /// Decides for every request at once that has the fixed keys: free keys are unknown.
    pub fn decide_whatever_else(&self, action: &str, resource: &str) -> Outcome {
        self.decide_in(action, resource, &self.context)
    }

    /// Decides in a context of the caller's making.
    pub(crate) fn decide_given(&self, action: &str, resource: &str, context: &Context) -> Outcome {
        self.decide_in(action, resource, context)
    }

    fn decide_in(&self, action: &str, resource: &str, context: &Context) -> Outcome {
        let on = super::gather::on_resource(self.account, action, resource);
        self.decide_under(action, resource, context, &on)
    }

    /// Decides with what stands on the resource already at hand.
    pub(super) fn decide_under(&self, action: &str, resource: &str, context: &Context, on: &OnResource) -> Outcome {
        let owner = resource
            .parse::<Arn>()
            .ok()
            .and_then(|arn| super::gather::grantor(&arn));
        let request = Request {
            principal: &self.principal,
            action,
            resource,
            resource_account: owner.as_ref(),
            context,
        };
        crate::policy::decide(&request, &self.policies, on)
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
fn session_context(session: &Session) -> Context {
    let mut context = Context::open();
    context.set("aws:TokenIssueTime", session.issued.to_string());
    match session.kind {
        SessionKind::GetFederationToken => context.set_absent("aws:MultiFactorAuthPresent"),
        // Where it isn't known, a policy that asks for it decides nothing.
        _ => {
            if let Some(mfa) = session.mfa {
                context.set("aws:MultiFactorAuthPresent", mfa.to_string());
            }
        }
    }
    if session.mfa == Some(false) || session.kind == SessionKind::GetFederationToken {
        context.set_absent("aws:MultiFactorAuthAge");
    }
    match &session.source_identity {
        Some(identity) => context.set("aws:SourceIdentity", identity),
        None if session.is_untold => {}
        None => context.set_absent("aws:SourceIdentity"),
    }
    context
}

fn user_principal(account: &Account, user: &User) -> Principal {
    Principal {
        kind: PrincipalKind::User,
        account: account.id.clone(),
        arn: account.user_arn(user),
        session_arn: None,
        user_id: user.id.clone(),
        issuer_arn: None,
    }
}

fn federated_principal(account: &Account, user: &User, name: &str) -> Principal {
    let arn = Arn::sts(&account.partition, &account.id, &format!("federated-user/{name}"));
    Principal {
        kind: PrincipalKind::FederatedUser,
        account: account.id.clone(),
        arn: arn.clone(),
        session_arn: Some(arn),
        user_id: format!("{}:{name}", account.id),
        issuer_arn: Some(account.user_arn(user)),
    }
}

fn role_principal(account: &Account, role: &Role, session: &str) -> Principal {
    let resource = format!("assumed-role/{}/{session}", role.name);
    Principal {
        kind: PrincipalKind::RoleSession,
        account: account.id.clone(),
        arn: account.role_arn(role),
        session_arn: Some(Arn::sts(&account.partition, &account.id, &resource)),
        user_id: format!("{}:{session}", role.id),
        issuer_arn: None,
    }
}

/// The account's root user as policies see it.
pub fn root_principal(account: &Account) -> Principal {
    Principal {
        kind: PrincipalKind::Root,
        account: account.id.clone(),
        arn: Arn::iam(&account.partition, &account.id, "root", "", ""),
        session_arn: None,
        user_id: account.id.to_string(),
        issuer_arn: None,
    }
}
