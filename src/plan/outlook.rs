//! What the holder of the family could have become beside what the trail shows that he did.

use super::foothold::{BEHIND_EVERY_CUT_SECONDS, users_with_footholds};
use crate::account::{Account, Session, is_same_name};
use crate::ids::{Arn, PrincipalArn};
use crate::lineage::{Credential, Lineage};
use crate::reach::{Hop, Reach, Reachable};
use crate::time::Moment;
use crate::verdict::{Memory, Standing};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody whom the holder of the family could become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Could {
    /// With which member of the family.
    pub with: String,
    /// Whom, and how.
    #[serde(flatten)]
    pub whom: Reachable,
    /// Whether the trail shows that he did: a credential of that principal is in the family, or the family made a password or the like for it.
    pub did: bool,
}

/// Reach of a family in one state of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// Everybody whom some living member's holder could become, the certain and the near first.
    pub could: Vec<Could>,
    /// Members whose holder could write or lift their own policies, with the call.
    pub own_policies: BTreeMap<String, Hop>,
    /// Roles that anybody in any AWS account may assume, by their trust policies. They are open whatever becomes of the family.
    pub open_doors: Vec<Arn>,
}

/// What the holder of those members can become that aren't proven useless at `now`.
pub fn outlook(lineage: &Lineage, account: &Account, now: Moment) -> Outlook {
    let mut reach = Reach::of(account, now.plus_seconds(BEHIND_EVERY_CUT_SECONDS));
    let mut memory = Memory::default();
    memory.look_at(account);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut nearest: BTreeMap<Arn, Could> = BTreeMap::new();
    let mut outlook = Outlook::default();
    for member in &lineage.credentials {
        let elsewhere = member.account.as_ref().is_some_and(|of| *of != account.id);
        // Two sessions may have one key ID.
        let own = member.session();
        let sessions = own.as_slice();
        let Ok(standing) = Standing::of(account, sessions, &member.key, now) else {
            continue;
        };
        let contained = memory.verdict(account, sessions, &member.key, now).is_contained();
        // Sessions of one principal that differ in nothing that reach hangs on reach the same.
        if elsewhere || contained || !seen.insert(alike(&standing, own.as_ref())) {
            continue;
        }
        let reached = reach.from(&standing);
        outlook
            .own_policies
            .extend(reached.own_policies.map(|hop| (member.label.clone(), hop)));
        for whom in reached.principals {
            let could = Could {
                with: member.label.clone(),
                did: did(lineage, account, &whom.arn),
                whom,
            };
            let known = nearest.entry(could.whom.arn.clone()).or_insert_with(|| could.clone());
            if rank(&could) < rank(known) {
                *known = could;
            }
        }
    }
    outlook.could = nearest.into_values().collect();
    outlook.could.sort_by_key(rank);
    outlook.open_doors = reach
        .open_doors()
        .into_iter()
        .filter(|(_, sure)| *sure)
        .map(|(arn, _)| arn)
        .collect();
    outlook
}

fn rank(could: &Could) -> (bool, usize) {
    (!could.whom.sure, could.whom.path.len())
}

fn alike(standing: &Standing<'_>, session: Option<&Session>) -> String {
    let of_session = session.map(|one| {
        (
            one.kind,
            one.mfa,
            &one.policy,
            &one.policy_arns,
            &one.source_identity,
            &one.tags,
            one.is_untold,
        )
    });
    format!("{} {of_session:?}", standing.principal.arn)
}

fn did(lineage: &Lineage, account: &Account, arn: &Arn) -> bool {
    let here = |member: &&Credential| member.account.as_ref().is_none_or(|of| *of == account.id);
    let mut members = lineage.credentials.iter().filter(here);
    match PrincipalArn::of(arn) {
        // Who set somebody's password is taken to have become him.
        Some(PrincipalArn::User(name)) => {
            let own = lineage.users();
            let made_a_way = users_with_footholds(lineage)
                .iter()
                .any(|known| is_same_name(known, &name))
                && !own.contains(name.as_str());
            made_a_way || members.any(|member| member.user() == Some(&name))
        }
        Some(PrincipalArn::Role(name)) => members.any(|member| member.role() == Some(&name)),
        _ => false,
    }
}
