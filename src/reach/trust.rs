//! Who may assume which role, as trust policies say it.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html>

use super::bits::{Bits, Tri};
use super::rights::Layers;
use super::targets::Targets;
use crate::account::{Account, Role};
use crate::ids::{Arn, PrincipalArn};
use crate::policy::{Document, Effect, Gap, Listed, Named, PolicyKind, PrincipalKind, Statement, Truth};
use crate::verdict::Standing;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// One statement of one role's trust policy.
#[derive(Clone, Copy)]
struct At {
    role: usize,
    document: usize,
    statement: usize,
}

/// All trust policies of an account, by whom they name.
pub(super) struct Trust {
    documents: Vec<Arc<Document>>,
    /// The place of each role's document.
    places: HashMap<usize, usize>,
    /// Roles that let the account in without a condition, and statements that do under one.
    account: (Bits, Vec<At>),
    /// The same for everybody.
    everybody: (Bits, Vec<At>),
    /// Statements that name a user or a role.
    named: HashMap<usize, Vec<At>>,
    /// Statements that name one session of a role, by the role, with the session's ARN.
    sessions: HashMap<usize, Vec<(Arn, At)>>,
    denies: Vec<At>,
    /// Roles whose trust policy can be read by nobody, or says what isn't understood.
    unread: Bits,
    /// Roles that a service may assume.
    services: BTreeMap<String, Bits>,
    /// Roles that the users of an identity provider may assume.
    providers: BTreeMap<Arn, Bits>,
    /// Roles that principals of other accounts may assume, with who is named.
    foreign: BTreeMap<usize, BTreeSet<String>>,
}

/// Identity providers that trust policies name by ARN.
pub(super) fn providers(account: &Account) -> BTreeSet<Arn> {
    let documents = account.roles.values().filter_map(|role| role.trust.parse().ok());
    let named = documents.flat_map(|document| document.statements.iter().flat_map(federated).collect::<Vec<_>>());
    named.collect()
}

