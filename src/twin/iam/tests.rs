use crate::account::Account;
use crate::ids::AccessKeyId;
use crate::time::{ManualClock, Moment};
use crate::twin::{Fault, Keys, Node, State, Twin};

/// A twin with one administrator, driven by signed calls as any client would.
struct Driver {
    twin: Twin,
    keys: Keys,
}

impl Driver {
    fn new() -> Self {
        let mut state = State::new(Account::empty("123456789012".parse().unwrap()), Vec::new(), 5);
        let id = state.account.id.clone();
        let key = state.mint.access_key_id("AKIA", &id);
        let user = crate::account::User {
            name: "admin".into(),
            path: "/".into(),
            id: "AIDAADMIN".into(),
            created: Moment::from_millis(0),
            tags: Default::default(),
            inline: Default::default(),
            attached: ["arn:aws:iam::aws:policy/AdministratorAccess".parse().unwrap()].into(),
            groups: Default::default(),
            boundary: None,
            credentials: Some(crate::account::Credentials {
                access_keys: vec![crate::account::AccessKey {
                    id: key.clone(),
                    status: crate::account::KeyStatus::Active,
                    created: Moment::from_millis(0),
                    last_used: None,
                }],
                ..Default::default()
            }),
        };
        state.account.users.insert("admin".into(), user);
        let twin = Twin::on_manual_clock(state, ManualClock::starting_at(Moment::from_millis(1_774_000_000_000)));
        let keys = twin.keys(&key);
        Driver { twin, keys }
    }

    fn call(&self, operation: &str, params: &[(&str, &str)]) -> Result<Node, Fault> {
        self.twin.call(&self.keys, "iam", operation, params, "192.0.2.1")
    }

    fn ok(&self, operation: &str, params: &[(&str, &str)]) -> Node {
        self.call(operation, params)
            .unwrap_or_else(|fault| panic!("{operation}: {fault:?}"))
    }

    fn code(&self, operation: &str, params: &[(&str, &str)]) -> &'static str {
        self.call(operation, params)
            .map_or_else(|fault| fault.code, |_| "no fault")
    }
}

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
const ANN: (&str, &str) = ("UserName", "ann");

fn text<'a>(node: &'a Node, path: &[&str]) -> &'a str {
    path.iter()
        .fold(node, |node, name| node.get(name).unwrap())
        .as_text()
        .unwrap()
}

