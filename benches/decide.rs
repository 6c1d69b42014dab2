//! How long a single decision takes: `cargo bench --bench decide`.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]
#![allow(missing_docs, reason = "a benchmark is no library")]

use divan::{Bencher, black_box};
use oust::policy::{
    Context, Document, OnResource, Outcome, Placed, PolicyKind, PolicySet, Principal, PrincipalKind, Request, Source,
    decide, explain,
};
use std::sync::Arc;

fn main() {
    divan::main();
}

/// Ten policies as accounts have them.
const IDENTITY: [&str; 7] = [
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:Describe*","ec2:Get*","elasticloadbalancing:Describe*","autoscaling:Describe*"],"Resource":"*"},{"Effect":"Allow","Action":["cloudwatch:ListMetrics","cloudwatch:GetMetricStatistics","cloudwatch:Describe*"],"Resource":"*"}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"Own","Effect":"Allow","Action":["iam:*AccessKey*","iam:ChangePassword","iam:GetUser","iam:*MFADevice"],"Resource":["arn:aws:iam::*:user/${aws:username}","arn:aws:iam::*:mfa/${aws:username}"]},{"Sid":"NoMfa","Effect":"Deny","NotAction":["iam:CreateVirtualMFADevice","iam:EnableMFADevice","iam:ListMFADevices","sts:GetSessionToken"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListAllMyBuckets","s3:GetBucketLocation"],"Resource":"*"},{"Sid":"List","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::reports","Condition":{"StringLike":{"s3:prefix":["","home/${aws:username}/*"]}}},{"Sid":"Home","Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::reports/home/${aws:username}","arn:aws:s3:::reports/home/${aws:username}/*"]}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:*:*:*"},{"Effect":"Allow","Action":["xray:Put*","xray:GetSampling*"],"Resource":"*"}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:Query","dynamodb:BatchGetItem"],"Resource":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders*","Condition":{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["${aws:userid}"]}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::reports/*","Condition":{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}},{"Effect":"Allow","Action":["kms:Decrypt","kms:DescribeKey"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"Revoked","Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-24T10:15:00Z"}}}]}"#,
];
const BOUNDARY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["organizations:*","account:*"],"Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::*:role/admin/*"}]}"#;
const SCP: [&str; 2] = [
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"Regions","Effect":"Deny","NotAction":["iam:*","sts:*","s3:GetBucketLocation","s3:ListAllMyBuckets","organizations:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/breakglass"}}},{"Sid":"Tls","Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#,
];

fn placed(kind: PolicyKind, text: &str) -> Placed {
    Placed {
        source: Source {
            kind,
            name: "policy".into(),
        },
        document: Arc::new(Document::parse_as(text, kind).unwrap()),
    }
}

fn policies() -> PolicySet {
    PolicySet {
        identity: IDENTITY.iter().map(|text| placed(PolicyKind::Identity, text)).collect(),
        boundary: Some(vec![placed(PolicyKind::Boundary, BOUNDARY)]),
        service_control: vec![
            SCP.iter()
                .map(|text| placed(PolicyKind::ServiceControl, text))
                .collect(),
        ],
        ..PolicySet::default()
    }
}

fn ann() -> Principal {
    Principal {
        kind: PrincipalKind::User,
        account: "123456789012".parse().unwrap(),
        arn: "arn:aws:iam::123456789012:user/ann".parse().unwrap(),
        session_arn: None,
        user_id: "AIDAEXAMPLEEXAMPLE123".into(),
        issuer_arn: None,
    }
}

fn context(principal: &Principal) -> Context {
    let mut context = Context::closed();
    principal.put_keys(&mut context);
    for (key, value) in [
        ("aws:MultiFactorAuthPresent", "true"),
        ("aws:TokenIssueTime", "2026-11-24T08:00:00Z"),
        ("aws:CurrentTime", "2026-11-24T09:00:00Z"),
        ("aws:RequestedRegion", "eu-west-1"),
        ("aws:SourceIp", "203.0.113.7"),
        ("aws:SecureTransport", "true"),
        ("s3:prefix", "home/ann/2026"),
    ] {
        context.set(key, value);
    }
    context
}

/// What is asked, and whether it must come out as allowed: a benchmark of wrong answers would be none.
const ASKED: [(&str, &str, bool); 5] = [
    ("s3:GetObject", "arn:aws:s3:::reports/home/ann/q1.csv", true),
    ("s3:ListBucket", "arn:aws:s3:::reports", true),
    ("ec2:DescribeInstances", "*", true),
    ("s3:PutObject", "arn:aws:s3:::reports/home/eve/q1.csv", false),
    ("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/ann", true),
];

#[divan::bench(args = 0..ASKED.len())]
fn against_ten_policies(bencher: Bencher<'_, '_>, n: usize) {
    let (policies, on, principal) = (policies(), OnResource::default(), ann());
    let context = context(&principal);
    let (action, resource, allowed) = ASKED[n];
    let request = Request {
        principal: &principal,
        action,
        resource,
        resource_account: None,
        context: &context,
    };
    assert_eq!(decide(&request, &policies, &on).is_allowed(), allowed, "{action}");
    bencher.bench_local(|| decide(black_box(&request), black_box(&policies), &on));
}

#[divan::bench]
fn explained(bencher: Bencher<'_, '_>) {
    let (policies, on, principal) = (policies(), OnResource::default(), ann());
    let context = context(&principal);
    let request = Request {
        principal: &principal,
        action: "s3:PutObject",
        resource: "arn:aws:s3:::reports/home/eve/q1.csv",
        resource_account: None,
        context: &context,
    };
    bencher.bench_local(|| explain(black_box(&request), black_box(&policies), &on));
}

#[divan::bench]
fn parsing_ten_policies() -> usize {
    let texts = IDENTITY.iter().chain([&BOUNDARY]).chain(&SCP);
    texts
        .map(|text| Document::parse(black_box(text)).unwrap().statements.len())
        .sum()
}

/// A pattern made to be slow, against texts of growing length: the time grows with pattern × text, and no faster.
#[divan::bench(args = [1_000, 10_000, 100_000])]
fn hostile_pattern(bencher: Bencher<'_, '_>, length: usize) {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*a*a*a*a*a*a*a*a*b"}]}"#;
    let policies = PolicySet {
        identity: vec![placed(PolicyKind::Identity, text)],
        ..PolicySet::default()
    };
    let (principal, context, on) = (ann(), Context::closed(), OnResource::default());
    let resource = format!("arn:aws:s3:::{}", "a".repeat(length));
    let request = Request {
        principal: &principal,
        action: "s3:GetObject",
        resource: &resource,
        resource_account: None,
        context: &context,
    };
    assert!(matches!(decide(&request, &policies, &on), Outcome::ImplicitDeny(_)));
    bencher.bench_local(|| decide(black_box(&request), black_box(&policies), &on));
}
