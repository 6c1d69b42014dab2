//! Before the incident: could the responder trace and contain here? Facts about an account in, a table of what is ready, not ready and unknown out,
//! with the fix for each; and templates of what is deployed beforehand.
//!
//! Nothing is tried that would change anything. What was not read, and what hangs on a condition that nobody can know beforehand, is unknown,
//! which is never ready.

mod break_glass;
mod check;
mod delegation;
mod kept_on;
mod organization;
mod others;
mod perimeter;
mod permissions;
mod removers;
mod responder;
mod retention;
mod takers;
pub mod template;
mod trails;

pub use break_glass::administrators;
pub use check::{Check, Readiness, State};
pub use organization::CALLS as ORGANIZATION_CALLS;
pub use permissions::asked;

use crate::account::Account;
use crate::collect::{DETAILS, Kept, Simulated, Trails, Unread};
use crate::ids::Arn;
use crate::mount::{AwsError, Trouble};
use crate::policy::PolicyText;
use crate::reach::Reach;
use crate::time::Moment;
use crate::verdict::Standing;
use kept_on::KeptOn;
use std::collections::BTreeMap;

/// Everything that readiness is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The account, its organization and trails among it as far as they were read.
    pub account: &'a Account,
    /// Who will respond: a user, a role, or root.
    pub responder: &'a Arn,
    /// His rights as policies see them; why nothing is known of them.
    pub standing: Result<&'a Standing<'a>, &'a str>,
    /// Whether it is he who read all this, so that what was refused was refused to him.
    pub signs: bool,
    /// Whether all this was read from a twin, which knows only the Regions that every account has.
    pub twin: bool,
    /// What CloudTrail told.
    pub trails: &'a Trails,
    /// The buckets of the trails.
    pub kept: &'a [Kept],
    /// The table that was named for Athena, and whether it and its workgroup could be asked about.
    pub table: Option<(&'a str, &'a Result<(), AwsError>)>,
    /// What AWS's simulator says of his permissions, by action; why it wasn't asked.
    pub simulated: Result<&'a BTreeMap<String, Simulated>, &'a str>,
    /// The same for the rights in Organizations of who acts for it, by the policies of his own account.
    pub organizer: Result<&'a BTreeMap<String, Simulated>, &'a str>,
    /// The organization's delegation policy, where it isn't a principal of the management account who acts for it: `None` where there is no
    /// such policy, and why it wasn't read.
    pub delegation: Option<Result<Option<&'a PolicyText>, &'a str>>,
    /// What of the account was not read.
    pub unread: &'a [Unread],
    /// Now: roles are judged by sessions of now.
    pub now: Moment,
}

/// The table.
pub fn readiness(facts: Facts<'_>) -> Readiness {
    let mut checks = trails::checks(facts);
    checks.extend(retention::checks(facts));
    checks.extend(permissions::checks(facts));
    checks.extend(responder::checks(facts));
    let mut reach = Reach::by_names(facts.account, facts.now);
    let kept = KeptOn::of(facts, &mut reach);
    checks.extend(organization::checks(facts, &kept));
    checks.extend(perimeter::checks(facts));
    checks.extend(removers::checks(facts, &kept, &mut reach));
    checks.extend(break_glass::checks(facts));
    if let Some(error) = facts.nothing_read() {
        let of_account = checks.iter_mut().filter(|check| OF_ACCOUNT.contains(&check.id));
        of_account.for_each(|check| *check = unread(check.id, error));
    }
    Readiness::of(facts.account.id.clone(), facts.responder.clone(), checks)
}

/// What is told of the account's users, roles and policies, beside what its responder may.
const OF_ACCOUNT: [&str; 3] = [
    "organization.quarantine",
    "quarantine.removers",
    "break_glass.administrator",
];

fn unread(id: &'static str, error: &AwsError) -> Check {
    let found = format!("the account's users, roles and policies were not read: {error}");
    Check::new(id, State::Unknown, found, format!("allow the responder {DETAILS}"))
}

impl Facts<'_> {
    /// Why nothing was read of the account, where that is so.
    fn nothing_read(&self) -> Option<&AwsError> {
        let of_all = self.unread.iter().find(|unread| unread.error.operation == DETAILS);
        of_all.map(|unread| &unread.error)
    }

    /// What a failed call means: a refusal is a lack of rights where it was the responder's call, anything else says nothing.
    fn meaning(&self, error: &AwsError) -> State {
        match error.trouble {
            Trouble::AccessDenied if self.signs => State::NotReady,
            _ => State::Unknown,
        }
    }
}
