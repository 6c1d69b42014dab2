//! Verdicts that are kept from step to step: what a step didn't change isn't judged again.

use super::{Standing, Verdict, judge};
use crate::account::{Account, Resource};
use crate::ids::Arn;
use crate::policy::{Context, Document, Gap, Listed, Placed, PolicySet, PolicyText, Principal, keys_in};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// A verdict with the documents that it was made of, which are kept so that their addresses are not another's.
#[derive(Debug)]
struct Alike {
    verdict: Verdict,
    _documents: Vec<Arc<Document>>,
}

/// Verdicts by a name that the asker gives each standing.
#[derive(Debug, Default)]
pub struct Memory {
    surroundings: Option<Surroundings>,
    known: HashMap<String, (Seen, Verdict)>,
    /// Verdicts by all that they hang on, for credentials that differ in nothing of it: a role has many sessions.
    alike: HashMap<String, Alike>,
    /// Condition keys that trust policies and policies on resources ask for; `None` where one of them names single sessions or unique IDs.
    asked: Option<BTreeSet<String>>,
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
            self.alike.clear();
            self.asked = now.asked();
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
        let signature = self.signature(standing);
        let alike = signature.as_ref().and_then(|signature| self.alike.get(signature));
        let verdict = alike.map_or_else(|| judge(standing), |alike| alike.verdict.clone());
        if let Some(signature) = signature {
            let documents = standing.policies.all().map(|placed| Arc::clone(&placed.document));
            let alike = Alike {
                verdict: verdict.clone(),
                _documents: documents.collect(),
            };
            self.alike.entry(signature).or_insert(alike);
        }
        let seen = Seen {
            principal: standing.principal.clone(),
            context: standing.context.clone(),
            policies: standing.policies.clone(),
        };
        self.known.insert(name.to_owned(), (seen, verdict.clone()));
        verdict
    }
}

impl Memory {
    /// All that the verdict on a standing hangs on, as text: who it is, its policies, and of its fixed keys those that anything asks for.
    /// `None` where more may matter: a session policy of its own, or a resource that names single sessions.
    fn signature(&self, standing: &Standing<'_>) -> Option<String> {
        let own_policy = standing
            .session
            .is_some_and(|session| session.policy.is_some() || !session.policy_arns.is_empty());
        let asked = self.asked.as_ref().filter(|_| !own_policy)?;
        let mut keys: BTreeSet<String> = BTreeSet::new();
        let mut text = format!("{:?} {}", standing.principal.kind, standing.principal.arn);
        // A resource's policy may name the user who issued a federated one.
        text.push_str(&format!(" {:?}", standing.principal.issuer_arn));
        let session = standing.session.map(|session| (session.kind, session.mfa));
        text.push_str(&format!(" {session:?} {}", standing.policies.boundary.is_some()));
        for placed in standing.policies.all() {
            keys.extend(keys_of(&placed.document));
            text.push_str(&format!(" {}@{:p}", placed.source.name, Arc::as_ptr(&placed.document)));
        }
        for key in asked.union(&keys) {
            text.push_str(&format!(" {key}={:?}", standing.context.get(key)));
        }
        standing
            .policies
            .gaps
            .iter()
            .for_each(|gap| text.push_str(&format!(" {gap}")));
        Some(text)
    }
}

impl Surroundings {
    fn asked(&self) -> Option<BTreeSet<String>> {
        let on_resources = self.resources.iter().flat_map(|resources| resources.values());
        let on_resources = on_resources.filter_map(|resource| resource.policy.as_ref());
        let mut keys = BTreeSet::new();
        for text in self.trust.iter().map(|(_, trust)| trust).chain(on_resources) {
            let single = ["assumed-role/", "federated-user/", "AROA", "AIDA"];
            if single.iter().any(|name| text.as_str().contains(name)) {
                return None;
            }
            // What isn't understood is a gap for everybody alike.
            keys.extend(text.parse().iter().flat_map(|document| keys_of(document)));
        }
        Some(keys)
    }
}

/// The condition keys that a document asks for or takes variables from, in lower case.
fn keys_of(document: &Document) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for statement in &document.statements {
        for condition in &statement.conditions {
            keys.insert(condition.lower_key().to_owned());
            let variables = condition.values().iter().flat_map(|value| keys_in(value));
            keys.extend(variables.map(str::to_ascii_lowercase));
        }
        if let Some(Listed::These(patterns) | Listed::AllBut(patterns)) = &statement.resources {
            let variables = patterns.iter().flat_map(|pattern| keys_in(pattern.as_str()));
            keys.extend(variables.map(str::to_ascii_lowercase));
        }
    }
    keys
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
