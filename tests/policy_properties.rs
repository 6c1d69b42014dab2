//! Properties of the policy evaluator, for any policies and requests: what never changes an answer, and which way an answer may change.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use oust::policy::{
    Context, Document, OnResource, Outcome, Placed, PolicyKind, PolicySet, Principal, PrincipalKind, Request, Source,
    decide, explain,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const ACTIONS: [&str; 4] = ["s3:GetObject", "s3:PutObject", "iam:GetUser", "sts:AssumeRole"];
const RESOURCES: [&str; 4] = [
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/home/ann",
    "arn:aws:iam::123456789012:role/r",
    "*",
];

/// Who asks: a user, a session of a role, a federated user, root, a service.
fn caller(n: usize) -> Principal {
    let account = "123456789012".parse().unwrap();
    let (kind, arn, session, id) = match n % 4 {
        0 => (PrincipalKind::User, "arn:aws:iam::123456789012:user/ann", None, "AIDAQ"),
        1 => (
            PrincipalKind::RoleSession,
            "arn:aws:iam::123456789012:role/r",
            Some("arn:aws:sts::123456789012:assumed-role/r/s"),
            "AROAQ:s",
        ),
        2 => (
            PrincipalKind::FederatedUser,
            "arn:aws:sts::123456789012:federated-user/bob",
            Some("arn:aws:sts::123456789012:federated-user/bob"),
            "123456789012:bob",
        ),
        _ => (
            PrincipalKind::Root,
            "arn:aws:iam::123456789012:root",
            None,
            "123456789012",
        ),
    };
    Principal {
        kind,
        account,
        arn: arn.parse().unwrap(),
        session_arn: session.map(|arn| arn.parse().unwrap()),
        user_id: id.to_owned(),
        issuer_arn: (n % 4 == 2).then(|| "arn:aws:iam::123456789012:user/ann".parse().unwrap()),
    }
}

#[derive(Debug, Clone)]
struct Case {
    caller: usize,
    action: &'static str,
    resource: &'static str,
    keys: Vec<(&'static str, Vec<&'static str>)>,
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Option<Value>,
    scp: Vec<Value>,
    rcp: Vec<Value>,
    on: Vec<Value>,
}

fn conditions() -> impl Strategy<Value = Value> {
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLikeIfExists",
        "ForAllValues:StringLike",
        "ForAnyValue:StringNotEquals",
        "StringEqualsIgnoreCase",
        "NumericLessThan",
        "NumericNotEquals",
        "DateGreaterThan",
        "Bool",
        "BoolIfExists",
        "IpAddress",
        "NotIpAddress",
        "ArnLike",
        "ArnNotEquals",
        "Null",
        "BinaryEquals",
        "StringSoundsLike",
    ]);
    let key = prop::sample::select(vec![
        "k",
        "aws:username",
        "aws:PrincipalArn",
        "aws:PrincipalTag/Team",
        "aws:SourceIp",
    ]);
    let value = prop::sample::select(vec![
        "a",
        "a*",
        "A",
        "true",
        "false",
        "7",
        "2026-01-01",
        "10.0.0.0/8",
        "arn:aws:iam::*:role/r",
        "${aws:username}",
        "${k, 'a'}",
        "",
    ]);
    prop::collection::vec((operator, key, prop::collection::vec(value, 1..3)), 0..3).prop_map(|all| {
        let mut condition = Map::new();
        for (operator, key, values) in all {
            let keys = condition.entry(operator).or_insert_with(|| json!({}));
            keys.as_object_mut().unwrap().insert(key.to_owned(), json!(values));
        }
        Value::Object(condition)
    })
}

