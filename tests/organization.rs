//! An account in an organization: the service control policy that comes first, over the SDK's own clients.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod support;

use aws_credential_types::Credentials;
use aws_sdk_organizations::types::PolicyType;
use oust::account::{Account, Guards, Responder, Role, diff};
use oust::action::service_control::{Effect, effect, is_quarantine_name};
use oust::action::{Action, Change, Member, Setting, read, write};
use oust::collect::{self, Collected, Scope};
use oust::execute::{Consent, Hooks, Remedy, execute};
use oust::ids::{AccessKeyId, Arn, StepId};
use oust::journal::{Agreement, Entry, Event, Finish, Journal, Judgement};
use oust::lineage::{Lineage, bystanders, trace};
use oust::mount::{AwsError, Mount, Trouble, Twin as World};
use oust::plan::{Facts, Plan, Refusal, Step, plan, refusal};
use oust::playbook::End;
use oust::policy::{Context, Outcome, PolicyText};
use oust::rehearse::{family, rehearse};
use oust::tabletop::{CATALOGUE, Scenario, Stage};
use oust::twin::{Fault, Keys, Twin};
use oust::undo::{Care, Denies, undo};
use oust::verdict::{Standing, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use support::story;

const ACCOUNT: &str = "123456789012";
const UNIT: &str = "ou-exam-prod1234";
const NOBODY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"*"}]}"#;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// The story in an organization, with this many policies on the account beside `FullAWSAccess`. `alice` is an administrator of the account.
fn scenario(administrator: Option<&str>, scps: usize) -> Scenario {
    let mut organization = format!(
        "[organization]\nid = \"o-exampleorgid\"\nmanagement_account = \"999999999999\"\npath = [\"r-exam\", \"{UNIT}\"]\n"
    );
    if let Some(name) = administrator {
        organization.push_str(&format!("administrator = \"{name}\"\n"));
    }
    organization.push_str("[organization.scps]\n");
    for n in 0..scps {
        organization.push_str(&format!("Guard{n} = '''{NOBODY}'''\n"));
    }
    let written = CATALOGUE[0]
        .1
        .replacen("[[user]]", &format!("{organization}\n[[user]]"), 1);
    let admin = "keys = [\"alice-key\"]\nattached = [\"arn:aws:iam::aws:policy/AdministratorAccess\"]";
    Scenario::parse(&written.replacen("keys = [\"alice-key\"]", admin, 1)).unwrap()
}

fn staged(administrator: Option<&str>, scps: usize) -> Stage {
    let scenario = scenario(administrator, scps);
    let mut stage = Stage::set(&scenario, scenario.start()).unwrap();
    stage.play(&scenario).unwrap();
    stage
}

fn responder(stage: &Stage) -> Mount<World> {
    story::mount(&stage.twin, &stage.names["responder-key"])
}

async fn collected(mount: &Mount<World>) -> Collected {
    let mut collected = collect::account(mount.clients(), Scope::Everything).await.unwrap();
    collect::organization(mount.clients(), &mut collected).await;
    collected
}

fn lineage_of(stage: &Stage) -> Lineage {
    trace(&story::evidence(&stage.twin), std::slice::from_ref(&stage.names["A"]))
}

fn planned_on(stage: &Stage, account: &Account) -> Plan {
    let lineage = lineage_of(stage);
    let others = bystanders(&story::evidence(&stage.twin), &lineage);
    let facts = Facts {
        account,
        lineage: &lineage,
        bystanders: &others,
    };
    plan(&story::playbook(), End::Contain, facts, stage.twin.now())
}

/// The change that puts the policy over the account, with its step.
fn first(plan: &Plan) -> Option<(&Step, &Change)> {
    plan.steps.iter().find_map(|step| match &step.action {
        Action::Change { change } if matches!(change.member, Member::ServiceControlPolicy { .. }) => {
            Some((step, change))
        }
        _ => None,
    })
}

fn document(change: &Change) -> &PolicyText {
    match &change.to {
        Setting::Document(text) => text,
        other => unreachable!("{other:?}"),
    }
}

fn target(change: &Change) -> &str {
    match &change.member {
        Member::ServiceControlPolicy { target, .. } => target,
        other => unreachable!("{other:?}"),
    }
}

fn why_not(plan: &Plan) -> &str {
    let note = plan
        .not_touched
        .iter()
        .find(|note| note.what.contains("service control policy"));
    &note.unwrap().why
}

