use super::*;
use crate::account::{Group, ManagedPolicy, PolicyVersion, Role, User};
use crate::policy::{Outcome, PolicyText};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Moment = Moment::from_millis(1_774_000_000_000);
const A: &str = "123456789012";

fn policy(statements: &Value) -> PolicyText {
    PolicyText::new(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{A}:user/{name}")
}

fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{A}:role/{name}")
}

fn user(account: &mut Account, name: &str, statements: &[Value]) {
    let inline = (!statements.is_empty()).then(|| ("P".to_owned(), policy(&json!(statements))));
    let user: User = serde_json::from_value(json!({
        "name": name, "path": "/", "id": format!("AIDA{}", name.to_uppercase()), "created": NOW, "credentials": {}
    }))
    .unwrap();
    account.users.insert(
        name.into(),
        User {
            inline: inline.into_iter().collect(),
            ..user
        },
    );
}

fn role(account: &mut Account, name: &str, trusts: Value, statements: &[Value]) {
    let inline = (!statements.is_empty()).then(|| ("P".to_owned(), policy(&json!(statements))));
    let role = Role {
        name: name.into(),
        path: "/".into(),
        id: format!("AROA{}", name.to_uppercase()),
        created: NOW,
        trust: policy(&json!([{"Effect": "Allow", "Principal": trusts, "Action": "sts:AssumeRole"}])),
        max_session_seconds: Some(3600),
        tags: Default::default(),
        inline: inline.into_iter().collect(),
        attached: Default::default(),
        boundary: None,
        instance_profiles: Default::default(),
    };
    account.roles.insert(name.into(), role);
}

fn account() -> Account {
    let mut account = Account::empty(A.parse().unwrap());
    account.resources = Some(Default::default());
    account
}

fn reached(account: &Account, name: &str) -> Reached {
    let standing = Standing::of_user(account, account.users.get(name).unwrap());
    Reach::of(account, NOW).from(&standing)
}

/// Names with `!` for what is certain and `?` for what is possible.
fn names(reached: &Reached) -> Vec<String> {
    let names = reached.principals.iter();
    let mut names: Vec<String> = names
        .map(|one| format!("{}{}", one.arn.name(), if one.sure { "!" } else { "?" }))
        .collect();
    names.sort();
    names
}

#[test]
fn a_chain_of_roles_is_told_hop_by_hop() {
    let mut account = account();
    user(&mut account, "ann", &[allow("sts:AssumeRole", &role_arn("R1"))]);
    role(&mut account, "R1", json!({"AWS": A}), &[allow("sts:AssumeRole", "*")]);
    role(&mut account, "R2", json!({"AWS": role_arn("R1")}), &[]);
    role(&mut account, "R3", json!({"AWS": user_arn("bob")}), &[]);
    user(&mut account, "bob", &[]);
    let reached = reached(&account, "ann");
    assert_eq!(names(&reached), ["R1!", "R2!"]);
    let path = &reached.principals[1].path;
    assert_eq!(path.len(), 2);
    assert_eq!(path[1].from.as_ref().unwrap().name(), "R1");
    assert!(
        path[0].by.contains("inline policy `P` of user `ann`") && path[0].by.contains("trust policy"),
        "{path:?}"
    );
}

#[test]
fn a_trust_that_names_the_account_needs_an_allow_and_one_that_names_the_user_does_not() {
    let mut account = account();
    user(&mut account, "ann", &[]);
    role(&mut account, "Delegated", json!({"AWS": A}), &[]);
    role(&mut account, "Direct", json!({"AWS": user_arn("ann")}), &[]);
    role(&mut account, "Open", json!("*"), &[]);
    assert_eq!(names(&reached(&account, "ann")), ["Direct!", "Open!"]);
    assert_eq!(Reach::of(&account, NOW).open_doors().len(), 1);
}

