//! What is left to a credential, by service.

use super::prove::{Finding, Prover};
use super::{Standing, token_of};
use crate::account::{Account, Session};
use crate::catalogue::{Level, catalogue};
use crate::ids::AccessKeyId;
use crate::policy::StatementRef;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is left of one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// The service, as its actions name it.
    pub service: String,
    /// How many of its actions are allowed on something, whatever it is, for some request.
    pub actions: usize,
    /// The widest kind of access.
    pub level: Level,
    /// An action of that kind.
    pub action: String,
    /// A resource that it is allowed on; a made-up name where any of a kind will do.
    pub resource: String,
    /// The statement that allows it; `None` for the root user.
    pub by: Option<StatementRef>,
}

/// What is left to the credential `key`, the widest first; nothing for one that is dead.
pub fn left(account: &Account, sessions: &[Session], key: &AccessKeyId, now: Moment) -> Vec<Left> {
    let Ok(standing) = Standing::of(account, sessions, key, now) else {
        return Vec::new();
    };
    let own = of(&standing);
    let holder = account.owner_of_key(key).filter(|_| standing.session.is_none());
    match holder.filter(|_| own.is_empty()) {
        None => own,
        // What a key may not do itself the token may that it can mint.
        Some((user, _)) => {
            let token = token_of(user, key, now);
            let minted = Standing::of(account, std::slice::from_ref(&token), key, token.issued);
            minted.map(|standing| of(&standing)).unwrap_or_default()
        }
    }
}

fn of(standing: &Standing<'_>) -> Vec<Left> {
    let mut by_service: BTreeMap<String, Left> = BTreeMap::new();
    for (finding, services) in Prover::new(standing).all_left() {
        let Finding::Found { action, resource, by } = finding else {
            continue;
        };
        for (service, count) in services {
            // The example is of one service; what is alike in others is named by their own first action.
            let own = action.strip_prefix(&format!("{service}:")).is_some();
            let example = if own { Some(action.clone()) } else { first_of(&service) };
            let Some(example) = example else { continue };
            let level = catalogue().level_of(&example);
            let found = Left {
                service: service.clone(),
                actions: count,
                level,
                action: example,
                resource: if own { resource.clone() } else { "*".to_owned() },
                by: by.clone(),
            };
            let known = by_service.entry(service).or_insert_with(|| Left {
                actions: 0,
                ..found.clone()
            });
            known.actions += count;
            if level > known.level {
                *known = Left {
                    actions: known.actions,
                    ..found
                };
            }
        }
    }
    let mut left: Vec<Left> = by_service.into_values().collect();
    left.sort_by(|one, two| (two.level, two.actions, &one.service).cmp(&(one.level, one.actions, &two.service)));
    left
}

fn first_of(service: &str) -> Option<String> {
    let actions = &catalogue().services.get(service)?.actions;
    let widest = actions.iter().max_by_key(|action| action.level)?;
    Some(format!("{service}:{}", widest.name))
}