fn call(stage: &Stage, by: &str, operation: &str, params: &[(&str, &str)]) -> Result<(), Fault> {
    let keys: Keys = stage.keys(by).unwrap();
    stage
        .twin
        .call(&keys, "iam", operation, params, "203.0.113.66")
        .map(drop)
}

struct Silent;

impl Hooks for Silent {
    fn consent(&mut self, _: &Step, _: Option<&Setting>) -> Consent {
        Consent::Yes(Agreement::Rehearsal)
    }
    fn starts(&mut self, _: &Step) {}
    fn written(&mut self, _: &Entry) {}
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

#[test]
fn what_is_over_the_account_is_read_as_it_is() {
    let stage = staged(Some("responder"), 2);
    let mut state = stage.twin.state();
    let guards = state.account.guards.as_mut().unwrap();
    guards.rcps.insert("Perimeter".to_owned(), PolicyText::new(NOBODY));
    // More than one page of policies at one level.
    guards.scps[1].extend((0..43).map(|n| (format!("Unit{n}"), PolicyText::new(NOBODY))));
    let organization = state.account.organization.as_mut().unwrap();
    let names: Vec<String> = (0..43)
        .map(|n| format!("Unit{n}"))
        .chain(["Perimeter".to_owned()])
        .collect();
    for name in names {
        let id = organization.policy_id(&name);
        organization.policy_ids.insert(name, id);
    }
    let twin = Twin::on_manual_clock(state, stage.clock.clone());
    let mount = story::mount(&twin, &stage.names["responder-key"]);
    let collected = wait(collected(&mount));
    assert_eq!(collected.unread, vec![]);
    assert_eq!(collected.account.guards, twin.account().guards);
    assert_eq!(collected.account.organization, twin.account().organization);
    let snapshot = oust::account::Snapshot::new(twin.now(), collected.account, vec![]);
    assert_eq!(
        oust::account::Snapshot::parse(&snapshot.to_json().unwrap()).unwrap(),
        snapshot
    );
}

#[test]
fn what_nobody_may_read_stays_unknown_and_the_plan_says_why_there_is_no_policy() {
    // In an organization, and nobody of the account may act for it.
    let stage = staged(None, 0);
    let unread = wait(collected(&responder(&stage)));
    assert_eq!(unread.account.guards, None);
    assert_eq!(unread.account.organization, None);
    assert!(
        unread.notes.iter().any(|note| note.contains("AccessDeniedException")),
        "{:?}",
        unread.notes
    );
    let plan = planned_on(&stage, &unread.account);
    assert_eq!(first(&plan), None);
    assert!(
        why_not(&plan).starts_with("no rights in Organizations"),
        "{}",
        why_not(&plan)
    );
    // In none.
    let stage = story::played();
    let none = wait(collected(&responder(&stage)));
    assert_eq!(none.account.guards, Some(Guards::default()));
    assert_eq!(
        why_not(&planned_on(&stage, &none.account)),
        "the account is in no organization"
    );
    // The management account itself.
    let stage = staged(Some("responder"), 0);
    let mut state = stage.twin.state();
    state.account.organization.as_mut().unwrap().management_account = ACCOUNT.parse().unwrap();
    let twin = Twin::on_manual_clock(state, stage.clock.clone());
    let mount = story::mount(&twin, &stage.names["responder-key"]);
    let management = wait(collected(&mount)).account;
    assert!(management.guards.as_ref().unwrap().management_account);
    let plan = planned_on(&stage, &management);
    assert_eq!(
        why_not(&plan),
        "this is the management account: SCPs do not apply to it"
    );
    // One where the type was never enabled.
    let mut off = wait(collected(&responder(&stage))).account;
    off.organization.as_mut().unwrap().scps_enabled = false;
    assert!(why_not(&planned_on(&stage, &off)).contains("not enabled"));
}

#[test]
fn the_policy_is_the_first_change_and_denies_the_whole_family_by_itself() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    wait(async {
        let account = collected(&mount).await.account;
        let plan = planned_on(&stage, &account);
        let (step, change) = first(&plan).unwrap();
        assert_eq!(step.id.as_str(), "2");
        assert_eq!(target(change), ACCOUNT);
        assert!(!step.required);
        assert!(document(change).as_str().chars().count() <= 5120);
        let caller = story::caller(&mount).await;
        let key = &stage.names["responder-key"];
        let rehearsed = rehearse(plan, &account, &caller, Some(key), stage.twin.now())
            .await
            .unwrap();
        assert_eq!(rehearsed.finish(), &Finish::Completed);
        assert!(rehearsed.contains());
        assert_eq!(rehearsed.missing(), &[]);
        let after_policy = rehearsed.proof().rows.iter().map(|row| {
            let (_, verdict) = row.after.iter().find(|(step, _)| step.as_str() == "2").unwrap();
            (row.label.clone(), verdict.to_string())
        });
        let after_policy: BTreeMap<String, String> = after_policy.collect();
        for (label, sid) in [("A", "Compromised"), ("B", "Compromised"), ("C", "OlderSessions")] {
            let said = &after_policy[label];
            assert!(
                said.starts_with(&format!(
                    "denied everything by statement `{sid}` of service control policy"
                )),
                "{label}: {said}"
            );
        }
        // Everybody else goes on as before.
        assert_eq!(rehearsed.proof().hits, vec![]);
    });
}

