//! The race on the twin's own clock: which order of a plan wins how often, and that no deny goes before what it denies.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use oust::account::Account;
use oust::action::Setting;
use oust::execute::{Consent, Hooks, Remedy, execute};
use oust::journal::{Agreement, Event, Finish, Journal};
use oust::plan::{Step, plan};
use oust::playbook::End;
use oust::rehearse::{family, more};
use oust::twin::{Keys, Twin};
use serde_json::Value;
use std::process::Command;
use support::story;

/// How often each order wins by `oust plan`: the order, how often the intruder is out, how often nothing of his is left.
fn odds(scenario: &str, key: &str, end: &str, fights: &str) -> Vec<(String, u64, u64)> {
    let output = Command::new(env!("CARGO_BIN_EXE_oust"))
        .env_clear()
        .args([
            "plan",
            key,
            "--scenario",
            scenario,
            "--end",
            end,
            "--odds",
            fights,
            "--format",
            "json",
        ])
        .output()
        .unwrap();
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    let orders = plan["odds"]["orders"].as_array().unwrap().iter();
    let tally = |one: &Value| {
        let number = |name: &str| one[name].as_u64().unwrap();
        (
            one["order"].as_str().unwrap().to_owned(),
            number("out"),
            number("clean"),
        )
    };
    orders.map(tally).collect()
}

const ADMINISTRATOR: (&str, &str) = ("fights-back", "AKIARZPUZDIKFKF3RY4X");
const NO_RIGHTS_IN_IAM: (&str, &str) = ("stolen-key", "AKIARZPUZDIKJA7PRP33");

#[test]
fn a_plan_tells_how_often_each_order_wins_in_this_account() {
    let fights = "2";
    for end in ["contain", "delete"] {
        let odds = odds(ADMINISTRATOR.0, ADMINISTRATOR.1, end, fights);
        let [key_alone, without_hold, as_planned] = odds.as_slice() else {
            unreachable!("three orders are played: {odds:?}")
        };
        assert_eq!((key_alone.0.as_str(), key_alone.1), ("key_alone", 0), "{odds:?}");
        assert!(without_hold.2 == 0, "{end}: he keeps what he made: {odds:?}");
        assert_eq!(
            (as_planned.0.as_str(), as_planned.1),
            ("as_planned", 2),
            "{end}: {odds:?}"
        );
        assert_eq!(as_planned.2, if end == "delete" { 2 } else { 0 }, "{end}: {odds:?}");
    }
    // Whoever has no rights in IAM takes no deny away: there the hold is not what wins.
    let odds = odds(NO_RIGHTS_IN_IAM.0, NO_RIGHTS_IN_IAM.1, "contain", fights);
    assert_eq!(odds[0].1, 0, "B and C outlive the key: {odds:?}");
    assert_eq!((odds[1].1, odds[2].1), (2, 2), "{odds:?}");
}

/// Root, as whom a snapshot is mounted, may everything: whoever reads the odds must know that they are root's.
#[test]
fn odds_that_root_plays_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    let file = file.to_str().unwrap();
    let oust = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_oust"))
            .env_clear()
            .args(args)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    oust(&["twin", "snapshot", "--scenario", NO_RIGHTS_IN_IAM.0, "--out", file]);
    let told = |world: [&str; 2]| oust(&[&["plan", NO_RIGHTS_IN_IAM.1, "--odds", "1"], &world[..]].concat());
    assert!(told(["--snapshot", file]).contains("\n  Root plays your part"));
    assert!(!told(["--scenario", NO_RIGHTS_IN_IAM.0]).contains("Root plays your part"));
}

#[test]
fn one_seed_gives_one_fight() {
    let twice = || odds(ADMINISTRATOR.0, ADMINISTRATOR.1, "strip", "1");
    assert_eq!(twice(), twice());
}

/// Hooks of a run in which somebody gives the user a key, a password and a policy when the trail has been looked through.
struct Giving<'a> {
    twin: &'a Twin,
    administrator: Keys,
    given: bool,
}

impl Hooks for Giving<'_> {
    fn consent(&mut self, _: &Step, _: Option<&Setting>) -> Consent {
        Consent::Yes(Agreement::Rehearsal)
    }
    fn written(&mut self, entry: &oust::journal::Entry) {
        let swept = matches!(entry.event, Event::Swept { .. });
        if !swept || self.given {
            return;
        }
        self.given = true;
        let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let call = |operation: &str, params: &[(&str, &str)]| {
            let params = [&[("UserName", "support-user")], params].concat();
            let called = self
                .twin
                .call(&self.administrator, "iam", operation, &params, "198.51.100.7");
            called.unwrap();
        };
        call("CreateAccessKey", &[]);
        call("CreateLoginProfile", &[("Password", "a-long-Passw0rd!")]);
        call(
            "PutUserPolicy",
            &[("PolicyName", "Meanwhile"), ("PolicyDocument", allow)],
        );
    }
    fn keep(&mut self, _: &Account) -> Result<String, String> {
        Ok(String::new())
    }
    fn trouble(&mut self, _: &Step, _: &Event) -> Remedy {
        Remedy::Stop
    }
}

#[test]
fn no_deny_is_lifted_from_a_user_who_was_given_something_meanwhile() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let stage = story::played();
        let (mount, lineage, first) = story::planned(&stage, End::Delete).await;
        let mut hooks = Giving {
            twin: &stage.twin,
            administrator: stage.keys("responder-key").unwrap(),
            given: false,
        };
        let mut journal = Journal::in_memory();
        let finish = execute(mount.writable(), &first.steps, family(&first), &mut journal, &mut hooks).await;
        assert_eq!(finish.unwrap(), Finish::Completed);
        let put_off = journal.entries().iter().filter_map(|entry| match &entry.event {
            Event::PutOff { left, .. } => Some(left.len()),
            _ => None,
        });
        assert_eq!(
            put_off.collect::<Vec<_>>(),
            [3, 3, 4],
            "the boundary, the deny, the user with its deny"
        );
        let user = stage.twin.account().users["support-user"].clone();
        assert!(
            user.boundary.is_some() && user.inline.contains_key("OustDenyAll"),
            "{user:?}"
        );

        let account = story::account(&mount).await;
        let facts = oust::plan::Facts {
            account: &account,
            lineage: &lineage,
            bystanders: &[],
        };
        let mut second = plan(&story::playbook(), End::Delete, facts, stage.twin.now());
        let entries = journal.entries().to_vec();
        second.steps = more(&second, &account, &first.steps, &entries, "w2-", stage.twin.now());
        let family = family(&second);
        let finish = execute(mount.writable(), &second.steps, family, &mut journal, &mut hooks).await;
        assert_eq!(finish.unwrap(), Finish::Completed);
        assert!(!stage.twin.account().users.contains_key("support-user"));
    });
}
