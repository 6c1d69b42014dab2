//! What is refused before anything else: cutting off the one who signs, and keys that cannot be contained here.

use super::Facts;
use super::door::is_opened;
use crate::account::Holder;
use crate::ids::{AccessKeyId, Arn, PrincipalArn};
use crate::lineage::{Credential, Kind, Lineage};
use crate::origin::Origin;
use serde::Serialize;
use std::collections::BTreeSet;

/// Why a plan is not made or not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The caller is the key, user, role or session that is about to be cut, or comes from the key.
    #[error("you sign as {caller}, which this plan would cut off: {why}; nothing was changed")]
    OwnCredentials {
        /// Who signs.
        caller: String,
        /// How it is hit.
        why: String,
    },
    /// No policy reaches the root user.
    #[error(
        "{key} is the root user's, or must be taken for it (no user has it, and root has keys): no policy reaches the root user; nothing was changed"
    )]
    RootKey {
        /// The key.
        key: AccessKeyId,
    },
    /// Not a key, or another account's.
    #[error("{0}; nothing was changed")]
    OutOfReach(String),
    /// Nobody in the account has it and nothing is known of it.
    #[error("nobody in the account has {key}, and no evidence speaks of it: {hint}; nothing was changed")]
    UnknownKey {
        /// The key.
        key: AccessKeyId,
        /// What it may be.
        hint: String,
    },
}

impl Refusal {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::OwnCredentials { .. } => "refused.own_credentials",
            Refusal::RootKey { .. } => "refused.root_key",
            Refusal::OutOfReach(_) => "refused.out_of_reach",
            Refusal::UnknownKey { .. } => "refused.unknown_key",
        }
    }

    /// What to do instead.
    pub fn hint(&self) -> &'static str {
        match self {
            Refusal::OwnCredentials { .. } => {
                "sign as a principal that has nothing to do with the incident, such as a break-glass role"
            }
            Refusal::RootKey { .. } => {
                "sign in as root and delete the key, or use centralized root access (sts:AssumeRoot with IAMDeleteRootUserCredentials); in a member account an SCP reaches root"
            }
            Refusal::OutOfReach(_) => "use credentials of the account that the key belongs to",
            Refusal::UnknownKey { .. } => {
                "check the key; give the account's CloudTrail files with --logs, which know deleted keys too"
            }
        }
    }
}

/// Whether the plan must be refused: one key that can't be contained here is enough, since the incident would not end with the rest.
/// `signing_key` is the access key that signs, where it is known.
pub fn refusal(
    facts: Facts<'_>,
    origins: &[Origin],
    caller: &Arn,
    signing_key: Option<&AccessKeyId>,
) -> Option<Refusal> {
    if let Some(why) = origins.iter().find_map(Origin::out_of_reach) {
        return Some(Refusal::OutOfReach(why));
    }
    if let Some(refusal) = facts.lineage.roots().find_map(|root| unreached(facts, root, origins)) {
        return Some(refusal);
    }
    if let Some(refusal) = responder_denied(facts) {
        return Some(refusal);
    }
    let users: BTreeSet<&str> = facts.users().into_iter().map(|user| user.name.as_str()).collect();
    own_credentials(facts.lineage, &users, caller, signing_key)
}

/// Whether the responder, in the organization or in the account, is one of those whom a service control policy would deny everything.
fn responder_denied(facts: Facts<'_>) -> Option<Refusal> {
    let responder = facts.account.organization.as_ref()?.responder.as_ref()?;
    let denied = super::quarantine::denied(facts);
    let hit = [&responder.in_account, &responder.in_organization]
        .into_iter()
        .find(|arn| denied.contains(arn))?;
    Some(Refusal::OwnCredentials {
        caller: hit.to_string(),
        why: "the service control policy denies it everything".to_owned(),
    })
}

/// Why nothing can be done about what comes from `root`, if nothing can.
fn unreached(facts: Facts<'_>, root: &Credential, origins: &[Origin]) -> Option<Refusal> {
    let has_user = facts.user_of(root).is_some();
    let mut of_root = origins.iter().filter(|origin| {
        let found = facts.lineage.root_of(&origin.key);
        origin.key == root.key || found.is_some_and(|found| found.key == root.key)
    });
    let may_be_root = of_root.clone().any(Origin::may_be_root);
    if matches!(root.holder, Some(Holder::Root)) || may_be_root && root.uses.is_empty() && !has_user {
        return Some(Refusal::RootKey { key: root.key.clone() });
    }
    let by_root = |member: &Credential| member.minted.as_ref().is_some_and(|mint| mint.by == root.key);
    let silent = root.uses.is_empty() && !facts.lineage.credentials.iter().any(by_root);
    if has_user || !silent || root.kind == Kind::RoleSession {
        return None;
    }
    let hint = match of_root.find_map(|origin| origin.user.as_ref()) {
        Some(user) => format!("user `{user}` held it"),
        None => "it may be deleted, garbled, or of another account".to_owned(),
    };
    Some(Refusal::UnknownKey {
        key: root.key.clone(),
        hint,
    })
}

/// Whether the one who signs would be cut off: by being the key, a member of its family, one of `users` (the compromised ones), or a session of
/// a user or role that is revoked. Needs nothing of the account, so that it can be asked before the account is read.
pub fn own_credentials(
    lineage: &Lineage,
    users: &BTreeSet<&str>,
    caller: &Arn,
    signing_key: Option<&AccessKeyId>,
) -> Option<Refusal> {
    let why = match (
        signing_key.and_then(|key| lineage.member(key)),
        PrincipalArn::of(caller),
    ) {
        (Some(member), _) => format!("your key is {} of the family", member.label),
        (None, Some(PrincipalArn::User(name))) => {
            let session = signing_key.is_none_or(|key| key.as_str().starts_with("ASIA"));
            let other = lineage
                .credentials
                .iter()
                .filter(|member| member.minted.is_some())
                .any(|member| member.kind == Kind::LongTerm && member.user() == Some(&name));
            match users.contains(name.as_str()) {
                true => format!("user `{name}` is the compromised one"),
                _ if other && session => format!("the sessions of user `{name}` are revoked"),
                _ => return None,
            }
        }
        (None, Some(PrincipalArn::FederatedUser(_))) => {
            format!("a federated session may be bounded by user `{}`", users.first()?)
        }
        (None, Some(PrincipalArn::RoleSession { role, .. })) => {
            let here = caller.account()?;
            if !lineage.roles(&here).contains(&role) && !is_opened(lineage, &role) {
                return None;
            }
            format!("the sessions of role `{role}` are revoked")
        }
        _ => return None,
    };
    Some(Refusal::OwnCredentials {
        caller: caller.to_string(),
        why,
    })
}
