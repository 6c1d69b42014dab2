//! The documented logic: any matching deny decides; else every kind of policy that takes part must allow.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>

use super::document::Effect;
use super::matching::Naming;
use super::truth::Truth;
use super::{Gap, Outcome, Placed, PolicyKind, PolicySet, PrincipalKind, Request, StatementRef};

/// Decides one request.
pub fn decide(request: &Request<'_>, policies: &PolicySet) -> Outcome {
    let mut doubts = policies.gaps.clone();
    match explicit_deny(request, policies) {
        Denied::By(statement) => return Outcome::ExplicitDeny(statement),
        Denied::Perhaps(gaps) => doubts.extend(gaps),
        Denied::No => {}
    }
    let (truth, by, missing) = permitted(request, policies);
    match truth {
        Truth::True if doubts.is_empty() => Outcome::Allowed(by),
        Truth::True => Outcome::Unknown(doubts),
        Truth::Unknown(gaps) => {
            doubts.extend(gaps);
            Outcome::Unknown(doubts)
        }
        // What was not read may hold an allow; a deny that may apply changes nothing about a no.
        Truth::False if policies.gaps.is_empty() => Outcome::ImplicitDeny(missing),
        Truth::False => Outcome::Unknown(policies.gaps.clone()),
    }
}

enum Denied {
    By(StatementRef),
    Perhaps(Vec<Gap>),
    No,
}

fn explicit_deny(request: &Request<'_>, policies: &PolicySet) -> Denied {
    let mut perhaps = Vec::new();
    for placed in policies.all() {
        for (n, statement) in placed.document.statements.iter().enumerate() {
            if statement.effect != Effect::Deny || statement.names(request.principal).is_none() {
                continue;
            }
            match statement.covers(request, placed.document.variables) {
                Truth::True => return Denied::By(reference(placed, n)),
                Truth::Unknown(gaps) => perhaps.extend(gaps),
                Truth::False => {}
            }
        }
    }
    if perhaps.is_empty() {
        Denied::No
    } else {
        Denied::Perhaps(perhaps)
    }
}

/// A statement of a document, by its place.
pub(super) fn reference(placed: &Placed, n: usize) -> StatementRef {
    StatementRef {
        source: placed.source.clone(),
        number: n + 1,
        sid: placed
            .document
            .statements
            .get(n)
            .and_then(|statement| statement.sid.clone()),
    }
}

/// An allow that was looked for: whether there is one, which, and how it names the caller.
struct Found {
    truth: Truth,
    by: Option<StatementRef>,
}

fn find_allow(request: &Request<'_>, documents: &[Placed], wanted: impl Fn(Naming) -> bool) -> Found {
    let mut found = Found {
        truth: Truth::False,
        by: None,
    };
    for placed in documents {
        for (n, statement) in placed.document.statements.iter().enumerate() {
            let named = statement.names(request.principal).is_some_and(&wanted);
            if statement.effect != Effect::Allow || !named {
                continue;
            }
            let truth = statement.covers(request, placed.document.variables);
            if truth == Truth::True && found.by.is_none() {
                found.by = Some(reference(placed, n));
            }
            found.truth = found.truth.or(truth);
        }
    }
    found
}

/// Whether every kind of policy that takes part allows; by which statement; else which kind is missing first.
fn permitted(request: &Request<'_>, policies: &PolicySet) -> (Truth, Option<StatementRef>, PolicyKind) {
    let any = |_: Naming| true;
    let guard = Truth::all(
        policies
            .service_control
            .iter()
            .map(|level| find_allow(request, level, any).truth),
    );
    if guard == Truth::False {
        return (Truth::False, None, PolicyKind::ServiceControl);
    }
    let within = |documents: &Option<Vec<Placed>>| match documents {
        None => Truth::True,
        Some(documents) => find_allow(request, documents, any).truth,
    };
    let (boundary, session) = (within(&policies.boundary), within(&policies.session));
    let identity = match request.principal.kind {
        PrincipalKind::Root => Found {
            truth: Truth::True,
            by: None,
        },
        _ => find_allow(request, &policies.identity, any),
    };
    let own = identity.truth.clone().and(boundary.clone()).and(session.clone());
    let foreign = request
        .resource_account
        .is_some_and(|owner| *owner != request.principal.account);
    if foreign {
        let resource = find_allow(request, &policies.resource, any);
        let missing = if resource.truth == Truth::False {
            PolicyKind::Resource
        } else {
            first_missing(&identity.truth, &boundary)
        };
        return (guard.and(own).and(resource.truth), identity.by, missing);
    }
    let delegated = find_allow(request, &policies.resource, |naming| naming == Naming::Account).truth;
    let own = if policies.resource_must_allow {
        own.and(delegated.clone())
    } else {
        own
    };
    let (direct, direct_by) = direct_grants(request, policies, &boundary, &session);
    let missing = if policies.resource_must_allow && delegated == Truth::False {
        PolicyKind::Resource
    } else {
        first_missing(&identity.truth, &boundary)
    };
    let by = if own == Truth::True { identity.by } else { direct_by };
    (guard.and(own.or(direct)), by, missing)
}

fn first_missing(identity: &Truth, boundary: &Truth) -> PolicyKind {
    if *identity == Truth::False {
        PolicyKind::Identity
    } else if *boundary == Truth::False {
        PolicyKind::Boundary
    } else {
        PolicyKind::Session
    }
}

/// A resource policy of the same account that names the caller directly doesn't need an identity policy; what still
/// limits it depends on how it names the caller.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
fn direct_grants(
    request: &Request<'_>,
    policies: &PolicySet,
    boundary: &Truth,
    session: &Truth,
) -> (Truth, Option<StatementRef>) {
    let itself = find_allow(request, &policies.resource, |naming| naming == Naming::Itself);
    let limited = find_allow(request, &policies.resource, |naming| {
        matches!(naming, Naming::Role | Naming::Issuer)
    });
    let limited_truth = limited.truth.and(boundary.clone()).and(session.clone());
    let by = itself.by.or(limited.by);
    (itself.truth.or(limited_truth), by)
}
