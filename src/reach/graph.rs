//! What each principal may do to each other, worked out when it is asked for and kept.

use super::bits::{Bits, Tri};
use super::chosen;
use super::compute::RUNNERS;
use super::index::texts;
use super::moves::{ASSUME, CHANGE_PASSWORD, Gives, MOVES, NEW_ROLE, NEW_USER, On, PASS, REACTIVATE, RESET};
use super::rights::{Layers, Powers, Rights, may_somewhere};
use super::somewhere::changed;
use super::targets::Targets;
use super::trust::{self, Trust};
use crate::account::{Account, Credentials, KeyStatus, User};
use crate::ids::Arn;
use crate::policy::{Condition, Placed, Statement};
use crate::time::Moment;
use crate::verdict::{Standing, session_forbids};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// What the holder of one principal may do to others.
#[derive(Debug, Clone)]
pub(super) struct Edges {
    /// Principals that he can become.
    pub(super) hold: Tri,
    /// Principals whose policies he can write.
    pub(super) edit: Tri,
    /// Principals whose denies or boundary he can take away.
    pub(super) free: Tri,
    /// Groups that he can put a user into.
    pub(super) join: Tri,
}

/// Whether a user holds something of a kind.
type Holds = fn(&Credentials) -> bool;

impl Edges {
    /// Adds what there is in `other`.
    fn join(&mut self, other: &Edges) {
        self.hold.join(&other.hold);
        self.edit.join(&other.edit);
        self.free.join(&other.free);
        self.join.join(&other.join);
    }
}

/// Calls that only do something to a user who has such a credential already.
pub(super) const THERE: [(usize, Holds); 3] = [
    (REACTIVATE, |held| {
        held.access_keys.iter().any(|key| key.status != KeyStatus::Active)
    }),
    (CHANGE_PASSWORD, |held| held.login_profile.is_some()),
    (RESET, |held| !held.service_specific.is_empty()),
];

/// Which powers over its own policies a principal has: to write them, to take away what limits it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Own {
    pub(super) any_policy: bool,
    pub(super) freed: bool,
}

/// An account with all that bears on who can become whom.
pub(super) struct Graph<'a> {
    pub(super) account: &'a Account,
    pub(super) now: Moment,
    /// Whether anything hangs on what is chosen of a role's session when it is asked for.
    pub(super) chosen_counts: bool,
    /// Whether who is new bears the name that was thought up for it; else it may bear any.
    new_is_named: bool,
    pub(super) targets: Targets,
    pub(super) trust: Trust,
    rights: Rights<'a>,
    /// Who has each managed policy attached, and whose boundary it is.
    pub(super) attached: BTreeMap<usize, (Bits, Bits)>,
    /// The members of each group, with the group.
    pub(super) members: BTreeMap<usize, Bits>,
    /// All groups with all of their members; all managed policies with all who have one, and with all whom one bounds.
    pub(super) of_groups: (Bits, Bits),
    pub(super) of_policies: ((Bits, Bits), (Bits, Bits)),
    /// Principals that a deny or a boundary limits.
    pub(super) limited: Bits,
    /// Users who have what some calls need to be there.
    pub(super) there: Vec<(usize, Tri)>,
    /// Everybody who is in the account and can be changed.
    pub(super) everybody: Bits,
    /// Users, those that would be new among them.
    pub(super) users: Bits,
    pub(super) kinds: Vec<Bits>,
    /// Roles that nobody in the account can change.
    pub(super) fixed: Bits,
    edges: HashMap<(usize, Own), Rc<Edges>>,
    standings: HashMap<usize, Rc<Standing<'a>>>,
}

