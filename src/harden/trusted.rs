//! Whom a role trusts.

use crate::account::Role;
use crate::policy::{Effect, Listed, Named};
use std::collections::BTreeSet;

/// Everybody whom a statement of the role's trust policy that allows names.
pub(super) fn trusted(role: &Role) -> Vec<Named> {
    let Ok(trust) = role.trust.parse() else {
        return Vec::new();
    };
    let allows = trust
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow);
    let named = allows.filter_map(|statement| match &statement.principal {
        Some(Listed::These(named)) => Some(named.clone()),
        _ => None,
    });
    named.flatten().collect()
}

/// The services among them.
pub(super) fn services(role: &Role) -> BTreeSet<String> {
    let services = trusted(role).into_iter().filter_map(|named| match named {
        Named::Service(name) => Some(name),
        _ => None,
    });
    services.collect()
}
