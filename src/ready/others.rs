//! Everybody in the account but the responder, as policies see them.

use crate::account::Account;
use crate::ids::{Arn, PrincipalArn};
use crate::policy::{Effect, Listed, Named, PrincipalKind};
use crate::time::Moment;
use crate::verdict::Standing;
use std::collections::BTreeSet;

/// Decisions that are made for one principal and call at most: a large account is answered by its first users, which is said.
pub(super) const MOST_TRIED: usize = 500;

/// Everybody in the account but the responder and the roles that belong to AWS's services, as policies see them, MFA given or not.
pub(super) fn others<'a>(account: &'a Account, responder: &Arn, now: Moment) -> Vec<(Arn, Standing<'a>)> {
    let users = account.users.values().map(|user| {
        let mut standing = Standing::of_user(account, user);
        for key in ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"] {
            standing.context.unset(key);
        }
        (account.user_arn(user), standing)
    });
    let roles = account
        .roles
        .values()
        .filter(|role| !role.path.starts_with("/aws-service-role/"));
    let roles = roles.map(|role| (account.role_arn(role), Standing::of_fresh_role(account, role, now)));
    let all = users.chain(roles);
    all.filter(|(arn, _)| arn != responder).collect()
}

/// Whether some policy of its own allows the call at all: most principals need no further look.
pub(super) fn is_granted(standing: &Standing<'_>, action: &str) -> bool {
    let lower = action.to_ascii_lowercase();
    let documents = standing.policies.identity.iter().map(|placed| &placed.document);
    let mut statements = documents.flat_map(|document| &document.statements);
    let granted = statements.any(|statement| statement.effect == Effect::Allow && statement.is_about(&lower));
    // Root needs no policy, and what was not read may grant anything.
    granted || standing.principal.kind == PrincipalKind::Root || !standing.policies.gaps.is_empty()
}

/// The users and roles whom the trust policy of the responder's role names: they are meant to become it.
pub(super) fn let_in(account: &Account, responder: &Arn) -> BTreeSet<Arn> {
    let role = match PrincipalArn::of(responder) {
        Some(PrincipalArn::Role(name)) => account.roles.get(&name),
        _ => None,
    };
    let Some(trust) = role.and_then(|role| role.trust.parse().ok()) else {
        return BTreeSet::new();
    };
    let allows = trust
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow);
    let named = allows.flat_map(|statement| match &statement.principal {
        Some(Listed::These(named)) => named.as_slice(),
        _ => &[],
    });
    let arns = named.filter_map(|one| match one {
        Named::Aws(text) => text.parse::<Arn>().ok(),
        _ => None,
    });
    arns.filter(|arn| {
        matches!(
            PrincipalArn::of(arn),
            Some(PrincipalArn::User(_) | PrincipalArn::Role(_))
        )
    })
    .collect()
}
