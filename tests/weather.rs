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
