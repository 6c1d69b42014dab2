//! Other cases of the same folder: a deny that one case put there may be what another case counts on, and its undoing must not let that intruder in.

use super::Desk;
use super::exit::Failure;
use super::folder::Case;
use crate::journal::{Entry, Event, progress};
use crate::lineage::{Credential, Lineage};
use crate::plan::Plan;
use std::collections::BTreeSet;
use std::path::Path;

/// Adds to the family of `plan` those credentials of other cases about the same account that the denies of `case` bind: they are told as theirs. A case that
/// cannot be read is named.
pub(super) fn bound_too(desk: &Desk, cases: &Path, case: &Case, entries: &[Entry], plan: &mut Plan) {
    let bound = Bound::by(entries, plan);
    for other in Case::all(cases).iter().filter(|other| other.id != case.id) {
        match family_of(other, entries, plan) {
            Ok(Some(lineage)) => {
                let theirs = lineage.credentials.into_iter().filter(|one| bound.holds(one));
                for mut one in theirs {
                    if plan.lineage.member(&one.key).is_none() {
                        one.label = format!("{} of case {}", one.label, other.id);
                        plan.lineage.credentials.push(one);
                    }
                }
            }
            Ok(None) => {}
            Err(failure) => desk.terminal.urgent(&format!(
                "whether case {} counts on what is undone is not known: {}",
                other.id, failure.message
            )),
        }
    }
}

/// The family of another case, if that is one about the same account in the same world.
fn family_of(other: &Case, entries: &[Entry], plan: &Plan) -> Result<Option<Lineage>, Failure> {
    let (theirs, of_other) = (other.entries()?, other.plan()?);
    let is_same = of_other.basis.id == plan.basis.id && world(&theirs) == world(entries);
    Ok(is_same.then_some(of_other.lineage))
}

fn world(entries: &[Entry]) -> Option<&str> {
    entries.iter().find_map(|entry| match &entry.event {
        Event::Opened { world, .. } => Some(world.as_str()),
        _ => None,
    })
}

/// Whom the cuts of a case bind.
struct Bound {
    /// Users and roles by name.
    owners: BTreeSet<String>,
    /// A service control policy binds whomever it names.
    anybody: bool,
}

impl Bound {
    fn by(entries: &[Entry], plan: &Plan) -> Self {
        let standing = progress(entries).standing(&plan.steps);
        let owners = standing.iter().map(|(_, change)| change.member.owner());
        Bound {
            owners: owners.clone().flatten().map(str::to_owned).collect(),
            anybody: owners.clone().any(|owner| owner.is_none()),
        }
    }

    fn holds(&self, credential: &Credential) -> bool {
        let owner = credential.user().or(credential.role());
        self.anybody || owner.is_some_and(|owner| self.owners.contains(owner))
    }
}