/// The step as it is read, and the document as it is attached.
#[test]
fn the_step_and_its_document_are_these() {
    let stage = staged(Some("responder"), 0);
    let plan = wait(async { planned_on(&stage, &collected(&responder(&stage)).await.account) });
    let (step, change) = first(&plan).unwrap();
    let written: serde_json::Value = serde_json::from_str(document(change).as_str()).unwrap();
    let said = [
        step.title.clone(),
        step.fact.clone().unwrap_or_default(),
        step.api.clone(),
        step.breaks.clone(),
        step.undo.describe(),
        step.hits.join("\n"),
        serde_json::to_string_pretty(&step.permissions).unwrap(),
        serde_json::to_string_pretty(&written).unwrap(),
    ];
    insta::assert_snapshot!("quarantine", said.join("\n\n"));
}

#[test]
fn only_the_responder_may_change_what_the_policy_keeps() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    let plan = wait(async { planned_on(&stage, &collected(&mount).await.account) });
    let (_, change) = first(&plan).unwrap();
    wait(write(mount.writable(), change)).unwrap();
    let denied = |outcome: Result<(), Fault>| {
        let fault = outcome.unwrap_err();
        assert!(
            fault.message.contains("explicit deny in a service control policy"),
            "{}",
            fault.message
        );
    };
    let deny = [
        ("UserName", "support-user"),
        ("PolicyName", "OustDenyAll"),
        ("PolicyDocument", NOBODY),
    ];
    call(&stage, "responder-key", "PutUserPolicy", &deny).unwrap();
    // An administrator of the account, whose key the intruder may well have: he cannot loosen it, nor get at the responder.
    denied(call(&stage, "alice-key", "DeleteUserPolicy", &deny[..2]));
    denied(call(&stage, "alice-key", "CreateAccessKey", &deny[..1]));
    denied(call(
        &stage,
        "alice-key",
        "UpdateAssumeRolePolicy",
        &[("RoleName", "MyBucketRole"), ("PolicyDocument", NOBODY)],
    ));
    denied(call(
        &stage,
        "alice-key",
        "DeleteRolePolicy",
        &[("RoleName", "MyBucketRole"), ("PolicyName", "ReadProduction")],
    ));
    denied(call(
        &stage,
        "alice-key",
        "DetachUserPolicy",
        &[
            ("UserName", "responder"),
            ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ],
    ));
    let out = stage.twin.plain(
        &stage.keys("alice-key").unwrap(),
        "organizations:LeaveOrganization",
        "*",
        "203.0.113.66",
    );
    denied(out);
    denied(call(&stage, "A", "CreateUser", &[("UserName", "notyet")]));
    // The rest of the account is hers as before, and she may use the role.
    call(&stage, "alice-key", "CreateUser", &[("UserName", "new")]).unwrap();
    call(&stage, "alice-key", "DeleteUser", &[("UserName", "new")]).unwrap();
    call(&stage, "responder-key", "DeleteUserPolicy", &deny[..2]).unwrap();
    // And nobody of the account detaches it, whatever IAM says.
    let alice = story::mount(&stage.twin, &stage.names["alice-key"]);
    let gone = Change {
        to: Setting::Absent,
        ..change.clone()
    };
    let refused = wait(write(alice.writable(), &gone)).unwrap_err();
    assert_eq!(refused.trouble, Trouble::AccessDenied);
    assert!(wait(read(mount.clients(), &change.member)).unwrap().same_as(&change.to));
}