prop_compose! {
    fn statement(with_principal: bool)(
        effect in prop::sample::select(vec!["Allow", "Allow", "Deny"]),
        action in prop::sample::select(vec![
            ("Action", json!("*")), ("Action", json!("s3:*")), ("Action", json!(["S3:get*", "iam:GetUse?"])), ("NotAction", json!("iam:*")),
            ("NotAction", json!(["s3:Get*", "sts:*"])),
        ]),
        resource in prop::sample::select(vec![
            ("Resource", json!("*")), ("Resource", json!("arn:aws:s3:::b/*")), ("Resource", json!("arn:aws:s3:::b/home/${aws:username}")),
            ("NotResource", json!("arn:aws:s3:::b/k")), ("NotResource", json!(["arn:aws:iam::*:role/?", "arn:aws:s3:::b/${aws:PrincipalTag/team}"])),
            ("Resource", json!("arn:aws:iam::${aws:PrincipalAccount}:role/r")),
        ]),
        principal in prop::sample::select(vec![
            json!("*"), json!({"AWS": "123456789012"}), json!({"AWS": "arn:aws:iam::123456789012:user/ann"}),
            json!({"AWS": ["arn:aws:iam::123456789012:role/r", "AIDAQ"]}), json!({"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}),
            json!({"Service": "ec2.amazonaws.com"}), json!({"AWS": "arn:aws:iam::123456789012:user/*"}),
        ]),
        condition in prop_oneof![2 => Just(json!({})), 3 => conditions()],
    ) -> Value {
        let mut made = Map::new();
        made.insert("Effect".into(), effect.into());
        if with_principal {
            made.insert("Principal".into(), principal);
        }
        made.insert(action.0.into(), action.1);
        made.insert(resource.0.into(), resource.1);
        made.insert("Condition".into(), condition);
        Value::Object(made)
    }
}

fn policy(with_principal: bool) -> impl Strategy<Value = Value> {
    let version = prop::sample::select(vec!["2012-10-17", "2012-10-17", "2008-10-17"]);
    (version, prop::collection::vec(statement(with_principal), 1..4))
        .prop_map(|(version, statements)| json!({"Version": version, "Statement": statements}))
}

fn policies(with_principal: bool, most: usize) -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(policy(with_principal), 0..most)
}

fn keys() -> impl Strategy<Value = Vec<(&'static str, Vec<&'static str>)>> {
    let key = prop::sample::select(vec!["k", "aws:PrincipalTag/team", "aws:SourceIp"]);
    let value = prop::sample::select(vec![
        "a",
        "b",
        "true",
        "7",
        "2026-06-01T00:00:00Z",
        "10.1.2.3",
        "arn:aws:iam::1:role/r",
        "",
    ]);
    prop::collection::vec((key, prop::collection::vec(value, 0..3)), 0..3)
}

prop_compose! {
    fn case()(
        caller in 0usize..4,
        action in prop::sample::select(ACTIONS.to_vec()),
        resource in prop::sample::select(RESOURCES.to_vec()),
        keys in keys(),
        identity in policies(false, 3),
        boundary in prop::option::weighted(0.3, policy(false)),
        session in prop::option::weighted(0.3, policy(false)),
        scp in policies(false, 2),
        rcp in policies(false, 2),
        on in policies(true, 3),
    ) -> Case {
        Case { caller, action, resource, keys, identity, boundary, session, scp, rcp, on }
    }
}

fn placed(kind: PolicyKind, policy: &Value) -> Placed {
    Placed {
        source: Source {
            kind,
            name: "policy".into(),
        },
        document: Arc::new(Document::parse(&policy.to_string()).unwrap()),
    }
}

impl Case {
    fn outcome(&self) -> Outcome {
        self.outcome_of(self.resource)
    }

    fn outcome_of(&self, resource: &str) -> Outcome {
        let principal = caller(self.caller);
        let mut context = Context::closed();
        principal.put_keys(&mut context);
        for (key, values) in &self.keys {
            context.set_all(key, values.iter().map(|value| (*value).to_owned()).collect());
        }
        let all = |kind, policies: &[Value]| policies.iter().map(|policy| placed(kind, policy)).collect::<Vec<_>>();
        let one = |kind, policy: &Option<Value>| policy.as_ref().map(|policy| vec![placed(kind, policy)]);
        let set = PolicySet {
            identity: all(PolicyKind::Identity, &self.identity),
            boundary: one(PolicyKind::Boundary, &self.boundary),
            session: one(PolicyKind::Session, &self.session),
            service_control: if self.scp.is_empty() {
                Vec::new()
            } else {
                vec![all(PolicyKind::ServiceControl, &self.scp)]
            },
            resource_control: all(PolicyKind::ResourceControl, &self.rcp),
            gaps: Vec::new(),
        };
        let on = OnResource {
            policies: all(PolicyKind::Resource, &self.on),
            must_allow: oust::policy::resource_must_allow(self.action, resource),
            gaps: Vec::new(),
        };
        let request = Request {
            principal: &principal,
            action: self.action,
            resource,
            resource_account: None,
            context: &context,
        };
        // Explaining looks at every statement, also at those that a decision doesn't reach.
        let explained = explain(&request, &set, &on);
        let outcome = decide(&request, &set, &on);
        if let Outcome::Allowed(Some(by)) | Outcome::ExplicitDeny(by) = &outcome {
            assert!(explained.iter().any(|one| one.statement == *by));
        }
        outcome
    }

    fn lists(&mut self) -> [&mut Vec<Value>; 4] {
        [&mut self.identity, &mut self.scp, &mut self.rcp, &mut self.on]
    }
}

/// The answer without the statement that gave it, which another order may change.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed(_) => "allowed",
        Outcome::ExplicitDeny(_) => "explicit deny",
        Outcome::ImplicitDeny(_) => "implicit deny",
        Outcome::Unknown(_) => "unknown",
    }
}

