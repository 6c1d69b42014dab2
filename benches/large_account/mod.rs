//! A large account, the same for the same seed: shaped like accounts that grew over years, with groups, service roles, roles for
//! people, self-management, and a few policies that give more than they should.

use oust::account::{Account, Group, Guards, ManagedPolicy, PolicyVersion, Role, User};
use oust::ids::Arn;
use oust::policy::PolicyText;
use oust::time::Moment;
use std::collections::BTreeMap;

/// The moment at which everything was made.
pub const MADE: Moment = Moment::from_millis(1_774_000_000_000);
const ID: &str = "123456789012";

/// A small generator of numbers: what is random here must be the same on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

const SERVICES: [&str; 10] = [
    "s3",
    "dynamodb",
    "ec2",
    "sqs",
    "sns",
    "logs",
    "kms",
    "lambda",
    "secretsmanager",
    "rds",
];
const VERBS: [&str; 8] = [
    "Get*",
    "List*",
    "Describe*",
    "*",
    "Put*",
    "Create*",
    "Delete*",
    "Batch*",
];
const RUNNERS: [&str; 6] = [
    "lambda.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "glue.amazonaws.com",
    "codebuild.amazonaws.com",
    "states.amazonaws.com",
];

fn document(statements: &[String]) -> PolicyText {
    PolicyText::new(format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    ))
}

