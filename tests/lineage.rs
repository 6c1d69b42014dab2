//! Every kind of mint, what hangs on it, and what the evidence covers. All records are synthetic, in the shapes of the user guide's samples.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use oust::ids::AccessKeyId;
use oust::lineage::{Kind, Lineage, trace};
use oust::trail::{Evidence, read_stream};
use serde_json::{Value, json};

const HERE: &str = "123456789012";
const A: &str = "AKIAAAAAAAAAAAAAAAAA";
const B: &str = "ASIABBBBBBBBBBBBBBBB";

fn record(id: &str, at: &str, source: &str, name: &str) -> Value {
    json!({"eventVersion": "1.10", "eventID": id, "eventTime": format!("2026-11-10T{at}Z"), "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name, "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2.30", "recipientAccountId": HERE,
        "userIdentity": {"type": "IAMUser", "principalId": "AIDAU", "arn": format!("arn:aws:iam::{HERE}:user/u"), "accountId": HERE,
            "accessKeyId": A, "userName": "u"},
        "requestParameters": null, "responseElements": null})
}

fn of(records: &[Value], asked: &str) -> Lineage {
    let mut evidence = Evidence::default();
    records.iter().for_each(|record| evidence.add_record(record).unwrap());
    trace(&evidence, &[asked.parse::<AccessKeyId>().unwrap()])
}

fn kinds(lineage: &Lineage) -> Vec<(&str, Kind)> {
    lineage
        .credentials
        .iter()
        .map(|one| (one.key.as_str(), one.kind))
        .collect()
}

/// One record of every call that gives a credential to the key that asked; each must be a child of it.
#[test]
fn every_call_that_gives_a_credential_makes_a_child() {
    let credentials = json!({"accessKeyId": B, "sessionToken": "t", "expiration": "Nov 10, 2026, 10:00:00 AM"});
    let role = json!({"assumedRoleId": "AROAR:s", "arn": format!("arn:aws:sts::{HERE}:assumed-role/R/s")});
    let session = json!({"credentials": credentials, "assumedRoleUser": role});
    let anywhere = json!({"credentialSet": [session]});
    let federated =
        json!({"credentials": credentials, "federatedUser": {"federatedUserId": format!("{HERE}:f"), "arn": "x"}});
    let key = json!({"accessKey": {"accessKeyId": "AKIABBBBBBBBBBBBBBBB", "userName": "w", "status": "Active"}});
    let special = json!({"serviceSpecificCredential": {"serviceSpecificCredentialId": "ACCABBBBBBBBBBBBBBBBB", "userName": "u",
        "serviceName": "bedrock.amazonaws.com", "expirationDate": "Nov 20, 2026 8:00:00 AM"}});
    for (source, name, answer, kind) in [
        (
            "sts",
            "GetSessionToken",
            json!({"credentials": credentials}),
            Kind::SessionToken,
        ),
        ("sts", "GetFederationToken", federated, Kind::FederationToken),
        ("sts", "AssumeRole", session.clone(), Kind::RoleSession),
        ("sts", "AssumeRoleWithSAML", session.clone(), Kind::RoleSession),
        ("sts", "AssumeRoleWithWebIdentity", session.clone(), Kind::RoleSession),
        (
            "sts",
            "AssumeRoot",
            json!({"credentials": credentials}),
            Kind::RoleSession,
        ),
        ("sts", "GetDelegatedAccessToken", session.clone(), Kind::RoleSession),
        ("rolesanywhere", "CreateSession", anywhere, Kind::RoleSession),
        (
            "signin",
            "GetSigninToken",
            json!({"credentials": credentials}),
            Kind::Console,
        ),
        ("iam", "CreateAccessKey", key, Kind::LongTerm),
        (
            "iam",
            "CreateServiceSpecificCredential",
            special.clone(),
            Kind::ServiceSpecific,
        ),
        ("iam", "ResetServiceSpecificCredential", special, Kind::ServiceSpecific),
    ] {
        let mut mint = record("1", "09:00:00", source, name);
        mint["responseElements"] = answer;
        let lineage = of(&[mint.clone()], A);
        let told = kinds(&lineage);
        assert_eq!(told.len(), 2, "{name}: {told:?}");
        assert_eq!((told[0], told[1].1), ((A, Kind::LongTerm), kind), "{name}");
        let minted = lineage.credentials[1].minted.as_ref().unwrap();
        assert_eq!((minted.by.as_str(), minted.call.as_str()), (A, name));
        assert_eq!(minted.user_agent.as_deref(), Some("aws-cli/2.30"));
        // Refused, it is an attempt and no child.
        mint["errorCode"] = json!("AccessDenied");
        mint["responseElements"] = Value::Null;
        let lineage = of(&[mint], A);
        assert_eq!((lineage.credentials.len(), lineage.attempts.len()), (1, 1), "{name}");
    }
}

