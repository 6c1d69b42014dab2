//! Whether a `Principal` element names a caller, and how directly.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use super::document::{Listed, Named};
use super::principal::{Principal, PrincipalKind};
use super::truth::Truth;
use crate::ids::{AccountId, Arn, PrincipalArn};

/// How a resource policy names the caller, in order of directness: it says whose implicit denies an Allow leaves behind.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Naming {
    /// The account as a whole: it may delegate, so an identity policy must allow too.
    Account,
    /// The role of a session, or the user who issued a federated one: boundary and session policy still limit.
    Holder,
    /// The caller itself, the user, the session or everybody: no implicit deny limits.
    Itself,
}

impl Listed<Vec<Named>> {
    /// Every way in which the caller is named, or may be.
    pub(crate) fn namings(&self, principal: &Principal) -> Vec<(Naming, Truth)> {
        match self {
            Listed::These(named) => {
                let ways = named.iter().map(|one| one.names(principal));
                ways.filter(|(_, truth)| !truth.is_false()).collect()
            }
            Listed::AllBut(_) => vec![(Naming::Itself, Truth::unsupported("`NotPrincipal` with `Allow`"))],
        }
    }

    /// Whether a Deny with this element is meant for the caller.
    pub(super) fn denies(&self, principal: &Principal, has_boundary: bool) -> Truth {
        match self {
            Listed::These(named) => Truth::any(named.iter().map(|one| one.names(principal).1)),
            Listed::AllBut(named) => spared(named, principal, has_boundary),
        }
    }
}

/// `NotPrincipal` with `Deny`: whether the caller is denied. Who has a boundary always is; who is to be spared must be named
/// with the account, the user or role, and the session. Named in part, it is not documented what happens.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn spared(named: &[Named], principal: &Principal, has_boundary: bool) -> Truth {
    if has_boundary {
        return Truth::True;
    }
    let ways: Vec<(Naming, Truth)> = named.iter().map(|one| one.names(principal)).collect();
    let by = |naming| {
        let such = ways.iter().filter(|(way, _)| *way == naming);
        Truth::any(such.map(|(_, truth)| truth.clone()))
    };
    let everybody = named.contains(&Named::Everybody);
    let in_full = match principal.kind {
        _ if everybody => Truth::True,
        PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous => by(Naming::Itself),
        PrincipalKind::Root => by(Naming::Account),
        PrincipalKind::User => by(Naming::Account).and(by(Naming::Itself)),
        PrincipalKind::RoleSession | PrincipalKind::FederatedUser => {
            by(Naming::Account).and(by(Naming::Holder)).and(by(Naming::Itself))
        }
    };
    let at_all = Truth::any(ways.iter().map(|(_, truth)| truth.clone()));
    match (in_full, at_all) {
        (Truth::True, _) => Truth::False,
        (_, Truth::False) => Truth::True,
        _ => Truth::unsupported("`NotPrincipal` that names the caller in part"),
    }
}

impl Named {
    fn names(&self, principal: &Principal) -> (Naming, Truth) {
        match self {
            Named::Everybody => (Naming::Itself, Truth::True),
            Named::Aws(text) => aws(text, principal),
            // No wildcard stands for services; a policy that has one cannot be saved.
            Named::Service(service) if service.contains('*') && principal.kind == PrincipalKind::Service => (
                Naming::Itself,
                Truth::unsupported(format!("the service principal `{service}` with a wildcard")),
            ),
            Named::Service(service) => {
                let same = principal.kind == PrincipalKind::Service && principal.user_id == *service;
                (Naming::Itself, same.into())
            }
            Named::Federated(provider) => {
                let same = principal.kind == PrincipalKind::Federated && principal.user_id == *provider;
                (Naming::Itself, same.into())
            }
            Named::CanonicalUser(_) if principal.is_outside() => (Naming::Account, Truth::False),
            Named::CanonicalUser(_) => (Naming::Account, Truth::unsupported("a canonical user ID as principal")),
        }
    }
}

fn aws(text: &str, principal: &Principal) -> (Naming, Truth) {
    // No `AWS` principal but `*` names them.
    if principal.is_outside() {
        return (Naming::Account, Truth::False);
    }
    if text.contains(['*', '?']) {
        // IAM refuses a wildcard inside an ARN here.
        let gap = Truth::unsupported(format!("the principal `{text}` with a wildcard"));
        return (Naming::Itself, gap);
    }
    if text == principal.account.as_str() {
        return (Naming::Account, Truth::True);
    }
    match text.parse::<Arn>() {
        Ok(arn) if may_be(&arn, principal) => {
            let gap = Truth::unsupported(format!("the principal `{text}`, which may be the caller"));
            (Naming::Holder, gap)
        }
        Ok(arn) => (naming_of(&arn, principal)).map_or((Naming::Account, Truth::False), |way| (way, Truth::True)),
        // The ID of another account.
        Err(_) if text.parse::<AccountId>().is_ok() => (Naming::Account, Truth::False),
        Err(_) => unique_id(text, principal),
    }
}

/// Whether the ARN may name a caller of whom not all is known: a session without its name, a federated user without its issuer.
fn may_be(arn: &Arn, principal: &Principal) -> bool {
    let named = PrincipalArn::of(arn).filter(|_| arn.account().as_ref() == Some(&principal.account));
    match (principal.kind, named) {
        (PrincipalKind::RoleSession, Some(PrincipalArn::RoleSession { role, .. })) => {
            principal.session_arn.is_none() && role == principal.arn.name()
        }
        (PrincipalKind::FederatedUser, Some(PrincipalArn::User(_))) => principal.issuer_arn.is_none(),
        _ => false,
    }
}

fn naming_of(arn: &Arn, principal: &Principal) -> Option<Naming> {
    if PrincipalArn::of(arn) == Some(PrincipalArn::Root) {
        return (arn.account().as_ref() == Some(&principal.account)).then_some(Naming::Account);
    }
    if principal.session_arn.as_ref() == Some(arn) {
        return Some(Naming::Itself);
    }
    if principal.arn == *arn {
        return Some(match principal.kind {
            PrincipalKind::RoleSession => Naming::Holder,
            _ => Naming::Itself,
        });
    }
    (principal.issuer_arn.as_ref() == Some(arn)).then_some(Naming::Holder)
}

/// What IAM puts in place of the ARN of a principal that was deleted: it never names one of the same name that came later.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn unique_id(text: &str, principal: &Principal) -> (Naming, Truth) {
    let (holder, session) = match principal.user_id.split_once(':') {
        Some((holder, _)) => (holder, true),
        None => (principal.user_id.as_str(), false),
    };
    match principal.kind {
        // The unique ID of the user who issued it is no part of a federated caller.
        PrincipalKind::FederatedUser if text.starts_with("AIDA") => (
            Naming::Holder,
            Truth::unsupported(format!("the unique ID `{text}` as principal")),
        ),
        // A session that came without its role's unique ID may be the one that is meant.
        _ if holder.is_empty() => (
            Naming::Holder,
            Truth::unsupported(format!("the unique ID `{text}` as principal")),
        ),
        _ if text == principal.user_id => (Naming::Itself, Truth::True),
        _ if session && text == holder => (Naming::Holder, Truth::True),
        _ => (Naming::Account, Truth::False),
    }
}
