//! A journal gone through from its end: what of it is turned round, what is left, and why.

use super::made::Made;
use super::needs::{Thing, needs};
use super::{Care, Left, Undoing, bound, lifts_a_deny};
use crate::account::{Account, KeyStatus, is_quarantine};
use crate::action::revoke::Issuer;
use crate::action::{Action, Change, Inverse, Member, Setting};
use crate::ids::StepId;
use crate::lineage::Kind;
use crate::plan::{Step, made_by};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a journal is read backwards with.
pub(super) struct Backwards<'a> {
    pub(super) standing: &'a [Made],
    pub(super) account: &'a Account,
    pub(super) known: Account,
    pub(super) care: &'a Care<'a>,
    pub(super) only: &'a BTreeSet<StepId>,
}

impl Backwards<'_> {
    fn wants(&self, made: &Made) -> bool {
        match self.only.is_empty() {
            true => !made.is_undoing(),
            false => self.only.contains(&made.step),
        }
    }

    /// The things whose deletion is to be undone.
    pub(super) fn deleted(&self) -> impl Iterator<Item = Thing> {
        let wanted = self.standing.iter().filter(|made| self.wants(made));
        let deletions = wanted.filter(|made| made.change.to == Setting::Absent);
        deletions.filter_map(|made| Thing::itself(&made.change.member))
    }

    /// The undoing where these things come `back`.
    pub(super) fn with(&self, back: &HashSet<Thing>) -> Undoing {
        let mut undoing = Undoing {
            steps: Vec::new(),
            left: Vec::new(),
            lost: Vec::new(),
            dared: Vec::new(),
            expected: Vec::new(),
            lifting: Vec::new(),
        };
        // Where the later of two changes of one thing stays, the earlier one stays beneath it.
        let mut beneath: HashMap<Member, StepId> = HashMap::new();
        for made in self.standing.iter().rev() {
            let member = made.change.member.clone();
            if !self.wants(made) {
                // An undoing left what the change before it had made: it is in nobody's way.
                if !made.is_undoing() {
                    beneath.entry(member).or_insert_with(|| made.step.clone());
                }
                continue;
            }
            let left = |why| Left {
                step: made.step.clone(),
                did: made.change.title(),
                why,
            };
            match self.reverse(made, &beneath, back) {
                Err(why) => {
                    undoing.left.push(left(why));
                    beneath.entry(member).or_insert_with(|| made.step.clone());
                }
                Ok((inverse, against)) => {
                    undoing.dared.extend(against.map(left));
                    undoing.take(made, inverse, &self.known);
                }
            }
        }
        // A user first, then what hangs on it, whichever order the journal was written in.
        undoing.steps.sort_by_key(|step| makes(step).is_none());
        undoing
    }

    /// The change that undoes `made`, with what speaks against it where it was named; or why it is left.
    fn reverse(
        &self,
        made: &Made,
        beneath: &HashMap<Member, StepId>,
        back: &HashSet<Thing>,
    ) -> Result<(Change, Option<String>), String> {
        let inverse = match made.change.inverse(&made.before) {
            Inverse::None(reason) => return Err(reason),
            Inverse::Exact(inverse) | Inverse::Partial { change: inverse, .. } => inverse,
        };
        if let Some(later) = beneath.get(&made.change.member) {
            return Err(format!(
                "step {later} changed the same thing later and stays: undo that first"
            ));
        }
        let mut needed = needs(&inverse).into_iter();
        if let Some(gone) = needed.find(|thing| !back.contains(thing) && self.is_gone(thing)) {
            return Err(format!("{gone} is gone: undo the step that deleted it first"));
        }
        let unsure = made.unsure.then(|| {
            "whether it was active before is not known: the answer came together with the cut; name the step to make it active all the same".to_owned()
        });
        match unsure.or_else(|| forbidden(&inverse, &made.change, self.care)) {
            Some(why) if !self.care.named.contains(&made.step) => Err(why),
            against => Ok((inverse, against)),
        }
    }

    fn is_gone(&self, thing: &Thing) -> bool {
        let deleted = |made: &Made| {
            let is_deletion = made.change.to == Setting::Absent;
            is_deletion && Thing::itself(&made.change.member).as_ref() == Some(thing)
        };
        match thing.is_in(self.account) {
            // A policy that is attached to nobody need not have been read.
            false if matches!(thing, Thing::Policy(_)) => self.standing.iter().any(deleted),
            is_there => !is_there,
        }
    }
}

/// What a step makes again that other steps may need.
pub(super) fn makes(step: &Step) -> Option<Thing> {
    match &step.action {
        Action::Change { change } if change.to != Setting::Absent => Thing::itself(&change.member),
        _ => None,
    }
}

/// Why a user may not act again: the family came in with a session of his, and whoever has what that was asked for with gets another. The end of the
/// session proves nothing then.
fn opens_to_unknown(inverse: &Change, change: &Change, care: &Care<'_>) -> Option<String> {
    let Issuer::User(name) = bound(&change.member)? else {
        return None;
    };
    let opens = match (&inverse.member, &inverse.to) {
        (Member::AccessKey { .. }, Setting::Status(KeyStatus::Active)) => true,
        (Member::LoginProfile { .. }, to) => *to != Setting::Absent,
        _ => lifts_a_deny(change),
    };
    let is_unknown = care.lineage.users_of_unknown_secrets().contains(name.as_str());
    (opens && is_unknown).then(|| {
        format!(
            "the family came in with a session of `{name}`, and with which of his keys, or whether with his password, is not known: whoever has it comes in again; name the step once they are all changed"
        )
    })
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
    if let Some(why) = opens_to_unknown(inverse, change, care) {
        return Some(why);
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
