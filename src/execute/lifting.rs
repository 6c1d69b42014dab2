//! Denies go last: nobody's deny is lifted, and nobody is deleted, while he holds something that this run does not take away.
//!
//! Somebody who fights back puts a key or a policy there after the plan was made. Lifting the deny before it would hand it to him, and IAM refuses to
//! delete the user for it. Such a step is put off: a further wave, planned on the account as it is then, takes the new things away first.

use super::again::patiently;
use super::{ExecuteError, Next, Run};
use crate::action::{Action, Change, Member, Setting, held_by};
use crate::journal::Event;
use crate::plan::Step;

/// What the step takes away; `None` where it is no removal.
fn removed(step: &Step) -> Option<&Member> {
    match &step.action {
        Action::Change {
            change: Change {
                member,
                to: Setting::Absent,
            },
        } => Some(member),
        _ => None,
    }
}

/// The user or role whose deny the member can be.
fn denied_by(member: &Member) -> Option<Member> {
    Some(match member {
        Member::User { user }
        | Member::Boundary { user }
        | Member::UserPolicy { user, .. }
        | Member::Attachment { user, .. } => Member::User { user: user.clone() },
        Member::Role { role } | Member::RolePolicy { role, .. } | Member::RoleAttachment { role, .. } => {
            Member::Role { role: role.clone() }
        }
        _ => return None,
    })
}

impl Run<'_> {
    /// Puts `step` off, if it would lift a deny of, or delete, a user or role that is to be deleted and holds something else yet. Gives how the run
    /// goes on then, or where that could not be told; `None` where the step may be done.
    pub(super) async fn put_off(&mut self, step: &Step) -> Result<Option<Next>, ExecuteError> {
        let Some(of) = self.to_be_bare(step) else {
            return Ok(None);
        };
        let clients = self.world.clients();
        let held = match patiently(clients, &step.id, async || held_by(clients, &of).await).await {
            Ok(held) => held,
            Err(error) => return self.failed(step, error).await.map(Some),
        };
        let to_come: Vec<&Member> = std::iter::once(step).chain(&self.queue).filter_map(removed).collect();
        let left: Vec<Member> = held.into_iter().filter(|held| !to_come.contains(&held)).collect();
        if left.is_empty() {
            return Ok(None);
        }
        self.hooks.starts(step);
        self.note(Event::PutOff {
            step: step.id.clone(),
            left,
        })?;
        Ok(Some(Next::GoOn))
    }

    /// The user or role that must hold nothing else before `step`: it lifts a cut of this run from, or deletes, somebody whom this run deletes.
    fn to_be_bare(&self, step: &Step) -> Option<Member> {
        let member = removed(step)?;
        let of = denied_by(member)?;
        let lifts = *member == of
            || self
                .kept
                .iter()
                .any(|(_, kept)| kept.member == *member && kept.is_cut());
        let deleted = std::iter::once(step)
            .chain(&self.queue)
            .any(|step| removed(step) == Some(&of));
        (lifts && deleted).then_some(of)
    }
}