/// Whoever asks for a session chooses its tags, where the role's trust policy lets tags be passed, and its name: what hangs on them is possible, and what
/// hangs on nothing is as certain as before.
#[test]
fn a_way_that_hangs_on_a_sessions_tags_or_name_is_possible() {
    let mut account = account();
    user(&mut account, "ann", &[]);
    let trusts = json!({"AWS": user_arn("ann")});
    let when = |key: &str, value: &str, to: &str| {
        let mut statement = allow("sts:AssumeRole", &role_arn(to));
        statement["Condition"] = json!({"StringLike": {key: value}});
        statement
    };
    let own = [
        when("aws:PrincipalTag/team", "admin", "Tagged"),
        when("aws:userid", "*:boss", "Named"),
        when("aws:PrincipalTag/of", "role", "Own"),
        allow("sts:AssumeRole", &role_arn("Free")),
    ];
    role(&mut account, "R", trusts.clone(), &own);
    account
        .roles
        .get_mut("R")
        .unwrap()
        .tags
        .insert("of".to_owned(), "role".to_owned());
    for name in ["Tagged", "Named", "Own", "Free"] {
        role(&mut account, name, json!({"AWS": A}), &[]);
    }
    assert_eq!(names(&reached(&account, "ann")), ["Free!", "Named?", "Own!", "R!"]);
    account.roles.get_mut("R").unwrap().trust =
        policy(&json!([{"Effect": "Allow", "Principal": trusts, "Action": ["sts:AssumeRole", "sts:TagSession"]}]));
    let told = reached(&account, "ann");
    assert_eq!(names(&told), ["Free!", "Named?", "Own!", "R!", "Tagged?"]);
    let tagged = told.principals.iter().find(|one| one.arn.name() == "Tagged").unwrap();
    assert!(
        tagged.path.len() == 2 && tagged.path[1].by.contains("PrincipalTag/team"),
        "{tagged:?}"
    );
}