/// Made and reset, a service-specific credential is one; it has no session, and its own calls name it in a member of their own.
#[test]
fn a_service_specific_credential_is_one_credential_with_its_uses() {
    let answer =
        json!({"serviceSpecificCredential": {"serviceSpecificCredentialId": "ACCABBBBBBBBBBBBBBBBB", "userName": "u"}});
    let mut records = Vec::new();
    for (id, at, name) in [
        ("1", "09:00:00", "CreateServiceSpecificCredential"),
        ("2", "09:05:00", "ResetServiceSpecificCredential"),
    ] {
        let mut mint = record(id, at, "iam", name);
        mint["responseElements"] = answer.clone();
        records.push(mint);
    }
    let mut used = record("3", "09:10:00", "bedrock", "InvokeModel");
    used["userIdentity"]["accessKeyId"] = json!("");
    used["userIdentity"]["credentialId"] = json!("ACCABBBBBBBBBBBBBBBBB");
    records.push(used);
    let lineage = of(&records, A);
    assert_eq!(
        kinds(&lineage),
        [(A, Kind::LongTerm), ("ACCABBBBBBBBBBBBBBBBB", Kind::ServiceSpecific)]
    );
    assert_eq!(lineage.credentials[1].uses[0].action, "InvokeModel");
    assert_eq!(
        (lineage.credentials[1].session(), lineage.credentials[1].expires),
        (None, None)
    );
}

/// The one account's record names who asked, the other's names the key that was given, and they share an ID.
#[test]
fn records_of_two_accounts_are_joined_by_what_they_share() {
    let mut asked = record("1", "09:00:00", "sts", "AssumeRole");
    asked["sharedEventID"] = json!("shared");
    let mut given = record("2", "09:00:00", "sts", "AssumeRole");
    given["sharedEventID"] = json!("shared");
    given["recipientAccountId"] = json!("222222222222");
    given["userIdentity"] = json!({"type": "AWSAccount", "principalId": "AIDAU", "accountId": HERE});
    given["responseElements"] = json!({"credentials": {"accessKeyId": B, "expiration": "Nov 10, 2026, 10:00:00 AM"},
        "assumedRoleUser": {"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::222222222222:assumed-role/Far/s"}});
    for records in [vec![asked.clone(), given.clone()], vec![given.clone(), asked.clone()]] {
        for key in [A, B] {
            let lineage = of(&records, key);
            assert_eq!(kinds(&lineage), [(A, Kind::LongTerm), (B, Kind::RoleSession)]);
            assert_eq!(lineage.credentials[1].minted.as_ref().unwrap().by.as_str(), A);
            assert_eq!(
                lineage.credentials[1].account.as_ref().unwrap().as_str(),
                "222222222222"
            );
        }
    }
    // Both name it: still one child.
    asked["responseElements"] = given["responseElements"].clone();
    assert_eq!(of(&[asked, given], A).credentials.len(), 2);
}

