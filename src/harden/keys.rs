//! Long-term credentials that needn't be there, and sessions that live longer than they need.

use super::finding::Finding;
use super::measure::Measure;
use super::replacement::template;
use super::rule::Row;
use super::seen::Seen;
use crate::account::{Account, KeyStatus, LastUsed, User};
use crate::ids::AccessKeyId;
use crate::time::Moment;
use std::collections::BTreeSet;

const OLD_DAYS: i64 = 90;
const DAY_SECONDS: i64 = 86_400;
const HOUR_SECONDS: u32 = 3_600;
/// By so much may the clocks of two records differ.
const SLACK_SECONDS: i64 = 60;

const KEYS_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html";
const SERVICE_PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html";
const DURATION_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html";

/// What is weak about long-term credentials and the length of sessions. `hit` are the keys of the incident, which are dealt with elsewhere.
pub(super) fn findings(account: &Account, seen: &Seen, hit: &[AccessKeyId], now: Moment) -> Vec<Finding> {
    let mut found = Vec::new();
    for user in account.users.values() {
        found.extend(keys(user, seen, hit, now));
        found.extend(replaceable(account, user, seen, hit));
        let held = user.credentials.iter().flat_map(|held| &held.service_specific);
        for one in held.filter(|one| one.status == KeyStatus::Active) {
            let title = format!("user `{}` has a credential of its own for {}", user.name, one.service);
            let id = one.id.parse::<AccessKeyId>().ok();
            // No call of IAM tells its last use, and not every service records what is done with it.
            let doubt = match id.and_then(|id| seen.credentials.get(&id)) {
                Some(at) => format!("it was used at {}", at.whole_second()),
                None => "when it was last used is told by no call, and not every service records its use".to_owned(),
            };
            let finding = Finding::of("service-credential", Row::PermanentKey, title, SERVICE_PAGE)
                .shown_by([format!("{}, created {}", one.id, one.created.whole_second())])
                .advised("MFA and sessions don't bind it, and its use isn't told by the key IDs of a trace; iam:ServiceSpecificCredentialAgeDays limits its age where it must stay")
                .met_by(Measure::ServiceCredentialInactive {
                    user: user.name.clone(),
                    id: one.id.clone(),
                })
                .doubted(Some(doubt));
            found.push(finding);
        }
    }
    for role in account.roles.values().filter(|role| role.unmodifiable().is_none()) {
        let Some(most) = role.max_session_seconds.filter(|most| *most > HOUR_SECONDS) else {
            continue;
        };
        let arn = account.role_arn(role).to_string();
        let (taken, used) = (seen.taken.get(&arn), seen.roles.get(&role.name));
        let asked = taken.map_or(0, |taken| taken.seconds);
        let longest = used.map_or(0, |used| used.longest);
        if asked.max(longest) > i64::from(HOUR_SECONDS) + SLACK_SECONDS {
            continue;
        }
        let title = format!("sessions of role `{}` may last {}", role.name, lasting(most));
        let shown = match (taken, used) {
            (Some(taken), _) => format!("nobody of {} who took it asked for more than an hour", taken.times),
            (None, Some(_)) => "none of its sessions was seen to be used for more than an hour".to_owned(),
            (None, None) => "nobody was seen to take it".to_owned(),
        };
        // STS refuses who asks for more than the role allows, however soon he is done.
        let untold = match taken {
            None => Some("for how long those who take it ask isn't known: nobody was seen to take it"),
            Some(_) if !seen.unexplained(role, &arn).is_empty() => Some(
                "sessions of it were used that nobody was seen to take: for how long they were asked for isn't known",
            ),
            Some(_) => None,
        };
        found.push(
            Finding::of("session-long", Row::RoleSession, title, DURATION_PAGE)
                .shown_by([shown])
                .met_by(Measure::MaxSession {
                    role: role.name.clone(),
                    seconds: HOUR_SECONDS,
                })
                .doubted(untold.map(str::to_owned)),
        );
    }
    found
}

/// How long that is: in hours, or in minutes where it is no whole number of them.
fn lasting(seconds: u32) -> String {
    match seconds % HOUR_SECONDS {
        0 => format!("{} hours", seconds / HOUR_SECONDS),
        _ => format!("{} minutes", seconds / 60),
    }
}

