//! A journal read backwards: the plan that reverses it.
//!
//! Undoing is a plan like any other: rehearsed, asked for, executed by the same executor into the same case. Four things are never
//! undone unless they are named one by one: a leaked key is not made active, AWS's quarantine is not detached, no deny is removed while
//! a credential of the lineage could use what it denies, and what the family itself put there is not put back. Whether a credential could
//! is not guessed here: the rehearsal of the undoing tells ([`Denies`]).
//!
//! The step that undoes step `3` is `u3`; it can be undone too, by `uu3`, which is step 3 again.

mod drift;
mod made;

pub use drift::{Drifted, drifted, members};

use crate::account::{Account, KeyStatus, is_quarantine};
use crate::action::revoke::Issuer;
use crate::action::{Action, Change, Inverse, Member, Setting};
use crate::ids::StepId;
use crate::journal::Entry;
use crate::lineage::{Kind, Lineage};
use crate::plan::{Step, made_by};
use made::{Made, standing};
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};

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
    let known = with_the_gone(account, before);
    let mut undoing = Undoing {
        steps: Vec::new(),
        left: Vec::new(),
        lost: Vec::new(),
        expected: Vec::new(),
        lifting: Vec::new(),
    };
    // Where the later of two changes of one thing stays, the earlier one stays beneath it.
    let mut beneath: HashMap<Member, StepId> = HashMap::new();
    let standing = standing(entries);
    let wanted = |made: &Made| match only.is_empty() {
        true => !made.is_undoing(),
        false => only.contains(&made.step),
    };
    let comes_back = standing
        .iter()
        .filter(|made| wanted(made))
        .filter_map(|made| match &made.change {
            Change {
                member: Member::User { user },
                to: Setting::Absent,
            } => Some(user.clone()),
            _ => None,
        });
    let comes_back: BTreeSet<String> = comes_back.collect();
    for made in standing.into_iter().rev() {
        let member = made.change.member.clone();
        if !wanted(&made) {
            // An undoing left what the change before it had made: it is in nobody's way.
            if !made.is_undoing() {
                beneath.entry(member).or_insert(made.step);
            }
            continue;
        }
        match reverse(&made, care, &beneath, account, &comes_back) {
            Err(why) => {
                undoing.left.push(Left {
                    step: made.step.clone(),
                    did: made.change.title(),
                    why,
                });
                beneath.entry(member).or_insert(made.step);
            }
            Ok(inverse) => undoing.take(&made, inverse, &known),
        }
    }
    // A user first, then what hangs on it, whichever order the journal was written in.
    undoing.steps.sort_by_key(|step| !makes_a_user(step));
    undoing
}

fn makes_a_user(step: &Step) -> bool {
    matches!(&step.action, Action::Change { change } if matches!(change.member, Member::User { .. }) && change.to != Setting::Absent)
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

/// The change that undoes `made`, or why it is left.
fn reverse(
    made: &Made,
    care: &Care<'_>,
    beneath: &HashMap<Member, StepId>,
    account: &Account,
    comes_back: &BTreeSet<String>,
) -> Result<Change, String> {
    let inverse = match made.change.inverse(&made.before) {
        Inverse::None(reason) => return Err(reason),
        Inverse::Exact(inverse) | Inverse::Partial { change: inverse, .. } => inverse,
    };
    if let Some(later) = beneath.get(&made.change.member) {
        return Err(format!(
            "step {later} changed the same thing later and stays: undo that first"
        ));
    }
    if let Some(user) = needs_user(&inverse)
        && !account.users.contains_key(user)
        && !comes_back.contains(user)
    {
        return Err(format!("user `{user}` is gone: undo the step that deleted it first"));
    }
    match forbidden(&inverse, &made.change, care) {
        Some(why) if !care.named.contains(&made.step) => Err(why),
        _ => Ok(inverse),
    }
}

/// The user that must be there for the change to be made.
fn needs_user(inverse: &Change) -> Option<&str> {
    match &inverse.member {
        Member::User { .. }
        | Member::RolePolicy { .. }
        | Member::RoleAttachment { .. }
        | Member::TrustPolicy { .. }
        | Member::Role { .. }
        | Member::ManagedPolicy { .. }
        | Member::VirtualMfaDevice { .. } => None,
        _ if inverse.to == Setting::Absent => None,
        other => other.owner(),
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
        | Member::TrustPolicy { role }
        | Member::Role { role } => Some(Issuer::Role(role.clone())),
        other => other.owner().map(|user| Issuer::User(user.to_owned())),
    }
}

/// Why `inverse` may not be made unless it is named.
fn forbidden(inverse: &Change, change: &Change, care: &Care<'_>) -> Option<String> {
    let leaked = |key| {
        let member = care.lineage.member(key);
        care.lineage.asked.contains(key) || member.is_some_and(|member| member.kind == Kind::LongTerm)
    };
    match (&inverse.member, &inverse.to) {
        (Member::AccessKey { key, .. }, Setting::Status(KeyStatus::Active)) if leaked(key) => {
            return Some(format!(
                "{key} is leaked: an active key would let the intruder in again; name the step to do it all the same"
            ));
        }
        (Member::Attachment { policy, .. }, Setting::Absent) if is_quarantine(policy) => {
            return Some("AWS put the quarantine there and says not to remove it".to_owned());
        }
        _ => {}
    }
    if lifts_a_deny(change) {
        return care.denies.kept(&change.member).cloned();
    }
    // A hold makes keys inactive and sets back who is let in, before the trail tells whose doing they were.
    if let (Member::AccessKey { key, .. }, Setting::Status(KeyStatus::Active), Some(doubt)) =
        (&inverse.member, &inverse.to, care.doubt)
    {
        return Some(format!("whether the family had given {key} cannot be said: {doubt}"));
    }
    if let (Member::TrustPolicy { .. }, Some(doubt)) = (&change.member, care.doubt) {
        return Some(format!(
            "whether the family had changed who is let in cannot be said: {doubt}"
        ));
    }
    // The original, not what undo made of it: an uploaded key is known to the trail by its user alone.
    let is_taken_away = change.to == Setting::Absent || matches!(change.member, Member::TrustPolicy { .. });
    let made = made_by(care.lineage, &change.member).filter(|_| inverse.to != Setting::Absent && is_taken_away)?;
    Some(format!(
        "the family itself put it there ({} at {}); name the step to put it back all the same",
        made.call, made.at
    ))
}
