//! Denies go last, and only with him whom they deny: where his deletion is declined they stay, in this run and in every wave after it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use oust::account::Account;
use oust::action::{Action, Change, Member, Setting};
use oust::execute::{Consent, Family, Hooks, Remedy, execute};
use oust::ids::StepId;
use oust::journal::{Agreement, Event, Finish, Journal, given_up, progress};
use oust::mount::{AwsError, Trouble};
use oust::plan::Step;
use oust::playbook::End;
use oust::policy::PolicyText;
use oust::rehearse::{family, more};
use oust::twin::weather::{Drift, Faults, Mishap, When};
use oust::twin::{Twin, Weather};
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
    /// Where somebody else does something as the deletion begins, and what.
    meanwhile: Option<(Twin, Weather)>,
    /// What he was told as trouble.
    trouble: Vec<Event>,
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
    fn starts(&mut self, step: &Step) {
        if deletes_the_user(step)
            && let Some((twin, weather)) = self.meanwhile.take()
        {
            drop(twin.in_weather(weather));
        }
    }
    fn trouble(&mut self, _: &Step, event: &Event) -> Remedy {
        self.trouble.push(event.clone());
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

fn refusal(trouble: Trouble) -> AwsError {
    AwsError {
        operation: "iam:PutUserPolicy".to_owned(),
        trouble,
        code: None,
        message: "no".to_owned(),
    }
}

/// The run's look comes before its call: what is made between them puts the deletion off, as it would have been a moment earlier.
#[test]
fn a_key_that_is_made_after_the_last_look_puts_the_deletion_off() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Delete).await;
        let made = Drift::new(When::Call(1), "CreateAccessKey", &[("UserName", "support-user")]);
        let mut person = Person {
            agrees: true,
            meanwhile: Some((stage.twin.clone(), Weather::seeded(1).with_drift(made))),
            ..Person::default()
        };
        let mut journal = Journal::in_memory();
        let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut person).await;
        assert_eq!(finish.unwrap(), Finish::Completed, "{:?}", person.trouble);
        assert!(is_denied(&stage.twin.account()));
        let deletion = plan.steps.iter().find(|step| deletes_the_user(step)).unwrap();
        let put_off = journal.entries().iter().find_map(|entry| match &entry.event {
            Event::PutOff { step, left } if *step == deletion.id => Some(left.clone()),
            _ => None,
        });
        assert!(
            matches!(put_off.as_deref(), Some([Member::AccessKey { user, .. }]) if user == "support-user"),
            "{put_off:?}"
        );
        // The next wave takes the key away, lifts the denies and deletes him.
        let (_, _, anew) = story::planned(&stage, End::Delete).await;
        let account = stage.twin.account();
        let wave = more(&anew, &account, &plan.steps, journal.entries(), "w2-", stage.twin.now());
        let family = Family {
            set: progress(journal.entries()).standing(&plan.steps),
            ..family(&anew)
        };
        let again = execute(mount.writable(), &wave, family, &mut journal, &mut person).await;
        assert_eq!(again.unwrap(), Finish::Completed, "{:?}", person.trouble);
        assert!(!stage.twin.account().users.contains_key("support-user"));
    });
}

/// A deletion that seemed to fail and took effect all the same: there is nobody to deny again, and nothing to ask a person about that.
#[test]
fn who_is_gone_after_all_is_not_denied_again() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Delete).await;
        // The deletion is made without an answer, and then for long nobody answers whether the user is there.
        let faults = (1..10).fold(Faults::default(), |all, n| all.with("GetUser", n, Mishap::Unavailable));
        let mut weather = Weather::seeded(1);
        weather.faults = faults.with("DeleteUser", 1, Mishap::Done);
        let mut person = Person {
            agrees: true,
            meanwhile: Some((stage.twin.clone(), weather)),
            ..Person::default()
        };
        let mut journal = Journal::in_memory();
        let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut person).await;
        assert!(!matches!(finish.unwrap(), Finish::Completed));
        assert!(!stage.twin.account().users.contains_key("support-user"));
        assert_eq!(person.trouble.len(), 1, "{:?}", person.trouble);
    });
}

