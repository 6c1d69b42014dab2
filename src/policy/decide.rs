//! From statements that match to one answer.
//!
//! Same account: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>;
//! across accounts: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>.

use super::document::Effect;
use super::matching::Asked;
use super::naming::Naming;
use super::truth::{Truth, merged};
use super::{Gap, OnResource, Outcome, Placed, PolicyKind, PolicySet, PrincipalKind, Request, StatementRef};

/// Decides one request. A matching Deny decides, wherever it stands. Otherwise every layer must allow, and a resource policy
/// may allow in place of some of them. What cannot be evaluated makes the answer unknown wherever it could have changed it;
/// it never makes an answer "allowed".
pub fn decide(request: &Request<'_>, policies: &PolicySet, resource: &OnResource) -> Outcome {
    let lower = request.action.to_ascii_lowercase();
    let asked = Asked::new(request, &lower);
    let mut tally = Tally {
        asked: &asked,
        has_boundary: policies.boundary.is_some(),
        deny: None,
        doubts: Vec::new(),
    };
    let layers = Layers::of(&mut tally, policies, resource);
    if let Some(deny) = tally.deny {
        return Outcome::ExplicitDeny(reference(deny));
    }
    let allowed = layers.combined(request, resource.must_allow);
    let unread: Vec<Gap> = policies.gaps.iter().chain(&resource.gaps).cloned().collect();
    match allowed.truth {
        Truth::True if tally.doubts.is_empty() && unread.is_empty() => Outcome::Allowed(allowed.by.map(reference)),
        Truth::True => Outcome::Unknown(merged(tally.doubts, unread)),
        Truth::Unknown(gaps) => Outcome::Unknown(merged(merged(gaps, tally.doubts), unread)),
        // What was not read may hold an allow; a deny that may apply changes nothing about a no.
        Truth::False if unread.is_empty() => Outcome::ImplicitDeny(layers.first_closed(request, resource.must_allow)),
        Truth::False => Outcome::Unknown(unread),
    }
}

/// A statement by its document and its place in it.
type At<'p> = (&'p Placed, usize);

fn reference((placed, n): At<'_>) -> StatementRef {
    placed.statement(n)
}

/// Whether a layer allows, and by which statement first.
#[derive(Clone)]
struct Grant<'p> {
    truth: Truth,
    by: Option<At<'p>>,
}

impl<'p> Grant<'p> {
    fn fixed(allows: bool) -> Self {
        Grant {
            truth: allows.into(),
            by: None,
        }
    }

    /// Both; `self` is what is told of.
    fn and(self, other: &Grant<'_>) -> Self {
        Grant {
            truth: self.truth.and(other.truth.clone()),
            by: self.by,
        }
    }

    fn or(self, other: Grant<'p>) -> Self {
        if self.truth.is_true() || other.truth.is_false() {
            return self;
        }
        Grant {
            by: if other.truth.is_true() {
                other.by
            } else {
                self.by.or(other.by)
            },
            truth: self.truth.or(other.truth),
        }
    }

    /// One more statement; it isn't asked where another allows already.
    fn meets(&mut self, applies: &dyn Fn() -> Truth, at: At<'p>) {
        if self.truth.is_true() {
            return;
        }
        let truth = applies();
        let sum = std::mem::replace(self, Grant::fixed(false));
        *self = sum.or(Grant { truth, by: Some(at) });
    }
}

/// Goes through documents and keeps which Deny was met, and which may have been.
struct Tally<'a, 'p> {
    asked: &'a Asked<'a>,
    has_boundary: bool,
    deny: Option<At<'p>>,
    doubts: Vec<Gap>,
}

impl<'p> Tally<'_, 'p> {
    /// Goes through documents; `allow` gets what may allow, with how the caller is named and a way to ask whether it does.
    fn walk(&mut self, documents: &'p [Placed], mut allow: impl FnMut(Naming, &dyn Fn() -> Truth, At<'p>)) {
        let principal = self.asked.request.principal;
        for placed in documents {
            let kind = placed.source.kind;
            for (n, statement) in placed.document.statements.iter().enumerate() {
                if self.deny.is_some() {
                    return;
                }
                if !statement.covers_action(self.asked) {
                    continue;
                }
                match (statement.effect, kind) {
                    (Effect::Deny, _) => {
                        let meant = statement.denies_caller(kind, principal, self.has_boundary);
                        match meant.and_then(|| statement.applies(self.asked)) {
                            Truth::True => self.deny = Some((placed, n)),
                            Truth::False => {}
                            Truth::Unknown(gaps) => self.doubts = merged(std::mem::take(&mut self.doubts), gaps),
                        }
                    }
                    (Effect::Allow, PolicyKind::Resource) => {
                        for (naming, truth) in statement.namings(principal) {
                            let applies = || truth.clone().and_then(|| statement.applies(self.asked));
                            allow(naming, &applies, (placed, n));
                        }
                    }
                    (Effect::Allow, PolicyKind::ResourceControl) => {}
                    (Effect::Allow, _) if statement.principal.is_some() => {
                        let gap = || Truth::unsupported("a principal in a policy that names none");
                        let applies = || gap().and_then(|| statement.applies(self.asked));
                        allow(Naming::Itself, &applies, (placed, n));
                    }
                    (Effect::Allow, _) => allow(Naming::Itself, &|| statement.applies(self.asked), (placed, n)),
                }
            }
        }
    }

    fn layer(&mut self, documents: &'p [Placed]) -> Grant<'p> {
        let mut grant = Grant::fixed(false);
        self.walk(documents, |_, applies, at| grant.meets(applies, at));
        grant
    }
}

