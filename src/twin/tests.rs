use super::*;
use crate::account::{AccessKey, Account, Credentials, KeyStatus, Role, User};
use crate::policy::PolicyText;
use crate::time::{ManualClock, Moment};

const NOW: Moment = Moment::from_millis(1_774_000_000_000);

fn twin() -> (Twin, ManualClock, Keys) {
    let mut state = State::new(Account::empty("123456789012".parse().unwrap()), Vec::new(), 5);
    let id = state.account.id.clone();
    let key = state.mint.access_key_id("AKIA", &id);
    let policy = |text: &str| PolicyText::new(text);
    let user = User {
        name: "ann".into(),
        path: "/".into(),
        id: "AIDAANN".into(),
        created: NOW,
        tags: Default::default(),
        inline: [(
            "P".into(),
            policy(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:*","s3:*"],"Resource":"*"}]}"#,
            ),
        )]
        .into(),
        attached: Default::default(),
        groups: Default::default(),
        boundary: None,
        credentials: Some(Credentials {
            access_keys: vec![AccessKey {
                id: key.clone(),
                status: KeyStatus::Active,
                created: NOW,
                last_used: None,
            }],
            ..Default::default()
        }),
    };
    let role = |name: &str| Role {
        name: name.into(),
        path: "/".into(),
        id: format!("AROA{name}"),
        created: NOW,
        trust: policy(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#,
        ),
        max_session_seconds: Some(7200),
        tags: Default::default(),
        inline: [(
            "P".into(),
            policy(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#,
            ),
        )]
        .into(),
        attached: Default::default(),
        boundary: None,
        instance_profiles: Default::default(),
    };
    state.account.users.insert("ann".into(), user);
    state.account.roles.insert("R".into(), role("R"));
    let clock = ManualClock::starting_at(NOW);
    let twin = Twin::on_manual_clock(state, clock.clone());
    let keys = twin.keys(&key);
    (twin, clock, keys)
}

fn sts(twin: &Twin, keys: &Keys, operation: &str, params: &[(&str, &str)]) -> Result<Node, Fault> {
    twin.call(keys, "sts", operation, params, "192.0.2.1")
}

fn session(twin: &Twin, answer: &Node) -> Keys {
    twin.keys(
        &answer
            .get("Credentials")
            .unwrap()
            .get("AccessKeyId")
            .unwrap()
            .as_text()
            .unwrap()
            .parse()
            .unwrap(),
    )
}

const ROLE: (&str, &str) = ("RoleArn", "arn:aws:iam::123456789012:role/R");
const NAME: (&str, &str) = ("RoleSessionName", "me");

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
#[test]
fn what_a_session_may_call_is_limited_as_in_aws() {
    let (twin, _, ann) = twin();
    let token = session(&twin, &sts(&twin, &ann, "GetSessionToken", &[]).unwrap());
    assert!(sts(&twin, &token, "GetCallerIdentity", &[]).is_ok());
    assert!(sts(&twin, &token, "AssumeRole", &[ROLE, NAME]).is_ok());
    for operation in ["GetSessionToken", "GetFederationToken", "GetAccessKeyInfo"] {
        assert_eq!(
            sts(&twin, &token, operation, &[("Name", "fed")]).unwrap_err().code,
            "AccessDenied",
            "{operation}"
        );
    }
    assert_eq!(
        twin.call(&token, "iam", "ListUsers", &[], "192.0.2.1")
            .unwrap_err()
            .code,
        "AccessDenied"
    );
    let fed = session(
        &twin,
        &sts(&twin, &ann, "GetFederationToken", &[("Name", "fed")]).unwrap(),
    );
    assert!(sts(&twin, &fed, "GetCallerIdentity", &[]).is_ok());
    assert_eq!(
        twin.plain(&fed, "s3:GetObject", "arn:aws:s3:::b/k", "192.0.2.1")
            .unwrap_err()
            .code,
        "AccessDenied"
    );
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let fed = session(
        &twin,
        &sts(
            &twin,
            &ann,
            "GetFederationToken",
            &[("Name", "fed"), ("Policy", policy)],
        )
        .unwrap(),
    );
    assert!(
        twin.plain(&fed, "s3:GetObject", "arn:aws:s3:::b/k", "192.0.2.1")
            .is_ok()
    );
    assert!(
        twin.plain(&fed, "s3:PutObject", "arn:aws:s3:::b/k", "192.0.2.1")
            .is_err()
    );
}

