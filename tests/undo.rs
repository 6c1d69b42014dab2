//! Undo: what a run did is turned round member by member, from any point of its journal, and nothing else is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod support;

use oust::account::{Account, Holder, KeyStatus, Session, SessionKind, diff};
use oust::action::{Change, Member, Setting, read};
use oust::execute::{Consent, Hooks, Remedy, execute};
use oust::ids::{AccessKeyId, StepId};
use oust::journal::{Agreement, Entry, Event, Finish, Journal, Judgement, load};
use oust::lineage::{Lineage, trace};
use oust::mount::Mount;
use oust::plan::{Facts, Plan, Step, plan};
use oust::playbook::End;
use oust::policy::PolicyText;
use oust::rehearse::{ToUndo, family};
use oust::time::{ManualClock, Moment};
use oust::trail::Evidence;
use oust::twin::{State, Twin};
use oust::undo::{Care, Denies, Undoing, done, drifted, members, undo};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use support::served::{Served, said};
use support::story;

type World = Mount<oust::mount::Twin>;

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

const NOW: Moment = Moment::from_millis(1_770_000_000_000);
const ENDS: [End; 3] = [End::Contain, End::Strip, End::Delete];

fn as_root(account: Account, now: Moment) -> (Twin, World) {
    let mut state = State::new(account, Vec::new(), 3);
    let key: AccessKeyId = "ASIAROOTROOTROOTROOT".parse().unwrap();
    state.mint.sessions.push(Session {
        key: key.clone(),
        holder: Holder::Root,
        kind: SessionKind::Console,
        issued: now,
        expires: now.plus_seconds(36_000),
        mfa: Some(true),
        policy: None,
        policy_arns: vec![],
        source_identity: None,
        tags: BTreeMap::new(),
        is_untold: false,
        minted_by: None,
    });
    let twin = Twin::on_manual_clock(state, ManualClock::starting_at(now));
    let mount = story::mount(&twin, &key);
    (twin, mount)
}

/// Hooks that agree to everything, and keep what the account was at each entry.
struct Watching<'a> {
    twin: Option<&'a Twin>,
    seen: Vec<Account>,
}

impl Hooks for Watching<'_> {
    fn consent(&mut self, _: &Step, _: Option<&Setting>) -> Consent {
        Consent::Yes(Agreement::Rehearsal)
    }
    fn starts(&mut self, _: &Step) {}
    fn written(&mut self, _: &Entry) {
        self.seen.extend(self.twin.map(Twin::account));
    }
    fn keep(&mut self, _: &Account) -> Result<String, String> {
        Ok(String::new())
    }
    fn rehearsed(&self, _: &StepId) -> Option<Setting> {
        None
    }
    fn trouble(&mut self, _: &Step, _: &Event) -> Remedy {
        Remedy::Stop
    }
    fn settled(&mut self, _: &Step) -> Option<Vec<Judgement>> {
        None
    }
    fn interrupted(&self) -> bool {
        false
    }
}

/// The family of a key that made no call yet.
fn quiet_family(account: &Account, key: &AccessKeyId) -> Lineage {
    let mut lineage = trace(&Evidence::default(), std::slice::from_ref(key));
    let (user, _) = account.owner_of_key(key).unwrap();
    let holder = Holder::User {
        name: user.name.clone(),
        id: user.id.clone(),
    };
    lineage.held_by(key, holder, account.id.clone());
    lineage
}

fn planned(account: &Account, lineage: &Lineage, end: End) -> Plan {
    let facts = Facts {
        account,
        lineage,
        bystanders: &[],
    };
    plan(&story::playbook(), end, facts, NOW)
}

async fn carry_out(mount: &World, plan: &Plan, steps: &[Step], journal: &mut Journal, hooks: &mut Watching<'_>) {
    let finish = execute(mount.writable(), steps, family(plan), journal, hooks).await;
    let last: Vec<&Event> = journal
        .entries()
        .iter()
        .rev()
        .take(4)
        .map(|entry| &entry.event)
        .collect();
    assert_eq!(finish.unwrap(), Finish::Completed, "{last:#?}");
}

/// Undoes, as the command does: looks whether the account is what the journal left, then executes into the same journal.
async fn undone(mount: &World, plan: &Plan, journal: &mut Journal, only: &BTreeSet<StepId>) -> Undoing {
    let now = story::account(mount).await;
    let care = Care {
        doubt: None,
        lineage: &plan.lineage,
        denies: Denies::default(),
        named: only.clone(),
    };
    let mut undoing = undo(journal.entries(), &now, &plan.basis, &care, only);
    let mut found = Vec::new();
    for member in members(&undoing).cloned().collect::<Vec<_>>() {
        found.push((member.clone(), read(mount.clients(), &member).await.unwrap()));
    }
    assert_eq!(drifted(&mut undoing, &found), vec![]);
    let mut hooks = Watching {
        twin: None,
        seen: vec![],
    };
    carry_out(mount, plan, &undoing.steps, journal, &mut hooks).await;
    undoing
}

