//! What stands beside the executor: in a rehearsal the judge; in a run the rehearsal.

use super::Rehearsed;
use super::proof::{Proof, judge_again};
use crate::account::Account;
use crate::action::Setting;
use crate::execute::{Answered, Consent, Hooks, Question, Remedy};
use crate::ids::StepId;
use crate::journal::{Agreement, Entry, Event, Judgement};
use crate::mount::AwsError;
use crate::plan::{Plan, Step};
use crate::twin::Twin;
use crate::verdict::Memory;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A rehearsal: everything is agreed to, nothing is kept, every step is judged.
pub(super) struct Rehearsing<'a> {
    plan: &'a Plan,
    twin: &'a Twin,
    proof: &'a mut Proof,
    memory: Memory,
}

impl<'a> Rehearsing<'a> {
    pub(super) fn new(plan: &'a Plan, twin: &'a Twin, proof: &'a mut Proof, memory: Memory) -> Self {
        Rehearsing {
            plan,
            twin,
            proof,
            memory,
        }
    }
}

impl Hooks for Rehearsing<'_> {
    fn consent(&mut self, _: &Step, _: Option<&Setting>) -> Consent {
        Consent::Yes(Agreement::Rehearsal)
    }

    fn keep(&mut self, account: &Account) -> Result<String, String> {
        let json = serde_json::to_vec(account).map_err(|error| error.to_string())?;
        Ok(Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn trouble(&mut self, step: &Step, _: &Event) -> Remedy {
        if step.required { Remedy::Stop } else { Remedy::GoOn }
    }

    fn settled(&mut self, step: &Step) -> Option<Vec<Judgement>> {
        let verdicts = judge_again(
            &mut self.memory,
            &self.twin.account(),
            &self.plan.lineage,
            self.twin.now(),
        );
        self.proof.after(&step.id, &verdicts);
        Some(verdicts)
    }
}

/// A run beside its rehearsal: other hooks, with what the rehearsal found before each step.
pub struct Beside<'a> {
    hooks: &'a mut dyn Hooks,
    found: BTreeMap<StepId, Setting>,
}

impl<'a> Beside<'a> {
    /// `hooks` beside `rehearsed`.
    pub fn new(hooks: &'a mut dyn Hooks, rehearsed: &Rehearsed) -> Self {
        Beside {
            hooks,
            found: rehearsed.found(),
        }
    }
}

impl Hooks for Beside<'_> {
    fn consent(&mut self, step: &Step, before: Option<&Setting>) -> Consent {
        self.hooks.consent(step, before)
    }

    fn asks(&self, step: &Step, before: &Setting) -> bool {
        self.hooks.asks(step, before)
    }

    fn put(&mut self, question: Question<'_>) -> Option<Answered> {
        self.hooks.put(question)
    }

    fn turned_round(&mut self, step: &StepId, by: &str) {
        self.hooks.turned_round(step, by);
    }

    fn unguarded(&mut self, error: &AwsError) {
        self.hooks.unguarded(error);
    }

    fn asks_first(&mut self, lift: &Step, deletion: &Step) {
        self.hooks.asks_first(lift, deletion);
    }

    fn denies_again(&mut self) {
        self.hooks.denies_again();
    }

    fn starts(&mut self, step: &Step) {
        self.hooks.starts(step);
    }

    fn written(&mut self, entry: &Entry) {
        self.hooks.written(entry);
    }

    fn keep(&mut self, account: &Account) -> Result<String, String> {
        self.hooks.keep(account)
    }

    fn rehearsed(&self, step: &StepId) -> Option<Setting> {
        self.found.get(step).cloned()
    }

    fn trouble(&mut self, step: &Step, event: &Event) -> Remedy {
        self.hooks.trouble(step, event)
    }

    fn settled(&mut self, step: &Step) -> Option<Vec<Judgement>> {
        self.hooks.settled(step)
    }

    fn interrupted(&self) -> bool {
        self.hooks.interrupted()
    }
}
