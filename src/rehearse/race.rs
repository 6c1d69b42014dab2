//! The race: a plan on a twin of the account in which somebody fights back while IAM's changes are on their way.
//!
//! IAM tells a change at once and enforces it seconds later; whose old rights still work meanwhile can turn it round. Which order of a plan
//! wins against that how often isn't reckoned but tried: the plan's own executor with requests side by side, an intruder with every credential of the
//! family, and a clock that jumps from one timer to the next. One seed gives one fight.

mod fight;

use super::stand_in;
use crate::account::Account;
use crate::action::{Action, Member, Setting};
use crate::collect::Caller;
use crate::execute::ExecuteError;
use crate::ids::{AccessKeyId, Arn, PrincipalArn};
use crate::plan::{Plan, Step};
use crate::playbook::Playbook;
use crate::time::Moment;
use crate::twin::State;
use crate::twin::intruder::Script;
use crate::twin::weather::Lag;
use fight::fight;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// An order that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The keys made inactive and nothing more: what many do first.
    KeyAlone,
    /// Every step of the plan, without holding and without looking again.
    WithoutHold,
    /// The plan, with its holds, and with the further waves that a run makes of what it finds.
    AsPlanned,
}

impl Order {
    const ALL: [Order; 3] = [Order::KeyAlone, Order::WithoutHold, Order::AsPlanned];

    /// The order in words.
    pub fn name(self) -> &'static str {
        match self {
            Order::KeyAlone => "the key off, nothing more",
            Order::WithoutHold => "these steps without the hold",
            Order::AsPlanned => "this plan",
        }
    }

    /// The steps of `plan` in this order.
    fn steps(self, plan: &Plan) -> Vec<Step> {
        let keep = |step: &&Step| match (self, &step.action) {
            (Order::AsPlanned, _) => true,
            (Order::WithoutHold, action) => action.changes(),
            (Order::KeyAlone, Action::Change { change }) => {
                matches!(change.member, Member::AccessKey { .. }) && matches!(change.to, Setting::Status(_))
            }
            (Order::KeyAlone, _) => false,
        };
        plan.steps.iter().filter(keep).cloned().collect()
    }
}

/// How often one order won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The order.
    pub order: Order,
    /// Fights at whose end no credential of the intruder works.
    pub out: u64,
    /// Those of them at whose end nothing of his making is in the account either.
    pub clean: u64,
}

/// The odds of a plan against somebody who fights back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Odds {
    /// The intruder's script.
    pub intruder: String,
    /// How late changes take effect, as `--lag` has it.
    pub lag: String,
    /// Fights of each order.
    pub fights: u64,
    /// Whether root carries the plan out in them, whom no policy of the account limits: he signs, or nothing is known of who does.
    pub as_root: bool,
    /// Each order.
    pub orders: Vec<Tally>,
}

/// What a race is made of.
#[derive(Debug, Clone, Copy)]
pub struct Racing<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The playbook that it was made by, and that further waves are made by.
    pub playbook: &'a Playbook,
    /// The account, as it was read.
    pub account: &'a Account,
    /// Who carries the plan out.
    pub caller: &'a Caller,
    /// With which key, where it is known.
    pub signing_key: Option<&'a AccessKeyId>,
    /// When it begins.
    pub now: Moment,
    /// Who fights back.
    pub script: &'a Script,
    /// How late changes take effect.
    pub lag: &'a Lag,
}

/// Plays `fights` fights of each order, on all cores, and counts. `lag` is what is told of [`Racing::lag`].
///
/// # Errors
/// A fight could not be played.
pub fn race(racing: Racing<'_>, fights: u64, lag: &str) -> Result<Odds, ExecuteError> {
    let account = concerned(racing);
    let racing = Racing {
        account: &account,
        ..racing
    };
    let orders = Order::ALL.into_iter();
    let tallies = orders.map(|order| {
        let (out, clean) = count(racing, order, fights)?;
        Ok(Tally { order, out, clean })
    });
    Ok(Odds {
        intruder: racing.script.name.clone(),
        lag: lag.to_owned(),
        fights,
        as_root: is_root(racing),
        orders: tallies.collect::<Result<_, ExecuteError>>()?,
    })
}

/// Whether nothing of the account limits who fights for it.
fn is_root(racing: Racing<'_>) -> bool {
    let Racing { caller, now, .. } = racing;
    let mut state = State::new(racing.account.clone(), Vec::new(), 1);
    let standin = stand_in(&mut state, caller, racing.signing_key, now);
    standin.unchecked.is_some() || PrincipalArn::of(&caller.arn) == Some(PrincipalArn::Root)
}

/// The account with those users and roles alone whom the plan speaks of, and the caller: whom the lists of a large account name beside them has no part in
/// the fight, and each look of a hold reads the lists.
fn concerned(racing: Racing<'_>) -> Account {
    let Racing { plan, caller, .. } = racing;
    let permissions = plan.steps.iter().flat_map(|step| &step.permissions);
    let named: BTreeSet<&str> = permissions.map(|permission| permission.resource.as_str()).collect();
    let own = racing.account.principal_arn(&caller.arn);
    let is_in = |arn: Arn, basis: bool| basis || own.as_ref() == Some(&arn) || named.contains(arn.to_string().as_str());
    let mut account = racing.account.clone();
    let (users, roles) = (std::mem::take(&mut account.users), std::mem::take(&mut account.roles));
    account.users = users
        .into_iter()
        .filter(|(name, user)| is_in(account.user_arn(user), plan.basis.users.contains_key(name)))
        .collect();
    account.roles = roles
        .into_iter()
        .filter(|(name, role)| is_in(account.role_arn(role), plan.basis.roles.contains_key(name)))
        .collect();
    account
}

/// How many fights of one order are won, and how many of them with nothing left.
fn count(racing: Racing<'_>, order: Order, fights: u64) -> Result<(u64, u64), ExecuteError> {
    let (next, out, clean) = (AtomicU64::new(1), AtomicU64::new(0), AtomicU64::new(0));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let play = || -> Result<(), ExecuteError> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > fights {
                return Ok(());
            }
            let grip = fight(racing, order, seed)?;
            let is_out = grip.works.is_empty();
            out.fetch_add(u64::from(is_out), Ordering::Relaxed);
            clean.fetch_add(u64::from(is_out && grip.made.is_empty()), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..cores).map(|_| scope.spawn(play)).collect();
        let mut ends = hands.into_iter().map(|hand| match hand.join() {
            Ok(end) => end,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ends.try_for_each(|end| end)
    })?;
    Ok((out.into_inner(), clean.into_inner()))
}