fn with_principal(policy: &Value, principal: &Value) -> Value {
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        statement["Principal"] = principal.clone();
    }
    policy
}

fn only(effect: &str, policy: &Value) -> Value {
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        statement["Effect"] = effect.into();
    }
    policy
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// Wherever it is put, and whatever it says. Once denied, always denied: the explicit deny stays one.
    #[test]
    fn adding_a_deny_never_allows(case in case(), deny in policy(false), place in 0usize..5, who in prop::sample::select(vec![json!("*"), json!({"AWS": "123456789012"})])) {
        let before = case.outcome();
        let mut more = case.clone();
        let deny = only("Deny", &deny);
        match place {
            0 => more.identity.push(deny),
            // An SCP level that isn't there yet would be one that allows nothing.
            1 => if !more.scp.is_empty() { more.scp.push(deny) },
            2 => more.rcp.push(deny),
            3 => more.on.push(with_principal(&deny, &who)),
            _ => if let Some(boundary) = &mut more.boundary {
                let statements = deny["Statement"].as_array().unwrap().clone();
                boundary["Statement"].as_array_mut().unwrap().extend(statements);
            },
        }
        let after = more.outcome();
        prop_assert!(before.is_allowed() || !after.is_allowed(), "{before:?} {after:?}");
        prop_assert!(word(&before) != "explicit deny" || word(&after) == "explicit deny", "{before:?} {after:?}");
        prop_assert!(word(&before) != "unknown" || word(&after) != "allowed");
    }

    /// An allow on the identity takes nothing away.
    #[test]
    fn adding_an_allow_to_the_identity_never_denies(case in case(), allow in policy(false)) {
        let before = case.outcome();
        let mut more = case.clone();
        more.identity.push(only("Allow", &allow));
        let after = more.outcome();
        prop_assert!(!before.is_allowed() || after.is_allowed(), "{before:?} {after:?}");
        prop_assert_eq!(word(&before) == "explicit deny", word(&after) == "explicit deny");
    }

    #[test]
    fn the_order_of_policies_statements_and_values_makes_no_difference(case in case(), seed in any::<u64>()) {
        let mut turned = case.clone();
        let mut state = seed | 1;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below.max(1)
        };
        for list in turned.lists() {
            for n in (1..list.len()).rev() {
                list.swap(n, next(n + 1));
            }
            for policy in list {
                let statements = policy["Statement"].as_array_mut().unwrap();
                statements.reverse();
                for statement in statements {
                    for element in ["Action", "NotAction", "Resource", "NotResource"] {
                        if let Some(values) = statement.get_mut(element).and_then(Value::as_array_mut) {
                            values.reverse();
                        }
                    }
                    for (_, keys) in statement["Condition"].as_object_mut().unwrap() {
                        keys.as_object_mut().unwrap().values_mut().for_each(|values| values.as_array_mut().unwrap().reverse());
                    }
                }
            }
        }
        prop_assert_eq!(word(&case.outcome()), word(&turned.outcome()));
    }

    /// `*` in an action says what all actions that are asked for say one by one.
    #[test]
    fn a_wildcard_is_its_expansion(case in case()) {
        let mut expanded = case.clone();
        for list in expanded.lists() {
            for policy in list {
                for statement in policy["Statement"].as_array_mut().unwrap() {
                    for element in ["Action", "NotAction"] {
                        if let Some(written) = statement.get_mut(element) {
                            let patterns = match written.clone() {
                                Value::Array(several) => several,
                                one => vec![one],
                            };
                            let fit = |action: &&str| patterns.iter().any(|pattern| fits(pattern.as_str().unwrap(), action));
                            let mut named: Vec<&str> = ACTIONS.iter().copied().filter(fit).collect();
                            // A list may not be empty.
                            named.push("none:Such");
                            *written = json!(named);
                        }
                    }
                }
            }
        }
        prop_assert_eq!(word(&case.outcome()), word(&expanded.outcome()));
    }

    /// A document that is printed and read again says the same.
    #[test]
    fn parsing_and_printing_are_inverse(policy in policy(true)) {
        let document = Document::parse(&policy.to_string()).unwrap();
        let again = Document::parse(&document.to_json().to_string()).unwrap();
        prop_assert_eq!(&document, &again);
        prop_assert_eq!(document.to_json(), again.to_json());
    }

    /// An operator that isn't known never makes an answer more certain than it is: the statement may match or not, and an answer other
    /// than unknown is the one that comes out either way.
    #[test]
    fn what_is_unsupported_never_decides(case in case(), n in 0usize..8) {
        let odd = json!({"OperatorOfTomorrow": {"k": "v"}});
        let holds = json!({"Null": {"nobody:hasThis": "true"}});
        let fails = json!({"Null": {"nobody:hasThis": "false"}});
        let with = |condition: &Value| {
            let mut changed = case.clone();
            let mut at = n;
            'found: for list in changed.lists() {
                for policy in list {
                    for statement in policy["Statement"].as_array_mut().unwrap() {
                        if at == 0 {
                            statement["Condition"] = condition.clone();
                            break 'found;
                        }
                        at -= 1;
                    }
                }
            }
            changed.outcome()
        };
        let (unknown, yes, no) = (with(&odd), with(&holds), with(&fails));
        if word(&unknown) != "unknown" {
            prop_assert_eq!(unknown.is_allowed(), yes.is_allowed());
            prop_assert_eq!(unknown.is_allowed(), no.is_allowed());
        }
    }
}

