//! Concrete requests that a statement may allow: actions and resources without wildcards.

use crate::account::Account;
use crate::catalogue::catalogue;
use crate::ids::Arn;
use crate::policy::{Glob, Listed, ResourcePattern, Statement};

/// What an intruder would try first, one for each kind of harm; also what stands for `*`.
const PROBES: [&str; 18] = [
    "s3:GetObject",
    "s3:ListAllMyBuckets",
    "iam:CreateAccessKey",
    "iam:DeleteUserPolicy",
    "iam:PutUserPolicy",
    "iam:CreateUser",
    "iam:ListUsers",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "dynamodb:Scan",
    "kms:Decrypt",
    "ec2:RunInstances",
    "ec2:DescribeInstances",
    "lambda:UpdateFunctionCode",
    "lambda:InvokeFunction",
    "rds:DescribeDBInstances",
    "cloudtrail:StopLogging",
    "organizations:LeaveOrganization",
];

/// Entities that examples are made of; the proof goes through all.
pub(super) const MOST_EXAMPLES: usize = 20;

/// Requests that `statement` may allow in `account`: action and resource. At least one wherever it allows anything.
pub(super) fn of(statement: &Statement, account: &Account) -> Vec<(String, String)> {
    let mut actions = actions(statement);
    actions.dedup();
    let mut examples = Vec::new();
    for action in actions {
        for resource in resources(statement, &action, account) {
            examples.push((action.clone(), resource));
        }
    }
    examples
}

/// Whether the action can be asked on the resource at all, as far as the catalogue knows it.
pub(super) fn can_be_asked(action: &str, resource: &str) -> bool {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    // `*` stands for any resource that the call takes, but where the resource's own policy must allow too.
    if resource == "*" {
        return !service.eq_ignore_ascii_case("kms") || catalogue().resources_of(service, name).is_empty();
    }
    if !catalogue().knows(service, name) {
        return true;
    }
    catalogue().resources_of(service, name).into_iter().any(|arn| {
        let wild = arn.split("${").enumerate().map(|(n, part)| match n {
            0 => part.to_owned(),
            _ => format!("*{}", part.split_once('}').map_or("", |(_, behind)| behind)),
        });
        ResourcePattern::new(&wild.collect::<String>(), false).takes(resource)
    })
}

fn actions(statement: &Statement) -> Vec<String> {
    let probes = || {
        PROBES
            .iter()
            .chain(&["sts:AssumeRole"])
            .map(|probe| (*probe).to_owned())
    };
    match &statement.actions {
        Listed::AllBut(_) => probes().collect(),
        Listed::These(patterns) => patterns
            .iter()
            .flat_map(|pattern| match pattern.as_str() {
                _ if pattern.is_everything() => probes().collect::<Vec<_>>(),
                plain if !plain.contains(['*', '?']) => vec![plain.to_owned()],
                wild => {
                    let matched: Vec<String> = probes()
                        .filter(|probe| Glob::wild(&wild.to_ascii_lowercase()).matches(&probe.to_ascii_lowercase()))
                        .collect();
                    if matched.is_empty() { real(wild) } else { matched }
                }
            })
            .collect(),
    }
}

/// AWS's first action that the pattern matches; of a service that the catalogue doesn't know a made-up one.
fn real(wild: &str) -> Vec<String> {
    let lower = wild.to_ascii_lowercase();
    let (service, _) = lower.split_once(':').unwrap_or((&lower, ""));
    let Some(known) = catalogue().services.get(service) else {
        return vec![concrete(wild)];
    };
    let glob = Glob::wild(&lower);
    let names = known.actions.iter().map(|action| format!("{service}:{}", action.name));
    names
        .into_iter()
        .find(|name| glob.matches(&name.to_ascii_lowercase()))
        .into_iter()
        .collect()
}

/// A text that the pattern matches: wildcards become plain letters.
fn concrete(pattern: &str) -> String {
    pattern.replace('*', "Example").replace('?', "x")
}

fn resources(statement: &Statement, action: &str, account: &Account) -> Vec<String> {
    if action.eq_ignore_ascii_case("sts:AssumeRole") {
        let roles = account.roles.values().take(MOST_EXAMPLES);
        let roles = roles.map(|role| account.role_arn(role).to_string());
        let foreign = patterns(statement)
            .iter()
            .map(ResourcePattern::as_str)
            .filter(|pattern| {
                pattern
                    .parse::<Arn>()
                    .is_ok_and(|arn| arn.account().is_some_and(|a| a != account.id))
            })
            .map(concrete);
        return roles.chain(foreign).collect();
    }
    let known = plausible(action, account);
    match &statement.resources {
        None | Some(Listed::AllBut(_)) => known,
        Some(Listed::These(patterns)) => patterns
            .iter()
            .flat_map(|written| match written.as_str() {
                "*" => known.clone(),
                pattern => {
                    let mut matched: Vec<String> = known.iter().filter(|arn| written.takes(arn)).cloned().collect();
                    if matched.is_empty() {
                        matched.push(concrete(pattern));
                    }
                    matched
                }
            })
            .collect(),
    }
}

fn patterns(statement: &Statement) -> &[ResourcePattern] {
    match &statement.resources {
        Some(Listed::These(patterns)) => patterns,
        _ => &[],
    }
}

/// Resources on which the action could be asked: those of the account that are known, else a made-up one of its kind.
fn plausible(action: &str, account: &Account) -> Vec<String> {
    let partition = &account.partition;
    match action.split(':').next().unwrap_or_default() {
        "s3" if !action.ends_with("ListAllMyBuckets") => {
            let buckets: Vec<&Arn> = account
                .resources
                .iter()
                .flatten()
                .map(|(arn, _)| arn)
                .filter(|arn| arn.service() == "s3")
                .collect();
            if buckets.is_empty() {
                return vec![format!("arn:{partition}:s3:::example-bucket/example-object")];
            }
            let objects = buckets.iter().map(|bucket| format!("{bucket}/example-object"));
            objects.collect()
        }
        "iam" => {
            let users = account.users.values().take(MOST_EXAMPLES);
            let users = users.map(|user| account.user_arn(user).to_string());
            users.chain(std::iter::once("*".to_owned())).collect()
        }
        _ => vec!["*".to_owned()],
    }
}
