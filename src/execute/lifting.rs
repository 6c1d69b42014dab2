//! Denies go last: nobody's deny is lifted, and nobody is deleted, while he holds something that this run does not take away.
//!
//! Somebody who fights back puts a key or a policy there after the plan was made. Lifting the deny before it would hand it to him, and IAM refuses to
//! delete the user for it. Such a step is put off: a further wave, planned on the account as it is then, takes the new things away first.
//!
//! A deny is lifted for nothing but the deletion, so the deletion is agreed to before the first of them goes: where it is declined, they stay. Where it
//! fails, or the run ends before it, they come back.

use super::again::patiently;
use super::wave::Looked;
use super::{Consent, ExecuteError, Next, Run, stopped};
use crate::action::{Change, Member, Setting, held_by, read};
use crate::journal::Event;
use crate::mount::AwsError;
use crate::plan::Step;

/// What IAM says where something of a user or role is in the way of its deletion.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html#API_DeleteUser_Errors>
const CONFLICT: &str = "DeleteConflict";

/// Whether a deletion was refused for something that its user or role holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InUse {
    /// It was not, or that cannot be told.
    No,
    /// Nothing of it is there any more.
    ByNothing,
    /// It was, and the deletion is put off.
    PutOff,
}

impl Run<'_> {
    /// Puts `step` off, if it would lift a deny of this run from, or delete, a user or role that holds something else yet, or that is not to be deleted
    /// any more. Gives how the run goes on then, or where that could not be told; `None` where the step may be done.
    pub(super) async fn put_off(&mut self, step: &Step) -> Result<Option<Next>, ExecuteError> {
        let Some(of) = step.action.removed().and_then(Member::denied) else {
            return Ok(None);
        };
        let deletes = step.action.removed() == Some(&of);
        if !deletes && !self.lifts_a_cut(step) {
            return Ok(None);
        }
        let mut to_come = std::iter::once(step).chain(&self.queue);
        let Some(deletion) = to_come.find(|step| step.action.removed() == Some(&of)).cloned() else {
            // An undoing lifts denies for their own sake, and was agreed to as such.
            return match step.id.is_of_undo() {
                true => Ok(None),
                false => self.leave(step, vec![of]).map(Some),
            };
        };
        let clients = self.world.clients();
        let held = match patiently(clients, &step.id, async || held_by(clients, &of).await).await {
            Ok(held) => held,
            Err(error) => return self.failed(step, error).await.map(Some),
        };
        let to_come = std::iter::once(step).chain(&self.queue);
        let to_come: Vec<&Member> = to_come.filter_map(|step| step.action.removed()).collect();
        let left: Vec<Member> = held.into_iter().filter(|held| !to_come.contains(&held)).collect();
        if !left.is_empty() {
            return self.leave(step, left).map(Some);
        }
        match deletes {
            true => Ok(None),
            false => self.deletion_first(step, &deletion, of).await,
        }
    }

    /// Whether the step takes away something that denies, and that this run put there.
    fn lifts_a_cut(&self, step: &Step) -> bool {
        let member = step.action.removed();
        let mut kept = self.kept.iter();
        kept.any(|(_, kept)| Some(&kept.member) == member && kept.is_cut())
    }

    /// Remembers a deny that `step` takes from somebody who is to be deleted, and forgets those of whoever is.
    pub(super) fn lifts(&mut self, step: &Step, change: &Change) {
        if change.to != Setting::Absent || change.member.denied().is_none() || step.id.is_of_undo() {
            return;
        }
        let mut kept = self.kept.iter();
        if let Some((_, cut)) = kept.find(|(_, kept)| kept.member == change.member && kept.is_cut()) {
            self.lifted.push((step.clone(), cut.clone()));
        }
        self.lifted
            .retain(|(_, cut)| cut.member.denied().as_ref() != Some(&change.member));
    }

    /// Whether IAM refused the deletion for something that the user or role holds: what came after the last look puts the deletion off, as it would have
    /// before. IAM's own lists are behind its deletions for a moment, so that nothing may be there any more.
    pub(super) async fn is_in_use(&mut self, looked: &Looked, error: &AwsError) -> Result<InUse, ExecuteError> {
        let of = &looked.change.member;
        let is_deletion = looked.step.action.removed() == Some(of) && of.denied().as_ref() == Some(of);
        if !is_deletion || looked.step.id.is_of_undo() || error.code.as_deref() != Some(CONFLICT) {
            return Ok(InUse::No);
        }
        let clients = self.world.clients();
        Ok(
            match patiently(clients, &looked.step.id, async || held_by(clients, of).await).await {
                Ok(held) if held.is_empty() => InUse::ByNothing,
                Ok(held) => {
                    self.leave(&looked.step, held)?;
                    InUse::PutOff
                }
                Err(_) => InUse::No,
            },
        )
    }

    /// Puts the denies back that were lifted for a deletion which did not come about. Whoever is gone after all needs none.
    pub(super) async fn deny_again(&mut self) -> Result<(), ExecuteError> {
        let mut again = Vec::new();
        for (step, change) in std::mem::take(&mut self.lifted) {
            let clients = self.world.clients();
            let gone = match change.member.denied() {
                Some(of) => {
                    patiently(clients, &step.id, async || read(clients, &of).await).await == Ok(Setting::Absent)
                }
                None => false,
            };
            let before = Setting::Absent;
            again.extend((!gone).then_some(Looked { step, change, before }));
        }
        if !again.is_empty() {
            self.hooks.denies_again();
            self.perform(again).await?;
        }
        Ok(())
    }

    fn leave(&mut self, step: &Step, left: Vec<Member>) -> Result<Next, ExecuteError> {
        self.hooks.starts(step);
        self.note(Event::PutOff {
            step: step.id.clone(),
            left,
        })?;
        Ok(Next::GoOn)
    }

    /// Has the deletion of `of` agreed to before `lift`, which serves nothing else.
    async fn deletion_first(&mut self, lift: &Step, deletion: &Step, of: Member) -> Result<Option<Next>, ExecuteError> {
        if self.agreed.contains_key(&deletion.id) {
            return Ok(None);
        }
        let clients = self.world.clients();
        let before = match patiently(clients, &deletion.id, async || read(clients, &of).await).await {
            Ok(before) => before,
            Err(error) => return self.failed(lift, error).await.map(Some),
        };
        if before == Setting::Absent || !self.hooks.asks(deletion, &before) {
            return Ok(None);
        }
        self.hooks.asks_first(lift, deletion);
        match self.consent(deletion, Some(&before)).await? {
            Consent::Yes(how) => {
                self.agreed.insert(deletion.id.clone(), how);
                Ok(None)
            }
            Consent::Stop => Ok(Some(stopped(lift))),
            Consent::Skip => {
                self.queue.retain(|step| step.id != deletion.id);
                self.note(Event::Declined {
                    step: deletion.id.clone(),
                })?;
                self.leave(lift, vec![of]).map(Some)
            }
        }
    }
}
