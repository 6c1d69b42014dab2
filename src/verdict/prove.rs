//! Is anything left? Goes through every action, every resource and every value of every free key, by going through texts that stand for all others.
//!
//! Actions and resources are parted into the combinations of patterns that they can fit; free keys into the ways in which conditions
//! can take them. Each case is decided by the evaluator itself. When all are refused, nothing is left, and that is a proof about the policies
//! that were read. A case that cannot be decided makes the answer unknown.

use super::classes::{Class, Feasible, classes};
use super::limits::{has_no_effect, needs_no_permission, session_forbids};
use super::resources::regions;
use super::values::{Values, is_of_another_service, values};
use super::{Standing, gather};
use crate::catalogue::catalogue;
use crate::policy::{
    Condition, Context, Effect, Gap, Listed, OnResource, Outcome, Placed, PrincipalKind, ResourcePattern, Statement,
    StatementRef, keys_in,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a search found.
#[derive(Debug)]
pub(super) enum Finding {
    /// Everything that was asked is refused.
    Nothing,
    /// This is allowed.
    Found {
        action: String,
        resource: String,
        by: Option<StatementRef>,
    },
    /// It cannot be said.
    Unknown(Vec<Gap>),
}

/// Decisions that one proof may take.
const BUDGET: usize = 200_000;
/// Decisions about the free keys of one request.
const BUDGET_OF_KEYS: usize = 4_096;

/// A search through all that a standing may do.
pub(super) struct Prover<'s, 'a> {
    pub(super) standing: &'s Standing<'a>,
    left: usize,
    /// The denies that refused something.
    pub(super) denied_by: BTreeSet<StatementRef>,
}

impl<'s, 'a> Prover<'s, 'a> {
    pub(super) fn new(standing: &'s Standing<'a>) -> Self {
        Prover {
            standing,
            left: BUDGET,
            denied_by: BTreeSet::new(),
        }
    }

    /// Whether anything at all is left.
    pub(super) fn anything(&mut self) -> Finding {
        let documents = self.documents();
        let statements: Vec<&Statement> = documents
            .iter()
            .flat_map(|placed| &placed.document.statements)
            .collect();
        let Some(classes) = classes(self.standing, &statements) else {
            return too_intricate();
        };
        let mut unknown = Vec::new();
        for class in &classes {
            match self.class(class) {
                Finding::Nothing => {}
                Finding::Found { action, .. } if !class.is_known => unknown.push(not_known(&action)),
                found @ Finding::Found { .. } => return found,
                Finding::Unknown(gaps) => unknown.extend(gaps),
            }
        }
        match self.roles().and_then(|| self.named_resources()) {
            Finding::Unknown(gaps) => unknown.extend(gaps),
            Finding::Nothing => {}
            found => return found,
        }
        Finding::without(unknown)
    }

    /// Everything that is found to be left: action, resource, statement, and how many actions of each service are alike. The search goes on
    /// after each; what cannot be decided is passed over.
    pub(super) fn all_left(&mut self) -> Vec<(Finding, BTreeMap<String, usize>)> {
        let documents = self.documents();
        let statements: Vec<&Statement> = documents
            .iter()
            .flat_map(|placed| &placed.document.statements)
            .collect();
        let mut left = Vec::new();
        for class in classes(self.standing, &statements).unwrap_or_default() {
            match self.class(&class) {
                found @ Finding::Found { .. } if class.is_known => left.push((found, class.services)),
                _ => {}
            }
        }
        for found in [self.roles(), self.named_resources()] {
            if let Finding::Found { action, .. } = &found {
                let service = action.split(':').next().unwrap_or_default().to_owned();
                left.push((found, [(service, 1)].into()));
            }
        }
        left
    }

    /// Documents that bear on it whatever the resource, and those on resources.
    fn documents(&self) -> Vec<Placed> {
        let own = self.standing.policies.all().cloned();
        own.chain(self.on_resources().into_iter().map(|(_, placed)| placed))
            .collect()
    }

    /// Policies on resources of the account that name the caller.
    fn on_resources(&self) -> Vec<(String, Placed)> {
        let resources = self.standing.account.resources.iter().flatten();
        let placed = resources.filter_map(|(arn, resource)| {
            let text = resource.policy.as_ref()?;
            let name = format!("policy of `{arn}`");
            let placed = gather::place(crate::policy::PolicyKind::Resource, name, text).ok()?;
            let named = placed
                .document
                .statements
                .iter()
                .any(|statement| self.may_name(statement));
            named.then(|| (arn.to_string(), placed))
        });
        placed.collect()
    }

    fn may_name(&self, statement: &Statement) -> bool {
        match (&statement.principal, statement.effect) {
            (Some(element), Effect::Allow) => !element.namings(&self.standing.principal).is_empty(),
            _ => true,
        }
    }

    /// Whether anything of a class of actions is left, on resources without a policy of their own.
    fn class(&mut self, class: &Class<'_>) -> Finding {
        let root = self.standing.principal.kind == PrincipalKind::Root;
        let may = class
            .statements
            .iter()
            .any(|statement| statement.effect == Effect::Allow);
        if !may && !root {
            return Finding::Nothing;
        }
        let context = self.context_of(class);
        // A deny of the whole action ends the search before resources are parted.
        if let refused @ Outcome::ExplicitDeny(_) =
            self.standing
                .decide_under(&class.action, "arn:any:any:::any", &context, &OnResource::default())
            && class
                .statements
                .iter()
                .any(|statement| is_whole_deny(statement, &context))
        {
            self.note(&refused);
            return Finding::Nothing;
        }
        let mut resources = Vec::new();
        if class.without_resource.is_some() {
            resources.push("*".to_owned());
        }
        match self.resources(class, &context, None) {
            Some(found) => resources.extend(found),
            None => return too_intricate(),
        }
        self.each(class, &resources, &context, None)
    }

    /// Tries every resource; `on` is what stands on it, where that is known beforehand.
    fn each(&mut self, class: &Class<'_>, resources: &[String], context: &Context, on: Option<&OnResource>) -> Finding {
        let keys = keys(class, context);
        let mut unknown = Vec::new();
        for resource in resources {
            let found;
            let on = match on {
                Some(on) => on,
                None => {
                    found = gather::on_resource(self.standing.account, &class.action, resource);
                    &found
                }
            };
            let mut steps = BUDGET_OF_KEYS;
            match self.settle(
                class.action_on(resource),
                resource,
                &mut context.clone(),
                &keys,
                on,
                &mut steps,
            ) {
                Finding::Nothing => {}
                Finding::Unknown(gaps) => unknown.extend(gaps),
                found => return found,
            }
        }
        Finding::without(unknown)
    }

    /// Decides one request, trying the values of the free keys that it hangs on.
    fn settle(
        &mut self,
        action: &str,
        resource: &str,
        context: &mut Context,
        keys: &BTreeMap<String, Values>,
        on: &OnResource,
        steps: &mut usize,
    ) -> Finding {
        if self.left == 0 || *steps == 0 {
            return too_intricate();
        }
        self.left -= 1;
        *steps -= 1;
        let gaps = match self.standing.decide_under(action, resource, context, on) {
            Outcome::Allowed(by) => {
                return Finding::Found {
                    action: action.to_owned(),
                    resource: resource.to_owned(),
                    by,
                };
            }
            refused @ (Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_)) => {
                self.note(&refused);
                return Finding::Nothing;
            }
            Outcome::Unknown(gaps) => gaps,
        };
        let free = gaps.iter().find_map(|gap| match gap {
            Gap::FreeKey(key) => keys.get_key_value(&key.to_ascii_lowercase()),
            Gap::Unsupported(_) | Gap::Unread(_) => None,
        });
        let Some((key, values)) = free else {
            return Finding::Unknown(gaps);
        };
        let mut unknown = Vec::new();
        for value in &values.each {
            context.set_all(key, value.clone());
            let finding = self.settle(action, resource, context, keys, on, steps);
            context.unset(key);
            match finding {
                Finding::Nothing => {}
                Finding::Unknown(gaps) => unknown.extend(gaps),
                found => return found,
            }
        }
        if unknown.is_empty() && !values.exact {
            unknown.push(Gap::FreeKey(key.clone()));
        }
        Finding::without(unknown)
    }

    fn note(&mut self, outcome: &Outcome) {
        if let Outcome::ExplicitDeny(by) = outcome
            && !self.denied_by.contains(by)
        {
            self.denied_by.insert(by.clone());
        }
    }

    /// The fixed keys, and keys of other services absent.
    fn context_of(&self, class: &Class<'_>) -> Context {
        let mut context = self.standing.context.clone();
        let service = class.action.split(':').next().unwrap_or_default();
        for condition in class.statements.iter().flat_map(|statement| &statement.conditions) {
            if is_of_another_service(condition.lower_key(), service) {
                context.set_absent(condition.lower_key());
            }
        }
        context
    }

    /// Whether a role can be assumed: each role by itself, because its trust policy must allow.
    fn roles(&mut self) -> Finding {
        let own: Vec<Placed> = self.standing.policies.all().cloned().collect();
        let statements: Vec<&Statement> = own.iter().flat_map(|placed| &placed.document.statements).collect();
        let action = "sts:AssumeRole";
        if self.is_out_of_bounds(action) {
            return Finding::Nothing;
        }
        let mut unknown = Vec::new();
        let account = self.standing.account;
        for role in account.roles.values() {
            let arn = account.role_arn(role).to_string();
            let on = gather::on_resource(account, action, &arn);
            let trust = || on.policies.iter().flat_map(|placed| &placed.document.statements);
            // A trust policy must allow, so one that names the caller in no way lets him in by nothing else.
            let named = trust().any(|statement| statement.effect == Effect::Allow && self.may_name(statement));
            if !named && on.gaps.is_empty() {
                continue;
            }
            let class = Class {
                action: action.to_owned(),
                is_known: true,
                statements: about(action, statements.iter().copied().chain(trust())),
                feasible: Feasible::Anything,
                without_resource: None,
                services: BTreeMap::new(),
            };
            let context = self.context_of(&class);
            match self.each(&class, &[arn], &context, Some(&on)) {
                Finding::Nothing => {}
                Finding::Unknown(gaps) => unknown.extend(gaps),
                found => return found,
            }
        }
        Finding::without(unknown)
    }

    /// Whether a resource's own policy lets anything be done to it.
    fn named_resources(&mut self) -> Finding {
        let own: Vec<Placed> = self.standing.policies.all().cloned().collect();
        let mut unknown = Vec::new();
        for (arn, placed) in self.on_resources() {
            let theirs = &placed.document.statements;
            let statements: Vec<&Statement> = own
                .iter()
                .flat_map(|placed| &placed.document.statements)
                .chain(theirs)
                .collect();
            let Some(classes) = classes(self.standing, &statements) else {
                return too_intricate();
            };
            for class in &classes {
                let on = OnResource {
                    policies: vec![placed.clone()],
                    must_allow: crate::policy::resource_must_allow(&class.action, &arn),
                    gaps: Vec::new(),
                };
                let context = self.context_of(class);
                for region in regions(&arn) {
                    let Some(resources) = self.resources(class, &context, Some(&region)) else {
                        return too_intricate();
                    };
                    match self.each(class, &resources, &context, Some(&on)) {
                        Finding::Nothing => {}
                        Finding::Unknown(gaps) => unknown.extend(gaps),
                        Finding::Found { action, .. } if !class.is_known => unknown.push(not_known(&action)),
                        found => return found,
                    }
                }
            }
        }
        Finding::without(unknown)
    }

    fn is_out_of_bounds(&self, action: &str) -> bool {
        is_out_of_bounds(self.standing, action)
    }
}