#[test]
fn a_condition_that_hangs_on_a_free_key_makes_a_hop_possible() {
    let mut account = account();
    user(&mut account, "ann", &[]);
    role(&mut account, "R", json!({"AWS": user_arn("ann")}), &[]);
    let conditional = json!([{"Effect": "Allow", "Principal": {"AWS": user_arn("ann")}, "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}]);
    account.roles.get_mut("R").unwrap().trust = policy(&conditional);
    let reached = reached(&account, "ann");
    assert_eq!(names(&reached), ["R?"]);
    assert!(
        reached.principals[0].path[0].by.contains("sts:ExternalId"),
        "{reached:?}"
    );
}

#[test]
fn keys_for_others_and_a_deny_that_stops_them() {
    let mut account = account();
    user(
        &mut account,
        "ann",
        &[allow("iam:CreateAccessKey", "*"), deny("iam:*", &user_arn("root-like"))],
    );
    user(&mut account, "bob", &[]);
    user(&mut account, "root-like", &[allow("*", "*")]);
    assert_eq!(names(&reached(&account, "ann")), ["bob!"]);
}

#[test]
fn who_may_write_his_own_policies_becomes_everybody() {
    let mut account = account();
    user(&mut account, "ann", &[allow("iam:PutUserPolicy", &user_arn("ann"))]);
    user(&mut account, "bob", &[]);
    role(&mut account, "R", json!({"AWS": A}), &[]);
    let reached = reached(&account, "ann");
    assert!(
        names(&reached).contains(&"R!".to_owned()) && names(&reached).contains(&"bob!".to_owned()),
        "{reached:?}"
    );
    assert!(reached.own_policies.unwrap().call.contains("PutUserPolicy"));
}

#[test]
fn a_deny_that_its_holder_may_delete_is_no_limit() {
    let mut account = account();
    let own = user_arn("ann");
    user(
        &mut account,
        "ann",
        &[
            allow("*", "*"),
            json!({"Effect": "Deny", "NotAction": "iam:DeleteUserPolicy", "Resource": "*"}),
        ],
    );
    user(&mut account, "bob", &[]);
    let reached = reached(&account, "ann");
    assert!(names(&reached).contains(&"bob!".to_owned()), "{own}: {reached:?}");
}

#[test]
fn a_group_is_joined_with_a_user_that_is_held() {
    let mut account = account();
    user(&mut account, "ann", &[allow("iam:AddUserToGroup", "*")]);
    user(&mut account, "bob", &[]);
    let group = Group {
        name: "admins".into(),
        path: "/".into(),
        id: "AGPAADMINS".into(),
        created: NOW,
        inline: [("P".to_owned(), policy(&json!([allow("iam:CreateAccessKey", "*")])))].into(),
        attached: Default::default(),
    };
    account.groups.insert("admins".into(), group);
    assert_eq!(names(&reached(&account, "ann")), ["admins!", "bob!"]);
}

#[test]
fn a_policy_that_somebody_has_attached_can_be_given_another_version() {
    let mut account = account();
    let arn: Arn = format!("arn:aws:iam::{A}:policy/Shared").parse().unwrap();
    user(&mut account, "ann", &[allow("iam:CreatePolicyVersion", arn.as_str())]);
    user(&mut account, "bob", &[]);
    role(&mut account, "R", json!({"AWS": A}), &[]);
    let version = PolicyVersion {
        document: policy(&json!([allow("s3:GetObject", "*")])),
        created: NOW,
    };
    account.policies.insert(
        arn.clone(),
        ManagedPolicy {
            name: "Shared".into(),
            path: "/".into(),
            id: "ANPASHARED".into(),
            created: NOW,
            default_version: "v1".into(),
            versions: [("v1".to_owned(), version)].into(),
        },
    );
    // Bob has it, and Ann doesn't hold Bob: nothing is gained.
    account.users.get_mut("bob").unwrap().attached.insert(arn.clone());
    assert_eq!(names(&reached(&account, "ann")), Vec::<String>::new());
    account.users.get_mut("ann").unwrap().attached.insert(arn);
    assert!(names(&reached(&account, "ann")).contains(&"R!".to_owned()));
}

#[test]
fn a_role_is_passed_to_a_function_that_is_then_called() {
    let mut account = account();
    let pass = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}});
    user(
        &mut account,
        "ann",
        &[pass, allow("lambda:*", "*"), allow("ec2:*", "*")],
    );
    role(
        &mut account,
        "ForLambda",
        json!({"Service": "lambda.amazonaws.com"}),
        &[allow("*", "*")],
    );
    role(&mut account, "ForEc2", json!({"Service": "ec2.amazonaws.com"}), &[]);
    let reached = reached(&account, "ann");
    // What the function's role allows is reached with it, the role for instances by its trust policy.
    let first = &reached.principals[0];
    assert_eq!((first.arn.name(), first.sure, first.path.len()), ("ForLambda", true, 1));
    assert!(
        first.path[0]
            .call
            .contains("lambda.amazonaws.com with lambda:CreateFunction"),
        "{first:?}"
    );
}

#[test]
fn a_new_user_is_somebody_to_become() {
    let mut account = account();
    let temp = user_arn("temp-*");
    user(
        &mut account,
        "ann",
        &[
            allow("iam:CreateUser", &temp),
            allow("iam:CreateAccessKey", &temp),
            allow("iam:AttachUserPolicy", &temp),
        ],
    );
    role(&mut account, "R", json!({"AWS": A}), &[]);
    let all = names(&reached(&account, "ann"));
    assert!(
        all.contains(&"R!".to_owned()) && all.contains(&"temp-oust-new!".to_owned()),
        "{all:?}"
    );
}

#[test]
fn an_inactive_key_is_a_way_back_for_who_may_set_it_active() {
    let mut account = account();
    user(&mut account, "ann", &[allow("iam:UpdateAccessKey", "*")]);
    user(&mut account, "bob", &[]);
    assert!(reached(&account, "ann").is_empty());
    let key = json!({"access_keys": [{"id": "AKIAAAAAAAAAAAAAAAAA", "status": "Inactive", "created": NOW}]});
    account.users.get_mut("bob").unwrap().credentials = serde_json::from_value(key).unwrap();
    assert_eq!(names(&reached(&account, "ann")), ["bob!"]);
    account.users.get_mut("bob").unwrap().credentials = None;
    assert_eq!(names(&reached(&account, "ann")), ["bob?"]);
}

