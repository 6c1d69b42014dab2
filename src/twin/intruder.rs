//! An intruder inside of the twin who fights back: it looks, every half second, at what it holds, undoes what was done against it, and
//! makes itself new users, keys and roles with whatever credential still works.
//!
//! It has no eyes of its own. Everything that it knows came in an answer, and everything that it does is a signed request through the
//! same door as anybody's: authenticated, authorized, in the trail. It acts at its own moments: whoever asks the twin finds done
//! what was due before. One seed gives one fight.

mod answers;
mod call;
mod made;
mod purse;
mod refusals;
mod script;

pub use made::{Grip, Made, Works};
pub use purse::Identity;
pub use script::{CATALOGUE, Lapse, Moves, Script, ScriptError};

use super::door::Keys;
use super::{Node, Reply, Request, signed};
use crate::account::Account;
use crate::time::Moment;
use call::{Form, Purpose, Task, Texts};
use purse::Purse;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Where it calls from: of the blocks that are kept for documentation, RFC 5737.
const SOURCE_IP: &str = "203.0.113.66";

/// How long it goes on trying what needs a credential or a role that has only just been made, in milliseconds.
const PATIENCE_MILLIS: i64 = 20_000;

/// The way into the twin: a request and its moment.
pub type Door<'a> = dyn FnMut(&Request, Moment) -> Reply + 'a;

/// One thing that the intruder did or noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Did {
    /// When.
    pub at: Moment,
    /// What, in words.
    pub what: String,
}

/// An intruder under way. A clone goes on by itself.
#[derive(Debug, Clone)]
pub struct Intruder {
    script: Script,
    seed: u64,
    drawn: u64,
    /// The name of the policy that allows everything.
    policy: String,
    account: String,
    partition: String,
    purse: Purse,
    /// What it defends: where its credentials take their rights from.
    defends: Vec<Identity>,
    /// Roles that it wants sessions of: name and ARN.
    wants: BTreeSet<(String, String)>,
    tasks: Vec<Task>,
    /// When each of its hands is free.
    hands: Vec<Moment>,
    /// When it looks next; `None` while it looks.
    next_look: Option<Moment>,
    next_check: Moment,
    /// When anything last worked.
    worked: Moment,
    calls: u64,
    gave_up: bool,
    made: Vec<Made>,
    did: Vec<Did>,
}

impl Intruder {
    /// An intruder who begins at `now` with what `keys` signs.
    pub fn new(script: Script, keys: Keys, seed: u64, now: Moment) -> Self {
        let begins = now.plus_millis(script.begins_after.millis());
        let mut intruder = Intruder {
            hands: vec![begins; script.at_once],
            next_look: Some(begins),
            next_check: begins.plus_millis(script.check_every.millis()),
            script,
            seed,
            drawn: 0,
            policy: String::new(),
            account: String::new(),
            partition: "aws".to_owned(),
            purse: Purse::default(),
            defends: Vec::new(),
            wants: BTreeSet::new(),
            tasks: Vec::new(),
            worked: begins,
            calls: 0,
            gave_up: false,
            made: Vec::new(),
            did: Vec::new(),
        };
        intruder.policy = intruder.fresh_name();
        intruder.purse.put(keys, None, begins);
        intruder.urgent(Purpose::WhoAmI, begins);
        intruder
    }

    /// The same intruder, who has a session of `whose` beside the rest from the beginning, and defends what it takes its rights from.
    #[must_use]
    pub fn holding(mut self, keys: Keys, whose: Identity, now: Moment) -> Self {
        self.purse.put(keys, Some(whose.clone()), now);
        if !self.defends.contains(&whose) {
            self.defends.push(whose);
        }
        self
    }

    /// When it acts next; `None` once it has given up.
    pub fn due(&self) -> Option<Moment> {
        if self.gave_up {
            return None;
        }
        let free = self.free();
        let task = self.tasks.iter().map(|task| task.from).min();
        let look = self.next_look.filter(|_| self.knows_itself());
        let check = Some(self.next_check).filter(|_| self.knows_itself());
        [task, look, check].into_iter().flatten().min().map(|due| due.max(free))
    }

