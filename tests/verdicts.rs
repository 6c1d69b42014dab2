//! Verdicts are about all requests: what is called contained stands against any request that can be thought up.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use oust::account::{Account, Holder, ManagedPolicy, PolicyVersion, Resource, Session, SessionKind, User};
use oust::ids::Arn;
use oust::policy::{Context, PolicyText};
use oust::time::Moment;
use oust::verdict::{Memory, Standing, Verdict, left, verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Moment = Moment::from_millis(1_774_000_000_000);
const KEY: &str = "AKIAAAAAAAAAAAAAAAAA";
const TOKEN: &str = "ASIAAAAAAAAAAAAAAAAA";
const SESSION: &str = "ASIABBBBBBBBBBBBBBBB";

/// How many accounts are tried; `PROPTEST_CASES` says how many more.
fn cases() -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(wanted.unwrap_or(24))
}

fn action() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*",
        "s3:*",
        "s3:Get*",
        "s3:GetObject",
        "s3:List*",
        "iam:*",
        "iam:Put*",
        "iam:CreateUser",
        "ec2:Describe*",
        "ec2:RunInstances",
        "sts:AssumeRole",
        "kms:Decrypt",
        "dynamodb:?etItem",
        "sqs:SendMessage",
    ])
}

fn resource() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "*",
        "arn:aws:s3:::logs",
        "arn:aws:s3:::logs/*",
        "arn:aws:s3:::*/public/*",
        "arn:aws:iam::123456789012:user/${aws:username}",
        "arn:aws:iam::123456789012:*",
        "arn:aws:ec2:*:123456789012:instance/*",
        "arn:aws:sqs:eu-west-1:123456789012:q?",
        "arn:aws:s3:::*",
    ])
}

fn condition() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({}),
        json!({}),
        json!({}),
        json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]}}),
        json!({"Bool": {"aws:SecureTransport": "false"}}),
        json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}),
        json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        json!({"DateLessThan": {"aws:TokenIssueTime": "2026-03-24T10:00:00Z"}}),
        json!({"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}),
        json!({"DateGreaterThanEquals": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}),
        json!({"Null": {"aws:SourceVpc": "true"}}),
        json!({"Null": {"aws:SourceVpc": "false"}}),
        json!({"StringLike": {"aws:ResourceTag/team": "b*"}}),
        json!({"StringNotLikeIfExists": {"aws:ResourceTag/team": "b*"}}),
        json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/ann"}}),
        json!({"StringEquals": {"aws:username": "bob"}}),
        json!({"NumericLessThan": {"s3:max-keys": "10"}}),
        json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}),
    ])
}

fn statement() -> impl Strategy<Value = Value> {
    (any::<bool>(), action(), resource(), condition(), 0..10u8).prop_map(
        |(allows, action, resource, condition, form)| {
            let actions = if form == 0 { "NotAction" } else { "Action" };
            let resources = if form == 1 { "NotResource" } else { "Resource" };
            let effect = if allows { "Allow" } else { "Deny" };
            json!({"Effect": effect, actions: action, resources: resource, "Condition": condition})
        },
    )
}