/// The account as it must be after `end` was carried out against `user` and undone: `before`, without what the inverses declare lost.
fn without_what_is_lost(before: &Account, after: &Account, name: &str, leaked: &AccessKeyId, end: End) -> Account {
    let mut expected = before.clone();
    let made_again = after.users[name].clone();
    let user = expected.users.get_mut(name).unwrap();
    let held = user.credentials.as_mut().unwrap();
    for key in held.access_keys.iter_mut().filter(|key| key.id == *leaked) {
        if key.status == KeyStatus::Active {
            key.status = KeyStatus::Inactive;
        }
    }
    if end >= End::Strip {
        held.login_profile = None;
        held.mfa_devices.clear();
        held.service_specific.clear();
    }
    if end == End::Delete {
        held.access_keys.clear();
        user.id = made_again.id;
        user.created = made_again.created;
    }
    expected
}

/// IDs and times of uploads are new; everything else of them is not.
fn but_for_uploads(mut account: Account) -> Account {
    // AWS's own policies are the same in every account, and only come into sight when they are used.
    account.policies.retain(|arn, _| arn.account().is_some());
    for held in account.users.values_mut().filter_map(|user| user.credentials.as_mut()) {
        for one in &mut held.ssh_public_keys {
            (one.id, one.uploaded) = (String::new(), NOW);
            one.status = usable(one.status);
        }
        held.ssh_public_keys.sort_by(|one, two| one.body.cmp(&two.body));
        for one in &mut held.signing_certificates {
            (one.id, one.uploaded) = (String::new(), NOW);
            one.status = usable(one.status);
        }
    }
    account
}

/// What expired comes back inactive: neither can be used.
fn usable(status: KeyStatus) -> KeyStatus {
    if status == KeyStatus::Active {
        status
    } else {
        KeyStatus::Inactive
    }
}

fn assert_same(expected: &Account, found: &Account, why: &str) {
    let changes = diff(&but_for_uploads(expected.clone()), &but_for_uploads(found.clone()));
    assert!(changes.is_empty(), "{why}: {changes:#?}");
}

/// A key of a random account, by a number.
fn some_key(account: &Account, number: usize) -> Option<(String, AccessKeyId)> {
    let held = account.users.values().flat_map(|user| {
        let keys = user.credentials.iter().flat_map(|held| &held.access_keys);
        keys.map(|key| (user.name.clone(), key.id.clone()))
    });
    let all: Vec<_> = held.collect();
    (!all.is_empty()).then(|| all[number % all.len()].clone())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Law 3 on random accounts: run and undo give back every member but for what the inverses declared lost; in parts as at once; and done again
    /// by undoing the undo, the account is as the run left it.
    #[test]
    fn run_and_undo_give_back_the_account(
        account in support::accounts::account(),
        number in 0usize..16,
        end in prop::sample::select(ENDS.to_vec()),
        first in prop::collection::vec(any::<bool>(), 40),
        in_parts in any::<bool>(),
    ) {
        let Some((name, key)) = some_key(&account, number) else { return Ok(()) };
        let (twin, mount) = as_root(account.clone(), NOW);
        wait(async {
            let lineage = quiet_family(&account, &key);
            let plan = planned(&account, &lineage, end);
            let mut journal = Journal::in_memory();
            let mut hooks = Watching { twin: None, seen: vec![] };
            carry_out(&mount, &plan, &plan.steps, &mut journal, &mut hooks).await;
            let between = twin.account();
            if in_parts {
                // Any of the steps by name, but for the leaked key's own, which naming would make active.
                let about_the_key = |step: &&Step| !step.api.contains(key.as_str());
                let some: BTreeSet<StepId> = plan.steps.iter().filter(about_the_key).zip(&first).filter(|(_, taken)| **taken).map(|(step, _)| step.id.clone()).collect();
                if !some.is_empty() {
                    undone(&mount, &plan, &mut journal, &some).await;
                }
            }
            let undoing = undone(&mount, &plan, &mut journal, &BTreeSet::new()).await;
            let after = twin.account();
            assert_same(&without_what_is_lost(&account, &after, &name, &key, end), &after, "undone");
            for change in diff(&but_for_uploads(account.clone()), &but_for_uploads(after.clone())) {
                assert!(change.path.starts_with(&format!("users.{name}.")), "{}: nobody else is touched", change.path);
            }
            // Nothing is left to undo but what cannot be.
            let again = undone(&mount, &plan, &mut journal, &BTreeSet::new()).await;
            assert_eq!(&again.steps, &vec![]);
            assert_eq!(twin.account(), after);
            if !in_parts && !undoing.steps.is_empty() {
                let back: BTreeSet<StepId> = undoing.steps.iter().map(|step| step.id.clone()).collect();
                undone(&mount, &plan, &mut journal, &back).await;
                assert_same(&between, &twin.account(), "undone and done again");
            }
        });
    }
}