/// Every action of IAM on everything that the policy keeps is to the responder what it was.
#[test]
fn the_responder_is_locked_out_of_nothing_but_the_probe() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    let (before, plan) = wait(async {
        let account = collected(&mount).await.account;
        let plan = planned_on(&stage, &account);
        (account, plan)
    });
    let (_, change) = first(&plan).unwrap();
    wait(write(mount.writable(), change)).unwrap();
    let after = stage.twin.account();
    let of = |account: &'static Account| Standing::of_user(account, &account.users["responder"]);
    // The accounts live as long as the test: standings borrow from them.
    let (before, after): (&'static Account, &'static Account) =
        (Box::leak(Box::new(before)), Box::leak(Box::new(after)));
    let (one, two) = (of(before), of(after));
    let resources = [
        "*",
        "arn:aws:iam::123456789012:user/support-user",
        "arn:aws:iam::123456789012:role/MyBucketRole",
    ];
    let actions = &oust::catalogue::catalogue().services["iam"].actions;
    assert!(actions.len() > 150);
    for action in actions {
        for resource in resources {
            let action = format!("iam:{}", action.name);
            let decide = |standing: &Standing<'_>| standing.decide(&action, resource, &Context::closed());
            assert!(matches!(decide(&one), Outcome::Allowed(_)), "{action}");
            assert_eq!(decide(&one), decide(&two), "{action} on {resource}");
        }
    }
}

#[test]
fn its_effect_is_seen_by_a_call_that_it_denies_and_not_before() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    let plan = wait(async { planned_on(&stage, &collected(&mount).await.account) });
    let (step, change) = first(&plan).unwrap();
    assert!(
        step.permissions
            .iter()
            .any(|permission| permission.action == "iam:GetPolicy")
    );
    assert_eq!(wait(effect(mount.clients(), document(change))), Effect::NotYet);
    wait(write(mount.writable(), change)).unwrap();
    assert_eq!(wait(effect(mount.clients(), document(change))), Effect::Seen);
    // The family's own calls meet it too, and the trail names the policy.
    assert_eq!(lineage_of(&stage).refused_by_scp, vec![]);
    for minutes in 1..3 {
        stage.clock.advance_millis(minutes * 60_000);
        call(&stage, "A", "ListUsers", &[]).unwrap_err();
    }
    let id = stage.twin.account().organization.unwrap().policy_ids.into_iter();
    let (_, id) = id.into_iter().find(|(name, _)| is_quarantine_name(name)).unwrap();
    let met = lineage_of(&stage).refused_by_scp;
    assert_eq!(met.len(), 1, "{met:?}");
    assert_eq!((met[0].call.as_str(), &met[0].by), ("iam:ListUsers", &stage.names["A"]));
    assert_eq!(met[0].at.seconds(), stage.twin.now().seconds());
    let named = format!(
        "service control policy: arn:aws:organizations::999999999999:policy/o-exampleorgid/service_control_policy/{id}"
    );
    assert!(met[0].message.ends_with(&named), "{}", met[0].message);
    // Another edition of it is another call: what the first denies is no effect of the second.
    stage.clock.advance_millis(60_000);
    let later = wait(async { planned_on(&stage, &collected(&mount).await.account) });
    assert_eq!(
        wait(effect(mount.clients(), document(first(&later).unwrap().1))),
        Effect::NotYet
    );
    assert!(matches!(
        wait(effect(mount.clients(), &PolicyText::new(NOBODY))),
        Effect::Unknown(_)
    ));
    // Who is refused more than that has seen nothing of this edition.
    let c = story::mount(&stage.twin, &stage.names["alice-session"]);
    assert!(matches!(
        wait(effect(c.clients(), document(first(&later).unwrap().1))),
        Effect::Unknown(_)
    ));
}

