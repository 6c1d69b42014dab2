//! Actions parted into the classes that policies can tell apart, each with the resources that its actions are asked on.

use super::Standing;
use super::prove::is_out_of_bounds;
use super::resources::arn_steps;
use crate::catalogue::{Service, catalogue};
use crate::policy::{ActionPattern, Condition, Glob, Listed, Statement, Steps, atoms, fits, of_glob};
use std::collections::{BTreeMap, BTreeSet};

/// Actions that the same statements are about, by one of them.
pub(super) struct Class<'p> {
    pub(super) action: String,
    /// Whether AWS has an action in it, as far as the catalogue knows.
    pub(super) is_known: bool,
    pub(super) statements: Vec<&'p Statement>,
    /// On which resources its actions can be asked.
    pub(super) feasible: Feasible,
    /// One of its actions that is asked without a resource, if any is.
    pub(super) without_resource: Option<String>,
    /// How many actions of each service are in it.
    pub(super) services: BTreeMap<String, usize>,
}

impl Class<'_> {
    /// One of its actions that is asked on such a resource.
    pub(super) fn action_on(&self, resource: &str) -> &str {
        let typed = || self.feasible.types().iter().find(|(kind, _)| fits(kind, resource));
        let action = match resource {
            "*" => self.without_resource.as_ref(),
            _ => typed().map(|(_, action)| action),
        };
        action.unwrap_or(&self.action)
    }
}

/// Actions in the classes that statements part them into. `None` when that is too intricate.
pub(super) fn classes<'p>(standing: &Standing<'_>, statements: &[&'p Statement]) -> Option<Vec<Class<'p>>> {
    let mentioned = mentioned(standing, statements)?;
    let mut sorting = Sorting {
        standing,
        statements,
        classes: BTreeMap::new(),
    };
    let (apart, alike): (Vec<_>, Vec<_>) = catalogue()
        .services
        .iter()
        .partition(|(prefix, _)| mentioned.contains(prefix.as_str()));
    for (prefix, service) in apart {
        for action in &service.actions {
            sorting.add(&format!("{prefix}:{}", action.name), Some((service, action)));
        }
    }
    // No statement tells the other services apart, so one action stands for all of theirs.
    let example = alike
        .iter()
        .find_map(|(prefix, service)| Some(format!("{prefix}:{}", service.actions.first()?.name)));
    if let Some(example) = example
        && let Some(class) = sorting.class(&example, true)
    {
        class.without_resource = Some(example);
        class.services.extend(
            alike
                .iter()
                .map(|(prefix, service)| ((*prefix).clone(), service.actions.len())),
        );
        class.feasible = Feasible::Others(mentioned);
    }
    for action in unknown_actions(statements)? {
        sorting.add(&action, None);
    }
    Some(sorting.classes.into_values().collect())
}

/// The services that statements tell apart from others; `None` when a pattern has a wildcard in its service.
fn mentioned(standing: &Standing<'_>, statements: &[&Statement]) -> Option<BTreeSet<String>> {
    let mut mentioned: BTreeSet<String> = ["iam", "sts", "kms"].map(str::to_owned).into();
    let known = |prefix: &str| catalogue().services.contains_key(prefix);
    for statement in statements {
        let (Listed::These(patterns) | Listed::AllBut(patterns)) = &statement.actions;
        for pattern in patterns.iter().filter(|pattern| !pattern.is_everything()) {
            match pattern.service() {
                Some(service) => mentioned.extend(Some(service.to_owned())),
                None => mentioned.extend(catalogue().services.keys().cloned()),
            }
        }
        let keys = statement.conditions.iter().map(Condition::lower_key);
        let prefixes = keys
            .filter_map(|key| key.split(':').next())
            .filter(|prefix| known(prefix));
        mentioned.extend(prefixes.map(str::to_owned));
    }
    if !standing.policies.resource_control.is_empty() {
        let under = catalogue()
            .services
            .keys()
            .filter(|service| catalogue().is_under_rcps(service));
        mentioned.extend(under.cloned());
    }
    Some(mentioned)
}

/// Which statements are about an action, whether it is of KMS (key policies must allow), its service where that matters.
type Way = (Vec<usize>, String);

struct Sorting<'s, 'a, 'p> {
    standing: &'s Standing<'a>,
    statements: &'s [&'p Statement],
    classes: BTreeMap<Way, Class<'p>>,
}

