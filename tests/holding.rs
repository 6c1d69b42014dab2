//! Whom a hold denies when somebody turns a cut round: whoever was made since the case began, or so shortly before it that the trail may not tell by whom.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use oust::account::Account;
use oust::action::{Action, Setting};
use oust::execute::{Consent, Family, Hooks, Remedy, execute};
use oust::ids::PrincipalArn;
use oust::journal::{Agreement, Entry, Event, Finish, Journal, progress};
use oust::plan::Step;
use oust::playbook::End;
use oust::rehearse::family;
use oust::twin::Weather;
use oust::twin::weather::{Drift, When};
use support::story;

struct Yes;

impl Hooks for Yes {
    fn consent(&mut self, _: &Step, _: Option<&Setting>) -> Consent {
        Consent::Yes(Agreement::Beforehand)
    }
    fn keep(&mut self, _: &Account) -> Result<String, String> {
        Ok("kept".to_owned())
    }
    fn trouble(&mut self, step: &Step, _: &Event) -> Remedy {
        if step.required { Remedy::Stop } else { Remedy::GoOn }
    }
}

/// The users that are denied everything at the end of a hold in which the deny of the plan is taken away once, if `fights`. Two were made a moment before.
fn denied(spared: Option<Vec<PrincipalArn>>, fights: bool) -> Vec<String> {
    denied_with(spared, fights, true, false)
}

/// The same where it is known who was there before, or not, and where one of them is made anew in the hold, or not.
fn denied_with(spared: Option<Vec<PrincipalArn>>, fights: bool, is_known: bool, anew: bool) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let stage = story::played().fork();
        let boss = story::mount(&stage.twin, &stage.names["responder-key"]);
        for user in ["just-made", "known"] {
            boss.clients().iam.create_user().user_name(user).send().await.unwrap();
        }
        let (mount, _, plan) = story::planned(&stage, End::Contain).await;
        if fights {
            let gone = [("UserName", "support-user"), ("PolicyName", "OustDenyAll")];
            let during_the_hold = When::At(stage.twin.now().plus_seconds(5));
            let mut weather = Weather::seeded(1).with_drift(Drift::new(during_the_hold, "DeleteUserPolicy", &gone));
            for call in ["DeleteUser", "CreateUser"].into_iter().filter(|_| anew) {
                weather = weather.with_drift(Drift::new(during_the_hold, call, &[("UserName", "known")]));
            }
            drop(stage.twin.clone().in_weather(weather));
        }
        let family = Family {
            spared,
            ..family(&plan)
        };
        assert!(family.before.is_none() && family.read.is_none());
        let mut steps = plan.steps.clone();
        steps.retain(|step| is_known || step.action != Action::Evidence);
        let mut journal = Journal::in_memory();
        let finish = execute(mount.writable(), &steps, family, &mut journal, &mut Yes).await;
        assert_eq!(finish.unwrap(), Finish::Completed);
        let contested = |event: &Event| matches!(event, Event::Contested { .. });
        assert_eq!(journal.entries().iter().any(|entry| contested(&entry.event)), fights);
        let account = stage.twin.account();
        let users = account.users.values();
        let denied = users.filter(|user| user.inline.contains_key("OustDenyAll"));
        denied.map(|user| user.name.clone()).collect()
    })
}

#[test]
fn who_was_made_shortly_before_the_case_is_denied_in_a_fight_but_whom_somebody_knows() {
    let user = |name: &str| PrincipalArn::User(name.to_owned());
    let spared = vec![user("responder"), user("known")];
    assert_eq!(denied(Some(spared.clone()), true), ["just-made", "support-user"]);
    assert_eq!(denied(Some(spared), false), ["support-user"]);
    // Where it isn't known who carries the plan out, nobody who was there is taken for new: it might be him.
    assert_eq!(denied(None, true), ["support-user"]);
}

#[test]
fn where_nobody_knows_who_was_there_nobody_is_taken_for_new() {
    assert_eq!(denied_with(Some(Vec::new()), true, false, false), ["support-user"]);
}

/// Whoever calls somebody innocent doesn't mean the one who is made anew under his name.
#[test]
fn who_is_made_anew_under_the_name_of_an_innocent_is_denied_in_a_fight() {
    let user = |name: &str| PrincipalArn::User(name.to_owned());
    let spared = vec![user("responder"), user("known")];
    let denied = denied_with(Some(spared), true, true, true);
    assert_eq!(denied, ["just-made", "known", "support-user"]);
}

/// A further wave looks after what the one before has cut, but for whoever was made under the name of one who was deleted since: he is somebody else.
#[test]
fn who_was_made_under_the_name_of_one_who_was_cut_is_left_alone_by_a_further_wave() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let stage = story::played().fork();
        let (mount, _, plan) = story::planned(&stage, End::Contain).await;
        let before = stage.twin.account();
        let mut journal = Journal::in_memory();
        execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut Yes)
            .await
            .unwrap();
        let user = "support-user";
        let boss = story::mount(&stage.twin, &stage.names["responder-key"]);
        let iam = &boss.clients().iam;
        let held = &stage.twin.account().users[user];
        for key in &held.credentials.as_ref().unwrap().access_keys {
            let delete = iam.delete_access_key().user_name(user);
            delete.access_key_id(key.id.as_str()).send().await.unwrap();
        }
        for policy in held.inline.keys() {
            let delete = iam.delete_user_policy().user_name(user).policy_name(policy);
            delete.send().await.unwrap();
        }
        for group in &held.groups {
            let leave = iam.remove_user_from_group().user_name(user).group_name(group);
            leave.send().await.unwrap();
        }
        iam.delete_user().user_name(user).send().await.unwrap();
        iam.create_user().user_name(user).send().await.unwrap();
        let again = Family {
            set: progress(journal.entries()).standing(&plan.steps),
            before: Some(before),
            read: Some((stage.twin.now(), stage.twin.account())),
            ..family(&plan)
        };
        let hold: Vec<Step> = plan
            .steps
            .iter()
            .filter(|step| matches!(step.action, Action::Hold { .. }))
            .cloned()
            .collect();
        execute(mount.writable(), &hold, again, &mut journal, &mut Yes)
            .await
            .unwrap();
        let contested = |entry: &Entry| matches!(entry.event, Event::Contested { .. });
        assert!(!journal.entries().iter().any(contested));
        assert!(stage.twin.account().users[user].inline.is_empty());
    });
}