#[test]
fn undoing_it_gives_back_the_organization() {
    let stage = staged(Some("responder"), 1);
    let mount = responder(&stage);
    wait(async {
        let before = collected(&mount).await.account;
        let plan = planned_on(&stage, &before);
        let mut journal = Journal::in_memory();
        let finish = execute(mount.writable(), &plan.steps, family(&plan), &mut journal, &mut Silent)
            .await
            .unwrap();
        assert_eq!(finish, Finish::Completed);
        let between = collected(&mount).await.account;
        let level = &between.guards.as_ref().unwrap().scps[2];
        assert!(level.keys().any(|name| is_quarantine_name(name)));
        // As long as a credential of the family may live by itself, it stays.
        let care = |all: Option<&str>| Care {
            doubt: None,
            lineage: &plan.lineage,
            denies: Denies {
                all: all.map(str::to_owned),
                ..Denies::default()
            },
            named: BTreeSet::new(),
        };
        let alive = care(Some("it is a deny, and A is alive"));
        let undoing = undo(journal.entries(), &between, &before, &alive, &BTreeSet::new());
        assert!(
            undoing
                .left
                .iter()
                .any(|left| left.step.as_str() == "2" && left.why.contains("it is a deny"))
        );
        let undoing = undo(journal.entries(), &between, &before, &care(None), &BTreeSet::new());
        assert!(
            undoing
                .steps
                .last()
                .unwrap()
                .title
                .starts_with("detach service control policy")
        );
        let finish = execute(
            mount.writable(),
            &undoing.steps,
            family(&plan),
            &mut journal,
            &mut Silent,
        )
        .await
        .unwrap();
        assert_eq!(finish, Finish::Completed);
        let after = collected(&mount).await.account;
        // The leaked key stays inactive.
        let other: Vec<String> = diff(&before, &after).into_iter().map(|change| change.path).collect();
        assert_eq!(other, ["users.support-user.credentials.access_keys"]);
        // Not only detached: the policy itself is gone.
        assert!(stage.twin.account().organization.unwrap().unattached.is_empty());
    });
}

#[test]
fn a_run_that_broke_off_between_two_calls_is_taken_up() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    wait(async {
        let plan = planned_on(&stage, &collected(&mount).await.account);
        let (_, change) = first(&plan).unwrap();
        let Member::ServiceControlPolicy { name, .. } = &change.member else {
            unreachable!()
        };
        let client = mount.clients().organizations();
        let made = client.create_policy().name(name).description("d").content(NOBODY);
        made.r#type(PolicyType::ServiceControlPolicy).send().await.unwrap();
        assert_eq!(read(mount.clients(), &change.member).await.unwrap(), Setting::Absent);
        for _ in 0..2 {
            write(mount.writable(), change).await.unwrap();
            assert!(read(mount.clients(), &change.member).await.unwrap().same_as(&change.to));
        }
        let gone = Change {
            to: Setting::Absent,
            ..change.clone()
        };
        for _ in 0..2 {
            write(mount.writable(), &gone).await.unwrap();
            assert_eq!(read(mount.clients(), &change.member).await.unwrap(), Setting::Absent);
        }
    });
}

