//! The laws of the house, as properties and loops.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod support;

use oust::account::{Account, Holder, KeyStatus, Session, SessionKind, diff};
use oust::collect::{self, Scope};
use oust::execute::execute;
use oust::ids::AccessKeyId;
use oust::journal::{Event, Finish, Journal};
use oust::lineage::trace;
use oust::mount::Mount;
use oust::playbook::{CATALOGUE, End};
use oust::rehearse::{family, rehearse};
use oust::time::{ManualClock, Moment};
use oust::twin::{State, Twin};
use oust::undo::{Care, Denies, undo};
use oust::verdict::{altered, verdict};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use support::story;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

const NOW: Moment = Moment::from_millis(1_770_000_000_000);

/// A twin of an account, mounted as root.
fn as_root(account: Account) -> (Twin, Mount<oust::mount::Twin>) {
    let mut state = State::new(account, Vec::new(), 3);
    let key: AccessKeyId = "ASIAROOTROOTROOTROOT".parse().unwrap();
    state.mint.sessions.push(Session {
        key: key.clone(),
        holder: Holder::Root,
        kind: SessionKind::Console,
        issued: NOW,
        expires: NOW.plus_seconds(3600),
        mfa: Some(true),
        policy: None,
        policy_arns: vec![],
        source_identity: None,
        tags: BTreeMap::new(),
        is_untold: false,
        minted_by: None,
    });
    let twin = Twin::on_manual_clock(state, ManualClock::starting_at(NOW));
    let mount = story::mount(&twin, &key);
    (twin, mount)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Law 1: what is collected from a twin of an account is that account.
    #[test]
    fn collecting_a_twin_gives_the_account(account in support::accounts::account()) {
        let (_, mount) = as_root(account.clone());
        let collected = wait(collect::account(mount.clients(), Scope::Everything)).unwrap();
        prop_assert_eq!(collected.unread, vec![]);
        prop_assert_eq!(diff(&account, &collected.account), vec![]);
    }

    /// A snapshot is read back as it was written.
    #[test]
    fn a_snapshot_is_read_as_it_was_written(account in support::accounts::account()) {
        let snapshot = oust::account::Snapshot::new(NOW, account, vec![]);
        prop_assert_eq!(oust::account::Snapshot::parse(&snapshot.to_json().unwrap()).unwrap(), snapshot);
    }

    /// Law 2: the lineage of the trail is the tree of who minted what.
    #[test]
    fn the_lineage_is_the_minting_tree(script in prop::collection::vec((0usize..6, 0u8..4), 0..14), asked in 0usize..8) {
        let mut stage = story::played().fork();
        let mut tree: BTreeMap<AccessKeyId, AccessKeyId> = BTreeMap::new();
        let root = stage.names["A"].clone();
        tree.insert(stage.names["B"].clone(), root.clone());
        tree.insert(stage.names["C"].clone(), root.clone());
        let mut held = vec![root.clone(), stage.names["B"].clone(), stage.names["C"].clone()];
        let none = BTreeMap::new();
        let role = BTreeMap::from([
            ("RoleArn".to_owned(), "arn:aws:iam::123456789012:role/MyBucketRole".to_owned()),
            ("RoleSessionName".to_owned(), "again".to_owned()),
        ]);
        for (n, (by, what)) in script.into_iter().enumerate() {
            let by = held[by % held.len()].clone();
            stage.names.insert("x".into(), by.clone());
            let made = match what {
                0 => stage.attack("x", "sts:GetSessionToken", &none, None),
                1 | 2 => stage.attack("x", "sts:AssumeRole", &role, None),
                _ => stage.attack("x", "s3:GetObject", &none, Some("arn:aws:s3:::production-data/customers.csv")),
            };
            if let Some(node) = made.ok().filter(|_| what < 3) {
                let key: AccessKeyId = node.get("Credentials").unwrap().get("AccessKeyId").unwrap().as_text().unwrap().parse().unwrap();
                tree.insert(key.clone(), by);
                stage.got(&format!("n{n}"), key.clone(), true);
                held.push(key);
            }
            stage.clock.advance_millis(7_000);
        }
        // Whichever member is asked about, the same family comes out.
        let lineage = trace(&story::evidence(&stage.twin), std::slice::from_ref(&held[asked % held.len()]));
        let found: BTreeMap<AccessKeyId, AccessKeyId> = lineage.credentials.iter()
            .filter_map(|member| Some((member.key.clone(), member.minted.as_ref()?.by.clone()))).collect();
        prop_assert_eq!(found, tree);
        prop_assert_eq!(&lineage.root().unwrap().key, &root);
    }
}

