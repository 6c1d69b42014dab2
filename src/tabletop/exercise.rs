//! An exercise: a plan carried out on the stage while the attacker does something about each step.

use super::scenario::{Pace, Reaction, Scenario};
use super::stage::{Stage, minted};
use crate::account::Account;
use crate::action::Setting;
use crate::collect::{self, Scope};
use crate::execute::{Consent, ExecuteError, Hooks, Remedy, execute};
use crate::ids::{AccessKeyId, StepId};
use crate::journal::{Agreement, Entry, Event, Finish, Journal, Judgement};
use crate::lineage::{bystanders, trace};
use crate::mount::{AwsError, Mount};
use crate::plan::{Facts, Plan, Step, plan};
use crate::playbook::{End, Playbook};
use crate::rehearse::family;
use crate::time::Moment;
use crate::trail::Evidence;
use crate::twin::intruder::{Grip, Identity};
use crate::verdict::{Verdict, altered, verdict};
use aws_credential_types::Credentials;
use serde::Serialize;

/// How many of the intruder's moves are told behind one step.
const TOLD: usize = 4;

/// Why an exercise could not be played.
#[derive(Debug, thiserror::Error)]
pub enum ExerciseError {
    /// A call of the responder failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The journal or the evidence could not be kept.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The scenario names no responder who can sign.
    #[error("the scenario has no responder who can sign")]
    NoResponder,
}

/// One credential of the attacker at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Its name in the scenario.
    pub name: String,
    /// Its key.
    pub key: AccessKeyId,
    /// What it can do.
    pub verdict: Verdict,
}

/// What is seen after a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seen {
    /// The step; `None` before the first.
    pub step: Option<StepId>,
    /// What the step did, in words.
    pub title: String,
    /// When.
    pub at: Moment,
    /// What the attacker did about it.
    pub reaction: Option<String>,
    /// Every credential that the attacker has by then.
    pub standings: Vec<Standing>,
}

/// An exercise as it went.
#[derive(Debug, Clone, Serialize)]
pub struct Played {
    /// The playbook.
    pub playbook: String,
    /// The plan that was carried out.
    pub plan: Plan,
    /// What was seen after each step.
    pub seen: Vec<Seen>,
    /// How the run ended.
    pub finish: Finish,
    /// How long it took on the twin's clock, in seconds.
    pub seconds: i64,
    /// Innocent principals that can do less or more than before, and that the plan did not name.
    pub innocents_hit: Vec<String>,
    /// What an intruder who fights back by himself has at the end: credentials that work, things of his making.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grip: Option<Grip>,
    /// The journal.
    pub journal: Vec<Entry>,
}

impl Played {
    /// Credentials of the attacker that are not proven useless at the end, or that still work.
    pub fn still_in(&self) -> Vec<&str> {
        let works = |key: &AccessKeyId| {
            let mut grip = self.grip.iter().flat_map(|grip| &grip.works);
            grip.any(|one| one.key == *key)
        };
        let last = self.seen.last().into_iter().flat_map(|seen| &seen.standings);
        last.filter(|one| !one.verdict.is_contained() || works(&one.key))
            .map(|one| one.name.as_str())
            .collect()
    }

    /// Things of the intruder's own making that are in the account at the end.
    pub fn left_standing(&self) -> &[String] {
        self.grip.as_ref().map_or(&[], |grip| &grip.made)
    }
}

/// Traces the stolen key in the stage's trail, makes the plan, and carries it out while the attacker reacts.
///
/// # Errors
/// A call of the responder failed outside of a step.
pub async fn exercise(
    stage: &mut Stage,
    scenario: &Scenario,
    playbook: &Playbook,
    end: End,
) -> Result<Played, ExerciseError> {
    let mount = mount(stage, scenario)?;
    let stolen = stage
        .names
        .get(&scenario.stolen)
        .cloned()
        .ok_or(ExerciseError::NoResponder)?;
    let mut evidence = Evidence::default();
    for record in stage.twin.trail() {
        if let Err(error) = evidence.add_record(&record) {
            evidence.damaged("the twin's trail", None, error.to_string());
        }
    }
    let lineage = trace(&evidence, &[stolen]);
    let others = bystanders(&evidence, &lineage);
    let mut collected = collect::account(mount.clients(), Scope::Everything).await?;
    collect::organization(mount.clients(), &mut collected).await;
    let facts = Facts {
        account: &collected.account,
        lineage: &lineage,
        bystanders: &others,
    };
    let plan = plan(playbook, end, facts, stage.twin.now());
    let began = stage.twin.now();
    let before = stage.twin.account();
    let of_the_intruder = of_the_intruder(stage, &before);
    let mut journal = Journal::in_memory();
    let first = Seen {
        step: None,
        title: "before the first step".to_owned(),
        at: began,
        reaction: None,
        standings: standings(stage),
    };
    let (finish, seen) = {
        let mut hooks = AtTheTable {
            stage,
            reaction: scenario.reaction.as_ref(),
            pace: scenario.pace,
            seen: vec![first],
        };
        let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut hooks).await?;
        hooks.wait_for_the_end();
        (finish, hooks.seen)
    };
    let later = stage.twin.now().plus_seconds(3600);
    let hit = altered(&before, &stage.twin.account(), later)
        .into_iter()
        .map(|hit| hit.arn);
    let mut named = named(&plan);
    named.extend(of_the_intruder);
    let innocents_hit = hit.filter(|arn| !named.contains(arn));
    Ok(Played {
        playbook: playbook.name.clone(),
        seconds: stage.twin.now().seconds() - began.seconds(),
        grip: stage.twin.grip(),
        innocents_hit: innocents_hit.collect(),
        plan,
        seen,
        finish,
        journal: journal.entries().to_vec(),
    })
}

