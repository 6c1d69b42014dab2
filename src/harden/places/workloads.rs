//! Credentials of instances, tasks and functions, which work away from what they were issued to.

use super::{FROM_HERE, KEYS_PAGE, MOST_LINKS, PERIMETER_PAGE, TABLE, deny, is_short, moves, only_from, places};
use crate::account::{Account, Role};
use crate::harden::finding::Finding;
use crate::harden::fitted::{Whose, from_elsewhere};
use crate::harden::measure::Measure;
use crate::harden::networks::is_instance;
use crate::harden::rule::Row;
use crate::harden::seen::{Seen, Used};
use crate::harden::theirs::Theirs;
use crate::harden::trusted::trusted;
use crate::policy::Named;
use serde_json::json;
use std::collections::BTreeSet;

const BOUND: &str = "OustBoundToInstance";
const IMDS: &str = "OustOnlyIMDSv2";
const FUNCTIONS: &str = "OustBoundToFunctions";
const FUNCTION_PAGE: &str = "https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html";

/// Credentials of instances.
pub(super) fn instance(seen: &Seen, role: &Role, used: Option<&Used>) -> Vec<Finding> {
    let mut found = Vec::new();
    let through = used.is_some_and(|used| !used.endpoints.is_empty() && used.addresses.is_empty());
    let title = format!(
        "credentials of instances with role `{}` work away from the instance",
        role.name
    );
    let finding = Finding::of("instance-unbound", Row::RoleSession, title, KEYS_PAGE)
        .shown_by(used.map(places).unwrap_or_default());
    let mut finding = Finding {
        rules: vec!["instance-credential-away"],
        ..finding
    };
    if through {
        let rest = json!({"Null": {"ec2:SourceInstanceARN": "false"}, "BoolIfExists": {"aws:ViaAWSService": "false"}});
        let statement = |key: &str, value: &str| {
            let mut condition = rest.clone();
            condition["StringNotEquals"] = json!({key: value});
            json!({"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": condition})
        };
        let document = json!({"Version": "2012-10-17", "Statement": [
            statement("aws:Ec2InstanceSourceVpc", "${aws:SourceVpc}"),
            statement("aws:Ec2InstanceSourcePrivateIPv4", "${aws:VpcSourceIp}"),
        ]});
        let measure = Measure::RolePolicy {
            role: role.name.clone(),
            name: BOUND,
            document,
        };
        finding = finding
            .met_by(measure)
            .doubted(used.and_then(|used| unbound(seen, used)));
    } else {
        finding = finding.advised("its calls don't all go through VPC endpoints, which a bound token needs: put endpoints there, or hold it to its addresses (address-free-role) and keep them current");
    }
    found.push(finding);
    let document = deny(json!({"NumericLessThan": {"ec2:RoleDelivery": "2.0"}}));
    let title = format!("credentials of role `{}` that IMDSv1 handed out work", role.name);
    let deliveries = used.map(|used| used.deliveries.clone()).unwrap_or_default();
    let shown = deliveries
        .iter()
        .map(|version| format!("a credential was handed out by version {version}"));
    let unseen = "no record tells which version of the metadata service its instances use: look at the metric MetadataNoToken first";
    let imds = Finding::of("imdsv1", Row::RoleSession, title, KEYS_PAGE)
        .shown_by(shown)
        .advised("and for the account: aws ec2 modify-instance-metadata-defaults --http-tokens required")
        .met_by(Measure::RolePolicy {
            role: role.name.clone(),
            name: IMDS,
            document,
        })
        .doubted(deliveries.is_empty().then(|| unseen.to_owned()));
    found.push(Finding {
        rules: vec!["instance-credential-away"],
        ..imds
    });
    found
}

/// So many of what is missing are named.
const NAMED: usize = 5;

