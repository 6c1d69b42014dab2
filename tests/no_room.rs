//! An intruder who leaves no room for a deny: another lock is chosen, and what cannot be done keeps nothing else from being done.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use oust::account::{Account, ManagedPolicy, PolicyVersion};
use oust::action::{Action, Inverse, Member, Setting, revoke};
use oust::ids::Arn;
use oust::journal::Finish;
use oust::lineage::{Lineage, Made};
use oust::plan::{Facts, Plan, goes_with, plan};
use oust::playbook::End;
use oust::policy::PolicyText;
use oust::rehearse::{Rehearsed, rehearse_without_refused};
use oust::time::Moment;
use support::served::{Served, said};
use support::story;

const ROLE: &str = "MyBucketRole";

/// The story's account and family, changed, planned and rehearsed.
fn rehearsed(end: End, change: impl FnOnce(&mut Account, &mut Lineage)) -> Rehearsed {
    rehearsed_with(end, change, |_| {})
}

/// The same, on an account that was changed behind the plan.
fn rehearsed_later(end: End, change: impl FnOnce(&mut Account)) -> Rehearsed {
    rehearsed_with(end, |_, _| {}, change)
}

fn rehearsed_with(
    end: End,
    change: impl FnOnce(&mut Account, &mut Lineage),
    later: impl FnOnce(&mut Account),
) -> Rehearsed {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let stage = story::played();
        let (mount, mut lineage, _) = story::planned(&stage, end).await;
        let mut account = story::account(&mount).await;
        account.resources = Some(Default::default());
        change(&mut account, &mut lineage);
        let facts = Facts {
            account: &account,
            lineage: &lineage,
            bystanders: &[],
        };
        let plan = plan(&story::playbook(), end, facts, stage.twin.now());
        later(&mut account);
        let caller = story::caller(&mount).await;
        let key = &stage.names["responder-key"];
        rehearse_without_refused(plan, &account, &caller, Some(key), stage.twin.now())
            .await
            .unwrap()
    })
}

fn padding(size: usize) -> PolicyText {
    let fill = |fill: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:x","Resource":"{fill}"}}]}}"#)
    };
    let text = PolicyText::new(fill(""));
    PolicyText::new(fill(&"y".repeat(size - text.counted_size())))
}

fn size_of(account: &Account) -> usize {
    account.roles[ROLE].inline.values().map(PolicyText::counted_size).sum()
}

fn pad(account: &mut Account) {
    let left = 10_240 - size_of(account);
    let role = account.roles.get_mut(ROLE).unwrap();
    role.inline.insert("pad".to_owned(), padding(left));
}

/// Takes all places for managed policies.
fn attach(account: &mut Account) {
    let mut n = 0;
    while account.roles[ROLE].attached.len() < 20 {
        n += 1;
        let arn: Arn = format!("arn:aws:iam::123456789012:policy/fill-{n}").parse().unwrap();
        account.roles.get_mut(ROLE).unwrap().attached.insert(arn.clone());
        let version = PolicyVersion {
            document: padding(200),
            created: Moment::from_millis(0),
        };
        account.policies.insert(
            arn,
            ManagedPolicy {
                name: format!("fill-{n}"),
                path: "/".to_owned(),
                id: format!("ANPAFILL{n}"),
                created: Moment::from_millis(0),
                default_version: "v1".to_owned(),
                versions: [("v1".to_owned(), version)].into(),
            },
        );
    }
}

/// The steps on the role's locks, as words.
fn locks(plan: &Plan) -> Vec<String> {
    let of_role = |member: Option<Member>| member.is_some_and(|member| member.owner() == Some(ROLE));
    let steps = plan.steps.iter().filter(|step| of_role(step.action.member()));
    steps
        .map(|step| match &step.action {
            Action::Change { change } if change.to == Setting::Absent => "remove".to_owned(),
            Action::Change { change } => change.member.read_operation().to_owned(),
            _ => "revoke".to_owned(),
        })
        .collect()
}