/// The plainest way to match, step for step as it is said, in exponential time.
fn fits(pattern: &str, text: &str) -> bool {
    fn walk(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((b'*', others)), rest) => walk(others, text) || rest.is_some_and(|(_, rest)| walk(pattern, rest)),
            (Some((b'?', others)), Some((_, rest))) => walk(others, rest),
            (Some((one, others)), Some((two, rest))) => one == two && walk(others, rest),
            (Some(_), None) => false,
        }
    }
    walk(
        pattern.to_ascii_lowercase().as_bytes(),
        text.to_ascii_lowercase().as_bytes(),
    )
}

proptest! {
    #[test]
    fn matching_is_what_its_plain_definition_says(pattern in "[ab*?]{0,7}", text in "[ab]{0,7}") {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": format!("arn:aws:s3:::{pattern}")}]});
        let case = Case {
            caller: 0, action: "s3:GetObject", resource: "*", keys: Vec::new(), identity: vec![policy], boundary: None, session: None,
            scp: Vec::new(), rcp: Vec::new(), on: Vec::new(),
        };
        let outcome = case.outcome_of(&format!("arn:aws:s3:::{text}"));
        prop_assert_eq!(outcome.is_allowed(), fits(&pattern, &text));
    }
}

/// Were matching exponential in the number of stars, none of these would end within the age of the universe.
#[test]
fn hostile_patterns_end() {
    let long = "a".repeat(5_000);
    let hostile = "*a".repeat(60) + "*b";
    let variable = "*a".repeat(30) + "${aws:username}" + &"*a".repeat(30) + "*b";
    let condition = |operator: &str| json!({operator: {"k": [hostile, variable]}});
    for (resource, condition) in [
        (format!("arn:aws:s3:::{hostile}"), json!({})),
        (format!("arn:aws:s3:::{variable}"), json!({})),
        ("*".to_owned(), condition("StringLike")),
        ("*".to_owned(), condition("ForAnyValue:StringLike")),
        (
            "*".to_owned(),
            json!({"ArnLike": {"k": format!("arn:aws:s3:*:*:{hostile}")}}),
        ),
    ] {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": resource, "Condition": condition}]});
        let held: &'static str = Box::leak(format!("arn:aws:s3:::{long}").into_boxed_str());
        let case = Case {
            caller: 0,
            action: "s3:GetObject",
            resource: "*",
            keys: vec![("k", vec![held])],
            identity: vec![policy],
            boundary: None,
            session: None,
            scp: Vec::new(),
            rcp: Vec::new(),
            on: Vec::new(),
        };
        assert_eq!(word(&case.outcome_of(held)), "implicit deny");
    }
    let action = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": format!("s3:{hostile}"), "Resource": "*"}]});
    assert!(Document::parse(&action.to_string()).is_ok());
}

