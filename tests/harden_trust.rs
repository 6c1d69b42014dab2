//! What is found about roles: who is trusted and never came, who came and is gone, whose trust is narrow already, and what runs as a task.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "support/incidents.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod incidents;
#[path = "support/records.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod records;

use incidents::PEOPLE;
use oust::account::Account;
use oust::harden::{Call, Finding, Prevention, Sample, prevention};
use oust::lineage::trace;
use oust::tabletop::{Scenario, Stage};
use serde_json::{Value, json};

const ROOT: &str = r#"{"AWS":"arn:aws:iam::123456789012:root"}"#;
const ANYBODY: &str = r#"{"AWS":"*"}"#;

/// An account whose role `R` has this trust policy, and what is told of it after these calls.
fn told(principal: &str, action: &str, condition: &str, trail: impl Fn(&Account) -> Vec<Value>) -> Prevention {
    let statement = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Condition":{condition}}}]}}"#
    );
    let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}"#;
    let role = format!("\n[[role]]\nname = \"R\"\ntrust = '''{statement}'''\n[role.inline]\nAll = '''{all}'''\n");
    let scenario = Scenario::parse(&PEOPLE.replace("\n[[move]]", &format!("{role}\n[[move]]"))).unwrap();
    let stage = Stage::set(&scenario, scenario.start()).unwrap();
    let account = stage.twin.account();
    let trail = trail(&account);
    let calls: Vec<Call> = trail.iter().filter_map(Call::of).collect();
    assert_eq!(calls.len(), trail.len());
    let lineage = trace(&Default::default(), &[]);
    prevention(
        &account,
        &lineage,
        &calls,
        &[],
        None,
        stage.twin.now(),
        Sample::default(),
    )
}

fn of<'p>(told: &'p Prevention, kind: &str) -> Option<&'p Finding> {
    let mut findings = told.findings.iter();
    findings.find(|finding| finding.kind == kind && finding.title.contains("`R`"))
}

fn nobody(_: &Account) -> Vec<Value> {
    Vec::new()
}

/// Somebody takes the role by his own key.
fn taken_by(name: &str) -> Vec<Value> {
    let request = json!({"roleArn": records::role_arn("R"), "roleSessionName": name});
    let call = records::call(
        records::user(name, "AKIABBBBBBBBBBBBBBBB"),
        "09:00:00",
        "sts",
        "AssumeRole",
    );
    vec![call.sent(request).gave("ASIACCCCCCCCCCCCCCCC").record(1)]
}

/// A call with a session of the role.
fn used(account: &Account, session: &str, from: &'static str) -> Value {
    let mut who = records::role("R", session, "ASIACCCCCCCCCCCCCCCC");
    who["principalId"] = format!("{}:{session}", account.roles["R"].id).into();
    records::call(who, "09:10:00", "ec2", "DescribeInstances")
        .from(from)
        .record(2)
}

#[test]
fn a_trust_that_a_condition_narrows_is_not_too_wide() {
    let is_wide = |principal: &str, condition: &str| {
        of(&told(principal, "sts:AssumeRole", condition, nobody), "trust-too-wide").is_some()
    };
    for narrow in [
        r#"{"StringEquals":{"aws:PrincipalTag/team":"ops"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/ops/*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}"#,
        r#"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-1234567890/*"}}"#,
    ] {
        assert!(!is_wide(ROOT, narrow) && !is_wide(ANYBODY, narrow), "{narrow}");
    }
    for wide in [
        "{}",
        r#"{"StringNotEquals":{"aws:PrincipalTag/team":"ops"}}"#,
        r#"{"StringLike":{"aws:PrincipalArn":"*"}}"#,
        r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
        r#"{"Null":{"aws:PrincipalTag/team":"false"}}"#,
    ] {
        assert!(is_wide(ROOT, wide) && is_wide(ANYBODY, wide), "{wide}");
    }
}

#[test]
fn who_is_named_and_never_came_is_told_where_nobody_came() {
    let ann = r#"{"AWS":"arn:aws:iam::123456789012:user/ann"}"#;
    let idle = told(ann, "sts:AssumeRole", "{}", nobody);
    let finding = of(&idle, "trust-too-wide").unwrap();
    assert!(
        finding.measure.is_none() && finding.evidence[0].contains("user/ann is trusted, and was not seen"),
        "{finding:#?}"
    );
    let came = told(ann, "sts:AssumeRole", "{}", |_| taken_by("ann"));
    assert!(of(&came, "trust-too-wide").is_none());
}

#[test]
fn a_role_whose_only_taker_was_deleted_is_told() {
    let gone = told(ROOT, "sts:AssumeRole", "{}", |_| taken_by("gone"));
    let finding = of(&gone, "trust-too-wide").unwrap();
    let advice = finding.advice.as_deref().unwrap();
    assert!(
        finding.measure.is_none() && advice.contains("deleted since"),
        "{finding:#?}"
    );
}