/// Law 3: what is carried out and undone is as it was, but for what the inverse said is lost.
#[test]
fn undoing_gives_back_the_account_but_for_what_was_said_to_be_lost() {
    for end in [End::Contain, End::Strip, End::Delete] {
        let stage = story::played().fork();
        wait(async {
            let (mount, lineage, plan) = story::planned(&stage, end).await;
            let before = story::account(&mount).await;
            let mut journal = Journal::in_memory();
            let mut hooks = Silent;
            let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut hooks)
                .await
                .unwrap();
            assert_eq!(finish, Finish::Completed, "{end:?}");
            let between = story::account(&mount).await;
            assert!(!diff(&before, &between).is_empty());
            let care = Care {
                doubt: None,
                lineage: &lineage,
                denies: Denies::default(),
                named: BTreeSet::new(),
            };
            let undoing = undo(journal.entries(), &between, &plan.basis, &care, &BTreeSet::new());
            let finish = execute(
                mount.writable(),
                &undoing.steps,
                family(&plan),
                &mut journal,
                &mut hooks,
            )
            .await
            .unwrap();
            assert_eq!(finish, Finish::Completed, "{end:?}");
            let after = story::account(&mount).await;
            let lost: Vec<String> = diff(&before, &after).into_iter().map(|change| change.path).collect();
            let allowed: &[&str] = match end {
                // The leaked key stays inactive.
                End::Contain | End::Strip => &["users.support-user.credentials.access_keys"],
                // And a deleted user comes back with another ID and without its key.
                End::Delete => &[
                    "users.support-user.created",
                    "users.support-user.credentials.access_keys",
                    "users.support-user.id",
                ],
            };
            assert_eq!(lost, allowed, "{end:?}");
            assert!(
                undoing.left.iter().any(|left| left.did.contains("access key")),
                "{:?}",
                undoing.left
            );
        });
    }
}

/// Law 4, first half: the same plan on the same account gives the same rehearsal to the byte.
#[test]
fn a_rehearsal_can_be_repeated_to_the_byte() {
    let stage = story::played();
    let journals: Vec<String> = (0..2)
        .map(|_| {
            wait(async {
                let stage = stage.fork();
                let (mount, _, plan) = story::planned(&stage, End::Delete).await;
                let account = story::account(&mount).await;
                let caller = story::caller(&mount).await;
                let rehearsed = rehearse(plan, &account, &caller, None, NOW).await.unwrap();
                serde_json::to_string(rehearsed.entries()).unwrap()
            })
        })
        .collect();
    assert!(journals[0].len() > 2000);
    assert_eq!(journals[0], journals[1]);
}

/// Law 4, second half: in process and over HTTP the journal is the same.
#[test]
fn in_process_and_over_http_the_journal_is_the_same() {
    let run = |http: bool| {
        let stage = story::played().fork();
        wait(async move {
            let (_, _, plan) = story::planned(&stage, End::Delete).await;
            let mut journal = Journal::in_memory();
            let key = stage.names["responder-key"].clone();
            let mount = match http {
                false => story::mount(&stage.twin, &key),
                true => {
                    let listener = oust::twin::serve::bind(0).await.unwrap();
                    let address = listener.local_addr().unwrap();
                    tokio::spawn(oust::twin::serve::serve(stage.twin.clone(), listener));
                    let keys = stage.twin.keys(&key);
                    let credentials =
                        aws_credential_types::Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token);
                    let http = aws_smithy_http_client::Builder::new().build_http();
                    Mount::twin_at(
                        &format!("http://{address}"),
                        http,
                        credentials,
                        "us-east-1",
                        stage.twin.clock(),
                    )
                }
            };
            let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut Silent)
                .await
                .unwrap();
            assert_eq!(finish, Finish::Completed);
            journal.to_text().unwrap()
        })
    };
    let (direct, served) = (run(false), run(true));
    assert!(direct.lines().count() > 40);
    let other = direct.lines().zip(served.lines()).find(|(one, two)| one != two);
    assert!(direct == served, "first line that differs: {other:?}");
}

