//! When a hold may be called quiet.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::eyes::Eye;
use super::guard::{Guard, Stage};
use crate::account::Account;
use crate::action::{Action, Change, DENY_ALL, Member, Setting};
use crate::mount::{AwsError, Mount, Trouble, Twin as World};
use crate::plan::Step;
use crate::policy::PolicyText;
use crate::tabletop::{CATALOGUE, Scenario, Stage as Tabletop};
use crate::time::Moment;
use aws_credential_types::Credentials;

const SECONDS: u32 = 30;

/// A mount of the story's twin; nothing is sent to it here.
fn mount() -> Mount<World> {
    let scenario = Scenario::parse(CATALOGUE[0].1).unwrap();
    let twin = Tabletop::set(&scenario, scenario.start()).unwrap().twin;
    let credentials = Credentials::from_keys("AKIAQEXAMPLEEXAMPLE1", "x", None);
    Mount::twin(twin.http_client(), credentials, "us-east-1", twin.clock())
}

fn step(member: Member) -> (Step, Change) {
    let to = Setting::Document(PolicyText::new(DENY_ALL));
    let change = Change { member, to };
    let action = Action::Change { change: change.clone() };
    let account = Account::empty("123456789012".parse().unwrap());
    (
        Step::new("1".parse().unwrap(), action, &Setting::Absent, "", &account),
        change,
    )
}

fn deny() -> (Step, Change) {
    step(Member::UserPolicy {
        user: "support-user".to_owned(),
        name: "OustDenyAll".to_owned(),
    })
}

fn at(second: i64) -> Moment {
    Moment::from_millis(1_000_000_000 + second * 1000)
}

/// Every eye sees at that second that all is well.
fn all_see(guard: &mut Guard<'_>, second: i64) {
    for eye in [
        Eye::Cut(0),
        Eye::Users,
        Eye::Roles,
        Eye::Keys("support-user".to_owned()),
    ] {
        guard.saw(eye, at(second));
    }
}

fn trouble(trouble: Trouble) -> AwsError {
    AwsError {
        operation: "iam:PutUserPolicy".to_owned(),
        trouble,
        code: Some("LimitExceeded".to_owned()),
        message: String::new(),
    }
}

/// What was turned round long ago and made again just now is in force only a lag later.
#[tokio::test]
async fn the_quiet_begins_when_a_cut_was_made_again_and_not_when_its_loss_was_seen() {
    let mount = mount();
    let mut guard = Guard::new(mount.writable(), None, at(0), false);
    let (step, change) = deny();
    let n = guard.add(step, change, Stage::Stands);
    guard.is_touched(at(0));
    guard.send(n);
    guard.sent(n, at(28));
    guard.cuts[n].stage = Stage::Stands;
    all_see(&mut guard, 31);
    assert!(!guard.is_quiet(SECONDS, at(31)));
    all_see(&mut guard, 58);
    assert!(guard.is_quiet(SECONDS, at(58)) && guard.sees());
}

/// A call that seemed to fail and took effect leaves no doubt behind, by which the next loss would be taken for one of its own.
#[tokio::test]
async fn a_cut_that_is_seen_to_stand_is_in_doubt_no_more() {
    let mount = mount();
    let mut guard = Guard::new(mount.writable(), None, at(0), false);
    let (step, change) = deny();
    let n = guard.add(step, change, Stage::Stands);
    guard.send(n);
    guard.not_sent(n, &trouble(Trouble::NoAnswer), at(1));
    assert!(guard.cuts[n].doubt);
    guard.stands(n, at(2));
    assert!(!guard.cuts[n].doubt && guard.touched == at(2));
}

/// The intruder may have used up the room for a second lock; for the first there is no such leave.
#[tokio::test]
async fn a_second_lock_without_room_is_no_reason_to_wait() {
    let mount = mount();
    for required in [true, false] {
        let mut guard = Guard::new(mount.writable(), None, at(0), false);
        let (step, change) = deny();
        let n = guard.add(Step { required, ..step }, change, Stage::Announced);
        guard.cuts[n].refused = Some("LimitExceeded".to_owned());
        all_see(&mut guard, 31);
        assert_eq!(guard.sees(), !required);
    }
}

/// Who is deleted in the middle leaves nothing that could be waited for.
#[tokio::test]
async fn a_cut_of_somebody_who_is_gone_stands() {
    let mount = mount();
    let mut guard = Guard::new(mount.writable(), None, at(0), false);
    let (step, change) = deny();
    let n = guard.add(step, change, Stage::Announced);
    all_see(&mut guard, 31);
    assert!(!guard.sees());
    guard.is_without_owner(n);
    assert!(guard.sees());
}
