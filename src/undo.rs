//! A journal read backwards: the plan that reverses it.
//!
//! Undoing is a plan like any other: rehearsed, asked for, executed by the same executor into the same case. Four things are never
//! undone unless they are named one by one: a leaked key is not made active, AWS's quarantine is not detached, no deny is removed while
//! a credential of the lineage could use what it denies or a way back that it left would be open again, and what the family itself put there is not put back. Whether a credential could
//! is not guessed here: the rehearsal of the undoing tells ([`Denies`]).
//!
//! The step that undoes step `3` is `u3`; it can be undone too, by `uu3`, which is step 3 again.

mod backwards;
mod drift;
mod made;
mod needs;

pub use drift::{Drifted, drifted, members};

use crate::account::Account;
use crate::action::revoke::Issuer;
use crate::action::{Action, Change, Inverse, Member, Setting};
use crate::ids::StepId;
use crate::journal::Entry;
use crate::lineage::Lineage;
use crate::plan::Step;
use backwards::{Backwards, makes};
use made::{Made, standing};
use needs::Thing;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Which denies stay, and why.
#[derive(Debug, Clone, Default)]
pub struct Denies {
    /// All of them, for this reason.
    pub all: Option<String>,
    /// Those on these users and roles.
    pub of: HashMap<Issuer, String>,
}

impl Denies {
    fn kept(&self, member: &Member) -> Option<&String> {
        let of = || match member {
            // It binds everybody.
            Member::ServiceControlPolicy { .. } => self.of.values().next(),
            member => self.of.get(&bound(member)?),
        };
        self.all.as_ref().or_else(of)
    }
}

/// What bears on which steps may be undone.
#[derive(Debug, Clone)]
pub struct Care<'a> {
    /// The family.
    pub lineage: &'a Lineage,
    /// Which denies stay.
    pub denies: Denies,
    /// Why nothing can be said of the family as it is now, if that is so.
    pub doubt: Option<&'a str>,
    /// Steps that the person named; the care above doesn't hold for them.
    pub named: BTreeSet<StepId>,
}

/// A step that is left as it is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The step.
    pub step: StepId,
    /// What it did.
    pub did: String,
    /// Why it is not undone.
    pub why: String,
}

/// What undoing a step does not bring back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// The step that is undone.
    pub step: StepId,
    /// What it did.
    pub did: String,
    /// What is lost for good.
    pub what: String,
}

/// The plan that reverses a journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Undoing {
    /// Its steps, latest change first.
    pub steps: Vec<Step>,
    /// What stays as it is.
    pub left: Vec<Left>,
    /// What is lost although its step is undone.
    pub lost: Vec<Lost>,
    /// What is undone only because it was named, with what speaks against it.
    pub dared: Vec<Left>,
    /// Members that it changes, each with what the journal left there.
    #[serde(skip)]
    expected: Vec<(Member, StepId, Setting)>,
    /// The steps that take a deny away.
    #[serde(skip)]
    lifting: Vec<StepId>,
}

impl Undoing {
    /// Whether a step takes a deny away that was not named.
    pub fn lifts_denies(&self, named: &BTreeSet<StepId>) -> bool {
        self.lifting.iter().any(|step| !named.contains(step))
    }
}

/// The steps of a journal that stand: those that were done and not undone since, and the undone ones that could be done again.
pub fn done(entries: &[Entry]) -> Vec<StepId> {
    standing(entries).into_iter().map(|made| made.step).collect()
}

/// Reads `entries` backwards. `account` is the account as it stands, `before` what the plan was made on, both for the words and permissions of
/// the steps. With `only`, these steps alone are undone.
pub fn undo(
    entries: &[Entry],
    account: &Account,
    before: &Account,
    care: &Care<'_>,
    only: &BTreeSet<StepId>,
) -> Undoing {
    let standing = standing(entries);
    let backwards = Backwards {
        standing: &standing,
        account,
        known: with_the_gone(account, before),
        care,
        only,
    };
    // What comes back is there for what hangs on it; what would come back and may not is as gone as before.
    let mut back: HashSet<Thing> = backwards.deleted().collect();
    loop {
        let undoing = backwards.with(&back);
        let made: HashSet<Thing> = undoing.steps.iter().filter_map(makes).collect();
        if back.is_subset(&made) {
            return undoing;
        }
        back.retain(|thing| made.contains(thing));
    }
}

impl Undoing {
    fn take(&mut self, made: &Made, inverse: Change, known: &Account) {
        if let Inverse::Partial { lost, .. } = made.change.inverse(&made.before) {
            self.lost.push(Lost {
                step: made.step.clone(),
                did: made.change.title(),
                what: lost,
            });
        }
        let Ok(id) = format!("u{}", made.step).parse::<StepId>() else {
            return;
        };
        let member = &made.change.member;
        // Going backwards, the first change of a member that is met is its last: it tells what must be there now.
        if !self.expected.iter().any(|(known, ..)| known == member) {
            let there = (member.clone(), made.step.clone(), made.change.to.clone());
            self.expected.push(there);
        }
        if lifts_a_deny(&made.change) {
            self.lifting.push(made.step.clone());
        }
        let why = format!("undoes step {}", made.step);
        let mut step = Step::new(id, Action::Change { change: inverse }, &made.change.to, &why, known);
        let lost = self.lost.last().filter(|lost| lost.step == made.step);
        step.fact = lost.map(|lost| format!("lost for good: {}", lost.what));
        self.steps.push(step);
    }
}

/// The account with the users and groups that are not in it any more, for their paths.
fn with_the_gone(account: &Account, before: &Account) -> Account {
    let mut known = account.clone();
    for (name, user) in &before.users {
        known.users.entry(name.clone()).or_insert_with(|| user.clone());
    }
    for (name, group) in &before.groups {
        known.groups.entry(name.clone()).or_insert_with(|| group.clone());
    }
    known
}

/// Whether `change` put a deny there, so that turning it round takes one away.
fn lifts_a_deny(change: &Change) -> bool {
    let kind = matches!(
        change.member,
        Member::UserPolicy { .. }
            | Member::RolePolicy { .. }
            | Member::Boundary { .. }
            | Member::RoleBoundary { .. }
            | Member::Attachment { .. }
            | Member::RoleAttachment { .. }
            | Member::ServiceControlPolicy { .. }
    );
    kind && change.to != Setting::Absent
}

/// Whom a policy member binds.
fn bound(member: &Member) -> Option<Issuer> {
    match member {
        Member::RolePolicy { role, .. }
        | Member::RoleAttachment { role, .. }
        | Member::RoleBoundary { role }
        | Member::TrustPolicy { role }
        | Member::Role { role } => Some(Issuer::Role(role.clone())),
        other => other.owner().map(|user| Issuer::User(user.to_owned())),
    }
}