/// What ECS tasks and pods get works anywhere. Nothing binds it to them, and where they come from changes: the document is never called ready.
#[test]
fn credentials_of_tasks_and_pods_are_told() {
    for (service, what) in [
        ("ecs-tasks.amazonaws.com", "ECS tasks"),
        ("pods.eks.amazonaws.com", "pods"),
    ] {
        let principal = format!(r#"{{"Service":"{service}"}}"#);
        let silent = told(&principal, "sts:AssumeRole", "{}", nobody);
        let finding = of(&silent, "workload-unbound").unwrap();
        assert!(
            finding.title.contains(what) && finding.measure.is_none(),
            "{finding:#?}"
        );
        let seen = told(&principal, "sts:AssumeRole", "{}", |account| {
            vec![used(account, "0123456789abcdef", "198.51.100.9")]
        });
        let finding = of(&seen, "workload-unbound").unwrap();
        let document = finding.measure.as_ref().unwrap().document().unwrap();
        assert!(
            document.to_string().contains("198.51.100.9") && !finding.is_ready(),
            "{finding:#?}"
        );
        assert!(
            finding.doubt.as_deref().unwrap().contains("gets other addresses"),
            "{finding:#?}"
        );
        assert_eq!(finding.fitted.as_ref().unwrap().written.id, "session-from-elsewhere-R");
    }
    assert!(of(&told(ROOT, "sts:AssumeRole", "{}", nobody), "workload-unbound").is_none());
}

/// No key signs what a provider's token is given: it is seen to be given all the same, and so who takes the role is known.
#[test]
fn what_a_providers_token_was_given_is_explained() {
    let subject = "repo:acme/app:ref:refs/heads/main";
    let host = "token.actions.githubusercontent.com";
    let provider = format!("arn:aws:iam::123456789012:oidc-provider/{host}");
    let take = |account: &Account| {
        let who = json!({"type": "WebIdentityUser", "principalId": format!("{provider}:sts.amazonaws.com:{subject}"), "userName": subject,
            "identityProvider": provider});
        let request = json!({"roleArn": records::role_arn("R"), "roleSessionName": "build"});
        let mut record = records::call(who, "09:00:00", "sts", "AssumeRoleWithWebIdentity")
            .sent(request)
            .gave("ASIACCCCCCCCCCCCCCCC")
            .record(1);
        let answer = record["responseElements"].as_object_mut().unwrap();
        answer.insert("provider".to_owned(), provider.clone().into());
        answer.insert("audience".to_owned(), "sts.amazonaws.com".into());
        let arn = "arn:aws:sts::123456789012:assumed-role/R/build";
        let id = format!("{}:build", account.roles["R"].id);
        answer.insert("assumedRoleUser".to_owned(), json!({"assumedRoleId": id, "arn": arn}));
        record
    };
    let principal = format!(r#"{{"Federated":"{provider}"}}"#);
    let tell = |trail: &dyn Fn(&Account) -> Vec<Value>| told(&principal, "sts:AssumeRoleWithWebIdentity", "{}", trail);
    let whole = tell(&|account| vec![take(account), used(account, "build", "198.51.100.9")]);
    let finding = of(&whole, "oidc-subject-free").unwrap();
    assert!(finding.is_ready(), "{finding:#?}");
    assert_eq!(finding.proof.as_ref().unwrap().untouched, 2);
    // Another session, of which nobody was seen to take it.
    let lacking = tell(&|account| {
        let mut stranger = used(account, "elsewhere", "198.51.100.9");
        stranger["userIdentity"]["accessKeyId"] = "ASIADDDDDDDDDDDDDDDD".into();
        vec![take(account), stranger]
    });
    assert!(!of(&lacking, "oidc-subject-free").unwrap().is_ready());
    // With an assertion nobody asks for a name: the answer has it.
    let saml = "arn:aws:iam::123456789012:saml-provider/Okta";
    let asserted = told(
        &format!(r#"{{"Federated":"{saml}"}}"#),
        "sts:AssumeRoleWithSAML",
        "{}",
        |account| {
            let mut record = take(account);
            record["eventName"] = "AssumeRoleWithSAML".into();
            record["userIdentity"] =
                json!({"type": "SAMLUser", "principalId": "x:ann", "userName": "ann", "identityProvider": "x"});
            record["requestParameters"] = json!({"roleArn": records::role_arn("R"), "principalArn": saml});
            vec![record, used(account, "build", "198.51.100.9")]
        },
    );
    let finding = of(&asserted, "address-free-role").unwrap();
    assert!(finding.doubt.is_none(), "{finding:#?}");
}
