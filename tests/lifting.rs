//! Denies go last, and only with him whom they deny: where his deletion is declined they stay, in this run and in every wave after it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use oust::account::Account;
use oust::action::{Member, Setting};
use oust::execute::{Consent, Family, Hooks, Remedy, execute};
use oust::ids::StepId;
use oust::journal::{Agreement, Event, Finish, Journal, given_up, progress};
use oust::mount::AwsError;
use oust::plan::Step;
use oust::playbook::End;
use oust::rehearse::{family, more};
use oust::twin::Weather;
use oust::twin::weather::{Faults, Mishap};
use support::story;

/// A person who is asked for every removal, and says no to deleting the user.
#[derive(Default)]
struct Person {
    /// Whether he stops there, rather than going on without it.
    stops: bool,
    /// Whether he says yes to everything.
    agrees: bool,
    /// In which order he was asked.
    asked: Vec<StepId>,
    /// What he was asked for before its turn.
    first: Vec<(StepId, StepId)>,
    /// How often he was told that denies are put back.
    again: usize,
}

fn deletes_the_user(step: &Step) -> bool {
    matches!(step.action.removed(), Some(Member::User { .. }))
}

impl Hooks for Person {
    fn consent(&mut self, step: &Step, _: Option<&Setting>) -> Consent {
        self.asked.push(step.id.clone());
        match (deletes_the_user(step) && !self.agrees, self.stops) {
            (true, true) => Consent::Stop,
            (true, false) => Consent::Skip,
            (false, _) => Consent::Yes(Agreement::Answered),
        }
    }
    fn asks(&self, step: &Step, _: &Setting) -> bool {
        step.action.removed().is_some()
    }
    fn asks_first(&mut self, lift: &Step, deletion: &Step) {
        self.first.push((lift.id.clone(), deletion.id.clone()));
    }
    fn denies_again(&mut self) {
        self.again += 1;
    }
    fn keep(&mut self, _: &Account) -> Result<String, String> {
        Ok("kept".to_owned())
    }
    fn trouble(&mut self, _: &Step, _: &Event) -> Remedy {
        Remedy::Stop
    }
}

fn is_denied(account: &Account) -> bool {
    let user = &account.users["support-user"];
    user.inline.contains_key("OustDenyAll") && user.boundary.is_some()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

#[test]
fn where_the_deletion_is_declined_the_denies_stay_now_and_later() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Delete).await;
        let deletion = plan.steps.iter().find(|step| deletes_the_user(step)).unwrap();
        let mut person = Person::default();
        let mut journal = Journal::in_memory();
        let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut person).await;
        assert_eq!(finish.unwrap(), Finish::Completed);
        let account = stage.twin.account();
        assert!(is_denied(&account));
        let (lift, asked) = person.first[0].clone();
        assert_eq!(asked, deletion.id);
        assert!(!person.asked.contains(&lift), "{:?}", person.asked);
        assert_eq!(person.asked.iter().filter(|step| **step == deletion.id).count(), 1);
        // Nothing is left to a resumption, and nothing to a further wave.
        let so_far = progress(journal.entries());
        assert_eq!(so_far.left(&plan.steps), []);
        let found = async || {
            let (_, _, anew) = story::planned(&stage, End::Delete).await;
            let account = stage.twin.account();
            let found = more(&anew, &account, &plan.steps, journal.entries(), "w2-", stage.twin.now());
            let changes = found.into_iter().filter(|step| step.action.changes());
            changes.map(|step| step.title).collect::<Vec<_>>()
        };
        assert_eq!(found().await, Vec::<String>::new());
        // Somebody takes the deny away: it comes back, and isn't lifted again.
        let intruder = mount.clients().iam.delete_user_policy();
        let turned_round = intruder.user_name("support-user").policy_name("OustDenyAll");
        turned_round.send().await.unwrap();
        assert_eq!(
            found().await,
            ["put inline policy `OustDenyAll` on user `support-user`"]
        );
        let put = plan
            .steps
            .iter()
            .filter(|step| step.title.starts_with("put inline"))
            .cloned();
        let put: Vec<Step> = put.collect();
        let again = execute(mount.writable(), &put, family(&plan), &mut journal, &mut person).await;
        assert_eq!(again.unwrap(), Finish::Completed);
        // A run that takes up the lifting alone leaves it, too.
        let lifting = plan.steps.iter().filter(|step| step.id == lift).cloned();
        let family = Family {
            set: so_far.standing(&plan.steps),
            ..family(&plan)
        };
        let steps: Vec<Step> = lifting.collect();
        let again = execute(mount.writable(), &steps, family, &mut journal, &mut person).await;
        assert_eq!(again.unwrap(), Finish::Completed);
        assert!(is_denied(&stage.twin.account()));
    });
}

#[test]
fn who_stops_at_the_deletion_stops_before_any_deny_is_lifted() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Delete).await;
        let mut person = Person {
            stops: true,
            ..Person::default()
        };
        let mut journal = Journal::in_memory();
        let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut person).await;
        let (lift, _) = person.first[0].clone();
        assert_eq!(finish.unwrap(), Finish::Stopped { before: lift });
        assert!(is_denied(&stage.twin.account()));
    });
}

/// The denies go for the deletion: where that fails for good, they come back, whatever the run ends with.
#[test]
fn where_the_deletion_fails_the_denies_come_back() {
    for mishap in [Mishap::Throttled, Mishap::Unavailable] {
        let stage = story::played().fork();
        wait(async {
            let (mount, _, plan) = story::planned(&stage, End::Delete).await;
            let faults = (1..99).fold(Faults::default(), |all, n| all.with("DeleteUser", n, mishap));
            let mut weather = Weather::seeded(1);
            weather.faults = faults;
            drop(stage.twin.clone().in_weather(weather));
            let mut person = Person {
                agrees: true,
                ..Person::default()
            };
            let mut journal = Journal::in_memory();
            let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut person).await;
            assert!(!matches!(finish.unwrap(), Finish::Completed));
            assert!(is_denied(&stage.twin.account()), "{mishap:?}");
            assert_eq!(person.again, 1);
            // They stand, so that whoever takes the case up again keeps them.
            let so_far = progress(journal.entries());
            let standing = so_far.standing(&plan.steps);
            let cuts = standing.iter().filter(|(_, change)| change.is_cut());
            assert!(cuts.count() >= 2, "{standing:?}");
        });
    }
}

/// A cut whose read-back failed and that was found in place afterwards is not given up: somebody may take it away later.
#[test]
fn a_cut_that_was_found_in_place_afterwards_is_not_given_up() {
    let stage = story::played().fork();
    wait(async {
        let (_, _, plan) = story::planned(&stage, End::Contain).await;
        let put = plan
            .steps
            .iter()
            .find(|step| step.title.starts_with("put inline"))
            .unwrap();
        let step = put.id.clone();
        let mut journal = Journal::in_memory();
        let error = AwsError::same_credentials();
        let failed = Event::Failed {
            step: step.clone(),
            error,
        };
        journal.append(stage.twin.now(), failed).unwrap();
        assert_eq!(
            given_up(journal.entries(), &plan.steps),
            *std::slice::from_ref(&put.action)
        );
        journal.append(stage.twin.now(), Event::AlreadySo { step }).unwrap();
        assert_eq!(given_up(journal.entries(), &plan.steps), []);
    });
}