/// Wherever a run is cut, before or after the call took effect, undo gives back the account.
#[test]
fn a_run_that_was_killed_anywhere_can_be_undone() {
    for end in ENDS {
        let stage = story::played().fork();
        let (before, plan, entries, seen) = wait(async {
            let (mount, _, plan) = story::planned(&stage, end).await;
            let before = stage.twin.account();
            let mut journal = Journal::in_memory();
            let mut hooks = Watching {
                twin: Some(&stage.twin),
                seen: vec![],
            };
            carry_out(&mount, &plan, &plan.steps, &mut journal, &mut hooks).await;
            (before, plan, journal.entries().to_vec(), hooks.seen)
        });
        let leaked = &stage.names["A"];
        let mut killed_in_flight = 0;
        for cut in 0..entries.len() {
            // The account as it was when the last entry that is left was written, and when the call after it had taken effect.
            let mut states = vec![&seen[cut]];
            if let (Event::Intended { .. }, Some(later)) = (&entries[cut].event, seen.get(cut + 1)) {
                killed_in_flight += 1;
                states.push(later);
            }
            for account in states {
                let (twin, mount) = as_root(account.clone(), stage.twin.now());
                let mut journal = Journal::in_memory();
                for entry in &entries[..=cut] {
                    journal.append(entry.at, entry.event.clone()).unwrap();
                }
                wait(undone(&mount, &plan, &mut journal, &BTreeSet::new()));
                let after = twin.account();
                let mut expected = before.clone();
                let (then, now) = (&before.users["support-user"], &after.users["support-user"]);
                let user = expected.users.get_mut("support-user").unwrap();
                // A key that was made inactive, or deleted, stays so; so does the unique ID of a user that was made again.
                user.credentials
                    .clone_from(&account.users.get("support-user").unwrap_or(now).credentials);
                if now.id != then.id {
                    (user.id, user.created) = (now.id.clone(), now.created);
                }
                assert_same(&expected, &after, &format!("{end:?} cut behind entry {cut}"));
            }
        }
        assert!(killed_in_flight > 3, "{killed_in_flight}");
        assert!(entries.iter().any(|entry| entry.event.step().is_some()), "{leaked}");
    }
}

/// A run that was resumed finds its last change made already, and undo knows what was there before it.
#[test]
fn a_step_that_was_resumed_is_undone_to_what_was_there_at_first() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Contain).await;
        let before = story::account(&mount).await;
        let mut whole = Journal::in_memory();
        let mut hooks = Watching {
            twin: None,
            seen: vec![],
        };
        carry_out(&mount, &plan, &plan.steps, &mut whole, &mut hooks).await;
        // Killed behind the intent of the deny, whose call took effect; then everything is gone through once more.
        let cut = whole
            .entries()
            .iter()
            .position(|entry| matches!(&entry.event, Event::Intended { step, .. } if step.as_str() == "3"));
        let mut journal = Journal::in_memory();
        for entry in &whole.entries()[..=cut.unwrap()] {
            journal.append(entry.at, entry.event.clone()).unwrap();
        }
        carry_out(&mount, &plan, &plan.steps, &mut journal, &mut hooks).await;
        let left = undo(
            journal.entries(),
            &stage.twin.account(),
            &plan.basis,
            &Care {
                doubt: None,
                lineage: &plan.lineage,
                denies: Denies::default(),
                named: BTreeSet::new(),
            },
            &BTreeSet::new(),
        );
        assert!(
            left.steps.iter().any(|step| step.id.as_str() == "u3"),
            "{:?}",
            left.steps
        );
        undone(&mount, &plan, &mut journal, &BTreeSet::new()).await;
        assert!(
            !stage.twin.account().users["support-user"]
                .inline
                .contains_key("OustDenyAll")
        );
        assert_eq!(
            stage.twin.account().users["support-user"].inline,
            before.users["support-user"].inline
        );
    });
}