impl Finding {
    /// What is found where nothing is, and this cannot be said.
    fn without(unknown: Vec<Gap>) -> Finding {
        if unknown.is_empty() {
            Finding::Nothing
        } else {
            Finding::Unknown(unknown)
        }
    }

    /// What is found next, unless something was found here.
    fn and_then(self, next: impl FnOnce() -> Finding) -> Finding {
        match self {
            found @ Finding::Found { .. } => found,
            Finding::Nothing => next(),
            Finding::Unknown(mut gaps) => match next() {
                Finding::Unknown(more) => {
                    gaps.extend(more);
                    Finding::Unknown(gaps)
                }
                Finding::Nothing => Finding::Unknown(gaps),
                found => found,
            },
        }
    }
}

fn not_known(action: &str) -> Gap {
    let date = &catalogue().date;
    Gap::Unsupported(format!(
        "`{action}` would be allowed, which is none of the actions known on {date}"
    ))
}

fn too_intricate() -> Finding {
    Finding::Unknown(vec![Gap::Unsupported(
        "the policies part requests into more cases than are gone through".to_owned(),
    )])
}

/// Whether a call gives nothing away, or is refused whatever policies say.
pub(super) fn is_out_of_bounds(standing: &Standing<'_>, action: &str) -> bool {
    let forbidden = standing.session.and_then(|session| session_forbids(session, action));
    forbidden.is_some() || needs_no_permission(action) || has_no_effect(action)
}