#[test]
fn a_service_s_call_is_laid_to_the_call_that_caused_it() {
    let mut read = record("1", "09:00:00", "s3", "GetObject");
    read["managementEvent"] = json!(false);
    let mut decrypt = record("2", "09:00:01", "kms", "Decrypt");
    decrypt["userIdentity"]["accessKeyId"] = json!("ASIAFFFFFFFFFFFFFFFF");
    decrypt["userIdentity"]["invokedBy"] = json!("s3.amazonaws.com");
    decrypt["userIdentity"]["sessionContext"] = json!({"attributes": {"creationDate": "2026-11-10T08:59:58Z"}});
    let lineage = of(&[read.clone(), decrypt.clone()], A);
    assert_eq!(lineage.credentials.len(), 1);
    assert_eq!(lineage.unresolved, []);
    let cause = lineage.on_behalf[0].cause.as_ref().unwrap();
    assert_eq!((cause.key.as_str(), cause.call.as_deref()), (A, Some("s3:GetObject")));
    // Another service's call beside it is not the cause, nor is one that lies too long before.
    let list = record("3", "09:00:01", "iam", "ListUsers");
    let old = record("4", "08:00:00", "s3", "ListBuckets");
    assert_eq!(of(&[list.clone(), old, decrypt.clone()], A).on_behalf[0].cause, None);
    // Two credentials called: either may be it.
    let mut other = read.clone();
    other["eventID"] = json!("5");
    other["userIdentity"]["accessKeyId"] = json!(B);
    assert_eq!(of(&[read, other, decrypt], A).on_behalf[0].cause, None);
}

#[test]
fn the_coverage_says_where_it_is_silent() {
    let mut far = record("1", "03:30:00", "s3", "ListBuckets");
    far["awsRegion"] = json!("eu-west-1");
    let mut late = record("2", "09:10:00", "s3", "ListBuckets");
    late["awsRegion"] = json!("eu-west-1");
    let coverage = of(&[far.clone(), late.clone()], A).coverage;
    let covered = &coverage.recorders[0];
    assert_eq!(
        (covered.region.as_str(), covered.hours, covered.silent_hours),
        ("eu-west-1", 2, 5)
    );
    assert_eq!(
        (covered.silences[0].from.to_string().as_str(), covered.silences[0].hours),
        ("2026-11-10T04:00:00Z", 5)
    );
    assert!(
        coverage.gaps.iter().any(|gap| gap.contains("nothing of us-east-1")),
        "{:?}",
        coverage.gaps
    );
    assert!(coverage.gaps.iter().any(|gap| gap.contains("no data events")));
    late["managementEvent"] = json!(false);
    let coverage = of(&[far, late, record("3", "09:00:00", "iam", "ListUsers")], A).coverage;
    assert!(
        !coverage
            .gaps
            .iter()
            .any(|gap| gap.contains("us-east-1") || gap.contains("data events")),
        "{:?}",
        coverage.gaps
    );
    assert!(of(&[], A).coverage.gaps[0].contains("nothing was read"));
}