/// What somebody changed since is told with what was expected and what is there, member by member.
#[test]
fn what_drifted_is_told_and_what_is_undone_already_is_no_drift() {
    let stage = story::played().fork();
    wait(async {
        let (mount, _, plan) = story::planned(&stage, End::Contain).await;
        let mut journal = Journal::in_memory();
        let mut hooks = Watching {
            twin: None,
            seen: vec![],
        };
        carry_out(&mount, &plan, &plan.steps, &mut journal, &mut hooks).await;
        let iam = &mount.clients().iam;
        let other = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
        iam.put_user_policy()
            .user_name("support-user")
            .policy_name("OustDenyAll")
            .policy_document(other)
            .send()
            .await
            .unwrap();
        iam.delete_user_permissions_boundary()
            .user_name("support-user")
            .send()
            .await
            .unwrap();
        let account = story::account(&mount).await;
        let care = Care {
            doubt: None,
            lineage: &plan.lineage,
            denies: Denies::default(),
            named: BTreeSet::new(),
        };
        let mut undoing = undo(journal.entries(), &account, &plan.basis, &care, &BTreeSet::new());
        let mut found = Vec::new();
        for member in members(&undoing).cloned().collect::<Vec<_>>() {
            found.push((member.clone(), read(mount.clients(), &member).await.unwrap()));
        }
        let all = undoing.steps.len();
        let drift = drifted(&mut undoing, &found);
        let told: Vec<&str> = drift.iter().map(|one| one.step.as_str()).collect();
        assert_eq!(told, ["3"], "{drift:?}");
        assert_eq!(drift[0].found, Setting::Document(oust::policy::PolicyText::new(other)));
        // The boundary is as undo would make it: there is nothing to do, and nothing to refuse.
        assert_eq!(undoing.steps.len(), all - 1);
        assert!(
            !undoing.steps.iter().any(|step| step.id.as_str() == "u4"),
            "{:?}",
            undoing.steps
        );
    });
}

/// A deny stays as long as a credential waits behind it, and goes once none does: the rehearsal of the undoing decides.
#[test]
fn a_deny_is_taken_away_only_when_no_credential_waits_behind_it() {
    let kept = |end: End, hours: i64, named: &[&str]| {
        let stage = story::played().fork();
        wait(async {
            let (mount, _, plan) = story::planned(&stage, end).await;
            let mut journal = Journal::in_memory();
            let mut hooks = Watching {
                twin: None,
                seen: vec![],
            };
            carry_out(&mount, &plan, &plan.steps, &mut journal, &mut hooks).await;
            let named: BTreeSet<StepId> = named.iter().map(|step| step.parse().unwrap()).collect();
            let account = story::account(&mount).await;
            let signing = mount.clients().signing_key();
            let to_undo = ToUndo {
                entries: journal.entries(),
                plan: &plan,
                account: &account,
                caller: &story::caller(&mount).await,
                signing_key: signing.as_ref(),
                now: stage.twin.now().plus_seconds(hours * 3600),
                named: &named,
                doubt: None,
            };
            let (undoing, rehearsed) = to_undo.rehearsed().await.unwrap();
            assert_eq!(*rehearsed.finish(), Finish::Completed);
            assert!(!named.is_empty() || rehearsed.revived().is_empty());
            let left: Vec<String> = undoing.left.iter().map(|left| left.step.to_string()).collect();
            (left, undoing, rehearsed.revived().len())
        })
    };
    // B waits behind both denies of the user, C behind the role's revocation; A's key is leaked for ever.
    let (left, undoing, _) = kept(End::Contain, 0, &[]);
    assert_eq!(left, ["5", "4", "3", "2"], "{:?}", undoing.left);
    assert!(undoing.left[2].why.contains("without it B (ASIA"), "{:?}", undoing.left);
    assert!(undoing.left[3].why.contains("is leaked"), "{:?}", undoing.left);
    // After two hours C has expired, B has not.
    assert_eq!(kept(End::Contain, 2, &[]).0, ["4", "3", "2"]);
    // After two days nobody waits there.
    assert_eq!(kept(End::Contain, 48, &[]).0, ["2"]);
    // A user that was made again has another ID: its old sessions stay dead, and its denies may go.
    let (left, undoing, _) = kept(End::Delete, 0, &[]);
    assert!(
        left.contains(&"5".to_owned()) && !left.contains(&"3".to_owned()),
        "{:?}",
        undoing.left
    );
    // What is named is done, and whom it lets in is told.
    let (left, _, revived) = kept(End::Contain, 0, &["3"]);
    assert_eq!((left, revived), (vec![], 0), "the boundary still denies");
    let (left, _, revived) = kept(End::Contain, 0, &["3", "4"]);
    assert_eq!((left, revived), (vec![], 1));
}