#[test]
fn self_management_by_a_variable_reaches_nobody_else() {
    let mut account = account();
    for name in ["ann", "bob", "cy"] {
        user(
            &mut account,
            name,
            &[allow("iam:*AccessKey*", "arn:aws:iam::*:user/${aws:username}")],
        );
    }
    assert!(reached(&account, "ann").is_empty());
    assert!(
        Reach::of(&account, NOW)
            .everybody()
            .iter()
            .all(|(_, sure, maybe)| *sure == 0 && *maybe == 0)
    );
}

#[test]
fn tags_of_the_target_are_known() {
    let mut account = account();
    let tagged = json!({"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}});
    user(&mut account, "ann", &[tagged]);
    user(&mut account, "bob", &[]);
    user(&mut account, "cy", &[]);
    account
        .users
        .get_mut("bob")
        .unwrap()
        .tags
        .insert("team".into(), "blue".into());
    assert_eq!(names(&reached(&account, "ann")), ["bob!"]);
}

#[test]
fn roles_that_trust_each_other_end() {
    let mut account = account();
    user(&mut account, "ann", &[allow("sts:AssumeRole", "*")]);
    for (one, two) in [("R1", "R2"), ("R2", "R1")] {
        role(
            &mut account,
            one,
            json!({"AWS": [role_arn(two), user_arn("ann")]}),
            &[allow("sts:AssumeRole", "*")],
        );
    }
    assert_eq!(names(&reached(&account, "ann")), ["R1!", "R2!"]);
}

fn action() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "sts:AssumeRole",
        "iam:CreateAccessKey",
        "iam:*",
        "iam:Create*",
        "*",
        "s3:*",
        "iam:UpdateAssumeRolePolicy",
    ])
}

fn resource() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "*".to_owned(),
        user_arn("u0"),
        user_arn("u*"),
        role_arn("r1"),
        role_arn("*"),
        format!("arn:aws:iam::*:*/?1"),
        user_arn("${aws:username}"),
    ])
}

fn statement() -> impl Strategy<Value = Value> {
    let condition = prop::sample::select(vec![
        json!({}),
        json!({"StringEquals": {"aws:username": "u0"}}),
        json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        json!({"ArnLike": {"aws:PrincipalArn": role_arn("*")}}),
    ]);
    let not = prop::bool::weighted(0.1);
    (prop::bool::weighted(0.8), action(), resource(), condition, not).prop_map(
        |(allows, action, resource, condition, not)| {
            let effect = if allows { "Allow" } else { "Deny" };
            let element = if not { "NotResource" } else { "Resource" };
            json!({"Effect": effect, "Action": action, element: resource, "Condition": condition})
        },
    )
}

fn trust() -> impl Strategy<Value = Value> {
    let named = vec![
        json!({"AWS": A}),
        json!("*"),
        json!({"AWS": user_arn("u0")}),
        json!({"AWS": role_arn("r0")}),
        json!({"AWS": "999999999999"}),
    ];
    prop::sample::select(named)
}