/// Why it isn't known that instances go on working when their credentials are bound to them: what made instance or endpoint isn't in the trail,
/// or the trail has no calls for data, which may go past the endpoints.
fn unbound(seen: &Seen, used: &Used) -> Option<String> {
    let networks = &seen.networks;
    let instances = used.sessions.iter().filter(|name| is_instance(name));
    let lacking = |made: &str, what: &str, all: Vec<&str>| {
        let some: Vec<&str> = all.iter().copied().take(NAMED).collect();
        (!all.is_empty()).then(|| {
            format!(
                "{what} of {} isn't told: no {made} of {} is in the trail",
                some.join(", "),
                if all.len() == 1 { "it" } else { "them" }
            )
        })
    };
    let unknown = instances.filter(|id| networks.of_instance(id).is_none());
    let unknown = unknown.map(String::as_str).collect();
    let of_instances = lacking("RunInstances", "the VPC and the first private address", unknown);
    let endpoints = used.endpoints.iter().filter(|id| networks.of_endpoint(id).is_none());
    let of_endpoints = lacking("CreateVpcEndpoint", "the VPC", endpoints.map(String::as_str).collect());
    let of_data = (!used.data).then(|| {
        "no call of it for objects, items or messages is in the trail, and such calls may go past the endpoints: let the trail record data events".to_owned()
    });
    let all: Vec<String> = [of_instances, of_endpoints, of_data].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Services that hand a role's credentials to containers and jobs, and what those are.
const WORKLOADS: [(&str, &str); 6] = [
    ("ecs-tasks.amazonaws.com", "ECS tasks"),
    ("pods.eks.amazonaws.com", "pods"),
    ("codebuild.amazonaws.com", "builds"),
    ("glue.amazonaws.com", "Glue jobs"),
    ("sagemaker.amazonaws.com", "SageMaker jobs and notebooks"),
    ("tasks.apprunner.amazonaws.com", "App Runner services"),
];

/// Credentials of containers and jobs. No condition key tells the task that one was issued to, so only where it is used from is left.
pub(super) fn workload(
    account: &Account,
    seen: &Seen,
    role: &Role,
    used: Option<&Used>,
    on: &BTreeSet<String>,
    theirs: &Theirs,
) -> Option<Finding> {
    let (service, what) = WORKLOADS.iter().find(|(service, _)| on.contains(*service))?;
    let title = format!("credentials of {what} with role `{}` work away from them", role.name);
    let finding = Finding::of("workload-unbound", Row::RoleSession, title, PERIMETER_PAGE)
        .shown_by([format!(
            "{service} takes it, and no condition key binds what it hands out to where that runs"
        )])
        .shown_by(used.map(places).unwrap_or_default());
    let finding = Finding {
        rules: vec!["session-from-two-addresses"],
        ..finding
    };
    let bound = match *service {
        "pods.eks.amazonaws.com" => {
            "hold its trust policy to your cluster and its service account (aws:SourceArn, aws:RequestTag/kubernetes-namespace, aws:RequestTag/kubernetes-service-account); and "
        }
        _ => "",
    };
    let advice = format!(
        "{bound}let it call through VPC endpoints or an address of your own, and hold the role to that network (aws:SourceVpc, aws:SourceIp)"
    );
    let finding = finding.advised(advice);
    let Some(used) = used.filter(|used| is_short(used) && theirs.come_from(used).is_none()) else {
        return Some(finding);
    };
    let arn = account.role_arn(role);
    let finding = finding.told_by(from_elsewhere(Whose::Role(&role.name, arn.as_str()), used, TABLE));
    let measure = Measure::RolePolicy {
        role: role.name.clone(),
        name: FROM_HERE,
        document: only_from(&used.addresses, &used.endpoints),
    };
    Some(finding.met_by(measure).doubted(moves(account, seen, role, MOST_LINKS)))
}

/// What Lambda itself does with a function's role, outside of the function: network interfaces, environment variables, reading of event sources,
/// what becomes of a call that failed. Such requests bear no function's ARN.
const BY_LAMBDA: [&str; 29] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ec2:UnassignPrivateIpAddresses",
    "events:PutEvents",
    "kafka-cluster:*",
    "kafka:Describe*",
    "kafka:Get*",
    "kafka:List*",
    "kinesis:DescribeStream*",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:List*",
    "kinesis:SubscribeToShard",
    "kms:Decrypt",
    "lambda:InvokeFunction",
    "sns:Publish",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
];

/// A function's role, bound to the functions that its credentials were issued to. The names of sessions are those of functions.
pub(super) fn functions(account: &Account, role: &Role, used: &Used) -> Option<Finding> {
    if used.sessions.is_empty() {
        return None;
    }
    let named = |name: &String| format!("arn:{}:lambda:*:{}:function:{name}", account.partition, account.id);
    let arns: BTreeSet<String> = match used.functions.is_empty() {
        true => used.sessions.iter().map(named).collect(),
        false => used.functions.clone(),
    };
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Deny",
        "NotAction": BY_LAMBDA,
        "Resource": ["*"],
        "Condition": {"ArnNotLike": {"lambda:SourceFunctionArn": arns}, "Bool": {"aws:ViaAWSService": "false"}}
    }]});
    let title = format!("role `{}` works in any function, and outside of any", role.name);
    Some(
        Finding::of("function-unbound", Row::RoleSession, title, FUNCTION_PAGE)
            .shown_by(arns.iter().map(|arn| format!("used by {arn}")))
            .advised("what Lambda itself asks for, outside of the function, is left alone: it bears no function's ARN")
            .met_by(Measure::RolePolicy {
                role: role.name.clone(),
                name: FUNCTIONS,
                document,
            })
            .doubted(taken_beside(role)),
    )
}

/// Who else may take a function's role, if somebody may: his sessions bear no function's ARN, and a service's own aren't called on behalf of anybody.
fn taken_beside(role: &Role) -> Option<String> {
    let of = |named: Named| match named {
        Named::Service(name) if name.starts_with("lambda.amazonaws.com") => None,
        Named::Service(name) | Named::Aws(name) | Named::Federated(name) | Named::CanonicalUser(name) => Some(name),
        Named::Everybody => Some("everybody".to_owned()),
    };
    let others: BTreeSet<String> = trusted(role).into_iter().filter_map(of).collect();
    let shown: Vec<String> = others.into_iter().take(NAMED).collect();
    (!shown.is_empty()).then(|| {
        format!(
            "{} may take it too, and what is done with such a session bears no function's ARN: give the functions a role of their own",
            shown.join(", ")
        )
    })
}
