//! Does one statement match one request? It says what it finds; what follows from it is decided elsewhere.

use super::document::{Document, Effect, Listed, Named, Statement};
use super::glob::{glob_arn, glob_ignoring_case};
use super::principal::{Principal, PrincipalKind};
use super::truth::Truth;
use super::variable::{Unresolved, literal, resolve};
use super::{Context, Request, condition};
use crate::ids::{Arn, PrincipalArn};

/// How a resource policy names the caller. The order is that of directness.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    /// The account as a whole: it may delegate, so an identity policy must allow too.
    Account,
    /// The IAM user that a federated session was issued by.
    Issuer,
    /// The role of a role session.
    Role,
    /// The caller itself: user, session, or everybody.
    Itself,
}

impl Statement {
    /// Whether the statement matches the request in everything but its principal.
    pub(super) fn covers(&self, request: &Request<'_>, variables: bool) -> Truth {
        if !self.covers_action(request.action) {
            return Truth::False;
        }
        self.covers_resource(request.resource, request.context, variables)
            .and(self.conditions_hold(request.context, variables))
    }

    fn covers_action(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| glob_ignoring_case(pattern, action));
        match &self.actions {
            Listed::These(patterns) => any(patterns),
            Listed::AllBut(patterns) => !any(patterns),
        }
    }

    fn covers_resource(&self, resource: &str, context: &Context, variables: bool) -> Truth {
        let resource = literal(resource);
        let one = |pattern: &String| -> Truth {
            if !variables {
                return glob_arn(pattern, &resource).into();
            }
            match resolve(pattern, context) {
                Ok(pattern) => glob_arn(&pattern, &resource).into(),
                Err(Unresolved::Absent) => Truth::False,
                Err(Unresolved::Free(gap)) => Truth::unknown(gap),
            }
        };
        match &self.resources {
            None => Truth::True,
            Some(Listed::These(patterns)) => Truth::any(patterns.iter().map(one)),
            Some(Listed::AllBut(patterns)) => Truth::any(patterns.iter().map(one)).negate(),
        }
    }

    fn conditions_hold(&self, context: &Context, variables: bool) -> Truth {
        Truth::all(
            self.conditions
                .iter()
                .map(|one| condition::holds(one, context, variables)),
        )
    }

    /// How the statement names the caller; `None` when it doesn't. Without a principal element it is about whoever has the policy.
    pub(super) fn names(&self, principal: &Principal) -> Option<Naming> {
        match &self.principal {
            None => Some(Naming::Itself),
            Some(Listed::These(named)) => named.iter().filter_map(|one| one.names(principal)).max(),
            // NotPrincipal must list the account as well as the principal to spare it.
            Some(Listed::AllBut(named)) => {
                let spared = named.iter().filter_map(|one| one.names(principal)).max();
                (spared.is_none_or(|spared| spared == Naming::Account)).then_some(Naming::Itself)
            }
        }
    }

    /// Whether the statement denies every action on every resource to `principal`, whatever the free keys of `context` are.
    pub fn denies_everything(&self, document: &Document, principal: &Principal, context: &Context) -> Truth {
        let all_actions =
            matches!(&self.actions, Listed::These(actions) if actions.iter().any(|a| a == "*" || a == "*:*"));
        let all_resources = match &self.resources {
            None => true,
            Some(Listed::These(resources)) => resources.iter().any(|resource| resource == "*"),
            Some(Listed::AllBut(_)) => false,
        };
        if self.effect != Effect::Deny || !all_actions || !all_resources || self.names(principal).is_none() {
            return Truth::False;
        }
        self.conditions_hold(context, document.variables)
    }
}

impl Named {
    fn names(&self, principal: &Principal) -> Option<Naming> {
        match self {
            Named::Everybody => Some(Naming::Itself),
            Named::Aws(text) => names_aws(text, principal),
            Named::Service(service) => {
                (principal.kind == PrincipalKind::Service && principal.user_id == *service).then_some(Naming::Itself)
            }
            Named::Other(_) => None,
        }
    }
}

fn names_aws(text: &str, principal: &Principal) -> Option<Naming> {
    if principal.kind == PrincipalKind::Service || principal.kind == PrincipalKind::Anonymous {
        return None;
    }
    let unique = principal.user_id.split(':').next().unwrap_or_default();
    if text == principal.account.as_str() {
        return Some(Naming::Account);
    }
    // Principals of entities that were deleted, or saved by unique ID.
    if !text.contains(':') && text == unique {
        return Some(if principal.kind == PrincipalKind::RoleSession {
            Naming::Role
        } else {
            Naming::Itself
        });
    }
    let arn: Arn = text.parse().ok()?;
    if PrincipalArn::of(&arn) == Some(PrincipalArn::Root) {
        return (arn.account().as_ref() == Some(&principal.account)).then_some(Naming::Account);
    }
    if principal.session_arn.as_ref() == Some(&arn) {
        return Some(Naming::Itself);
    }
    if principal.arn == arn {
        return Some(match principal.kind {
            PrincipalKind::RoleSession => Naming::Role,
            _ => Naming::Itself,
        });
    }
    (principal.issuer_arn.as_ref() == Some(&arn)).then_some(Naming::Issuer)
}