    /// Makes every move that is due up to `now`, each at its own moment.
    pub fn act_until(&mut self, now: Moment, door: &mut Door<'_>) {
        while let Some(due) = self.due().filter(|due| *due <= now) {
            self.act(due, door);
        }
    }

    /// What it did and noticed since it was last asked.
    pub fn overheard(&mut self) -> Vec<Did> {
        std::mem::take(&mut self.did)
    }

    /// The credentials that it holds, in the order in which it got them.
    pub fn holds(&self) -> Vec<crate::ids::AccessKeyId> {
        self.purse.0.iter().map(|held| held.keys.key.clone()).collect()
    }

    /// What it has at `now`: each credential tried through `door`, which should be that of a fork, and what of its making is in `account`.
    pub fn grip(&self, account: &Account, now: Moment, door: &mut Door<'_>) -> Grip {
        let texts = self.texts();
        let works = self.purse.0.iter().filter_map(|held| {
            let mut tries = vec![Purpose::Check(held.keys.key.clone())];
            tries.extend(held.whose.clone().map(Purpose::See));
            tries.extend(
                self.wants
                    .iter()
                    .map(|(name, arn)| Purpose::Assume(name.clone(), arn.clone())),
            );
            let form = tries.into_iter().map(|purpose| purpose.form(&texts)).find(|form| {
                let request = written(form, &held.keys, now);
                door(&request, now).outcome.is_ok()
            })?;
            Some(Works {
                key: held.keys.key.clone(),
                whose: held
                    .whose
                    .as_ref()
                    .map_or_else(|| "nobody knows whose".to_owned(), ToString::to_string),
                call: format!("{}:{}", form.service, form.operation),
            })
        });
        Grip {
            works: works.collect(),
            made: self.standing(account).map(ToString::to_string).collect(),
            calls: self.calls,
            gave_up: self.gave_up,
        }
    }

    /// What of its making stands in `account`.
    pub fn standing<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Made> {
        self.made.iter().filter(|made| made.stands(account))
    }

    /// Users and roles of its making that are in `account`.
    pub fn entities(&self, account: &Account) -> Vec<Identity> {
        let made = self.standing(account).filter_map(|made| match made {
            Made::Entity { identity, .. } => Some(identity.clone()),
            _ => None,
        });
        made.collect()
    }

    /// One call, at `at`.
    fn act(&mut self, at: Moment, door: &mut Door<'_>) {
        self.plan_ahead(at);
        let ready = self.tasks.iter().enumerate().filter(|(_, task)| task.from <= at);
        let Some(next) = ready.min_by_key(|(n, task)| (!task.urgent, *n)).map(|(n, _)| n) else {
            return;
        };
        let mut task = self.tasks.remove(next);
        let form = task.purpose.form(&self.texts());
        let keys = match task.purpose.only() {
            Some(key) => self.purse.keys(key).filter(|_| !task.tried.contains(key)),
            None => self.purse.best(form.service, &task.tried, at),
        };
        let Some(keys) = keys.cloned() else {
            return self.nobody_may(task, at);
        };
        let answered = self.spend(at);
        self.calls += 1;
        let outcome = door(&written(&form, &keys, at), at).outcome;
        self.purse.went(&keys.key, outcome.is_ok(), at);
        match outcome {
            Ok(node) => {
                self.worked = at;
                self.answer(&task.purpose, &keys, &node, at, answered);
            }
            Err(fault) => {
                task.tried.push(keys.key.clone());
                task.from = answered;
                self.refusal(task, &keys.key, &fault, at);
            }
        }
        self.rest(answered);
    }

    /// Adds the regular look and the regular check, when their time has come.
    fn plan_ahead(&mut self, at: Moment) {
        if !self.knows_itself() {
            return;
        }
        if self.next_check <= at {
            self.next_check = at.plus_millis(self.script.check_every.millis());
            let keys: Vec<_> = self.holds();
            keys.into_iter().for_each(|key| self.later(Purpose::Check(key), at));
        }
        if self.next_look.is_some_and(|next| next <= at) {
            self.next_look = None;
            for id in self.defends.clone() {
                self.look_at(id, at);
            }
        }
    }