#[test]
fn a_role_without_room_for_a_revocation_is_denied_everything_by_a_managed_policy() {
    let size = revoke::document(Moment::from_millis(0)).counted_size();
    let with_room = |room: usize| {
        let rehearsed = rehearsed(End::Contain, |account, _| {
            let left = 10_240 - size_of(account) - room;
            let role = account.roles.get_mut(ROLE).unwrap();
            role.inline.insert("pad".to_owned(), padding(left));
        });
        assert!(rehearsed.contains() && rehearsed.left_out().is_empty());
        locks(rehearsed.plan())
    };
    assert_eq!(with_room(size), ["revoke"]);
    assert_eq!(with_room(size - 1), ["iam:ListAttachedRolePolicies"]);
    let padded = rehearsed(End::Contain, |account, _| pad(account));
    assert_eq!(locks(padded.plan()), ["iam:ListAttachedRolePolicies"]);
    let mut steps = padded.plan().steps.iter();
    let lock = steps.find(|step| step.title.contains("AWSDenyAll` to role")).unwrap();
    assert!(lock.breaks.contains("new ones too"), "{}", lock.breaks);
    assert!(lock.fact.as_ref().unwrap().contains("take 10240 of 10240"));
    assert!(padded.contains(), "{:?}", padded.proof());
    assert!(padded.left_out().is_empty());
}

/// What the family filled the role with makes room, before the revocation and not beside it.
#[test]
fn where_no_lock_is_free_the_familys_padding_goes_first() {
    let padded = rehearsed(End::Contain, |account, lineage| {
        pad(account);
        attach(account);
        lineage.made.push(Made {
            by: lineage.credentials[0].key.clone(),
            at: lineage.credentials[0].first_use().unwrap(),
            service: "iam".to_owned(),
            call: "PutRolePolicy".to_owned(),
            what: format!("{ROLE} pad"),
            names_nobody: false,
            event: "E".to_owned(),
        });
    });
    assert_eq!(locks(padded.plan()), ["remove", "revoke"]);
    let steps = &padded.plan().steps;
    let of_role = |action: &Action| action.member().is_some_and(|member| member.owner() == Some(ROLE));
    let n = steps.iter().position(|step| of_role(&step.action)).unwrap();
    assert!(!goes_with(&steps[n + 1], &steps[n..=n]));
    assert!(padded.contains(), "{:?}", padded.proof());
}

/// Nobody knows who filled the role, and every place is taken: its boundary is always free, and whatever was the boundary comes back by undo.
#[test]
fn where_nothing_else_is_free_a_role_is_denied_everything_by_its_boundary() {
    for end in [End::Contain, End::Strip, End::Delete] {
        let own: Arn = "arn:aws:iam::123456789012:policy/fill-1".parse().unwrap();
        let padded = rehearsed(end, |account, _| {
            pad(account);
            attach(account);
            account.roles.get_mut(ROLE).unwrap().boundary = Some(own.clone());
        });
        assert_eq!(locks(padded.plan()), ["iam:GetRole"]);
        let mut steps = padded.plan().steps.iter();
        let lock = steps
            .find(|step| step.title == "make `AWSDenyAll` the permissions boundary of role `MyBucketRole`")
            .unwrap();
        assert!(lock.breaks.contains("new ones too"), "{}", lock.breaks);
        assert!(!lock.destructive);
        let Action::Change { change } = &lock.action else {
            panic!("{lock:?}")
        };
        assert!(change.is_cut());
        let back = change.inverse(&Setting::Policy(own.clone()));
        let Inverse::Exact(back) = back else { panic!("{back:?}") };
        assert_eq!(back.to, Setting::Policy(own.clone()));
        assert!(
            padded.contains() && padded.left_out().is_empty(),
            "{:?}",
            padded.proof()
        );
    }
}