/// Law 7 on the twin: a revocation ends what was issued before it and nothing else.
#[test]
fn a_revocation_spares_what_is_issued_after_it_and_the_long_term_key() {
    let mut stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Contain).await;
        let finish = execute(
            mount.writable(),
            &plan.steps,
            family(&plan),
            &mut Journal::in_memory(),
            &mut Silent,
        )
        .await
        .unwrap();
        assert_eq!(finish, Finish::Completed);
    });
    let read = |stage: &oust::tabletop::Stage, name: &str| {
        stage
            .attack(
                name,
                "s3:GetObject",
                &BTreeMap::new(),
                Some("arn:aws:s3:::production-data/customers.csv"),
            )
            .map(drop)
    };
    for name in ["A", "B", "C", "alice-session"] {
        assert!(read(&stage, name).is_err(), "{name}");
    }
    assert!(read(&stage, "alice-key").is_ok());
    stage.clock.advance_millis(61_000);
    let role = BTreeMap::from([
        (
            "RoleArn".to_owned(),
            "arn:aws:iam::123456789012:role/MyBucketRole".to_owned(),
        ),
        ("RoleSessionName".to_owned(), "tomorrow".to_owned()),
    ]);
    let node = stage.attack("alice-key", "sts:AssumeRole", &role, None).unwrap();
    let key = node
        .get("Credentials")
        .unwrap()
        .get("AccessKeyId")
        .unwrap()
        .as_text()
        .unwrap()
        .parse()
        .unwrap();
    stage.got("fresh", key, false);
    assert!(read(&stage, "fresh").is_ok());
}

/// Laws 9 and 11: every playbook plans, rehearses, contains and undoes on its fixture, at each end, and hits no innocent.
#[test]
fn every_playbook_works_on_its_fixture_at_each_end() {
    assert_eq!(
        CATALOGUE.len(),
        1,
        "a playbook that is added here needs a fixture of its own"
    );
    for end in [End::Contain, End::Strip, End::Delete] {
        let stage = story::played().fork();
        wait(async {
            let (mount, lineage, plan) = story::planned(&stage, end).await;
            let account = story::account(&mount).await;
            let caller = story::caller(&mount).await;
            let steps = plan.steps.len();
            let rehearsed = rehearse(plan, &account, &caller, None, stage.twin.now()).await.unwrap();
            assert!(rehearsed.contains(), "{end:?}: {:?}", rehearsed.proof());
            assert_eq!(rehearsed.proof().hits, vec![], "{end:?}");
            assert_eq!(rehearsed.proof().rows.len(), lineage.credentials.len());
            assert_eq!(rehearsed.missing(), &[]);
            let settled = rehearsed
                .entries()
                .iter()
                .filter(|entry| matches!(entry.event, Event::Judged { .. }))
                .count();
            assert_eq!(settled, steps);
        });
    }
}

