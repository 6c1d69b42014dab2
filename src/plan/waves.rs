//! Which steps may go out together.

use super::Step;
use crate::account::{deny_all_arn, is_quarantine};
use crate::action::{Action, Change, Member, Setting};

/// Whether `step` depends on none of `wave` and none of them on it, so that they may be carried out at once, in any order.
///
/// Cuts and the removal of what grants do. What lifts a deny, brings something back, or ends a user waits until all before it is done.
pub fn goes_with(step: &Step, wave: &[Step]) -> bool {
    let members = wave.iter().filter_map(|other| other.action.member());
    let apart = step
        .action
        .member()
        .is_some_and(|own| members.clone().all(|other| !touch(&own, &other)));
    apart && narrows(step) && wave.iter().all(|other| narrows(other) && !makes_room(step, other))
}

/// Whether one takes an inline policy away from whom the other gives one: their sum is bounded, so that the one may make room for the other.
fn makes_room(one: &Step, two: &Step) -> bool {
    let of = |step: &Step| match step.action.member()? {
        Member::RolePolicy { role, .. } => Some(Member::Role { role }),
        Member::UserPolicy { user, .. } => Some(Member::User { user }),
        _ => None,
    };
    let alike = one.action.removed().is_some() == two.action.removed().is_some();
    !alike && of(one).is_some() && of(one) == of(two)
}

/// Whether one member is a part of the other, so that an order between them matters.
fn touch(one: &Member, two: &Member) -> bool {
    let device = |member: &Member| match member {
        Member::MfaDevice { serial, .. } | Member::VirtualMfaDevice { serial } => Some(serial.clone()),
        _ => None,
    };
    one == two || (device(one).is_some() && device(one) == device(two))
}

/// Whether the step can only take power away.
fn narrows(step: &Step) -> bool {
    match &step.action {
        Action::RevokeOlderSessions { .. } => true,
        Action::Change { change } => change.is_cut() || removes_power(change),
        Action::Evidence | Action::Hold { .. } | Action::Sweep { .. } => false,
    }
}

fn removes_power(change: &Change) -> bool {
    change.to == Setting::Absent
        && match &change.member {
            Member::Attachment { policy, .. } | Member::RoleAttachment { policy, .. } => {
                !is_quarantine(policy) && deny_all_arn(policy.partition()).as_ref() != Some(policy)
            }
            Member::Boundary { .. }
            | Member::RoleBoundary { .. }
            | Member::User { .. }
            | Member::Role { .. }
            | Member::ManagedPolicy { .. } => false,
            _ => true,
        }
}
