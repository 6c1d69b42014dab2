//! Everything that a move can be asked on, numbered: users, roles, groups, managed policies, identity providers, and names that
//! nobody has yet. A resource pattern becomes the set of numbers that it covers, once.

use super::bits::Bits;
use super::moves::{MOVES, NEW_ROLE, NEW_USER, On};
use crate::account::Account;
use crate::ids::Arn;
use crate::policy::{Context, Effect, Glob, Listed, Parts, ResourcePattern, Statement};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

/// The numbered targets of an account.
pub(super) struct Targets {
    arns: Vec<Arn>,
    by_arn: HashMap<Arn, usize>,
    /// ARNs' resources in alphabetical order with their numbers: a pattern with a literal beginning looks at its neighbours only.
    by_resource: Vec<(String, usize)>,
    pub(super) users: Range<usize>,
    pub(super) roles: Range<usize>,
    pub(super) groups: Range<usize>,
    pub(super) policies: Range<usize>,
    pub(super) providers: Range<usize>,
    /// Names that a policy lets somebody make and nobody has yet.
    pub(super) new_users: Range<usize>,
    pub(super) new_roles: Range<usize>,
    covered: HashMap<String, Rc<Bits>>,
}

/// Names that are thought up at most.
const MOST_NEW: usize = 64;

