//! What one principal may do with each move, on all targets at once.

use super::bits::{Bits, Tri};
use super::moves::{ASSUME, MOVES};
use super::targets::Targets;
use crate::account::{Account, Tags};
use crate::policy::{Condition, Context, Document, Effect, Placed, Statement, Truth};
use crate::verdict::Standing;
use std::collections::HashMap;
use std::sync::Arc;

/// The statements of a document that are about moves, with the moves of each.
struct Relevant {
    statements: Vec<(usize, u64)>,
    all: u64,
    /// Kept, so that its address is not another's.
    _document: Arc<Document>,
}

/// Works out rights, and keeps what it found out about documents.
pub(super) struct Rights<'a> {
    account: &'a Account,
    relevant: HashMap<*const Document, Relevant>,
}

/// The policies of one principal under one aspect: as it is, or with other power over its own policies.
pub(super) struct Powers<'s> {
    /// As it is.
    pub(super) standing: &'s Standing<'s>,
    /// As its holder may make it, for single decisions.
    pub(super) made: &'s Standing<'s>,
    /// Its policies may say whatever its holder wants.
    pub(super) any_policy: bool,
    /// Nothing of its own limits it: denies and boundary may be taken away.
    pub(super) freed: bool,
}

/// A layer's word on one move.
struct Said {
    allow: Tri,
    deny: Tri,
}

impl<'a> Rights<'a> {
    pub(super) fn new(account: &'a Account) -> Self {
        Rights {
            account,
            relevant: HashMap::new(),
        }
    }

    fn relevant(&mut self, placed: &Placed) -> &Relevant {
        let address = Arc::as_ptr(&placed.document);
        self.relevant.entry(address).or_insert_with(|| {
            let statements = placed
                .document
                .statements
                .iter()
                .enumerate()
                .map(|(n, statement)| (n, moves_of(statement)));
            let statements: Vec<(usize, u64)> = statements.filter(|(_, moves)| *moves != 0).collect();
            Relevant {
                all: statements.iter().fold(0, |sum, (_, moves)| sum | moves),
                statements,
                _document: Arc::clone(&placed.document),
            }
        })
    }