/// The plan was made when there was room yet. The user and his sessions are cut all the same, and it is told who stays alive.
#[test]
fn a_step_that_is_refused_is_left_out_and_told_and_everything_else_is_done() {
    for end in [End::Contain, End::Strip] {
        let padded = rehearsed_later(end, |account| {
            pad(account);
            attach(account);
        });
        assert_eq!(*padded.finish(), Finish::Completed);
        assert!(!padded.contains());
        assert_eq!(locks(padded.plan()), Vec::<String>::new());
        let [told] = padded.left_out() else {
            panic!("{:?}", padded.left_out());
        };
        assert!(
            told.contains("cannot be done (revoke the sessions of role `MyBucketRole`"),
            "{told}"
        );
        assert!(
            told.contains("Maximum policy size") && told.contains("leaves alive: "),
            "{told}"
        );
        let mut left = padded.plan().not_touched.iter();
        assert!(left.any(|left| left.why.starts_with("it cannot be done: ")));
        for row in &padded.proof().rows {
            let member = padded.plan().lineage.member(&row.key).unwrap();
            assert_eq!(
                row.end.is_contained(),
                member.role().is_none(),
                "{}: {}",
                row.label,
                row.end
            );
        }
    }
}

/// The whole program: it takes the lock that is left, undo gives it back, and nothing further is called for.
#[test]
fn a_run_bounds_a_role_that_has_no_room_for_any_other_deny() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("cases").to_str().unwrap().to_owned();
    let playbook = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks/user-key.toml")).unwrap();
    let quick = folder.path().join("quick.toml").to_str().unwrap().to_owned();
    std::fs::write(&quick, playbook.replace("seconds = 30", "seconds = 1")).unwrap();
    let served = Served::start(&["--played"]);
    served.fill_role(ROLE);
    let boundary = || {
        let role = served.iam("responder-key").get_role().role_name(ROLE);
        let role = support::served::wait(role.send()).unwrap().role.unwrap();
        role.permissions_boundary
            .and_then(|boundary| boundary.permissions_boundary_arn)
    };
    let stolen = served.key("A")["access_key_id"].as_str().unwrap();
    let args = ["run", stolen, "--yes", "--playbook", &quick, "--cases", &cases];
    let run = served.oust("responder-key", None, &args);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    let told = said(&run).replace('\n', " ");
    assert!(!told.contains("cannot be done"), "{told}");
    assert_eq!(boundary().as_deref(), Some("arn:aws:iam::aws:policy/AWSDenyAll"));
    let held = served.user_policies("support-user");
    assert!(held.contains(&"OustDenyAll".to_owned()), "{held:?}");
    let case = std::fs::read_dir(&cases).unwrap().next().unwrap().unwrap();
    let case = case.file_name().into_string().unwrap();
    for args in [
        ["resume", &case, "--yes"].as_slice(),
        &["watch", &case, "--once", "--yes"],
    ] {
        let after = served.oust("responder-key", None, &[args, &["--cases", &cases]].concat());
        assert_eq!(after.status.code(), Some(0), "{}", said(&after));
    }
    let waves = std::fs::read_dir(std::path::Path::new(&cases).join(&case)).unwrap();
    let waves = waves.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("plan"));
    assert_eq!(waves.count(), 2, "the first wave and the plan, and none behind them");
    // Named, it is undone even where that lets the family in again.
    let journal = std::fs::read_to_string(format!("{cases}/{case}/journal.jsonl")).unwrap();
    let of_boundary = journal
        .lines()
        .find(|line| line.contains("role_boundary") && line.contains("intended"));
    let entry: serde_json::Value = serde_json::from_str(of_boundary.unwrap()).unwrap();
    let step = entry["step"].as_str().unwrap();
    let undo = ["undo", &case, "--step", step, "--yes", "--cases", &cases];
    let undone = served.oust("responder-key", None, &undo);
    assert_eq!(undone.status.code(), Some(0), "{}", said(&undone));
    assert_eq!(boundary(), None);
}
