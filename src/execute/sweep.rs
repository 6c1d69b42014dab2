//! Looking again: what was minted since the family was traced, and the steps that end it.

use super::{Event, ExecuteError, Next, Run};
use crate::account::Account;
use crate::action::revoke::Issuer;
use crate::action::{Action, Change, Member, Setting};
use crate::collect;
use crate::ids::{AccessKeyId, PrincipalArn, StepId};
use crate::lineage::{Credential, Lineage};
use crate::plan::{Step, revocations};
use crate::time::Moment;
use crate::trail::Window;
use std::collections::BTreeSet;

/// What the executor knows of the family that it puts out.
#[derive(Debug, Clone)]
pub struct Family {
    /// The family as it was traced.
    pub lineage: Lineage,
    /// The account that it was planned on, for the words of steps that are added.
    pub account: Account,
    /// Users whose credentials are part of the evidence.
    pub users: BTreeSet<String>,
    /// Roles that were reached.
    pub roles: BTreeSet<String>,
    /// The account as it was read for the plan, and when: the evidence, if that is not long ago.
    pub read: Option<(Moment, Account)>,
    /// The account before the case changed anything, where an earlier part of the run kept it: whoever is there now and was not then appeared meanwhile.
    pub before: Option<Account>,
    /// What an earlier part of the same run has set, with the step that did.
    pub set: Vec<(Step, Change)>,
    /// Steps whose call an earlier part of the same run may have made: what is so already was done by it.
    pub open: BTreeSet<StepId>,
    /// Steps that go out before anybody has looked at their members: what was there is read beside them. Only for what harms nothing where it was so already.
    pub at_once: BTreeSet<StepId>,
    /// Whom a hold never denies: who carries the plan out, and whom a person calls innocent. `None` where that isn't known: then nobody counts as new who
    /// was there when the evidence was kept.
    pub spared: Option<Vec<PrincipalArn>>,
}

impl Family {
    /// What an earlier part of the run has set, but for what it set on a user or role in whose place another stands by now, under the same name: that one is
    /// nobody's whom the run has cut.
    pub(super) fn standing(&self) -> Vec<(Step, Change)> {
        let mut set = self.set.clone();
        if let (Some(before), Some((_, now))) = (&self.before, &self.read) {
            set.retain(|(_, change)| !is_anothers(&change.member, before, now));
        }
        set
    }
}

/// Whether the member belongs to another `now` than `before`: to one who was made anew under the name.
fn is_anothers(member: &Member, before: &Account, now: &Account) -> bool {
    let ids = match member.denied() {
        Some(Member::User { user }) => [before, now].map(|account| account.users.get(&user).map(|user| &user.id)),
        Some(Member::Role { role }) => [before, now].map(|account| account.roles.get(&role).map(|role| &role.id)),
        _ => return false,
    };
    matches!(ids, [Some(was), Some(is)] if was != is)
}

impl Run<'_> {
    pub(super) async fn sweep(&mut self, step: &Step, margin_seconds: u32) -> Result<Next, ExecuteError> {
        let asked = self.family.lineage.asked.clone();
        let known: BTreeSet<AccessKeyId> = self
            .family
            .lineage
            .credentials
            .iter()
            .map(|held| held.key.clone())
            .collect();
        // Other evidence may have told of members that this trail alone does not lead to: each is asked for.
        let members: Vec<AccessKeyId> = known.iter().cloned().collect();
        let looked = collect::trail(self.clients(), &asked, &members, &Window::default(), &|_| {}).await;
        // A Region that did not answer is told at the end of the run, when everything is read once more.
        let lineage = match looked {
            Ok(found) => crate::lineage::trace(&found.evidence, &self.family.lineage.traced_from()),
            Err(error) => return self.failed(step, error).await,
        };
        let mut new: Vec<Credential> = lineage.credentials.clone();
        new.retain(|found| !known.contains(&found.key));
        let fresh: Vec<AccessKeyId> = new.iter().map(|found| found.key.clone()).collect();
        let late = revocations(&lineage, &fresh);
        let mut added = Vec::new();
        for issuer in late {
            added.extend(self.added(step, issuer, margin_seconds).await?);
        }
        // Only now the sweep is over: one that was broken off before this line is made again.
        self.note(Event::Swept {
            step: step.id.clone(),
            found: fresh,
        })?;
        for step in added.into_iter().rev() {
            self.queue.push_front(step);
        }
        self.family.lineage.credentials.extend(new);
        Ok(Next::GoOn)
    }

    /// A revocation behind the sweep that called for it, with an ID of its own.
    async fn added(
        &mut self,
        behind: &Step,
        issuer: Issuer,
        margin_seconds: u32,
    ) -> Result<Option<Step>, ExecuteError> {
        let Some(id) = self.next_behind(&behind.id, 0) else {
            return Ok(None);
        };
        let action = Action::RevokeOlderSessions { issuer, margin_seconds };
        let step = Step::new(id, action, &Setting::Absent, &behind.why, &self.family.account);
        self.note(Event::Added {
            step: Box::new(step.clone()),
        })?;
        Ok(Some(step))
    }

    /// An ID for a step that `sweep` (or a hold) adds behind `more` others: one that no step of this journal has.
    pub(super) fn next_behind(&self, sweep: &StepId, more: usize) -> Option<StepId> {
        let lead = format!("{sweep}.");
        let entries = self.journal.entries().iter();
        let taken = entries.filter(|entry| match &entry.event {
            Event::Added { step } => step.id.as_str().starts_with(&lead),
            _ => false,
        });
        format!("{lead}{}", taken.count() + more + 1).parse().ok()
    }
}