impl Targets {
    /// `named` are names that somebody new may be given, beside those that are thought up.
    pub(super) fn of(
        account: &Account,
        statements: &[&Statement],
        providers: BTreeSet<Arn>,
        named: &BTreeSet<Arn>,
    ) -> Targets {
        let mut arns: Vec<Arn> = Vec::new();
        let mut add = |some: &mut dyn Iterator<Item = Arn>| {
            let from = arns.len();
            arns.extend(some);
            from..arns.len()
        };
        let users = add(&mut account.users.values().map(|user| account.user_arn(user)));
        let roles = add(&mut account.roles.values().map(|role| account.role_arn(role)));
        let groups = add(&mut account.groups.values().map(|group| account.group_arn(group)));
        // AWS's own policies cannot be edited.
        let own = account.policies.keys().filter(|arn| arn.account().is_some());
        let policies = add(&mut own.cloned());
        let providers = add(&mut providers.into_iter());
        let held: BTreeSet<Arn> = arns.iter().cloned().collect();
        let mut add = |some: &mut dyn Iterator<Item = Arn>| {
            let from = arns.len();
            arns.extend(some.filter(|arn| !held.contains(arn)));
            from..arns.len()
        };
        let mut new = |make: usize, kind: &str| {
            let thought_up = new_names(account, statements, make, kind);
            let named = named.iter().filter(|arn| is_of(arn.resource(), kind)).cloned();
            let all: BTreeSet<Arn> = thought_up.chain(named).collect();
            add(&mut all.into_iter())
        };
        let new_users = new(NEW_USER, "user");
        let new_roles = new(NEW_ROLE, "role");
        let mut by_resource: Vec<(String, usize)> = arns
            .iter()
            .enumerate()
            .map(|(n, arn)| (arn.resource().to_owned(), n))
            .collect();
        by_resource.sort();
        Targets {
            by_arn: arns.iter().cloned().enumerate().map(|(n, arn)| (arn, n)).collect(),
            arns,
            by_resource,
            users,
            roles,
            groups,
            policies,
            providers,
            new_users,
            new_roles,
            covered: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.arns.len()
    }

    pub(super) fn arn(&self, n: usize) -> Option<&Arn> {
        self.arns.get(n)
    }

    pub(super) fn number(&self, arn: &Arn) -> Option<usize> {
        self.by_arn.get(arn).copied()
    }

    /// The targets that a move is asked on.
    pub(super) fn kind(&self, on: On) -> Vec<Range<usize>> {
        match on {
            On::User => vec![self.users.clone(), self.new_users.clone()],
            On::Role => vec![self.roles.clone(), self.new_roles.clone()],
            On::Group => vec![self.groups.clone()],
            On::Policy => vec![self.policies.clone()],
            On::Provider => vec![self.providers.clone()],
        }
    }

    /// The targets that a statement's resources cover in `context`, and those that they may cover.
    pub(super) fn covered(&mut self, statement: &Statement, context: &Context) -> (Rc<Bits>, bool) {
        match &statement.resources {
            None => (Rc::new(Bits::all(self.len())), true),
            Some(Listed::These(patterns)) => self.any_of(patterns, context),
            Some(Listed::AllBut(patterns)) => {
                let (bits, sure) = self.any_of(patterns, context);
                (Rc::new(bits.inverted()), sure)
            }
        }
    }

    /// The union of what patterns cover; false where one of them hangs on a key that is free, which is then left out.
    fn any_of(&mut self, patterns: &[ResourcePattern], context: &Context) -> (Rc<Bits>, bool) {
        if let [one] = patterns {
            return self.one(one, context);
        }
        let mut sum = Bits::none(self.len());
        let mut sure = true;
        for pattern in patterns {
            let (bits, known) = self.one(pattern, context);
            sum.join(&bits);
            sure &= known;
        }
        (Rc::new(sum), sure)
    }

    fn one(&mut self, pattern: &ResourcePattern, context: &Context) -> (Rc<Bits>, bool) {
        let fixed = pattern.widest_parts().is_none();
        if fixed && let Some(bits) = self.covered.get(pattern.as_str()) {
            return (Rc::clone(bits), true);
        }
        let (bits, sure) = if pattern.is_everything() {
            (Bits::all(self.len()), true)
        } else {
            match pattern.parts_in(context) {
                Some(parts) => (self.fitting(&parts), true),
                None => (Bits::none(self.len()), pattern.is_resolved(context)),
            }
        };
        let bits = Rc::new(bits);
        if fixed && sure {
            self.covered.insert(pattern.as_str().to_owned(), Rc::clone(&bits));
        }
        (bits, sure)
    }

    fn fitting(&self, parts: &Parts) -> Bits {
        let mut bits = Bits::none(self.len());
        let [.., resource] = parts;
        let beginning = resource.literal_beginning();
        let from = self.by_resource.partition_point(|(text, _)| *text < beginning);
        for (text, n) in self.by_resource.iter().skip(from) {
            if !text.starts_with(&beginning) {
                break;
            }
            let fits = resource.matches(text)
                && self.arns.get(*n).is_some_and(|arn| {
                    let front = arn.as_str().splitn(6, ':').take(5);
                    front
                        .zip(parts)
                        .all(|(part, pattern): (&str, &Glob)| pattern.matches(part))
                });
            if fits {
                bits.put(*n);
            }
        }
        bits
    }
}

/// Names that somebody's policy lets him make, one for each pattern: of patterns that cover names of the account too there is one that is new.
fn new_names(
    account: &Account,
    statements: &[&Statement],
    make: usize,
    kind: &str,
) -> impl Iterator<Item = Arn> + use<> {
    let action = MOVES
        .get(make)
        .map(|one| one.action.to_ascii_lowercase())
        .unwrap_or_default();
    let allows = statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let making = allows.filter(|statement| statement.is_about(&action));
    let named = |text: &str| {
        format!("arn:{}:iam::{}:{text}", account.partition, account.id)
            .parse()
            .ok()
    };
    let mut names: BTreeMap<String, Arn> = BTreeMap::new();
    names.extend(named(&format!("{kind}/oust-new")).map(|arn| (format!("{kind}/oust-new"), arn)));
    for statement in making {
        let Some(Listed::These(patterns)) = &statement.resources else {
            continue;
        };
        for pattern in patterns.iter().filter(|pattern| !pattern.as_str().contains("${")) {
            let resource = pattern.as_str().splitn(6, ':').nth(5).unwrap_or("*");
            let text = match resource.split_once('*') {
                Some((before, behind)) if is_of(before, kind) => {
                    format!("{before}oust-new{}", behind.replace('*', "x"))
                }
                None if is_of(resource, kind) => resource.to_owned(),
                _ => format!("{kind}/oust-new"),
            };
            let text = text.replace('?', "x");
            if names.len() < MOST_NEW {
                names.extend(named(&text).map(|arn| (text, arn)));
            }
        }
    }
    names.into_values()
}

fn is_of(resource: &str, kind: &str) -> bool {
    resource.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/'))
}