/// An ordinary statement: some calls of one service on some of its resources, now and then under a condition.
fn ordinary(dice: &mut Dice) -> String {
    let service = dice.pick(&SERVICES);
    let (one, two) = (dice.pick(&VERBS), dice.pick(&VERBS));
    let resource = match dice.below(4) {
        0 => "*".to_owned(),
        1 => format!("arn:aws:{service}:*:{ID}:app{}-*", dice.below(200)),
        2 => format!("arn:aws:{service}:::bucket{}/*", dice.below(500)),
        _ => format!("arn:aws:{service}:eu-west-1:{ID}:thing/app{}", dice.below(2000)),
    };
    let condition = match dice.below(6) {
        0 => r#","Condition":{"StringEquals":{"aws:RequestedRegion":["eu-west-1","us-east-1"]}}"#,
        1 => r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#,
        _ => "",
    };
    format!(r#"{{"Effect":"Allow","Action":["{service}:{one}","{service}:{two}"],"Resource":"{resource}"{condition}}}"#)
}

/// A statement about IAM or STS.
fn powerful(dice: &mut Dice, roles: usize) -> String {
    let n = dice.below(roles);
    let (action, resource) = match dice.below(8) {
        0 => (
            "sts:AssumeRole".to_owned(),
            format!("arn:aws:iam::{ID}:role/team{}-*", n % 50),
        ),
        1 => (
            "sts:AssumeRole".to_owned(),
            format!("arn:aws:iam::{ID}:role/team{}-role{n}", n % 50),
        ),
        2 => (
            "iam:PassRole".to_owned(),
            format!("arn:aws:iam::{ID}:role/team{}-*", n % 50),
        ),
        3 => (r#"iam:Get*","iam:List*"#.to_owned(), "*".to_owned()),
        4 => (
            "iam:CreateAccessKey".to_owned(),
            format!("arn:aws:iam::{ID}:user/app{}-*", n % 50),
        ),
        5 => (
            "iam:AttachRolePolicy".to_owned(),
            format!("arn:aws:iam::{ID}:role/team{}-*", n % 50),
        ),
        6 => ("sts:AssumeRole".to_owned(), "*".to_owned()),
        _ => (
            "iam:CreatePolicyVersion".to_owned(),
            format!("arn:aws:iam::{ID}:policy/app{n}"),
        ),
    };
    format!(r#"{{"Effect":"Allow","Action":["{action}"],"Resource":"{resource}"}}"#)
}

const SELF_MANAGEMENT: &str = r#"{"Effect":"Allow","Action":["iam:ChangePassword","iam:*AccessKey*","iam:*MFADevice*","iam:GetUser"],"Resource":"arn:aws:iam::*:user/${aws:username}"}"#;
const WITHOUT_MFA: &str = r#"{"Effect":"Deny","NotAction":["iam:*MFADevice*","sts:GetSessionToken"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#;

/// An account of that many users, roles and managed policies.
pub fn account(seed: u64, users: usize, roles: usize, policies: usize) -> Account {
    let mut dice = Dice::new(seed);
    let mut account = Account::empty(ID.parse().unwrap());
    account.resources = Some(BTreeMap::new());
    for n in 0..policies {
        let count = 1 + dice.below(6);
        let mut statements: Vec<String> = (0..count).map(|_| ordinary(&mut dice)).collect();
        if dice.one_in(12) {
            statements.push(powerful(&mut dice, roles));
        }
        managed(&mut account, &format!("app{n}"), document(&statements));
    }
    managed(
        &mut account,
        "self-management",
        document(&[SELF_MANAGEMENT.to_owned(), WITHOUT_MFA.to_owned()]),
    );
    let group_count = (users / 20).max(1);
    for n in 0..group_count {
        let attached = (0..1 + dice.below(4)).map(|_| policy(dice.below(policies))).collect();
        let group = Group {
            name: format!("group{n}"),
            path: "/".into(),
            id: format!("AGPA{n:017}"),
            created: MADE,
            inline: BTreeMap::new(),
            attached,
        };
        account.groups.insert(group.name.clone(), group);
    }
    for n in 0..users {
        let user = user(&mut dice, n, group_count, policies);
        account.users.insert(user.name.clone(), user);
    }
    for n in 0..roles {
        let role = role(&mut dice, n, roles, users, policies);
        account.roles.insert(role.name.clone(), role);
    }
    let full = (
        "FullAWSAccess".to_owned(),
        document(&[r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned()]),
    );
    let guard =
        r#"{"Effect":"Deny","Action":["organizations:LeaveOrganization","cloudtrail:StopLogging"],"Resource":"*"}"#;
    account.guards = Some(Guards {
        management_account: false,
        scps: vec![
            [full.clone()].into(),
            [full, ("guard".to_owned(), document(&[guard.to_owned()]))].into(),
        ],
        rcps: BTreeMap::new(),
    });
    account
}

fn policy(n: usize) -> Arn {
    format!("arn:aws:iam::{ID}:policy/app{n}").parse().unwrap()
}

fn managed(account: &mut Account, name: &str, document: PolicyText) {
    let arn: Arn = format!("arn:aws:iam::{ID}:policy/{name}").parse().unwrap();
    let version = PolicyVersion {
        document,
        created: MADE,
    };
    let policy = ManagedPolicy {
        name: name.into(),
        path: "/".into(),
        id: format!("ANPA{name}"),
        created: MADE,
        default_version: "v1".into(),
        versions: [("v1".to_owned(), version)].into(),
    };
    account.policies.insert(arn, policy);
}

fn user(dice: &mut Dice, n: usize, groups: usize, policies: usize) -> User {
    let name = format!("app{}-user{n}", n % 50);
    let mut attached: std::collections::BTreeSet<Arn> =
        (0..dice.below(3)).map(|_| policy(dice.below(policies))).collect();
    attached.insert(format!("arn:aws:iam::{ID}:policy/self-management").parse().unwrap());
    let inline = dice
        .one_in(4)
        .then(|| ("inline".to_owned(), document(&[ordinary(dice)])));
    let credentials =
        serde_json::json!({"access_keys": [{"id": format!("AKIA{n:016}"), "status": "Active", "created": MADE}]});
    let user: User = serde_json::from_value(serde_json::json!({
        "name": name, "path": "/", "id": format!("AIDA{n:017}"), "created": MADE, "credentials": credentials
    }))
    .unwrap();
    User {
        inline: inline.into_iter().collect(),
        attached,
        groups: (0..1 + dice.below(3))
            .map(|_| format!("group{}", dice.below(groups)))
            .collect(),
        ..user
    }
}

fn role(dice: &mut Dice, n: usize, roles: usize, users: usize, policies: usize) -> Role {
    let principal = match dice.below(10) {
        0..=5 => format!(r#"{{"Service":"{}"}}"#, dice.pick(&RUNNERS)),
        6 => format!(r#"{{"AWS":"arn:aws:iam::{ID}:root"}}"#),
        7 => {
            let m = dice.below(users);
            format!(r#"{{"AWS":"arn:aws:iam::{ID}:user/app{}-user{m}"}}"#, m % 50)
        }
        8 => {
            let m = dice.below(roles);
            format!(r#"{{"AWS":"arn:aws:iam::{ID}:role/team{}-role{m}"}}"#, m % 50)
        }
        _ => format!(r#"{{"AWS":"{:012}"}}"#, 100_000_000_000usize + dice.below(1000)),
    };
    let condition = match dice.below(3) {
        0 => r#","Condition":{"StringEquals":{"sts:ExternalId":"outside"}}"#,
        _ => "",
    };
    let trust = format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}"#);
    let mut statements = vec![ordinary(dice)];
    if dice.one_in(10) {
        statements.push(powerful(dice, roles));
    }
    Role {
        name: format!("team{}-role{n}", n % 50),
        path: "/".into(),
        id: format!("AROA{n:017}"),
        created: MADE,
        trust: document(&[trust]),
        max_session_seconds: Some(3600),
        tags: BTreeMap::new(),
        inline: [("inline".to_owned(), document(&statements))].into(),
        attached: (0..1 + dice.below(3)).map(|_| policy(dice.below(policies))).collect(),
        boundary: None,
        instance_profiles: if dice.one_in(6) {
            [format!("profile{n}")].into()
        } else {
            Default::default()
        },
    }
}