impl<'a> Graph<'a> {
    /// `named` are the names that somebody new may be given beside those that are thought up; without them it may bear any.
    pub(super) fn of(account: &'a Account, now: Moment, named: Option<&BTreeSet<Arn>>) -> Self {
        let texts = texts(account);
        let documents: Vec<_> = texts.filter_map(|text| text.parse().ok()).collect();
        let statements: Vec<&Statement> = documents.iter().flat_map(|document| &document.statements).collect();
        let none = BTreeSet::new();
        let targets = Targets::of(account, &statements, trust::providers(account), named.unwrap_or(&none));
        let mut graph = Graph {
            trust: Trust::of(account, &targets),
            rights: Rights::new(account),
            attached: BTreeMap::new(),
            members: BTreeMap::new(),
            of_groups: Default::default(),
            of_policies: Default::default(),
            limited: Bits::none(targets.len()),
            there: THERE.iter().map(|(m, _)| (*m, Tri::none(targets.len()))).collect(),
            everybody: Bits::none(targets.len()),
            users: Bits::none(targets.len()),
            kinds: Vec::new(),
            fixed: Bits::none(targets.len()),
            edges: HashMap::new(),
            standings: HashMap::new(),
            account,
            now,
            chosen_counts: chosen::is_spoken_of(account),
            new_is_named: named.is_some(),
            targets,
        };
        graph.index();
        graph
    }