#[test]
fn durations_have_their_limits_and_chains_theirs() {
    let (twin, clock, ann) = twin();
    let code = |keys: &Keys, operation: &str, seconds: &str| {
        sts(&twin, keys, operation, &[ROLE, NAME, ("DurationSeconds", seconds)])
            .map_or_else(|fault| fault.code, |_| "ok")
    };
    assert_eq!(code(&ann, "AssumeRole", "7200"), "ok");
    assert_eq!(code(&ann, "AssumeRole", "7201"), "ValidationError");
    assert_eq!(code(&ann, "AssumeRole", "899"), "ValidationError");
    assert_eq!(code(&ann, "GetSessionToken", "129600"), "ok");
    assert_eq!(code(&ann, "GetSessionToken", "129601"), "ValidationError");
    let role = session(&twin, &sts(&twin, &ann, "AssumeRole", &[ROLE, NAME]).unwrap());
    assert_eq!(code(&role, "AssumeRole", "3601"), "ValidationError");
    assert_eq!(code(&role, "AssumeRole", "3600"), "ok");
    clock.advance_millis(3_601_000);
    assert_eq!(
        sts(&twin, &role, "GetCallerIdentity", &[]).unwrap_err().code,
        "ExpiredToken"
    );
}

/// Every call lands in the trail, refused ones too, and no secret with it.
#[test]
fn the_trail_has_every_call_in_the_real_shape_and_no_secret() {
    let (twin, _, ann) = twin();
    let answer = sts(&twin, &ann, "AssumeRole", &[ROLE, NAME]).unwrap();
    let role = session(&twin, &answer);
    let _ = twin.call(&role, "iam", "ListUsers", &[], "192.0.2.1");
    let _ = twin.plain(&role, "s3:GetObject", "arn:aws:s3:::b/k", "192.0.2.1");
    let trail = twin.trail();
    let names: Vec<&str> = trail
        .iter()
        .map(|record| record["eventName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["AssumeRole", "ListUsers", "GetObject"]);
    assert_eq!(trail[0]["readOnly"], true);
    assert_eq!(
        trail[0]["responseElements"]["credentials"]["accessKeyId"],
        role.key.as_str()
    );
    assert_eq!(trail[0]["userIdentity"]["type"], "IAMUser");
    assert_eq!(trail[1]["errorCode"], "AccessDenied");
    assert_eq!(
        trail[1]["userIdentity"]["sessionContext"]["attributes"]["creationDate"],
        trail[0]["eventTime"]
    );
    assert_eq!(trail[2]["managementEvent"], false);
    let text = serde_json::to_string(&trail).unwrap();
    for secret in [&ann.secret, &role.secret] {
        assert!(!text.contains(secret.as_str()));
    }
}

#[test]
fn the_same_seed_gives_the_same_trail() {
    let run = || {
        let (twin, _, ann) = twin();
        let _ = sts(&twin, &ann, "AssumeRole", &[ROLE, NAME]);
        let _ = sts(&twin, &ann, "GetSessionToken", &[]);
        serde_json::to_string(&twin.trail()).unwrap()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_fork_shares_nothing() {
    let (twin, _, ann) = twin();
    let fork = twin.fork();
    sts(&fork, &ann, "GetSessionToken", &[]).unwrap();
    assert_eq!((twin.sessions().len(), fork.sessions().len()), (0, 1));
}

#[test]
fn rubbish_is_answered_and_changes_nothing() {
    let (twin, ..) = twin();
    let before = twin.account();
    for (headers, body) in [
        (vec![], b"".to_vec()),
        (
            vec![("authorization", "AWS4-HMAC-SHA256 Credential=x")],
            b"Action=DeleteUser".to_vec(),
        ),
        (
            vec![(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAAAAAAAAAAAAAAAAA/2/r/iam/aws4_request",
            )],
            b"Action=DeleteUser&UserName=ann".to_vec(),
        ),
        (vec![("x-amz-target", "X.LookupEvents")], b"{not json".to_vec()),
    ] {
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let reply = twin.handle(&Request {
            method: "POST".into(),
            path: "/".into(),
            headers,
            body,
            source_ip: "192.0.2.1".into(),
        });
        assert!((400..500).contains(&reply.status), "{reply:?}");
    }
    assert_eq!(twin.account(), before);
}
