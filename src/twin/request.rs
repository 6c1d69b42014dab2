//! An HTTP request as the twin reads it: which protocol, which service, which operation, which parameters.

use super::{Fault, Params};
use std::collections::BTreeMap;
use std::fmt;

/// A request, whichever door it came through.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query as they were sent.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The address that it came from, for the trail.
    pub source_ip: String,
}

impl fmt::Debug for Request {
    /// Headers and body may hold secrets: they are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({} bytes)",
            self.method,
            self.path.split('?').next().unwrap_or_default(),
            self.body.len()
        )
    }
}

/// How a service writes its errors and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// IAM and STS: forms in, XML out.
    Query,
    /// CloudTrail and most newer services: JSON in and out.
    Json,
    /// S3: paths in, XML out.
    Rest,
}

/// Which operation of which service a request asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The protocol.
    pub protocol: Protocol,
    /// The service as IAM names it: `iam`, `sts`, `s3`.
    pub service: String,
    /// The Region of the credential scope.
    pub region: String,
    /// The operation, such as `CreateUser`.
    pub operation: String,
    /// Its parameters.
    pub params: Params,
}

impl Request {
    /// The header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Path without query, and query.
    pub fn split_path(&self) -> (&str, &str) {
        self.path.split_once('?').unwrap_or((&self.path, ""))
    }

    /// The parts of the credential scope: key, date, Region, service. `None` when the request is not signed with version 4.
    pub fn scope(&self) -> Option<Scope<'_>> {
        let signed = self.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256")?;
        let mut parts = signed.split(',').map(str::trim).filter_map(|part| part.split_once('='));
        let credential = parts.find(|(name, _)| *name == "Credential")?.1;
        let mut parts = credential.split('/');
        Some(Scope {
            key: parts.next()?,
            date: parts.next()?,
            region: parts.next()?,
            service: parts.next()?,
        })
    }

    /// What is asked for.
    ///
    /// # Errors
    /// The request is none of any protocol that the twin speaks.
    pub fn asked(&self) -> Result<Asked, Fault> {
        let scope = self.scope();
        let service = scope.as_ref().map_or("", |scope| scope.service).to_owned();
        let region = scope.as_ref().map_or("us-east-1", |scope| scope.region).to_owned();
        let (path, query) = self.split_path();
        if let Some(target) = self.header("x-amz-target") {
            let json = self.json()?;
            let mut params = BTreeMap::new();
            flatten("", &json, &mut params);
            return Ok(Asked {
                protocol: Protocol::Json,
                service,
                region,
                operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
                params: Params(params),
            });
        }
        if service == "account" {
            return self.account_management(service, region, path);
        }
        if service == "s3" {
            let (operation, params) = super::s3::route(self, path, query);
            return Ok(Asked {
                protocol: Protocol::Rest,
                service,
                region,
                operation: operation.to_owned(),
                params,
            });
        }
        self.form(service, region, query)
    }

    /// Account Management: JSON, and the operation as the path in small letters.
    fn account_management(&self, service: String, region: String, path: &str) -> Result<Asked, Fault> {
        let mut params = BTreeMap::new();
        flatten("", &self.json()?, &mut params);
        let mut name = path.trim_matches('/').to_owned();
        name.get_mut(..1).map(str::make_ascii_uppercase);
        Ok(Asked {
            protocol: Protocol::Json,
            service,
            region,
            operation: name,
            params: Params(params),
        })
    }

    fn json(&self) -> Result<serde_json::Value, Fault> {
        match self.body.as_slice() {
            [] => Ok(serde_json::Value::Null),
            body => serde_json::from_slice(body)
                .map_err(|_| Fault::new(400, "SerializationException", "The body is not valid JSON.")),
        }
    }

    /// IAM and STS.
    fn form(&self, service: String, region: String, query: &str) -> Result<Asked, Fault> {
        let form = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(&self.body));
        let params: BTreeMap<String, String> = form
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let operation = params
            .get("Action")
            .cloned()
            .ok_or_else(|| Fault::new(400, "MissingAction", "Missing Action"))?;
        let service = if service.is_empty() {
            service_of(&operation).to_owned()
        } else {
            service
        };
        Ok(Asked {
            protocol: Protocol::Query,
            service,
            region,
            operation,
            params: Params(params),
        })
    }
}

/// The credential scope of a signature.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The access key ID.
    pub key: &'a str,
    /// The day, `20260324`.
    pub date: &'a str,
    /// The Region.
    pub region: &'a str,
    /// The service.
    pub service: &'a str,
}

/// The service of an unsigned Query request: only STS takes any.
fn service_of(operation: &str) -> &'static str {
    if operation.starts_with("AssumeRoleWith") {
        "sts"
    } else {
        "iam"
    }
}

/// JSON members as the flat names that handlers read: `A.member.1.B`.
fn flatten(prefix: &str, value: &serde_json::Value, into: &mut BTreeMap<String, String>) {
    use serde_json::Value;
    let under = |name: &str| {
        if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        }
    };
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, value)| flatten(&under(name), value, into)),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(n, value)| flatten(&under(&format!("member.{}", n + 1)), value, into));
        }
        Value::Null => {}
        Value::String(text) => drop(into.insert(prefix.to_owned(), text.clone())),
        other => drop(into.insert(prefix.to_owned(), other.to_string())),
    }
}
