use super::*;
use crate::mount::{Mount, Twin};
use crate::time::SystemClock;
use aws_credential_types::Credentials;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// The trouble of a call to an endpoint that treats its first connection as `treat` does.
fn trouble(treat: fn(TcpStream)) -> Trouble {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let there = std::thread::spawn(move || treat(listener.accept().unwrap().0));
    let error = call(&endpoint);
    there.join().unwrap();
    error
}

fn call(endpoint: &str) -> Trouble {
    call_trying(endpoint, 1)
}

/// The same, by a client that tries up to `attempts` times by itself, as the live world's does.
fn call_trying(endpoint: &str, attempts: u32) -> Trouble {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let credentials = Credentials::from_keys("AKIAIOSFODNN7EXAMPLE", "secret", None);
    let mount = Mount::<Twin>::twin_at(endpoint, http, credentials, "us-east-1", Arc::new(SystemClock));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let retries = aws_smithy_types::retry::RetryConfig::standard()
        .with_max_attempts(attempts)
        .with_initial_backoff(std::time::Duration::from_millis(1));
    let retries = aws_sdk_iam::Config::builder()
        .retry_config(retries)
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new());
    let call = mount.clients().iam.delete_user().user_name("ann").customize();
    let call = call.config_override(retries).send();
    AwsError::of("iam:DeleteUser", runtime.block_on(call).unwrap_err()).trouble
}

#[test]
fn a_connection_that_breaks_off_leaves_doubt() {
    // Read and hung up on; hung up on with the request unread, which resets it; cut in the middle of the answer's head.
    let read = |mut stream: TcpStream| assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
    let reset = |mut stream: TcpStream| assert!(stream.read(&mut [0; 16]).unwrap() > 0);
    let half = |mut stream: TcpStream| {
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 O").unwrap();
    };
    for treat in [read, reset, half] as [fn(TcpStream); 3] {
        let trouble = trouble(treat);
        assert_eq!(trouble, Trouble::NoAnswer);
        assert!(trouble.leaves_doubt());
    }
}

#[test]
fn a_connection_that_cannot_be_made_leaves_none() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(call(&format!("http://{free}")), Trouble::Unreachable);
    assert!(!Trouble::Unreachable.leaves_doubt());
}

#[test]
fn an_attempt_that_was_sent_is_not_forgotten_when_the_next_does_not_get_through() {
    let answer =
        "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
    let throttled = format!("HTTP/1.1 400 Bad\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
    for then in [None, Some(throttled)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let there = std::thread::spawn(move || {
            assert!(listener.accept().unwrap().0.read(&mut [0; 4096]).unwrap() > 0);
            // Nobody listens any more, or whoever does refuses.
            if let Some(answer) = then {
                let mut stream = listener.accept().unwrap().0;
                assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
                std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
            }
        });
        assert_eq!(call_trying(&endpoint, 2), Trouble::NoAnswer);
        there.join().unwrap();
    }
}