#[test]
fn where_the_account_has_no_place_left_the_unit_above_it_takes_it() {
    let stage = staged(Some("responder"), 4);
    let mount = responder(&stage);
    wait(async {
        let mut account = collected(&mount).await.account;
        let plan = planned_on(&stage, &account);
        let (step, change) = first(&plan).unwrap();
        assert_eq!(target(change), UNIT);
        assert!(step.fact.as_ref().unwrap().contains("binds no other there"));
        write(mount.writable(), change).await.unwrap();
        assert!(read(mount.clients(), &change.member).await.unwrap().same_as(&change.to));
        assert!(call(&stage, "A", "CreateUser", &[("UserName", "x")]).is_err());
        // No statement is about another account.
        let written = document(change).as_str();
        assert!(written.contains(r#""StringEquals":{"aws:PrincipalAccount":"123456789012"}"#));
        // Once it stands there, that is where it is changed.
        account = collected(&mount).await.account;
        account.guards.as_mut().unwrap().scps[2].clear();
        assert_eq!(target(first(&planned_on(&stage, &account)).unwrap().1), UNIT);
        // No place anywhere.
        let levels = &mut account.guards.as_mut().unwrap().scps;
        levels.iter_mut().for_each(|level| {
            level.clear();
            level.extend((0..5).map(|n| (format!("G{n}"), PolicyText::new(NOBODY))));
        });
        assert!(why_not(&planned_on(&stage, &account)).starts_with("all 5 places"));
    });
}

#[test]
fn what_does_not_fit_is_left_out_from_the_end_and_said() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    let mut account = wait(collected(&mount)).account;
    let mut lineage = lineage_of(&stage);
    let (role, session) = {
        let member = lineage
            .credentials
            .iter()
            .find(|member| member.role().is_some())
            .unwrap();
        (account.roles["MyBucketRole"].clone(), member.clone())
    };
    for n in 0..120 {
        let name = format!("a-role-with-a-name-that-is-rather-long-{n}");
        let mut member = session.clone();
        if let Some(oust::account::Holder::Role { name: of, .. }) = &mut member.holder {
            of.clone_from(&name);
        }
        member.key = AccessKeyId::clone(
            &format!("ASIARZPUZDIKAAAA{n:04}")
                .replace('0', "A")
                .replace('1', "B")
                .replace('8', "C")
                .replace('9', "D")
                .parse()
                .unwrap(),
        );
        lineage.credentials.push(member);
        account.roles.insert(name.clone(), Role { name, ..role.clone() });
    }
    let facts = Facts {
        account: &account,
        lineage: &lineage,
        bystanders: &[],
    };
    let plan = plan(&story::playbook(), End::Contain, facts, stage.twin.now());
    let (step, change) = first(&plan).unwrap();
    let written = document(change);
    assert!(written.as_str().chars().count() <= 5120);
    written.parse().unwrap();
    let fact = step.fact.as_ref().unwrap();
    assert!(fact.contains("left out, for want of room"), "{fact}");
    assert!(fact.contains("that nobody else changes `user/responder`"));
    // The compromised user is what everything else makes room for.
    assert!(
        written
            .as_str()
            .contains(r#""aws:PrincipalArn":["arn:aws:iam::123456789012:user/support-user"]"#)
    );
}

/// Keys that the family made for others: the user that it made for itself is denied everything, the innocent one keeps what isn't minting.
#[test]
fn whom_the_family_made_a_key_for_is_denied_by_what_he_is() {
    let mut stage = staged(Some("responder"), 0);
    let mut state = stage.twin.state();
    let admin: Arn = "arn:aws:iam::aws:policy/AdministratorAccess".parse().unwrap();
    state
        .account
        .users
        .get_mut("support-user")
        .unwrap()
        .attached
        .insert(admin);
    stage.twin = Twin::on_manual_clock(state, stage.clock.clone());
    call(&stage, "A", "CreateUser", &[("UserName", "notyet-1")]).unwrap();
    for user in ["notyet-1", "alice", "responder"] {
        call(&stage, "A", "CreateAccessKey", &[("UserName", user)]).unwrap();
    }
    let mount = responder(&stage);
    let account = wait(collected(&mount)).account;
    let plan = planned_on(&stage, &account);
    let (step, change) = first(&plan).unwrap();
    let fact = step.fact.as_ref().unwrap();
    assert!(
        fact.starts_with("denies everything to `user/support-user`, `user/notyet-1`;"),
        "{fact}"
    );
    assert!(fact.contains("denies minting to `user/alice`"), "{fact}");
    wait(write(mount.writable(), change)).unwrap();
    let after = stage.twin.account();
    let decide = |user: &str, action: &str, resource: &str| {
        Standing::of_user(&after, &after.users[user]).decide(action, resource, &Context::closed())
    };
    let role = "arn:aws:iam::123456789012:role/MyBucketRole";
    for (user, action, resource, may) in [
        ("notyet-1", "s3:GetObject", "*", false),
        ("alice", "s3:GetObject", "*", true),
        ("alice", "iam:CreateUser", "*", false),
        ("alice", "sts:AssumeRole", role, false),
        // Whom the plan is carried out by is never denied, whatever was made for him.
        ("responder", "iam:CreateUser", "*", true),
        ("responder", "sts:AssumeRole", role, true),
    ] {
        let outcome = decide(user, action, resource);
        assert_eq!(
            matches!(outcome, Outcome::Allowed(_)),
            may,
            "{user} {action}: {outcome:?}"
        );
        assert_eq!(
            matches!(outcome, Outcome::ExplicitDeny(_)),
            !may,
            "{user} {action}: {outcome:?}"
        );
    }
}

/// Sessions of Identity Center's roles end in no other way; those of service-linked roles not even so.
#[test]
fn a_role_that_iam_cannot_change_is_denied_by_the_policy() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    let before = wait(collected(&mount)).account;
    for (path, denied) in [
        ("/aws-reserved/sso.amazonaws.com/", true),
        ("/aws-service-role/x.amazonaws.com/", false),
    ] {
        let mut account = before.clone();
        account.roles.get_mut("MyBucketRole").unwrap().path = path.to_owned();
        let plan = planned_on(&stage, &account);
        let revokes = |step: &Step| matches!(step.action, Action::RevokeOlderSessions { .. });
        assert!(!plan.steps.iter().any(revokes));
        let arn = format!("arn:aws:iam::{ACCOUNT}:role{path}MyBucketRole");
        let written = document(first(&plan).unwrap().1).as_str();
        assert_eq!(written.contains(&arn), denied);
        let note = plan
            .not_touched
            .iter()
            .find(|note| note.what.contains("MyBucketRole"))
            .unwrap();
        assert_eq!(note.why.contains("denies its older sessions"), denied, "{}", note.why);
        let caller = wait(story::caller(&mount));
        let key = &stage.names["responder-key"];
        let rehearsed = wait(rehearse(plan, &account, &caller, Some(key), stage.twin.now())).unwrap();
        let c = rehearsed.proof().rows.iter().find(|row| row.label == "C").unwrap();
        assert_eq!(c.end.is_contained(), denied, "{}", c.end);
    }
}

#[test]
fn whom_the_policy_would_deny_cannot_be_the_responder() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    let mut account = wait(collected(&mount)).account;
    let lineage = lineage_of(&stage);
    let asked = |account: &Account| {
        let facts = Facts {
            account,
            lineage: &lineage,
            bystanders: &[],
        };
        let caller: Arn = "arn:aws:iam::123456789012:user/responder".parse().unwrap();
        refusal(facts, &[], &caller, None)
    };
    assert_eq!(asked(&account), None);
    for denied in ["user/support-user", "role/MyBucketRole"] {
        let arn: Arn = format!("arn:aws:iam::{ACCOUNT}:{denied}").parse().unwrap();
        let mut responder = account.organization.clone().unwrap().responder.unwrap();
        responder.in_organization = arn.clone();
        account.organization.as_mut().unwrap().responder = Some(responder);
        let refused = asked(&account).unwrap();
        assert!(
            matches!(&refused, Refusal::OwnCredentials { caller, .. } if *caller == arn.to_string()),
            "{refused}"
        );
    }
}