/// The family came in with a session of a user, and what it was asked for with isn't known: that the session has expired proves nothing.
#[test]
fn a_user_whose_leaked_secret_is_not_known_does_not_act_again_unless_it_is_named() {
    let stage = story::played().fork();
    wait(async {
        let mount = story::mount(&stage.twin, &stage.names["responder-key"]);
        let account = story::account(&mount).await;
        let session = &stage.names["B"];
        let mut lineage = trace(&Evidence::default(), std::slice::from_ref(session));
        let user = &account.users["support-user"];
        let holder = Holder::User {
            name: user.name.clone(),
            id: user.id.clone(),
        };
        lineage.held_by(session, holder, account.id.clone());
        let plan = planned(&account, &lineage, End::Contain);
        let mut journal = Journal::in_memory();
        let mut hooks = Watching {
            twin: None,
            seen: vec![],
        };
        carry_out(&mount, &plan, &plan.steps, &mut journal, &mut hooks).await;
        let account = story::account(&mount).await;
        let signing = mount.clients().signing_key();
        let left = async |named: &BTreeSet<StepId>| {
            let to_undo = ToUndo {
                entries: journal.entries(),
                plan: &plan,
                account: &account,
                caller: &story::caller(&mount).await,
                signing_key: signing.as_ref(),
                now: stage.twin.now().plus_seconds(48 * 3600),
                named,
                doubt: None,
            };
            to_undo.rehearsed().await.unwrap().0.left
        };
        let kept = left(&BTreeSet::new()).await;
        let unknown = kept
            .iter()
            .filter(|left| left.why.contains("is not known: whoever has it"));
        assert!(unknown.count() >= 2, "{kept:?}");
        let denies = kept.iter().map(|left| left.step.clone()).collect();
        assert_eq!(left(&denies).await, vec![]);
    });
}

/// A hold sets back who may assume a role before the trail tells who had changed it: what it met there isn't put back until that can be said, unless it is
/// named.
#[test]
fn who_was_let_in_is_not_let_in_again_while_nobody_can_say_whose_change_it_was() {
    let stage = story::played().fork();
    wait(async {
        let (mount, lineage, plan) = story::planned(&stage, End::Contain).await;
        let account = story::account(&mount).await;
        let step: StepId = "9.1".parse().unwrap();
        let trust = |who: &str| {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{who}"}},"Action":"sts:AssumeRole"}}]}}"#
            );
            Setting::Document(oust::policy::PolicyText::new(text))
        };
        let change = oust::action::Change {
            member: oust::action::Member::TrustPolicy {
                role: "MyBucketRole".to_owned(),
            },
            to: trust("arn:aws:iam::123456789012:root"),
        };
        let mut journal = Journal::in_memory();
        let intended = Event::Intended {
            step: step.clone(),
            change,
            before: trust("*"),
        };
        journal.append(NOW, intended).unwrap();
        journal.append(NOW, Event::Verified { step: step.clone() }).unwrap();
        let undone = |doubt: Option<&str>, named: &BTreeSet<StepId>| {
            let care = Care {
                doubt,
                lineage: &lineage,
                denies: Denies::default(),
                named: named.clone(),
            };
            undo(journal.entries(), &account, &plan.basis, &care, named)
        };
        let (all, this) = (BTreeSet::new(), BTreeSet::from([step]));
        assert_eq!(undone(None, &all).steps.len(), 1);
        let left = undone(Some("the trail is late"), &all);
        assert!(left.steps.is_empty() && left.left[0].why.ends_with("the trail is late"));
        assert_eq!(undone(Some("the trail is late"), &this).steps.len(), 1);
    });
}