    /// The moves that some document of these speaks about.
    pub(super) fn spoken_of<'p>(&mut self, documents: impl IntoIterator<Item = &'p Placed>) -> u64 {
        documents
            .into_iter()
            .fold(0, |sum, placed| sum | self.relevant(placed).all)
    }

    /// The statements about a move in the policies of a principal.
    pub(super) fn about<'p>(&mut self, documents: &'p [Placed], number: usize) -> Vec<&'p Statement> {
        let mut found = Vec::new();
        for placed in documents {
            let relevant = self.relevant(placed);
            let about = relevant
                .statements
                .iter()
                .filter(|(_, moves)| moves & (1 << number) != 0);
            found.extend(about.filter_map(|(n, _)| placed.document.statements.get(*n)));
        }
        found
    }

    fn said(&mut self, documents: &[Placed], number: usize, context: &Context, targets: &mut Targets) -> Said {
        let mut said = Said {
            allow: Tri::none(targets.len()),
            deny: Tri::none(targets.len()),
        };
        for statement in self.about(documents, number) {
            let side = match statement.effect {
                Effect::Allow => &mut said.allow,
                Effect::Deny => &mut said.deny,
            };
            self.adds(statement, context, targets, side);
        }
        said
    }

    /// Adds what one statement covers, as far as its conditions hold.
    fn adds(&self, statement: &Statement, context: &Context, targets: &mut Targets, side: &mut Tri) {
        let truth = statement.conditions_hold(context);
        if truth.is_false() {
            return;
        }
        let (bits, known) = targets.covered(statement, context);
        if !known {
            // A resource with a variable whose value is free may be any.
            side.maybe = Bits::all(targets.len());
        }
        let named = statement.principal.is_none();
        if truth.is_true() && named {
            side.sure.join(&bits);
            side.maybe.join(&bits);
        } else if statement.conditions.iter().any(is_on_tags) {
            for n in bits.iter() {
                side.put(n, &statement.conditions_hold(&self.with_tags(context, targets, n)));
            }
        } else {
            side.maybe.join(&bits);
        }
    }

    /// The context of a call on a target: the tags of users and roles are known.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
    fn with_tags(&self, context: &Context, targets: &Targets, n: usize) -> Context {
        let mut context = context.clone();
        let Some(tags) = self.tags(targets, n) else {
            return context;
        };
        for family in ["aws:ResourceTag/", "iam:ResourceTag/"] {
            context.set_absent(family);
            for (key, value) in tags {
                context.set(&format!("{family}{key}"), value);
            }
        }
        context
    }

    fn tags(&self, targets: &Targets, n: usize) -> Option<&'a Tags> {
        let name = targets.arn(n)?.name();
        let (users, roles) = (&self.account.users, &self.account.roles);
        match n {
            n if targets.users.contains(&n) => users.get(name).map(|user| &user.tags),
            n if targets.roles.contains(&n) => roles.get(name).map(|role| &role.tags),
            _ => None,
        }
    }

    /// What each layer says about the move on all targets; `None` where the principal's own policies allow it on nothing and no resource's
    /// policy could.
    pub(super) fn layers(
        &mut self,
        powers: &Powers<'_>,
        number: usize,
        context: &Context,
        targets: &mut Targets,
    ) -> Option<Layers> {
        let policies = &powers.standing.policies;
        let identity = self.said(&policies.identity, number, context, targets);
        if identity.allow.maybe.is_empty() && !powers.any_policy && number != ASSUME {
            return None;
        }
        let mut layers = Layers {
            identity: if powers.any_policy {
                Tri::all(targets.len())
            } else {
                identity.allow
            },
            limits: None,
            service_control: None,
            denied: if powers.freed {
                Tri::none(targets.len())
            } else {
                identity.deny
            },
        };
        let boundary = policies.boundary.as_ref().filter(|_| !powers.freed);
        for documents in boundary.into_iter().chain(&policies.session) {
            let said = self.said(documents, number, context, targets);
            layers.denied.join(&said.deny);
            narrow(&mut layers.limits, said.allow);
        }
        if !powers.standing.principal.is_service_linked() {
            for level in &policies.service_control {
                let said = self.said(level, number, context, targets);
                layers.denied.join(&said.deny);
                narrow(&mut layers.service_control, said.allow);
            }
        }
        Some(layers)
    }
}

fn narrow(limit: &mut Option<Tri>, allow: Tri) {
    match limit {
        Some(limit) => limit.meet(&allow),
        None => *limit = Some(allow),
    }
}

/// What each layer says about one move on all targets.
pub(super) struct Layers {
    pub(super) identity: Tri,
    /// Boundary and session policy together; `None` where there is neither.
    pub(super) limits: Option<Tri>,
    /// SCPs; `None` where there are none.
    pub(super) service_control: Option<Tri>,
    pub(super) denied: Tri,
}

impl Layers {
    /// What is allowed where no resource policy has a say.
    pub(super) fn allowed(self) -> Tri {
        let mut allowed = self.identity;
        for limit in self.limits.iter().chain(&self.service_control) {
            allowed.meet(limit);
        }
        allowed.deny(&self.denied);
        allowed
    }
}

fn is_on_tags(condition: &Condition) -> bool {
    let key = condition.lower_key();
    key.starts_with("aws:resourcetag/") || key.starts_with("iam:resourcetag/")
}

fn moves_of(statement: &Statement) -> u64 {
    let lower = lower_moves();
    let about = lower
        .iter()
        .enumerate()
        .filter(|(_, action)| statement.is_about(action));
    about.fold(0, |sum, (n, _)| sum | 1 << n)
}

fn lower_moves() -> &'static [String] {
    static LOWER: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    LOWER.get_or_init(|| MOVES.iter().map(|one| one.action.to_ascii_lowercase()).collect())
}

/// Whether some call of `actions` is allowed on something: tried on what the allows themselves name.
pub(super) fn may_somewhere(
    powers: &Powers<'_>,
    actions: &[&'static str],
    account: &Account,
) -> (Truth, Option<&'static str>) {
    let mut best = (Truth::False, None);
    for &action in actions {
        let truth = super::somewhere::may(powers, action, account);
        if truth.is_true() {
            return (truth, Some(action));
        }
        if best.0.is_false() && !truth.is_false() {
            best = (truth, Some(action));
        }
    }
    best
}