/// Law 11: a run changes nothing for anybody whom the plan doesn't name.
#[test]
fn innocents_can_do_afterwards_what_they_could_before() {
    let stage = story::played().fork();
    let later = stage.twin.now().plus_seconds(3600);
    let before = stage.twin.account();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Delete).await;
        execute(
            mount.writable(),
            &plan.steps,
            family(&plan),
            &mut Journal::in_memory(),
            &mut Silent,
        )
        .await
        .unwrap();
    });
    let hit = altered(&before, &stage.twin.account(), later);
    let hit: Vec<&str> = hit.iter().map(|one| one.arn.as_str()).collect();
    assert_eq!(hit, ["arn:aws:iam::123456789012:user/support-user"]);
    let alice = &stage.names["alice-key"];
    assert!(!verdict(&stage.twin.account(), &[], alice, later).is_contained());
    let (_, held) = stage
        .twin
        .account()
        .owner_of_key(alice)
        .map(|(user, key)| (user.name.clone(), key.status))
        .unwrap();
    assert_eq!(held, KeyStatus::Active);
}

/// Hooks that agree to everything and expect one step's member to be what it isn't.
struct Expecting(oust::ids::StepId);

impl oust::execute::Hooks for Expecting {
    fn consent(&mut self, step: &oust::plan::Step, before: Option<&oust::action::Setting>) -> oust::execute::Consent {
        Silent.consent(step, before)
    }
    fn keep(&mut self, account: &Account) -> Result<String, String> {
        Silent.keep(account)
    }
    fn rehearsed(&self, step: &oust::ids::StepId) -> Option<oust::action::Setting> {
        (*step == self.0).then_some(oust::action::Setting::Present)
    }
    fn trouble(&mut self, step: &oust::plan::Step, event: &Event) -> oust::execute::Remedy {
        Silent.trouble(step, event)
    }
}

/// The first step of the plan of which this holds.
fn step_where(plan: &oust::plan::Plan, holds: impl Fn(&oust::action::Change) -> bool) -> oust::ids::StepId {
    let found = plan.steps.iter().find(|step| match &step.action {
        oust::action::Action::Change { change } => holds(change),
        _ => false,
    });
    found.unwrap().id.clone()
}

/// A member that is not what the rehearsal found stops the run before its call; a cut is made all the same, and the difference is written down.
#[test]
fn a_step_that_finds_the_account_otherwise_than_rehearsed_is_not_done_but_for_a_cut() {
    for cut in [false, true] {
        let stage = story::played().fork();
        wait(async {
            let (mount, _, plan) = story::planned(&stage, End::Strip).await;
            let step = step_where(&plan, |change| change.is_cut() == cut);
            let mut journal = Journal::in_memory();
            let mut hooks = Expecting(step.clone());
            let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut hooks)
                .await
                .unwrap();
            let done = |event: &Event| matches!(event, Event::Done { step: done } if *done == step);
            let made = journal.entries().iter().any(|entry| done(&entry.event));
            let diverged = |event: &Event| matches!(event, Event::Diverged { step: at, .. } if *at == step);
            assert!(journal.entries().iter().any(|entry| diverged(&entry.event)));
            assert_eq!(made, cut);
            let wanted = if cut {
                Finish::Completed
            } else {
                Finish::Diverged { at: step }
            };
            assert_eq!(finish, wanted);
        });
    }
}