    fn look_at(&mut self, id: Identity, at: Moment) {
        self.later(Purpose::See(id.clone()), at);
        if let Identity::User(name) = &id {
            self.later(Purpose::Keys(name.clone()), at);
            if self.script.moves.leave_groups {
                self.later(Purpose::Groups(name.clone()), at);
            }
        }
        if self.script.moves.strip_denies {
            self.later(Purpose::Attached(id.clone()), at);
        }
        if self.script.moves.strip_denies || self.script.moves.restore_admin {
            self.later(Purpose::Inline(id), at);
        }
    }

    /// Behind a look comes a rest, and at the end of all patience nothing more.
    fn rest(&mut self, at: Moment) {
        let looks = self.tasks.iter().any(|task| task.purpose.looks());
        if self.next_look.is_none() && !looks {
            self.next_look = Some(at.plus_millis(self.script.every.millis()));
        }
        if at.millis() - self.worked.millis() > self.script.give_up_after.millis() {
            self.gave_up = true;
            self.tasks.clear();
            self.say(
                at,
                "gives up: nothing has worked for so long as it was told to wait".to_owned(),
            );
        }
    }

    /// Nobody knows its account and its name before the first answer.
    fn knows_itself(&self) -> bool {
        !self.account.is_empty()
    }

    fn texts(&self) -> Texts<'_> {
        Texts {
            account: &self.account,
            partition: &self.partition,
            policy: &self.policy,
        }
    }

    fn free(&self) -> Moment {
        self.hands.iter().min().copied().unwrap_or(self.worked)
    }

    /// Lays the freest hand on a call at `at`; gives when the answer is there.
    fn spend(&mut self, at: Moment) -> Moment {
        let jitter = self.script.jitter.millis();
        let more = self.draw() % u64::try_from(jitter + 1).unwrap_or(1);
        let cost = self.script.latency.millis() + i64::try_from(more).unwrap_or(0);
        let answered = at.plus_millis(cost);
        if let Some(hand) = self.hands.iter_mut().min() {
            *hand = answered;
        }
        answered
    }

    /// The next number that the seed gives.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.drawn.to_be_bytes());
        let bytes: [u8; 32] = hash.finalize().into();
        bytes
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn fresh_name(&mut self) -> String {
        let noise = self.draw() & 0xffff_ffff;
        format!("{}{noise:08x}", self.script.prefix)
    }

    fn urgent(&mut self, purpose: Purpose, from: Moment) {
        self.add(purpose, true, from, from);
    }

    /// Something that may need a while to become possible.
    fn patiently(&mut self, purpose: Purpose, from: Moment) {
        self.add(purpose, true, from, from.plus_millis(PATIENCE_MILLIS));
    }

    fn later(&mut self, purpose: Purpose, from: Moment) {
        self.add(purpose, false, from, from);
    }

    /// The same thing is never wanted twice at a time.
    fn add(&mut self, purpose: Purpose, urgent: bool, from: Moment, until: Moment) {
        if self.tasks.iter().any(|task| task.purpose == purpose) {
            return;
        }
        self.tasks.push(Task {
            purpose,
            urgent,
            from,
            until,
            tried: Vec::new(),
        });
    }

    fn say(&mut self, at: Moment, what: String) {
        self.did.push(Did { at, what });
    }
}

/// The request of a call.
fn written(form: &Form, keys: &Keys, now: Moment) -> Request {
    if form.service == "s3" {
        return signed::list_buckets(keys, SOURCE_IP, now);
    }
    let params: Vec<(&str, &str)> = form
        .params
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    signed::query(keys, form.service, &form.operation, &params, SOURCE_IP, now)
}

/// The texts of a list in an answer: of its members, or of the member `name` of each.
fn texts_of(node: &Node, list: &str, name: Option<&str>) -> Vec<String> {
    let Some(Node::List(items)) = node.get(list) else {
        return Vec::new();
    };
    let each = items.iter().filter_map(|item| match name {
        Some(name) => item.get(name)?.as_text(),
        None => item.as_text(),
    });
    each.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
