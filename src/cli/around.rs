//! The account around a family, whose members are called by the names that they have by now.
//!
//! The trail tells names as they were. A user who was renamed keeps his keys, and somebody else may bear his name: that no such user is there any more, or that
//! he has no such key, says nothing of the key. So it is asked whose it is.

use super::exit::Failure;
use crate::collect::{self, Collected, Held, Scope};
use crate::ids::AccessKeyId;
use crate::lineage::{Kind, Lineage};
use crate::mount::Clients;
use crate::plan::{given_to, see_doors, users_with_footholds};
use crate::time::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// Reads the account around `users` and `roles` and those of the family. Gives with it why somebody's keys may be another's.
pub(super) async fn around(
    clients: &Clients,
    lineage: &mut Lineage,
    mut users: BTreeSet<String>,
    mut roles: BTreeSet<String>,
) -> Result<(Collected, Vec<String>), Failure> {
    let long_term = lineage
        .credentials
        .iter()
        .filter(|member| member.kind == Kind::LongTerm);
    let keys: BTreeSet<AccessKeyId> = long_term.map(|member| member.key.clone()).collect();
    let mut held = collect::holders(clients, &keys).await;
    users.extend(named(lineage, &held));
    roles.extend(
        lineage
            .credentials
            .iter()
            .filter_map(|member| member.role().map(str::to_owned)),
    );
    let scope = |users: &BTreeSet<String>| Scope::Around {
        users: users.clone(),
        roles: roles.clone(),
    };
    let mut collected = collect::account(clients, scope(&users)).await?;
    lineage.follow_names(&collected.account);
    let mut gaps = Vec::new();
    gaps.extend(who_was_given(clients, lineage, &collected).await);
    let untold = untold(lineage, &held, &collected);
    if !untold.is_empty() {
        match collect::among_all_users(clients, &collected.account, &untold).await {
            Ok(found) => held.extend(found),
            Err(why) => {
                for key in &untold {
                    lineage.is_held_by(key, None, &collected.account.id);
                    gaps.push(format!("whose key {key} is by now could not be told: {why}"));
                }
            }
        }
    }
    let all: BTreeSet<String> = named(lineage, &held);
    let more = all
        .difference(&users)
        .any(|name| collected.account.users.contains_key(name));
    if more {
        users.extend(all);
        collected = collect::account(clients, scope(&users)).await?;
    }
    for (key, held) in &held {
        if let Held::By(name) = held
            && let Some(user) = collected.account.users.get(name)
        {
            lineage.is_held_by(key, Some(user), &collected.account.id);
        }
    }
    // Behind the reading: a door that was seen shut may have been shut until then.
    see_doors(lineage, &collected.account, clients.now());
    Ok((collected, gaps))
}

/// Takes down who it is by unique ID to whom the family gave a password or the like: others may have renamed him since. Gives why that can't be told where it
/// can't.
async fn who_was_given(clients: &Clients, lineage: &mut Lineage, collected: &Collected) -> Option<String> {
    let given = given_to(lineage);
    let unknown = given.iter();
    let unknown = unknown.filter(|(name, at, is_new)| lineage.bearer(name, *at, *is_new).is_none());
    let mut why = None;
    if let Some(since) = unknown.map(|(_, at, _)| *at).min() {
        // A record tells whole seconds.
        let since = Moment::from_millis(since.seconds() * 1000);
        match collect::renamings(clients, &collected.account.partition, since).await {
            Ok(renamed) => lineage.renamed.extend(renamed),
            Err(error) => why = Some(format!("whether users were renamed could not be told: {error}")),
        }
    }
    for (name, at, is_new) in &given {
        lineage.take_down(name, *at, *is_new, &collected.account);
    }
    why
}

/// Everybody whose credentials tell something of the family.
fn named(lineage: &Lineage, held: &BTreeMap<AccessKeyId, Held>) -> BTreeSet<String> {
    let members = lineage
        .credentials
        .iter()
        .filter_map(|member| member.user().map(str::to_owned));
    let holders = held.values().filter_map(|held| match held {
        Held::By(name) => Some(name.clone()),
        _ => None,
    });
    members.chain(holders).chain(users_with_footholds(lineage)).collect()
}

/// Keys of this account that nobody is known to hold, and that nobody is known not to.
fn untold(lineage: &Lineage, held: &BTreeMap<AccessKeyId, Held>, collected: &Collected) -> BTreeSet<AccessKeyId> {
    let account = &collected.account;
    let members = lineage.credentials.iter().filter(|member| {
        let is_here = member.account.as_ref().is_none_or(|of| *of == account.id);
        is_here && held.get(&member.key) == Some(&Held::Untold) && account.owner_of_key(&member.key).is_none()
    });
    members.map(|member| member.key.clone()).collect()
}