fn accounts() -> impl Strategy<Value = Account> {
    let policies = || prop::collection::vec(prop::collection::vec(statement(), 0..3), 3);
    (
        policies(),
        policies(),
        prop::collection::vec(trust(), 3),
        prop::option::of(statement()),
    )
        .prop_map(|(users, roles, trusts, guard)| {
            let mut account = account();
            for (n, statements) in users.iter().enumerate() {
                user(&mut account, &format!("u{n}"), statements);
            }
            for (n, (statements, trusts)) in roles.iter().zip(trusts).enumerate() {
                role(&mut account, &format!("r{n}"), trusts, statements);
            }
            account.guards = guard.map(|guard| {
                let level = |statements: Value| [("G".to_owned(), policy(&statements))].into();
                crate::account::Guards {
                    management_account: false,
                    scps: vec![level(json!([allow("*", "*"), guard]))],
                    rcps: Default::default(),
                }
            });
            account
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The rows of bits say of every principal, call and target what the evaluator says of that one request.
    #[test]
    fn rows_agree_with_single_decisions(account in accounts()) {
        let mut graph = graph::Graph::of(&account, NOW, None);
        for from in graph.targets.users.clone().chain(graph.targets.roles.clone()) {
            let standing = graph.standing(from).unwrap();
            let edges = graph.edges(from, graph::Own::default());
            for to in graph.targets.users.clone().chain(graph.targets.roles.clone()) {
                let arn = graph.targets.arn(to).unwrap().clone();
                let calls: &[&str] = if graph.targets.roles.contains(&to) {
                    &["sts:AssumeRole", "iam:UpdateAssumeRolePolicy"]
                } else {
                    &["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateServiceSpecificCredential", "iam:UploadSSHPublicKey", "iam:UploadSigningCertificate"]
                };
                let outcomes: Vec<Outcome> = calls.iter().map(|call| standing.decide_whatever_else(call, arn.as_str())).collect();
                let sure = outcomes.iter().any(Outcome::is_allowed);
                let maybe = outcomes.iter().any(|one| matches!(one, Outcome::Allowed(_) | Outcome::Unknown(_)));
                prop_assert_eq!(edges.hold.sure.has(to), sure, "{} to {}: {:?}", graph.targets.arn(from).unwrap(), arn, outcomes);
                prop_assert_eq!(edges.hold.maybe.has(to), maybe, "{} to {}: {:?}", graph.targets.arn(from).unwrap(), arn, outcomes);
            }
        }
    }

    /// Everybody's reach, worked out together, is what it is worked out one by one.
    #[test]
    fn all_at_once_is_one_by_one(account in accounts()) {
        let mut reach = Reach::of(&account, NOW);
        let together = reach.everybody();
        for (arn, sure, maybe) in together {
            let n = reach.graph.targets.number(&arn).unwrap();
            let standing = reach.graph.standing(n).unwrap();
            let spread = spread::Spread::from(&mut reach.graph, &standing, Some(n));
            let certain = spread.ways.iter().filter(|(what, step)| matches!(what, What::Hold(held) if *held != n) && step.sure).count();
            let all = spread.ways.keys().filter(|what| matches!(what, What::Hold(held) if *held != n)).count();
            // Who becomes everybody is not followed further, so names that nobody has yet may be missing.
            let new = reach.graph.targets.new_users.len() + reach.graph.targets.new_roles.len();
            prop_assert!(sure.abs_diff(certain) <= new, "{} {} {}", arn, sure, certain);
            prop_assert!(maybe.abs_diff(all) <= new, "{} {} {}", arn, maybe, all);
        }
    }

    /// Another deny never lets anybody become more.
    #[test]
    fn a_deny_never_widens_reach(account in accounts(), action in action(), resource in resource()) {
        let before = reached(&account, "u0");
        let mut denied = account.clone();
        denied.users.get_mut("u0").unwrap().inline.insert("D".into(), policy(&json!([deny(action, &resource)])));
        let after = reached(&denied, "u0");
        let arns = |reached: &Reached| reached.principals.iter().map(|one| one.arn.clone()).collect::<std::collections::BTreeSet<_>>();
        prop_assert!(arns(&after).is_subset(&arns(&before)), "{:#?}\n{:#?}", before, after);
    }

    /// Every way that is told begins at the start and ends where it says.
    #[test]
    fn ways_are_connected(account in accounts()) {
        for one in reached(&account, "u0").principals {
            prop_assert!(!one.path.is_empty(), "{:?}", one);
            prop_assert_eq!(&one.path.last().unwrap().to, &one.arn);
            prop_assert!(one.path[0].from.is_none(), "{:#?}", one);
        }
    }
}
