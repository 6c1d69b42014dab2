//! Which quarantines the organization keeps on whoever has rights in IAM.

use super::takers::{DETACH, Everybody, Takers, about, administrator, rewriting};
use super::{Facts, State};
use crate::account::{Account, deny_all_arn};
use crate::ids::Arn;
use crate::policy::{Document, Effect, Listed, Outcome, PolicyKind, ResourcePattern};
use crate::reach::Reach;
use crate::time::Moment;
use crate::verdict::Standing;

/// Quarantines that are kept on.
pub(super) struct KeptOn {
    /// Policies that deny everything, which an SCP lets no ordinary administrator take off a user or rewrite: those with the fewest takers.
    pub(super) policies: Vec<Arn>,
    /// Who takes them off all the same.
    pub(super) takers: Takers,
}

impl KeptOn {
    /// What is kept on in the account.
    pub(super) fn of(facts: Facts<'_>, reach: &mut Reach<'_>) -> KeptOn {
        let mut kept = KeptOn {
            policies: Vec::new(),
            takers: Takers::default(),
        };
        let by_policies = by_policies(facts.account, facts.now);
        if by_policies.is_empty() {
            return kept;
        }
        let everybody = Everybody::of(facts, reach);
        for policy in by_policies {
            let takers = everybody.takers(&policy, reach);
            // A plan can choose the one that is kept on best.
            match kept.policies.is_empty() || takers.state() < kept.takers.state() {
                true => kept.policies = vec![policy],
                false if takers.state() > kept.takers.state() => continue,
                false => {
                    kept.policies.push(policy);
                    kept.takers.join(takers);
                    continue;
                }
            }
            kept.takers = takers;
        }
        kept
    }

    /// The policies as the table names them.
    pub(super) fn named(&self) -> Vec<String> {
        self.policies.iter().map(|policy| format!("`{policy}`")).collect()
    }

    /// Whether the responder himself can take them off again.
    pub(super) fn spares(&self, facts: Facts<'_>) -> State {
        State::worst(self.policies.iter().map(|policy| spared(facts, policy)))
    }
}

fn spared(facts: Facts<'_>, policy: &Arn) -> State {
    let Ok(standing) = facts.standing else {
        return State::Unknown;
    };
    let victim = anybody(facts.account);
    let given = about(standing, policy);
    match standing.decide_given(DETACH, victim.as_str(), &given) {
        Outcome::ExplicitDeny(by) if by.source.kind == PolicyKind::ServiceControl => State::NotReady,
        Outcome::Unknown(_) => State::Unknown,
        // Whether he has the right at all is another row's matter.
        _ => State::Ready,
    }
}

fn anybody(account: &Account) -> Arn {
    Arn::iam(&account.partition, &account.id, "user", "/", "oust-any")
}

/// Managed policies that deny everything: AWS's, and the account's own.
fn quarantines(account: &Account) -> Vec<Arn> {
    let aws = deny_all_arn(&account.partition);
    let own = account.policies.iter().filter(|(arn, policy)| {
        let parsed = policy.document().and_then(|text| text.parse().ok());
        arn.account().is_some() && parsed.is_some_and(|document| denies_everything(&document))
    });
    aws.into_iter().chain(own.map(|(arn, _)| arn.clone())).collect()
}

fn denies_everything(document: &Document) -> bool {
    document.statements.iter().any(|statement| {
        let everywhere = match &statement.resources {
            Some(Listed::These(patterns)) => patterns.iter().any(ResourcePattern::is_everything),
            _ => false,
        };
        statement.effect == Effect::Deny
            && statement.conditions.is_empty()
            && everywhere
            && statement.is_about("iam:oustanything")
            && statement.is_about("s3:oustanything")
    })
}

/// The quarantines that an SCP lets an administrator without a name that it knows, tags or MFA neither take off a user nor rewrite.
fn by_policies(account: &Account, now: Moment) -> Vec<Arn> {
    let user = administrator(now);
    let standing = Standing::of_user(account, &user);
    let victim = anybody(account);
    let denied = |action: &str, resource: &Arn, policy: &Arn| {
        let outcome = standing.decide_given(action, resource.as_str(), &about(&standing, policy));
        matches!(outcome, Outcome::ExplicitDeny(by) if by.source.kind == PolicyKind::ServiceControl)
    };
    let is_kept = |policy: &Arn| {
        let fixed = rewriting(policy).iter().all(|call| denied(call, policy, policy));
        fixed && denied(DETACH, &victim, policy)
    };
    quarantines(account).into_iter().filter(is_kept).collect()
}