impl<'p> Sorting<'_, '_, 'p> {
    /// The class of the action, made when it is the first of it; `None` when a call of it is out of the question.
    fn class(&mut self, action: &str, is_known: bool) -> Option<&mut Class<'p>> {
        let lower = action.to_ascii_lowercase();
        // Roles are gone through by themselves.
        if is_out_of_bounds(self.standing, action) || lower == "sts:assumerole" {
            return None;
        }
        let about = self
            .statements
            .iter()
            .enumerate()
            .filter(|(_, statement)| statement.is_about(&lower));
        let which: Vec<usize> = about.map(|(n, _)| n).collect();
        let statements: Vec<&'p Statement> = which.iter().filter_map(|n| self.statements.get(*n).copied()).collect();
        let service = lower.split(':').next().unwrap_or_default();
        let of_services = statements.iter().flat_map(|statement| &statement.conditions);
        let mut prefixes = of_services.filter_map(|condition| condition.lower_key().split(':').next());
        let apart = prefixes.any(|prefix| catalogue().services.contains_key(prefix))
            || service == "kms"
            || !self.standing.policies.resource_control.is_empty();
        let way = (which, if apart { service.to_owned() } else { String::new() });
        let class = self.classes.entry(way).or_insert_with(|| Class {
            action: action.to_owned(),
            is_known: is_known || !catalogue().services.contains_key(service),
            statements,
            feasible: Feasible::Types(Vec::new()),
            without_resource: None,
            services: BTreeMap::new(),
        });
        Some(class)
    }

    fn add(&mut self, action: &str, known: Option<(&Service, &crate::catalogue::Action)>) {
        let before = self.classes.len();
        let Some((service, known)) = known else {
            // What the catalogue doesn't know may be asked on anything, and adds nothing to a class that it knows.
            self.class(action, false);
            if self.classes.len() > before
                && let Some(class) = self.class(action, false)
            {
                class.feasible = Feasible::Anything;
                class.without_resource = Some(action.to_owned());
            }
            return;
        };
        let Some(class) = self.class(action, true) else {
            return;
        };
        let prefix = action.split(':').next().unwrap_or_default();
        *class.services.entry(prefix.to_owned()).or_default() += 1;
        if known.without_resource {
            class.without_resource.get_or_insert_with(|| action.to_owned());
        }
        for kind in service.types_of(known).filter_map(type_steps) {
            class.feasible.add(kind, action);
        }
    }
}

/// On which resources the actions of a class can be asked.
pub(super) enum Feasible {
    /// On resources of these types; each with an action.
    Types(Vec<(Steps, String)>),
    /// On all that actions of other services than these act on.
    Others(BTreeSet<String>),
    /// Not known.
    Anything,
}

impl Feasible {
    fn add(&mut self, kind: Steps, action: &str) {
        match self {
            Feasible::Types(types) if types.len() >= MOST_TYPES => *self = Feasible::Anything,
            Feasible::Types(types) if types.iter().all(|(other, _)| *other != kind) => {
                types.push((kind, action.to_owned()))
            }
            _ => {}
        }
    }

    pub(super) fn takes(&self, arn: &str) -> bool {
        match self {
            Feasible::Types(types) => types.iter().any(|(kind, _)| fits(kind, arn)),
            Feasible::Others(mentioned) => {
                let service = arn.split(':').nth(2).unwrap_or_default();
                let acting = catalogue().acting_on(service);
                acting.is_none_or(|acting| acting.iter().any(|service| !mentioned.contains(service)))
            }
            Feasible::Anything => true,
        }
    }

    pub(super) fn types(&self) -> &[(Steps, String)] {
        match self {
            Feasible::Types(types) => types,
            Feasible::Others(_) | Feasible::Anything => &[],
        }
    }
}

/// Resource types of one class that are told apart.
const MOST_TYPES: usize = 24;

fn type_steps(arn: &str) -> Option<Steps> {
    let mut pattern = String::new();
    let mut rest = arn;
    while let Some((before, behind)) = rest.split_once("${") {
        pattern.push_str(before);
        pattern.push('*');
        rest = behind.split_once('}').map_or("", |(_, after)| after);
    }
    pattern.push_str(rest);
    arn_steps(&pattern)
}

/// Actions that stand for all that the catalogue doesn't know.
fn unknown_actions(statements: &[&Statement]) -> Option<Vec<String>> {
    let patterns = statements.iter().flat_map(|statement| match &statement.actions {
        Listed::These(patterns) | Listed::AllBut(patterns) => patterns,
    });
    let mut steps: Vec<Steps> = patterns
        .map(|pattern: &ActionPattern| of_glob(pattern.whole()))
        .collect();
    let apart = ["iam:*", "sts:*", "sts:assumerole*", "kms:*"];
    steps.extend(apart.iter().map(|text| of_glob(&Glob::wild(text))));
    let found = atoms(&of_glob(&Glob::wild("?*:?*")), &steps)?;
    Some(
        found
            .into_iter()
            .filter(|action| !action.ends_with(':') && action.matches(':').count() == 1)
            .collect(),
    )
}