fn federated(statement: &Statement) -> Vec<Arn> {
    match &statement.principal {
        Some(Listed::These(named)) if statement.effect == Effect::Allow => named
            .iter()
            .filter_map(|one| match one {
                Named::Federated(text) => text.parse().ok(),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

const CALLS: [&str; 3] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
];

impl Trust {
    pub(super) fn of(account: &Account, targets: &Targets) -> Trust {
        let size = targets.len();
        let mut trust = Trust {
            documents: Vec::new(),
            places: HashMap::new(),
            account: (Bits::none(size), Vec::new()),
            everybody: (Bits::none(size), Vec::new()),
            named: HashMap::new(),
            sessions: HashMap::new(),
            denies: Vec::new(),
            unread: Bits::none(size),
            services: BTreeMap::new(),
            providers: BTreeMap::new(),
            foreign: BTreeMap::new(),
        };
        let ids = unique_ids(account, targets);
        for role in account.roles.values() {
            let Some(number) = targets.number(&account.role_arn(role)) else {
                continue;
            };
            trust.take_in(account, role, number, targets, &ids);
        }
        trust
    }

    fn take_in(
        &mut self,
        account: &Account,
        role: &Role,
        number: usize,
        targets: &Targets,
        ids: &HashMap<&str, usize>,
    ) {
        let Ok(document) = role.trust.parse() else {
            self.unread.put(number);
            return;
        };
        let place = self.documents.len();
        for (n, statement) in document.statements.iter().enumerate() {
            let at = At {
                role: number,
                document: place,
                statement: n,
            };
            if !CALLS.iter().any(|call| statement.is_about(call)) {
                continue;
            }
            match (&statement.principal, statement.effect) {
                (_, Effect::Deny) => self.denies.push(at),
                (Some(Listed::These(named)), Effect::Allow) => {
                    for one in named {
                        self.names(account, one, statement, at, targets, ids);
                    }
                }
                (Some(Listed::AllBut(_)) | None, Effect::Allow) => self.unread.put(number),
            }
        }
        self.places.insert(number, place);
        self.documents.push(document);
    }

    fn names(
        &mut self,
        account: &Account,
        one: &Named,
        statement: &Statement,
        at: At,
        targets: &Targets,
        ids: &HashMap<&str, usize>,
    ) {
        let size = targets.len();
        match one {
            Named::Everybody => side(&mut self.everybody, statement, at),
            Named::Service(service) => {
                self.services
                    .entry(service.clone())
                    .or_insert_with(|| Bits::none(size))
                    .put(at.role);
            }
            Named::Federated(text) => {
                if let Ok(arn) = text.parse::<Arn>() {
                    self.providers
                        .entry(arn)
                        .or_insert_with(|| Bits::none(size))
                        .put(at.role);
                }
            }
            Named::CanonicalUser(_) => {}
            Named::Aws(text) if text == account.id.as_str() => side(&mut self.account, statement, at),
            Named::Aws(text) => match text.parse::<Arn>() {
                Ok(arn) if arn.account().as_ref() != Some(&account.id) => self.foreigner(text, at),
                Ok(arn) => self.principal(account, &arn, statement, at, targets),
                Err(_) if text.len() == 12 => self.foreigner(text, at),
                Err(_) => {
                    if let Some(number) = ids.get(text.as_str()) {
                        self.named.entry(*number).or_default().push(at);
                    }
                }
            },
        }
    }

    fn foreigner(&mut self, text: &str, at: At) {
        self.foreign.entry(at.role).or_default().insert(text.to_owned());
    }

    fn principal(&mut self, account: &Account, arn: &Arn, statement: &Statement, at: At, targets: &Targets) {
        match PrincipalArn::of(arn) {
            Some(PrincipalArn::Root) => side(&mut self.account, statement, at),
            Some(PrincipalArn::User(_) | PrincipalArn::Role(_)) => {
                if let Some(number) = targets.number(arn) {
                    self.named.entry(number).or_default().push(at);
                }
            }
            Some(PrincipalArn::RoleSession { role, .. }) => {
                let holder = account.roles.get(&role).map(|role| account.role_arn(role));
                if let Some(number) = holder.and_then(|holder| targets.number(&holder)) {
                    self.sessions.entry(number).or_default().push((arn.clone(), at));
                }
            }
            Some(PrincipalArn::FederatedUser(_)) | None => {}
        }
    }

    fn statement(&self, at: At) -> Option<&Statement> {
        self.documents.get(at.document)?.statements.get(at.statement)
    }

    fn put(&self, tri: &mut Tri, at: At, standing: &Standing<'_>) {
        if let Some(statement) = self
            .statement(at)
            .filter(|statement| statement.is_about("sts:assumerole"))
        {
            tri.put(at.role, &statement.conditions_hold(&standing.context));
        }
    }

    /// The roles that a principal may assume, given what its own policies say. `number` is its own, for a user or role of the account; a
    /// credential at hand (`exact`) has the session name that it has, another may choose one.
    pub(super) fn assumable(&self, standing: &Standing<'_>, number: Option<usize>, exact: bool, layers: Layers) -> Tri {
        let size = layers.identity.sure.bound();
        let mut own = layers.identity;
        layers.limits.iter().for_each(|limits| own.meet(limits));
        let mut allowed = both(&self.account.0);
        for at in self.account.1.iter().filter(|at| own.maybe.has(at.role)) {
            self.put(&mut allowed, *at, standing);
        }
        allowed.maybe.join(&self.unread);
        allowed.meet(&own);
        let mut itself = both(&self.everybody.0);
        for at in &self.everybody.1 {
            self.put(&mut itself, *at, standing);
        }
        let mut holder = Tri::none(size);
        for at in number.and_then(|number| self.named.get(&number)).into_iter().flatten() {
            let is_role = standing.principal.kind == PrincipalKind::RoleSession;
            self.put(if is_role { &mut holder } else { &mut itself }, *at, standing);
        }
        for (arn, at) in number
            .and_then(|number| self.sessions.get(&number))
            .into_iter()
            .flatten()
        {
            if !exact || standing.principal.session_arn.as_ref() == Some(arn) {
                self.put(&mut itself, *at, standing);
            }
        }
        layers.limits.iter().for_each(|limits| holder.meet(limits));
        allowed.join(&itself);
        allowed.join(&holder);
        layers.service_control.iter().for_each(|guard| allowed.meet(guard));
        allowed.deny(&layers.denied);
        if !allowed.maybe.is_empty() {
            self.without_denied(&mut allowed, standing);
        }
        allowed
    }

    fn without_denied(&self, allowed: &mut Tri, standing: &Standing<'_>) {
        let mut denied = Tri::none(allowed.sure.bound());
        let has_boundary = standing.policies.boundary.is_some();
        for at in self.denies.iter().filter(|at| allowed.maybe.has(at.role)) {
            let Some(statement) = self
                .statement(*at)
                .filter(|statement| statement.is_about("sts:assumerole"))
            else {
                continue;
            };
            let meant = statement.denies_caller(PolicyKind::Resource, &standing.principal, has_boundary);
            denied.put(at.role, &meant.and(statement.conditions_hold(&standing.context)));
        }
        allowed.deny(&denied);
    }

    /// The roles that a service may assume. A condition that isn't plainly false is taken to hold: what runs in the account meets it.
    pub(super) fn of_service(&self, service: &str) -> Option<&Bits> {
        self.services.get(service)
    }

    /// The roles that the users of a provider may assume.
    pub(super) fn of_provider(&self, provider: &Arn) -> Option<&Bits> {
        self.providers.get(provider)
    }

    /// Roles that anybody may assume, whatever the account, with whether that is sure.
    pub(super) fn open_to_everybody(&self) -> Vec<(usize, Truth)> {
        let conditional = self.everybody.1.iter().filter_map(|at| {
            let statement = self.statement(*at)?;
            let open = crate::policy::Context::open();
            Some((at.role, statement.conditions_hold(&open)))
        });
        let plain = self.everybody.0.iter().map(|role| (role, Truth::True));
        plain
            .chain(conditional)
            .filter(|(_, truth)| !truth.is_false())
            .collect()
    }

    /// Roles that named principals of other accounts may assume.
    pub(super) fn foreign(&self) -> &BTreeMap<usize, BTreeSet<String>> {
        &self.foreign
    }

    /// The statement of a role's trust policy by which a principal is let in, for people: its place from 1.
    pub(super) fn opens(&self, role: usize, standing: &Standing<'_>) -> Option<usize> {
        let document = self.documents.get(*self.places.get(&role)?)?;
        let opens = document.statements.iter().position(|statement| {
            let names = match &statement.principal {
                Some(element) => Truth::any(element.namings(&standing.principal).into_iter().map(|(_, truth)| truth)),
                None => Truth::unknown(Gap::Unsupported("a trust policy without principal".to_owned())),
            };
            statement.effect == Effect::Allow
                && statement.is_about("sts:assumerole")
                && !names.is_false()
                && !statement.conditions_hold(&standing.context).is_false()
        });
        opens.map(|n| n + 1)
    }
}

fn side(lists: &mut (Bits, Vec<At>), statement: &Statement, at: At) {
    if statement.conditions.is_empty() && statement.is_about("sts:assumerole") {
        lists.0.put(at.role);
    } else {
        lists.1.push(at);
    }
}

fn both(bits: &Bits) -> Tri {
    Tri {
        sure: bits.clone(),
        maybe: bits.clone(),
    }
}

/// Users and roles by unique ID: what stands in a trust policy in place of the ARN of one that was deleted names nobody who is here.
fn unique_ids<'a>(account: &'a Account, targets: &Targets) -> HashMap<&'a str, usize> {
    let users = account
        .users
        .values()
        .map(|user| (user.id.as_str(), account.user_arn(user)));
    let roles = account
        .roles
        .values()
        .map(|role| (role.id.as_str(), account.role_arn(role)));
    let numbered = users
        .chain(roles)
        .filter_map(|(id, arn)| Some((id, targets.number(&arn)?)));
    numbered.collect()
}
