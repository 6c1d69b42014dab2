//! The second door: the twin over HTTP on loopback, for any SDK.

use super::door::Twin;
use super::request::Request;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpListener;

/// The largest body that is read: far above any request of IAM.
const LARGEST_BODY: usize = 4 << 20;

/// Binds to 127.0.0.1 and no other address; port 0 picks a free one.
///
/// # Errors
/// The port is taken.
pub async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Answers requests until the future is dropped. What one connection does wrong ends that connection alone.
pub async fn serve(twin: Twin, listener: TcpListener) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            continue;
        };
        let twin = twin.clone();
        tokio::spawn(async move {
            let address = peer.ip().to_string();
            let answer = service_fn(|request| answer(twin.clone(), request, address.clone()));
            // A connection that breaks off is its client's affair.
            let _ = hyper::server::conn::http1::Builder::new()
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

/// # Errors
/// The caller is to hear nothing.
async fn answer(
    twin: Twin,
    request: http::Request<Incoming>,
    source_ip: String,
) -> io::Result<http::Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let head_only = head.method == http::Method::HEAD;
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(response(400, "text/plain", "the body cannot be read", "")),
    };
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let reply = twin.handle(&Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
        source_ip,
    });
    if let Some(latency) = twin.latency_millis() {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    // An error in the place of an answer: hyper closes the connection without a word.
    if reply.silent {
        return Err(io::Error::other("the answer gets lost"));
    }
    // The twin's own date: SDKs correct their clocks by it.
    let mut answer = response(reply.status, reply.content_type, reply.body, &reply.request_id);
    if let Ok(date) = http::HeaderValue::from_str(&twin.service_now().http_date()) {
        answer.headers_mut().insert(http::header::DATE, date);
    }
    // And how late its trail tells: whoever asks AWS has to reckon with the documented time.
    answer
        .headers_mut()
        .insert(crate::mount::TRAIL_DELAY, twin.trail_delay_seconds().into());
    if head_only {
        *answer.body_mut() = Full::default();
    }
    Ok(answer)
}

fn response(status: u16, content_type: &str, body: impl Into<Bytes>, request_id: &str) -> http::Response<Full<Bytes>> {
    let built = http::Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("x-amzn-requestid", request_id)
        .body(Full::new(body.into()));
    // The parts are all our own and valid; a failure would be an empty answer.
    built.unwrap_or_default()
}