/// The same two records as CloudTrail writes them, in both versions of the schema, and in a table.
#[test]
fn security_lake_and_tables_tell_the_same_family() {
    let mut mint = record("m", "09:00:00", "sts", "AssumeRole");
    mint["requestParameters"] = json!({"roleArn": format!("arn:aws:iam::{HERE}:role/R"), "roleSessionName": "s", "serialNumber": "arn:aws:iam::1:mfa/u"});
    mint["responseElements"] = json!({"credentials": {"accessKeyId": B, "sessionToken": "TOKEN", "expiration": "Nov 10, 2026, 10:00:00 AM"},
        "assumedRoleUser": {"assumedRoleId": "AROAR:s", "arn": format!("arn:aws:sts::{HERE}:assumed-role/R/s")}});
    let mut used = record("u", "09:05:00", "s3", "ListBuckets");
    used["userIdentity"] = json!({"type": "AssumedRole", "principalId": "AROAR:s", "arn": format!("arn:aws:sts::{HERE}:assumed-role/R/s"),
        "accountId": HERE, "accessKeyId": B, "sessionContext": {"sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::{HERE}:role/R"), "userName": "R"},
        "attributes": {"creationDate": "2026-11-10T09:00:00Z", "mfaAuthenticated": "false"}}});
    used["errorCode"] = json!("AccessDenied");
    let expected = of(&[mint.clone(), used.clone()], A);

    let new = |record: &Value| {
        let user = &record["userIdentity"];
        json!({"class_uid": 6003, "metadata": {"uid": record["eventID"], "version": "1.1.0", "event_code": "AwsApiCall", "product": {"name": "CloudTrail"}},
            "time_dt": record["eventTime"], "time": 1, "cloud": {"region": "us-east-1", "account": {"uid": HERE}},
            "api": {"operation": record["eventName"], "service": {"name": record["eventSource"]},
                "request": {"data": record["requestParameters"].to_string(), "uid": "r"},
                "response": {"data": record["responseElements"].to_string(), "error": record["errorCode"]}},
            "src_endpoint": {"ip": "203.0.113.9"}, "http_request": {"user_agent": "aws-cli/2.30"},
            "actor": {"user": {"type": user["type"], "uid": user["arn"], "uid_alt": user["principalId"], "name": user["userName"],
                "account": {"uid": HERE}, "credential_uid": user["accessKeyId"]},
                "session": {"created_time_dt": user["sessionContext"]["attributes"]["creationDate"], "is_mfa": false,
                    "issuer": user["sessionContext"]["sessionIssuer"]["arn"]}}})
    };
    let old = |record: &Value| {
        let user = &record["userIdentity"];
        let created = user["sessionContext"]["attributes"]["creationDate"]
            .as_str()
            .map(|text| text.parse::<oust::time::Moment>().unwrap().millis());
        let at = record["eventTime"]
            .as_str()
            .unwrap()
            .parse::<oust::time::Moment>()
            .unwrap()
            .millis();
        json!({"class_uid": 3005, "metadata": {"uid": record["eventID"], "version": "1.0.0-rc.2", "product": {"name": "CloudTrail"}}, "time": at,
            "cloud": {"region": "us-east-1"}, "api": {"operation": record["eventName"], "service": {"name": record["eventSource"]},
                "response": {"error": record["errorCode"]}},
            "src_endpoint": {"ip": "203.0.113.9"}, "http_request": {"user_agent": "aws-cli/2.30"},
            "actor": {"user": {"type": user["type"], "uuid": user["arn"], "uid": user["principalId"], "name": user["userName"], "account_uid": HERE,
                "credential_uid": user["accessKeyId"]}, "session": {"created_time": created, "mfa": false,
                "issuer": user["sessionContext"]["sessionIssuer"]["arn"]}},
            "unmapped": [["recipientAccountId", HERE],
                ["requestParameters.roleArn", record["requestParameters"]["roleArn"]],
                ["requestParameters.serialNumber", record["requestParameters"]["serialNumber"]],
                ["responseElements.credentials.accessKeyId", record["responseElements"]["credentials"]["accessKeyId"]],
                ["responseElements.credentials.expiration", record["responseElements"]["credentials"]["expiration"]],
                ["responseElements.assumedRoleUser.assumedRoleId", record["responseElements"]["assumedRoleUser"]["assumedRoleId"]],
                ["responseElements.assumedRoleUser.arn", record["responseElements"]["assumedRoleUser"]["arn"]]]})
    };
    let cell = |record: &Value| format!("\"2026\",\"{}\"\r\n", record.to_string().replace('"', "\"\""));
    for text in [
        format!("{}\n{}\n", new(&mint), new(&used)),
        format!("{}\n{}\n", old(&mint), old(&used)),
        format!("@timestamp,@message\r\n{}{}", cell(&mint), cell(&used)),
    ] {
        let mut evidence = Evidence::default();
        read_stream("export", text.as_bytes(), &mut evidence);
        assert_eq!(evidence.damage, [], "{text}");
        let told = trace(&evidence, &[A.parse().unwrap()]);
        assert_eq!(kinds(&told), kinds(&expected), "{text}");
        for (one, two) in told.credentials.iter().zip(&expected.credentials) {
            assert_eq!(
                (&one.holder, &one.uses, one.expires, &one.account),
                (&two.holder, &two.uses, two.expires, &two.account),
                "{text}"
            );
            assert_eq!(
                one.minted.as_ref().map(|mint| mint.mfa),
                two.minted.as_ref().map(|mint| mint.mfa)
            );
        }
        assert!(!format!("{evidence:?}").contains("TOKEN"));
    }
}

