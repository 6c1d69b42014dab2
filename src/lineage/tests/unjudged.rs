//! Changes that nobody judged, and mints whose answer isn't told.

use super::console::by_user;
use super::*;
use crate::account::Holder;

const AT: &str = "2026-03-24T09:00:00Z";

fn call(id: &str, service: &str, call: &str) -> Value {
    by_user(id, AT, service, call, "u", Some(&key("AKIAQ")), None)
}

fn unjudged(records: &[Value]) -> Vec<(String, u64)> {
    let lineage = trace(&evidence(records), &key("AKIAQ"));
    let told = lineage.unjudged.iter();
    told.map(|one| (format!("{}:{}", one.service, one.call), one.count))
        .collect()
}

/// No table holds them all: what isn't known to leave nothing counts.
#[test]
fn a_change_that_is_in_no_table_is_told() {
    let calls = [
        ("account", "DisableRegion"),
        ("airflow", "CreateEnvironment"),
        ("autoscaling", "StartInstanceRefresh"),
        ("chatbot", "CreateSlackChannelConfiguration"),
        ("cloudcontrolapi", "CreateResource"),
        ("codecommit", "GitPush"),
        ("cognito-idp", "AdminCreateUser"),
        ("config", "PutRemediationConfigurations"),
        ("ds", "ResetUserPassword"),
        ("ecr", "PutImage"),
        ("eks", "CreateNodegroup"),
        ("eks", "UpdatePodIdentityAssociation"),
        ("iam", "AcceptDelegationRequest"),
        ("iam", "SendDelegationToken"),
        ("imagebuilder", "CreateImagePipeline"),
        ("network-firewall", "DeleteFirewall"),
        ("pipes", "CreatePipe"),
        ("rolesanywhere", "DeleteCrl"),
        ("s3", "CreateAccessGrant"),
        ("s3", "DeleteBucketPolicy"),
        ("s3", "PutAccessPointPolicy"),
        ("sagemaker", "CreatePresignedDomainUrl"),
        ("something-new", "DoThing"),
        ("ssm", "RegisterTaskWithMaintenanceWindow"),
        ("ssm", "UpdateAssociation"),
        ("ssm", "UpdateDocument"),
    ];
    let records: Vec<Value> = calls
        .iter()
        .enumerate()
        .map(|(n, (service, name))| call(&format!("u{n}"), service, name))
        .collect();
    let expected: Vec<(String, u64)> = calls
        .iter()
        .map(|(service, name)| (format!("{service}:{name}"), 1))
        .collect();
    assert_eq!(unjudged(&records), expected);
}

#[test]
fn what_leaves_nothing_is_not_told_and_neither_is_what_is_judged_elsewhere() {
    let calls = [
        ("ec2", "TerminateInstances"),
        ("ec2", "CreateTags"),
        ("iam", "AttachRolePolicy"),
        ("iam", "CreateAccessKey"),
        ("kms", "GenerateDataKey"),
        ("lambda", "CreateFunction20150331"),
        ("lambda", "DeleteFunction20150331"),
        ("logs", "CreateLogStream"),
        ("s3", "DeleteBucket"),
        ("signin", "ConsoleLogin"),
        ("sts", "AssumeRole"),
    ];
    let mut records: Vec<Value> = calls
        .iter()
        .enumerate()
        .map(|(n, (service, name))| call(&format!("u{n}"), service, name))
        .collect();
    let mut refused = call("r1", "imagebuilder", "CreateImagePipeline");
    refused["errorCode"] = json!("AccessDenied");
    let mut read = call("r2", "imagebuilder", "GetThing");
    read["readOnly"] = json!(true);
    // What old records leave out, the catalogue and the name tell.
    let mut untold = call("r3", "imagebuilder", "GetRoleAlias");
    untold.as_object_mut().unwrap().remove("readOnly");
    let mut data = call("r4", "s3", "PutObject");
    (data["managementEvent"], data["eventCategory"]) = (json!(false), json!("Data"));
    records.extend([refused, read, untold, data]);
    assert_eq!(unjudged(&records), []);
}

/// The report stays short however often somebody called, and a record without `readOnly` counts where the catalogue knows a change.
#[test]
fn calls_of_one_kind_are_told_together() {
    let mut second = call("u2", "imagebuilder", "CreateImagePipeline");
    second["eventTime"] = json!("2026-03-24T10:00:00Z");
    second.as_object_mut().unwrap().remove("readOnly");
    let lineage = trace(
        &evidence(&[call("u1", "imagebuilder", "CreateImagePipeline"), second]),
        &key("AKIAQ"),
    );
    let [one] = &lineage.unjudged[..] else {
        panic!("{:?}", lineage.unjudged)
    };
    assert_eq!((one.count, one.first.to_string().as_str()), (2, AT));
    assert_eq!(one.last.to_string(), "2026-03-24T10:00:00Z");
    let mut again = trace(&evidence(&[]), &key("AKIAQ"));
    again.remember(&lineage);
    again.remember(&lineage);
    assert_eq!(again.unjudged, lineage.unjudged, "and what was known is not forgotten");
}

/// A mint without an answer and without an error gave a key that isn't told: its role is one that the family reached.
#[test]
fn a_mint_without_an_answer_is_told_and_its_role_is_reached() {
    let mut record = mint("n1", AT, &key("AKIAQ"), "u", "AssumeRole", &key("ASIAB"));
    record["responseElements"] = Value::Null;
    let lineage = trace(&evidence(&[record.clone()]), &key("AKIAQ"));
    let account = "123456789012".parse().unwrap();
    assert_eq!(lineage.roles(&account), BTreeSet::from(["R".to_owned()]));
    let [one] = &lineage.untold[..] else {
        panic!("{:?}", lineage.untold)
    };
    assert!(
        matches!(&one.holder, Some(Holder::Role { name, session, .. }) if name == "R" && session == "s"),
        "{one:?}"
    );
    let session = one.session().unwrap();
    assert!(session.is_untold && session.issued == one.at);
    record["errorCode"] = json!("AccessDenied");
    assert!(trace(&evidence(&[record]), &key("AKIAQ")).untold.is_empty());
}
