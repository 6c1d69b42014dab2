//! Signature version 4: computed again to check it, and to sign what the twin's own clients send.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use super::request::Request;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// What a signature is computed from, beside the request.
pub(super) struct Signing<'a> {
    pub(super) secret: &'a str,
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    /// Names of the signed headers, separated by `;`.
    pub(super) signed_headers: &'a str,
}

impl Signing<'_> {
    /// The signature of `request` in hexadecimal.
    pub(super) fn signature(&self, request: &Request) -> String {
        let date_time = request.header("x-amz-date").unwrap_or_default();
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let canonical = hex(&Sha256::digest(self.canonical(request).as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{date_time}\n{scope}\n{canonical}");
        let mut key = mac(format!("AWS4{}", self.secret).as_bytes(), self.date);
        for part in [self.region, self.service, "aws4_request"] {
            key = mac(&key, part);
        }
        hex(&mac(&key, &to_sign))
    }

    fn canonical(&self, request: &Request) -> String {
        let (path, query) = request.split_path();
        // S3 signs the path as it is sent; all others encode it once more.
        let path = match (path, self.service) {
            ("", _) => "/".to_owned(),
            (path, "s3") => path.to_owned(),
            (path, _) => path.split('/').map(encode).collect::<Vec<_>>().join("/"),
        };
        let mut headers = String::new();
        for name in self.signed_headers.split(';') {
            let values = request.headers.iter().filter(|(known, _)| known == name);
            let values: Vec<String> = values
                .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            headers.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        let body = match request.header("x-amz-content-sha256") {
            Some(hash) => hash.to_owned(),
            None => hex(&Sha256::digest(&request.body)),
        };
        format!(
            "{}\n{path}\n{}\n{headers}\n{}\n{body}",
            request.method,
            canonical_query(query),
            self.signed_headers
        )
    }
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (encode(&name), encode(&value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn encode(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, UNRESERVED).to_string()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length, so this has no error to report.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of AWS's own documentation of the signing process.
    #[test]
    fn the_documented_example_has_the_documented_signature() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = Request {
            method: "GET".into(),
            path: "/?Action=ListUsers&Version=2010-05-08".into(),
            headers: vec![
                header("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                header("host", "iam.amazonaws.com"),
                header("x-amz-date", "20150830T123600Z"),
            ],
            body: Vec::new(),
            source_ip: String::new(),
        };
        let signing = Signing {
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            date: "20150830",
            region: "us-east-1",
            service: "iam",
            signed_headers: "content-type;host;x-amz-date",
        };
        let expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert_eq!(signing.signature(&request), expected);
    }
}