/// What the family read of secrets is told with who and when; what was refused, read without decryption, or read by a service for it is not.
#[test]
fn secrets_that_the_family_read_are_told() {
    let key = "AKIAQQQQQQQQQQQQQQQQ";
    let call = |id: &str, at: &str, service: &str, name: &str, asked: Value| {
        let mut one = record(id, at, service, name);
        one["userIdentity"] = json!({"type": "IAMUser", "principalId": "AIDAQ", "userName": "u", "accessKeyId": key});
        one["requestParameters"] = asked;
        one["readOnly"] = json!(true);
        one
    };
    let hour = |hour: u32| format!("{hour:02}:00:00");
    let at = |hour: u32| format!("2026-11-10T{hour:02}:00:00Z");
    let secret = json!({"secretId": "prod/db"});
    let mut refused = call(
        "6",
        &hour(6),
        "secretsmanager",
        "GetSecretValue",
        json!({"secretId": "other"}),
    );
    refused["errorCode"] = json!("AccessDenied");
    let mut decrypted = call(
        "7",
        &hour(7),
        "kms",
        "Decrypt",
        json!({"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
    );
    decrypted["resources"] = json!([{"ARN": "arn:aws:kms:us-east-1:123456789012:key/k", "type": "AWS::KMS::Key"}]);
    let mut forwarded = call("8", &hour(8), "kms", "Decrypt", json!({}));
    forwarded["userIdentity"]["invokedBy"] = json!("secretsmanager.amazonaws.com");
    let mut others = call("9", &hour(9), "secretsmanager", "GetSecretValue", secret.clone());
    others["userIdentity"] =
        json!({"type": "IAMUser", "principalId": "AIDAZ", "userName": "z", "accessKeyId": "AKIAZZZZZZZZZZZZZZZZ"});
    let records = [
        call("1", &hour(1), "secretsmanager", "GetSecretValue", secret.clone()),
        call("2", &hour(2), "secretsmanager", "GetSecretValue", secret),
        call(
            "3",
            &hour(3),
            "ssm",
            "GetParameters",
            json!({"names": ["/a", "/b"], "withDecryption": true}),
        ),
        call("4", &hour(4), "ssm", "GetParameter", json!({"name": "/plain"})),
        call("5", &hour(5), "ec2", "GetPasswordData", json!({"instanceId": "i-1"})),
        refused,
        decrypted,
        forwarded,
        others,
        call("10", &hour(10), "ecr", "GetAuthorizationToken", Value::Null),
    ];
    let expected = [
        ("secretsmanager:GetSecretValue", "prod/db", 2, at(1), at(2)),
        ("ssm:GetParameters", "/a", 1, at(3), at(3)),
        ("ssm:GetParameters", "/b", 1, at(3), at(3)),
        ("ec2:GetPasswordData", "i-1", 1, at(5), at(5)),
        (
            "kms:Decrypt",
            "arn:aws:kms:us-east-1:123456789012:key/k",
            1,
            at(7),
            at(7),
        ),
        ("ecr:GetAuthorizationToken", "-", 1, at(10), at(10)),
    ];
    let told = |lineage: &Lineage| -> Vec<(String, String, u64, String, String)> {
        let each = lineage.secrets.iter();
        each.map(|one| {
            (
                one.call.clone(),
                one.what.clone(),
                one.count,
                one.first.to_string(),
                one.last.to_string(),
            )
        })
        .collect()
    };
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(call, what, count, first, last)| (call.to_owned(), what.to_owned(), count, first, last))
        .collect();
    let lineage = of(&records, key);
    assert_eq!(told(&lineage), expected);
    assert!(lineage.secrets.iter().all(|one| one.by.as_str() == key));
    // What is read from files in two passes, where plain calls lose their parameters, tells the same.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), json!({"Records": records}).to_string()).unwrap();
    let asked = [key.parse().unwrap()];
    let window = oust::trail::Window::default();
    let evidence = oust::trail::search(
        &[folder.path().to_owned()],
        &asked,
        window,
        &oust::trail::Progress::default(),
    );
    assert_eq!(told(&oust::lineage::trace(&evidence, &asked)), expected);
}

/// That nothing was found says what was asked: files without an event, an Event history without one of these keys, or nothing at all.
#[test]
fn evidence_without_an_event_says_what_was_asked() {
    let asked: [oust::ids::AccessKeyId; 1] = ["AKIAQQQQQQQQQQQQQQQQ".parse().unwrap()];
    let gaps = |evidence: &oust::trail::Evidence| oust::lineage::trace(evidence, &asked).coverage.gaps.join("\n");
    let mut evidence = oust::trail::Evidence::default();
    assert!(gaps(&evidence).contains("nothing was read"), "{}", gaps(&evidence));
    evidence.looked_up("eu-west-1", asked.clone());
    let history = gaps(&evidence);
    assert!(
        history.contains("Event history of eu-west-1 has no event of these keys"),
        "{history}"
    );
    assert!(
        !history.contains("file") && !history.contains("nothing was read"),
        "{history}"
    );
    oust::trail::read_stream("x", &b"{\"Records\":[]}"[..], &mut evidence);
    assert!(
        gaps(&evidence).contains("in the one file that was read, and the Event history"),
        "{}",
        gaps(&evidence)
    );
}

/// Parquet, as Security Lake keeps it, is refused by name: it is no silence.
#[test]
fn parquet_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.gz.parquet"), b"PAR1").unwrap();
    let asked = [A.parse::<AccessKeyId>().unwrap()];
    let window = oust::trail::Window::default();
    let progress = oust::trail::Progress::default();
    let evidence = oust::trail::search(&[folder.path().to_owned()], &asked, window, &progress);
    let damage = &evidence.damage[0];
    assert!(
        damage.file.ends_with("a.gz.parquet") && damage.what.contains("Parquet is not read"),
        "{damage:?}"
    );
    assert_eq!(evidence.files, 0);
}

