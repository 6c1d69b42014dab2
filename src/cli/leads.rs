//! What leads on from one source of evidence to the next: keys, names and sign-ins of the family, asked for until nothing is new.

use crate::ids::AccessKeyId;
use crate::lineage::{Lineage, let_in, opened_roles, passwords_set, sign_ins};
use crate::time::Moment;
use crate::trail::Evidence;
use std::collections::{BTreeMap, BTreeSet};

/// Keys.
pub(super) type Keys = BTreeSet<AccessKeyId>;

/// Them.
#[derive(Debug, Clone, Default)]
pub(super) struct Leads {
    /// Keys of the family.
    pub(super) keys: Keys,
    /// Names of those whom the family let in, with the first moment of that: no record says which key a sign-in gave.
    pub(super) names: BTreeMap<String, Moment>,
    /// Roles that the family said who may assume, by ARN, with the moment from which on their sessions count: whoever comes in by one asks with no key of
    /// the family.
    pub(super) roles: BTreeMap<String, Moment>,
    /// Sign-ins that calls of the family bear: others may bear them.
    pub(super) sign_ins: BTreeSet<String>,
    /// Since when the family set passwords: whoever has one may have been renamed by others.
    pub(super) passwords: Option<Moment>,
    /// Names that somebody was given in the place of another, by whomever.
    pub(super) renamed: BTreeSet<String>,
}

impl Leads {
    /// These keys.
    pub(super) fn keys(keys: &[AccessKeyId]) -> Self {
        Leads {
            keys: keys.iter().cloned().collect(),
            ..Leads::default()
        }
    }

    /// What the family tells.
    pub(super) fn of(evidence: &Evidence, lineage: &Lineage) -> Self {
        Leads {
            keys: lineage.credentials.iter().map(|member| member.key.clone()).collect(),
            names: let_in(evidence, lineage),
            roles: opened_roles(evidence, lineage),
            sign_ins: sign_ins(evidence, lineage),
            passwords: passwords_set(evidence, lineage),
            renamed: evidence
                .events()
                .iter()
                .filter_map(|event| Some(event.renamed()?.1))
                .collect(),
        }
    }

    /// Adds what there is in `other`.
    pub(super) fn add(&mut self, other: Leads) {
        self.keys.extend(other.keys);
        self.sign_ins.extend(other.sign_ins);
        self.renamed.extend(other.renamed);
        self.passwords = self.passwords.into_iter().chain(other.passwords).min();
        for (ours, theirs) in [(&mut self.names, other.names), (&mut self.roles, other.roles)] {
            for (name, since) in theirs {
                let first = ours.entry(name).or_insert(since);
                *first = since.min(*first);
            }
        }
    }

    /// What was not asked for yet, or not from so early on.
    pub(super) fn beyond(&self, done: &Leads) -> Leads {
        Leads {
            keys: self.keys.difference(&done.keys).cloned().collect(),
            names: earlier(&self.names, &done.names),
            roles: earlier(&self.roles, &done.roles),
            sign_ins: self.sign_ins.difference(&done.sign_ins).cloned().collect(),
            passwords: self
                .passwords
                .filter(|since| done.passwords.is_none_or(|done| done > *since)),
            renamed: BTreeSet::new(),
        }
    }

    /// Users and roles that the family let somebody in as, by name.
    pub(super) fn entered(&self) -> impl Iterator<Item = String> {
        let roles = self.roles.keys().filter_map(|arn| arn.rsplit('/').next());
        self.names.keys().cloned().chain(roles.map(str::to_owned))
    }

    /// Whether there is nothing to ask for.
    pub(super) fn is_empty(&self) -> bool {
        let is_new =
            !self.keys.is_empty() || !self.names.is_empty() || !self.roles.is_empty() || !self.sign_ins.is_empty();
        !is_new && self.passwords.is_none()
    }
}

/// What was not asked for yet, or not from so early on.
fn earlier(all: &BTreeMap<String, Moment>, done: &BTreeMap<String, Moment>) -> BTreeMap<String, Moment> {
    let is_new = |(name, since): &(&String, &Moment)| done.get(*name).is_none_or(|done| done > *since);
    let new = all.iter().filter(is_new);
    new.map(|(name, since)| (name.clone(), *since)).collect()
}
