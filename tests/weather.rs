//! The weather of a served twin, met by the SDK's own clients as anybody would build them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use aws_sdk_iam::config::retry::RetryConfig;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use std::time::{Duration, Instant};
use support::served::Served;

fn config(served: &Served, name: &str) -> aws_sdk_iam::config::Builder {
    let key = served.key(name);
    let text = |member: &str| key[member].as_str().map(str::to_owned);
    aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::from_keys(
            text("access_key_id").unwrap(),
            text("secret_access_key").unwrap(),
            text("session_token"),
        ))
        .region(Region::new("us-east-1"))
        .endpoint_url(&served.endpoint)
}

/// A client that tries once.
fn client(served: &Served, name: &str) -> aws_sdk_iam::Client {
    let config = config(served, name).retry_config(RetryConfig::disabled());
    aws_sdk_iam::Client::from_conf(config.build())
}

#[tokio::test(flavor = "current_thread")]
async fn a_key_that_is_switched_off_works_on_in_real_time_for_the_lag() {
    let served = Served::start(&["--played", "--lag", "1500ms..1500ms"]);
    let (boss, stolen) = (client(&served, "responder-key"), client(&served, "A"));
    let id = served.key("A")["access_key_id"].as_str().unwrap();
    // Its policies don't let it list users: that is asked only of a key that works.
    let works = async || {
        let refused = format!("{:?}", stolen.list_users().send().await.unwrap_err());
        assert!(
            refused.contains("AccessDenied") || refused.contains("InvalidClientTokenId"),
            "{refused}"
        );
        refused.contains("AccessDenied")
    };
    assert!(works().await);
    boss.update_access_key()
        .user_name("support-user")
        .access_key_id(id)
        .status(aws_sdk_iam::types::StatusType::Inactive)
        .send()
        .await
        .unwrap();
    let since = Instant::now();
    let told = boss.list_access_keys().user_name("support-user").send().await.unwrap();
    let key = told
        .access_key_metadata()
        .iter()
        .find(|key| key.access_key_id() == Some(id));
    assert_eq!(key.unwrap().status().unwrap().as_str(), "Inactive");
    let mut worked = 0;
    while works().await {
        worked += 1;
        assert!(since.elapsed() < Duration::from_secs(20), "it never took effect");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        worked > 0 && since.elapsed() >= Duration::from_millis(1450),
        "{worked} {:?}",
        since.elapsed()
    );
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_too_much_is_told_in_iams_words_and_a_client_that_backs_off_gets_through() {
    let served = Served::start(&["--throttle", "2"]);
    let boss = client(&served, "responder-key");
    let mut refused = 0;
    for _ in 0..6 {
        if let Err(error) = boss.list_roles().send().await {
            let answer = error.raw_response().unwrap();
            assert_eq!(answer.status().as_u16(), 400);
            let body = String::from_utf8(answer.body().bytes().unwrap().to_vec()).unwrap();
            assert!(
                body.contains("<Code>Throttling</Code><Message>Rate exceeded</Message>"),
                "{body}"
            );
            refused += 1;
        }
    }
    assert!((2..=5).contains(&refused), "{refused}");
    let patient = config(&served, "responder-key").retry_config(RetryConfig::standard().with_max_attempts(8));
    let patient = aws_sdk_iam::Client::from_conf(patient.build());
    for _ in 0..4 {
        patient.list_roles().send().await.unwrap();
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_answer_that_gets_lost_leaves_the_change_made_or_not() {
    let served = Served::start(&[
        "--faults",
        "CreateUser:1=timeout-done,CreateUser:2=timeout-lost,CreateUser:3=500,CreateUser:4=503",
    ]);
    let boss = client(&served, "responder-key");
    let create = async |name: &str| boss.create_user().user_name(name).send().await;
    let is_there = async |name: &str| boss.get_user().user_name(name).send().await.is_ok();
    for (name, there) in [("done", true), ("lost", false)] {
        let error = create(name).await.unwrap_err();
        let silent = error.raw_response().is_none() && !matches!(error, aws_sdk_iam::error::SdkError::ServiceError(_));
        assert!(silent, "{error:?}");
        let trouble = oust::mount::AwsError::of("iam:CreateUser", error).trouble;
        assert_eq!(trouble, oust::mount::Trouble::NoAnswer);
        assert_eq!(is_there(name).await, there, "{name}");
    }
    for (name, code, status) in [("five", "ServiceFailure", 500), ("three", "ServiceUnavailable", 503)] {
        let error = create(name).await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert!(format!("{error:?}").contains(code), "{error:?}");
        assert!(!is_there(name).await);
    }
    assert!(create("fine").await.is_ok());
}

#[tokio::test(flavor = "current_thread")]
async fn one_who_waits_for_an_answer_holds_nobody_up() {
    let served = Served::start(&["--latency", "400ms"]);
    let boss = client(&served, "responder-key");
    let since = Instant::now();
    let calls = (0..5).map(|_| boss.list_users().send());
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    let took = since.elapsed();
    assert!(
        took >= Duration::from_millis(400) && took < Duration::from_millis(1200),
        "{took:?}"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_clock_that_is_off_is_refused_with_the_services_time() {
    let served = Served::start(&["--skew", "20m"]);
    let error = client(&served, "responder-key").list_users().send().await.unwrap_err();
    let answer = error.raw_response().unwrap();
    assert_eq!(answer.status().as_u16(), 403);
    let told: oust::time::Moment = {
        let date = answer.headers().get("date").unwrap();
        let date = jiff::fmt::rfc2822::parse(date).unwrap();
        oust::time::Moment::from_millis(date.timestamp().as_millisecond())
    };
    let ahead = told.seconds() - oust::time::Clock::now(&oust::time::SystemClock).seconds();
    assert!((1190..=1210).contains(&ahead), "{ahead}");
    assert!(format!("{error:?}").contains("Signature expired"), "{error:?}");
    assert!(
        client(&Served::start(&["--skew", "-10m"]), "responder-key")
            .list_users()
            .send()
            .await
            .is_ok()
    );
}