#[test]
fn who_acts_for_the_organization_may_be_another_than_who_acts_in_the_account() {
    // `alice` acts in the organization, the responder in the account: two profiles of one person.
    let stage = staged(Some("alice"), 0);
    let keys = stage.keys("alice-key").unwrap();
    let mount =
        responder(&stage).with_organizations(Credentials::from_keys(keys.key.as_str(), keys.secret, keys.token));
    wait(async {
        let mut account = collected(&mount).await.account;
        let found = account.organization.clone().unwrap().responder.unwrap();
        assert_eq!(found.in_organization.resource(), "user/alice");
        assert_eq!(found.in_account.resource(), "user/responder");
        let plan = planned_on(&stage, &account);
        assert!(
            document(first(&plan).unwrap().1)
                .as_str()
                .contains(r#"{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::123456789012:user/responder"}}"#)
        );
        // And of another account, of whom nothing is known here.
        let organizer: Arn = "arn:aws:sts::999999999999:assumed-role/OrgAdmin/me".parse().unwrap();
        account.organization.as_mut().unwrap().responder = Some(Responder {
            in_organization: organizer,
            ..found
        });
        let caller = story::caller(&mount).await;
        let key = &stage.names["responder-key"];
        // The responder has no rights in Organizations of his own, and needs none.
        let user = account.users.get_mut("responder").unwrap();
        let only_iam = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","sts:*","cloudtrail:*"],"Resource":"*"}]}"#;
        user.attached.clear();
        user.inline.insert("Only".to_owned(), PolicyText::new(only_iam));
        let rehearsed = rehearse(plan, &account, &caller, Some(key), stage.twin.now())
            .await
            .unwrap();
        assert_eq!(rehearsed.finish(), &Finish::Completed);
        assert!(rehearsed.contains());
        let verified = |event: &Event| matches!(event, Event::Verified { step } if step.as_str() == "2");
        assert!(rehearsed.entries().iter().any(|entry| verified(&entry.event)));
        let b = rehearsed.proof().rows.iter().find(|row| row.label == "B").unwrap();
        assert!(matches!(b.end, Verdict::DeniedEverything(_)));
    });
}

/// Whatever Region the responder works in, one endpoint of the partition is called.
#[test]
fn organizations_is_called_at_the_one_endpoint_of_the_partition() {
    use aws_sdk_organizations::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
    let of = |region: &str| {
        let params = Params::builder().region(region).build().unwrap();
        wait(DefaultResolver::new().resolve_endpoint(&params))
            .unwrap()
            .url()
            .to_owned()
    };
    assert_eq!(of("eu-west-1"), "https://organizations.us-east-1.amazonaws.com");
    assert_eq!(of("ap-southeast-4"), "https://organizations.us-east-1.amazonaws.com");
    assert_eq!(of("us-gov-east-1"), "https://organizations.us-gov-west-1.amazonaws.com");
    assert_eq!(
        of("cn-north-1"),
        "https://organizations.cn-northwest-1.amazonaws.com.cn"
    );
}

/// Organizations' own refusals, in its own codes.
#[test]
fn the_twin_refuses_what_organizations_refuses() {
    let stage = staged(Some("responder"), 0);
    let mount = responder(&stage);
    let client = mount.clients().organizations();
    let code = |error: AwsError| error.code.unwrap_or_default();
    macro_rules! refused {
        ($call:expr) => {
            code(AwsError::of("call", $call.send().await.unwrap_err()))
        };
    }
    wait(async {
        let create = |name: &str, content: &str| {
            let kind = PolicyType::ServiceControlPolicy;
            client
                .create_policy()
                .name(name)
                .description("d")
                .content(content)
                .r#type(kind)
        };
        let made = create("One", NOBODY).send().await.unwrap();
        let id = made
            .policy()
            .unwrap()
            .policy_summary()
            .unwrap()
            .id()
            .unwrap()
            .to_owned();
        assert_eq!(refused!(create("One", NOBODY)), "DuplicatePolicyException");
        assert_eq!(refused!(create("Two", "{}")), "MalformedPolicyDocumentException");
        let long = NOBODY.replace("ec2:RunInstances", &"x".repeat(5200));
        assert_eq!(refused!(create("Two", &long)), "ConstraintViolationException");
        let attach = |id: &str, to: &str| client.attach_policy().policy_id(id).target_id(to);
        let detach = |id: &str, to: &str| client.detach_policy().policy_id(id).target_id(to);
        assert_eq!(refused!(attach("p-nowhere0", ACCOUNT)), "PolicyNotFoundException");
        assert_eq!(refused!(attach(&id, "ou-exam-other123")), "TargetNotFoundException");
        assert_eq!(refused!(detach(&id, ACCOUNT)), "PolicyNotAttachedException");
        attach(&id, ACCOUNT).send().await.unwrap();
        assert_eq!(refused!(attach(&id, ACCOUNT)), "DuplicatePolicyAttachmentException");
        assert_eq!(refused!(client.delete_policy().policy_id(&id)), "PolicyInUseException");
        let targets = client.list_targets_for_policy().policy_id(&id).send().await.unwrap();
        assert_eq!(targets.targets()[0].target_id(), Some(ACCOUNT));
        for n in 0..3 {
            let made = create(&format!("More{n}"), NOBODY).send().await.unwrap();
            let id = made
                .policy()
                .unwrap()
                .policy_summary()
                .unwrap()
                .id()
                .unwrap()
                .to_owned();
            attach(&id, ACCOUNT).send().await.unwrap();
        }
        let made = create("Sixth", NOBODY).send().await.unwrap();
        let sixth = made
            .policy()
            .unwrap()
            .policy_summary()
            .unwrap()
            .id()
            .unwrap()
            .to_owned();
        assert_eq!(refused!(attach(&sixth, ACCOUNT)), "ConstraintViolationException");
        assert_eq!(
            refused!(detach("p-FullAWSAccess", "r-exam")),
            "ConstraintViolationException"
        );
        assert_eq!(
            refused!(client.update_policy().policy_id("p-FullAWSAccess").content(NOBODY)),
            "AccessDeniedException"
        );
        let update = client
            .update_policy()
            .policy_id(&id)
            .content(NOBODY.replace("ec2:", "s3:"));
        update.send().await.unwrap();
        assert!(
            stage.twin.account().guards.unwrap().scps[2]["One"]
                .as_str()
                .contains("s3:RunInstances")
        );
        let enable = client
            .enable_policy_type()
            .root_id("r-exam")
            .policy_type(PolicyType::ServiceControlPolicy);
        assert_eq!(refused!(enable), "PolicyTypeAlreadyEnabledException");
        let listed = client
            .list_policies()
            .filter(PolicyType::ServiceControlPolicy)
            .send()
            .await
            .unwrap();
        assert_eq!(listed.policies().len(), 6);
        // Who isn't of the management account, whatever IAM lets him do.
        let alice = story::mount(&stage.twin, &stage.names["alice-key"])
            .clients()
            .organizations();
        assert_eq!(refused!(alice.list_roots()), "AccessDeniedException");
        assert!(alice.describe_organization().send().await.is_ok());
    });
}