/// AWS's quarantine is never detached, whatever its version, and what the intruder put there is not put back, unless it is named.
#[test]
fn quarantine_and_the_intruder_s_own_policies_are_left_unless_named() {
    let mut stage = story::played().fork();
    let give = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let everything = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    wait(async {
        let mount = story::mount(&stage.twin, &stage.names["responder-key"]);
        let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}"#;
        mount
            .clients()
            .iam
            .put_user_policy()
            .user_name("support-user")
            .policy_name("Own")
            .policy_document(own)
            .send()
            .await
            .unwrap();
    });
    stage.names.insert("x".into(), stage.names["A"].clone());
    let put = BTreeMap::from([
        give("UserName", "support-user"),
        give("PolicyName", "Back"),
        give("PolicyDocument", everything),
    ]);
    stage.attack("x", "iam:PutUserPolicy", &put, None).unwrap();
    wait(async {
        let (mount, lineage, plan) = story::planned(&stage, End::Strip).await;
        let mut journal = Journal::in_memory();
        let mut hooks = Watching {
            twin: None,
            seen: vec![],
        };
        carry_out(&mount, &plan, &plan.steps, &mut journal, &mut hooks).await;
        let account = stage.twin.account();
        let care = |named: &BTreeSet<StepId>| Care {
            doubt: None,
            lineage: &lineage,
            denies: Denies::default(),
            named: named.clone(),
        };
        let none = BTreeSet::new();
        let undoing = undo(journal.entries(), &account, &plan.basis, &care(&none), &none);
        let back = undoing
            .left
            .iter()
            .find(|left| left.did.contains("`Back`"))
            .expect("the intruder's policy is left");
        assert!(
            back.why.contains("the family itself put it there (PutUserPolicy"),
            "{back:?}"
        );
        assert!(undoing.steps.iter().any(|step| step.title.contains("`Own`")));
        let named: BTreeSet<StepId> = [back.step.clone()].into();
        assert_eq!(
            undo(journal.entries(), &account, &plan.basis, &care(&named), &named)
                .steps
                .len(),
            1
        );
    });
    for version in ["", "V2", "V3", "V4"] {
        let policy: oust::ids::Arn = format!("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine{version}")
            .parse()
            .unwrap();
        let member = oust::action::Member::Attachment {
            user: "support-user".to_owned(),
            policy,
        };
        let change = oust::action::Change {
            member,
            to: Setting::Present,
        };
        let mut journal = Journal::in_memory();
        let step: StepId = "1".parse().unwrap();
        journal
            .append(
                NOW,
                Event::Intended {
                    step: step.clone(),
                    change,
                    before: Setting::Absent,
                },
            )
            .unwrap();
        journal.append(NOW, Event::Done { step: step.clone() }).unwrap();
        let lineage = trace(&Evidence::default(), &[stage.names["A"].clone()]);
        let account = stage.twin.account();
        let of = |named: BTreeSet<StepId>| {
            let care = Care {
                doubt: None,
                lineage: &lineage,
                denies: Denies::default(),
                named,
            };
            undo(journal.entries(), &account, &account, &care, &BTreeSet::new())
        };
        assert_eq!(of(BTreeSet::new()).steps, vec![], "{version}");
        assert!(of(BTreeSet::new()).left[0].why.contains("quarantine"));
        assert_eq!(of([step].into()).steps.len(), 1);
    }
}

/// A served twin, a case folder, and a playbook that waits a second in the place of half a minute.
struct Incident {
    served: Served,
    folder: tempfile::TempDir,
}

impl Incident {
    fn of(scenario: &str) -> Self {
        Incident {
            served: Served::of(scenario, &["--played"]),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn iam(&self, signing: &str) -> aws_sdk_iam::Client {
        self.served.iam(signing)
    }

    fn oust(&self, args: &[&str]) -> (Option<i32>, String) {
        let cases = self.folder.path().join("cases");
        let args = [args, &["--yes", "--cases", cases.to_str().unwrap()]].concat();
        let output = self.served.oust("responder-key", None, &args);
        (output.status.code(), said(&output))
    }

    /// Runs against A; gives the case and its journal.
    fn run(&self, end: &str) -> (String, Vec<Entry>) {
        let known = self.cases();
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
        let playbook = self.folder.path().join("quick.toml");
        std::fs::write(&playbook, text.replace("seconds = 30", "seconds = 1")).unwrap();
        let key = self.served.key("A")["access_key_id"].as_str().unwrap().to_owned();
        let (code, said) = self.oust(&["run", &key, "--playbook", playbook.to_str().unwrap(), "--end", end]);
        assert_eq!(code, Some(0), "{said}");
        let case = self.cases().into_iter().find(|case| !known.contains(case)).unwrap();
        let entries = self.journal(&case);
        (case, entries)
    }

    fn cases(&self) -> Vec<String> {
        let cases = std::fs::read_dir(self.folder.path().join("cases"))
            .into_iter()
            .flatten();
        let folders = cases.map(Result::unwrap).filter(|entry| entry.path().is_dir());
        folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    fn journal(&self, case: &str) -> Vec<Entry> {
        load(&self.folder.path().join("cases").join(case).join("journal.jsonl"))
            .unwrap()
            .0
    }
}

/// The step of a journal that changed something whose title contains all of `words`.
fn step_of(entries: &[Entry], words: &[&str]) -> String {
    let titles = entries.iter().filter_map(|entry| match &entry.event {
        Event::Intended { step, change, .. } => Some((step, change.title())),
        _ => None,
    });
    let mut all = titles.filter(|(_, title)| words.iter().all(|word| title.contains(word)));
    all.next().expect("such a step").0.to_string()
}

const STRANGER: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"sts:AssumeRole"}]}"#;
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// The family makes a role that another account may assume, with all rights.
async fn evil_role(iam: &aws_sdk_iam::Client) {
    let made = iam
        .create_role()
        .role_name("evilrole")
        .assume_role_policy_document(STRANGER);
    made.send().await.unwrap();
    let attached = iam.attach_role_policy().role_name("evilrole").policy_arn(ADMIN);
    attached.send().await.unwrap();
}