fn document(statements: &[Value]) -> PolicyText {
    PolicyText::new(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

fn on_bucket() -> impl Strategy<Value = Value> {
    let principal = prop::sample::select(vec![
        json!("*"),
        json!({"AWS": "arn:aws:iam::123456789012:user/ann"}),
        json!({"AWS": "123456789012"}),
    ]);
    (any::<bool>(), principal, condition()).prop_map(|(allows, principal, condition)| {
        let effect = if allows { "Allow" } else { "Deny" };
        json!({"Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"], "Condition": condition})
    })
}

/// Who may assume the other role.
fn trust() -> impl Strategy<Value = Value> {
    let principal = prop::sample::select(vec![
        json!("*"),
        json!({"AWS": "arn:aws:iam::123456789012:root"}),
        json!({"AWS": "arn:aws:iam::123456789012:user/ann"}),
        json!({"AWS": "arn:aws:iam::123456789012:role/R"}),
        json!({"AWS": "arn:aws:sts::123456789012:assumed-role/R/s"}),
        json!({"AWS": "999999999999"}),
        json!({"Service": "ec2.amazonaws.com"}),
    ]);
    let external = json!({"StringEquals": {"sts:ExternalId": "x"}});
    let condition = prop_oneof![Just(external), condition()];
    (prop::bool::weighted(0.9), principal, condition).prop_map(|(allows, principal, condition)| {
        let effect = if allows { "Allow" } else { "Deny" };
        json!({"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})
    })
}

/// An account with one user, its policies, perhaps a boundary, a guard and a bucket with a policy.
fn accounts() -> impl Strategy<Value = Account> {
    let statements = || prop::collection::vec(statement(), 1..4);
    let parts = (
        statements(),
        prop::option::weighted(0.3, statements()),
        prop::option::weighted(0.3, statements()),
        prop::option::weighted(0.4, on_bucket()),
        trust(),
    );
    parts.prop_map(|(identity, boundary, guard, bucket, trust)| {
        let other = trust;
        let mut account = Account::empty("123456789012".parse().unwrap());
        let user: User = serde_json::from_value(json!({
            "name": "ann", "path": "/", "id": "AIDAANN", "created": NOW, "inline": {"P": document(&identity)},
            "credentials": {"access_keys": [{"id": KEY, "status": "Active", "created": NOW}]}
        }))
        .unwrap();
        account.users.insert("ann".into(), user);
        let trust =
            json!([{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]);
        let role = json!({"name": "R", "path": "/", "id": "AROAR", "created": NOW, "inline": {"P": document(&identity)},
            "trust": {"Version": "2012-10-17", "Statement": trust}});
        account.roles.insert("R".into(), serde_json::from_value(role).unwrap());
        let role = json!({"name": "T", "path": "/", "id": "AROAT", "created": NOW, "trust": document(&[other])});
        account.roles.insert("T".into(), serde_json::from_value(role).unwrap());
        if let Some(boundary) = boundary {
            let arn: Arn = "arn:aws:iam::123456789012:policy/B".parse().unwrap();
            let version = PolicyVersion {
                document: document(&boundary),
                created: NOW,
            };
            let policy = ManagedPolicy {
                name: "B".into(),
                path: "/".into(),
                id: "ANPAB".into(),
                created: NOW,
                default_version: "v1".into(),
                versions: [("v1".to_owned(), version)].into(),
            };
            account.policies.insert(arn.clone(), policy);
            account.users.get_mut("ann").unwrap().boundary = Some(arn);
        }
        account.guards = guard.map(|mut guard| {
            guard.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
            oust::account::Guards {
                management_account: false,
                scps: vec![[("G".to_owned(), document(&guard))].into()],
                rcps: Default::default(),
            }
        });
        let resource = Resource {
            policy: bucket.map(|statement| document(&[statement])),
            ..Resource::default()
        };
        account.resources = Some([("arn:aws:s3:::logs".parse().unwrap(), resource)].into());
        account
    })
}

fn token(mfa: bool) -> Session {
    Session {
        key: TOKEN.parse().unwrap(),
        holder: Holder::User {
            name: "ann".into(),
            id: "AIDAANN".into(),
        },
        kind: SessionKind::GetSessionToken,
        issued: NOW,
        expires: NOW.plus_seconds(3600),
        mfa: Some(mfa),
        policy: None,
        policy_arns: vec![],
        source_identity: None,
        tags: Default::default(),
        is_untold: false,
        minted_by: None,
    }
}

/// A role session, perhaps with a session policy.
fn session(policy: Option<&[Value]>) -> Session {
    Session {
        key: SESSION.parse().unwrap(),
        holder: Holder::Role {
            name: "R".into(),
            id: "AROAR".into(),
            session: "s".into(),
        },
        kind: SessionKind::AssumeRole,
        policy: policy.map(document),
        ..token(false)
    }
}

/// A request: what is called, on what, and what else it brings.
fn requests() -> impl Strategy<Value = (&'static str, &'static str, Context)> {
    let call = prop::sample::select(vec![
        ("s3:GetObject", "arn:aws:s3:::logs/a"),
        ("s3:GetObject", "arn:aws:s3:::other/public/b"),
        ("s3:PutObject", "arn:aws:s3:::other/c"),
        ("s3:ListBucket", "arn:aws:s3:::logs"),
        ("s3:ListAllMyBuckets", "*"),
        ("iam:PutUserPolicy", "arn:aws:iam::123456789012:user/ann"),
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/new"),
        ("iam:ListUsers", "*"),
        ("ec2:DescribeInstances", "*"),
        ("ec2:RunInstances", "arn:aws:ec2:eu-west-1:123456789012:instance/*"),
        ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:q1"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/k"),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/T"),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/T"),
    ]);
    let one = |key: &'static str, values: &'static [&'static str]| {
        prop::option::of(prop::sample::select(values)).prop_map(move |value| (key, value.map(str::to_owned)))
    };
    let keys = (
        one(
            "aws:SourceIp",
            &["10.1.2.3", "192.168.3.4", "203.0.113.9", "2001:db8::7"],
        ),
        prop::sample::select(vec!["true", "false"]),
        prop::sample::select(vec!["eu-west-1", "us-east-1", "ap-south-1"]),
        prop::sample::select(vec!["2026-03-25T00:00:00Z", "2027-06-01T00:00:00Z"]),
        one("aws:SourceVpc", &["vpc-1"]),
        one("aws:ResourceTag/team", &["blue", "red"]),
        one("s3:max-keys", &["5", "50"]),
        one("aws:TagKeys", &["a", "z"]),
        one("sts:ExternalId", &["x", "y"]),
    );
    (call, keys).prop_map(
        |((action, resource), (ip, tls, region, now, vpc, tag, max, tags, external))| {
            let mut context = Context::closed();
            context.set("aws:SecureTransport", tls);
            context.set("aws:RequestedRegion", region);
            context.set("aws:CurrentTime", now);
            let of_s3 = action.starts_with("s3:").then_some(max);
            let of_sts = action.starts_with("sts:").then_some(external);
            for (key, value) in [ip, vpc, tag, tags].into_iter().chain(of_s3).chain(of_sts) {
                if let Some(value) = value {
                    context.set(key, value);
                }
            }
            (action, resource, context)
        },
    )
}

fn contained_stands(
    account: &Account,
    sessions: &[Session],
    key: &str,
    requests: &[(&str, &str, Context)],
) -> Result<(), TestCaseError> {
    let key = key.parse().unwrap();
    let verdict = verdict(account, sessions, &key, NOW.plus_seconds(60));
    let standing = Standing::of(account, sessions, &key, NOW.plus_seconds(60)).unwrap();
    for (action, resource, context) in requests {
        let forbidden = standing
            .session
            .is_some_and(|session| oust::verdict::session_forbids(session, action).is_some());
        let allowed = !forbidden && standing.decide(action, resource, context).is_allowed();
        prop_assert!(
            !(allowed && verdict.is_contained()),
            "{verdict} and yet {action} on {resource} with {context:?}"
        );
    }
    if let Verdict::Allowed { action, .. } = &verdict {
        let left = left(account, sessions, &key, NOW.plus_seconds(60));
        prop_assert!(!left.is_empty(), "{action} is allowed and nothing is left");
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever is called contained, no request gets through.
    #[test]
    fn no_request_gets_past_a_verdict(
        account in accounts(),
        mfa in any::<bool>(),
        policy in prop::option::of(prop::collection::vec(statement(), 1..3)),
        requests in prop::collection::vec(requests(), 40),
    ) {
        contained_stands(&account, &[], KEY, &requests)?;
        contained_stands(&account, &[token(mfa)], TOKEN, &requests)?;
        contained_stands(&account, &[session(policy.as_deref())], SESSION, &requests)?;
    }

    /// What is remembered of one credential is only told of another that is judged alike.
    #[test]
    fn remembering_changes_no_verdict(account in accounts(), more in statement()) {
        let sessions: Vec<Session> = (0..4u8)
            .map(|n| Session {
                key: format!("ASIACCCCCCCCCCCCCC{n}A").parse().unwrap(),
                holder: Holder::Role {
                    name: "R".into(),
                    id: "AROAR".into(),
                    session: format!("s{n}"),
                },
                kind: SessionKind::AssumeRole,
                // Two lie before the moment that some policies ask for.
                issued: NOW.plus_seconds(i64::from(n) * 86_400 - 172_800),
                expires: NOW.plus_seconds(172_800),
                ..token(false)
            })
            .collect();
        let mut later = account.clone();
        later.roles.get_mut("R").unwrap().inline.insert("M".into(), document(&[more]));
        let mut memory = Memory::default();
        for account in [&account, &later, &account] {
            memory.look_at(account);
            for session in &sessions {
                let alone = verdict(account, &sessions, &session.key, NOW);
                prop_assert_eq!(memory.verdict(account, &sessions, &session.key, NOW), alone);
            }
        }
    }

    /// A deny of everything is proof whatever else is there, and one under a free key is none where something is allowed without it.
    #[test]
    fn a_deny_of_everything_is_always_seen(account in accounts()) {
        let mut denied = account.clone();
        let deny = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        denied.users.get_mut("ann").unwrap().inline.insert("D".into(), document(&[deny]));
        let verdict = verdict(&denied, &[], &KEY.parse().unwrap(), NOW);
        prop_assert!(verdict.is_contained(), "{verdict}");
    }

    /// Adding a deny never brings a credential back to life.
    #[test]
    fn a_deny_never_revives(account in accounts(), more in statement()) {
        let key = KEY.parse().unwrap();
        let before = verdict(&account, &[], &key, NOW);
        let mut denied = account.clone();
        let mut more = more;
        more["Effect"] = json!("Deny");
        denied.users.get_mut("ann").unwrap().inline.insert("D".into(), document(&[more]));
        let after = verdict(&denied, &[], &key, NOW);
        prop_assert!(!before.is_contained() || after.is_contained(), "{before} -> {after}");
    }
}
