//! What the twin's own callers send: requests that are signed like any client's.

use super::door::Keys;
use super::request::Request;
use super::signature::Signing;
use crate::time::Moment;

const FORM: &str = "application/x-www-form-urlencoded";

/// The Query call `operation` of `service` (`iam` or `sts`), signed by `keys` at `now`.
pub(super) fn query(
    keys: &Keys,
    service: &str,
    operation: &str,
    params: &[(&str, &str)],
    source_ip: &str,
    now: Moment,
) -> Request {
    let version = if service == "sts" { "2011-06-15" } else { "2010-05-08" };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", operation).append_pair("Version", version);
    params.iter().for_each(|(name, value)| {
        form.append_pair(name, value);
    });
    signed(keys, service, "POST", form.finish().into_bytes(), source_ip, now)
}

/// S3's ListBuckets, signed by `keys` at `now`.
pub(super) fn list_buckets(keys: &Keys, source_ip: &str, now: Moment) -> Request {
    signed(keys, "s3", "GET", Vec::new(), source_ip, now)
}

fn signed(keys: &Keys, service: &str, method: &str, body: Vec<u8>, source_ip: &str, now: Moment) -> Request {
    let date_time = now.basic();
    let date = date_time.get(..8).unwrap_or_default().to_owned();
    let mut headers = vec![
        ("content-type".to_owned(), FORM.to_owned()),
        ("host".to_owned(), format!("{service}.amazonaws.com")),
        ("user-agent".to_owned(), "aws-cli/2.31.0".to_owned()),
        ("x-amz-date".to_owned(), date_time),
    ];
    let mut signed_headers = "content-type;host;x-amz-date".to_owned();
    if let Some(token) = &keys.token {
        headers.push(("x-amz-security-token".to_owned(), token.clone()));
        signed_headers.push_str(";x-amz-security-token");
    }
    let mut request = Request {
        method: method.to_owned(),
        path: "/".to_owned(),
        headers,
        body,
        source_ip: source_ip.to_owned(),
    };
    let signing = Signing {
        secret: &keys.secret,
        date: &date,
        region: "us-east-1",
        service,
        signed_headers: &signed_headers,
    };
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{date}/us-east-1/{service}/aws4_request, SignedHeaders={signed_headers}, Signature={}",
        keys.key,
        signing.signature(&request)
    );
    request.headers.push(("authorization".to_owned(), authorization));
    request
}