/// No credential of the family waits behind the deny of a role that it made for another account, nor behind that of a user whose password it set: but
/// whoever comes in that way does.
#[test]
fn a_deny_that_closes_a_way_back_stays_unless_it_is_named() {
    let incident = Incident::of("fights-back");
    wait(async {
        let iam = incident.iam("A");
        evil_role(&iam).await;
        let password = iam
            .create_login_profile()
            .user_name("deploy-bot")
            .password("Intruder1234!!");
        password.send().await.unwrap();
    });
    let (case, entries) = incident.run("contain");
    let denied = |role: &str| {
        let iam = incident.iam("responder-key");
        let named = wait(iam.list_role_policies().role_name(role).send()).unwrap();
        named.policy_names.contains(&"OustDenyAll".to_owned())
    };
    assert!(denied("evilrole"));
    let (_, said) = incident.oust(&["undo", &case]);
    assert!(denied("evilrole"), "{said}");
    assert!(
        said.contains("a way back would be open again: CreateRole evilrole"),
        "{said}"
    );
    let user = incident.served.user_policies("deploy-bot");
    assert!(user.contains(&"OustDenyAll".to_owned()), "{said}");
    let step = step_of(&entries, &["evilrole", "OustDenyAll"]);
    let (code, said) = incident.oust(&["undo", &case, "--step", &step]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("this lets the intruder in again, and was named: CreateRole evilrole"),
        "{said}"
    );
    assert!(!denied("evilrole"));
}

/// What the family made stays gone, and what hung on it is no obstacle for the rest.
#[test]
fn what_the_family_made_stays_gone_and_all_else_comes_back() {
    for end in ["strip", "delete"] {
        let incident = Incident::of("fights-back");
        wait(async {
            let iam = incident.iam("A");
            evil_role(&iam).await;
            iam.create_user().user_name("evil").send().await.unwrap();
            let attached = iam.attach_user_policy().user_name("evil").policy_arn(ADMIN);
            attached.send().await.unwrap();
            iam.create_access_key().user_name("evil").send().await.unwrap();
        });
        let (responder, user) = (incident.iam("responder-key"), "deploy-bot");
        let rights = || {
            let listed = wait(responder.list_attached_user_policies().user_name(user).send());
            let mut all: Vec<String> = listed
                .map(|listed| {
                    listed
                        .attached_policies()
                        .iter()
                        .filter_map(|one| one.policy_arn.clone())
                        .collect()
                })
                .unwrap_or_default();
            all.extend(incident.served.user_policies(user));
            all.retain(|one| !one.contains("Oust") && !one.contains("AWSDenyAll"));
            all
        };
        let before = rights();
        let (case, entries) = incident.run(end);
        let (code, told) = incident.oust(&["undo", &case]);
        assert_eq!(code, Some(0), "{end}: {told}");
        assert_eq!(rights(), before, "{end}: {told}");
        let evil = || wait(responder.get_user().user_name("evil").send()).is_ok();
        assert!(!evil(), "{end}: {told}");
        assert!(
            told.contains("user `evil` is gone: undo the step that deleted it first"),
            "{end}: {told}"
        );
        // Whoever names it gets it, and is told whose it is.
        let step = step_of(&entries, &["delete user `evil`"]);
        let (code, told) = incident.oust(&["undo", &case, "--step", &step]);
        assert_eq!(code, Some(0), "{end}: {told}");
        assert!(told.contains("named, and undone all the same"), "{end}: {told}");
        assert!(
            told.contains("the family itself put it there (CreateUser"),
            "{end}: {told}"
        );
        assert!(evil());
    }
}

