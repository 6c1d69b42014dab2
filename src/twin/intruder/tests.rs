use super::*;
use crate::account::{AccessKey, Account, Credentials, KeyStatus, User};
use crate::ids::AccessKeyId;
use crate::policy::PolicyText;
use crate::time::ManualClock;
use crate::twin::{Fault, State, Twin};

const NOW: Moment = Moment::from_millis(1_774_000_000_000);
const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

fn script() -> Script {
    Script::parse(CATALOGUE[0].1).unwrap()
}

fn user(name: &str, key: &AccessKeyId) -> User {
    User {
        name: name.into(),
        path: "/".into(),
        id: format!("AIDA{name}"),
        created: NOW,
        tags: Default::default(),
        inline: [("Admin".to_owned(), PolicyText::new(call::ADMIN))].into(),
        attached: Default::default(),
        groups: Default::default(),
        boundary: None,
        credentials: Some(Credentials {
            access_keys: vec![AccessKey {
                id: key.clone(),
                status: KeyStatus::Active,
                created: NOW,
                last_used: None,
            }],
            ..Default::default()
        }),
    }
}

/// A twin in which `bob`'s key is the intruder's and `ann` responds.
struct Scene {
    twin: Twin,
    clock: ManualClock,
    ann: Keys,
    bob: AccessKeyId,
}

impl Scene {
    fn new(script: Script, seed: u64) -> Self {
        let mut state = State::new(Account::empty("123456789012".parse().unwrap()), Vec::new(), 5);
        state.account.resources = Some(Default::default());
        let id = state.account.id.clone();
        let (ann, bob) = (
            state.mint.access_key_id("AKIA", &id),
            state.mint.access_key_id("AKIA", &id),
        );
        for (name, key) in [("ann", &ann), ("bob", &bob)] {
            state.account.users.insert(name.into(), user(name, key));
        }
        let clock = ManualClock::starting_at(NOW);
        let twin = Twin::on_manual_clock(state, clock.clone());
        let intruder = Intruder::new(script, twin.keys(&bob), seed, NOW);
        let ann = twin.keys(&ann);
        Scene {
            twin: twin.inhabited_by(intruder),
            clock,
            ann,
            bob,
        }
    }

    fn pass(&self, millis: i64) {
        self.clock.advance_millis(millis);
    }

    fn ann(&self, operation: &str, params: &[(&str, &str)]) -> Result<Node, Fault> {
        self.twin.call(&self.ann, "iam", operation, params, "192.0.2.1")
    }

    fn deny(&self) {
        let deny = [("UserName", "bob"), ("PolicyName", "Deny"), ("PolicyDocument", DENY)];
        self.ann("PutUserPolicy", &deny).unwrap();
    }

    fn said(&self) -> String {
        let did = self.twin.overheard();
        did.into_iter().map(|did| did.what + "\n").collect()
    }

    /// Who made each call in the trail, and when.
    fn trail(&self) -> Vec<(String, String, String)> {
        let text = |record: &serde_json::Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let trail = self.twin.trail();
        let rows = trail.iter().map(|record| {
            let ip = text(record, "sourceIPAddress");
            (text(record, "eventTime"), ip, text(record, "eventName"))
        });
        rows.collect()
    }
}

#[test]
fn it_takes_hold_before_anybody_does_anything() {
    let scene = Scene::new(script(), 1);
    scene.pass(3_000);
    let account = scene.twin.account();
    let own: Vec<&String> = account.users["bob"].inline.keys().collect();
    assert!(own.len() == 1 && own[0].starts_with("notyet-"), "{own:?}");
    assert!(scene.said().contains("deletes inline policy `Admin` of user `bob`"));
    let grip = scene.twin.grip().unwrap();
    assert!(grip.has_access() && grip.made.len() == 1, "{grip:?}");
}

/// Without lag a deny works at once: nothing can be undone by who is denied.
#[test]
fn without_lag_a_deny_ends_it() {
    let scene = Scene::new(script(), 1);
    scene.pass(3_000);
    scene.deny();
    scene.pass(20_000);
    let grip = scene.twin.grip().unwrap();
    assert!(!grip.has_access(), "{grip:?}");
    assert!(scene.twin.account().users["bob"].inline.contains_key("Deny"));
    // It goes on trying, and gives up in the end.
    assert!(!grip.gave_up);
    scene.pass(200_000);
    let grip = scene.twin.grip().unwrap();
    assert!(grip.gave_up, "{grip:?}");
    let calls = grip.calls;
    scene.pass(200_000);
    assert_eq!(scene.twin.grip().unwrap().calls, calls);
}