/// A run that is killed right behind the answer leaves nothing to a resumption that would lift a deny: its rehearsal would show him free.
#[test]
fn nothing_is_lifted_by_a_resumption_whose_deletion_was_declined() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Delete).await;
        let mut journal = Journal::in_memory();
        let mut person = Person::default();
        let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut person).await;
        assert_eq!(finish.unwrap(), Finish::Completed);
        let entries = journal.entries();
        let declined = entries
            .iter()
            .position(|entry| matches!(entry.event, Event::Declined { .. }));
        let so_far = progress(&entries[..=declined.unwrap()]);
        let left = so_far
            .left(&plan.steps)
            .into_iter()
            .filter(|step| step.action.changes());
        assert_eq!(left.map(|step| step.title).collect::<Vec<_>>(), Vec::<String>::new());
    });
}

/// What a run found in place is watched by its holds like what it made itself: also a revocation, whose cut lies where it was found.
#[test]
fn a_revocation_that_was_found_in_place_stands() {
    let stage = story::played().fork();
    wait(async {
        let (_, _, plan) = story::planned(&stage, End::Contain).await;
        let revokes = |step: &&Step| matches!(step.action, Action::RevokeOlderSessions { .. });
        let revocation = plan.steps.iter().find(revokes).unwrap();
        let step = revocation.id.clone();
        let to = Setting::Document(PolicyText::new("{}"));
        let before = to.clone();
        let mut journal = Journal::in_memory();
        for event in [
            Event::Looked {
                step: step.clone(),
                before,
            },
            Event::AlreadySo { step },
        ] {
            journal.append(stage.twin.now(), event).unwrap();
        }
        let member = revocation.action.member().unwrap();
        assert_eq!(
            progress(journal.entries()).standing(&plan.steps),
            [(revocation.clone(), Change { member, to })]
        );
    });
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
        let error = refusal(Trouble::AccessDenied);
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

/// A cut that AWS throttled, or that was tried with credentials that had ended, is tried again by the wave behind; one that may not be made is not.
#[test]
fn trouble_that_passes_is_met_once_more() {
    let stage = story::played().fork();
    wait(async {
        let (_, _, plan) = story::planned(&stage, End::Contain).await;
        let put = plan.steps.iter().find(|step| step.title.starts_with("put inline"));
        let put = put.unwrap().clone();
        let again = Step {
            id: format!("w2-{}", put.id).parse().unwrap(),
            ..put.clone()
        };
        let steps = [put.clone(), again.clone()];
        let failed = |step: &Step, trouble| Event::Failed {
            step: step.id.clone(),
            error: refusal(trouble),
        };
        for trouble in [
            Trouble::Throttled,
            Trouble::NoAnswer,
            Trouble::ServiceFault,
            Trouble::Credentials,
        ] {
            let mut journal = Journal::in_memory();
            journal.append(stage.twin.now(), failed(&put, trouble)).unwrap();
            assert_eq!(given_up(journal.entries(), &steps), [], "{trouble:?}");
            journal.append(stage.twin.now(), failed(&again, trouble)).unwrap();
            assert_eq!(
                given_up(journal.entries(), &steps),
                std::slice::from_ref(&put.action),
                "{trouble:?}"
            );
        }
        let mut journal = Journal::in_memory();
        let denied = failed(&put, Trouble::AccessDenied);
        journal.append(stage.twin.now(), denied).unwrap();
        assert_eq!(given_up(journal.entries(), &steps), std::slice::from_ref(&put.action));
        // Another step did it since: somebody may turn that round.
        let step = again.id.clone();
        journal.append(stage.twin.now(), Event::Verified { step }).unwrap();
        assert_eq!(given_up(journal.entries(), &steps), []);
    });
}