/// Whoever gave the first session of a family can give it another: a plan on the family alone is no end then.
#[test]
fn a_role_s_session_that_nobody_of_the_family_asked_for_is_no_end() {
    let role = json!({"type": "AssumedRole", "principalId": "AROAR:s", "arn": format!("arn:aws:sts::{HERE}:assumed-role/R/s"), "accountId": HERE,
        "accessKeyId": B, "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAR", "arn": format!("arn:aws:iam::{HERE}:role/R"),
            "accountId": HERE, "userName": "R"}, "attributes": {"creationDate": "2026-11-10T09:00:00Z", "mfaAuthenticated": "false"}}});
    let mut call = record("1", "09:01:00", "s3", "ListBuckets");
    call["userIdentity"] = role;
    let told = of(std::slice::from_ref(&call), B).beyond();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("session of role `R`"), "{told:?}");
    // A user's own session is another thing: he is denied himself, and so is every session that he could give.
    let mut mint = record("2", "09:00:00", "sts", "AssumeRole");
    mint["requestParameters"] = json!({"roleArn": format!("arn:aws:iam::{HERE}:role/R"), "roleSessionName": "s"});
    mint["responseElements"] = json!({"credentials": {"accessKeyId": B, "sessionToken": "t", "expiration": "Nov 10, 2026, 10:00:00 AM"},
        "assumedRoleUser": {"assumedRoleId": "AROAR:s", "arn": format!("arn:aws:sts::{HERE}:assumed-role/R/s")}});
    assert!(of(&[mint, call], B).beyond().is_empty());
    assert!(
        of(&[record("3", "09:00:00", "s3", "ListBuckets")], A)
            .beyond()
            .is_empty()
    );
}
