//! Rules for one account: of the places that its users and roles came from, of its loops, of the users of its incident. What a general rule
//! can only tell of several records, such a rule tells of a single one, since it compares with constants; so EventBridge can tell it too.

use super::before::until;
use super::matching::{Members, is_like, is_one_of};
use super::rule::{Is, Level, Row, Rule, Shape, Test};
use super::rules::{PRIVATE, SERVICES};
use super::seen::Used;
use super::usage::is_public;
use super::written::{Written, written};
use crate::ids::AccountId;
use crate::time::Moment;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::IpAddr;

const ELSEWHERE_PAGE: &str = "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html";
const LOOP_PAGE: &str = "https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/";
const REVOKE_PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html";
const CUT_PAGE: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html";
const KIND: &str = "userIdentity.type";
const KEY: &str = "userIdentity.accessKeyId";
const ACCOUNT: &str = "userIdentity.accountId";
const USER: &str = "userIdentity.userName";
const OF_ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.userName";
const ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.arn";
const BEGAN: &str = "userIdentity.sessionContext.attributes.creationDate";

/// Whose credentials a rule is about.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// A user's, by name and account: its keys and its session tokens.
    User(&'a str, &'a AccountId),
    /// A role's, by name and ARN.
    Role(&'a str, &'a str),
}

impl Whose<'_> {
    /// What a record says of such a caller.
    fn named(self) -> Vec<(&'static str, Must)> {
        let one = |text: &str| Must::Any(vec![text.to_owned()]);
        match self {
            // Other accounts of an organization's trail have users of that name too.
            Whose::User(name, account) => vec![
                (KIND, one("IAMUser")),
                (ACCOUNT, one(account.as_str())),
                (USER, one(name)),
            ],
            Whose::Role(_, arn) => vec![(KIND, one("AssumedRole")), (ISSUER, one(arn))],
        }
    }
}

/// What a member of a record must be, in texts of its own.
#[derive(Debug, Clone, PartialEq)]
enum Must {
    Any(Vec<String>),
    Begins(Vec<String>),
    NotLike(Vec<String>),
    There,
    Absent,
}

/// A rule that is about one record, for one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    words: Words,
    tests: Vec<(&'static str, Must)>,
    /// Every form of it.
    pub written: Written,
}

impl Serialize for Fitted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

/// What a rule is called, and why it is there.
#[derive(Debug, Clone, PartialEq)]
struct Words {
    id: String,
    title: String,
    why: String,
    innocent: &'static str,
    row: Row,
    level: Level,
    attack: &'static str,
    source: &'static str,
}