/// What the attacker mints while the plan is carried out is found by the sweep and revoked by steps of its own.
#[test]
fn what_is_minted_meanwhile_is_found_and_revoked_again() {
    struct Racing<'a>(&'a oust::tabletop::Stage);
    impl oust::execute::Hooks for Racing<'_> {
        fn consent(
            &mut self,
            step: &oust::plan::Step,
            before: Option<&oust::action::Setting>,
        ) -> oust::execute::Consent {
            Silent.consent(step, before)
        }
        fn starts(&mut self, step: &oust::plan::Step) {
            // Before the deny stands, B mints once more.
            if step.id.as_str() == "3" {
                let role = BTreeMap::from([
                    (
                        "RoleArn".to_owned(),
                        "arn:aws:iam::123456789012:role/MyBucketRole".to_owned(),
                    ),
                    ("RoleSessionName".to_owned(), "late".to_owned()),
                ]);
                self.0.attack("B", "sts:AssumeRole", &role, None).unwrap();
            }
        }
        fn written(&mut self, _: &oust::journal::Entry) {}
        fn keep(&mut self, account: &Account) -> Result<String, String> {
            Silent.keep(account)
        }
        fn rehearsed(&self, _: &oust::ids::StepId) -> Option<oust::action::Setting> {
            None
        }
        fn trouble(&mut self, step: &oust::plan::Step, event: &Event) -> oust::execute::Remedy {
            Silent.trouble(step, event)
        }
        fn settled(&mut self, _: &oust::plan::Step) -> Option<Vec<oust::journal::Judgement>> {
            None
        }
        fn interrupted(&self) -> bool {
            false
        }
    }
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Contain).await;
        let mut journal = Journal::in_memory();
        execute(
            mount.writable(),
            &plan.steps,
            family(&plan),
            &mut journal,
            &mut Racing(&stage),
        )
        .await
        .unwrap();
        let found: Vec<usize> = journal
            .entries()
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::Swept { found, .. } => Some(found.len()),
                _ => None,
            })
            .collect();
        assert_eq!(found, [1]);
        let added: Vec<&str> = journal
            .entries()
            .iter()
            .filter_map(|entry| match &entry.event {
                Event::Added { step } => Some(step.id.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(added, ["7.1"]);
    });
    let (account, sessions, now) = (stage.twin.account(), stage.twin.sessions(), stage.twin.now());
    for session in sessions
        .iter()
        .filter(|session| session.minted_by != Some(stage.names["responder-key"].clone()))
    {
        assert!(
            verdict(&account, &sessions, &session.key, now).is_contained(),
            "{}",
            session.key
        );
    }
}

/// Hooks that agree to everything and say nothing.
struct Silent;

impl oust::execute::Hooks for Silent {
    fn consent(&mut self, _: &oust::plan::Step, _: Option<&oust::action::Setting>) -> oust::execute::Consent {
        oust::execute::Consent::Yes(oust::journal::Agreement::Rehearsal)
    }
    fn starts(&mut self, _: &oust::plan::Step) {}
    fn written(&mut self, _: &oust::journal::Entry) {}
    fn keep(&mut self, _: &Account) -> Result<String, String> {
        Ok(String::new())
    }
    fn rehearsed(&self, _: &oust::ids::StepId) -> Option<oust::action::Setting> {
        None
    }
    fn trouble(&mut self, _: &oust::plan::Step, _: &Event) -> oust::execute::Remedy {
        oust::execute::Remedy::Stop
    }
    fn settled(&mut self, _: &oust::plan::Step) -> Option<Vec<oust::journal::Judgement>> {
        None
    }
    fn interrupted(&self) -> bool {
        false
    }
}

/// A person thinks for five minutes before each answer: what is revoked is revoked from the moment of the answer on.
#[test]
fn a_revocation_cuts_from_the_moment_of_the_answer() {
    struct Slow(ManualClock);
    impl oust::execute::Hooks for Slow {
        fn consent(
            &mut self,
            step: &oust::plan::Step,
            before: Option<&oust::action::Setting>,
        ) -> oust::execute::Consent {
            self.0.advance_millis(300_000);
            Silent.consent(step, before)
        }
        fn keep(&mut self, account: &Account) -> Result<String, String> {
            Silent.keep(account)
        }
        fn trouble(&mut self, step: &oust::plan::Step, event: &Event) -> oust::execute::Remedy {
            Silent.trouble(step, event)
        }
    }
    let stage = story::played().fork();
    let clock = stage.clock.clone();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Contain).await;
        let mut journal = Journal::in_memory();
        let mut hooks = Slow(clock);
        execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut hooks)
            .await
            .unwrap();
        let cuts = journal.entries().iter().filter_map(|entry| match &entry.event {
            Event::Intended { change, .. } => match &change.to {
                oust::action::Setting::Document(document) => Some((entry.at, oust::action::revoke::cut_of(document)?)),
                _ => None,
            },
            _ => None,
        });
        let cuts: Vec<(Moment, Moment)> = cuts.collect();
        assert!(!cuts.is_empty());
        for (at, cut) in cuts {
            assert!(cut >= at.plus_seconds(50), "cut {cut} at {at}");
        }
    });
}
