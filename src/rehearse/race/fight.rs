//! One fight.

use super::super::{family, more, stand_in, stand_in_for_organization};
use super::{Order, Racing};
use crate::account::Account;
use crate::action::Setting;
use crate::collect::{self, Scope};
use crate::execute::{Consent, ExecuteError, Family, Hooks, Remedy, execute};
use crate::ids::PrincipalArn;
use crate::journal::{Agreement, Event, Finish, Journal, progress};
use crate::lineage::{Credential, bystanders, trace};
use crate::mount::{Mount, Twin as World};
use crate::plan::{Facts, Plan, Step, plan};
use crate::time::TimerClock;
use crate::trail::Evidence;
use crate::twin::intruder::{Grip, Identity, Intruder};
use crate::twin::{State, Twin, Weather};
use aws_credential_types::Credentials;
use std::sync::Arc;
use std::time::Duration;

/// How long the intruder is at work before the first step: his tool looks every half second.
const HEAD_START: Duration = Duration::from_secs(2);

/// How long an answer takes, in milliseconds: IAM's from another continent. The intruder's script has a time of its own.
const LATENCY_MILLIS: i64 = 50;

/// A run makes as many waves before it says that the account is not held.
const WAVES: usize = 6;

/// Lets everything that is under way arrive at the end, and the intruder look again: so many times the longest lag.
const SETTLED: i64 = 3;

/// Plays one order once; gives what the intruder has when everything has arrived.
///
/// # Errors
/// The runtime could not be built, or the twin could not be read.
pub(super) fn fight(racing: Racing<'_>, order: Order, seed: u64) -> Result<Grip, ExecuteError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| ExecuteError::Evidence(format!("a fight could not be played: {error}")))?;
    runtime.block_on(async {
        let ring = Ring::set(racing, seed);
        tokio::time::sleep(HEAD_START).await;
        ring.play(racing, order).await?;
        let millis = racing.lag.longest().saturating_mul(SETTLED);
        tokio::time::sleep(Duration::from_millis(u64::try_from(millis).unwrap_or(0))).await;
        Ok(ring.twin.grip().unwrap_or_default())
    })
}

/// Where a fight is fought.
struct Ring {
    twin: Twin,
    mount: Mount<World>,
}

impl Ring {
    fn set(racing: Racing<'_>, seed: u64) -> Ring {
        let Racing { plan, now, caller, .. } = racing;
        let mut state = State::new(racing.account.clone(), plan.lineage.sessions(), seed);
        let standin = stand_in(&mut state, caller, racing.signing_key, now);
        let organizer = stand_in_for_organization(&mut state, caller, now);
        let mut weather = Weather::seeded(seed).with_lag(racing.lag.clone());
        weather.latency_millis = Some(LATENCY_MILLIS);
        let twin = Twin::on_clock(state, Arc::new(TimerClock::starting_at(now))).in_weather(weather);
        let twin = match inhabitant(racing, &twin, seed) {
            Some(intruder) => twin.inhabited_by(intruder),
            None => twin,
        };
        let credentials = |key| {
            let keys = twin.keys(key);
            Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token)
        };
        let (http, own) = (twin.http_client(), credentials(&standin.key));
        let mut mount = Mount::twin(http, own, "us-east-1", twin.clock()).side_by_side();
        if let Some(key) = &organizer {
            mount = mount.with_organizations(credentials(key));
        }
        Ring { twin, mount }
    }

    /// Carries the steps out; as planned, with the further waves that a run makes.
    async fn play(&self, racing: Racing<'_>, order: Order) -> Result<(), ExecuteError> {
        let mut journal = Journal::in_memory();
        let mut so_far = racing.plan.clone();
        so_far.steps = order.steps(racing.plan);
        let mut wave = so_far.clone();
        let mut account = racing.account.clone();
        for number in 2..=WAVES + 1 {
            let done = progress(journal.entries());
            let family = Family {
                read: Some((self.twin.now(), account)),
                set: done.standing(&so_far.steps),
                spared: PrincipalArn::of(&racing.caller.arn)
                    .and_then(PrincipalArn::principal)
                    .map(|own| vec![own]),
                ..family(&wave)
            };
            let steps = wave.steps.clone();
            let finish = execute(self.mount.writable(), &steps, family, &mut journal, &mut Yes).await?;
            if order != Order::AsPlanned || finish != Finish::Completed {
                break;
            }
            (wave, account) = self.looked_again(racing, &so_far).await?;
            let lead = format!("w{number}-");
            wave.steps = more(
                &wave,
                &account,
                &so_far.steps,
                journal.entries(),
                &lead,
                self.twin.now(),
            );
            if wave.steps.is_empty() {
                break;
            }
            so_far = so_far.widened(wave.clone());
        }
        Ok(())
    }

    /// The plan as it is made of the trail and the account now.
    async fn looked_again(&self, racing: Racing<'_>, so_far: &Plan) -> Result<(Plan, Account), ExecuteError> {
        let mut evidence = Evidence::default();
        for record in self.twin.told_trail() {
            if let Err(error) = evidence.add_record(&record) {
                evidence.damaged("the twin's trail", None, error.to_string());
            }
        }
        let members: Vec<_> = so_far.lineage.credentials.iter().map(|held| held.key.clone()).collect();
        let mut lineage = trace(&evidence, &members);
        lineage.asked.clone_from(&so_far.keys);
        lineage.remember(&so_far.lineage);
        let others = bystanders(&evidence, &lineage);
        let collected = collect::account(self.mount.clients(), Scope::Everything).await;
        let mut collected = collected.map_err(|error| ExecuteError::Evidence(error.to_string()))?;
        collect::organization(self.mount.clients(), &mut collected).await;
        let facts = Facts {
            account: &collected.account,
            lineage: &lineage,
            bystanders: &others,
        };
        let plan = plan(racing.playbook, racing.plan.end, facts, self.twin.now());
        Ok((plan, collected.account))
    }
}

/// The intruder with every credential of the family that may be alive; `None` where none is.
fn inhabitant(racing: Racing<'_>, twin: &Twin, seed: u64) -> Option<Intruder> {
    let now = racing.now;
    let held = racing.plan.lineage.credentials.iter();
    let held = held.filter(|member| member.expires.is_none_or(|end| end > now));
    let held = held.filter(|member| member.account.as_ref().is_none_or(|of| *of == racing.account.id));
    let mut held = held.filter_map(|member| Some((twin.keys(&member.key), whose(member)?)));
    let (first, _) = held.next()?;
    let begins = Intruder::new(racing.script.clone(), first, seed, now);
    Some(held.fold(begins, |intruder, (keys, whose)| intruder.holding(keys, whose, now)))
}

fn whose(member: &Credential) -> Option<Identity> {
    let user = member.user().map(|name| Identity::User(name.to_owned()));
    user.or_else(|| member.role().map(|name| Identity::Role(name.to_owned())))
}

/// Everything is agreed to, nothing is kept.
struct Yes;

impl Hooks for Yes {
    fn consent(&mut self, _: &Step, _: Option<&Setting>) -> Consent {
        Consent::Yes(Agreement::Rehearsal)
    }

    fn keep(&mut self, _: &Account) -> Result<String, String> {
        Ok("kept in memory: a race writes no file".to_owned())
    }

    fn trouble(&mut self, step: &Step, _: &Event) -> Remedy {
        if step.required { Remedy::Stop } else { Remedy::GoOn }
    }
}