fn mount(stage: &Stage, scenario: &Scenario) -> Result<Mount<crate::mount::Twin>, ExerciseError> {
    let row = scenario
        .user
        .iter()
        .find(|user| user.name == scenario.responder)
        .ok_or(ExerciseError::NoResponder)?;
    let keys = row
        .keys
        .first()
        .and_then(|name| stage.keys(name))
        .ok_or(ExerciseError::NoResponder)?;
    let credentials = Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token);
    Ok(Mount::twin(
        stage.twin.http_client(),
        credentials,
        &scenario.region,
        stage.twin.clock(),
    ))
}

/// Users whom the plan names.
fn named(plan: &Plan) -> Vec<String> {
    let users = plan.basis.users.values();
    users.map(|user| plan.basis.user_arn(user).to_string()).collect()
}

/// Users and roles that the intruder made: whoever cuts them off hits nobody who is innocent.
fn of_the_intruder(stage: &Stage, account: &Account) -> Vec<String> {
    let made = stage.twin.intruder_made().into_iter();
    let arns = made.filter_map(|id| match id {
        Identity::User(name) => Some(account.user_arn(account.users.get(&name)?)),
        Identity::Role(name) => Some(account.role_arn(account.roles.get(&name)?)),
    });
    arns.map(|arn| arn.to_string()).collect()
}

fn standings(stage: &mut Stage) -> Vec<Standing> {
    stage.meet_intruder();
    // What a change that is still on its way will do, it doesn't do yet.
    let (account, sessions, now) = (stage.twin.effective(), stage.twin.sessions(), stage.twin.now());
    let held = stage
        .attackers
        .iter()
        .filter_map(|name| Some((name, stage.names.get(name)?)));
    held.map(|(name, key)| Standing {
        name: name.clone(),
        key: key.clone(),
        verdict: verdict(&account, &sessions, key, now),
    })
    .collect()
}

/// Hooks of an exercise: nobody is asked, and after each step the attacker has his turn.
struct AtTheTable<'a> {
    stage: &'a mut Stage,
    reaction: Option<&'a Reaction>,
    pace: Pace,
    seen: Vec<Seen>,
}

impl AtTheTable<'_> {
    /// What an intruder who acts by himself did since the last step.
    fn overheard(&self) -> Option<String> {
        let did = self.stage.twin.overheard();
        let told: Vec<&str> = did.iter().take(TOLD).map(|did| did.what.as_str()).collect();
        let more = match did.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!("; and {more} moves more"),
        };
        (!told.is_empty()).then(|| format!("the intruder {}{more}", told.join("; ")))
    }

    /// Some time passes behind the last step, so that what was in flight is in force.
    fn wait_for_the_end(&mut self) {
        if self.pace.at_the_end > 0 {
            self.stage.clock.advance_millis(self.pace.at_the_end * 1000);
            self.saw(None, format!("{} seconds later", self.pace.at_the_end), None);
        }
    }

    fn saw(&mut self, step: Option<StepId>, title: String, reaction: Option<String>) -> &Seen {
        let reaction = reaction.or_else(|| self.overheard());
        let standings = standings(self.stage);
        self.seen.push(Seen {
            step,
            title,
            at: self.stage.twin.now(),
            reaction,
            standings,
        });
        &self.seen[self.seen.len() - 1]
    }

    /// The attacker tries what he wants with every session; if none can, he mints another.
    fn react(&mut self) -> Option<String> {
        let reaction = self.reaction?;
        let none = std::collections::BTreeMap::new();
        let sessions: Vec<String> = self
            .stage
            .attackers
            .iter()
            .filter(|name| **name != reaction.by)
            .cloned()
            .collect();
        let works = |name: &String| {
            self.stage
                .attack(name, &reaction.wants, &none, Some(&reaction.resource))
                .is_ok()
        };
        if sessions.iter().any(works) {
            return None;
        }
        match self.stage.attack(&reaction.by, &reaction.call, &reaction.params, None) {
            Ok(node) => {
                let count = self
                    .stage
                    .attackers
                    .iter()
                    .filter(|name| name.starts_with(&reaction.gives))
                    .count();
                let name = format!("{}{}", reaction.gives, count + 1);
                self.stage.got(&name, minted(&node)?, true);
                Some(format!("{} ({name})", reaction.says))
            }
            Err(fault) => Some(format!(
                "the attacker tries to mint another session with {}: {}",
                reaction.by, fault.code
            )),
        }
    }
}

impl Hooks for AtTheTable<'_> {
    fn consent(&mut self, _: &Step, _: Option<&Setting>) -> Consent {
        Consent::Yes(Agreement::Rehearsal)
    }

    fn starts(&mut self, _: &Step) {
        self.stage.clock.advance_millis(self.pace.before * 1000);
    }

    fn keep(&mut self, _: &Account) -> Result<String, String> {
        Ok("kept in memory: an exercise writes no file".to_owned())
    }

    fn trouble(&mut self, step: &Step, _: &Event) -> Remedy {
        if step.required { Remedy::Stop } else { Remedy::GoOn }
    }

    fn settled(&mut self, step: &Step) -> Option<Vec<Judgement>> {
        self.stage.clock.advance_millis(self.pace.behind * 1000);
        let reaction = self.react();
        let seen = self.saw(Some(step.id.clone()), step.title.clone(), reaction);
        let verdicts = seen.standings.iter().map(|one| Judgement {
            label: one.name.clone(),
            key: one.key.clone(),
            verdict: one.verdict.clone(),
        });
        Some(verdicts.collect())
    }
}
