//! Whose records beside the family's own tell how its sessions came to be and what came of them. A file is read for all of that at once; a source that answers
//! questions is asked for it.

use super::Lineage;
use super::holder::role_of;
use super::let_in::{calls, sign_ins};
use super::mint::is_mint;
use crate::account::Holder;
use crate::ids::{AccessKeyId, Arn};
use crate::trail::{Event, Evidence};
use std::collections::BTreeSet;

/// Them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Related {
    /// Users and roles by unique ID: whose rights the family carries, who called where a record of a mint leaves the key out, and what the family switched to.
    pub principals: BTreeSet<String>,
    /// ARNs of the family's users and roles, and of those who switched to a role of it: the record of a switch names who switched by ARN alone. A role's ends
    /// before the name of the session.
    pub arns: BTreeSet<String>,
    /// Users by name: somebody may have set a password of theirs.
    pub users: BTreeSet<String>,
    /// What the records of one mint in several accounts share.
    pub shared: BTreeSet<String>,
}

/// Whose records bear on the family, as far as the evidence leads to them.
pub fn related(evidence: &Evidence, lineage: &Lineage) -> Related {
    let keys: BTreeSet<&AccessKeyId> = lineage.credentials.iter().map(|member| &member.key).collect();
    let mut related = Related::default();
    for holder in lineage.credentials.iter().filter_map(|member| member.holder.as_ref()) {
        related.hold(holder);
    }
    // Of a member that never called under its key, what its session did tells whose it is.
    for (_, event) in calls(evidence, lineage) {
        related.principals.extend(principal(event));
    }
    // Whoever bears a sign-in of the family may be of it; where a record leaves the key out, the others of the session tell which that is.
    let sign_ins = sign_ins(evidence, lineage);
    let bears = |event: &Event| {
        event
            .identity
            .sign_in
            .as_ref()
            .is_some_and(|one| sign_ins.contains(one))
    };
    let events = evidence.events();
    for event in events.iter().filter(|event| bears(event)) {
        related.principals.extend(principal(event));
    }
    for event in &events {
        let is_own = event.identity.key.as_ref().is_some_and(|key| keys.contains(key));
        let given = event.given_key().and_then(|key| key.parse().ok());
        let is_given = given.is_some_and(|key: AccessKeyId| keys.contains(&key));
        if is_own || is_given {
            related.arns.extend(event.identity.arn.as_ref().map(bearer));
            let role = role_of(event, "arn").and_then(|arn| arn.parse().ok());
            related.arns.extend(role.as_ref().map(bearer));
        }
        if is_given && event.identity.key.is_none() {
            related.principals.extend(principal(event));
        }
        let is_shared = is_mint(event) && (is_own || is_given);
        related.shared.extend(event.shared_id.clone().filter(|_| is_shared));
    }
    for event in &events {
        let Some((from, to)) = event.switched_from.as_ref().zip(principal(event)) else {
            continue;
        };
        if related.principals.contains(&to) {
            related.arns.insert(bearer(from));
        } else if related.arns.contains(&bearer(from)) {
            related.principals.insert(to);
        }
    }
    related
}

/// The user or role whose rights the caller carries, by unique ID.
fn principal(event: &Event) -> Option<String> {
    let identity = &event.identity;
    let issuer = identity.issuer.as_ref();
    let own = || identity.principal_id.as_deref()?.split(':').next().map(str::to_owned);
    issuer.and_then(|issuer| issuer.principal_id.clone()).or_else(own)
}

/// An ARN of a role's session without the name of that: whoever has the role may have switched.
fn bearer(arn: &Arn) -> String {
    let of_role = arn.as_str().split_once(":assumed-role/");
    let role = of_role.and_then(|(account, rest)| Some(format!("{account}:assumed-role/{}", rest.split('/').next()?)));
    role.unwrap_or_else(|| arn.as_str().to_owned())
}

impl Related {
    fn hold(&mut self, holder: &Holder) {
        let (id, user) = match holder {
            Holder::User { id, name } => (id, Some(name)),
            Holder::FederatedUser { user_id, user, .. } => (user_id, Some(user)),
            Holder::Role { id, .. } => (id, None),
            Holder::Root => return,
        };
        self.principals.extend(Some(id.clone()).filter(|id| !id.is_empty()));
        self.users.extend(user.cloned());
    }

    /// What is not in `done`.
    pub fn beyond(&self, done: &Related) -> Related {
        Related {
            principals: self.principals.difference(&done.principals).cloned().collect(),
            arns: self.arns.difference(&done.arns).cloned().collect(),
            users: self.users.difference(&done.users).cloned().collect(),
            shared: self.shared.difference(&done.shared).cloned().collect(),
        }
    }

    /// Adds what is in `other`.
    pub fn add(&mut self, other: &Related) {
        self.principals.extend(other.principals.iter().cloned());
        self.arns.extend(other.arns.iter().cloned());
        self.users.extend(other.users.iter().cloned());
        self.shared.extend(other.shared.iter().cloned());
    }
}