fn is_whole_deny(statement: &Statement, context: &Context) -> bool {
    let whole = match &statement.resources {
        None => true,
        Some(Listed::These(patterns)) => patterns.iter().any(ResourcePattern::is_everything),
        Some(Listed::AllBut(_)) => false,
    };
    statement.effect == Effect::Deny && whole && statement.conditions_hold(context).is_true()
}

/// The statements that are about the action.
fn about<'p>(action: &str, statements: impl IntoIterator<Item = &'p Statement>) -> Vec<&'p Statement> {
    let lower = action.to_ascii_lowercase();
    let about = |statement: &&Statement| statement.is_about(&lower);
    statements.into_iter().filter(about).collect()
}

/// The values to try for each key that the class's statements hang on.
fn keys(class: &Class<'_>, context: &Context) -> BTreeMap<String, Values> {
    let conditions: Vec<&Condition> = class
        .statements
        .iter()
        .flat_map(|statement| &statement.conditions)
        .collect();
    let written = conditions.iter().flat_map(|condition| condition.values());
    let resources = class
        .statements
        .iter()
        .filter_map(|statement| statement.resources.as_ref());
    let resources = resources.flat_map(|listed| match listed {
        Listed::These(patterns) | Listed::AllBut(patterns) => patterns.iter().map(ResourcePattern::as_str),
    });
    let used: BTreeSet<String> = written
        .map(String::as_str)
        .chain(resources)
        .flat_map(keys_in)
        .map(str::to_ascii_lowercase)
        .collect();
    let compared = conditions.iter().map(|condition| condition.lower_key().to_owned());
    let names: BTreeSet<String> = compared.chain(used.iter().cloned()).collect();
    let free = names.into_iter().filter(|key| context.get(key).is_none());
    free.map(|key| {
        let values = values(&key, &conditions, used.contains(&key));
        (key, values)
    })
    .collect()
}