/// Each of the nine kinds of things blocks DeleteUser, and nothing else does.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>
#[test]
fn nine_things_block_the_deletion_of_a_user() {
    let driver = Driver::new();
    driver.ok("CreateUser", &[ANN]);
    driver.ok("CreateGroup", &[("GroupName", "g")]);
    driver.ok("CreateVirtualMFADevice", &[("VirtualMFADeviceName", "d")]);
    let serial = "arn:aws:iam::123456789012:mfa/d";
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    driver.ok("PutUserPermissionsBoundary", &[ANN, ("PermissionsBoundary", admin)]);
    let mut undo: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    driver.ok("CreateLoginProfile", &[ANN, ("Password", "x")]);
    undo.push(("DeleteLoginProfile", vec![]));
    let key = driver.ok("CreateAccessKey", &[ANN]);
    undo.push((
        "DeleteAccessKey",
        vec![("AccessKeyId", text(&key, &["AccessKey", "AccessKeyId"]).to_owned())],
    ));
    let made = driver.ok("UploadSigningCertificate", &[ANN, ("CertificateBody", "pem")]);
    undo.push((
        "DeleteSigningCertificate",
        vec![(
            "CertificateId",
            text(&made, &["Certificate", "CertificateId"]).to_owned(),
        )],
    ));
    let made = driver.ok("UploadSSHPublicKey", &[ANN, ("SSHPublicKeyBody", "ssh-rsa A")]);
    undo.push((
        "DeleteSSHPublicKey",
        vec![(
            "SSHPublicKeyId",
            text(&made, &["SSHPublicKey", "SSHPublicKeyId"]).to_owned(),
        )],
    ));
    let made = driver.ok(
        "CreateServiceSpecificCredential",
        &[ANN, ("ServiceName", "bedrock.amazonaws.com")],
    );
    let id = text(&made, &["ServiceSpecificCredential", "ServiceSpecificCredentialId"]).to_owned();
    undo.push((
        "DeleteServiceSpecificCredential",
        vec![("ServiceSpecificCredentialId", id)],
    ));
    driver.ok(
        "EnableMFADevice",
        &[
            ANN,
            ("SerialNumber", serial),
            ("AuthenticationCode1", "123456"),
            ("AuthenticationCode2", "654321"),
        ],
    );
    undo.push(("DeactivateMFADevice", vec![("SerialNumber", serial.to_owned())]));
    driver.ok("PutUserPolicy", &[ANN, ("PolicyName", "p"), ("PolicyDocument", ALLOW)]);
    undo.push(("DeleteUserPolicy", vec![("PolicyName", "p".to_owned())]));
    driver.ok("AttachUserPolicy", &[ANN, ("PolicyArn", admin)]);
    undo.push(("DetachUserPolicy", vec![("PolicyArn", admin.to_owned())]));
    driver.ok("AddUserToGroup", &[ANN, ("GroupName", "g")]);
    undo.push(("RemoveUserFromGroup", vec![("GroupName", "g".to_owned())]));
    assert_eq!(undo.len(), 9);
    for (operation, params) in undo {
        assert_eq!(
            driver.code("DeleteUser", &[ANN]),
            "DeleteConflict",
            "before {operation}"
        );
        let mut all = vec![ANN];
        all.extend(params.iter().map(|(name, value)| (*name, value.as_str())));
        driver.ok(operation, &all);
    }
    driver.ok("DeleteUser", &[ANN]);
    assert_eq!(driver.code("GetUser", &[ANN]), "NoSuchEntity");
}

#[test]
fn a_name_that_is_created_again_has_another_id() {
    let driver = Driver::new();
    let first = driver.ok("CreateUser", &[ANN]);
    assert_eq!(driver.code("CreateUser", &[("UserName", "ANN")]), "EntityAlreadyExists");
    driver.ok("DeleteUser", &[ANN]);
    let second = driver.ok("CreateUser", &[ANN]);
    assert_ne!(text(&first, &["User", "UserId"]), text(&second, &["User", "UserId"]));
}

#[test]
fn quotas_are_aws_s() {
    let driver = Driver::new();
    driver.ok("CreateUser", &[ANN]);
    driver.ok("CreateAccessKey", &[ANN]);
    driver.ok("CreateAccessKey", &[ANN]);
    assert_eq!(driver.code("CreateAccessKey", &[ANN]), "LimitExceeded");
    let long = ALLOW.replace("s3:*", &format!("s3:{}", "x".repeat(1900)));
    driver.ok("PutUserPolicy", &[ANN, ("PolicyName", "p"), ("PolicyDocument", &long)]);
    assert_eq!(
        driver.code("PutUserPolicy", &[ANN, ("PolicyName", "q"), ("PolicyDocument", ALLOW)]),
        "LimitExceeded"
    );
    // White space doesn't count, and a policy that is put again takes its own place.
    driver.ok(
        "PutUserPolicy",
        &[
            ANN,
            ("PolicyName", "p"),
            ("PolicyDocument", &long.replace(',', ",          ")),
        ],
    );
    for n in 0..10 {
        let name = format!("m{n}");
        driver.ok("CreatePolicy", &[("PolicyName", &name), ("PolicyDocument", ALLOW)]);
        driver.ok(
            "AttachUserPolicy",
            &[ANN, ("PolicyArn", &format!("arn:aws:iam::123456789012:policy/{name}"))],
        );
    }
    assert_eq!(
        driver.code(
            "AttachUserPolicy",
            &[ANN, ("PolicyArn", "arn:aws:iam::aws:policy/AWSDenyAll")]
        ),
        "LimitExceeded"
    );
}