/// What of AWS's own compute is named by the front of its environment, what it has in the place of a key, and which service takes a role for it.
const COMPUTE: [(&str, &str, &str, Option<&str>); 3] = [
    (
        "AWS_Lambda_",
        "a Lambda function",
        "make this role the function's, beside AWSLambdaBasicExecutionRole for its logs (and AWSLambdaVPCAccessExecutionRole in a VPC), or give the one that it has the same policies",
        Some("lambda.amazonaws.com"),
    ),
    (
        "AWS_ECS_",
        "an ECS task",
        "make this role the task's (taskRoleArn)",
        Some("ecs-tasks.amazonaws.com"),
    ),
    (
        "CloudShell",
        "CloudShell",
        "it has the credentials of who signed in",
        None,
    ),
];

/// Keys that are used where AWS hands out credentials by itself.
fn replaceable(account: &Account, user: &User, seen: &Seen, hit: &[AccessKeyId]) -> Vec<Finding> {
    let held = user.credentials.iter().flat_map(|held| &held.access_keys);
    let active = held.filter(|key| key.status == KeyStatus::Active && !hit.contains(&key.id));
    let known = active.flat_map(|key| {
        let on = seen.environments.get(&key.id).into_iter().flatten();
        on.filter_map(move |on| {
            let compute = COMPUTE.iter().find(|(front, ..)| on.starts_with(front))?;
            Some((key, on, compute))
        })
    });
    let known: Vec<_> = known.collect();
    let services: BTreeSet<&str> = known.iter().filter_map(|(.., (.., service))| *service).collect();
    let mut found = Vec::new();
    for (key, on, (_, what, instead, service)) in known {
        let title = format!(
            "key {} of user `{}` is used by {what}, which needs none",
            key.id, user.name
        );
        let finding = Finding::of("key-replaceable", Row::PermanentKey, title, KEYS_PAGE)
                .shown_by([format!("calls with it come from {on}")])
                .advised(format!(
                    "{instead}: take the key out of its configuration, and when it is silent deactivate it: `aws iam update-access-key --user-name {} --access-key-id {} --status Inactive`",
                    user.name, key.id
                ));
        if service.is_none() {
            found.push(finding);
            continue;
        }
        // One role for all of it: what it may do is the user's.
        let (document, doubt) = template(account, user, &services);
        let measure = Measure::RoleTemplate {
            user: user.name.clone(),
            document,
        };
        found.push(finding.met_by(measure).doubted(doubt));
    }
    found
}

fn keys(user: &User, seen: &Seen, hit: &[AccessKeyId], now: Moment) -> Vec<Finding> {
    let long_ago = now.plus_seconds(-OLD_DAYS * DAY_SECONDS);
    let held = user.credentials.iter().flat_map(|held| &held.access_keys);
    let active =
        held.filter(|key| key.status == KeyStatus::Active && !hit.contains(&key.id) && key.created <= long_ago);
    let mut found = Vec::new();
    for key in active {
        let in_trail = seen.users.get(&user.name).and_then(|used| used.last);
        let last = key.last_used.as_ref().map(|used| used.at).max(in_trail);
        let created = format!("created {}", key.created.whole_second());
        if last.is_none_or(|last| last <= long_ago) {
            let is_never = key.last_used.as_ref().is_some_and(LastUsed::is_never) && in_trail.is_none();
            let used = match last {
                None => "no use of it is known".to_owned(),
                Some(_) if is_never => "IAM tells that it was never used".to_owned(),
                Some(last) => format!("last used {}", last.whole_second()),
            };
            let title = format!("key {} of user `{}` is active and not used", key.id, user.name);
            let finding = Finding::of("key-unused", Row::PermanentKey, title, KEYS_PAGE).shown_by([created, used]);
            let finding = finding.met_by(Measure::KeyInactive {
                user: user.name.clone(),
                key: key.id.clone(),
            });
            // That a trail of days is silent says nothing of a job that runs once a quarter.
            let untold = key.last_used.is_none().then(|| {
                format!(
                    "when it was last used isn't known: ask before, `aws iam get-access-key-last-used --access-key-id {}`",
                    key.id
                )
            });
            found.push(finding.doubted(untold));
        } else {
            let title = format!(
                "key {} of user `{}` is more than {OLD_DAYS} days old",
                key.id, user.name
            );
            let finding = Finding::of("key-old", Row::PermanentKey, title, KEYS_PAGE).shown_by([created]);
            found.push(finding.advised(
                "replace it: people by IAM Identity Center or `aws login`, machines outside by Roles Anywhere, CI by OIDC, compute by its role; rotate it where it must stay",
            ));
        }
    }
    found
}
