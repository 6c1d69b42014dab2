//! Rules for one account: a user or role whose credentials were seen to come from a few places is told of when they come from another. That
//! is how a key or session that was carried away shows in a single record, which EventBridge can tell.

use super::rule::{Is, Level, Row, Rule, Shape, Test};
use super::rules::{PRIVATE, SERVICES};
use super::seen::Used;
use super::written::{Written, written};

const SOURCE: &str = "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html";
const KIND: &str = "userIdentity.type";
const KEY: &str = "userIdentity.accessKeyId";

/// Whose credentials a rule is about.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// A user's, by name: its keys and its session tokens.
    User(&'a str),
    /// A role's, by name and ARN.
    Role(&'a str, &'a str),
}

/// The rule for who was `used` from a few places only, written in every form; `table` is the one that its query asks.
pub fn from_elsewhere(whose: Whose<'_>, used: &Used, table: &str) -> Written {
    let mut places: Vec<&str> = used.addresses.iter().map(String::as_str).collect();
    let shown = match places.is_empty() {
        true => "its VPC endpoints".to_owned(),
        false => places.join(", "),
    };
    places.extend(SERVICES);
    if !used.endpoints.is_empty() {
        places.extend(PRIVATE);
    }
    let (row, id, what, member, value, kind) = match whose {
        Whose::User(name) => {
            let what = format!("user `{name}`");
            (
                Row::PermanentKey,
                format!("key-from-elsewhere-{name}"),
                what,
                "userIdentity.userName",
                name,
                "IAMUser",
            )
        }
        Whose::Role(name, arn) => {
            let what = format!("role `{name}`");
            let member = "userIdentity.sessionContext.sessionIssuer.arn";
            (
                Row::RoleSession,
                format!("session-from-elsewhere-{name}"),
                what,
                member,
                arn,
                "AssumedRole",
            )
        }
    };
    let id: String = id
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "-_.".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let tests = [
        Test {
            field: KIND,
            is: Is::Any(&[kind]),
        },
        Test {
            field: member,
            is: Is::Any(&[value]),
        },
        Test {
            field: KEY,
            is: Is::There,
        },
        Test {
            field: "sourceIPAddress",
            is: Is::NotLike(&places),
        },
    ];
    let rule = Rule {
        id: &id,
        title: &format!("Credentials of {what} are used from a place that they never came from"),
        why: &format!("In the trail that this rule was written by they came from {shown} alone."),
        innocent: "Whoever moves; a program on a new machine. Write the rule anew when that happens.",
        row,
        level: Level::Medium,
        attack: "attack.t1078.004",
        source: SOURCE,
        shape: Shape::One(&[&tests]),
    };
    written(&rule, table)
}