#[test]
fn malformed_and_misplaced_documents_are_refused() {
    let driver = Driver::new();
    driver.ok("CreateUser", &[ANN]);
    let trust =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    for document in ["{", "{}", trust] {
        assert_eq!(
            driver.code(
                "PutUserPolicy",
                &[ANN, ("PolicyName", "p"), ("PolicyDocument", document)]
            ),
            "MalformedPolicyDocument"
        );
    }
    assert_eq!(
        driver.code("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", ALLOW)]),
        "MalformedPolicyDocument"
    );
    driver.ok("CreateRole", &[("RoleName", "r"), ("AssumeRolePolicyDocument", trust)]);
}

#[test]
fn protected_roles_refuse_every_change() {
    let driver = Driver::new();
    let trust =
        r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"x.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let path = "/aws-service-role/x.amazonaws.com/";
    driver.ok(
        "CreateRole",
        &[("RoleName", "slr"), ("Path", path), ("AssumeRolePolicyDocument", trust)],
    );
    let role = ("RoleName", "slr");
    assert_eq!(
        driver.code("PutRolePolicy", &[role, ("PolicyName", "p"), ("PolicyDocument", ALLOW)]),
        "UnmodifiableEntity"
    );
    assert_eq!(driver.code("DeleteRole", &[role]), "UnmodifiableEntity");
    driver.ok("GetRole", &[role]);
}

#[test]
fn lists_come_in_pages_and_every_item_once() {
    let driver = Driver::new();
    for n in 0..7 {
        driver.ok("CreateUser", &[("UserName", &format!("u{n}"))]);
    }
    let mut names = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let mut params = vec![("MaxItems", "3")];
        params.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = driver.ok("ListUsers", &params);
        let Some(Node::List(users)) = page.get("Users") else {
            panic!("no list")
        };
        assert!(users.len() <= 3);
        names.extend(users.iter().map(|user| text(user, &["UserName"]).to_owned()));
        match page.get("Marker") {
            Some(next) => marker = next.as_text().map(str::to_owned),
            None => break,
        }
    }
    assert_eq!(names.len(), 8);
    assert_eq!(driver.code("ListUsers", &[("MaxItems", "0")]), "ValidationError");
}

#[test]
fn an_inactive_key_is_refused_in_every_protocol_and_a_wrong_secret_is_found_out() {
    let driver = Driver::new();
    driver.ok("CreateUser", &[ANN]);
    let made = driver.ok("CreateAccessKey", &[ANN]);
    let id: AccessKeyId = text(&made, &["AccessKey", "AccessKeyId"]).parse().unwrap();
    let keys = driver.twin.keys(&id);
    let whoami = |keys: &Keys| driver.twin.call(keys, "sts", "GetCallerIdentity", &[], "192.0.2.1");
    assert!(whoami(&keys).is_ok());
    let wrong = Keys {
        secret: "x".repeat(40),
        ..keys.clone()
    };
    assert_eq!(whoami(&wrong).unwrap_err().code, "SignatureDoesNotMatch");
    let with_token = Keys {
        token: Some("t".into()),
        ..keys.clone()
    };
    assert_eq!(whoami(&with_token).unwrap_err().code, "InvalidClientTokenId");
    driver.ok(
        "UpdateAccessKey",
        &[ANN, ("AccessKeyId", id.as_str()), ("Status", "Inactive")],
    );
    assert_eq!(whoami(&keys).unwrap_err().code, "InvalidClientTokenId");
    assert_eq!(
        driver
            .twin
            .plain(&keys, "s3:GetObject", "*", "192.0.2.1")
            .unwrap_err()
            .code,
        "InvalidAccessKeyId"
    );
}

/// Every operation answers a typed fault, or an answer, to a call without parameters.
#[test]
fn no_operation_panics_on_empty_parameters_and_every_name_is_there_once() {
    let driver = Driver::new();
    let names: Vec<&str> = super::operations().map(|row| row.name).collect();
    let unique: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), unique.len());
    assert!(names.len() > 90, "{}", names.len());
    for name in names {
        let _ = driver.call(name, &[]);
    }
    assert_eq!(driver.code("GenerateCredentialReport", &[]), "NotModelled");
}