/// A session of a role isn't reached by what is done to the user, and undoes it.
#[test]
fn what_still_works_undoes_the_rest() {
    let mut script = script();
    script.roles = vec!["Ops".to_owned()];
    let scene = Scene::new(script, 1);
    let trust = call::Texts {
        account: "123456789012",
        partition: "aws",
        policy: "",
    };
    let trust = trust.trust();
    scene
        .ann(
            "CreateRole",
            &[("RoleName", "Ops"), ("AssumeRolePolicyDocument", &trust)],
        )
        .unwrap();
    let policy = [
        ("RoleName", "Ops"),
        ("PolicyName", "Admin"),
        ("PolicyDocument", call::ADMIN),
    ];
    scene.ann("PutRolePolicy", &policy).unwrap();
    scene.pass(3_000);
    scene.deny();
    let key = scene.bob.to_string();
    let off = [("UserName", "bob"), ("AccessKeyId", &*key), ("Status", "Inactive")];
    scene.ann("UpdateAccessKey", &off).unwrap();
    scene.pass(10_000);
    let said = scene.said();
    for one in [
        "deletes inline policy `Deny` of user `bob`",
        "active again",
        "makes a new key for user `bob`",
        "makes user `notyet-",
        "makes role `notyet-",
        "takes a session of role `notyet-",
    ] {
        assert!(said.contains(one), "{one}: {said}");
    }
    let account = scene.twin.account();
    assert!(!account.users["bob"].inline.contains_key("Deny"));
    assert!(account.users.len() > 2 && account.roles.len() > 1);
    let grip = scene.twin.grip().unwrap();
    assert!(grip.works.len() > 3 && grip.made.len() > 6, "{grip:?}");
    // A boundary, a group and the deletion of the user are answered too.
    let all = "arn:aws:iam::aws:policy/AWSDenyAll";
    let boundary = [("UserName", "bob"), ("PermissionsBoundary", all)];
    scene.ann("PutUserPermissionsBoundary", &boundary).unwrap();
    scene.ann("CreateGroup", &[("GroupName", "Out")]).unwrap();
    scene
        .ann("AddUserToGroup", &[("UserName", "bob"), ("GroupName", "Out")])
        .unwrap();
    scene
        .ann("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", all)])
        .unwrap();
    scene.pass(5_000);
    let said = scene.said();
    for one in [
        "the permissions boundary",
        "out of group `Out`",
        "detaches arn:aws:iam::aws:policy/AWSDenyAll",
    ] {
        assert!(said.contains(one), "{one}: {said}");
    }
}

/// It may begin with a session of a role as well.
#[test]
fn a_role_is_defended_like_a_user() {
    let scene = Scene::new(script(), 1);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/ann"},"Action":"sts:AssumeRole"}]}"#;
    scene
        .ann(
            "CreateRole",
            &[("RoleName", "Ops"), ("AssumeRolePolicyDocument", trust)],
        )
        .unwrap();
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    scene
        .ann("AttachRolePolicy", &[("RoleName", "Ops"), ("PolicyArn", admin)])
        .unwrap();
    let role = [
        ("RoleArn", "arn:aws:iam::123456789012:role/Ops"),
        ("RoleSessionName", "ci"),
    ];
    let answer = scene
        .twin
        .call(&scene.ann, "sts", "AssumeRole", &role, "192.0.2.1")
        .unwrap();
    let key = answer.get("Credentials").unwrap().get("AccessKeyId").unwrap();
    let keys = scene.twin.keys(&key.as_text().unwrap().parse().unwrap());
    let intruder = Intruder::new(script(), keys, 1, scene.twin.now());
    let twin = scene.twin.clone().inhabited_by(intruder);
    scene.pass(3_000);
    let account = twin.account();
    assert!(account.roles["Ops"].attached.is_empty());
    assert!(
        account.roles["Ops"]
            .inline
            .keys()
            .all(|name| name.starts_with("notyet-"))
    );
    assert!(twin.grip().unwrap().has_access());
}

