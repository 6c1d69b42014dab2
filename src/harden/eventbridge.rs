//! A rule as a pattern of EventBridge, which looks at one event at a time and compares with constants only.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>
//!
//! AssumeRole and GetSessionToken are read-only calls to CloudTrail: the rule must be in the state
//! `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` to see them.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>

use super::rule::{Is, Records, Rule, Shape, Test};
use super::rules::halves::HALVES;
use serde_json::{Map, Value, json};

/// What EventBridge can make of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// It says the same.
    Same(Value),
    /// It lets more through, for this reason.
    Wider(Value, &'static str),
    /// Of what needs several events it tells what one can, for this reason.
    Part(Value, &'static str),
    /// It can't be said, for this reason.
    None(&'static str),
}

impl Pattern {
    /// The pattern, where there is one.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Pattern::Same(value) | Pattern::Wider(value, _) | Pattern::Part(value, _) => Some(value),
            Pattern::None(_) => None,
        }
    }

    /// What differs from the rule.
    pub fn remark(&self) -> Option<&'static str> {
        match self {
            Pattern::Same(_) => None,
            Pattern::Wider(_, why) | Pattern::Part(_, why) | Pattern::None(why) => Some(why),
        }
    }

    /// What there is, in words.
    pub fn describe(&self) -> Option<&'static str> {
        match self {
            Pattern::Same(_) => None,
            Pattern::Wider(..) => Some("its EventBridge pattern lets more through"),
            Pattern::Part(..) => Some("its EventBridge pattern tells a part"),
            Pattern::None(_) => Some("no EventBridge pattern"),
        }
    }
}

/// The rule as a pattern.
pub fn pattern(rule: &Rule<'_>) -> Pattern {
    if let Some(half) = HALVES.iter().find(|half| half.rule == rule.id) {
        let pattern = of_records(half.of);
        return match half.is_whole {
            true => Pattern::Wider(pattern, half.why),
            false => Pattern::Part(pattern, half.why),
        };
    }
    let of = match rule.shape {
        Shape::One(of) => of,
        Shape::Count { .. } => {
            return Pattern::None(
                "EventBridge doesn't count events, and one AssumeRole of a burst is like any other: of who is refused assume-role-spread tells, and of tokens without MFA session-token-assumes-role; run the query or the Sigma rule on a schedule",
            );
        }
        Shape::Several { .. } => {
            return Pattern::None("EventBridge doesn't count events; run the query or the Sigma rule on a schedule");
        }
        Shape::Then { .. } => {
            return Pattern::None(
                "EventBridge doesn't join one event to another, and nothing but that tells such a session from any other: what a deny refuses use-after-containment tells; `oust harden` with an incident writes *-again-*, of which a single event tells",
            );
        }
        Shape::Ring { .. } => {
            return Pattern::None(
                "EventBridge doesn't join one event to another: sessions of the public tool role-juggling tells, however many roles; `oust harden` writes loop-into-* for the loops of this account, of which a single event tells",
            );
        }
    };
    // Without what is compared a rule on AssumeRole would be every one of them.
    let of_assume_role = |tests: &&[Test<'_>]| tests.iter().any(|test| test.is == Is::Any(&["AssumeRole"]));
    let compares = |test: &Test<'_>| matches!(test.is, Is::SameAs(_) | Is::OtherThan(_));
    let pattern = of_records(of);
    match of.iter().any(|tests| tests.iter().any(compares)) {
        true if of.iter().any(of_assume_role) => Pattern::None(
            "EventBridge compares a member with constants only, and without comparing it would be every role's AssumeRole; `oust harden` writes loop-into-* for a role of this account that trusts itself",
        ),
        true => Pattern::Wider(
            pattern,
            "EventBridge compares a member with constants only, so who is named isn't compared with who calls",
        ),
        false => Pattern::Same(pattern),
    }
}

/// Records of which one is to match.
fn of_records(of: Records<'_>) -> Value {
    let each: Vec<Value> = of.iter().map(|tests| detail(tests)).collect();
    let detail = match each.as_slice() {
        [one] => one.clone(),
        _ => json!({"$or": each}),
    };
    let mut kinds = vec!["AWS API Call via CloudTrail"];
    let is_of_console = |test: &Test<'_>| test.is == Is::Any(&["signin.amazonaws.com"]);
    if of.iter().any(|tests| tests.iter().any(is_of_console)) {
        kinds.push("AWS Console Sign In via CloudTrail");
    }
    json!({"detail-type": kinds, "detail": detail})
}

fn detail(tests: &[Test<'_>]) -> Value {
    let mut detail = Map::new();
    for test in tests {
        set(&mut detail, test.field, matchers(test.is));
    }
    Value::Object(detail)
}

fn matchers(is: Is<'_>) -> Value {
    let each = |name: &str, texts: &[&str]| texts.iter().map(|text| json!({name: text})).collect::<Value>();
    match is {
        Is::Any(texts) => json!(texts),
        Is::Begins(fronts) => each("prefix", fronts),
        Is::Holds(parts) => parts
            .iter()
            .map(|part| json!({"wildcard": format!("*{part}*")}))
            .collect(),
        Is::NotLike(patterns) => json!([{"anything-but": {"wildcard": patterns}}]),
        // No rule of one record reads a document so: EventBridge sees texts, whatever they say.
        Is::There | Is::SameAs(_) | Is::OtherThan(_) | Is::Denies(_) | Is::DeniesNeither => json!([{"exists": true}]),
        // To EventBridge a member that is null is there.
        Is::Absent => json!([{"exists": false}, null]),
    }
}

fn set(into: &mut Map<String, Value>, place: &str, value: Value) {
    match place.split_once('.') {
        None => drop(into.insert(place.to_owned(), value)),
        Some((name, rest)) => {
            let inner = into.entry(name).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}