/// What each layer grants.
struct Layers<'p> {
    service_control: Truth,
    account: Grant<'p>,
    holder: Grant<'p>,
    itself: Grant<'p>,
    identity: Grant<'p>,
    boundary: Grant<'p>,
    session: Grant<'p>,
}

impl<'p> Layers<'p> {
    fn of(tally: &mut Tally<'_, 'p>, policies: &'p PolicySet, resource: &'p OnResource) -> Self {
        let request = tally.asked.request;
        let (mut account, mut holder, mut itself) = (Grant::fixed(false), Grant::fixed(false), Grant::fixed(false));
        let service_control = match is_bound_by_scps(request) {
            // Every level is gone through, though one that doesn't allow would settle it: a deny may stand behind it.
            true => policies
                .service_control
                .iter()
                .fold(Truth::True, |sum, level| sum.and(tally.layer(level).truth)),
            false => Truth::True,
        };
        if !policies.resource_control.is_empty() && is_bound_by_rcps(tally.asked) {
            tally.walk(&policies.resource_control, |_, _, _| {});
        }
        tally.walk(&resource.policies, |naming, applies, at| match naming {
            Naming::Account => account.meets(applies, at),
            Naming::Holder => holder.meets(applies, at),
            Naming::Itself => itself.meets(applies, at),
        });
        let identity = tally.layer(&policies.identity);
        let mut limit = |documents: &'p Option<Vec<Placed>>| match documents {
            Some(documents) => tally.layer(documents),
            None => Grant::fixed(true),
        };
        Layers {
            service_control,
            account,
            holder,
            itself,
            identity: if needs_no_identity_policy(request) {
                Grant::fixed(true)
            } else {
                identity
            },
            boundary: limit(&policies.boundary),
            session: limit(&policies.session),
        }
    }

    /// Whether all of it together allows.
    fn combined(&self, request: &Request<'_>, resource_must_allow: bool) -> Grant<'p> {
        let own = self.identity.clone().and(&self.boundary).and(&self.session);
        let direct = self.itself.clone().or(self.holder.clone());
        let granted = match request.principal.kind {
            _ if request.principal.is_outside() => self.itself.clone(),
            _ if is_foreign(request) => own.and(&direct.or(self.account.clone())),
            _ => {
                let by_own = if resource_must_allow {
                    own.and(&self.account)
                } else {
                    own
                };
                let by_holder = self.holder.clone().and(&self.boundary).and(&self.session);
                by_own.or(self.itself.clone()).or(by_holder)
            }
        };
        Grant {
            truth: granted.truth.and(self.service_control.clone()),
            by: granted.by,
        }
    }

    /// The first kind of policy that doesn't allow, in AWS's order.
    fn first_closed(&self, request: &Request<'_>, resource_must_allow: bool) -> PolicyKind {
        let outside = request.principal.is_outside();
        let resource_decides = outside || is_foreign(request) || resource_must_allow;
        let resource_closed = [&self.account, &self.holder, &self.itself]
            .iter()
            .all(|grant| grant.truth.is_false());
        let closed = [
            (PolicyKind::ServiceControl, self.service_control.is_false()),
            (PolicyKind::Resource, outside || (resource_decides && resource_closed)),
            // Where the role is named on the resource, no identity policy is needed.
            (
                PolicyKind::Identity,
                self.identity.truth.is_false() && (is_foreign(request) || self.holder.truth.is_false()),
            ),
            (PolicyKind::Boundary, self.boundary.truth.is_false()),
            (PolicyKind::Session, self.session.truth.is_false()),
        ];
        let first = closed.into_iter().find(|(_, closed)| *closed);
        first.map_or(PolicyKind::Identity, |(kind, _)| kind)
    }
}

fn is_foreign(request: &Request<'_>) -> bool {
    request
        .resource_account
        .is_some_and(|owner| *owner != request.principal.account)
}

/// Service control policies bind users, roles and root, and no service-linked role.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
fn is_bound_by_scps(request: &Request<'_>) -> bool {
    !request.principal.is_outside() && !request.principal.is_service_linked()
}

/// Resource control policies bear on the actions of some services only, and on no service-linked role.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
fn is_bound_by_rcps(asked: &Asked<'_>) -> bool {
    let linked = asked.request.principal.is_service_linked();
    !linked && crate::catalogue::catalogue().is_under_rcps(asked.action.service)
}

/// The root user, and federated users whom the root user issued.
fn needs_no_identity_policy(request: &Request<'_>) -> bool {
    let issuer = request.principal.issuer_arn.as_ref();
    match request.principal.kind {
        PrincipalKind::Root => true,
        PrincipalKind::FederatedUser => issuer.is_some_and(|arn| arn.resource() == "root"),
        _ => false,
    }
}

/// Whether the resource's own policy must allow: roles' trust policies and key policies. Tags of a session that isn't a role's
/// are the business of identity policies.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
pub fn resource_must_allow(action: &str, resource: &str) -> bool {
    let mut parts = resource.splitn(6, ':').skip(2);
    let (service, name) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    let is = |wanted: &str| action.eq_ignore_ascii_case(wanted);
    let begins = |wanted: &str| {
        action
            .get(..wanted.len())
            .is_some_and(|front| front.eq_ignore_ascii_case(wanted))
    };
    let of_role = is("sts:TagSession") || is("sts:SetSourceIdentity");
    let on_user = name.starts_with("federated-user/") || name.starts_with("user/");
    let on_key = service == "kms" && name.starts_with("key/");
    begins("sts:AssumeRole") || (of_role && !on_user) || (begins("kms:") && on_key)
}
