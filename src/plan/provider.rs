//! Identity providers that the family made or changed: which roles trust one, and whether a session of whoever came in by one may still live.
//!
//! A role that doesn't trust a provider any more goes on with the sessions that it gave: as with a door that is shut again, see [`super::door`].

use super::door::{LONGEST_SECONDS, SPREADS_SECONDS, cut, strangers};
use super::foothold::State;
use super::left_behind::{Kind, kind};
use crate::account::{Account, Role};
use crate::lineage::Lineage;
use crate::policy::{Listed, Named};
use crate::time::Moment;
use crate::verdict::of_fresh_role;
use std::collections::BTreeMap;

/// Roles of AWS's services: nobody can say that they trust a provider.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>
const OF_SERVICES: &str = "/aws-service-role/";

/// A kind of provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    Saml,
    Oidc,
    RolesAnywhere,
}

impl Provider {
    const ALL: [Provider; 3] = [Provider::Saml, Provider::Oidc, Provider::RolesAnywhere];

    /// What its ARN has, or the service that it is.
    fn mark(self) -> &'static str {
        match self {
            Provider::Saml => "saml-provider/",
            Provider::Oidc => "oidc-provider/",
            Provider::RolesAnywhere => "rolesanywhere.amazonaws.com",
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Provider::Saml => "a SAML provider",
            Provider::Oidc => "an OIDC provider",
            Provider::RolesAnywhere => "IAM Roles Anywhere",
        }
    }

    /// The provider that a call is about.
    fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::SamlProvider => Some(Provider::Saml),
            Kind::OidcProvider => Some(Provider::Oidc),
            Kind::RolesAnywhere => Some(Provider::RolesAnywhere),
            _ => None,
        }
    }

    /// Whether the role trusts one; one that isn't understood may.
    fn is_trusted_by(self, role: &Role, account: &Account) -> bool {
        let by_service = |named: &Listed<Vec<Named>>| match named {
            Listed::These(named) => named.contains(&Named::Service(self.mark().to_owned())),
            Listed::AllBut(_) => true,
        };
        match self {
            Provider::Saml | Provider::Oidc => {
                let strangers = strangers(role, account);
                strangers.is_none_or(|strangers| strangers.iter().any(|one| one.contains(self.mark())))
            }
            Provider::RolesAnywhere => role.trust.parse().map_or(true, |document| {
                let statements = document.statements.iter();
                statements
                    .filter_map(|statement| statement.principal.as_ref())
                    .any(by_service)
            }),
        }
    }

    fn trusting(self, account: &Account) -> Vec<&str> {
        let roles = account.roles.values().filter(|role| self.is_trusted_by(role, account));
        roles.map(|role| role.name.as_str()).collect()
    }

    /// When the family last made or changed one.
    fn changed(self, lineage: &Lineage) -> Option<Moment> {
        let of = lineage
            .made
            .iter()
            .filter(|made| kind(made).and_then(Provider::of) == Some(self));
        of.map(|made| made.at).max()
    }

    /// Until when whoever came in by one that no role trusts any more may hold a session; `None` where nobody does at `now`. Which role it was that let him
    /// in isn't known, and where nobody saw when it ceased to, it may have been now.
    fn alive_until(self, lineage: &Lineage, account: &Account, now: Moment) -> Option<Moment> {
        let last = self.changed(lineage);
        let seen = lineage.untrusted.get(self.mark()).copied();
        let seen = seen.filter(|seen| *seen <= now && last.is_none_or(|last| last < *seen));
        let shut = seen.unwrap_or(now).plus_seconds(SPREADS_SECONDS);
        let until = shut.plus_seconds(i64::from(LONGEST_SECONDS));
        let may_live = |role: &Role| {
            let is_revoked = cut(role).is_some_and(|cut| cut >= shut);
            !role.path.starts_with(OF_SERVICES) && !is_revoked && !of_fresh_role(account, role).is_contained()
        };
        (until > now && account.roles.values().any(may_live)).then_some(until)
    }

    fn state(self, lineage: &Lineage, account: &Account, now: Moment) -> State {
        let whom = self.describe();
        let roles = self.trusting(account);
        if !roles.is_empty() {
            let shown: Vec<&str> = roles.iter().take(5).copied().collect();
            return State::Unknown(format!(
                "{} roles trust {whom} ({}, ...): look at it by hand",
                roles.len(),
                shown.join(", ")
            ));
        }
        match self.alive_until(lineage, account, now) {
            None => State::Closed(format!(
                "no role trusts {whom}, and whoever came in by one before has no session that lives"
            )),
            Some(until) => State::Unknown(format!(
                "no role trusts {whom} now, but one may have until a moment ago, and whoever came in by it may have a session until {until}: look which role \
                 it was, and revoke its sessions"
            )),
        }
    }
}

/// Whether a call that is about a provider lets anybody in; `None` for other calls.
pub(super) fn judged(kind: Kind, lineage: &Lineage, account: &Account, now: Moment) -> Option<State> {
    Some(Provider::of(kind)?.state(lineage, account, now))
}

/// Keeps in mind of the kinds of providers that the family changed since when no role is seen to trust one.
pub(super) fn see(lineage: &Lineage, account: &Account, now: Moment) -> BTreeMap<String, Moment> {
    let changed = Provider::ALL
        .iter()
        .filter_map(|one| Some((one, one.changed(lineage)?)));
    let untrusted = changed.filter(|(one, _)| one.trusting(account).is_empty());
    let since = untrusted.map(|(one, last)| {
        let known = lineage.untrusted.get(one.mark()).filter(|known| last < **known);
        (one.mark().to_owned(), known.copied().unwrap_or(now))
    });
    since.collect()
}
