use super::*;
use crate::ids::AccountId;
use crate::time::Moment;
use proptest::prelude::*;
use std::sync::Arc;

fn user() -> Principal {
    let account: AccountId = "123456789012".parse().unwrap();
    Principal {
        kind: PrincipalKind::User,
        arn: "arn:aws:iam::123456789012:user/ann".parse().unwrap(),
        account,
        session_arn: None,
        user_id: "AIDAQ".into(),
        issuer_arn: None,
    }
}

fn placed(kind: PolicyKind, text: &str) -> Placed {
    Placed {
        source: Source {
            kind,
            name: "test".into(),
        },
        document: Arc::new(Document::parse(text).unwrap()),
    }
}

fn identity(texts: &[String]) -> PolicySet {
    PolicySet {
        identity: texts.iter().map(|text| placed(PolicyKind::Identity, text)).collect(),
        ..PolicySet::default()
    }
}

fn statement(effect: &str, rest: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}",{rest}}}]}}"#)
}

fn ask(policies: &PolicySet, action: &str, resource: &str, context: &Context) -> Outcome {
    let principal = user();
    let request = Request {
        principal: &principal,
        action,
        resource,
        resource_account: None,
        context,
    };
    decide(&request, policies, &OnResource::default())
}

fn holds(condition: &str, key: &str, value: Option<&str>) -> Outcome {
    let text = statement(
        "Allow",
        &format!(r#""Action":"*","Resource":"*","Condition":{condition}"#),
    );
    let mut context = Context::closed();
    if let Some(value) = value {
        context.set(key, value);
    }
    ask(&identity(&[text]), "s3:GetObject", "arn:aws:s3:::b/k", &context)
}

#[test]
fn operators_follow_the_users_guide() {
    for (condition, key, value, expected) in [
        (r#"{"StringEquals":{"k":"a"}}"#, "K", Some("a"), true),
        (r#"{"StringEquals":{"k":"a"}}"#, "k", Some("A"), false),
        (r#"{"StringNotEquals":{"k":["a","b"]}}"#, "k", Some("b"), false),
        (r#"{"StringNotEquals":{"k":"a"}}"#, "k", None, true),
        (r#"{"StringEqualsIfExists":{"k":"a"}}"#, "k", None, true),
        (r#"{"StringEqualsIgnoreCase":{"k":"a"}}"#, "k", Some("A"), true),
        (r#"{"StringLike":{"k":"a?c*"}}"#, "k", Some("abcdef"), true),
        (r#"{"StringLike":{"k":"a?c"}}"#, "k", Some("ac"), false),
        (r#"{"NumericLessThan":{"k":10}}"#, "k", Some("9.5"), true),
        (r#"{"NumericGreaterThanEquals":{"k":"10"}}"#, "k", Some("9"), false),
        (
            r#"{"DateLessThan":{"k":"2026-01-01T00:00:00Z"}}"#,
            "k",
            Some("2025-12-31T23:59:59Z"),
            true,
        ),
        (
            r#"{"DateLessThan":{"k":"2026-01-01T00:00:00Z"}}"#,
            "k",
            Some("2026-01-01T00:00:00Z"),
            false,
        ),
        (r#"{"DateLessThan":{"k":"2026-01-01T00:00:00Z"}}"#, "k", None, false),
        (
            r#"{"DateGreaterThan":{"k":"1700000000"}}"#,
            "k",
            Some("2024-01-01T00:00:00Z"),
            true,
        ),
        (r#"{"Bool":{"k":"true"}}"#, "k", Some("true"), true),
        (r#"{"BoolIfExists":{"k":"false"}}"#, "k", None, true),
        (r#"{"Null":{"k":"true"}}"#, "k", None, true),
        (r#"{"Null":{"k":"false"}}"#, "k", None, false),
        (
            r#"{"IpAddress":{"k":["10.0.0.0/8","2001:db8::/32"]}}"#,
            "k",
            Some("10.200.3.4"),
            true,
        ),
        (
            r#"{"IpAddress":{"k":["10.0.0.0/8","2001:db8::/32"]}}"#,
            "k",
            Some("2001:db8:1::9"),
            true,
        ),
        (r#"{"NotIpAddress":{"k":"10.0.0.0/8"}}"#, "k", Some("11.0.0.1"), true),
        (
            r#"{"ArnLike":{"k":"arn:aws:iam::*:role/x*"}}"#,
            "k",
            Some("arn:aws:iam::123456789012:role/xy"),
            true,
        ),
        (
            r#"{"ArnEquals":{"k":"arn:aws:iam::*:role/x"}}"#,
            "k",
            Some("arn:aws:iam::1:2:role/x"),
            false,
        ),
        (r#"{"ForAllValues:StringEquals":{"k":"a"}}"#, "k", None, true),
        (r#"{"ForAnyValue:StringEquals":{"k":"a"}}"#, "k", None, false),
        (r#"{"StringEquals":{"k":"${aws:username}"}}"#, "k", Some("x"), false),
        (r#"{"StringEquals":{"k":"${none, 'x'}"}}"#, "k", Some("x"), true),
        (r#"{"StringLike":{"k":"a${*}b"}}"#, "k", Some("a*b"), true),
        (r#"{"StringLike":{"k":"a${*}b"}}"#, "k", Some("axb"), false),
    ] {
        assert_eq!(
            holds(condition, key, value).is_allowed(),
            expected,
            "{condition} with {value:?}"
        );
    }
}

#[test]
fn an_unknown_operator_is_neither_allowed_nor_denied() {
    let outcome = holds(r#"{"StringSoundsLike":{"k":"a"}}"#, "k", Some("a"));
    assert!(
        matches!(&outcome, Outcome::Unknown(gaps) if matches!(gaps[0], Gap::Unsupported(_))),
        "{outcome:?}"
    );
    assert!(matches!(
        holds(
            r#"{"DateLessThan":{"k":"[policy creation time]"}}"#,
            "k",
            Some("2026-01-01T00:00:00Z")
        ),
        Outcome::Unknown(_)
    ));
}

#[test]
fn a_deny_that_hangs_on_a_free_key_is_no_proof() {
    let allow = statement("Allow", r#""Action":"*","Resource":"*""#);
    let deny = statement(
        "Deny",
        r#""Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
    );
    let outcome = ask(
        &identity(&[allow, deny]),
        "s3:GetObject",
        "arn:aws:s3:::b/k",
        &Context::open(),
    );
    assert_eq!(outcome, Outcome::Unknown(vec![Gap::FreeKey("aws:SourceIp".into())]));
}

#[test]
fn grammar_faults_point_at_their_place() {
    for (text, line, column, part) in [
        (
            "{\n \"Statement\": [\n  {\"Effect\": \"Permit\", \"Action\": \"*\"}]}",
            3,
            14,
            "Permit",
        ),
        (
            "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Actions\":1}]}",
            1,
            56,
            "Actions",
        ),
        ("{\"Statement\":[{\"Effect\":\"Allow\"}]}", 1, 15, "Action"),
        ("{\"Version\":\"2012\",\"Statement\":[]}", 1, 12, "2012"),
        ("{\"Statement\":[]}", 1, 1, "Statement"),
        (
            "{\"Version\":\"2012-10-17\",\"Version\":\"2012-10-17\"}",
            1,
            35,
            "twice",
        ),
        ("{", 1, 1, "EOF"),
    ] {
        let error = Document::parse(text).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
        assert!(error.message.contains(part), "{error}");
    }
}

#[test]
fn an_element_that_is_not_known_is_told_from_a_mistake() {
    let with = |member: &str| {
        format!("{{\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"{member}}}]}}")
    };
    assert!(Document::parse(&with(",\"Unless\":1")).unwrap_err().unknown_element);
    assert!(!Document::parse(&with(",\"Sid\":1")).unwrap_err().unknown_element);
}

#[test]
fn a_hostile_pattern_is_decided_at_once() {
    let text = statement("Allow", r#""Action":"s3:*a*a*a*a*a*a*b","Resource":"*""#);
    let action = format!("s3:{}", "a".repeat(20_000));
    assert!(!ask(&identity(&[text]), &action, "*", &Context::closed()).is_allowed());
}

#[test]
fn variables_are_literal_in_the_older_version() {
    let text = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}/*"}]}"#;
    let mut context = Context::closed();
    context.set("aws:username", "ann");
    assert!(
        !ask(
            &identity(&[text.into()]),
            "s3:GetObject",
            "arn:aws:s3:::ann/k",
            &context
        )
        .is_allowed()
    );
    let newer = text.replace("2008-10-17", "2012-10-17");
    assert!(ask(&identity(&[newer]), "s3:GetObject", "arn:aws:s3:::ann/k", &context).is_allowed());
}

prop_compose! {
    fn any_statement()(
        effect in prop::sample::select(vec!["Allow", "Deny"]),
        action in prop::sample::select(vec![r#""Action":"*""#, r#""Action":"s3:*""#, r#""Action":"iam:*""#, r#""NotAction":"s3:Get*""#]),
        resource in prop::sample::select(vec![r#""Resource":"*""#, r#""Resource":"arn:aws:s3:::b/*""#, r#""NotResource":"arn:aws:s3:::b/*""#]),
        condition in prop::sample::select(vec![
            "", r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#, r#","Condition":{"Odd":{"x":"y"}}"#,
            r#","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-01-01T00:00:00Z"}}"#,
        ]),
    ) -> String {
        statement(effect, &format!("{action},{resource}{condition}"))
    }
}

proptest! {
    #[test]
    fn adding_a_deny_never_allows(texts in prop::collection::vec(any_statement(), 0..5), extra in any_statement()) {
        let deny = extra.replace("\"Allow\"", "\"Deny\"");
        let before = ask(&identity(&texts), "s3:GetObject", "arn:aws:s3:::b/k", &Context::closed());
        let mut more = texts.clone();
        more.push(deny);
        let after = ask(&identity(&more), "s3:GetObject", "arn:aws:s3:::b/k", &Context::closed());
        prop_assert!(before.is_allowed() || !after.is_allowed());
    }

    #[test]
    fn the_order_of_policies_makes_no_difference(texts in prop::collection::vec(any_statement(), 0..5)) {
        let mut turned = texts.clone();
        turned.reverse();
        let kind = |texts: &[String]| match ask(&identity(texts), "s3:GetObject", "arn:aws:s3:::b/k", &Context::closed()) {
            Outcome::Allowed(_) => 0, Outcome::ExplicitDeny(_) => 1, Outcome::ImplicitDeny(_) => 2, Outcome::Unknown(_) => 3,
        };
        prop_assert_eq!(kind(&texts), kind(&turned));
    }

    #[test]
    fn an_unsupported_construct_alone_never_allows(text in any_statement()) {
        if text.contains("Odd") {
            let outcome = ask(&identity(&[text]), "s3:GetObject", "arn:aws:s3:::b/k", &Context::closed());
            prop_assert!(!outcome.is_allowed());
        }
    }

    #[test]
    fn revoking_older_sessions_denies_the_older_and_spares_the_rest(issued in 0i64..4_000_000_000, cut in 0i64..4_000_000_000) {
        let cut = Moment::from_millis(cut * 1000);
        let issued = Moment::from_millis(issued * 1000);
        let allow = statement("Allow", r#""Action":"*","Resource":"*""#);
        let revoke = statement("Deny", &format!(
            r#""Action":["*"],"Resource":["*"],"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{cut}"}}}}"#));
        let policies = identity(&[allow, revoke]);
        let mut context = Context::closed();
        prop_assert!(ask(&policies, "s3:GetObject", "*", &context).is_allowed(), "a long-term key is spared");
        context.set("aws:TokenIssueTime", issued.to_string());
        prop_assert_eq!(ask(&policies, "s3:GetObject", "*", &context).is_allowed(), issued >= cut);
    }

    #[test]
    fn parsing_never_panics(text in ".*") {
        let _ = Document::parse(&text);
    }
}
