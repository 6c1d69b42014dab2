//! One writer from an answer to what goes over the wire.

use super::request::Protocol;
use super::{Fault, Node};
use quick_xml::escape::escape;

/// The answer of a Query operation.
pub(super) fn answer(service: &str, operation: &str, node: &Node, request_id: &str) -> String {
    let namespace = match service {
        "sts" => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "https://iam.amazonaws.com/doc/2010-05-08/",
    };
    let mut out = format!("<{operation}Response xmlns=\"{namespace}\">");
    if *node != Node::empty() {
        out.push_str(&format!("<{operation}Result>"));
        write(node, &mut out);
        out.push_str(&format!("</{operation}Result>"));
    }
    out.push_str(&format!(
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ));
    out
}

fn write(node: &Node, out: &mut String) {
    match node {
        Node::Text(text) => out.push_str(&escape(text)),
        Node::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Node::Number(number) => out.push_str(&number.to_string()),
        Node::Struct(members) => members.iter().for_each(|(name, node)| element(name, node, out)),
        Node::List(items) => items.iter().for_each(|node| element("member", node, out)),
        Node::Map(entries) => {
            for (key, node) in entries {
                out.push_str("<entry>");
                element("key", &Node::Text(key.clone()), out);
                element("value", node, out);
                out.push_str("</entry>");
            }
        }
    }
}

fn element(name: &str, node: &Node, out: &mut String) {
    out.push_str(&format!("<{name}>"));
    write(node, out);
    out.push_str(&format!("</{name}>"));
}

/// An error as the protocol writes it: content type and body.
pub(super) fn fault(protocol: Protocol, fault: &Fault, request_id: &str) -> (&'static str, String) {
    let (code, message) = (escape(fault.code), escape(&fault.message));
    match protocol {
        Protocol::Query => {
            let kind = if fault.status < 500 { "Sender" } else { "Receiver" };
            let error = format!("<Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>");
            (
                "text/xml",
                format!("<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"),
            )
        }
        Protocol::Json => {
            let body = serde_json::json!({"__type": fault.code, "message": fault.message});
            ("application/x-amz-json-1.1", body.to_string())
        }
        Protocol::Rest => (
            "application/xml",
            format!(
                "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
            ),
        ),
    }
}

/// An answer as JSON; with `initial` each member's first letter is changed, as CloudTrail writes `responseElements`.
pub(super) fn json(node: &Node, initial: fn(&str) -> String) -> serde_json::Value {
    use serde_json::Value;
    match node {
        Node::Text(text) => Value::String(text.clone()),
        Node::Bool(value) => Value::Bool(*value),
        Node::Number(number) => Value::from(*number),
        Node::Struct(members) => members
            .iter()
            .map(|(name, node)| (initial(name), json(node, initial)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Node::List(items) => items.iter().map(|node| json(node, initial)).collect(),
        Node::Map(entries) => entries
            .iter()
            .map(|(name, node)| (name.clone(), json(node, initial)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
