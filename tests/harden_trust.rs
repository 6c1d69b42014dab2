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
    told_beside(principal, action, condition, trail, &[], Sample::default())
}

/// The same, where an intruder made calls too.
fn told_beside(
    principal: &str,
    action: &str,
    condition: &str,
    trail: impl Fn(&Account) -> Vec<Value>,
    intruder: &[Value],
    sample: Sample,
) -> Prevention {
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
        &intruder.iter().filter_map(Call::of).collect::<Vec<_>>(),
        None,
        stage.twin.now(),
        sample,
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

/// The statements of the trust policy that a finding writes.
fn statements(finding: &Finding) -> Vec<Value> {
    let document = finding.measure.as_ref().unwrap().document().unwrap();
    document["Statement"].as_array().unwrap().clone()
}

fn is_closed(finding: &Finding) -> bool {
    let statements = statements(finding);
    statements.len() == 1 && statements[0]["Effect"] == "Deny" && statements[0]["Principal"] == "*"
}

/// Somebody works, with another key.
fn at_work() -> Vec<Value> {
    let look = records::call(
        records::user("ann", "AKIADDDDDDDDDDDDDDDD"),
        "08:00:00",
        "ec2",
        "DescribeInstances",
    );
    vec![look.record(7)]
}

#[test]
fn who_is_named_and_never_came_is_told_where_nobody_came() {
    let ann = r#"{"AWS":"arn:aws:iam::123456789012:user/ann"}"#;
    let idle = told(ann, "sts:AssumeRole", "{}", nobody);
    let finding = of(&idle, "trust-too-wide").unwrap();
    assert!(
        is_closed(finding) && finding.evidence[0].contains("user/ann is trusted, and was not seen"),
        "{finding:#?}"
    );
    let came = told(ann, "sts:AssumeRole", "{}", |_| taken_by("ann"));
    assert!(of(&came, "trust-too-wide").is_none());
}

/// A role that the intruder alone took: the document that lets nobody in stops him, and is ready only where it was said since when silence
/// counts; or it is deleted by these calls.
#[test]
fn a_role_that_nobody_took_is_closed_or_deleted() {
    let intruder = taken_by("ann");
    let tell = |sample: Sample| told_beside(ROOT, "sts:AssumeRole", "{}", |_| at_work(), &intruder, sample);
    let doubted = tell(Sample::default());
    let finding = of(&doubted, "trust-too-wide").unwrap();
    assert!(is_closed(finding), "{finding:#?}");
    let proof = finding.proof.as_ref().unwrap();
    let stops = proof.stops_at.as_deref().unwrap();
    assert!(
        stops.contains("role/R") && proof.stopped == 1 && proof.broken.is_empty(),
        "{finding:#?}"
    );
    assert!(!finding.is_ready() && finding.doubt.as_deref().unwrap().contains("--seen-since"));
    assert_eq!(
        finding.instead,
        [
            "aws iam delete-role-policy --role-name R --policy-name All",
            "aws iam delete-role --role-name R"
        ]
    );
    let said = tell(Sample {
        seen_since: Some("2026-11-02T08:00:00Z".parse().unwrap()),
        left_out: 0,
    });
    assert!(of(&said, "trust-too-wide").unwrap().is_ready());
    let thin = tell(Sample {
        seen_since: Some("2026-11-01T08:00:00Z".parse().unwrap()),
        left_out: 0,
    });
    assert!(!of(&thin, "trust-too-wide").unwrap().is_ready());
}

/// Whoever else is let in stays: only who never came is left out.
#[test]
fn who_is_let_in_beside_those_who_never_came_stays() {
    let beside = r#"{"AWS":"arn:aws:iam::123456789012:root","Service":"ec2.amazonaws.com"}"#;
    let idle = told(beside, "sts:AssumeRole", "{}", nobody);
    let finding = of(&idle, "trust-too-wide").unwrap();
    assert_eq!(
        statements(finding)[0]["Principal"],
        json!({"Service": ["ec2.amazonaws.com"]})
    );
    assert!(finding.instead.is_empty() && !finding.is_ready(), "{finding:#?}");
    // Another account that never came, beside a user who did.
    let partner = r#"{"AWS":["arn:aws:iam::210987654321:root","arn:aws:iam::123456789012:user/ann"]}"#;
    let came = told(partner, "sts:AssumeRole", "{}", |_| taken_by("ann"));
    let finding = of(&came, "external-id-missing").unwrap();
    assert_eq!(
        statements(finding)[0]["Principal"],
        json!({"AWS": ["arn:aws:iam::123456789012:user/ann"]})
    );
    let proof = finding.proof.as_ref().unwrap();
    assert!(proof.untouched == 1 && !finding.is_ready(), "{finding:#?}");
    let alone = told(
        r#"{"AWS":"arn:aws:iam::210987654321:root"}"#,
        "sts:AssumeRole",
        "{}",
        nobody,
    );
    assert!(is_closed(of(&alone, "external-id-missing").unwrap()));
    // A provider of which no token was seen.
    let provider = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
    let tokens = told(
        &format!(r#"{{"Federated":"{provider}"}}"#),
        "sts:AssumeRoleWithWebIdentity",
        "{}",
        nobody,
    );
    let finding = of(&tokens, "oidc-subject-free").unwrap();
    assert!(is_closed(finding) && finding.instead.len() == 2, "{finding:#?}");
}

#[test]
fn a_role_whose_only_taker_was_deleted_is_told() {
    let gone = told(ROOT, "sts:AssumeRole", "{}", |_| taken_by("gone"));
    let finding = of(&gone, "trust-too-wide").unwrap();
    let advice = finding.advice.as_deref().unwrap();
    assert!(
        is_closed(finding) && advice.contains("deleted since") && !finding.is_ready(),
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
            record["sourceIPAddress"] = "198.51.100.9".into();
            vec![record, used(account, "build", "198.51.100.9")]
        },
    );
    let finding = of(&asserted, "address-free-role").unwrap();
    assert!(finding.doubt.is_none(), "{finding:#?}");
}

/// Somebody whom a trust policy names by name is meant to come, if only in an emergency.
#[test]
fn who_is_named_and_did_not_come_beside_others_rests_on_silence() {
    let both = r#"{"AWS":["arn:aws:iam::123456789012:user/ann","arn:aws:iam::123456789012:role/BreakGlass"]}"#;
    let tell = |sample: Sample| told_beside(both, "sts:AssumeRole", "{}", |_| taken_by("ann"), &[], sample);
    let doubted = tell(Sample::default());
    let finding = of(&doubted, "trust-too-wide").unwrap();
    assert_eq!(
        statements(finding)[0]["Principal"],
        json!({"AWS": ["arn:aws:iam::123456789012:user/ann"]})
    );
    assert!(!finding.is_ready() && finding.doubt.as_deref().unwrap().contains("--seen-since"));
    let said = tell(Sample {
        seen_since: Some("2026-11-02T09:00:00Z".parse().unwrap()),
        left_out: 0,
    });
    assert!(of(&said, "trust-too-wide").unwrap().is_ready());
}

/// A token's subject isn't all that tells whose it is: of GitHub also the workflow that is called, and the owner.
#[test]
fn a_token_that_is_held_by_another_claim_is_not_anybodys() {
    let host = "token.actions.githubusercontent.com";
    let principal = format!(r#"{{"Federated":"arn:aws:iam::123456789012:oidc-provider/{host}"}}"#);
    let is_open = |operator: &str, claim: &str, value: &str| {
        let condition = json!({operator: {format!("{host}:{claim}"): value}}).to_string();
        let told = told(&principal, "sts:AssumeRoleWithWebIdentity", &condition, nobody);
        of(&told, "oidc-subject-free").is_some()
    };
    let workflow = "our/code/.github/workflows/x.yml@refs/heads/main";
    for (operator, claim, value) in [
        ("StringEquals", "job_workflow_ref", workflow),
        ("StringLike", "job_workflow_ref", "our/code/*"),
        ("StringEquals", "repository_owner_id", "123"),
        ("StringEquals", "Repository_Id", "123"),
        ("StringEquals", "sub", "repo:our/code:ref:refs/heads/main"),
    ] {
        assert!(!is_open(operator, claim, value), "{operator} {claim} {value}");
    }
    for (operator, claim, value) in [
        ("StringEquals", "aud", "sts.amazonaws.com"),
        ("StringEquals", "ref", "refs/heads/main"),
        ("StringLike", "job_workflow_ref", "*"),
        ("StringLike", "repository_owner", "our*"),
        ("StringNotEquals", "repository_owner", "their"),
        ("StringEqualsIfExists", "repository_owner", "our"),
    ] {
        assert!(is_open(operator, claim, value), "{operator} {claim} {value}");
    }
    // Another provider's claim holds none of this one's.
    let condition = r#"{"StringEquals":{"gitlab.com:project_id":"1"}}"#;
    let other = told(&principal, "sts:AssumeRoleWithWebIdentity", condition, nobody);
    assert!(of(&other, "oidc-subject-free").is_some());
}

/// A role that a provider's token took was taken, and is none to be deleted.
#[test]
fn a_role_that_a_token_took_is_not_told_to_be_idle() {
    let host = "token.actions.githubusercontent.com";
    let provider = format!("arn:aws:iam::123456789012:oidc-provider/{host}");
    let principal = format!(r#"{{"Federated":"{provider}","AWS":"arn:aws:iam::123456789012:user/ann"}}"#);
    let told = told(&principal, "sts:AssumeRoleWithWebIdentity", "{}", |_| {
        let who = json!({"type": "WebIdentityUser", "userName": "repo:our/code:ref:refs/heads/main", "identityProvider": provider});
        let request = json!({"roleArn": records::role_arn("R"), "roleSessionName": "build"});
        let call = records::call(who, "09:00:00", "sts", "AssumeRoleWithWebIdentity").sent(request);
        vec![call.gave("ASIACCCCCCCCCCCCCCCC").record(1)]
    });
    let finding = of(&told, "trust-too-wide").unwrap();
    let advice = finding.advice.as_deref().unwrap();
    assert!(advice.contains("tokens") && !advice.contains("delete"), "{advice}");
    assert!(!advice.contains("nobody but the intruder") && finding.instead.is_empty());
    assert_eq!(statements(finding)[0]["Principal"], json!({"Federated": [provider]}));
}

/// Of who comes from another account the record tells the account alone, and he came in: as one whom the policy lets in, by whatever name.
#[test]
fn who_is_named_by_the_arn_of_another_account_came_in_by_it() {
    let other = "210987654321";
    let come = || {
        let who = json!({"type": "AWSAccount", "principalId": "AROAX:x", "accountId": other});
        let request = json!({"roleArn": records::role_arn("R"), "roleSessionName": "x", "externalId": "ours"});
        let call = records::call(who, "09:00:00", "sts", "AssumeRole").sent(request);
        call.gave("ASIACCCCCCCCCCCCCCCC").record(1)
    };
    let vendor = format!("arn:aws:iam::{other}:role/Vendor");
    let named = told(&json!({"AWS": vendor}).to_string(), "sts:AssumeRole", "{}", |_| {
        vec![come()]
    });
    let finding = of(&named, "external-id-missing").unwrap();
    let proof = finding.proof.as_ref().unwrap();
    assert_eq!((proof.untouched, proof.untold), (1, 0), "{proof:#?}");
    assert!(finding.is_ready(), "{finding:#?}");
    // The intruder's way in is such a one too: it isn't one that was stopped before.
    let stopped = told_beside(
        &json!({"AWS": vendor}).to_string(),
        "sts:AssumeRole",
        "{}",
        nobody,
        &[come()],
        Sample::default(),
    );
    let proof = of(&stopped, "external-id-missing").unwrap().proof.as_ref().unwrap();
    assert_eq!((proof.asked, proof.stopped), (1, 1), "{proof:#?}");
}
