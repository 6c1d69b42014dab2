//! Does one statement match one request? It says what it finds; what follows from it is decided elsewhere.

use super::document::{Effect, Listed, Statement};
use super::naming::Naming;
use super::pattern::{AskedAction, AskedResource};
use super::principal::Principal;
use super::truth::Truth;
use super::{Context, PolicyKind, Request};

/// A request made ready to be matched.
pub(super) struct Asked<'a> {
    pub(super) action: AskedAction<'a>,
    resource: AskedResource<'a>,
    pub(super) request: &'a Request<'a>,
}

impl<'a> Asked<'a> {
    /// `lower` is the request's action in lower case.
    pub(super) fn new(request: &'a Request<'a>, lower: &'a str) -> Self {
        Asked {
            action: AskedAction::new(lower),
            resource: AskedResource::new(request.resource),
            request,
        }
    }
}

impl Statement {
    /// Whether the statement is about the action.
    pub(super) fn covers_action(&self, asked: &Asked<'_>) -> bool {
        self.is_about_action(&asked.action)
    }

    fn is_about_action(&self, action: &AskedAction<'_>) -> bool {
        match &self.actions {
            Listed::These(patterns) => patterns.iter().any(|pattern| pattern.fits(action)),
            Listed::AllBut(patterns) => !patterns.iter().any(|pattern| pattern.fits(action)),
        }
    }

    /// Whether the statement is about the action, given in lower case.
    pub(crate) fn is_about(&self, lower: &str) -> bool {
        self.is_about_action(&AskedAction::new(lower))
    }

    /// Whether it names actions of the service, in lower case, or leaves some of them out.
    pub(super) fn is_about_service(&self, service: &str) -> bool {
        let (Listed::These(patterns) | Listed::AllBut(patterns)) = &self.actions;
        patterns.iter().any(|pattern| pattern.service() == Some(service))
    }

    /// Whether it is about the resource.
    pub(super) fn covers_resource(&self, asked: &Asked<'_>) -> Truth {
        let one = |pattern: &super::ResourcePattern| pattern.fits(&asked.resource, asked.request.context);
        match &self.resources {
            None => Truth::True,
            Some(Listed::These(patterns)) => Truth::any(patterns.iter().map(one)),
            Some(Listed::AllBut(patterns)) => !Truth::any(patterns.iter().map(one)),
        }
    }

    /// Whether all its conditions hold.
    pub(crate) fn conditions_hold(&self, context: &Context) -> Truth {
        Truth::all(self.conditions.iter().map(|one| one.holds(context)))
    }

    /// Whether it matches in resource and conditions.
    pub(super) fn applies(&self, asked: &Asked<'_>) -> Truth {
        let covered = self.covers_resource(asked);
        if self.conditions.is_empty() {
            return covered;
        }
        covered.and_then(|| self.conditions_hold(asked.request.context))
    }

    /// Whether it denies every action on every resource to whoever it names, whatever the free keys of `context` are.
    pub(crate) fn denies_everything(&self, context: &Context) -> Truth {
        match self.denies_everything_but_for_conditions() {
            true => self.conditions_hold(context),
            false => Truth::False,
        }
    }

    /// Whether it denies every action on every resource wherever its conditions hold.
    pub(crate) fn denies_everything_but_for_conditions(&self) -> bool {
        let all_actions =
            matches!(&self.actions, Listed::These(actions) if actions.iter().any(super::ActionPattern::is_everything));
        let all_resources = match &self.resources {
            None => true,
            Some(Listed::These(resources)) => resources.iter().any(super::ResourcePattern::is_everything),
            Some(Listed::AllBut(_)) => false,
        };
        self.effect == Effect::Deny && all_actions && all_resources
    }

    /// Whether a Deny of this kind of policy is meant for the caller.
    pub(crate) fn denies_caller(&self, kind: PolicyKind, principal: &Principal, has_boundary: bool) -> Truth {
        match (&self.principal, kind) {
            (Some(element), PolicyKind::Resource) => element.denies(principal, has_boundary),
            (None, PolicyKind::Resource) => Truth::unsupported("a resource-based policy that names no principal"),
            (None, _) | (Some(_), PolicyKind::ResourceControl) => Truth::True,
            (Some(_), _) => Truth::unsupported("a principal in a policy that names none"),
        }
    }

    /// In which ways an Allow of a resource-based policy names the caller.
    pub(super) fn namings(&self, principal: &Principal) -> Vec<(Naming, Truth)> {
        match &self.principal {
            Some(element) => element.namings(principal),
            None => vec![(
                Naming::Itself,
                Truth::unsupported("a resource-based policy that names no principal"),
            )],
        }
    }

    /// What IAM would refuse in its patterns, if anything.
    pub(super) fn odd_pattern(&self) -> Option<String> {
        let actions = match &self.actions {
            Listed::These(patterns) | Listed::AllBut(patterns) => patterns,
        };
        let vendor = actions.iter().find(|pattern| {
            let service = pattern.as_str().split(':').next().unwrap_or_default();
            service.contains(['*', '?']) && !pattern.is_everything()
        });
        if let Some(pattern) = vendor {
            return Some(format!(
                "`{}`: the service of an action has no wildcards",
                pattern.as_str()
            ));
        }
        let resources = match &self.resources {
            Some(Listed::These(patterns) | Listed::AllBut(patterns)) => patterns.as_slice(),
            None => &[],
        };
        let odd = resources.iter().find(|pattern| !pattern.is_well_formed())?;
        Some(format!("`{}` is neither `*` nor an ARN with its service", odd.as_str()))
    }
}