#[test]
fn its_moves_are_made_at_their_own_moments_and_in_order() {
    let scene = Scene::new(script(), 1);
    scene.pass(2_000);
    let _ = scene.ann("ListUsers", &[]);
    scene.pass(60_000);
    let _ = scene.ann("ListUsers", &[]);
    let trail = scene.trail();
    let times: Vec<&String> = trail.iter().map(|(at, ..)| at).collect();
    assert!(times.is_sorted(), "{times:?}");
    let ours: Vec<usize> = trail
        .iter()
        .enumerate()
        .filter(|(_, row)| row.1 == "192.0.2.1")
        .map(|(n, _)| n)
        .collect();
    let [first, last] = ours[..] else { panic!("{ours:?}") };
    assert!(first > 5 && last == trail.len() - 1, "{ours:?} of {}", trail.len());
    // Six looks of about 80 ms each and a rest of 500 ms: about a minute's worth of them lies between.
    let between = last - first;
    assert!((200..500).contains(&between), "{between}");
    assert!(trail.iter().filter(|row| row.2 == "ListBuckets").count() >= 12);
}

#[test]
fn one_seed_gives_one_fight_and_a_fork_goes_on_by_itself() {
    let run = |seed: u64| {
        let scene = Scene::new(script(), seed);
        scene.pass(4_000);
        let _ = scene.ann("DeleteUserPolicy", &[("UserName", "bob"), ("PolicyName", "Admin")]);
        scene.pass(9_000);
        serde_json::to_string(&scene.twin.trail()).unwrap()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let scene = Scene::new(script(), 1);
    scene.pass(4_000);
    let fork = scene.twin.fork();
    let before = fork.trail().len();
    scene.pass(60_000);
    assert_eq!(fork.trail().len(), before);
    assert!(scene.twin.trail().len() > before);
    assert_eq!(fork.grip().unwrap().made, scene.twin.grip().unwrap().made);
}

/// Asking what it has is no move of its: nothing is left behind in the twin.
#[test]
fn asking_what_it_has_changes_nothing() {
    let scene = Scene::new(script(), 1);
    scene.pass(3_000);
    let before = serde_json::to_string(&scene.twin.trail()).unwrap();
    assert!(scene.twin.grip().unwrap().has_access());
    assert_eq!(serde_json::to_string(&scene.twin.trail()).unwrap(), before);
}

#[test]
fn moves_that_are_not_named_are_not_made() {
    let mut quiet = script();
    quiet.moves = Moves::default();
    let scene = Scene::new(quiet, 1);
    scene.pass(30_000);
    let before = scene.twin.account();
    scene.pass(30_000);
    assert_eq!(scene.twin.account(), before);
    assert!(before.users["bob"].inline.contains_key("Admin"));
    assert_eq!(scene.said(), "");
}

#[test]
fn a_fault_of_a_script_has_its_place() {
    let text = CATALOGUE[0].1;
    let fault = |from: &str, to: &str| {
        let text = text.replacen(from, to, 1);
        let error = Script::parse(&text).unwrap_err();
        (error.message, text[error.span].to_owned())
    };
    let (message, at) = fault("every = \"500ms\"", "every = \"half a second\"");
    assert!(
        message.contains("no length of time") && at == "\"half a second\"",
        "{message} at {at}"
    );
    let (message, at) = fault("latency = \"60ms\"", "latency = \"0ms\"");
    assert!(
        message.contains("`latency` must be longer") && at == "latency",
        "{message} at {at}"
    );
    let (message, at) = fault("restore_admin = true", "restore_admin = false");
    assert!(
        message.contains("needs `restore_admin`") && at == "strip_denies",
        "{message} at {at}"
    );
    let (message, _) = fault("new_role = true", "new_rule = true");
    assert!(message.contains("new_rule"), "{message}");
    let (_, at) = fault("at_once = 1 ", "at_once = 0 ");
    assert_eq!(at, "at_once");
    let (_, at) = fault("prefix = \"notyet-\"", "prefix = \"no yet\"");
    assert_eq!(at, "prefix");
}

/// A responder's move by its number, and how long nothing happens behind it.
fn respond(scene: &Scene, what: u8, millis: i64) {
    let key = scene.bob.to_string();
    let all = "arn:aws:iam::aws:policy/AWSDenyAll";
    let bob = ("UserName", "bob");
    let _ = match what % 9 {
        0 => scene.ann(
            "PutUserPolicy",
            &[bob, ("PolicyName", "Deny"), ("PolicyDocument", DENY)],
        ),
        1 => scene.ann("UpdateAccessKey", &[bob, ("AccessKeyId", &key), ("Status", "Inactive")]),
        2 => scene.ann("UpdateAccessKey", &[bob, ("AccessKeyId", &key), ("Status", "Active")]),
        3 => scene.ann("DeleteAccessKey", &[bob, ("AccessKeyId", &key)]),
        4 => scene.ann("PutUserPermissionsBoundary", &[bob, ("PermissionsBoundary", all)]),
        5 => scene.ann("AttachUserPolicy", &[bob, ("PolicyArn", all)]),
        6 => scene.ann("DeleteUserPolicy", &[bob, ("PolicyName", "Deny")]),
        7 => scene.ann("DeleteUserPolicy", &[bob, ("PolicyName", "Admin")]),
        _ => scene.ann("ListUsers", &[]),
    };
    scene.pass(millis);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    /// Whatever is done against it: it signs with nothing but what it was given, its calls are in the trail at their own moments, in
    /// order with everybody's, and the same fight is fought in a fork.
    #[test]
    fn every_fight_is_fair_and_can_be_fought_again(
        seed in 0u64..1000,
        at_once in 1usize..4,
        tokens in proptest::bool::ANY,
        fight in proptest::collection::vec((0u8..9, 20i64..4000), 1..8),
    ) {
        let mut script = script();
        script.at_once = at_once;
        script.moves.mint_session_tokens = tokens;
        script.moves.assume_roles = true;
        let scene = Scene::new(script, seed);
        scene.pass(1_000);
        let clock = ManualClock::starting_at(scene.twin.now());
        let other = Scene {
            twin: scene.twin.fork_on(clock.clone()),
            clock,
            ann: scene.ann.clone(),
            bob: scene.bob.clone(),
        };
        for (what, millis) in &fight {
            respond(&scene, *what, *millis);
            respond(&other, *what, *millis);
        }
        let trail = scene.twin.trail();
        proptest::prop_assert_eq!(&trail, &other.twin.trail());
        proptest::prop_assert_eq!(scene.twin.account(), other.twin.account());
        let rows = scene.trail();
        proptest::prop_assert!(rows.is_sorted_by_key(|(at, ..)| at.clone()));
        let held: Vec<String> = scene.twin.intruder_holds().iter().map(ToString::to_string).collect();
        let signed = trail.iter().filter(|record| record["sourceIPAddress"] == SOURCE_IP);
        for record in signed {
            let key = record["userIdentity"]["accessKeyId"].as_str().unwrap_or_default();
            proptest::prop_assert!(held.iter().any(|held| held == key), "{}", record);
        }
    }

    #[test]
    fn no_text_is_too_odd_to_be_refused(at in 0usize..3000, rubbish in ".{0,12}") {
        let text = CATALOGUE[0].1;
        let at = text.floor_char_boundary(at.min(text.len()));
        let (before, behind) = text.split_at(at);
        if let Err(error) = Script::parse(&format!("{before}{rubbish}{behind}")) {
            proptest::prop_assert!(!error.message.is_empty());
        }
    }
}

/// A world in which every change is in force `lag` milliseconds late, and is read at once: as little weather as these tests need.
struct Lagging {
    state: State,
    accounts: Vec<(Moment, Account)>,
    lag: i64,
}

impl Lagging {
    fn handle(&mut self, request: &Request, at: Moment) -> Reply {
        let in_force = at.plus_millis(-self.lag);
        let known = self.accounts.iter().rev().find(|(since, _)| *since <= in_force);
        let mut past = self.state.clone();
        past.account = known.or(self.accounts.first()).unwrap().1.clone();
        let reply = crate::twin::handle(&mut past, request, at);
        let refused = ["AccessDenied", "InvalidClientTokenId", "InvalidAccessKeyId"];
        if reply.outcome.as_ref().is_err_and(|fault| refused.contains(&fault.code)) {
            return reply;
        }
        self.state.enforce = false;
        let reply = crate::twin::handle(&mut self.state, request, at);
        self.state.enforce = true;
        self.state.trail.clear();
        self.accounts.push((at, self.state.account.clone()));
        reply
    }
}

/// What `cut` leaves to an intruder who has had six seconds, half a minute later.
fn after(cut: &[(&str, &[(&str, &str)])], lag: i64) -> (Grip, String) {
    let scene = Scene::new(script(), 1);
    let state = scene.twin.state();
    let mut world = Lagging {
        accounts: vec![(NOW, state.account.clone())],
        state,
        lag,
    };
    let mut intruder = Intruder::new(script(), scene.twin.keys(&scene.bob), 1, NOW);
    let mut now = NOW.plus_millis(6_000);
    let (own, key) = (intruder.policy.clone(), scene.bob.to_string());
    for (operation, params) in cut {
        intruder.act_until(now, &mut |request, at| world.handle(request, at));
        let fill = |value: &str| value.replace("OWN", &own).replace("KEY", &key);
        let params: Vec<(&str, String)> = params.iter().map(|(name, value)| (*name, fill(value))).collect();
        let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = signed::query(&scene.ann, "iam", operation, &params, "192.0.2.1", now);
        world.handle(&request, now).outcome.unwrap();
        now = now.plus_millis(5);
    }
    now = now.plus_millis(30_000);
    intruder.act_until(now, &mut |request, at| world.handle(request, at));
    let said = intruder.overheard().into_iter().map(|did| did.what + "\n").collect();
    let account = world.state.account.clone();
    let grip = intruder.grip(&account, now, &mut |request, at| world.handle(request, at));
    (grip, said)
}

/// The table of `notyet`'s README, the rows of an access key: whatever is done to the user alone is survived inside of the lag, and nothing
/// of it is without. <https://github.com/OFFENSAI/notyet>
#[test]
fn each_single_cut_is_survived_inside_of_the_lag_and_only_there() {
    const BOB: (&str, &str) = ("UserName", "bob");
    const ALL: &str = "arn:aws:iam::aws:policy/AWSDenyAll";
    type Cut<'a> = &'a [(&'a str, &'a [(&'a str, &'a str)])];
    let key = ("AccessKeyId", "KEY");
    let cuts: [(&str, Cut<'_>); 9] = [
        (
            "disable the key",
            &[("UpdateAccessKey", &[BOB, key, ("Status", "Inactive")])],
        ),
        ("delete the key", &[("DeleteAccessKey", &[BOB, key])]),
        (
            "delete the user",
            &[
                ("DeleteAccessKey", &[BOB, key]),
                ("DeleteUserPolicy", &[BOB, ("PolicyName", "OWN")]),
                ("DeleteUser", &[BOB]),
            ],
        ),
        (
            "inline deny",
            &[(
                "PutUserPolicy",
                &[BOB, ("PolicyName", "Deny"), ("PolicyDocument", DENY)],
            )],
        ),
        ("managed deny", &[("AttachUserPolicy", &[BOB, ("PolicyArn", ALL)])]),
        (
            "boundary",
            &[("PutUserPermissionsBoundary", &[BOB, ("PermissionsBoundary", ALL)])],
        ),
        (
            "alter its policy",
            &[("PutUserPolicy", &[BOB, ("PolicyName", "OWN"), ("PolicyDocument", DENY)])],
        ),
        (
            "a group that is denied",
            &[
                ("CreateGroup", &[("GroupName", "Out")]),
                ("AttachGroupPolicy", &[("GroupName", "Out"), ("PolicyArn", ALL)]),
                ("AddUserToGroup", &[("GroupName", "Out"), BOB]),
            ],
        ),
        (
            "delete its policy",
            &[("DeleteUserPolicy", &[BOB, ("PolicyName", "OWN")])],
        ),
    ];
    for (name, cut) in cuts {
        let (grip, said) = after(cut, 4_000);
        assert!(grip.has_access(), "{name}: {grip:#?}\n{said}");
        let (grip, said) = after(cut, 0);
        assert!(!grip.has_access(), "{name}: {grip:#?}\n{said}");
    }
}