/// The first wave cuts before anything is read, and still the journal tells what was there: an inactive key isn't made active by undo, a deny of an
/// earlier case isn't this one's, and somebody's policy of the same name comes back.
#[test]
fn the_first_wave_is_undone_to_what_really_was_there() {
    let status = |incident: &Incident| {
        let listed = wait(
            incident
                .iam("responder-key")
                .list_access_keys()
                .user_name("support-user")
                .send(),
        );
        let key = incident.served.key("A")["access_key_id"].as_str().unwrap().to_owned();
        let held = listed.unwrap().access_key_metadata;
        let of = held.into_iter().find(|one| one.access_key_id.as_deref() == Some(&key));
        of.unwrap().status.unwrap().as_str().to_owned()
    };
    // On a busy machine the look may be answered behind the cut: the journal says that it isn't known then, and undo leaves the key as it is.
    let is_unsure = |entries: &[Entry], of: &StepId| {
        let told = |entry: &Entry| matches!(&entry.event, Event::LookedBeside { step, unsure: true, .. } if step == of);
        entries.iter().any(told)
    };
    let stands = |entries: &[Entry]| {
        let all = done(entries).into_iter().filter(|step| !is_unsure(entries, step));
        let all = all.map(|step| step.to_string());
        all.filter(|step| step.starts_with("f-")).collect::<Vec<_>>()
    };
    let theirs =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}"#;
    let incident = Incident::of("stolen-key");
    let put = incident
        .iam("responder-key")
        .put_user_policy()
        .user_name("support-user");
    wait(put.policy_name("OustDenyAll").policy_document(theirs).send()).unwrap();
    let (first, entries) = incident.run("contain");
    assert_eq!(stands(&entries), ["f-1", "f-2"]);
    let (second, entries) = incident.run("contain");
    assert_eq!(
        stands(&entries),
        Vec::<String>::new(),
        "a second case of the same key changed nothing"
    );
    let (_, told) = incident.oust(&["undo", &second]);
    let denied = || {
        let got = incident
            .iam("responder-key")
            .get_user_policy()
            .user_name("support-user");
        let got = wait(got.policy_name("OustDenyAll").send()).unwrap().policy_document;
        !got.contains("ListAllMyBuckets")
    };
    assert!(denied(), "{told}");
    assert_eq!(status(&incident), "Inactive", "{told}");
    let (code, told) = incident.oust(&["undo", &first, "--step", "f-1", "--step", "f-2"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!((denied(), status(&incident).as_str()), (false, "Active"), "{told}");

    let incident = Incident::of("stolen-key");
    incident.served.deactivate("support-user", "A", "responder-key");
    let (_, entries) = incident.run("contain");
    assert_eq!(stands(&entries), ["f-2"]);
}

/// What grants again breaks nothing, and a key that works again works for whoever has it.
#[test]
fn what_an_undoing_breaks_is_not_what_the_step_broke() {
    let key: AccessKeyId = "AKIARZPUZDIKJA7PRP33".parse().unwrap();
    let user = || "support-user".to_owned();
    let policy = |effect: &str| Change {
        member: Member::UserPolicy {
            user: user(),
            name: "P".to_owned(),
        },
        to: Setting::Document(PolicyText::new(format!(
            r#"{{"Statement":[{{"Effect":"{effect}","Action":"*","Resource":"*"}}]}}"#
        ))),
    };
    assert!(
        policy("Allow")
            .breaks()
            .starts_with("nothing; `support-user` may do again")
    );
    assert!(
        policy("Deny")
            .breaks()
            .starts_with("everything that `support-user` does")
    );
    let active = Change {
        member: Member::AccessKey { user: user(), key },
        to: Setting::Status(KeyStatus::Active),
    };
    assert!(active.breaks().contains("works again, for everybody who has it"));
}

/// Whether a key was active that was cut unlooked isn't known where the answer came from behind the cut: nobody makes it active for that unless it is named.
#[test]
fn a_key_of_which_it_is_not_known_whether_it_was_active_stays_as_it_is() {
    let stage = story::played();
    let account = stage.twin.account();
    let (user, key) = account
        .users
        .values()
        .find_map(|user| {
            Some((
                user.name.clone(),
                user.credentials.as_ref()?.access_keys.first()?.id.clone(),
            ))
        })
        .unwrap();
    let inactive = Setting::Status(KeyStatus::Inactive);
    let (step, member): (StepId, Member) = ("f-1".parse().unwrap(), Member::AccessKey { user, key });
    let change = Change {
        member,
        to: inactive.clone(),
    };
    let undoing = |unsure: bool, named: bool| {
        let mut journal = Journal::in_memory();
        let events = [
            Event::Intended {
                step: step.clone(),
                change: change.clone(),
                before: inactive.clone(),
            },
            Event::Done { step: step.clone() },
            Event::LookedBeside {
                step: step.clone(),
                before: inactive.clone(),
                unsure,
            },
            Event::Verified { step: step.clone() },
        ];
        journal.append_all(NOW, events.to_vec()).unwrap();
        let only: BTreeSet<StepId> = named.then(|| step.clone()).into_iter().collect();
        let care = Care {
            lineage: &trace(&Evidence::default(), &[]),
            denies: Denies::default(),
            doubt: None,
            named: only.clone(),
        };
        undo(journal.entries(), &account, &account, &care, &only)
    };
    let known = undoing(false, false);
    assert!(
        known.steps.is_empty() && known.left.is_empty(),
        "it was so before: {known:?}"
    );
    let unsure = undoing(true, false);
    assert!(unsure.steps.is_empty(), "{unsure:?}");
    assert!(unsure.left[0].why.contains("is not known"), "{unsure:?}");
    let named = undoing(true, true);
    assert_eq!(named.steps.len(), 1, "{named:?}");
    assert!(named.dared[0].why.contains("is not known"), "{named:?}");
}
