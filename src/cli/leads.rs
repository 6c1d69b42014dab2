//! What leads on from one source of evidence to the next: keys, names and sign-ins of the family, asked for until nothing is new.

use crate::ids::AccessKeyId;
use crate::lineage::{Lineage, let_in, passwords_set, sign_ins};
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
        for (name, since) in other.names {
            let first = self.names.entry(name).or_insert(since);
            *first = since.min(*first);
        }
    }

    /// What was not asked for yet, or not from so early on.
    pub(super) fn beyond(&self, done: &Leads) -> Leads {
        let is_new = |(name, since): &(&String, &Moment)| done.names.get(*name).is_none_or(|done| done > *since);
        let names = self.names.iter().filter(is_new);
        Leads {
            keys: self.keys.difference(&done.keys).cloned().collect(),
            names: names.map(|(name, since)| (name.clone(), *since)).collect(),
            sign_ins: self.sign_ins.difference(&done.sign_ins).cloned().collect(),
            passwords: self
                .passwords
                .filter(|since| done.passwords.is_none_or(|done| done > *since)),
            renamed: BTreeSet::new(),
        }
    }

    /// Whether there is nothing to ask for.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.names.is_empty() && self.sign_ins.is_empty() && self.passwords.is_none()
    }
}