    /// The principal with that number as policies see it: a user by a long-term key, whether MFA was given or not; a role by a
    /// session of now; a group as a user who is in nothing else.
    pub(super) fn standing(&self, n: usize) -> Option<Standing<'a>> {
        let account = self.account;
        let targets = &self.targets;
        let arn = targets.arn(n)?;
        if targets.roles.contains(&n) {
            return Some(Standing::of_fresh_role(
                account,
                account.roles.get(arn.name())?,
                self.now,
            ));
        }
        if targets.users.contains(&n) {
            let mut standing = Standing::of_user(account, account.users.get(arn.name())?);
            for mfa in ["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"] {
                standing.context.unset(mfa);
            }
            return Some(standing);
        }
        let made_up = |groups| User {
            name: "oust-new".to_owned(),
            path: "/".to_owned(),
            id: String::new(),
            created: self.now,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: Default::default(),
            groups,
            boundary: None,
            credentials: Some(Credentials::default()),
        };
        let is_group = targets.groups.contains(&n);
        let is_new = targets.new_users.contains(&n) || targets.new_roles.contains(&n);
        let groups = is_group.then(|| arn.name().to_owned()).into_iter().collect();
        (is_group || is_new).then(|| {
            let mut standing = Standing::of_user(account, &made_up(groups));
            for free in ["aws:username", "aws:userid", "aws:PrincipalArn", "aws:PrincipalTag/"] {
                standing.context.unset(free);
            }
            if self.new_is_named && is_new {
                standing.context.set("aws:PrincipalArn", arn.as_str());
            }
            standing
        })
    }

    /// What the principal with that number may do to others.
    pub(super) fn edges(&mut self, n: usize, own: Own) -> Rc<Edges> {
        if let Some(known) = self.edges.get(&(n, own)) {
            return Rc::clone(known);
        }
        let standing = match self.standings.get(&n) {
            Some(known) => Some(Rc::clone(known)),
            None => self.standing(n).map(Rc::new),
        };
        if let Some(standing) = &standing {
            self.standings.entry(n).or_insert_with(|| Rc::clone(standing));
        }
        let mut edges = match standing {
            Some(standing) => self.edges_of(&standing, Some(n), false, own),
            None => self.no_edges(),
        };
        if let Some(chosen) = self.chosen(n) {
            edges.join(&self.edges_of(&chosen, Some(n), false, own));
        }
        let edges = Rc::new(edges);
        self.edges.insert((n, own), Rc::clone(&edges));
        edges
    }

    fn no_edges(&self) -> Edges {
        let none = || Tri::none(self.targets.len());
        Edges {
            hold: none(),
            edit: none(),
            free: none(),
            join: none(),
        }
    }

    /// What a principal may do to others. `number` is its own, where it is one of the account's; `exact` says that it is a credential
    /// at hand and not one that is yet to be had.
    pub(super) fn edges_of(&mut self, standing: &Standing<'_>, number: Option<usize>, exact: bool, own: Own) -> Edges {
        let changed = (own != Own::default()).then(|| changed(standing, own));
        let powers = Powers {
            standing,
            made: changed.as_ref().unwrap_or(standing),
            any_policy: own.any_policy,
            freed: own.freed,
        };
        let mut edges = self.no_edges();
        let identity: &[Placed] = &standing.policies.identity;
        let spoken = if own.any_policy {
            u64::MAX
        } else {
            self.rights.spoken_of(identity)
        };
        let may_call = |action: &str| {
            standing
                .session
                .is_none_or(|session| session_forbids(session, action).is_none())
        };
        let (mut new_users, mut new_roles) = (Tri::none(self.targets.len()), Tri::none(self.targets.len()));
        for (m, one) in MOVES.iter().enumerate() {
            if !may_call(one.action) || (m != ASSUME && spoken & (1 << m) == 0) {
                continue;
            }
            if m == PASS {
                let passed = self.passed(&powers);
                edges.hold.join(&passed);
                continue;
            }
            let Some(layers) = self.rights.layers(&powers, m, &standing.context, &mut self.targets) else {
                continue;
            };
            if m == ASSUME {
                let assumed = self.trust.assumable(standing, number, exact, layers);
                edges.hold.join(&assumed);
                continue;
            }
            let mut allowed = layers.allowed();
            self.only(one.on, &mut allowed);
            match m {
                NEW_USER => new_users = allowed,
                NEW_ROLE => new_roles = allowed,
                _ => self.gives(m, allowed, &mut edges),
            }
        }
        self.renewed(&mut edges, &new_users, &new_roles);
        self.changed(&powers, &may_call, &mut edges);
        edges
    }

    /// Keeps the targets of that kind, and of roles those that can be changed.
    fn only(&self, on: On, allowed: &mut Tri) {
        if let Some(kind) = self.kinds.get(on as usize) {
            allowed.within(kind);
        }
        if on == On::Role {
            allowed.sure.without(&self.fixed);
            allowed.maybe.without(&self.fixed);
        }
    }

    fn gives(&self, m: usize, mut allowed: Tri, edges: &mut Edges) {
        let Some(one) = MOVES.get(m) else { return };
        match (one.on, one.gives) {
            (On::User, Gives::Become) => {
                if let Some((_, there)) = self.there.iter().find(|(one, _)| *one == m) {
                    allowed.meet(there);
                }
                edges.hold.join(&allowed);
            }
            (On::Provider, _) => edges.hold.join(&self.spread(&allowed, None, |n| {
                let provider = self.targets.arn(n)?;
                self.trust.of_provider(provider)
            })),
            (_, Gives::Become | Gives::Pass) => edges.hold.join(&allowed),
            (_, Gives::Join) => edges.join.join(&allowed),
            (On::Group, Gives::Edit | Gives::Free) => {
                let members = self.spread(&allowed, Some(&self.of_groups), |n| self.members.get(&n));
                let side = if one.gives == Gives::Edit {
                    &mut edges.edit
                } else {
                    &mut edges.free
                };
                side.join(&members);
            }
            (On::Policy, _) => {
                let (has, bounds) = &self.of_policies;
                let edit = self.spread(&allowed, Some(has), |n| self.attached.get(&n).map(|(has, _)| has));
                edges.edit.join(&edit);
                let free = self.spread(&allowed, Some(bounds), |n| {
                    self.attached.get(&n).map(|(_, bounds)| bounds)
                });
                edges.free.join(&free);
            }
            (_, Gives::Edit) => edges.edit.join(&allowed),
            (_, Gives::Free) => edges.free.join(&allowed),
        }
        edges.free.within(&self.limited);
    }

    /// The union of what stands behind each target; `whole` is that of all of its kind.
    fn spread<'g>(
        &'g self,
        targets: &Tri,
        whole: Option<&'g (Bits, Bits)>,
        behind: impl Fn(usize) -> Option<&'g Bits>,
    ) -> Tri {
        let mut sum = Tri::none(self.targets.len());
        for (from, to) in [(&targets.sure, &mut sum.sure), (&targets.maybe, &mut sum.maybe)] {
            match whole.filter(|(all, _)| from.holds(all)) {
                Some((_, behind)) => to.join(behind),
                None => from.iter().filter_map(&behind).for_each(|bits| to.join(bits)),
            }
        }
        sum
    }

    /// Whether the user has what the call is about; `None` when that was not read.
    fn there_is(&self, m: usize, n: usize) -> Option<bool> {
        let Some((_, there)) = self.there.iter().find(|(one, _)| *one == m) else {
            return Some(true);
        };
        match (there.sure.has(n), there.maybe.has(n)) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }

    /// Whether a call that is allowed gives anything on that target.
    pub(super) fn makes_sense(&self, m: usize, n: usize) -> bool {
        let new_role = self.targets.new_roles.contains(&n);
        match m {
            NEW_USER => false,
            NEW_ROLE => new_role,
            _ if new_role => MOVES.get(m).is_some_and(|one| one.gives != Gives::Become),
            _ => self.there_is(m, n) != Some(false),
        }
    }

    /// What is new must be made first.
    fn renewed(&self, edges: &mut Edges, new_users: &Tri, new_roles: &Tri) {
        let mut fresh = Bits::none(self.targets.len());
        self.targets.new_users.clone().for_each(|n| fresh.put(n));
        self.targets.new_roles.clone().for_each(|n| fresh.put(n));
        let mut made = new_users.clone();
        made.join(new_roles);
        made.within(&fresh);
        let mut roles = new_roles.clone();
        roles.within(&fresh);
        edges.hold.join(&roles);
        let old = fresh.inverted();
        for tri in [&mut edges.hold, &mut edges.edit, &mut edges.free] {
            let mut kept = tri.clone();
            kept.within(&old);
            tri.meet(&made);
            tri.join(&kept);
        }
    }

    /// Roles that can be handed to a service which runs what it is given.
    fn passed(&mut self, powers: &Powers<'_>) -> Tri {
        let mut sum = Tri::none(self.targets.len());
        let policies = &powers.standing.policies;
        let about: Vec<&Statement> = policies.all().flat_map(|placed| &placed.document.statements).collect();
        let by_service = about.iter().any(|one| one.conditions.iter().any(is_on_service));
        let mut context = powers.standing.context.clone();
        let mut known: Option<Tri> = None;
        for runner in &RUNNERS {
            let Some(roles) = self.trust.of_service(runner.service).cloned() else {
                continue;
            };
            let mut passed = match known.clone().filter(|_| !by_service) {
                Some(known) => known,
                None => {
                    context.set("iam:PassedToService", runner.service);
                    let layers = self.rights.layers(powers, PASS, &context, &mut self.targets);
                    let none = || Tri::none(self.targets.len());
                    known.insert(layers.map_or_else(none, Layers::allowed)).clone()
                }
            };
            passed.within(&roles);
            if passed.maybe.is_empty() {
                continue;
            }
            let started = runner
                .start
                .iter()
                .map(|calls| may_somewhere(powers, calls, self.account).0);
            let started = crate::policy::Truth::all(started);
            if !started.is_true() {
                passed.sure = Bits::none(self.targets.len());
            }
            if !started.is_false() {
                sum.join(&passed);
            }
        }
        sum
    }

    /// Roles of what may be running already, where other code can be put into it. What runs isn't known here, so it is only possible.
    fn changed(&self, powers: &Powers<'_>, may_call: &dyn Fn(&str) -> bool, edges: &mut Edges) {
        for runner in RUNNERS.iter().filter(|runner| !runner.change.is_empty()) {
            let Some(roles) = self.trust.of_service(runner.service) else {
                continue;
            };
            let calls: Vec<&'static str> = runner.change.iter().copied().filter(|call| may_call(call)).collect();
            if !may_somewhere(powers, &calls, self.account).0.is_false() {
                edges.hold.maybe.join(&self.running(roles, runner.service));
            }
        }
    }

    /// Of the roles that EC2 may assume those in an instance profile.
    fn running(&self, roles: &Bits, service: &str) -> Bits {
        if service != "ec2.amazonaws.com" {
            return roles.clone();
        }
        let mut running = Bits::none(self.targets.len());
        for n in roles.iter() {
            let role = self.targets.arn(n).and_then(|arn| self.account.roles.get(arn.name()));
            if role.is_some_and(|role| !role.instance_profiles.is_empty()) {
                running.put(n);
            }
        }
        running
    }
}

fn is_on_service(condition: &Condition) -> bool {
    condition.lower_key() == "iam:passedtoservice"
}
