//! Verdicts that are kept from step to step: what a step didn't change isn't judged again.

use super::{Standing, Verdict, judge};
use crate::account::{Account, Resource};
use crate::ids::Arn;
use crate::policy::{Context, Gap, Placed, PolicySet, PolicyText, Principal};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Everything that a verdict on a standing hangs on, apart from what it shares with all others.
#[derive(Debug, Clone)]
struct Seen {
    principal: Principal,
    context: Context,
    policies: PolicySet,
}

/// What all verdicts on an account hang on: roles with their trust, and what stands on resources.
#[derive(Debug, Clone, PartialEq)]
struct Surroundings {
    trust: Vec<(Arn, PolicyText)>,
    resources: Option<BTreeMap<Arn, Resource>>,
}

/// Verdicts by a name that the asker gives each standing.
#[derive(Debug, Default)]
pub struct Memory {
    surroundings: Option<Surroundings>,
    known: HashMap<String, (Seen, Verdict)>,
}

impl Memory {
    /// Looks at the account as it is now: when roles, their trust or resources are otherwise than before, nothing that is known counts.
    pub fn look_at(&mut self, account: &Account) {
        let trust = account
            .roles
            .values()
            .map(|role| (account.role_arn(role), role.trust.clone()));
        let now = Surroundings {
            trust: trust.collect(),
            resources: account.resources.clone(),
        };
        if self.surroundings.as_ref() != Some(&now) {
            self.known.clear();
            self.surroundings = Some(now);
        }
    }

    /// Whether two accounts that were looked at have the same roles, trust and resources.
    pub(super) fn surroundings_are_those_of(&self, other: &Memory) -> bool {
        self.surroundings == other.surroundings
    }

    /// The verdict on a standing called `name`, as it was when nothing that it hangs on has changed.
    pub(super) fn judge(&mut self, name: &str, standing: &Standing<'_>) -> Verdict {
        if let Some((seen, verdict)) = self.known.get(name)
            && seen.is(standing)
        {
            return verdict.clone();
        }
        let verdict = judge(standing);
        let seen = Seen {
            principal: standing.principal.clone(),
            context: standing.context.clone(),
            policies: standing.policies.clone(),
        };
        self.known.insert(name.to_owned(), (seen, verdict.clone()));
        verdict
    }
}

impl Seen {
    fn is(&self, standing: &Standing<'_>) -> bool {
        self.principal == standing.principal
            && self.context == standing.context
            && are_the_same(&self.policies, &standing.policies)
    }
}

/// Whether two sets hold the same documents in the same places. A text that stayed the same keeps its compiled document.
pub(super) fn are_the_same(one: &PolicySet, two: &PolicySet) -> bool {
    let same = |one: &[Placed], two: &[Placed]| {
        let pairs = one.iter().zip(two);
        one.len() == two.len()
            && pairs.into_iter().all(|(one, two)| {
                let document = Arc::ptr_eq(&one.document, &two.document) || one.document == two.document;
                one.source == two.source && document
            })
    };
    let optional = |one: &Option<Vec<Placed>>, two: &Option<Vec<Placed>>| match (one, two) {
        (None, None) => true,
        (Some(one), Some(two)) => same(one, two),
        _ => false,
    };
    let gaps = |set: &PolicySet| set.gaps.iter().map(Gap::to_string).collect::<Vec<_>>();
    same(&one.identity, &two.identity)
        && optional(&one.boundary, &two.boundary)
        && optional(&one.session, &two.session)
        && one.service_control.len() == two.service_control.len()
        && one
            .service_control
            .iter()
            .zip(&two.service_control)
            .all(|(one, two)| same(one, two))
        && same(&one.resource_control, &two.resource_control)
        && gaps(one) == gaps(two)
}