/// JSON of any shape, with the words of the policy language in it, so that the parser is reached where it is deep.
fn any_json() -> impl Strategy<Value = Value> {
    let words = vec![
        "Version",
        "2012-10-17",
        "2008-10-17",
        "Id",
        "Statement",
        "Sid",
        "Effect",
        "Allow",
        "Deny",
        "Principal",
        "NotPrincipal",
        "AWS",
        "Service",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "StringLike",
        "ForAllValues:",
        "IfExists",
        "Null",
        "*",
        "${",
        "${}",
        "${a,'",
        "}",
        "arn:aws:s3:::",
        "arn:::::",
        ":",
        "123456789012",
        "\u{1f600}",
        "ß",
        "İ",
        "",
    ];
    let text = prop_oneof![prop::sample::select(words.clone()).prop_map(str::to_owned), ".{0,6}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        text.prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((prop::sample::select(words.clone()), inner), 0..5).prop_map(
                |members| Value::Object(
                    members
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect()
                )
            ),
        ]
    })
}

const KINDS: [PolicyKind; 6] = [
    PolicyKind::Identity,
    PolicyKind::Resource,
    PolicyKind::Boundary,
    PolicyKind::Session,
    PolicyKind::ServiceControl,
    PolicyKind::ResourceControl,
];

/// Reads a document as every kind, and where it is one, decides and explains with it. A fault has its place in the text.
fn survive(text: &str) {
    if let Err(error) = Document::parse(text) {
        let lines = text.split('\n').count();
        assert!(
            (1..=lines).contains(&error.line) && error.column >= 1,
            "{text:?}: {error}"
        );
        assert!(!error.message.is_empty());
    }
    for kind in KINDS {
        let Ok(document) = Document::parse_as(text, kind) else {
            continue;
        };
        let document = Placed {
            source: Source {
                kind,
                name: "policy".into(),
            },
            document: Arc::new(document),
        };
        let mut set = PolicySet::default();
        let mut on = OnResource::default();
        match kind {
            PolicyKind::Resource => on.policies.push(document),
            PolicyKind::ResourceControl => set.resource_control.push(document),
            _ => set.identity.push(document),
        }
        for n in 0..4 {
            let principal = caller(n);
            for context in [Context::closed(), Context::open()] {
                let request = Request {
                    principal: &principal,
                    action: "s3:GetObject",
                    resource: "arn:aws:s3:::b/k",
                    resource_account: None,
                    context: &context,
                };
                let _ = decide(&request, &set, &on);
                let _ = explain(&request, &set, &on);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_json_is_survived(value in any_json()) {
        survive(&value.to_string());
        survive(&json!({"Version": "2012-10-17", "Statement": value}).to_string());
    }

    /// A sound policy with some bytes cut, doubled or changed.
    #[test]
    fn a_damaged_policy_is_survived(policy in policy(true), at in any::<prop::sample::Index>(), length in 0usize..9, with in ".{0,3}") {
        let text: Vec<char> = policy.to_string().chars().collect();
        let at = at.index(text.len());
        let (front, back) = text.split_at(at);
        let damaged: String = front.iter().copied().chain(with.chars()).chain(back.iter().copied().skip(length)).collect();
        survive(&damaged);
    }

    #[test]
    fn any_text_is_survived(text in "\\PC*") {
        survive(&text);
    }
}

#[test]
fn nesting_without_end_is_an_error_and_no_crash() {
    for deep in ["[".repeat(200_000), r#"{"Statement":"#.repeat(100_000)] {
        assert!(Document::parse(&deep).is_err());
    }
    let inside = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{}}}]}}"#,
        "[".repeat(100_000) + &"]".repeat(100_000)
    );
    assert!(Document::parse(&inside).is_err());
}
