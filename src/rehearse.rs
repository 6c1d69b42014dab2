//! Mount a twin, execute there, keep the proof.
//!
//! A rehearsal is a run: the same executor, on a twin of the account, signing as the caller's own principal, so that a missing permission
//! and a step that locks the caller out come out here. After each step every credential of the family is judged.

mod caller;
mod hooks;
mod more;
mod proof;
mod race;
mod undoing;

pub use caller::{Standin, stand_in, stand_in_for_organization};
pub use hooks::Beside;
pub use more::more;
pub use proof::{Proof, Row, judge, judge_one};
pub use race::{Odds, Order, Racing, Tally, race};
pub use undoing::ToUndo;

use crate::account::Account;
use crate::action::{Member, Permission, Setting};
use crate::collect::Caller;
use crate::execute::{ExecuteError, Family, execute};
use crate::ids::{AccessKeyId, Arn, StepId};
use crate::journal::{Entry, Event, Finish, Journal};
use crate::mount::{Mount, Trouble};
use crate::plan::{Plan, Step, fighting, permissions, without};
use crate::policy::{Context, Outcome};
use crate::time::{ManualClock, Moment};
use crate::twin::{State, Twin};
use crate::verdict::{Memory, Standing};
use aws_credential_types::Credentials;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The seed of every rehearsal: what a rehearsal makes up is nobody's secret and must be the same each time.
const SEED: u64 = 1;

/// A plan that was rehearsed. Only [`rehearse`] makes one, and `live` takes nothing else.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsed {
    plan: Plan,
    entries: Vec<Entry>,
    proof: Proof,
    finish: Finish,
    missing: Vec<Permission>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unseen: Vec<Permission>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unarmed: Vec<Permission>,
    unchecked: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
    #[serde(skip)]
    caller: Arn,
    /// The odds against somebody who fights back, where they were played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odds: Option<Odds>,
}

impl Rehearsed {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What happened.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What every credential can do before, after each step, at the end.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// How it ended.
    pub fn finish(&self) -> &Finish {
        &self.finish
    }

    /// Permissions that the caller lacks and that a step cannot be done without, all of them at once.
    pub fn missing(&self) -> &[Permission] {
        &self.missing
    }

    /// Permissions that the caller lacks and that the required steps can be done without: what those to read would show is not known, and
    /// those to write are of steps that the plan doesn't stand on.
    pub fn unseen(&self) -> &[Permission] {
        &self.unseen
    }

    /// Permissions that the caller lacks and that a hold needs only when somebody fights back.
    pub fn unarmed(&self) -> &[Permission] {
        &self.unarmed
    }

    /// Why the caller's permissions could not be checked, if they couldn't.
    pub fn unchecked(&self) -> Option<&str> {
        self.unchecked.as_deref()
    }

    /// Steps that AWS would refuse as the account stands, and that the plan goes without: each with why, and who stays alive for it.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The change that the rehearsal ended at because it was refused for a reason of its own (a quota, a conflict), with that.
    fn refused(&self) -> Option<(&Step, String)> {
        let Finish::Failed { at } = &self.finish else {
            return None;
        };
        let step = self.plan.steps.iter().find(|step| step.id == *at)?;
        let why = self.entries.iter().rev().find_map(|entry| match &entry.event {
            Event::Failed { step, error } if step == at => Some(error),
            _ => None,
        });
        let why = why.filter(|error| error.trouble == Trouble::Refused && step.action.changes())?;
        Some((step, why.to_string()))
    }

    /// Who is alive at the end of those that a step was to cut, in words.
    fn spared_by_leaving(&self, step: &Step) -> String {
        let member = step.action.member();
        let owner = member.as_ref().and_then(Member::owner);
        let rows = self.proof.rows.iter().filter(|row| !row.end.is_contained());
        let hit = rows.filter(|row| {
            let held = self.plan.lineage.member(&row.key);
            held.is_some_and(|held| owner.is_some() && (held.role() == owner || held.user() == owner))
        });
        let labels: Vec<&str> = hit.map(|row| row.label.as_str()).collect();
        match labels.is_empty() {
            true => String::new(),
            false => format!("; it leaves alive: {}", labels.join(", ")),
        }
    }

    /// Who is to carry it out.
    pub fn caller(&self) -> &Arn {
        &self.caller
    }

    /// What each member was before its step, as the rehearsal found it.
    pub fn found(&self) -> BTreeMap<StepId, Setting> {
        let looked = self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Looked { step, before } => Some((step.clone(), before.clone())),
            _ => None,
        });
        looked.collect()
    }

    /// Whether every known credential is proven useless at the end, and nothing that was left behind may let anybody in.
    pub fn contains(&self) -> bool {
        self.finish == Finish::Completed && self.proof.contains()
    }
}

/// The family as the executor wants it.
pub fn family(plan: &Plan) -> Family {
    Family {
        lineage: plan.lineage.clone(),
        account: plan.basis.clone(),
        users: plan.basis.users.keys().cloned().collect(),
        roles: plan.basis.roles.keys().cloned().collect(),
        read: None,
        before: None,
        set: Vec::new(),
        open: BTreeSet::new(),
        at_once: BTreeSet::new(),
        spared: None,
    }
}