/// The standing as it would be if every layer allowed everything: what is refused then is refused by denies alone.
pub(super) fn all_allowed<'a>(standing: &Standing<'a>) -> Standing<'a> {
    let mut free = standing.clone();
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let allow = |kind| gather::place(kind, "everything".to_owned(), &crate::policy::PolicyText::new(text)).ok();
    free.policies
        .identity
        .extend(allow(crate::policy::PolicyKind::Identity));
    if let Some(boundary) = &mut free.policies.boundary {
        boundary.extend(allow(crate::policy::PolicyKind::Boundary));
    }
    if let Some(session) = &mut free.policies.session {
        session.extend(allow(crate::policy::PolicyKind::Session));
    }
    for level in &mut free.policies.service_control {
        level.extend(allow(crate::policy::PolicyKind::ServiceControl));
    }
    free
}

/// Whether any role could still be assumed or resource used if every layer allowed; kept apart because trust must allow too.
pub(super) fn denied_by_denies_alone(standing: &Standing<'_>) -> Option<Vec<StatementRef>> {
    let free = all_allowed(standing);
    let mut prover = Prover::new(&free);
    match prover.anything() {
        Finding::Nothing => Some(prover.denied_by.into_iter().collect()),
        Finding::Found { .. } | Finding::Unknown(_) => None,
    }
}