impl Fitted {
    fn of(words: Words, tests: Vec<(&'static str, Must)>, table: &str) -> Fitted {
        let written = in_every_form(&words, &tests, table);
        Fitted { words, tests, written }
    }

    /// Lets its query ask another table.
    pub(super) fn ask(&mut self, table: &str) {
        self.written = in_every_form(&self.words, &self.tests, table);
    }

    /// Whether a record is what it looks for.
    pub(super) fn tells(&self, record: &impl Members) -> bool {
        with(&self.tests, |tests| is_one_of(&[tests], record))
    }

    /// Whether caller and address alone tell it.
    pub(super) fn is_of_places(&self) -> bool {
        self.tests.iter().any(|(field, _)| *field == "sourceIPAddress")
    }
}

fn in_every_form(words: &Words, tests: &[(&'static str, Must)], table: &str) -> Written {
    with(tests, |tests| {
        let rule = Rule {
            id: &words.id,
            title: &words.title,
            why: &words.why,
            innocent: words.innocent,
            row: words.row,
            level: words.level,
            attack: words.attack,
            source: words.source,
            shape: Shape::One(&[tests]),
        };
        written(&rule, table)
    })
}

/// Hands over tests that borrow their texts.
fn with<T>(tests: &[(&'static str, Must)], tell: impl FnOnce(&[Test<'_>]) -> T) -> T {
    let texts: Vec<Vec<&str>> = tests
        .iter()
        .map(|(_, must)| match must {
            Must::Any(texts) | Must::Begins(texts) | Must::NotLike(texts) => texts.iter().map(String::as_str).collect(),
            Must::There | Must::Absent => Vec::new(),
        })
        .collect();
    let tests = tests.iter().zip(&texts).map(|((field, must), texts)| Test {
        field,
        is: match must {
            Must::Any(_) => Is::Any(texts),
            Must::Begins(_) => Is::Begins(texts),
            Must::NotLike(_) => Is::NotLike(texts),
            Must::There => Is::There,
            Must::Absent => Is::Absent,
        },
    });
    let tests: Vec<Test<'_>> = tests.collect();
    tell(&tests)
}

/// A name as ids of rules and files bear it. Where letters of it can't stand there, a part of its hash tells it from others that look the same then.
fn id(front: &str, name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.chars().all(plain) {
        return format!("{front}-{name}");
    }
    let shown = name.chars().map(|letter| if plain(letter) { letter } else { '-' });
    let hash = Sha256::digest(name.as_bytes());
    let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{front}-{}-{hash}", shown.collect::<String>())
}

/// The rule for who was `used` from a few places only; `table` is the one that its query asks.
pub fn from_elsewhere(whose: Whose<'_>, used: &Used, table: &str) -> Fitted {
    let shown = match used.addresses.is_empty() {
        true => "its VPC endpoints".to_owned(),
        false => used.addresses.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    let why = format!("In the trail that this rule was written by they came from {shown} alone.");
    elsewhere(whose, used, "they never came from", why, table)
}

/// The rule for a user who was never seen but through the intruder, by the places that the account's other users came from.
pub(super) fn from_outside(user: &str, account: &AccountId, house: &Used, table: &str) -> Fitted {
    let shown: Vec<&str> = house.addresses.iter().map(String::as_str).collect();
    let why = format!(
        "Its owner was in none of the trail that this rule was written by; the account's other users came from {} alone.",
        shown.join(", ")
    );
    elsewhere(Whose::User(user, account), house, "nobody else came from", why, table)
}

/// The pattern of where a call came from that tells no place, which none of `places` is: an address that only networks within have, or that has
/// such, by its network, since tomorrow it is another of it.
fn beside(place: &str, places: &[String]) -> Option<String> {
    if places.iter().any(|pattern| is_like(place, pattern)) {
        return None;
    }
    let pattern = match place.parse() {
        Ok(IpAddr::V4(four)) if !is_public(four.into()) => {
            let [one, two, ..] = four.octets();
            format!("{one}.{two}.*")
        }
        Ok(IpAddr::V6(_)) => {
            // The first four groups are the network's, where none of them is left out.
            let groups: Vec<&str> = place.split(':').take(4).collect();
            match groups.len() == 4 && groups.iter().all(|group| !group.is_empty()) {
                true => format!("{}:*", groups.join(":")),
                false => place.to_owned(),
            }
        }
        _ => place.to_owned(),
    };
    Some(pattern)
}

fn elsewhere(whose: Whose<'_>, used: &Used, which: &str, why: String, table: &str) -> Fitted {
    // A record is compared as it is spelled.
    let places: BTreeSet<&String> = used.addresses.iter().chain(&used.spelled).collect();
    let mut places: Vec<String> = places.into_iter().cloned().collect();
    places.extend(SERVICES.iter().map(|text| (*text).to_owned()));
    if !used.endpoints.is_empty() {
        places.extend(PRIVATE.iter().map(|text| (*text).to_owned()));
    }
    let others: BTreeSet<String> = used
        .no_places
        .iter()
        .filter_map(|place| beside(place, &places))
        .collect();
    places.extend(others);
    let (row, id, what) = match whose {
        Whose::User(name, _) => (
            Row::PermanentKey,
            id("key-from-elsewhere", name),
            format!("user `{name}`"),
        ),
        Whose::Role(name, _) => (
            Row::RoleSession,
            id("session-from-elsewhere", name),
            format!("role `{name}`"),
        ),
    };
    let words = Words {
        id,
        title: format!("Credentials of {what} are used from a place that {which}"),
        why,
        innocent: "Whoever moves; a program on a new machine. Write the rule anew when that happens.",
        row,
        level: Level::Medium,
        attack: "attack.t1078.004",
        source: ELSEWHERE_PAGE,
    };
    let mut tests = whose.named();
    tests.push((KEY, Must::There));
    tests.push(("sourceIPAddress", Must::NotLike(places)));
    Fitted::of(words, tests, table)
}

/// The rule for a role that these roles, by ARN, could take for ever and were never seen to.
pub(super) fn into_loop(role: &str, arn: &str, froms: &[String], table: &str) -> Fitted {
    let title = format!("Role `{role}` is taken by a role of its loop");
    of_loop("loop-into", title, role, arn, froms, table)
}

/// The rule for a role that takes itself and lies in a loop with others, of which another rule tells.
pub(super) fn into_itself(role: &str, arn: &str, table: &str) -> Fitted {
    let title = format!("Role `{role}` takes itself");
    of_loop("itself-into", title, role, arn, &[arn.to_owned()], table)
}

fn of_loop(front: &str, title: String, role: &str, arn: &str, froms: &[String], table: &str) -> Fitted {
    let words = Words {
        id: id(front, role),
        title,
        why: "It can be taken so for ever, and in the trail that this rule was written by nobody did.".to_owned(),
        innocent: "A program that begins to need it.",
        row: Row::RoleSession,
        level: Level::High,
        attack: "attack.t1550.001",
        source: LOOP_PAGE,
    };
    let one = |text: &str| Must::Any(vec![text.to_owned()]);
    let tests = vec![
        ("eventSource", one("sts.amazonaws.com")),
        ("eventName", one("AssumeRole")),
        (KIND, one("AssumedRole")),
        (ISSUER, Must::Any(froms.to_vec())),
        ("requestParameters.roleArn", one(arn)),
        ("errorCode", Must::Absent),
    ];
    Fitted::of(words, tests, table)
}

/// The rules for a user of the incident, to be put there when he is contained: for his own credentials, and for what he federated, which
/// bears another name.
pub(super) fn again(user: &str, account: &AccountId, table: &str) -> [Fitted; 2] {
    let rule = |front: &str, what: &str, row: Row, mut tests: Vec<(&'static str, Must)>| {
        let words = Words {
            id: id(front, user),
            title: format!("A {what} of user `{user}`, who is contained, is used"),
            why: "From the moment of containment on, whoever calls still holds a key or a session of the user."
                .to_owned(),
            innocent: "Programs of the user's owner that go on trying. Take the rule away when the user is given back.",
            row,
            level: Level::High,
            attack: "attack.t1078.004",
            source: CUT_PAGE,
        };
        tests.push((KEY, Must::There));
        Fitted::of(words, tests, table)
    };
    let one = |text: &str| Must::Any(vec![text.to_owned()]);
    let federated = vec![
        (KIND, one("FederatedUser")),
        (ACCOUNT, one(account.as_str())),
        (OF_ISSUER, one(user)),
    ];
    [
        rule(
            "used-again",
            "credential",
            Row::PermanentKey,
            Whose::User(user, account).named(),
        ),
        rule("federated-again", "federated session", Row::SessionToken, federated),
    ]
}

/// The rule for a role of the incident, by ARN, whose sessions of before `cut` were revoked, or are to be: it compares when they began.
pub(super) fn revoked_again(role: &str, arn: &str, cut: Moment, table: &str) -> Fitted {
    let words = Words {
        id: id("revoked-again", role),
        title: format!(
            "A session of role `{role}` that began before {} is used",
            cut.whole_second()
        ),
        why: "Such sessions were revoked, and no call ends one: whoever took it still calls with it.".to_owned(),
        innocent: "Instances, functions and people whose sessions were revoked with the others, until they take new ones. None can come later than half a day after.",
        row: Row::RoleSession,
        level: Level::Medium,
        attack: "attack.t1550.001",
        source: REVOKE_PAGE,
    };
    let mut tests = Whose::Role(role, arn).named();
    tests.extend([(KEY, Must::There), (BEGAN, Must::Begins(until(cut)))]);
    Fitted::of(words, tests, table)
}