/// Rehearses `plan` on a twin of `account`, as `caller`, beginning at `now`.
///
/// # Errors
/// The twin could not be read as evidence; nothing else can fail that isn't part of the result.
pub async fn rehearse(
    plan: Plan,
    account: &Account,
    caller: &Caller,
    signing_key: Option<&AccessKeyId>,
    now: Moment,
) -> Result<Rehearsed, ExecuteError> {
    let mut state = State::new(account.clone(), plan.lineage.sessions(), SEED);
    let standin = stand_in(&mut state, caller, signing_key, now);
    let organizer = stand_in_for_organization(&mut state, caller, now);
    let musts: BTreeSet<Permission> = plan.steps.iter().flat_map(Step::must).cloned().collect();
    let others = permissions(&plan, account);
    let missing = lacking(&state, &standin, musts.iter(), now);
    let unseen = lacking(&state, &standin, others.difference(&musts), now);
    let (fight, plain) = (fighting(account), &others | &musts);
    let unarmed = unarmed(&state, &standin, fight.difference(&plain), now);
    // The stand-in's own key is no part of the account that is judged.
    // Innocents are judged by sessions that are issued behind every cut of the plan.
    let later = now.plus_seconds(3600);
    let before = state.account.clone();
    let twin = Twin::on_manual_clock(state, ManualClock::starting_at(now));
    let keys = twin.keys(&standin.key);
    let credentials = Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token);
    let mut mount = Mount::twin(twin.http_client(), credentials, "us-east-1", twin.clock());
    if let Some(key) = organizer {
        let keys = twin.keys(&key);
        mount = mount.with_organizations(Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token));
    }
    let mut memory = Memory::default();
    let mut proof = Proof::begin(&plan, &twin, &mut memory);
    let mut journal = Journal::in_memory();
    let finish = {
        let mut hooks = hooks::Rehearsing::new(&plan, &twin, &mut proof, memory);
        execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut hooks).await?
    };
    proof.finish(&plan, &before, &twin, later);
    Ok(Rehearsed {
        entries: journal.entries().to_vec(),
        plan,
        proof,
        finish,
        missing,
        unseen,
        unarmed,
        unchecked: standin.unchecked,
        left_out: Vec::new(),
        caller: caller.arn.clone(),
        odds: None,
    })
}

/// The same, without the steps that AWS would refuse as the account stands: an intruder who fills one quota must not keep all the rest from being done.
///
/// # Errors
/// As [`rehearse`].
pub async fn rehearse_without_refused(
    plan: Plan,
    account: &Account,
    caller: &Caller,
    signing_key: Option<&AccessKeyId>,
    now: Moment,
) -> Result<Rehearsed, ExecuteError> {
    let mut plan = plan;
    let mut refused: Vec<(Step, String)> = Vec::new();
    loop {
        let rehearsed = rehearse(plan, account, caller, signing_key, now).await?;
        let Some((step, why)) = rehearsed.refused() else {
            let told = refused.iter().map(|(step, why)| {
                let alive = rehearsed.spared_by_leaving(step);
                format!("step {} cannot be done ({}): {why}{alive}", step.id, step.title)
            });
            let left_out = told.collect();
            return Ok(Rehearsed { left_out, ..rehearsed });
        };
        let step = step.clone();
        plan = without(rehearsed.plan, &step, &why);
        refused.push((step, why));
    }
}

/// What the caller may not do of all that is needed.
fn lacking<'a>(
    state: &State,
    standin: &Standin,
    needed: impl Iterator<Item = &'a Permission>,
    now: Moment,
) -> Vec<Permission> {
    let Some(standing) = checked(state, standin, now) else {
        return Vec::new();
    };
    needed
        .filter(|permission| is_refused(&standing, &permission.action, &permission.resource))
        .cloned()
        .collect()
}

/// The same of what is needed against whoever appears: where it is refused on some names alone, those that nobody has yet are told.
fn unarmed<'a>(
    state: &State,
    standin: &Standin,
    needed: impl Iterator<Item = &'a Permission>,
    now: Moment,
) -> Vec<Permission> {
    let Some(standing) = checked(state, standin, now) else {
        return Vec::new();
    };
    let each = needed.flat_map(|permission| {
        let Permission { action, resource } = permission;
        if is_refused(&standing, action, resource) {
            return vec![permission.clone()];
        }
        let new = standing.newcomers(action, resource).into_iter();
        let refused = new.filter(|one| is_refused(&standing, action, one));
        refused.map(|one| Permission::new(action, &one)).collect()
    });
    each.collect()
}

/// The caller as policies see him, where they could be checked.
fn checked<'s>(state: &'s State, standin: &Standin, now: Moment) -> Option<Standing<'s>> {
    let is_known = standin.unchecked.is_none();
    let standing = Standing::of(&state.account, &state.mint.sessions, &standin.key, now).ok();
    standing.filter(|_| is_known)
}

fn is_refused(standing: &Standing<'_>, action: &str, resource: &str) -> bool {
    let outcome = standing.decide(action, resource, &Context::closed());
    matches!(outcome, Outcome::ExplicitDeny(_) | Outcome::ImplicitDeny(_))
}
